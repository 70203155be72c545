"""The names of a renamed text in a file, so that the text can be restored later; the schema is ``hpcraft.names/1``.

Text is decoded in a way that loses no byte (bytes that aren't UTF-8 become surrogates), and the file is JSON in ASCII, which holds them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from hpcraft.errors import ConfigError, InputError
from hpcraft.parse import record_from
from hpcraft.store import JSON, write_text
from hpcraft.tokenizer.files import read_bytes
from hpcraft.tokenizer.lexer import language_number
from hpcraft.tokenizer.rename import Renamed


@dataclass(frozen=True, kw_only=True, slots=True)
class NamesFile:
    """What restores a renamed text."""

    SCHEMA: ClassVar[str] = "hpcraft.names/1"

    language: str
    form: str
    names: Mapping[str, str]
    """Canonical name to original."""
    spellings: tuple[list[int | str], ...] = ()
    patches: tuple[list[int | str], ...] = ()
    original_sha256: str = ""
    """Of the bytes of the original text; empty for one that isn't known."""


def decode(data: bytes) -> str:
    """Bytes as text that `encode` turns back, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text that `decode` made."""
    return text.encode("utf-8", "surrogateescape")


def to_json(renamed: Renamed, original: bytes) -> JSON:
    """The names of a renamed text as JSON.

    Args:
        renamed: what was made of ``original``.
        original: its hash tells later whether the restored text is it.
    """
    record = NamesFile(
        language=renamed.language,
        form=renamed.form,
        names=dict(renamed.names),
        spellings=tuple(list(row) for row in renamed.spellings),
        patches=tuple(list(row) for row in renamed.patches),
        original_sha256=hashlib.sha256(original).hexdigest(),
    )
    value: JSON = json.loads(json.dumps({"schema": NamesFile.SCHEMA, **asdict(record)}))
    return value


def write(path: Path, renamed: Renamed, original: bytes) -> None:
    """Write the names of a renamed text."""
    write_text(path, json.dumps(to_json(renamed, original), indent=2) + "\n")


def read(path: Path) -> NamesFile:
    """Read a file of names.

    Raises:
        InputError: missing, not JSON, or not of this schema.
    """
    data = read_bytes(path)
    try:
        value = json.loads(data)
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); give the file that `hpcraft tokenizer rename --names` wrote") from None
    return from_json(value, str(path))


def from_json(value: object, where: str) -> NamesFile:
    """What `to_json` gave.

    Args:
        value: as it was read.
        where: opens the message of an error.

    Raises:
        InputError: not of this schema.
    """
    record = record_from(value, NamesFile, where=where)
    try:
        language_number(record.language, record.form)
    except ConfigError as error:
        raise InputError(f"{where}: {error}") from None
    _check_rows(f"{where}: spellings", record.spellings, int, str)
    _check_rows(f"{where}: patches", record.patches, int, int, str)
    return record


def _check_rows(where: str, rows: tuple[list[int | str], ...], *kinds: type) -> None:
    for row in rows:
        if tuple(type(item) for item in row) != kinds:
            raise InputError(f"{where}: expected rows of {', '.join(kind.__name__ for kind in kinds)}, not {row}")


def renamed_with(text: str, record: NamesFile) -> Renamed:
    """The renamed text that a file of names belongs to."""
    return Renamed(
        text=text,
        names=record.names,
        language=record.language,
        form=record.form,
        spellings=tuple((int(number), str(spelling)) for number, spelling in record.spellings),
        patches=tuple((int(begin), int(length), str(original)) for begin, length, original in record.patches),
    )
