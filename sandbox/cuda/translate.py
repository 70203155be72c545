"""CUDA to C++ that g++ and clang++ read, by the token: only what C++ can't read is changed, and every line stays where it was.

The rest of CUDA is in ``include/``. What changes: launches; variables in shared memory, which get storage for each block; variables
in the device's other memories, which the runtime gets to know; ``return;`` in device code, which the checks get to know; loops that
wait for other threads, which give way; conditions on ``__CUDA_ARCH__`` inside device code.

Not covered, and refused by name: see ``refusals.py``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from hpcraft.sandbox.cuda import assembly, launches, lockstep, shifts, sides, spins, variables
from hpcraft.sandbox.cuda.flags import EMULATED_CAPABILITY
from hpcraft.sandbox.cuda.refusals import Refusal, Unsupported, refusals
from hpcraft.sandbox.cuda.scopes import Structure, structure
from hpcraft.sandbox.cuda.stream import Stream, Tangled, Text, positions

__all__ = ["Unsupported", "device_names", "known_elsewhere", "needs_translation", "synonyms", "translate"]

_QUALIFIERS = ("__global__", "__device__", "__host__", "__shared__", "__constant__", "__managed__")
_BESIDE = (*_QUALIFIERS, "__forceinline__", "__noinline__", "inline", "static", "extern", "__inline__", "__restrict__")
_MARKS = (*(word.encode() for word in _QUALIFIERS), b"<<<", b"<< <", b"__CUDA_ARCH__", b"cuda", b"hip")
_ARCHITECTURE = f"{EMULATED_CAPABILITY}0"
_BY_ADDRESS = ("cudaLaunchKernel", "cudaLaunchCooperativeKernel", "hipLaunchKernel", "hipLaunchCooperativeKernel")


def needs_translation(content: bytes) -> bool:
    """Whether a header may hold anything of CUDA's language, or of what is refused by its name."""
    return any(mark in content for mark in _MARKS)


