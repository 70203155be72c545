"""Weights and counts of numbers by uniform bins."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, exact, rounded
from hpcraft.sandbox.abi import Argument, Array

_POISON = -123_456_789
_WIDTH = 0.5
"""A power of two, and edges its multiples: every way to write the bin number gives the same."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Numbers well inside of bins, on both ends of the range and outside; NaN in the sums and a pattern in the counts."""
    bins = int(rng.integers(1, 60))
    low = _WIDTH * int(rng.integers(-20, 5))
    high = low + _WIDTH * bins
    x = low + _WIDTH * (rng.integers(0, bins, size) + rng.uniform(0.05, 0.95, size))
    special = rng.random(size) < 0.15
    x[special] = rng.choice([low, high, low - 0.25, high + 0.25, low - 1e9, high + 1e9], int(special.sum()))
    weight = rng.uniform(-1.0, 3.0, size)
    return [size, x, weight, bins, low, high, np.full(bins, np.nan), np.full(bins, _POISON, dtype=np.int64)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many additions in a bin as it has members."""
    _n, x, weight, bins, low, high, _sums, _counts = cast(
        "tuple[int, Doubles, Doubles, int, float, float, Doubles, Array]", tuple[Any, ...](arguments)
    )
    inside = (x >= low) & (x <= high)
    number = np.minimum(np.floor((x[inside] - low) / _WIDTH).astype(np.int64), bins - 1)
    counts = np.bincount(number, minlength=bins)
    sums, scale = (np.bincount(number, weights=w[inside], minlength=bins) for w in (weight, np.abs(weight)))
    # Without members bincount forgets the type of the weights.
    return rounded(sums.astype(np.float64), scale, counts), exact(counts.astype(np.int64))


WEIGHTED_HISTOGRAM = Kernel(
    name="weighted_histogram",
    domain="histogram",
    prototype=(
        "void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, "
        "double *sums, long *counts)"
    ),
    summary=(
        "share the n doubles of x between `bins` equal bins of the width w = (high - low) / bins: bin b, counted from 0, takes "
        "low + b w <= x[i] < low + (b + 1) w, and the last bin also x[i] = high; what is below low or above high belongs to no bin. "
        "sums[b] = sum of weight[i] over the members of bin b, counts[b] = how many they are. bins is at least 1 and low < high, n may "
        "be 0; sums and counts hold nothing useful before"
    ),
    fortran="""integer(c_int), value :: n, bins
real(c_double), intent(in) :: x(n), weight(n)
real(c_double), value :: low, high
real(c_double), intent(inout) :: sums(bins)
integer(c_long), intent(inout) :: counts(bins)""",
    sizes=(0, 1, 2, 5, 63, 64, 65, 1009, 4096, 30011),
    random_sizes=(200, 9000),
    timed_size=500009,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 4 * cast("int", arguments[0]),
    num_bytes=lambda arguments: 16 * (cast("int", arguments[0]) + cast("int", arguments[3])),
)
