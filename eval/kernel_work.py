"""Whether the threads or ranks of a right answer to a kernel task shared its work, by what each of them did (`hpcraft.eval.work_counts`).

The size of the call is drawn between the largest small one and the one at which answers are timed, so that no answer shares its work at one
known size alone; what looks bad there must look so at the timed size, too, where the least part of the work is left to ends and beginnings.

OpenACC, of which its compiler makes one thread here, is said in OpenMP for it (`hpcraft.eval.openacc_races`), and counted at a small size.

Not covered: Python, Kokkos, CUDA (`hpcraft.eval.kernel_evidence`).
"""

from __future__ import annotations

import math

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError
from hpcraft.eval import openacc_races, work_counts
from hpcraft.eval.kernel_job import counted_job
from hpcraft.eval.task import Task
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Run

_LIMITS = Limits(wall_seconds=30.0, memory_mb=2048, disk_mb=256)
_DRAWN = 5
"""Beside the words of a trial's seeds (`hpcraft.eval.kernel_trial`)."""
_LONG_SECONDS = 0.25
"""Calls at the timed size that take longer are too long to be counted; then the largest small size has to do."""
_TRIES = 3
"""A thread that comes late to a dynamic schedule has nothing to do; it is late at times."""


def suspicion(task: Task, code: str, seed: int, seconds: float, preprocessed: str = "") -> str:
    """Why the work can't have been shared; empty where it was, or nothing can be told.

    Args:
        task: what was asked.
        code: a right answer.
        seed: of all inputs.
        seconds: what the call at the timed size takes.
        preprocessed: what its preprocessor leaves of it, where that is something else.
    """
    if task.language == "python":
        return ""
    if task.model == "openacc":
        return _openacc(task, code, seed, preprocessed)
    return _shared(task, code, seed, seconds) if task.model in work_counts.SHAPES else ""


def _openacc(task: Task, code: str, seed: int, preprocessed: str) -> str:
    """The same of each program that says the answer in OpenMP; one that shares work is enough, and one that doesn't build says nothing."""
    try:
        programs = openacc_races.in_openmp(code, task.language, preprocessed)
    except InputError:
        return ""
    why = ""
    for said in programs:
        why = _shared(task, said, seed, math.inf)
        if work_counts.LONE not in why:
            return ""
    return why


def _shared(task: Task, code: str, seed: int, seconds: float) -> str:
    assert task.kernel is not None
    small, large = max(task.kernel.sizes), task.kernel.size_to_time
    rng = np.random.default_rng([seed, _DRAWN, *task.kernel.name.encode()])
    drawn = round(math.exp(rng.uniform(math.log(min(small, large)), math.log(large))))
    with sandbox.build(counted_job(task, code)) as build:
        if not build.ok:
            return work_counts.unbuilt(build.outcome)
        why = ""
        for size in (small,) if seconds > _LONG_SECONDS else (drawn, large):
            for _ in range(_TRIES if task.model in work_counts.BY_TEAMS else 1):
                if not (why := _at(task, build, rng, size)):
                    return ""
        return why


def _at(task: Task, build: sandbox.Build, rng: np.random.Generator, size: int) -> str:
    """What is held against the answer at a size."""
    assert task.kernel is not None
    known = (work_counts.counted(task.kernel.signature),)
    arguments = task.kernel.make_inputs(rng, size)
    sent = image(known, 0, [*arguments, work_counts.no_counts()], rng)
    shapes, least = work_counts.SHAPES[task.model], work_counts.least_of(arguments, task.kernel.flops(arguments))
    rounds = tuple(Round(images=(sent,), threads=shape.threads, ranks=shape.ranks) for shape in shapes)
    return work_counts.suspicion(task.model, build.run(Run(calls=Calls(known, rounds), limits=_LIMITS)).called, least)
