"""Offsets from counts: an exclusive scan of integers whose sums need 64 bits, and the total, returned."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_POISON = -0x5A5A5A5A5A5A5A5B


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Counts that are often zero and sometimes so large that a few of them don't fit an int together."""
    counts = rng.integers(0, 50, size).astype(np.int32)
    counts[rng.random(size) < 0.3] = 0
    large = rng.random(size) < 0.2
    counts[large] = rng.integers(1 << 29, (1 << 31) - 1, int(large.sum()))
    counts[:1] += 1
    return [size, counts, np.full(size, _POISON, dtype=np.int64)]


def oracle(arguments: list[Argument]) -> Outputs:
    """The offsets, then the total."""
    _n, counts, _offsets = cast("tuple[int, Array, Array]", tuple[Any, ...](arguments))
    ends = np.cumsum(np.asarray(counts, dtype=np.int64))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), ends])
    return exact(offsets[:-1]), exact(offsets[-1:])


EXCLUSIVE_SCAN = Kernel(
    name="exclusive_scan",
    domain="scan",
    prototype="long exclusive_scan(int n, const int *counts, long *offsets)",
    summary=(
        "offsets[i] = counts[0] + ... + counts[i - 1] for each i from 0 to n - 1, so that offsets[0] = 0 (an exclusive scan), and return "
        "the sum of all n counts, which is 0 for n = 0. No count is negative; sums fit a long but often no int; "
        "offsets has n elements and holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n
integer(c_int), intent(in) :: counts(n)
integer(c_long), intent(inout) :: offsets(n)""",
    sizes=(0, 1, 2, 3, 7, 31, 32, 33, 127, 128, 129, 2003, 4096, 32769),
    random_sizes=(200, 9000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 12 * cast("int", arguments[0]),
)
