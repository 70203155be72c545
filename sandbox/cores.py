"""Cores lent to pinned runs, so that no two of this process are timed on the same one.

Requests are served in their order: a request for many cores waits for them, and later ones wait behind it.

Not covered: other processes, and unpinned runs of this one, which the kernel may place on any core.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from hpcraft.errors import ConfigError

_changed = Condition()
_queue: deque[object] = deque()
_lent: set[int] = set()


@contextmanager
def lease(count: int) -> Iterator[tuple[int, ...]]:
    """Wait until ``count`` cores are free and hold them inside the block.

    Raises:
        ConfigError: more cores than this process may use.
    """
    allowed = os.sched_getaffinity(0)
    if count > len(allowed):
        raise ConfigError(
            f"cannot pin to {count} cores, this process may use {len(allowed)}; ask for fewer threads or ranks, or do not pin"
        )
    ticket = object()
    with _changed:
        _queue.append(ticket)
        try:
            _changed.wait_for(lambda: _queue[0] is ticket and len(allowed - _lent) >= count)
            cores = tuple(sorted(allowed - _lent)[:count])
            _lent.update(cores)
        finally:
            _queue.remove(ticket)
            _changed.notify_all()
    try:
        yield cores
    finally:
        with _changed:
            _lent.difference_update(cores)
            _changed.notify_all()
