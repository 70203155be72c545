"""Judge translations of held-out pairs: the verifier runs both sides on the pair's tests, the syntax shows the model.

Whichever way was translated, the pair's sequential side says what is right: an answer in C is compared with it as one in OpenMP or CUDA is.

A pair whose own source doesn't pass its tests here, and a model that this machine has no compiler for, are set apart as unsupported.

The verifier refuses an answer in which nothing is of the asked model, or something is of a parallel one where C was asked, before it is built. Such an answer fails the check ``build`` too,
as "not built": build@k is the share of answers that build *as the asked model*, and every sample stays in its denominator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.data.pieces import Piece
from hpcraft.data.pieces_c import C
from hpcraft.errors import InputError, MachineError, UnreadableError
from hpcraft.eval import forbidden
from hpcraft.eval.judging import Judgement
from hpcraft.eval.lone_answers import tells_builds_apart
from hpcraft.eval.seen import Seen, by_own_macros, needs_preprocessor, seen
from hpcraft.eval.task import Task
from hpcraft.samples import Completion
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.outcome import Check, Job, Model, Verdict
from hpcraft.verification import Candidate, Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One answer that waits for its judgement."""

    task: Task
    completion: Completion
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A question with its judgement."""

    question: Question
    judgement: Judgement


def judge(questions: Iterable[Question], seed: int, workers: int | None = None) -> Iterator[Judged]:
    """Judge answers in order, ``workers`` batches of them at once.

    Raises:
        MachineError: the sandbox failed.
    """
    from hpcraft.data.verify import has_tools, verify

    lacks = {model: has_tools(model) for model in ("openmp", "cuda", "serial")}
    races = not has_tools("openmp", race=True)
    waiting: deque[Question] = deque()

    def candidates() -> Iterator[Candidate]:
        for question in questions:
            waiting.append(question)
            if not lacks[question.task.model]:
                yield _candidate(question)

    # The pair's tests killed mutants when the pair was made; here they only have to be passed.
    for finding in verify(candidates(), seed=seed, workers=workers, race=races, num_mutants=0, proved=True):
        yield from _set_apart(waiting, lacks)
        question = waiting.popleft()
        assert finding.candidate_id == _id(question)
        yield Judged(question=question, judgement=_judgement(question, finding, races=races))
    yield from _set_apart(waiting, lacks)


def _set_apart(waiting: deque[Question], lacks: Mapping[str, str]) -> Iterator[Judged]:
    """The answers at the head that this machine can't judge."""
    while waiting and lacks[waiting[0].task.model]:
        question = waiting.popleft()
        yield Judged(question=question, judgement=_unsupported(lacks[question.task.model]))


def _id(question: Question) -> str:
    return f"{question.task.task_id}#{question.completion.sample_id}"


def _candidate(question: Question) -> Candidate:
    pair = question.task.pair
    if pair is None:
        raise InputError(f"{question.task.task_id}: no pair; give the folder of the pairs stage as --pairs DIR")
    return Candidate(
        candidate_id=_id(question),
        signature=pair.signature,
        source=pair.source,
        target=question.code,
        target_model=question.task.model,
        tests=pair.tests,
    )


def _judgement(question: Question, finding: Finding, *, races: bool) -> Judgement:
    task, reason = question.task, finding.reason
    if reason in _NOT_THE_ANSWER:
        return _unsupported(f"the pair's own side or its tests: {reason}")
    # What isn't run at all is told at the level of its pair.
    judgement = Judgement(log=[finding.log], level=finding.level if task.model == "cuda" and finding.level != "run" else "")
    if reason in _UNBUILT:
        judgement.checks["build"] = f"fail: {_first(reason, finding.log)}"
        judgement.verdict = Verdict.COMPILE_ERROR
    elif reason == "not-parallel":
        judgement.checks["build"] = f"fail: not built, nothing in it is {task.model}"
        judgement.checks["parallel"] = f"fail: nothing in it is {task.model}"
    elif reason == "not-serial":
        judgement.checks["build"] = f"fail: not built, {finding.log}"
    else:
        judgement.checks["build"] = "pass"
        judgement.checks["correct"] = "skip: built, not run (no emulation)" if finding.level == "compile" else "pass"
        if reason == "race":
            judgement.checks["race-free"] = "fail: data race"
            judgement.verdict = Verdict.RACE
        elif reason:
            judgement.checks["correct"] = f"fail: {_first(reason, finding.log)}"
            judgement.verdict = _verdict(reason)
        elif finding.level == "emulate":
            judgement.checks["race-free"] = "pass"
        elif task.model == "openmp":
            judgement.checks["race-free"] = "pass" if races else "skip: no race detector on this machine"
        _settle_text(judgement, task, question.code, races=races)
    judgement.skip_rest("not reached" if judgement.failed else f"not offered for {task.model}")
    return judgement


