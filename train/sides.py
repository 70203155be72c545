"""Batches for a model with an encoder: what is given goes to the encoder, what is learnt to the decoder."""

from __future__ import annotations

from collections.abc import Sequence

from hpcraft.train.batches import IGNORED, Batch, Row
from hpcraft.train.objectives.objective import filled, present


def sides(rows: Sequence[Row]) -> Batch:
    """Rows as tensors, both sides padded on the right; padding is masked and never learnt."""
    given = [row.ids[: row.num_given] for row in rows]
    learnt = [row.ids[row.num_given :] for row in rows]
    return {"input_ids": filled(given, 0), "attention_mask": present(given), "labels": filled(learnt, IGNORED)}
