"""Judge answers of suite ``babeltower``: build them as what was asked, call them with the file's inputs, compare with the gold C function.

Theory of operation. An answer is compiled and linked with the sandbox's driver, which reads arguments from a file and makes each call
in a child of its own between guard zones; a kernel that the file's wrapper launches stands in one translation unit with it. Expected values
(`hpcraft.eval.unit_tests`) come from another box and never enter this one. CUDA runs on a device or emulated; an answer that is right when it is
emulated must also be taken by nvcc, where that is installed. A line whose gold side is undefined, or whose tests can't tell a function that does
nothing, is set apart as unsupported, with the reason.

Not covered: races, and speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.data.trees import function_name, functions, parse
from hpcraft.errors import MachineError
from hpcraft.eval import parallel_use
from hpcraft.eval.babeltower import TextPair, UnitTests, head_of
from hpcraft.eval.judging import Judgement, describe_run, first_error, settle_build, unsupported
from hpcraft.eval.task import Task
from hpcraft.eval.unit_tests import PRELUDE, Tests, UnitCall, tests_of
from hpcraft.samples import Failure
from hpcraft.sandbox.abi import DTYPES, CallResult, Signature, compare_arrays, decode_results, encode_calls
from hpcraft.sandbox.drivers import driver_source
from hpcraft.sandbox.outcome import CudaLevel, Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.toolchains import find

_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_SECONDS = 5
_LIMITS = Limits(wall_seconds=60.0)


def judge(task: Task, code: str) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    if isinstance(task.case, TextPair):
        return _compiled_only(task, code)
    case = task.case
    assert isinstance(case, UnitTests)
    try:
        tests = tests_of(case)
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    why = _why_not(case, tests)
    if not why and case.kind != "c":
        try:
            why = _refused(case)
        except MachineError as error:
            return unsupported(str(error), Verdict.INFRA_ERROR)
    if why:
        return unsupported(why)
    return _judge_tested(task, case, code, tests)


def _why_not(case: UnitTests, tests: Tests) -> str:
    if case.undefined:
        return "the file says that its C function is undefined on these inputs"
    if case.kind != "c" and not case.launches:
        return "the file's own wrapper launches no kernel"
    return tests.problem


@lru_cache(maxsize=64)
def _refused(case: UnitTests) -> str:
    """Why a line can't judge CUDA here: its own CUDA side is wrong, or an empty kernel under its wrapper is right.

    Raises:
        MachineError: the sandbox failed.
    """
    empty = f"__global__ {head_of(case.cuda_code, case.kernel)} {{}}\n"
    for code, gold in ((case.cuda_code, True), (empty, False)):
        unit = f"{code}\n{case.wrapper}"
        judgement = Judgement()
        with sandbox.build(_job(replace(case, kind="cuda-own"), case.wrapper_signature, unit)) as build:
            if settle_build(judgement, build.outcome) and build.runnable:
                _run(judgement, case.wrapper_signature, build, tests_of(case).calls)
        if judgement.verdict is Verdict.INFRA_ERROR:
            raise MachineError(judgement.log[-1])
        if gold and judgement.failed:
            why = next(words for words in judgement.checks.values() if words.startswith("fail"))
            return f"the file's own CUDA side doesn't do it here: {why.removeprefix('fail: ')}"
        if not gold and judgement.checks.get("correct") == "pass" and case.kind == "cuda":
            return "an empty kernel under the file's wrapper does it, too"
    return ""


def _judge_tested(task: Task, case: UnitTests, code: str, tests: Tests) -> Judgement:
    judgement = Judgement()
    signature = case.c_signature if case.kind == "c" else case.wrapper_signature
    with sandbox.build(_job(case, signature, code)) as build:
        judgement.level = build.outcome.cuda_level or task.level
        if not settle_build(judgement, build.outcome):
            return judgement
        if build.runnable:
            _run(judgement, signature, build, tests.calls)
        else:
            judgement.settle("correct", "skip: built, not run (no device)")
    if case.kind == "cuda-own":
        judgement.settle("parallel", _parallel(task, code))
    elif case.kind == "cuda":
        judgement.checks["parallel"] = "skip: the file's own wrapper launches the kernel"
    if judgement.level == "emulate" and not judgement.failed and find("nvcc"):
        _taken_by_nvcc(judgement, case, signature, code)
    judgement.skip_rest("not offered for this suite")
    return judgement


def _parallel(task: Task, code: str) -> str:
    """Whether the work is shared; where the file itself launches one thread nobody is asked for more."""
    if (own := parallel_use.check(task.model, task.language, task.reference, None)) != "pass":
        return f"skip: so it is in the file's own CUDA side: {own.removeprefix('fail: ')}"
    return parallel_use.check(task.model, task.language, code, None)


# ---------------------------------------------------------------- building


def _job(case: UnitTests, signature: Signature, code: str, level: CudaLevel = "auto") -> Job:
    files = {"driver.c": driver_source([signature], fork=True).encode()} if level != "compile" else {}
    return Job(
        files={("candidate.cpp" if case.kind == "c" else "candidate.cu"): _unit(case, signature, code).encode(errors="replace"), **files},
        language="cpp",
        model="serial" if case.kind == "c" else "cuda",
        cuda=level,
        links=level != "compile",
        flags=("-Drestrict=__restrict__",),
    )


def _unit(case: UnitTests, signature: Signature, code: str) -> str:
    """The translation unit: a declaration gives the entry point C linkage, whether or not the answer does."""
    whole = f'{PRELUDE}extern "C" {signature.prototype()};\n#line 1\n{code}\n'
    return f"{whole}\n{case.wrapper}\n" if case.kind == "cuda" else whole


def _taken_by_nvcc(judgement: Judgement, case: UnitTests, signature: Signature, code: str) -> None:
    with sandbox.build(_job(case, signature, code, "compile")) as build:
        outcome = build.outcome
    if outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        judgement.log.append(f"not tried with nvcc: {outcome.message}")
    elif not outcome.ok:
        judgement.settle("build", f"fail: nvcc refuses it: {first_error(outcome)}", outcome)
        judgement.log.append(outcome.compile.stderr.strip() if outcome.compile else "")


def _compiled_only(task: Task, code: str) -> Judgement:
    """Judge an answer to a pair without tests; one whose gold text doesn't compile by itself is set apart."""
    gold = _alone(task.model, task.reference)
    if not gold.ok:
        verdict = Verdict.INFRA_ERROR if gold.verdict is Verdict.INFRA_ERROR else Verdict.UNSUPPORTED
        return unsupported(f"the gold text doesn't compile by itself: {first_error(gold)}", verdict)
    judgement = Judgement()
    if settle_build(judgement, _alone(task.model, code)):
        entry = task.prototype.partition("(")[0].split()[-1]
        if entry not in {function_name(found) for found in functions(parse(code, "cuda"))}:
            judgement.settle("build", "fail: the answer doesn't hold the function")
        judgement.skip_rest("no tests, compiled only")
    return judgement


