"""Machine-readable ``debian/copyright`` (DEP-5): which paragraph speaks of a file, and the licence it gives.

Parsed by python-debian; its matching of paths isn't used, because a pattern with many stars keeps it busy for hours.

Not covered: the Files-Excluded field, which speaks of files that aren't there.
"""

from __future__ import annotations

import fnmatch
import functools
import logging
import re
import warnings
from typing import Any, NamedTuple

_ESCAPED = re.compile(r"\\(.)|(\[)", re.DOTALL)


class Statement(NamedTuple):
    """What a paragraph says of its files."""

    name: str
    """The licence as the packager calls it; empty where the paragraph gives none."""
    text: str
    """The licence text, in the paragraph itself or in the stand-alone one of the same name."""


class Dep5:
    """The paragraphs of a machine-readable ``debian/copyright``."""

    def __init__(self, document: Any) -> None:
        """Index the paragraphs of a parsed file; `read` makes one from bytes."""
        texts: dict[str, str] = {}
        for paragraph in document.all_license_paragraphs():
            if paragraph.license:
                texts.setdefault(paragraph.license.synopsis, paragraph.license.text)
        self._statements: list[Statement] = []
        self._literal: dict[str, int] = {}
        self._patterns: list[tuple[re.Pattern[str], int]] = []
        for index, paragraph in enumerate(document.all_files_paragraphs()):
            licence = paragraph.license
            name = licence.synopsis if licence else ""
            self._statements.append(Statement(name, (licence.text or texts.get(name, "")) if licence else ""))
            for pattern in paragraph.files:
                if any(sign in pattern for sign in "*?\\"):
                    self._patterns.append((re.compile(_translate(pattern)), index))
                else:
                    self._literal[pattern.removeprefix("./")] = index

    def of(self, path: str) -> Statement | None:
        """The last paragraph that matches a path, as the format has it."""
        last = self._literal.get(path, -1)
        for pattern, index in reversed(self._patterns):
            if index <= last:
                break
            if pattern.match(path):
                last = index
                break
        return self._statements[last] if last >= 0 else None


def read(content: bytes | None) -> Dep5 | None:
    """Read a ``debian/copyright``; None when there is none, or it is in free text or damaged."""
    from debian.copyright import Copyright, MachineReadableFormatError, NotMachineReadableError

    if content is None or b"ormat" not in content:
        return None
    logging.getLogger("debian.copyright").setLevel(logging.ERROR)  # it warns of an old format line, which is no matter here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Dep5(Copyright(content.decode("utf-8", errors="replace").splitlines(), strict=False))
        except (NotMachineReadableError, MachineReadableFormatError, ValueError):
            return None


@functools.lru_cache(maxsize=4096)
def _translate(pattern: str) -> str:
    # The shell's brackets mean nothing in this format, and a backslash escapes; the expressions of fnmatch never backtrack.
    return fnmatch.translate(
        _ESCAPED.sub(lambda found: f"[{found[1] or found[2]}]" if found[1] != "\\" else "\\", pattern.removeprefix("./"))
    )
