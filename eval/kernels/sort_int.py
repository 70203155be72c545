"""Ascending sort of integers in place."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_INT = np.iinfo(np.int32)
_SIZE_DESCENDING = 63
_SIZE_FEW_VALUES = 257
_SIZE_SAWTOOTH = 1024


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Any ints with both extremes among them; at some sizes descending, of few values, or of sorted runs."""
    x = rng.integers(_INT.min, _INT.max, size, endpoint=True).astype(np.int32)
    x[rng.random(size) < 0.05] = _INT.max
    x[rng.random(size) < 0.05] = _INT.min
    if size == _SIZE_DESCENDING:
        x = np.sort(x)[::-1].copy()
    elif size == _SIZE_FEW_VALUES:
        x = rng.integers(-2, 3, size).astype(np.int32)
    elif size == _SIZE_SAWTOOTH:
        x = np.sort(x.reshape(-1, 128), axis=1).ravel()
    return [size, x]


def oracle(arguments: list[Argument]) -> Outputs:
    """Equal ints can't be told apart, so there is one right order."""
    _n, x = cast("tuple[int, Array]", tuple[Any, ...](arguments))
    return (exact(np.sort(x)),)


SORT_INT = Kernel(
    name="sort_int",
    domain="sort",
    prototype="void sort_int(int n, int *x)",
    summary="sort the n integers of x in place in ascending order; values may be any int, may repeat and may be sorted already",
    fortran="""integer(c_int), value :: n
integer(c_int), intent(inout) :: x(n)""",
    sizes=(0, 1, 2, 3, 7, 63, 64, 65, 257, 1009, 1024, 4097),
    random_sizes=(200, 3000),
    timed_size=50021,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 8 * cast("int", arguments[0]),
)
