"""Rows of a decoder packed into rows of one width, so that next to nothing is computed on padding, and none attends to another.

Best fit decreasing: the longest first, each into the fullest row that has room for it. A row that is longer than the width is cut.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from hpcraft.errors import InputError
from hpcraft.train.batches import IGNORED, Batch, Row, pieces

_PROBE_TOKENS = 64


def fitted(rows: Iterable[Row], width: int) -> Iterator[Row]:
    """The rows, those longer than ``width`` cut into pieces."""
    for row in rows:
        if len(row.ids) <= width:
            yield row
            continue
        for begin, end in pieces(len(row.ids), width):
            yield Row(row.ids[begin:end], max(0, min(row.num_given, end) - begin))


def pack(rows: Sequence[Row], width: int) -> list[list[Row]]:
    """Groups of rows, each with at most ``width`` tokens in all."""
    groups: list[list[Row]] = []
    rooms: list[tuple[int, int]] = []  # room and number of each group that has some, in order
    for row in sorted(rows, key=lambda row: -len(row.ids)):
        length = len(row.ids)
        assert 0 < length <= width, f"a row of {length} tokens for a width of {width}"
        place = bisect_left(rooms, (length, -1))
        if place == len(rooms):
            groups.append([row])
            room, number = width - length, len(groups) - 1
        else:
            room, number = rooms.pop(place)
            groups[number].append(row)
            room -= length
        if room:
            insort(rooms, (room, number))
    return groups


def attention_for(model: Any, device: str) -> str:
    """The implementation of attention for packed rows: on a GPU one that needs no mask of the length's square, where the model has it.

    Flash attention of transformers keeps packed texts apart only in batches of one row, so it isn't taken.
    """
    config = model.config
    present = str(config._attn_implementation)
    if device != "cuda" or not getattr(model, "_supports_flex_attn", False) or float(getattr(config, "attention_dropout", 0)):
        return present
    return "flex_attention"


def keeps_apart(model: Any) -> bool:
    """Whether a text has the same logits behind another in one row as alone; some models take positions and pay no heed to them."""
    vocabulary = int(model.get_input_embeddings().num_embeddings)
    first, second = ([(start + 7 * i) % vocabulary for i in range(_PROBE_TOKENS)] for start in (3, 5))
    packed = together([[Row(tuple(first), 1), Row(tuple(second), 1)]], 2 * _PROBE_TOKENS, 0)
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    try:
        with torch.no_grad():
            ids, positions = packed["input_ids"].to(device), packed["position_ids"].to(device)
            behind = model(input_ids=ids, position_ids=positions, use_cache=False).logits[0, _PROBE_TOKENS:]
            alone = model(input_ids=torch.tensor([second], device=device), use_cache=False).logits[0]
    except (TypeError, IndexError):  # it takes no positions, or counts them from the row's beginning and has too few
        return False
    finally:
        model.train(was_training)
    return bool(torch.allclose(behind, alone, rtol=1e-3, atol=1e-3 * float(alone.std())))


def sees_ahead(model: Any) -> bool:
    """Whether a token changes what is foretold before it, as in models that fill in masks: such a one would read its answers while it learns them."""
    vocabulary = int(model.get_input_embeddings().num_embeddings)
    ids = [(3 + 7 * i) % vocabulary for i in range(_PROBE_TOKENS)]
    both = torch.tensor([ids, [*ids[:-1], (ids[-1] + 1) % vocabulary]], device=next(model.parameters()).device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            one, other = model(input_ids=both).logits[:, :-1]
    finally:
        model.train(was_training)
    return not torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(one.std()))


def check_causal(model: Any, base: object) -> None:
    """Check that a model without an encoder can learn to write.

    Raises:
        InputError: it sees what it is to write.
    """
    if not model.config.is_encoder_decoder and sees_ahead(model):
        raise InputError(
            f"{base}: sees the tokens behind each one, as models that fill in masks do, so it can't learn to write; "
            "give a model that reads from left to right, or one with an encoder and a decoder"
        )


def together(groups: Sequence[Sequence[Row]], width: int, pad: int) -> Batch:
    """Groups as one batch; positions begin anew with each row, which keeps attention inside it.

    The first token of a row is given, since what stands before it belongs to another, and so is what the row itself gives.
    """
    ids = torch.full((len(groups), width), pad, dtype=torch.long)
    labels = torch.full((len(groups), width), IGNORED, dtype=torch.long)
    positions = torch.zeros((len(groups), width), dtype=torch.long)
    for i, group in enumerate(groups):
        at = 0
        for row in group:
            end = at + len(row.ids)
            tokens = torch.tensor(row.ids)
            given = max(1, row.num_given)
            ids[i, at:end] = tokens
            labels[i, at + given : end] = tokens[given:]
            positions[i, at:end] = torch.arange(len(row.ids))
            at = end
    return {"input_ids": ids, "labels": labels, "position_ids": positions}


def alone(groups: Sequence[Sequence[Row]], width: int, pad: int) -> Batch:
    """As `together` for groups of one row each, without the positions, which some models don't take."""
    batch = together(groups, width, pad)
    del batch["position_ids"]
    return batch
