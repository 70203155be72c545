"""Tar archives read member by member, never extracted: nothing in one can write to disk.

Wanted members go to an anonymous temporary file and are read back in path order, so that memory stays
flat. A bomb is stopped by limits on members and bytes.

Not covered: zip files, and file modes, times and owners, which no later stage needs.
"""

from __future__ import annotations

import lzma
import tarfile
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from hpcraft.data.sources.base import Entry, Opened
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.errors import InputError

MAX_MEMBERS = 500_000
MAX_UNPACKED_BYTES = 16 << 30


@dataclass(frozen=True, slots=True)
class _Stored:
    path: str
    offset: int
    size: int


@contextmanager
def open_archive(archive: Path, max_file_bytes: int) -> Iterator[Opened]:
    """Read a tar archive (plain, gzip, bzip2, xz or zstd); a single top folder is taken off the paths.

    Raises:
        InputError: the archive is damaged, or larger than any source package should be.
    """
    skipped: Counter[str] = Counter()
    with tempfile.TemporaryFile() as spool:
        try:
            stored, tops = _spool(archive, spool, max_file_bytes, skipped)
        except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{archive}: not a readable tar archive ({error}); remove it and mine again") from None
        prefix = len(next(iter(tops))) + 1 if len(tops) == 1 and "" not in tops else 0
        entries = {s.path[prefix:]: Entry(s.path[prefix:], _reader(spool, s)) for s in stored if is_wanted(s.path[prefix:])}
        skipped["not-code"] += len(stored) - len(entries)
        yield Opened(entries=[entries[path] for path in sorted(entries)], skipped=skipped)


def _spool(archive: Path, spool: IO[bytes], max_file_bytes: int, skipped: Counter[str]) -> tuple[list[_Stored], set[str]]:
    stored: list[_Stored] = []
    tops: set[str] = set()
    unpacked = offset = 0
    with _tar(archive) as tar:
        for count, member in enumerate(tar):
            unpacked += member.size
            if count >= MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES:
                raise InputError(f"{archive}: more than {MAX_MEMBERS} files or {MAX_UNPACKED_BYTES >> 30} GiB unpacked; refused as a bomb")
            path = safe_path(member.name)
            if path:
                # A file at the top keeps the paths as they are; a folder alone there is the usual PACKAGE-VERSION.
                tops.add(path.split("/", 1)[0] if "/" in path or member.isdir() else "")
            reason = _why_not(member, path, max_file_bytes)
            if reason:
                if reason != "folder":
                    skipped[reason] += 1
                continue
            content = cast("IO[bytes]", tar.extractfile(member)).read()
            spool.write(content)
            stored.append(_Stored(cast("str", path), offset, len(content)))
            offset += len(content)
    return stored, tops


def _why_not(member: tarfile.TarInfo, path: str | None, max_file_bytes: int) -> str:
    """Why a member isn't kept; empty when it is."""
    if path is None:
        return "folder" if member.name in (".", "./") else "unsafe-path"
    if member.isdir():
        return "folder"
    if member.issym() or member.islnk():
        return "link"
    if not member.isfile():
        return "special-file"
    if not is_wanted(path):
        return "not-code"
    return "too-large" if member.size > max_file_bytes else ""


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with ExitStack() as stack:
        if archive.suffix == ".zst":
            import pyarrow as pa

            stream = stack.enter_context(pa.input_stream(str(archive), compression="zstd"))
            yield stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        else:
            yield stack.enter_context(tarfile.open(archive, mode="r|*"))


def _reader(spool: IO[bytes], stored: _Stored) -> Callable[[], bytes]:
    def read() -> bytes:
        spool.seek(stored.offset)
        return spool.read(stored.size)

    return read
