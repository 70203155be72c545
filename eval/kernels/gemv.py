"""y = A x with a row-major matrix."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """``size`` rows, and about as many columns, so that swapped dimensions show."""
    m, n = size, max(1, size + int(rng.integers(-size // 3, size // 3 + 2)))
    return [m, n, rng.standard_normal(m * n), rng.standard_normal(n), np.full(m, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """N multiplications and additions per element."""
    m, n, a, x, _y = cast("tuple[int, int, Doubles, Doubles, Doubles]", tuple[Any, ...](arguments))
    matrix = a.reshape(m, n)
    return (Expected(values=matrix @ x, tolerance=2 * (n + 4) * EPS * (np.abs(matrix) @ np.abs(x))),)


GEMV = Kernel(
    name="gemv",
    domain="dense linear algebra",
    prototype="void gemv(int m, int n, const double *A, const double *x, double *y)",
    summary="y = A x, where A is a row-major matrix of m rows and n columns, x has n elements and y has m; y holds nothing useful before",
    fortran="""integer(c_int), value :: m, n
real(c_double), intent(in) :: A(n, m), x(n)
real(c_double), intent(inout) :: y(m)""",
    shapes={"A": ("m", "n")},
    sizes=(0, 1, 2, 5, 16, 17, 64, 127),
    random_sizes=(150, 500),
    timed_size=2003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 2 * cast("int", arguments[0]) * cast("int", arguments[1]),
    num_bytes=lambda arguments: (
        8 * (cast("int", arguments[0]) * cast("int", arguments[1]) + cast("int", arguments[0]) + cast("int", arguments[1]))
    ),
)
