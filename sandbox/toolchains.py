"""What builds a job on this machine, by the table: the choice of a toolchain for each kind of source, and the plan of the build.

A combination that the table lacks is `Unsupported` with what is allowed, one that this machine lacks is `Unsupported` with the
command that installs it, parts packaged apart included: neither looks like a failure of the program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hpcraft.errors import ConfigError
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.cuda.device import device, on_device
from hpcraft.sandbox.cuda.flags import host_flags
from hpcraft.sandbox.kokkos import kokkos
from hpcraft.sandbox.outcome import Check, Compiler, Job
from hpcraft.sandbox.packages import install_command
from hpcraft.sandbox.plan import PROGRAM, Compile, Plan, Unsupported, assemble
from hpcraft.sandbox.python import interpreter, numba, uses_numba
from hpcraft.sandbox.table import (
    CHECK_PARTS,
    COMPILERS,
    DEVICE_MODELS,
    EMULATED,
    RACE_FAMILY,
    SUFFIXES,
    TABLE,
    WRAPPED,
    WRAPPERS,
)
from hpcraft.sandbox.tools import find, folders_outside, lacks, thrust, version
from hpcraft.sandbox.words import Choice, link_words, uses_thrust, words_of

__all__ = [
    "DEVICE_MODELS",
    "PROGRAM",
    "SUFFIXES",
    "Choice",
    "Compile",
    "Plan",
    "Unsupported",
    "choose",
    "find",
    "folders_outside",
    "gap",
    "plan",
    "version",
]

_LANGUAGES = {"c": ("c",), "cpp": ("cpp", "cuda", "hip", EMULATED), "fortran": ("fortran",), "python": ("python",)}
_USE_MPI = re.compile(rb"^[ \t]*use\b[\s,:a-z]*\bmpi(?:_f08)?\b", re.IGNORECASE | re.MULTILINE)
_CONTINUED = re.compile(rb"\\\r?\n|&[ \t]*\r?\n[ \t]*!\$omp[ \t]*&?", re.IGNORECASE)
_PRAGMA = rb"(?:#[ \t]*pragma[ \t]+omp|\$omp)\b[^\n]*\b"
_DOACROSS = re.compile(_PRAGMA + rb"(?:doacross[ \t]*\(|depend[ \t]*\([ \t]*(?:sink|source)\b)", re.IGNORECASE)
_PACKAGE = {
    "the C library's files": "gcc",
    "libstdc++": "g++",
    "libgomp": "gcc",
    "openacc.h": "gcc",
    "libasan": "sanitizers",
    "libubsan": "sanitizers",
}
"""What to install for a missing part of gcc, where it isn't the compiler itself."""


def plan(job: Job) -> Plan | Unsupported:
    """How to build a job here."""
    kinds = _kinds(job)
    chosen = choose(job)
    if isinstance(chosen, Unsupported):
        return chosen
    if "python" in kinds.values():
        return Plan(compiles=(), link=None, tools=(interpreter(job),))
    words = {kind: words_of(job, kind, choice) for kind, choice in chosen.items()}
    tools = dict.fromkeys(tool for choice in chosen.values() for tool in (choice.wrapper, choice.compiler) if tool)
    if "nvcc" in (choice.family for choice in chosen.values()):
        tools[find("g++") or ""] = None
    installed = kokkos() if job.model == "kokkos" else None
    if installed:
        tools[str(installed.header)] = None
    headers = thrust() if uses_thrust(job) else None
    if headers:
        tools[str(headers)] = None
    stops = not job.links or (job.model in DEVICE_MODELS and not emulation.emulated(job) and not on_device(job))
    link = None if stops else link_words(job, chosen)
    if link:
        tools[link.link[0]] = None
    beside = emulation.objects(job.check) if emulation.emulated(job) else {}
    flags = {kind: job.flags if kind in DEVICE_MODELS or job.model not in DEVICE_MODELS else host_flags(job.flags) for kind in chosen}
    return replace(assemble(job.files, kinds, words, flags, link), tools=tuple(tools), beside=beside)


def choose(job: Job) -> Mapping[str, Choice] | Unsupported:
    """The toolchain for each kind of source of a job; empty for Python."""
    kinds = dict.fromkeys(_kinds(job).values())
    if "python" in kinds:
        return _python(job)
    own = [kind for kind in kinds if kind in _LANGUAGES[job.language]] or list(kinds)
    families: dict[str, Compiler] = {}
    for kind in kinds:
        family = _family(job, kind, mine=kind in own)
        if isinstance(family, Unsupported):
            return family
        families[kind] = family
    if refusal := _refusal(job, families):
        return Unsupported(message=refusal)
    if refusal := _refused_text(job, families):
        return Unsupported(message=refusal, by_source=True)
    chosen: dict[str, Choice] = {}
    for kind, family in families.items():
        choice = _find(job, kind, family)
        if isinstance(choice, Unsupported):
            return choice
        chosen[kind] = choice
    return _missing_beside(job) or chosen


