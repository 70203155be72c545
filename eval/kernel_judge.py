"""Judge answers to kernel tasks: build, call from outside, compare with the oracle, check for races.

Theory of operation. The candidate is compiled alone. A driver in C calls it with arguments from a file and
writes all arrays to another; what they must hold is computed here, by numpy, and never enters the box. Outputs hold NaN before the
call where the kernel must not read them, arrays lie between guard zones, const inputs are compared afterwards. Neither exit code
nor words on stdout are evidence: only right outputs are. Inputs come from a seed that nobody knows before the judgement.
One build is run with several numbers of threads or ranks.

Not covered: speed; races in Fortran and between MPI ranks; results that are wrong on ranks other than 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hpcraft import sandbox
from hpcraft.eval import parallel_use
from hpcraft.eval.judging import NO_CODE, Judgement, describe_run, first_error
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.task import Expected, Outputs, Task
from hpcraft.sandbox.abi import DTYPES, Argument, Array, CallResult, Signature, decode_results, driver_source, encode_calls
from hpcraft.sandbox.outcome import Check, Job, Language, Limits, Model, Outcome, Run, Verdict

THREADS = (1, 2, 4)
RANKS = (1, 2, 3)

_FLAGS: dict[tuple[str, str], tuple[str, ...]] = {("mpi", "cpp"): ("-DOMPI_SKIP_MPICXX",)}
"""Open MPI's C++ bindings left the standard with MPI 3; parsing them takes three quarters of the compiler's time."""
_CANDIDATE = {"c": "candidate.c", "cpp": "candidate.cpp", "fortran": "candidate.f90"}
_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_RUN_LIMITS = Limits(wall_seconds=20.0, memory_mb=2048, disk_mb=256)
_RACE_LIMITS = Limits(wall_seconds=60.0, memory_mb=2048, disk_mb=256)
_RACE_ELEMENTS = 3_000
"""Calls with more array elements are left out of the race check: the sanitizer is slow and sees nothing new in them."""
_RACE_THREADS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The calls of one judgement and what they must give."""

    inputs: bytes
    race_inputs: bytes
    race_calls: int
    """Number of calls in ``race_inputs``."""
    functions: tuple[int, ...]
    expected: tuple[Outputs, ...]
    shapes: tuple[str, ...]
    """The scalar arguments of each call, for people."""


@lru_cache(maxsize=16)
def trial(kernel_name: str, seed: int) -> Trial:
    """Inputs and expected outputs of a kernel, the same for every answer of one judgement."""
    kernel = KERNELS[kernel_name]
    calls = list(kernel.calls(seed))
    small = [c for c in calls if sum(np.size(a) for a in c) <= _RACE_ELEMENTS]
    signatures = [kernel.signature]
    return Trial(
        inputs=encode_calls(signatures, [(0, c) for c in calls]),
        race_inputs=encode_calls(signatures, [(0, c) for c in small]),
        race_calls=len(small),
        functions=(0,) * len(calls),
        expected=tuple(kernel.oracle(c) for c in calls),
        shapes=tuple(_shape(task_names(kernel_name), c) for c in calls),
    )


def task_names(kernel_name: str) -> list[str]:
    """Parameter names of a kernel."""
    return [p.name for p in KERNELS[kernel_name].signature.parameters]


