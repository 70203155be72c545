"""What the licence of a file rests on: its SPDX header, else ``debian/copyright``, else a licence file above it.

Stated in this order of trust. A header that speaks of the GNU GPL or of proprietary terms beats weaker evidence: such a file
has no licence that can be relied on.

Not covered: free-text ``debian/copyright`` files, and licences given in prose in a header.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from hpcraft.data.licences import is_gnu, spdx
from hpcraft.data.sources.wanted import DEBIAN_COPYRIGHT

if TYPE_CHECKING:
    from debian.copyright import Copyright, FilesParagraph

_SPDX_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n]*)")
_HEAD_CHARACTERS = 6000
_GNU_HEADER = re.compile(
    r"GNU\s+(\W+\s*)?(Lesser|Library|Affero|General)\s[\s\W]*(General\s+)?[\s\W]*Public\s+Licen[sc]e|under\s+the\s+L?GPL\b", re.IGNORECASE
)
_CLOSED_HEADER = re.compile(
    r"NOTICE\s+TO\s+LICENSEE|retains?\s+all\s+intellectual\s+property|\bconfidential\s+and\s+proprietary\b|non-?commercial\s+(use|purposes)\s+only",
    re.IGNORECASE,
)
_CLOSED_WORDS = ("licensee", "intellectual", "proprietary", "commercial")
_TEXTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Apache-2.0", ("apache license", "version 2.0, january 2004", "terms and conditions for use, reproduction, and distribution"), ()),
    ("BSL-1.0", ("boost software license - version 1.0", "permission is hereby granted, free of charge"), ()),
    ("MPL-2.0", ("mozilla public license", "version 2.0", '1.1. "contributor"'), ()),
    ("LGPL-2.1-only", ("gnu lesser general public license", "version 2.1, february 1999"), ()),
    ("LGPL-3.0-only", ("gnu lesser general public license", "version 3, 29 june 2007"), ()),
    ("GPL-2.0-only", ("gnu general public license", "version 2, june 1991"), ()),
    ("GPL-3.0-only", ("gnu general public license", "version 3, 29 june 2007"), ("gnu lesser general public license version",)),
    (
        "BSD-3-Clause",
        (
            "redistribution and use in source and binary forms, with or without modification, are permitted",
            "redistributions of source code must retain",
            "redistributions in binary form must reproduce",
            "endorse or promote products derived from this software",
        ),
        ("all advertising materials", "non-commercial", "patent rights"),
    ),
    (
        "BSD-2-Clause",
        (
            "redistribution and use in source and binary forms, with or without modification, are permitted",
            "redistributions of source code must retain",
            "redistributions in binary form must reproduce",
        ),
        ("endorse or promote", "all advertising materials", "neither the name", "non-commercial"),
    ),
    (
        "MIT",
        (
            "permission is hereby granted, free of charge, to any person obtaining a copy",
            "the above copyright notice and this permission notice shall be included in all copies",
            'the software is provided "as is"',
        ),
        ("except as contained in this notice", "non-commercial"),
    ),
    (
        "ISC",
        (
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
            "copyright notice and this permission notice appear in all copies",
        ),
        (),
    ),
    (
        "Zlib",
        ("this software is provided 'as-is', without any express or implied warranty", "altered source versions must be plainly marked"),
        (),
    ),
)
"""SPDX identifier, phrases that must all stand in a licence text, phrases that must not. Strict: anything else isn't recognised."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A licence and what it rests on; an empty licence says why there is none."""

    licence: str
    origin: str
    """``spdx-header``, ``dep5:PATH`` or ``file:PATH``; without a licence the reason to reject."""


NONE = Evidence("", "no-licence")


