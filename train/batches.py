"""Batches for the Trainer: lists of token ids become tensors; every epoch's order comes from a seed.

A *row* is one sequence of ids with the labels to learn. Rows of like length stand together, and a batch holds as many as
fit a budget of tokens, so little is computed on padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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


def packed(documents: Iterable[Sequence[int]], width: int, rows: int) -> Iterator[Batch]:
    """Documents one behind the other in rows of ``width``; positions start anew with each, which keeps attention inside it."""
    import torch

    ids: list[int] = []
    positions: list[int] = []
    for document in documents:
        ids += document
        positions += range(len(document))
        while len(ids) >= width * rows:
            taken = torch.tensor(ids[: width * rows]).view(rows, width)
            places = torch.tensor(positions[: width * rows]).view(rows, width)
            # A row that begins inside a document counts from there: the cut costs its first tokens their context.
            yield {"input_ids": taken, "labels": taken.clone(), "position_ids": _from_row_start(places)}
            del ids[: width * rows], positions[: width * rows]


def _from_row_start(places: torch.Tensor) -> torch.Tensor:
    """Positions that start at zero in each row as well as at each document."""
    import torch

    starts = torch.cat([torch.ones_like(places[:, :1], dtype=torch.bool), places.diff(dim=1) != 1], dim=1)
    index = torch.arange(places.shape[1]).expand_as(places)
    return index - torch.where(starts, index, 0).cummax(dim=1).values


class EpochBatches:
    """A data set whose items are whole batches, made epoch by epoch when they are first needed."""

    def __init__(self, epoch: Callable[[int], Iterable[Batch]], length: int) -> None:
        self._epoch = epoch
        self._length = length
        self._number = 0
        self._first = 0
        self._batches: list[Batch] = []

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Batch:
        while index >= self._first + len(self._batches):
            self._first += len(self._batches)
            self._batches = list(self._epoch(self._number))
            self._number += 1
            assert self._batches, "an epoch without batches"
        assert index >= self._first, "batches are read in order"
        return self._batches[index - self._first]
