"""Call functions of a C ABI from outside: prototypes, test cases, raw inputs and outputs.

Programs around the functions are made by `drivers`. Arguments reach the older kind in ``inputs.bin`` and results leave in
``outputs.bin`` as raw buffers (`driver.h` has its theory of operation); the newer kind is called through shared memory (`calls`).

A test case is written with one word per parameter: a number for a scalar, ``[LEN]`` for an array of LEN
elements with random contents, ``[LEN<BOUND]`` for an integer array with contents from 0 to BOUND - 1.
Array contents come from a seed that isn't part of the test, so a test can't be passed by heart.

Not covered: structs, arrays of pointers, callbacks, complex numbers, functions that return pointers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcraft.errors import InputError

Array: TypeAlias = NDArray[np.generic]
Argument: TypeAlias = int | float | Array

DTYPES: dict[str, str] = {
    "char": "i1",
    "signed char": "i1",
    "unsigned char": "u1",
    "bool": "u1",
    "short": "i2",
    "unsigned short": "u2",
    "int": "i4",
    "unsigned int": "u4",
    "long": "i8",
    "unsigned long": "u8",
    "long long": "i8",
    "unsigned long long": "u8",
    "int8_t": "i1",
    "uint8_t": "u1",
    "int16_t": "i2",
    "uint16_t": "u2",
    "int32_t": "i4",
    "uint32_t": "u4",
    "int64_t": "i8",
    "uint64_t": "u8",
    "size_t": "u8",
    "ptrdiff_t": "i8",
    "float": "f4",
    "double": "f8",
}
"""C type to numpy dtype, on LP64 machines."""

_SYNONYMS = {
    "unsigned": "unsigned int",
    "signed": "int",
    "signed int": "int",
    "long int": "long",
    "unsigned long int": "unsigned long",
    "long long int": "long long",
    "unsigned long long int": "unsigned long long",
    "short int": "short",
    "unsigned short int": "unsigned short",
    "_Bool": "bool",
}
_IGNORED = re.compile(r'\b(?:static|inline|extern|restrict|__restrict__|__restrict|register|volatile|struct)\b|"C"')
_PROTOTYPE = re.compile(r"^\s*(?P<returns>[\w\s]+?)\s*\b(?P<name>[A-Za-z_]\w*)\s*\((?P<parameters>[^()]*)\)\s*;?\s*$", re.DOTALL)
_PARAMETER = re.compile(r"^(?P<type>[\w\s]+?)\s*(?P<star>\*?)\s*(?P<const>const)?\s*(?P<name>[A-Za-z_]\w*)\s*(?P<array>\[[^\]]*\])?$")
_ARRAY_WORD = re.compile(r"^\[(\d+)(?:<(\d+))?\]$")

_MAGIC = 0x43525048
_CALL_SECONDS = 5
_MAX_LENGTH = 1 << 24
_SIGNS = np.array([-1, 1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter: a scalar, or a pointer to the first element of an array."""

    name: str
    ctype: str
    """A key of `DTYPES`."""
    pointer: bool
    const: bool
    """For a pointer: the function may not write through it."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type."""
        return np.dtype(DTYPES[self.ctype])

    def declaration(self) -> str:
        """The parameter as C."""
        return f"{'const ' if self.const else ''}{self.ctype} {'*' if self.pointer else ''}{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """The prototype of an entry point."""

    name: str
    returns: str
    """``void`` or a key of `DTYPES`."""
    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, prototype: str) -> Signature:
        """Read a C prototype such as ``void axpy(int n, double a, const double *x, double *y)``.

        Raises:
            InputError: something other than scalars and one-level pointers to builtin types.
        """
        match = _PROTOTYPE.match(_IGNORED.sub(" ", prototype))
        if not match:
            raise InputError(f"prototype {prototype.strip()!r}: expected TYPE NAME(PARAMETERS) without nested parentheses")
        returns = " ".join(match["returns"].split())
        if returns != "void":
            returns = _ctype(returns, prototype)
        words = [p.strip() for p in match["parameters"].split(",")]
        parameters = () if words in ([""], ["void"]) else tuple(_parameter(p, prototype) for p in words)
        return cls(name=match["name"], returns=returns, parameters=parameters)

    def prototype(self, name: str | None = None) -> str:
        """The C prototype without a semicolon, under another name where one is given."""
        inside = ", ".join(p.declaration() for p in self.parameters) or "void"
        return f"{self.returns} {name or self.name}({inside})"

    @property
    def arrays(self) -> tuple[Parameter, ...]:
        """The pointer parameters, in order."""
        return tuple(p for p in self.parameters if p.pointer)


def _ctype(text: str, prototype: str) -> str:
    words = [w for w in text.split() if w != "const"]
    name = _SYNONYMS.get(" ".join(words), " ".join(words))
    if name not in DTYPES:
        raise InputError(f"prototype {prototype.strip()!r}: type {name!r} is not one of {', '.join(DTYPES)}")
    return name


def _parameter(text: str, prototype: str) -> Parameter:
    match = _PARAMETER.match(text)
    if not match or (match["star"] and match["array"]):
        raise InputError(f"prototype {prototype.strip()!r}: parameter {text!r} is not a scalar or a one-level pointer")
    pointer = bool(match["star"] or match["array"])
    return Parameter(
        name=match["name"], ctype=_ctype(match["type"], prototype), pointer=pointer, const=pointer and "const" in match["type"].split()
    )


# ---------------------------------------------------------------- test cases


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayWord:
    """An array of a test case: its length, and for integers the bound of its contents."""

    length: int
    bound: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One test case for a signature."""

    __test__ = False  # pytest would otherwise take it for a test class

    signature: Signature
    words: tuple[int | float | ArrayWord, ...]

    def text(self) -> str:
        """The test in the notation that `parse_test` reads."""
        return " ".join(_word_text(w) for w in self.words)

    def arguments(self, seed: int | Sequence[int]) -> list[Argument]:
        """Arguments for one call; array contents depend on ``seed`` and the position alone.

        Floating-point contents are non-zero multiples of 1/64 within [-2, 2], so that short sums are exact in any order.
        """
        seeds = [seed] if isinstance(seed, int) else list(seed)
        arguments: list[Argument] = []
        for position, (parameter, word) in enumerate(zip(self.signature.parameters, self.words, strict=True)):
            if isinstance(word, ArrayWord):
                arguments.append(_contents(parameter, word, np.random.default_rng([*seeds, position])))
            else:
                arguments.append(float(word) if parameter.dtype.kind == "f" else int(word))
        return arguments


