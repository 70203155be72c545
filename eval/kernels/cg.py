"""Conjugate gradients on a sparse symmetric positive definite matrix in CSR form.

Odd sizes run until the residual is small and are compared with the solution, which every correct order of operations
reaches. Even sizes stop after three iterations and are compared with that iterate, so that another solver shows. At one size nothing is left to
do: who goes on there divides zero by zero. At another one all is small: who measures the residual by something else than b stops too early.
At one the tolerance lies between the residuals of two iterates: who doesn't look at it goes on too far. The size at which answers are timed is even: at an odd
one whoever solves the system by fewer steps than were asked for would be the faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument, Array

_FEW = 3
_PER_ROW = 3
_EXACT = 1e-13
"""Where the oracle stops, by the norm of b: the residual, and so the error, is far below what is allowed."""
_SMALLEST_EIGENVALUE = 1.0
_SCALES = {16: 0.0, 65: 1e-6}
"""Sizes to how large b and the start are there."""
_SIZE_LOOSE = 34
"""The size at which the tolerance stops after three iterations."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A diagonally dominant matrix whose eigenvalues are at least one, and a start that isn't zero."""
    i, j = np.repeat(np.arange(size), _PER_ROW), rng.integers(0, size, _PER_ROW * size)
    above = np.unique((i * size + j)[i < j])
    i, j = above // size, above % size
    off = rng.uniform(-1.0, 1.0, above.size)
    diagonal = np.bincount(i, np.abs(off), size) + np.bincount(j, np.abs(off), size) + _SMALLEST_EIGENVALUE
    rows, cols = np.concatenate([i, j, np.arange(size)]), np.concatenate([j, i, np.arange(size)])
    order = np.lexsort((cols, rows))
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))]).astype(np.int32)
    b, x = _SCALES.get(size, 1.0) * rng.standard_normal((2, size))
    col, val = cols[order].astype(np.int32), np.asarray(np.concatenate([off, off, diagonal])[order], dtype=np.float64)
    most, tolerance = (_FEW, 1e-14) if size % 2 == 0 and size != _SIZE_LOOSE else (10 * size + 100, 1e-11)
    if size == _SIZE_LOOSE:
        tolerance = _between(_product(row_ptr, col, val), b, x)
    return [size, row_ptr, col, val, b, x, most, tolerance]


def _between(apply: Callable[[Doubles], Doubles], b: Doubles, start: Doubles) -> float:
    """A tolerance that the third iterate is well within and those before are well out of."""
    norms = [float(np.linalg.norm(b - apply(_iterate(apply, b, start, count, 0.0)))) for count in range(_FEW + 1)]
    return float(np.sqrt(min(norms[:-1]) * norms[-1]) / np.linalg.norm(b))


def _product(row_ptr: Array, col: Array, val: Doubles) -> Callable[[Doubles], Doubles]:
    """What multiplies a vector by the matrix."""
    n = row_ptr.size - 1
    starts, cols = np.asarray(row_ptr, dtype=np.int64), np.asarray(col, dtype=np.int64)
    rows = np.repeat(np.arange(n), starts[1:] - starts[:-1])

    def apply(x: Doubles) -> Doubles:
        return np.asarray(np.bincount(rows, val * x[cols], n), dtype=np.float64)

    return apply


def oracle(arguments: list[Argument]) -> Outputs:
    """The solution up to what the stopping rule leaves open, or the iterate up to rounding."""
    n, row_ptr, col, val, b, start, most, tolerance = cast(
        "tuple[int, Any, Any, Doubles, Doubles, Doubles, int, float]", tuple[Any, ...](arguments)
    )
    apply = _product(row_ptr, col, val)
    size = float(np.linalg.norm(b))
    if n % 2:
        values = _iterate(apply, b, start, most, _EXACT * size)
        allowed = 10 * tolerance * size / _SMALLEST_EIGENVALUE
    else:
        values = _iterate(apply, b, start, most, tolerance * size)
        allowed = 1e-10 * float(np.abs(values).max(initial=1.0))
    return (Expected(values=values, tolerance=np.full(n, allowed)),)


def _iterate(apply: Callable[[Doubles], Doubles], b: Doubles, start: Doubles, most: int, limit: float) -> Doubles:
    x = start.copy()
    r = b - apply(x)
    p, rho = r.copy(), float((r * r).sum())
    for _ in range(most):
        if np.sqrt(rho) <= limit:
            break
        q = apply(p)
        alpha = rho / float((p * q).sum())
        x += alpha * p
        r -= alpha * q
        rho, before = float((r * r).sum()), rho
        p = r + rho / before * p
    return x


CG = Kernel(
    name="cg",
    domain="sparse linear algebra",
    prototype=(
        "void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, "
        "double tolerance)"
    ),
    summary=(
        "the solution of A x = b by the conjugate gradient method without preconditioner, where A is a sparse symmetric positive definite "
        "n x n matrix in CSR form (indices start at 0); x holds the start and receives the solution; "
        "stop when ||r|| <= tolerance ||b|| or after max_iterations iterations"
    ),
    fortran="""integer(c_int), value :: n, max_iterations
integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
real(c_double), intent(in) :: val(*), b(n)
real(c_double), intent(inout) :: x(n)
real(c_double), value :: tolerance""",
    sizes=(0, 1, 7, 16, 34, 64, 65, 257),
    random_sizes=(100, 500),
    timed_size=200_002,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: min(_FEW, cast("int", arguments[6])) * (2 * cast("Array", arguments[2]).size + 10 * cast("int", arguments[0])),
    num_bytes=lambda arguments: 12 * cast("Array", arguments[2]).size + 28 * cast("int", arguments[0]),
)
