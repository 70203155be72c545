"""Storage for variables of the device: ``__shared__``, ``extern __shared__``, ``__device__``, ``__constant__``, ``__managed__``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpcraft.sandbox.cuda.scopes import Body, Declaration, Structure
from hpcraft.sandbox.cuda.stream import Stream

_ALIGNMENTS = ("alignas", "__align__")
_NO_INITIALISER = 'static_assert(sizeof(int) == 0, "a __shared__ variable cannot have an initial value");'
_SPACES = {"__constant__": "constant", "__managed__": "managed", "__device__": "device"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Declarator:
    name: int
    initialised: bool


def rewrite(stream: Stream, found: Structure, synonyms: Mapping[str, tuple[str, ...]]) -> None:
    """Give every variable its storage."""
    outside: dict[str, str] = {}
    """File-scope shared variables, and what makes them known in a body."""
    for declaration in found.shared:
        outside |= _shared(stream, declaration, synonyms)
    for symbol in found.symbols:
        _symbol(stream, symbol)
    for body in found.bodies:
        _introduce(stream, body, outside)


def _shared(stream: Stream, declaration: Declaration, synonyms: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    begin, end = declaration.begin, declaration.end
    declarators = _declarators(stream, begin, end)
    is_extern = "extern" in (stream[at] for at in range(begin, end))
    aligned = _strip(stream, begin, end, synonyms)
    known: dict[str, str] = {}
    for declarator in declarators:
        name = stream[declarator.name]
        stream.replace(declarator.name, f"hpcraft_t_{name}")
        call = f"::hpcraft_cuda::dynamic_shared<hpcraft_t_{name}>()"
        if not is_extern:
            arguments = f"hpcraft_t_{name}, struct hpcraft_s_{name}{f', ({aligned})' if aligned else ''}"
            call = f'::hpcraft_cuda::shared<{arguments}>("{name}", __FILE__, __LINE__)'
        known[name] = f"hpcraft_t_{name} &{name} = {call};"
    stream.before(begin, "typedef ")
    tags = "" if is_extern else "".join(f" struct hpcraft_s_{stream[d.name]};" for d in declarators)
    references = " ".join(known.values()) if declaration.local else ""
    refusal = _NO_INITIALISER if any(declarator.initialised for declarator in declarators) else ""
    stream.after(end, f"{tags} {references}{refusal}")
    return {} if declaration.local else known


def _strip(stream: Stream, begin: int, end: int, synonyms: Mapping[str, tuple[str, ...]]) -> str:
    """Take away what is no part of a type; gives the alignment that was asked for."""
    aligned, at = "", begin
    while at < end:
        word = stream[at]
        if word in _ALIGNMENTS:
            after = stream.skip(at + 1)
            aligned = aligned or stream.flat(at + 2, after - 1)
            stream.remove(at, after)
            at = after
        elif word in ("extern", "static", "__shared__") or "__shared__" in synonyms.get(word, ()):
            stream.remove(at, at + 1)
            at += 1
        else:
            at = stream.skip(at)
    return aligned


def _declarators(stream: Stream, begin: int, end: int) -> list[_Declarator]:
    found: list[_Declarator] = []
    for start, stop in _parts(stream, begin, end):
        last = stop
        for at in range(start, stop):
            if stream[at] == "=" and _outside(stream, start, at):
                last = at
                break
        place = last - 1
        while stream[place] == "]":
            opened = stream.partner(place)
            if opened is None:
                break
            place = opened - 1
        if stream[place] == ")":
            opened = stream.partner(place)
            names = [at for at in range(opened or start, place) if stream.is_name(at)]
            place = names[-1] if names else place
        if stream.is_name(place):
            found.append(_Declarator(name=place, initialised=last != stop))
    return found


def _outside(stream: Stream, start: int, at: int) -> bool:
    place = start
    while place < at:
        place = stream.skip(place)
    return place == at


def _parts(stream: Stream, begin: int, end: int) -> list[tuple[int, int]]:
    """Declarators with what precedes them; commas between the arguments of a template separate nothing."""
    parts: list[tuple[int, int]] = []
    depth, start, at = 0, begin, begin
    while at < end:
        word = stream[at]
        if word == "<" and stream.is_name(at - 1):
            depth += 1
        elif depth:
            depth = max(0, depth + {"<": 1, ">": -1, ">>": -2, ">>>": -3}.get(word, 0))
        elif word == ",":
            parts.append((start, at))
            start = at + 1
        at = stream.skip(at)
    return [*parts, (start, end)]


def _symbol(stream: Stream, declaration: Declaration) -> None:
    """Tell the runtime where it lies, on the line where it ends."""
    space = next(kind for word, kind in _SPACES.items() if word in declaration.words)
    made = [
        f' static const ::hpcraft_cuda::Symbol hpcraft_y_{name}(&{name}, sizeof {name}, "{name}", ::hpcraft_cuda::Space::{space});'
        for name in (stream[declarator.name] for declarator in _declarators(stream, declaration.begin, declaration.end))
    ]
    stream.after(declaration.end, "".join(made))


def _introduce(stream: Stream, body: Body, outside: Mapping[str, str]) -> None:
    """Make the file's shared variables known in a body that uses them."""
    head = {stream[at] for at in range(body.head, body.begin)}
    inside = {stream[at] for at in range(body.begin, body.end)}
    own = {stream[at] for at in range(body.begin, body.end) if stream.current(at).startswith("hpcraft_t_")}
    uses = [text for name, text in outside.items() if name in inside - head - own]
    if uses:
        stream.after(body.begin, " " + " ".join(uses))
