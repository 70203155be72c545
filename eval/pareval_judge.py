"""Judge answers of suite ``pareval``: the answer alone in its translation unit, called from outside with the inputs of the checkout's driver.

What a call must leave was written down by the checkout's baseline in another box (`hpcraft.eval.pareval_inputs`), from a seed that nobody knows
before the judgement. Floating-point elements may differ by the driver's own absolute bound or by a relative one, and NaN stands only where it is
expected: the driver's comparison takes a NaN for right. One build is started with several numbers of threads or ranks, or orders of blocks; rank 0 holds the result.
A right answer is timed at the driver's own size where that was asked (`hpcraft.eval.pareval_time`), which also shows whether threads shared the work; what they
did is counted in any case (`hpcraft.eval.pareval_work`), and kernels that run emulated are watched (`hpcraft.eval.pareval_evidence`).

Not covered: races between ranks; races of Kokkos; times on a device.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.errors import InputError, MachineError
from hpcraft.eval import fast_check, forbidden, forbidden_start, nvcc_check, pareval_work, performance, race_check, run_evidence
from hpcraft.eval.judging import NOT_TIMED, Judgement, describe_run, ending, first_error, grows_beyond, settle_build, unsupported
from hpcraft.eval.kernel_trial import Shape, race_shape
from hpcraft.eval.lone_answers import more_than_one, tells_builds_apart
from hpcraft.eval.pareval import DEVICE_MODELS, SHAPES, Problem, baseline_code
from hpcraft.eval.pareval_calls import STEPS, Recorded, blind, differs, images, joined, num_elements, signatures
from hpcraft.eval.pareval_evidence import suspicion
from hpcraft.eval.pareval_inputs import calls_of, epsilon
from hpcraft.eval.pareval_job import file_names, job
from hpcraft.eval.pareval_kernel import HOST, launch_text
from hpcraft.eval.pareval_time import work
from hpcraft.eval.seen import Seen, by_own_macros, needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import Calls, Round
from hpcraft.sandbox.outcome import Limits, Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules

_LIMITS = Limits(wall_seconds=120.0, disk_mb=512)
"""Of each start, as ParEval's own program has it."""
_RACES = ("openmp", "mpi+openmp", *DEVICE_MODELS)
_TIMED = ("serial", "openmp", "mpi", "mpi+openmp", "kokkos")
_RACE_ELEMENTS = 10_000
"""Calls with more are made under the race detector in a start of their own, which may be too slow to come to an end."""
_LARGE = 2
"""So many of them, the largest."""


