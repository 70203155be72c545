"""The tokenizer that a pre-training run takes: of the stage ``tokenizer``, or of the model that it goes on from."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import check_fit, load_tokenizer
from hpcraft.store import read_json
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.token_plan import RESERVED
from hpcraft.train.export import base_folder
from hpcraft.train.pretrain import TOKENIZER


def tokenizer_folder(inputs: Mapping[str, Path], out: Path) -> Path:
    """The tokenizer to train with: the given one, or that of the model to go on from.

    Args:
        inputs: of the stage.
        out: folder of the stage, into which a base's tokenizer is written that isn't in one file.

    Raises:
        ConfigError: none is given.
        InputError: it doesn't fit the model, or the model has none.
    """
    if "base" not in inputs:
        if "tokenizer" not in inputs:
            raise ConfigError("pretrain: input 'tokenizer' is missing; give the folder that `hpcraft tokenizer train` made")
        return inputs["tokenizer"]
    folder = base_folder(inputs["base"])
    if "tokenizer" in inputs:
        check_fit(inputs["tokenizer"], _vocab_size(folder))
        if (folder / "tokenizer.json").is_file():
            _check_same(inputs["tokenizer"], folder)
        return inputs["tokenizer"]
    return folder if (folder / "tokenizer.json").is_file() else _whole_tokenizer(folder, out / TOKENIZER)


def _whole_tokenizer(base: Path, folder: Path) -> Path:
    """A base's tokenizer with a ``tokenizer.json``, as one of ``vocab.json`` and ``merges.txt`` has none; every rank finds what the first process wrote.

    Raises:
        InputError: it has no such form.
    """
    if not (folder / "tokenizer.json").is_file():
        tokenizer = load_tokenizer(base)
        if not tokenizer.is_fast:
            raise InputError(
                f"{base}: its tokenizer has no fast form, which pretrain needs; give a model with a tokenizer.json, or --tokenizer"
            )
        aside = folder.with_name(folder.name + ".aside")
        shutil.rmtree(aside, ignore_errors=True)
        tokenizer.save_pretrained(aside)
        aside.rename(folder)
    return folder


def _vocab_size(folder: Path) -> int:
    """How many tokens a model knows; one that reads more than texts says it of the part that reads them."""
    config = read_json(folder / "config.json")
    size = config.get("vocab_size") or config.get("text_config", {}).get("vocab_size")
    if not isinstance(size, int):
        raise InputError(f"{folder}: its config.json names no vocab_size; leave --tokenizer out, and its own is taken")
    return size


def _check_same(given: Path, base: Path) -> None:
    """Check that a tokenizer means by its ids what the base's own means; one that either keeps free for later means nothing."""
    known = {number: token for token, number in bpe.load_any(base).get_vocab().items()}
    for token, number in bpe.load_any(given).get_vocab().items():
        if (was := known.get(number, token)) != token and not any(one.startswith(RESERVED) for one in (was, token)):
            raise InputError(
                f"{given}: the tokenizer's token {number} is {token!r}, of that in {base} {was!r}; give the tokenizer that the model was trained with"
            )
