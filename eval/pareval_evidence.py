"""What the threads of a kernel of ParEval did: whether several of them had a part in the result.

Theory of operation. The answer is built once more, emulated, with an entry point that says which threads of a launch run, by their numbers in the grid; the
others return at once. Intervals of numbers that double are tried on the smallest call, one start for each; where one of these is enough, it is halved
until a single thread is left or nothing is right any more (as `hpcraft.eval.babeltower_evidence` does with calls of another kind). Work wasn't shared if
that thread is enough for every other call, too.

Not covered: how much of the work the other threads have; kernels that count who is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import STEPS, Recorded, differs, images, joined, passes_undone
from hpcraft.eval.pareval_inputs import epsilon
from hpcraft.eval.pareval_job import job, signatures_of
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Run

_LIMITS = Limits(wall_seconds=20.0, disk_mb=512)
_BITS = 20
"""No launch of these calls has more threads than two to this power."""
_FEWEST = 2
"""Calls that show something, below which nothing is said."""
Interval = tuple[int, int]


def suspicion(problem: Problem, model: str, code: str, calls: Sequence[Recorded]) -> str:
    """Why the work of a right answer can't have been shared by threads; empty where it was, or where that can't be told.

    Args:
        problem: the task's.
        model: the task's.
        code: the answer.
        calls: those that it was judged by.
    """
    bound = epsilon(problem.called)
    telling = sorted((c for c in calls if not passes_undone(c, bound)), key=lambda c: sum(np.size(a) for a in c.arguments))
    if len(telling) < _FEWEST:
        return ""
    with sandbox.build(job(problem, model, code, chosen=True)) as build:
        alone = _alone(problem, build, telling[0]) if build.ok else None
        # The thread that has the least element is enough for the least: another one the next time.
        if alone is None or not all(_enough(problem, build, call, [(alone, alone + 1)]) for call in telling[1:]):
            return ""
    return f"thread {alone} of the launch does all the work: the result is the same without the others"


def _alone(problem: Problem, build: sandbox.Build, call: Recorded) -> int | None:
    """The number of a thread that is enough by itself; None for no such one."""
    found = _enough(problem, build, call, [(0, 1), *((1 << bit, 2 << bit) for bit in range(_BITS))])
    while found and found[0][1] - found[0][0] > 1:
        halves = [half for first, behind in found for half in ((first, (first + behind) // 2), ((first + behind) // 2, behind))]
        found = _enough(problem, build, call, halves)
    return found[0][0] if found else None


def _enough(problem: Problem, build: sandbox.Build, call: Recorded, intervals: Sequence[Interval]) -> list[Interval]:
    """The intervals whose threads are enough for a call."""
    known, rng = signatures_of(problem, chosen=True), np.random.default_rng()
    steps = tuple(images(problem.called, [call], rng))
    rounds = tuple(Round(images=(image(known, len(known) - 1, [*interval], rng), *steps)) for interval in intervals)
    outcome = build.run(Run(calls=Calls(known, rounds), limits=_LIMITS))
    found, bound = joined(outcome.called, STEPS + 1), epsilon(problem.called)
    return [
        interval
        for number, interval in enumerate(intervals)
        if (number, 0) in found and not differs(problem.called, call, found[number, 0], bound)
    ]
