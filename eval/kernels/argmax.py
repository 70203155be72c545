"""First position of the largest element, returned."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_SIZE_ALL_LEAST = 64
"""At this size every element is minus infinity, above which no start value lies."""
_SIZE_INCREASING = 4096
"""At this size the largest element is the last one."""
_FIRST = {13: -0.0625, 257: -0.125}
"""Sizes to their first element: the largest of all at one, one of the largest at another."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Negative numbers, so that a start value of zero shows, with the largest one several times.

    At odd sizes it stands in the last two thirds alone, so that it isn't always the first thread or rank that has it; at two of
    them it is the first element, too.
    """
    if size == _SIZE_ALL_LEAST:
        return [size, np.full(size, -np.inf, dtype=np.float32)]
    if size == _SIZE_INCREASING:
        return [size, np.sort(rng.uniform(-2.0, -1.0, size)).astype(np.float32)]
    x: Array = (-rng.integers(2, 40, size) / 8).astype(np.float32)
    if size > 1:
        x[rng.integers(size // 3 if size % 2 else 1, size, 5)] = -0.125
    x[:1] = _FIRST.get(size, x[:1])
    return [size, x]


def oracle(arguments: list[Argument]) -> Outputs:
    """Numpy's argmax gives the first one, too."""
    n, x = cast("tuple[int, Array]", tuple[Any, ...](arguments))
    return (exact(np.array([np.argmax(x) if n else -1], dtype=np.int32)),)


ARGMAX = Kernel(
    name="argmax",
    domain="reduction",
    prototype="int argmax(int n, const float *x)",
    summary=(
        "return the position, counted from 0, of the largest of the n floats of x; among equal ones the first; -1 for n = 0. "
        "x may hold infinities but no NaN"
    ),
    fortran="""integer(c_int), value :: n
real(c_float), intent(in) :: x(n)""",
    sizes=(0, 1, 2, 3, 13, 63, 64, 65, 257, 4096, 50021),
    random_sizes=(200, 9000),
    timed_size=1000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=lambda arguments: 4 * cast("int", arguments[0]),
)
