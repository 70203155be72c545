"""The symbols that an object file defines for others and leaves to the linker, read here: a box for ``nm`` would take longer than the compiler.

Objects are hostile bytes. Everything is sliced with its bounds checked, and nothing is believed but names.

Not covered: 32 bits, big-endian machines, link-time optimisation, files other than relocatable ELF objects.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from hpcraft.errors import InputError

_MAGIC = b"\x7fELF\x02\x01"
"""64 bits, little-endian."""
_HEADER, _SECTION, _SYMBOL = struct.Struct("<16x24xQ10xHHH"), struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ")
_SYMBOL_TABLE = 2
_KINDS, _IFUNC = {1: "T", 2: "W", 10: "u"}, 10
"""Kinds by binding, and the type of what is chosen when it is loaded."""
_MOST_SECTIONS = 0xFFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbols:
    """The names of one object that the linker sees, without versions."""

    undefined: frozenset[str]
    defined: Mapping[str, str]
    """Name to kind, by letters like those of ``nm``: ``T`` code or data, ``W`` weak, ``u`` unique, ``i`` chosen when it is loaded."""


def symbols(content: bytes) -> Symbols:
    """What an object defines and leaves undefined.

    Raises:
        InputError: not an object, or a damaged one.
    """
    if not content.startswith(_MAGIC):
        raise InputError(f"not a 64-bit ELF object: begins with {content[:6]!r}; build it by a compiler of this machine")
    try:
        return _symbols(content)
    except (struct.error, IndexError, OverflowError) as error:  # an offset of 64 bits may be more than Python indexes by
        raise InputError(f"a damaged object ({error}); build it again") from None


def _symbols(content: bytes) -> Symbols:
    at, size, count, _names = _HEADER.unpack_from(content)
    if size != _SECTION.size or count > _MOST_SECTIONS:
        raise IndexError("sections of an unknown size")
    if not count and at:  # so many that the number stands in the first one
        count = _SECTION.unpack_from(content, at)[5]
    sections = [_SECTION.unpack_from(content, at + i * size) for i in range(min(count, len(content) // size))]
    tables = [section for section in sections if section[1] == _SYMBOL_TABLE]
    if len(tables) > 1:  # there is one at most, so that nobody makes us read a file a thousand times
        raise IndexError("more than one table of symbols")
    undefined: set[str] = set()
    defined: dict[str, str] = {}
    for _, _, _, _, offset, length, link, _, _, _ in tables:
        names = _part(content, sections[link][4], sections[link][5])
        table = _part(content, offset, length - length % _SYMBOL.size)
        for name, info, _, section, _, _ in _SYMBOL.iter_unpack(table):
            if name and not section:
                undefined.add(_text(names, name))
            elif name and info >> 4:
                defined[_text(names, name)] = "i" if info & 15 == _IFUNC else _KINDS.get(info >> 4, "T")
    return Symbols(undefined=frozenset(undefined - {""}), defined={name: kind for name, kind in defined.items() if name})


def _part(content: bytes, offset: int, length: int) -> bytes:
    if offset + length > len(content):
        raise IndexError("a section beyond the end")
    return content[offset : offset + length]


def _text(names: bytes, begin: int) -> str:
    end = names.find(b"\0", begin)
    if end < 0:
        raise IndexError("a name beyond the end")
    return names[begin:end].decode(errors="replace").partition("@")[0]
