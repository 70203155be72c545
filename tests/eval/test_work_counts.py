"""How much of the work each thread and rank does: what is shared passes however it is shared, what is repeated by all doesn't."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval import kernel_judge, kernel_work, work_counts
from hpcraft.eval.suites import kernel_tasks

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
RANKS = "int rank, ranks;\nMPI_Comm_rank(MPI_COMM_WORLD, &rank);\nMPI_Comm_size(MPI_COMM_WORLD, &ranks);\n"
SUM = "MPI_Reduce(rank ? y : MPI_IN_PLACE, y, n, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);\n"
OWN = "const int lo = (long)n * rank / ranks, hi = (long)n * (rank + 1) / ranks;\n"
SEED = 4

needs_mpi = pytest.mark.skipif(not all(map(shutil.which, ("mpicc", "mpirun"))), reason="Open MPI is not installed")


@given(st.integers(1, 10**9), st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(1, 1.79))
def test_what_is_shared_is_never_called_repeated(whole, weights, overhead):
    """However unevenly: as long as all together do less than 1.8 times the work, no two can have nine tenths of it each."""
    shares = [int(whole * overhead * w / (sum(weights) or 1.0)) for w in weights]
    assert work_counts.repeated(whole, shares, "threads") == ""


@given(st.integers(20, 10**9), st.integers(2, 9))
def test_what_everybody_does_is_repeated(whole, number):
    """Whatever there is beside it."""
    assert "ranks repeat the work" in work_counts.repeated(whole, [whole] * number, "ranks")
    assert work_counts.repeated(whole, [whole, *[whole // 3] * number], "ranks") == ""


@pytest.mark.parametrize(
    ("shares", "suspect"), [([100], True), ([100, 2], True), ([100, 20], False), ([1] * 8, False), ([0, 0], False), ([], False)]
)
def test_a_lone_worker_is_told(shares, suspect):
    """A twentieth done by others is enough; where nothing was done, nothing is known."""
    assert bool(work_counts.lone(shares)) == suspect


SHARED = "#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] += a * x[i];\n"
CYCLIC = "#pragma omp parallel\n{\nconst int me = omp_get_thread_num(), all = omp_get_num_threads();\nfor (int i = 0; i < n; i++) if (i % all == me) y[i] += a * x[i];\n}\n"
TARGET = "#pragma omp target {} map(to: x[0:n]) map(tofrom: y[0:n])\n" + LOOP
ACC = "#pragma acc {} copyin(x[0:n]) copy(y[0:n])\n" + LOOP
RANKS_CYCLIC = (
    f"{RANKS}for (int i = 0; i < n; i++) {{ if (i % ranks == rank) y[i] += a * x[i]; else if (rank) y[i] = 0; else y[i] = 0; }}\n{SUM}"
)


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("model", "body", "why"),
    [
        ("openmp", SHARED, ""),
        ("openmp", SHARED.replace("for\n", "for schedule(dynamic, 64)\n", 1), ""),
        ("openmp", SHARED.replace("for\n", "for if (n > 1000000)\n", 1), ""),
        ("openmp", CYCLIC, ""),
        ("offload", TARGET.format("teams distribute parallel for"), ""),
        ("offload", TARGET.format("parallel for"), ""),
        ("offload", TARGET.format(""), "one thread did all the work"),
        ("openacc", ACC.format("parallel loop"), ""),
        ("openacc", ACC.format("serial"), "one thread did all the work"),
        pytest.param(
            "mpi", f"{RANKS}{OWN}for (int i = 0; i < n; i++) y[i] = i >= lo && i < hi ? y[i] + a * x[i] : 0;\n{SUM}", "", marks=needs_mpi
        ),
        pytest.param("mpi", RANKS_CYCLIC, "", marks=needs_mpi),
        pytest.param("mpi", f"{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n", "ranks repeat the work", marks=needs_mpi),
        pytest.param("mpi+openmp", f"{SHARED}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n", "ranks repeat the work", marks=needs_mpi),
    ],
)
def test_work_is_shared_or_it_is_told(model, body, why):
    """By threads, teams and ranks."""
    task = TASKS[f"kernels/axpy/{model}/c"]
    code = f"#include <mpi.h>\n#include <omp.h>\n#include <stdlib.h>\n{HEAD}{body}}}\n"
    if "mpi" not in model:
        code = code.replace("#include <mpi.h>\n", "")
    found = kernel_work.suspicion(task, code, SEED, 0.001)
    assert (why in found) if why else not found, found


GEMV = """#include <stdlib.h>
void gemv(int m, int n, const double *A, const double *x, double *y) {
#pragma omp parallel
    {
        double *own = calloc(m + 1, sizeof *own);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) own[i] += A[(long)i * n + j] * x[j];
#pragma omp %s
        for (int i = 0; i < m; i++) y[i] = own[i];
        free(own);
    }
}
"""


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("construct", ["for", "single"])
@pytest.mark.parametrize("seconds", [0.001, 10.0], ids=["any-size", "small"])
def test_threads_that_share_only_what_is_left_are_told(construct, seconds):
    """Each of them has the whole product; calls that take long are counted at a small size, since counting makes them ten times as long."""
    assert "threads repeat the work" in kernel_work.suspicion(TASKS["kernels/gemv/openmp/c"], GEMV % construct, SEED, seconds)


MATMUL = """subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  real(c_double) :: part(m)
  integer :: rank, ranks, lo, hi, ierr
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  lo = n / ranks * rank + 1
  hi = merge(n, n / ranks * (rank + 1), rank == ranks - 1)
  part = matmul(x(lo:hi), A(lo:hi, :))
  call MPI_Reduce(part, y, m, MPI_DOUBLE_PRECISION, MPI_SUM, 0, MPI_COMM_WORLD, ierr)
end subroutine gemv
"""


@needs_mpi
@pytest.mark.skipif(not shutil.which("gfortran"), reason="gfortran is not installed")
@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("seconds", [0.001, 10.0], ids=["any-size", "small"])
def test_what_a_library_does_is_not_held_against_an_answer(seconds):
    """What is left to count, such as copies of a matrix's part, may be the same on every rank, or be there with several alone."""
    assert kernel_work.suspicion(TASKS["kernels/gemv/mpi/fortran"], MATMUL, SEED, seconds) == ""


@needs_mpi
@pytest.mark.usefixtures("compiles")
def test_ranks_that_all_do_everything_are_refused_by_the_judge():
    """They are right, they communicate, and all of them are busy."""
    code = f"#include <mpi.h>\n{HEAD}{RANKS}if (rank >= ranks) return;\n{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, ranks - 1, MPI_COMM_WORLD);\n}}\n"
    found = kernel_judge.judge(TASKS["kernels/axpy/mpi/c"], code, SEED)
    assert found.checks["correct"] == "pass", found.checks
    assert found.checks["parallel"].startswith("fail: ranks repeat the work"), found.checks
    assert [failure.check for failure in found.failures] == ["parallel"]
