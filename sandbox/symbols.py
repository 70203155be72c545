"""What ``nm`` tells of an object: the names that it defines for others, and those that it leaves to the linker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_UNDEFINED = frozenset("Uwv")


@dataclass(kw_only=True, slots=True)
class Symbols:
    """The names of one object that the linker sees."""

    undefined: set[str] = field(default_factory=set)
    defined: dict[str, str] = field(default_factory=dict)
    """Name to kind, by nm's letters: ``T`` code, ``D`` ``B`` ``R`` data, ``W`` ``V`` weak, ``u`` unique, ``i`` chosen at load time."""


def options() -> tuple[str, ...]:
    """For ``nm``, so that `parse` understands it."""
    return ("-g", "-P", "-A")


def parse(output: str, objects: Iterable[str]) -> dict[str, Symbols]:
    """The names of each object, from lines like ``a.o: main T 0 1b``."""
    found = {name: Symbols() for name in objects}
    for line in output.splitlines():
        place, _, rest = line.partition(": ")
        words = rest.split()
        if place not in found or len(words) < 2:
            continue
        name, kind = words[0].partition("@")[0], words[1]
        if kind in _UNDEFINED:
            found[place].undefined.add(name)
        else:
            found[place].defined[name] = kind
    return found
