"""Texts in tokens as a source of micro-batches: windows of shuffled texts become rows by an objective, and rows batches.

A decoder's rows are packed; those of the other architectures are batched by length. A window is a pure function of its numbers, the turn,
the seed and the texts, so a run can begin at any of them. It holds whole steps, whose rows don't depend on how many are computed at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from random import Random
from typing import TYPE_CHECKING, cast

import numpy as np

from hpcraft.train.batches import IGNORED, Batch, Row
from hpcraft.train.objectives.batching import batched
from hpcraft.train.packing import alone, fitted, pack, together
from hpcraft.train.tokens import Tokens

if TYPE_CHECKING:
    from hpcraft.train.objectives.objective import AnyRow, Objective

_WINDOW_TOKENS = 1 << 19
"""Tokens that are shuffled and packed together, or more where steps are large; a step takes from one such window."""
_WINDOW_STEPS = 16
_MANY_STEPS = 8
"""From so many on what is left over of a window is left out; else its last step is filled up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusSource:
    """`hpcraft.train.stream.Source` over tokens."""

    tokens: Tokens
    objective: Objective
    width: int
    """Tokens of a packed row, and most tokens of any."""
    step_rows: int
    """Rows in a step; for other architectures than decoders, so many times the width in tokens."""
    rows: int
    """Those of them that are in a micro-batch."""
    seed: int
    apart: bool = False
    """One text in each row, for models that would let packed ones see each other."""

    @property
    def turns(self) -> tuple[float, ...]:
        """When the objective changes."""
        return self.objective.turns

    def window(self, epoch: int, number: int, turn: int) -> Sequence[Callable[[], Batch]] | None:
        """The micro-batches of a window."""
        order = self._order(epoch)
        begins = self._begins(order)
        if number >= len(begins):
            return None
        end = begins[number + 1] if number + 1 < len(begins) else len(order)
        rng = Random(f"{self.seed}/{epoch}/{number}")
        objective = self.objective.at(self.turns[turn - 1] if turn else 0.0)
        rows = self._rows(order[begins[number] : end].tolist(), epoch, objective)
        if objective.architecture == "decoder":
            return self._packed(list(fitted(cast("Iterator[Row]", rows), self.width)), rng)
        groups = batched(rows, self.step_rows * self.width, rng, cycle=objective.cycle)
        parts = self.step_rows // self.rows
        # Each part takes every n-th row, since those of a group are in the order of their lengths.
        return [partial(_collated, objective, group[i::parts], group[0]) for group in groups for i in range(parts)]

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.tokens.epoch(epoch))

    def _begins(self, order: np.ndarray) -> list[int]:
        """Where in an epoch's order the windows begin, each of about as many tokens."""
        total = np.cumsum(self.tokens.texts["length"][order])
        if not len(total):
            return []
        count = max(1, round(int(total[-1]) / max(_WINDOW_TOKENS, _WINDOW_STEPS * self.step_rows * self.width)))
        return [0, *(int(i) + 1 for i in np.searchsorted(total, total[-1] * np.arange(1, count) / count))]

    def _rows(self, numbers: Sequence[int], epoch: int, objective: Objective) -> Iterator[AnyRow]:
        for number in numbers:
            text = self.tokens.texts[number]
            if text["ready"]:
                if text["length"] <= self.width:  # in pieces, an answer would stand without its prompt
                    yield Row(tuple(self.tokens.ids(number).tolist()), 1)
            else:
                yield from objective.rows(self.tokens.document(number), np.random.default_rng([self.seed, epoch, number]))

    def _packed(self, rows: list[Row], rng: Random) -> Sequence[Callable[[], Batch]]:
        rows = [row for row in rows if len(row.ids) > 1]
        groups = [[row] for row in rows] if self.apart else pack(rows, self.width)
        rng.shuffle(groups)
        # All steps have one shape. Rows that are left over wait for the next epoch, in which others are; where steps are few, that would be much of the
        # texts, so some rows are learnt twice instead.
        if len(groups) >= _MANY_STEPS * self.step_rows:
            del groups[len(groups) - len(groups) % self.step_rows :]
        groups += islice(cycle(groups.copy()), -len(groups) % self.step_rows)
        made = alone if self.apart else together
        return [
            partial(made, groups[begin : begin + self.rows], self.width, self.objective.specials.pad)
            for begin in range(0, len(groups), self.rows)
        ]


def _collated(objective: Objective, rows: list[AnyRow], other: AnyRow) -> Batch:
    """Rows as a batch; none as one of which nothing is learnt, since every process computes as many."""
    batch = objective.collate(rows or [other], objective.specials.pad)
    if not rows:
        batch.pop("into", None)
        batch["labels"].fill_(IGNORED)
    return batch
