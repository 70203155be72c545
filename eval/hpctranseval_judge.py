"""Judge answers of suite ``hpctranseval``: alone in their translation unit, called through shared memory on inputs that nobody knows before.

What a call must leave comes from the checkout's own C in another box (`hpcraft.eval.hpctranseval_trial`); inputs must stay as they were where that
leaves them. An element may differ by rounding: one part in ten thousand, and as far as small changes of the inputs take the reference.
One build is started with several numbers of threads. The published comparison (its seed, inputs in [0, 1), 1e-7, NaN equal to NaN) is made
beside ours and decides nothing; the log begins with what it says.

Not covered: the speed of functions whose calls are over in less than a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.errors import MachineError
from hpcraft.eval import fast_check, forbidden, hpctranseval_work, performance, race_check, run_evidence
from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_build import CANDIDATE, DRIVER, SHIM, job
from hpcraft.eval.hpctranseval_compare import call_wrong
from hpcraft.eval.hpctranseval_time import untimed, work
from hpcraft.eval.hpctranseval_trial import LIMITS, Trial, calls_of, trial
from hpcraft.eval.judging import NOT_TIMED, Judgement, describe_run, ending, note_published, settle_build, unsupported
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.published import allclose_of_hpctranseval
from hpcraft.eval.seen import Seen, needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import Called
from hpcraft.sandbox.outcome import Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules

_THREADS = (2, 4, 1)
"""By start of the program."""
_RACE_THREADS = 4
_STARTS_FOR_EVIDENCE = 3


def judge(task: Task, code: str, seed: int, cores: Sequence[int] = ()) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``.

    Args:
        task: what was asked.
        code: the answer.
        seed: of all inputs.
        cores: numbers of cores at which a right answer is timed; none, and nothing is.
    """
    operator = task.case
    assert isinstance(operator, Operator)
    try:
        made = trial(operator, seed)
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    if made.problem:
        return unsupported(made.problem)
    judgement, plain = Judgement(), None
    with sandbox.build(job(operator, code)) as build:
        built = settle_build(judgement, build.outcome)
        if built:
            plain = _read(judgement, operator, made, code, build)
            _run_all(judgement, operator, made, code, build)
            if cores and judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
                _time(judgement, operator, made, build, seed, cores)
        if made.published and judgement.verdict is not Verdict.INFRA_ERROR:
            note_published(judgement, built and _as_published(operator, made, build))
    if not built:
        return judgement
    _race(judgement, task, made, code, plain)
    judgement.skip_rest("not reached")
    return judgement


def _read(judgement: Judgement, operator: Operator, made: Trial, code: str, build: sandbox.Build) -> Seen | None:
    """Settle what the code and its symbols show; returns what the compiler sees, where that is something else than the answer."""
    name = operator.signature.name
    plain = seen(build.preprocessed(CANDIDATE)) if needs_preprocessor(code) else None
    text = plain.text if plain else ""
    symbols = forbidden.Symbols(
        undefined=build.symbols(CANDIDATE),
        defined=build.defined(CANDIDATE),
        harness_undefined=build.symbols(DRIVER) | build.symbols(SHIM),
        harness_defined={**build.defined(DRIVER), **build.defined(SHIM)},
    )
    judgement.settle("honest", forbidden.check("openmp", "c", code, entry=name, seen=text, symbols=symbols))
    if made.parallel:
        judgement.settle("parallel", parallel_use.check("openmp", "c", text or code, symbols.undefined, entry=name))
    else:
        judgement.checks["parallel"] = "skip: the checkout's own C shares no work that this check knows"
    return plain


# ---------------------------------------------------------------- time


def _time(judgement: Judgement, operator: Operator, made: Trial, build: sandbox.Build, seed: int, cores: Sequence[int]) -> None:
    """Measure a right answer beside the checkout's own C on one thread, and settle the check ``fast``; of others only whether right ones are measured."""
    if why := untimed(operator, made.domains[0], seed):
        judgement.checks["fast"] = f"{NOT_TIMED}{why}"
        return
    if judgement.failed or judgement.verdict is not Verdict.OK:
        return
    timed = work(operator, made.domains[0], seed)
    with sandbox.build(job(operator, operator.code)) as reference:
        for shape in (Shape(threads=count) for count in dict.fromkeys(cores)):
            if not fast_check.settle(judgement, performance.measure_work(timed, build, reference, shape), shape, "openmp"):
                return


