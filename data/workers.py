"""An ordered map over worker processes in which a crash or a hang costs one item.

Theory of operation. Items travel in chunks to a pool of processes; results come back in order, and only a
few chunks are under way at a time, so that memory stays flat. When a chunk kills its worker or passes its time, the pool
is thrown away, the chunk is done again item by item, each in a process of its own, and the items that fail
again come back as `Lost`. What came back before stays as it was, so results don't depend on luck.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from typing import Generic, TypeVar

from hpcraft.errors import MachineError
from hpcraft.processes import worker_context

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Lost(Generic[T]):
    """An item whose work crashed or never ended."""

    item: T
    why: str


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    num_workers: int,
    chunk_items: int = 16,
    item_seconds: float = 60.0,
) -> Iterator[R | Lost[T]]:
    """Apply ``function`` (importable by name) to every item in worker processes; results are in the order of the items.

    An exception raised by ``function`` is raised here.
    """
    # What the function needs is imported once, by the server that workers are forked from; that halves the time of a map over a few items.
    worker_context().set_forkserver_preload([function.__module__])
    source = iter(items)
    pool = worker_pool(num_workers)
    under_way: deque[tuple[list[T], Future[list[R]]]] = deque()
    try:
        while True:
            while len(under_way) < 3 * num_workers and (chunk := list(islice(source, chunk_items))):
                under_way.append((chunk, _submit(pool, function, chunk)))
            if not under_way:
                pool.shutdown()  # by themselves, so that they tidy up what they have for many items
                return
            chunk, future = under_way.popleft()
            try:
                yield from future.result(timeout=item_seconds * max(2, len(chunk) / 4))
            except (BrokenProcessPool, TimeoutError):
                kill_pool(pool)
                yield from _one_by_one(function, chunk, item_seconds)
                pool = worker_pool(num_workers)
                under_way = deque((again, _submit(pool, function, again)) for again, _ in under_way)
    finally:
        kill_pool(pool)


def _one_by_one(function: Callable[[T], R], chunk: Sequence[T], item_seconds: float) -> Iterator[R | Lost[T]]:
    crashes = 0
    for item in chunk:
        pool = worker_pool(1)
        try:
            yield pool.submit(function, item).result(timeout=item_seconds)
        except BrokenProcessPool:
            crashes += 1
            if crashes == len(chunk) > 3:
                # No such run of bad files exists: the workers can't start, or the kernel takes their memory.
                raise MachineError("worker processes die on every file; free some memory or give fewer with num_workers=1") from None
            yield Lost(item, "crash")
        except TimeoutError:
            yield Lost(item, "hang")
        finally:
            kill_pool(pool)


def _submit(pool: ProcessPoolExecutor, function: Callable[[T], R], chunk: list[T]) -> Future[list[R]]:
    try:
        return pool.submit(_apply, function, chunk)
    except BrokenProcessPool as error:
        # The pool broke under an earlier chunk, whose turn comes first; this one is submitted again then.
        failed: Future[list[R]] = Future()
        failed.set_exception(error)
        return failed


def _apply(function: Callable[[T], R], chunk: list[T]) -> list[R]:
    return [function(item) for item in chunk]


def worker_pool(num_workers: int) -> ProcessPoolExecutor:
    """A pool whose processes end with this one."""
    return ProcessPoolExecutor(num_workers, mp_context=worker_context(), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """In a worker: end when the process that started the pool is gone, however it went; else `kill -9` would leave us waiting for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's interrupt reaches all; what becomes of the work is the parent's to say

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def kill_pool(pool: ProcessPoolExecutor) -> None:
    """End the workers now, also one that hangs in a grammar and would never look at its queue."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()
