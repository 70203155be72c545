"""C = A B with row-major matrices."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Three different dimensions near ``size``, so that swapped ones show; C holds NaN, so that reading it shows."""
    m, n, k = size, *(max(1, size + int(d)) for d in rng.integers(-size // 3, size // 3 + 2, 2))
    return [m, n, k, rng.standard_normal(m * k), rng.standard_normal(k * n), np.full(m * n, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """K multiplications and additions per element."""
    m, n, k, a, b, _c = cast("tuple[int, int, int, Doubles, Doubles, Doubles]", tuple[Any, ...](arguments))
    left, right = a.reshape(m, k), b.reshape(k, n)
    return (Expected(values=(left @ right).ravel(), tolerance=(2 * (k + 4) * EPS * (np.abs(left) @ np.abs(right))).ravel()),)


def _work(arguments: list[Argument]) -> tuple[int, int, int]:
    m, n, k = cast("list[int]", arguments[:3])
    return m, n, k


def flops(arguments: list[Argument]) -> int:
    """A multiplication and an addition per inner step."""
    m, n, k = _work(arguments)
    return 2 * m * n * k


def num_bytes(arguments: list[Argument]) -> int:
    """Both matrices read and one written."""
    m, n, k = _work(arguments)
    return 8 * (m * k + k * n + m * n)


GEMM = Kernel(
    name="gemm",
    domain="dense linear algebra",
    prototype="void gemm(int m, int n, int k, const double *A, const double *B, double *C)",
    summary="C = A B with row-major matrices: A is m x k, B is k x n and C is m x n; C holds nothing useful before",
    fortran="""integer(c_int), value :: m, n, k
real(c_double), intent(in) :: A(k, m), B(n, k)
real(c_double), intent(inout) :: C(n, m)""",
    shapes={"A": ("m", "k"), "B": ("k", "n"), "C": ("m", "n")},
    sizes=(0, 1, 2, 5, 16, 17, 61),
    random_sizes=(70, 180),
    timed_size=251,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=flops,
    num_bytes=num_bytes,
)
