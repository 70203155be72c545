"""The language of a file, by its suffix and by what it holds.

Not covered: OpenCL kernels (``.cl``) and Fortran include files without a telling suffix (``.inc``).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

SUFFIXES: dict[str, str] = {
    **dict.fromkeys((".c",), "c"),
    **dict.fromkeys((".h",), "header"),
    **dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".c++", ".C", ".hh", ".hpp", ".hxx", ".h++", ".H", ".ipp", ".inl", ".tpp", ".txx", ".tcc"), "cpp"
    ),
    **dict.fromkeys((".cu", ".cuh"), "cuda"),
    **dict.fromkeys((".hip",), "cpp"),
    **dict.fromkeys((".f", ".for", ".ftn", ".f77", ".fpp", ".F", ".FOR", ".FTN", ".F77", ".FPP"), "fixed"),
    **dict.fromkeys((".f90", ".f95", ".f03", ".f08", ".f18", ".F90", ".F95", ".F03", ".F08", ".F18", ".cuf", ".CUF"), "free"),
}
"""Suffix to what it promises: a language, ``header``, or the form of Fortran source."""

_CUDA_KERNEL = re.compile(r"__global__|<<<[^;<>]*>>>")
_HIP_ONLY = re.compile(r"\bhip(Malloc|Memcpy|Free|Stream|LaunchKernelGGL|DeviceSynchronize)\w*\s*\(|hip/hip_runtime")
_CPP = re.compile(
    r"^\s*(template\s*<|namespace\b|using\s+\w|class\s+\w+[^;]*$|(public|private|protected)\s*:)|\bstd::|\boperator\s*[^\w\s]|\bstatic_cast\s*<",
    re.MULTILINE,
)
_GUARDED_CPP = re.compile(r"^\s*#\s*ifdef\s+__cplusplus\b.*?^\s*#\s*endif", re.MULTILINE | re.DOTALL)
_FORTRAN_HEADER = re.compile(r"^\s{6,}(integer|real|parameter|common|external|double precision)\b", re.MULTILINE | re.IGNORECASE)


def promise(path: str) -> str | None:
    """What the suffix of a file promises, or None for a file that isn't code."""
    return SUFFIXES.get(PurePosixPath(path).suffix)


def language_of(path: str, code: str) -> str | None:
    """The language of a file.

    Args:
        path: decides by its suffix first.
        code: the text without comments and strings, which turns headers and device code.

    Returns:
        A `hpcraft.records.Language`, or None when the content isn't what the suffix promises.
    """
    kind = promise(path)
    if kind in ("fixed", "free"):
        return "fortran"
    if kind == "header" and _FORTRAN_HEADER.search(code):
        return None
    if kind in ("c", "cpp", "header") and _is_cuda(code):
        return "cuda"
    if kind == "header":
        return "cpp" if _CPP.search(_GUARDED_CPP.sub("", code)) else "c"
    return kind


def _is_cuda(code: str) -> bool:
    """Device code or launches; a host file that only calls the CUDA runtime stays C or C++."""
    likely = "__global__" in code or "<<<" in code
    return likely and bool(_CUDA_KERNEL.search(code)) and not _HIP_ONLY.search(code)
