"""Precision, recall and F1 of what was found against what there was, with intervals by resampling tasks.

Counts are summed over tasks before they are divided, so that a task where nothing matched counts like any other. Where nothing was
found, precision is 0, unless there was nothing to find: then all three are 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hpcraft.eval.metrics import Figure, Numbers, of_sums


class Found(NamedTuple):
    """Counts of one task."""

    matched: float
    predicted: float
    gold: float


class Scores(NamedTuple):
    """Three figures of the same counts."""

    precision: Figure
    recall: Figure
    f1: Figure


def scores(tasks: Sequence[Found]) -> Scores:
    """Precision, recall and F1 over tasks."""
    return Scores(of_sums(tasks, _precision), of_sums(tasks, _recall), of_sums(tasks, _f1))


def named(prefix: str, found: Scores) -> dict[str, Figure]:
    """Scores as figures by name: ``PREFIX-precision`` and so on."""
    return {f"{prefix}-{name}": figure for name, figure in zip(Scores._fields, found, strict=True)}


def _precision(sums: Numbers) -> Numbers:
    return _ratio(sums[..., 0], sums[..., 1], sums)


def _recall(sums: Numbers) -> Numbers:
    return _ratio(sums[..., 0], sums[..., 2], sums)


def _f1(sums: Numbers) -> Numbers:
    return _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2], sums)


def _ratio(part: Numbers, whole: Numbers, sums: Numbers) -> Numbers:
    nothing = (sums[..., 1] + sums[..., 2]) == 0
    return np.asarray(np.where(nothing, 1.0, part / np.maximum(whole, 1e-12)))
