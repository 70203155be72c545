"""The table of toolchains: which family of compilers builds which kind of source for which parallel model, and how.

What is not in the table is not offered. Device code stops at its objects: at the level ``compile`` nothing
is linked or run. No ``-march=native``: results should not depend on the machine more than they must.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hpcraft.sandbox.outcome import Check, Compiler, Model

SUFFIXES = {
    ".c": "c",
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".C"), "cpp"),
    **dict.fromkeys((".f", ".for", ".f77", ".F", ".f90", ".f95", ".f03", ".f08", ".F90", ".F95", ".F03", ".F08"), "fortran"),
    ".cu": "cuda",
    ".hip": "hip",
    ".py": "python",
}
"""File suffix to the kind of source; files with other suffixes are headers and the like."""

DEVICE_MODELS = ("cuda", "hip")
"""The models with a level: their compilers stop at objects, and what they would have built can be emulated."""
EMULATED = "emulated"
"""The kind of a device's source that was translated to C++."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A row of the table: what a family of compilers needs for a model."""

    kinds: tuple[str, ...]
    """The kinds of source that it builds."""
    flags: tuple[str, ...] = ()
    """For compiling and linking."""
    parts: tuple[str, ...] = ()
    """What is packaged apart from the compiler and must be there."""
    checks: tuple[Check, ...] = ("none",)
    build: Mapping[str, str] = field(default_factory=dict)
    """Environment of the compilers."""
    run: Mapping[str, str] = field(default_factory=dict)
    """Environment of the program."""


COMPILERS: Mapping[Compiler, Mapping[str, str]] = {
    # family: kind of source: compiler
    "gcc": {"c": "gcc", "cpp": "g++", "fortran": "gfortran", EMULATED: "g++"},
    "clang": {"c": "clang", "cpp": "clang++", EMULATED: "clang++"},
    "flang": {"fortran": "flang"},
    "nvcc": {"cuda": "nvcc"},
    "hipcc": {"hip": "hipcc"},
}
_GCC, _CLANG, _FLANG = ("c", "cpp", "fortran"), ("c", "cpp"), ("fortran",)
_GNU_OPENMP, _LLVM_OPENMP = ("-fopenmp",), ("-fopenmp=libomp",)
_SANITIZERS: tuple[Check, ...] = ("none", "address", "undefined")
_RACES: tuple[Check, ...] = (*_SANITIZERS, "race")
_HOST = MappingProxyType({"OMP_TARGET_OFFLOAD": "DISABLED"})

# A frame that is larger than a guard page touches the pages in between.
_FIBERS = ("-pthread", "-fstack-clash-protection")
_EMULATORS: Mapping[Compiler, Toolchain] = {
    "gcc": Toolchain(kinds=(EMULATED,), flags=_FIBERS, checks=("none", "address", "undefined", "race", "host")),
    "clang": Toolchain(kinds=(EMULATED,), flags=_FIBERS),
}

