"""Judge answers of suite ``hpctranseval``: alone in their translation unit, called through shared memory on inputs that nobody knows before.

What a call must leave comes from the checkout's own C in another box (`hpcraft.eval.hpctranseval_trial`); inputs must stay as they were where that
leaves them. An element may differ by rounding: one part in ten thousand, and as far as small changes of the inputs take the reference.
One build is started with several numbers of threads. The published comparison (its seed, inputs in [0, 1), 1e-7, NaN equal to NaN) is made
beside ours and decides nothing; the log begins with what it says.

Not covered: speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval import forbidden, parallel_use, run_evidence
from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_build import CANDIDATE, DRIVER, SHIM, job
from hpcraft.eval.hpctranseval_trial import LIMITS, Known, Trial, Wanted, calls_of, trial
from hpcraft.eval.judging import Judgement, describe_run, first_error, note_published, settle_build, unsupported
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.published import allclose_of_hpctranseval
from hpcraft.eval.seen import differs, needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.sandbox.abi import Array
from hpcraft.sandbox.calls import Called
from hpcraft.sandbox.outcome import Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules

_THREADS = (2, 4, 1)
"""By start of the program."""
_RACE_THREADS = 4
_STARTS_FOR_EVIDENCE = 3


def judge(task: Task, code: str, seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    operator = task.case
    assert isinstance(operator, Operator)
    try:
        made = trial(operator, seed)
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    if made.problem:
        return unsupported(made.problem)
    judgement = Judgement()
    with sandbox.build(job(operator, code)) as build:
        built = settle_build(judgement, build.outcome)
        if built:
            _read(judgement, operator, made, code, build)
            _run_all(judgement, operator, made, build)
        if made.published and judgement.verdict is not Verdict.INFRA_ERROR:
            note_published(judgement, built and _as_published(operator, made, build))
    if not built:
        return judgement
    _race(judgement, operator, made, code)
    judgement.skip_rest("not reached")
    return judgement


def _read(judgement: Judgement, operator: Operator, made: Trial, code: str, build: sandbox.Build) -> None:
    """Settle what the code and its symbols show."""
    name = operator.signature.name
    text = seen(build.preprocessed(CANDIDATE)).text if needs_preprocessor(code) else ""
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


# ---------------------------------------------------------------- running


def _run_all(judgement: Judgement, operator: Operator, made: Trial, build: sandbox.Build) -> None:
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


def _wrong(operator: Operator, made: Trial, outcome: Outcome) -> str:
    called = {(one.round, one.index): one for one in outcome.called}
    for number, known in enumerate(made.rounds):
        for index, wanted in enumerate(known):
            one = called.get((number, index))
            if one is None:
                why = "the program ended without the result" if outcome.ok else describe_run(outcome)
            else:
                why = _call_wrong(operator, wanted, one)
            if why:
                threads = _THREADS[number]
                of = f" of {len(known)} ({made.domains[index]} inputs)" if number == 0 else " of 1"
                return f"with {threads} thread{'s' * (threads > 1)}: call {index + 1}{of}: {why}"
    return ""


def _call_wrong(operator: Operator, wanted: Known, one: Called) -> str:
    result = one.ranks[0]
    if not one.still:
        return "left processes that could not be stopped"
    if not result.guards_intact:
        return "wrote outside an array"
    for buffer, want, got in zip(operator.buffers, wanted.wanted, result.arrays, strict=True):
        if want is not None and buffer.is_input and want.values.tobytes() != got.tobytes():
            return f"changed the input {buffer.name}"
        if want is not None and not buffer.is_input and (why := _differs(want, got)):
            return f"{buffer.name}: {why}"
    return ""


def _differs(want: Wanted, got: Array) -> str:
    """Where an output differs; NaN and infinity stand only where they are expected."""
    values = want.values
    if values.dtype.kind != "f":
        bad = want.known & (got != values)
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(got.astype(np.float32) - values.astype(np.float32)) <= want.tolerance
        same = (got == values) | (np.isnan(got) & np.isnan(values))
        # Written so that a NaN on either side is never "near".
        bad = want.known & ~np.where(np.isfinite(values) & np.isfinite(got), near, same)
    if not bad.any():
        return ""
    first = int(np.argmax(bad))
    return f"{int(bad.sum())} of {bad.size} elements wrong, first [{first}] is {got[first]:.9g} instead of {values[first]:.9g}"


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


def _race(judgement: Judgement, operator: Operator, made: Trial, code: str) -> None:
    """Settle the check ``race-free``."""
    if judgement.failed or judgement.verdict is not Verdict.OK:
        judgement.checks["race-free"] = "skip: failed before"
        return
    if not made.sanitized:
        judgement.checks["race-free"] = "skip: its calls are too large for the race detector"
        return
    calls = [one.arguments for one in made.rounds[0]]
    with sandbox.build(job(operator, with_static_schedules(code), "race")) as build:
        outcome = build.outcome
        if build.ok:
            if needs_preprocessor(code):
                with sandbox.build(job(operator, code)) as plain:
                    one, other = seen(plain.preprocessed(CANDIDATE)), seen(build.preprocessed(CANDIDATE))
                if where := differs(code, one, other):
                    judgement.settle("race-free", f"fail: the race detector would see other code than the judge ({where} of the answer)")
                    return
            outcome = build.run(Run(calls=calls_of(operator, [calls], (_RACE_THREADS,)), limits=LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.checks["race-free"] = f"skip: {outcome.message}"
    elif not build.ok:
        judgement.settle("race-free", f"fail: doesn't build for the race detector: {first_error(outcome)}", outcome)
    elif outcome.ok:
        whole = len(outcome.called) == len(calls)
        judgement.settle("race-free", "pass" if whole else "fail: under the race detector not all calls left a result")
    else:
        judgement.log.append(outcome.stderr.strip())
        raced = outcome.verdict is Verdict.RACE or "ThreadSanitizer: data race" in outcome.stderr
        why = "data race" if raced else f"under the race detector it {describe_run(outcome)}"
        judgement.settle("race-free", f"fail: {why}", replace(outcome, verdict=Verdict.RACE) if raced else outcome)