def synonyms(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Macros without parameters that stand for qualifiers, such as ``#define HD __host__ __device__``."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        if not any(word in text for word in _QUALIFIERS):
            continue
        whole = Text(text)
        for indices in whole.directives:
            directive = Stream(whole, indices)
            if directive[0] != "define" or len(directive) < 3:
                continue
            words = [directive[at] for at in range(2, len(directive))]
            if all(word in _BESIDE for word in words) and any(word in _QUALIFIERS for word in words):
                found[directive[1]] = (*found.get(directive[1], ()), *words)
    return found


_ELSEWHERE = re.compile(r"\bextern\b[^;{}()=]*\b__(?:device|constant|managed)__")


def known_elsewhere(texts: Iterable[str]) -> frozenset[str]:
    """Variables of the device that a file declares ``extern``, so that they are one for all sources."""
    declared = (part for text in texts for part in re.split(r"[;{}()=]", text) if "extern" in part and _ELSEWHERE.search(part))
    return frozenset(name for declaration in declared for name in re.findall(r"[A-Za-z_]\w*", declaration))


def device_names(texts: Iterable[str], macros: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Functions that any file declares for the device, with some names more."""
    marks = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in ("__device__", *macros)))
    statements = (part for text in texts for part in re.split(r"[;{}]", text) if marks.search(part))
    return frozenset(name for part in statements for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", part))


def translate(
    text: str,
    macros: Mapping[str, tuple[str, ...]] | None = None,
    *,
    part: bool = False,
    shared_names: Collection[str] | None = None,
    device_names: Collection[str] = (),
    nested: bool = True,
) -> str | Unsupported:
    """A source or a header of CUDA as C++, or what keeps it from being emulated.

    Args:
        text: the source.
        macros: the `synonyms` of all files that belong together.
        part: whether it is a header, which the program may hold without using it.
        shared_names: variables of the device that another file declares `extern`; without them, none of its variables is known elsewhere.
        device_names: functions that other files, or our headers, have for the device.
        nested: whether kernels may launch kernels.

    What only the preprocessor can tell to be needed is marked instead, and refused by the compiler (`refusals.told`).
    """
    try:
        return _translated(
            text, synonyms((text,)) if macros is None else macros, part=part, shared_names=shared_names, names=device_names, nested=nested
        )
    except (Tangled, RecursionError):
        return Unsupported(construct="a text that takes too many steps to read", line=1)


def _translated(
    text: str,
    macros: Mapping[str, tuple[str, ...]],
    *,
    part: bool,
    shared_names: Collection[str] | None,
    names: Collection[str],
    nested: bool,
) -> str | Unsupported:
    whole = Text(text)
    stream = Stream(whole, whole.code)
    found = structure(stream, macros)
    marked: list[Refusal] = []
    for refused in (*refusals(whole, stream, found), *_architecture(whole, stream, found)):
        if refused.sure and not part:
            return refused.unsupported
        marked.append(refused)
    sides.rewrite(stream, found, names)
    shifts.rewrite(stream, found)
    variables.rewrite(stream, found, macros, shared_names)
    if part:
        _many_definitions(stream, found, macros)
    for at in launches.rewrite(stream):
        body = found.device_body(at)
        if body and not body.host and not nested and stream.partner(body.begin) is not None:  # else the compiler tells what is open
            return Unsupported(construct="dynamic parallelism (a launch in device code) under a check", line=stream.line(at))
    for indices in whole.directives:
        _define(whole, indices, macros)
    for at in positions(stream, "__noinline__"):
        stream.replace(at, "__attribute__((noinline))")
    _mark_returns(stream, found)
    spins.rewrite(stream, found)
    _clocks(stream, found)
    lockstep.rewrite(stream, found)
    _drop_casts(stream)
    _name_references(stream)
    for at in assembly.statements(stream, found):
        assembly.rewrite(stream, at)
    for refused in marked:
        refused.mark()
    return str(whole)


def _mark_returns(stream: Stream, found: Structure) -> None:
    """Checks tell a thread that left a kernel by ``return`` from one that passed by a barrier."""
    for at in positions(stream, "return"):
        if stream[at + 1] == ";" and found.device_body(at):
            stream.before(at, "{ ::hpcraft_cuda::leave(); ")
            stream.after(at + 1, " }")


def _many_definitions(stream: Stream, found: Structure, macros: Mapping[str, tuple[str, ...]]) -> None:
    """Functions of the device in a header: nvcc compiles one for each source that includes them, and none of them on the host."""
    for body in found.bodies:
        words = {word for at in range(body.head, body.begin) for word in macros.get(stream[at], (stream[at],))}
        device = "__device__" in words and not words & {"__global__", "__host__", "inline", "__inline__", "__forceinline__", "constexpr"}
        if device and stream[body.head - 1] != "]":
            at = next(at for at in range(body.head, body.begin) if "__device__" in macros.get(stream[at], (stream[at],)))
            stream.before(at, "inline ")


def _clocks(stream: Stream, found: Structure) -> None:
    """``clock()`` of device code counts cycles."""
    for at in positions(stream, "clock"):
        body = found.device_body(at)
        if body and not body.host and stream[at + 1] == "(" and stream[at + 2] == ")" and stream[at - 1] not in (".", "->", "::"):
            stream.replace(at, "::hpcraft_cuda::device_clock")


def _define(whole: Text, indices: list[int], macros: Mapping[str, tuple[str, ...]]) -> None:
    """Launches and shared variables in the body of a macro."""
    directive = Stream(whole, indices, directive=True)
    if directive[0] != "define":
        return
    begin, parameters = 2, set[str]()
    close = directive.partner(2)
    touching = len(indices) > 2 and indices[2] == indices[1] + 1  # `#define A(x)`, not `#define A (x)`
    if directive[2] == "(" and touching and close:
        begin, parameters = close + 1, {directive[at] for at in range(3, close)}
    body = Stream(whole, indices[begin:], directive=True)
    for _ in launches.rewrite(body, parameters):
        pass
    variables.rewrite_macro(body, parameters, macros)
    for at in assembly.statements(body, None):
        assembly.rewrite(body, at)
    for at in positions(body, "__noinline__"):
        body.replace(at, "__attribute__((noinline))")
    _name_references(body)


def _architecture(whole: Text, stream: Stream, found: Structure) -> Iterator[Refusal]:
    """In functions of the device alone the architecture is known; for both sides at once there is no right answer."""
    for at in positions(stream, "__CUDA_ARCH__"):
        if found.device_body(at):
            stream.replace(at, _ARCHITECTURE)
    for number, indices in enumerate(whole.directives):
        directive = Stream(whole, indices, directive=True)
        if directive[0] == "define" or not any(directive[at] == "__CUDA_ARCH__" for at in range(len(directive))):
            continue
        around = next((body for body in found.bodies if stream.index(body.begin) < indices[0] < _last(stream, body.end)), None)
        if around is None:
            if _holds_device_code(whole, number, stream, found):
                _decide(directive)
        elif around.host:
            said = Unsupported(construct="__CUDA_ARCH__ in a function for host and device", line=directive.line(0))
            sure = not whole.conditional(indices[0])
            yield Refusal(unsupported=said, stream=stream, at=_first_after(stream, indices[0]), sure=sure)
        else:
            _decide(directive)


def _holds_device_code(whole: Text, number: int, stream: Stream, found: Structure) -> bool:
    """Whether what depends on a condition outside of functions is device code alone: then only the device's answer matters."""
    begin, end = _boundary(whole, range(number, -1, -1), "if"), _boundary(whole, range(number, len(whole.directives)), "endif")
    inside = [body for body in found.bodies if begin < stream.index(body.head) < end]
    return bool(inside) and not any(body.host for body in inside)


def _boundary(whole: Text, numbers: Iterable[int], wanted: str) -> int:
    """Where the first or last directive stands of the condition that the first of the numbers belongs to."""
    depth, index = 0, 0
    for turn, number in enumerate(numbers):
        indices = whole.directives[number]
        index = indices[0] if indices else index
        word = whole.tokens[index].text if indices else ""
        word = "if" if word in ("ifdef", "ifndef") else word
        if word == wanted and not depth:
            break
        depth += 0 if word not in ("if", "endif") or not turn else -1 if word == wanted else 1
    return index


def _first_after(stream: Stream, index: int) -> int:
    return next((at for at in range(len(stream)) if stream.index(at) > index), len(stream) - 1)


def _last(stream: Stream, at: int) -> int:
    return stream.index(min(at, len(stream) - 1))


def _decide(directive: Stream) -> None:
    for at in positions(directive, "__CUDA_ARCH__"):
        if directive[0] in ("ifdef", "ifndef"):
            directive.replace(0, "if")
            directive.replace(at, "1" if directive[0] == "ifdef" else "0")
        elif directive[at - 1] == "defined":
            directive.replace(at - 1, "")
            directive.replace(at, "1")
        elif directive[at - 1] == "(" and directive[at - 2] == "defined":
            directive.replace(at - 2, "")
            directive.replace(at, "1")
        else:
            directive.replace(at, _ARCHITECTURE)


def _name_references(stream: Stream) -> None:
    """``texture<float, 2> t;`` by its namespace: many programs have a ``texture`` of their own, but no template of that name."""
    for at in range(len(stream)):
        if stream[at] in ("texture", "surface") and stream[at + 1] == "<" and stream[at - 1] not in ("class", "struct", "::", ".", "->"):
            stream.replace(at, f"::hpcraft_cuda::{stream[at]}")


def _drop_casts(stream: Stream) -> None:
    """``cudaLaunchKernel((void *)kernel, ...)`` needs the kernel's type."""
    for at in range(len(stream)):
        if stream[at] not in _BY_ADDRESS or stream[at + 1] != "(":
            continue
        words = [stream[at + place] for place in range(2, 8)]
        for cast in (["(", "void", "*", ")"], ["(", "const", "void", "*", ")"]):
            if words[: len(cast)] == cast:
                stream.remove(at + 2, at + 2 + len(cast))
