"""Stage ``choose``: of several answers to a translation task, the one that holds on tests written on the spot.

Theory of operation. The suite's own tests are never looked at. For each task that comes with a sequential C function, or with one in OpenMP or CUDA on the
way back, tests are proposed by rule (`hpcraft.data.tester`), the function itself says which are valid, and each different answer that plays no tricks on the checks is built, run and
tried on faulty versions of it, as `hpcraft translate --verify` does. What holds is ranked as there; where nothing could be shown of any answer (no valid test, no host function by rule), the one
written most often is taken, which the facts of the answer say. What is written is a folder as `hpcraft eval generate` writes, with one answer a task, for
`hpcraft eval judge`.

Not covered: tasks without a function to translate, and kernels on the way back that no rule can launch; they keep their first answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from hpcraft.data.honest import Honest
from hpcraft.data.host_function import with_host
from hpcraft.data.standalone import Standalone, stand_alone
from hpcraft.data.target_models import SERIAL
from hpcraft.data.tester import propose
from hpcraft.data.verify import has_tools, lacks_tool, verify
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.completions import read_completions
from hpcraft.eval.extract import extract
from hpcraft.eval.forbidden import trick
from hpcraft.eval.judge import completion_files, style_of
from hpcraft.eval.judge_shards import tasks_of
from hpcraft.eval.suites import DATA_HELP, find_suite
from hpcraft.eval.task import Task
from hpcraft.eval.translate_evidence import Choice, runnable
from hpcraft.progress import track
from hpcraft.samples import Completion
from hpcraft.sandbox.abi import Signature
from hpcraft.stages import Input, Report, Stage, Work
from hpcraft.store import write_jsonl
from hpcraft.verification import Candidate, Finding

_MODELS = ("openmp", "cuda")
_NOT_ITS_FAULT = re.compile(r"source:|no-valid-tests|(?:target:)?(?:no|few)-mutants?-killed|tests|(?:target:)?unsupported|signature$")
"""Reasons of a refusal that say nothing of the answer."""
_VERIFIED, _NOTHING_HOLDS, _UNKNOWN = "verified", "nothing holds", "nothing could be shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChooseConfig:
    """There is nothing to set: what counts as evidence is one thing for all."""


@dataclass(kw_only=True, slots=True)
class _Case:
    """A task with its answers."""

    answers: list[Completion]
    candidates: dict[str, Candidate] = field(default_factory=dict)
    """By the text of the answer; one that no program can be made of has none."""


def run(config: ChooseConfig, work: Work) -> Report:
    """Choose one answer for each task of each file.

    Raises:
        InputError: no answers are there.
        MachineError: this machine lacks what the check needs.
    """
    del config
    report = Report(rows={"tasks": 0, "answers": 0})
    for path in completion_files(work.inputs["completions"]):
        cases = _cases(path, find_suite(path.parent.parent.name).folder(work.inputs), work.seed)
        findings = _findings(cases, work.seed)
        chosen = [_chosen(case, findings) for case in cases]
        write_jsonl(work.out / path.relative_to(work.inputs["completions"]), chosen)
        report.rows["tasks"] += len(cases)
        report.rows["answers"] += sum(len(case.answers) for case in cases)
        report.metrics[str(path.parent.relative_to(work.inputs["completions"]))] = dict(Counter(str(c.sampling["chosen"]) for c in chosen))
    return report


def _cases(path: Path, folder: Path | None, seed: int) -> list[_Case]:
    cases: dict[str, _Case] = {}
    tasks = tasks_of(path.parent.parent.name, folder, style_of(path))
    for answer in read_completions(path).completions:
        if answer.task_id not in tasks:
            raise InputError(f"{path}: {answer.task_id} is no task of suite {path.parent.parent.name}; generate the answers again")
        cases.setdefault(answer.task_id, _Case(answers=[])).answers.append(answer)
    for name, case in cases.items():
        _prepare(case, tasks[name], seed)
    return list(cases.values())


def _prepare(case: _Case, task: Task, seed: int) -> None:
    """A candidate for each different answer, with tests of the function's own."""
    try:
        alone = _question(task)
        if alone is None:
            return
        signature = Signature.parse(alone.signature)
        source, loops = runnable(alone)
    except InputError:
        return
    if missing := lacks_tool(task.model) or lacks_tool(alone.model):
        raise MachineError(missing)
    tests = tuple(test for group in propose(signature, loops, seed=seed) for test in group)
    for answer in case.answers:
        if answer.completion in case.candidates:
            continue
        code = _under_its_name(extract(task, answer.completion).code, task, alone.name)
        if task.model == "cuda":
            try:
                code = with_host(code, source, signature)
            except InputError:
                continue
        case.candidates[answer.completion] = Candidate(
            candidate_id=f"{task.task_id}/{answer.sample_id}",
            signature=alone.signature,
            source=source,
            source_model=alone.model,
            target=code,
            target_model=task.model,
            tests=tests,
        )