def parse_test(signature: Signature, text: str) -> Test:
    """Read a test case.

    Raises:
        InputError: another number of words than parameters, a word of the wrong kind, a value out of the type's range.
    """
    words = text.split()
    if len(words) != len(signature.parameters):
        raise InputError(f"test {text!r}: {len(words)} words for {len(signature.parameters)} parameters of {signature.name}")
    return Test(signature=signature, words=tuple(_parse_word(w, p) for w, p in zip(words, signature.parameters, strict=True)))


def _parse_word(word: str, parameter: Parameter) -> int | float | ArrayWord:
    if parameter.pointer:
        match = _ARRAY_WORD.match(word)
        if not match:
            raise InputError(f"test word {word!r} for the array {parameter.name}: expected [LEN] or [LEN<BOUND]")
        length, bound = int(match[1]), int(match[2]) if match[2] else None
        if length > _MAX_LENGTH or (bound is not None and (parameter.dtype.kind == "f" or bound < 1)):
            raise InputError(
                f"test word {word!r} for {parameter.name}: at most {_MAX_LENGTH} elements, bounds of 1 and more for integers only"
            )
        return ArrayWord(length=length, bound=bound)
    try:
        value = float(word) if parameter.dtype.kind == "f" else int(word)
    except ValueError:
        raise InputError(f"test word {word!r} for the scalar {parameter.name}: expected a number") from None
    if parameter.dtype.kind != "f":
        limits = np.iinfo(DTYPES[parameter.ctype])
        if not limits.min <= value <= limits.max:
            raise InputError(f"test word {word!r} for {parameter.name}: out of range for {parameter.ctype}")
    return value


