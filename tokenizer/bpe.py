"""BPE over raw text with byte fallback, in files that ``tokenizers``, transformers, SentencePiece and llama.cpp's converter read.

Where a piece may end depends on two neighbouring characters alone: letters go together, and punctuation, newlines,
blanks; blanks also go with what stands before them, and newlines with punctuation; a digit is alone. No token spans such a
place, so an algorithm that knows no pre-tokenizer gives the same cut. What isn't ASCII is spelled by byte tokens: nothing is unknown.
Not covered: closed vocabularies (`hpcraft.tokenizer.closed`); scripts other than Latin, which take two tokens and more a letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.store import JSON, write_json, write_text
from hpcraft.tokenizer.prompt import CONTROL, END, PAD, SPECIAL, TEXT
from hpcraft.tokenizer.sentencepiece_model import write_model
from hpcraft.tokenizer.token_plan import ALPHABET, BYTES, complete, merges, one_of, plan, reserved

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = r"[A-Za-z_]+[ \t]*|[0-9][ \t]*|[!-/:-@\[-^`{-~]+[\r\n]*[ \t]*|[\r\n]+[ \t]*|[ \t]+"
LONGEST = 32
"""Characters of the longest token that may be learnt."""
_ASCII = re.compile(rf"[{re.escape(''.join(ALPHABET))}]+")


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train on ``texts``; the same texts in the same order give the same tokenizer."""
    parts = plan(vocab_size)
    between = one_of(parts.added)
    learnt = _learn((piece for text in texts for part in between.split(text) for piece in _ASCII.findall(part)), parts.room)
    return _assemble(parts.added, complete(learnt, parts.whole, parts.room), vocab_size)


def train_plain(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A byte-level BPE as the library makes it, with nothing of ours: what speed and size are measured against."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def _learn(pieces: Iterator[str], count: int) -> list[str]:
    """The first ``count`` pieces that BPE makes, in order."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), behavior="isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=count + len(ALPHABET), initial_alphabet=list(ALPHABET), max_token_length=LONGEST, show_progress=False
    )
    tokenizer.train_from_iterator(pieces, trainer)
    vocabulary = tokenizer.get_vocab()
    return [piece for piece in sorted(vocabulary, key=vocabulary.__getitem__) if piece not in ALPHABET]


def _assemble(added: tuple[str, ...], pieces: list[str], vocab_size: int) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    tokens = [*added, *BYTES, *ALPHABET, *pieces]
    spare = tuple(reserved(number) for number in range(vocab_size - len(tokens)))
    vocabulary = {token: number for number, token in enumerate([*tokens, *spare])}
    assert len(vocabulary) == vocab_size
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges(pieces), byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), behavior="isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    add_tokens(tokenizer, (*added, *spare))
    return tokenizer


def add_tokens(tokenizer: Tokenizer, added: Iterable[str]) -> None:
    """Make tokens of the vocabulary ones that are found in the text before it is cut, wherever they stand."""
    from tokenizers import AddedToken

    for token in added:
        if token in SPECIAL:
            tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        else:
            tokenizer.add_tokens([AddedToken(token, special=False, normalized=False)])


def save(tokenizer: Tokenizer, folder: Path, *, max_length: int = 1024) -> None:
    """Write ``tokenizer.json``, ``tokenizer_config.json`` and, of a BPE, ``tokenizer.model``."""
    text = tokenizer.to_str(pretty=True)
    write_text(folder / "tokenizer.json", text + "\n")
    parts: JSON = json.loads(text)
    write_json(
        folder / "tokenizer_config.json",
        {
            # Transformers 5 writes another class, which transformers 4 and vLLM don't know; 5 reads this one too.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": TEXT,
            "eos_token": END,
            "pad_token": PAD,
            # llama.cpp's converter reads these three: without them it adds a blank and a token in front of each text.
            "add_prefix_space": False,
            "add_bos_token": False,
            "add_eos_token": False,
            "added_tokens_decoder": {
                str(row["id"]): {key: value for key, value in row.items() if key != "id"} for row in parts["added_tokens"]
            },
            "clean_up_tokenization_spaces": False,
            "model_max_length": max_length,
            "padding_side": "left",
        },
    )
    if not parts["model"]["ignore_merges"]:  # a closed vocabulary has no merges to write
        _save_model(folder / "tokenizer.model", parts)


def _save_model(path: Path, parts: JSON) -> None:
    vocabulary: dict[str, int] = parts["model"]["vocab"]
    ranks: dict[str, int] = {}
    numbers = count()
    for left, right in parts["model"]["merges"]:
        if left + right not in ranks:
            ranks[left + right] = next(numbers)
    added = {row["content"]: bool(row["special"]) for row in parts["added_tokens"]}
    write_model(path, sorted(vocabulary, key=vocabulary.__getitem__), added, ranks)


def load(folder: Path) -> Tokenizer:
    """The tokenizer of ours in a folder that has a ``tokenizer.json``.

    Raises:
        InputError: there is none, it can't be read, or it doesn't know the task format or some byte.
    """
    tokenizer = load_any(folder)
    for token in (*SPECIAL, *CONTROL, *BYTES):
        if tokenizer.token_to_id(token) is None:
            raise InputError(
                f"{folder / 'tokenizer.json'}: has no token {token}; hpcraft's stages need a tokenizer made by `hpcraft tokenizer train`"
            )
    return tokenizer


def load_any(folder: Path) -> Tokenizer:
    """Anybody's tokenizer in a folder that has a ``tokenizer.json``.

    Raises:
        InputError: there is none, or it can't be read.
    """
    from tokenizers import Tokenizer as Loader

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise InputError(f"{folder}: holds no tokenizer.json; give the folder that `hpcraft tokenizer train` or a training stage made")
    try:
        return Loader.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - the library raises plain Exception for every defect of the file
        raise InputError(f"{path}: not a tokenizer ({' '.join(str(error).split())[:120]}); make it again") from None
