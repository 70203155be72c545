"""Accelerations of n bodies by softened gravity, all pairs."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument

_OPERATIONS = 12
"""Roundings behind one pair's share, beyond those of the sum."""
_CHUNK = 256


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Different masses, a few bodies in the same place, and outputs of NaN."""
    mass = rng.uniform(0.5, 2.0, size)
    x, y, z = rng.standard_normal((3, size))
    if size > 8:
        twins = rng.choice(size, 2, replace=False)
        for axis in (x, y, z):
            axis[twins[1]] = axis[twins[0]]
    softening = float(rng.uniform(0.05, 0.3))
    return [size, softening, mass, x, y, z, *(np.full(size, np.nan) for _ in range(3))]


def oracle(arguments: list[Argument]) -> Outputs:
    """The sum over all pairs, some rows of the matrix of pairs at a time."""
    n, softening, mass, *rest = cast("tuple[int, float, Doubles, Any]", tuple[Any, ...](arguments))
    position: Doubles = np.array(rest[:3]).reshape(3, n)
    total, size = np.zeros((3, n)), np.zeros((3, n))
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        offset = position[:, None, :] - position[:, rows, None]
        shares = offset * (mass * ((offset**2).sum(axis=0) + softening**2) ** -1.5)
        total[:, rows], size[:, rows] = shares.sum(axis=2), np.abs(shares).sum(axis=2)
    return tuple(rounded(total[axis], size[axis], n + _OPERATIONS) for axis in range(3))


NBODY_FORCES = Kernel(
    name="nbody_forces",
    domain="n-body",
    prototype=(
        "void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, "
        "double *ax, double *ay, double *az)"
    ),
    summary=(
        "the accelerations of n bodies by gravity with G = 1 and Plummer softening: with d = (x[j] - x[i], y[j] - y[i], z[j] - z[i]), "
        "the acceleration (ax[i], ay[i], az[i]) is the sum over all j of mass[j] d / (d.d + softening^2)^(3/2); softening is positive, "
        "so that j = i and bodies in the same place add zero; n may be 0; ax, ay and az hold nothing useful before"
    ),
    fortran="""integer(c_int), value :: n
real(c_double), value :: softening
real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
real(c_double), intent(inout) :: ax(n), ay(n), az(n)""",
    sizes=(0, 1, 2, 3, 31, 64, 65, 257),
    random_sizes=(100, 500),
    timed_size=1009,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 12 * cast("int", arguments[0]) ** 2,  # a pair's forces can be computed once for both
    num_bytes=lambda arguments: 56 * cast("int", arguments[0]),
)
