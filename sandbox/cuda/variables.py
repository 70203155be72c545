"""Storage for variables of the device: ``__shared__``, ``extern __shared__``, ``__device__``, ``__constant__``, ``__managed__``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hpcraft.sandbox.cuda.scopes import Body, Declaration, Structure
from hpcraft.sandbox.cuda.stream import Stream

_ALIGNMENTS = ("alignas", "__align__")
_NO_INITIALISER = 'static_assert(sizeof(int) == 0, "a __shared__ variable cannot have an initial value");'
_NO_TYPES = ("extern", "static", "volatile", "const", "__shared__", "__align__")
_SPACES = {"__constant__": "constant", "__managed__": "managed", "__device__": "device"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Declarator:
    name: int
    initialised: bool


def rewrite(stream: Stream, found: Structure, synonyms: Mapping[str, tuple[str, ...]], shared_names: Collection[str] | None = None) -> None:
    """Give every variable its storage; ``shared_names`` are those of the device's that several sources know, None for all."""
    outside: dict[str, str] = {}
    """File-scope shared variables, and what makes them known in a body."""
    for declaration in found.shared:
        outside |= _shared(stream, declaration, synonyms)
    for symbol in found.symbols:
        _symbol(stream, symbol)
        _hide(stream, symbol, shared_names)
    for body in found.bodies:
        _introduce(stream, body, outside)


def rewrite_macro(stream: Stream, parameters: Collection[str], synonyms: Mapping[str, tuple[str, ...]]) -> None:
    """The same for the shared variables that the body of a macro declares; the caller of the macro may add the last semicolon."""
    begin = taken = 0
    for at in range(len(stream)):
        if stream[at] in (";", "{", "}"):
            begin = at + 1
        elif at >= taken and stream[at] == "__shared__":
            found = stream.find((";",), at)
            taken = len(stream) if found is None else found
            if any(stream.is_name(place) and stream[place] not in _NO_TYPES for place in range(begin, taken - 1)):
                _shared(stream, Declaration(begin=begin, end=taken, words=(), local=True), synonyms, parameters)


def _shared(
    stream: Stream, declaration: Declaration, synonyms: Mapping[str, tuple[str, ...]], parameters: Collection[str] = ()
) -> dict[str, str]:
    begin, end = declaration.begin, declaration.end
    declarators = _declarators(stream, begin, end)
    is_extern = "extern" in (stream[at] for at in range(begin, end))
    aligned = _strip(stream, begin, end, synonyms)
    known: dict[str, str] = {}
    tags = ""
    for declarator in declarators:
        name = stream[declarator.name]
        pasted, said = (f"##{name}", f"#{name}") if name in parameters else (name, f'"{name}"')
        stream.replace(declarator.name, f"hpcraft_t_{pasted}")
        call = f"::hpcraft_cuda::dynamic_shared<hpcraft_t_{pasted}>()"
        if not is_extern:
            arguments = f"hpcraft_t_{pasted}, struct hpcraft_s_{pasted}{f', ({aligned})' if aligned else ''}"
            call = f"::hpcraft_cuda::shared<{arguments}>({said}, __FILE__, __LINE__)"
            tags += f" struct hpcraft_s_{pasted};"
        known[name] = f"hpcraft_t_{pasted} &{name} = {call};"
    stream.before(begin, "typedef ")
    references = " ".join(known.values()) if declaration.local else ""
    refusal = _NO_INITIALISER if any(declarator.initialised for declarator in declarators) else ""
    if end < len(stream):
        stream.after(end, f"{tags} {references}{refusal}")
    else:
        stream.after(end - 1, f";{tags} {refusal}{references}".removesuffix(";"))
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


def _hide(stream: Stream, declaration: Declaration, shared_names: Collection[str] | None) -> None:
    """Without separate compilation of device code each source has variables of its own, whatever their names."""
    begin, end = declaration.begin, declaration.end
    names = [declarator.name for declarator in _declarators(stream, begin, end)]
    known = shared_names is None or any(stream[at] in shared_names or stream[at - 1] == "::" for at in names)
    if not known and not {"static", "inline", "constexpr"} & {stream[at] for at in range(begin, end)}:
        stream.before(begin, "static ")


def _introduce(stream: Stream, body: Body, outside: Mapping[str, str]) -> None:
    """Make the file's shared variables known in a body that uses them."""
    head = {stream[at] for at in range(body.head, body.begin)}
    inside = {stream[at] for at in range(body.begin, body.end)}
    own = {stream[at] for at in range(body.begin, body.end) if stream.current(at).startswith("hpcraft_t_")}
    uses = [text for name, text in outside.items() if name in inside - head - own]
    if uses:
        stream.after(body.begin, " " + " ".join(uses))
