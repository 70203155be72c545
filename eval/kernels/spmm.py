"""Y = A X with a sparse matrix in CSR form and a few dense columns, in single precision."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, rounded
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """Empty rows and one long one, columns in any order and some of them twice in a row; Y holds NaN."""
    m, n, k = size, max(1, size + int(rng.integers(-size // 3, size // 3 + 2))), int(rng.integers(1, 12))
    lengths = rng.integers(0, 8, m) * (rng.random(m) < 0.8)
    if m:
        lengths[int(rng.integers(m))] = min(n, 300)
    row_ptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    num_entries = int(row_ptr[-1])
    col = rng.integers(0, n, num_entries).astype(np.int32)
    val, x = rng.standard_normal(num_entries).astype(np.float32), rng.standard_normal(n * k).astype(np.float32)
    return [m, n, k, row_ptr, col, val, x, np.full(m * k, np.nan, dtype=np.float32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """As many multiplications and additions for each element as the row of A has entries, here in double precision."""
    m, n, k, row_ptr, col, val, x, _y = cast("tuple[int, int, int, Any, Any, Array, Array, Array]", tuple[Any, ...](arguments))
    lengths = np.diff(row_ptr)
    products = val.astype(np.float64)[:, None] * x.astype(np.float64).reshape(n, k)[col]
    rows = np.repeat(np.arange(m), lengths)
    total, size = np.zeros((m, k)), np.zeros((m, k))
    np.add.at(total, rows, products)
    np.add.at(size, rows, np.abs(products))
    return (rounded(total.astype(np.float32).ravel(), size.ravel(), np.repeat(2 * lengths, k)),)


def flops(arguments: list[Argument]) -> int:
    """A multiplication and an addition for each entry and column, in single precision."""
    return cast("Array", arguments[4]).size * cast("int", arguments[2])


def num_bytes(arguments: list[Argument]) -> int:
    """The sparse matrix, X and Y once."""
    return 4 * sum(cast("Array", a).size for a in arguments[3:])


SPMM = Kernel(
    name="spmm",
    domain="sparse linear algebra",
    prototype="void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y)",
    summary=(
        "Y = A X, where A is a sparse m x n matrix in CSR form (row i has the entries row_ptr[i] to row_ptr[i + 1] - 1 of col and val, all "
        "indices start at 0, columns of a row are in any order, and values of a column that comes twice add up), "
        "X is a dense row-major n x k matrix and Y a dense row-major m x k matrix; m may be 0; Y holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: m, n, k
integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
real(c_float), intent(in) :: val(*), X(k, n)
real(c_float), intent(inout) :: Y(k, m)""",
    sizes=(0, 1, 2, 7, 64, 65, 257),
    random_sizes=(100, 500),
    timed_size=300007,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=flops,
    num_bytes=num_bytes,
)