def _word_text(word: int | float | ArrayWord) -> str:
    if isinstance(word, ArrayWord):
        return f"[{word.length}]" if word.bound is None else f"[{word.length}<{word.bound}]"
    return repr(word)


def _contents(parameter: Parameter, word: ArrayWord, rng: np.random.Generator) -> Array:
    kind, dtype = parameter.dtype.kind, parameter.dtype
    if kind == "f":
        values: Array = (rng.integers(1, 129, word.length) * _SIGNS[rng.integers(0, 2, word.length)] / 64).astype(dtype)
        return values
    low, high = (0, word.bound) if word.bound is not None else (0, 17) if kind == "u" else (-8, 9)
    most = 2 if parameter.ctype == "bool" else np.iinfo(DTYPES[parameter.ctype]).max + 1
    return rng.integers(low, min(high, most), word.length).astype(dtype)


# ---------------------------------------------------------------- raw inputs and outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class CallResult:
    """What one call left behind."""

    index: int
    """Position of the call in the inputs."""
    crashed: bool
    """The forked child ended without a record; ``signal`` is what killed it, 0 for an exit."""
    signal: int
    guards_intact: bool
    const_intact: bool
    value: int | float | None
    """Return value, None for void."""
    arrays: tuple[Array, ...]
    """All array parameters after the call, in the order of `Signature.arrays`."""
    exit_code: int = 0
    """Of a child that ended without a record by itself."""

    @property
    def fault(self) -> str:
        """What no call may do, whatever it should leave behind; empty for none."""
        if self.crashed:
            return f"crashed with signal {self.signal}" if self.signal else "ended the process during the call"
        if not self.guards_intact:
            return "wrote outside an array"
        return "" if self.const_intact else "changed an input that is const"


