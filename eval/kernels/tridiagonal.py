"""Many independent tridiagonal systems, as an implicit scheme solves them along every line of a grid."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument

_OPERATIONS = 24
"""Bounds the backward error of elimination without pivots on a diagonally dominant matrix, in units of its norm."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """About ``size`` unknowns in systems of another length; the two bands hold NaN where they stick out of the matrix."""
    n = int(rng.integers(1, max(2, size // 3))) if size > 3 else max(1, size)
    systems = max(1, size // n) if size else 0
    lower, upper = rng.uniform(-1.0, 1.0, (2, systems, n))
    sign = rng.choice([-1.0, 1.0], (systems, n))
    diagonal = sign * (np.abs(lower) + np.abs(upper) + rng.uniform(1.0, 2.0, (systems, n)))
    lower[:, 0], upper[:, -1] = np.nan, np.nan
    rhs = rng.standard_normal((systems, n))
    return [systems, n, *(a.ravel() for a in (lower, diagonal, upper, rhs)), np.full(systems * n, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Elimination, all systems at a time; the inverse's norm is at most one, as every row dominates by one."""
    systems, n, *arrays = cast("tuple[int, int, Any]", tuple[Any, ...](arguments))
    lower, diagonal, upper, rhs = (a.reshape(systems, n) for a in arrays[:4])
    x, factor = np.zeros((systems, n)), np.zeros((systems, n))
    for i in range(n):
        below = lower[:, i] if i else np.zeros(systems)
        pivot = diagonal[:, i] - below * factor[:, i - 1]
        x[:, i] = (rhs[:, i] - below * x[:, i - 1]) / pivot
        factor[:, i] = upper[:, i] / pivot if i < n - 1 else 0.0
    for i in range(n - 2, -1, -1):
        x[:, i] -= factor[:, i] * x[:, i + 1]
    norm = np.abs(diagonal).max(axis=1, initial=0.0) + 2.0
    scale = np.repeat(norm * np.abs(x).max(axis=1, initial=0.0), n)
    return (rounded(x.ravel(), scale, _OPERATIONS),)


def _unknowns(arguments: list[Argument]) -> int:
    return cast("int", arguments[0]) * cast("int", arguments[1])


TRIDIAGONAL = Kernel(
    name="tridiagonal",
    domain="tridiagonal solver",
    prototype=(
        "void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, "
        "double *x)"
    ),
    summary=(
        "the solutions of independent tridiagonal systems of n unknowns each, n at least 1. Row i of system s lies at index s n + i of all "
        "arrays: lower[s n + i] x[s n + i - 1] + diagonal[s n + i] x[s n + i] + upper[s n + i] x[s n + i + 1] = rhs[s n + i]. The matrices "
        "are strictly diagonally dominant, so no pivoting is needed. The first lower and the last upper of each system are not part of it "
        "and may hold anything; systems may be 0; x holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: systems, n
real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
real(c_double), intent(inout) :: x(n, systems)""",
    sizes=(0, 1, 2, 3, 64, 65, 509, 2048),
    random_sizes=(300, 4000),
    timed_size=65536,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 8 * _unknowns(arguments),
    num_bytes=lambda arguments: 40 * _unknowns(arguments),
)
