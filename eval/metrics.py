"""Figures over judged samples: estimators of the best of k answers, shares and means with intervals, automatic proficiency.

The unit is the task. A sample that doesn't build or is wrong counts 0 (a speed-up of 0, no success) and is never dropped; tasks weigh
the same however many samples they have. With ``N`` samples of which ``c`` are successes, pass@k is 1 - C(N-c, k) / C(N, k). With
values ``s_(1) <= ... <= s_(N)`` the expected best of k is the sum over j of C(j-1, k-1) / C(N, k) * s_(j): the weight goes to the
largest, and for values of 0 and 1 the two are the same. Intervals resample tasks (the percentile bootstrap).

What others have published in place of these is in `hpcraft.eval.published`, under names that say so; comparing two models is in
`hpcraft.eval.paired`.

Not covered: models of the noise within one task's timings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcraft.store import JSON

Numbers: TypeAlias = NDArray[np.float64]

KS = (1, 5, 10, 100)
"""For which k there are figures, as far as every task has so many samples."""
RESAMPLES = 10_000
SEED = 20_230_615


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A mean over tasks with its 95 % interval."""

    value: float
    ci95: tuple[float, float]
    n: int
    """Number of tasks."""


class AtBest(NamedTuple):
    """A figure at the number of processors that makes it largest."""

    processors: int
    figure: Figure
    """Its interval doesn't know that the number was chosen by the same samples."""


# ---------------------------------------------------------------- one task


def at_k(num_samples: int, num_successes: int, k: int) -> float:
    """The chance that at least one of k samples, drawn without replacement, is a success."""
    if not 0 <= num_successes <= num_samples or not 1 <= k <= num_samples:
        raise ValueError(f"at_k({num_samples}, {num_successes}, {k}): expected 0 <= successes <= samples and 1 <= k <= samples")
    return 1.0 - comb(num_samples - num_successes, k) / comb(num_samples, k)


def best_of_k(values: Sequence[float], k: int) -> float:
    """The expected largest of k values drawn without replacement."""
    count = len(values)
    if not 1 <= k <= count:
        raise ValueError(f"best_of_k of {count} values: k is {k}, expected 1 <= k <= {count}")
    return sum(comb(j - 1, k - 1) * value for j, value in enumerate(sorted(values), 1)) / comb(count, k)


def speedup(baseline_seconds: float, seconds: float | None) -> float:
    """How many times as fast as the serial baseline; 0 for an invalid sample, which has no time (None)."""
    if baseline_seconds <= 0 or (seconds is not None and seconds <= 0):
        raise ValueError(f"speedup({baseline_seconds}, {seconds}): expected times above 0, or None for an invalid sample")
    return 0.0 if seconds is None else baseline_seconds / seconds


def efficiency(baseline_seconds: float, seconds: float | None, processors: int) -> float:
    """Speed-up per processor; ``processors`` is what the judge let the program use, not what the program claims."""
    if processors < 1:
        raise ValueError(f"efficiency on {processors} processors: expected at least 1")
    return speedup(baseline_seconds, seconds) / processors


def proficiency(num_suggestions: int, num_correct: int, num_in_model: int) -> float:
    """Our automatic variant of the Codex study's score of one task's suggestions (that of the study was given by reading).

    0: nothing correct; 0.25: something correct, but suggestions in other parallel models too; 0.5: all in the model, not all correct;
    0.75: several, all correct and in the model; 1: one suggestion alone, correct and in the model.
    """
    if not (0 <= num_correct <= num_suggestions and 0 <= num_in_model <= num_suggestions):
        raise ValueError(f"proficiency({num_suggestions}, {num_correct}, {num_in_model}): expected no more of either than suggestions")
    if num_correct == 0:
        return 0.0
    if num_in_model < num_suggestions:
        return 0.25
    if num_correct < num_suggestions:
        return 0.5
    return 1.0 if num_suggestions == 1 else 0.75


# ---------------------------------------------------------------- over tasks


