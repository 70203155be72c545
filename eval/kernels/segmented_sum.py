"""Sums of consecutive segments of very different length."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument, Array

_LONG = 500


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Short segments, empty ones (the first and the last among them, from some size on) and a long one; sums holds NaN."""
    lengths = rng.integers(0, 12, size)
    lengths[rng.random(size) < 0.2] = 0
    lengths[size // 2 : size // 2 + 1] = _LONG
    if size > 3:
        lengths[[0, -1]] = 0
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    x = rng.uniform(-1.0, 2.0, int(offsets[-1])).astype(np.float32)
    return [size, offsets, x, np.full(size, np.nan, dtype=np.float32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many additions in single precision as the segment has elements."""
    n, offsets, x, _sums = cast("tuple[int, Array, Array, Array]", tuple[Any, ...](arguments))
    ends = np.asarray(offsets, dtype=np.int64)
    sums = np.concatenate([np.zeros(1), np.cumsum(np.abs(np.asarray(x, dtype=np.float64)))])
    scale = sums[ends[1:]] - sums[ends[:-1]]
    values = np.array([np.asarray(x[ends[s] : ends[s + 1]], dtype=np.float64).sum() for s in range(n)], dtype=np.float32)
    return (rounded(values, scale, np.diff(ends)),)


SEGMENTED_SUM = Kernel(
    name="segmented_sum",
    domain="scan",
    prototype="void segmented_sum(int n, const int *offsets, const float *x, float *sums)",
    summary=(
        "sums[s] = x[offsets[s]] + ... + x[offsets[s + 1] - 1] for each of the n segments s of the floats of x, counted from 0; "
        "offsets has n + 1 elements that begin with 0 and never decrease; an empty segment has the sum 0, and some segments are far longer "
        "than others; sums holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n
integer(c_int), intent(in) :: offsets(n + 1)
real(c_float), intent(in) :: x(*)
real(c_float), intent(inout) :: sums(n)""",
    sizes=(0, 1, 2, 3, 8, 31, 32, 33, 257, 4096, 8191),
    random_sizes=(150, 2000),
    timed_size=100003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("Array", arguments[2]).size,
    num_bytes=lambda arguments: 4 * (cast("Array", arguments[2]).size + 2 * cast("int", arguments[0]) + 1),
)
