"""Licence texts as licence files and ``debian/copyright`` hold them: which SPDX expression a whole text stands for.

Not covered: texts that say two things at once, and files that point at others; such a text gives no licence.
"""

from __future__ import annotations

import functools
import re

from hpcraft.data.detector import Region, all_of, find_licences, spdx_names
from hpcraft.data.licences import is_gnu, join, spdx
from hpcraft.data.notices import is_closed, read_notice

_SPDX_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n]{0,500})")
_TAG_END = re.compile(r"\s*(\*/|-->|\*+|\*\))\s*$")
_MAX_CHARACTERS = 500_000
_MAX_NOTICE_CHARACTERS = 4000
_MAX_LICENCES = 4
_SPEAKS_OF_RIGHTS = re.compile(
    r"licen[sc]e|permi(?:t|ssion)|redistribut|\bGNU\b|GPL\b|warrant|prohibit|patent|public domain|CeCILL|non-?commercial", re.IGNORECASE
)
_GNU = re.compile(r"\bGNU\b|\bL?GPL", re.IGNORECASE)
_PACKAGING = re.compile(r"\bpackag(?:ing|ed)\b|^Files: debian/\*", re.IGNORECASE)
_PACKAGING_GOES_ON = re.compile(r"\s*(?:copyright|\(c\)|©|and is licen[sc]ed)", re.IGNORECASE)
_COPYRIGHT_LINE = re.compile(r"^[^\w\n]*(?:copyright\b|c\)|(?:19|20)\d\d\b|all rights reserved)[^\n]*", re.IGNORECASE | re.MULTILINE)


def spdx_tag(text: str) -> str | None:
    """The expression of the SPDX tags in a text; None without a tag, empty when one of them can't be read.

    Several tags speak of several parts of a text, so that all of them count.
    """
    tags = list(dict.fromkeys(_TAG_END.sub("", tag).strip() for tag in _SPDX_TAG.findall(text)))
    if not tags:
        return None
    found = [expression for tag in tags if (expression := spdx(tag))]
    return join(found, "AND") if len(found) == len(tags) else ""


@functools.lru_cache(maxsize=4096)
def recognise(text: str) -> str | None:
    """The SPDX expression of a licence file, or of a licence text quoted elsewhere; None unless the whole text is accounted for.

    What isn't recognised may be a quarter of the words (a tenth beside several licences), or speak of no rights at all, as lists of
    authors don't; but a mention of the GNU licences counts. Several licences in one text are all needed. Words against commercial use spoil any licence. A short text may also be a sentence that names the licence.
    """
    if len(text) > _MAX_CHARACTERS or "\0" in text:
        return None
    if len(text) <= _MAX_NOTICE_CHARACTERS and (tag := spdx_tag(text)) is not None:  # in a long text it speaks of a part
        return tag or None
    found = find_licences(text)
    names = spdx_names(found)
    if not found:
        notice = read_notice(text) if len(text) <= _MAX_NOTICE_CHARACTERS else None
        return notice.licence or None if notice and not (notice.gnu or notice.closed) else None
    if not names or len(names) > _MAX_LICENCES or is_closed(text) or not _accounts_for(found, names, text):
        return None
    return all_of(names)


def recognise_one(text: str) -> str | None:
    """The one licence that a free text gives a whole package, or None. What it says of Debian's packaging is passed over."""
    kept: list[str] = []
    in_packaging = False
    for paragraph in re.split(r"\n[ \t]*\n", text):
        short = len(paragraph) < _MAX_NOTICE_CHARACTERS
        in_packaging = short and bool(_PACKAGING.search(paragraph) or (in_packaging and _PACKAGING_GOES_ON.match(paragraph)))
        if not in_packaging:
            kept.append(paragraph)
    expression = recognise("\n\n".join(kept))
    return expression if expression and " AND " not in expression else None


def _accounts_for(found: list[Region], names: list[str], text: str) -> bool:
    """Whether what was found leaves nothing of weight; a list of several licences may lack one, and is held to more."""
    edges = [0, *(edge for region in found for edge in (region.start, region.end)), len(text)]
    rest = _COPYRIGHT_LINE.sub("", " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)))
    if _GNU.search(rest) and not any(map(is_gnu, names)):
        return False
    return len(rest.split()) <= (0.25 if len(names) == 1 else 0.1) * len(text.split()) or not _SPEAKS_OF_RIGHTS.search(rest)
