"""Judge answers of suite ``pareval``: the answer alone in its translation unit, called from outside with the inputs of the checkout's driver.

What a call must leave was written down by the checkout's baseline in another box (`hpcraft.eval.pareval_inputs`), from a seed that nobody knows
before the judgement. Floating-point elements may differ by the driver's own absolute bound or by a relative one, and NaN stands only where it is
expected: the driver's comparison takes a NaN for right. One build is started with several numbers of threads or ranks; rank 0 holds the result.
A right answer is timed at the driver's own size where that was asked (`hpcraft.eval.pareval_time`), which also shows whether threads shared the work.

Not covered: races between ranks; models other than serial, omp, mpi and mpi+omp.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.errors import InputError, MachineError
from hpcraft.eval import fast_check, forbidden, performance, race_check, run_evidence
from hpcraft.eval.judging import Judgement, describe_run, first_error, settle_build, unsupported
from hpcraft.eval.kernel_trial import Shape, race_shape
from hpcraft.eval.pareval import SHAPES, Problem, baseline_code
from hpcraft.eval.pareval_calls import HEADERS, STEPS, Recorded, differs, images, joined, passes_undone, shim, signatures
from hpcraft.eval.pareval_inputs import epsilon, recorded
from hpcraft.eval.pareval_time import work
from hpcraft.eval.seen import Seen, needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import Called, Calls, Round
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Check, Job, Limits, Model, Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules

_CANDIDATE, _SHIM, _DRIVER = "candidate.cpp", "shim.cpp", "driver.c"
_LIMITS = Limits(wall_seconds=120.0, disk_mb=512)
"""Of each start, as ParEval's own program has it."""
_RACES = ("openmp", "mpi+openmp")
_RACE_ELEMENTS, _MOST_RACE_ELEMENTS = 10_000, 200_000
"""Calls with more are left out of the race check: the sanitizer is slow and sees nothing new in them."""