def judge(task: Task, code: str, seed: int, cores: Sequence[int] = ()) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``.

    Args:
        task: what was asked.
        code: the answer.
        seed: of all inputs.
        cores: numbers of cores at which a right answer is timed; none, and nothing is.

    Raises:
        UnreadableError: its preprocessor makes too much of it.
    """
    problem = task.case
    assert isinstance(problem, Problem)
    try:
        built = job(problem, task.model, code)
        calls = calls_of(problem, task.model, seed)
    except InputError as error:
        return unsupported(str(error))
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    if why := blind(problem.called, calls, epsilon(problem.called)):
        return unsupported(f"{problem.name}: {why}")
    judgement = Judgement()
    with sandbox.build(built) as build:
        judgement.level = build.outcome.cuda_level or task.level
        if not settle_build(judgement, build.outcome):
            return judgement
        plain = _read(judgement, task, problem, code, build)
        if build.runnable:
            run_all(judgement, task, problem, build, calls)
        else:
            judgement.settle("correct", "skip: built, not run (no device)")
        right = build.runnable and not judgement.failed and judgement.verdict is Verdict.OK
        if cores and judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
            _time(judgement, task, code, build, seed, cores)
    if right and task.model in DEVICE_MODELS and (why := suspicion(problem, task.model, code, calls)):
        judgement.fail(Failure(check="parallel", why=why), why)
    if right and judgement.checks["parallel"] == "pass":
        pareval_work.ask(problem, task.model, code, calls).settle(judgement)
    if task.model == "cuda":
        nvcc_check.settle(judgement, job(problem, task.model, code, alone=True))
    _race(judgement, task, code, calls, plain, seed)
    judgement.skip_rest("not reached")
    return judgement


def _read(judgement: Judgement, task: Task, problem: Problem, code: str, build: sandbox.Build) -> Seen | None:
    """Settle what code and symbols show; returns what the compiler sees, where that is something else than the answer."""
    plain = _seen(task.model, code, build)
    text = plain.text if plain else ""
    candidate, shim, driver = file_names(task.model)
    mangled = re.compile(rf"_Z{len(problem.function)}{problem.function}")
    undefined = build.symbols(shim)
    # What templates and headers leave in several objects is weak in the shim, too.
    own = {name: kind for name, kind in build.defined(shim).items() if kind not in "WVu"}
    symbols = forbidden.Symbols(
        undefined=build.symbols(candidate),
        defined=build.defined(candidate),
        harness_undefined=undefined | build.symbols(driver),
        harness_defined={**own, **build.defined(driver)},
    )
    entry = next((name for name in sorted(undefined) if mangled.match(name)), problem.function)
    on_device = task.model in DEVICE_MODELS
    model = "cuda" if on_device else task.model
    why = _device_tricks(problem, code, text) if on_device else ""
    judgement.settle("honest", f"fail: {why}" if why else forbidden.check(model, "cpp", code, entry=entry, seen=text, symbols=symbols))
    if on_device:
        launched = (text or code) + launch_text(problem)
        judgement.settle("parallel", parallel_use.check(model, "cpp", launched, None, entry=HOST))
    else:
        judgement.settle("parallel", parallel_use.check(model, "cpp", text or code, symbols.undefined, entry=problem.function))
    return plain


def _device_tricks(problem: Problem, code: str, text: str) -> str:
    """What a kernel may not hold beside what no answer may; empty for nothing."""
    why = forbidden.names_the_harness(code) or forbidden.names_the_harness(text) or tells_builds_apart(code)
    why = why or more_than_one(text or code, problem.function)
    variable = "" if why else forbidden_start.before_calls(text or code)
    return f"runs code before or after the calls (the initialiser of {variable})" if variable else why


def _seen(model: str, code: str, build: sandbox.Build) -> Seen | None:
    """What the preprocessor leaves; of an emulated kernel, which was translated before it, what the answer's own macros leave."""
    if not needs_preprocessor(code):
        return None
    if build.outcome.cuda_level == "emulate":
        try:
            return by_own_macros(code)
        except MachineError:  # its conditionals need what stands in headers; the text as it is written is looked at
            return None
    return seen(build.preprocessed(file_names(model)[0]))


# ---------------------------------------------------------------- running


def run_all(judgement: Judgement, task: Task, problem: Problem, build: sandbox.Build, calls: Sequence[Recorded]) -> None:
    """Run the build with every number of threads or ranks and settle the check ``correct``.

    A kernel is meant for a device: that the largest call takes too long without one isn't held against it, if that was to be expected.
    """
    emulated = task.model in DEVICE_MODELS
    some = calls[:-1] if emulated else calls
    for shape in SHAPES[task.model]:
        outcome = build.run(Run(calls=_calls(problem, some, shape), limits=_LIMITS))
        if _fails(judgement, task, problem, some, shape, outcome):
            return
    if emulated:
        before = joined(outcome.called)[0, len(some) - 1].seconds
        outcome = build.run(Run(calls=_calls(problem, calls[-1:], shape), limits=_LIMITS))
        may_be = grows_beyond(before, num_elements(calls[-1]) / num_elements(some[-1]), _LIMITS.wall_seconds)
        if may_be and outcome.verdict is Verdict.TIME_LIMIT:
            judgement.log.append(f"not tried with {num_elements(calls[-1])} elements: emulated it takes too long")
        elif _fails(judgement, task, problem, calls[-1:], shape, outcome):
            return
    judgement.settle("correct", "pass")


def _fails(judgement: Judgement, task: Task, problem: Problem, calls: Sequence[Recorded], shape: Shape, outcome: Outcome) -> bool:
    """Whether a start says more than that all calls are right, which is settled then."""
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return True
    if failure := _wrong(problem, calls, outcome):
        judgement.fail(shape.place(failure, task.model), shape.place(failure, task.model).words, outcome)
        judgement.log += [outcome.stderr.strip(), outcome.message]
        return True
    return False


