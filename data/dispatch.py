"""Where the tasks of the later phases of ``prepare`` run: by the stage's executor, or in this process where the corpus is small.

Starting processes, or jobs, takes longer than joining or writing a few documents. Both only read and write files of ours: what may crash,
the parsing of mined code, is done before, and never here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hpcraft.stages import Work

T = TypeVar("T")

FEW_DOCUMENTS = 2000


def is_small(num_documents: int) -> bool:
    """Whether a corpus is joined and written in this process; the documents alone decide, so that tasks don't depend on the machine."""
    return num_documents <= FEW_DOCUMENTS


def run_tasks(work: Work, function: Callable[[T], None], tasks: Sequence[T], *, label: str, num_documents: int) -> None:
    """As `hpcraft.executor.Executor.map`, for a corpus of ``num_documents``."""
    if is_small(num_documents):
        for task in tasks:
            function(task)
    else:
        work.executor.map(function, tasks, folder=work.out, label=label)
