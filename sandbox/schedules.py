"""One program run with blocks, warps and threads in several seeded orders: a result that depends on the order is a fault.

Only emulated CUDA has such orders. What is compared: stdout, exit code and collected files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hpcraft.sandbox.outcome import Outcome, Run, Verdict


def under_schedules(execute: Callable[[Run], Outcome], run: Run) -> Outcome:
    """The outcome of the natural order, the first one that is not ok, or the fault of results that differ."""
    first = execute(replace(run, schedules=1, schedule=0))
    if not first.ok:
        return first
    for seed in range(1, run.schedules):
        other = execute(replace(run, schedules=1, schedule=seed))
        if not other.ok:
            return replace(other, message=f"with the schedule {seed}: {other.message}")
        if what := _difference(first, other):
            return replace(
                other, verdict=Verdict.RUNTIME_ERROR, message=f"kind=schedule; {what} differs between the schedules 0 and {seed}"
            )
    return first


def _difference(first: Outcome, other: Outcome) -> str:
    if first.stdout != other.stdout:
        return "stdout"
    names = sorted(first.outputs.keys() | other.outputs.keys())
    return next((f"the file {name}" for name in names if first.outputs.get(name) != other.outputs.get(name)), "")
