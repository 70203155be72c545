"""Sweeps of a 3-point stencil over a ring, in single precision."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument, Array

_EPS = float(np.finfo(np.float32).eps)


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Three different weights of the sum one, so that swapped neighbours show; an odd or even number of sweeps."""
    left, right = np.float32(rng.uniform(0.1, 0.25)), np.float32(rng.uniform(0.3, 0.45))
    centre = np.float32(1) - left - right
    sweeps = int(rng.integers(1, 9))
    return [size, sweeps, float(left), float(centre), float(right), rng.uniform(1.0, 100.0, size).astype(np.float32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Means of positive numbers: each sweep adds a few roundings of their size."""
    _n, sweeps, left, centre, right, u = cast("tuple[int, int, float, float, float, Array]", tuple[Any, ...](arguments))
    ring = np.asarray(u, dtype=np.float64)
    for _ in range(sweeps):
        ring = left * np.roll(ring, 1) + centre * ring + right * np.roll(ring, -1)
    allowed = 8 * (sweeps + 1) * _EPS * ring.max(initial=0.0)
    return (Expected(values=ring.astype(np.float32), tolerance=np.full(ring.shape, allowed)),)


def _updates(arguments: list[Argument]) -> int:
    n, sweeps = cast("list[int]", arguments[:2])
    return n * sweeps


STENCIL1D = Kernel(
    name="stencil1d",
    domain="stencil",
    prototype="void stencil1d(int n, int sweeps, float left, float centre, float right, float *u)",
    summary=(
        "`sweeps` sweeps of a 3-point stencil over the ring of the n floats of u: every sweep sets each u[i] to "
        "left * u[i-1] + centre * u[i] + right * u[i+1] from the values of the sweep before, where u[-1] is u[n-1] and u[n] is u[0]; "
        "for n = 1 an element is both its neighbours; the result is left in u, n may be 0"
    ),
    fortran="""integer(c_int), value :: n, sweeps
real(c_float), value :: left, centre, right
real(c_float), intent(inout) :: u(n)""",
    sizes=(0, 1, 2, 3, 4, 7, 64, 65, 257, 1024, 10007),
    random_sizes=(200, 5000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 5 * _updates(arguments) // 2,
    num_bytes=lambda arguments: 8 * cast("int", arguments[0]),
)
