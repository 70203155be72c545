"""The files that the tokenizer's measurements read: a mined folder (raw text, also what ``prepare`` rejects) or a prepared one.

A mined file is text as it was written: line ends, byte order mark and odd bytes stay. A file in no Unicode encoding is read as Latin-1,
which gives every byte a character and each of them back.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hpcraft.data.comments import blank_c
from hpcraft.data.languages import form_of, language_of, promise
from hpcraft.records import Document, SourceFile
from hpcraft.shards import read_rows

GROUPS = ("c", "cpp", "cuda", "fortran-free", "fortran-fixed")
"""What figures are broken down by: the language, and for Fortran the form of the text."""
_PROMISED = {"fixed": "fortran", "free": "fortran", "header": "c", "include": "c", "opencl": "c"}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A text with its language."""

    package: str
    path: str
    language: str
    group: str
    """One of `GROUPS`."""
    text: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.package}:{self.path}"

    @property
    def form(self) -> str:
        """Of Fortran, else empty."""
        return self.group.removeprefix("fortran-") if self.language == "fortran" else ""

    @property
    def num_bytes(self) -> int:
        """Length in UTF-8."""
        return len(self.text.encode())


def files(folder: Path, languages: Iterable[str] = ()) -> Iterator[File]:
    """The files of a ``mine`` or ``prepare`` folder, or of a folder of plain files; of some groups or languages only where they are named."""
    wanted = frozenset(languages)
    for file in _files(folder):
        if not wanted or file.group in wanted or file.language in wanted:
            yield file


def sample(folder: Path, limit: int, group: str, *, seed: int = 0, longest: int = 100_000) -> list[File]:
    """Different files of one group by chance, of about ``limit`` bytes together."""
    found: dict[bytes, File] = {}
    for file in files(folder, [group]):
        if file.group == group and 200 <= len(file.text) <= longest:
            found.setdefault(sha256(file.text.encode(errors="surrogatepass")).digest(), file)
    ordered = [found[key] for key in sorted(found)]
    random.Random(seed).shuffle(ordered)
    taken, total = [], 0
    for file in ordered:
        if total >= limit:
            break
        taken.append(file)
        total += file.num_bytes
    return taken


def spread(found: Iterable[File], limit: int, seed: int = 0) -> list[File]:
    """At most ``limit`` of the files, the packages taking turns (0: all, as they come)."""
    if not limit:
        return list(found)
    by_package: dict[str, list[File]] = defaultdict(list)
    for file in found:
        by_package[file.package].append(file)
    rng = random.Random(seed)
    for group in by_package.values():
        rng.shuffle(group)
    longest = max(map(len, by_package.values()), default=0)
    turns = (group[turn] for turn in range(longest) for group in by_package.values() if turn < len(group))
    return [file for file, _ in zip(turns, range(limit), strict=False)]


def decode_raw(content: bytes) -> str:
    """The text of raw bytes, nothing normalised."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _files(folder: Path) -> Iterator[File]:
    if any(folder.glob("files-*.parquet")):
        yield from (file for row in read_rows(folder, "files", SourceFile) if (file := mined(row.package, row.path, row.content)))
    elif any(folder.glob("corpus-*.parquet")):
        for document in read_rows(folder, "corpus", Document):
            group = "fortran-free" if document.language == "fortran" else document.language
            yield File(package=document.package, path=document.path, language=document.language, group=group, text=document.text)
    else:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (file := mined(folder.name, str(path.relative_to(folder)), path.read_bytes())):
                yield file


def mined(package: str, path: str, content: bytes) -> File | None:
    """A raw file; one that isn't what its suffix promises is taken for what the suffix says. None for what is no code by its suffix."""
    kind = promise(path)
    if kind is None:
        return None
    text = decode_raw(content)
    form = form_of(path, text)
    language = language_of(path, blank_c(text), form) or _PROMISED.get(kind, kind)
    return File(
        package=package, path=path, language=language, group=f"fortran-{form or 'free'}" if language == "fortran" else language, text=text
    )