def _question(task: Task) -> Standalone | None:
    """The function that is to be translated, as it stands alone; None where there is none.

    Raises:
        InputError: it can't stand alone.
    """
    if task.back is not None and task.model == SERIAL:
        alone = stand_alone(task.back.source, language="cuda" if task.back.model == "cuda" else "c")
        return replace(alone, signature=task.back.head)
    return stand_alone(task.source) if task.source and task.model in _MODELS else None


def _under_its_name(code: str, task: Task, name: str) -> str:
    """An answer whose entry has the name that the task asks for, which may be another than the sequential function's."""
    entry = task.prototype.partition("(")[0].split()[-1].lstrip("*")
    if entry == name or "<<<" not in code or re.search(rf"\b{re.escape(name)}\b", code):
        return code
    return re.sub(rf"\b{re.escape(entry)}\b", name, code)


def _findings(cases: Sequence[_Case], seed: int) -> dict[str, Finding]:
    candidates = [c for case in cases for c in case.candidates.values()]
    race = not has_tools("openmp", race=True)
    verifier = Honest(partial(verify, seed=seed, race=race, min_killed=0.0), trick)
    found = track(verifier(candidates), "choose", len(candidates))
    return {finding.candidate_id: finding for finding in found}


def _chosen(case: _Case, findings: dict[str, Finding]) -> Completion:
    """The best answer, and in its facts on what that rests."""
    counts = Counter(answer.completion for answer in case.answers)
    choice, answer = max(_choices(case, counts, findings), key=lambda pair: (_standing(pair[0]), pair[0].rank))
    how = {True: _VERIFIED, False: _NOTHING_HOLDS, None: _UNKNOWN}[choice.holds]
    return replace(
        answer, sample_id=0, sampling={**answer.sampling, "chosen": how, "chosen_of": len(case.answers), "chosen_sample": answer.sample_id}
    )


def _choices(case: _Case, counts: Counter[str], findings: dict[str, Finding]) -> Iterator[tuple[Choice, Completion]]:
    for text in counts:
        answer = next(a for a in case.answers if a.completion == text)
        candidate = case.candidates.get(text)
        finding = findings[candidate.candidate_id] if candidate else None
        known = finding is not None and not _NOT_ITS_FAULT.match(finding.reason)
        yield (
            Choice(
                number=answer.sample_id,
                code=text,
                times=counts[text],
                holds=finding.accepted if finding and known else None,
                level=finding.level if finding and finding.accepted else "",
                mutants_killed=finding.target_mutants_killed if finding else 0,
                mutants_total=finding.target_mutants_total if finding else 0,
            ),
            answer,
        )


def _standing(choice: Choice) -> int:
    """What holds comes before what nothing is known of, and that before what doesn't hold."""
    return {True: 2, None: 1, False: 0}[choice.holds]


STAGE = Stage(
    name="choose",
    summary="of several answers to a translation task, take the one that holds on tests written on the spot",
    example="hpcraft eval choose --completions runs/completions --data babeltower -o runs/chosen",
    config=ChooseConfig,
    inputs={
        "completions": Input(stage="generate", help="folder of the generate stage, with several answers a task"),
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
        "data": Input(stage="", help=DATA_HELP, optional=True, foreign=True),
    },
    run=run,
)
COMMAND = STAGE.command
