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


@given(st.integers(1, 10**9), st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(1, 1.9))
def test_what_is_shared_is_never_called_repeated(whole, weights, overhead):
    """However unevenly: all together do less than the work of two."""
    shares = [int(whole * overhead * w / (sum(weights) or 1.0)) for w in weights]
    assert work_counts.repeated(whole, shares, len(weights), "threads") == ""


@given(st.integers(100, 10**9), st.integers(2, 9), st.integers(2, 9))
def test_what_everybody_does_is_repeated(whole, number, inner):
    """All there are, all who take part, or all in groups; who waits in a loop, or merges, does more than the whole."""
    assert "all ranks repeat the work" in work_counts.repeated(whole, [whole] * number, number, "ranks")
    assert work_counts.repeated(whole, [whole] * 2, number, "ranks")
    assert work_counts.repeated(whole * inner, [whole] * (number * inner), number, "threads")
    assert work_counts.repeated(whole, [whole] * (number - 1) + [whole // 2], number, "ranks") == ""
    assert work_counts.repeated(whole, [whole] * (number - 1) + [2 * whole], number, "threads") == ""
    assert work_counts.repeated(whole, [whole], number, "threads") == ""


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
        ("offload", TARGET.format("teams distribute"), ""),
        ("offload", TARGET.format("teams distribute parallel for if(parallel: n > 1000000)"), ""),
        ("offload", TARGET.format("parallel for num_threads(1)"), "one thread did all the work"),
        ("offload", TARGET.format(""), "one thread did all the work"),
        ("openacc", ACC.format("parallel loop"), ""),
        ("openacc", ACC.format("kernels"), ""),
        (
            "openacc",
            ACC.format("parallel loop").replace("for", "for (int once = 0; once < n / n; once++)\nfor"),
            "one thread did all the work",
        ),
        pytest.param(
            "mpi", f"{RANKS}{OWN}for (int i = 0; i < n; i++) y[i] = i >= lo && i < hi ? y[i] + a * x[i] : 0;\n{SUM}", "", marks=needs_mpi
        ),
        pytest.param("mpi", RANKS_CYCLIC, "", marks=needs_mpi),
        pytest.param("mpi", f"{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n", "all ranks repeat the work", marks=needs_mpi),
        pytest.param(
            "mpi+openmp", f"{SHARED}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);\n", "all ranks repeat the work", marks=needs_mpi
        ),
    ],
)
def test_work_is_shared_or_it_is_told(model, body, why):
    """By threads, teams and ranks."""
    task = TASKS[f"kernels/axpy/{model}/c"]
    code = f"#include <mpi.h>\n#include <omp.h>\n#include <stdlib.h>\n{HEAD}{body}}}\n"
    if "mpi" not in model:
        code = code.replace("#include <mpi.h>\n", "")
    found = kernel_work.ask(task, code, SEED, 0.001)
    told = f"{found.failure.check}: {found.failure.why}" if found.failure else ""
    assert told.startswith(f"parallel: {why}") if why else not told, found


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
    found = kernel_work.ask(TASKS["kernels/gemv/openmp/c"], GEMV % construct, SEED, seconds).failure
    assert found is not None
    assert (found.check, found.threads) == ("parallel", 7)
    assert "all threads repeat the work" in found.why


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("gives_up", "why"), [("return", "elements wrong"), ("abort()", "ended by signal 6"), ("exit(0)", "without the result")]
)
def test_who_gives_up_where_it_is_counted_is_wrong(gives_up, why):
    """With as many threads, at a size between those that are known."""
    code = GEMV.replace("{\n#pragma", f"{{\n    if (omp_get_max_threads() > 5 && m > 128) {gives_up};\n#pragma", 1) % "for"
    found = kernel_work.ask(TASKS["kernels/gemv/openmp/c"], f"#include <omp.h>\n{code}", SEED, 0.001).failure
    assert found is not None
    assert (found.check, found.threads) == ("correct", 7)
    assert why in found.why


NESTED = """#include <omp.h>
void gemv(int m, int n, const double *A, const double *x, double *y) {
    omp_set_max_active_levels(2);
#pragma omp parallel
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) sum += A[(long)i * n + j] * x[j];
#pragma omp atomic write
        y[i] = sum;
    }
}
"""


@pytest.mark.usefixtures("compiles")
def test_threads_inside_of_threads_are_counted():
    """Each of the outer ones has the whole product made by its own."""
    found = kernel_work.ask(TASKS["kernels/gemv/openmp/c"], NESTED, SEED, 0.001).failure
    assert found is not None
    assert "all threads repeat the work: 7.0" in found.why


WAVE = """#include <stdlib.h>
int lcs_length(int m, int n, const char *a, const char *b) {
    int *best = calloc((size_t)(m + 1) * (n + 1), sizeof *best), *done = calloc(m + 1, sizeof *done);
    done[0] = n;
#pragma omp parallel for schedule(static, 1)
    for (int i = 1; i <= m; i++)
        for (int j = 1; j <= n; j++) {
            int ready = 0;
            while (ready < j) {
#pragma omp atomic read acquire
                ready = done[i - 1];
            }
            const size_t at = (size_t)i * (n + 1) + j, up = at - n - 1;
            best[at] = a[i - 1] == b[j - 1] ? best[up - 1] + 1 : best[up] > best[at - 1] ? best[up] : best[at - 1];
#pragma omp atomic write release
            done[i] = j;
        }
    const int found = best[(size_t)m * (n + 1) + n];
    free(best);
    free(done);
    return found;
}
"""


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_who_waits_in_a_loop_does_not_repeat():
    """Rows that follow each other, each a little behind the one above."""
    assert kernel_work.ask(TASKS["kernels/lcs_length/openmp/c"], WAVE, SEED, 10.0).failure is None


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
    assert kernel_work.ask(TASKS["kernels/gemv/mpi/fortran"], MATMUL, SEED, seconds).failure is None


@pytest.mark.ci
@needs_mpi
@pytest.mark.usefixtures("compiles")
def test_ranks_that_all_do_everything_are_refused_by_the_judge():
    """They are right, they communicate, and all of them are busy."""
    code = f"#include <mpi.h>\n{HEAD}{RANKS}if (rank >= ranks) return;\n{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, ranks - 1, MPI_COMM_WORLD);\n}}\n"
    found = kernel_judge.judge(TASKS["kernels/axpy/mpi/c"], code, SEED)
    assert found.checks["correct"] == "pass", found.checks
    assert found.checks["parallel"] == "fail: with 5 ranks: all ranks repeat the work: 5.00 times what one alone does", found.checks
    assert [failure.check for failure in found.failures] == ["parallel"]
