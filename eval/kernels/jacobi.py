"""Jacobi sweeps of the 5-point Laplace stencil."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument

_LARGE = 500


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A random grid with a random boundary, and an odd or even number of sweeps (swapped buffers show in one of them)."""
    iterations = int(rng.integers(1, 12)) if size < _LARGE else int(rng.integers(8, 10))
    return [size, iterations, rng.standard_normal(size * size), rng.standard_normal(size * size)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Each sweep reads the sweep before; its five operations add a few roundings to those it inherits."""
    n, iterations, b, u = cast("tuple[int, int, Doubles, Doubles]", tuple[Any, ...](arguments))
    source, grid = b.reshape(n, n), u.reshape(n, n).copy()
    scale = float(np.abs(grid).max(initial=0.0) + iterations * np.abs(source).max(initial=0.0))
    if n > 2:
        for _ in range(iterations):
            inside = (grid[:-2, 1:-1] + grid[2:, 1:-1] + grid[1:-1, :-2] + grid[1:-1, 2:] + source[1:-1, 1:-1]) / 4
            grid[1:-1, 1:-1] = inside
    tolerance = np.zeros((n, n))
    tolerance[1:-1, 1:-1] = 8 * (iterations + 1) * EPS * scale
    return (Expected(values=grid.ravel(), tolerance=tolerance.ravel()),)


def _updates(arguments: list[Argument]) -> int:
    n, iterations = cast("list[int]", arguments[:2])
    return max(0, n - 2) ** 2 * iterations


JACOBI = Kernel(
    name="jacobi",
    domain="stencil",
    prototype="void jacobi(int n, int iterations, const double *b, double *u)",
    summary=(
        "`iterations` Jacobi sweeps of the 5-point Laplace stencil on the row-major n x n grid u: every sweep sets each interior point to "
        "u[i][j] = (u[i-1][j] + u[i+1][j] + u[i][j-1] + u[i][j+1] + b[i][j]) / 4 from the values of the sweep before; "
        "the boundary stays as it is and the result is left in u"
    ),
    fortran="""integer(c_int), value :: n, iterations
real(c_double), intent(in) :: b(n, n)
real(c_double), intent(inout) :: u(n, n)""",
    shapes={"b": ("n", "n"), "u": ("n", "n")},
    sizes=(0, 1, 2, 3, 4, 9, 32, 33, 101),
    random_sizes=(40, 160),
    timed_size=701,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 5 * _updates(arguments),
    num_bytes=lambda arguments: 24 * max(0, cast("int", arguments[0]) - 2) ** 2,
)
