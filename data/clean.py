"""One mined file, as a clean document with its units and features, or rejected with a reason: the work of one worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hpcraft.data import filters
from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.contamination import REASON, check
from hpcraft.data.decontaminate import load_index
from hpcraft.data.encoding import Decoded, decode
from hpcraft.data.evidence import Evidence, of_file
from hpcraft.data.filters import Limits
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import form_of, language_of
from hpcraft.data.licences import Policy, allows
from hpcraft.data.parallel_models import find_constructs
from hpcraft.data.redact import redact
from hpcraft.data.shingles import Traits, traits
from hpcraft.data.syntax import parse
from hpcraft.data.units import cut_units, left_out
from hpcraft.records import CodeUnit, Contamination, Document, SourceFile
from hpcraft.store import sha256_bytes

_EXCERPT_CHARACTERS = 2000
_EXCERPT_BYTES = 4 * _EXCERPT_CHARACTERS
"""What is looked at for it: UTF-32 has four bytes a character, and a key that begins in the excerpt ends within."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A file that isn't kept, and why."""

    SCHEMA: ClassVar[str] = "hpcraft.rejected/2"

    source: str
    package: str
    version: str
    path: str
    sha256: str
    reason: str
    licence: str
    """SPDX expression where one was found, as with ``licence-policy``."""
    licence_evidence: str
    """What it rests on, empty where there is none."""
    excerpt: str
    """The first 2000 characters without secrets and addresses; broken characters as U+FFFD."""


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
    traits: Traits
    contamination: list[Contamination]
    """What was left out of ``units``."""
    encoding: str
    """In which the file was written."""
    redactions: dict[str, int]
    """Kind of secret or address to how many were replaced."""
    no_program: str
    """Why the document isn't a unit of its own though it looks like one; empty for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contaminated:
    """A document that holds a benchmark, and isn't kept."""

    rejected: Rejected
    rows: list[Contamination]


Found = Clean | Contaminated | Rejected


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A text in its language, without and with comments."""

    text: str
    code: str
    language: str
    form: str


def clean(task: Task) -> Found:
    """Clean one file."""
    file, settings = task.file, task.settings
    reason = task.reason or filters.check_path(file.path) or filters.check_bytes(file.content, settings.limits)
    if reason:
        return rejected(file, reason)
    decoded = decode(file.content)
    if decoded.reason:
        return rejected(file, decoded.reason)
    evidence = of_file(decoded.text, task.package)
    if not evidence.licence:
        return rejected(file, evidence.origin)
    if not allows(settings.policy, evidence.licence, settings.listed):
        return rejected(file, "licence-policy", evidence)
    if reason := filters.check_text(decoded.text, settings.limits, file.path):
        return rejected(file, reason, evidence)
    return _read(task, decoded, evidence)


def _read(task: Task, decoded: Decoded, evidence: Evidence) -> Found:
    """A file whose text and licence are in order."""
    file = task.file
    redacted = redact(decoded.text)
    text = redacted.text
    form = form_of(file.path, text)
    if form == "fixed":
        text = to_free(text)
    code = blank_fortran(text) if form else blank_c(text)
    language = language_of(file.path, code, form)
    if language is None:
        return rejected(file, "language", evidence)
    if filters.is_too_small(code, task.settings.limits):
        return rejected(file, "too-small", evidence)
    root = parse(language, text)
    share = filters.error_share(root, len(text.encode()))
    if reason := filters.check_errors(share, task.settings.limits):
        return rejected(file, reason, evidence)
    document = _document(task, evidence, _Read(text=text, code=code, language=language, form=form), share)
    units, rows = cut_units(document, root), []
    if task.settings.benchmarks:
        checked = check(load_index(task.settings.benchmarks), document, units)
        if checked.whole:
            return Contaminated(rejected=rejected(file, REASON, evidence), rows=checked.rows)
        units, rows = checked.units, checked.rows
    return Clean(
        document=document,
        units=units,
        traits=traits(language, code),
        contamination=rows,
        encoding=decoded.encoding,
        redactions=redacted.counts,
        no_program=left_out(document, root),
    )


def _document(task: Task, evidence: Evidence, read: _Read, error_share: float) -> Document:
    """The document of a file that is kept."""
    file = task.file
    found = find_constructs(read.language, read.text, read.code, "free" if read.form else "")
    constructs, clauses = sorted(found.constructs.items()), sorted(found.clauses.items())
    return Document(
        document_id=sha256_bytes(read.text.encode()),
        source=file.source,
        package=file.package,
        version=file.version,
        path=file.path,
        sha256=file.sha256,
        year=file.year,
        language=read.language,
        form=read.form,
        models=found.models,
        constructs=tuple(name for name, _ in constructs),
        construct_counts=tuple(number for _, number in constructs),
        clauses=tuple(name for name, _ in clauses),
        clause_counts=tuple(number for _, number in clauses),
        error_share=round(error_share, 6),
        licence=evidence.licence,
        licence_evidence=evidence.origin,
        split=task.split,
        text=read.text,
    )


def rejected(file: SourceFile, reason: str, evidence: Evidence | None = None) -> Rejected:
    """A rejection of a file, with its licence where that is known."""
    return Rejected(
        source=file.source,
        package=file.package,
        version=file.version,
        path=file.path,
        sha256=file.sha256,
        reason=reason,
        licence=evidence.licence if evidence else "",
        licence_evidence=evidence.origin if evidence else "",
        excerpt=_excerpt(file.content),
    )


def _excerpt(content: bytes) -> str:
    """The beginning of a file, redacted as what is kept is: rejected rows are published too."""
    head = content[:_EXCERPT_BYTES]
    decoded = decode(head)
    # What is no text is shown without NULs, which would hide an address from the rules.
    text = head.decode("utf-8", errors="replace").replace("\0", "") if decoded.reason or _is_cut_utf8(content) else decoded.text
    return redact(text).text[:_EXCERPT_CHARACTERS]


def _is_cut_utf8(content: bytes) -> bool:
    """Whether the beginning is UTF-8 but for a character that the cut divides."""
    try:
        content[:_EXCERPT_BYTES].decode("utf-8")
    except UnicodeDecodeError as error:
        return len(content) > _EXCERPT_BYTES and error.start > _EXCERPT_BYTES - 4
    return False
