"""Whether documents compile: each alone, in the sandbox, with the headers of its own package beside it.

A document is compiled to an object, without optimisation and without linking. Beside it lie the headers that it reaches by ``#include``, directly or
through others, at their own paths: a name is looked for beside the file that asks, then as the end of a path in the package, the
nearest first. ``mpi.h``, OpenMP, OpenACC and CUDA come from the machine's toolchains, as does the standard library. CUDA is compiled at the
level ``compile``. Where the answer is plain without a compiler, none is started: a Fortran module of another file, a header.

Not covered: headers that a configuration writes (``config.h``), macros that a build system defines, headers of other packages, Fortran modules
of other files, included files with the suffix of a source, precompiled or computed includes. So a "no" says that a document does not
compile by itself, not that it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from hpcraft import sandbox
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import promise
from hpcraft.records import Document
from hpcraft.sandbox.outcome import COMPILE_LIMITS, Job, Language, Model, Outcome, Verdict
from hpcraft.sandbox.table import SUFFIXES as SOURCES
from hpcraft.tokenizer.fortran_form import looks_fixed

YES = "yes"
MAX_HEADERS, MAX_HEADER_BYTES = 400, 8_000_000
_MAX_REASON_CHARACTERS = 200

_INCLUDE = re.compile(
    rb"""^[ \t]*(?:\#[ \t]*include[ \t]*["<]([^">\n]+)[">]|include[ \t]*['"]([^'"\n]+)['"])""", re.MULTILINE | re.IGNORECASE
)
_ASKS_MPI = re.compile(rb"""^[ \t]*\#?[ \t]*include[ \t]*["'<]mpif?\.h[>'"]""", re.MULTILINE | re.IGNORECASE)
_ERROR = re.compile(r"^[^\n]*\berror: [^\n]*", re.MULTILINE | re.IGNORECASE)
_USE = re.compile(r"^[ \t]*use\b(?:[ \t]*,[ \t]*(?:non_)?intrinsic)?[ \t]*(?:::)?[ \t]*(\w+)", re.MULTILINE | re.IGNORECASE)
_MODULE = re.compile(r"^[ \t]*module[ \t]+(?!procedure\b)(\w+)", re.MULTILINE | re.IGNORECASE)
_SUBMODULE = re.compile(r"^[ \t]*submodule[ \t]*\([ \t]*(\w+)", re.MULTILINE | re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
_GIVEN_MODULES = frozenset(
    ("iso_c_binding", "iso_fortran_env", "ieee_arithmetic", "ieee_exceptions", "ieee_features", "omp_lib", "openacc", "mpi", "mpi_f08")
)
_GIVEN_HEADERS = frozenset(
    (
        *("mpi.h", "mpif.h", "omp.h", "openacc.h", "cuda.h", "cuda_runtime.h", "cuda_runtime_api.h", "math.h", "complex.h", "string.h"),
        *("stdio.h", "stdlib.h", "stddef.h", "stdint.h", "stdarg.h", "stdbool.h", "limits.h", "float.h", "errno.h", "assert.h", "time.h"),
        *("ctype.h", "signal.h", "setjmp.h", "locale.h", "inttypes.h", "unistd.h", "fcntl.h", "memory", "string", "array", "complex"),
    )
)
"""Not to be taken from a package that has a file of that name."""
_SUFFIX = {"c": ".c", "cpp": ".cpp", "cuda": ".cu", "fortran": ".F90"}
_LANGUAGES: dict[str, Language] = {"c": "c", "cpp": "cpp", "cuda": "cpp", "fortran": "fortran"}
_HEADER_SUFFIXES = frozenset((".h", ".hh", ".hpp", ".hxx", ".h++", ".H", ".ipp", ".inl", ".tpp", ".txx", ".tcc", ".cuh"))
_FLAGS = ("-O0", "-g0", "-w")
_LIMITS = replace(COMPILE_LIMITS, wall_seconds=30.0, memory_mb=3072)


class Headers:
    """The files of one package that a source may include, found by the ends of their paths."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = {path: content for path, content in files.items() if _may_be_included(path)}
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(self.files):
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def find(self, name: str, asking: str) -> str | None:
        """The path of the header that ``asking`` means by ``name``; None where the package has none."""
        beside = _joined(asking.rpartition("/")[0], name)
        if beside in self.files:
            return beside
        plain = _joined("", name.lstrip("./")) or ""
        if not plain or plain in _GIVEN_HEADERS:
            return None
        ends = [p for p in self._by_name.get(plain.rpartition("/")[2], ()) if p == plain or p.endswith(f"/{plain}")]
        # Public headers first: a package may have another file of that name for another language.
        return min(ends, key=lambda path: (not f"/{path}".endswith(f"/include/{plain}"), -_shared(path, asking), path), default=None)

    def reached(self, path: str, content: bytes) -> dict[str, str]:
        """The headers that a source reaches: path to the folder that they are included from, empty for beside."""
        found: dict[str, str] = {}
        waiting = [(path, content)]
        size = 0
        while waiting:
            asking, text = waiting.pop(0)
            for match in _INCLUDE.finditer(text):
                name = (match[1] or match[2]).decode("latin-1").strip()
                at = self.find(name, asking)
                if at is None or at == path or at in found:
                    continue
                size += len(self.files[at])
                if len(found) >= MAX_HEADERS or size > MAX_HEADER_BYTES:
                    return found
                beside = b"<" not in match[0] and _joined(asking.rpartition("/")[0], name) == at
                found[at] = "" if beside else at.removesuffix(name.lstrip("./")).rstrip("/") or "."
                waiting.append((at, self.files[at]))
        return found


def compile_documents(documents: Iterable[Document], headers: Mapping[str, Headers], *, workers: int | None = None) -> Iterator[str]:
    """What `Document.compiles` is for each document, in their order.

    Args:
        documents: of any packages.
        headers: by package; one that is missing has none.
        workers: boxes side by side; None is one for each core.

    Raises:
        MachineError: the machine isolates too weakly, or the sandbox doesn't work here.
    """
    pending: list[str | None] = []

    def jobs() -> Iterator[Job]:
        for document in documents:
            job = job_of(document, headers.get(document.package) or Headers({}))
            pending.append(job if isinstance(job, str) else None)
            if isinstance(job, Job):
                yield job

    for outcome in sandbox.run_many(jobs(), workers):
        while pending[0] is not None:
            yield pending.pop(0) or ""
        pending.pop(0)
        yield answer(outcome)
    yield from (known or "" for known in pending)


def job_of(document: Document, headers: Headers) -> Job | str:
    """How a document is compiled, or what there is to say without compiling it."""
    path = PurePosixPath(document.path)
    if path.suffix in _HEADER_SUFFIXES:
        return "no: not tried, it is a header"
    if document.language == "fortran" and (missing := _missing_module(document.text)):
        return f"no: not tried, module {missing} is in another file"
    name = (
        str(path)
        if SOURCES.get(path.suffix) == document.language and document.language != "fortran"
        else str(path.with_suffix(_SUFFIX[document.language]))
    )
    if not _PLAIN_NAME.fullmatch(name) or len(name) > 200:
        return "no: not tried, its path has odd characters"
    reached = headers.reached(document.path, document.text.encode())
    usable = {at: folder for at, folder in reached.items() if _PLAIN_NAME.fullmatch(at) and len(at) <= 200 and at != name}
    files = {name: document.text.encode()} | {at: _as_included(document, at, headers.files[at]) for at in usable}
    folders = dict.fromkeys(folder for folder in usable.values() if folder)
    model = _model(document, [document.text.encode(), *(headers.files[at] for at in usable)])
    flags = (*_FLAGS, *(("-ffree-line-length-none",) if document.language == "fortran" else ()), *(f"-I{folder}" for folder in folders))
    return Job(
        files=files,
        language=_LANGUAGES[document.language],
        model=model,
        links=False,
        flags=flags,
        cuda="compile" if model in ("cuda", "hip") else "auto",
        compile_limits=_LIMITS,
    )


def answer(outcome: Outcome) -> str:
    """An outcome as `Document.compiles` tells it."""
    if outcome.verdict is Verdict.OK:
        return YES
    said = _ERROR.search(outcome.compile.stderr) if outcome.compile else None
    message = " ".join((said[0] if said else outcome.message).split()).removeprefix("./")
    if outcome.verdict is not Verdict.COMPILE_ERROR:
        message = f"not tried, {message or outcome.verdict}"
    return f"no: {message}"[:_MAX_REASON_CHARACTERS]


def _model(document: Document, texts: list[bytes]) -> Model:
    if document.language == "cuda":
        return "cuda"
    if "hip" in document.models and document.language == "cpp" and PurePosixPath(document.path).suffix == ".hip":
        return "hip"
    if "mpi" in document.models or any(_ASKS_MPI.search(text) for text in texts):
        return "mpi+openmp"
    return "openacc" if "openacc" in document.models else "openmp"


def _missing_module(text: str) -> str:
    own = {name.lower() for name in _MODULE.findall(text)} | _GIVEN_MODULES
    used = (name.lower() for name in (*_USE.findall(text), *_SUBMODULE.findall(text)))
    return next((name for name in used if name not in own), "")


def _as_included(document: Document, path: str, content: bytes) -> bytes:
    """A header as it lies beside; one in fixed form is converted as its document was."""
    if document.language != "fortran" or promise(path) == "header":
        return content
    text = content.decode("latin-1")
    return to_free(text).encode() if looks_fixed(text) else content


def _may_be_included(path: str) -> bool:
    """Headers and the like; a file with the suffix of a source would be built beside the document."""
    return PurePosixPath(path).suffix not in SOURCES


def _joined(folder: str, name: str) -> str | None:
    """A name in a folder, ``..`` resolved; None where it climbs out."""
    parts: list[str] = folder.split("/") if folder else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common at their start."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
