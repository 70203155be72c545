"""Figures of speed from timed samples: speedup_n@k, efficiency_n@k, speedup_max@k and fast_1@k, beside pass@k.

An answer that fails any check has speed-up 0 wherever its task is timed. One that passed and has no time at a number of cores (the machine could not measure it, which
is not the answer's fault) is left out there, and with it a task that has fewer than k others; ``n`` says how many tasks are in the figure. The speed-up
is over the sequential reference, which was timed in turn with the answer. The best number of cores is sought over the tasks that have a time at each. Efficiency is per processor that the judge let it use.

Not covered: figures over several machines.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hpcraft.eval.metrics import KS, efficiency, figure_json, pass_at_k, speedup, speedup_max_at_k, speedup_n_at_k
from hpcraft.samples import Sample
from hpcraft.store import JSON


def speed_figures(tasks: Sequence[Sequence[Sample]], processors: Sequence[Collection[int]] | None = None) -> JSON:
    """All figures of speed; none where nothing was timed.

    Args:
        tasks: the samples of each.
        processors: at how many each task was to be timed: a sequential one has no part in the figures of two. None where that isn't known, and
            what is wrong counts at every number.
    """
    known = processors if processors is not None else [{int(n) for rows in tasks for s in rows for n in s.timings}] * len(tasks)
    cores = sorted({n for some in known for n in some})
    result: JSON = {}
    speedups: dict[int, list[list[float]]] = {}
    for n in cores:
        here = [rows for rows, some in zip(tasks, known, strict=True) if n in some]
        speedups[n] = _values(here, n, "speedup")
        efficiencies = _values(here, n, "efficiency")
        for k in _ks(here):
            enough = [values for values in speedups[n] if len(values) >= k]
            if not enough:
                continue
            result[f"speedup_{n}@{k}"] = figure_json(speedup_n_at_k(enough, k))
            result[f"efficiency_{n}@{k}"] = figure_json(speedup_n_at_k([values for values in efficiencies if len(values) >= k], k))
            if n == cores[-1]:
                result[f"fast_1@{k}"] = figure_json(pass_at_k([[value > 1 for value in values] for values in enough], k))
    shared = _at_all(tasks, known, cores) if len(cores) > 1 else {}
    for k in sorted(set.intersection(*(set(_ks(values)) for values in shared.values()))) if shared else ():
        best = speedup_max_at_k(shared, k)
        result[f"speedup_max@{k}"] = figure_json(best.figure) | {"processors": best.processors}
    return result


def _at_all(tasks: Sequence[Sequence[Sample]], known: Sequence[Collection[int]], cores: Sequence[int]) -> dict[int, list[list[float]]]:
    """Speed-ups by number of cores, of the tasks that have one at each: only figures over the same tasks say which number is best."""
    wanted = [rows for rows, some in zip(tasks, known, strict=True) if set(cores) <= set(some)]
    whole = [rows for rows in wanted if all(timed_values(rows, n, "speedup") for n in cores)]
    return {n: _values(whole, n, "speedup") for n in cores}


def timed_values(samples: Sequence[Sample], cores: int, what: str) -> list[float]:
    """``speedup`` or ``efficiency`` of the samples of one task that count at a number of cores."""
    found = (_value(sample, cores, what) for sample in samples)
    return [value for value in found if value is not None]


def _values(tasks: Sequence[Sequence[Sample]], cores: int, what: str) -> list[list[float]]:
    """The same by task, of tasks that have any."""
    return [values for rows in tasks if (values := timed_values(rows, cores, what))]


def _value(sample: Sample, cores: int, what: str) -> float | None:
    if not sample.passed:
        return 0.0
    timing = sample.timings.get(str(cores))
    if timing is None:
        return None
    if what == "efficiency":
        return efficiency(timing["baseline_seconds"], timing["seconds"], round(timing["threads"] * timing["ranks"]))
    return speedup(timing["baseline_seconds"], timing["seconds"])


def _ks(tasks: Sequence[Sequence[object]]) -> list[int]:
    fewest = min(map(len, tasks), default=0)
    return [k for k in KS if k <= fewest]
