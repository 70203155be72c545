"""Judge answers of suite ``babeltower``: build them as what was asked, call them, compare with the gold C function.

Theory of operation. An answer is compiled alone (`hpcraft.eval.babeltower_build`) and linked with the sandbox's driver, which reads arguments
from a file and makes each call in a child of its own between guard zones; the wrapper of the file that launches a kernel is a unit of its own.
Inputs are the file's own and others of their kind from a secret seed; expected values (`hpcraft.eval.unit_tests`) come from another box and never
enter this one. CUDA runs on a device or emulated; whether threads shared the work (`hpcraft.eval.babeltower_evidence`) and whether they race is
always looked for emulated, and nobody is asked for what the file's own CUDA side doesn't do. An answer that is right when it is
emulated must also be taken by nvcc, where that is installed. OpenMP is called with 1, 3 and 4 threads, and by 4 under the race detector. A line whose gold side is undefined, or whose tests can't tell a function that does
nothing, is set apart as unsupported, with the reason.

Not covered: speed; what the text of answers to pairs without tests holds; what threads of OpenMP did, as the inputs are over before a second one is awake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.data.trees import function_name, functions, parse
from hpcraft.errors import MachineError
from hpcraft.eval import babeltower_evidence, forbidden, nvcc_check, race_check
from hpcraft.eval.babeltower import TextPair, UnitTests
from hpcraft.eval.babeltower_build import candidate_name, honest, job, seen_of, signature_of
from hpcraft.eval.judging import Judgement, describe_run, first_error, settle_build, unsupported
from hpcraft.eval.lone_answers import head_of
from hpcraft.eval.task import Task
from hpcraft.eval.unit_tests import PRELUDE, Tests, UnitCall, tests_of
from hpcraft.samples import Failure
from hpcraft.sandbox.abi import DTYPES, CallResult, Signature, compare_arrays, decode_results, encode_calls
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.toolchains import find

_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_SECONDS = 5
_LIMITS = Limits(wall_seconds=60.0)
_THEIRS = "skip: so it is in the file's own CUDA side: "


@dataclass(frozen=True, kw_only=True, eq=False)
class _Line:
    """What judges the answers to one task."""

    gold: str
    own: tuple[UnitCall, ...]
    """With the file's inputs."""
    redrawn: tuple[UnitCall, ...]
    """With others, on which the file's own CUDA side is right, too."""
    alone: str
    """Why there are no others; empty where there are."""

    @property
    def calls(self) -> tuple[UnitCall, ...]:
        """All of them."""
        return self.own + self.redrawn


