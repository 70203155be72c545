"""Sum of the products of two vectors' elements, returned."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Vectors whose products are mostly positive, so that a sum kept in single precision is off by more than is allowed."""
    x = rng.standard_normal(size)
    return [size, x, 0.5 * x + 0.5 * rng.standard_normal(size)]


def oracle(arguments: list[Argument]) -> Outputs:
    """One multiplication and one addition per element."""
    n, x, y = cast("tuple[int, Doubles, Doubles]", tuple[Any, ...](arguments))
    products = x * y
    return (rounded(np.array([products.sum()]), np.abs(products).sum(), n + 1),)


DOT = Kernel(
    name="dot",
    domain="reduction",
    prototype="double dot(int n, const double *x, const double *y)",
    summary="return the dot product of two vectors of n doubles, which is the sum of x[i] * y[i]; it is 0 for n = 0",
    fortran="""integer(c_int), value :: n
real(c_double), intent(in) :: x(n), y(n)""",
    sizes=(0, 1, 2, 3, 7, 63, 64, 65, 1009, 4096, 100003),
    random_sizes=(200, 9000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 2 * cast("int", arguments[0]),
    num_bytes=lambda arguments: 16 * cast("int", arguments[0]),
)
