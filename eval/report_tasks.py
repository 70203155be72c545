"""What the report says of evaluation: every task, with what each model answered and what became of it.

A judge folder holds ``SUITE/MODEL/`` with ``results.json``, ``tasks.jsonl``, ``completions.jsonl`` and
``samples.jsonl``. Answers are hostile text: `hpcraft.eval.report_text.visible` shows what hides in them, and the
template escapes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.eval.report_answers import FOLDER, Check, best_speedup, checks_of, failed_checks, judged_answers, page_name, result_of
from hpcraft.eval.report_text import LANGUAGES, MODELS, visible
from hpcraft.eval.results import SAMPLES, TASKS, TaskRow
from hpcraft.samples import Sample
from hpcraft.store import read_jsonl

LEVELS = {
    "run": "built and run",
    "compile": "built only (no device here)",
    "emulate": "run on the processor in place of a device",
    "device": "run on a device",
}

STICKS = ("reference", "null")
"""The measuring sticks: known right answers, and functions that do nothing."""

_PROMPT_LIMIT, _CODE_LIMIT, _LOG_LIMIT = 6000, 6000, 2400
"""Characters shown of each text; the whole is in the judge's folder."""
_SAMPLES_SHOWN = 3
"""Of a model to a task."""
_MOST_ANSWERS = 900
"""Of a suite: with more, answers stand on their own pages alone, and the report stays a page that a browser opens at once."""


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
    page: str
    """Where the answer has a page of its own, from the report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one model did on one task, over all its samples."""

    model: str
    result: str
    """``passed`` when at least one sample did."""
    passed: int
    samples: int
    level: str
    first: str
    """Result of the first sample."""
    failed_check: str
    """The check that the first sample failed first; empty when it passed."""
    speedups: tuple[float, ...]
    """Of the samples that were timed or are wrong, as `best_speedup`."""


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
    """The tasks of a suite with the answers in ``folders``, by model label; where there are too many answers, none is shown.

    Raises:
        InputError: a file is missing or damaged, or a sample has no completion.
    """
    tasks: dict[str, TaskRow] = {}
    shown: dict[str, list[Answer]] = defaultdict(list)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    few = sum(_num_lines(folder / SAMPLES) for folder in folders.values()) <= _MOST_ANSWERS
    for label, folder in folders.items():
        tasks |= {t.task_id: t for t in read_jsonl(folder / TASKS, TaskRow)}
        samples: dict[str, list[Sample]] = defaultdict(list)
        for sample, code in judged_answers(folder):
            if sample.task_id not in tasks:
                raise InputError(f"{folder}: no task {sample.task_id} for sample {sample.sample_id}; judge again")
            several = samples[sample.task_id]
            if few and len(several) < _SAMPLES_SHOWN:
                shown[sample.task_id].append(_answer(suite, label, sample, code))
            several.append(replace(sample, log=""))
        for task_id, several in samples.items():
            outcomes[task_id].append(_outcome(label, several))
    return [_view(suite, task, outcomes[task_id], shown[task_id]) for task_id, task in tasks.items() if task_id in outcomes]


def _num_lines(path: Path) -> int:
    """Of a file that may be missing, which is told when it is read."""
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)


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
    outcome = next((o for o in task.outcomes if o.model == model), None) if task else None
    if task is None or outcome is None:
        return None
    return GridCell(task_id=task.task_id, result=outcome.first, failed_check=outcome.failed_check)


def _outcome(model: str, samples: Sequence[Sample]) -> Outcome:
    passed = sum(s.passed for s in samples)
    return Outcome(
        model=model,
        result="passed" if passed else result_of(samples[0]),
        passed=passed,
        samples=len(samples),
        level=samples[0].level,
        first=result_of(samples[0]),
        failed_check=next(iter(failed_checks(samples[0])), ""),
        speedups=tuple(v for s in samples if (v := best_speedup(s)) is not None) if any(s.timings for s in samples) else (),
    )


def _answer(suite: str, label: str, sample: Sample, code: str) -> Answer:
    return Answer(
        model=label,
        sample_id=sample.sample_id,
        result=result_of(sample),
        verdict=sample.verdict,
        seconds=sample.seconds,
        checks=checks_of(sample),
        code=visible(code, _CODE_LIMIT),
        log=visible(sample.log, _LOG_LIMIT),
        page=f"{FOLDER}/{page_name(suite, label, sample.task_id, sample.sample_id)}",
    )


def label_order(label: str) -> tuple[int, str]:
    """Sorts the labels of models: those under test first."""
    return STICKS.index(label) if label in STICKS else -1, label


def language_of(task: TaskRow) -> str:
    """Of a task's code, as the highlighter knows it."""
    return "cuda" if task.model == "cuda" else task.language


def kind_of(task: TaskRow) -> str:
    """Parallel model, language, origin and level in words."""
    words = [MODELS.get(task.model, task.model), *([LANGUAGES.get(task.language, task.language)] if task.model != "cuda" else [])]
    group = "" if task.group in task.task_id.split("/") else f", {task.group}"
    return f"{' '.join(words)}{group}, {LEVELS.get(task.level, task.level)}"


def _view(suite: str, task: TaskRow, outcomes: Sequence[Outcome], shown: Sequence[Answer]) -> TaskView:
    return TaskView(
        task_id=task.task_id,
        suite=suite,
        language=language_of(task),
        kind=kind_of(task),
        prompt=visible(task.prompt, _PROMPT_LIMIT),
        outcomes=tuple(outcomes),
        answers=tuple(shown),
        left_out=sum(o.samples for o in outcomes) - len(shown),
    )
