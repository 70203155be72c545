"""Batches for the Trainer: lists of token ids become tensors; every epoch's order comes from a seed.

A *row* is one sequence of ids with the labels to learn. Rows of like length stand together, and a batch holds as many as
fit a budget of tokens, so little is computed on padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""Label of a position that isn't learnt."""

Batch = dict[str, "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence."""

    ids: tuple[int, ...]
    num_given: int
    """This many ids at the beginning are given and not learnt."""
    num_bytes: int = 0
    """Bytes of text that the learnt ids stand for."""


def pieces(length: int, room: int) -> Iterator[tuple[int, int]]:
    """Begin and end of pieces of at most ``room`` that a document is cut into: full ones, which leave no padding, and a rest.

    A rest of less than an eighth takes what it lacks from the piece before, so that no crumb is left over.
    """
    cuts = [*range(0, length, room), length]
    least = min(room // 2, max(2, room // 8))
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < least:
        cuts[-2] = length - least
    yield from pairwise(cuts)


def by_length(rows: Sequence[Row], max_tokens: int, rng: Random) -> list[list[Row]]:
    """Group rows of like length into batches of at most ``max_tokens`` with padding, in random order."""
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i].ids) + rng.random() * 8, i))
    batches: list[list[Row]] = []
    batch: list[Row] = []
    for i in order:
        if batch and len(rows[i].ids) * (len(batch) + 1) > max_tokens:
            batches.append(batch)
            batch = []
        batch.append(rows[i])
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def padded(rows: Sequence[Row]) -> Batch:
    """Rows as tensors, padded on the right."""
    import torch

    width = max(len(row.ids) for row in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        labels[i, row.num_given : len(row.ids)] = torch.tensor(row.ids[row.num_given :])
    # Padding stands behind every real token and attention is causal, so no attention mask is needed.
    return {"input_ids": ids, "labels": labels}
