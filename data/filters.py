"""Filters on the text of a file, each with the reason under which it rejects; thresholds are in `Limits`.

The order is that of cost. Constants follow BigCode's and PolyCoder's habits where those fit HPC code.

Not covered: near duplicates, secrets.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from pathlib import PurePosixPath

_VENDOR_FOLDERS = frozenset(
    [
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "vendor",
        "vendored",
        "external",
        "externals",
        "extern",
        "external_libraries",
        "externalpackages",
        "googletest",
        "gtest",
        "googlemock",
        "catch2",
        "pybind11",
        "node_modules",
    ]
)
_VENDOR_FILES = frozenset(
    [
        "sqlite3.c",
        "sqlite3.h",
        "catch.hpp",
        "doctest.h",
        "json.hpp",
        "stb_image.h",
        "miniz.c",
        "gtest.h",
        "uthash.h",
        "cJSON.c",
        "cJSON.h",
        "tinyxml2.cpp",
    ]
)
_GENERATED = re.compile(
    r"\b(this|the)\s+(file|code|program|source|header|module)\s+(is|was|has\s+been|were)\s+(\w+ly\s+|auto-?\s*)?generated\b"
    r"|\bdo\s+not\s+(edit|modify|change)\b|\b(automatically|auto-?|machine)[ -]?generated\b|\bgenerated\s+automatically\b"
    r"|\btranslated\s+by\s+f2c\b|\bA\s+Bison\s+parser\b|\ba\s+lexical\s+scanner\s+generated\s+by\s+flex\b|@generated\b",
    re.IGNORECASE,
)
_GENERATED_AT_FRONT = re.compile(r"^\W*(auto\w*\s+)?generated\s+(by|from|with|on|using)\b", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_DIGITS = string.digits.encode()
_ALNUM = (string.ascii_letters + string.digits).encode()
_GENERATED_WORDS = ("generated", "do not", "f2c", "bison")

_HEAD_CHARACTERS = 3000
_FRONT_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Thresholds of the filters."""

    max_bytes: int
    max_line_length: int
    max_mean_line_length: int
    min_alnum_share: float
    min_tokens: int


def check_path(path: str) -> str:
    """``vendored`` for a copy of someone else's library, else empty."""
    parts = PurePosixPath(path).parts
    folders = {part.lower() for part in parts[:-1]}
    return "vendored" if folders & _VENDOR_FOLDERS or parts[-1] in _VENDOR_FILES else ""


def check_bytes(content: bytes, limits: Limits) -> str:
    """The reason to reject a file's bytes, or empty."""
    if not content.strip():
        return "empty"
    if len(content) > limits.max_bytes:
        return "too-large"
    return "binary" if b"\0" in content else ""


def check_text(text: str, limits: Limits) -> str:
    """The reason to reject a file's text, or empty."""
    num_lines = text.count("\n") + 1
    if len(text) > limits.max_mean_line_length * num_lines:
        return "minified"
    if len(text) > limits.max_line_length and max(map(len, text.split("\n"))) > limits.max_line_length:
        return "long-lines"
    if _CONTROL.search(text):
        return "binary"
    if _count(text, _ALNUM) < limits.min_alnum_share * len("".join(text.split())):
        return "low-alnum"
    if is_generated(text):
        return "generated"
    return "data-as-code" if is_data(text) else ""


def is_too_small(code: str, limits: Limits) -> bool:
    """Whether a text without comments has fewer tokens than a file worth learning from."""
    found = _TOKEN.finditer(code)
    return sum(1 for _, _token in zip(range(limits.min_tokens), found, strict=False)) < limits.min_tokens


def is_generated(text: str) -> bool:
    """Whether the head of a file says that a program wrote it."""
    head = text[:_HEAD_CHARACTERS].lower()
    if not any(word in head for word in _GENERATED_WORDS):
        return False
    return bool(_GENERATED.search(text[:_HEAD_CHARACTERS]) or _GENERATED_AT_FRONT.search(text[:_FRONT_CHARACTERS]))


def is_data(text: str) -> bool:
    """Whether a file is mostly digits, as tables of constants and embedded images are."""
    return len(text) > 4000 and _count(text, _DIGITS) > 0.4 * (len(text) - text.count(" ") - text.count("\n"))


def _count(text: str, letters: bytes) -> int:
    # Twenty times quicker than a regular expression, and every document passes here.
    raw = text.encode()
    return len(raw) - len(raw.translate(None, letters))
