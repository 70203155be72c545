"""Where keys belong in a sorted array: one binary search for each key."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_POISON = -77
_EXTREMES = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
_FEW_KEYS = {2: 1, 3: 0}
"""Sizes to how many keys are looked for; there are more keys than elements at all others."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Runs of equal elements, the extreme integers (whose difference overflows), keys that are there, between, before and behind."""
    m = _FEW_KEYS.get(size, size + int(rng.integers(3, 40)))
    values = rng.integers(-(1 << 40), 1 << 40, max(1, size // 3 + 1))
    sorted_values = np.sort(rng.choice(values, size))
    if size > 6:
        sorted_values[0], sorted_values[-1] = _EXTREMES
    near = rng.choice(values, m) + rng.integers(-1, 2, m)
    keys = np.where(rng.random(m) < 0.2, rng.integers(-(1 << 41), 1 << 41, m), near)
    if m > 1:
        keys[rng.integers(0, m, 2)] = _EXTREMES
    return [size, sorted_values, m, keys, np.full(m, _POISON, dtype=np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Numpy's search has the same meaning."""
    _n, sorted_values, _m, keys, _position = cast("tuple[int, Array, int, Array, Array]", tuple[Any, ...](arguments))
    return (exact(np.searchsorted(sorted_values, keys, side="left").astype(np.int32)),)


LOWER_BOUND = Kernel(
    name="lower_bound",
    domain="search",
    prototype="void lower_bound(int n, const long *sorted, int m, const long *keys, int *position)",
    summary=(
        "for each of the m keys the lower bound in the array sorted, which has n elements in ascending order, equal ones among them: "
        "position[j] is the number of elements that are less than keys[j], which is 0 to n; n may be 0; "
        "values span the whole range of long, so their differences can overflow; position holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n, m
integer(c_long), intent(in) :: sorted(n), keys(m)
integer(c_int), intent(inout) :: position(m)""",
    sizes=(0, 1, 2, 3, 7, 64, 65, 1009, 4096),
    random_sizes=(200, 6000),
    timed_size=100003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[2]),
    num_bytes=lambda arguments: 12 * cast("int", arguments[2]),
)
