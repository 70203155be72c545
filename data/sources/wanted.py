"""Which files of a package are worth mining: code by its suffix, and licence material by its name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hpcraft.tokenizer.languages import SUFFIXES

DEBIAN_COPYRIGHT = "debian/copyright"
PKG_INFO = "PKG-INFO"
"""Metadata of a Python source archive, at its top."""

_LICENCE_STEMS = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")
_DRIVE = re.compile(r"[A-Za-z]:")
_LICENCE_SUFFIXES = frozenset({"", ".txt", ".md", ".rst", ".lesser", ".lib"})


def is_licence_material(path: str) -> bool:
    """Whether a file may say under what licence others stand."""
    if path in (DEBIAN_COPYRIGHT, PKG_INFO):
        return True
    upper = path.rpartition("/")[2].upper()
    return upper.startswith(_LICENCE_STEMS) and _suffix(path) not in SUFFIXES and _tail(upper) in _LICENCE_SUFFIXES


def is_wanted(path: str) -> bool:
    """Whether a file is mined."""
    return _suffix(path) in SUFFIXES or is_licence_material(path)


def safe_path(name: str) -> str | None:
    """A member's name as a clean relative path, or None when it is absolute, names a drive, climbs out or can't be written as UTF-8."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or "\\" in name or "\0" in name or any(map(_DRIVE.match, parts)):
        return None
    try:
        name.encode()
    except UnicodeEncodeError:
        return None
    return "/".join(parts)


def _suffix(path: str) -> str:
    """As `PurePosixPath` has it, without its cost: this is asked of every member of every archive."""
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{suffix}" if stem and suffix else ""


def _tail(upper: str) -> str:
    """What follows the stem when it is a file suffix; ``LICENSE-2.0`` has none."""
    tail = PurePosixPath(upper).suffix.lower()
    return tail if tail[1:].isalpha() else ""
