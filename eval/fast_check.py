"""What measuring says of an answer: its times, and the check ``fast``, which refuses what the machine can't do; the same for all suites.

Not covered: what is measured (`hpcraft.eval.performance`).
"""

from __future__ import annotations

from dataclasses import replace

from hpcraft.eval.judging import Judgement
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.performance import Measured, Timing
from hpcraft.samples import Failure

CHECK = "fast"


def settle(judgement: Judgement, found: Measured, shape: Shape, model: str) -> bool:
    """Keep the time at one number of cores and settle the check; tells whether there is a time."""
    if found.wrong:
        judgement.fail(shape.place(found.wrong, model), f"when timed: {found.wrong.words}")
    if found.timing is None:
        judgement.checks[CHECK] = f"skip: {found.failed or 'wrong when timed'}"
        return False
    number = str(shape.threads * shape.ranks)
    judgement.timings[number] = found.timing.to_json()
    judgement.instructions[number], judgement.uncounted = found.instructions, found.uncounted
    if judgement.checks.get(CHECK, "pass") == "pass":
        _settle(judgement, found.timing, shape.place(Failure(check=CHECK, why="", size=found.size), model))
    return True


def _settle(judgement: Judgement, timing: Timing, place: Failure) -> None:
    """Settle the check at one number of cores, which ``place`` says."""
    verdict = timing.verdict()
    if not verdict.startswith("fail: "):
        judgement.checks[CHECK] = verdict
        return
    why = verdict.removeprefix("fail: ")
    got, least = (f"{seconds * 1e3:.3g} ms" for seconds in (timing.seconds, timing.least_seconds))
    judgement.fail(replace(place, why=why, got=got, expected=f"at least {least}"), why)
