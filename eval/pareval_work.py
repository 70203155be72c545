"""Whether threads or ranks shared the work of a right answer of suite ``pareval``, by what each of them did (`hpcraft.eval.work_counts`).

Most inputs of the drivers are small, so that time on the processor tells nothing; counts do. The call with most elements is made, one at a large drawn size. Work of which
others than the busiest thread or rank have a small part is shared badly, which is not held against an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.eval import run_evidence, work_counts
from hpcraft.eval.judging import first_error
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import STEPS, Recorded, differs, images, joined, num_elements, signatures
from hpcraft.eval.pareval_inputs import epsilon
from hpcraft.eval.pareval_job import file_names, job
from hpcraft.eval.work_counts import Count, Finding
from hpcraft.sandbox.calls import Called, image
from hpcraft.sandbox.outcome import Limits
from hpcraft.sandbox.races import with_static_schedules

_LEAST_SHARED = 0.002
"""Of all that was done, what others than the busiest must have done: some problems are mostly sorted by one thread after a little shared work."""
_WHOEVER_COMES = re.compile(
    r"\bMPI_(?:ANY_SOURCE|Fetch_and_op|Compare_and_swap|Get_accumulate|I?probe|I?mprobe|Wait(?:any|some)|Test\w*)\b", re.IGNORECASE
)
"""How ranks take what is there, so that one of them may find everything taken."""
_LIMITS = Limits(wall_seconds=60.0, disk_mb=512)


def ask(problem: Problem, model: str, code: str, calls: Sequence[Recorded]) -> Finding:
    """What counting tells about an answer.

    Args:
        problem: the task's.
        model: the task's.
        code: a right answer.
        calls: those that it was judged by.
    """
    code = with_static_schedules(code)
    if model not in work_counts.SHAPES:
        return Finding()
    asked, rng = problem.called, np.random.default_rng()
    give, run, take = signatures(asked)
    call, known = max(calls, key=num_elements), (give, work_counts.counted(run), take)
    given, _, taken = images(asked, [call], rng)

    def wrong(called: Sequence[Called]) -> str:
        return differs(asked, call, joined(called, STEPS)[called[0].round, 0], epsilon(asked))

    count = Count(
        model=model,
        known=known,
        images=(given, image(known, 1, [work_counts.no_counts()], rng), taken),
        at=1,
        least=work_counts.least_of(call.arguments),
        wrong=wrong,
        limits=_LIMITS,
        lone=not run_evidence.hangs_on_who_comes_first(code, "cpp"),
        lone_ranks=not _WHOEVER_COMES.search(code),
        least_shared=_LEAST_SHARED,
    )
    with sandbox.build(work_counts.counted_job(job(problem, model, code), file_names(model)[2], known, run)) as build:
        return count.ask(build) if build.ok else Finding(silent=first_error(build.outcome))
