"""Inclusive scan of a vector."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Numbers that cancel in part; y holds NaN, so that reading it shows."""
    return [size, rng.uniform(-1.0, 3.0, size), np.full(size, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many additions as there are elements up to each."""
    n, x, _y = cast("tuple[int, Doubles, Doubles]", tuple[Any, ...](arguments))
    return (rounded(np.cumsum(x), np.cumsum(np.abs(x)), np.arange(n)),)


PREFIX_SUM = Kernel(
    name="prefix_sum",
    domain="scan",
    prototype="void prefix_sum(int n, const double *x, double *y)",
    summary="y[i] = x[0] + x[1] + ... + x[i] for each i from 0 to n - 1 (an inclusive scan of n doubles); y holds nothing useful before",
    fortran="""integer(c_int), value :: n
real(c_double), intent(in) :: x(n)
real(c_double), intent(inout) :: y(n)""",
    sizes=(0, 1, 2, 3, 5, 63, 64, 65, 255, 256, 257, 1009, 4096, 65537),
    random_sizes=(200, 9000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 16 * cast("int", arguments[0]),
)
