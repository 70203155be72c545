"""Batches for a model with an encoder: what is given goes to the encoder, what is learnt to the decoder."""

from __future__ import annotations

from collections.abc import Sequence

from hpcraft.train.batches import IGNORED, Batch, Row


def sides(rows: Sequence[Row]) -> Batch:
    """Rows as tensors, both sides padded on the right; padding is masked and never learnt."""
    import torch

    given = [row.ids[: row.num_given] for row in rows]
    learnt = [row.ids[row.num_given :] for row in rows]
    width, length = max(map(len, given)), max(map(len, learnt))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED, dtype=torch.long)
    for i, (prompt, answer) in enumerate(zip(given, learnt, strict=True)):
        ids[i, : len(prompt)] = torch.tensor(prompt)
        mask[i, : len(prompt)] = 1
        labels[i, : len(answer)] = torch.tensor(answer)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}
