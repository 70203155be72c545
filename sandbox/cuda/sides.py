"""Calls of the host's functions in device code, which nvcc refuses and a processor would just make.

A call is given a name that nothing has, so that the compiler refuses it at its line. What is told apart: functions that this text
defines for the host alone, and what everybody knows of the C and C++ libraries to run there.

Not covered: functions of the host that another file defines, methods, templates, and calls through macros or pointers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hpcraft.sandbox.cuda.scopes import Structure
from hpcraft.sandbox.cuda.stream import Stream

_C = (
    "rand",
    "srand",
    "fprintf",
    "fopen",
    "fclose",
    "fread",
    "fwrite",
    "fscanf",
    "scanf",
    "getenv",
    "system",
    "gettimeofday",
    "atof",
    "atoi",
    "strtol",
)
_STD = (
    "cout",
    "cerr",
    "vector",
    "string",
    "map",
    "unordered_map",
    "set",
    "list",
    "deque",
    "sort",
    "stable_sort",
    "rand",
    "thread",
    "mutex",
)
_MEMBERS = (".", "->", "::")
_BEFORE_CALLS = ("return", "else", "do", "case", "throw", "co_return", "not", "and", "or")


def rewrite(stream: Stream, found: Structure, device_names: Collection[str] = ()) -> None:
    """Rename each such call; ``device_names`` are functions that other files, or our headers, have for the device."""
    wanted = {*found.host_functions, *_C} - {*found.device_functions, *device_names}
    for body in found.bodies:
        if body.host:
            continue
        for at in _calls(stream, body.begin, body.end, wanted - _other_uses(stream, body.head, body.end, wanted)):
            stream.replace(at, f"call_of_the_host_function_{stream[at]}_in_device_code")


def _calls(stream: Stream, begin: int, end: int, wanted: set[str]) -> Iterator[int]:
    for at in range(begin, min(end, len(stream))):
        before = stream[at - 1]
        if stream[at] in _STD and before == "::" and stream[at - 2] == "std" and stream[at - 3] not in _MEMBERS:
            yield at
        if stream[at] in wanted and stream[at + 1] == "(" and not _is_declared(stream, at):
            yield at


def _is_declared(stream: Stream, at: int) -> bool:
    """Whether a name before a parenthesis is a member, or what a declaration introduces."""
    before = stream[at - 1]
    if before in ("*", "&", ">"):
        return stream.is_name(at - 2) and stream[at - 2] not in _BEFORE_CALLS and stream[at - 3] in (";", "{", "}")
    return before in _MEMBERS or (stream.is_name(at - 1) and before not in _BEFORE_CALLS)


def _other_uses(stream: Stream, begin: int, end: int, wanted: set[str]) -> set[str]:
    """Names that a body uses in another way than a call: they may be its own."""
    places = range(begin, min(end, len(stream)))
    return {stream[at] for at in places if stream[at] in wanted and stream[at + 1] != "(" and stream[at - 1] not in (".", "->")}