def gap(job: Job, stderr: str) -> str:
    """Why a failed build is the toolchain's fault, as its own words show; else empty."""
    if job.compiler == "flang" and (found := re.search(r"^error: loc\(.*not yet implemented: ([^\n]*)", stderr, re.MULTILINE)):
        return f"flang has not yet implemented: {found[1]}; use the compiler gcc"
    if emulation.emulated(job):
        return emulation.refused(stderr)
    if job.check != "race":
        return ""
    if found := re.search(r"undefined reference to [`'](GOMP_\w+|omp_\w+_8_)'", stderr):
        return f"the check race builds with LLVM's OpenMP runtime, which lacks {found[1]}; use another check"
    if found := re.search(r": error: cannot compile this ([^\n]* yet)", stderr):
        return f"the check race builds with clang, which cannot compile this {found[1]}; use another check"
    return ""


def _kinds(job: Job) -> dict[str, str]:
    kinds = {name: SUFFIXES[Path(name).suffix] for name in job.files if Path(name).suffix in SUFFIXES}
    if not kinds:
        raise ConfigError(
            f"no source among {', '.join(name for name in job.files if not emulation.is_ours(name)) or 'no files'}; allowed suffixes: {' '.join(SUFFIXES)}"
        )
    if emulation.emulated(job):
        kinds = {name: EMULATED if kind in DEVICE_MODELS else kind for name, kind in kinds.items()}
        parts = emulation.included(job.files)
        kinds = {name: kind for name, kind in kinds.items() if name not in parts} or kinds
    if (job.language == "python") != ("python" in kinds.values()):
        raise ConfigError(
            f"the language {job.language} does not go with {', '.join(kinds)}; allowed: python for .py files, and only for them"
        )
    return kinds


def _python(job: Job) -> Mapping[str, Choice] | Unsupported:
    with_numba = uses_numba(job)
    models = ("serial", "openmp") if with_numba else ("serial",)
    for what, value, allowed in (("model", job.model, models), ("compiler", job.compiler, ("auto",)), ("check", job.check, ("none",))):
        if value not in allowed:
            lacks_numba = value == "openmp"
            more = ", or openmp for a program that imports numba" if lacks_numba else ""
            message = f"the {what} {value} is not offered for python; allowed: {' '.join(allowed)}{more}"
            return Unsupported(message=message, by_source=lacks_numba)
    if with_numba:
        return {} if numba() else _missing("numba")
    return {} if find("python3") else _missing("python3")


def _family(job: Job, kind: str, *, mine: bool) -> Compiler | Unsupported:
    """The family that builds a kind of source, for the model if it knows the kind, else as a serial source beside it."""
    rows = TABLE[job.model]
    offered: list[Compiler] = [family for family, row in rows.items() if kind in row.kinds]
    if mine and kind in DEVICE_MODELS and not offered:
        return Unsupported(message=f"a {_suffix(kind)} file needs the model {kind}, not {job.model}")
    beside = not offered and job.model in (*DEVICE_MODELS, "kokkos")
    if beside:
        offered = [family for family, row in TABLE["serial"].items() if kind in row.kinds]
    if not offered:
        return Unsupported(message=f"a {_suffix(kind)} file is not offered for the model {job.model}; allowed: {_offered_kinds(job)}")
    if job.check == "race" and not beside and kind != EMULATED:
        offered = [family for family in offered if family == RACE_FAMILY.get(kind) and "race" in rows[family].checks]
        if not offered:
            return Unsupported(message=f"the check race is not offered for {kind} with the model {job.model}; allowed: {_offered_races()}")
    if not mine or beside or job.compiler == "auto":
        return offered[0]
    if job.compiler not in offered:
        why = f" and the check {job.check}" if job.check == "race" else ""
        message = (
            f"the compiler {job.compiler} is not offered for {kind} with the model {job.model}{why}; allowed: auto {' '.join(offered)}"
        )
        return Unsupported(message=message)
    return job.compiler


def _refusal(job: Job, families: Mapping[str, Compiler]) -> str:
    """Why this combination is not offered, else empty."""
    model, rows = job.model, TABLE[job.model]
    if model == "hip" and job.cuda == "device":
        return "the level device is offered for CUDA, not for HIP; allowed: compile emulate"
    if not any(kind in row.kinds for row in rows.values() for kind in families):
        return f"the model {model} needs a source of its own kind; allowed: {_offered_kinds(job)}"
    used = set(families.values())
    for kind, family in families.items():
        row = rows.get(family)
        beside: tuple[Check, ...] = ("none", *(() if model in DEVICE_MODELS else ("address", "undefined")))
        if emulation.emulated(job):
            beside = ("none", "undefined", "host", *emulation.CHECKS)  # host code is compiled as it is: pages without access watch it
        checks = row.checks if row and kind in row.kinds else beside
        if job.check not in checks:
            return f"the check {job.check} is not offered for {kind} by {family} with the model {model}; allowed: {' '.join(checks)}"
    mixed = used & {"clang", "flang"} and "gcc" in used
    if mixed and job.check != "race" and (job.check != "none" or model in ("offload", "mpi+openmp")):
        what = f"the check {job.check}" if job.check != "none" else f"the model {model}"
        return f"{what} is not offered for sources of two families of compilers ({', '.join(sorted(used))}); allowed: sources of one family"
    return ""


