"""The language of a file, by its suffix and by what it holds.

A header is C++ when it holds C++ outside ``#ifdef __cplusplus``, CUDA when it holds device code, Fortran when its lines are
Fortran's; one that is both C and C++ is C. Include files (``.inc .fh .fi``) are told in the same way, and are no code when they
hold statements of no language. HIP is a parallel model, not a language: a HIP file is C++. OpenCL kernel files (``.cl``) are C.

Not covered: C++ that shows in no keyword of its own (references and overloads alone make a header C); headers that only make
sense where they are included (lists of macro calls) are C.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hpcraft.data.comments import blank_c
from hpcraft.tokenizer.fortran_form import looks_fixed

SUFFIXES: dict[str, str] = {
    **dict.fromkeys((".c",), "c"),
    **dict.fromkeys((".h",), "header"),
    **dict.fromkeys(
        (".cc", ".cpp", ".cxx", ".c++", ".C", ".hh", ".hpp", ".hxx", ".h++", ".H", ".ipp", ".inl", ".tpp", ".txx", ".tcc"), "cpp"
    ),
    **dict.fromkeys((".cu", ".cuh"), "cuda"),
    **dict.fromkeys((".hip",), "cpp"),
    **dict.fromkeys((".cl",), "opencl"),
    **dict.fromkeys((".inc", ".fh", ".fi"), "include"),
    **dict.fromkeys((".f", ".for", ".ftn", ".f77", ".fpp", ".F", ".FOR", ".FTN", ".F77", ".FPP"), "fixed"),
    **dict.fromkeys((".f90", ".f95", ".f03", ".f08", ".f18", ".F90", ".F95", ".F03", ".F08", ".F18", ".cuf", ".CUF"), "free"),
}
"""Suffix to what it promises: a language, ``header``, ``include``, ``opencl``, or the form of Fortran source."""

_CUDA_KERNEL = re.compile(r"__global__|\w\s*(?:<[^;<>]*>\s*)?<<<(?!<)[^;]{1,400}?>>>\s*\(")
_DEVICE = re.compile(r"^(?![ \t]*#)[^\n]*\b__(?:device|shared|constant)__\b", re.MULTILINE)
_HIP_ONLY = re.compile(r"\bhip(Malloc|Memcpy|Free|Stream|LaunchKernelGGL|DeviceSynchronize)\w*\s*\(|hip/hip_runtime")
_CPP = re.compile(
    r"^[ \t]*(?:template\s*<|(?:inline\s+)?namespace\b|using\s+\w|(?:enum\s+)?class\s+\w[^;()]*(?:\{|$)|(?:public|private|protected)\s*(?:\w+\s*)?:(?!:)"
    r"|struct\s+\w+\s*(?:final\s*)?:\s*(?:public|private|protected)?\s*\w|virtual\s+\w|friend\s+\w|explicit\s+\w|constexpr\s+\w|class\s+\w+\s*;)"
    r"|\b(?:std|boost)::\w|\boperator\s*(?:[-+*/=<>!&|^%\[(~]|new\b|delete\b)|\b(?:static|dynamic|reinterpret|const)_cast\s*<"
    r"|\bextern\s+\"\"|\bnullptr\b|\bnew\s+\w+\s*[\[(]|\w::~?\w+\s*\(|\bconst\s+\w+\s*&\s*\w+\s*[,)=]"
    r"|^[ \t]*#[ \t]*include[ \t]*<(?:string|vector|map|set|list|deque|array|memory|iostream|fstream|sstream|ostream|istream|iosfwd|utility"
    r"|algorithm|functional|limits|type_traits|exception|stdexcept|complex|tuple|atomic|mutex|thread|optional|variant|unordered_\w+|c[a-z]+)>",
    re.MULTILINE,
)
_STRONG_CPP = re.compile(r"^[ \t]*(?:template\s*<|namespace\s+\w+\s*\{|using\s+namespace\b)|\bstd::\w", re.MULTILINE)
_CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b([^\n]*)", re.MULTILINE)
_FORTRAN_LINE = re.compile(
    r"^[ \t]*(?:\d+[ \t]+)?(?:(?:integer|real|logical|complex|character|double[ \t]*precision|type[ \t]*\(\w+\))\b[ \t]*(?:\*|\(|,|::|[a-z])[^;{}\n]*"
    r"|parameter[ \t]*\([^;{}\n]*|common[ \t]*/[^;{}\n]*|data[ \t]+\w+[^;{}\n]*/[^;{}\n]*|(?:external|dimension|save|intrinsic)[ \t]+\w[^;{}\n]*"
    r"|implicit[ \t]+none|include[ \t]+''|(?:end[ \t]*)?(?:subroutine|interface|function)\b[^;{}\n]*|call[ \t]+\w+[^;{}\n]*|end[ \t]*(?:if|do))[ \t]*(?:!.*)?$",
    re.MULTILINE | re.IGNORECASE,
)
_FORTRAN_COMMENT = re.compile(r"^[cC*!](?![A-Za-z_])[^\n]*|![^\n]*", re.MULTILINE)
_C_LINE = re.compile(r"[;{}]\s*(?:\\\s*)?$|^\s*typedef\b", re.MULTILINE)
_PREPROCESSOR = re.compile(r"^[ \t]*#[ \t]*(?:define|include|if|ifdef|ifndef|pragma)\b", re.MULTILINE)
_OPENCL = re.compile(r"\b(?:__kernel|__global|__local|get_(?:global|local|group)_id|barrier\s*\(\s*CLK_)|\bkernel\s+void\b")


def promise(path: str) -> str | None:
    """What the suffix of a file promises, or None for a file that isn't code."""
    return SUFFIXES.get(PurePosixPath(path).suffix)


