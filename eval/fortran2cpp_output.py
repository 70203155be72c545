"""What programs print, as words and numbers: how Fortran and C++ lay out the same things says nothing.

Numbers agree to six significant digits, as C++ prints by itself; whole numbers must be equal. Words are compared without case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

Token = str | float

_RELATIVE = 5e-6
_EXACT = 1e6
"""Whole numbers below are counted, not measured."""
_SMALL = 16
"""Whole numbers up to this stand in any program."""
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?|[+-]?\b(?:nan|inf(?:inity)?)\b"
_TOKEN = re.compile(rf"(?P<number>(?<![\w.]){_NUMBER})(?!\w)|(?P<word>\w+)", re.IGNORECASE)
_LITERAL = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?", re.IGNORECASE)
_LOGICAL = {"t": "true", "f": "false"}
_TRUTH = {"true": 1.0, "false": 0.0}


def tokens_of(text: str) -> Iterator[Token]:
    """The words and numbers of an output."""
    for match in _TOKEN.finditer(text):
        if match["number"]:
            yield float(match["number"].lower().replace("d", "e"))
        else:
            word = match["word"].lower()
            yield _LOGICAL.get(word, word)


def first_difference(wanted: Sequence[Token], got: Sequence[Token], whose: str) -> str:
    """Where two outputs differ; empty where they don't."""
    for index, (want, have) in enumerate(zip(wanted, got, strict=False)):
        if not _equal(want, have):
            return f"printed {_word(have)} instead of {_word(want)} {whose} (item {index + 1} of {len(wanted)})"
    if len(got) != len(wanted):
        return f"printed {len(got)} words and numbers instead of {len(wanted)} {whose}"
    return ""


def results(tokens: Sequence[Token], texts: Sequence[str]) -> tuple[float, ...]:
    """The numbers of an output that stand in none of the texts, without signs and small whole ones."""
    written = [number for text in texts for number in literals(text)]
    found = dict.fromkeys(abs(t) for t in tokens if isinstance(t, float) and math.isfinite(t))
    return tuple(n for n in found if not (n.is_integer() and n <= _SMALL) and not any(near(n, other) for other in written))


def literals(text: str) -> list[float]:
    """The numbers that are written in a program."""
    return [float(number.lower().replace("d", "e")) for number in _LITERAL.findall(text)]


def near(want: float, have: float) -> bool:
    """Whether two numbers are the same, as far as they are printed."""
    if not (math.isfinite(want) and math.isfinite(have)):
        return want == have or (math.isnan(want) and math.isnan(have))
    if want.is_integer() and have.is_integer() and max(abs(want), abs(have)) < _EXACT:
        return want == have
    return abs(want - have) <= _RELATIVE * max(abs(want), abs(have))


def _equal(want: Token, have: Token) -> bool:
    if isinstance(want, float) and isinstance(have, float):
        return near(want, have)
    # C++ prints truth values as numbers.
    return want == have or (isinstance(have, float) and _TRUTH.get(str(want)) == have)


def _word(token: Token) -> str:
    return token[:40] if isinstance(token, str) else f"{token:.9g}"
