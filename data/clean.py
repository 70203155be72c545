"""One mined file, as a clean document with its units and features, or rejected with a reason: the work of one worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hpcraft.data import filters
from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.contamination import REASON, check
from hpcraft.data.decontaminate import load_index
from hpcraft.data.directives import find_models
from hpcraft.data.evidence import Evidence, of_file
from hpcraft.data.filters import Limits
from hpcraft.data.fortran_form import looks_fixed, to_free
from hpcraft.data.languages import language_of, promise
from hpcraft.data.licences import Policy, allows
from hpcraft.data.shingles import Features, features
from hpcraft.data.syntax import parse
from hpcraft.data.units import cut_units
from hpcraft.records import CodeUnit, Contamination, Document, SourceFile
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
class Settings:
    """What holds for all files."""

    policy: Policy
    listed: tuple[str, ...]
    """The licences of the policy ``list``."""
    limits: Limits
    benchmarks: str = ""
    """Path of the index of `hpcraft.data.contamination`; empty for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A file and what is known of it before it is read."""

    file: SourceFile
    package: Evidence
    """What its package says of its licence."""
    split: str
    reason: str = ""
    """Why it is rejected already, as by its place in the package; empty when it isn't."""
    settings: Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Clean:
    """A document and what was made of it."""

    document: Document
    units: list[CodeUnit]
    features: Features
    contamination: list[Contamination]
    """What was left out of ``units``."""
    latin1: bool
    """Whether the bytes weren't UTF-8 and were read as Latin-1."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    latin1: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Contaminated:
    """A document that holds a benchmark, and isn't kept."""

    rejected: Rejected
    rows: list[Contamination]


Found = Clean | Contaminated | Rejected


def clean(task: Task) -> Found:
    """Clean one file."""
    file, settings = task.file, task.settings
    reason = task.reason or filters.check_path(file.path) or filters.check_bytes(file.content, settings.limits)
    if reason:
        return rejected(file, reason)
    decoded = decode(file.content)
    evidence = of_file(decoded.text, task.package)
    if not evidence.licence:
        return rejected(file, evidence.origin)
    if not allows(settings.policy, evidence.licence, settings.listed):
        return rejected(file, "licence-policy", evidence.licence)
    if reason := filters.check_text(decoded.text, settings.limits):
        return rejected(file, reason, evidence.licence)
    return _document(task, decoded, evidence)


def _document(task: Task, decoded: _Decoded, evidence: Evidence) -> Found:
    """A file whose text and licence are in order."""
    file, text = task.file, decoded.text
    fixed = promise(file.path) == "fixed" and looks_fixed(text)
    if fixed:
        text = to_free(text)
    code = blank_fortran(text) if promise(file.path) in ("fixed", "free") else blank_c(text)
    language = language_of(file.path, code)
    if language is None:
        return rejected(file, "language", evidence.licence)
    if filters.is_too_small(code, task.settings.limits):
        return rejected(file, "too-small", evidence.licence)
    root = parse(language, text)
    document = Document(
        document_id=sha256_bytes(text.encode()),
        source=file.source,
        package=file.package,
        version=file.version,
        path=file.path,
        sha256=file.sha256,
        year=file.year,
        language=language,
        form=("fixed" if fixed else "free") if language == "fortran" else "",
        models=find_models(language, code),
        licence=evidence.licence,
        licence_evidence=evidence.origin,
        split=task.split,
        text=text,
    )
    units, rows = cut_units(document, root), []
    if task.settings.benchmarks:
        checked = check(load_index(task.settings.benchmarks), document, units)
        if checked.whole:
            return Contaminated(rejected=rejected(file, REASON, evidence.licence), rows=checked.rows)
        units, rows = checked.units, checked.rows
    return Clean(document=document, units=units, features=features(language, code), contamination=rows, latin1=decoded.latin1)


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
