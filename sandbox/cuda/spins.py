"""Loops of device code that wait for what other threads write: they give those threads their turn.

Threads of the device take turns on one thread of the processor, so that a loop which reads a flag until it changes would keep away
who changes it. Atomics give way by themselves; what only reads is told by its looks: a loop without a body, or a short one around
something volatile.

Not covered: such loops in the body of a macro, or over a flag that nothing says to be volatile.
"""

from __future__ import annotations

from collections.abc import Iterator

from hpcraft.sandbox.cuda.scopes import Structure
from hpcraft.sandbox.cuda.stream import Stream, positions

_PAUSE = "::hpcraft_cuda::pause();"
_LONGEST = 60
"""Tokens of a loop that may be one that waits."""
_ENDS = (";", ",", ")", "=", "[", "{", "(")
_UNCACHED = ("volatile", "__ldcg", "__ldcv", "__threadfence", "__threadfence_block", "__threadfence_system")


def rewrite(stream: Stream, found: Structure) -> None:
    """Put a pause into every loop that looks as if it waited."""
    names = frozenset(_volatile(stream))
    tails = set[int]()
    for at in positions(stream, "do"):
        tails |= set(_do(stream, at, names, found))
    for at in positions(stream, "while"):
        if at not in tails and found.device_body(at):
            _while(stream, at, names)
    for at in positions(stream, "for"):
        close = stream.partner(at + 1)
        if close is not None and found.device_body(at) and _is_empty(stream, close + 1):
            _fill(stream, close + 1)


def _volatile(stream: Stream) -> Iterator[str]:
    """The names that are declared so, and the words that say it where they are used."""
    yield from _UNCACHED
    for at in positions(stream, "volatile"):
        place, begins = at + 1, False
        while place < at + _LONGEST and stream[place] not in (";", "(", ")", "{", ""):
            if stream[place] == ",":
                begins = True
            elif stream.is_name(place):
                if stream[place + 1] in _ENDS:
                    yield stream[place]
                elif begins:  # the type of another parameter
                    break
                begins = False
            place = stream.skip(place)


def _is_empty(stream: Stream, at: int) -> bool:
    return stream[at] == ";" or (stream[at] == "{" and stream[at + 1] == "}")


def _fill(stream: Stream, at: int) -> None:
    if stream[at] == "{":
        stream.after(at, f" {_PAUSE}")
    else:
        stream.replace(at, f"{{ {_PAUSE} }}")


def _waits(stream: Stream, begin: int, end: int, names: frozenset[str]) -> bool:
    return end - begin <= _LONGEST and any(stream[at] in names for at in range(begin, end))


def _while(stream: Stream, at: int, names: frozenset[str]) -> None:
    close = stream.partner(at + 1)
    if close is None:
        return
    if _is_empty(stream, close + 1):
        _fill(stream, close + 1)
    elif stream[close + 1] == "{":
        end = stream.partner(close + 1)
        if end is not None and _waits(stream, at, end, names):
            _fill(stream, close + 1)


def _statement_ends(stream: Stream, at: int) -> int | None:
    """The brace or the semicolon that ends a statement."""
    if stream[at] == "{":
        return stream.partner(at)
    if stream[at] == "do":
        end = _statement_ends(stream, at + 1)
        return None if end is None else stream.find((";",), end + 1)
    if stream[at] not in ("for", "while", "if", "switch"):
        return stream.find((";",), at)
    close = stream.partner(at + 1)
    end = None if close is None else _statement_ends(stream, close + 1)
    if stream[at] == "if" and end is not None and stream[end + 1] == "else":
        return _statement_ends(stream, end + 2)
    return end


def _do(stream: Stream, at: int, names: frozenset[str], found: Structure) -> Iterator[int]:
    """Rewrites ``do BODY while (...);`` and gives where its ``while`` stands."""
    begin = at + 1
    end = _statement_ends(stream, begin)
    if end is None or stream[end + 1] != "while":
        return
    close = stream.partner(end + 2)
    yield end + 1
    if close is None or not found.device_body(at) or not (_is_empty(stream, begin) or _waits(stream, at, close, names)):
        return
    if stream[begin] == "{":
        stream.after(begin, f" {_PAUSE}")
    else:
        stream.before(begin, f"{{ {_PAUSE} ")
        stream.after(end, " }")
