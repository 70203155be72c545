"""Byte-level BPE from serialisable parts, in Hugging Face format: it loads anywhere without code of ours.

A piece that BPE may merge is a word with the blank behind it, a run of punctuation with the newline behind it, one
digit, or white space; so boilerplate is cheap while ``v3`` stays one token wherever it stands. Words that mean something to a
compiler are in the vocabulary whole (``ignore_merges`` makes a piece that is in the vocabulary one token).
Not covered: pre-tokenizers that llama.cpp knows by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.errors import InputError
from hpcraft.store import write_json, write_text
from hpcraft.tokenizer.prompt import CONTROL, END, PAD, SPECIAL, TEXT
from hpcraft.tokenizer.words import WHOLE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAMES = (
    *(f"v{i}" for i in range(32)),
    *(f"f{i}" for i in range(8)),
    *(f"w{i}" for i in range(16)),
    *(f"g{i}" for i in range(4)),
)
"""Canonical names that are one token each; longer ones are spelled out."""

PIECES = r"[0-9]|[\p{L}_]+ ?|[^\s\p{L}_0-9]+\n*|\n+|[^\S\n]+"
LAUNCH = ("<<<", ">>>", ">>>(")
SMALLEST = 256 + len(NAMES) + len(SPECIAL) + len(CONTROL) + 2 * len(WHOLE) + len(LAUNCH)
"""Vocabulary without a single merge; less than this is no tokenizer of ours."""


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train on ``texts``; the same texts in the same order give the same tokenizer."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    assert vocab_size >= SMALLEST
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in CONTROL])
    tokenizer.add_tokens([AddedToken(t, normalized=False, single_word=True) for t in NAMES])
    whole = [*LAUNCH, *WHOLE, *(f"{word} " for word in WHOLE)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # Training doesn't know of added tokens, so what stands between them is what it may merge.
    between = re.compile("|".join(map(re.escape, (*SPECIAL, *CONTROL))) + rf"|\b(?:{'|'.join(NAMES)})\b")
    tokenizer.train_from_iterator((part for text in texts for part in between.split(text) if part), trainer)
    return _with_whole(tokenizer, whole, vocab_size)


def _with_whole(tokenizer: Tokenizer, whole: list[str], vocab_size: int) -> Tokenizer:
    """Number everything afresh: fixed tokens first, then bytes and merges, then the whole words that no merge made."""
    from tokenizers import Tokenizer as Loader

    parts: dict[str, Any] = json.loads(tokenizer.to_str())
    fixed = [*SPECIAL, *CONTROL, *NAMES]
    learnt = [piece for piece, _ in sorted(parts["model"]["vocab"].items(), key=lambda item: item[1]) if piece not in fixed]
    pieces = [word.replace(" ", "Ġ") for word in whole]
    kept = set(learnt)
    # Merges are dropped from the end, where they are rarest, until the whole words that no merge makes have room.
    while len(fixed) + len(kept) + sum(piece not in kept for piece in pieces) > vocab_size:
        kept.remove(learnt.pop())
    vocabulary = [*fixed, *learnt, *(piece for piece in pieces if piece not in kept)]
    parts["model"]["merges"] = [merge for merge in parts["model"]["merges"] if "".join(merge) in kept]
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    parts["model"]["vocab"] = ids
    parts["model"]["ignore_merges"] = True
    for added in parts["added_tokens"]:
        added["id"] = ids[added["content"]]
    return Loader.from_str(json.dumps(parts, ensure_ascii=False))


def save(tokenizer: Tokenizer, folder: Path, *, max_length: int = 1024) -> None:
    """Write ``tokenizer.json`` and ``tokenizer_config.json``."""
    write_text(folder / "tokenizer.json", tokenizer.to_str(pretty=True) + "\n")
    write_json(
        folder / "tokenizer_config.json",
        {
            # Transformers 5 writes another class, which transformers 4 and vLLM don't know; 5 reads this one too.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": TEXT,
            "eos_token": END,
            "pad_token": PAD,
            "clean_up_tokenization_spaces": False,
            "model_max_length": max_length,
            "padding_side": "left",
        },
    )


def load(folder: Path) -> Tokenizer:
    """The tokenizer in a folder that has a ``tokenizer.json``.

    Raises:
        InputError: there is none, it can't be read, or it doesn't know the task format.
    """
    from tokenizers import Tokenizer as Loader

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise InputError(f"{folder}: holds no tokenizer.json; give the folder that `hpcraft tokenizer train` or a training stage made")
    try:
        tokenizer = Loader.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - the library raises plain Exception for every defect of the file
        raise InputError(f"{path}: not a tokenizer ({' '.join(str(error).split())[:120]}); make it again") from None
    for token in (*SPECIAL, *CONTROL):
        if tokenizer.token_to_id(token) is None:
            raise InputError(f"{path}: has no token {token}; hpcraft's stages need a tokenizer made by `hpcraft tokenizer train`")
    return tokenizer