def judge(task: Task, code: str, seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``.

    Args:
        task: what was asked.
        code: the answer.
        seed: of the inputs that are redrawn.
    """
    if isinstance(task.case, TextPair):
        return _compiled_only(task, code)
    case = task.case
    assert isinstance(case, UnitTests)
    try:
        line = _why_not(case, tests_of(case, seed)) or _line(case, task.reference, seed)
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)
    return unsupported(line) if isinstance(line, str) else _judge_tested(task, case, code, line)


def _why_not(case: UnitTests, tests: Tests) -> str:
    if case.undefined:
        return "the file says that its C function is undefined on these inputs"
    if case.on_device and not case.launches:
        return "the file's own wrapper launches no kernel"
    return tests.problem


@lru_cache(maxsize=64)
def _line(case: UnitTests, gold: str, seed: int) -> _Line | str:
    """What judges a task; or why none of its answers can be: its own CUDA side is wrong, or an empty kernel under its wrapper is right.

    Raises:
        MachineError: the sandbox failed.
    """
    tests = tests_of(case, seed)
    redrawn = tests.redrawn
    if case.on_device:
        found = _wrong_calls(case, gold, (*tests.calls, *redrawn))
        wrong = found if isinstance(found, dict) else {}
        if isinstance(found, str) or any(i < len(tests.calls) for i in wrong):
            return f"the file's own CUDA side doesn't do it here: {found if isinstance(found, str) else wrong[min(wrong)]}"
        redrawn = tuple(c for i, c in enumerate(redrawn, len(tests.calls)) if i not in wrong)
        empty = f"__global__ {head_of(case.cuda_code, case.kernel)} {{}}\n"
        if case.kind == "cuda" and _wrong_calls(case, empty, tests.calls) == {}:
            return "an empty kernel under the file's wrapper does it, too"
    alone = (
        ""
        if redrawn
        else "the file's CUDA side is wrong on others"
        if tests.redrawn
        else "no others could be drawn on which the C function is defined"
    )
    return _Line(gold=gold, own=tests.calls, redrawn=redrawn, alone=alone)


def _wrong_calls(case: UnitTests, code: str, calls: Sequence[UnitCall]) -> dict[int, str] | str | None:
    """What a side of the file itself gets wrong, by call, or why it doesn't run; None where this machine runs none.

    Raises:
        MachineError: the sandbox failed.
    """
    judgement, signature = Judgement(), signature_of(case)
    with sandbox.build(job(case, code)) as build:
        if not settle_build(judgement, build.outcome):
            if judgement.verdict is Verdict.INFRA_ERROR:
                raise MachineError(judgement.log[-1])
            return judgement.checks["build"].partition(": ")[2]
        if not build.runnable:
            return None
        outcome = _called(build, signature, calls)
    if outcome.verdict is Verdict.INFRA_ERROR:
        raise MachineError(outcome.message)
    found = {i: why for i, why in enumerate(_whys(signature, calls, outcome)) if why}
    return found if outcome.ok or found else describe_run(outcome)


def _judge_tested(task: Task, case: UnitTests, code: str, line: _Line) -> Judgement:
    judgement = Judgement()
    with sandbox.build(job(case, code)) as build:
        judgement.level = build.outcome.cuda_level or task.level
        if not settle_build(judgement, build.outcome):
            return judgement
        text = seen_of(case, code, build)
        judgement.settle("honest", _honest(case, code, text, build, line))
        if build.runnable:
            for threads in _threads(case):
                _run(judgement, signature_of(case), build, line, threads)
                if not judgement.checks["correct"].startswith("pass"):
                    break
        else:
            judgement.settle("correct", "skip: built, not run (no device)")
        ran = build.runnable and judgement.checks["correct"].startswith("pass")
        symbols = build.symbols(candidate_name(case)) if build.runnable and not case.on_device else frozenset()
    if case.kind == "openmp":
        judgement.settle("parallel", parallel_use.check(task.model, task.language, text, symbols, entry=case.c_name))
        _race(judgement, case, code, line, ran=ran)
    elif case.on_device and judgement.verdict not in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.settle("parallel", _parallel(task, case, code, text, line, ran=ran))
        _race(judgement, case, code, line, ran=ran)
    nvcc_check.settle(judgement, job(case, code, level="compile"))
    judgement.skip_rest("not offered for this suite")
    return judgement


def _honest(case: UnitTests, code: str, text: str, build: sandbox.Build, line: _Line) -> str:
    said = honest(case, code, text, build)
    if said != "pass" and forbidden.check("cuda", "cpp", line.gold, entry=case.kernel) != "pass":
        return "skip: the file's own side holds what is forbidden"
    return said


# ---------------------------------------------------------------- what threads do


def _parallel(task: Task, case: UnitTests, code: str, text: str, line: _Line, *, ran: bool) -> str:
    """Whether the work is shared, by the syntax and by what threads did; where the file itself doesn't share it nobody is asked to."""
    beside = f"\n{case.wrapper}\n" if case.kind == "cuda" else ""
    if (own := parallel_use.check(task.model, task.language, line.gold + beside, None, entry=case.wrapper_name)) != "pass":
        return f"{_THEIRS}{own.removeprefix('fail: ')}"
    said = parallel_use.check(task.model, task.language, text + beside, None, entry=case.wrapper_name)
    if said != "pass" or not ran or not (why := _suspicion(case, code, line)):
        return said
    theirs = _own_suspicion(case, line)
    return f"{_THEIRS}{theirs}" if theirs else f"fail: {why}"


def _suspicion(case: UnitTests, code: str, line: _Line) -> str:
    """The calls that show most come first: one that needs several threads is enough."""
    calls = sorted((c for c in line.calls if c.changes()), key=babeltower_evidence.num_changed, reverse=True)
    signature = signature_of(case)
    return babeltower_evidence.suspicion(case, code, calls, lambda call, got: not differs(signature, call, got))


@lru_cache(maxsize=64)
def _own_suspicion(case: UnitTests, line: _Line) -> str:
    return _suspicion(case, line.gold, line)


def _race(judgement: Judgement, case: UnitTests, code: str, line: _Line, *, ran: bool) -> None:
    """Settle ``race-free`` on all inputs, but for those on which the check names something in the file's own side, too."""
    if not ran:
        judgement.checks["race-free"] = f"skip: {'failed before' if judgement.failed else 'not run'}"
        return
    built, outcome = _under_check(case, code, line.calls)
    if case.on_device and built and not outcome.ok and outcome.verdict not in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        clean, theirs = _clean(case, line)
        if theirs and not clean:
            judgement.checks["race-free"] = f"{_THEIRS}{theirs}"
            return
        if theirs:
            built, outcome = _under_check(case, code, clean)
    if not built or outcome.verdict in (Verdict.UNSUPPORTED, Verdict.INFRA_ERROR):
        race_check.settle_unbuilt(judgement, outcome)
    elif outcome.ok:
        judgement.settle("race-free", "pass")
    else:
        judgement.log.append(outcome.stderr.strip())
        judgement.fail(Failure(check="race-free", why=_race_words(outcome)), _race_words(outcome), outcome)


@lru_cache(maxsize=64)
def _clean(case: UnitTests, line: _Line) -> tuple[tuple[UnitCall, ...], str]:
    """The calls on which the check finds nothing in the file's own side, and what it finds in the others; empty for nothing."""
    built, outcome = _under_check(case, line.gold, line.calls)
    if not built or outcome.ok:
        return line.calls, ""
    signature = signature_of(case)
    with sandbox.build(job(case, line.gold, check="race", level="emulate")) as build:
        each = _whys(signature, line.calls, _called(build, signature, line.calls))
    clean = tuple(call for call, why in zip(line.calls, each, strict=True) if not why)
    # What is told only when a process ends is not seen in the children that make the calls.
    return clean if clean and _under_check(case, line.gold, clean)[1].ok else (), _race_words(outcome)


def _race_words(outcome: Outcome) -> str:
    if outcome.verdict is Verdict.RACE:
        return "data race"
    return f"under the race detector it {describe_run(outcome)}" + (f" ({outcome.message})" if outcome.message else "")


def _threads(case: UnitTests) -> tuple[int, ...]:
    """Numbers of threads that an answer is called with; an uneven one shows more."""
    return (1, 3, 4) if case.kind == "openmp" else (1,)


def _under_check(case: UnitTests, code: str, calls: Sequence[UnitCall]) -> tuple[bool, Outcome]:
    """Whether it was built, and what became of all calls in one process under the race detector; CUDA emulated, under the emulation's own."""
    with sandbox.build(job(case, code, check="race", level="emulate", fork=False)) as build:
        return build.ok, _called(build, signature_of(case), calls, _threads(case)[-1])


# ---------------------------------------------------------------- building


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


def _run(judgement: Judgement, signature: Signature, build: sandbox.Build, line: _Line, threads: int) -> None:
    """Make every call, and settle the check ``correct``."""
    outcome = _called(build, signature, line.calls, threads)
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        judgement.verdict = outcome.verdict
        judgement.checks["correct"] = f"skip: {outcome.message}"
        judgement.log.append(outcome.message)
        return
    for index, why in enumerate(_whys(signature, line.calls, outcome)):
        if why:
            told = f" (with {threads} threads)" if threads > 1 else ""
            failure = Failure(check="correct", why=f"{why}{told}", call=index + 1, num_calls=len(line.calls))
            judgement.fail(failure, failure.words, outcome)
            judgement.log += [outcome.stderr.strip(), outcome.message]
            return
    right = f"pass: on the file's inputs alone, as {line.alone}" if line.alone else "pass"
    judgement.settle("correct", right if outcome.ok else f"fail: {describe_run(outcome)}", outcome)


def _called(build: sandbox.Build, signature: Signature, calls: Sequence[UnitCall], threads: int = 1) -> Outcome:
    data = encode_calls([signature], [(0, c.arguments) for c in calls], seconds=_SECONDS)
    return build.run(Run(data={_INPUTS: data}, collect=(_OUTPUTS,), threads=threads, limits=_LIMITS))


def _whys(signature: Signature, calls: Sequence[UnitCall], outcome: Outcome) -> list[str]:
    """What is wrong with each call; empty where nothing is."""
    results = decode_results([signature], (0,) * len(calls), outcome.outputs.get(_OUTPUTS, b""))
    return [
        differs(signature, call, results[i]) if i in results else "the program ended without the result" for i, call in enumerate(calls)
    ]


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
