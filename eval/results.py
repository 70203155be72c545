"""``results.json``: the figures of one model on one suite, with everything that they rest on.

Figures are kept by level (`hpcraft.records.Level`) and never mixed. Beside ``results.json`` lie ``tasks.jsonl``, ``completions.jsonl``
and ``samples.jsonl``, so a folder ``SUITE/MODEL/`` can be read without anything else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hpcraft.errors import InputError
from hpcraft.eval import perplexity
from hpcraft.eval.judging import NOT_TIMED, published_word
from hpcraft.eval.metrics import KS, figure_json, mean, pass_at_k, proficiency
from hpcraft.eval.pareval_figures import pareval_figures
from hpcraft.eval.performance import processors_of
from hpcraft.eval.speed_figures import speed_figures
from hpcraft.eval.task import Task
from hpcraft.eval.text_metrics import TextScore, figures_of_scores
from hpcraft.parse import record_from
from hpcraft.samples import Sample
from hpcraft.store import JSON, read_json, read_jsonl, sha256_file

RESULTS = "results.json"
TASKS = "tasks.jsonl"
SAMPLES = "samples.jsonl"

_TIMED = ("run", "device")
"""The levels at which answers are timed."""
_SUGGESTIONS = 10
"""So many of a task's first answers make its proficiency, as in the Codex study."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRow:
    """What a reader of results needs to know of a task: one line of ``tasks.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.task/1"

    task_id: str
    prompt: str
    language: str
    model: str
    level: str
    group: str
    """The kernel, or the origin of a pair."""
    prompt_sha256: str
    prototype: str = ""
    """With ``stem``: what it takes to find again what was compiled of an answer. Empty in files of before."""
    stem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """``results.json`` as it is read."""

    SCHEMA: ClassVar[str] = "hpcraft.results/1"

    suite: str
    suite_version: int
    suite_hash: str
    model: str
    limited: bool
    """Whether some of the suite's tasks were not asked."""
    levels: Mapping[str, Any]
    """Level to ``{"metrics": {name: {value, ci95, n}}, "groups": {group: {name: ...}}, "checks": {check: {pass, fail, skip}}}``."""
    unsupported: Sequence[str]
    """Tasks that this machine can't judge; they are in no figure."""
    num_tasks: int
    """Tasks of the whole suite."""
    seeds: Mapping[str, int]
    toolchain: Mapping[str, str]
    isolation: Mapping[str, Any] | None
    cuda_level: str | None
    versions: Mapping[str, str]
    created: str
    samples_sha256: str
    """Of ``samples.jsonl``, which the figures were made from."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason to the lines of the completions that could not be judged and are in no figure."""
    machine: Mapping[str, str] = field(default_factory=dict)
    """Processor and number of cores, on which speeds hang; of results from before it was written, nothing."""
    missing_samples: int = 0
    """How many more answers there would be if all tasks with some had as many as the one with most."""


def read_results(path: Path) -> Results:
    """Read ``results.json``, or the one inside a folder.

    Raises:
        InputError: missing, damaged, or of another schema.
    """
    file = path / RESULTS if path.is_dir() else path
    value = read_json(file)
    if value.get("schema") != Results.SCHEMA:
        raise InputError(
            f"{file}: schema {value.get('schema')!r}, this command reads {Results.SCHEMA!r}; judge the completions again with this version"
        )
    return record_from(value, Results, where=str(file))


def read_samples(folder: Path, results: Results) -> list[Sample]:
    """The samples that lie beside a ``results.json``.

    Raises:
        InputError: missing, or not those that the figures were made from.
    """
    path = folder / SAMPLES
    samples = list(read_jsonl(path, Sample))
    if sha256_file(path) != results.samples_sha256:
        raise InputError(f"{path}: not the samples that {RESULTS} was made from; judge the completions again")
    return samples


def to_json(results: Results) -> JSON:
    """What is written to ``results.json``."""
    return {"schema": Results.SCHEMA, **asdict(results)}


def find_results(folder: Path) -> list[Path]:
    """The ``SUITE/MODEL`` folders below a judge folder, or the folder itself when it is one.

    Raises:
        InputError: there is none.
    """
    if (folder / RESULTS).is_file():
        return [folder]
    found = sorted(p.parent for p in folder.glob(f"**/{RESULTS}"))
    if not found:
        raise InputError(f"{folder}: holds no {RESULTS}; give the output folder of `hpcraft eval judge`")
    return found


