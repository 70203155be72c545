"""What an objective is: documents become rows, rows become batches, and the loss stands only where something is to be learnt.

Rows are of three kinds by the model's architecture: `hpcraft.train.batches.Row` for a decoder, `PairRow` for an encoder-decoder, `TagRow` for
a tagger, which is an encoder with a label for each token. Rows of one batch are of one ``group``.
Not covered: attention that is kept inside documents in packed rows, which is for the training loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hpcraft.errors import ConfigError, InputError
from hpcraft.train.annotation import Document
from hpcraft.train.batches import IGNORED, Batch, Row, padded
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

Architecture = Literal["decoder", "encoder-decoder", "tagger"]


@dataclass(frozen=True, slots=True)
class PairRow:
    """What an encoder reads and a decoder writes."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    """All of it is learnt; the end token stands at its end."""
    start: int
    """What the decoder begins with."""
    group: str = ""
    """Rows of one batch have one."""
    into: int | None = None
    """Of a row for back-translation: the source is first translated by the model itself, beginning with this."""


@dataclass(frozen=True, slots=True)
class TagRow:
    """What an encoder reads, and the label of each token."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


AnyRow = Row | PairRow | TagRow


class Objective(ABC):
    """One way to learn from documents."""

    architecture: Architecture
    specials: Specials
    cycle: tuple[str, ...] = ()
    """Groups whose batches alternate, in order; empty where there is one group."""

    @property
    def turns(self) -> tuple[float, ...]:
        """The shares of the training, in order, at which `at` begins to give another objective."""
        return ()

    @abstractmethod
    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[AnyRow]:
        """The rows of one document, none where it gives none; everything random comes from ``rng``.

        Raises:
            InputError: the document lacks what the objective needs.
        """

    def collate(self, rows: Sequence[AnyRow], pad: int) -> Batch:
        """Rows as tensors, padded on the right with ``pad``; nothing is learnt there."""
        return collate(rows, pad)

    def complete(self, batch: Batch, model: nn.Module) -> Batch:  # noqa: ARG002 - for back-translation
        """What the present model adds to a batch just before it learns from it."""
        return batch

    def at(self, progress: float) -> Objective:  # noqa: ARG002 - for adaptive noise
        """The objective after this share of the training (0 to 1)."""
        return self


def collate(rows: Sequence[AnyRow], pad: int) -> Batch:
    """Rows of one kind as tensors; labels are IGNORED on padding, and what attends both ways gets a mask."""
    if not rows:
        raise InputError("a batch without rows; give at least one")
    kinds = {type(row) for row in rows}
    if len(kinds) > 1 or len({getattr(row, "group", "") for row in rows}) > 1:
        raise InputError("a batch holds rows of several kinds or groups; give rows of one")
    if isinstance(rows[0], PairRow):
        return _pairs([row for row in rows if isinstance(row, PairRow)], pad)
    if isinstance(rows[0], TagRow):
        return _tags([row for row in rows if isinstance(row, TagRow)], pad)
    sequences = [row for row in rows if isinstance(row, Row)]
    batch = padded(sequences)
    for ids, row in zip(batch["input_ids"], sequences, strict=True):
        ids[len(row.ids) :] = pad
    return batch


def filled(sequences: Sequence[Sequence[int]], value: int) -> torch.Tensor:
    """Sequences as one tensor with ``value`` behind each."""
    import torch

    width = max(len(sequence) for sequence in sequences)
    found = torch.full((len(sequences), width), value, dtype=torch.long)
    for i, sequence in enumerate(sequences):
        found[i, : len(sequence)] = torch.tensor(sequence, dtype=torch.long)
    return found


def present(sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    """1 where a sequence has a token, 0 on padding."""
    return filled([[1] * len(sequence) for sequence in sequences], 0)


def _pairs(rows: Sequence[PairRow], pad: int) -> Batch:
    import torch

    sources = [row.source for row in rows]
    batch = {
        "input_ids": filled(sources, pad),
        "attention_mask": present(sources),
        "decoder_input_ids": filled([(row.start, *row.target[:-1]) for row in rows], pad),
        "labels": filled([row.target for row in rows], IGNORED),
    }
    if rows[0].into is not None:
        batch["into"] = torch.tensor([row.into for row in rows])
    return batch


def _tags(rows: Sequence[TagRow], pad: int) -> Batch:
    texts = [row.ids for row in rows]
    return {"input_ids": filled(texts, pad), "attention_mask": present(texts), "labels": filled([row.labels for row in rows], IGNORED)}


def check_share(name: str, value: float) -> None:
    """Check that a value is between 0 and 1.

    Raises:
        ConfigError: it isn't.
    """
    if not 0 <= value <= 1:
        raise ConfigError(f"{name}: {value} is not a share; give a number from 0 to 1")


def check_length(value: int, least: int) -> None:
    """Check the length of rows.

    Raises:
        ConfigError: it is too short.
    """
    if value < least:
        raise ConfigError(f"length: {value} tokens hold no row; give at least {least}")
