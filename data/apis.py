"""The names of parallel programming interfaces, and where a text calls them.

The lists in ``tokenizer/platforms/`` hold the functions of each interface in their own case, blanks between them: MPI 4 with what it
removed, the CUDA runtime and driver (to 13, with what was removed), the HIP runtime, OpenCL 3 with extensions, and the run-time
routines of OpenMP 6 and OpenACC 3.3. Maths libraries of CUDA and HIP are told by their prefix. A name counts where a bracket
follows it (in Fortran also behind ``call`` without one), so that declarations count as well as calls; a user's own function with
a like name doesn't.

Not covered: functions called through pointers or macros; member functions of SYCL and Kokkos objects but the launching ones.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator

from hpcraft.tokenizer import vocabulary

_CALLS: dict[str, tuple[tuple[str, str], ...]] = {
    "mpi": (("MPI_", r"MPI_(\w+)\s*\("),),
    "cuda": (("cuda", r"cuda(\w+)\s*(?:\(|<(?!<))"), ("cu", r"\bcu([A-Z]\w+)\s*\(")),
    "hip": (("hip", r"hip(\w+)\s*(?:\(|<(?!<))"),),
    "opencl": (("cl", r"\bcl([A-Z][a-z]\w+)\s*\("),),
    "openmp": (("omp_", r"omp_(\w+)\s*\("),),
    "openacc": (("acc_", r"acc_(\w+)\s*\("),),
}
"""Per model the prefixes of its functions, and a pattern of a call with the rest of the name as its group."""

_CUDA_LIBRARIES = re.compile(
    r"\bcu(?:blas|sparse|solver|fft|rand|dnn|tensor|dss)(?:Lt|Xt|Mg|Sp|Dn|Rf)?[A-Z]\w*(?=\s*\()|\bnccl[A-Z]\w*(?=\s*\()"
)
_HIP_LIBRARIES = re.compile(r"\b(?:hip|roc)(?:blas|sparse|solver|fft|rand)(?:_\w+|[A-Z]\w*)(?=\s*\()|\brccl[A-Z]\w*(?=\s*\()")
_SYCL = re.compile(r"\bsycl::(\w+)")
_SYCL_MEMBER = re.compile(r"(?:\.|->)(parallel_for|single_task|parallel_for_work_group|submit)(?=\s*[(<])")
_KOKKOS = re.compile(r"\bKokkos::(\w+)")
_KOKKOS_MACRO = re.compile(r"\bKOKKOS_(?:LAMBDA|CLASS_LAMBDA|FUNCTION|INLINE_FUNCTION|FORCEINLINE_FUNCTION)\b")
_KERNEL = re.compile(r"\b(?:__kernel|kernel)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?void\b")

KOKKOS_NAMES = frozenset(
    [
        "initialize",
        "finalize",
        "ScopeGuard",
        "InitArguments",
        "InitializationSettings",
        "fence",
        "View",
        "DualView",
        "OffsetView",
        "ScatterView",
        "DynRankView",
        "UnorderedMap",
        "Bitset",
        "StaticCrsGraph",
        "Random_XorShift64_Pool",
        "Random_XorShift1024_Pool",
        "create_mirror",
        "create_mirror_view",
        "create_mirror_view_and_copy",
        "deep_copy",
        "resize",
        "realloc",
        "subview",
        "kokkos_malloc",
        "kokkos_free",
        "kokkos_realloc",
        "parallel_for",
        "parallel_reduce",
        "parallel_scan",
        "RangePolicy",
        "MDRangePolicy",
        "TeamPolicy",
        "TeamThreadRange",
        "TeamVectorRange",
        "ThreadVectorRange",
        "TeamThreadMDRange",
        "PerTeam",
        "PerThread",
        "single",
        "Sum",
        "Prod",
        "Min",
        "Max",
        "MinMax",
        "MinLoc",
        "MaxLoc",
        "MinMaxLoc",
        "LAnd",
        "LOr",
        "BAnd",
        "BOr",
        "atomic_add",
        "atomic_sub",
        "atomic_fetch_add",
        "atomic_fetch_sub",
        "atomic_exchange",
        "atomic_compare_exchange",
        "atomic_increment",
        "atomic_decrement",
        "atomic_inc",
        "atomic_dec",
        "atomic_load",
        "atomic_store",
        "atomic_min",
        "atomic_max",
        "atomic_fetch_min",
        "atomic_fetch_max",
        "atomic_assign",
        "memory_fence",
        "load_fence",
        "store_fence",
        "sort",
        "Timer",
        "Array",
        "complex",
        "Serial",
        "OpenMP",
        "Threads",
        "Cuda",
        "HIP",
        "SYCL",
        "OpenMPTarget",
        "HPX",
        "DefaultExecutionSpace",
        "DefaultHostExecutionSpace",
        "HostSpace",
        "CudaSpace",
        "CudaUVMSpace",
        "CudaHostPinnedSpace",
        "HIPSpace",
        "SharedSpace",
        "SharedHostPinnedSpace",
        "LayoutLeft",
        "LayoutRight",
        "LayoutStride",
        "MemoryTraits",
        "MemoryUnmanaged",
        "Unmanaged",
        "Atomic",
        "RandomAccess",
        "Schedule",
        "Dynamic",
        "Static",
        "IndexType",
        "WorkTag",
        "LaunchBounds",
        "AUTO",
        "ALL",
        "TaskScheduler",
        "task_spawn",
        "host_spawn",
        "Future",
        "when_all",
        "graph",
        "partition_space",
        "Iterate",
        "Rank",
        "reduction_identity",
        "pair",
        "make_pair",
    ]
)
"""Names right behind ``Kokkos::`` that count as constructs; any other only makes the model."""


def names(model: str) -> frozenset[str]:
    """The functions of an interface, in their own case."""
    return vocabulary.names(model)


@functools.cache
def by_lower_case(model: str) -> dict[str, str]:
    """Names in lower case, which is all that Fortran has, to names in their own case."""
    return {name.lower(): name for name in names(model)}


def count_c(model: str, code: str) -> Counter[str]:
    """How often C or C++ code names each function of an interface.

    Args:
        model: one of the models with a list of names.
        code: text without comments and strings.
    """
    known, found = names(model), Counter[str]()
    for prefix, pattern in _CALLS[model]:
        if prefix not in code:
            continue
        for call in _compiled(pattern).finditer(code):
            name = prefix + call[1]
            before = code[call.start() - 1 : call.start()]
            # PMPI_ is MPI's own second name of everything; any other letter in front makes another name.
            if name in known and (not _in_name(before) or (model == "mpi" and _profiling(code, call.start()))):
                found[name] += 1
    return found


def count_fortran(model: str, lower: str) -> Counter[str]:
    """Likewise for Fortran code in lower case, where ``call`` needs no brackets; names come back in their own case."""
    known, found = by_lower_case(model), Counter[str]()
    prefix = {"mpi": "mpi_", "openmp": "omp_", "openacc": "acc_", "cuda": "cuda", "hip": "hip"}[model]
    if prefix not in lower:
        return found
    pattern = rf"\bcall[ \t]+(p?{prefix}\w+)|\b(p?{prefix}\w+)[ \t]*\("
    for call in _compiled(pattern).finditer(lower):
        name = (call[1] or call[2]).removeprefix("p")
        if name in known:
            found[known[name]] += 1
    return found


def libraries(model: str, code: str) -> Iterator[str]:
    """Calls of the maths libraries that belong to CUDA or HIP."""
    if model == "cuda" and ("cu" in code or "nccl" in code):
        yield from (found[0] for found in _CUDA_LIBRARIES.finditer(code))
    if model == "hip" and any(word in code for word in ("blas", "sparse", "solver", "fft", "rand", "rccl")):
        yield from (found[0] for found in _HIP_LIBRARIES.finditer(code))


def sycl(code: str) -> Iterator[str]:
    """What a text uses of SYCL; launching members count where SYCL is named at all."""
    named = [f"sycl::{found[1]}" for found in _SYCL.finditer(code)]
    yield from named
    if named:
        yield from (f"sycl {found[1]}" for found in _SYCL_MEMBER.finditer(code))


def kokkos(code: str) -> Iterator[str]:
    """What a text uses of Kokkos; ``Kokkos::`` alone stands for names that no list has."""
    for found in _KOKKOS.finditer(code):
        yield f"Kokkos::{found[1]}" if found[1] in KOKKOS_NAMES else "Kokkos::"
    yield from (found[0] for found in _KOKKOS_MACRO.finditer(code))


def opencl_kernels(code: str, *, device_file: bool) -> int:
    """The kernels of OpenCL C; without underscores only in a file that holds nothing else."""
    return sum(device_file or found[0].startswith("__") for found in _KERNEL.finditer(code))


def _profiling(code: str, start: int) -> bool:
    return code[start - 1] == "P" and not _in_name(code[start - 2 : start - 1])


def _in_name(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
