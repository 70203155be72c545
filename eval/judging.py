"""What the judges of all suites share: the outcome of judging one answer, and words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import cast

from hpcraft.data import verify
from hpcraft.eval.task import Task
from hpcraft.samples import Completion, Failure, Sample
from hpcraft.sandbox.cuda.levels import resolved
from hpcraft.sandbox.outcome import Job, Model, Outcome, Verdict
from hpcraft.sandbox.table import DEVICE_MODELS

LOG_CHARACTERS = 4000
CHECKS = ("build", "honest", "correct", "parallel", "race-free", "fast")
_PUBLISHED = "as published: "
_WHEN_TIMED = "fast"
"""The check that is absent where nothing was asked to be timed."""
UNLOOKED = "races were not looked for: "
"""How the reason begins where that isn't held against a right answer; how many these are is told."""
NOT_TIMED = "skip: nobody is timed on this task: "
"""Before the reason, in the check ``fast`` of right and wrong answers alike, so that the wrong ones of such a task are no zeros of speed."""


@dataclass(kw_only=True, slots=True)
class Judgement:
    """What was found about one answer; filled in as the checks go on."""

    verdict: Verdict = Verdict.OK
    """Of the step that decided."""
    checks: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    timings: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """As in `Sample`."""
    instructions: dict[str, float | None] = field(default_factory=dict)
    """As in `Sample`."""
    uncounted: str = ""
    """As in `Sample`."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """As in `Sample`."""
    level: str = ""
    """How far the answer was taken, where something was built of it and that depends on the machine; else empty."""
    failures: list[Failure] = field(default_factory=list)
    """Where more is known of a failed check than its words."""

    def settle(self, check: str, result: str, outcome: Outcome | None = None) -> None:
        """Record a check's result; the first failure decides the verdict."""
        if result.startswith("fail") and not self.failed and outcome is not None:
            self.verdict = outcome.verdict
        self.checks[check] = result

    def fail(self, failure: Failure, words: str, outcome: Outcome | None = None) -> None:
        """Record that a check failed, and where; ``words`` say it for people."""
        self.settle(failure.check, f"fail: {words}", outcome)
        self.failures.append(failure)

    def skip_rest(self, why: str) -> None:
        """Mark the checks that were not reached."""
        for check in CHECKS:
            if check == _WHEN_TIMED:
                continue
            self.checks.setdefault(check, f"skip: {why}")

    @property
    def failed(self) -> bool:
        """Whether a check failed."""
        return any(result.startswith("fail") for result in self.checks.values())

    @property
    def passed(self) -> bool:
        """Whether no check failed and the code was built, or what was asked was measured."""
        return (self.checks.get("build") == "pass" or bool(self.measures)) and not self.failed and self.verdict is Verdict.OK


def unsupported(why: str, verdict: Verdict = Verdict.UNSUPPORTED) -> Judgement:
    """The judgement of an answer that nothing can be held against, with the reason."""
    judgement = Judgement(verdict=verdict, checks={"build": f"skip: {why}"}, log=[why])
    judgement.skip_rest("not judged")
    return judgement


def unread(problem: str, rest: str = "no code") -> Judgement:
    """The judgement of an answer that holds no code, or more than can be looked at; ``rest`` says why the other checks are skipped."""
    judgement = Judgement(verdict=Verdict.COMPILE_ERROR, checks={"build": f"fail: {problem}"}, log=[problem])
    judgement.skip_rest(rest)
    return judgement


def level_here(task: Task) -> str:
    """How far this machine takes the answers to a task; an answer of which nothing is built must not choose that for its task."""
    if task.model not in DEVICE_MODELS or task.level not in ("emulate", "device"):
        return task.level
    return _level_here(task.model, verified=task.pair is not None)


@cache
def _level_here(model: str, *, verified: bool) -> str:
    if verified:  # pairs never go to a device
        return verify.cuda_level()
    return str(resolved(Job(files={}, language="cpp", model=cast("Model", model))).cuda)


def not_its_fault(outcome: Outcome) -> bool:
    """Whether nothing was found out about an answer: the sandbox failed, or this machine lacks something, whatever the answer is.

    An answer that holds what isn't offered here has failed: it would else choose to be in no figure.
    """
    return outcome.verdict is Verdict.INFRA_ERROR or (outcome.verdict is Verdict.UNSUPPORTED and not outcome.by_source)


