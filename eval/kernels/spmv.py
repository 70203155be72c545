"""y = A x with a sparse matrix in CSR form."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import EPS, Doubles, Expected, Kernel, Outputs
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Rows of very different length, some of them empty and one that is dense."""
    lengths = np.minimum(rng.integers(0, 9, size), size)
    if size:
        lengths[int(rng.integers(size))] = min(size, 700)
    rows = [np.sort(rng.choice(size, length, replace=False)) for length in lengths]
    row_ptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    col: Array = np.concatenate([np.empty(0), *rows]).astype(np.int32)
    return [size, row_ptr, col, rng.standard_normal(col.size), rng.standard_normal(size), np.full(size, np.nan)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many multiplications and additions as the row has entries."""
    n, row_ptr, col, val, x, _y = cast("tuple[int, Any, Any, Doubles, Doubles, Doubles]", tuple[Any, ...](arguments))
    values, tolerance = np.zeros(n), np.zeros(n)
    for i in range(n):
        row = slice(row_ptr[i], row_ptr[i + 1])
        products = val[row] * x[col[row]]
        values[i] = products.sum()
        tolerance[i] = 2 * (products.size + 4) * EPS * np.abs(products).sum()
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
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 2 * cast("Array", arguments[2]).size,
    num_bytes=lambda arguments: 12 * cast("Array", arguments[2]).size + 20 * cast("int", arguments[0]),
)
