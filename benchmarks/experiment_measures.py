"""What ``tokenizer_experiment.py`` measures on a trained model: bits for each function, completions, and completions under other names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiment_texts import Function, Place, Variant, before, completed, same_but_for_names, with_other_names, written

from hpcraft.tokenizer.prompt import END, PAD, TEXT
from hpcraft.train.precision import has_bf16

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

BATCH = 16
NEW_TOKENS = {"word": 24, "line": 96}
"""A closed vocabulary spells strange words in bytes, so room for them is wide."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote at one place."""

    task: str
    exact: bool
    """The very text."""
    up_to_names: bool
    """The same but for the spelling of names."""
    answer: str


def ids_of(text: str, tokenizer: Tokenizer) -> list[int]:
    """A text with its beginning and end, as tokens."""
    return tokenizer.encode(f"{TEXT}{text}{END}", add_special_tokens=False).ids


def bits(model: LlamaForCausalLM, tokenizer: Tokenizer, chosen: Sequence[Function], variant: Variant, context: int) -> list[float]:
    """Bits that a model needs for each function, names and end included, in windows of the context that overlap by half."""
    windows: list[tuple[int, list[int], int]] = []
    for number, function in enumerate(chosen):
        ids = ids_of(written(function, variant), tokenizer)
        for begin in range(0, max(1, len(ids) - context // 2), context // 2):
            piece = ids[begin : begin + context]
            windows.append((number, piece, 1 if begin == 0 else context // 2))
    total = [0.0] * len(chosen)
    windows.sort(key=lambda window: len(window[1]))
    for at in range(0, len(windows), BATCH):
        batch = windows[at : at + BATCH]
        for (number, _, _), loss in zip(batch, _losses(model, [w[1] for w in batch], [w[2] for w in batch]), strict=True):
            total[number] += loss / math.log(2)
    return total


def _losses(model: LlamaForCausalLM, rows: list[list[int]], firsts: list[int]) -> list[float]:
    """Nats for the ids of each row from ``first`` on."""
    import torch
    from torch.nn.functional import cross_entropy

    width = max(map(len, rows))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    counted = torch.zeros((len(rows), width - 1), dtype=torch.bool)
    for i, (row, first) in enumerate(zip(rows, firsts, strict=True)):
        ids[i, : len(row)] = torch.tensor(row)
        counted[i, first - 1 : len(row) - 1] = True
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
        logits = model(input_ids=ids).logits[:, :-1].float()
    losses = cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return [float(row) for row in (losses * counted).sum(dim=1)]


def complete(model: LlamaForCausalLM, tokenizer: Tokenizer, chosen: Sequence[Place], variant: Variant, context: int) -> list[Completion]:
    """What a model writes at each place, greedily."""
    given = [before(place, variant) for place in chosen]
    rows = [tokenizer.encode(f"{TEXT}{text}", add_special_tokens=False).ids for text, _ in given]
    order = sorted(range(len(chosen)), key=lambda i: (chosen[i].task, len(rows[i])))
    answers = [""] * len(chosen)
    while order:
        task = chosen[order[0]].task
        batch = [i for i in order[:BATCH] if chosen[i].task == task]
        order = order[len(batch) :]
        room = NEW_TOKENS[task]
        for i, text in zip(batch, _greedy(model, tokenizer, [rows[i][-(context - room) :] for i in batch], room), strict=True):
            answers[i] = completed(chosen[i], text, given[i][1])
    return [
        Completion(place.task, answer == place.truth, answer == place.truth or same_but_for_names(place, answer), answer)
        for place, answer in zip(chosen, answers, strict=True)
    ]


def _greedy(model: LlamaForCausalLM, tokenizer: Tokenizer, rows: list[list[int]], room: int) -> list[str]:
    import torch

    pad, end = tokenizer.token_to_id(PAD), tokenizer.token_to_id(END)
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
        made = model.generate(  # pyright: ignore[reportCallIssue]  # a decorator of torch hides the signature
            input_ids=ids, attention_mask=mask, max_new_tokens=room, do_sample=False, pad_token_id=pad, eos_token_id=end
        )
    return [_decoded(tokenizer, row[width:], end) for row in made]


def _decoded(tokenizer: Tokenizer, row: torch.Tensor, end: int) -> str:
    ids = row.tolist()
    return tokenizer.decode(ids[: ids.index(end)] if end in ids else ids, skip_special_tokens=True)


def elsewhere_named(chosen: Sequence[Place], pool: Sequence[str], seed: int) -> list[tuple[int, Place, dict[str, str]]]:
    """Places in functions whose names were all replaced: number of the place, the same place there, and original name to new."""
    found = []
    for number, place in enumerate(chosen):
        if place.task != "word":
            continue
        function, names = with_other_names(place.function, pool, seed)
        moved = _moved(place, function)
        if names and moved is not None:
            found.append((number, moved, names))
    return found


def _moved(place: Place, function: Function) -> Place | None:
    """The same word in a function that differs by names alone: the word with the same number."""
    from hpcraft.tokenizer.lexer import lex

    at, number = 0, None
    for i, token in enumerate(lex(place.function.code, function.language)):
        if at == place.begin:
            number = i
            break
        at += len(token.text)
    at = 0
    for i, token in enumerate(lex(function.code, function.language)):
        if i == number:
            return Place(function, at, token.text, "word")
        at += len(token.text)
    return None
