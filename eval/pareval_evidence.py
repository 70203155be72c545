"""What the threads of a kernel of ParEval did: whether several of them had a part in the result (`hpcraft.eval.lone_threads`).

Work wasn't shared if one thread is enough for every call, whichever it is, or for the largest one. Of a function that only returns something it must be the
same one, also for calls that a 0 is right for: the thread that has the least element is enough for the least, another one the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.lone_threads import NOBODY, ON_THE_HOST, Interval, in_words, lone_in_all
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import STEPS, Recorded, differs, images, joined, num_elements, passes_undone, slots
from hpcraft.eval.pareval_inputs import epsilon
from hpcraft.eval.pareval_job import job, signatures_of
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Run

_LIMITS = Limits(wall_seconds=20.0, disk_mb=512)
_BITS = 20
"""No launch of these calls has more threads than two to this power."""
_MOST = 6
"""So many calls are tried, small ones first."""


def suspicion(problem: Problem, model: str, code: str, calls: Sequence[Recorded]) -> str:
    """Why the work of a right answer can't have been shared by threads; empty where it was, or where that can't be told.

    Args:
        problem: the task's.
        model: the task's.
        code: the answer.
        calls: those that it was judged by.
    """
    bound = epsilon(problem.called)
    telling = sorted((c for c in calls if not passes_undone(c, bound)), key=num_elements)
    with sandbox.build(job(problem, model, code, chosen=True)) as build:
        if not build.ok or not telling:
            return ""
        if _enough(problem, build, telling[0], [NOBODY])[0]:
            return ON_THE_HOST
        writes = any(slot.container and not slot.const for slot in slots(problem.called))
        alone = lone_in_all((partial(_enough, problem, build, call) for call in telling[: _MOST if writes else 1]), _BITS)
        if alone is None and writes:  # or only small work is shared
            alone = lone_in_all([partial(_enough, problem, build, telling[-1])], _BITS)
        if alone is None:
            return ""
        others = [] if writes else [call for call in calls if call is not telling[0]]
        if not writes and not (others and all(_enough(problem, build, call, [(alone[0], alone[0] + 1)])[0] for call in others)):
            return ""
    return in_words(alone)


def _enough(problem: Problem, build: sandbox.Build, call: Recorded, intervals: Sequence[Interval]) -> list[bool]:
    """Whether a call is right with the threads of each interval alone, each in a start of its own."""
    known, rng = signatures_of(problem, chosen=True), np.random.default_rng()
    steps = tuple(images(problem.called, [call], rng))
    rounds = tuple(Round(images=(image(known, len(known) - 1, [*interval], rng), *steps)) for interval in intervals)
    outcome = build.run(Run(calls=Calls(known, rounds), limits=_LIMITS))
    found, bound = joined(outcome.called, STEPS + 1), epsilon(problem.called)
    return [(i, 0) in found and not differs(problem.called, call, found[i, 0], bound) for i in range(len(intervals))]
