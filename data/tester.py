"""Proposes test cases for a function of unknown meaning by rule; the verifier keeps those that run clean.

Scalars that bound a loop are sizes and take 1, 2, primes and round numbers; other integers stay small. How long an array must be isn't known,
so each set of scalars comes with several lengths, from tight to generous. Integer arrays that are only read may be indices, so their contents are bounded.
"""

from __future__ import annotations

import re
from random import Random

from hpcraft.sandbox.abi import Signature

_SIZES = (1, 2, 7, 33, 100, 257)
"""The last is one more than a block of threads has: a launch that forgets the rest shows."""
_MIXED = (3, 5, 10, 17)
_REALS = ("0.5", "-1.25", "2.0", "0.75")
_SMALL = (1, 2, 3)
_LONG = 12_000


def propose(signature: Signature, source: str, *, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """Tests in groups: one group for each set of scalars, its tests ordered from short arrays to long ones."""
    rng = Random(f"{seed}/{source}")
    bounds = _loop_bounds(source)
    sizes = [p.name for p in signature.parameters if not p.pointer and p.dtype.kind in "iu" and p.name in bounds]
    settings = [dict.fromkeys(sizes, size) for size in _SIZES]
    if len(sizes) > 1:
        settings += [{name: rng.choice(_MIXED) for name in sizes} for _ in range(2)]
    products = bool(re.search(r"\w \*|\*\w", source.partition("{")[2]))
    groups: dict[tuple[str, ...], None] = {}
    for setting in settings:
        scalars = {p.name: _scalar(p.dtype.kind, setting.get(p.name), rng) for p in signature.parameters if not p.pointer}
        top = max(setting.values(), default=rng.choice(_SIZES))
        wanted = (top + 8, 4 * top + 64, top * top + 64) if products else (top + 8, 4 * top + 64)
        lengths = list(dict.fromkeys(min(_LONG, n) for n in wanted))
        groups[tuple(_test(signature, scalars, length, max(1, top)) for length in lengths)] = None
    return tuple(groups)


def choose(groups: tuple[tuple[str, ...], ...], valid: set[str], killing: set[str], count: int) -> tuple[str, ...]:
    """At most ``count`` of the valid tests: from each group the shortest valid one, those that kill mutants first."""
    shortest = [next(t for t in group if t in valid) for group in groups if any(t in valid for t in group)]
    ranked = sorted(dict.fromkeys(shortest), key=lambda t: t not in killing)
    return tuple(ranked[:count])


def _test(signature: Signature, scalars: dict[str, str], length: int, bound: int) -> str:
    words = []
    for p in signature.parameters:
        if not p.pointer:
            words.append(scalars[p.name])
        else:
            words.append(f"[{length}<{bound}]" if p.dtype.kind in "iu" and p.const and p.ctype != "bool" else f"[{length}]")
    return " ".join(words)


def _scalar(kind: str, size: int | None, rng: Random) -> str:
    if kind == "f":
        return rng.choice(_REALS)
    return str(size if size is not None else rng.choice(_SMALL))


def _loop_bounds(source: str) -> set[str]:
    """Names in the conditions of loops, and names that other bounds are computed from."""
    heads = re.findall(r"\bfor\s*\([^;]*;([^;]*);", source) + re.findall(r"\bwhile\s*\(([^)]*)\)", source)
    return {word for head in heads for word in re.findall(r"[A-Za-z_]\w*", head)}
