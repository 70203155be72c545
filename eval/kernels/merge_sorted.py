"""Stable merge of two sorted arrays, with where each element came from."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument

_POISON = -77
_LENGTHS = {0: (0, 0), 1: (0, 7), 2: (2, 0), 31: (31, 257)}
"""Sizes with lengths of their own: nothing, one of them empty, one much longer."""


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Few different values within and across both arrays, so that the order of equal ones shows; c holds NaN."""
    m, n = _LENGTHS.get(size, (size, int(rng.integers(size // 2, 2 * size + 1))))
    spread = max(4, (m + n) // 3)
    a, b = (np.sort(rng.integers(-spread, spread, length) / 4) for length in (m, n))
    return [m, n, a, b, np.full(m + n, np.nan), np.full(m + n, _POISON, dtype=np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """A stable sort of one array after the other."""
    _m, _n, a, b, _c, _source = cast("tuple[int, int, Doubles, Doubles, Doubles, Any]", tuple[Any, ...](arguments))
    both = np.concatenate([a, b])
    order = np.argsort(both, kind="stable")
    return exact(both[order]), exact(order.astype(np.int32))


def _length(arguments: list[Argument]) -> int:
    m, n = cast("list[int]", arguments[:2])
    return m + n


MERGE_SORTED = Kernel(
    name="merge_sorted",
    domain="sort",
    prototype="void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source)",
    summary=(
        "merge the m doubles of a and the n doubles of b, both in ascending order with repetitions, into the m + n ascending doubles of c; "
        "source[k] says where c[k] came from, counted from 0: i for a[i], m + j for b[j]. Among equal values those of a come before those "
        "of b, and those of one array keep their order. m or n or both may be 0; c and source hold nothing useful before"
    ),
    fortran="""integer(c_int), value :: m, n
real(c_double), intent(in) :: a(m), b(n)
real(c_double), intent(inout) :: c(m + n)
integer(c_int), intent(inout) :: source(m + n)""",
    sizes=(0, 1, 2, 3, 5, 31, 64, 65, 127, 1009, 4096),
    random_sizes=(200, 3000),
    timed_size=200003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=_length,
    num_bytes=lambda arguments: 20 * _length(arguments),
)
