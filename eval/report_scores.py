"""What the report says of scores: one table for each suite and level, the measuring sticks beside the models.

Figures are taken from ``results.json`` as they stand; nothing is averaged again, so levels can't be mixed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.errors import InputError
from hpcraft.eval.pareval_figures import PREFIX
from hpcraft.eval.perplexity import BITS_PER_BYTE, PER_LEXEME
from hpcraft.eval.report_plots import Interval, interval_plot
from hpcraft.eval.report_suite_plots import HeatRow, heat_map, speed_curves
from hpcraft.eval.report_tasks import LEVELS, STICKS, Grid, TaskView, grids, label_order, read_tasks
from hpcraft.eval.report_text import LANGUAGES, MODELS
from hpcraft.eval.results import Results, find_results, read_results

_METRICS = {"pass": "passes every check", "build": "builds", "fast_1": "is right and faster than the sequential reference"}
_MEANINGS = {
    "proficiency": "the Codex study's score of a task's first ten answers, from the checks",
    "bleu": "BLEU of the whole set against the gold text",
    "chrf": "chrF against the gold text",
    "codebleu": "CodeBLEU of the package of that name, against the gold text",
    "codebleu-hpc": "our CodeBLEU of the whole set, against the gold text",
    "parableu-hpc": "our CodeBLEU by likeness of parallelism, against the gold text",
    BITS_PER_BYTE: "bits that the model needs for a byte of these texts, the fewer the better",
    PER_LEXEME: "choices between which the model wavers at each lexeme, the fewer the better",
}
"""Figures of no number of tries."""
_KINDS = {"kernel": "Kernel", "origin": "Origin", "model": "Parallel model", "language": "Language"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A share of tasks with its interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreRow:
    """One model under one metric."""

    model: str
    stick: bool
    score: Score


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricRows:
    """One metric, all models."""

    metric: str
    meaning: str
    rows: tuple[ScoreRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRow:
    """One kernel, language, parallel model or origin: pass@1 of each model."""

    kind: str
    name: str
    scores: tuple[Score | None, ...]
    """In the order of the suite's models."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRow:
    """How often one check of one model passed, failed, and was skipped."""

    model: str
    check: str
    passed: int
    failed: int
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A plot of one metric."""

    metric: str
    svg: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelTable:
    """All figures of a suite at one level."""

    level: str
    words: str
    metrics: tuple[MetricRows, ...]
    shown: str
    """The metric of plot and groups."""
    groups: tuple[GroupRow, ...]
    checks: tuple[CheckRow, ...]
    plot: str
    heat_maps: tuple[Plot, ...]
    """Of each model by language and parallel model, for the smallest and the largest k."""
    speed: str
    """How fast answers are; empty where none was timed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteView:
    """One suite: figures, and the tasks behind them."""

    name: str
    models: tuple[str, ...]
    """Labels, the models under test first."""
    facts: tuple[str, ...]
    """What the figures rest on, a sentence each."""
    levels: tuple[LevelTable, ...]
    grids: tuple[Grid, ...]
    tasks: tuple[TaskView, ...]


def read_suites(judge: Path) -> list[SuiteView]:
    """Every suite in a judge folder.

    Raises:
        InputError: there is none, one is damaged, or the same suite was judged in two versions.
    """
    suites: dict[str, dict[str, Path]] = {}
    for folder in find_results(judge):
        suites.setdefault(read_results(folder).suite, {})[folder.name] = folder
    return [_suite(name, folders) for name, folders in suites.items()]


def _suite(name: str, folders: Mapping[str, Path]) -> SuiteView:
    labels = sorted(folders, key=label_order)
    results = {label: read_results(folders[label]) for label in labels}
    if len({r.suite_hash for r in results.values()}) > 1:
        raise InputError(f"suite {name}: models were judged on different versions of it; judge them again together")
    tasks = read_tasks(name, {label: folders[label] for label in labels})
    own = [m for m in labels if m not in STICKS]
    levels = sorted({level for r in results.values() for level in r.levels}, key=list(LEVELS).index)
    return SuiteView(
        name=name,
        models=tuple(labels),
        facts=tuple(_facts(results)),
        levels=tuple(_level(name, level, results, tasks) for level in levels),
        grids=tuple(grids(tasks, own)),
        tasks=tuple(tasks),
    )


def _facts(results: Mapping[str, Results]) -> Iterator[str]:
    first = next(iter(results.values()))
    yield f"Version {first.suite_version}, {first.num_tasks} tasks."
    for label, r in results.items():
        if r.model != label:
            yield f"{label} is the model {r.model}."
    if any(r.limited for r in results.values()):
        yield "Not all tasks of the suite were asked: these figures can't be compared with those of the whole suite."
    if unsupported := sorted({t for r in results.values() for t in r.unsupported}):
        yield f"{len(unsupported)} tasks can't be judged on this machine and are in no figure."
    if first.isolation and first.isolation.get("tier"):
        yield f"Programs ran in the sandbox's tier {first.isolation['tier']}."
    if first.toolchain:
        yield f"Compilers: {'; '.join(dict.fromkeys(first.toolchain.values()))}."


def _level(suite: str, level: str, results: Mapping[str, Results], tasks: Sequence[TaskView]) -> LevelTable:
    here = {label: r.levels[level] for label, r in results.items() if level in r.levels}
    names = sorted({n for v in here.values() for n in v["metrics"]}, key=_order)
    metrics = tuple(_metric(name, here) for name in names)
    shown = BITS_PER_BYTE if BITS_PER_BYTE in names else "pass@1"
    intervals = [
        Interval(label=r.model, value=r.score.value, low=r.score.low, high=r.score.high, highlighted=not r.stick)
        for r in next((m.rows for m in metrics if m.metric == shown), ())
    ]
    title = f"{suite}, level {level}: {shown} of each model with its 95 % interval"
    return LevelTable(
        level=level,
        words=LEVELS[level],
        metrics=metrics,
        shown=shown,
        groups=tuple(_groups(results, level, shown)),
        checks=tuple(_checks(here)),
        plot=interval_plot(
            f"score-{suite}-{level}", intervals, title=title, x_label=f"{shown}, share of tasks" if shown == "pass@1" else shown
        )
        if intervals
        else "",
        heat_maps=tuple(_heat_maps(suite, level, here)),
        speed=_speed(suite, level, tasks),
    )


