"""The transpose of a sparse matrix in CSR form, which is its conversion to CSC form."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_POISON = 1_000_003


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Another number of columns than rows, columns in any order, some of them twice in a row, empty rows and columns."""
    m, n = size, max(0 if size == 1 else 1, size + int(rng.integers(-size // 3, size // 3 + 2)))
    lengths = rng.integers(0, 7, m) * (rng.random(m) < 0.8) if n else np.zeros(m, dtype=np.int64)
    row_ptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    num_entries = int(row_ptr[-1])
    # The square draws small columns more often, so that rows of the transpose differ in length.
    col = (n * rng.random(num_entries) ** 2).astype(np.int32)
    outputs = [np.full(n + 1, _POISON, dtype=np.int32), np.full(num_entries, _POISON, dtype=np.int32), np.full(num_entries, np.nan)]
    return [m, n, row_ptr, col, rng.standard_normal(num_entries), *outputs]


def oracle(arguments: list[Argument]) -> Outputs:
    """A stable sort by column."""
    m, n, row_ptr, col, val, *_outputs = cast("tuple[int, int, Array, Array, Array, Any]", tuple[Any, ...](arguments))
    order = np.argsort(col, kind="stable")
    rows = np.repeat(np.arange(m, dtype=np.int32), np.diff(row_ptr))
    counts = np.bincount(col, minlength=n)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return exact(start), exact(rows[order]), exact(val[order])


CSR_TRANSPOSE = Kernel(
    name="csr_transpose",
    domain="sparse linear algebra",
    prototype=(
        "void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val)"
    ),
    summary=(
        "the transpose, in CSR form, of a sparse m x n matrix in CSR form: row i has the entries row_ptr[i] to row_ptr[i + 1] - 1 of col "
        "and val, in any order of columns, and may have a column more than once; all indices start at 0. Row j of the transpose has the "
        "entries t_row_ptr[j] to t_row_ptr[j + 1] - 1 of t_col and t_val, where t_row_ptr has n + 1 elements; its entries are in the order "
        "of the given matrix, which is by ascending t_col and for equal ones as they follow one another in the row. No entries are merged; "
        "m and n may be 0; the three outputs hold nothing useful before"
    ),
    fortran="""integer(c_int), value :: m, n
integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
real(c_double), intent(in) :: val(*)
integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
real(c_double), intent(inout) :: t_val(*)""",
    sizes=(0, 1, 2, 3, 7, 64, 65, 257),
    random_sizes=(100, 500),
    timed_size=50021,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("Array", arguments[3]).size,
    num_bytes=lambda arguments: 24 * cast("Array", arguments[3]).size + 4 * (cast("int", arguments[0]) + cast("int", arguments[1])),
)