_UNBUILT = ("no-entry", "target:signature", "target:compile_error", "target:unsupported")
_NOT_THE_ANSWER = (
    "signature",
    "tests",
    "source:compile_error",
    "no-valid-tests",
    "no-mutant-killed",
    "few-mutants-killed",
    "not-covered",
    "unsupported",
)


def _unsupported(why: str) -> Judgement:
    judgement = Judgement(verdict=Verdict.UNSUPPORTED, checks={"build": f"skip: {why}"}, log=[why])
    judgement.skip_rest("not judged")
    return judgement


def _settle_text(judgement: Judgement, task: Task, code: str, *, races: bool) -> None:
    """Settle ``honest`` and ``parallel`` by the answer as its compiler sees it."""
    plain = None
    try:
        plain = _seen(task, code, "none")
        checked = _seen(task, code, "race") if task.model == "openmp" and races else None
        judgement.checks["honest"] = _honest(task, code, plain, checked)
    except (MachineError, UnreadableError) as error:  # it was built, so it is the answer that can't be followed
        judgement.checks["honest"] = f"fail: {error}"
    if task.model != "serial":
        judgement.checks["parallel"] = _parallel(task, plain.text if plain else code)


def _seen(task: Task, code: str, check: Check) -> Seen | None:
    """What the preprocessor leaves of an answer where the verifier builds it, by the compiler of a check; None where it leaves all, or can't be asked.

    Raises:
        MachineError: the preprocessor failed.
        UnreadableError: it makes too much of it.
    """
    if not needs_preprocessor(code):
        return None
    if task.model == "cuda":
        try:
            return by_own_macros(code)
        except MachineError:  # its conditionals need what stands in headers; the text as it is written is looked at
            return None
    files = C.files({0: Piece(signature=Signature.parse(task.prototype), code=code)}, cast("Model", task.model))
    [batch, own] = sorted(files)
    return seen(sandbox.preprocess(Job(files=files, language="c", model=cast("Model", task.model), check=check), batch), own)


def _honest(task: Task, code: str, plain: Seen | None, checked: Seen | None) -> str:
    """The text alone; what the pair itself holds is not held against an answer."""
    entry = Signature.parse(task.prototype).name
    if forbidden.check(task.model, task.language, task.reference, entry=entry) != "pass":
        return "skip: the pair's own target holds what is forbidden"
    text = plain.text if plain else ""
    why = forbidden.names_the_harness(code) or forbidden.names_the_harness(text)
    if not why and task.model == "cuda":
        why = tells_builds_apart(code)
    if not why and plain and checked:
        why = forbidden.hides(code, plain, checked, task.model)
    return f"fail: {why}" if why else forbidden.check(task.model, task.language, code, entry=entry, seen=text)


def _parallel(task: Task, code: str) -> str:
    """The syntax alone; a form that the pair itself has and that isn't known here is not held against an answer."""
    if parallel_use.check(task.model, task.language, task.reference, None) != "pass":
        return "skip: the pair's own target is of a form that this check doesn't know"
    return parallel_use.check(task.model, task.language, code, None)


def _first(reason: str, log: str) -> str:
    line = next((line.strip() for line in log.splitlines() if line.strip()), "")
    return f"{reason}: {line[:160]}" if line else reason


def _verdict(reason: str) -> Verdict:
    """The sandbox's verdict inside a reason such as ``target:time_limit``; ``ok`` when it ran and was wrong."""
    if reason == "target:memory":
        return Verdict.RUNTIME_ERROR
    return next((v for v in Verdict if v is not Verdict.OK and v.value in reason), Verdict.OK)