TABLE: Mapping[Model, Mapping[Compiler, Toolchain]] = {
    # model: family: row; the first family that builds a kind of source is its `auto`.
    "serial": {
        "gcc": Toolchain(kinds=_GCC, checks=_RACES),
        "clang": Toolchain(kinds=_CLANG, checks=_RACES),
        "flang": Toolchain(kinds=_FLANG),
    },
    "openmp": {
        "gcc": Toolchain(kinds=_GCC, flags=_GNU_OPENMP, parts=("libgomp",), checks=_RACES),
        "clang": Toolchain(kinds=_CLANG, flags=_LLVM_OPENMP, parts=("libomp", "omp.h"), checks=_RACES),
        "flang": Toolchain(kinds=_FLANG, flags=("-fopenmp",), parts=("omp_lib.mod",)),
    },
    "offload": {
        # On the host: no compiler is asked for device code, and no runtime looks for a device.
        "gcc": Toolchain(kinds=_GCC, flags=(*_GNU_OPENMP, "-foffload=disable"), parts=("libgomp",), checks=_SANITIZERS, run=_HOST),
        "clang": Toolchain(kinds=_CLANG, flags=_LLVM_OPENMP, parts=("libomp", "omp.h"), checks=_SANITIZERS, run=_HOST),
    },
    "openacc": {
        "gcc": Toolchain(
            kinds=_GCC,
            flags=("-fopenacc", "-foffload=disable"),
            parts=("libgomp", "openacc.h"),
            checks=("none", "address"),  # gcc refuses its own undefined sanitizer in device routines
            run={"ACC_DEVICE_TYPE": "host"},
        ),
    },
    "mpi": {
        "gcc": Toolchain(kinds=_GCC, checks=_SANITIZERS),
        "clang": Toolchain(kinds=_CLANG, checks=_SANITIZERS),
        "flang": Toolchain(kinds=_FLANG),
    },
    "mpi+openmp": {
        "gcc": Toolchain(kinds=_GCC, flags=_GNU_OPENMP, parts=("libgomp",), checks=_RACES),
        "clang": Toolchain(kinds=_CLANG, flags=_LLVM_OPENMP, parts=("libomp", "omp.h"), checks=_RACES),
        "flang": Toolchain(kinds=_FLANG, flags=("-fopenmp",), parts=("omp_lib.mod",)),
    },
    "cuda": {"nvcc": Toolchain(kinds=("cuda",), parts=("cuda_runtime.h",)), **_EMULATORS},
    # Without an architecture hipcc looks for a device; with nvcc in PATH it would build for that.
    "hip": {
        "hipcc": Toolchain(kinds=("hip",), flags=("--offload-arch=gfx90a",), parts=("hip_runtime.h",), build={"HIP_PLATFORM": "amd"}),
        **_EMULATORS,
    },
    "kokkos": {
        "gcc": Toolchain(kinds=("cpp",), checks=_SANITIZERS),
        "clang": Toolchain(kinds=("cpp",), checks=_SANITIZERS),
    },
}

RACE_FAMILY: Mapping[str, Compiler] = {"c": "clang", "cpp": "clang", "fortran": "gcc"}
"""Clang's thread sanitizer gives no false alarm with Archer; gfortran's objects are linked with LLVM's runtimes."""
WRAPPERS: Mapping[str, str] = {"c": "mpicc", "cpp": "mpicxx", "fortran": "mpif90"}
WRAPPED: Mapping[str, str] = {"c": "OMPI_CC", "cpp": "OMPI_CXX", "fortran": "OMPI_FC"}
"""The variable that tells a wrapper of Open MPI which compiler to call."""

_O1 = ("-O1", "-g")
_BACKTRACE = ("-fbacktrace",)
_UNSET = ("-finit-real=snan", "-fsignaling-nans", "-finit-integer=-2147483647", "-finit-derived", "-ffpe-trap=invalid")
"""An uninitialised variable holds what is seen: a real that traps, an integer that is no index."""
CHECK_FLAGS: Mapping[Check, tuple[str, ...]] = {
    "none": ("-O2",),
    "address": (*_O1, "-fsanitize=address", "-fno-omit-frame-pointer"),
    "undefined": (*_O1, "-fsanitize=undefined", "-fno-sanitize-recover=all"),
    "race": (*_O1, "-fsanitize=thread"),
    "host": (*_O1, "-fsanitize=address", "-fno-omit-frame-pointer"),
}
FORTRAN_CHECK_FLAGS: Mapping[Check, tuple[str, ...]] = {
    "none": (),
    "address": ("-fcheck=bounds,mem,pointer", *_BACKTRACE),
    "undefined": ("-fcheck=all,no-array-temps", *_UNSET, *_BACKTRACE),
    "race": (),
    "host": (),
}
CHECK_PARTS: Mapping[Check, tuple[str, ...]] = {
    "none": (),
    "address": ("libasan",),
    "undefined": ("libubsan",),
    "race": ("libtsan", "libomp", "libarcher"),
    "host": ("libasan",),
}
STANDARD: Mapping[str, tuple[str, ...]] = {
    "c": ("-std=gnu11",),
    "cpp": ("-std=gnu++17",),
    "fortran": (),
    "cuda": ("-std=c++17",),
    "hip": ("-std=c++17",),
    EMULATED: ("-std=c++17", "-x", "c++"),
}
FEW_ERRORS: Mapping[str, tuple[str, ...]] = {"gcc": ("-fmax-errors=20",), "clang": ("-ferror-limit=20",), "hipcc": ("-ferror-limit=20",)}
