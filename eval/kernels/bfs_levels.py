"""Breadth-first search: how many edges lie between a source and every vertex of a directed graph."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument, Array

_POISON = 1_000_003


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A long path with branches and edges back, loops, edges that are there twice, and vertices that only have edges into the rest."""
    order = rng.permutation(size)
    reached = max(1, size - size // 6)
    parent = np.maximum(0, np.arange(reached) - 1 - rng.integers(0, max(3, size // 16), reached))
    tails, heads = [parent[1:]], [np.arange(1, reached)]
    late = rng.integers(0, reached, reached)
    tails.append(late)
    heads.append(rng.integers(0, late + 1))
    outside = np.arange(reached, size)
    tails.append(outside)
    heads.append(rng.integers(0, size, outside.size))
    again = rng.random(reached - 1) < 0.1
    tails.append(parent[1:][again])
    heads.append(np.arange(1, reached)[again])
    tail, head = order[np.concatenate(tails)], order[np.concatenate(heads)]
    kept = np.lexsort((rng.random(tail.size), tail))
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=size))]).astype(np.int32)
    return [size, row_ptr, head[kept].astype(np.int32), int(order[0]), np.full(size, _POISON, dtype=np.int32)]


def oracle(arguments: list[Argument]) -> Outputs:
    """Level by level, all edges of a level at a time."""
    n, row_ptr, col, source, _level = cast("tuple[int, Any, Any, int, Array]", tuple[Any, ...](arguments))
    tail = np.repeat(np.arange(n), np.diff(row_ptr))
    level = np.full(n, -1, dtype=np.int32)
    level[source] = 0
    depth = 0
    while (level == depth).any():
        heads = col[level[tail] == depth]
        level[heads[level[heads] < 0]] = depth + 1
        depth += 1
    return (exact(level),)


def num_bytes(arguments: list[Argument]) -> int:
    """The levels once; a search from both sides need not look at every edge."""
    return 4 * cast("int", arguments[0])


BFS_LEVELS = Kernel(
    name="bfs_levels",
    domain="graph",
    prototype="void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level)",
    summary=(
        "the breadth-first levels of a directed graph of n vertices, numbered from 0, in CSR form: edges lead from vertex v to the "
        "vertices col[row_ptr[v]] to col[row_ptr[v + 1] - 1], in any order, an edge may be there twice or lead to its own vertex. level[v] "
        "is the least number of edges on a way from source to v, 0 for source itself and -1 where there is no way; 0 <= source < n; "
        "level holds nothing useful before"
    ),
    fortran="""integer(c_int), value :: n
integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
integer(c_int), value :: source
integer(c_int), intent(inout) :: level(n)""",
    sizes=(1, 2, 3, 7, 64, 65, 509),
    random_sizes=(200, 900),
    timed_size=100003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: cast("int", arguments[0]),
    num_bytes=num_bytes,
)
