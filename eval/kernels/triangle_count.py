"""Triangles of an undirected graph: intersections of sorted adjacency lists."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Doubles, Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A sparse random graph with a few cliques and a hub, so that work differs from vertex to vertex; some vertices have no edge."""
    adjacent = rng.random((size, size)) < min(1.0, 4.0 / max(1, size))
    for _ in range(2 if size > 3 else 0):
        clique = rng.choice(size, min(size, int(rng.integers(3, 24))), replace=False)
        adjacent[np.ix_(clique, clique)] = True
    if size > 8:
        adjacent[int(rng.integers(size)), rng.choice(size, size // 2, replace=False)] = True
        lonely = rng.choice(size, size // 8, replace=False)
        adjacent[lonely, :] = False
        adjacent[:, lonely] = False
    adjacent |= adjacent.T
    np.fill_diagonal(adjacent, False)
    row_ptr = np.concatenate([[0], np.cumsum(adjacent.sum(axis=1))]).astype(np.int32)
    return [size, row_ptr, np.nonzero(adjacent)[1].astype(np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Every triangle is six closed walks of three edges; the products of such matrices are exact in double precision."""
    n, row_ptr, col = cast("tuple[int, Any, Any]", tuple[Any, ...](arguments))
    dense: Doubles = np.zeros((n, n))
    dense[np.repeat(np.arange(n), np.diff(row_ptr)), col] = 1.0
    walks = int(((dense @ dense) * dense).sum())
    return (exact(np.array([walks // 6], dtype=np.int64)),)


def _steps(arguments: list[Argument]) -> int:
    """Merging both lists of every edge."""
    degree = np.diff(cast("Array", arguments[1])).astype(np.int64)
    return int((degree * degree).sum())


TRIANGLE_COUNT = Kernel(
    name="triangle_count",
    domain="graph",
    prototype="long triangle_count(int n, const int *row_ptr, const int *col)",
    summary=(
        "the number of triangles of an undirected graph of n vertices, which is returned; the graph is in CSR form with indices from 0: "
        "the neighbours of vertex v are col[row_ptr[v]] to col[row_ptr[v + 1] - 1] in ascending order, each edge is there in both "
        "directions, no edge is there twice and none leads to its own vertex. Each set of three vertices that are all neighbours of one "
        "another counts once; n may be 0"
    ),
    fortran="""integer(c_int), value :: n
integer(c_int), intent(in) :: row_ptr(n + 1), col(*)""",
    sizes=(0, 1, 2, 3, 7, 64, 65, 257),
    random_sizes=(100, 500),
    make_inputs=make_inputs,
    oracle=oracle,
    flops=_steps,
    num_bytes=lambda arguments: 4 * (cast("Array", arguments[1]).size + cast("Array", arguments[2]).size),
)
