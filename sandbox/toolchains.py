"""How each kind of source is compiled and linked: one table of tools and one of flags.

CUDA stops at its objects: at the level ``compile`` nothing is linked or run. No ``-march=native``: results should not
depend on the machine more than they must.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from hpcraft.errors import ConfigError
from hpcraft.sandbox.outcome import Job
from hpcraft.sandbox.packages import install_command
from hpcraft.sandbox.plan import PROGRAM, Compile, Plan, Unsupported, Words, assemble

__all__ = ["PROGRAM", "SUFFIXES", "Compile", "Plan", "Unsupported", "archer", "find", "folders_outside", "plan", "version"]

SUFFIXES = {
    ".c": "c",
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".C"), "cpp"),
    **dict.fromkeys((".f", ".for", ".f77", ".F", ".f90", ".f95", ".f03", ".f08", ".F90", ".F95", ".F03", ".F08"), "fortran"),
    ".cu": "cuda",
    ".py": "python",
}
"""File suffix to the kind of source; files with other suffixes are headers and the like."""

_COMPILERS = {
    # kind: (plain, MPI wrapper, race check)
    "c": ("gcc", "mpicc", "clang"),
    "cpp": ("g++", "mpicxx", "clang++"),
    "fortran": ("gfortran", "mpif90", ""),
    "cuda": ("nvcc", "", ""),
}
_UNDERLYING = {"mpicc": "gcc", "mpicxx": "g++", "mpif90": "gfortran", "nvcc": "g++"}
_CLANG_VERSIONS = ("-19", "-20", "-18", "-17", "")
_STANDARD = {"c": ("-std=gnu11",), "cpp": ("-std=gnu++17",), "fortran": (), "cuda": ("-std=c++17",)}
_CHECK_FLAGS = {
    "none": ("-O2",),
    "address": ("-O1", "-g", "-fsanitize=address", "-fno-omit-frame-pointer"),
    "undefined": ("-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all"),
    "race": ("-O1", "-g", "-fsanitize=thread"),
}
_FEW_ERRORS = {"gcc": "-fmax-errors=20", "clang": "-ferror-limit=20"}


def plan(job: Job) -> Plan | Unsupported:
    """How to build a job here."""
    kinds = {name: SUFFIXES[Path(name).suffix] for name in job.files if Path(name).suffix in SUFFIXES}
    if not kinds:
        raise ConfigError(f"no source among {', '.join(job.files) or 'no files'}; allowed suffixes: {' '.join(SUFFIXES)}")
    if "python" in kinds.values():
        return Plan(compiles=(), link=None, tools=()) if find("python3") else _missing("python3")
    refusal = _refusal(job, set(kinds.values()))
    if refusal:
        return Unsupported(message=refusal)
    tools: dict[str, str] = {}
    for kind in sorted(set(kinds.values())):
        name = _COMPILERS[kind][2 if job.check == "race" else 1 if job.model.startswith("mpi") else 0]
        found = find(name)
        if found is None or (name in _UNDERLYING and find(_UNDERLYING[name]) is None):
            return _missing(name if found is None else _UNDERLYING[name])
        tools[kind] = found
    if job.model.startswith("mpi") and find("mpirun") is None:
        return _missing("mpirun")
    library = _missing_library(job, tools)
    return library if library else _words(job, kinds, tools)


def _refusal(job: Job, kinds: set[str]) -> str:
    """Why this combination is not offered, else empty."""
    if "cuda" in kinds and job.model != "cuda":
        return f"a .cu file needs the model cuda, not {job.model}"
    if job.check != "none" and job.model == "cuda":
        return f"the check {job.check} is not offered for cuda; allowed: none"
    if job.check == "race" and (job.model not in ("serial", "openmp") or "fortran" in kinds):
        return "the check race is offered for serial and openmp in C and C++"
    return ""


def _missing(tool: str) -> Unsupported:
    return Unsupported(message=f"{tool} is not on this machine; {install_command(tool)}")


def _missing_library(job: Job, tools: Mapping[str, str]) -> Unsupported | None:
    """A sanitizer's runtime may be packaged apart from its compiler."""
    if job.check in ("address", "undefined"):
        name = {"address": "libasan.so", "undefined": "libubsan.so"}[job.check]
        if not all(_has_library(tool, name) for tool in tools.values()):
            return Unsupported(message=f"{name} is not on this machine; {install_command('sanitizers')}")
    if job.check == "race" and not (_thread_sanitizer(tools) and archer(tools)):
        return Unsupported(message=f"the thread sanitizer or Archer (libarcher.so) is not on this machine; {install_command('clang')}")
    return None


@functools.cache
def _has_library(compiler: str, name: str) -> bool:
    """A compiler prints the bare name of a library that it doesn't find."""
    result = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=False)
    return "/" in result.stdout


def _thread_sanitizer(tools: Mapping[str, str]) -> bool:
    root = _llvm_root(tools)
    return any(root.glob("lib*/clang/*/lib/**/*clang_rt.tsan*.a"))


def archer(tools: Mapping[str, str]) -> Path | None:
    """The library that tells the thread sanitizer what OpenMP's runtime synchronises."""
    return next(iter(sorted(_llvm_root(tools).glob("lib*/**/libarcher.so"))), None)


def _llvm_root(tools: Mapping[str, str]) -> Path:
    return Path(next(iter(tools.values()))).resolve().parent.parent


def _words(job: Job, kinds: Mapping[str, str], tools: Mapping[str, str]) -> Plan:
    parallel = ("-fopenmp",) if "openmp" in job.model else ()
    words: dict[str, Words] = {}
    for kind, tool in tools.items():
        begin = (tool, *_STANDARD[kind], "-c")
        few = _FEW_ERRORS["clang" if job.check == "race" else "gcc"]
        if kind == "cuda":
            words[kind] = Words(compile=(*begin, "-O2"), link=())
            continue
        flags = (*_CHECK_FLAGS[job.check], *parallel)
        modules = ("-J../box",) if kind == "fortran" else ()
        words[kind] = Words(compile=(*begin, *flags, few, *modules), link=(tool, *flags))
    used = set(kinds.values())
    linker = "" if "cuda" in used else next(kind for kind in ("fortran", "cpp", "c") if kind in used)
    return assemble(job.files, kinds, words, job.flags, linker)


def find(tool: str) -> str | None:
    """The path of a tool, looked up anew each time, because PATH may change; the system's Python is preferred."""
    if tool == "python3" and Path("/usr/bin/python3").exists():
        return "/usr/bin/python3"
    if tool.startswith("clang"):
        return next((found for version in _CLANG_VERSIONS if (found := shutil.which(tool + version))), None)
    return shutil.which(tool)


@functools.cache
def version(tool: str) -> str:
    """The first line that the tool says about itself; nvcc says it in the last."""
    text = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout.strip()
    lines = text.splitlines() or [tool]
    return next((line for line in lines if "release" in line), lines[0]) if Path(tool).name == "nvcc" else lines[0]


def folders_outside(tools: Iterable[str]) -> tuple[Path, ...]:
    """The folders that a box must show for tools installed outside the system's own: their prefixes, never a home itself."""
    found: dict[Path, None] = {}
    for tool in tools:
        for path in (Path(tool).absolute(), Path(tool).resolve()):
            if path.parts[1] in ("usr", "bin", "sbin", "lib", "lib64"):
                continue
            prefix = path.parent.parent
            whole = path.parent.name == "bin" and len(prefix.parts) > 2 and not Path.home().is_relative_to(prefix)
            found[prefix if whole else path.parent] = None
    return tuple(found)
