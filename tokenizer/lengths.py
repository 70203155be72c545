"""Array lengths of test cases as expressions of the function's scalars, which a model can write without doing sums.

``13 2 [26] [13]`` becomes ``13 2 [v0*v1] [v0]`` when every test of the function agrees with that, and is
computed back to numbers when an answer is read. Every other test of the rule's (`hpcraft.data.tester`) has arrays a little longer than needed:
``[v0]`` in one, ``[v0+8]`` in the next.
Not covered: lengths that are no product of up to three scalars plus or minus a small constant; they stay numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement

_ARRAY = re.compile(r"\[([^\]<]+)(?:<([^\]]+))?\]")
_FACTOR = re.compile(r"[A-Za-z_]\w*|\d+")
_OFFSETS = (0, 1, -1, 2, -2)
SLACK = 8
"""By how much an array of a test may be longer than what its function needs."""


def generalise(tests: Sequence[Sequence[str]], names: Sequence[str]) -> list[list[str]]:
    """Write lengths and bounds as expressions over the scalars, where one expression fits all ``tests``.

    Args:
        tests: the words of each test, one for each parameter.
        names: the parameters' names.
    """
    whole = [i for i in range(len(names)) if all(re.fullmatch(r"\d+", t[i]) for t in tests)]
    scalars = [{names[i]: int(t[i]) for i in whole} for t in tests]
    result = [list(t) for t in tests]
    for i in range(len(names)):
        matches = [_ARRAY.fullmatch(t[i]) for t in tests]
        parts = [m.groups() for m in matches if m]
        if len(parts) != len(tests) or len({p[1] is None for p in parts}) != 1:
            continue
        lengths = _fit([p[0] for p in parts], scalars)
        bounds = _fit([p[1] for p in parts], scalars) if parts[0][1] else [""] * len(parts)
        for row, length, bound in zip(result, lengths, bounds, strict=True):
            row[i] = f"[{length}<{bound}]" if bound else f"[{length}]"
    return result


def evaluate(words: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Compute the expressions of one test back to numbers; None when it isn't a test for these parameters."""
    if len(words) != len(names):
        return None
    scalars = {name: int(word) for name, word in zip(names, words, strict=True) if re.fullmatch(r"\d{1,9}", word)}
    result = []
    for word in words:
        match = _ARRAY.fullmatch(word)
        if match is None:
            result.append(word)
            continue
        values = [_value(part, scalars) for part in match.groups() if part is not None]
        if any(v is None or v < 0 for v in values):
            return None
        result.append("[" + "<".join(str(v) for v in values) + "]")
    return result


def _fit(words: Sequence[str], scalars: Sequence[Mapping[str, int]]) -> list[str]:
    """The numbers ``words`` as the simplest expression that gives them all, with or without slack; themselves where there is none.

    A single test proves nothing.
    """
    if len({tuple(s.items()) for s in scalars}) < 2:
        return list(words)
    values = [int(word) for word in words]
    for product, offset in _expressions(list(scalars[0])):
        over = [value - (_value(product, s) or 0) - offset for value, s in zip(values, scalars, strict=True)]
        if set(over) <= {0, SLACK}:
            return [product + (f"{offset + more:+d}" if offset + more else "") for more in over]
    return list(words)


def _expressions(names: list[str]) -> Iterator[tuple[str, int]]:
    """Products of scalars and what is added to them, the simplest first."""
    products = [*names, *("*".join(pair) for pair in combinations_with_replacement(names, 2))]
    products += ["*".join(three) for three in combinations_with_replacement(names, 3)] if len(names) <= 5 else []
    for offset in _OFFSETS:
        for product in products:
            yield product, offset


def _value(text: str, scalars: Mapping[str, int]) -> int | None:
    """Value of a product of names and numbers with a constant added."""
    match = re.fullmatch(r"([\w*]+)([+-]\d{1,3})?", text)
    if match is None:
        return None
    value = 1
    for factor in match[1].split("*"):
        if factor.isdecimal() and len(factor) < 10:
            value *= int(factor)
        elif factor in scalars:
            value *= scalars[factor]
        else:
            return None
    return value + int(match[2] or 0) if value < 1 << 40 else None
