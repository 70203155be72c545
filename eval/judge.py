"""Stage ``judge``: build, run and check what models answered.

Theory of operation. Of each ``SUITE/MODEL/completions.jsonl`` of the input, the lines that can be judged are written into shards, and the
others counted by reason (``strict`` refuses them). Shards are judged in worker processes or as Slurm jobs (`hpcraft.eval.judge_shards`);
the output is in the order of the input, wherever they ran. A stage that was killed judges what has no line yet. ``results.json`` is made
when all lines are there. The seed of the inputs is drawn at the start, kept in a hidden file, and told in ``results.json``
afterwards. When the sandbox itself fails, the answer gets no line, and the stage ends as partial: nothing that is our fault counts
against a model. A suite that can't be read stops its own answers alone. When a stage ends with such a fault, what could be judged whole has its
results in the partial folder.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hpcraft.errors import ConfigError, HpcError, InputError, PartialError, Stopped
from hpcraft.eval import performance
from hpcraft.eval.completions import Found, read_completions
from hpcraft.eval.extract import extract
from hpcraft.eval.judge_shards import JudgeShard, cut, judge_shard, machine_of, tasks_of, told_failures
from hpcraft.eval.judging import UNLOOKED
from hpcraft.eval.kept_answers import COMPLETIONS
from hpcraft.eval.models import OTHER_PROMPT, prompt_hash
from hpcraft.eval.prompt_styles import DEFAULT, STYLES
from hpcraft.eval.results import RESULTS, SAMPLES, TASKS, Results, TaskRow, level_figures, to_json
from hpcraft.eval.suites import DATA_HELP, Suite, find_suite, suite_hash
from hpcraft.eval.task import Task
from hpcraft.eval.text_metrics import compare_with_gold, signatures
from hpcraft.eval.toolchain import isolation, toolchain
from hpcraft.samples import Completion, Sample
from hpcraft.sandbox.outcome import CUDA_LEVELS
from hpcraft.stages import Input, Report, Stage, Work, option, versions
from hpcraft.store import read_json, read_jsonl, read_manifest, sha256_file, write_json, write_jsonl

_STATE = ".judge.json"
_SHARDS = ".shards"
_SUDDEN = 10
"""A speed-up a core above which a right answer is told, to be looked at."""
_MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeConfig:
    """How answers are judged."""

    timing: bool = option(False, help="time right answers beside the sequential reference")
    timing_cores: tuple[int, ...] = option((), help="numbers of cores to time at; none: all that there are")
    input_seed: int = option(0, help="seed of the test inputs, to repeat a judgement; 0 draws a secret one and tells it afterwards")
    strict: bool = option(
        False, help="refuse a file with lines that can't be judged, such as those of unknown tasks, instead of counting them"
    )

    def __post_init__(self) -> None:
        """Refuse numbers that can't be meant."""
        if self.input_seed < 0:
            raise ConfigError("judge: input_seed is at least 0")
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
    shards: list[JudgeShard] = field(default_factory=list)
    cores: tuple[int, ...] = ()
    """At which right answers are timed."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason to the lines that aren't judged."""


def run(config: JudgeConfig, work: Work) -> Report:
    """Judge every answer of the input that can be judged.

    Raises:
        PartialError: the sandbox failed on some; the results of the others are written.
        InputError: there is nothing to judge, or with ``strict`` a line that can't be; when a suite can't be read, after the results of
            the others are written.
    """
    tasks_of.cache_clear()
    seed = _seed(config, work.out)
    missing = read_manifest(work.inputs["completions"]).missing
    report = Report(rows={"samples": 0, "passed": 0}, notes=[f"not answered, and not judged: {name}" for name in missing])
    entries: list[Entry] = []
    faults: list[HpcError] = []
    for path in completion_files(work.inputs["completions"]):
        try:
            entries.append(_entry(config, work, path, seed, report))
        except Stopped:
            raise
        except HpcError as error:
            faults.append(error)
    if faults and (config.strict or not entries):
        raise faults[0]
    shards = [shard for entry in entries for shard in entry.shards]
    todo = [shard for shard in shards if not shard.is_done()]
    work.executor.map(judge_shard, todo, folder=work.out, label="judge")
    if failures := told_failures(todo):
        faults.append(
            PartialError(
                f"judge: {len(failures)} answers could not be judged because the sandbox failed ({failures[0]}); "
                "the others are kept, run the same command again to judge these"
            )
        )
    judged = [entry for entry in entries if all(shard.is_done() for shard in entry.shards)]
    for entry in judged:
        _conclude(entry, seed, work.seed, report)
    if faults:
        raise _with_results(faults[0], judged, work.out)
    return report