def judge(task: Task, code: str, seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    assert task.kernel is not None
    judgement = Judgement()
    if not code.strip():
        judgement.settle("build", NO_CODE)
        judgement.verdict = Verdict.COMPILE_ERROR
        judgement.skip_rest("no code")
        return judgement
    with sandbox.build(_job(task, code, "none")) as build:
        if _built(judgement, build.outcome):
            symbols = build.symbols(candidate_name(task))
            judgement.settle("parallel", parallel_use.check(task.model, task.language, code, symbols))
            if task.model == "cuda" and task.kernel.name in symbols:
                judgement.settle("build", f"fail: {task.kernel.name} is declared and never defined")
            if task.level == "compile":
                judgement.settle("correct", "skip: built, not run (no device)")
            else:
                _run_all(judgement, task, build, seed)
    if judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        _race(judgement, task, code, seed)
    judgement.skip_rest("not reached")
    return judgement


def candidate_name(task: Task) -> str:
    """The source file that holds an answer."""
    return "entry.cu" if task.model == "cuda" else _CANDIDATE[task.language]


def _job(task: Task, code: str, check: Check) -> Job:
    assert task.kernel is not None
    if task.model == "cuda":
        files = _cuda_files(task.kernel.signature, code)
    else:
        driver = driver_source([task.kernel.signature], mpi=task.model == "mpi")
        files = {candidate_name(task): code.encode(errors="replace"), "driver.c": driver.encode()}
    language, model = cast("Language", task.language), cast("Model", task.model)
    return Job(files=files, language=language, model=model, check=check, cuda="compile", flags=_FLAGS.get((model, language), ()))


def _cuda_files(signature: Signature, code: str) -> dict[str, bytes]:
    """CUDA isn't linked, so the compiler is asked whether the entry point is there with the right types and linkage."""
    entry = (
        f'#include "candidate.cuh"\nextern "C" {signature.prototype()};\n{signature.prototype("(*hpcraft_entry)")} = {signature.name};\n'
    )
    return {"candidate.cuh": code.encode(errors="replace"), "entry.cu": entry.encode()}


def _built(judgement: Judgement, outcome: Outcome) -> bool:
    """Settle the check ``build``."""
    if outcome.compile is not None:
        judgement.log.append(outcome.compile.stderr.strip())
    if outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        judgement.verdict = outcome.verdict
        judgement.checks["build"] = f"skip: {outcome.message or outcome.verdict}"
        judgement.log.append(outcome.message)
        return False
    if not outcome.ok:
        judgement.settle("build", f"fail: {first_error(outcome)}", outcome)
        return False
    judgement.settle("build", "pass")
    return True


def _run_all(judgement: Judgement, task: Task, build: sandbox.Build, seed: int) -> None:
    """Run one build with every number of threads or ranks and settle the check ``correct``."""
    assert task.kernel is not None
    made = trial(task.kernel.name, seed)
    for what, run in _runs(task, made.inputs):
        outcome = build.run(run)
        if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
            judgement.verdict = outcome.verdict
            judgement.checks["correct"] = f"skip: {outcome.message}"
            judgement.log.append(outcome.message)
            return
        if why := wrong(task, made, outcome):
            judgement.settle("correct", f"fail: {what}{why}", outcome)
            judgement.log += [outcome.stdout.strip(), outcome.stderr.strip(), outcome.message]
            return
    judgement.settle("correct", "pass")


def _runs(task: Task, inputs: bytes) -> Iterator[tuple[str, Run]]:
    plain = Run(data={_INPUTS: inputs}, collect=(_OUTPUTS,), limits=_RUN_LIMITS)
    if task.model == "openmp":
        for threads in THREADS:
            yield f"with {threads} thread{'s' * (threads > 1)}: ", replace(plain, threads=threads)
    elif task.model == "mpi":
        for ranks in RANKS:
            yield f"with {ranks} rank{'s' * (ranks > 1)}: ", replace(plain, ranks=ranks)
    else:
        yield "", plain


def wrong(task: Task, made: Trial, outcome: Outcome) -> str:
    """What is wrong with a run's outputs, empty when every call left what it must."""
    assert task.kernel is not None
    data = outcome.outputs.get(_OUTPUTS, b"")
    results = decode_results([task.kernel.signature], made.functions, data)
    for index, expected in enumerate(made.expected):
        where = f"call {index + 1} of {len(made.expected)} ({made.shapes[index]}): "
        if index not in results:
            ending = "the program ended without the result" if outcome.ok else describe_run(outcome)
            return where + ending
        if why := _differs(task, results[index], expected):
            return where + why
    return "" if outcome.ok else describe_run(outcome)


def _differs(task: Task, result: CallResult, expected: Outputs) -> str:
    assert task.kernel is not None
    if not result.guards_intact:
        return "wrote outside an array"
    if not result.const_intact:
        return "changed an input that is const"
    signature = task.kernel.signature
    named = [(signature.arrays[i].name, result.arrays[i]) for i in task.kernel.outputs]
    if signature.returns != "void":
        named.append(("return value", np.array([result.value], DTYPES[signature.returns])))
    for (name, array), one in zip(named, expected, strict=True):
        if why := compare(array, one):
            return why if len(named) == 1 else f"{name}: {why}"
    return ""


def compare(array: Array, expected: Expected) -> str:
    """Where an output array differs from what is expected; NaN and infinity must stand exactly where they are expected."""
    if array.shape != expected.values.shape:
        return f"{array.size} elements, {expected.values.size} expected"
    if array.dtype.kind != "f":
        bad = array != expected.values
        return _where(bad, array, expected.values)
    got, want = array.astype(np.float64), expected.values.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - want) <= expected.tolerance
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    # Written so that a NaN on either side is never "near".
    bad = ~np.where(np.isfinite(want) & np.isfinite(got), near, same)
    return _where(bad, got, want)