class PackageLicences:
    """The licences that a package gives its files, beside their own headers."""

    def __init__(self, materials: Mapping[str, bytes]) -> None:
        """Read the licence files of a package, path to content."""
        self._machine = _read_dep5(materials.get(DEBIAN_COPYRIGHT))
        self._by_folder = _recognised(materials)
        self._paragraphs: dict[int, Evidence] = {}

    def of(self, path: str) -> Evidence:
        """What the package says of one of its files; ``debian/copyright`` beats licence files."""
        if self._machine is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                paragraph = self._machine.find_files_paragraph(path)
            if paragraph is not None:
                return self._of_paragraph(paragraph)
        for folder in PurePosixPath(path).parents:
            if found := self._by_folder.get(str(folder)):
                return found
        return NONE

    def _of_paragraph(self, paragraph: FilesParagraph) -> Evidence:
        if known := self._paragraphs.get(id(paragraph)):
            return known
        licence: Any = paragraph.license  # untyped in python-debian
        name = licence.synopsis if licence else ""
        expression = spdx(name) or recognise(self._text_of(paragraph))
        evidence = (
            Evidence(expression, f"dep5:{DEBIAN_COPYRIGHT}") if expression else Evidence("", "licence-unknown" if name else "no-licence")
        )
        self._paragraphs[id(paragraph)] = evidence
        return evidence

    def _text_of(self, paragraph: FilesParagraph) -> str:
        """The licence text in the paragraph itself, or in the stand-alone one of the same name."""
        licence: Any = paragraph.license
        if licence is None or licence.text or self._machine is None:
            return str(licence.text) if licence else ""
        named: list[Any] = [p.license for p in self._machine.all_license_paragraphs()]
        return next(
            (str(own.text) for own in named if own and own.synopsis == licence.synopsis),
            "",
        )


def of_file(text: str, package: Evidence) -> Evidence:
    """The licence of a file, given its text and what its package says."""
    head = text[:_HEAD_CHARACTERS]
    if tag := _SPDX_TAG.search(head):
        expression = spdx(re.sub(r"\s*(\*/|-->|\*+)\s*$", "", tag[1]).strip())
        return Evidence(expression, "spdx-header") if expression else Evidence("", "licence-unknown")
    gnu = package.licence and not is_gnu(package.licence) and ("GNU" in head or "GPL" in head) and _GNU_HEADER.search(head)
    lower = head.lower()
    if gnu or (any(word in lower for word in _CLOSED_WORDS) and _CLOSED_HEADER.search(head)):
        return Evidence("", "licence-conflict")
    return package


def recognise(text: str) -> str | None:
    """The SPDX identifier of a licence text that is clearly one of the common ones, or None."""
    if tag := _SPDX_TAG.search(text):
        return spdx(tag[1])
    plain = " ".join(re.sub(r"[\s*#>]+", " ", text).lower().replace("“", '"').replace("”", '"').replace("‘", "'").split())
    fitting = [name for name, needed, banned in _TEXTS if all(p in plain for p in needed) and not any(p in plain for p in banned)]
    return fitting[0] if len(fitting) == 1 else None


def _recognised(materials: Mapping[str, bytes]) -> dict[str, Evidence]:
    """Folder to the evidence of the licence file in it; a folder whose files disagree has none."""
    found: dict[str, set[str]] = {}
    origin: dict[str, str] = {}
    for path in sorted(_licence_files(materials)):
        expression = recognise(materials[path].decode("utf-8", errors="replace"))
        folder = str(PurePosixPath(path).parent)
        found.setdefault(folder, set()).add(expression or "")
        origin.setdefault(folder, path)
    return {
        folder: Evidence(next(iter(names)), f"file:{origin[folder]}")
        if len(names) == 1 and "" not in names
        else Evidence("", "licence-unknown")
        for folder, names in found.items()
    }


def _licence_files(materials: Mapping[str, bytes]) -> Iterable[str]:
    # NOTICE files name authors, and what is in debian/ speaks of packaging.
    return (p for p in materials if not p.startswith("debian/") and not PurePosixPath(p).name.upper().startswith("NOTICE"))


def _read_dep5(content: bytes | None) -> Copyright | None:
    from debian.copyright import Copyright, NotMachineReadableError

    if content is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Copyright(content.decode("utf-8", errors="replace").splitlines(), strict=False)
        except (NotMachineReadableError, ValueError):
            return None
