"""How a source is written for the race check, so that threads meet where they may and the compiler adds no race of its own.

What changes is what a program leaves open: which thread takes which part of a loop, and whether a loop's parts are vectors.

Not covered: code that only some thread numbers or sizes reach; schedules that an answer chooses by routines.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from hpcraft.sandbox.outcome import Job
from hpcraft.sandbox.table import SUFFIXES

_PREFIX = "hpcraft-"
_WITH_OPENMP = ("openmp", "offload", "mpi+openmp")
_FORTRAN_DIRECTIVE = rb"^[ \t]*!\$omp\b(?:[^\n]*&[ \t]*\n[ \t]*!\$omp)*[^\n]*\b"
_FORTRAN_RUNTIMES = {
    "targets.c": re.compile(_FORTRAN_DIRECTIVE + rb"target\b", re.IGNORECASE | re.MULTILINE),
    "tasks.c": re.compile(_FORTRAN_DIRECTIVE + rb"task\b", re.IGNORECASE | re.MULTILINE),
}
_C_RUNTIMES = {"teams.c": re.compile(rb"\bteams\b"), "tasks.c": re.compile(rb"\btask(?:loop)?\b")}
_DO_SIMD = re.compile(
    r"^([ \t]*!\$omp\b[^\n!]*\bdo)[ \t]+simd\b(?![^\n]*\b(?:safelen|simdlen|aligned|linear|nontemporal|simd)\b)(?![^\n]*&)",
    re.IGNORECASE | re.MULTILINE,
)
_OPENMP = re.compile(
    r"""(?:^[ \t]*(?:\#|%:)[ \t]*pragma[ \t]+omp\b|_Pragma[ \t]*\([ \t]*"[ \t]*omp\b)(?:\\\n|[^\n])*"""
    r"""|^[ \t]*!\$omp\b[^\n]*(?:&[ \t]*\n[ \t]*!\$omp[^\n]*)*""",
    re.IGNORECASE | re.MULTILINE,
)
_SCHEDULE = re.compile(
    r"\bschedule[ \t]*\([ \t]*(?:\w+[ \t]*[:,][ \t]*)*?(dynamic|guided|runtime|auto)[ \t]*(,(?:[^()]|\([^()]*\))*)?\)", re.IGNORECASE
)


def without_simd(code: str) -> str:
    """Fortran whose shared loops are no vector loops: of those gfortran writes the counter back from every thread, which is no race of the answer."""
    return _DO_SIMD.sub(r"\1", code)


def with_static_schedules(code: str) -> str:
    """An answer whose loops are shared by turns: where threads take what is there, the first one may be through with all before another is awake.

    Any schedule is one that the answer allows, and by turns all threads have a part, so that the race detector sees them meet.
    """
    return _OPENMP.sub(lambda directive: _SCHEDULE.sub(_by_turns, directive[0]), code)


def _by_turns(clause: re.Match[str]) -> str:
    return f"schedule(static{clause[2] or ', 1'})"


def with_runtime(job: Job) -> Job:
    """A job for the race check with what LLVM's runtime lacks or gets wrong for its tasks, teams and target constructs, where it has such."""
    if job.check != "race" or job.model not in _WITH_OPENMP:
        return job
    wanted = {name for source, content in job.files.items() for name in _lacking(SUFFIXES.get(Path(source).suffix, ""), content)}
    return replace(job, files={**job.files, **{f"{_PREFIX}{name}": _runtime(name) for name in sorted(wanted)}})


def _lacking(kind: str, content: bytes) -> list[str]:
    runtimes = _FORTRAN_RUNTIMES if kind == "fortran" else _C_RUNTIMES if kind in ("c", "cpp") else {}
    return [name for name, construct in runtimes.items() if construct.search(content)]


@cache
def _runtime(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()
