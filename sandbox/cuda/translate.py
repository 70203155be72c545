"""CUDA to C++ that g++ and clang++ read, by the token: only what C++ can't read is changed, and every line stays where it was.

The rest of CUDA is in ``include/``. What changes: launches; variables in shared memory, which get storage for each block; variables
in the device's other memories, which the runtime gets to know; ``return;`` in device code, which the checks get to know; loops that
wait for other threads, which give way; conditions on ``__CUDA_ARCH__`` inside device code.

Not covered, and refused by name: see ``refusals.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hpcraft.sandbox.cuda import launches, spins, variables
from hpcraft.sandbox.cuda.flags import EMULATED_CAPABILITY
from hpcraft.sandbox.cuda.refusals import Unsupported, refusals
from hpcraft.sandbox.cuda.scopes import Structure, structure
from hpcraft.sandbox.cuda.stream import Stream, Text, positions

__all__ = ["Unsupported", "needs_translation", "synonyms", "translate"]

_QUALIFIERS = ("__global__", "__device__", "__host__", "__shared__", "__constant__", "__managed__")
_BESIDE = (*_QUALIFIERS, "__forceinline__", "__noinline__", "inline", "static", "extern", "__inline__", "__restrict__")
_MARKS = (*(word.encode() for word in _QUALIFIERS), b"<<<", b"__CUDA_ARCH__")
_ARCHITECTURE = f"{EMULATED_CAPABILITY}0"
_BY_ADDRESS = ("cudaLaunchKernel", "cudaLaunchCooperativeKernel", "hipLaunchKernel", "hipLaunchCooperativeKernel")


def needs_translation(content: bytes) -> bool:
    """Whether a header holds anything of CUDA's language."""
    return any(mark in content for mark in _MARKS)


def synonyms(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Macros without parameters that stand for qualifiers, such as ``#define HD __host__ __device__``."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        whole = Text(text)
        for indices in whole.directives:
            directive = Stream(whole, indices)
            if directive[0] != "define" or len(directive) < 3:
                continue
            words = [directive[at] for at in range(2, len(directive))]
            if all(word in _BESIDE for word in words) and any(word in _QUALIFIERS for word in words):
                found[directive[1]] = (*found.get(directive[1], ()), *words)
    return found


def translate(text: str, macros: Mapping[str, tuple[str, ...]] | None = None) -> str | Unsupported:
    """A source or a header of CUDA as C++, or what keeps it from being emulated.

    Args:
        text: the source.
        macros: the `synonyms` of all files that belong together.
    """
    macros = synonyms((text,)) if macros is None else macros
    whole = Text(text)
    stream = Stream(whole, whole.code)
    found = structure(stream, macros)
    for refused in refusals(whole, stream, found):
        return refused
    refused_architecture = _architecture(whole, stream, found)
    if refused_architecture:
        return refused_architecture
    variables.rewrite(stream, found, macros)
    for at in launches.rewrite(stream):
        body = found.device_body(at)
        if body and not body.host and stream.partner(body.begin) is not None:  # else the compiler tells what is open
            return Unsupported(construct="dynamic parallelism (a launch in device code)", line=stream.line(at))
    for indices in whole.directives:
        _define(whole, indices)
    for at in positions(stream, "__noinline__"):
        stream.replace(at, "__attribute__((noinline))")
    _mark_returns(stream, found)
    spins.rewrite(stream, found)
    _drop_casts(stream)
    return str(whole)


def _mark_returns(stream: Stream, found: Structure) -> None:
    """Checks tell a thread that left a kernel by ``return`` from one that passed by a barrier."""
    for at in positions(stream, "return"):
        if stream[at + 1] == ";" and found.device_body(at):
            stream.before(at, "{ ::hpcraft_cuda::leave(); ")
            stream.after(at + 1, " }")


def _define(whole: Text, indices: list[int]) -> None:
    """Launches in the body of a macro."""
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
    for at in positions(body, "__noinline__"):
        body.replace(at, "__attribute__((noinline))")


def _architecture(whole: Text, stream: Stream, found: Structure) -> Unsupported | None:
    """In functions of the device alone the architecture is known; for both sides at once there is no right answer."""
    for at in positions(stream, "__CUDA_ARCH__"):
        if found.device_body(at):
            stream.replace(at, _ARCHITECTURE)
    for indices in whole.directives:
        directive = Stream(whole, indices, directive=True)
        if not any(directive[at] == "__CUDA_ARCH__" for at in range(len(directive))):
            continue
        around = next((body for body in found.bodies if stream.index(body.begin) < indices[0] < _last(stream, body.end)), None)
        if around is None or directive[0] == "define":
            continue
        if around.host:
            return Unsupported(construct="__CUDA_ARCH__ in a function for host and device", line=directive.line(0))
        _decide(directive)
    return None


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


def _drop_casts(stream: Stream) -> None:
    """``cudaLaunchKernel((void *)kernel, ...)`` needs the kernel's type."""
    for at in range(len(stream)):
        if stream[at] not in _BY_ADDRESS or stream[at + 1] != "(":
            continue
        words = [stream[at + place] for place in range(2, 8)]
        for cast in (["(", "void", "*", ")"], ["(", "const", "void", "*", ")"]):
            if words[: len(cast)] == cast:
                stream.remove(at + 2, at + 2 + len(cast))
