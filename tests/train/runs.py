"""Small training runs that several tests share: a model of some thousand weights, batches that end or spoil a run, and what it left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.watch import Budget, Validation

WIDTH, VOCABULARY = 24, 64


class Killed(BaseException):
    """As if the process had ended here."""


def tiny(seed: int = 0) -> Any:
    """A decoder of some thousand weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            intermediate_size=64,
            tie_word_embeddings=True,
            attention_dropout=0.1,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )


def batches(rows: int = 4, kill_at: int | None = None, spoil_at: int | None = None) -> Callable[[int], Iterator[Batch]]:
    """Seven batches an epoch, with labels of different numbers; one of them may end the process or be spoilt."""
    count = [0]

    def epoch(number: int) -> Iterator[Batch]:
        random = torch.Generator().manual_seed(number)
        for _ in range(7):
            ids = torch.randint(3, 12, (rows, WIDTH), generator=random)
            labels = ids.clone()
            labels[:, int(torch.randint(4, WIDTH, (1,), generator=random)) :] = IGNORED
            yield {"input_ids": ids, "labels": labels}

    def counted(number: int) -> Iterator[Batch]:
        for batch in epoch(number):
            count[0] += 1
            if count[0] == kill_at:
                raise Killed
            if count[0] == spoil_at:
                batch = {**batch, "attention_mask": torch.full((rows, 1, WIDTH, WIDTH), float("nan"))}
            yield batch

    return counted


def budget(**given: Any) -> Budget:
    """Steps without a limit of time."""
    return Budget(
        **{"max_steps": 12, "max_seconds": 1e9, "learning_rate": 1e-2, "log_steps": 1, "warmup_steps": 3, "evaluations": 4, **given}
    )


def validation() -> Validation:
    """Two batches of a text that isn't learnt."""
    random = torch.Generator().manual_seed(99)
    found = [torch.randint(3, 12, (4, WIDTH), generator=random) for _ in range(2)]
    return Validation(
        batches=[{"input_ids": ids, "labels": ids.clone()} for ids in found],
        num_bytes=400,
        languages=("c", "fortran"),
        bytes_by_language={"c": 200, "fortran": 200},
    )


def told(folder: Path, *keys: str) -> list[tuple[Any, ...]]:
    """The lines of metrics without what time decides."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        tuple(line.get(key) for key in ("step", "split", "tokens", "loss", "bits_per_byte", "learning_rate", "grad_norm", *keys))
        for line in lines
    ]


def weights(model: Any) -> dict[str, torch.Tensor]:
    """A copy of a model's weights."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """To the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def flip(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
