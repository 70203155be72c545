"""``K<T><<<grid, block, bytes, stream>>>(a, 0, b)`` as a call of a function that C++ can read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from hpcraft.sandbox.cuda.lexer import Kind
from hpcraft.sandbox.cuda.stream import Stream, positions

_CONSTANTS = ("NULL", "nullptr", "true", "false")
_STATEMENTS = ("return", "if", "while", "for", "switch", "else", "do", "case")
_JOINTS = ("::", ".", "->")


def rewrite(stream: Stream, parameters: Collection[str] = ()) -> Iterator[int]:
    """Rewrite every launch; gives their positions. ``parameters`` are those of the macro that the tokens are the body of."""
    for at in positions(stream, "<<<"):
        begin, close = _name_begins(stream, at), stream.find((">>>",), at + 1)
        if begin >= at or close is None or stream[close + 1] != "(":
            continue
        end = stream.partner(close + 1)
        if end is None:
            continue
        _rewrite(stream, begin, at, close, end, parameters)
        yield at


def _rewrite(stream: Stream, begin: int, at: int, close: int, end: int, parameters: Collection[str]) -> None:
    name = stream.flat(begin, at).strip()
    whole = any(stream[place] in parameters for place in range(begin, at)) and at == begin + 1
    spelled = f"#{name}" if whole else json.dumps(name.replace(" ", ""))
    placeholders, names, dropped = _arguments(stream, close + 2, end)
    for part in dropped:
        _drop(stream, *part)
    kept = len(dropped) < len(stream.split(close + 2, end))
    stream.remove(begin, at)
    # Not the first token of the name alone: what `remove` left there are lines.
    stream.before(begin, f"::hpcraft_cuda::launch({{{spelled}, __FILE__, __LINE__}}, ")
    stream.replace(at, "::hpcraft_cuda::Config(")
    stream.replace(close, f"), [=]({names}) {{ {name}({placeholders}); }}")
    stream.replace(close + 1, ", " if kept else "")


def _arguments(stream: Stream, begin: int, end: int) -> tuple[str, str, list[tuple[int, int]]]:
    """The arguments inside, the parameters that they come through, and the ranges that moved inside."""
    parts = stream.split(begin, end)
    if any(stream[stop - 1] in ("...", "__VA_ARGS__") for _, stop in parts if stop > begin):
        return "hpcraft_all...", "auto &&...hpcraft_all", []
    inside: list[str] = []
    parameters: list[str] = []
    dropped: list[tuple[int, int]] = []
    for number, (start, stop) in enumerate(parts):
        if _is_constant(stream, start, stop):
            inside.append(stream.flat(start, stop).strip())
            dropped.append((start, stop))
        else:
            inside.append(f"hpcraft_{number}")
            parameters.append(f"auto &&hpcraft_{number}")
    return ", ".join(inside), ", ".join(parameters), dropped


def _drop(stream: Stream, start: int, stop: int) -> None:
    """With one of the commas around it, as long as one is left."""
    stream.remove(start, stop)
    for comma in (start - 1, stop):
        if stream[comma] == "," and stream.current(comma) == ",":
            stream.replace(comma, "")
            return


def _is_constant(stream: Stream, start: int, stop: int) -> bool:
    if stream[start] == "{":
        return True
    kinds = {stream.kind(place) for place in range(start, stop) if stream[place] not in _CONSTANTS}
    return start < stop and kinds <= {Kind.NUMBER, Kind.PUNCTUATION}


def _name_begins(stream: Stream, at: int) -> int:
    """Where the expression begins that names a kernel."""
    place = at - 1
    while place >= 0:
        if stream[place] in (">", ">>", ">>>"):
            place = _angle_opens(stream, place) - 1
            continue
        if stream[place] in (")", "]"):
            opened = stream.partner(place)
            if opened is None:
                return at
            place = opened
            if stream[place - 1] in (")", "]") or (stream.is_name(place - 1) and stream[place - 1] not in _STATEMENTS):
                place -= 1
                continue
        elif not stream.is_name(place):
            return at
        if stream[place - 1] == "template":
            place -= 1
        if stream[place - 1] not in _JOINTS:
            return place
        if not (stream.is_name(place - 2) or stream[place - 2] in (">", ")", "]")):
            return place - 1 if stream[place - 1] == "::" else at
        place -= 2
    return at


def _angle_opens(stream: Stream, at: int) -> int:
    depth = 0
    while at >= 0:
        word = stream[at]
        depth += {">": 1, ">>": 2, ">>>": 3, "<": -1}.get(word, 0)
        if depth <= 0:
            return at
        partner = stream.partner(at) if word in (")", "]", "}") else None
        at = (at if partner is None else partner) - 1
    return at
