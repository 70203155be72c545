"""``path:DIR``: code that lies on this machine.

The version is a hash over the wanted files, so the same tree gives the same version wherever it lies.
Symbolic links aren't followed, and hidden folders (``.git`` and the like) are left out.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings
from hpcraft.data.sources.wanted import is_wanted, safe_path
from hpcraft.errors import InputError


@dataclass(frozen=True, slots=True)
class _Tree:
    files: list[str]
    skipped: Counter[str]
    version: str


def resolve(rest: str, settings: Settings) -> Resolved:
    """See `hpcraft.data.sources.base.Resolver`."""
    root = Path(rest).expanduser()
    if not root.is_dir():
        raise InputError(f"path:{rest}: {'not a folder' if root.exists() else 'no such folder'}; give the folder that holds the code")
    tree = read_tree(root, settings.max_file_bytes)
    return Resolved(spec=f"path:{rest}", package=root.resolve().name or "root", version=tree.version, open=lambda: _open(root, tree))


def read_tree(root: Path, max_file_bytes: int) -> _Tree:
    """List the wanted files below ``root`` and hash them."""
    skipped: Counter[str] = Counter()
    files = []
    digest = hashlib.sha256()
    for path in sorted(_walk(root, "", skipped, max_file_bytes)):
        try:
            content = _read(root / path)
        except OSError:
            skipped["unreadable"] += 1
            continue
        files.append(path)
        digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return _Tree(files, skipped, digest.hexdigest()[:16])


@contextmanager
def _open(root: Path, tree: _Tree) -> Iterator[Opened]:
    yield Opened(entries=[Entry(path, functools.partial(_read, root / path)) for path in tree.files], skipped=tree.skipped.copy())


def _walk(root: Path, below: str, skipped: Counter[str], max_file_bytes: int) -> Iterator[str]:
    try:
        with os.scandir(root / below) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        skipped["unreadable"] += 1
        return
    for entry in found:
        path = f"{below}{entry.name}"
        if entry.is_symlink():
            skipped["link"] += 1
        elif entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield from _walk(root, f"{path}/", skipped, max_file_bytes)
        elif reason := _why_not(entry, path, max_file_bytes):
            skipped[reason] += 1
        else:
            yield path


def _why_not(entry: os.DirEntry[str], path: str, max_file_bytes: int) -> str:
    if not is_wanted(path):
        return "not-code"
    if safe_path(path) != path:
        return "unsafe-path"
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return "special-file"
    return "too-large" if status.st_size > max_file_bytes else ""


def _read(path: Path) -> bytes:
    # O_NOFOLLOW: the file may have become a link since it was listed.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read()
