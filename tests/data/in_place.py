"""Preparing in the process of the test, file by file, where a test looks inside or runs it many times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Here:
    """Tasks one after the other in this process; an `hpcraft.executor.Executor`."""

    def map(self, function: Callable[[T], None], tasks: Iterable[T], *, folder: Path, label: str) -> None:
        """As `hpcraft.executor.Executor.map`."""
        for task in tasks:
            function(task)


def plain_map(function: Callable[[T], R], items: Iterable[T], *, num_workers: int) -> Iterator[R]:
    """An `hpcraft.data.workers.ordered_map` without workers."""
    return map(function, items)
