"""Counts of integers by value."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_POISON = 1_000_003


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Half of the values in one bin, which threads then meet in; some below and above the range; a pattern in the counts."""
    bins = int(rng.integers(1, 200))
    x = rng.integers(0, bins, size).astype(np.int32)
    x[rng.random(size) < 0.5] = rng.integers(bins)
    outside = rng.random(size) < 0.1
    x[outside] = rng.choice([-1, -(1 << 31), bins, bins + 1, (1 << 31) - 1], int(outside.sum()))
    return [size, x, bins, np.full(bins, _POISON, dtype=np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Values that are no bin are left out."""
    _n, x, bins, _counts = cast("tuple[int, Array, int, Array]", tuple[Any, ...](arguments))
    values = np.asarray(x, dtype=np.int64)
    inside = values[(values >= 0) & (values < bins)]
    return (exact(np.bincount(inside, minlength=bins).astype(np.int32)),)


HISTOGRAM = Kernel(
    name="histogram",
    domain="histogram",
    prototype="void histogram(int n, const int *x, int bins, int *counts)",
    summary=(
        "counts[b] = how many of the n integers of x equal b, for each b from 0 to bins - 1; values below 0 and from bins on are not "
        "counted; bins is at least 1, n may be 0; counts holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n, bins
integer(c_int), intent(in) :: x(n)
integer(c_int), intent(inout) :: counts(0:bins - 1)""",
    sizes=(0, 1, 2, 7, 63, 64, 65, 1009, 4096, 65537),
    random_sizes=(200, 9000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 4 * (cast("int", arguments[0]) + cast("int", arguments[2])),
)
