"""Zip archives, as carefully as tar: the table of contents is believed in nothing that could cost memory or leave the archive.

Not covered: members packed otherwise than by deflate. They are counted and left out, since Python's other decompressors
have no bound on what a few bytes unpack to; source archives don't use them.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hpcraft.data.sources.base import plausible_year
from hpcraft.data.sources.spool import Spool
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.errors import InputError

MAX_TABLE_BYTES = 32 << 20
"""Of the table of contents, which Python reads whole; about 300,000 files."""
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_FIRST_YEAR = 1980
"""Zip's own epoch, which stands where no time was kept."""


def spool_zip(archive: Path, spool: Spool, max_file_bytes: int, skipped: Counter[str], take: Callable[[int], None]) -> None:
    """Put the wanted members into ``spool``; ``take`` is called with the size of every member.

    Raises:
        InputError: the table of contents is larger than any source package should have.
        zipfile.BadZipFile: damaged.
    """
    _check_table(archive)
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            take(member.file_size)
            path = _path(member)
            if path:
                spool.note_top(path, is_folder=member.is_dir())
            if reason := _why_not(member, path, max_file_bytes):
                if reason != "folder":
                    skipped[reason] += 1
                continue
            with packed.open(member) as stream:
                content = stream.read(max_file_bytes + 1)
            if len(content) != member.file_size:
                raise zipfile.BadZipFile(f"{member.filename} has another size than its table says")
            year = member.date_time[0]
            spool.add(str(path), content, plausible_year(year) if member.date_time[:3] != (_FIRST_YEAR, 1, 1) else 0)


def _path(member: zipfile.ZipInfo) -> str | None:
    """The member's name as a safe path; without the flag for UTF-8 the bytes must be UTF-8 all the same."""
    name = member.filename
    if not member.flag_bits & _UTF8_FLAG:
        try:
            name = name.encode("cp437").decode()
        except UnicodeError:
            return None
    return safe_path(name)


def _why_not(member: zipfile.ZipInfo, path: str | None, max_file_bytes: int) -> str:
    """Why a member isn't kept; empty when it is."""
    mode = member.external_attr >> 16
    if path is None:
        return "folder" if member.filename == "./" else "unsafe-path"
    if member.is_dir():
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "special-file"
    if not is_wanted(path.rpartition("/")[2]):
        return "not-code"
    if member.flag_bits & _ENCRYPTED_FLAG:
        return "encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed-otherwise"
    return "too-large" if member.file_size > max_file_bytes else ""


def _check_table(archive: Path) -> None:
    """Refuse a table of contents that would fill the memory before one member is seen."""
    size = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, size - 65557))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < 22:
            raise zipfile.BadZipFile("it has no table of contents; perhaps it is cut short")
        table = int(struct.unpack_from("<L", tail, at + 12)[0])
        if at >= 76 and tail[at - 20 : at - 16] == b"PK\x06\x07":
            # Python believes the record for large archives wherever it stands right in front.
            table = max(table, int(struct.unpack_from("<Q", tail, at - 76 + 40)[0]))
    if table > MAX_TABLE_BYTES:
        raise InputError(f"{archive}: a table of contents of more than {MAX_TABLE_BYTES >> 20} MiB; refused as a bomb")
