"""Whether the threads or ranks of a right answer to a kernel task shared its work, by what each of them did (`hpcraft.eval.work_counts`).

The size of the call is drawn between the largest small one and the one at which answers are timed, so that no answer shares its work at one
known size alone; what looks bad there must look so at the timed size, too, where the least part of the work is left to ends and beginnings.
Calls that take long are counted at the largest small size alone. An answer may share no work at a small size: that isn't held against it.

OpenACC, of which its compiler makes one thread here, is said in OpenMP for it (`hpcraft.eval.openacc_races`).

Not covered: Python, Kokkos, CUDA (`hpcraft.eval.kernel_evidence`); target constructs of teams without threads, which the host runs one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError
from hpcraft.eval import openacc_races, run_evidence, work_counts
from hpcraft.eval.judging import first_error
from hpcraft.eval.kernel_job import driver_name, job, openacc_job
from hpcraft.eval.kernel_trial import outputs_differ, size_between
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.task import Outputs, Task
from hpcraft.eval.work_counts import Count, Finding
from hpcraft.sandbox.abi import Argument
from hpcraft.sandbox.calls import Called, image
from hpcraft.sandbox.outcome import Job, Limits
from hpcraft.sandbox.races import with_static_schedules

_LIMITS = Limits(wall_seconds=30.0, memory_mb=2048, disk_mb=256)
_DRAWN = 5
"""Beside the words of a trial's seeds (`hpcraft.eval.kernel_trial`)."""
_LONG_SECONDS = 0.25
"""Calls at the timed size that take longer are too long to be counted, which makes them ten times as long."""
_TEAMS_ALONE = re.compile(r"\A(?=.*\bteams\b)(?!.*\bparallel\b)", re.DOTALL | re.IGNORECASE)

_SHARES = re.compile(r"^\s*(?:#pragma |!\$)omp parallel\b", re.MULTILINE)


def ask(task: Task, code: str, seed: int, seconds: float, preprocessed: str = "") -> Finding:
    """What counting tells about an answer.

    Args:
        task: what was asked.
        code: a right answer.
        seed: of all inputs.
        seconds: what the call at the timed size takes.
        preprocessed: what its preprocessor leaves of it, where that is something else.
    """
    if task.language == "python" or task.model not in work_counts.SHAPES:
        return Finding()
    by_teams = task.model in work_counts.BY_TEAMS
    if by_teams and (seconds > _LONG_SECONDS or _TEAMS_ALONE.search(code)):
        return Finding(silent="its calls take long" if seconds > _LONG_SECONDS else "the host has one thread for all teams")
    if task.model == "openacc":
        return _openacc(task, code, seed, preprocessed)
    # By turns, since a thread that comes late to another schedule is left with nothing on busy machines.
    code = with_static_schedules(code)
    told = seconds <= _LONG_SECONDS and "openmp" in task.model and not run_evidence.hangs_on_who_comes_first(code, task.language)
    return _ask(task, job(task, code, "none"), seed, seconds, lone=told)


def _openacc(task: Task, code: str, seed: int, preprocessed: str) -> Finding:
    """The same of each program that says the answer in OpenMP; one that shares work is enough, and one that does something else says nothing."""
    try:
        programs = openacc_races.in_openmp(code, task.language, preprocessed)
    except InputError as error:
        return Finding(silent=str(error))
    found = Finding()
    if not all(map(_SHARES.search, programs)):
        return Finding(silent="it leaves to the compiler which loops are shared")
    for said in programs:
        found = _ask(task, openacc_job(task, said, "none"), seed, 0.0)
        if not found.failure or found.failure.check != "parallel":
            return Finding(silent=found.silent or (found.failure.why if found.failure else ""))
    return found


def _ask(task: Task, plain: Job, seed: int, seconds: float, *, lone: bool = False) -> Finding:
    assert task.kernel is not None
    small, large = max(task.kernel.sizes), task.kernel.size_to_time
    rng = np.random.default_rng([seed, _DRAWN, *task.kernel.name.encode()])
    drawn = size_between(rng, small, large)
    known = (work_counts.counted(task.kernel.signature),)
    found = Finding()
    with sandbox.build(work_counts.counted_job(plain, driver_name(task), known, task.kernel.signature)) as build:
        if not build.ok:
            return Finding(silent=first_error(build.outcome))
        for size in (small,) if seconds > _LONG_SECONDS else (drawn, large):
            found = _count(task, seed, size, lone=lone).ask(build)
            if not found.failure or found.failure.check != "parallel":
                break
    return found


@lru_cache(maxsize=2)
def _call(kernel_name: str, seed: int, size: int) -> tuple[list[Argument], Outputs]:
    """What is given and what must come out; answers come by task, and the next one is asked the same."""
    kernel = KERNELS[kernel_name]
    arguments = kernel.make_inputs(np.random.default_rng([seed, _DRAWN, size, *kernel_name.encode()]), size)
    return arguments, kernel.oracle(arguments)


def _count(task: Task, seed: int, size: int, *, lone: bool) -> Count:
    kernel = task.kernel
    assert kernel is not None
    arguments, expected = _call(kernel.name, seed, size)
    known = (work_counts.counted(kernel.signature),)

    def wrong(called: Sequence[Called]) -> str:
        failure = outputs_differ(kernel, called[0].ranks[0], expected)
        return failure.why if failure else ""

    return Count(
        model=task.model,
        known=known,
        images=(image(known, 0, [*arguments, work_counts.no_counts()], np.random.default_rng()),),
        at=0,
        least=work_counts.least_of(arguments, kernel.flops(arguments)),
        wrong=wrong,
        limits=_LIMITS,
        lone=lone,
    )
