"""y = a x + y on vectors."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Two random vectors of ``size`` elements."""
    return [size, float(rng.uniform(0.5, 2.0)), rng.standard_normal(size), rng.standard_normal(size)]


def oracle(arguments: list[Argument]) -> Outputs:
    """One multiplication and one addition per element."""
    _n, a, x, y = cast("tuple[int, float, Doubles, Doubles]", tuple[Any, ...](arguments))
    return (Expected(values=a * x + y, tolerance=4 * EPS * (np.abs(a * x) + np.abs(y))),)


AXPY = Kernel(
    name="axpy",
    domain="dense linear algebra",
    prototype="void axpy(int n, double a, const double *x, double *y)",
    summary="y = a x + y, where x and y are vectors of n doubles",
    fortran="""integer(c_int), value :: n
real(c_double), value :: a
real(c_double), intent(in) :: x(n)
real(c_double), intent(inout) :: y(n)""",
    sizes=(0, 1, 2, 3, 7, 63, 64, 65, 1009, 4096, 100003),
    random_sizes=(200, 9000),
    timed_size=2_000_003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 2 * cast("int", arguments[0]),
    num_bytes=lambda arguments: 24 * cast("int", arguments[0]),
)
