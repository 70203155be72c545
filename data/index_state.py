"""What is known at one place of a C function: the values of names, and the conditions that hold there.

Beside them stand the accesses that were noted on the way: which elements of which array are read or written, with the largest index.

Not covered: what aliases say, smallest indices, and conditions that hold together only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from hpcraft.data.index_ranges import Names, Ranges
from hpcraft.data.polynomials import Polynomial, Symbol, largest_of, smallest_of


class Pointer(NamedTuple):
    """An address: so many elements behind the first one of an array."""

    bases: frozenset[str]
    """The arrays that it may point into; empty for one that isn't a parameter."""
    offset: Polynomial | None
    """None where it isn't known."""
    size: int
    """Bytes of an element as the pointer sees it; 0 where that isn't known."""

    def at(self, offset: Polynomial | None) -> Pointer:
        """Another address in the same arrays."""
        return self._replace(offset=offset)

    def moved(self, by: Polynomial) -> Pointer:
        """The address some elements further on."""
        return self.at(None if self.offset is None else self.offset + by)


Value: TypeAlias = Polynomial | Pointer
NOWHERE = Pointer(frozenset(), None, 0)


class Access(NamedTuple):
    """A touch of an array's elements."""

    base: str
    read: bool
    written: bool
    most: Polynomial | None
    """The largest index; None where it isn't known."""
    reason: str
    """Why not."""


class State(NamedTuple):
    """What holds at one place."""

    values: Mapping[str, Value]
    guards: Ranges


@dataclass(slots=True)
class Place:
    """One place of a function, and what was found on the way there."""

    constants: Mapping[str, int]
    """Values of macros and constants of the file."""
    sizes: Mapping[str, int]
    """Bytes of an element of each array."""
    values: dict[str, Value]
    names: Names = field(default_factory=Names)
    guards: Ranges = field(default_factory=Ranges)
    """What conditions around the present place say."""
    accesses: list[Access] = field(default_factory=list)
    recording: bool = True
    iterations: set[Symbol] = field(default_factory=set)
    """Symbols that count a loop's iterations from zero."""
    loads: dict[tuple[str, Polynomial], Polynomial] = field(default_factory=dict)
    """What was read from elements that nothing was written to since."""

    # ---------------------------------------------------------------- what is known

    @property
    def ranges(self) -> Ranges:
        """All bounds that hold here."""
        return self.names.ranges + self.guards

    @property
    def state(self) -> State:
        """What holds here, to come back to."""
        return State(dict(self.values), self.guards)

    def go(self, state: State) -> None:
        """Take up at another place."""
        self.values, self.guards = dict(state.values), state.guards

    def unknown(self, name: str) -> Polynomial:
        """A number of which nothing is known."""
        return Polynomial.symbol(self.names.new(name))

    def joined(self, states: Sequence[State]) -> None:
        """Go on where several ways meet."""
        self.go(states[0])
        for other in states[1:]:
            mine = self.state
            self.values = {
                name: value if value == other.values[name] else self.merged(name, (value, mine.guards), (other.values[name], other.guards))
                for name, value in mine.values.items()
                if name in other.values
            }
            self.guards = mine.guards.common(other.guards)

    def merged(self, name: str, one: tuple[Value, Ranges], two: tuple[Value, Ranges]) -> Value:
        """A value that is one of two, each known where its guards hold."""
        (a, a_guards), (b, b_guards) = one, two
        if isinstance(a, Pointer) and isinstance(b, Pointer):
            offset = None
            if a.offset is not None and b.offset is not None and (a.bases, a.size) == (b.bases, b.size):
                number = self.merged(name, (a.offset, a_guards), (b.offset, b_guards))
                offset = number if isinstance(number, Polynomial) else None
            return Pointer(a.bases | b.bases, offset, a.size)
        if isinstance(a, Pointer) or isinstance(b, Pointer):
            return self.unknown(name)
        where_a, where_b = self.names.ranges + a_guards, self.names.ranges + b_guards
        highs = ([a] if where_b.below(b - a) else []) + ([b] if where_a.below(a - b) else [])
        lows = ([a] if where_b.below(a - b) else []) + ([b] if where_a.below(b - a) else [])
        highs += _agreed(largest_of, (where_a.most(a), where_b.most(b)))
        lows += _agreed(smallest_of, (where_a.least(a), where_b.least(b)))
        return self.names.between(name, lows, highs)

    def note(self, place: Pointer, *, read: bool, written: bool) -> None:
        """Note that an element is touched."""
        if written:
            self.loads = {key: value for key, value in self.loads.items() if key[0] not in place.bases}
        if not self.recording or not place.bases:
            return
        for base in sorted(place.bases):
            most, reason = self._reach(place, self.sizes[base])
            self.accesses.append(Access(base, read, written, most, reason))

    def _reach(self, place: Pointer, size: int) -> tuple[Polynomial | None, str]:
        """The largest index in an array whose elements have so many bytes, or why it isn't known."""
        if place.offset is None or not place.size or place.size % size:
            return None, "a pointer that isn't followed"
        most = self.ranges.most(place.offset)
        if most is None:  # conditions only made it doubtful: arrays are as long as loops are
            most = self.names.ranges.most(place.offset)
        if most is None:
            most = self.ranges.likely(place.offset)
        if most is None:
            return None, f"an index rests on {self.ranges.unbounded(place.offset) or 'bounds of unknown order'}"
        return (most.plus(1) * Polynomial.constant(place.size // size)).plus(-1), ""


def _agreed(choose: Callable[[list[Polynomial]], Polynomial | None], ends: Sequence[Polynomial | None]) -> list[Polynomial]:
    """What is chosen of ends that are all known, if anything is."""
    known = [end for end in ends if end is not None]
    found = choose(known) if len(known) == len(ends) else None
    return [] if found is None else [found]
