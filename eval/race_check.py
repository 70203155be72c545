"""What a run under the race detector says of an answer: the check ``race-free``, the same for all suites.

Not covered: how an answer is built for it, and with what it is called.
"""

from __future__ import annotations

from dataclasses import replace

from hpcraft.eval.judging import UNLOOKED, Judgement, describe_run, first_error, not_its_fault
from hpcraft.samples import Failure
from hpcraft.sandbox.outcome import Outcome, Verdict

CHECK = "race-free"
BEYOND = (Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT)
"""How large calls may end under the race detector without a word against the answer (`settle_beyond`)."""


def settle_unbuilt(judgement: Judgement, outcome: Outcome) -> None:
    """Settle the check where nothing ran: only what the machine lacks is a skip, as an answer can refuse this build alone, or hold what it lacks."""
    if not_its_fault(outcome):
        judgement.checks[CHECK] = f"skip: {outcome.message or outcome.verdict}"
        if outcome.verdict is Verdict.INFRA_ERROR:
            judgement.verdict = Verdict.INFRA_ERROR
        return
    why = outcome.message if outcome.verdict is Verdict.UNSUPPORTED else first_error(outcome)
    judgement.settle(CHECK, f"fail: doesn't build for the race detector: {why}", replace(outcome, verdict=Verdict.COMPILE_ERROR))


def settle_beyond(judgement: Judgement, outcome: Outcome) -> None:
    """Settle the check where smaller calls have no race, and large ones take more than there is."""
    judgement.checks[CHECK] = f"skip: {UNLOOKED}large calls are beyond the limits of the race detector (it {describe_run(outcome)})"


def settle_run(
    judgement: Judgement, outcome: Outcome, num_calls: int, place: Failure, *, told: str = "", may_be_beyond: bool = False
) -> None:
    """Settle the check by a run.

    Args:
        judgement: of the answer.
        outcome: of the run.
        num_calls: that were to be made; an answer that leaves before has shown nothing.
        place: where a race was found.
        told: more words on a run that ended badly.
        may_be_beyond: whether it isn't held against the answer that the run was beyond its limits, as large calls are under the detector.
    """
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        settle_unbuilt(judgement, outcome)
        return
    if outcome.ok:
        count = len(outcome.called)
        whole = count == num_calls
        judgement.settle(CHECK, "pass" if whole else f"fail: under the race detector {count} of {num_calls} calls left a whole result")
        return
    judgement.log.append(outcome.stderr.strip())
    if outcome.verdict is Verdict.RACE or "ThreadSanitizer: data race" in outcome.stderr:
        # So many reports can take so long that the time limit ends them; it is the race that decides.
        failure = replace(place, check=CHECK, why="data race")
        judgement.fail(failure, failure.why, replace(outcome, verdict=Verdict.RACE))
    elif may_be_beyond and outcome.verdict in BEYOND:
        settle_beyond(judgement, outcome)
    else:
        judgement.settle(CHECK, f"fail: under the race detector it {describe_run(outcome)}{told}", outcome)
