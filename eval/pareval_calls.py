"""Calls of ParEval's functions from outside: raw buffers on our side, ``std::vector`` on the answer's.

Theory of operation. A shim in C++ stands beside the answer in a translation unit of its own. Each call is three calls of the shim: the first
makes vectors of raw buffers, the second calls the function and nothing else, the third copies all vectors back. The launcher makes them one
after the other, and its clock is that of the second, as ParEval's drivers time the call alone. Between them everything stands still.

Not covered: vectors whose length the function changes, and those of types that aren't plain bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcraft.errors import InputError
from hpcraft.eval.pareval import Problem
from hpcraft.sandbox.abi import DTYPES, Argument, Array, CallResult, Signature, compare_arrays
from hpcraft.sandbox.calls import Called, Image, image

STEPS = 3
"""Calls of the shim for each call of the function."""
HEADERS = "".join(
    f"#include <{h}>\n"
    for h in (
        "algorithm", "array", "cassert", "cfloat", "climits", "cmath", "complex", "cstdint", "cstdlib", "cstring", "deque", "functional",
        "iostream", "limits", "map", "numeric", "queue", "set", "stack", "string", "tuple", "type_traits", "unordered_map", "unordered_set",
        "utility", "vector",
    )
)  # fmt: skip
"""What answers may take for granted, as the checkout's driver includes most of the library ahead of them."""
_PARAMETER = re.compile(r"^(?P<type>.+?)\s*(?P<const>\bconst\b)?\s*(?P<ref>&)?\s*(?P<name>\w+)$")
_VECTOR = re.compile(r"^std::(?:vector<(?P<item>.+)>|array<(?P<each>.+),\s*(?P<length>\d+)>)$")
_COMPLEX = "std::complex<double>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One parameter of the prompt's signature."""

    name: str
    item: str
    """Type of a scalar, or of the elements."""
    container: str
    """The container's type; empty for a scalar."""
    const: bool

    @property
    def raw(self) -> str:
        """Type of the buffer's elements in C."""
        if self.item == "bool" and self.container:
            return "uint8_t"
        if self.item == _COMPLEX:
            return "double"
        return self.item if self.item in DTYPES else "uint8_t"

    @property
    def plain(self) -> bool:
        """Whether the buffer holds the elements' own numbers."""
        return self.item in DTYPES or self.item == _COMPLEX


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One call of the driver's."""

    arguments: tuple[Argument, ...]
    """As the first of `signatures` has them."""
    arrays: tuple[Array, ...]
    """What each container must hold afterwards; of one that nobody wants back, nothing."""
    value: Array
    """What is returned; empty for nothing."""


def slots(problem: Problem) -> tuple[Slot, ...]:
    """The parameters.

    Raises:
        InputError: one of a form that can't be called from outside.
    """
    if "*" in problem.structs or "std::" in problem.structs:
        raise InputError(f"{problem.name}: its structs hold pointers or objects")
    return tuple(_slot(problem, text.strip()) for text in re.split(r",(?![^<]*>)", problem.parameters))


def _slot(problem: Problem, text: str) -> Slot:
    match = _PARAMETER.match(text)
    kind = match["type"].strip() if match else ""
    const = bool(match and match["const"]) or kind.startswith("const ")
    found = _VECTOR.match(kind.removeprefix("const "))
    item = (found["item"] or found["each"]).strip() if found else kind.removeprefix("const ")
    if not match or (not found and (item not in DTYPES or match["ref"])) or "string" in item or "Kokkos" in item or "*" in item:
        raise InputError(f"{problem.name}: parameter {text!r} can't be called from outside")
    slot = Slot(name=match["name"], item=item, container=kind.removeprefix("const ") if found else "", const=const or not found)
    if found and not const and not slot.plain:
        raise InputError(f"{problem.name}: {text!r} writes structs")
    return slot


def signatures(problem: Problem) -> tuple[Signature, ...]:
    """Of the shim's functions: make the containers, call, copy them back.

    Raises:
        InputError: a function that can't be called from outside.
    """
    if problem.returns != "void" and problem.returns not in DTYPES:
        raise InputError(f"{problem.name}: returns {problem.returns}")
    found = slots(problem)
    given = ", ".join(f"size_t n_{s.name}, const {s.raw} *{s.name}" if s.container else f"{s.item} {s.name}" for s in found)
    taken = ", ".join(f"size_t n_{s.name}, {s.raw} *{s.name}" for s in found if s.container)
    words = (f"void hpcraft_give({given})", f"{problem.returns} hpcraft_run()", f"void hpcraft_take({taken})")
    return tuple(map(Signature.parse, words))


def shim(problem: Problem) -> str:
    """The translation unit between the driver and the answer."""
    found = slots(problem)
    give, run, take = (f'extern "C" {signature.prototype()} {{' for signature in signatures(problem))
    arguments = ", ".join(f"hpcraft_v_{s.name}" for s in found)
    lines = [HEADERS, problem.structs, f"{problem.returns} {problem.function}({problem.parameters});"]
    lines += [f"static {s.container or s.item} hpcraft_v_{s.name};" for s in found]
    lines += [give, *(line for s in found for line in _given(s)), "}"]
    lines += [run, f"    {'' if problem.returns == 'void' else 'return '}::{problem.function}({arguments});", "}"]
    lines += [take, *(line for s in found if s.container for line in _taken(s)), "}"]
    return "\n".join([*lines, ""])