# ---------------------------------------------------------------- running


def _run_all(judgement: Judgement, operator: Operator, made: Trial, code: str, build: sandbox.Build) -> None:
    """Make every call and settle the checks ``correct`` and ``parallel``."""
    calls = calls_of(operator, [[one.arguments for one in known] for known in made.rounds], _THREADS[: len(made.rounds)])
    outcome = build.run(Run(calls=calls, limits=LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return
    why = _wrong(operator, made, outcome) or run_evidence.leftovers(outcome.called) or ("" if outcome.ok else describe_run(outcome))
    judgement.settle("correct", f"fail: {why}" if why else "pass", outcome)
    if why:
        judgement.log += [outcome.stdout.strip(), outcome.stderr.strip(), outcome.message]
        return
    if judgement.checks["parallel"] == "pass":
        judgement.settle("parallel", _evidence(operator, made, build, outcome.called))
    if judgement.checks["parallel"] == "pass":
        hpctranseval_work.ask(operator, made.rounds[0][0], code).settle(judgement)


def _wrong(operator: Operator, made: Trial, outcome: Outcome) -> str:
    called = {(one.round, one.index): one for one in outcome.called}
    for number, known in enumerate(made.rounds):
        for index, wanted in enumerate(known):
            one = called.get((number, index))
            why = ending(outcome) if one is None else call_wrong(operator, wanted, one)
            if why:
                threads = _THREADS[number]
                of = f" of {len(known)} ({made.domains[index]} inputs)" if number == 0 else " of 1"
                return f"with {threads} thread{'s' * (threads > 1)}: call {index + 1}{of}: {why}"
    return ""


def _as_published(operator: Operator, made: Trial, build: sandbox.Build) -> bool:
    """Whether the published comparison takes an answer."""
    assert made.published is not None
    call, wanted = made.published
    outcome = build.run(Run(calls=calls_of(operator, [[call]], (2,)), limits=LIMITS))
    if not outcome.called:
        return False
    got = [a for b, a in zip(operator.buffers, outcome.called[0].ranks[0].arrays, strict=True) if not b.is_input]
    return allclose_of_hpctranseval(wanted, got)


def _evidence(operator: Operator, made: Trial, build: sandbox.Build, called: Sequence[Called]) -> str:
    """What the threads did; where the reference itself gives one thread all the work, nothing else is asked of an answer."""
    shape = Shape(threads=_THREADS[0])
    why = run_evidence.suspicion("openmp", [one for one in called if one.round == 0], shape)
    again = calls_of(operator, [[one.arguments for one in made.rounds[0]]], _THREADS[:1])
    for _ in range(_STARTS_FOR_EVIDENCE):
        if not why:
            return "pass"
        why = run_evidence.suspicion("openmp", build.run(Run(calls=again, limits=LIMITS)).called, shape)
    with sandbox.build(job(operator, operator.code)) as reference:
        theirs = run_evidence.suspicion("openmp", reference.run(Run(calls=again, limits=LIMITS)).called, shape)
    return "pass" if theirs else f"fail: {why}"


def _race(judgement: Judgement, task: Task, made: Trial, code: str, plain: Seen | None) -> None:
    """Settle the check ``race-free``."""
    operator = task.case
    assert isinstance(operator, Operator)
    if judgement.failed or judgement.verdict is not Verdict.OK:
        judgement.checks["race-free"] = "skip: failed before"
        return
    if not made.sanitized:
        judgement.checks["race-free"] = "skip: its calls are too large for the race detector"
        return
    calls = [one.arguments for one in made.rounds[0]]
    with sandbox.build(job(operator, with_static_schedules(code), "race")) as build:
        if not build.ok:
            race_check.settle_unbuilt(judgement, build.outcome)
            return
        if plain and (why := forbidden.hides(code, plain, seen(build.preprocessed(CANDIDATE)), task.model)):
            judgement.settle("race-free", f"fail: {why}")
            return
        outcome = build.run(Run(calls=calls_of(operator, [calls], (_RACE_THREADS,)), limits=LIMITS))
    race_check.settle_run(judgement, outcome, len(calls), Failure(check="race-free", why="", threads=_RACE_THREADS))
