"""The texts to learn as memory-mapped arrays: tokenized once, by several processes, and read without a copy.

A folder holds ``ids.bin`` with the token ids of all texts one behind the other (two bytes each where the vocabulary allows), ``texts.npy`` with
where each begins and what it is, and ``facts.json`` with sizes and SHA-256 of the others, which is written last. Where objectives ask for it,
``labels.bin``, ``words.bin`` and ``spans.bin`` hold what the syntax says of the tokens (`hpcraft.train.annotation`).
Not covered: texts that are added later; a new mix makes a new folder.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from hpcraft.command import note
from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import InputError
from hpcraft.progress import track
from hpcraft.records import Language
from hpcraft.store import broken_seal, fsync_folder, fsync_tree, read_json, sealed, write_json
from hpcraft.tokenizer import bpe
from hpcraft.train.annotation import Document, annotate

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

FORMAT = "hpcraft.tokens/3"
FACTS = "facts.json"
LANGUAGES: tuple[str, ...] = get_args(Language)
ALWAYS = 255
"""The variant of a text that every epoch shows."""
_TEXT = np.dtype(
    [
        ("begin", "<i8"),
        ("length", "<i4"),
        ("span_begin", "<i8"),
        ("spans", "<i4"),
        ("language", "u1"),
        ("ready", "u1"),
        ("variant", "u1"),
        ("begins", "?"),
        ("ends", "?"),
    ]
)
_CHUNK_TEXTS = 64
_SHORT = 1_000_000
"""So few characters are tokenized sooner than processes start."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text to learn."""

    text: str
    language: str
    ready: bool = False
    """It is learnt as it stands, with its own control tokens; other texts are for the objective to shape."""
    variant: int = ALWAYS
    """Epochs show one variant after the other."""
    begins: bool = True
    """Whether it begins where its file does."""
    ends: bool = True


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Texts that a process does at a time."""

    tokenizer: Path
    texts: tuple[Text, ...]
    annotated: bool


@dataclass(frozen=True, slots=True)
class _Done:
    """A chunk as bytes."""

    lengths: list[int]
    spans: list[int]
    ids: bytes
    labels: bytes
    words: bytes
    span_rows: bytes


def write(folder: Path, texts: Iterable[Text], tokenizer: Path, *, annotated: bool, num_workers: int = 0) -> None:
    """Tokenize ``texts`` into ``folder``, unless that was done already.

    Args:
        folder: made anew; a half-written or damaged one is replaced.
        texts: in the order in which they are to be numbered.
        tokenizer: folder with a tokenizer.json.
        annotated: whether objectives need labels, words and spans.
        num_workers: processes; 0 means one per core.
    """
    if _is_whole(folder):
        return
    aside = folder.with_name(folder.name + ".aside")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    rows: list[tuple[Any, ...]] = []
    at = span_at = 0
    names = ("ids", "labels", "words", "spans") if annotated else ("ids",)
    files = {name: (aside / f"{name}.bin").open("wb") for name in names}
    try:
        for chunk, done in _tokenized(iter(texts), tokenizer, annotated=annotated, num_workers=num_workers or len(os.sched_getaffinity(0))):
            for text, length, spans in zip(chunk.texts, done.lengths, done.spans, strict=True):
                rows.append((at, length, span_at, spans, LANGUAGES.index(text.language), text.ready, text.variant, text.begins, text.ends))
                at, span_at = at + length, span_at + spans
            for name, data in (("ids", done.ids), ("labels", done.labels), ("words", done.words), ("spans", done.span_rows)):
                if name in files:
                    files[name].write(data)
    finally:
        for file in files.values():
            file.close()
    np.save(aside / "texts.npy", np.array(rows, dtype=_TEXT))
    facts = {"format": FORMAT, "tokens": at, "bytes_per_id": _id_type(tokenizer).itemsize, "annotated": annotated}
    write_json(aside / FACTS, sealed(aside, facts))
    fsync_tree(aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    fsync_folder(folder.parent)


def _is_whole(folder: Path) -> bool:
    """Whether a folder is as it was written, every byte of it; what is damaged is named."""
    if not (folder / FACTS).is_file():
        return False
    try:
        broken = broken_seal(folder, folder / FACTS)
    except InputError:
        broken = FACTS
    if broken:
        note(f"note: {folder / broken}: damaged; the texts are tokenized again")
    return not broken


def _tokenized(texts: Iterator[Text], tokenizer: Path, *, annotated: bool, num_workers: int) -> Iterator[tuple[_Chunk, _Done]]:
    def chunks(some: Iterable[Text]) -> Iterator[_Chunk]:
        source = iter(some)
        while taken := tuple(islice(source, _CHUNK_TEXTS)):
            yield _Chunk(tokenizer, taken, annotated)

    first: list[Text] = []
    characters = 0
    while characters < _SHORT and (text := next(texts, None)):
        first.append(text)
        characters += len(text.text)
    for chunk in track(chunks(first), "tokenize"):
        yield chunk, _tokenize(chunk)
    waiting: list[_Chunk] = []  # in the order in which their results come

    def sent() -> Iterator[_Chunk]:
        for chunk in chunks(texts):
            waiting.append(chunk)
            yield chunk

    for done in track(ordered_map(_tokenize, sent(), num_workers=num_workers, chunk_items=1), "tokenize"):
        chunk = waiting.pop(0)
        if isinstance(done, Lost):
            raise InputError(f"a text of {chunk.texts[0].language} could not be tokenized ({done.why}); please report it")
        yield chunk, done


@functools.lru_cache(maxsize=1)
def _tokenizer(folder: Path) -> Tokenizer:
    return bpe.load_any(folder)


def _id_type(folder: Path) -> np.dtype[Any]:
    return np.dtype("<u2" if _tokenizer(folder).get_vocab_size() <= 1 << 16 else "<u4")


def _tokenize(chunk: _Chunk) -> _Done:
    tokenizer, kind = _tokenizer(chunk.tokenizer), _id_type(chunk.tokenizer)
    found = tokenizer.encode_batch([text.text for text in chunk.texts], add_special_tokens=False)
    lengths = [len(encoding.ids) for encoding in found]
    ids = b"".join(np.array(encoding.ids, dtype=kind).tobytes() for encoding in found)
    if not chunk.annotated:
        return _Done(lengths, [0] * len(lengths), ids, b"", b"", b"")
    known = [
        annotate("" if text.ready else text.text, text.language, [] if text.ready else e.offsets)
        for text, e in zip(chunk.texts, found, strict=True)
    ]
    empty = [np.zeros(length if text.ready else 0, dtype=np.uint8) for text, length in zip(chunk.texts, lengths, strict=True)]
    return _Done(
        lengths,
        [len(a.spans) for a in known],
        ids,
        b"".join(a.labels.tobytes() + none.tobytes() for a, none in zip(known, empty, strict=True)),
        b"".join(a.words.tobytes() + none.tobytes() for a, none in zip(known, empty, strict=True)),
        b"".join(a.spans.astype("<i4").tobytes() for a in known),
    )


class Tokens:
    """The texts of a folder that `write` made."""

    def __init__(self, folder: Path) -> None:
        """Map its files.

        Raises:
            InputError: it is of another format, or a file has another size; `write` has looked at every byte.
        """
        facts = read_json(folder / FACTS)
        if facts.get("format") != FORMAT:
            raise InputError(f"{folder}: format {facts.get('format')!r}, this version reads {FORMAT!r}")
        for name, wanted in facts["files"].items():
            if not (folder / name).is_file() or (folder / name).stat().st_size != wanted["bytes"]:
                raise InputError(f"{folder / name}: damaged; run the same command again, which tokenizes the texts again")
        self.num_tokens = int(facts["tokens"])
        self.texts: NDArray[np.void] = np.load(folder / "texts.npy")
        self._ids = _mapped(folder / "ids.bin", "<u2" if facts["bytes_per_id"] == 2 else "<u4")
        self._labels = _mapped(folder / "labels.bin", "u1") if facts["annotated"] else None
        self._words = _mapped(folder / "words.bin", "?") if facts["annotated"] else None
        self._spans = _mapped(folder / "spans.bin", "<i4").reshape(-1, 3) if facts["annotated"] else None

    def __len__(self) -> int:
        return len(self.texts)

    def ids(self, number: int) -> NDArray[np.int32]:
        """The token ids of a text."""
        text = self.texts[number]
        return self._ids[text["begin"] : text["begin"] + text["length"]].astype(np.int32)

    def document(self, number: int) -> Document:
        """A text as objectives see it."""
        text = self.texts[number]
        part = slice(text["begin"], text["begin"] + text["length"])
        spans = slice(text["span_begin"], text["span_begin"] + text["spans"])
        return Document(
            ids=self._ids[part].astype(np.int32),
            language=LANGUAGES[text["language"]],
            labels=None if self._labels is None else self._labels[part],
            words=None if self._words is None else self._words[part],
            spans=None if self._spans is None else self._spans[spans],
            begins=bool(text["begins"]),
            ends=bool(text["ends"]),
        )

    def epoch(self, number: int) -> NDArray[np.int64]:
        """The texts that an epoch shows: those of every epoch, and of the others one variant after the other."""
        variants = self.texts["variant"]
        return np.flatnonzero((variants == ALWAYS) | (variants == number % self._turns))

    @property
    def fewest_in_an_epoch(self) -> int:
        """The tokens of the epoch that shows the fewest."""
        lengths = self.texts["length"]
        return min(int(lengths[self.epoch(number)].sum()) for number in range(self._turns))

    @property
    def _turns(self) -> int:
        """Epochs after which the same texts come again."""
        variants = self.texts["variant"]
        several = variants[variants != ALWAYS]
        return int(several.max()) + 1 if len(several) else 1


def _mapped(path: Path, kind: str) -> NDArray[Any]:
    """A file as an array; an empty one can't be mapped."""
    return np.memmap(path, dtype=kind, mode="r") if path.stat().st_size else np.zeros(0, dtype=kind)
