"""Many jobs side by side, with their outcomes in the order of the jobs.

The workers are threads: each only waits for a box, which is a process tree of its own.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Event

from hpcraft.errors import HpcError
from hpcraft.sandbox.builder import run
from hpcraft.sandbox.outcome import Job, Outcome, Verdict

_AHEAD = 4
"""Jobs taken from the iterable per worker, so that a slow one doesn't leave the others idle and memory stays small."""


def run_many(jobs: Iterable[Job], workers: int | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each job; ``workers`` defaults to the cores this process may use."""
    count = workers or len(os.sched_getaffinity(0))
    waiting: deque[Future[Outcome]] = deque()
    source = iter(jobs)
    stop = Event()
    with ThreadPoolExecutor(max_workers=count, thread_name_prefix="sandbox") as pool:
        try:
            while True:
                for job in islice(source, count * _AHEAD - len(waiting)):
                    waiting.append(pool.submit(_one, job, stop))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            stop.set()  # the caller lost interest or was interrupted: end what runs now
            for future in waiting:
                future.cancel()


def _one(job: Job, stop: Event) -> Outcome:
    """Errors of the user or the machine rise; anything else is ours, costs this job alone and is tried once more."""
    for attempt in range(2):
        try:
            return run(job, stop)
        except HpcError:
            raise
        except Exception as error:  # noqa: BLE001 - one job's trouble must not lose the others
            if attempt:
                return Outcome(verdict=Verdict.INFRA_ERROR, message=f"{type(error).__name__}: {error}")
    raise AssertionError("unreachable")