def _calls(problem: Problem, calls: Sequence[Recorded], shape: Shape) -> Calls:
    """Every call in one start."""
    made = images(problem.called, calls, np.random.default_rng())
    return Calls(signatures(problem.called), (Round(images=made, threads=shape.threads, ranks=shape.ranks, schedule=shape.schedule),))


def _wrong(problem: Problem, calls: Sequence[Recorded], outcome: Outcome) -> Failure | None:
    found, bound = joined(outcome.called), epsilon(problem.called)
    for index, call in enumerate(calls):
        one = found.get((0, index))
        why = differs(problem.called, call, one, bound) if one else ending(outcome)
        if why:
            return Failure(check="correct", why=why, call=index + 1, num_calls=len(calls))
    why = run_evidence.leftovers(list(found.values())) or ("" if outcome.ok else describe_run(outcome))
    return Failure(check="correct", why=why) if why else None


# ---------------------------------------------------------------- time


def _time(judgement: Judgement, task: Task, code: str, build: sandbox.Build, seed: int, cores: Sequence[int]) -> None:
    """Measure a right answer and settle the check ``fast``; of others only whether right ones are measured."""
    problem = task.case
    assert isinstance(problem, Problem)
    if task.model not in _TIMED:
        judgement.checks["fast"] = f"{NOT_TIMED}not offered for {task.model}"
        return
    try:
        made = work(problem.called, task.model, seed)
    except (InputError, MachineError) as error:
        judgement.checks["fast"] = f"{NOT_TIMED}{error}"
        return
    if judgement.failed or judgement.verdict is not Verdict.OK:
        return
    with sandbox.build(job(problem.called, "serial", baseline_code(problem.called))) as baseline:
        if not baseline.ok:
            judgement.checks["fast"] = f"{NOT_TIMED}the checkout's baseline doesn't build alone: {first_error(baseline.outcome)}"
            return
        for shape in dict.fromkeys(performance.shape_of(task.model, count) for count in cores):
            found = performance.measure_work(made, build, baseline, shape)
            if not fast_check.settle(judgement, found, shape, task.model):
                return
            why = run_evidence.suspicion(task.model, found.called, shape)
            if why and not ("openmp" in task.model and run_evidence.others_came_late(code, found.called)):
                judgement.fail(shape.place(Failure(check="parallel", why=why, size=found.size), task.model), why)


# ---------------------------------------------------------------- races


def _race(judgement: Judgement, task: Task, code: str, calls: Sequence[Recorded], plain: Seen | None, seed: int) -> None:
    """Settle ``race-free``, on smaller calls and then on large ones: by the thread sanitizer, with loops shared by turns, and of kernels by the emulation's own check."""
    problem = task.case
    assert isinstance(problem, Problem)
    if task.model not in _RACES or judgement.failed or judgement.verdict is not Verdict.OK:
        judgement.checks["race-free"] = f"skip: {'failed before' if judgement.failed else f'not offered for {task.model}'}"
        return
    ordered = sorted(calls, key=num_elements)
    # At least the smallest, where even that is no trifle: two-dimensional problems.
    small = [c for c in ordered if num_elements(c) <= max(_RACE_ELEMENTS, num_elements(ordered[0]))]
    with sandbox.build(job(problem, task.model, with_static_schedules(code), "race")) as build:
        if not build.ok:
            race_check.settle_unbuilt(judgement, build.outcome)
            return
        shown = None if task.model in DEVICE_MODELS else plain
        if shown and (why := forbidden.hides(code, shown, seen(build.preprocessed(file_names(task.model)[0])), task.model)):
            judgement.settle("race-free", f"fail: {why}")
            return
        shape = race_shape(task.model, seed)
        place = shape.place(Failure(check="race-free", why=""), task.model)
        for some, may_be_beyond in ((small, False), (ordered[len(small) :][-_LARGE:], True)):
            if some and judgement.checks.get("race-free", "pass") == "pass":
                outcome = build.run(Run(calls=_calls(problem, some, shape), limits=_LIMITS))
                race_check.settle_run(judgement, outcome, STEPS * len(some), place, may_be_beyond=may_be_beyond)
