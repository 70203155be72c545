"""``hpcraft eval compare``: two models on the same tasks, task by task, and what can be said of the difference.

The difference is paired (`hpcraft.eval.paired`): each task is its own control. Levels are compared apart, and the p-values of all
comparisons of one command are corrected for their number. An answer that is invalid is 0; tasks that only one of the two was asked,
or that only one machine could judge, are left out and counted.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.likelihood import bits_per_byte, perplexity_per_lexer_token
from hpcraft.eval.metrics import best_of_k
from hpcraft.eval.paired import Difference, corrected, minimum_detectable, paired_difference
from hpcraft.eval.perplexity import BITS_PER_BYTE, PER_LEXEME, is_measured, likelihood_of
from hpcraft.eval.results import Results, by_task, find_results, read_results, read_samples
from hpcraft.eval.speed_figures import timed_values
from hpcraft.eval.toolchain import SEVERAL
from hpcraft.samples import Sample

_METRIC = re.compile(r"(?:pass|build|(?:speedup|efficiency)_[1-9]\d{0,4})@[1-9]\d{0,3}")
_LIKELIHOODS = {BITS_PER_BYTE: bits_per_byte, PER_LEXEME: perplexity_per_lexer_token}
"""Metrics of suite perplexity, of each document by itself; the less, the better."""
_OTHER = {"A": "B", "B": "A"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskScores:
    """One task under both models: its figure, such as the share of samples that passed."""

    task_id: str
    a: float
    b: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two models on one suite at one level."""

    suite: str
    level: str
    metric: str
    model_a: str
    model_b: str
    tasks: tuple[TaskScores, ...]
    difference: Difference
    only_in_one: int
    """Tasks that were judged for one of the two alone, and are left out."""


def compare(a: Path, b: Path, metric: str = "pass@1") -> list[Comparison]:
    """Compare two results folders, suite by suite and level by level.

    Raises:
        ConfigError: no such metric.
        InputError: a folder holds several models, the suites differ, or no task has the metric in both.
    """
    if not _METRIC.fullmatch(metric) and metric not in _LIKELIHOODS:
        raise ConfigError(
            f"metric {metric!r}: expected pass@K, build@K, speedup_N@K or efficiency_N@K, such as speedup_2@1, or {' or '.join(_LIKELIHOODS)}"
        )
    left, right = _suites(a), _suites(b)
    comparisons = []
    for suite in [s for s in left if s in right]:
        comparisons += _compare_suite(suite, left[suite], right[suite], metric)
    if not comparisons:
        raise InputError(
            f"{a} and {b}: no task has {metric} in both; give two results of the same suite, with samples enough "
            f"(suite perplexity has --metric {BITS_PER_BYTE})"
        )
    differences = corrected([c.difference for c in comparisons])
    if metric in _LIKELIHOODS:
        differences = [replace(d, better=_OTHER.get(d.better, d.better)) for d in differences]
    return [replace(c, difference=d) for c, d in zip(comparisons, differences, strict=True)]


def _suites(folder: Path) -> dict[str, Path]:
    suites: dict[str, Path] = {}
    for found in find_results(folder):
        suite = read_results(found).suite
        if suite in suites:
            raise InputError(f"{folder}: holds several models ({suites[suite].name}, {found.name}); give SUITE/MODEL inside it")
        suites[suite] = found
    return suites


def _compare_suite(suite: str, a: Path, b: Path, metric: str) -> list[Comparison]:
    results_a, results_b = read_results(a), read_results(b)
    if results_a.suite_hash != results_b.suite_hash:
        raise InputError(
            f"{a} and {b}: suite {suite} differs (versions {results_a.suite_version} and {results_b.suite_version}, or other tasks); judge both with the same one"
        )
    if _cores(metric) and not _same_machine(results_a, results_b):
        raise InputError(
            f"{a} and {b}: {metric} was measured on {_machine(results_a)} and on {_machine(results_b)}; judge both on one machine"
        )
    scores_a, scores_b = _scores(a, results_a, metric), _scores(b, results_b, metric)
    comparisons = []
    for level in sorted({level for _, level in scores_a} & {level for _, level in scores_b}):
        in_a = {task: v for (task, at), v in scores_a.items() if at == level}
        in_b = {task: v for (task, at), v in scores_b.items() if at == level}
        both = [t for t in in_a if t in in_b]
        if both:
            comparisons.append(
                Comparison(
                    suite=suite,
                    level=level,
                    metric=metric,
                    model_a=results_a.model,
                    model_b=results_b.model,
                    tasks=tuple(TaskScores(task_id=t, a=in_a[t], b=in_b[t]) for t in both),
                    difference=paired_difference([in_a[t] for t in both], [in_b[t] for t in both]),
                    only_in_one=len(in_a.keys() ^ in_b.keys()),
                )
            )
    return comparisons


def _same_machine(a: Results, b: Results) -> bool:
    return bool(a.machine) and a.machine == b.machine and SEVERAL not in a.machine.values()


