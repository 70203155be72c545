"""Texts in tokens as a source of micro-batches: windows of shuffled texts become rows by an objective, and rows batches.

A decoder's rows are packed; those of the other architectures are batched by length. A window is a pure function of its numbers, the
seed and the texts, so a run can begin at any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, cast

import numpy as np

from hpcraft.train.batches import Batch, Row
from hpcraft.train.objectives.batching import batched
from hpcraft.train.packing import fitted, pack, together
from hpcraft.train.tokens import Tokens

if TYPE_CHECKING:
    from hpcraft.train.objectives.objective import AnyRow, Objective

_WINDOW_TOKENS = 1 << 19
"""Tokens that are shuffled and packed together; a step takes from one such window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusSource:
    """`hpcraft.train.stream.Source` over tokens."""

    tokens: Tokens
    objective: Objective
    width: int
    """Tokens of a packed row, and most tokens of any."""
    rows: int
    """Rows in a micro-batch; for other architectures than decoders, so many times the width in tokens."""
    seed: int
    epochs: float
    """How many the run will see, for objectives that change with time."""

    def window(self, epoch: int, number: int) -> Sequence[Callable[[], Batch]] | None:
        """The micro-batches of a window."""
        order = self._order(epoch)
        begins = self._begins(order)
        if number >= len(begins):
            return None
        end = begins[number + 1] if number + 1 < len(begins) else len(order)
        rng = Random(f"{self.seed}/{epoch}/{number}")
        objective = self.objective.at(min(1.0, (epoch + number / len(begins)) / max(self.epochs, 1e-9)))
        rows = self._rows(order[begins[number] : end].tolist(), epoch, objective)
        if objective.architecture == "decoder":
            return self._packed(list(fitted(cast("Iterator[Row]", rows), self.width)), rng)
        pad = objective.specials.pad
        groups = batched(rows, self.rows * self.width, rng, cycle=objective.cycle)
        return [partial(objective.collate, group, pad) for group in groups]

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.tokens.epoch(epoch))

    def _begins(self, order: np.ndarray) -> list[int]:
        """Where in an epoch's order the windows begin, each of about as many tokens."""
        total = np.cumsum(self.tokens.texts["length"][order])
        if not len(total):
            return []
        count = max(1, round(int(total[-1]) / max(_WINDOW_TOKENS, 4 * self.rows * self.width)))
        return [0, *(int(i) + 1 for i in np.searchsorted(total, total[-1] * np.arange(1, count) / count))]

    def _rows(self, numbers: Sequence[int], epoch: int, objective: Objective) -> Iterator[AnyRow]:
        for number in numbers:
            if self.tokens.texts[number]["ready"]:
                yield Row(tuple(self.tokens.ids(number).tolist()), 1)
            else:
                yield from objective.rows(self.tokens.document(number), np.random.default_rng([self.seed, epoch, number]))

    def _packed(self, rows: list[Row], rng: Random) -> Sequence[Callable[[], Batch]]:
        groups = pack([row for row in rows if len(row.ids) > 1], self.width)
        rng.shuffle(groups)
        makers = []
        for begin in range(0, len(groups), self.rows):
            some = groups[begin : begin + self.rows]
            # The last batch is filled up from the first, so that all have one shape.
            some += groups[: self.rows - len(some)] if len(groups) >= self.rows else []
            if len(some) == self.rows:
                makers.append(partial(together, some, self.width, self.objective.specials.pad))
        return makers
