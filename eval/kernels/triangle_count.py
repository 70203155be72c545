"""Triangles of an undirected graph: intersections of sorted adjacency lists."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A sparse random graph with a few cliques and a hub, so that work differs from vertex to vertex; some vertices have no edge."""
    pairs = [rng.integers(0, max(1, size), (2, 4 * size))]
    for _ in range(2 + size // 100 if size > 3 else 0):
        clique = rng.choice(size, min(size, int(rng.integers(3, 24))), replace=False)
        pairs.append(np.array(np.meshgrid(clique, clique)).reshape(2, -1))
    if size > 8:
        spokes = rng.choice(size, size // 2, replace=False)
        pairs.append(np.array([np.full(spokes.size, rng.integers(size)), spokes]))
    low, high = np.sort(np.concatenate(pairs, axis=1), axis=0)
    lonely = np.zeros(size, dtype=np.bool_)
    lonely[rng.choice(size, size // 8, replace=False)] = True
    kept = (low < high) & ~lonely[low] & ~lonely[high]
    low, high = np.divmod(np.unique(low[kept] * size + high[kept]), max(1, size))
    order = np.lexsort((np.concatenate([high, low]), np.concatenate([low, high])))
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(np.concatenate([low, high]), minlength=size))]).astype(np.int32)
    return [size, row_ptr, np.concatenate([high, low])[order].astype(np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Of every pair of greater neighbours of a vertex, whether it is an edge."""
    n, row_ptr, col = cast("tuple[int, Any, Any]", tuple[Any, ...](arguments))
    tail, head = np.repeat(np.arange(n), np.diff(row_ptr)), col.astype(np.int64)
    tail, head = tail[tail < head], head[tail < head]
    edges = tail * n + head
    behind = np.searchsorted(tail, tail, side="right") - np.arange(tail.size) - 1
    first = np.repeat(np.arange(tail.size), behind)
    second = first + 1 + np.arange(first.size) - np.repeat(np.cumsum(behind) - behind, behind)
    count = int(np.isin(head[first] * n + head[second], edges).sum())
    return (exact(np.array([count], dtype=np.int64)),)


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
    timed_size=8009,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("Array", arguments[2]).size // 2,
    num_bytes=lambda arguments: 4 * (cast("Array", arguments[1]).size + cast("Array", arguments[2]).size),
)
