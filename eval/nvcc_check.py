"""Whether the device's own compiler takes an answer that was judged emulated, where it is installed; the same for all suites."""

from __future__ import annotations

from hpcraft import sandbox
from hpcraft.eval.judging import Judgement, first_error
from hpcraft.sandbox.outcome import Job, Verdict
from hpcraft.sandbox.toolchains import find


def settle(judgement: Judgement, job: Job) -> None:
    """Fail the check ``build`` of an answer that isn't taken.

    Args:
        judgement: of a right answer.
        job: the answer alone, to be compiled and not linked.
    """
    if judgement.level != "emulate" or judgement.failed or not find("nvcc"):
        return
    with sandbox.build(job) as build:
        outcome = build.outcome
    if outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        judgement.log.append(f"not tried with nvcc: {outcome.message}")
    elif not outcome.ok:
        judgement.settle("build", f"fail: nvcc refuses it: {first_error(outcome)}", outcome)
        judgement.log.append(outcome.compile.stderr.strip() if outcome.compile else "")
