"""Answers that look parallel without being so, in every model: each is refused for its own reason, by its code alone."""

import pytest

from hpcraft.data.parallel_use import check

HEAD = 'extern "C" void axpy(int n, double a, const double *x, double *y) {\n'
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
RANK = "int rank, ranks; MPI_Comm_rank(MPI_COMM_WORLD, &rank); MPI_Comm_size(MPI_COMM_WORLD, &ranks);\n"
GATHER = (
    "int counts[8], first[8]; for (int r = 0; r < ranks; r++) { first[r] = n * r / ranks; counts[r] = n * (r + 1) / ranks - first[r]; }\n"
    "MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);\n"
)
HONEST = f"(int n, double a, const double *x, double *y) {{\n#pragma omp parallel for\n{LOOP}}}\n"
ONE, NO_WORK, UNUSED, UNSHARED = "one thread", "holds no work", "is never used", "shares no work"

OPENMP = {
    "in-a-comment": (f"/* #pragma omp parallel for */ {LOOP}", "no OpenMP construct"),
    "in-a-string": (f'const char *s = "#pragma omp parallel for"; (void)s;\n{LOOP}', "no OpenMP construct"),
    "in-a-raw-string": (f'const char *s = R"(\n#pragma omp parallel for\n)"; (void)s;\n{LOOP}', "no OpenMP construct"),
    "barrier-alone": (f"#pragma omp barrier\n{LOOP}", "no OpenMP construct"),
    "simd-alone": (f"#pragma omp simd\n{LOOP}", "no OpenMP construct"),
    "empty-region": (f"#pragma omp parallel\n{{ }}\n{LOOP}", UNSHARED),
    "every-thread-all": (f"#pragma omp parallel\n{{ {LOOP} }}", UNSHARED),
    "single": (f"#pragma omp parallel\n#pragma omp single\n{LOOP}", UNSHARED),
    "thread-0-by-a-branch": (f"#pragma omp parallel\n{{ if (omp_get_thread_num() == 0) {LOOP} }}", UNSHARED),
    "thread-0-by-a-variable": (f"#pragma omp parallel\n{{ int t = omp_get_thread_num(); if (t == 0) {LOOP} }}", UNSHARED),
    "not-a-thread": (f"#pragma omp parallel\n{{ int t = omp_get_thread_num(); if (!t) {LOOP} }}", UNSHARED),
    "all-in-critical": ("#pragma omp parallel for\nfor (int i = 0; i < n; i++)\n#pragma omp critical\ny[i] += a * x[i];", NO_WORK),
    "all-ordered": (
        "#pragma omp parallel for ordered\nfor (int i = 0; i < n; i++) {\n#pragma omp ordered\n{ y[i] += a * x[i]; } }",
        NO_WORK,
    ),
    "num-threads-1": (f"#pragma omp parallel for num_threads(1)\n{LOOP}", ONE),
    "num-threads-of-a-variable": (f"int one = 1;\n#pragma omp parallel for num_threads(one)\n{LOOP}", ONE),
    "num-threads-computed": (f"const int t = 2 - 1;\n#pragma omp parallel for num_threads(t)\n{LOOP}", ONE),
    "sets-one-thread": (f"omp_set_num_threads(1);\n#pragma omp parallel for\n{LOOP}", "sets one thread"),
    "no-active-levels": (f"omp_set_max_active_levels(0);\n#pragma omp parallel for\n{LOOP}", "switches parallel regions off"),
    "if-0": (f"#pragma omp parallel for if (0)\n{LOOP}", ONE),
    "if-never": (f"#pragma omp parallel for if (n < 0)\n{LOOP}", ONE),
    "if-unequal-to-itself": (f"#pragma omp parallel for if (n != n)\n{LOOP}", ONE),
    "if-beyond-every-size": (f"#pragma omp parallel for if (parallel : n > 2000000000)\n{LOOP}", ONE),
    "one-iteration": (f"#pragma omp parallel for\nfor (int once = 0; once < 1; once++) {LOOP}", "one iteration"),
    "one-block": (f"int blocks = 1;\n#pragma omp parallel for\nfor (int b = 0; b < blocks; b++) {LOOP}", "one iteration"),
    "no-iteration": (f"#pragma omp parallel for\nfor (int i = n; i < n; i++) y[i] = 1;\n{LOOP}", "one iteration"),
    "one-chunk": (f"#pragma omp parallel for schedule(static, n)\n{LOOP}", "all iterations to one thread"),
    "huge-chunk": (f"#pragma omp parallel for schedule(static, 1 << 30)\n{LOOP}", "all iterations to one thread"),
    "one-task": (f"#pragma omp parallel\n#pragma omp single\n#pragma omp task\n{LOOP}", "single task"),
    "one-section": (f"#pragma omp parallel sections\n{{\n#pragma omp section\n{LOOP}}}", "one section"),
    "counts-only": (f"#pragma omp parallel for\nfor (int i = 0; i < n; i++) {{ }}\n{LOOP}", NO_WORK),
    "times-one": (f"#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] = y[i] * 1.0;\n{LOOP}", NO_WORK),
    "plus-nothing": (f"#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] = y[i] + 0 * x[i];\n{LOOP}", NO_WORK),
    "minus-nothing": (f"#pragma omp parallel for\nfor (int i = 0; i < n; i++) y[i] -= 0.0;\n{LOOP}", NO_WORK),
    "sum-that-nobody-wants": (
        f"double s = 0;\n#pragma omp parallel for reduction(+ : s)\nfor (int i = 0; i < n; i++) s += x[i];\n(void)s;\n{LOOP}",
        UNUSED,
    ),
    "scratch": (f"double z[99];\n#pragma omp parallel for\nfor (int i = 0; i < n; i++) z[i % 99] = a * x[i];\n{LOOP}", UNUSED),
    "more-threads-than-given": (f"omp_set_num_threads(64);\n#pragma omp parallel for\n{LOOP}", "asks for 64 threads"),
}
HELPERS = {
    "never-called": (f"void honest{HONEST}{HEAD}{LOOP}}}\n", "no OpenMP construct"),
    "called-for-no-size": (f"void honest{HONEST}{HEAD}if (n > 1 << 30) honest(n, a, x, y); else {LOOP}}}\n", "no OpenMP construct"),
    "called-after-return": (f"void honest{HONEST}{HEAD}if (0) {{ honest(n, a, x, y); }}\n{LOOP}}}\n", "no OpenMP construct"),
    "enumerated-thread": (f"enum {{ T = 3 - 2 }};\n{HEAD}#pragma omp parallel for num_threads(T)\n{LOOP}}}\n", ONE),
    "defined-thread": (f"#define T 1\n{HEAD}#pragma omp parallel for num_threads(T)\n{LOOP}}}\n", ONE),
    "critical-in-a-helper": (
        f"static void one(int i, double a, const double *x, double *y) {{\n#pragma omp critical\ny[i] += a * x[i];\n}}\n{HEAD}#pragma omp parallel for\nfor (int i = 0; i < n; i++) one(i, a, x, y);\n}}\n",
        NO_WORK,
    ),
}
MPI = {
    "no-message": (f"{RANK}MPI_Barrier(MPI_COMM_WORLD); if (rank == 0) {LOOP}", "no MPI call that moves data"),
    "broadcast-of-what-all-have": (f"{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);", "no rank asks which one it is"),
    "every-rank-all": (f"{RANK}{LOOP}{GATHER}", "no work depends on the rank"),
    "rank-0-alone": (f"{RANK}if (rank == 0) {LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);", "no work depends on the rank"),
    "rank-0-otherwise": (
        f"{RANK}if (!rank) {{ {LOOP} }} else {{ }}\nMPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);",
        "no work depends on the rank",
    ),
    "message-for-nothing": (
        f"{RANK}double s = 0, t; for (int i = rank; i < n; i += ranks) s += x[i];\nMPI_Allreduce(&s, &t, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);\n{LOOP}",
        UNUSED,
    ),
    "message-never-sent": (f"{RANK}{LOOP}if (n < 0) MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);", "no MPI call that moves data"),
}
DATA = "#pragma omp target data map(tofrom : y[0:n]) map(to : x[0:n])\n"
OFFLOAD = {
    "threads-of-the-host": (f"#pragma omp parallel for\n{LOOP}", "no target construct"),
    "data-alone": (f"{DATA}{{ }}\n{LOOP}", "no target construct"),
    "serial-on-the-device": (f"#pragma omp target map(tofrom : y[0:n])\n{LOOP}", "shares no work"),
    "stays-on-the-host": (f"#pragma omp target teams distribute parallel for if (target : 0)\n{LOOP}", "stay on the host"),
    "one-thread": (f"#pragma omp target teams distribute parallel for num_teams(1) thread_limit(1)\n{LOOP}", ONE),
    "empty": (f"#pragma omp target teams distribute parallel for\nfor (int i = 0; i < n; i++) {{ }}\n{LOOP}", NO_WORK),
}
OPENACC = {
    "comment": (f"// #pragma acc parallel loop\n{LOOP}", "no OpenACC construct"),
    "data-alone": (f"#pragma acc data copy(y[0:n])\n{LOOP}", "no OpenACC construct"),
    "serial": (f"#pragma acc serial loop copy(y[0:n])\n{LOOP}", "serial construct"),
    "sequential-loop": (f"#pragma acc parallel loop seq copy(y[0:n])\n{LOOP}", "no loop of it is parallel"),
    "one-lane": (f"#pragma acc parallel loop num_gangs(1) vector_length(1) copy(y[0:n])\n{LOOP}", "one lane"),
    "region-without-a-loop": (f"#pragma acc parallel copy(y[0:n])\n{{ {LOOP} }}", "no loop of it is parallel"),
}
KERNEL = "__global__ void k(int n, double a, const double *x, double *y) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] += a * x[i]; }\n"
CUDA = {
    "in-a-comment": (f"// {KERNEL}{HEAD}/* k<<<1, 1>>>(); */ {LOOP}}}\n", "no __global__ kernel"),
    "not-launched": (f"{KERNEL}{HEAD}{LOOP}}}\n", "no kernel of it is launched"),
    "another-launched": (f"{KERNEL}{HEAD}g<<<1, 1>>>(0);\n{LOOP}}}\n", "no kernel of it is launched"),
    "one-thread": (
        f"__global__ void k(int n, double a, const double *x, double *y) {{ {LOOP} }}\n{HEAD}k<<<1, 1>>>(n, a, x, y);\n}}\n",
        ONE,
    ),
    "one-thread-by-dim3": (f"{KERNEL}{HEAD}k<<<dim3(1, 1), dim3(1)>>>(n, a, x, y);\n}}\n", ONE),
    "all-do-the-same": (
        f"__global__ void k(int n, double a, const double *x, double *y) {{ {LOOP} }}\n{HEAD}k<<<8, 128>>>(n, a, x, y);\n}}\n",
        "all do the same",
    ),
    "thread-0": (
        f"__global__ void k(int n, double a, const double *x, double *y) {{ if (threadIdx.x == 0) {LOOP} }}\n{HEAD}k<<<8, 128>>>(n, a, x, y);\n}}\n",
        "all do the same",
    ),
    "empty": (f"__global__ void k() {{ }}\n{HEAD}k<<<8, 128>>>();\n{LOOP}}}\n", NO_WORK),
    "result-that-nobody-wants": (
        f"__global__ void k(int n, double *z) {{ if (threadIdx.x < n) z[threadIdx.x] = 1; }}\n{HEAD}double *z; cudaMalloc(&z, 8 * n); k<<<8, 128>>>(n, z);\n{LOOP}}}\n",
        UNUSED,
    ),
}
LAMBDA = "KOKKOS_LAMBDA(const int i) { y[i] += a * x[i]; }"
KOKKOS = {
    "a-view-alone": (f"Kokkos::View<double *> v(y, n);\n{LOOP}Kokkos::fence();", "no parallel_for"),
    "one-iteration": (f"Kokkos::parallel_for(1, KOKKOS_LAMBDA(const int) {{ {LOOP} }});", "one iteration"),
    "one-iteration-by-a-range": (
        f"Kokkos::parallel_for(Kokkos::RangePolicy<>(0, 1), KOKKOS_LAMBDA(const int) {{ {LOOP} }});",
        "one iteration",
    ),
    "serial-space": (f"Kokkos::parallel_for(Kokkos::RangePolicy<Kokkos::Serial>(0, n), {LAMBDA});", "serial space"),
    "empty": (f"Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) {{ }});\n{LOOP}", NO_WORK),
}
FORTRAN_HEAD = "subroutine axpy(n, a, x, y) bind(c)\ninteger, value :: n\nreal(8), value :: a\nreal(8), intent(in) :: x(n)\nreal(8), intent(inout) :: y(n)\ninteger :: i\n"
DO = "do i = 1, n\n y(i) = y(i) + a * x(i)\nend do\n"
FORTRAN = {
    "blank-in-the-sentinel": (f"! $omp parallel do\n{DO}", "no OpenMP construct"),
    "in-a-string": (f"print *, '!$omp parallel do'\n{DO}", "no OpenMP construct"),
    "barrier": (f"!$omp barrier\n{DO}", "no OpenMP construct"),
    "empty-region": (f"!$omp parallel\n!$omp end parallel\n{DO}", UNSHARED),
    "empty-loop": (f"!$omp parallel do\ndo i = 1, n\nend do\n!$omp end parallel do\n{DO}", NO_WORK),
    "single": (f"!$omp parallel\n!$omp single\n{DO}!$omp end single\n!$omp end parallel", UNSHARED),
    "num-threads-1": (f"!$omp parallel do num_threads(1)\n{DO}", ONE),
    "if-false": (f"!$omp parallel do if (.false.)\n{DO}", ONE),
    "if-never": (f"!$omp parallel do if (n .lt. 0)\n{DO}", ONE),
    "sets-one-thread": (f"call omp_set_num_threads(1)\n!$omp parallel do\n{DO}", "sets one thread"),
    "one-iteration": (f"!$omp parallel do private(i)\ndo j = 1, 1\n{DO}end do", "one iteration"),
    "changes-nothing": (f"!$omp parallel do\ndo i = 1, n\n y(i) = y(i) + 0.0d0\nend do\n{DO}", NO_WORK),
    "all-critical": ("!$omp parallel do\ndo i = 1, n\n!$omp critical\n y(i) = y(i) + a * x(i)\n!$omp end critical\nend do", NO_WORK),
}
FORTRAN_RANK = (
    "integer :: rank, ranks, ierr\ncall MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)\ncall MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)\n"
)
FORTRAN_MPI = {
    "every-rank-all": (
        f"{FORTRAN_RANK}{DO}call MPI_Bcast(y, n, MPI_DOUBLE_PRECISION, 0, MPI_COMM_WORLD, ierr)",
        "no work depends on the rank",
    ),
    "rank-0-alone": (
        f"{FORTRAN_RANK}if (rank == 0) then\n{DO}end if\ncall MPI_Bcast(y, n, MPI_DOUBLE_PRECISION, 0, MPI_COMM_WORLD, ierr)",
        "no work depends on the rank",
    ),
    "in-a-comment": (f"! call MPI_Bcast(y, n)\n{DO}", "no MPI call that moves data"),
}
ALL = [
    *((name, "openmp", "cpp", f"{HEAD}{body}\n}}\n", why) for name, (body, why) in OPENMP.items()),
    *((name, "openmp", "cpp", code, why) for name, (code, why) in HELPERS.items()),
    *((name, "mpi", "cpp", f"{HEAD}{body}\n}}\n", why) for name, (body, why) in MPI.items()),
    *((name, "offload", "cpp", f"{HEAD}{body}\n}}\n", why) for name, (body, why) in OFFLOAD.items()),
    *((name, "openacc", "c", f"{HEAD[11:]}{body}\n}}\n", why) for name, (body, why) in OPENACC.items()),
    *((name, "cuda", "cpp", code, why) for name, (code, why) in CUDA.items()),
    *((name, "kokkos", "cpp", f"{HEAD}{body}\n}}\n", why) for name, (body, why) in KOKKOS.items()),
    *((name, "openmp", "fortran", f"{FORTRAN_HEAD}{body}\nend subroutine\n", why) for name, (body, why) in FORTRAN.items()),
    *((name, "mpi", "fortran", f"{FORTRAN_HEAD}{body}\nend subroutine\n", why) for name, (body, why) in FORTRAN_MPI.items()),
]


@pytest.mark.parametrize(
    ("model", "language", "code", "why"), [pytest.param(*rest, id=f"{rest[0]}-{rest[1]}-{name}") for name, *rest in ALL]
)
def test_what_is_not_parallel_is_refused_for_its_own_reason(model, language, code, why):
    """In words, constructs of one thread, work that changes nothing or that nobody wants, ranks that all do all."""
    found = check(model, language, code, None, entry="axpy")
    assert found.startswith("fail: ")
    assert why in found


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (f"{LOOP}MPI_Bcast(y, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);", "MPI: "),
        (f"{RANK}for (int i = rank; i < n; i += ranks) y[i] += a * x[i];\n{GATHER}", "OpenMP: "),
    ],
)
def test_both_halves_of_a_hybrid_are_needed(part, why):
    """Ranks that share the work without threads, and threads within ranks that all do all, are half of what was asked."""
    body = part.replace("for (int i = 0", "#pragma omp parallel for\nfor (int i = 0") if why == "MPI: " else part
    assert check("mpi+openmp", "c", f"{HEAD[11:]}{body}\n}}\n", None, entry="axpy").startswith(f"fail: {why}")
