r"""The text of a file from its bytes, in whatever encoding it was written, with one kind of line end.

UTF-8 and everything with a byte order mark is certain; UTF-16 and UTF-32 without one are told by where their zero bytes lie, and believed only
where what they give is text. The rest is the legacy of single-byte and Asian encodings, where only the language of the comments decides:
``charset-normalizer`` is asked, believed where it names an Asian encoding with hardly any disorder, and otherwise Windows-1252
stands in, which reads every Latin-1 text the same way.

Not covered: text that was encoded twice (none of the first hundred thousand files mined held any), EBCDIC, UTF-7, stateful encodings with escapes.
"""

from __future__ import annotations

import codecs
import logging
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 before that of UTF-16, which it begins with."""
_ASIAN = ("shift_jis", "cp932", "euc_jp", "euc_kr", "gb18030", "gbk", "gb2312", "big5")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff]")
_HIGH_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_SAMPLE_BYTES = 4096
_MAX_GUESSED_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file as text."""

    text: str
    r"""Without byte order mark or trailing blanks, with ``\n`` line ends and one of them at the end; empty when it can't be read."""
    encoding: str
    """As Python names it, or empty."""
    reason: str = ""
    """Why the bytes aren't text, else empty."""


def decode(content: bytes) -> Decoded:
    """The text of a file, or the reason why it has none: ``empty`` or ``binary``."""
    if not content.strip():
        return Decoded("", "", "empty")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _read(content, encoding)
    if wide := _wide(content):
        return _read(content, wide)
    if b"\0" in content:
        return Decoded("", "", "binary")
    try:
        return _checked(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _read(content, _legacy(content))


def normalise(text: str) -> str:
    r"""``text`` with ``\n`` line ends, no blanks at the end of a line and one line end at the end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if " \n" in text or "\t\n" in text or text.endswith((" ", "\t")):
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return text.rstrip("\n") + "\n"


def _read(content: bytes, encoding: str) -> Decoded:
    try:
        return _checked(content.decode(encoding), encoding)
    except UnicodeDecodeError:
        return Decoded("", "", "binary")


def _checked(text: str, encoding: str) -> Decoded:
    if _CONTROL.search(text):
        return Decoded("", "", "binary")
    text = normalise(text)
    return Decoded(text, encoding) if text.strip() else Decoded("", "", "empty")


def _wide(content: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark, told by the zero bytes of its line ends and letters; empty for neither."""
    head = content[:_SAMPLE_BYTES]
    if b"\0" not in head:
        return ""
    for width, encodings in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        if len(content) % width:
            continue
        for encoding in encodings:
            units = len(head) // width
            place = 0 if encoding.endswith("le") else width - 1
            small = sum(1 for k in range(units) if head[k * width + place] and not any(_without(head[k * width : (k + 1) * width], place)))
            if units and small > 0.5 * units:
                return encoding
    return ""


def _without(unit: bytes, place: int) -> bytes:
    return unit[:place] + unit[place + 1 :]


def _legacy(content: bytes) -> str:
    """The encoding of bytes that aren't Unicode."""
    from charset_normalizer import from_bytes  # its tables take a tenth of a second to load, and one file in ten thousand needs them

    logging.getLogger("charset_normalizer").setLevel(logging.ERROR)
    foreign = b"".join(_HIGH_LINE.findall(content))[:_MAX_GUESSED_BYTES]
    if re.search(rb"[\x80-\xff]{2}", foreign):
        best = from_bytes(foreign, cp_isolation=[*_ASIAN, "cp1252", "latin_1"], enable_fallback=False, preemptive_behaviour=False).best()
        if best is not None and best.encoding in _ASIAN and best.chaos <= 0.05 and _decodes(content, best.encoding):
            return best.encoding
    return "cp1252" if _decodes(content, "cp1252") and re.search(rb"[\x80-\x9f]", content) else "latin-1"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
