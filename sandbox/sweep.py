"""One build, run with several numbers of ranks and threads: what is right with 1, 2 and 4 is often wrong with 3 and 7."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from hpcraft.sandbox.outcome import Outcome, Run, Verdict

RANKS = (1, 2, 3, 4, 7)
"""One rank alone, a pair, an odd number, a square, and a prime that divides no usual size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """One run of a sweep."""

    ranks: int
    threads: int
    outcome: Outcome

    def to_dict(self) -> dict[str, object]:
        """The row that ``sandbox run --json`` prints under ``sweep``."""
        of = self.outcome
        return {
            "ranks": self.ranks,
            "threads": self.threads,
            "verdict": str(of.verdict),
            "exit_code": of.exit_code,
            "signal": of.signal,
            "wall_seconds": of.wall_seconds,
            "cpu_seconds": of.cpu_seconds,
            "peak_memory_bytes": of.peak_memory_bytes,
            "waits": list(of.waits),
            "message": of.message,
        }


def sweep(execute: Callable[[Run], Outcome], run: Run, ranks: Iterable[int] = RANKS, threads: Iterable[int] = (1,)) -> Iterator[Swept]:
    """Run with every number of ranks with every number of threads, one after the other, as they are asked for."""
    numbers = tuple(threads)
    for num_ranks in ranks:
        for num_threads in numbers:
            outcome = execute(replace(run, ranks=num_ranks, threads=num_threads))
            yield Swept(ranks=num_ranks, threads=num_threads, outcome=outcome)


def worst(rows: Iterable[Swept]) -> Outcome:
    """The first outcome that is not ok, else the last; the message says which runs failed."""
    rows = tuple(rows)
    failed = [row for row in rows if not row.outcome.ok]
    if not failed:
        return rows[-1].outcome
    first = failed[0].outcome
    if len(rows) == 1 or first.verdict is Verdict.UNSUPPORTED:
        return first
    where = f"all {len(rows)} runs" if len(failed) == len(rows) else " and ".join(_where(rows, failed))
    return replace(first, message=f"failed with {where}: {first.message or first.verdict}")


def _where(rows: tuple[Swept, ...], failed: list[Swept]) -> list[str]:
    """Only what varies is told: ``3 and 7 ranks``, or ``3 ranks x 2 threads`` where both do."""
    ranks, threads = (len({getattr(row, what) for row in rows}) > 1 for what in ("ranks", "threads"))
    if ranks and threads:
        return [f"{_count(row.ranks, 'rank')} x {_count(row.threads, 'thread')}" for row in failed]
    numbers = [row.ranks if ranks else row.threads for row in failed]
    return [*map(str, numbers[:-1]), _count(numbers[-1], "rank" if ranks else "thread")]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
