"""Judge answers of suite ``fortran2cpp``: whole programs by what the Fortran prints here, functions by the published ``main``, which nobody saw.

Theory of operation. The Fortran program is built and run in a box of its own, twice; the published C++ runs in another one. A program is judged
only where the Fortran ends well and the same way twice, the published C++ prints the same, and something of what is printed is a result: a
number that stands in neither text. Without that, a program that prints a constant would pass. An answer's output must have the same words and numbers
in the same order, and its exit code must be the Fortran's. An answer whose text holds all those results is refused, as is one that
starts processes or opens files. For functions see `hpcraft.eval.fortran2cpp_functions`. The published measure (it builds; it ends with 0) is made
beside ours and decides nothing; the log begins with what it says.

Not covered: other inputs than the program's own; results that an answer writes down in disguise; what is shared between threads; speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval import forbidden
from hpcraft.eval import fortran2cpp_functions as tests
from hpcraft.eval.fortran2cpp import Translation
from hpcraft.eval.fortran2cpp_output import Token, first_difference, literals, near, results, tokens_of
from hpcraft.eval.judging import Judgement, describe_run, first_error, note_published, settle_build, unsupported
from hpcraft.eval.seen import needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.sandbox.outcome import Job, Limits, Model, Outcome, Run, Verdict

_LIMITS = Limits(wall_seconds=10.0)
_THREADS = 2
_FORTRAN_FLAGS = ("-ffree-line-length-none",)
"""Its records know no width of lines."""
_CANDIDATE = tests.CANDIDATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What the Fortran program does here."""

    problem: str = ""
    """Why nothing can be held against it; empty where something can."""
    tokens: tuple[Token, ...] = ()
    exit_code: int = 0
    results: tuple[float, ...] = ()
    """The numbers that it prints and that stand in neither program."""


def judge(task: Task, code: str, _seed: int) -> Judgement:
    """Judge one answer; an infrastructure failure shows as the verdict ``infra_error``."""
    pair = task.case
    assert isinstance(pair, Translation)
    try:
        return _functions(pair, code) if pair.kind == "functions" else _program(task, pair, code)
    except MachineError as error:
        return unsupported(str(error), Verdict.INFRA_ERROR)


# ---------------------------------------------------------------- whole programs


def _program(task: Task, pair: Translation, code: str) -> Judgement:
    expected = expected_of(pair, task.model)
    if expected.problem:
        return unsupported(expected.problem)
    judgement = Judgement()
    with sandbox.build(_job(task.model, code)) as build:
        if not settle_build(judgement, build.outcome):
            note_published(judgement, passed=False)
            return judgement
        judgement.settle("honest", _honest(task.model, code, build) or _computes(expected, code, build))
        outcome = build.run(Run(threads=_THREADS, limits=_LIMITS))
    _require(outcome)
    why = _wrong(expected, outcome)
    judgement.settle("correct", f"fail: {why}" if why else "pass", outcome)
    note_published(judgement, outcome.ok)
    judgement.log += [outcome.stdout.strip(), outcome.stderr.strip(), outcome.message] if why else []
    judgement.skip_rest("not offered for this suite")
    return judgement


def _job(model: str, code: str) -> Job:
    return Job(files={_CANDIDATE: code.encode(errors="replace")}, language="cpp", model=cast("Model", model))


def _as_seen(code: str, build: sandbox.Build) -> str:
    return seen(build.preprocessed(_CANDIDATE)).text if needs_preprocessor(code) else ""


def _honest(model: str, code: str, build: sandbox.Build, harness: frozenset[str] = frozenset()) -> str:
    """What an answer may not hold; empty where it holds nothing of the kind."""
    symbols = forbidden.Symbols(undefined=build.symbols(_CANDIDATE), defined=build.defined(_CANDIDATE), harness_undefined=harness)
    result = forbidden.check(model, "cpp", code, entry="main" if not harness else "", seen=_as_seen(code, build), symbols=symbols)
    return "" if result == "pass" else result


