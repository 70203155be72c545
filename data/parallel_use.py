"""Whether an answer really is in the parallel model that was asked for.

Two witnesses must agree: the code that the compiler saw (constructs that share work, and the work reaches an output; ranks whose share
depends on their number; a kernel that is launched), and the symbols that the compiled object asks the linker for. The third, what
threads and ranks did at run time, is the judge's.

Not covered: how large the part of the work is that is shared; conditions on data, or on names whose values the code doesn't show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from hpcraft.data.parallel import c_outline, fortran_outline
from hpcraft.data.parallel.devices import cuda, kokkos
from hpcraft.data.parallel.directives import offload, openacc, openmp
from hpcraft.data.parallel.messages import mpi
from hpcraft.data.parallel.outline import Program
from hpcraft.data.parallel.python_loops import shared_loops
from hpcraft.data.parallel.symbols import by_symbols
from hpcraft.data.parallel.work import Answer
from hpcraft.data.python_code import PythonCode
from hpcraft.errors import InputError

MOST_CHARACTERS = 400_000
"""Longer answers are not looked at: no kernel is."""

_MODELS: dict[str, tuple[tuple[str, Callable[[Answer], str]], ...]] = {
    # model: what it consists of, and what judges each part
    "serial": (),
    "openmp": (("", openmp),),
    "offload": (("", offload),),
    "openacc": (("", openacc),),
    "mpi": (("", mpi),),
    "mpi+openmp": (("MPI: ", mpi), ("OpenMP: ", openmp)),
    "kokkos": (("", kokkos),),
}


def check(model: str, language: str, code: str, symbols: Collection[str] | None, *, entry: str = "") -> str:
    """Return ``pass``, or ``fail: why``.

    Args:
        model: the model that was asked for.
        language: ``c``, ``cpp``, ``fortran`` or ``python``.
        code: the answer, best as the preprocessor leaves it.
        symbols: undefined symbols of the object that was built from it; None when they are not known.
        entry: the function that is called; without it every function of the answer counts as called.
    """
    why = _by_code(model, language, code, entry) or ("" if symbols is None else by_symbols(model, symbols))
    return f"fail: {why}" if why else "pass"


def _by_code(model: str, language: str, code: str, entry: str) -> str:
    if model == "serial":
        return ""
    if len(code) > MOST_CHARACTERS:
        return f"the answer has {len(code)} characters, {MOST_CHARACTERS} are looked at"
    if language == "python":
        return _python(code, entry)
    parts = (("", partial(_cuda, code=code)),) if model == "cuda" else _MODELS[model]
    try:
        answer = Answer.of(_outline(model, language, code), entry)
        for name, judge in parts:
            if why := judge(answer):
                return f"{name}{why}"
    except RecursionError:
        return "the code is nested too deeply to be looked at"
    return ""


def _python(code: str, entry: str) -> str:
    try:
        return shared_loops(PythonCode.parse(code), entry)
    except InputError as error:
        return str(error)


def _outline(model: str, language: str, code: str) -> Program:
    if language == "fortran":
        return fortran_outline.outline(code)
    return c_outline.outline("cuda" if model == "cuda" else language, code)


def _cuda(answer: Answer, *, code: str) -> str:
    return cuda(answer, code)
