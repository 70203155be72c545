"""Comparing what two runs of a program print: numbers with a fraction or an exponent within a tolerance, everything else exactly.

Blanks don't count, but as separators; lines may come in any order where ranks or threads print them (``ordered=False``). A number that
is not finite equals only itself.

Not covered: output that has the time of day or addresses in it; programs that print those are no tests.
"""

from __future__ import annotations

import re
from math import isclose

RELATIVE, ABSOLUTE = 1e-5, 1e-9
"""Tolerances of numbers with a fraction or an exponent: sums in another order differ by less, wrong results mostly by more."""

_NUMBER = r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eEdD][+-]?\d))(?:[eEdD][+-]?\d+)?"
_PIECE = re.compile(rf"({_NUMBER})(?![\w.])")


def difference(expected: str, got: str, *, ordered: bool = True) -> str:
    """What is different, in a few words; empty when nothing is."""
    wanted, found = _lines(expected), _lines(got)
    if len(wanted) != len(found):
        return f"printed {len(found)} lines, {len(wanted)} expected"
    if not ordered and wanted != found:
        wanted, found = sorted(wanted, key=_key), sorted(found, key=_key)
    for number, (one, other) in enumerate(zip(wanted, found, strict=True), 1):
        if not _alike(one, other):
            where = f"line {number}" if ordered else "a line"
            return f"printed something else in {where} of {len(wanted)}"
    return ""


def _lines(text: str) -> list[str]:
    return [words for line in text.splitlines() if (words := " ".join(line.split()))]


def _key(line: str) -> str:
    """Puts lines whose numbers differ by rounding next to their like."""
    return _PIECE.sub(lambda m: f"{_value(m[1]):.4e}", line)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    left, right = _PIECE.split(one), _PIECE.split(other)
    if len(left) != len(right) or left[::2] != right[::2]:
        return False
    return all(isclose(_value(a), _value(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in zip(left[1::2], right[1::2], strict=True))


def _value(text: str) -> float:
    return float(re.sub("[dD]", "e", text))
