"""ParEval's figures as its own code computes them, from our samples, beside ours: never a figure of ours (`hpcraft.eval.published`).

They stand in ``results.json`` under ``as-published:``. Differences to ours of the same name: wrong answers, and tasks without a right one, are
left out of the speed-up and the efficiency; the slowest answers weigh most; efficiency is by a number of resources that is fixed by model,
whatever the answer ran on; builds are counted by runs. The baseline of a task is the fastest that was timed beside any of its answers.

Its pass@k is the same as ours, where both take the same answers for right. Times are ours: seconds from outside, the median of the calls.

Not covered: efficiency_max@k.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from hpcraft.eval.metrics import KS, figure_json, mean
from hpcraft.eval.pareval import SHAPES
from hpcraft.eval.published import pareval_build_at_k, pareval_efficiency_at_k, pareval_speedup_at_k
from hpcraft.samples import Sample
from hpcraft.store import JSON

PREFIX = "as-published:"
RESOURCES = {"serial": 1, "openmp": 8, "mpi": 512, "mpi+openmp": 4 * 64, "kokkos": 32}
"""What its efficiency divides by, for answers on 1, 32, 512 and 4 x 64 processors."""
_Score: TypeAlias = Callable[[float, list[float], str], float]
"""Of the baseline's time, the answers' times and the parallel model."""


def pareval_figures(tasks: Sequence[Sequence[Sample]], models: Sequence[str], processors: Sequence[Collection[int]] | None = None) -> JSON:
    """All of them, for every k that all tasks have samples for.

    Args:
        tasks: the samples of each.
        models: the parallel model of each.
        processors: at how many each task was to be timed; None for all that there are times for.
    """
    pairs = list(zip(tasks, models, strict=True))
    timed = {int(n) for rows in tasks for sample in rows for n in sample.timings}
    wanted = {n for some in processors for n in some} if processors is not None else timed
    result: JSON = {}
    for k in (k for k in KS if k <= min(map(len, tasks), default=0)):
        built = [pareval_build_at_k(_built(rows), len(SHAPES.get(model, (None,))), k) for rows, model in pairs]
        result[f"{PREFIX}build@{k}"] = figure_json(mean(built))
        for n in sorted(wanted):
            result[f"{PREFIX}speedup_{n}@{k}"] = _figure(pairs, [n], _speedup(k))
            result[f"{PREFIX}efficiency_{n}@{k}"] = _figure(pairs, [n], _efficiency(k))
        if len(wanted) > 1:
            result[f"{PREFIX}speedup_max@{k}"] = _figure(pairs, sorted(wanted), _speedup(k))
    return result


def _built(rows: Sequence[Sample]) -> list[bool]:
    return [sample.checks.get("build") == "pass" for sample in rows]


def _speedup(k: int) -> _Score:
    return lambda baseline, times, _model: pareval_speedup_at_k(baseline, times, k)


def _efficiency(k: int) -> _Score:
    return lambda baseline, times, model: pareval_efficiency_at_k(baseline, times, k, RESOURCES[model])


def _figure(pairs: Sequence[tuple[Sequence[Sample], str]], cores: Sequence[int], score: _Score) -> JSON:
    """The mean over tasks with a right answer that has a time; 0 where there is none."""
    values = []
    for rows, model in pairs:
        timings = [[s.timings[str(n)] for n in cores if str(n) in s.timings] for s in rows if s.passed]
        if times := [min(t["seconds"] for t in some) for some in timings if some]:
            base = min(t["baseline_seconds"] for some in timings for t in some)
            values.append(score(base, times, model))
    return figure_json(mean(values)) if values else {"value": 0.0, "ci95": [0.0, 0.0], "n": 0}
