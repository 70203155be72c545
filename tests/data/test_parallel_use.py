"""Whether code is in the model that was asked: each way to look parallel without being so is refused for its own reason."""

import pytest

from hpcraft.data.parallel_use import check
from hpcraft.eval.suites import kernel_tasks

LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];"
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"


@pytest.mark.parametrize("task", kernel_tasks(), ids=lambda t: t.task_id)
def test_references_are_recognised(task):
    """The syntax of every reference shows its model."""
    assert check(task.model, task.language, task.reference, None) == "pass"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"/* #pragma omp parallel for */ {LOOP}", "no OpenMP construct"),
        (f"// #pragma omp parallel for\n{LOOP}", "no OpenMP construct"),
        (f'const char *s = "#pragma omp parallel for";\n{LOOP}', "no OpenMP construct"),
        (f"#pragma omp barrier\n{LOOP}", "no OpenMP construct"),
        (f"#pragma omp simd\n{LOOP}", "no OpenMP construct"),
        (f"#pragma omp parallel\n{{ {LOOP} }}", "shares no work"),
        (f"#pragma omp parallel\n{{ }}\n{LOOP}", "shares no work"),
        (f"#pragma omp parallel for\nfor (int i = 0; i < n; i++) {{ }}\n{LOOP}", "holds no work"),
        (f"#pragma omp parallel\n{{\n#pragma omp single\n{{ {LOOP} }}\n}}", "shares no work"),
        (f"#pragma omp parallel\n#pragma omp single\n{LOOP}", "shares no work"),
        (f"#pragma omp parallel master\n{LOOP}", "shares no work"),
        (f"#pragma omp parallel masked\n{LOOP}", "shares no work"),
        (f"#pragma omp parallel for num_threads(1)\n{LOOP}", "one thread"),
        (f"#pragma omp parallel for if (0)\n{LOOP}", "one thread"),
        (f"#pragma omp parallel if(parallel: 0)\n#pragma omp for\n{LOOP}", "one thread"),
    ],
)
def test_lookalikes_of_openmp_are_refused(body, why):
    """Comments, strings, barriers, empty constructs and those of one thread share no work."""
    assert why in check("openmp", "c", HEAD + body + "\n}\n", {"GOMP_parallel"})


@pytest.mark.parametrize(
    "body",
    [
        f"#pragma omp parallel for schedule(static)\n{LOOP}",
        f"#pragma omp parallel\n{{\n#pragma omp for\n{LOOP}\n}}",
        f"#pragma omp \\\n  parallel for\n{LOOP}",
        f"#pragma omp parallel\n#pragma omp for\n{LOOP}",
        f"#pragma omp parallel for num_threads(16)\n{LOOP}",
        "#pragma omp parallel\n#pragma omp single\nfor (int i = 0; i < n; i++)\n{\n#pragma omp task\n{ y[i] += a * x[i]; }\n}",
        f"#pragma omp parallel master\n{{\n#pragma omp taskloop\n{LOOP}\n}}",
        f"#pragma omp target teams distribute parallel for\n{LOOP}",
        "double s = 0;\n#pragma omp parallel for reduction(+:s)\nfor (int i = 0; i < n; i++) s += x[i];\ny[0] = s;",
        "#pragma omp parallel\n{ int t = omp_get_thread_num(); for (int i = t; i < n; i += omp_get_num_threads()) y[i] += a * x[i]; }",
    ],
)
def test_forms_of_openmp_are_known(body):
    """Combined and separate constructs, continued lines, reductions and work shared by hand."""
    assert check("openmp", "c", HEAD + body + "\n}\n", {"GOMP_parallel"}) == "pass"


def test_tasks_in_a_called_function_count():
    """One thread that calls a recursive function whose tasks share the work is parallel."""
    code = (
        "void part(int n, double *y) {\n#pragma omp task\n{ part(n / 2, y); y[0] = 1; }\n}\n"
        "void f(int n, double *y) {\n#pragma omp parallel\n#pragma omp single\npart(n, y);\n}\n"
    )
    assert check("openmp", "c", code, {"GOMP_parallel"}) == "pass"


