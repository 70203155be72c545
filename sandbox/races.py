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
_FORTRAN_TARGET = re.compile(rb"^[ \t]*!\$omp\b(?:[^\n]*&[ \t]*\n[ \t]*!\$omp)*[^\n]*\btarget\b", re.IGNORECASE | re.MULTILINE)
_TEAMS = re.compile(rb"\bteams\b")
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
    """A job for the race check with what LLVM's runtime lacks for its target constructs, where it has such."""
    if job.check != "race" or job.model not in _WITH_OPENMP:
        return job
    wanted = {name for source, content in job.files.items() if (name := _lacking(SUFFIXES.get(Path(source).suffix, ""), content))}
    return replace(job, files={**job.files, **{f"{_PREFIX}{name}": _runtime(name) for name in sorted(wanted)}})


def _lacking(kind: str, content: bytes) -> str:
    if kind == "fortran":
        return "targets.c" if _FORTRAN_TARGET.search(content) else ""
    return "teams.c" if kind in ("c", "cpp") and _TEAMS.search(content) else ""


@cache
def _runtime(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()
