"""The parallel models of a text and how often it uses each construct, by directives and by the names of interfaces.

What a comment or a string says doesn't count, and the tables err towards missing a model: a false one would teach the wrong thing.

Constructs are named ``omp parallel for``, ``acc kernels loop``, ``MPI_Send`` (in its own case also from Fortran), ``cudaMalloc``,
``cuda kernel``, ``cuda launch``, ``hip launch``, ``opencl kernel``, ``sycl::queue``, ``sycl submit``, ``Kokkos::parallel_for``, ``use mpi_f08``;
clauses ``omp reduction``. A file that speaks HIP and not CUDA has HIP kernels and launches.

Not covered: models behind wrappers of a project's own (``RAJA::``, ``hypre_...``), which show in no name here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hpcraft.data import apis
from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.directives import find_directives

_MODEL_OF = {"omp": "openmp", "acc": "openacc"}
_WORDS = {
    "openmp": ("omp",),
    "openacc": ("acc",),
    "mpi": ("mpi",),
    "cuda": ("cu", "<<<", "__global__", "nccl", "attributes"),
    "hip": ("hip", "rocblas", "rocsparse", "rocsolver", "rocfft", "rocrand", "rccl"),
    "opencl": ("kernel", "cl"),
    "sycl": ("sycl",),
    "kokkos": ("kokkos",),
}
"""Words of which one stands, in lower case, in every text that uses the model."""

_KERNEL = re.compile(r"\b__global__\b")
_LAUNCH = re.compile(r"\w\s*(?:<[^;<>]*>\s*)?<<<(?!<)[^;]{1,400}?>>>\s*\(")
_HIP_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"](?:hip/|hipblas|hipsparse|rocblas)", re.MULTILINE)
_FORTRAN_USE = re.compile(
    r"^[ \t]*use\b[ \t]*(?:,[ \t]*(?:non_)?intrinsic[ \t]*)?(?:::)?[ \t]*(mpi_f08|mpi|omp_lib|openacc|cudafor|hipfort\w*)[ \t]*(?=[,!;\n]|$)",
    re.MULTILINE,
)
_FORTRAN_INCLUDE = re.compile(
    r"^[ \t]*#?[ \t]*include[ \t]*['\"<](mpif(?:-\w+)?\.h|omp_lib\.h|openacc_lib\.h)['\">]", re.MULTILINE | re.IGNORECASE
)
_FORTRAN_KERNEL = re.compile(r"\battributes[ \t]*\([ \t]*(?:global|grid_global)[ \t]*\)")
_FORTRAN_DEVICE = re.compile(r"\battributes[ \t]*\([ \t]*device[ \t]*\)")
_FORTRAN_LAUNCH = re.compile(r"\bcall[ \t]+\w+[ \t]*<<<.*?>>>")
_CUF = re.compile(r"^[ \t]*!\$cuf[ \t]+kernel", re.MULTILINE)
_BROUGHT_IN = {
    **dict.fromkeys(("mpi", "mpi_f08", "mpif.h"), "mpi"),
    **dict.fromkeys(("omp_lib", "omp_lib.h"), "openmp"),
    **dict.fromkeys(("openacc", "openacc_lib.h"), "openacc"),
    "cudafor": "cuda",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a text uses."""

    models: tuple[str, ...] = ()
    """`hpcraft.records.ParallelModel` but ``serial``, sorted."""
    constructs: Counter[str] = field(default_factory=Counter)
    """Occurrences of each construct and function."""
    clauses: Counter[str] = field(default_factory=Counter)
    """Occurrences of each clause, behind its model as in ``omp reduction``."""


