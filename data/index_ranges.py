"""What is known of integers at one place of a function: bounds of symbols from heads of loops and from conditions.

A condition says that a polynomial isn't above zero; it is kept as a bound of the newest symbol in it, by older ones. The largest value
of an index comes from putting bounds in place of symbols, the newest first.

Not covered: bounds of products of two unknowns, and of what a function is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hpcraft.data.polynomials import Polynomial, Symbol, largest_of, sign, smallest_of

_MOST_WAYS = 64


@dataclass(frozen=True, slots=True)
class Ranges:
    """Bounds of symbols, each by older ones; of several for one symbol all hold."""

    lows: tuple[tuple[Symbol, Polynomial], ...] = ()
    highs: tuple[tuple[Symbol, Polynomial], ...] = ()
    facts: tuple[Polynomial, ...] = ()
    """What was assumed not to be above zero."""

    def __add__(self, other: Ranges) -> Ranges:
        """What is known from two sides."""
        return Ranges(self.lows + other.lows, self.highs + other.highs, self.facts + other.facts)

    def common(self, other: Ranges) -> Ranges:
        """What both sides know."""
        return Ranges(
            tuple(b for b in self.lows if b in other.lows),
            tuple(b for b in self.highs if b in other.highs),
            tuple(f for f in self.facts if f in other.facts),
        )

    def about(self, oldest: Symbol) -> Ranges:
        """The bounds of a symbol and of those that were made after it."""
        return Ranges(tuple(b for b in self.lows if b[0] >= oldest), tuple(b for b in self.highs if b[0] >= oldest))

    def with_low(self, symbol: Symbol, *bounds: Polynomial) -> Ranges:
        """With bounds from below."""
        return replace(self, lows=(*self.lows, *((symbol, b) for b in bounds)))

    def with_high(self, symbol: Symbol, *bounds: Polynomial) -> Ranges:
        """With bounds from above."""
        return replace(self, highs=(*self.highs, *((symbol, b) for b in bounds)))

    def assuming(self, polynomial: Polynomial) -> Ranges:
        """Where ``polynomial`` is at most zero."""
        return replace(self, facts=(*self.facts, polynomial))._bounded(polynomial)

    def _bounded(self, polynomial: Polynomial) -> Ranges:
        made = [s for s in polynomial.symbols if s.number]
        if not made:
            return self
        symbol = max(made)
        parts = polynomial.by_degree(symbol)
        beside = parts.get(1, Polynomial())
        rest = parts.get(0, Polynomial())
        direction = sign(beside)
        if symbol.quotient is not None or max(parts) > 1 or not direction:
            return self
        bound = _even(-rest, beside) if direction > 0 else _even(rest, -beside)
        if bound is None:
            return self
        # A quotient is cut off towards zero, which as a bound from below may be one too low: that is still one.
        return self.with_high(symbol, bound) if direction > 0 else self.with_low(symbol, bound)

    def below(self, polynomial: Polynomial) -> bool:
        """Whether ``polynomial`` is known to be at most zero."""
        if sign(polynomial) in (0, -1):
            return True
        rests = [(polynomial - fact).number for fact in self.facts]
        if any(rest is not None and rest <= 0 for rest in rests):
            return True
        most = self.most(polynomial)
        return most is not None and sign(most) in (0, -1)

    def most(self, polynomial: Polynomial, floor: int = 0) -> Polynomial | None:
        """The largest value, by symbols up to number ``floor``; None where it isn't known, or none of several is always the smallest."""
        return smallest_of(self._ends(polynomial, floor, up=True))

    def least(self, polynomial: Polynomial, floor: int = 0) -> Polynomial | None:
        """The smallest value, as `most`."""
        return largest_of(self._ends(polynomial, floor, up=False))

    def likely(self, polynomial: Polynomial) -> Polynomial | None:
        """Of several largest values of unknown order the only one that is a plain product less one, as sizes of arrays are."""
        plain = [end for end in self._ends(polynomial, 0, up=True) if len(end.plus(1).terms) == 1]
        return plain[0] if len(plain) == 1 else None

    def unbounded(self, polynomial: Polynomial) -> str:
        """The name of a symbol that keeps the largest value from being known; empty for none."""
        left, seen = [s for s in polynomial.symbols if s.number], set[Symbol]()
        while left:
            symbol = left.pop()
            bounds = [bound for of, bound in self.highs if of == symbol]
            if not bounds and symbol.quotient is None:
                return symbol.name.partition("#")[0]
            seen.add(symbol)
            left += [s for bound in bounds for s in bound.symbols if s.number and s not in seen]
        return ""

    def _ends(self, polynomial: Polynomial, floor: int, *, up: bool) -> list[Polynomial]:
        ways, done = [polynomial], dict[Polynomial, None]()
        while ways and len(done) < _MOST_WAYS:
            way = ways.pop()
            newer = [s for s in way.symbols if s.number > floor]
            if not newer:
                done[way] = None
                continue
            symbol = max(newer)
            grows = _grows(way, symbol)
            if grows is None:
                continue
            bounds = self.highs if grows == up else self.lows
            found = dict.fromkeys(bound for of, bound in bounds if of == symbol)
            ways += [way.substituted(symbol, bound) for bound in found]
            ways = ways[-_MOST_WAYS:]
        return list(done)


def _grows(polynomial: Polynomial, symbol: Symbol) -> bool | None:
    """Whether a polynomial rises with a symbol that isn't below zero, or falls; None where it may do both."""
    signs = {sign(beside) for degree, beside in polynomial.by_degree(symbol).items() if degree}
    if signs <= {0, 1}:
        return True
    return False if signs <= {0, -1} else None


def _even(dividend: Polynomial, divisor: Polynomial) -> Polynomial | None:
    """A quotient of what a function is given, or one that comes out for anything."""
    if divisor.number == 1:
        return dividend
    try:
        found = dividend.divided(divisor)
    except OverflowError:
        return None
    return None if any(s.quotient is not None and s.number for s in found.symbols) else found


@dataclass(slots=True)
class Names:
    """Makes symbols, and keeps what is known of them wherever they are used."""

    count: int = 0
    ranges: Ranges = field(default_factory=Ranges)

    def given(self, name: str) -> Polynomial:
        """What a function is given."""
        return Polynomial.symbol(Symbol(0, name))

    def new(self, name: str) -> Symbol:
        """A symbol of which nothing is known."""
        self.count += 1
        return Symbol(self.count, f"{name}#{self.count}")

    def between(self, name: str, lows: list[Polynomial], highs: list[Polynomial]) -> Polynomial:
        """Something that isn't below any of ``lows`` nor above any of ``highs``."""
        symbol = self.new(name)
        self.ranges = self.ranges.with_low(symbol, *lows).with_high(symbol, *highs)
        return Polynomial.symbol(symbol)