def encode_calls(
    signatures: Sequence[Signature], calls: Iterable[tuple[int, Sequence[Argument]]], *, seconds: int = _CALL_SECONDS
) -> bytes:
    """The bytes of ``inputs.bin``: pairs of function number and arguments; ``seconds`` is what each call may take."""
    parts: list[bytes] = []
    count = 0
    for number, arguments in calls:
        count += 1
        parts.append(struct.pack("<II", number, seconds))
        for parameter, argument in zip(signatures[number].parameters, arguments, strict=True):
            raw = np.ascontiguousarray(argument, dtype=parameter.dtype).tobytes()
            if parameter.pointer:
                parts.append(struct.pack("<Q", len(raw) // parameter.dtype.itemsize))
                parts.append(raw)
            else:
                parts.append(raw.ljust(8, b"\0"))
    return struct.pack("<I", count) + b"".join(parts)


def decode_results(signatures: Sequence[Signature], functions: Sequence[int], data: bytes) -> dict[int, CallResult]:
    """The records of ``outputs.bin`` by call; the file may be cut short or damaged by the program that wrote it.

    Args:
        signatures: as given to `driver_source`.
        functions: function number of each call, as given to `encode_calls`.
        data: the file's bytes.

    Returns:
        The whole records up to the first damage; a call that is missing made no (whole) record.
    """
    results: dict[int, CallResult] = {}
    at = 0
    while at + 28 <= len(data):
        magic, index, status, signal = struct.unpack_from("<IIII", data, at)
        if magic != _MAGIC or index >= len(functions) or index in results:
            break
        signature = signatures[functions[index]]
        (count,) = struct.unpack_from("<I", data, at + 24)
        value = data[at + 16 : at + 24]
        at += 28
        if status & 4:
            results[index] = CallResult(
                index=index, crashed=True, signal=signal, guards_intact=True, const_intact=True, value=None, arrays=(), exit_code=value[0]
            )
            continue
        if count != len(signature.arrays):
            break
        arrays, at = _arrays(signature, data, at)
        if len(arrays) != count:
            break
        results[index] = CallResult(
            index=index,
            crashed=False,
            signal=0,
            guards_intact=not status & 1,
            const_intact=not status & 2,
            value=None if signature.returns == "void" else np.frombuffer(value, DTYPES[signature.returns], 1)[0].item(),
            arrays=tuple(arrays),
        )
    return results


def _arrays(signature: Signature, data: bytes, at: int) -> tuple[list[Array], int]:
    arrays: list[Array] = []
    for parameter in signature.arrays:
        if at + 8 > len(data):
            break
        (length,) = struct.unpack_from("<Q", data, at)
        num_bytes = length * parameter.dtype.itemsize
        if at + 8 + num_bytes > len(data):
            break
        arrays.append(np.frombuffer(data, parameter.dtype, length, at + 8))
        at += 8 + num_bytes
    return arrays, at


# ---------------------------------------------------------------- comparison

DEFAULT_RTOL = {"f4": 1e-4, "f8": 1e-9}
"""Relative tolerance by dtype for results whose operations may be done in another order."""


def compare_arrays(expected: Array, got: Array, rtol: float | None = None) -> str | None:
    """Say where two arrays differ, or None when they agree.

    Integers must be equal. Floating-point values must satisfy ``|e - g| <= rtol * (|e| + scale)``, where ``scale`` is the largest finite
    magnitude expected (so that cancellation near zero isn't punished); NaN and infinity must stand exactly where they are expected.
    An element that is smaller than ``rtol * scale`` is therefore hardly looked at: what is left of a sum whose terms cancel differs in every digit
    when they are added in another order, and nothing here knows how large the terms were.
    """
    if expected.shape != got.shape:
        return f"{got.size} elements, {expected.size} expected"
    if expected.dtype == got.dtype and expected.tobytes() == got.tobytes():
        return None  # nearly always, and ten times faster to see
    if expected.dtype.kind != "f":
        wrong = expected != got
    else:
        limit = DEFAULT_RTOL[expected.dtype.str[1:]] if rtol is None else rtol
        with np.errstate(invalid="ignore", over="ignore"):
            e, g = expected.astype(np.float64), got.astype(np.float64)  # some NaN of 32 bits become quiet ones, which counts as invalid
            finite = np.isfinite(e)
            scale = float(np.abs(e[finite]).max(initial=0.0))
            # Each by itself: the sum of two of the largest numbers would be infinite, and allow everything.
            near = np.abs(e - g) <= limit * np.abs(e) + limit * scale
        same = (e == g) | (np.isnan(e) & np.isnan(g))
        wrong = ~np.where(finite & np.isfinite(g), near, same)
    if not wrong.any():
        return None
    first = int(np.argmax(wrong))
    return f"{int(wrong.sum())} of {wrong.size} elements differ, first at {first}: {got.flat[first]} instead of {expected.flat[first]}"


def compare_results(signature: Signature, expected: CallResult, got: CallResult, rtol: float | None = None) -> str | None:
    """Say how one call's results differ from what is expected, or None when they agree and nothing else was touched."""
    if got.fault:
        return got.fault
    if signature.returns != "void":
        kind = DTYPES[signature.returns]
        if difference := compare_arrays(np.array([expected.value], kind), np.array([got.value], kind), rtol):
            return f"return value: {difference.partition(': ')[2]}"
    for parameter, e, g in zip(signature.arrays, expected.arrays, got.arrays, strict=True):
        if difference := compare_arrays(e, g, rtol):
            return f"{parameter.name}: {difference}"
    return None
