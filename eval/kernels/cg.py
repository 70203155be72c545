"""Conjugate gradients on a sparse symmetric positive definite matrix in CSR form.

Odd sizes run until the residual is small and are compared with the solution, which every correct order of operations
reaches. Even sizes stop after three iterations and are compared with that iterate, so that another solver shows.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument, Array

_FEW = 3
_SMALLEST_EIGENVALUE = 1.0


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A diagonally dominant matrix whose eigenvalues are at least one, and a start that isn't zero."""
    dense = np.zeros((size, size))
    for _ in range(3):
        dense[np.arange(size), rng.integers(0, size, size)] = rng.uniform(-1.0, 1.0, size)
    dense = np.triu(dense, 1) + np.triu(dense, 1).T
    np.fill_diagonal(dense, np.abs(dense).sum(axis=1) + _SMALLEST_EIGENVALUE)
    rows, cols = np.nonzero(dense)
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))]).astype(np.int32)
    b, x = rng.standard_normal(size), rng.standard_normal(size)
    most, tolerance = (10 * size + 100, 1e-11) if size % 2 else (_FEW, 1e-14)
    return [size, row_ptr, cols.astype(np.int32), dense[rows, cols], b, x, most, tolerance]


def oracle(arguments: list[Argument]) -> Outputs:
    """The solution up to what the stopping rule leaves open, or the iterate up to rounding."""
    n, row_ptr, col, val, b, start, most, tolerance = cast(
        "tuple[int, Any, Any, Doubles, Doubles, Doubles, int, float]", tuple[Any, ...](arguments)
    )
    dense = np.zeros((n, n))
    dense[np.repeat(np.arange(n), np.diff(row_ptr)), col] = val
    size = float(np.linalg.norm(b))
    if n % 2:
        values = np.asarray(np.linalg.solve(dense, b), dtype=np.float64)
        allowed = 10 * tolerance * size / _SMALLEST_EIGENVALUE
    else:
        values = _iterate(dense, b, start, most, tolerance * size)
        allowed = 1e-10 * float(np.abs(values).max(initial=1.0))
    return (Expected(values=values, tolerance=np.full(n, allowed)),)


def _iterate(dense: Doubles, b: Doubles, start: Doubles, most: int, limit: float) -> Doubles:
    x = start.copy()
    r = b - dense @ x
    p, rho = r.copy(), float(r @ r)
    for _ in range(most):
        if np.sqrt(rho) <= limit:
            break
        q = dense @ p
        alpha = rho / float(p @ q)
        x += alpha * p
        r -= alpha * q
        rho, before = float(r @ r), rho
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
    sizes=(1, 7, 16, 64, 65, 257),
    random_sizes=(100, 500),
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[6]) * (2 * cast("Array", arguments[2]).size + 10 * cast("int", arguments[0])),
    num_bytes=lambda arguments: cast("int", arguments[6]) * (12 * cast("Array", arguments[2]).size + 60 * cast("int", arguments[0])),
)
