"""One mined file, as a clean document with its units, or rejected with a reason: the work of one worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hpcraft.data import filters
from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.evidence import Evidence, of_file
from hpcraft.data.filters import Limits
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import form_of, language_of
from hpcraft.data.licences import Policy, allows
from hpcraft.data.parallel_models import find_models
from hpcraft.data.units import cut_units
from hpcraft.records import CodeUnit, Document, SourceFile
from hpcraft.store import sha256_bytes

_EXCERPT_CHARACTERS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A file that isn't kept, and why."""

    SCHEMA: ClassVar[str] = "hpcraft.rejected/1"

    package: str
    version: str
    path: str
    sha256: str
    reason: str
    licence: str
    """SPDX expression where one was found, as with ``licence-policy``."""
    excerpt: str
    """The first 2000 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A file and what its package says of it."""

    file: SourceFile
    package: Evidence
    split: str
    policy: Policy
    limits: Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Clean:
    """A document and what was cut out of it."""

    document: Document
    units: list[CodeUnit]
    latin1: bool
    """Whether the bytes weren't UTF-8 and were read as Latin-1."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    latin1: bool


def clean(task: Task) -> Clean | Rejected:
    """Clean one file."""
    file = task.file
    reason = filters.check_path(file.path) or filters.check_bytes(file.content, task.limits)
    if reason:
        return rejected(file, reason)
    decoded = decode(file.content)
    text = decoded.text
    evidence = of_file(text, task.package)
    if not evidence.licence:
        return rejected(file, evidence.origin)
    if not allows(task.policy, evidence.licence):
        return rejected(file, "licence-policy", evidence.licence)
    if reason := filters.check_text(text, task.limits):
        return rejected(file, reason, evidence.licence)
    form = form_of(file.path, text)
    if form == "fixed":
        text = to_free(text)
    code = blank_fortran(text) if form else blank_c(text)
    language = language_of(file.path, code, form)
    if language is None:
        return rejected(file, "language", evidence.licence)
    if filters.is_too_small(code, task.limits):
        return rejected(file, "too-small", evidence.licence)
    document = Document(
        document_id=sha256_bytes(text.encode()),
        source=file.source,
        package=file.package,
        version=file.version,
        path=file.path,
        sha256=file.sha256,
        language=language,
        form=form,
        models=find_models(language, code),
        licence=evidence.licence,
        licence_evidence=evidence.origin,
        split=task.split,
        text=text,
    )
    return Clean(document=document, units=cut_units(document), latin1=decoded.latin1)


def decode(content: bytes) -> _Decoded:
    r"""Bytes as normalised text: UTF-8 or else Latin-1, no BOM, ``\\n`` line ends, no trailing blanks, one line break at the end."""
    latin1 = False
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, latin1 = content.decode("latin-1"), True
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _Decoded("\n".join(line.rstrip(" \t") for line in text.split("\n")).rstrip("\n") + "\n", latin1)


def rejected(file: SourceFile, reason: str, licence: str = "") -> Rejected:
    """A rejection of a file."""
    excerpt = file.content[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", errors="replace")[:_EXCERPT_CHARACTERS]
    return Rejected(
        package=file.package,
        version=file.version,
        path=file.path,
        sha256=file.sha256,
        reason=reason,
        licence=licence,
        excerpt=excerpt,
    )