def pass_at_k(tasks: Sequence[Sequence[bool]], k: int) -> Figure:
    """pass@k, build@k and their like: ``tasks`` holds for each task which of its samples are successes."""
    return share([at_k(len(samples), sum(samples), k) for samples in tasks])


def speedup_n_at_k(tasks: Sequence[Sequence[float]], k: int) -> Figure:
    """speedup_n@k: the expected best of k speed-ups on n processors; the same function gives efficiency_n@k of efficiencies."""
    return mean([best_of_k(samples, k) for samples in tasks])


def speedup_max_at_k(tasks: Mapping[int, Sequence[Sequence[float]]], k: int) -> AtBest:
    """speedup_max@k: speedup_n@k at the number of processors n that makes it largest."""
    if not tasks:
        raise ValueError("speedup_max_at_k of no numbers of processors")
    figures = {processors: speedup_n_at_k(samples, k) for processors, samples in tasks.items()}
    best = max(figures, key=lambda processors: (figures[processors].value, -processors))
    return AtBest(best, figures[best])


def fast_p(tasks: Sequence[float], p: float) -> Figure:
    """fast_p: the share of tasks that are correct and more than p times as fast as the reference; fast_0 is correctness.

    Args:
        tasks: speed-up of each task over the reference; 0 where the answer is wrong.
        p: a threshold of at least 0.
    """
    if p < 0:
        raise ValueError(f"fast_p with p = {p}: expected at least 0")
    return share([float(value > p) for value in tasks])


def share(values: Sequence[float]) -> Figure:
    """The mean over tasks of chances or truths in [0, 1].

    Where all are the same, as of one task alone, the bootstrap has nothing to resample. Of 0 and of 1 the interval is then the exact one of Clopper and
    Pearson; of a value between them it reaches as far to either side as theirs would for the part that lies there.
    """
    if values and not 0 <= min(values) <= max(values) <= 1:
        raise ValueError("share of values outside [0, 1]")
    if values and min(values) == max(values):
        value, kept = float(values[0]), 0.025 ** (1 / len(values))
        return Figure(value=value, ci95=(value * kept, 1 - (1 - value) * kept), n=len(values))
    return mean(values)


def mean(values: Sequence[float]) -> Figure:
    """The mean over tasks and its percentile bootstrap interval."""
    if not values:
        raise ValueError("mean of no tasks")
    array = np.asarray(values, dtype=float)
    low, high = percentiles(resampled_means(array))
    return Figure(value=float(array.mean()), ci95=(low, high), n=len(values))


def of_sums(rows: Sequence[Sequence[float]], score: Callable[[Numbers], Any], resamples: int = 2000) -> Figure:
    """A figure of the sums over all tasks, such as corpus BLEU of counts, and its percentile bootstrap interval.

    Args:
        rows: one row of counts for each task.
        score: from the counts' sums (on the last axis) to the figure, for any number of leading axes.
        resamples: of the tasks.
    """
    if not rows:
        raise ValueError("figure of no tasks")
    counts = np.asarray(rows, dtype=float)
    rng = np.random.default_rng(SEED)
    draws = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=resamples).astype(np.float64)
    low, high = percentiles(np.asarray(score(draws @ counts), dtype=float))
    return Figure(value=float(score(counts.sum(axis=0))), ci95=(low, high), n=len(rows))


def resampled_means(values: Numbers) -> Numbers:
    """Means of as many values as there are, drawn with replacement."""
    rng = np.random.default_rng(SEED)
    # In slices, so that thousands of tasks don't make a matrix of hundreds of megabytes.
    slices = [values[rng.integers(0, values.size, (100, values.size))].mean(axis=1) for _ in range(RESAMPLES // 100)]
    return np.concatenate(slices)


def percentiles(values: Numbers) -> tuple[float, float]:
    """The 95 % in the middle."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def figure_json(figure: Figure) -> JSON:
    """A figure as ``results.json`` has it."""
    return {"value": round(figure.value, 6), "ci95": [round(bound, 6) for bound in figure.ci95], "n": figure.n}
