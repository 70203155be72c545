"""y = A x with a sparse matrix in CSR form."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument, Array

_MOST = 8


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Rows of very different length, some of them empty and one that is dense."""
    drawn = np.sort(rng.integers(0, max(1, size), (size, _MOST)), axis=1)
    kept = np.ones_like(drawn, dtype=np.bool_)
    kept[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    kept &= np.arange(_MOST) < rng.integers(0, _MOST + 1, (size, 1))
    rows, cols = np.nonzero(kept)[0], drawn[kept]
    if size:
        dense = int(rng.integers(size))
        full = np.sort(rng.choice(size, min(size, 700), replace=False))
        before, after = rows < dense, rows > dense
        rows = np.concatenate([rows[before], np.full(full.size, dense), rows[after]])
        cols = np.concatenate([cols[before], full, cols[after]])
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))]).astype(np.int32)
    col: Array = cols.astype(np.int32)
    return [size, row_ptr, col, rng.standard_normal(col.size), rng.standard_normal(size), np.full(size, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many multiplications and additions as the row has entries."""
    n, row_ptr, col, val, x, _y = cast("tuple[int, Any, Any, Doubles, Doubles, Doubles]", tuple[Any, ...](arguments))
    lengths = np.diff(row_ptr)
    rows, products = np.repeat(np.arange(n), lengths), val * x[col]
    values = np.bincount(rows, products, n)
    tolerance = 2 * (lengths + 4) * EPS * np.bincount(rows, np.abs(products), n)
    return (Expected(values=values, tolerance=tolerance),)


SPMV = Kernel(
    name="spmv",
    domain="sparse linear algebra",
    prototype="void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y)",
    summary=(
        "y = A x, where A is a sparse n x n matrix in CSR form (row i has the entries row_ptr[i] to row_ptr[i + 1] - 1 of col and val, "
        "all indices start at 0); y holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n
integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
real(c_double), intent(in) :: val(*), x(n)
real(c_double), intent(inout) :: y(n)""",
    sizes=(0, 1, 2, 7, 64, 65, 1009),
    random_sizes=(150, 800),
    timed_size=400_009,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 2 * cast("Array", arguments[2]).size,
    num_bytes=lambda arguments: 12 * cast("Array", arguments[2]).size + 20 * cast("int", arguments[0]),
)
