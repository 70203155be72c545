"""Instruction pairs of the user's: lines of JSON, each with what is asked and what is to be answered.

A twentieth of them, the same ones for good, is measured on. Not covered: conversations of several turns, system prompts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.tokenizer.corpus import share_of
from hpcraft.train.tasks import INSTRUCT, Example

_VALID_SHARE = 0.05
_KEYS = {"instruction", "answer"}


def instruction_examples(folder: Path, split: str, *, most: int, seed: int) -> list[Example]:
    """The examples of a split, ``train`` or ``valid``; a random choice where there are more than ``most``.

    Raises:
        InputError: a file isn't UTF-8, or a line no object with an instruction and an answer.
    """
    found = [item for item in _read(folder) if (share_of(item.source, 0) < _VALID_SHARE) == (split == "valid")]
    return sorted(found, key=lambda item: share_of(f"{item.source}\0{item.target}", seed))[:most]


def _read(folder: Path) -> Iterator[Example]:
    for path in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(_lines(path), start=1):
            try:
                value = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}:{number}: not JSON ({error})") from None
            if not isinstance(value, dict) or set(value) != _KEYS or not all(isinstance(text, str) and text for text in value.values()):
                raise InputError(f'{path}:{number}: expected {{"instruction": "...", "answer": "..."}}, both with a text')
            yield Example(task=INSTRUCT, source=value["instruction"], target=value["answer"])


def _lines(path: Path) -> list[str]:
    """The lines of a file; other signs that end a line may stand in a text of JSON as they are."""
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 ({error.reason} at byte {error.start}); convert it, as with iconv -f latin1 -t utf-8"
        ) from None
