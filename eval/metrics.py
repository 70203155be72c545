"""Figures over judged samples: unbiased pass@k and build@k, and confidence intervals by resampling tasks.

The unit is the sample within its task. A sample that doesn't build or is wrong counts 0 and is never dropped; tasks weigh the same
however many samples they have. ``c`` successes among ``n`` samples give 1 - C(n-c, k) / C(n, k).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

_RESAMPLES = 10_000
_SEED = 20_230_615


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A mean over tasks with its 95 % interval."""

    value: float
    ci95: tuple[float, float]
    n: int
    """Number of tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The mean of B minus A over the tasks that both have, and what can be said of it."""

    value: float
    ci95: tuple[float, float]
    n: int
    better: str
    """``A``, ``B``, or ``unclear`` when the interval holds 0 or there are too few tasks for it to mean anything."""


_FEWEST_TASKS = 5
"""Below this many tasks the bootstrap's interval covers far less than it says."""


def at_k(num_samples: int, num_successes: int, k: int) -> float:
    """The chance that at least one of k samples, drawn without replacement, is a success."""
    if not 0 <= num_successes <= num_samples or not 1 <= k <= num_samples:
        raise ValueError(f"at_k({num_samples}, {num_successes}, {k}): expected 0 <= successes <= samples and 1 <= k <= samples")
    return 1.0 - comb(num_samples - num_successes, k) / comb(num_samples, k)


def mean(values: Sequence[float]) -> Figure:
    """The mean over tasks and its percentile bootstrap interval."""
    if not values:
        raise ValueError("mean of no tasks")
    low, high = _interval(np.asarray(values, dtype=float))
    return Figure(value=float(np.mean(values)), ci95=(low, high), n=len(values))


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """B minus A, task by task; ``a[i]`` and ``b[i]`` are the same task."""
    if not a or len(a) != len(b):
        raise ValueError("paired_difference: expected as many values of B as of A, at least one")
    differences = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    low, high = _interval(differences)
    clear = len(a) >= _FEWEST_TASKS
    better = "B" if clear and low > 0 else "A" if clear and high < 0 else "unclear"
    return Difference(value=float(differences.mean()), ci95=(low, high), n=len(a), better=better)


def _interval(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    rng = np.random.default_rng(_SEED)
    # In slices, so that thousands of tasks don't make a matrix of hundreds of megabytes.
    means = np.concatenate([values[rng.integers(0, values.size, (100, values.size))].mean(axis=1) for _ in range(_RESAMPLES // 100)])
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
