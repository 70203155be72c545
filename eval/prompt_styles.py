"""Styles of prompts for kernel tasks: our sentence, or the few words of the Codex kernel study, with and without its hint.

The study (Godoy et al., Evaluation of OpenAI Codex for HPC Parallel Programming Models Kernel Generation, 2023) asked with a comment such
as ``axpy OpenMP``, and again with a keyword of the language behind it: ``axpy OpenMP function``. It left the signature to the model; here
the head of the function follows in all styles, as the judge calls it by its C ABI. What the words leave open is
judged as the sentence says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

from hpcraft.eval.task import Task

Style = Literal["plain", "study", "study-hint"]
STYLES: tuple[str, ...] = get_args(Style)
DEFAULT: Style = "plain"

_MODELS = {
    "serial": "",
    "openmp": "OpenMP",
    "offload": "OpenMP offload",
    "openacc": "OpenACC",
    "mpi": "MPI",
    "mpi+openmp": "MPI and OpenMP",
    "cuda": "CUDA",
    "kokkos": "Kokkos",
}
_PYTHON_MODELS = {"serial": "Numba", "openmp": "Numba parallel"}
_HINTS = {"c": "function", "cpp": "function", "fortran": "subroutine", "python": "def"}


def _study(task: Task, hint: str) -> str:
    model = _PYTHON_MODELS[task.model] if task.language == "python" else _MODELS[task.model]
    words = " ".join(word for word in (task.group, model, hint) if word)
    if task.language in ("fortran", "python"):
        return f"{'!' if task.language == 'fortran' else '#'} {words}\n{task.stem}"
    if task.model == "cuda":
        # The prompt can't end inside the host function, as kernels come before it, but the judge needs its head.
        linkage = 'extern "C" ' if task.language == "cpp" else ""
        return f"/* {words} */\n{linkage}{task.prototype};\n{task.stem}"
    return f"/* {words} */\n{task.stem}"


def _hint(task: Task) -> str:
    """The study's keyword for the language; in Fortran what returns a value is no subroutine."""
    return "function" if task.stem.lstrip().startswith("function") else _HINTS[task.language]


_WORDS: dict[str, Callable[[Task], str]] = {
    "study": lambda task: _study(task, ""),
    "study-hint": lambda task: _study(task, _hint(task)),
}


def in_style(task: Task, style: str) -> Task:
    """The task with its prompt in a style; tasks of other suites than ``kernels`` have one style only."""
    if style == DEFAULT or task.kernel is None:
        return task
    return replace(task, prompt=_WORDS[style](task))
