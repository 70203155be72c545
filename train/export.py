"""Where a fine-tuned model came from and where it goes: a base of anybody's in, a folder that ``transformers`` loads out.

What hpcraft's own models are saved with is in `hpcraft.train.folder`. A model of others' gets the files of its own tokenizer, as they were.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpcraft.errors import InputError
from hpcraft.inference import MODEL_FILE, TOKENIZER_FILES, Generator, find_folder, read_facts
from hpcraft.train.folder import save_model

_TOKENIZER = (
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "chat_template*"),
    *("spiece.model", "*.bpe.model", "spm.model", "source.spm", "target.spm"),
)
"""Names of the files of a tokenizer."""


def model_folder(stage_folder: Path) -> Path:
    """The model of ours in a stage's folder, or the folder itself where it is a model."""
    below = stage_folder / "model"
    folder = below if below.is_dir() else stage_folder
    for name in ("config.json", "model.safetensors", *TOKENIZER_FILES):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder}: not a model folder, {name} is missing; give the folder of `hpcraft pretrain` or `hpcraft finetune`"
            )
    return folder


def base_folder(given: Path) -> Path:
    """The folder with the weights and the tokenizer of a base: a stage's, a model's, or that of a repository in the Hub's cache.

    Raises:
        InputError: there is none, or it is an adapter.
    """
    below = given / "model"
    folder = below if below.is_dir() else given
    if (folder / MODEL_FILE).is_file():
        return model_folder(folder)
    return find_folder(str(folder))


def save_tuned(model: Any, generator: Generator, base: Path, folder: Path, tasks: tuple[str, ...], *, cuda_answer: str = "whole") -> None:
    """Write a fine-tuned model.

    Args:
        model: with its weights, adapters merged.
        generator: what it was before.
        base: the folder that it came from.
        folder: to write.
        tasks: what it was taught now.
        cuda_answer: how it was taught CUDA, where it was.
    """
    if generator.is_own:
        known = read_facts(base)
        answer = cuda_answer if {"cuda", "cuda2c"} & {*tasks} else known.cuda_answer
        save_model(model, base, folder, replace(known, tasks=tuple(sorted({*known.tasks, *tasks})), cuda_answer=answer))
        return
    save_others(model, base, folder)


def save_others(model: Any, base: Path, folder: Path) -> None:
    """Write a model that isn't hpcraft's own, with the files of the tokenizer in ``base``."""
    model.save_pretrained(folder)
    for path in sorted({path for name in _TOKENIZER for path in base.glob(name) if path.is_file()}):
        shutil.copyfile(path, folder / path.name)
