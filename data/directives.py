"""Parallel models in a text, by directives and by calls; what a comment or a string says doesn't count.

The tables err towards missing a model: a false one would teach the wrong thing.
"""

from __future__ import annotations

import re

_C_FAMILY = {
    "openmp": r"^[ \t]*#[ \t]*pragma[ \t]+omp\b|\bomp_(?:get|set|init|test|unset|destroy)_\w+\s*\(",
    "openacc": r"^[ \t]*#[ \t]*pragma[ \t]+acc\b|\bacc_(?:get|set|init|malloc|copyin|copyout|create|wait)\w*\s*\(",
    "mpi": r"\bP?MPI_(?:Init|Comm|Send|Recv|Isend|Irecv|Wait|Bcast|Reduce|Allreduce|Gather|Scatter|Allgather|Alltoall|Barrier|Scan|Type|Win|File|Put|Get|Finalize|Abort|Group|Cart|Pack|Unpack|Probe|Iprobe|Sendrecv|Ibcast|Iallreduce|Wtime)\w*\s*\(",
    "cuda": r"__global__|<<<[^;<>]*>>>|\bcuda(?:Malloc|Memcpy|Memset|Free|Stream|Event|Device|Launch|Get|Set|Occupancy|Func)\w*\s*\(|\bcu(?:blas|sparse|solver|fft|rand)[A-Z]\w*\s*\(",
    "hip": r"\bhip(?:Malloc|Memcpy|Memset|Free|Stream|Event|Device|Launch|Get|Set|Occupancy|Func)\w*\s*\(|\b(?:hip|roc)(?:blas|sparse|solver|fft|rand)[A-Z_]\w*\s*\(|hip/hip_runtime",
    "opencl": r"\bcl(?:Create|Enqueue|Build|Release|SetKernelArg|GetPlatform|GetDevice|Finish)\w*\s*\(|\b__kernel\s+void",
    "sycl": r"\bsycl::|\bqueue\s*&?\s*\w*\.submit\s*\(",
    "kokkos": r"\bKokkos::|\bKOKKOS_(?:LAMBDA|FUNCTION|INLINE_FUNCTION)\b",
}
_FORTRAN = {
    "openmp": r"^[ \t]*!\$omp\b|\buse[ \t]+omp_lib\b|\bomp_(?:get|set|init)_\w+\s*\(",
    "openacc": r"^[ \t]*!\$acc\b|\buse[ \t]+openacc\b",
    "mpi": r"\buse[ \t]*(?:,[ \t]*intrinsic)?[ \t]*(?:::)?[ \t]*mpi(?:_f08)?\b|\bcall[ \t]+mpi_\w+",
    "cuda": r"\battributes[ \t]*\(\s*(?:global|device|host)\s*[,)]|<<<[^;<>]*>>>|\buse[ \t]+cudafor\b",
    "hip": r"\buse[ \t]+hipfort\w*\b",
}


_WORDS = {
    "openmp": ("pragma", "!$omp", "omp_"),
    "openacc": ("pragma", "!$acc", "acc_", "openacc"),
    "mpi": ("mpi",),
    "cuda": ("__global__", "<<<", "cuda", "cublas", "cusparse", "cusolver", "cufft", "curand", "attributes"),
    "hip": (
        "hipmem",
        "hipmalloc",
        "hipfree",
        "hipstream",
        "hipevent",
        "hipdevice",
        "hiplaunch",
        "hipget",
        "hipset",
        "hipoccup",
        "hipfunc",
        "hip/",
        "hipfort",
        *(f"{maker}{part}" for maker in ("hip", "roc") for part in ("blas", "sparse", "solver", "fft", "rand")),
    ),
    "opencl": ("clcreate", "clenqueue", "clbuild", "clrelease", "clsetkernel", "clget", "clfinish", "__kernel"),
    "sycl": ("sycl", "submit"),
    "kokkos": ("kokkos",),
}
"""Words of which one stands, in lower case, in every text that the model's pattern can match: far quicker to look for."""


def _compile(table: dict[str, str], flags: int) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, flags) for name, pattern in table.items()}


_C_PATTERNS = _compile(_C_FAMILY, re.MULTILINE)
_FORTRAN_PATTERNS = _compile(_FORTRAN, re.MULTILINE | re.IGNORECASE)


def find_models(language: str, code: str) -> tuple[str, ...]:
    """The parallel models that a text uses, sorted; empty means serial.

    Args:
        language: a `hpcraft.records.Language`.
        code: the text as `hpcraft.data.comments` leaves it.
    """
    patterns = _FORTRAN_PATTERNS if language == "fortran" else _C_PATTERNS
    lower = code.lower()
    likely = (name for name in sorted(patterns) if any(word in lower for word in _WORDS[name]))
    return tuple(name for name in likely if patterns[name].search(code))
