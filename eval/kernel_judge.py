"""Judge answers to kernel tasks: build, call from outside, compare with the oracle, check for races and for real parallel work.

Theory of operation. The candidate is compiled alone and linked with a small main. The sandbox's launcher calls it through shared memory:
inputs come into the box one call at a time, everything stands still while results are copied, and the clock, the guard zones, the comparison
of const inputs and the use of the processor are outside (`sandbox/calls.py`). What the arrays must hold is computed here, by numpy, and never enters
the box. Outputs hold NaN before the call where the kernel must not read them. Neither exit code nor words on stdout are
evidence: only right outputs are. Inputs come from a seed that nobody knows before the judgement. One build is started with several
numbers of threads or ranks, a device's code on the processor with several orders of blocks.

Not covered: results that are wrong on ranks other than 0, races between MPI ranks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.data.python_code import unbuildable
from hpcraft.errors import MachineError
from hpcraft.eval import fast_check, forbidden, kernel_evidence, kernel_races, kernel_work, performance, run_evidence
from hpcraft.eval.judging import Judgement, describe_run, grows_beyond, settle_build
from hpcraft.eval.kernel_job import candidate_name, driver_name, job
from hpcraft.eval.kernel_trial import Trial, large_trial, middle_trial, timed_trial, trial
from hpcraft.eval.lone_answers import tells_builds_apart
from hpcraft.eval.seen import Seen, by_own_macros, needs_preprocessor, seen
from hpcraft.eval.suites import reference
from hpcraft.eval.task import Task
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import Called
from hpcraft.sandbox.outcome import Limits, Outcome, Run, Verdict
from hpcraft.store import sha256_bytes

_RUN_LIMITS = Limits(wall_seconds=40.0, memory_mb=2048, disk_mb=256)
"""For all rounds together."""
_PYTHON_LIMITS = replace(_RUN_LIMITS, wall_seconds=60.0)
"""The first start compiles, each one imports numba."""
_MOST_WORDS = 160
"""Of what a program in Python raised."""
_MORE_STARTS, _MORE_CALLS = 5, 6
"""Until a suspicion is a verdict."""
_LAUNCHES = "_ZN12hpcraft_cuda6launch"
"""How the emulation of a device calls what the device's compiler calls ``cudaLaunchKernel``."""


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
    assert task.kernel is not None
    judgement, plain = Judgement(), None
    if not code.strip():
        judgement.settle("build", "fail: the answer holds no code")
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.skip_rest("no code")
        return judgement
    if task.language == "python" and (why := unbuildable(code, task.kernel.signature)):
        judgement.settle("build", f"fail: {why}")
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.skip_rest("not reached")
        return judgement
    with sandbox.build(job(task, code, "none")) as build:
        level = build.outcome.cuda_level
        judgement.level = level or ""
        if settle_build(judgement, build.outcome):
            plain = _read(judgement, task, code, build)
            if build.runnable:
                _run_all(judgement, task, code, plain, build, seed)
                if cores and not judgement.failed and judgement.verdict is Verdict.OK:
                    _time(judgement, task, build, seed, cores)
            else:
                judgement.settle("correct", "skip: built, not run (no device)")
    if judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        kernel_races.settle(judgement, task, code, seed, plain)
    judgement.skip_rest("not reached")
    return judgement


def _read(judgement: Judgement, task: Task, code: str, build: sandbox.Build) -> Seen | None:
    """Settle what an answer's code and symbols show; returns what its compiler sees, where that is something else than the answer."""
    assert task.kernel is not None
    name, entry, driver = candidate_name(task), task.kernel.name, driver_name(task)
    if task.language == "python":
        judgement.settle("honest", forbidden.check(task.model, task.language, code, entry=entry))
        judgement.settle("parallel", parallel_use.check(task.model, task.language, code, None, entry=entry))
        return None
    plain = _seen(task, code, build)
    text = plain.text if plain else ""
    symbols = forbidden.Symbols(
        undefined=_symbols(build.symbols(name), code),
        defined=build.defined(name),
        harness_undefined=build.symbols(driver),
        harness_defined=build.defined(driver),
    )
    why = forbidden.names_the_harness(code) or forbidden.names_the_harness(text) or tells_builds_apart(code) if task.model == "cuda" else ""
    judgement.settle(
        "honest", f"fail: {why}" if why else forbidden.check(task.model, task.language, code, entry=entry, seen=text, symbols=symbols)
    )
    judgement.settle("parallel", parallel_use.check(task.model, task.language, text or code, symbols.undefined, entry=entry))
    return plain


def _seen(task: Task, code: str, build: sandbox.Build) -> Seen | None:
    """What the preprocessor leaves; of emulated CUDA, which was translated before it, what the answer's own macros leave."""
    if task.language == "fortran" or not needs_preprocessor(code):
        return None
    if task.model == "cuda" and build.outcome.cuda_level == "emulate":
        try:
            return by_own_macros(code)
        except MachineError:  # its conditionals need what stands in headers; the text as it is written is looked at
            return None
    return seen(build.preprocessed(candidate_name(task)))


def object_sha256(task: Task, code: str) -> str:
    """A hash of the object that an answer compiles to; empty where it doesn't. Two answers of one object do the same."""
    with sandbox.build(job(task, code, "none")) as build:
        content = build.objects().get(candidate_name(task))
    return sha256_bytes(content) if content else ""


def _symbols(found: Collection[str], code: str) -> frozenset[str]:
    """With the emulation's word for a launch in the device's own; Thrust's algorithms are emulated without a launch."""
    emulated = any(name.startswith(_LAUNCHES) for name in found) or "#include <thrust/" in code
    return frozenset(found) | ({"cudaLaunchKernel"} if emulated else set[str]())