def test_symbols_must_agree():
    """A construct that the preprocessor removes leaves no call behind."""
    code = f"{HEAD}#if 0\n#pragma omp parallel for\n{LOOP}\n#endif\n{LOOP}\n}}\n"
    assert "never calls" in check("openmp", "c", code, {"memcpy"})


def test_serial_code_calls_no_runtime():
    """Where serial code is asked, the runtimes of the other models are not."""
    assert "uses openmp" in check("serial", "c", HEAD + LOOP + "}", {"GOMP_parallel"})
    assert check("serial", "c", HEAD + LOOP + "}", {"memcpy"}) == "pass"


def test_a_barrier_moves_no_data():
    """MPI without communication is serial work."""
    code = f"{HEAD}MPI_Barrier(MPI_COMM_WORLD);\n{LOOP}\n}}"
    assert "moves data" in check("mpi", "c", code, {"MPI_Barrier"})
    shared = (
        "int r, p; MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &p); for (int i = r; i < n; i += p) y[i] += a * x[i];"
    )
    moved = f"{HEAD}{shared}\nfor (int i = 0; i < n; i++) MPI_Bcast(y + i, 1, MPI_DOUBLE, i % p, MPI_COMM_WORLD);\n}}"
    assert check("mpi", "c", moved, {"MPI_Bcast"}) == "pass"
    assert "never calls" in check("mpi", "c", moved, {"memcpy"})


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("! $omp parallel do\ndo i = 1, n\n y(i) = x(i)\nend do", "no OpenMP construct"),
        ("!$omp barrier\ndo i = 1, n\n y(i) = x(i)\nend do", "no OpenMP construct"),
        ("!$omp parallel\n!$omp end parallel\ndo i = 1, n\n y(i) = x(i)\nend do", "shares no work"),
        ("!$omp parallel do\ndo i = 1, n\nend do\n!$omp end parallel do\ny = x", "holds no work"),
        ("!$omp parallel\n!$omp single\ndo i = 1, n\n y(i) = x(i)\nend do\n!$omp end single\n!$omp end parallel", "shares no work"),
        ("!$omp parallel do num_threads(1)\ndo i = 1, n\n y(i) = x(i)\nend do", "one thread"),
        ("!$omp parallel do if (.false.)\ndo i = 1, n\n y(i) = x(i)\nend do", "one thread"),
    ],
)
def test_lookalikes_in_fortran_are_refused(lines, why):
    """The same in Fortran, where a directive is a comment of a certain form."""
    assert why in check("openmp", "fortran", f"subroutine f(n, x, y) bind(c)\n{lines}\nend subroutine\n", {"GOMP_parallel"})


def test_symbols_of_fortran_mpi_are_known():
    """Lower case with an underscore, and the names of mpi_f08."""
    code = (
        "subroutine total(n, x, s) bind(c)\ninteger, value :: n\nreal(8), intent(in) :: x(n)\nreal(8) :: s, part\ninteger :: i, r, p, e\n"
        "call MPI_Comm_rank(MPI_COMM_WORLD, r, e)\ncall MPI_Comm_size(MPI_COMM_WORLD, p, e)\n"
        "do i = r + 1, n, p\n part = part + x(i)\nend do\n"
        "call MPI_Allreduce(part, s, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, e)\nend subroutine\n"
    )
    for symbol in ("mpi_allreduce_", "mpi_allreduce_f08_", "MPI_Allreduce_f08"):
        assert check("mpi", "fortran", code, {symbol}) == "pass"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("// __global__ void k() {}\nvoid f() { /* k<<<1, 1>>>(); */ }", "no __global__ kernel"),
        ("__global__ void k(double *y) { y[0] = 1; }\nvoid f() { }", "no kernel of it is launched"),
        ("__global__ void k(double *y) { y[0] = 1; }\nvoid f() { g<<<1, 1>>>(0); }", "no kernel of it is launched"),
    ],
)
def test_lookalikes_of_cuda_are_refused(code, why):
    """A kernel has to be there and to be launched."""
    assert why in check("cuda", "cpp", code, {"cudaLaunchKernel"})
