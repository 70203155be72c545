"""Stage ``judge``: build, run and check what models answered.

Theory of operation. For each ``SUITE/MODEL/completions.jsonl`` of the input, answers are judged by a few threads (the work is in the
sandbox's processes) and appended to ``samples.jsonl`` in the order of the input, each line durable before the next. A stage that was
killed judges what has no line yet. ``results.json`` is made from the lines when all are there. The seed of the inputs is drawn
at the start, kept in a hidden file, and told in ``results.json`` afterwards. When the sandbox itself fails, the answer gets
no line, and the stage ends as partial: nothing that is our fault counts against a model.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from hpcraft.errors import ConfigError, InputError, MachineError, PartialError
from hpcraft.eval import kernel_judge, performance
from hpcraft.eval.extract import extract
from hpcraft.eval.generate import COMPLETIONS
from hpcraft.eval.judging import Judgement, to_sample
from hpcraft.eval.models import prompt_hash
from hpcraft.eval.results import RESULTS, SAMPLES, TASKS, Results, TaskRow, level_figures, to_json
from hpcraft.eval.suites import Suite, find_suite, suite_hash
from hpcraft.eval.task import Task
from hpcraft.eval.toolchain import isolation, toolchain
from hpcraft.eval.translation_judge import Question
from hpcraft.eval.translation_judge import judge as judge_translations
from hpcraft.progress import bar
from hpcraft.records import Completion, Sample
from hpcraft.sandbox.outcome import CUDA_LEVELS
from hpcraft.stages import Input, Report, Stage, Work, option, versions
from hpcraft.store import append_jsonl, drop_torn_tail, read_json, read_jsonl, sha256_file, write_json, write_jsonl

_STATE = ".judge.json"

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeConfig:
    """How answers are judged."""

    workers: int = option(2, help="answers judged at once")
    timing: bool = option(False, help="time right answers beside the sequential reference")
    timing_cores: tuple[int, ...] = option((), help="numbers of cores to time at; none: all that there are")
    input_seed: int = option(0, help="seed of the test inputs, to repeat a judgement; 0 draws a secret one and tells it afterwards")

    def __post_init__(self) -> None:
        """Refuse numbers that can't be meant."""
        if self.workers < 1 or self.input_seed < 0:
            raise ConfigError("judge: workers is at least 1, input_seed at least 0")
        most = performance.available_cores()
        if not all(1 <= count <= most for count in self.timing_cores):
            raise ConfigError(
                f"judge: timing_cores {list(self.timing_cores)}: this process may use {most} cores; give numbers from 1 to {most}"
            )

    @property
    def cores(self) -> tuple[int, ...]:
        """At which right answers are timed."""
        return (self.timing_cores or (performance.available_cores(),)) if self.timing else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """The answers of one model to one suite."""

    suite: Suite
    tasks: dict[str, Task]
    completions: Path
    out: Path


def run(config: JudgeConfig, work: Work) -> Report:
    """Judge every answer of the input."""
    seed = _seed(config, work.out)
    entries = _entries(work)
    report = Report(rows={"samples": 0, "passed": 0})
    failures: list[str] = []
    with bar("judging", sum(_check_completions(e) for e in entries)) as advance:
        for entry in entries:
            failures += _judge_entry(entry, seed, config, advance)
    if failures:
        raise PartialError(
            f"judge: {len(failures)} answers could not be judged because the sandbox failed ({failures[0]}); "
            "the others are kept, run the same command again to judge these"
        )
    for entry in entries:
        _conclude(entry, seed, work.seed, report)
    return report


# ---------------------------------------------------------------- what there is to judge


def _entries(work: Work) -> list[Entry]:
    root = work.inputs["completions"]
    paths = sorted(root.glob(f"*/*/{COMPLETIONS}"))
    if not paths:
        raise InputError(f"{root}: holds no SUITE/MODEL/{COMPLETIONS}; give the output folder of `hpcraft eval generate`")
    tasks: dict[str, dict[str, Task]] = {}
    entries = []
    for path in paths:
        suite = find_suite(path.parent.parent.name)
        if suite.name not in tasks:
            tasks[suite.name] = {t.task_id: t for t in suite.tasks(work.inputs.get("pairs"))}
        entries.append(Entry(suite=suite, tasks=tasks[suite.name], completions=path, out=work.out / suite.name / path.parent.name))
    return entries


def _check_completions(entry: Entry) -> int:
    """Refuse answers that can't be judged; returns how many there are."""
    seen: set[tuple[str, int]] = set()
    for c in read_jsonl(entry.completions, Completion):
        if c.task_id not in entry.tasks:
            raise InputError(
                f"{entry.completions}: no task {c.task_id!r} in suite {entry.suite.name}; see `hpcraft eval list {entry.suite.name}`"
            )
        if (c.task_id, c.sample_id) in seen:
            raise InputError(f"{entry.completions}: task {c.task_id} has two answers with sample_id {c.sample_id}; number them differently")
        if c.prompt_sha256 not in ("", prompt_hash(entry.tasks[c.task_id])):
            raise InputError(f"{entry.completions}: {c.task_id} was answered for another prompt; generate the answers again")
        seen.add((c.task_id, c.sample_id))
    return len(seen)