def _trial(task: Task, build: sandbox.Build, seed: int) -> Trial:
    assert task.kernel is not None
    if task.language == "python":
        return trial(task.kernel.name, "numba" if task.model == "openmp" else task.model, seed)
    level = build.outcome.cuda_level
    return trial(task.kernel.name, "emulate" if level == "emulate" else task.model, seed)


def _limits(task: Task) -> Limits:
    return _PYTHON_LIMITS if task.language == "python" else _RUN_LIMITS


def _run_all(judgement: Judgement, task: Task, code: str, plain: Seen | None, build: sandbox.Build, seed: int) -> None:
    """Make every call of every round, and settle the checks ``correct`` and ``parallel``."""
    made = _trial(task, build, seed)
    called = _called(judgement, build, made, _limits(task))
    if called is None or (made.model == "emulate" and _called_large(judgement, build, task, seed) is None):
        return
    judgement.settle("correct", "pass")
    if judgement.checks["parallel"] != "pass":
        return
    if task.model == "cuda":  # run emulated for it, wherever it was called
        if why := kernel_evidence.suspicion(task, code, seed):
            judgement.fail(Failure(check="parallel", why=why), why)
        return
    _settle_evidence(judgement, task, code, build, made, called, seed)
    if judgement.checks["parallel"] != "pass":
        return
    timed = [one for one in called if one.round == 0][-1].seconds
    kernel_work.ask(task, code, seed, timed, plain.text if plain else "").settle(judgement)


def _called_large(judgement: Judgement, build: sandbox.Build, task: Task, seed: int) -> Sequence[Called] | None:
    """Make large calls of an emulated answer, which is meant for a device: that they take too long without one isn't held against it, if that was to be expected."""
    assert task.kernel is not None
    middle, large = (made(task.kernel.name, task.model, seed) for made in (middle_trial, large_trial))
    called = _called(judgement, build, middle, _RUN_LIMITS)
    if called is None:
        return None
    times_larger = large.most_bytes / middle.most_bytes
    expected = grows_beyond(max(one.seconds for one in called), times_larger, _RUN_LIMITS.wall_seconds)
    return _called(judgement, build, large, _RUN_LIMITS, may_take_long=expected)


def _called(
    judgement: Judgement, build: sandbox.Build, made: Trial, limits: Limits, *, may_take_long: bool = False
) -> Sequence[Called] | None:
    """Make every call of a trial; None where one failed, or none could be made, which is settled then."""
    outcome = build.run(Run(calls=made.calls, limits=limits))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return None
    failure = wrong(made, outcome)
    if failure and may_take_long and outcome.verdict is Verdict.TIME_LIMIT and failure.call == len(outcome.called) + 1:
        judgement.log.append(f"not tried at {failure.size}: emulated it takes too long")
    elif failure:
        judgement.fail(failure, failure.words, outcome)
        judgement.log += [outcome.stdout.strip(), outcome.stderr.strip(), outcome.message]
        return None
    return outcome.called


def _settle_evidence(
    judgement: Judgement, task: Task, code: str, build: sandbox.Build, made: Trial, called: Sequence[Called], seed: int
) -> None:
    """Settle whether threads or ranks shared the work at the timed size, the last call of the first round.

    Where that call alone doesn't show it clearly, more such calls are made, each with other inputs, and their results must be right, too.

    Where the machine is busy, one thread may be through with a dynamic schedule before another one is given a core: then it counts that
    there is another one.
    """
    assert task.kernel is not None
    shape = made.shapes[0]
    largest = [one for one in called if one.round == 0][-1]
    why = run_evidence.suspicion(task.model, [largest], shape, run_evidence.CLEAR_SHARE)
    limits = replace(_limits(task), wall_seconds=_MORE_CALLS * _limits(task).wall_seconds)
    for start in range(_MORE_STARTS):
        if not why:
            return
        again = _called(judgement, build, timed_trial(task.kernel.name, made.model, seed, start, _MORE_CALLS), limits)
        if again is None:
            return
        warm = again[1:]  # the first call of a start makes threads, and in Python compiles
        why = run_evidence.suspicion(task.model, warm, shape)
        if why and "openmp" in task.model and run_evidence.others_came_late(code, warm):
            return
    if why:
        judgement.fail(shape.place(Failure(check="parallel", why=why, size=made.sizes[0][-1]), task.model), why)


def _time(judgement: Judgement, task: Task, build: sandbox.Build, seed: int, cores: Sequence[int]) -> None:
    """Measure a right answer and settle the check ``fast``, which refuses what the machine can't do."""
    assert task.kernel is not None
    if build.outcome.cuda_level == "emulate":
        judgement.checks["fast"] = "skip: emulated"
        return
    baseline = reference(task.kernel.name, "serial", "c")
    for shape in dict.fromkeys(performance.shape_of(task.model, count) for count in cores):
        found = performance.measure(task.kernel.name, build, baseline, shape, seed)
        if not fast_check.settle(judgement, found, shape, task.model):
            return


def wrong(made: Trial, outcome: Outcome) -> Failure | None:
    """What is wrong with a run, None when every call left what it must and the program ended well."""
    if failure := made.wrong(outcome.called, outcome.progress, _ending(outcome)):
        return failure
    why = run_evidence.leftovers(outcome.called) or ("" if outcome.ok else describe_run(outcome))
    return Failure(check="correct", why=why) if why else None


def _ending(outcome: Outcome) -> str:
    if outcome.ok:
        return "the program ended without the result"
    words = outcome.stderr.strip().splitlines()
    raised = words[-1].strip()[:_MOST_WORDS] if words and "Traceback (most recent call last)" in words[0] else ""
    return describe_run(outcome) + (f": {raised}" if raised else "")
