"""What an object file does, apart from the names in it, so that two builds of one program under different names can be compared.

Reads the ELF file itself: tools that parse hostile objects would need a box. Compared are the bytes of every section that holds code and the
places that the linker fills in, with what they refer to: an undefined symbol by its name, translated back, a defined one by its place.
Sections are a multiset, as those of C++ templates are sorted by their names.
Not covered: other machines than 64-bit little-endian ones, debug information, exception tables, names of undefined symbols in C++.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_HEADER = struct.Struct("<QQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_SYMBOLS, _RELOCATIONS, _NO_BITS = 2, 4, 8
_ALLOCATED, _EXECUTABLE = 2, 4

Reference = tuple[int, int, int, str]
"""Place, type, addend, and what is referred to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section of an object."""

    name: str
    kind: int
    flags: int
    content: bytes
    link: int
    info: int


def code(content: bytes, translate: Callable[[str], str]) -> Counter[tuple[bytes, tuple[Reference, ...]]]:
    """The sections that hold instructions, each with its references; ``translate`` gives the original of a symbol's name."""
    sections = list(_sections(content))
    references = _references(sections, translate)
    wanted = ((i, s) for i, s in enumerate(sections) if s.flags & _EXECUTABLE and s.content)
    return Counter((s.content, tuple(references.get(i, ()))) for i, s in wanted)


def data(content: bytes) -> Counter[bytes]:
    """The sections that hold constants and initialised data."""
    kept = (s for s in _sections(content) if s.flags & _ALLOCATED and not s.flags & _EXECUTABLE and s.name.startswith((".rodata", ".data")))
    return Counter(s.content for s in kept if s.content)


def original(names: Mapping[str, str], language: str) -> Callable[[str], str]:
    """How a symbol's name in a renamed C program is told in the original's words; C++ mangles names, which all become one."""
    if language == "c":
        return lambda symbol: re.sub(r"^\w+", lambda found: names.get(found[0], found[0]), symbol)
    return lambda _symbol: ""


def _sections(content: bytes) -> Iterator[Section]:
    if content[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit little-endian ELF file")
    _, _, offset, _, _, _, _, size, count, names_at = _HEADER.unpack_from(content, 0x18)
    first = _SECTION.unpack_from(content, offset)
    count, names_at = count or first[5], first[6] if names_at == 0xFFFF else names_at
    rows = [_SECTION.unpack_from(content, offset + i * size) for i in range(count)]
    names = _body(content, rows[names_at])
    for row in rows:
        yield Section(name=_string(names, row[0]), kind=row[1], flags=row[2], content=_body(content, row), link=row[6], info=row[7])


def _references(sections: list[Section], translate: Callable[[str], str]) -> dict[int, list[Reference]]:
    """By the number of the section that they stand in."""
    found: dict[int, list[Reference]] = {}
    for section in sections:
        if section.kind != _RELOCATIONS:
            continue
        symbols, strings = sections[section.link].content, sections[sections[section.link].link].content
        for place, info, addend in _RELOCATION.iter_unpack(section.content):
            name, _, _, home, value, _ = _SYMBOL.unpack_from(symbols, (info >> 32) * _SYMBOL.size)
            what = f"at {value}" if home else translate(_string(strings, name))
            found.setdefault(section.info, []).append((place, info & 0xFFFFFFFF, addend, what))
    return {number: sorted(references) for number, references in found.items()}


def _body(content: bytes, row: tuple[int, ...]) -> bytes:
    return b"" if row[1] == _NO_BITS else content[row[4] : row[4] + row[5]]


def _string(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode(errors="replace")
