"""What threads and ranks did while an answer was called: real work passes, a lone worker doesn't, and too little work proves nothing."""

import itertools
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval import kernel_judge, kernel_races, run_evidence
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.suites import kernel_tasks
from hpcraft.sandbox.calls import Called, TaskUse
from hpcraft.sandbox.outcome import Limits

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
SEED = 99
TWO = Shape(threads=2, ranks=2)

needs_mpi = pytest.mark.skipif(not all(map(shutil.which, ("mpicc", "mpirun"))), reason="Open MPI is not installed")


def called(*processes, index=0):
    """A call in which each process has threads that used so many milliseconds; the last number is of threads that ended."""
    tasks = []
    for pid, (*alive, ended) in enumerate(processes, start=2):
        tasks.append(TaskUse(pid=pid, tid=0, seconds=(sum(alive) + ended) / 1e3))
        tasks += [TaskUse(pid=pid, tid=10 * pid + i, seconds=ms / 1e3) for i, ms in enumerate(alive)]
    return Called(round=0, index=index, seconds=0.01, still=True, ranks=(), tasks=tuple(tasks))


@pytest.mark.parametrize(
    ("model", "processes", "suspect"),
    [
        ("openmp", [(5, 5, 0)], False),
        ("openmp", [(5, 0.6, 0)], False),
        ("openmp", [(5, 0.01, 0)], True),
        ("openmp", [(5, 0)], True),
        ("openmp", [(0.5, 0)], False),
        ("openmp", [(5, 5)], False),
        ("mpi", [(0, 0, 0), (5, 0, 0), (5, 0, 0)], False),
        ("mpi", [(0.1, 0, 0), (5, 0, 0), (0.02, 0, 0)], True),
        ("mpi", [(2, 0, 0), (5, 0, 0), (0.02, 0, 0)], True),
        ("mpi+openmp", [(0.1, 0), (5, 5, 0), (5, 5, 0)], False),
        ("mpi+openmp", [(0.1, 0), (5, 5, 0), (0.1, 0, 0)], True),
        ("serial", [(5, 0)], False),
    ],
)
def test_a_lone_worker_is_suspect(model, processes, suspect):
    """At least two threads, or processes, must have a tenth of what the busiest one did."""
    assert bool(run_evidence.suspicion(model, [called(*processes)], TWO)) == suspect


def test_calls_count_together():
    """A busy machine can leave a thread alone once, and an idle thread can take long to wake up once; neither decides."""
    lone, shared = called((5, 0)), called((5, 4, 0))
    assert run_evidence.suspicion("openmp", [lone, lone, shared], TWO) == ""
    assert run_evidence.suspicion("openmp", [called((5, 0.4, 0))] * 6, TWO) == ""
    assert run_evidence.suspicion("openmp", [lone, lone], TWO)
    assert run_evidence.suspicion("openmp", [lone] * 5 + [called((5, 0.7, 0))], TWO)
    assert run_evidence.suspicion("openmp", [lone], Shape(threads=1)) == ""
    assert run_evidence.suspicion("openmp", [shared], TWO, run_evidence.CLEAR_SHARE) == ""
    assert run_evidence.suspicion("openmp", [called((5, 0.7, 0))], TWO, run_evidence.CLEAR_SHARE)
    assert run_evidence.suspicion("openmp", [], TWO) == ""


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_only_threads_that_grow_without_end_are_told(counts):
    """A pool that is as large as it gets is no leak; one more thread after every call is."""
    calls = [called((*[1] * n, 0), index=i) for i, n in enumerate(counts)]
    grows = all(a < b for a, b in itertools.pairwise(counts)) and len(counts) > 4
    assert bool(run_evidence.leftovers(calls)) == grows


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ("#pragma omp parallel for\n" + LOOP, True),
        ("#pragma omp parallel for schedule(dynamic, 4096)\n" + LOOP, True),
        ("#pragma omp parallel for if (n > 1000)\n" + LOOP, True),
        ("omp_set_num_threads(1);\n#pragma omp parallel for\n" + LOOP, False),
        ("#pragma omp parallel\n{\n#pragma omp single\n" + LOOP + "}\n", False),
    ],
    ids=["static", "dynamic", "if-large", "sets-one-thread", "single"],
)
def test_threads_are_watched(body, passes, monkeypatch):
    """Right results and all the words of OpenMP are not enough when one thread does it all."""
    monkeypatch.setattr("hpcraft.data.parallel_use.check", lambda *_, **__: "pass")
    monkeypatch.setattr(kernel_races, "_MODELS", ())
    found = kernel_judge.judge(TASKS["kernels/axpy/openmp/c"], f"#include <omp.h>\n{HEAD}{body}}}\n", SEED)
    assert found.checks["correct"] == "pass", found.checks
    assert (found.checks["parallel"] == "pass") == passes, found.checks
    if not passes:
        assert "one thread did all the work" in found.checks["parallel"]


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_who_knows_its_input_again_is_told(monkeypatch):
    """One thread does the work, and the second time both copy what it gave: inputs don't come twice."""
    monkeypatch.setattr("hpcraft.data.parallel_use.check", lambda *_, **__: "pass")
    monkeypatch.setattr(kernel_races, "_MODELS", ())
    copy = "{\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] = kept[i];\nreturn;\n}\n"
    code = (
        f"#include <stdlib.h>\n#include <string.h>\nstatic double *kept, first;\n{HEAD}if (kept && n > 100000 && x[0] == first) {copy}"
        f"{LOOP}if (n > 100000) {{ kept = realloc(kept, n * 8L); memcpy(kept, y, n * 8L); first = x[0]; }}\n}}\n"
    )
    found = kernel_judge.judge(TASKS["kernels/axpy/openmp/c"], code, SEED)
    assert found.checks["correct"] == "pass", found.checks
    assert "one thread did all the work" in found.checks["parallel"]


