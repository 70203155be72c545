"""Rows in a stream become batches: of one group each, of like length, within a budget of tokens, groups in turn.

Theory of operation. Each group has a pool. When it is full its rows are sorted by length and cut into batches, which queue in random
order; a batch of each group leaves when all have one. At the end what is left over leaves in whole turns, so that with two languages
the longer is cut to the shorter, as in CodeRosetta. A group whose queue is long loses its newest rows for the same reason.
Not covered: going on in the middle of an epoch, for which the stream is run again up to there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from random import Random
from typing import TypeVar

from hpcraft.train.objectives.objective import AnyRow, PairRow

R = TypeVar("R", bound=AnyRow)

_MOST_WAITING = 64


def batched(rows: Iterable[R], max_tokens: int, rng: Random, *, cycle: tuple[str, ...] = (), pool: int = 512) -> Iterator[list[R]]:
    """Batches of at most ``max_tokens`` with padding, encoder and decoder counted together; a longer row is a batch of its own.

    Args:
        rows: in the order of an epoch.
        max_tokens: in a batch.
        rng: orders batches.
        cycle: `Objective.cycle`; empty for rows without groups.
        pool: rows that are sorted together.
    """
    turns = cycle or ("",)
    pools: dict[str, list[R]] = {group: [] for group in turns}
    queues: dict[str, deque[list[R]]] = {group: deque() for group in turns}
    for row in rows:
        group = row.group if isinstance(row, PairRow) else ""
        if len(queues[group]) >= _MOST_WAITING:
            continue
        pools[group].append(row)
        if len(pools[group]) >= pool:
            queues[group] += _cut(pools[group], max_tokens, rng)
            pools[group] = []
            yield from _turns(queues)
    for group, rest in pools.items():
        queues[group] += _cut(rest, max_tokens, rng)
    yield from _turns(queues)


def _turns(queues: dict[str, deque[list[R]]]) -> Iterator[list[R]]:
    while all(queues.values()):
        for queue in queues.values():
            yield queue.popleft()


def _cut(rows: list[R], max_tokens: int, rng: Random) -> list[list[R]]:
    batches: list[list[R]] = []
    width = 0, 0
    for row in sorted(rows, key=lambda row: sum(lengths(row)) + rng.random() * 8):
        reading, writing = lengths(row)
        wider = max(width[0], reading), max(width[1], writing)
        if not batches or sum(wider) * (len(batches[-1]) + 1) > max_tokens:
            batches.append([])
            wider = reading, writing
        batches[-1].append(row)
        width = wider
    rng.shuffle(batches)
    return batches


def lengths(row: AnyRow) -> tuple[int, int]:
    """What an encoder, or the only stack, reads of a row, and what a decoder behind an encoder writes."""
    return (len(row.source), len(row.target)) if isinstance(row, PairRow) else (len(row.ids), 0)


def tokens_of(row: AnyRow) -> int:
    """The tokens of a row."""
    return sum(lengths(row))
