"""Many jobs side by side: in the order of the jobs, or keyed and as they end.

Theory of operation. The workers are threads: each only waits for a box, which is a process tree of its own. Jobs are
taken one by one, and never more than a few per worker that haven't been handed out yet: a caller who is slow to take
outcomes stops the intake, and a slow source of jobs doesn't hold back outcomes that are there. A caller who stops asking, or
an error that rises, ends what runs. An error that nobody foresaw costs its job alone, after a second attempt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from hpcraft.errors import HpcError
from hpcraft.sandbox.builder import build, run
from hpcraft.sandbox.outcome import Job, Outcome, Run, Verdict

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4
"""Jobs in hand per worker, so that a slow one doesn't leave the others idle and memory stays small."""

_GLANCE_SECONDS = 0.25
"""A signal that comes while the main thread is just about to wait isn't seen before the wait is over: 5 of 96 Ctrl-C on busy
cores were lost for as long as the jobs ran. So no wait is long."""


def run_many(jobs: Iterable[Job], workers: int | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each job, in order; ``workers`` defaults to the cores this process may use."""
    for _, outcome in _flow(((None, job) for job in jobs), _one, workers, ordered=True):
        yield outcome


def run_keyed(jobs: Iterable[tuple[K, Job]], workers: int | None = None) -> Iterator[tuple[K, Outcome]]:
    """Yield the key and the outcome of each job, in the order in which they end."""
    return _flow(jobs, _one, workers, ordered=False)


def run_inputs(jobs: Iterable[tuple[K, Job, Sequence[Run]]], workers: int | None = None) -> Iterator[tuple[K, list[Outcome]]]:
    """Build each job once and run it once for each input, in a fresh box; `Job.run` isn't used.

    Yields the key and the outcomes in the order of the inputs, jobs in the order in which they end. A failed build is the
    outcome of every input.
    """
    return _flow(((key, (job, runs)) for key, job, runs in jobs), _each, workers, ordered=False)


def _flow(work: Iterable[tuple[K, T]], do: Callable[[T, Event], R], workers: int | None, *, ordered: bool) -> Iterator[tuple[K, R]]:
    count = workers or len(os.sched_getaffinity(0))
    in_hand: deque[tuple[K, Future[R]]] = deque()
    source = iter(work)
    exhausted = False
    stop = Event()
    with ThreadPoolExecutor(max_workers=count, thread_name_prefix="sandbox") as pool:
        try:
            while in_hand or not exhausted:
                ready = _ready(in_hand, ordered=ordered)
                if ready is not None:
                    in_hand.remove(ready)
                    yield ready[0], ready[1].result()
                elif exhausted or len(in_hand) >= count * _AHEAD:
                    futures = [future for _, future in in_hand]
                    wait(futures[:1] if ordered else futures, timeout=_GLANCE_SECONDS, return_when=FIRST_COMPLETED)
                else:
                    for key, item in source:
                        in_hand.append((key, pool.submit(do, item, stop)))
                        break
                    else:
                        exhausted = True
        finally:
            stop.set()  # the caller lost interest or was interrupted: end what runs now
            for _, future in in_hand:
                future.cancel()


def _ready(in_hand: Sequence[tuple[K, Future[R]]], *, ordered: bool) -> tuple[K, Future[R]] | None:
    candidates = list(in_hand)[:1] if ordered else in_hand
    return next((pair for pair in candidates if pair[1].done()), None)


def _one(job: Job, stop: Event) -> Outcome:
    return _tried(lambda: run(job, stop), _failure)


def _each(work: tuple[Job, Sequence[Run]], stop: Event) -> list[Outcome]:
    job, runs = work

    def attempt() -> list[Outcome]:
        with build(job, stop) as built:
            return [built.run(what) for what in runs]

    return _tried(attempt, lambda error: [_failure(error)] * len(runs))


def _tried(attempt: Callable[[], R], otherwise: Callable[[Exception], R]) -> R:
    """Errors of the user or the machine rise; anything else is ours, costs this job alone and is tried once more."""
    for last in (False, True):
        try:
            return attempt()
        except HpcError:
            raise
        except Exception as error:  # noqa: BLE001 - one job's trouble must not lose the others
            if last:
                return otherwise(error)
    raise AssertionError("unreachable")


def _failure(error: Exception) -> Outcome:
    return Outcome(verdict=Verdict.INFRA_ERROR, message=f"{type(error).__name__}: {error}")
