"""Polynomials over integer symbols: what loop bounds and indices of arrays are made of.

A symbol is a scalar that a function is given, or something that was made on the way, such as the number of a loop's iteration; later ones
have larger numbers. A quotient that doesn't come out even is a symbol of its own. Order between polynomials is looked for at points where
every name that a function is given is at least one, as sizes are, and every other symbol at least zero: it is found by trying, not proved.

Not covered: division by more than one product, and anything but whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

_VALUES = (1, 1, 2, 3, 4, 5, 7, 8, 13, 40)
_NUM_POINTS = 32
_MOST_TERMS = 60


class Symbol(NamedTuple):
    """A name in polynomials; older ones come first."""

    number: int
    """0 for what a function is given, else the order of making."""
    name: str
    quotient: tuple[Polynomial, Polynomial] | None = None
    """Dividend and divisor of a symbol that stands for their quotient, cut off towards zero as C does."""

    def value(self, values: Mapping[str, int]) -> int:
        """The symbol's value where the values of names are given."""
        if self.quotient is None:
            return values[self.name]
        dividend, divisor = (p.value(values) for p in self.quotient)
        return quotient(dividend, divisor)


def quotient(dividend: int, divisor: int) -> int:
    """Integer division as in C; 0 for one by zero."""
    if not divisor:
        return 0
    result = abs(dividend) // abs(divisor)
    return result if (dividend < 0) == (divisor < 0) else -result


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A sum of products of symbols with integer factors."""

    terms: tuple[tuple[tuple[Symbol, ...], int], ...] = ()
    """Products, each in the order of symbols, with factors other than zero; in order."""

    @classmethod
    def of(cls, terms: Iterable[tuple[tuple[Symbol, ...], int]]) -> Polynomial:
        """The sum of terms, of which several may have the same symbols.

        Raises:
            OverflowError: too many to be an index that somebody wrote.
        """
        total: dict[tuple[Symbol, ...], int] = {}
        for product, factor in terms:
            total[product] = total.get(product, 0) + factor
        if len(total) > _MOST_TERMS:
            raise OverflowError(f"{len(total)} terms")
        return cls(tuple(sorted((p, f) for p, f in total.items() if f)))

    @classmethod
    def constant(cls, value: int) -> Polynomial:
        """A number."""
        return cls((((), value),) if value else ())

    @classmethod
    def symbol(cls, symbol: Symbol) -> Polynomial:
        """A symbol alone."""
        return cls((((symbol,), 1),))

    def __add__(self, other: Polynomial) -> Polynomial:
        """The sum."""
        return Polynomial.of((*self.terms, *other.terms))

    def __neg__(self) -> Polynomial:
        """The opposite."""
        return Polynomial(tuple((p, -f) for p, f in self.terms))

    def __sub__(self, other: Polynomial) -> Polynomial:
        """The difference."""
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        """The product."""
        return Polynomial.of((tuple(sorted((*p, *q))), f * g) for p, f in self.terms for q, g in other.terms)

    def plus(self, value: int) -> Polynomial:
        """The sum with a number."""
        return self + Polynomial.constant(value)

    @property
    def number(self) -> int | None:
        """The value of one without symbols; None for others."""
        return None if any(p for p, _ in self.terms) else sum(f for _, f in self.terms)

    @property
    def symbols(self) -> set[Symbol]:
        """The symbols in it."""
        return {s for p, _ in self.terms for s in p}

    @property
    def newest(self) -> int:
        """The largest number of a symbol in it, 0 for none."""
        return max((s.number for s in self.symbols), default=0)

    def by_degree(self, symbol: Symbol) -> dict[int, Polynomial]:
        """Power of a symbol to what stands beside it."""
        parts: dict[int, list[tuple[tuple[Symbol, ...], int]]] = {}
        for product, factor in self.terms:
            rest = tuple(s for s in product if s != symbol)
            parts.setdefault(len(product) - len(rest), []).append((rest, factor))
        return {degree: Polynomial.of(terms) for degree, terms in parts.items()}

    def substituted(self, symbol: Symbol, by: Polynomial) -> Polynomial:
        """The polynomial with another in place of a symbol."""
        total = Polynomial()
        for degree, beside in self.by_degree(symbol).items():
            for _ in range(degree):
                beside = beside * by
            total = total + beside
        return total

    def value(self, values: Mapping[str, int]) -> int:
        """The value where the values of names are given."""
        total = 0
        for product, factor in self.terms:
            for symbol in product:
                factor *= symbol.value(values)
            total += factor
        return total

    def divided(self, by: Polynomial) -> Polynomial:
        """The integer quotient; one that doesn't come out is a symbol of its own, of the newest number in it."""
        if len(by.terms) == 1 and by.terms[0][1] > 0:
            (product, factor), whole, rest = by.terms[0], list[tuple[tuple[Symbol, ...], int]](), list[tuple[tuple[Symbol, ...], int]]()
            for mine, own in self.terms:
                left = _without(mine, product)
                if left is None or own % factor:
                    rest.append((mine, own))
                else:
                    whole.append((left, own // factor))
            remainder = Polynomial(tuple(rest)).number
            if remainder is not None and (remainder == 0 or (whole and -factor <= remainder < factor)):
                return Polynomial.of(whole).plus(-1 if remainder < 0 else 0)
        if self.number is not None and by.number is not None:
            return Polynomial.constant(quotient(self.number, by.number))
        name = f"{_bracketed(self)}/{_bracketed(by)}"
        return Polynomial.symbol(Symbol(max(self.newest, by.newest), name, (self, by)))

    def rounded(self) -> Polynomial:
        """Its products of the most symbols alone, where they are never less: ``n*m`` for ``n*m - m - 1``."""
        most = max((len(product) for product, _ in self.terms), default=0)
        whole = Polynomial(tuple((p, f) for p, f in self.terms if len(p) == most and f > 0))
        return whole if sign(whole - self) in (0, 1) else self

    def text(self) -> str:
        """As an expression of C."""
        ordered = sorted(self.terms, key=lambda t: (t[1] < 0, -len(t[0]), [s.name for s in t[0]]))
        text = ""
        for product, factor in ordered:
            words = [s.name if s.quotient is None or (product == (s,) and abs(factor) == 1) else f"({s.name})" for s in product]
            words = words if words and abs(factor) == 1 else [str(abs(factor)), *words]
            sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
            text += sign + "*".join(words)
        return text or "0"


def _without(product: tuple[Symbol, ...], part: tuple[Symbol, ...]) -> tuple[Symbol, ...] | None:
    left = list(product)
    for symbol in part:
        if symbol not in left:
            return None
        left.remove(symbol)
    return tuple(left)


def _bracketed(polynomial: Polynomial) -> str:
    text = polynomial.text()
    return text if text.isalnum() or text.isidentifier() else f"({text})"


# ---------------------------------------------------------------- order


def sign(polynomial: Polynomial) -> int | None:
    """1 where it is never below zero and somewhere above, -1 the other way round, 0 where it is always zero; None for one that changes."""
    values = [polynomial.value(point) for point in _points(tuple(sorted(_names(polynomial))))]
    if min(values) >= 0:
        return int(max(values) > 0)
    return -1 if max(values) <= 0 else None


def largest_of(found: Iterable[Polynomial]) -> Polynomial | None:
    """The one that no other exceeds; None where none is, or none is given."""
    rest = list(dict.fromkeys(found))
    return next((a for a in rest if all(sign(a - b) in (0, 1) for b in rest)), None)


def smallest_of(found: Iterable[Polynomial]) -> Polynomial | None:
    """The one that exceeds no other; None where none is, or none is given."""
    rest = list(dict.fromkeys(found))
    return next((a for a in rest if all(sign(b - a) in (0, 1) for b in rest)), None)


def _names(polynomial: Polynomial) -> set[str]:
    names: set[str] = set()
    for symbol in polynomial.symbols:
        names |= {symbol.name} if symbol.quotient is None else _names(symbol.quotient[0]) | _names(symbol.quotient[1])
    return names


@cache
def _points(names: tuple[str, ...]) -> tuple[dict[str, int], ...]:
    rng = Random("/".join(names))
    return tuple({name: rng.choice(_VALUES) - ("#" in name) for name in names} for _ in range(_NUM_POINTS))
