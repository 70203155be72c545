"""The flags of nvcc: which of them name architectures, and which are left for a compiler of the host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

EMULATED_CAPABILITY = 80
"""The compute capability, times ten, of the device that the emulation is."""
_ARCHITECTURES = ("-arch", "-code", "-gencode", "--generate-code", "--gpu-architecture", "--gpu-code")
_WITH_VALUE = (*_ARCHITECTURES, "-maxrregcount", "-x", "-ccbin", "-rdc", "-Xptxas", "-Xnvlink")
"""Those that take the next word where they have no equals sign."""
_OF_NVCC = (
    *_ARCHITECTURES,
    *("--gpu-", "-rdc", "--relocatable-device-code", "-dc", "-dlink", "-lineinfo", "-Xptxas", "-Xnvlink"),
    *("--expt-", "-expt-", "--extended-lambda", "-use_fast_math", "--use_fast_math", "-maxrregcount", "--maxrregcount", "-ftz", "-prec-"),
    *("-fmad", "--fmad", "--ptxas-options", "-G", "--default-stream", "-lcudart", "-lcudadevrt", "-lcuda", "-ccbin", "-x"),
    "-allow-unsupported-compiler",
)
_PASSED_ON = ("-Xcompiler", "--compiler-options", "-Xlinker")
_OLD_STANDARD = re.compile(r"-{1,2}std=(?:c|gnu)\+\+(?:98|03|0x|11|1y|14)")
"""Our headers are C++17, and so is what nvcc has without this flag."""
_OF_LINK = ("-rdc", "--relocatable-device-code", "-dlink", "-cudart", "--cudart")


def host_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """The flags that g++ knows; those that only say how nvcc makes device code mean nothing to it."""
    found: list[str] = []
    for flag, value in _pairs(flags):
        if flag.startswith(_PASSED_ON):
            found += (value or flag.partition("=")[2]).split(",")
        elif not flag.startswith(_OF_NVCC) and not _OLD_STANDARD.fullmatch(flag):
            found.append(flag)
    return tuple(found)


def architectures(flags: Iterable[str]) -> tuple[str, ...]:
    """Those that say what to build for, in nvcc's own words."""
    return tuple(word for flag, value in _pairs(flags) if flag.startswith(_ARCHITECTURES) for word in (flag, value) if word)


def link_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """Those that nvcc must be told again when it links."""
    return tuple(word for flag, value in _pairs(flags) if flag.startswith((*_ARCHITECTURES, *_OF_LINK)) for word in (flag, value) if word)


def _pairs(flags: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Flags with the values that stand apart from them."""
    words = iter(flags)
    for word in words:
        yield word, next(words, "") if word in (*_WITH_VALUE, *_PASSED_ON) else ""
