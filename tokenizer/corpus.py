"""Reads what the stage prepare writes, as texts to learn from, in a fixed sample that doesn't depend on the order of reading."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, Document
from hpcraft.store import read_rows

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


def bytes_by_language(corpus: Path, split: str) -> dict[str, int]:
    """Characters of each language in a split.

    Raises:
        InputError: the split is empty.
    """
    total: dict[str, int] = {}
    for document in documents(corpus, split):
        total[document.language] = total.get(document.language, 0) + len(document.text)
    if not total:
        raise InputError(f"{corpus}: no document in the {split} split; mine more packages or loosen the filters of prepare")
    return dict(sorted(total.items()))


def sample(corpus: Path, split: str, limits: dict[str, int], seed: int) -> Iterator[Document]:
    """A random sample of documents of about ``limits`` characters of each language, in the order of the corpus."""
    totals = bytes_by_language(corpus, split)
    threshold = {language: limits.get(language, 0) / total for language, total in totals.items()}
    taken: dict[str, int] = {}
    for document in documents(corpus, split):
        language = document.language
        if share_of(document.document_id, seed) < threshold[language] and taken.get(language, 0) < limits[language]:
            taken[language] = taken.get(language, 0) + len(document.text)
            yield document
