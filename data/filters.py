"""Filters on a file, each with the reason under which it rejects; thresholds are in `Limits`.

The order is that of cost. Constants follow BigCode's and PolyCoder's habits where those fit HPC code.
Code that a program wrote is told in `hpcraft.data.generated`, copies of libraries in `hpcraft.data.vendored`.

Not covered: near duplicates; secrets, which are cut out in `hpcraft.data.redact` and reject no file.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data import vendored
from hpcraft.data.generated import generated_reason

_TOKEN = re.compile(r"\w+|[^\w\s]")
_DIGITS = string.digits.encode()
_ALNUM = (string.ascii_letters + string.digits).encode()
_NUMBER = r"(?>[-+]?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?)(?:[uUlLfF]{1,3}|_\w+)?)"
_LIST = rf"(?:(?>\d+\*)?{_NUMBER}|[-{{}}()\[\],;&$/+|\s]|'(?:[^'\\\n]|\\.)')++"
_DATA_LINE = re.compile(
    rf"[ \t]*+(?:[*>][ \t]+)?{_LIST}\\?$"
    rf"|[ \t]*+data\b[^\n=/]*(?:/{_LIST})?$"
    rf"|[ \t]*+(?:\#[ \t]*define[ \t]+\w+[ \t]+|[\w.%>-]++(?:[\[(][\w, ]*[\])])++[ \t]*=[ \t]*)[{{(]*+{_NUMBER}[)}}]*+[ \t]*+;?$"
    rf'|[ \t]*+[{{(]*+(?:"(?:[^"\\\n]|\\.)*+"[ \t,)}};&]*+)++\\?$',
    re.IGNORECASE,
)
"""Numbers alone, a Fortran ``data`` statement, a number given to one element or macro, or strings alone."""

_MIN_DATA_BYTES = 4000
_MAX_DIGIT_SHARE = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Thresholds of the filters."""

    max_bytes: int
    max_line_length: int
    max_mean_line_length: int
    min_alnum_share: float
    min_tokens: int
    max_data_share: float = 0.7
    min_compressed_share: float = 0.055
    max_error_share: float = 0.3


def check_path(path: str) -> str:
    """``vendored`` for a copy of someone else's library by its name alone, else empty."""
    return vendored.by_name(path)


def check_bytes(content: bytes, limits: Limits) -> str:
    """The reason to reject a file's bytes, or empty; whether they are text at all is found by `hpcraft.data.encoding.decode`."""
    if not content.strip():
        return "empty"
    return "too-large" if len(content) > limits.max_bytes else ""


def check_text(text: str, limits: Limits, path: str = "") -> str:
    """The reason to reject a file's text, or empty."""
    num_lines = text.count("\n") + 1
    if len(text) > limits.max_mean_line_length * num_lines:
        return "minified"
    if len(text) > limits.max_line_length and max(map(len, text.split("\n"))) > limits.max_line_length:
        return "long-lines"
    if _count(text, _ALNUM) < limits.min_alnum_share * len("".join(text.split())):
        return "low-alnum"
    if is_data(text, limits.max_data_share):
        return "data-as-code"
    return generated_reason(path, text, limits.min_compressed_share)


def check_errors(share: float, limits: Limits) -> str:
    """``parse-errors`` where the grammar could read too little of a file, else empty."""
    return "parse-errors" if share > limits.max_error_share else ""


def is_too_small(code: str, limits: Limits) -> bool:
    """Whether a text without comments has fewer tokens than a file worth learning from."""
    found = _TOKEN.finditer(code)
    return sum(1 for _, _token in zip(range(limits.min_tokens), found, strict=False)) < limits.min_tokens


def is_data(text: str, max_data_share: float = 0.7) -> bool:
    """Whether a file is mostly a table: digits, hexadecimal bytes, coefficients given one by one, or strings."""
    if len(text) < _MIN_DATA_BYTES:
        return False
    filled = len(text) - text.count(" ") - text.count("\n") - text.count("\t")
    digits = _count(text, _DIGITS)
    if digits > _MAX_DIGIT_SHARE * filled:
        return True
    if digits < 0.12 * filled and text.count('"') < 0.02 * filled:
        return False
    data = 0
    for line in text.split("\n"):
        if len(line) > 2 and _DATA_LINE.match(line) is not None and (line.strip(" {}();,&") or "data" in line):
            data += len(line) - line.count(" ") - line.count("\t")
    return data > max_data_share * filled


def error_share(root: Node, num_bytes: int) -> float:
    """The share of a text's bytes that its grammar could not read, and one byte for each sign that it had to add.

    One brace too many, as two branches of an ``#if`` give, makes an error of everything around it. What was read inside an
    error, such as whole functions and statements, therefore isn't lost; the loose words between are.

    Args:
        root: of the tree; parts without an error are never entered.
        num_bytes: of the text.
    """
    if not root.has_error or not num_bytes:
        return 0.0
    lost, stack = 0, [root]
    while stack:
        node = stack.pop()
        if node.is_missing:
            lost += 1
            continue
        if node.is_error:
            lost += node.end_byte - node.start_byte
        for child in node.children:
            if node.is_error and (child.has_error or (child.is_named and child.child_count)):
                lost -= child.end_byte - child.start_byte
            if child.has_error:
                stack.append(child)
    return min(1.0, max(0, lost) / num_bytes)


def _count(text: str, letters: bytes) -> int:
    # Twenty times quicker than a regular expression, and every document passes here.
    raw = text.encode()
    return len(raw) - len(raw.translate(None, letters))