def form_of(path: str, text: str) -> str:
    """The form of Fortran source: ``fixed``, ``free``, or empty for a file that isn't Fortran.

    Args:
        path: decides by its suffix whether the content is asked.
        text: as found, comments included.
    """
    kind = promise(path)
    if kind == "free":
        return "free"
    if kind == "fixed" or (kind in ("header", "include") and _is_fortran(text)):
        return "fixed" if looks_fixed(text) else "free"
    return ""


def language_of(path: str, code: str, form: str = "") -> str | None:
    """The language of a file.

    Args:
        path: decides by its suffix first.
        code: the text without comments and strings, which turns headers and device code.
        form: what `form_of` says of the text.

    Returns:
        A `hpcraft.records.Language`, or None when the content isn't what the suffix promises.
    """
    kind = promise(path)
    if form or kind in ("fixed", "free"):
        return "fortran"
    if kind == "opencl":
        return "c" if _OPENCL.search(code) else None
    if kind == "include" and not _looks_like_c(code):
        return None
    if kind in ("c", "cpp", "header", "include") and _is_cuda(code, header=kind in ("header", "include")):
        return "cuda"
    if kind in ("header", "include"):
        return "cpp" if _CPP.search(_for_c(code)) else "c"
    if kind == "c" and _STRONG_CPP.search(code) and _STRONG_CPP.search(_for_c(code)):
        return "cpp"
    return kind


def _is_cuda(code: str, *, header: bool) -> bool:
    """Device code or launches; a host file that only calls the CUDA runtime stays C or C++."""
    if "__global__" in code or "<<<" in code:
        found = bool(_CUDA_KERNEL.search(code))
    else:
        found = header and "__" in code and bool(_DEVICE.search(code))
    return found and not _HIP_ONLY.search(code)


def _is_fortran(text: str) -> bool:
    """Whether a header's or include file's lines are Fortran's: some are, and next to none are C's."""
    if not _FORTRAN_LINE.search(text):
        return False
    code = blank_c(text)
    fortran = len(_FORTRAN_LINE.findall(code))
    return fortran > 0 and len(_C_LINE.findall(_FORTRAN_COMMENT.sub("", code))) * 20 <= fortran


def _looks_like_c(code: str) -> bool:
    return "<?php" not in code and bool(_C_LINE.search(code) or _PREPROCESSOR.search(code))


def _for_c(code: str) -> str:
    """The text without the branches that only a C++ compiler reads."""
    if "c_plusplus" not in code and "__cplusplus" not in code:
        return code
    kept: list[str] = []
    stack: list[bool | None] = []  # per open condition whether it asks for C++ and holds, asks and fails, or asks for something else
    at = 0
    for found in _CONDITION.finditer(code):
        if not any(state is True for state in stack):
            kept.append(code[at : found.start()])
        at = found.end()
        word, condition = found[1], found[2]
        if word in ("if", "ifdef", "ifndef"):
            asks = "__cplusplus" in condition or "c_plusplus" in condition
            negated = word == "ifndef" or re.search(r"!\s*defined", condition) is not None
            stack.append(not negated if asks else None)
        elif not stack:
            continue
        elif word == "endif":
            stack.pop()
        elif stack[-1] is not None:
            stack[-1] = not stack[-1]
    if not any(state is True for state in stack):
        kept.append(code[at:])
    return "\n".join(kept)
