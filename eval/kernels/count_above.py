"""How many elements lie above a limit, returned."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_INT = np.iinfo(np.int32)
_SIZE_LEAST_LIMIT = 1024
"""At this size the limit is the least int, which everything else lies above."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Many elements that equal the limit, and the extremes, for which a difference to the limit doesn't fit an int."""
    limit = _INT.min if size == _SIZE_LEAST_LIMIT else int(rng.integers(-5, 3))
    x = rng.integers(-9, 10, size).astype(np.int32)
    x[rng.random(size) < 0.2] = limit
    x[rng.random(size) < 0.1] = _INT.max
    x[rng.random(size) < 0.1] = _INT.min
    x[:1] = limit + 1
    return [size, x, limit]


def oracle(arguments: list[Argument]) -> Outputs:
    """One comparison per element."""
    _n, x, limit = cast("tuple[int, Array, int]", tuple[Any, ...](arguments))
    return (exact(np.array([np.count_nonzero(np.asarray(x, dtype=np.int64) > limit)], dtype=np.int64)),)


COUNT_ABOVE = Kernel(
    name="count_above",
    domain="reduction",
    prototype="long count_above(int n, const int *x, int limit)",
    summary=(
        "return how many of the n integers of x are greater than limit (those that equal it don't count); it is 0 for n = 0. "
        "x and limit may be any int, such as the least and the greatest"
    ),
    fortran="""integer(c_int), value :: n, limit
integer(c_int), intent(in) :: x(n)""",
    sizes=(0, 1, 2, 3, 17, 31, 32, 33, 127, 1024, 1025, 65537),
    random_sizes=(200, 9000),
    timed_size=4000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 4 * cast("int", arguments[0]),
)
