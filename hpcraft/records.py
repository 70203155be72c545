"""The records that cross a boundary between rooms or lie on disk, one frozen dataclass each.

Every record names its schema and version in ``SCHEMA``; the store writes that name beside the rows
and refuses rows of another one. Standard library only: every room imports this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

Language = Literal["c", "cpp", "cuda", "fortran"]
"""The language of a file; CUDA is a language here because it needs its own grammar."""

ParallelModel = Literal["serial", "openmp", "mpi", "cuda", "hip", "openacc", "opencl", "sycl", "kokkos"]

Split = Literal["train", "valid", "test"]

PairOrigin = Literal["made", "mined", "mutual"]
"""Where a pair comes from: our generator, real code, or a round of mutual supervision."""

Level = Literal["compile", "emulate", "device", "run"]
"""How far a result was proved: CUDA has the first three, everything else is ``run``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file as it was mined: the bytes, and where they come from."""

    SCHEMA: ClassVar[str] = "hpcraft.source_file/1"

    source: str
    """The source as the recipe names it, such as ``debian:hypre``."""
    package: str
    version: str
    """Upstream version, or the commit of a git source, or a hash of the tree for ``path:``."""
    path: str
    """Relative to the root of the package, with forward slashes."""
    sha256: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One clean file of the corpus, with its licence and provenance."""

    SCHEMA: ClassVar[str] = "hpcraft.document/1"

    document_id: str
    """SHA-256 of ``text``, which is also what exact duplicates share."""
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined, before decoding and conversion."""
    language: str
    form: str
    """``free`` or ``fixed`` for Fortran as it was found, empty for other languages."""
    models: tuple[str, ...]
    """Parallel models found in the text, sorted; empty means serial."""
    licence: str
    """SPDX expression."""
    licence_evidence: str
    """What the licence rests on, such as ``spdx-header`` or ``dep5:debian/copyright``."""
    split: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeUnit:
    """A function or a directive-annotated loop cut out of a document."""

    SCHEMA: ClassVar[str] = "hpcraft.code_unit/1"

    unit_id: str
    kind: str
    """``function`` or ``loop``."""
    document_id: str
    name: str
    """The function itself, or the one that holds the loop."""
    language: str
    models: tuple[str, ...]
    directive: str
    """The OpenMP or OpenACC directive in front of a loop as one line, else empty."""
    package: str
    version: str
    path: str
    licence: str
    split: str
    start_line: int
    """1-based line in the document's text."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A sequential function and a parallel one that does the same work, with the tests that show it."""

    SCHEMA: ClassVar[str] = "hpcraft.pair/1"

    pair_id: str
    origin: str
    """A `PairOrigin`."""
    family: str
    """What the split goes by: the template of a made pair, the package of a mined one."""
    signature: str
    """C prototype of the entry point, shared by both sides."""
    source: str
    """Sequential C, one function (and what it needs), entry point as in ``signature``."""
    target: str
    """Parallel code with the same entry point; for CUDA a host function that owns its launches."""
    target_model: str
    """``openmp`` or ``cuda``."""
    level: str
    """A `Level`: ``run`` when both sides ran and agreed, ``compile`` when the target was only built."""
    tests: tuple[str, ...]
    """Test cases in the notation of `hpcraft.sandbox.abi`, each valid on the source."""
    mutants_killed: int
    mutants_total: int
    package: str
    version: str
    path: str
    licence: str
    split: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A sequential function cut out of real code, with valid tests and no translation: food for mutual supervision."""

    SCHEMA: ClassVar[str] = "hpcraft.function/1"

    function_id: str
    signature: str
    """C prototype of the entry point."""
    source: str
    tests: tuple[str, ...]
    """Test cases in the notation of `hpcraft.sandbox.abi`, each valid on the source."""
    package: str
    version: str
    path: str
    licence: str
    split: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """What a model answered to one task."""

    SCHEMA: ClassVar[str] = "hpcraft.completion/1"

    task_id: str
    sample_id: int
    completion: str
    model: str
    prompt_sha256: str
    sampling: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The judgement of one completion: one line of ``samples.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.sample/1"

    task_id: str
    sample_id: int
    model: str
    passed: bool
    level: str
    """A `Level`; levels are never mixed in one figure."""
    checks: Mapping[str, str]
    """Check name (``build``, ``correct``, ``parallel``, ``race-free``) to ``pass``, ``fail: why`` or ``skip: why``."""
    verdict: str
    """The sandbox's verdict of the step that decided."""
    seconds: float
    """Wall time of judging."""
    log: str
    """The compiler's and the program's words, capped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A translation to be checked against its source by running both."""

    candidate_id: str
    signature: str
    source: str
    target: str
    target_model: str
    tests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the verifier found about one candidate."""

    candidate_id: str
    accepted: bool
    reason: str
    """Empty when accepted, else a short stable key such as ``target:compile_error`` or ``differs``."""
    level: str
    valid_tests: tuple[str, ...]
    """The tests that the source itself passes cleanly; the others were dropped."""
    killing_tests: tuple[str, ...]
    """Those of ``valid_tests`` that kill at least one mutant of the source."""
    mutants_killed: int
    mutants_total: int
    log: str


class Verifier(Protocol):
    """Checks candidates by execution; findings come back in the order of the candidates.

    Mutual supervision takes it as an argument, so that ``train`` needs no sandbox of its own.
    """

    def __call__(self, candidates: Iterable[Candidate]) -> Iterator[Finding]:
        """Verify every candidate; an infrastructure failure raises `hpcraft.errors.MachineError`."""
        ...
