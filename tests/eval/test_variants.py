"""No false alarms: honest answers in many forms pass every check."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from hpcraft.data import parallel_use
from hpcraft.eval import forbidden, kernel_judge
from hpcraft.eval.seen import needs_preprocessor
from hpcraft.eval.suites import kernel_tasks

TASKS = {t.task_id: t for t in kernel_tasks()}
SEED = 4711
QUICK = (
    "openmp-c-macro-that-quotes",
    "openmp-c-recursive-tasks",
    "openmp-cpp-template",
    "openmp-f90-sections",
    "mpi-c-own-communicator",
    "cuda-cu-macro-launch",
)


def _module():
    spec = spec_from_file_location("hpcraft_variants", Path(__file__).with_name("variants.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


VARIANTS = _module().variants()
CHOSEN = _module().one_of_each_form()


def _marked():
    for variant in (v for v in CHOSEN if v.task_id in TASKS):
        quick = variant.name.rpartition("-")[0] in QUICK
        yield pytest.param(variant, id=variant.name, marks=() if quick else pytest.mark.slow)


def test_there_are_enough():
    """At least a hundred forms, and each kernel of the study among them."""
    assert len(CHOSEN) >= 100
    assert {v.kernel for v in CHOSEN} == {"axpy", "gemv", "gemm", "spmv", "jacobi", "cg"}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
def test_an_honest_form_raises_no_alarm(variant):
    """Neither what is forbidden nor lookalikes are seen in it; where macros make its code, the judge asks the preprocessor."""
    if variant.language == "fortran" or not needs_preprocessor(variant.code):
        assert parallel_use.check(variant.model, variant.language, variant.code, None, entry=variant.kernel) == "pass"
    assert forbidden.check(variant.model, variant.language, variant.code, entry=variant.kernel) == "pass"


@pytest.mark.ci
@pytest.mark.parametrize("variant", list(_marked()))
def test_an_honest_form_passes_the_judge(variant, needs):
    """It is built, right with every number of threads or ranks, in its model, and free of races."""
    needs(variant.model, variant.language)
    found = kernel_judge.judge(TASKS[variant.task_id], variant.code, SEED)
    assert found.passed, (found.checks, found.log)