def _given(slot: Slot) -> list[str]:
    name = slot.name
    if not slot.container:
        return [f"    hpcraft_v_{name} = {name};"]
    vector = "array<" not in slot.container
    if slot.item == "bool":
        made = [f"    hpcraft_v_{name} = {slot.container}({name}, {name} + n_{name});"] if vector else []
        return made or [f"    std::copy({name}, {name} + n_{name}, hpcraft_v_{name}.begin());"]
    size = f"n_{name} * sizeof({slot.raw}) / sizeof({slot.item})"
    return [
        *([f"    hpcraft_v_{name} = {slot.container}({size});"] if vector else []),
        f"    if (n_{name}) memcpy((void *)hpcraft_v_{name}.data(), {name}, n_{name} * sizeof({slot.raw}));",
    ]


def _taken(slot: Slot) -> list[str]:
    """An empty buffer is for what nobody wants back."""
    name = slot.name
    if slot.item == "bool":
        lost = f"    if (n_{name} && hpcraft_v_{name}.size() != n_{name}) abort();"
        return [lost, f"    std::copy_n(hpcraft_v_{name}.begin(), n_{name}, {name});"]
    lost = f"    if (n_{name} && hpcraft_v_{name}.size() * sizeof({slot.item}) != n_{name} * sizeof({slot.raw})) abort();"
    return [lost, f"    if (n_{name}) memcpy({name}, (const void *)hpcraft_v_{name}.data(), n_{name} * sizeof({slot.raw}));"]


# ---------------------------------------------------------------- the calls of one start, and what came back


def images(problem: Problem, calls: Sequence[Recorded], rng: np.random.Generator) -> tuple[Image, ...]:
    """`STEPS` calls of the shim for each one; so much of each container is brought back as must be known."""
    known = signatures(problem)
    made: list[Image] = []
    for call in calls:
        back: list[Argument] = []
        for array in call.arrays:
            back += [array.size, np.frombuffer(rng.bytes(array.nbytes), array.dtype)]
        made += [image(known, step, arguments, rng) for step, arguments in enumerate((call.arguments, [], back))]
    return tuple(made)


def joined(called: Sequence[Called], steps: int = STEPS) -> dict[tuple[int, int], Called]:
    """The calls of the function that came to their end, by round and number: time and threads of the call alone, the arrays behind it.

    Args:
        called: the calls of the shim.
        steps: how many there are for each call of the function, the last two of which call it and copy back.
    """
    by_step = {(one.round, one.index): one for one in called}
    found: dict[tuple[int, int], Called] = {}
    for (number, index), last in by_step.items():
        if index % steps == steps - 1:
            ran = by_step[number, index - 1]
            results = tuple(map(_joined, ran.ranks, last.ranks))
            found[number, index // steps] = replace(ran, index=index // steps, ranks=results, still=ran.still and last.still)
    return found


def _joined(ran: CallResult, taken: CallResult) -> CallResult:
    return replace(taken, value=ran.value, guards_intact=ran.guards_intact and taken.guards_intact)


# ---------------------------------------------------------------- comparison


def differs(problem: Problem, call: Recorded, got: Called, bound: float) -> str:
    """What is wrong with one call on rank 0; numbers may differ by an absolute ``bound``. Empty where nothing is."""
    if not got.still:
        return "left processes that could not be stopped"
    result = got.ranks[0]
    if result.fault:
        return result.fault
    if call.value.size and (why := _compare(call.value, np.array([result.value], DTYPES[problem.returns]), bound)):
        return f"return value: {why}"
    containers = [slot for slot in slots(problem) if slot.container]
    for slot, expected, array in zip(containers, call.arrays, result.arrays, strict=True):
        if slot.const and expected.tobytes() != array.tobytes():
            return f"changed {slot.name}, which is const"
        if why := _compare(expected, array, bound):
            return f"{slot.name}: {why}"
    return ""


def num_elements(call: Recorded) -> int:
    """Roughly how many numbers a call is given: eight bytes of a struct count as one."""
    arrays = [np.asarray(argument) for argument in call.arguments]
    return sum(array.size // 8 if array.dtype == np.uint8 and array.size > 8 else array.size for array in arrays)


def blind(problem: Problem, calls: Sequence[Recorded], bound: float) -> str:
    """Why these calls can't tell a function from one that doesn't look at what it is given; empty where they can."""
    if all(passes_undone(call, bound) for call in calls):
        return "the driver's inputs don't tell the function from one that does nothing"
    groups: dict[tuple[int, ...], list[Recorded]] = {}
    for call in calls:
        groups.setdefault(tuple(np.size(a) for a in call.arguments), []).append(call)
    several = [group for group in groups.values() if len(group) > 1]
    if several and all(_same(problem, group[0], other, bound) for group in several for other in group[1:]):
        return "the driver's inputs don't tell the function from one that knows their lengths alone"
    return ""


def _same(problem: Problem, one: Recorded, other: Recorded, bound: float) -> bool:
    """Whether two calls return and write the same."""
    written = [not slot.const for slot in slots(problem) if slot.container]
    left = ((call.value, *(array for array, is_written in zip(call.arrays, written, strict=True) if is_written)) for call in (one, other))
    return not any(_compare(e, g, bound) for e, g in zip(*left, strict=True))


def passes_undone(call: Recorded, bound: float) -> bool:
    """Whether a function that does nothing and returns 0 passes this call."""
    before = [np.asarray(a) for a in call.arguments if np.ndim(a)]
    zero = np.zeros(call.value.size, call.value.dtype)
    return not any(_compare(e, g, bound) for e, g in zip((call.value, *call.arrays), (zero, *before), strict=True))


def _compare(expected: Array, got: Array, bound: float) -> str:
    """As `compare_arrays`, where what lies within the driver's own absolute bound is right, too."""
    if expected.dtype.kind == "f" and expected.shape == got.shape:
        with np.errstate(invalid="ignore"):
            near = np.abs(expected.astype(np.float64) - got.astype(np.float64)) <= bound
        got = np.where(near & np.isfinite(expected) & np.isfinite(got), expected, got)
    return compare_arrays(expected, got) or ""
