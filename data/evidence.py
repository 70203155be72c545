"""What the licence of a file rests on.

In this order of trust: the SPDX tag in its head; a licence text or notice there; the paragraph of a machine-readable
``debian/copyright``; a ``debian/copyright`` in free text that names one licence for all; the metadata of a Python source archive;
the licence that the source declares for the file; the nearest licence file above it. The first that speaks decides: what it says
and nobody knows is no licence, and weaker evidence doesn't mend that. A head that speaks of the GNU licences or of proprietary
terms where anything else claims another licence is a conflict, and gives no licence either.

Not covered: heads that point at a file by name; SPDX ``LicenseRef-`` names that a package defines in its ``LICENSES`` folder.
"""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from hpcraft.data import dep5
from hpcraft.data.dep5 import Statement
from hpcraft.data.detector import all_of
from hpcraft.data.licence_texts import recognise, recognise_one, spdx_tag
from hpcraft.data.licences import is_gnu, spdx
from hpcraft.data.notices import HEAD_CHARACTERS, Notice, read_notice
from hpcraft.data.sources.wanted import DEBIAN_COPYRIGHT

PKG_INFO = "PKG-INFO"
_MAX_FOLDER_LICENCES = 3
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
"""Trove classifiers to SPDX; those that name a family alone (``BSD License``) say nothing, and the next evidence decides."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A licence and what it rests on; an empty licence says why there is none."""

    licence: str
    origin: str
    """``spdx-header``, ``header-text``, ``dep5:PATH``, ``copyright:PATH``, ``pkg-info``, ``declared`` or ``file:PATH``; without a
    licence the reason to reject."""


NONE = Evidence("", "no-licence")
UNKNOWN = Evidence("", "licence-unknown")
CONFLICT = Evidence("", "licence-conflict")


class PackageLicences:
    """The licences that a package gives its files, beside their own heads."""

    def __init__(self, materials: Mapping[str, bytes]) -> None:
        """Read the licence files of a package, path to content."""
        copyright_file = materials.get(DEBIAN_COPYRIGHT)
        self._machine = dep5.read(copyright_file)
        self._of_all = _of_free_text(None if self._machine else copyright_file) or _of_pkg_info(materials.get(PKG_INFO))
        self._by_folder = _by_folder(materials)
        self._stated: dict[Statement, Evidence] = {}

    def of(self, path: str, declared: str = "") -> Evidence:
        """What the package says of one of its files, and what the source declares for it (`SourceFile.declared`)."""
        if self._machine is not None and (statement := self._machine.of(path)) is not None:
            return self._of_statement(statement)
        if self._of_all is not None:
            return self._of_all
        if declared.strip():
            expression = spdx(declared)
            return Evidence(expression, "declared") if expression else UNKNOWN
        for folder in PurePosixPath(path).parents:
            if found := self._by_folder.get(str(folder)):
                return found
        return NONE

    def _of_statement(self, statement: Statement) -> Evidence:
        if known := self._stated.get(statement):
            return known
        expression = spdx(statement.name) or recognise(statement.text)
        evidence = Evidence(expression, f"dep5:{DEBIAN_COPYRIGHT}") if expression else UNKNOWN if statement.name else NONE
        self._stated[statement] = evidence
        return evidence


def of_file(text: str, package: Evidence) -> Evidence:
    """The licence of a file, given its text and what its package says."""
    head = text[:HEAD_CHARACTERS]
    notice = read_notice(head)
    tag = spdx_tag(head) if "SPDX-License-Identifier:" in head else None
    if tag is not None:
        if tag and (notice.closed or (is_gnu(notice.licence) and not is_gnu(tag))):
            return CONFLICT
        return Evidence(tag, "spdx-header") if tag else UNKNOWN
    if notice.closed:
        return CONFLICT
    if notice.unknown:
        return UNKNOWN
    return _of_notice(notice, package)


def _of_notice(notice: Notice, package: Evidence) -> Evidence:
    """A head that speaks of the GNU licences needs a package that does."""
    gnu = notice.gnu or is_gnu(notice.licence)
    if gnu and package.licence and not is_gnu(package.licence):
        return CONFLICT
    if not notice.licence or notice.gnu:  # it says nothing, or not all of it is clear
        return package
    return Evidence(notice.licence, "header-text")


def _by_folder(materials: Mapping[str, bytes]) -> dict[str, Evidence]:
    """Folder to the evidence of the licence files in it: a licence beside another is needed too; one that isn't known spoils all."""
    found: dict[str, list[str]] = {}
    origin: dict[str, str] = {}
    for path in sorted(_licence_files(materials)):
        folder = str(PurePosixPath(path).parent)
        found.setdefault(folder, []).append(recognise(materials[path].decode("utf-8", errors="replace")) or "")
        origin.setdefault(folder, path)
    return {folder: _of_folder(names, origin[folder]) for folder, names in found.items()}


def _of_folder(expressions: list[str], origin: str) -> Evidence:
    names = set(expressions)
    if "GPL-3.0-only" in names and names & {"LGPL-3.0-only", "LGPL-3.0-or-later"}:
        names.remove("GPL-3.0-only")  # the LGPL 3 is written as additions to the GPL 3, whose text lies beside it
    for notice in [name for name in names if name.endswith("-or-later")]:
        names.discard(f"{notice.removesuffix('-or-later')}-only")  # one file says what is granted, the other is the text itself
    for choice in [name for name in names if " OR " in name and "(" not in name and " AND " not in name]:
        names -= set(choice.split(" OR "))  # one file gives the choice, the others are the texts to choose from
    if "" in names or len(names) > _MAX_FOLDER_LICENCES:
        return UNKNOWN
    return Evidence(all_of(sorted(names)), f"file:{origin}")


def _licence_files(materials: Mapping[str, bytes]) -> Iterable[str]:
    # NOTICE files name authors, and what is in debian/ speaks of packaging.
    return (
        p for p in materials if p != PKG_INFO and not p.startswith("debian/") and not PurePosixPath(p).name.upper().startswith("NOTICE")
    )


def _of_free_text(content: bytes | None) -> Evidence | None:
    expression = recognise_one(content.decode("utf-8", errors="replace")) if content else None
    return Evidence(expression, f"copyright:{DEBIAN_COPYRIGHT}") if expression else None


def _of_pkg_info(content: bytes | None) -> Evidence | None:
    """From the metadata of a Python source archive: its licence expression, else its classifiers; what they don't say isn't told."""
    if content is None:
        return None
    fields = email.parser.HeaderParser(policy=email.policy.compat32).parsestr(content.decode("utf-8", errors="replace"))
    if given := str(fields.get("License-Expression") or "").strip():
        return Evidence(expression, "pkg-info") if (expression := spdx(given)) else UNKNOWN
    leaves = [str(line).split(" :: ")[-1].strip() for line in fields.get_all("Classifier") or () if str(line).startswith("License :: ")]
    names = [_CLASSIFIERS.get(leaf, "") for leaf in leaves if leaf != "OSI Approved"]
    return Evidence(all_of(names), "pkg-info") if names and all(names) else None
