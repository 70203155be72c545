"""The first element above a threshold: a search that may stop early."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_WITHOUT = (1, 65, 128)
"""Sizes of inputs without an element above the threshold; at the last one the array ends with a page, so that reading too far is a fault."""
_HITS = {2: 1, 7: 0, 64: 63, 257: 5, 4096: 4095, 65537: 65536}
"""Sizes to where the first hit is, at the ends, where a search that leaves an element or the block that begins with it out goes wrong; at one
that the race check tries, too, all threads meet hits."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Most elements below the threshold, some equal to it or NaN, and many hits behind the first one.

    The first hit is mostly anywhere but at the beginning, at some sizes the very first or the last element. Some sizes have none, and a
    negative threshold, so that reading too far shows.
    """
    has_hit = size > 0 and size not in _WITHOUT
    threshold = np.float32(rng.uniform(0.5, 1.5) * (1 if has_hit else -1))
    x = (threshold - rng.exponential(1.0, size) - 1e-3).astype(np.float32)
    x[rng.random(size) < 0.1] = threshold
    x[rng.random(size) < 0.1] = np.nan
    if has_hit:
        first = _HITS.get(size, int(rng.integers(size // 3, size)))
        later = first + np.flatnonzero(rng.random(size - first) < 0.2)
        x[later] = threshold + rng.exponential(1.0, later.size).astype(np.float32) + np.float32(1e-3)
        x[first] = np.nextafter(threshold, np.float32(np.inf))
    return [size, x, float(threshold)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Comparisons alone, so there is one right answer."""
    _n, x, threshold = cast("tuple[int, Array, float]", tuple[Any, ...](arguments))
    found = np.flatnonzero(x > np.float32(threshold))
    return (exact(np.array([found[0] if found.size else -1], dtype=np.int32)),)


def _num_read(arguments: list[Argument]) -> int:
    """Elements that every search has to look at: none behind the first hit."""
    (found,) = oracle(arguments)
    first = int(found.values[0])
    return first + 1 if first >= 0 else cast("int", arguments[0])


FIND_FIRST = Kernel(
    name="find_first",
    domain="search",
    prototype="int find_first(int n, const float *x, float threshold)",
    summary=(
        "the smallest index i, counted from 0, with x[i] > threshold, where x has n elements; -1 if there is none or n is 0; "
        "elements may be NaN, which are not greater than anything; the index is returned"
    ),
    fortran="""integer(c_int), value :: n
real(c_float), intent(in) :: x(n)
real(c_float), value :: threshold""",
    sizes=(0, 1, 2, 7, 64, 65, 127, 128, 257, 1009, 4096, 65537),
    random_sizes=(200, 9000),
    timed_size=2000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=_num_read,
    num_bytes=lambda arguments: 4 * _num_read(arguments),
)
