"""What the head of a source file says of its licence: a licence text, a standard notice, or a clear sentence.

The words between the first and the last mention of rights are taken, without comment signs and copyright lines, so that the heads
of a package become few distinct texts, each of which is read once.

Not covered: heads that point at another file (``see LICENSE``) say nothing here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft.data.detector import find_licences, spdx_names
from hpcraft.data.licences import PUBLIC_DOMAIN, is_gnu, is_known, join

HEAD_CHARACTERS = 6000
_RIGHTS = (
    "licen",
    "permi",
    "redistrib",
    "public domain",
    "free software",
    "gpl",
    "cecill",
    "proprietary",
    "confidential",
    "intellectual",
    "commercial",
)
_ENDS = (*_RIGHTS, "warrant", " liab", "damage")
_LINES_BEFORE, _LINES_AFTER = 2, 3
_FORTRAN_SIGN = re.compile(r"^[ \t]*(?:[c!*]|dnl|rem)(?:[ \t]|$)", re.MULTILINE)
_YEAR = re.compile(r"\d{4}")
_COPYRIGHT_SIGNS = ("copyright", "(c)", "\u00a9")
_WORD = re.compile(r"[a-z0-9][a-z0-9.+'/:-]*")

_GNU = re.compile(
    r"gnu (?:(?:project|the|an?) )*(?:(?P<kind>lesser|library|affero) )?(?:general )?public licen[sc]e"
    r"|\b(?:lesser|library) general public licen[sc]e|\bunder (?:the )?(?:terms of )?(?:the )?(?:gnu )?l?gpl\b"
)
_GNU_KINDS = {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL"}
_VERSION_AFTER = re.compile(r"\b(?:version|v|gpl|gplv|gpl-)\.? ?(?P<version>[123](?:\.[01])?)\b\.?(?P<rest>.{0,120})")
_VERSION_BEFORE = re.compile(
    r"version (?P<version>[123](?:\.[01])?) (?:of the licen[sc]e )?(?P<later>or (?:at your option )?(?:any )?later )?of (?:the )?$"
)
_LATER = re.compile(r"\bany (?:later|newer)|\bor (?:later|newer)|\band later|\bor greater")
_CHOICE = re.compile(r"\bchoice of (?:one of )?(?:the )?(?:\w+ )?(?:following )?licen[sc]es|\bdual[- ]licen[sc]ed")
_GRANT = r"(?:licen[sc]ed|released|distributed|available|provided|covered|governed|published|modify it|used|redistribute it)(?: \w+){0,3}? (?:under|by) (?:the )?(?:terms (?:and conditions )?of (?:the )?)?"
_CLEAR = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("Apache-2.0", r"\bapache (?:software )?licen[sc]e,? ?(?:v|version )\.? ?2(?:\.0)?\b"),
        ("BSL-1.0", r"\bboost software licen[sc]e,? ?(?:v|version )?\.? ?1\.0\b"),
        ("MPL-2.0", r"\bmozilla public licen[sc]e,? ?(?:v|version )\.? ?2(?:\.0)?\b"),
        ("EPL-2.0", r"\beclipse public licen[sc]e,? ?-? ?(?:v|version )\.? ?2(?:\.0)?\b"),
        ("EPL-1.0", r"\beclipse public licen[sc]e,? ?-? ?(?:v|version )\.? ?1(?:\.0)?\b"),
        ("ECL-2.0", r"\beducational community licen[sc]e,? ?(?:v|version )\.? ?2(?:\.0)?\b"),
        ("CECILL-C", r"\bcecill-c\b(?! or )"),
        ("CECILL-B", r"\bcecill-b\b(?! or )"),
        ("MIT", _GRANT + r"(?:mit|expat)(?:/expat)? licen[sc]e"),
        (
            "BSD-3-Clause",
            _GRANT
            + r"(?:(?:new|modified|revised|3-clause|three-clause) (?:berkeley software distribution )?bsd\b|bsd[- ]3-clause\b|bsd 3 clause\b|modified berkeley)",
        ),
        ("BSD-2-Clause", _GRANT + r"(?:(?:simplified|2-clause|two-clause) bsd\b|bsd[- ]2-clause\b|bsd 2 clause\b)"),
        (
            PUBLIC_DOMAIN,
            (
                r"\b(?:this|the) (?:\w+ ){0,2}?(?:is|has been|was) (?:hereby )?(?:(?:placed|released|put|dedicated) )?(?:in|into|to) the public domain"
                r"|\bis public domain\b|\b(?:released|placed|dedicated) (?:in)?to the public domain"
            ),
        ),
    )
)
"""Sentences that leave no doubt, for heads in which the library finds no notice that it knows."""
_CLOSED = re.compile(
    r"notice to licensee|retains? all intellectual property|\bconfidential and proprietary\b|\bproprietary and confidential\b"
    r"|\bnon-?commercial (?:use|purposes)(?: only)?\b|\b(?:academic|research|evaluation|educational) (?:use|purposes) only\b"
    r"|\bcommercial use (?:is )?(?:prohibited|not permitted|not allowed)|\bnot for commercial\b|\b(?:may|must|shall) not be sold\b"
)
_OPEN_TO_ALL = re.compile(r"\bcommercial (?:and|or) non-?commercial|\bnon-?commercial (?:and|or) commercial")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a head says of rights; nothing at all when every field is empty."""

    licence: str = ""
    """SPDX expression, where it is clear."""
    gnu: bool = False
    """Whether it speaks of a licence of the GNU family that ``licence`` doesn't hold."""
    closed: bool = False
    """Whether it speaks of proprietary terms or forbids commercial use."""
    unknown: bool = False
    """Whether a licence was recognised that isn't in the SPDX list."""


