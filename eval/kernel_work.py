"""Whether the threads or ranks of a right answer to a kernel task shared its work, by what each of them did (`hpcraft.eval.work_counts`).

The size of the call is drawn between the largest small one and the one at which answers are timed, so that no answer shares its work at one
known size alone; what looks bad there must look so at the timed size, too, where the least part of the work is left to ends and beginnings.

Not covered: Python, Kokkos, CUDA (`hpcraft.eval.kernel_evidence`); OpenACC, whose compiler here makes one thread of it.
"""

from __future__ import annotations

import math

import numpy as np

from hpcraft import sandbox
from hpcraft.eval import work_counts
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


def suspicion(task: Task, code: str, seed: int, seconds: float) -> str:
    """Why the work can't have been shared; empty where it was, or nothing can be told.

    Args:
        task: what was asked.
        code: a right answer.
        seed: of all inputs.
        seconds: what the call at the timed size takes.
    """
    assert task.kernel is not None
    if task.language == "python" or task.model not in work_counts.SHAPES:
        return ""
    small, large = max(task.kernel.sizes), task.kernel.size_to_time
    rng = np.random.default_rng([seed, _DRAWN, *task.kernel.name.encode()])
    drawn = round(math.exp(rng.uniform(math.log(min(small, large)), math.log(large))))
    with sandbox.build(counted_job(task, code)) as build:
        if not build.ok:
            return work_counts.unbuilt(build.outcome)
        why = ""
        for size in (small,) if seconds > _LONG_SECONDS else (drawn, large):
            for _ in range(_TRIES if task.model == "offload" else 1):
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