def by_task(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Samples by task, unsupported ones left out."""
    tasks: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.verdict != "unsupported":
            tasks[sample.task_id].append(sample)
    return dict(tasks)


def level_figures(
    tasks: Mapping[str, Task],
    samples: Iterable[Sample],
    texts: Mapping[tuple[str, int], TextScore] | None = None,
    cores: Sequence[int] = (),
) -> dict[str, JSON]:
    """The figures of every level: over all its tasks, and by group.

    Args:
        tasks: of the suite, by id.
        samples: the judged answers.
        texts: by task and sample, how like the gold text an answer is; of suites that have one.
        cores: numbers of cores at which right answers were to be timed.
    """
    judged = by_task(samples)
    levels: dict[str, JSON] = {}
    for level in sorted({s[0].level for s in judged.values()}):
        here = {task_id: s for task_id, s in judged.items() if s[0].level == level}
        groups: dict[str, list[str]] = defaultdict(list)
        for task_id in here:
            for group in task_groups(tasks[task_id]):
                groups[group].append(task_id)
        timed = cores if level in _TIMED else ()
        kernels = [rows for task_id, rows in here.items() if tasks[task_id].kernel]
        levels[level] = {
            "metrics": _figures(tasks, here, timed)
            | _proficiency(kernels)
            | _similarity(list(here.values()), texts or {})
            | _published(list(here.values())),
            "groups": {group: _figures(tasks, {i: here[i] for i in ids}, timed) for group, ids in sorted(groups.items())},
            "checks": _checks(s for rows in here.values() for s in rows),
            "verdicts": dict(sorted(Counter(s.verdict for rows in here.values() for s in rows).items())),
        }
    return levels


_KINDS = {
    "kernels": "kernel",
    "babeltower": "kind",
    "pareval": "problem",
    "hpctranseval": "level",
    "fortran2cpp": "kind",
    "completion": "boundary",
    "perplexity": "split",
}
"""Suite to what its groups are."""


def task_groups(task: Task) -> list[str]:
    """What figures are broken down by."""
    kind = _KINDS.get(task.suite, "origin")
    domain = [f"domain:{task.kernel.domain}"] if task.kernel else []
    return [f"{kind}:{task.group}", *domain, f"model:{task.model}", f"language:{task.language}", f"{task.group}/{task.model}"]


def _figures(tasks: Mapping[str, Task], samples: Mapping[str, Sequence[Sample]], cores: Sequence[int]) -> JSON:
    """The figures of some tasks, those as ParEval's code computes them beside ours where its tasks are judged."""
    rows, models = list(samples.values()), [tasks[task_id].model for task_id in samples]
    untimed = [any(s.checks.get("fast", "").startswith(NOT_TIMED) for s in of_task) for of_task in rows]
    processors = (
        [frozenset[int]() if no else processors_of(model, cores) for no, model in zip(untimed, models, strict=True)] if cores else None
    )
    found = figures(rows, processors)
    pareval = all(tasks[task_id].suite == "pareval" for task_id in samples)
    return found | (pareval_figures(rows, models, processors) if pareval else {})


def figures(tasks: Sequence[Sequence[Sample]], processors: Sequence[Collection[int]] | None = None) -> JSON:
    """pass@k and build@k for every k that all tasks have samples for, and figures of speed where answers were timed; or of likelihood."""
    if perplexity.is_measured(tasks):
        return {name: figure_json(figure) for name, figure in perplexity.figures(tasks).items()}
    fewest = min(len(rows) for rows in tasks)
    passed = [[s.passed for s in rows] for rows in tasks]
    built = [[s.checks.get("build") == "pass" for s in rows] for rows in tasks]
    result: JSON = {}
    for k in (k for k in KS if k <= fewest):
        result[f"pass@{k}"] = figure_json(pass_at_k(passed, k))
        result[f"build@{k}"] = figure_json(pass_at_k(built, k))
    return result | speed_figures(tasks, processors)


def _proficiency(tasks: Sequence[Sequence[Sample]]) -> JSON:
    """The mean of the automatic proficiency over tasks with a kernel; whatever was answered is a suggestion, so that no broken one raises it."""
    scores = []
    for rows in tasks:
        suggested = sorted(rows, key=lambda s: s.sample_id)[:_SUGGESTIONS]
        in_model = [s for s in suggested if not s.checks.get("parallel", "").startswith("fail")]
        scores.append(proficiency(len(suggested), sum(s.passed for s in suggested), len(in_model)))
    return {"proficiency": figure_json(mean(scores))} if scores else {}


def _similarity(tasks: Sequence[Sequence[Sample]], texts: Mapping[tuple[str, int], TextScore]) -> JSON:
    """The text figures of suites with a gold text."""
    if not texts:
        return {}
    scores = [[texts[s.task_id, s.sample_id] for s in rows] for rows in tasks if (rows[0].task_id, rows[0].sample_id) in texts]
    if not scores:
        return {}
    return {name: figure_json(figure) for name, figure in figures_of_scores(scores).items()}


def _published(tasks: Sequence[Sequence[Sample]]) -> JSON:
    """The share of answers that pass what others have published as the measure, of suites whose judge makes it beside ours."""
    words = [[published_word(s.log) for s in rows] for rows in tasks]
    said = [[word == "pass" for word in found] for found in words if any(found)]
    return {"as-published": figure_json(pass_at_k(said, 1))} if said else {}


def _checks(samples: Iterable[Sample]) -> JSON:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        for name, result in sample.checks.items():
            counts[name][result.partition(":")[0]] += 1
    return {name: dict(sorted(count.items())) for name, count in sorted(counts.items())}
