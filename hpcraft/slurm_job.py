"""The side of `hpcraft.slurm` that runs inside a job: a share of the tasks, and its journal.

The journal has a line for each task that began and for each that is done, so that a job that is lost tells what it had done,
and a job that Slurm puts back into the queue goes on where it was.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

from hpcraft.local import Ended, each_ended

T = TypeVar("T")


@dataclass(slots=True)
class Entries:
    """What a journal says."""

    began: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Journal:
    """A file that one job appends to and the driver reads."""

    path: Path

    def write(self, word: str, index: int) -> None:
        """Add a line."""
        with self.path.open("a") as file:
            file.write(f"{word} {index}\n")

    def read(self) -> Entries:
        """What is in it so far; a line that is half written isn't."""
        entries = Entries()
        try:
            lines = self.path.read_text().split("\n")[:-1]
        except OSError:
            return entries
        for line in lines:
            word, _, index = line.partition(" ")
            (entries.done if word == "done" else entries.began).add(int(index))
        return entries


def pack(function: Callable[[T], None], tasks: Mapping[int, T]) -> bytes:
    """A function and tasks by their index, as a job takes them."""
    # The path first and alone: what is inside may only be found with it.
    return pickle.dumps((sys.path, pickle.dumps((function, dict(tasks)))))


def run_share(blob: bytes, journal_path: str, num_workers: int) -> list[Ended]:
    """In a job: do tasks that aren't done yet, ``num_workers`` at a time; says how each ended."""
    # submitit has put itself before these, to save its state; ours is in the journal.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    path, inner = pickle.loads(blob)  # noqa: S301 - written by the driver of the same user
    sys.path[:] = path
    function, tasks = pickle.loads(inner)  # noqa: S301
    journal = Journal(Path(journal_path))
    before = journal.read().done
    indices = [index for index in tasks if index not in before]
    found: list[Ended] = []
    todo: list[Any] = [tasks[index] for index in indices]
    # The driver tries again what is lost here, on another node if it can.
    for ended in each_ended(function, todo, num_workers=num_workers, tries=1, begin=lambda i: journal.write("began", indices[i])):
        index = indices[ended.index]
        if not ended.error and not ended.lost:
            journal.write("done", index)
        found.append(Ended(index=index, error=ended.error, lost=ended.lost))
    return found


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """The job is cancelled, preempted or out of time; the workers see that we are gone, and end."""
    os._exit(1)
