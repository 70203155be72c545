"""What the threads of an answer in CUDA to a kernel task did: whether several of them had a part in the result (`hpcraft.eval.lone_threads`).

The calls are the small ones of the race check, and then those of a middle size, so that an answer doesn't share small work alone. Work is taken as shared as
soon as one call needs several threads for more than a twentieth of what it sets; a function that only returns something must need them for some call that
another thread is enough for, too, since the thread that has the least element is enough for the least.

Not covered: answers whose one thread does everything above some hundred thousand elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.kernel_job import chosen_job, chosen_signatures
from hpcraft.eval.kernel_trial import Trial, middle_trial, num_wrong, trial
from hpcraft.eval.lone_threads import LIBRARY, NOBODY, ON_THE_HOST, Interval, in_words, lone_in_all
from hpcraft.eval.task import Task
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Run

_LIMITS = Limits(wall_seconds=20.0)
_MOST = 4
"""So many calls are tried, those with most elements first."""
_BITS = 20
_LEAST_SHARED = 0.05
"""Of the elements that the kernels set in a call, what all threads but one must have a part in; of fewer than twenty elements, one."""


def suspicion(task: Task, code: str, seed: int) -> str:
    """Why the work of a right answer can't have been shared by threads of a kernel; empty where it was, or where that can't be told.

    Args:
        task: what was asked.
        code: the answer.
        seed: of all inputs.
    """
    assert task.kernel is not None
    name = task.kernel.name
    with sandbox.build(chosen_job(task, code)) as build:
        if not build.ok:
            return ""
        why = _alone(task, build, trial(name, "emulate", seed, race=True)) or _alone(task, build, middle_trial(name, task.model, seed))
    return "" if why == ON_THE_HOST and LIBRARY in code else why


def _alone(task: Task, build: sandbox.Build, made: Trial) -> str:
    """What is held against an answer for each of whose calls one thread, or none, is enough; empty for nothing."""
    assert task.kernel is not None
    order = sorted(range(made.num_calls), key=lambda i: -len(made.calls.rounds[0].images[i].open))
    wrong = partial(_num_wrong, task, build, made)
    undone = {i: wrong(i, [NOBODY])[0] for i in order}
    telling = [i for i in order if undone[i] != 0][:_MOST]
    if not telling:
        return ON_THE_HOST

    def enough(index: int, intervals: Sequence[Interval]) -> list[bool]:
        most = _LEAST_SHARED * (undone[index] or 0)
        return [found is not None and found <= most for found in wrong(index, intervals)]

    alone = lone_in_all((partial(enough, index) for index in telling), _BITS)
    if alone is None:
        return ""
    if not task.kernel.outputs and not all(wrong(i, [(alone[0], alone[0] + 1)])[0] == 0 for i in order):
        return ""
    exactly = all(wrong(i, [(thread, thread + 1)])[0] == 0 for i, thread in zip(telling, alone, strict=True))
    return in_words(alone) if exactly else f"{in_words(alone)}, but for a twentieth at most"


def _num_wrong(task: Task, build: sandbox.Build, made: Trial, index: int, intervals: Sequence[Interval]) -> list[int | None]:
    """How many elements of a call are wrong with the threads of each interval alone, each in a start of its own; None where a call didn't end well."""
    assert task.kernel is not None
    known, rng = chosen_signatures(task), np.random.default_rng()
    sent = made.calls.rounds[0].images[index]
    rounds = tuple(Round(images=(image(known, 1, [*interval], rng), sent)) for interval in intervals)
    called = {(one.round, one.index): one for one in build.run(Run(calls=Calls(known, rounds), limits=_LIMITS)).called}
    found = [called.get((number, 1)) for number in range(len(intervals))]
    expected = made.expected[0][index]
    return [None if one is None or one.ranks[0].fault else num_wrong(task.kernel, one.ranks[0], expected) for one in found]
