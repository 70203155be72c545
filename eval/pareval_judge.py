"""Judge answers of suite ``pareval``: the answer alone in its translation unit, called from outside with the inputs of the checkout's driver.

What a call must leave was written down by the checkout's baseline in another box (`hpcraft.eval.pareval_calls`), from a seed that nobody knows
before the judgement. Floating-point elements may differ by the driver's own absolute bound or by a relative one, and NaN stands only where it is
expected: the driver's comparison takes a NaN for right. One build is run with several numbers of threads or ranks; rank 0 holds the result.

Not covered: speed; races between ranks; models other than serial, omp, mpi and mpi+omp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError, MachineError
from hpcraft.eval import parallel_use
from hpcraft.eval.judging import Judgement, describe_run, settle_build, unsupported
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_calls import HEADERS, Recorded, Slot, entry_signature, epsilon, recorded, shim, slots
from hpcraft.eval.task import Task
from hpcraft.records import Failure
from hpcraft.sandbox.abi import DTYPES, Array, CallResult, Signature, compare_arrays, decode_results, encode_calls
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import Check, Job, Limits, Model, Outcome, Run, Verdict
from hpcraft.sandbox.races import with_static_schedules

_THREADS, _RANKS = (1, 2, 4), (1, 2, 3)
_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_LIMITS = Limits(wall_seconds=60.0, disk_mb=512)
_JUDGED = ("serial", "openmp", "mpi", "mpi+openmp")
_RACE_ELEMENTS = 10_000


def judge(task: Task, code: str, seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    problem = task.case
    assert isinstance(problem, Problem)
    if task.model not in _JUDGED:
        return unsupported(f"{task.model}: the checkout's driver launches the answer itself, which this suite doesn't judge yet")
    try:
        signature, calls = entry_signature(problem), recorded(problem, seed)
    except InputError as error:
        return unsupported(str(error))
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    if not any(differs(problem, call, _untouched(call)) for call in calls):
        return unsupported(f"{problem.name}: the driver's inputs don't tell the function from one that does nothing")
    judgement = Judgement()
    with sandbox.build(_job(task, problem, signature, code)) as build:
        if not settle_build(judgement, build.outcome):
            return judgement
        judgement.settle("parallel", parallel_use.check(task.model, task.language, code, build.symbols("candidate.cpp")))
        _run_all(judgement, task, problem, build, calls)
    _race(judgement, task, problem, code, calls)
    judgement.skip_rest("not reached")
    return judgement


def _job(task: Task, problem: Problem, signature: Signature, code: str, check: Check = "none") -> Job:
    model = cast("Model", task.model)
    mpi = model.startswith("mpi")
    return Job(
        files={
            "candidate.cpp": f"{HEADERS}#line 1\n{code}\n".encode(errors="replace"),
            "shim.cpp": shim(problem).encode(),
            "driver.c": driver_source([signature], mpi=mpi).encode(),
        },
        language="cpp",
        model=model,
        check=check,
        flags=("-DOMPI_SKIP_MPICXX",) if mpi else (),
    )


# ---------------------------------------------------------------- running


def _run_all(judgement: Judgement, task: Task, problem: Problem, build: sandbox.Build, calls: Sequence[Recorded]) -> None:
    """Run the build with every number of threads or ranks and settle the check ``correct``."""
    signature = entry_signature(problem)
    for run in _runs(task.model, _encoded(signature, calls)):
        outcome = build.run(run)
        if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
            judgement.verdict = outcome.verdict
            judgement.checks["correct"] = f"skip: {outcome.message}"
            judgement.log.append(outcome.message)
            return
        if failure := _wrong(problem, signature, calls, outcome):
            threads, ranks = run.threads * ("openmp" in task.model), run.ranks * ("mpi" in task.model)
            placed = replace(failure, threads=threads, ranks=ranks)
            judgement.fail(placed, placed.words, outcome)
            judgement.log += [outcome.stderr.strip(), outcome.message]
            return
    judgement.settle("correct", "pass")


def _encoded(signature: Signature, calls: Sequence[Recorded]) -> bytes:
    return encode_calls([signature], [(0, c.arguments) for c in calls])


def _runs(model: str, inputs: bytes) -> Iterator[Run]:
    plain = Run(data={_INPUTS: inputs}, collect=(_OUTPUTS,), limits=_LIMITS)
    if model == "openmp":
        for n in _THREADS:
            yield replace(plain, threads=n)
    elif model.startswith("mpi"):
        for n in _RANKS:
            yield replace(plain, ranks=n, threads=2 if model == "mpi+openmp" else 1)
    else:
        yield plain


def _wrong(problem: Problem, signature: Signature, calls: Sequence[Recorded], outcome: Outcome) -> Failure | None:
    results = decode_results([signature], (0,) * len(calls), outcome.outputs.get(_OUTPUTS, b""))
    for index, call in enumerate(calls):
        if index not in results:
            why = "the program ended without the result" if outcome.ok else describe_run(outcome)
        else:
            why = differs(problem, call, results[index])
        if why:
            return Failure(check="correct", why=why, call=index + 1, num_calls=len(calls))
    return None if outcome.ok else Failure(check="correct", why=describe_run(outcome))


def differs(problem: Problem, call: Recorded, got: CallResult) -> str:
    """What is wrong with one call."""
    if got.fault:
        return got.fault
    bound = epsilon(problem)
    if call.value.size and (why := _compare(call.value, np.array([got.value], DTYPES[problem.returns]), bound)):
        return f"return value: {why}"
    containers: list[Slot] = [slot for slot in slots(problem) if slot.container]
    for slot, expected, array in zip(containers, call.arrays, got.arrays, strict=True):
        if why := _compare(expected, array, bound):
            return f"{slot.name}: {why}"
    return ""


def _untouched(call: Recorded) -> CallResult:
    """What a function leaves that does nothing and returns 0."""
    arrays = tuple(a for a in call.arguments if isinstance(a, np.ndarray))
    return CallResult(index=0, crashed=False, signal=0, guards_intact=True, const_intact=True, value=0, arrays=arrays)


def _compare(expected: Array, got: Array, bound: float) -> str:
    """As `compare_arrays`, where what lies within the driver's own absolute bound is right, too."""
    if expected.dtype.kind == "f" and expected.shape == got.shape:
        with np.errstate(invalid="ignore"):
            near = np.abs(expected.astype(np.float64) - got.astype(np.float64)) <= bound
        got = np.where(near & np.isfinite(expected) & np.isfinite(got), expected, got)
    return compare_arrays(expected, got) or ""


