"""Explicit time steps of the heat equation on a box: the 7-point stencil."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument

_BOXES = {4: (5, 3, 4), 7: (9, 8, 3)}
"""Sizes to boxes that are thinnest, one layer inside, in another direction than the first."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Three different extents, so that swapped ones show; a random boundary; an odd or even number of steps."""
    ny, nz = (size + int(d) for d in rng.permutation(3)[:2] + (1 if size > 2 else 0))
    nx, ny, nz = _BOXES.get(size, (size, ny, nz))
    return [nx, ny, nz, int(rng.integers(1, 8)), float(rng.uniform(0.02, 0.16)), rng.standard_normal(nx * ny * nz)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Each step is a mean with positive weights, so that roundings add up and don't grow."""
    nx, ny, nz, steps, alpha, u = cast("tuple[int, int, int, int, float, Doubles]", tuple[Any, ...](arguments))
    box = u.reshape(nx, ny, nz).copy()
    tolerance = np.zeros(box.shape)
    tolerance[1:-1, 1:-1, 1:-1] = 16 * (steps + 1) * EPS * np.abs(box).max(initial=0.0)
    for _ in range(steps):
        inside = box[1:-1, 1:-1, 1:-1]
        around = box[:-2, 1:-1, 1:-1] + box[2:, 1:-1, 1:-1] + box[1:-1, :-2, 1:-1] + box[1:-1, 2:, 1:-1]
        around = around + box[1:-1, 1:-1, :-2] + box[1:-1, 1:-1, 2:]
        box[1:-1, 1:-1, 1:-1] = inside + alpha * (around - 6.0 * inside)
    return (Expected(values=box.ravel(), tolerance=tolerance.ravel()),)


def _interior(arguments: list[Argument]) -> int:
    nx, ny, nz = cast("list[int]", arguments[:3])
    return max(0, nx - 2) * max(0, ny - 2) * max(0, nz - 2)


HEAT3D = Kernel(
    name="heat3d",
    domain="stencil",
    prototype="void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u)",
    summary=(
        "`steps` explicit time steps of the heat equation on the nx x ny x nz grid u, where u[i][j][k] lies at (i ny + j) nz + k: every "
        "step sets each interior point to u[i][j][k] + alpha (u[i-1][j][k] + u[i+1][j][k] + u[i][j-1][k] + u[i][j+1][k] + u[i][j][k-1] + "
        "u[i][j][k+1] - 6 u[i][j][k]) from the values of the step before; points on the six faces stay as they are; "
        "the result is left in u"
    ),
    fortran="""integer(c_int), value :: nx, ny, nz, steps
real(c_double), value :: alpha
real(c_double), intent(inout) :: u(nz, ny, nx)""",
    sizes=(0, 1, 2, 3, 4, 7, 16, 17, 31),
    random_sizes=(9, 40),
    timed_size=101,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 8 * _interior(arguments) * cast("int", arguments[3]),
    num_bytes=lambda arguments: 16 * _interior(arguments),
)
