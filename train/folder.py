"""Writes model folders: weights, config and tokenizer as any tool loads them, and ``hpcraft.json`` with what the model was taught.

`hpcraft.inference` reads them.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.inference import MODEL_FILE, TOKENIZER_FILES, TOKENIZER_MODEL, ModelFacts
from hpcraft.store import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def save_model(model: PreTrainedModel, tokenizer_folder: Path, folder: Path, facts: ModelFacts) -> None:
    """Write a model folder."""
    # Generation settings lie in their own file; the model's config may not hold any.
    model.generation_config.bos_token_id = getattr(model.config, "bos_token_id", None)  # T5 has none
    model.generation_config.eos_token_id = model.config.eos_token_id
    model.generation_config.pad_token_id = model.config.pad_token_id
    model.generation_config.use_cache = True  # the config's own word is for training
    model.save_pretrained(folder)
    for name in (*TOKENIZER_FILES, TOKENIZER_MODEL):
        if name != TOKENIZER_MODEL or (tokenizer_folder / name).is_file():
            shutil.copyfile(tokenizer_folder / name, folder / name)
    write_json(folder / MODEL_FILE, {**asdict(facts), "tasks": list(facts.tasks)})
