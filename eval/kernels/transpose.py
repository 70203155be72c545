"""B = A^T with a rectangular row-major matrix in single precision."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """``size`` rows and more or fewer columns, so that swapped dimensions and square-only code show; B holds NaN."""
    m, n = size, max(1, size + int(rng.integers(-size // 2, size // 2 + 2)))
    return [m, n, rng.standard_normal(m * n).astype(np.float32), np.full(m * n, np.nan, dtype=np.float32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """A copy in another order."""
    m, n, a, _b = cast("tuple[int, int, Array, Array]", tuple[Any, ...](arguments))
    return (exact(np.ascontiguousarray(a.reshape(m, n).T).ravel()),)


def num_bytes(arguments: list[Argument]) -> int:
    """Both matrices once."""
    return 8 * cast("int", arguments[0]) * cast("int", arguments[1])


TRANSPOSE = Kernel(
    name="transpose",
    domain="transpose",
    prototype="void transpose(int m, int n, const float *A, float *B)",
    summary=(
        "B = A transposed, out of place, where A is a row-major matrix of m rows and n columns and B is row-major with n rows and m "
        "columns; m or n may be 0; B holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: m, n
real(c_float), intent(in) :: A(n, m)
real(c_float), intent(inout) :: B(m, n)""",
    sizes=(0, 1, 2, 7, 31, 32, 33, 64, 257),
    random_sizes=(70, 300),
    timed_size=1009,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda _arguments: 0,
    num_bytes=num_bytes,
)