def _with_results(fault: HpcError, judged: list[Entry], out: Path) -> HpcError:
    """A fault, and where the results are of what could be judged."""
    names = [f"{entry.suite.name}/{entry.out.name}" for entry in judged]
    shown = ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")
    return type(fault)(f"{fault}; judged whole, with results in {out}: {shown}") if names else fault


# ---------------------------------------------------------------- what there is to judge


def completion_files(root: Path) -> list[Path]:
    """The files of answers in a folder of the generate stage.

    Raises:
        InputError: there is none.
    """
    paths = sorted(root.glob(f"*/*/{COMPLETIONS}"))
    if not paths:
        raise InputError(f"{root}: holds no SUITE/MODEL/{COMPLETIONS}; give the output folder of `hpcraft eval generate`")
    return paths


def _entry(config: JudgeConfig, work: Work, path: Path, seed: int, report: Report) -> Entry:
    """The shards of a file, with what can't be judged left out and told.

    Raises:
        InputError: the suite can't be read, or nothing of the file can be judged.
    """
    suite = find_suite(path.parent.parent.name)
    pairs = suite.folder(work.inputs)
    style = style_of(path)
    tasks = tasks_of(suite.name, pairs, style)
    found = read_completions(path, lambda completion: _refusal(completion, suite, tasks, style))
    folder = work.out.absolute() / _SHARDS / suite.name / path.parent.name
    # Only their number is known before they are read, and lines that are left out matter little for it.
    files = cut(suite.name, found.completions, _num_lines(path), folder)
    if found.dropped and config.strict:
        raise InputError(f"{path}: strict, and not every line can be judged{found.told()}")
    if not files and found.dropped:
        raise InputError(
            f"{path}: nothing in it can be judged{found.told()}; see `hpcraft eval list {suite.name}`, or generate the answers again"
        )
    for reason, count in found.dropped.items():
        report.rejections[reason] = report.rejections.get(reason, 0) + count
    report.notes += found.notes(f"{suite.name}/{path.parent.name}")
    cores = config.cores if suite.timed else ()
    return Entry(
        suite=suite,
        tasks=tasks,
        completions=path,
        out=work.out / suite.name / path.parent.name,
        shards=[JudgeShard(suite=suite.name, pairs=pairs, style=style, seed=seed, cores=cores, answers=file) for file in files],
        cores=cores,
        dropped=dict(sorted(found.dropped.items())),
    )


def style_of(path: Path) -> str:
    """The style of the prompts that a file answers: that of its first answer, as one file has one."""
    found: Found = read_completions(path)
    first = next(found.completions, None)
    style = str(first.sampling.get("prompt_style", DEFAULT)) if first else DEFAULT
    if style not in STYLES:
        raise InputError(f"{path}: prompt_style {style!r}; this version knows {', '.join(STYLES)}")
    return style


def _refusal(completion: Completion, suite: Suite, tasks: dict[str, Task], style: str) -> str:
    """Why an answer can't be judged; empty when it can."""
    if completion.task_id not in tasks:
        return f"no such task: {completion.task_id!r:.80} in suite {suite.name}"
    if completion.sampling.get("prompt_style", DEFAULT) != style:
        return (
            f"another style of prompts: {completion.task_id} in {completion.sampling.get('prompt_style', DEFAULT)!r}, the file in {style!r}"
        )
    if completion.prompt_sha256 not in ("", prompt_hash(tasks[completion.task_id])):
        return f"{OTHER_PROMPT}: {completion.task_id}, generate the answers again"
    return ""


def _num_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _seed(config: JudgeConfig, out: Path) -> int:
    """The seed of the inputs; one drawn before an interruption is kept, so that all answers meet the same inputs."""
    state = out / _STATE
    if not state.exists():
        write_json(state, {"seed": config.input_seed or secrets.randbits(53)})
    return int(read_json(state)["seed"])


# ---------------------------------------------------------------- results


