"""Mutants of our references, and answers with one less, that do the same as the reference, and why: no test could kill them, so none is asked to.

What compiles to the same object is no mutant in the first place; here stands what only a reader sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hpcraft.data.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Faults that are none."""

    tasks: str
    """Pattern of task ids."""
    change: str
    """Regular expression for the changed line before and after, as ``BEFORE -> AFTER``."""
    why: str

    def matches_task(self, task_id: str) -> bool:
        """Whether it is about a task."""
        return fnmatchcase(task_id, self.tasks)

    def matches(self, task_id: str, mutant: Mutant) -> bool:
        """Whether it is about a mutant of a task's reference."""
        return self.matches_task(task_id) and bool(re.fullmatch(self.change, f"{mutant.before} -> {mutant.after}"))


EQUIVALENT: tuple[Equivalent, ...] = ()


RIGHT_ANSWERS: dict[tuple[str, str], str] = {
    ("kernels/triangle_count/*", "one-less"): "a triangle is counted at the smallest of its vertices, which is never the last one",
}
"""Pattern of task ids and name of a bad answer to why it is right there."""


def why_equivalent(task_id: str, mutant: Mutant) -> str:
    """Why a mutant is right, too; empty when it isn't known to be."""
    return next((entry.why for entry in EQUIVALENT if entry.matches(task_id, mutant)), "")


def why_right(task_id: str, answer: str) -> str:
    """Why a bad answer is right; empty when it isn't known to be."""
    return next((why for (tasks, name), why in RIGHT_ANSWERS.items() if name == answer and fnmatchcase(task_id, tasks)), "")