@lru_cache(maxsize=256)
def _alone(model: str, code: str) -> Outcome:
    name = "candidate.cu" if model == "cuda" else "candidate.cpp"
    job = Job(
        files={name: f"{PRELUDE}#line 1\n{code}\n".encode(errors="replace")},
        language="cpp",
        model="cuda" if model == "cuda" else "serial",
        cuda="compile" if find("nvcc") else "emulate",
        links=False,
    )
    with sandbox.build(job) as build:
        return build.outcome


# ---------------------------------------------------------------- running


def _run(judgement: Judgement, signature: Signature, build: sandbox.Build, calls: Sequence[UnitCall]) -> None:
    """Make every call, and settle the check ``correct``."""
    data = encode_calls([signature], [(0, c.arguments) for c in calls], seconds=_SECONDS)
    outcome = build.run(Run(data={_INPUTS: data}, collect=(_OUTPUTS,), limits=_LIMITS))
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return
    results = decode_results([signature], (0,) * len(calls), outcome.outputs.get(_OUTPUTS, b""))
    for index, call in enumerate(calls):
        why = differs(signature, call, results[index]) if index in results else "the program ended without the result"
        if why:
            failure = Failure(check="correct", why=why, call=index + 1, num_calls=len(calls))
            judgement.fail(failure, failure.words, outcome)
            judgement.log += [outcome.stderr.strip(), outcome.message]
            return
    judgement.settle("correct", "pass" if outcome.ok else f"fail: {describe_run(outcome)}", outcome)


def differs(signature: Signature, call: UnitCall, got: CallResult) -> str:
    """What is wrong with one call, empty when every element that is known is as it must be."""
    if got.fault:
        return got.fault
    if call.value.size:
        value = np.array([got.value], DTYPES[signature.returns])
        if why := compare_arrays(call.value, value):
            return f"return value: {why}"
    for parameter, expected, known, array in zip(signature.arrays, call.arrays, call.known, got.arrays, strict=True):
        if array.shape != expected.shape:
            return f"{parameter.name}: {array.size} elements, {expected.size} expected"
        if why := compare_arrays(expected[known], array[known]):
            return f"{parameter.name}: {why}"
    return ""
