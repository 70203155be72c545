"""The records of code that cross a boundary between rooms or lie on disk, one frozen dataclass each.

What models answer and how it is judged is in `hpcraft.samples`, what verifiers are asked and find in `hpcraft.verification`. Every record names its schema and version in ``SCHEMA``; the store writes that name beside the rows
and refuses rows of another one. Standard library only: every room imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Language = Literal["c", "cpp", "cuda", "fortran"]
"""The language of a file; CUDA is a language here because it needs its own grammar."""

ParallelModel = Literal["serial", "openmp", "mpi", "cuda", "hip", "openacc", "opencl", "sycl", "kokkos"]

Split = Literal["train", "valid", "test"]

PairOrigin = Literal["made", "mined", "directives", "serialised", "transcribed", "composed", "mutual"]
"""Where a pair comes from: our generator, real serial loops, real OpenMP code, real CUDA kernels, real loops of Fortran, graphs of operators that a
compiler wrote, or a round of mutual supervision."""

REAL_ORIGINS: tuple[PairOrigin, ...] = ("mined", "directives", "serialised")
"""Those of which a side in C or CUDA, or both, is code that people wrote; loops of Fortran are said in C by rule."""

Level = Literal["compile", "emulate", "device", "run"]
"""How far a result was proved: CUDA has the first three, everything else is ``run``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file as it was mined: the bytes, and where they come from."""

    SCHEMA: ClassVar[str] = "hpcraft.source_file/2"

    source: str
    """The source as the recipe names it, such as ``debian:hypre``."""
    package: str
    version: str
    """Upstream version, or the commit of a git source, or a hash of the tree for ``path:``."""
    path: str
    """Relative to the root of the package, with forward slashes."""
    sha256: str
    content: bytes
    year: int = 0
    """When the file was last changed as far as its source says; 0 where it doesn't."""
    declared: str = ""
    """The licence that the source itself gives for this file, in its own words; empty where it gives none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One clean file of the corpus, with its licence and provenance."""

    SCHEMA: ClassVar[str] = "hpcraft.document/2"

    document_id: str
    """SHA-256 of ``text``, which is also what exact duplicates share."""
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined, before decoding and conversion."""
    year: int = 0
    """When the file was last changed, 0 where unknown."""
    language: str
    form: str
    """``free`` or ``fixed`` for Fortran as it was found, empty for other languages."""
    models: tuple[str, ...]
    """Parallel models found in the text, sorted; empty means serial."""
    constructs: tuple[str, ...] = ()
    """Directives and API calls found, sorted, each once, such as ``omp parallel for`` or ``MPI_Send``."""
    construct_counts: tuple[int, ...] = ()
    """How often each of ``constructs`` stands there."""
    clauses: tuple[str, ...] = ()
    """Clauses of the directives likewise, such as ``omp reduction``."""
    clause_counts: tuple[int, ...] = ()
    error_share: float = 0.0
    """Share of the bytes that the grammar could not read, from 0 to 1."""
    licence: str
    """SPDX expression."""
    licence_evidence: str
    """What the licence rests on, such as ``spdx-header`` or ``dep5:debian/copyright``."""
    cluster: str = ""
    """``document_id`` of the document that stands for all near duplicates of this one; its own when there are none."""
    cluster_files: int = 1
    """How many mined files, exact copies too, belong to the cluster."""
    compiles: str = ""
    """``yes``, or ``no: first error``, or ``no: why it was not tried``; empty where the question was not asked."""
    split: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeUnit:
    """A part cut out of a document that means something by itself."""

    SCHEMA: ClassVar[str] = "hpcraft.code_unit/2"

    unit_id: str
    kind: str
    """``function``, ``loop``, ``program`` (a whole MPI program) or ``kernel`` (a CUDA kernel with its launch sites)."""
    document_id: str
    name: str
    """The function itself, or the one that holds the loop; the file's name for a program."""
    language: str
    models: tuple[str, ...]
    signature: str = ""
    """Of a function or kernel: its head as one line, without the body."""
    comment: str = ""
    """The comment directly in front of a function or kernel, without comment signs."""
    directive: str
    """The OpenMP or OpenACC directive in front of a loop as one line, with all clauses and in its own case, else empty."""
    launches: tuple[str, ...] = ()
    """Of a kernel: the statements of its document that launch it, as they stand there."""
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined."""
    licence: str
    licence_evidence: str
    cluster: str = ""
    """Of the document."""
    split: str
    start_line: int
    """1-based line in the document's text."""
    tree_sha256: str = ""
    """Hash of the normalised syntax tree: equal for units that differ in names, literals, comments and layout alone."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """A mined file that isn't in the corpus because another document stands for it."""

    SCHEMA: ClassVar[str] = "hpcraft.duplicate/2"

    kind: str
    """``exact`` (the same clean text), ``near`` (of one cluster) or ``leak`` (like a document of another split)."""
    document_id: str
    """Of its own clean text."""
    kept_id: str
    """Of the document that stands for it, or that it is like."""
    similarity: float
    """Jaccard similarity of the two, 1 for an exact copy."""
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined."""
    licence: str
    licence_evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkText:
    """A text of a benchmark that must not stand in training data."""

    SCHEMA: ClassVar[str] = "hpcraft.benchmark_text/1"

    suite: str
    task_id: str
    kind: str
    """``prompt``, ``reference`` (a solution), ``source`` (what is to be translated) or ``test`` (inputs, outputs, an oracle)."""
    language: str
    """A `Language`, or another word where the text is in none of them."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contamination:
    """A document or a unit that isn't in the corpus because it holds a text of a benchmark."""

    SCHEMA: ClassVar[str] = "hpcraft.contamination/2"

    document_id: str
    unit_id: str
    """Of the unit that was left out alone; empty where the whole document was."""
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined."""
    licence: str
    licence_evidence: str
    suite: str
    task_id: str
    kind: str
    """Of the benchmark's text."""
    how: str
    """``ngram`` (runs of equal tokens) or ``tree`` (a function of the same normalised syntax tree)."""
    share: float
    """Share of the benchmark text's n-grams that were found, 1 for ``tree``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A sequential function in C and a parallel one, or one in Fortran, that does the same work, with the tests that show it."""

    SCHEMA: ClassVar[str] = "hpcraft.pair/2"

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
    """Code with the same entry point: for CUDA a host function that owns its launches, for C++ one of C linkage, for Fortran a ``bind(c)`` procedure, for MPI a function
    that every rank calls with copies of its own, and that leaves the results on rank 0."""
    target_model: str
    """``openmp``, ``cuda``, ``cpp`` and ``fortran`` (sequential), ``fortran+openmp`` or ``mpi`` (in C); a key of `hpcraft.data.target_models.TARGET_MODELS`."""
    level: str
    """A `Level`: ``run`` or ``emulate`` when both sides ran and agreed, ``compile`` when the target was only built."""
    tests: tuple[str, ...]
    """Test cases in the notation of `hpcraft.sandbox.abi`, each valid on the source."""
    outputs: tuple[str, ...] = ()
    """What the source left behind on each test, as `hpcraft.data.recorded` writes it."""
    seed: int = 0
    """Of the contents of the tests' arrays, as `hpcraft.data.recorded` draws them."""
    coverage: float = 0.0
    """Share of the source's executable lines that valid tests run; 0 where it wasn't looked at."""
    mutants_killed: int
    """Of faulty versions of the source, those that valid tests tell from it."""
    mutants_total: int
    target_mutants_killed: int = 0
    target_mutants_total: int = 0
    package: str
    version: str
    path: str
    sha256: str = ""
    """Of the file as mined; empty for made code."""
    licence: str
    licence_evidence: str = ""
    """What the licence rests on, as in `Document`."""
    tree_sha256: str = ""
    """Hash of the source's normalised syntax tree, which no two sources of a folder share."""
    split: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function cut out of real code, with valid tests and no translation: food for mutual supervision."""

    SCHEMA: ClassVar[str] = "hpcraft.function/3"

    function_id: str
    signature: str
    """C prototype of the entry point."""
    source: str
    model: str = "serial"
    """What ``source`` is written in: ``serial`` for sequential C, ``openmp``, or ``cuda`` with the host function that owns its launches."""
    tests: tuple[str, ...]
    """Test cases in the notation of `hpcraft.sandbox.abi`, each valid on the source."""
    outputs: tuple[str, ...] = ()
    """What the source left behind on each test, as `hpcraft.data.recorded` writes it."""
    seed: int = 0
    """Of the contents of the tests' arrays, as `hpcraft.data.recorded` draws them."""
    coverage: float = 0.0
    """Share of the source's executable lines that valid tests run; 0 for CUDA, where it isn't looked at."""
    package: str
    version: str
    path: str
    sha256: str = ""
    """Of the file as mined."""
    licence: str
    licence_evidence: str = ""
    """What the licence rests on, as in `Document`."""
    tree_sha256: str = ""
    """Hash of the source's normalised syntax tree."""
    split: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HoleTask:
    """A real program with a part taken out, and what it prints when the part is right."""

    SCHEMA: ClassVar[str] = "hpcraft.hole_task/1"

    hole_id: str
    boundary: str
    """``expression``, ``statement``, ``loop`` or ``function`` (its body)."""
    language: str
    model: str
    """One of the sandbox's models."""
    prefix: str
    middle: str
    """What was taken out."""
    suffix: str
    empty: str
    """A filling that does nothing."""
    runs: tuple[str, ...]
    """How a whole program is run, one JSON object each: ``args``, ``stdin``, ``ranks``, ``threads``. None of a function that is called."""
    expected: tuple[str, ...]
    """What each run prints."""
    signature: str
    """C prototype of a function that is called from outside; empty for a whole program."""
    tests: tuple[str, ...]
    """How it is called, in the notation of `hpcraft.sandbox.abi`."""
    mutants_killed: int
    mutants_total: int
    source: str
    package: str
    version: str
    path: str
    sha256: str
    """Of the file as mined."""
    licence: str
    licence_evidence: str
    split: str
    """Of the corpus that the program is from; empty for one without splits."""
    start_line: int
    """1-based line of the hole in the program's text."""