def _machine(results: Results) -> str:
    return f"{results.machine['processor']} ({results.machine['cores']} cores)" if results.machine else "an unknown machine"


def _scores(folder: Path, results: Results, metric: str) -> dict[tuple[str, str], float]:
    """(Task, level) to the metric, of tasks that have it."""
    judged = by_task(read_samples(folder, results))
    found = {(task_id, rows[0].level): _value(rows, metric) for task_id, rows in judged.items()}
    levels = {level for task_id, level in found if not (cores := _cores(metric)) or any(cores in s.timings for s in judged[task_id])}
    return {key: value for key, value in found.items() if value is not None and key[1] in levels}


def _cores(metric: str) -> str:
    """At how many a metric of speed is; empty for others. Where nothing is timed at so many, what is wrong is no 0 of speed either."""
    speed = re.match(r"(?:speedup|efficiency)_(\d+)@", metric)
    return speed[1] if speed else ""


def _value(rows: Sequence[Sample], metric: str) -> float | None:
    """One task's metric; None where it has too few samples, or none that could be timed."""
    if is_measured([rows]) or metric in _LIKELIHOODS:
        measured = is_measured([rows]) and metric in _LIKELIHOODS
        return _LIKELIHOODS[metric]([likelihood_of(rows[0])]).value if measured else None
    kind, _, tries = metric.partition("@")
    what, _, cores = kind.partition("_")
    if what == "pass":
        values: Sequence[float] = [float(s.passed) for s in rows]
    elif what == "build":
        values = [float(s.checks.get("build") == "pass") for s in rows]
    else:
        values = timed_values(rows, int(cores), what)
    return best_of_k(values, int(tries)) if 1 <= int(tries) <= len(values) else None


def verdict(comparison: Comparison) -> str:
    """What can be said, in one sentence."""
    d = comparison.difference
    numbers = (
        f"B - A = {d.value:+.3f}, 95 % interval [{d.ci95[0]:+.3f}, {d.ci95[1]:+.3f}], p = {d.p_value:.2g}, "
        f"over {d.n} tasks ({d.num_ties} equal)"
    )
    if d.num_ties == d.n:
        return f"{numbers}: no difference on any task; can't tell which is better"
    if d.better == "unclear":
        return f"{numbers}: can't tell which is better; {_power(comparison)}"
    return f"{numbers}: {d.better} ({comparison.model_a if d.better == 'A' else comparison.model_b}) is better"


def _power(comparison: Comparison) -> str:
    """What it would take to tell."""
    d = comparison.difference
    smallest = minimum_detectable([t.b - t.a for t in comparison.tasks])
    possible = smallest <= 1 or not comparison.metric.startswith(("pass", "build"))
    seen = f"{d.n} such tasks show a difference of about {smallest:.2g} or more" if possible else f"{d.n} such tasks can show none"
    if d.tasks_needed is None:
        return f"the two are level, and {seen}"
    return f"{seen}; for this one it would need about {max(d.tasks_needed, d.n + 1)} tasks (80 % power)"


def text(comparison: Comparison) -> str:
    """One comparison as a table: the tasks that differ, and the sum."""
    lines = [f"{comparison.suite}, level {comparison.level}, {comparison.metric}: A = {comparison.model_a}, B = {comparison.model_b}"]
    width = max(len(t.task_id) for t in comparison.tasks)
    lines.append(f"  {'task':<{width}}      A      B  difference")
    lines += [f"  {t.task_id:<{width}}  {t.a:5.3f}  {t.b:5.3f}  {t.b - t.a:+10.3f}" for t in comparison.tasks if t.a != t.b]
    lines.append(f"  {comparison.difference.num_ties} tasks are equal under both")
    lines.append(f"  {verdict(comparison)}")
    if comparison.only_in_one:
        lines.append(f"  {comparison.only_in_one} tasks were judged for one of the two alone and are left out")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft eval compare``."""
    parser.add_argument("a", type=Path, metavar="A", help="results of one model: a judge folder, or SUITE/MODEL inside one")
    parser.add_argument("b", type=Path, metavar="B", help="results of the other")
    parser.add_argument(
        "--metric",
        default="pass@1",
        help="pass@K, build@K, speedup_N@K or efficiency_N@K on N cores, bits_per_byte of suite perplexity (default: %(default)s)",
    )


def main(args: argparse.Namespace) -> int:
    """Print the comparison."""
    comparisons = compare(args.a, args.b, args.metric)
    value = [asdict(c) | {"verdict": verdict(c)} for c in comparisons]
    apart = sorted(_suites(args.a).keys() ^ _suites(args.b).keys())
    lines = [*map(text, comparisons), *([f"left out, in one of the two alone: {', '.join(apart)}"] if apart else [])]
    say(args, {"comparisons": value, "suites_in_one": apart}, "\n\n".join(lines))
    return 0


COMMAND = Command(
    summary="compare the results of two models task by task",
    example="hpcraft eval compare runs/a/results/kernels/MODEL runs/b/results/kernels/MODEL",
    add_arguments=add_arguments,
    main=main,
)
