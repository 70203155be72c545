"""Reads what the stage prepare writes, as texts to learn from, in a fixed sample that doesn't depend on the order of reading."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, Document
from hpcraft.shards import read_rows

DOCUMENTS, FUNCTIONS, LOOPS = "corpus", "functions", "loops"
"""Names of the shards in a corpus folder."""


def documents(corpus: Path, split: str) -> Iterator[Document]:
    """The files of one split."""
    return (d for d in read_rows(corpus, DOCUMENTS, Document) if d.split == split)


def units(corpus: Path, name: str, split: str) -> Iterator[CodeUnit]:
    """The functions or loops of one split; none where the corpus has no such shards."""
    if not any(corpus.glob(f"{name}-*.parquet")):
        return iter(())
    return (u for u in read_rows(corpus, name, CodeUnit) if u.split == split)


def share_of(identity: str, seed: int) -> float:
    """A number in [0, 1) that belongs to a row for good: rows below a threshold are a random sample."""
    return int.from_bytes(sha256(f"{seed}/{identity}".encode()).digest()[:6], "big") / 2**48


def characters_by_language(corpus: Path, split: str, *, longest: int | None = None) -> dict[str, int]:
    """Characters of each language in a split, a document counting for at most ``longest``.

    Raises:
        InputError: the split is empty.
    """
    total: dict[str, int] = {}
    for document in documents(corpus, split):
        total[document.language] = total.get(document.language, 0) + min(len(document.text), longest or len(document.text))
    if not total:
        raise InputError(f"{corpus}: no document in the {split} split; mine more packages or loosen the filters of prepare")
    return dict(sorted(total.items()))


def sample(corpus: Path, split: str, limit: int, seed: int, *, longest: int = 20_000) -> Iterator[Document]:
    """A random sample of documents of about ``limit`` characters of each language, in the order of the corpus.

    Of a document longer than ``longest`` only a piece from a random place is given, so that no large file stands for a language.
    """
    for piece in sample_pieces(corpus, split, limit, seed, longest=longest):
        yield dataclasses.replace(piece.document, text=piece.document.text[piece.begin : piece.end])


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A document, and the part of it that is taken."""

    document: Document
    begin: int
    end: int

    def in_lines(self) -> Piece:
        """The part from line to line, where it is cut; as it is where that leaves nothing."""
        text, begin, end = self.document.text, self.begin, self.end
        if begin:
            begin = text.find("\n", begin - 1, end) + 1 or begin
        if end < len(text):
            end = text.rfind("\n", begin, end) + 1 or end
        return Piece(self.document, begin, end) if begin < end else self


def sample_pieces(corpus: Path, split: str, limit: int, seed: int, *, longest: int = 20_000) -> Iterator[Piece]:
    """As `sample`, each document whole with the part that is taken."""
    totals = characters_by_language(corpus, split, longest=longest)
    taken = dict.fromkeys(totals, 0)
    for document in documents(corpus, split):
        language = document.language
        chance = share_of(document.document_id, seed)
        threshold = limit / totals[language]
        if chance < threshold and taken[language] < limit:
            begin = int(chance / min(1.0, threshold) * max(0, len(document.text) - longest))
            end = min(len(document.text), begin + longest)
            taken[language] += end - begin
            yield Piece(document, begin, end)