@pytest.mark.usefixtures("compiles")
def test_who_dies_while_it_is_watched_has_failed(monkeypatch):
    """Results of the calls that are made to see who works must be right, too, and all of them must come."""
    monkeypatch.setattr("hpcraft.data.parallel_use.check", lambda *_, **__: "pass")
    monkeypatch.setattr(kernel_races, "_MODELS", ())
    code = f"#include <stdlib.h>\nstatic int large;\n{HEAD}if (n > 100000 && ++large > 1) abort();\n{LOOP}}}\n"
    found = kernel_judge.judge(TASKS["kernels/axpy/openmp/c"], code, SEED)
    assert "signal" in found.checks["correct"], found.checks
    assert not found.passed


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@needs_mpi
@pytest.mark.parametrize("others", ["", "MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);"], ids=["go away", "wait"])
def test_ranks_are_watched(others, monkeypatch):
    """The rank that holds the answer does all of it; the others do nothing, or wait for what it sends them."""
    monkeypatch.setattr("hpcraft.data.parallel_use.check", lambda *_, **__: "pass")
    # What an idle rank uses on a busy machine must not look like a share of the work, so there is much of it.
    work = "volatile double s = 0; if (r == 0 && n > 0) for (long k = 0; k < 20L * n; k++) s += x[k % n];\n"
    code = f"#include <mpi.h>\n{HEAD}int r; MPI_Comm_rank(MPI_COMM_WORLD, &r); {work}if (r == 0)\n{LOOP}{others}}}\n"
    found = kernel_judge.judge(TASKS["kernels/axpy/mpi/c"], code, SEED)
    assert "one rank of 2 did all the work" in found.checks["parallel"], found.checks


@pytest.mark.usefixtures("compiles")
def test_a_thread_for_each_call_is_told(monkeypatch):
    """Threads that stay behind after every call could do the work of the next one ahead of time."""
    monkeypatch.setattr(kernel_judge, "_RUN_LIMITS", Limits(wall_seconds=20.0))
    code = (
        "#include <pthread.h>\n#include <unistd.h>\nstatic void *rest(void *p) { for (;;) pause(); return p; }\n"
        f"{HEAD}pthread_t t; pthread_create(&t, 0, rest, 0);\n{LOOP}}}\n"
    )
    found = kernel_judge.judge(TASKS["kernels/axpy/serial/c"], code, SEED)
    assert "leaves threads running" in found.checks["correct"], found.checks