def _seed(config: JudgeConfig, out: Path) -> int:
    """The seed of the inputs; one drawn before an interruption is kept, so that all answers meet the same inputs."""
    state = out / _STATE
    if not state.exists():
        write_json(state, {"seed": config.input_seed or secrets.randbits(53)})
    return int(read_json(state)["seed"])


# ---------------------------------------------------------------- judging


def _judge_entry(entry: Entry, seed: int, config: JudgeConfig, advance: Callable[[float], None]) -> list[str]:
    """Judge the answers that have no sample yet; returns the sandbox's failures."""
    path = entry.out / SAMPLES
    drop_torn_tail(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    done = {(s.task_id, s.sample_id) for s in read_jsonl(path, Sample)}
    advance(len(done))
    rest = (c for c in read_jsonl(entry.completions, Completion) if (c.task_id, c.sample_id) not in done)
    questions = (Question(task=t, completion=c, code=extract(t, c.completion)) for c in rest for t in [entry.tasks[c.task_id]])
    failures = []
    judged = _kernels(questions, seed, config) if entry.suite.name == "kernels" else _translations(questions, seed, config.workers)
    for sample in judged:
        if sample.verdict == "infra_error":
            failures.append(f"{sample.task_id}: {next(iter(sample.log.splitlines()), 'no reason given')}")
        else:
            append_jsonl(path, sample)
        advance(1)
    return failures


def _kernels(questions: Iterable[Question], seed: int, config: JudgeConfig) -> Iterator[Sample]:
    def one(question: Question) -> Sample:
        begin = time.monotonic()
        judgement: Judgement = kernel_judge.judge(question.task, question.code, seed, config.cores)
        return to_sample(question.task, question.completion, judgement, time.monotonic() - begin)

    yield from _in_order(one, questions, config.workers)


def _translations(questions: Iterable[Question], seed: int, workers: int) -> Iterator[Sample]:
    begin = time.monotonic()
    try:
        for judged in judge_translations(questions, seed, workers):
            now = time.monotonic()
            yield to_sample(judged.question.task, judged.question.completion, judged.judgement, now - begin)
            begin = now
    except MachineError as error:
        raise PartialError(f"judge: the sandbox failed ({error}); what was judged is kept, run the same command again") from None


def _in_order(function: Callable[[T], U], items: Iterable[T], workers: int) -> Iterator[U]:
    """Apply ``function`` in threads; results come in the order of the items, and only a few are held at any time."""
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


# ---------------------------------------------------------------- results


def _conclude(entry: Entry, seed: int, run_seed: int, report: Report) -> None:
    """Write what belongs beside ``samples.jsonl``, and count."""
    samples = list(read_jsonl(entry.out / SAMPLES, Sample))
    write_jsonl(entry.out / COMPLETIONS, read_jsonl(entry.completions, Completion))
    asked = [t for t in entry.tasks.values() if t.task_id in {s.task_id for s in samples}]
    write_jsonl(entry.out / TASKS, map(_row, asked))
    unsupported = sorted({s.task_id for s in samples if s.verdict == "unsupported"})
    levels = level_figures(entry.tasks, samples)
    results = Results(
        suite=entry.suite.name,
        suite_version=entry.suite.version,
        suite_hash=suite_hash(entry.suite, entry.tasks.values()),
        model=samples[0].model if samples else entry.out.name,
        limited=len(asked) < len(entry.tasks),
        levels=levels,
        unsupported=unsupported,
        num_tasks=len(entry.tasks),
        seeds={"inputs": seed, "run": run_seed},
        toolchain=toolchain(),
        isolation=isolation(),
        cuda_level=next((level for level in CUDA_LEVELS if level in levels), None),
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        samples_sha256=sha256_file(entry.out / SAMPLES),
    )
    write_json(entry.out / RESULTS, to_json(results))
    _count(entry, results, samples, report)


def _count(entry: Entry, results: Results, samples: list[Sample], report: Report) -> None:
    name = f"{entry.suite.name}/{entry.out.name}"
    report.rows["samples"] += len(samples)
    report.rows["passed"] += sum(s.passed for s in samples)
    report.metrics[name] = {level: found["metrics"] for level, found in results.levels.items()}
    if results.unsupported:
        why = next(s.checks["build"].removeprefix("skip: ") for s in samples if s.verdict == "unsupported")
        report.notes.append(f"{name}: {len(results.unsupported)} tasks can't be judged here and are in no figure ({why})")
    if results.limited:
        report.notes.append(f"{name}: limited to the tasks that were asked, {len(entry.tasks)} in the whole suite")


def _row(task: Task) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        prompt=task.prompt,
        language=task.language,
        model=task.model,
        level=task.level,
        group=task.group,
        prompt_sha256=prompt_hash(task),
    )


STAGE = Stage(
    name="judge",
    summary="build, run and check what models answered",
    example="hpcraft eval judge --completions runs/completions --out runs/results",
    config=JudgeConfig,
    inputs={
        "completions": Input(stage="generate", help="folder of the generate stage"),
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
    },
    run=run,
)
COMMAND = STAGE.command
