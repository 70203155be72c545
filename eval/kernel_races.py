"""The check ``race-free`` of answers to kernel tasks, which needs another build of the same code.

OpenMP, target constructs and MPI with OpenMP run under the thread sanitizer, emulated CUDA under the emulation's own check. OpenACC is said in OpenMP first
(`openacc_races`), and Python runs as plain Python whose accesses are noted (`sandbox/traced.py`); where the one or the other can't be done, or gives other
results than the answer, that isn't held against it, and the check says that races were not looked for, and why. Small calls are made first; then, but for
Python, large ones, in which an answer may come to its end or not: the race detector makes some ways to share work very slow.

Not covered: races between ranks; Kokkos; a device's own; in Python, races at larger sizes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hpcraft import sandbox
from hpcraft.errors import InputError
from hpcraft.eval import forbidden, openacc_races, race_check
from hpcraft.eval.judging import UNLOOKED, Judgement, describe_run, first_error
from hpcraft.eval.kernel_job import candidate_name, job, openacc_job
from hpcraft.eval.kernel_trial import Trial, large_trial, race_shape, trial
from hpcraft.eval.seen import Seen, seen
from hpcraft.eval.task import Task
from hpcraft.samples import Failure
from hpcraft.sandbox.outcome import Limits, Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules, without_simd

_LIMITS = Limits(wall_seconds=60.0, memory_mb=2048, disk_mb=256)
_MODELS = ("openmp", "mpi+openmp", "offload", "openacc", "cuda")
"""The models whose races can be looked for; those of a device by threads of the host."""
_REPORT = re.compile(r"^data race: [^\n]*", re.MULTILINE)
_RACED = 66
"""The exit code of `sandbox/traced.py`."""


def settle(judgement: Judgement, task: Task, code: str, seed: int, plain: Seen | None) -> None:
    """Settle the check ``race-free``.

    Args:
        judgement: with the checks that came before.
        task: what was asked.
        code: the answer.
        seed: of all inputs.
        plain: what its compiler sees, where that is something else than the answer.
    """
    if task.model not in _MODELS:
        judgement.checks["race-free"] = f"skip: not offered for {task.model}"
    elif judgement.failed:
        judgement.checks["race-free"] = "skip: failed before"
    elif task.language == "python":
        _trace(judgement, task, code, seed)
    elif task.model == "openacc":
        _openacc(judgement, task, code, seed, plain)
    else:
        _threads(judgement, task, code, seed, plain)


def _threads(judgement: Judgement, task: Task, code: str, seed: int, plain: Seen | None) -> None:
    checked = with_static_schedules(without_simd(code) if task.language == "fortran" else code)
    with sandbox.build(job(task, checked, "race")) as build:
        if not build.ok:
            race_check.settle_unbuilt(judgement, build.outcome)
            return
        if plain and task.model != "cuda":
            why = forbidden.hides(code, plain, seen(build.preprocessed(candidate_name(task))), task.model)
            if why:
                judgement.settle("race-free", f"fail: {why}")
                return
        _watch(judgement, task, build, _trial(task, seed), seed)
        if judgement.checks["race-free"] == "pass":
            _watch(judgement, task, build, _large(task, seed), seed, large=True)


def _watch(judgement: Judgement, task: Task, build: sandbox.Build, made: Trial, seed: int, *, large: bool = False) -> None:
    outcome = build.run(Run(calls=made.calls, limits=_LIMITS))
    told = f" ({outcome.message})" if task.model == "cuda" and outcome.message else ""
    place = race_shape(task.model, seed).place(Failure(check="race-free", why=""), task.model)
    race_check.settle_run(judgement, outcome, made.num_calls, place, told=told, may_be_beyond=large)


def _openacc(judgement: Judgement, task: Task, code: str, seed: int, plain: Seen | None) -> None:
    try:
        programs = openacc_races.in_openmp(code, task.language, plain.text if plain else "")
    except InputError as error:
        _not_looked_for(judgement, str(error))
        return
    for said in programs:
        with sandbox.build(
            openacc_job(task, with_static_schedules(without_simd(said) if task.language == "fortran" else said), "race")
        ) as build:
            for made, large in ((_trial(task, seed), False), (_large(task, seed), True)):
                _openmp(judgement, task, build.run(Run(calls=made.calls, limits=_LIMITS)), made, seed, large=large)
                if judgement.checks["race-free"] != "pass":
                    return


def _openmp(judgement: Judgement, task: Task, outcome: Outcome, made: Trial, seed: int, *, large: bool) -> None:
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        race_check.settle_unbuilt(judgement, outcome)
    elif outcome.verdict is Verdict.COMPILE_ERROR:
        _not_looked_for(judgement, f"said in OpenMP it doesn't build ({first_error(outcome)})")
    elif _raced(outcome):
        judgement.log.append(outcome.stderr.strip())
        _fail(judgement, task, outcome, seed)
    elif large and outcome.verdict in race_check.BEYOND:
        race_check.settle_beyond(judgement, outcome)
    else:
        _same_results(judgement, made, outcome, "said in OpenMP")


def _trace(judgement: Judgement, task: Task, code: str, seed: int) -> None:
    made = _trial(task, seed)
    with sandbox.build(job(task, code, "race")) as build:
        outcome = build.run(Run(calls=made.calls, limits=_LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        race_check.settle_unbuilt(judgement, outcome)
    elif outcome.exit_code == _RACED and (report := _REPORT.search(outcome.stderr)):
        judgement.log.append(report[0])
        _fail(judgement, task, outcome, seed)
    else:
        _same_results(judgement, made, outcome, "as plain Python")


def _same_results(judgement: Judgement, made: Trial, outcome: Outcome, how: str) -> None:
    """No race was found: that counts if what ran was the answer, which its results show."""
    failure = made.wrong(outcome.called, outcome.progress, describe_run(outcome))
    if failure is None and outcome.ok:
        judgement.settle("race-free", "pass")
        return
    judgement.log.append(outcome.stderr.strip())
    why = failure.why if failure else describe_run(outcome)
    _not_looked_for(judgement, f"{how} it does something else ({why})")


def _trial(task: Task, seed: int) -> Trial:
    assert task.kernel is not None
    return trial(task.kernel.name, "numba" if task.language == "python" else task.model, seed, race=True)


def _large(task: Task, seed: int) -> Trial:
    assert task.kernel is not None
    return large_trial(task.kernel.name, task.model, seed)


def _not_looked_for(judgement: Judgement, why: str) -> None:
    judgement.checks["race-free"] = f"skip: {UNLOOKED}{why}"


def _raced(outcome: Outcome) -> bool:
    """So many reports can take so long that the time limit ends them; it is the race that decides."""
    return outcome.verdict is Verdict.RACE or "ThreadSanitizer: data race" in outcome.stderr


def _fail(judgement: Judgement, task: Task, outcome: Outcome, seed: int) -> None:
    failure = Failure(check="race-free", why="data race")
    if task.language != "python":  # which runs as plain Python, with one thread
        failure = race_shape(task.model, seed).place(failure, task.model)
    judgement.fail(failure, failure.why, replace(outcome, verdict=Verdict.RACE))
