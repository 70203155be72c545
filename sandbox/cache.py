"""What builds left behind, kept under a hash of everything that went into them.

Theory of operation. An entry is one file, named by its key. It is written under another name beside its place and
renamed, so a reader meets a whole entry or none, and of two writers of one key either may win, because both wrote the
same. Its second line is a SHA-256 over the key and all that follows, checked at every reading: an entry that is cut, changed,
moved to another key, a link, not ours or writable by others is removed, counted and built again. That check is also why
nothing is flushed to the disk: what a crash of the machine tears is found and built again. No failure to keep something
fails a job. Over the size limit, the entries that were longest unused go first.

The folder is ``builds`` in ``$HPCRAFT_CACHE``, by default in ``$XDG_CACHE_HOME/hpcraft``; ``HPCRAFT_CACHE=off`` keeps
nothing. ``HPCRAFT_CACHE_MB`` is its size.

Not covered: someone who can write as this user; he can replace the compiler, too.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from hpcraft.errors import ConfigError
from hpcraft.sandbox.launcher import cache_folder

_MAGIC = b"hpcraft build 1\n"
_DEFAULT_MB = 2048
_FRESH_SECONDS = 60.0
"""A use is noted in an entry's time at most this often."""
_STALE_SECONDS = 3600.0
"""A half-written entry of this age has lost its writer."""
_KEPT_SHARE = 0.9
"""Of the limit, after old entries went."""
_RECOUNT_SHARE = 16
"""Other writers are counted anew when this process has written the limit divided by this."""

Fact = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What is kept under one key."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """What a cache did in this process."""

    hits: int = 0
    misses: int = 0
    refused: int = 0
    """Entries that were damaged or not ours."""
    written: int = 0
    unwritten: int = 0
    """Entries that could not be kept: no room, no permission."""
    removed: int = 0
    """Entries that made room for others."""


class Cache:
    """Entries in one folder that belongs to this user."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.counts = Counts()
        self._folder, self._limit = folder, limit_bytes
        self._size: int | None = None
        self._since_count = 0
        self._room = Lock()

    def get(self, key: str) -> Entry | None:
        """The entry of a key, None where there is none that can be trusted."""
        path = self._folder / key
        try:
            content = _read_own(path)
        except FileNotFoundError:
            self.counts.misses += 1
            return None
        except OSError:  # a link, or not for us to read
            content = None
        entry = None if content is None else _unpack(key, content)
        if entry is None:
            self.counts.refused += 1
            _remove(path)
        else:
            self.counts.hits += 1
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry, where that is possible."""
        content = _pack(key, entry)
        size = sum(map(len, content))
        if size > self._limit // 4:
            self.counts.unwritten += 1
            return
        try:
            _own(self._folder)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            try:
                with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
                    file.writelines(content)
                Path(name).replace(self._folder / key)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError:
            self.counts.unwritten += 1
            return
        self.counts.written += 1
        self._make_room(size)

    def _make_room(self, written: int) -> None:
        if not self._room.acquire(blocking=False):  # someone is at it
            return
        try:
            self._since_count += written
            if self._size is not None:
                self._size += written
            if self._size is None or self._size > self._limit or self._since_count > self._limit // _RECOUNT_SHARE:
                self._since_count = 0
                self._size = self._shrink()
        finally:
            self._room.release()

    def _shrink(self) -> int:
        """Count, and remove the longest unused when over the limit; gives the size that is left."""
        entries: list[tuple[float, int, str]] = []
        try:
            with os.scandir(self._folder) as listing:
                for item in listing:
                    with contextlib.suppress(OSError):  # another process was faster
                        found = item.stat(follow_symlinks=False)
                        entries.append((found.st_mtime, found.st_size, item.name))
        except OSError:
            return 0
        size = sum(entry[1] for entry in entries)
        goal = self._limit * _KEPT_SHARE if size > self._limit else size
        now = time.time()
        for used, length, name in sorted(entries):
            lost = name.startswith(".new-") and now - used > _STALE_SECONDS
            if lost or (size > goal and not name.startswith(".new-")):
                _remove(self._folder / name)
                size -= length
                self.counts.removed += not lost
        return size


class _Turn:
    """A key that somebody is at, and how many want it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock, self.users = Lock(), 0


_turns: dict[str, _Turn] = {}
_turns_guard = Lock()


@contextmanager
def alone(key: str) -> Iterator[None]:
    """One thread of this process at a time, so that two workers don't build the same: the second finds it when its turn comes."""
    with _turns_guard:
        turn = _turns.setdefault(key, _Turn())
        turn.users += 1
    try:
        with turn.lock:
            yield
    finally:
        with _turns_guard:
            turn.users -= 1
            if not turn.users:
                del _turns[key]


def cache() -> Cache | None:
    """The cache that the environment names; None where it is switched off or its folder isn't usable.

    Raises:
        ConfigError: a size that is no number, or a folder named on purpose that others can write.
    """
    named = os.environ.get("HPCRAFT_CACHE", "")
    if named == "off":
        return None
    base = Path(named) if named else cache_folder()
    words = os.environ.get("HPCRAFT_CACHE_MB", str(_DEFAULT_MB))
    if not words.isdigit():
        raise ConfigError(f"HPCRAFT_CACHE_MB={words!r}: expected a number of megabytes, such as {_DEFAULT_MB}")
    folder = base.absolute() / "builds"
    try:
        _own(folder)
    except PermissionError as error:
        if named and error.errno is None:
            raise ConfigError(f"HPCRAFT_CACHE={named}: {error}; name a folder of your own, or off") from None
        return None
    except OSError:  # a read-only or full disk: builds are not kept
        return None
    return _cache(folder, int(words) << 20)


@functools.cache
def _cache(folder: Path, limit_bytes: int) -> Cache:
    return Cache(folder, limit_bytes)


def _own(folder: Path) -> None:
    """Make the folder where it is missing; `PermissionError` where others own it or can write it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} belongs to another user or can be written by others")


def _read_own(path: Path) -> bytes | None:
    """The bytes of a regular file that only this user can have written, None for anything else."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022 or found.st_nlink > 1:
            return None
        if time.time() - found.st_mtime > _FRESH_SECONDS:
            with contextlib.suppress(OSError):  # a read-only disk still serves
                os.utime(handle)
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Whatever it is; somebody may have been faster."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _pack(key: str, entry: Entry) -> list[bytes]:
    lengths = [[name, len(content)] for name, content in entry.files.items()]
    head = json.dumps({"facts": dict(entry.facts), "files": lengths}).encode() + b"\n"
    blocks = [head, *entry.files.values()]
    return [_MAGIC, _digest(key, blocks), b"\n", *blocks]


def _unpack(key: str, content: bytes) -> Entry | None:
    """None for an entry that isn't whole or isn't this key's."""
    begin = len(_MAGIC) + 65
    body = memoryview(content)[begin:]
    if content[:begin] != _MAGIC + _digest(key, [body]) + b"\n":
        return None
    head = json.loads(content[begin : content.index(b"\n", begin)])
    files, at = {}, content.index(b"\n", begin) + 1
    for name, length in head["files"]:
        files[name] = content[at : at + length]
        at += length
    return Entry(facts=head["facts"], files=files)


def _digest(key: str, blocks: list[bytes] | list[memoryview]) -> bytes:
    state = hashlib.sha256(key.encode() + b"\n")
    for block in blocks:
        state.update(block)
    return state.hexdigest().encode()