def settle_build(judgement: Judgement, outcome: Outcome) -> bool:
    """Settle the check ``build``, the others too where nothing was built; tells whether something was."""
    if outcome.compile is not None:
        judgement.log.append(outcome.compile.stderr.strip())
    if not_its_fault(outcome):
        judgement.verdict = outcome.verdict
        judgement.checks["build"] = f"skip: {outcome.message or outcome.verdict}"
        judgement.log.append(outcome.message)
    elif outcome.verdict is Verdict.UNSUPPORTED:
        judgement.settle("build", f"fail: {outcome.message}", replace(outcome, verdict=Verdict.COMPILE_ERROR))
    else:
        judgement.settle("build", "pass" if outcome.ok else f"fail: {first_error(outcome)}", outcome)
    if judgement.checks["build"] == "pass":
        return True
    judgement.skip_rest("not reached")
    return False


def grows_beyond(seconds: float, times_larger: float, limit: float) -> bool:
    """Whether a call so many times as large may take longer than a limit, where work grows with the square of its size: a loop in each of all threads."""
    return seconds * times_larger**2 > limit


def note_published(judgement: Judgement, passed: bool) -> None:
    """Write down, ahead of all else in the log, whether an answer passes what others have published as the suite's measure."""
    judgement.log.insert(0, f"{_PUBLISHED}{'pass' if passed else 'fail'}")


def published_word(log: str) -> str:
    """What a log says of the published measure: ``pass``, ``fail``, or nothing."""
    first = log.partition("\n")[0]
    return first.removeprefix(_PUBLISHED) if first.startswith(_PUBLISHED) else ""


def to_sample(task: Task, completion: Completion, judgement: Judgement, seconds: float) -> Sample:
    """The judgement as a line of ``samples.jsonl``."""
    text = "\n".join(part for part in judgement.log if part)
    return Sample(
        task_id=completion.task_id,
        sample_id=completion.sample_id,
        model=completion.model,
        passed=judgement.passed,
        level=judgement.level or level_here(task),
        checks={name: judgement.checks[name] for name in CHECKS if name in judgement.checks},
        verdict=str(judgement.verdict),
        seconds=round(seconds, 3),
        timings=judgement.timings,
        instructions=judgement.instructions,
        uncounted=judgement.uncounted,
        failures=tuple(_failures(judgement)),
        measures=judgement.measures,
        log=text if len(text) <= LOG_CHARACTERS else text[: LOG_CHARACTERS - 20] + "\n... (cut)",
    )


def _failures(judgement: Judgement) -> Iterator[Failure]:
    """One for each check that failed; of those that left none, the words alone are known."""
    known = {failure.check: failure for failure in judgement.failures}
    for check, result in judgement.checks.items():
        if result.startswith("fail"):
            yield known.get(check) or Failure(check=check, why=result.removeprefix("fail").removeprefix(":").strip())


def first_error(outcome: Outcome) -> str:
    """The compiler's first complaint, in one line."""
    words = outcome.compile.stderr if outcome.compile else ""
    for line in words.splitlines():
        if match := re.search(
            r"(?:undefined reference to|multiple definition of) [`'‘][^'’]*['’]|(?:fatal error|[Ee]rror): (?!ld returned)(.+)", line
        ):
            return " ".join((match[1] or match[0]).split())[:160]
    return outcome.message or (words.strip().splitlines() or ["no reason given"])[-1][:160]


def ending(outcome: Outcome) -> str:
    """How a program ended whose results aren't all there, in a few words."""
    return "the program ended without the result" if outcome.ok else describe_run(outcome)


def describe_run(outcome: Outcome) -> str:
    """Why a program that was run gave no answer, in a few words."""
    known: Mapping[Verdict, str] = {
        Verdict.TIME_LIMIT: "did not end in time",
        Verdict.MEMORY_LIMIT: "used too much memory",
        Verdict.OUTPUT_LIMIT: "wrote too much",
        Verdict.PROCESS_LIMIT: "started too many processes or threads",
        Verdict.DISK_LIMIT: "filled the disk",
        Verdict.SIGNALED: f"ended by signal {outcome.signal}",
        Verdict.RACE: "data race",
        Verdict.RUNTIME_ERROR: f"ended with exit code {outcome.exit_code}",
    }
    return known.get(outcome.verdict, str(outcome.verdict))