_SPLITS = {"language": LANGUAGES, "model": MODELS}
"""Kinds of groups that are set against models, and the names of theirs."""


def _heat_maps(suite: str, level: str, levels: Mapping[str, Mapping[str, Any]]) -> Iterator[Plot]:
    """One for pass@1 and one for the largest k; none where there is one group of each kind."""
    found = {str(group) for value in levels.values() for group in value["groups"]}
    columns = {f"{kind}:{group}": words for kind, names in _SPLITS.items() for group, words in names.items() if f"{kind}:{group}" in found}
    num_languages = sum(group.startswith("language:") for group in columns)
    if len(columns) <= 2:
        return
    ks = sorted({int(n.removeprefix("pass@")) for v in levels.values() for n in v["metrics"] if n.startswith("pass@")})
    for k in dict.fromkeys((*ks[:1], *ks[-1:])):
        rows = [
            HeatRow(label=label, values=tuple(v["groups"].get(c, {}).get(f"pass@{k}", {}).get("value") for c in columns))
            for label, v in levels.items()
        ]
        title = f"{suite}, level {level}: pass@{k} of each model by language and by parallel model"
        drawn = heat_map(f"heat-{suite}-{level}-{k}", list(columns.values()), rows, title=title, gap=num_languages)
        yield Plot(metric=f"pass@{k}", svg=drawn)


def _speed(suite: str, level: str, tasks: Sequence[TaskView]) -> str:
    speedups: dict[str, list[float]] = {}
    for outcome in (o for t in tasks for o in t.outcomes if o.level == level and o.model != "null"):
        speedups.setdefault(outcome.model, []).extend(outcome.speedups)
    if not any(v > 0 for values in speedups.values() for v in values):
        return ""
    title = f"{suite}, level {level}: share of answers that are right and at least so fast"
    return speed_curves(f"speed-{suite}-{level}", speedups, title=title)


def _order(name: str) -> tuple[int, str, int]:
    """pass@k first, then build@k, other figures of k, and those without."""
    kind, _, k = name.partition("@")
    place = list(_METRICS).index(kind) if kind in _METRICS else len(_METRICS) + (not k)
    return place, "" if kind in _METRICS else kind, int(k) if k.isdecimal() else 0


def _metric(name: str, levels: Mapping[str, Mapping[str, Any]]) -> MetricRows:
    kind, at, k = name.partition("@")
    tries = "the first answer" if k == "1" else f"at least one of {k} answers"
    rows = [
        ScoreRow(model=label, stick=label in STICKS, score=_score(value["metrics"][name]))
        for label, value in levels.items()
        if name in value["metrics"]
    ]
    meaning = f"{tries} {_METRICS[kind]}" if kind in _METRICS else _MEANINGS.get(name, "")
    if at and kind not in _METRICS:
        meaning = f"{_of_speed(kind)}, the best of {k} answers expected" if k != "1" else f"{_of_speed(kind)}, mean of the answers"
    return MetricRows(metric=name, meaning=meaning, rows=tuple(rows))


def _of_speed(kind: str) -> str:
    """What a figure of speed is, such as ``speedup_4``."""
    published = kind.startswith(PREFIX)
    what, _, cores = kind.removeprefix(PREFIX).partition("_")
    if published and not cores:
        return "builds, counted by runs as ParEval's code has it"
    words = {"speedup": "speed-up over the sequential reference", "efficiency": "speed-up by processor"}.get(what, what)
    wrong = "as ParEval's code has it, wrong answers left out" if published else "wrong answers count 0"
    return f"{words} on {'the best number of' if cores == 'max' else cores} cores; {wrong}"


def _groups(results: Mapping[str, Results], level: str, metric: str) -> Iterator[GroupRow]:
    tables = [r.levels[level]["groups"] if level in r.levels else {} for r in results.values()]
    for key in dict.fromkeys(k for t in tables for k in t):
        kind, colon, name = str(key).partition(":")
        if not colon:
            continue  # kernel by model: the grid shows it
        words = {"model": MODELS, "language": LANGUAGES}.get(kind, {}).get(name, name)
        yield GroupRow(
            kind=_KINDS.get(kind, kind),
            name=words,
            scores=tuple(_score(t[key][metric]) if metric in t.get(key, {}) else None for t in tables),
        )


def _checks(levels: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckRow]:
    for label, value in levels.items():
        if label not in STICKS:
            for name, counts in value["checks"].items():
                yield CheckRow(
                    model=label, check=name, passed=counts.get("pass", 0), failed=counts.get("fail", 0), skipped=counts.get("skip", 0)
                )


def _score(figure: Mapping[str, Any]) -> Score:
    low, high = figure["ci95"]
    return Score(value=figure["value"], low=low, high=high, n=figure["n"])


def headline(suites: Sequence[SuiteView]) -> Iterator[tuple[SuiteView, LevelTable, ScoreRow]]:
    """For the page's top: pass@1 of the first model under test, by suite and level."""
    for suite in suites:
        for table in suite.levels:
            rows = next((m.rows for m in table.metrics if m.metric == "pass@1"), ())
            own = next((r for r in rows if not r.stick), None)
            if own:
                yield suite, table, own
