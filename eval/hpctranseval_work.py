"""Whether threads shared the work of a right answer of suite ``hpctranseval``, by what each of them did (`hpcraft.eval.work_counts`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.eval import work_counts
from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_build import DRIVER, entry, job
from hpcraft.eval.hpctranseval_compare import call_wrong
from hpcraft.eval.hpctranseval_trial import LIMITS, Known
from hpcraft.eval.judging import first_error
from hpcraft.eval.work_counts import Count, Finding
from hpcraft.sandbox.calls import Called, image


def ask(operator: Operator, wanted: Known, code: str) -> Finding:
    """What counting tells about an answer in one call; where threads of the checkout's own C repeat the work, nothing else is asked."""
    found = _ask(operator, wanted, code)
    if not found.failure or found.failure.check != "parallel":
        return found
    return Finding(silent="threads of the checkout's own C repeat the work") if _ask(operator, wanted, operator.code).failure else found


def _ask(operator: Operator, wanted: Known, code: str) -> Finding:
    called = entry(operator)
    known, rng = (work_counts.counted(called),), np.random.default_rng()

    def wrong(made: Sequence[Called]) -> str:
        return call_wrong(operator, wanted, made[0])

    count = Count(
        model="openmp",
        known=known,
        images=(image(known, 0, [*wanted.arguments, work_counts.no_counts()], rng),),
        at=0,
        least=work_counts.least_of(wanted.arguments),
        wrong=wrong,
        limits=LIMITS,
    )
    with sandbox.build(work_counts.counted_job(job(operator, code), DRIVER, known, called)) as build:
        return count.ask(build) if build.ok else Finding(silent=first_error(build.outcome))