def _refused_text(job: Job, families: Mapping[str, Compiler]) -> str:
    """What stands in the sources and isn't offered, else empty."""
    text = b"\n".join(job.files[name] for name, kind in _kinds(job).items() if kind == "fortran")
    if job.model.startswith("mpi") and families.get("fortran") == "flang" and _USE_MPI.search(text):
        return "MPI's Fortran modules here are gfortran's; with flang allowed: include 'mpif.h', or the compiler gcc"
    return _unknown_to_race(job) if job.check == "race" else ""


def _unknown_to_race(job: Job) -> str:
    """The race check would be wrong about a construct, whose name suffices: better no answer than a false one."""
    text = _CONTINUED.sub(b" ", b"\n".join(job.files.values()))
    if _DOACROSS.search(text):
        return "the check race would take the order between iterations (doacross, depend(sink), depend(source)) for a race; allowed: other checks"
    return ""


def _find(job: Job, kind: str, family: Compiler) -> Choice | Unsupported:
    """The compiler on this machine, complete, or what to install."""
    wrapper = ""
    if job.model.startswith("mpi"):
        wrapper = find(WRAPPERS[kind]) or ""
        if not wrapper:
            return _missing(WRAPPERS[kind])
    name = COMPILERS[family][kind]
    compiler = find(name)
    if compiler is None:
        return _missing(name)
    if family == "nvcc" and find("g++") is None:
        return _missing("g++")  # nvcc calls it, also to say where its headers are
    rows = TABLE[job.model]
    row = rows[family] if family in rows and kind in rows[family].kinds else TABLE["serial"][family]
    own = emulation.checked(job)  # by its own runtime
    checked = "clang" if job.check == "race" and not own else name
    for tool, parts in ((name, (*_basic(kind, family), *row.parts)), (checked, () if own else CHECK_PARTS[job.check])):
        path = find(tool)
        if path is None:
            return _missing(tool)
        for part in parts:
            if lacks(path, part):
                return Unsupported(message=f"{part} is not on this machine for {tool}; {install_command(_package(part, family, tool))}")
    return Choice(family=family, row=row, compiler=compiler, wrapper=wrapper)


def _basic(kind: str, family: Compiler) -> tuple[str, ...]:
    if family not in ("gcc", "clang"):
        return ("flang's runtime",) if family == "flang" else ()
    return ("the C library's files", "libstdc++") if kind == "cpp" else ("the C library's files",)


def _package(part: str, family: str, tool: str) -> str:
    if part in ("the C library's files", "libstdc++") or (family == "gcc" and not tool.startswith("clang")):
        return _PACKAGE.get(part, tool)
    return tool


def _missing(tool: str) -> Unsupported:
    return Unsupported(message=f"{tool} is not on this machine; {install_command(tool)}")


def _missing_beside(job: Job) -> Unsupported | None:
    """What a model needs beside the compilers."""
    if job.model.startswith("mpi") and find("mpirun") is None:
        return _missing("mpirun")
    if on_device(job) and isinstance(found := device(), str):
        return Unsupported(message=found)
    if job.model == "kokkos":
        installed = kokkos()
        if installed is None:
            return _missing("kokkos")
        if installed.device:
            what = f"the Kokkos of {installed.header} was built for {installed.device}, which is not offered"
            return Unsupported(message=f"{what}; allowed: a Kokkos for the host, named by KOKKOS_ROOT")
    return None


def variables(job: Job, *, running: bool) -> dict[str, str]:
    """The environment that the toolchains of a job need."""
    chosen = choose(job)
    if isinstance(chosen, Unsupported):
        return {}
    found: dict[str, str] = {}
    for kind, choice in chosen.items():
        found |= choice.row.run if running else choice.row.build
        if choice.wrapper and not running and choice.family != "gcc":
            found[WRAPPED[kind]] = choice.compiler
    return found


def _suffix(kind: str) -> str:
    return next(suffix for suffix, other in SUFFIXES.items() if other == kind)


def _offered_kinds(job: Job) -> str:
    return " ".join(dict.fromkeys(_suffix(kind) for row in TABLE[job.model].values() for kind in row.kinds if kind != EMULATED))


def _offered_races() -> str:
    """Every model with the kinds of source that the race check takes."""
    kinds = {
        model: [
            kind for kind, family in RACE_FAMILY.items() if family in rows and "race" in rows[family].checks and kind in rows[family].kinds
        ]
        for model, rows in TABLE.items()
    }
    return ", ".join(f"{model} in {' '.join(names)}" for model, names in kinds.items() if names)