NOTHING = Notice()


def notice_words(text: str) -> str:
    """The words of a head that speak of rights, in lower case, without comment signs; empty when none do."""
    head = text[:HEAD_CHARACTERS].lower()
    starts = [at for word in _RIGHTS if (at := head.find(word)) >= 0]
    if not starts:
        return ""
    start, end = min(starts), max(head.rfind(word) for word in _ENDS)
    for _ in range(_LINES_BEFORE + 1):
        start = max(head.rfind("\n", 0, start), 0)
    for _ in range(_LINES_AFTER + 1):
        line_end = head.find("\n", end + 1)
        end = line_end if line_end >= 0 else len(head)
    window = "\n".join(line for line in head[start:end].split("\n") if not _names_authors(line))
    return " ".join(_WORD.findall(_FORTRAN_SIGN.sub("", window)))


def is_closed(text: str) -> bool:
    """Whether a text of any length speaks of proprietary terms or forbids commercial use."""
    return _is_closed(" ".join(_WORD.findall(text.lower())))


def _is_closed(words: str) -> bool:
    return _CLOSED.search(words) is not None and not _OPEN_TO_ALL.search(words)


def _names_authors(line: str) -> bool:
    return "licen" not in line and any(sign in line for sign in _COPYRIGHT_SIGNS) and _YEAR.search(line) is not None


def read_notice(text: str) -> Notice:
    """What the head of a text says of its licence."""
    words = notice_words(text)
    return _read(words) if words else NOTHING


@functools.lru_cache(maxsize=16384)
def _read(words: str) -> Notice:
    closed = _is_closed(words)
    names = spdx_names(find_licences(words))
    if names is None:
        return Notice(unknown=True, gnu=bool(_GNU.search(words)), closed=closed)
    gnu = list(dict.fromkeys(_gnu_names(words)))
    spoken = "" in gnu or any(gnu)
    clear = [name for name in gnu if name]
    if not any(map(is_gnu, names)) and spoken and (not names or _CHOICE.search(words)) and len(clear) == 1:
        names = names + clear
    elif not names and not spoken:
        names = [name for name, pattern in _CLEAR if pattern.search(words)]
    licence = join(names, "OR" if _CHOICE.search(words) else "AND")
    return Notice(licence=licence, gnu=spoken and not is_gnu(licence), closed=closed)


def _gnu_names(words: str) -> Iterator[str]:
    """For each mention of a GNU licence its SPDX identifier, empty where the version isn't said."""
    for mention in _GNU.finditer(words):
        said = mention[0]
        kind = _GNU_KINDS.get(mention["kind"] or "", "LGPL" if "lesser" in said or "library" in said or "lgpl" in said else "GPL")
        after = words[mention.end() : mention.end() + 260]
        nearer = _GNU.search(after)
        after = after[: nearer.start()] if nearer else after
        before = _VERSION_BEFORE.search(words[max(0, mention.start() - 90) : mention.start()])
        found = before or _VERSION_AFTER.search(after)
        if found is None:
            yield ""
            continue
        later = bool(before["later"] or _LATER.match(after.strip())) if before else bool(_LATER.search(found["rest"]))
        version = found["version"] if "." in found["version"] else f"{found['version']}.0"
        name = f"{kind}-{version}-{'or-later' if later else 'only'}"
        yield name if is_known(name) else ""
