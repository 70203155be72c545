"""Proposes test cases for a function of unknown meaning by rule; the verifier keeps those that run clean.

Scalars that bound a loop are sizes and take 1, 2, primes and round numbers; other integers stay small. An array is as long as the
function's text says (`hpcraft.data.extents`); where it doesn't, each set of scalars comes with several lengths, from tight to generous.
Integer arrays that are only read may be indices, so their contents are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from random import Random

from hpcraft.data.extents import Extent, extents
from hpcraft.sandbox.abi import Signature, Test, parse_test
from hpcraft.tokenizer.lengths import SLACK

_SIZES = (1, 2, 7, 33, 100, 257)
"""The last is one more than a block of threads has: a launch that forgets the rest shows."""
_MIXED = (3, 5, 10, 17)
REALS = ("0.5", "-1.25", "2.0", "0.75")
"""What scalars that are no integers are given."""
_SMALL = (1, 2, 3)
_LONG = 12_000


def propose(signature: Signature, source: str, *, seed: int = 0, floors: Iterable[tuple[str, Extent]] = ()) -> tuple[tuple[str, ...], ...]:
    """Tests in groups: one group for each set of scalars, its tests ordered from short arrays to long ones.

    Args:
        signature: of the function.
        source: C.
        seed: of everything random.
        floors: scalars that must be as large as something that the other scalars tell, such as the leading dimension of a matrix.
    """
    floors = tuple(floors)
    rng = Random(f"{seed}/{source}")
    sizes = _sizes(signature, source)
    settings = [dict.fromkeys(sizes, size) for size in _SIZES]
    if len(sizes) > 1:
        settings += [{name: rng.choice(_MIXED) for name in sizes} for _ in range(2)]
    products = bool(re.search(r"\w \*|\*\w", source.partition("{")[2]))
    known = extents(source, signature)
    groups: dict[tuple[str, ...], None] = {}
    for number, setting in enumerate(settings):
        scalars = {p.name: _scalar(p.dtype.kind, setting.get(p.name), rng) for p in signature.parameters if not p.pointer}
        drawn, slack = dict(scalars), (0, SLACK)[number % 2]
        _raise(scalars, signature, floors, slack)
        lengths = _lengths(signature, known, scalars)
        while setting and max(lengths.values(), default=0) > _LONG and max(setting.values()) > 1:
            setting = {name: (size + 1) // 2 for name, size in setting.items()}
            scalars = drawn | {name: str(size) for name, size in setting.items()}
            _raise(scalars, signature, floors, slack)
            lengths = _lengths(signature, known, scalars)
        top = max(setting.values(), default=rng.choice(_SIZES))
        wanted = (top + 8, 4 * top + 64, top * top + 64) if products else (top + 8, 4 * top + 64)
        guesses = list(dict.fromkeys(min(_LONG, n) for n in wanted))
        # A fault at the end shows by what it does outside a tight array, or by what it changes at the end of a loose one.
        lengths = {name: length + slack for name, length in lengths.items()}
        rungs = [{p.name: lengths.get(p.name, guess) for p in signature.arrays} for guess in guesses]
        # What the text says may be too little where a scalar isn't a size after all.
        rungs.append({p.name: max(guesses[-1], lengths.get(p.name, 0)) for p in signature.arrays})
        groups[tuple(dict.fromkeys(_test(signature, scalars, rung, max(1, top)) for rung in rungs))] = None
    return tuple(groups)


def large_test(signature: Signature, source: str, *, num_elements: int, seed: int = 0) -> Test | None:
    """One test in which all sizes are as large as so many elements of all arrays together allow.

    None where the function's text doesn't tell the length of an array, or no array grows with a size.
    """
    rng, sizes, known = Random(f"{seed}/{source}"), _sizes(signature, source), extents(source, signature)
    others = {p.name: _scalar(p.dtype.kind, None, rng) for p in signature.parameters if not p.pointer and p.name not in sizes}
    found, elements = "", 0
    for power in range(1, 31):
        scalars = others | dict.fromkeys(sizes, str(1 << power))
        lengths = _lengths(signature, known, scalars)
        total = sum(lengths.values())
        if any(p.name not in lengths for p in signature.arrays) or total == elements:
            return None
        if total > num_elements:
            break
        found, elements = _test(signature, scalars, lengths, 1 << power, longest=num_elements), total
    return parse_test(signature, found) if found else None


def _raise(scalars: dict[str, str], signature: Signature, floors: Iterable[tuple[str, Extent]], slack: int) -> None:
    """Make scalars as large as their floors and ``slack``, and as the largest of all where a floor isn't known."""
    for name, floor in floors:
        whole = _whole(signature, scalars)
        least = floor.length(whole)
        scalars[name] = str(max(whole[name], (max(whole.values()) if least is None else least) + slack))


def _whole(signature: Signature, scalars: Mapping[str, str]) -> dict[str, int]:
    """The integers among the scalars."""
    return {p.name: int(scalars[p.name]) for p in signature.parameters if not p.pointer and p.dtype.kind in "iu"}


def _lengths(signature: Signature, known: Mapping[str, Extent], scalars: Mapping[str, str]) -> dict[str, int]:
    """The lengths that the function's text tells, of arrays that it touches."""
    whole = _whole(signature, scalars)
    found = {name: extent.length(whole, rounded=True) for name, extent in known.items() if extent.read or extent.written}
    return {name: length for name, length in found.items() if length is not None}


def choose(groups: tuple[tuple[str, ...], ...], valid: set[str], killing: set[str], count: int) -> tuple[str, ...]:
    """At most ``count`` of the valid tests: those that kill mutants first, and from each group the shortest before the others.

    All of them where there aren't more: what the verifier found rests on every one.
    """
    shortest = [next(t for t in group if t in valid) for group in groups if any(t in valid for t in group)]
    others = (t for group in groups for t in group if t in valid)
    ranked = sorted(dict.fromkeys((*shortest, *others)), key=lambda t: t not in killing)
    return tuple(ranked[:count])


def _test(signature: Signature, scalars: Mapping[str, str], lengths: Mapping[str, int], bound: int, *, longest: int = _LONG) -> str:
    words = []
    for p in signature.parameters:
        if not p.pointer:
            words.append(scalars[p.name])
        else:
            length = min(lengths[p.name], longest)
            words.append(f"[{length}<{bound}]" if p.dtype.kind in "iu" and p.const and p.ctype != "bool" else f"[{length}]")
    return " ".join(words)


def _scalar(kind: str, size: int | None, rng: Random) -> str:
    if kind == "f":
        return rng.choice(REALS)
    return str(size if size is not None else rng.choice(_SMALL))


def _sizes(signature: Signature, source: str) -> list[str]:
    """The integer parameters that bound a loop."""
    bounds = _loop_bounds(source)
    return [p.name for p in signature.parameters if not p.pointer and p.dtype.kind in "iu" and p.name in bounds]


def _loop_bounds(source: str) -> set[str]:
    """Names in the conditions of loops, and names that other bounds are computed from."""
    heads = re.findall(r"\bfor\s*\([^;]*;([^;]*);", source) + re.findall(r"\bwhile\s*\(([^)]*)\)", source)
    return {word for head in heads for word in re.findall(r"[A-Za-z_]\w*", head)}