def _where(bad: NDArray[np.bool_], got: Array, want: Array) -> str:
    if not bad.any():
        return ""
    first = int(np.argmax(bad))
    return f"{int(bad.sum())} of {bad.size} elements wrong, first [{first}] is {got[first]:.17g} instead of {want[first]:.17g}"


def _race(judgement: Judgement, task: Task, code: str, seed: int) -> None:
    """Settle the check ``race-free`` with the thread sanitizer, which needs another build."""
    assert task.kernel is not None
    if task.model != "openmp":
        judgement.checks["race-free"] = f"skip: not offered for {task.model}"
        return
    if task.language == "fortran":
        judgement.checks["race-free"] = "skip: not offered for Fortran"
        return
    if judgement.failed:
        judgement.checks["race-free"] = "skip: failed before"
        return
    made = trial(task.kernel.name, seed)
    with sandbox.build(_job(task, code, "race")) as build:
        if not build.ok:
            _race_unbuilt(judgement, build.outcome)
            return
        outcome = build.run(Run(threads=_RACE_THREADS, data={_INPUTS: made.race_inputs}, collect=(_OUTPUTS,), limits=_RACE_LIMITS))
    judgement.log.append(outcome.stderr.strip() if not outcome.ok else "")
    if outcome.ok:
        # An answer that leaves before the calls are made has shown nothing.
        whole = decode_results([task.kernel.signature], (0,) * made.race_calls, outcome.outputs.get(_OUTPUTS, b""))
        judgement.settle("race-free", _all_called([not r.crashed for r in whole.values()], made.race_calls))
    elif outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        _race_unbuilt(judgement, outcome)
    elif outcome.verdict is Verdict.RACE or "ThreadSanitizer: data race" in outcome.stderr:
        # So many reports can take so long that the time limit ends them; it is the race that decides.
        judgement.settle("race-free", "fail: data race", replace(outcome, verdict=Verdict.RACE))
    else:
        judgement.settle("race-free", f"fail: under the race detector it {describe_run(outcome)}", outcome)


def _race_unbuilt(judgement: Judgement, outcome: Outcome) -> None:
    """Settle ``race-free`` where nothing ran: only what the machine lacks is a skip, as an answer can refuse this build alone."""
    if outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        judgement.checks["race-free"] = f"skip: {outcome.message or outcome.verdict}"
        if outcome.verdict is Verdict.INFRA_ERROR:
            judgement.verdict = Verdict.INFRA_ERROR
        return
    judgement.settle("race-free", f"fail: doesn't build for the race detector: {first_error(outcome)}", outcome)


def _all_called(returned: Sequence[bool], num_calls: int) -> str:
    count = sum(returned)
    return "pass" if count == num_calls else f"fail: under the race detector {count} of {num_calls} calls left a whole result"


def _shape(names: Sequence[str], arguments: Sequence[Argument]) -> str:
    words = []
    for name, argument in zip(names, arguments, strict=True):
        with suppress(TypeError):
            words.append(f"{name}={argument:g}" if np.ndim(argument) == 0 else "")
    return ", ".join(word for word in words if word)
