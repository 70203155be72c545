"""Whether threads or ranks shared the work of a right answer of suite ``pareval``, by what each of them did (`hpcraft.eval.work_counts`).

The driver's inputs are small, so that time on the processor tells nothing; counts do. The call with most elements is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.eval import work_counts
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import Recorded, num_elements
from hpcraft.eval.pareval_job import counted_job, counted_signatures
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Run

_LIMITS = Limits(wall_seconds=60.0, disk_mb=512)


def suspicion(problem: Problem, model: str, code: str, calls: Sequence[Recorded]) -> str:
    """Why the work can't have been shared; empty where it was, or nothing can be told.

    Args:
        problem: the task's.
        model: the task's, a key of `work_counts.SHAPES`.
        code: a right answer.
        calls: those that it was judged by.
    """
    known, rng = counted_signatures(problem.called), np.random.default_rng()
    arguments = max(calls, key=num_elements).arguments
    images = (image(known, 0, arguments, rng), image(known, 1, [work_counts.no_counts()], rng))
    rounds = tuple(Round(images=images, threads=shape.threads, ranks=shape.ranks) for shape in work_counts.SHAPES[model])
    with sandbox.build(counted_job(problem, model, code)) as build:
        if not build.ok:
            return work_counts.unbuilt(build.outcome)
        called = build.run(Run(calls=Calls(known, rounds), limits=_LIMITS)).called
    return work_counts.suspicion(model, [one for one in called if one.index == 1], work_counts.least_of(arguments))
