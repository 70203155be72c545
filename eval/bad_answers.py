"""Bad answers to a task, made from its reference or its signature: every one of them must be refused, for its own reason.

``null`` does nothing; ``nan`` fills all outputs with what is no number (integers with -1); ``replay`` gives the results of its first call again,
``replay-of-a-size`` those of the last call of the same size; ``serial`` is the sequential reference under a parallel task, or the parallel one in
C without its OpenMP; ``small-sizes``, ``large-sizes`` and ``multiples-of-four`` are right for some sizes and do nothing for the others; ``exit`` and ``exit-at-once``
leave with exit code 0; ``one-less`` does the work of a size smaller by one; ``last-left`` and ``first-left`` leave
the last or first element that the work changes as it was.

Not covered: answers to tasks whose tests call them by a prototype of their own (ParEval's, BabelTower's) beyond ``null``, ``exit``, ``serial``, and
``nan`` where there is a reference that assigns to elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpcraft.errors import InputError
from hpcraft.eval import wrappers_c, wrappers_fortran, wrappers_python
from hpcraft.eval.bad_by_text import without_directives, without_numbers
from hpcraft.eval.equivalent_mutants import why_right
from hpcraft.eval.prompts import null_answer
from hpcraft.eval.task import Task
from hpcraft.eval.wrappers import wrapped

CHECKS: dict[str, tuple[str, ...]] = {
    "null": ("correct",),
    "nan": ("correct",),
    "exit": ("correct", "honest"),
    "exit-at-once": ("correct", "honest"),
    "replay": ("correct",),
    "replay-of-a-size": ("correct",),
    "serial": ("parallel",),
    "small-sizes": ("correct",),
    "large-sizes": ("correct",),
    "multiples-of-four": ("correct",),
    "one-less": ("correct",),
    "last-left": ("correct",),
    "first-left": ("correct",),
}
"""Bad answers by name, and the checks of which one must refuse it."""


@dataclass(kw_only=True, slots=True)
class BadAnswers:
    """The bad answers to one task."""

    codes: dict[str, str] = field(default_factory=dict)
    """By name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Name to why there is none."""


def bad_answers(task: Task, tasks: Mapping[str, Task]) -> BadAnswers:
    """All bad answers that can be made; ``tasks`` are those of the whole suite, by id."""
    found = BadAnswers()
    made: dict[str, str] = {}
    why = _made(task, made)
    serial = _serial(task, tasks)
    if not serial.startswith("none: "):
        made["serial"] = serial
    for name in CHECKS:
        if why_it_is := why_right(task.task_id, name):
            found.left_out[name] = f"it is right: {why_it_is}"
        elif name in made:
            found.codes[name] = made[name]
        else:
            found.left_out[name] = serial.removeprefix("none: ") if name == "serial" else why or "the outputs have no known length"
    return found


def _made(task: Task, made: dict[str, str]) -> str:
    """Fill in what follows from the task alone; returns why there is not more."""
    made["null"] = task.empty or null_answer(task.prototype, task.language, task.kernel, task.model)
    try:
        of = wrapped(task)
    except InputError as error:
        of = str(error)
    if task.kernel is None and task.case is not None:
        of = "the suite's tests call it by a prototype of their own"
    if isinstance(of, str):
        if task.language != "fortran" and "}" in made["null"] and "__global__" not in made["null"]:  # a device can't end the process
            made["exit"] = _exits(made["null"])
        if task.language in ("c", "cpp") and (code := without_numbers(task.reference, task.language)):
            made["nan"] = code
        return of
    if task.language == "python":
        made |= wrappers_python.answers(of)
    else:
        made |= wrappers_fortran.answers(of) if task.language == "fortran" else wrappers_c.answers(of, task.language)
    if not of.outputs:
        for name in ("last-left", "first-left"):
            made.pop(name)
        if of.signature.returns == "void":
            for name in ("nan", "replay", "replay-of-a-size"):
                made.pop(name)
    return ""


def _exits(null: str) -> str:
    """The empty function, leaving at its first statement."""
    head, brace, rest = null.rpartition("{") if "return {}" not in null else null.partition("{")
    return f"#include <stdlib.h>\n{head}{brace} exit(0); {rest}"


def _serial(task: Task, tasks: Mapping[str, Task]) -> str:
    """The sequential reference that stands for a parallel answer, or ``none: why``."""
    if task.model == "serial":
        return "none: the task is serial"
    if task.kernel is not None:
        sibling = tasks.get(f"kernels/{task.kernel.name}/serial/{task.language}")
    elif task.suite == "pareval":
        sibling = tasks.get(f"{task.task_id.rpartition('/')[0]}/serial")
    elif task.pair is not None and task.model == "openmp":
        return task.source
    else:
        sibling = None
    if sibling is None and task.model == "openmp" and task.language != "fortran" and (code := without_directives(task.reference)):
        return code
    return sibling.reference if sibling and sibling.reference else "none: the suite has no sequential answer of the same prototype"
