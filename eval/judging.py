"""What the judges of all suites share: the outcome of judging one answer, and words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hpcraft.eval.task import Task
from hpcraft.records import Completion, Sample
from hpcraft.sandbox.outcome import Outcome, Verdict

LOG_CHARACTERS = 4000
CHECKS = ("build", "honest", "correct", "parallel", "race-free", "fast")
_WHEN_TIMED = "fast"
"""The check that is absent where nothing was asked to be timed."""


@dataclass(kw_only=True, slots=True)
class Judgement:
    """What was found about one answer; filled in as the checks go on."""

    verdict: Verdict = Verdict.OK
    """Of the step that decided."""
    checks: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    timings: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """As in `Sample`."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """As in `Sample`."""
    level: str = ""
    """How far the answer was taken, where that depends on the machine; empty for the task's own level."""

    def settle(self, check: str, result: str, outcome: Outcome | None = None) -> None:
        """Record a check's result; the first failure decides the verdict."""
        if result.startswith("fail") and not self.failed and outcome is not None:
            self.verdict = outcome.verdict
        self.checks[check] = result

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


def to_sample(task: Task, completion: Completion, judgement: Judgement, seconds: float) -> Sample:
    """The judgement as a line of ``samples.jsonl``."""
    text = "\n".join(part for part in judgement.log if part)
    return Sample(
        task_id=completion.task_id,
        sample_id=completion.sample_id,
        model=completion.model,
        passed=judgement.passed,
        level=judgement.level or task.level,
        checks={name: judgement.checks[name] for name in CHECKS if name in judgement.checks},
        verdict=str(judgement.verdict),
        seconds=round(seconds, 3),
        timings=judgement.timings,
        measures=judgement.measures,
        log=text if len(text) <= LOG_CHARACTERS else text[: LOG_CHARACTERS - 20] + "\n... (cut)",
    )


def first_error(outcome: Outcome) -> str:
    """The compiler's first complaint, in one line."""
    words = outcome.compile.stderr if outcome.compile else ""
    for line in words.splitlines():
        if match := re.search(
            r"(?:undefined reference to|multiple definition of) [`'‘][^'’]*['’]|(?:fatal error|[Ee]rror): (?!ld returned)(.+)", line
        ):
            return " ".join((match[1] or match[0]).split())[:160]
    return outcome.message or (words.strip().splitlines() or ["no reason given"])[-1][:160]


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
