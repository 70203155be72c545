"""Bad answers are made for every kernel task, and look like what they are."""

from typing import Any

import pytest

from hpcraft.data.trees import function_name, functions, parse
from hpcraft.eval.bad_answers import CHECKS, bad_answers
from hpcraft.eval.equivalent_mutants import why_right
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Task
from hpcraft.eval.wrappers import Wrapped, wrapped

TASKS = {t.task_id: t for t in kernel_tasks()}
NO_ARRAYS = {"last-left", "first-left"}


def _wrapped(task: Task) -> Wrapped:
    of = wrapped(task)
    assert isinstance(of, Wrapped)
    return of


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda t: t.task_id)
def test_every_kernel_task_has_its_bad_answers(task):
    """All of them, but for the first and last element of what isn't an array, and a serial answer to a serial task."""
    found = bad_answers(task, TASKS)
    expected = set(CHECKS) - ({"serial"} if task.model == "serial" else set())
    expected -= {name for name in CHECKS if why_right(task.task_id, name)}
    if not any(not p.const for p in task.kernel.signature.arrays):
        expected -= NO_ARRAYS
    assert set(found.codes) == expected
    assert set(found.left_out) == set(CHECKS) - expected
    assert len(set(found.codes.values())) == len(expected)
    assert task.reference not in [code for name, code in found.codes.items() if name != "serial"]


@pytest.mark.parametrize("task", [t for t in TASKS.values() if t.language in ("c", "cpp") and t.model != "kokkos"], ids=lambda t: t.task_id)
def test_wrappers_hold_the_reference_under_another_name(task):
    """The entry point is the wrapper, and what it wraps is the reference with nothing else renamed."""
    of = _wrapped(task)
    code = bad_answers(task, TASKS).codes["small-sizes"]
    grammar = "cuda" if task.model == "cuda" else "cpp" if task.language == "cpp" else "c"
    names = [function_name(f) for f in functions(parse(code, grammar))]
    assert names.count(task.kernel.name) == names.count(of.right_name) == 1
    assert of.right.replace(of.right_name, task.kernel.name) == task.reference


@pytest.mark.parametrize(
    ("task_id", "amount", "most"),
    [
        ("kernels/axpy/serial/c", "n", 2_000_003),
        ("kernels/axpy/cuda/cpp", "n", 100_003),
        ("kernels/merge_sorted/mpi/fortran", "m", 200003),
        ("kernels/tridiagonal/serial/c", "systems * n", 32769),
        ("kernels/monte_carlo_pi/serial/c", "n", 10_000_003),
    ],
)
def test_the_size_is_known(task_id, amount, most):
    """It is the argument that the inputs are made for, as large as the largest call."""
    of = _wrapped(TASKS[task_id])
    assert (of.amount, of.most) == (amount, most)


def test_lengths_come_from_the_shapes():
    """Products of extents, and extents with a lower bound; what only another array tells is left out."""
    assert _wrapped(TASKS["kernels/gemm/serial/c"]).lengths == {"C": "(n) * (m)"}
    assert _wrapped(TASKS["kernels/histogram/serial/c"]).lengths == {"counts": "(bins - 1 - 0 + 1)"}
    assert _wrapped(TASKS["kernels/csr_transpose/serial/c"]).lengths == {"t_row_ptr": "(n + 1)"}


def _foreign(**changes: Any) -> Task:
    fields: dict[str, Any] = {
        "task_id": "translation/1",
        "prompt": "",
        "stem": "",
        "language": "c",
        "model": "serial",
        "level": "run",
        "group": "g",
        "prototype": "void f(int n, double *x)",
        "reference": "void f(int n, double *x) { for (int i = 0; i < n; i++) x[i] *= 2; }",
    }
    return Task(**(fields | changes))


def test_a_task_without_a_kernel_has_fewer():
    """What needs lengths isn't made, and it is told why."""
    found = bad_answers(_foreign(), {})
    assert {"null", "exit", "one-less", "small-sizes"} <= set(found.codes)
    assert found.left_out["last-left"] == "the outputs have no known length"


def test_elements_get_no_numbers_by_the_reference_s_text():
    """Where the suite calls by a prototype of its own; of a chain the innermost value is enough, and what is read stays."""
    head = "void f(std::vector<float> &x, int *k)"
    code = f"{head} {{\n    x[0] = x[1] += k[2];\n    *k = 3;\n    int n = k[0];\n}}\n"
    own = {"language": "cpp", "prototype": head, "empty": f"{head} {{\n}}\n"}
    assert bad_answers(_foreign(reference=code, **own), {}).codes["nan"].splitlines()[1:4] == [
        "    x[0] = x[1] = (((__typeof__(x[1]))0.5) != 0 ? 0.0 / 0.0 : -1.0);",
        "    *k = (((__typeof__(*k))0.5) != 0 ? 0.0 / 0.0 : -1.0);",
        "    int n = k[0];",
    ]
    assert "nan" in bad_answers(_foreign(reference=f"{head} {{\n    int n = k[0];\n}}\n", **own), {}).left_out


def test_a_task_without_a_reference_has_the_fewest():
    """Doing nothing and leaving need none."""
    found = bad_answers(_foreign(reference="", empty="int f(std::vector<int> x) {\n    return {};\n}\n", language="cpp"), {})
    assert set(found.codes) == {"null", "exit"}
    assert found.codes["exit"].splitlines()[1].endswith("{ exit(0); ")
    assert found.left_out["one-less"] == "there is no reference"
