"""Two models on the same tasks: the mean difference, its interval, a test, and how many tasks it would take to tell.

Each task is its own control. A model is called better only when the bootstrap's interval and the sign-flip permutation test agree:
under the hypothesis that the models are alike, a task's difference is as likely with the other sign, which is exact for any number of
tasks, ties included (five tasks can never reach p < 0.05). Several comparisons at once are held to 5 % together (Holm).

Not covered: noise within a task, which is part of its difference; sequential looks at growing data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, log2, sqrt

import numpy as np

from hpcraft.eval.metrics import RESAMPLES, SEED, Numbers, percentiles, resampled_means

LEVEL = 0.05
_EXACT = 14
"""Up to so many tasks that differ, every choice of signs is tried."""
_NORMAL_TWO_SIDED, _NORMAL_POWER = 1.959964, 0.841621
"""Quantiles of the normal distribution: 5 % on both sides together, and 80 % power."""
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The mean of B minus A over the tasks that both have, and what can be said of it."""

    value: float
    ci95: tuple[float, float]
    n: int
    num_ties: int
    """Tasks on which the two are equal; they are in ``n`` and in the mean."""
    p_value: float
    """Of the sign-flip test; of several comparisons, corrected for their number."""
    better: str
    """``A``, ``B``, or ``unclear``."""
    tasks_needed: int | None
    """About how many tasks like these would show a difference of this size with 80 % power; None when there is no difference."""


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """B minus A, task by task; ``a[i]`` and ``b[i]`` are the same task."""
    if not a or len(a) != len(b):
        raise ValueError("paired_difference: expected as many values of B as of A, at least one")
    differences = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    found = Difference(
        value=float(differences.mean()),
        ci95=percentiles(resampled_means(differences)),
        n=len(a),
        num_ties=int(np.count_nonzero(np.abs(differences) <= _ROUNDING)),
        p_value=sign_flip_p_value(differences),
        better="unclear",
        tasks_needed=_tasks_needed(differences),
    )
    return replace(found, better=_better(found))


def corrected(differences: Sequence[Difference]) -> list[Difference]:
    """Several differences with p-values after Holm, so that the chance of any false "better" among them stays below 5 %."""
    order = sorted(range(len(differences)), key=lambda i: differences[i].p_value)
    result = list(differences)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, differences[i].p_value * (len(order) - rank)))
        result[i] = replace(differences[i], p_value=largest)
        result[i] = replace(result[i], better=_better(result[i]))
    return result


def sign_flip_p_value(differences: Numbers) -> float:
    """How often the absolute sum is at least as large when every difference may have either sign (two-sided)."""
    moving = differences[np.abs(differences) > _ROUNDING]
    if not moving.size:
        return 1.0
    observed = abs(moving.sum()) - _ROUNDING
    if moving.size <= _EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=moving.size)))
        return float(np.mean(np.abs(signs @ moving) >= observed))
    rng = np.random.default_rng(SEED)
    batches = [rng.integers(0, 2, (RESAMPLES // 100, moving.size)) * 2.0 - 1.0 for _ in range(100)]
    extreme = sum(int(np.count_nonzero(np.abs(signs @ moving) >= observed)) for signs in batches)
    return (extreme + 1) / (RESAMPLES + 1)


def _better(difference: Difference) -> str:
    low, high = difference.ci95
    if difference.p_value >= LEVEL:
        return "unclear"
    return "B" if low > 0 else "A" if high < 0 else "unclear"


def _tasks_needed(differences: Numbers) -> int | None:
    """By the normal approximation; at least as many as the test needs when all agree."""
    mean = abs(float(differences.mean()))
    if mean <= _ROUNDING:
        return None
    spread = float(differences.std(ddof=1)) if differences.size > 1 else mean
    fewest = ceil(1 - log2(LEVEL) + _ROUNDING)
    needed = ceil((_NORMAL_TWO_SIDED + _NORMAL_POWER) ** 2 * (spread / mean) ** 2)
    share_moving = int(np.count_nonzero(np.abs(differences) > _ROUNDING)) / differences.size
    return max(needed, ceil(fewest / share_moving))


def minimum_detectable(differences: Sequence[float]) -> float:
    """The mean difference that these many tasks would show with 80 % power, their spread given."""
    array = np.asarray(differences, dtype=float)
    if array.size < 2:
        return float("inf")
    return (_NORMAL_TWO_SIDED + _NORMAL_POWER) * float(array.std(ddof=1)) / sqrt(array.size)