def find_constructs(language: str, text: str, code: str | None = None, form: str = "") -> Found:
    """The models, constructs and clauses of a text.

    Args:
        language: a `hpcraft.records.Language`.
        text: as found, or with Fortran converted to free form; comments included.
        code: the text without comments and strings where the caller has it already.
        form: as for `hpcraft.data.directives.find_directives`.
    """
    lower = text.lower()
    likely = [model for model, words in _WORDS.items() if any(word in lower for word in words)]
    if not likely:
        return Found()
    by_model: dict[str, Counter[str]] = {model: Counter() for model in likely}
    clauses: Counter[str] = Counter()
    if "openmp" in by_model or "openacc" in by_model:
        _add_directives(language, text, form, by_model, clauses)
    if language == "fortran":
        code = (blank_fortran(text) if code is None else code).lower()
        for model, name in _fortran_names(code, text, likely):
            by_model.setdefault(model, Counter())[name] += 1
    else:
        code = blank_c(text) if code is None else code
        for model, counts in _c_names(code, text, likely).items():
            by_model.setdefault(model, Counter()).update(counts)
    constructs: Counter[str] = Counter()
    for counts in by_model.values():
        constructs.update(counts)
    del constructs["Kokkos::"]
    return Found(tuple(sorted(model for model, counts in by_model.items() if counts)), constructs, clauses)


def find_models(language: str, code: str) -> tuple[str, ...]:
    """The parallel models of a text alone, sorted; empty means serial."""
    return find_constructs(language, code).models


def _add_directives(language: str, text: str, form: str, by_model: dict[str, Counter[str]], clauses: Counter[str]) -> None:
    for directive in find_directives(language, text, form):
        by_model.setdefault(_MODEL_OF[directive.model], Counter())[f"{directive.model} {directive.construct}".strip()] += 1
        clauses.update(f"{directive.model} {clause.name.lower()}" for clause in directive.clauses if clause.known)


def _c_names(code: str, text: str, likely: list[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for model in likely:
        if model == "sycl":
            found[model] = Counter(apis.sycl(code))
        elif model == "kokkos":
            found[model] = Counter(apis.kokkos(code))
        else:
            found[model] = apis.count_c(model, code)
            found[model].update(apis.libraries(model, code))
    if kernels := apis.opencl_kernels(code, device_file="__global__" not in code and "__local" in code) if "kernel" in code else 0:
        found.setdefault("opencl", Counter())["opencl kernel"] += kernels
    device = Counter({"kernel": len(_KERNEL.findall(code)) if "__global__" in code else 0})
    device["launch"] = len(_LAUNCH.findall(code)) if "<<<" in code else 0
    speaks_hip = bool(found.get("hip")) or ("hip" in likely and bool(_HIP_INCLUDE.search(text)))
    owner = "hip" if speaks_hip and not found.get("cuda") else "cuda"
    for name, count in device.items():
        if count:
            found.setdefault(owner, Counter())[f"{owner} {name}"] += count
    return found


def _fortran_names(code: str, text: str, likely: list[str]) -> Iterator[tuple[str, str]]:
    """Model and name of each occurrence in Fortran code in lower case."""
    for used in _FORTRAN_USE.finditer(code):
        yield "hip" if used[1].startswith("hipfort") else _BROUGHT_IN[used[1]], f"use {used[1]}"
    # The name of an included file is a string, which is empty in the code.
    for included in _FORTRAN_INCLUDE.finditer(text):
        name = included[1].lower()
        yield _BROUGHT_IN.get(name, "mpi"), f"include {name}"
    for model in likely:
        if model in ("mpi", "openmp", "openacc", "cuda", "hip"):
            yield from ((model, name) for name in apis.count_fortran(model, code).elements())
    if "attributes" in code:
        yield from (("cuda", "cuda kernel") for _ in _FORTRAN_KERNEL.finditer(code))
        yield from (("cuda", "cuda device function") for _ in _FORTRAN_DEVICE.finditer(code))
    if "<<<" in code:
        yield from (("cuda", "cuda launch") for _ in _FORTRAN_LAUNCH.finditer(code))
    if "!$cuf" in code:
        yield from (("cuda", "cuf kernel do") for _ in _CUF.finditer(code))