def _computes(expected: Expected, code: str, build: sandbox.Build) -> str:
    written = literals(_as_seen(code, build) or code)
    held = sum(any(near(number, other) for other in written) for number in expected.results)
    if 2 * held >= len(expected.results):
        return f"fail: its text holds {held} of the {len(expected.results)} results that it prints"
    return "pass"


def _wrong(expected: Expected, outcome: Outcome) -> str:
    """What is wrong with a run."""
    if outcome.verdict not in (Verdict.OK, Verdict.RUNTIME_ERROR):
        return describe_run(outcome)
    if why := first_difference(expected.tokens, tuple(tokens_of(outcome.stdout)), "of the Fortran"):
        return why
    if (outcome.exit_code or 0) != expected.exit_code:
        return f"ended with exit code {outcome.exit_code} instead of {expected.exit_code} of the Fortran"
    return ""


@lru_cache(maxsize=64)
def expected_of(pair: Translation, model: str) -> Expected:
    """What an answer must print, or why the row isn't judged.

    Raises:
        MachineError: the sandbox failed.
    """
    expected = _fortran(pair, model)
    if expected.problem:
        return expected
    (theirs,) = _runs(_job(model, pair.cpp), 1)
    if theirs.verdict is Verdict.COMPILE_ERROR:
        return Expected(problem=f"the published C++ doesn't build: {first_error(theirs)}")
    if why := _wrong(expected, theirs):
        return Expected(problem=f"the published C++ doesn't do what the Fortran does: {why}")
    if not expected.results:
        return Expected(problem="all that the program prints stands in its own text, so that printing it would pass")
    return expected


@lru_cache(maxsize=64)
def _fortran(pair: Translation, model: str) -> Expected:
    """What the Fortran program does."""
    if pair.problem:
        return Expected(problem=pair.problem)
    files = {"program.f90": pair.fortran.encode(errors="replace")}
    first, second = _runs(Job(files=files, language="fortran", model=cast("Model", model), flags=_FORTRAN_FLAGS), 2)
    if first.verdict is Verdict.COMPILE_ERROR:
        return Expected(problem=f"the Fortran program doesn't build: {first_error(first)}")
    if not first.ok:
        return Expected(problem=f"the Fortran program fails here: it {describe_run(first)}")
    tokens = tuple(tokens_of(first.stdout))
    if tokens != tuple(tokens_of(second.stdout)):
        return Expected(problem="the Fortran program prints something else each time")
    return Expected(tokens=tokens, exit_code=first.exit_code or 0, results=results(tokens, (pair.fortran, pair.cpp)))


def _runs(job: Job, count: int) -> list[Outcome]:
    with sandbox.build(job) as build:
        outcomes = [build.run(Run(threads=_THREADS, limits=_LIMITS)) if build.ok else build.outcome for _ in range(count)]
    for outcome in outcomes:
        _require(outcome)
    return outcomes


def _require(outcome: Outcome) -> None:
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")


# ---------------------------------------------------------------- functions


def _functions(pair: Translation, code: str) -> Judgement:
    parts = pair.parts
    assert parts is not None
    fortran = _fortran(pair, "serial")
    wanted = tests.wanted_of(parts, fortran.tokens) if not fortran.problem else tests.Wanted(problem=fortran.problem)
    if wanted.problem:
        return unsupported(wanted.problem)
    judgement = Judgement()
    with sandbox.build(tests.job(parts, code)) as build:
        if not settle_build(judgement, build.outcome):
            note_published(judgement, passed=False)
            return judgement
        judgement.settle("honest", _honest("serial", code, build, tests.called(build, parts)) or tests.overrides(build) or "pass")
        ended, outcome = tests.run(build)
    why = tests.differs(wanted.ended, ended)
    judgement.settle("correct", f"fail: {why}" if why else "pass", outcome)
    note_published(judgement, not (ended.fault or ended.failed or ended.code))
    judgement.log += [outcome.stderr.strip(), outcome.message] if why else []
    judgement.skip_rest("not offered for this suite")
    return judgement