def _race(judgement: Judgement, task: Task, problem: Problem, code: str, calls: Sequence[Recorded]) -> None:
    """Settle ``race-free`` by the thread sanitizer on the smaller calls."""
    small = [c for c in calls if sum(np.size(a) for a in c.arguments) <= _RACE_ELEMENTS]
    if task.model != "openmp" or judgement.failed or judgement.verdict is not Verdict.OK or not small:
        judgement.checks["race-free"] = "skip: failed before" if judgement.failed else f"skip: not offered for {task.model}"
        return
    signature = entry_signature(problem)
    with sandbox.build(_job(task, problem, signature, with_static_schedules(code), "race")) as build:
        outcome = build.outcome
        if build.ok:
            outcome = build.run(Run(threads=4, data={_INPUTS: _encoded(signature, small)}, collect=(_OUTPUTS,), limits=_LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.checks["race-free"] = f"skip: {outcome.message}"
    elif outcome.ok:
        whole = decode_results([signature], (0,) * len(small), outcome.outputs.get(_OUTPUTS, b""))
        judgement.settle("race-free", "pass" if len(whole) == len(small) else "fail: under the race detector not all calls left a result")
    else:
        judgement.log.append(outcome.stderr.strip())
        judgement.settle("race-free", f"fail: {'data race' if outcome.verdict is Verdict.RACE else describe_run(outcome)}", outcome)
