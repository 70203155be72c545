"""Old kernels in which the lanes of a warp exchange values through ``volatile`` shared memory with nothing between their statements.

No rule of CUDA's says that this works, and the check ``race`` tells it; devices do it nonetheless, statement by statement, and so many
programs of before 2017 rely on it. Here ``s[t] += s[t + 16];`` becomes: all lanes meet, read, meet, write, and meet. The runtime lets lanes
meet only for addresses in shared memory. Not covered: the same without ``volatile``, and statements in macros.
"""

from __future__ import annotations

from collections.abc import Iterator

from hpcraft.sandbox.cuda.scopes import Body, Structure
from hpcraft.sandbox.cuda.stream import Stream, positions

_ASSIGNMENTS = ("=", "+=", "-=", "*=", "|=", "&=", "^=")
_EFFECTS = ("++", "--", "(", *_ASSIGNMENTS)
_BEFORE = (";", "{", "}", ")", "else", "do", ":")
_MEET, _VALUE = "::hpcraft_cuda::lockstep", "::hpcraft_cuda::lockstep_value"


def rewrite(stream: Stream, found: Structure) -> None:
    """Let lanes meet around the writes to volatile arrays of which other elements are read."""
    outside = _declared(stream, 0, len(stream), found)
    done: set[int] = set()
    for body in found.bodies:
        names = {*_declared(stream, body.head, body.end), *outside}
        exchanged = {name for name in names if _reads_neighbours(stream, body, name)}
        for at, end in _statements(stream, body, exchanged):
            if at not in done:
                done.add(at)
                _rewrite(stream, at, end)


def _declared(stream: Stream, begin: int, end: int, outside_of: Structure | None = None) -> set[str]:
    """The pointers and arrays that a range declares volatile."""
    names: set[str] = set()
    for at in positions(stream, "volatile"):
        if not begin <= at < end or (outside_of and outside_of.device_body(at)):
            continue
        place = at + 1
        while place < end and (stream.is_name(place) or stream[place] in ("*", "&", "<", ">", "::")):
            place += 1
        last = place - 1
        if stream.is_name(last) and (stream[place] == "[" or "*" in (stream[other] for other in range(at, last))):
            names.add(stream[last])
    return names


def _reads_neighbours(stream: Stream, body: Body, name: str) -> bool:
    for at in positions(stream, name):
        close = stream.partner(at + 1) if body.begin < at < body.end and stream[at + 1] == "[" else None
        if close is None or stream[close + 1] in _ASSIGNMENTS:
            continue
        if any(stream[place] in ("+", "-", "^") for place in range(at, close)) or stream.kind(at + 2).name == "NUMBER":
            return True
    return False


def _statements(stream: Stream, body: Body, names: set[str]) -> Iterator[tuple[int, int]]:
    """The assignments to elements, from the name to the semicolon."""
    for at in range(body.begin + 1, body.end):
        if stream[at] not in names or stream[at + 1] != "[" or stream[at - 1] not in _BEFORE:
            continue
        close = stream.partner(at + 1)
        end = stream.find((";",), at)
        if close is None or end is None or stream[close + 1] not in _ASSIGNMENTS or len(stream.split(close + 2, end)) != 1:
            continue
        if not any(stream[place] in _EFFECTS for place in range(at, close)):  # the index is written out several times
            yield at, end


def _rewrite(stream: Stream, at: int, end: int) -> None:
    close = stream.partner(at + 1)
    assert close is not None
    element, operator = stream.flat(at, close + 1).strip(), stream[close + 1]
    meet = f"{_MEET}(&({element}));"
    stream.remove(at, close + 1)
    stream.replace(close + 1, f"{{ {meet} auto &&hpcraft_value = {_VALUE}(")
    stream.replace(end, f"{stream.current(end).removesuffix(';')}); {meet} {element} {operator} hpcraft_value; {meet} }}")