def _samples(entry: Entry) -> Iterator[Sample]:
    """The samples in the order of the answers, each once: a job that was taken for lost may have judged a shard, too."""
    for shard in entry.shards:
        seen = set()
        for sample in read_jsonl(shard.samples, Sample):
            if (sample.task_id, sample.sample_id) not in seen:
                seen.add((sample.task_id, sample.sample_id))
                yield sample


def _conclude(entry: Entry, seed: int, run_seed: int, report: Report) -> None:
    """Write samples and what belongs beside them, and count."""
    write_jsonl(entry.out / SAMPLES, _samples(entry))
    samples = list(read_jsonl(entry.out / SAMPLES, Sample))
    write_jsonl(entry.out / COMPLETIONS, (c for shard in entry.shards for c in read_jsonl(shard.answers, Completion)))
    asked = [t for t in entry.tasks.values() if t.task_id in {s.task_id for s in samples}]
    write_jsonl(entry.out / TASKS, map(_row, asked))
    unsupported = sorted({s.task_id for s in samples if s.verdict == "unsupported"})
    answers = read_jsonl(entry.out / COMPLETIONS, Completion)
    texts = compare_with_gold(entry.tasks, answers, _code, total=len(samples)) if entry.suite.gold else {}
    levels = level_figures(entry.tasks, samples, texts, entry.cores)
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
        machine=machine_of(entry.shards),
        isolation=isolation(),
        cuda_level=next((level for level in CUDA_LEVELS if level in levels), None),
        versions=versions() | (signatures() if texts else {}),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        samples_sha256=sha256_file(entry.out / SAMPLES),
        dropped=entry.dropped,
        missing_samples=_missing_samples(samples),
    )
    write_json(entry.out / RESULTS, to_json(results))
    _count(entry, results, samples, report)


def _missing_samples(samples: list[Sample]) -> int:
    """Answers that are fewer to some tasks than to the one with most."""
    per_task = Counter(sample.task_id for sample in samples)
    return sum(max(per_task.values(), default=0) - count for count in per_task.values())


def _count(entry: Entry, results: Results, samples: list[Sample], report: Report) -> None:
    name = f"{entry.suite.name}/{entry.out.name}"
    report.rows["samples"] += len(samples)
    report.rows["passed"] += sum(s.passed for s in samples)
    report.metrics[name] = {level: found["metrics"] for level, found in results.levels.items()}
    if results.unsupported:
        why = next(s.checks["build"].removeprefix("skip: ") for s in samples if s.verdict == "unsupported")
        report.notes.append(f"{name}: {len(results.unsupported)} tasks can't be judged here and are in no figure ({why})")
    if results.missing_samples:
        report.notes.append(
            f"{name}: {results.missing_samples} answers are missing, as some tasks have fewer than others; figures are of those that are there"
        )
    unlooked = [s.checks["race-free"] for s in samples if s.passed and UNLOOKED in s.checks.get("race-free", "")]
    if unlooked:
        report.notes.append(
            f"{name}: {len(unlooked)} answers count as right though races were not looked for in them ({unlooked[0].partition(UNLOOKED)[2]})"
        )
    sudden = [
        s
        for s in samples
        if s.passed and any(t["baseline_seconds"] > _SUDDEN * int(cores) * t["seconds"] for cores, t in s.timings.items())
    ]
    if sudden:
        report.notes.append(
            f"{name}: {len(sudden)} right answers are more than {_SUDDEN} times as fast a core as the baseline; look at {sudden[0].task_id}"
        )
    if results.limited:
        report.notes.append(f"{name}: limited to the tasks that were asked, {len(entry.tasks)} in the whole suite")


def _code(task: Task, completion: str) -> str:
    return extract(task, completion).code


def _row(task: Task) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        prompt=task.prompt,
        language=task.language,
        model=task.model,
        level=task.level,
        group=task.group,
        prompt_sha256=prompt_hash(task),
        prototype=task.prototype,
        stem=task.stem,
    )


STAGE = Stage(
    name="judge",
    summary="build, run and check what models answered",
    example="hpcraft eval judge --completions runs/completions --out runs/results",
    config=JudgeConfig,
    inputs={
        "completions": Input(stage="generate", help="folder of the generate stage"),
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
        "data": Input(stage="", help=DATA_HELP, optional=True, foreign=True),
    },
    run=run,
    scratch=(_SHARDS,),
    version=6,
    parallel=True,
)
COMMAND = STAGE.command
