"""What the report says of evaluation: every task, with what each model answered and what became of it.

A judge folder holds ``SUITE/MODEL/`` with ``results.json``, ``tasks.jsonl``, ``completions.jsonl`` and
``samples.jsonl``. Answers are hostile text: `hpcraft.eval.report_text.visible` shows what hides in them, and the
template escapes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.eval.report_text import LANGUAGES, MODELS, visible
from hpcraft.eval.results import SAMPLES, TASKS, TaskRow
from hpcraft.records import Completion, Sample
from hpcraft.store import read_jsonl

LEVELS = {
    "run": "built and run",
    "compile": "built only (no device here)",
    "emulate": "run on the processor in place of a device",
    "device": "run on a device",
}

COMPLETIONS = "completions.jsonl"

_PROMPT_LIMIT, _CODE_LIMIT, _LOG_LIMIT = 6000, 6000, 2400
"""Characters shown of each text; the whole is in the judge's folder."""
_SAMPLES_SHOWN = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of an answer."""

    name: str
    state: str
    """``pass``, ``fail`` or ``skip``."""
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One completion and its judgement, ready to print."""

    model: str
    sample_id: int
    result: str
    """``passed``, ``failed``, or ``not judged`` where the machine lacks what it takes."""
    verdict: str
    seconds: float
    checks: tuple[Check, ...]
    code: str
    log: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one model did on one task, over all its samples."""

    model: str
    result: str
    """``passed`` when at least one sample did."""
    passed: int
    samples: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """One task with the answers of every model."""

    task_id: str
    suite: str
    language: str
    """Of the code, ``cuda`` for CUDA tasks."""
    kind: str
    """Parallel model, language, origin and level in words."""
    prompt: str
    outcomes: tuple[Outcome, ...]
    answers: tuple[Answer, ...]
    left_out: int
    """Samples that aren't shown, because there are too many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GridCell:
    """One task in a grid: passed or not, and where to read why."""

    task_id: str
    result: str
    failed_check: str
    """The first check that failed, empty when none did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Kernels against parallel model and language: one model's passes at a glance."""

    model: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[GridCell | None, ...]], ...]


def read_tasks(suite: str, folders: Mapping[str, Path]) -> list[TaskView]:
    """The tasks of a suite with the answers in ``folders``, by model label.

    Raises:
        InputError: a file is missing or damaged, or a sample has no completion.
    """
    tasks: dict[str, TaskRow] = {}
    answers: dict[str, list[Answer]] = defaultdict(list)
    for label, folder in folders.items():
        tasks |= {t.task_id: t for t in read_jsonl(folder / TASKS, TaskRow)}
        completions = {(c.task_id, c.sample_id): c.completion for c in read_jsonl(folder / COMPLETIONS, Completion)}
        for sample in read_jsonl(folder / SAMPLES, Sample):
            code = completions.get((sample.task_id, sample.sample_id))
            if code is None or sample.task_id not in tasks:
                raise InputError(f"{folder}: no task or completion for {sample.task_id} sample {sample.sample_id}; judge again")
            answers[sample.task_id].append(_answer(label, sample, code))
    return [_view(suite, task, answers[task_id]) for task_id, task in tasks.items() if task_id in answers]


def grids(tasks: Sequence[TaskView], models: Sequence[str]) -> Iterator[Grid]:
    """For each model, its kernels (rows) against parallel model and language (columns); the first sample counts."""
    at: dict[tuple[str, str, str], TaskView] = {}
    for task in tasks:
        if task.task_id.count("/") == 3:
            _, kernel, model, language = task.task_id.split("/")
            at[kernel, model, language] = task
    if not at:
        return
    columns = list(dict.fromkeys((model, language) for _, model, language in at))
    for label in models:
        rows = []
        for kernel in dict.fromkeys(k for k, _, _ in at):
            rows.append((kernel, tuple(_grid_cell(at.get((kernel, *column)), label) for column in columns)))
        heads = tuple(f"{MODELS.get(m, m)} {LANGUAGES.get(lang, lang) if m != 'cuda' else ''}".strip() for m, lang in columns)
        yield Grid(model=label, columns=heads, rows=tuple(rows))


def _grid_cell(task: TaskView | None, model: str) -> GridCell | None:
    answer = next((a for a in task.answers if a.model == model), None) if task else None
    if task is None or answer is None:
        return None
    failed = next((c.name for c in answer.checks if c.state == "fail"), "" if answer.result == "passed" else answer.verdict)
    return GridCell(task_id=task.task_id, result=answer.result, failed_check=failed)


def _outcome(model: str, answers: Sequence[Answer]) -> Outcome:
    passed = sum(a.result == "passed" for a in answers)
    return Outcome(model=model, result="passed" if passed else answers[0].result, passed=passed, samples=len(answers))


def _answer(label: str, sample: Sample, code: str) -> Answer:
    return Answer(
        model=label,
        sample_id=sample.sample_id,
        result="passed" if sample.passed else "not judged" if sample.verdict == "unsupported" else "failed",
        verdict=sample.verdict,
        seconds=sample.seconds,
        checks=tuple(_check(name, result) for name, result in sample.checks.items()),
        code=visible(code, _CODE_LIMIT),
        log=visible(sample.log, _LOG_LIMIT),
    )


def _check(name: str, result: str) -> Check:
    """A check from its words: ``pass``, ``fail: why`` or ``skip: why``."""
    state, _, why = result.partition(":")
    return Check(name=name, state=state.strip(), why=visible(why.strip(), 300))


def _view(suite: str, task: TaskRow, answers: Sequence[Answer]) -> TaskView:
    by_model: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_model[answer.model].append(answer)
    words = [MODELS.get(task.model, task.model), *([LANGUAGES.get(task.language, task.language)] if task.model != "cuda" else [])]
    group = "" if task.group in task.task_id.split("/") else f", {task.group}"
    shown = [a for several in by_model.values() for a in several[:_SAMPLES_SHOWN]]
    return TaskView(
        task_id=task.task_id,
        suite=suite,
        language="cuda" if task.model == "cuda" else task.language,
        kind=f"{' '.join(words)}{group}, {LEVELS.get(task.level, task.level)}",
        prompt=visible(task.prompt, _PROMPT_LIMIT),
        outcomes=tuple(_outcome(m, several) for m, several in by_model.items()),
        answers=tuple(shown),
        left_out=len(answers) - len(shown),
    )
