"""Batches for a model with an encoder: what is given goes to the encoder, what is learnt to the decoder.

The decoder begins as the model's config says; that of hpcraft's own models with the first token of the prompt, which is the direction, as
denoising and back-translation taught it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hpcraft.decoding import begins_with_prompt
from hpcraft.train.batches import IGNORED, Batch, Row, padded
from hpcraft.train.objectives.objective import filled, present

if TYPE_CHECKING:
    from hpcraft.inference import Generator


def tensors_for(generator: Generator) -> Callable[[Sequence[Row]], Batch]:
    """What makes a model's batches."""
    if not generator.model.config.is_encoder_decoder:
        return padded
    return directed_sides if begins_with_prompt(generator.model, generator.codec) else sides


def sides(rows: Sequence[Row]) -> Batch:
    """Rows as tensors, both sides padded on the right; padding is masked and never learnt."""
    given = [row.ids[: row.num_given] for row in rows]
    learnt = [row.ids[row.num_given :] for row in rows]
    return {"input_ids": filled(given, 0), "attention_mask": present(given), "labels": filled(learnt, IGNORED)}


def directed_sides(rows: Sequence[Row]) -> Batch:
    """As `sides`, the decoder beginning with the first token of the prompt."""
    begun = [(row.ids[0], *row.ids[row.num_given : -1]) for row in rows]
    return {**sides(rows), "decoder_input_ids": filled(begun, 0)}
