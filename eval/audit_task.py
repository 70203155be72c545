"""What an audit does to one task: judge its reference, its bad answers and mutants of its reference, and say whether it may be in a suite.

Theory of operation. Each judged answer is a line that is durable before the next one is begun, so an audit that was killed goes on behind its
last line. Mutants come in a seeded order until enough are counted: those that don't build, or whose object is that of the reference or
of a mutant before, aren't (trivial compiler equivalence). A mutant is killed when it doesn't pass. One that passes is a survivor, unless it is
known to do the same as the reference (`hpcraft.eval.equivalent_mutants`).

Not covered: objects of Python and of other suites than ``kernels``, where mutants differ by their text alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from hpcraft.data.mutants import Mutant, faulty_versions
from hpcraft.eval import kernel_judge
from hpcraft.eval.bad_answers import CHECKS, bad_answers
from hpcraft.eval.equivalent_mutants import why_equivalent
from hpcraft.eval.judge_shards import JUDGES, tasks_of
from hpcraft.eval.judging import LOG_CHARACTERS, Judgement
from hpcraft.eval.models import prompt_hash
from hpcraft.eval.prompt_styles import DEFAULT
from hpcraft.eval.task import Task
from hpcraft.eval.translation_judge import Question
from hpcraft.samples import Completion
from hpcraft.sandbox.outcome import Verdict
from hpcraft.store import append_jsonl, drop_torn_tail, read_jsonl, write_json

Kind = Literal["reference", "bad", "mutant"]
Fate = Literal["passed", "refused", "not built", "same object", "unsupported"]
Admitted = Literal["yes", "no", "unknown"]
_OTHER_MODEL = "fail: not built, "
"""How `hpcraft.eval.translation_judge` begins to say so."""
_NO_EVIDENCE: dict[Fate, str] = {"not built": "it isn't built", "unsupported": "it can't be judged here"}
"""Why a bad answer says nothing of a task's checks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """One answer that an audit gave: a line of ``audit.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.audit/1"

    task_id: str
    answer: str
    """``reference``, the name of a bad answer, or ``mutant-NUMBER``."""
    kind: Kind
    fate: Fate
    checks: Mapping[str, str] = field(default_factory=dict)
    """As in `hpcraft.samples.Sample`."""
    change: str = ""
    """Of a mutant: its kind and what was changed."""
    equivalent: str = ""
    """Of a mutant that passed: why it does the same as the reference."""
    object_sha256: str = ""
    seconds: float = 0.0
    log: str = ""

    @property
    def reason(self) -> str:
        """The first check that failed, and its words."""
        return next((f"{name}: {words.removeprefix('fail: ')}" for name, words in self.checks.items() if words.startswith("fail")), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditShard:
    """One task of an audit."""

    suite: str
    folder: Path | None
    """That the suite is read from."""
    task_id: str
    num_mutants: int
    seed: int
    lines: Path

    @property
    def name(self) -> str:
        """For messages."""
        return self.task_id

    @property
    def end(self) -> Path:
        """There when all is judged; tells what could not be, because the sandbox failed."""
        return self.lines.with_suffix(".end.json")


class _SandboxError(Exception):
    """The sandbox failed."""


def audit_task(shard: AuditShard) -> None:
    """Judge all answers that have no line yet."""
    drop_torn_tail(shard.lines)
    done = {line.answer: line for line in read_jsonl(shard.lines, AuditLine)} if shard.lines.exists() else {}
    tasks = tasks_of(shard.suite, shard.folder, DEFAULT)
    failures: list[str] = []
    try:
        _Auditor(shard, tasks[shard.task_id], done).all(tasks)
    except _SandboxError as error:
        failures.append(str(error))
    write_json(shard.end, {"failures": failures, "left_out": bad_answers(tasks[shard.task_id], tasks).left_out})


@dataclass
class _Auditor:
    shard: AuditShard
    task: Task
    done: dict[str, AuditLine]

    def all(self, tasks: Mapping[str, Task]) -> None:
        """The reference first: where it isn't judged or doesn't pass, the others show nothing; where there is none, bad answers may still pass."""
        reference = self._line("reference", "reference", self.task.reference) if self.task.reference else None
        if reference is not None and (reference.fate != "passed" or _not_run(reference)):
            return
        for name, code in bad_answers(self.task, tasks).codes.items():
            self._line(name, "bad", code)
        if reference is not None:
            self._mutants()

    def _mutants(self) -> None:
        counted, seen = 0, {self._object(self.task.reference)} - {""}
        for number, mutant in enumerate(faulty_versions(self.task.reference, self.task.language, seed=self.shard.seed)):
            if counted == self.shard.num_mutants:
                return
            line = self._mutant(f"mutant-{number}", mutant, seen)
            seen |= {line.object_sha256} - {""}
            counted += line.fate in ("passed", "refused") and not line.equivalent

    def _mutant(self, name: str, mutant: Mutant, seen: set[str]) -> AuditLine:
        if line := self.done.get(name):
            return line
        change = f"{mutant.kind}, {mutant.words}"
        digest = self._object(mutant.code)
        if digest in seen:
            line = AuditLine(task_id=self.task.task_id, answer=name, kind="mutant", fate="same object", change=change, object_sha256=digest)
            return self._kept(line)
        return self._line(name, "mutant", mutant.code, change=change, digest=digest, equivalent=why_equivalent(self.task.task_id, mutant))

    def _object(self, code: str) -> str:
        compiled = self.task.kernel is not None and self.task.language != "python"
        return kernel_judge.object_sha256(self.task, code) if compiled else ""

    def _line(self, name: str, kind: Kind, code: str, *, change: str = "", digest: str = "", equivalent: str = "") -> AuditLine:
        """The line of an answer, judged unless it was before."""
        if line := self.done.get(name):
            return line
        begin = time.monotonic()
        judgement = _judged(self.task, code, self.shard.seed)
        if judgement.verdict is Verdict.INFRA_ERROR:
            raise _SandboxError(f"{self.task.task_id}, {name}: {next(iter(judgement.log), 'no reason given')}")
        fate = _fate(judgement, kind)
        return self._kept(
            AuditLine(
                task_id=self.task.task_id,
                answer=name,
                kind=kind,
                fate=fate,
                checks=dict(judgement.checks),
                change=change,
                equivalent=equivalent if fate == "passed" else "",
                object_sha256=digest,
                seconds=round(time.monotonic() - begin, 3),
                log="" if kind == "mutant" else "\n".join(part for part in judgement.log if part)[:LOG_CHARACTERS],
            )
        )

    def _kept(self, line: AuditLine) -> AuditLine:
        append_jsonl(self.shard.lines, line)
        self.done[line.answer] = line
        return line


def _judged(task: Task, code: str, seed: int) -> Judgement:
    completion = Completion(task_id=task.task_id, sample_id=0, completion=code, model="audit", prompt_sha256=prompt_hash(task))
    return next(JUDGES[task.suite]([Question(task=task, completion=completion, code=code)], seed, ()))


def _fate(judgement: Judgement, kind: Kind) -> Fate:
    """What became of an answer; a bad one that isn't of the asked model is refused by the suite, which doesn't build it then."""
    if judgement.verdict is Verdict.UNSUPPORTED:
        return "unsupported"
    if judgement.passed:
        return "passed"
    built = judgement.checks.get("build", "")
    return "not built" if built.startswith("fail") and not (kind == "bad" and built.startswith(_OTHER_MODEL)) else "refused"


# ---------------------------------------------------------------- admission


@dataclass(frozen=True, kw_only=True, slots=True)
class Audited:
    """What an audit found about one task."""

    task_id: str
    admitted: Admitted
    """``unknown`` where the machine can't judge it, there is no reference, or no mutant of it counts."""
    why: tuple[str, ...]
    """Why not, or why it isn't known; empty when it is admitted."""
    refused: Mapping[str, str]
    """Bad answer to the check that refused it, and its words."""
    left_out: Mapping[str, str]
    """Bad answer to why none was made, or why it says nothing."""
    mutants: int
    """That count: they were built, differ from all others, and aren't known to be right."""
    killed: int
    survivors: tuple[str, ...]
    """The kind of each and what it changed."""
    equivalent: Mapping[str, str]
    """What was changed to why that is right, too."""
    not_counted: Mapping[str, int]
    """Mutants that were tried and don't count, by reason."""

    @property
    def score(self) -> float | None:
        """The share of the mutants that were killed; none where there are none."""
        return self.killed / self.mutants if self.mutants else None


def audited(task_id: str, lines: Sequence[AuditLine], left_out: Mapping[str, str], min_killed: float, num_mutants: int = 0) -> Audited:
    """What the lines of a task show; the judge of kernels makes all checks, so that each bad answer must be refused by the one for it.

    A bad answer that isn't built shows nothing of a task's checks, and is left out.
    """
    wanted = CHECKS if task_id.startswith("kernels/") else {}
    reference = next((line for line in lines if line.kind == "reference"), None)
    bad = [line for line in lines if line.kind == "bad"]
    tried = [line for line in lines if line.kind == "mutant"]
    counted = [line for line in tried if line.fate in ("passed", "refused") and not line.equivalent]
    survivors = tuple(line.change for line in counted if line.fate == "passed")
    unknown = _unknown(reference)
    if not unknown and num_mutants and not counted:
        unknown = "no mutant of the reference counts, so nothing shows that faults are noticed"
    why = tuple(_faults(reference, bad, wanted, len(counted), len(survivors), min_killed))
    return Audited(
        task_id=task_id,
        admitted="no" if why else "unknown" if unknown else "yes",
        why=why or ((unknown,) if unknown else ()),
        refused={line.answer: line.reason for line in bad if line.fate == "refused"},
        left_out={**left_out, **{line.answer: words for line in bad if (words := _NO_EVIDENCE.get(line.fate) or _not_run(line))}},
        mutants=len(counted),
        killed=len(counted) - len(survivors),
        survivors=survivors,
        equivalent={line.change: line.equivalent for line in tried if line.equivalent},
        not_counted={fate: n for fate in ("not built", "same object") if (n := sum(line.fate == fate for line in tried))},
    )


def _unknown(reference: AuditLine | None) -> str:
    if reference is None:
        return "there is no reference, so nothing shows that the task can be done"
    if reference.fate == "unsupported":
        return f"can't be judged here: {reference.checks['build'].removeprefix('skip: ')}"
    return f"its answers are not run here: {_not_run(reference)}" if reference.fate == "passed" and _not_run(reference) else ""


def _not_run(line: AuditLine) -> str:
    """Why no output was looked at; empty where one was."""
    words = line.checks.get("correct", "")
    return words.removeprefix("skip: ") if words.startswith("skip") else ""


def _faults(
    reference: AuditLine | None,
    bad: Sequence[AuditLine],
    wanted: Mapping[str, Sequence[str]],
    mutants: int,
    survivors: int,
    min_killed: float,
) -> list[str]:
    if reference is not None and reference.fate != "passed":
        return [] if reference.fate == "unsupported" else [f"the reference is refused ({reference.reason})"]
    found = []
    for line in bad:
        if line.fate == "passed" and not _not_run(line):
            found.append(f"the answer {line.answer} passes")
        elif line.answer in wanted and not any(line.checks.get(check, "").startswith("fail") for check in wanted[line.answer]):
            found.append(f"the answer {line.answer} is refused for another reason ({line.reason or line.checks.get('build', line.fate)})")
    if mutants and mutants - survivors < min_killed * mutants:
        found.append(f"{survivors} of {mutants} mutants of the reference survive")
    return found
