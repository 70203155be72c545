"""Archives read member by member, never extracted: nothing in one can write to disk.

Theory of operation. The kind of archive is told by its first bytes. A tar archive is read as one stream: wanted members go
to an anonymous temporary file and are read back in path order, so that memory stays flat. A bomb is stopped by limits on
members, bytes, their ratio to the size of the archive, and the size of a header; decompression is always bounded by what was
asked for, since ten kilobytes of bzip2 can stand for gigabytes. What is damaged or cut short is refused whole: nothing is lost silently.

Not covered: archives inside archives, which aren't opened; file modes and owners, which no later stage needs.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from hpcraft.data.sources.base import Opened, year_of
from hpcraft.data.sources.spool import Spool
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.data.sources.zips import spool_zip
from hpcraft.errors import HpcError, InputError, MachineError

MAX_MEMBERS = 500_000
MAX_UNPACKED_BYTES = 16 << 30
MAX_RATIO = 250
"""Unpacked bytes for one of the archive, judged once `FREE_BYTES` are unpacked; xz packs generated code about 60 to 1."""
FREE_BYTES = 256 << 20
MAX_HEADER_BYTES = 4 << 20
_BLOCK_BYTES = 256 << 10
_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, struct.error,
    EOFError, OSError, ValueError, RuntimeError, IndexError, OverflowError,
)  # fmt: skip
"""What the readers raise on damage, found by damaging."""


@dataclass(slots=True)
class Budget:
    """What an archive may still unpack to."""

    archive: Path
    packed_bytes: int
    num_members: int = 0
    num_bytes: int = 0

    def take(self, num_bytes: int) -> None:
        """Count one member.

        Raises:
            InputError: it is one too many.
        """
        if num_bytes < 0:
            raise InputError(f"{self.archive}: a member of negative size; refused as a bomb")
        self.num_members += 1
        self.num_bytes += num_bytes
        if self.num_members > MAX_MEMBERS or self.num_bytes > MAX_UNPACKED_BYTES:
            raise InputError(f"{self.archive}: more than {MAX_MEMBERS} files or {MAX_UNPACKED_BYTES >> 30} GiB unpacked; refused as a bomb")
        if self.num_bytes > max(FREE_BYTES, MAX_RATIO * self.packed_bytes):
            raise InputError(f"{self.archive}: unpacks to more than {MAX_RATIO} times its size; refused as a bomb")


@contextmanager
def open_archive(archive: Path, max_file_bytes: int) -> Iterator[Opened]:
    """Read a tar archive (plain, gzip, bzip2, xz or zstd) or a zip archive; a single top folder is taken off the paths.

    Raises:
        InputError: the archive is damaged, or larger than any source package should be.
    """
    skipped: Counter[str] = Counter()
    with tempfile.TemporaryFile() as file:
        spool = Spool(file, skipped)
        try:
            budget = Budget(archive, archive.stat().st_size)
            if _begin(archive).startswith((b"PK\x03\x04", b"PK\x05\x06")):
                spool_zip(archive, spool, max_file_bytes, skipped, budget.take)
            else:
                _spool_tar(archive, spool, max_file_bytes, skipped, budget)
        except _DAMAGE as error:
            if isinstance(error, HpcError):
                raise
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise MachineError(f"no space left in {tempfile.gettempdir()} to read {archive.name}; free some, or set TMPDIR") from None
            why = " ".join(str(error).split())
            raise InputError(
                f"{archive}: not a readable tar or zip archive ({why}); give another file, or remove this one to have it fetched again"
            ) from None
        entries = spool.entries()
        yield Opened(entries=entries, skipped=+skipped)


def _spool_tar(archive: Path, spool: Spool, max_file_bytes: int, skipped: Counter[str], budget: Budget) -> None:
    with ExitStack() as stack:
        stream = _Metered(archive, stack.enter_context(_decompressed(archive)))
        tar = stack.enter_context(tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:", tarinfo=_Member))
        stream.tar = tar
        while (member := tar.next()) is not None:
            cast("Any", tar).members.clear()  # or it would remember every member
            budget.take(member.size)
            path = safe_path(member.name)
            if path:
                spool.note_top(path, is_folder=member.isdir())
            if reason := _why_not(member, path, max_file_bytes):
                if reason != "folder":
                    skipped[reason] += 1
                continue
            content = cast("IO[bytes]", tar.extractfile(member)).read()
            spool.add(cast("str", path), content, year_of(float(member.mtime)))


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
    if not is_wanted(path.rpartition("/")[2]):
        return "not-code"
    return "too-large" if member.size > max_file_bytes else ""


class _Member(tarfile.TarInfo):
    """A member whose damaged or missing header is an error; tarfile takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        """Read a header block."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":
                raise
            raise ValueError(f"damaged or cut short: {error}") from None


class _Metered:
    """A decompressed stream as tarfile wants it, which stops a header that would fill the memory, such as a comment of gigabytes."""

    def __init__(self, archive: Path, stream: IO[bytes]) -> None:
        self.tar: tarfile.TarFile | None = None
        self._archive = archive
        self._stream = io.BufferedReader(cast("io.RawIOBase", stream), _BLOCK_BYTES)
        self._at = 0

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, fewer only at the end."""
        # While a header is read, the archive's offset still stands at its begin; behind a member, at the end of its data.
        begin = self.tar.offset if self.tar is not None else 0
        if self._at + size > begin + MAX_HEADER_BYTES:
            raise InputError(f"{self._archive}: a header of more than {MAX_HEADER_BYTES >> 20} MiB; refused as a bomb")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def tell(self) -> int:
        """Where the next byte stands."""
        return self._at

    def seek(self, at: int) -> None:
        """Go forward; nothing in a sound archive points back."""
        if at < self._at:
            raise ValueError("a member points back")
        while self._at < at and self._read(min(at - self._at, _BLOCK_BYTES)):
            pass


@contextmanager
def _decompressed(archive: Path) -> Iterator[IO[bytes]]:
    """The bytes of a compressed file; each read decompresses what was asked for and no more."""
    head = _begin(archive)
    openers: dict[bytes, Callable[[Path], Any]] = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ\0": lzma.open,
        b"\x5d\0\0": lzma.open,
        b"\x28\xb5\x2f\xfd": _open_zstd,
    }
    opener = next((opener for magic, opener in openers.items() if head.startswith(magic)), None)
    with opener(archive) if opener else archive.open("rb") as stream:
        yield stream


def _open_zstd(archive: Path) -> Any:
    import pyarrow as pa

    return pa.input_stream(str(archive), compression="zstd")


def _begin(archive: Path) -> bytes:
    with archive.open("rb") as file:
        return file.read(6)