def judge(task: Task, code: str, seed: int, cores: Sequence[int] = ()) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``.

    Args:
        task: what was asked.
        code: the answer.
        seed: of all inputs.
        cores: numbers of cores at which a right answer is timed; none, and nothing is.
    """
    problem = task.case
    assert isinstance(problem, Problem)
    if task.model not in SHAPES:
        return unsupported(f"{task.model}: the checkout's driver launches the answer itself, which this suite doesn't judge yet")
    try:
        signatures(problem)
        calls = recorded(problem, seed)
    except InputError as error:
        return unsupported(str(error))
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    if all(passes_undone(call, epsilon(problem)) for call in calls):
        return unsupported(f"{problem.name}: the driver's inputs don't tell the function from one that does nothing")
    judgement = Judgement()
    with sandbox.build(_job(problem, task.model, code)) as build:
        if not settle_build(judgement, build.outcome):
            return judgement
        plain = _read(judgement, task, problem, code, build)
        _run_all(judgement, task, problem, build, calls)
        if cores and not judgement.failed and judgement.verdict is Verdict.OK:
            _time(judgement, task, code, build, seed, cores)
    _race(judgement, task, code, calls, plain)
    judgement.skip_rest("not reached")
    return judgement


def _job(problem: Problem, model: str, code: str, check: Check = "none") -> Job:
    mpi = model.startswith("mpi")
    return Job(
        files={
            _CANDIDATE: f"{HEADERS}#line 1\n{code}\n".encode(errors="replace"),
            _SHIM: shim(problem).encode(),
            _DRIVER: caller_source(signatures(problem), mpi=mpi).encode(),
        },
        language="cpp",
        model=cast("Model", model),
        check=check,
        flags=("-DOMPI_SKIP_MPICXX",) if mpi else (),
    )


def _read(judgement: Judgement, task: Task, problem: Problem, code: str, build: sandbox.Build) -> Seen | None:
    """Settle what code and symbols show; returns what the compiler sees, where that is something else than the answer."""
    plain = seen(build.preprocessed(_CANDIDATE)) if needs_preprocessor(code) else None
    text = plain.text if plain else ""
    mangled = re.compile(rf"_Z{len(problem.function)}{problem.function}")
    undefined = build.symbols(_SHIM)
    # What templates and headers leave in several objects is weak in the shim, too.
    own = {name: kind for name, kind in build.defined(_SHIM).items() if kind not in "WVu"}
    symbols = forbidden.Symbols(
        undefined=build.symbols(_CANDIDATE),
        defined=build.defined(_CANDIDATE),
        harness_undefined=undefined | build.symbols(_DRIVER),
        harness_defined={**own, **build.defined(_DRIVER)},
    )
    entry = next((name for name in sorted(undefined) if mangled.match(name)), problem.function)
    judgement.settle("honest", forbidden.check(task.model, "cpp", code, entry=entry, seen=text, symbols=symbols))
    judgement.settle("parallel", parallel_use.check(task.model, "cpp", text or code, symbols.undefined, entry=problem.function))
    return plain


# ---------------------------------------------------------------- running


def _run_all(judgement: Judgement, task: Task, problem: Problem, build: sandbox.Build, calls: Sequence[Recorded]) -> None:
    """Run the build with every number of threads or ranks and settle the check ``correct``."""
    for shape in SHAPES[task.model]:
        outcome = build.run(Run(calls=_calls(problem, calls, shape), limits=_LIMITS))
        if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
            judgement.verdict = outcome.verdict
            judgement.checks["correct"] = f"skip: {outcome.message}"
            judgement.log.append(outcome.message)
            return
        if failure := _wrong(problem, calls, outcome):
            judgement.fail(shape.place(failure, task.model), shape.place(failure, task.model).words, outcome)
            judgement.log += [outcome.stderr.strip(), outcome.message]
            return
    judgement.settle("correct", "pass")


def _calls(problem: Problem, calls: Sequence[Recorded], shape: Shape) -> Calls:
    """Every call in one start."""
    made = Round(images=images(problem, calls, np.random.default_rng()), threads=shape.threads, ranks=shape.ranks)
    return Calls(signatures(problem), (made,))


def _wrong(problem: Problem, calls: Sequence[Recorded], outcome: Outcome) -> Failure | None:
    found, bound = joined(outcome.called), epsilon(problem)
    for index, call in enumerate(calls):
        one = found.get((0, index))
        why = differs(problem, call, one, bound) if one else _ending(outcome)
        if why:
            return Failure(check="correct", why=why, call=index + 1, num_calls=len(calls))
    why = run_evidence.leftovers(list(found.values())) or ("" if outcome.ok else describe_run(outcome))
    return Failure(check="correct", why=why) if why else None


def _ending(outcome: Outcome) -> str:
    return "the program ended without the result" if outcome.ok else describe_run(outcome)


# ---------------------------------------------------------------- time


def _time(judgement: Judgement, task: Task, code: str, build: sandbox.Build, seed: int, cores: Sequence[int]) -> None:
    """Measure a right answer and settle the check ``fast``."""
    problem = task.case
    assert isinstance(problem, Problem)
    try:
        made = work(problem, task.model, seed)
    except (InputError, MachineError) as error:
        judgement.checks["fast"] = f"skip: {error}"
        return
    with sandbox.build(_job(problem, "serial", baseline_code(problem))) as baseline:
        if not baseline.ok:
            judgement.checks["fast"] = f"skip: the checkout's baseline doesn't build alone: {first_error(baseline.outcome)}"
            return
        for shape in dict.fromkeys(performance.shape_of(task.model, count) for count in cores):
            found = performance.measure_work(made, build, baseline, shape)
            if not fast_check.settle(judgement, found, shape, task.model):
                return
            if why := _alone(task.model, code, found.called, shape):
                judgement.fail(shape.place(Failure(check="parallel", why=why, size=found.size), task.model), why)


def _alone(model: str, code: str, called: Sequence[Called], shape: Shape) -> str:
    """Why the work was not shared at the timed size; empty where it was, or where that can't be told."""
    why = run_evidence.suspicion(model, called, shape)
    late = why and "openmp" in model and run_evidence.others_came_late(code, called)
    return "" if late else why


# ---------------------------------------------------------------- races


def _race(judgement: Judgement, task: Task, code: str, calls: Sequence[Recorded], plain: Seen | None) -> None:
    """Settle ``race-free`` by the thread sanitizer on the smaller calls, with loops shared by turns."""
    problem = task.case
    assert isinstance(problem, Problem)
    sizes = [sum(np.size(a) for a in call.arguments) for call in calls]
    # At least the smallest, where even that is no trifle: two-dimensional problems.
    small = [c for c, size in zip(calls, sizes, strict=True) if size <= max(_RACE_ELEMENTS, min(sizes)) and size <= _MOST_RACE_ELEMENTS]
    if task.model not in _RACES or judgement.failed or judgement.verdict is not Verdict.OK or not small:
        why = (
            "failed before" if judgement.failed else f"not offered for {task.model}" if task.model not in _RACES else "all calls are large"
        )
        judgement.checks["race-free"] = f"skip: {why}"
        return
    with sandbox.build(_job(problem, task.model, with_static_schedules(code), "race")) as build:
        if not build.ok:
            race_check.settle_unbuilt(judgement, build.outcome)
            return
        if plain and (why := forbidden.hides(code, plain, seen(build.preprocessed(_CANDIDATE)), task.model)):
            judgement.settle("race-free", f"fail: {why}")
            return
        outcome = build.run(Run(calls=_calls(problem, small, race_shape(task.model)), limits=_LIMITS))
    place = race_shape(task.model).place(Failure(check="race-free", why=""), task.model)
    race_check.settle_run(judgement, outcome, STEPS * len(small), place)
