"""What models are asked: a comment that states the task, then the beginning of the code.

A base model continues the code, a chat model answers with the whole of it; both can be judged (`hpcraft.eval.extract`).
"""

from __future__ import annotations

import textwrap

from hpcraft.eval.task import Kernel, Task
from hpcraft.sandbox.abi import Signature
from hpcraft.tokenizer.requests import CUDA, LANGUAGE_NAMES, OPENMP, SERIAL, Question, block, completion_request, line_comment

_MPI = (
    "Share the work between ranks with MPI. MPI is already initialised. Every rank calls this with full copies of all inputs; "
    "the result must be complete at least on rank 0."
)
_OFFLOAD = "Do the work on the device with OpenMP target directives, which map the data. All pointers are host memory."
_OPENACC = "Do the work with OpenACC directives, which copy the data. All pointers are host memory."
_HYBRID = _MPI + " Within a rank, share the work between threads with OpenMP."
_KOKKOS = "Do the work in Kokkos' parallel patterns. Kokkos is already initialised. All pointers are host memory."
HOW = {
    "serial": SERIAL,
    "openmp": OPENMP,
    "offload": _OFFLOAD,
    "openacc": _OPENACC,
    "mpi": _MPI,
    "mpi+openmp": _HYBRID,
    "cuda": CUDA,
    "kokkos": _KOKKOS,
}

_PYTHON_HOW = {
    "serial": "Compile it with numba (@njit). Use no parallel programming model.",
    "openmp": "Share the work between threads with numba: loops over prange in a function compiled by @njit(parallel=True).",
}
_NO_LIBRARY = "Call no library routine for a product or a solution, such as numpy.dot, numpy.matmul, the operator @ or numpy.linalg."
_PYTHON_DECORATORS = {"serial": "@njit", "openmp": "@njit(parallel=True)"}
_PYTHON_NAMES = {"serial": "njit", "openmp": "njit, prange"}
_PYTHON_TYPES = {"int": "int32", "long": "int64", "float": "float32", "double": "float64"}

_C_INCLUDES = {
    "serial": "",
    "openmp": "#include <omp.h>\n",
    "offload": "#include <omp.h>\n",
    "openacc": "#include <openacc.h>\n",
    "mpi": "#include <mpi.h>\n",
    "mpi+openmp": "#include <mpi.h>\n#include <omp.h>\n",
    "cuda": "#include <cuda_runtime.h>\n",
    "kokkos": "#include <Kokkos_Core.hpp>\n",
}
_FORTRAN_USES = {
    "serial": "",
    "openmp": "  use omp_lib\n",
    "offload": "  use omp_lib\n",
    "openacc": "  use openacc\n",
    "mpi": "  use mpi\n",
    "mpi+openmp": "  use mpi\n  use omp_lib\n",
}

_FORTRAN_TYPES = {"int": "integer(c_int)", "long": "integer(c_long)", "float": "real(c_float)", "double": "real(c_double)"}
_RESULT = "answer"
"""The name of what a Fortran function returns."""


def kernel_question(kernel: Kernel, model: str, language: str) -> Question:
    """The prompt of a kernel in a language and a parallel model."""
    if language == "python":
        return _python_question(kernel, model)
    what = f"Write {kernel.name} in {LANGUAGE_NAMES[language]}: {kernel.summary}. {HOW[model]}"
    if language == "fortran":
        stem = fortran_head(kernel, model)
        return Question(prompt=line_comment(what, "! ") + stem, stem=stem)
    head = f'extern "C" {kernel.prototype}' if language == "cpp" else kernel.prototype
    stem = c_includes(model, language)
    if model == "cuda":
        # The kernels come before the host function, so the prompt can't end inside it.
        return Question(prompt=block(f"{what} The entry point is: {head}") + stem, stem=stem)
    stem += f"\n{head} {{\n"
    return Question(prompt=block(what) + stem, stem=stem)


def _python_question(kernel: Kernel, model: str) -> Question:
    what = f"Write {kernel.name} in Python: {kernel.summary}. {_PYTHON_HOW[model]} {_NO_LIBRARY} {_python_arguments(kernel)}"
    imports = f"import numpy as np\nfrom numba import {_PYTHON_NAMES[model]}\n\n\n"
    stem = f"{imports}{_PYTHON_DECORATORS[model]}\n{python_head(kernel.signature)}"
    return Question(prompt=line_comment(what, "# ") + stem, stem=stem)


def _python_arguments(kernel: Kernel) -> str:
    """What the parameters are, in words, and which ones are written."""
    arrays = [
        f"{p.name} ({_PYTHON_TYPES[p.ctype]}, {' x '.join(kernel.shapes[p.name]) if p.name in kernel.shapes else 'one dimension'})"
        for p in kernel.signature.arrays
    ]
    written = " and ".join(p.name for p in kernel.signature.arrays if not p.const)
    return f"The arrays are C-contiguous numpy arrays: {', '.join(arrays)}. {written} is written in place, nothing else is changed."


def python_head(signature: Signature) -> str:
    """The line that a function begins with."""
    return f"def {signature.name}({', '.join(p.name for p in signature.parameters)}):\n"


def null_answer(prototype: str, language: str, kernel: Kernel | None, model: str) -> str:
    """The empty function: it builds, and does nothing."""
    if language == "fortran" and kernel is not None:
        body = "end subroutine" if kernel.signature.returns == "void" else f"  {_RESULT} = 0\nend function"
        return fortran_head(kernel, model) + f"{body} {kernel.name}\n"
    signature = Signature.parse(prototype)
    if language == "python":
        return python_head(signature) + f"    {'pass' if signature.returns == 'void' else 'return 0'}\n"
    linkage = 'extern "C" ' if language == "cpp" else ""
    body = "" if signature.returns == "void" else "\n    return 0;\n"
    return f"#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n{linkage}{signature.prototype()} {{{body}}}\n"


def c_includes(model: str, language: str) -> str:
    """Headers that the prompt offers."""
    common = (
        "#include <cmath>\n#include <cstdlib>\n#include <vector>\n" if language == "cpp" else "#include <math.h>\n#include <stdlib.h>\n"
    )
    return _C_INCLUDES[model] + common


def fortran_head(kernel: Kernel, model: str) -> str:
    """Subroutine or function statement and declarations of the dummy arguments and of the result."""
    names = ", ".join(p.name for p in kernel.signature.parameters)
    declarations = textwrap.indent(kernel.fortran, "  ")
    returns = kernel.signature.returns
    kind, result = ("subroutine", "") if returns == "void" else ("function", f" result({_RESULT})")
    if result:
        declarations += f"\n  {_FORTRAN_TYPES[returns]} :: {_RESULT}"
    head = f"{kind} {kernel.name}({names}) bind(c){result}"
    return f"{head}\n  use iso_c_binding\n{_FORTRAN_USES[model]}  implicit none\n{declarations}\n"


def chat_request(task: Task) -> str:
    """The prompt of a task as a request: a model that was taught to converse doesn't know that code is to be continued."""
    if task.is_request:
        return task.prompt
    language = "CUDA C++" if task.model == "cuda" else LANGUAGE_NAMES.get(task.language, task.language)
    return completion_request(task.prompt, language, task.language)
