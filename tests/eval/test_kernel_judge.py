"""The judge of kernels: right code passes, and each way to cheat is refused for its own reason."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from hpcraft.eval import kernel_judge, kernel_trial
from hpcraft.eval.judging import to_sample
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Expected
from hpcraft.samples import Completion
from hpcraft.sandbox.abi import DTYPES
from hpcraft.sandbox.outcome import Limits, Verdict

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void axpy(int n, double a, const double *x, double *y) {\n"
LOOP = "for (int i = 0; i < n; i++) y[i] += a * x[i];\n"
SEED = 1234

needs_clang = pytest.mark.skipif(not any(map(shutil.which, ("clang-19", "clang"))), reason="clang is not installed")
needs_mpi = pytest.mark.skipif(not all(map(shutil.which, ("mpicc", "mpirun"))), reason="Open MPI is not installed")
needs_fortran = pytest.mark.skipif(shutil.which("gfortran") is None, reason="gfortran is not installed")


def judged(task_id, code):
    """The judgement of one answer."""
    return kernel_judge.judge(TASKS[task_id], code, SEED)


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("for (int i = 0; i < n; i++) y[i] = 0.0 / 0.0;", "is nan instead of"),
        ('__builtin_printf("PASS\\n"); _Exit(0);', "ended without the result"),
        ("if (n > 1024) return;\n" + LOOP, "n=1009|n=4096|n=100003|n=\\d+"),
        ("if (n != 1009) {" + LOOP + "}", "n=1009"),
        (LOOP + "y[n] = 1.0;", "outside an array"),
        (LOOP + "if (n) ((double *)x)[0] = 0.0;", "const"),
        ("for (;;) ;", "did not end in time"),
        ("*(volatile int *)0 = 1;", "signal|exit code|without the result"),
        ("for (int i = 0; i < n; i++) y[i] += (float)(a * x[i]);", "wrong"),
        ("static int calls; if (calls++ > 3) return;" + LOOP, "call 5 of"),
        ("double *s = malloc((n + 1) * sizeof *s); for (int i = 0; i < n; i++) s[i] += a * x[i], y[i] += s[i]; free(s);", "wrong"),
    ],
    ids=[
        "nan",
        "exit-zero",
        "right-for-small",
        "wrong-for-one-prime",
        "past-the-end",
        "changes-input",
        "endless",
        "crash",
        "float",
        "first-calls-only",
        "adds-to-unwritten-memory",
    ],
)
def test_wrong_code_is_refused(body, why, monkeypatch):
    """Outputs alone count: they must be there, right, complete, and nothing else may be touched."""
    monkeypatch.setattr(kernel_judge, "_RUN_LIMITS", Limits(wall_seconds=3.0))
    found = judged("kernels/axpy/serial/c", f"#include <stdlib.h>\n{HEAD}{body}\n}}\n")
    assert found.checks["build"] == "pass"
    assert not found.passed
    assert re.search(why, found.checks["correct"]), found.checks
    (failure,) = found.failures
    assert failure.words == found.checks["correct"].removeprefix("fail: ")


@pytest.mark.usefixtures("compiles")
def test_a_failure_is_told_in_its_parts():
    """Size, call, threads, element, both values and the bound: what a report shows needs no reading of words."""
    code = f"{HEAD}#pragma omp parallel for\n{LOOP}if (n == 1009) y[7] = 2.5;\n}}\n"
    found = judged("kernels/axpy/openmp/c", code)
    (failure,) = found.failures
    assert failure.check == "correct"
    assert failure.size.startswith("n=1009, a=")
    assert 1 < failure.call < failure.num_calls
    assert (failure.threads, failure.ranks, failure.schedule) == (2, 0, 0)
    assert (failure.output, failure.index, failure.got) == ("y", 7, "2.5")
    assert (failure.num_wrong, failure.num_elements) == (1, 1009)
    assert abs(float(failure.expected) - 2.5) > (failure.tolerance or 0) > 0


@pytest.mark.usefixtures("compiles")
def test_each_failed_check_leaves_a_failure():
    """Also those that are only known by their words, and in the order in which they were found."""
    task = TASKS["kernels/axpy/openmp/c"]
    found = judged(task.task_id, f'#include <stdlib.h>\n{HEAD}if (n == 3) system("true");\n}}\n')
    row = to_sample(task, Completion(task_id=task.task_id, sample_id=0, completion="", model="m", prompt_sha256=""), found, 1.0)
    assert [f.check for f in row.failures] == ["honest", "parallel", "correct"]
    assert all(row.checks[f.check] == f"fail: {f.words}" for f in row.failures)


@pytest.mark.usefixtures("compiles")
def test_preprocessor_games_stay_in_the_candidate():
    """A macro that would make any comparison true changes nothing outside the candidate's own file."""
    games = "#define fequal(a, b, c) 1\n#define main hidden\n#define memcmp(a, b, c) 0\n#define double float\n"
    found = judged("kernels/axpy/serial/c", f"{games}{HEAD}{LOOP}}}\n")
    assert found.checks["correct"].startswith("fail")


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("int main(void) { return 0; }\n" + HEAD + LOOP + "}", "main"),
        (HEAD + LOOP, "expected"),
        ("this is prose", "unknown type name"),
        (HEAD.replace("axpy", "saxpy") + LOOP + "}", "axpy"),
    ],
    ids=["own-main", "unfinished", "prose", "other-name"],
)
def test_what_does_not_build_says_why(code, why):
    """The compiler's or linker's first complaint is the reason."""
    found = judged("kernels/axpy/serial/c", code)
    assert found.verdict is Verdict.COMPILE_ERROR
    assert re.search(why, found.checks["build"]), found.checks
    assert found.log


def test_no_code_is_a_compile_error():
    """An empty answer is judged without a sandbox."""
    found = judged("kernels/axpy/serial/c", " \n")
    assert found.checks["build"] == "fail: the answer holds no code"
    assert not found.passed


@pytest.mark.usefixtures("compiles")
def test_a_serial_loop_with_a_pragma_in_a_comment_is_not_openmp():
    """The results are right, the model isn't."""
    found = judged("kernels/axpy/openmp/c", f"{HEAD}/* #pragma omp parallel for */\n{LOOP}}}\n")
    assert found.checks["correct"] == "pass"
    assert found.checks["parallel"].startswith("fail")
    assert not found.passed


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@needs_clang
def test_a_race_is_found_although_results_may_be_right():
    """Every thread does a whole loop and writes the same values: correct by chance, and a race."""
    body = "#pragma omp parallel\n{\nfor (int i = 0; i < n; i++) z[i] = a * x[i];\n#pragma omp for\nfor (int i = 0; i < n; i++) y[i] += z[i];\n}\n"
    code = f"#include <stdlib.h>\n{HEAD}if (n == 0) return;\ndouble *z = malloc(n * sizeof *z);\n{body}free(z);\n}}\n"
    found = judged("kernels/axpy/openmp/c", code)
    assert found.checks["correct"] == "pass", found.checks
    assert found.checks["race-free"].startswith("fail"), found.checks
    assert found.verdict is Verdict.RACE
    assert not found.passed
    assert [(f.check, f.threads > 1) for f in found.failures] == [("race-free", True)]


@pytest.mark.ci
@needs_clang
@pytest.mark.parametrize(("clause", "race_free"), [("private(s) ", "pass"), ("", "fail: data race")])
def test_a_race_in_a_target_region_of_fortran_is_found(clause, race_free, needs):
    """Where the host is the device, threads share what isn't private, and gfortran's calls around the region run with LLVM's runtime."""
    needs("offload", "fortran")
    region = f"!$omp target teams distribute parallel do {clause}map(to: x(1:n)) map(tofrom: y(1:n))\ndo i = 1, n\ns = a * x(i)\ny(i) = y(i) + s\nend do\n"
    declared = "integer(c_int), value :: n\nreal(c_double), value :: a\nreal(c_double) :: x(n), y(n), s\ninteger :: i\n"
    code = f"subroutine axpy(n, a, x, y) bind(c)\nuse iso_c_binding\nimplicit none\n{declared}{region}end subroutine axpy\n"
    assert judged("kernels/axpy/offload/fortran", code).checks["race-free"] == race_free


@pytest.mark.usefixtures("compiles")
@needs_clang
@pytest.mark.parametrize(
    ("head", "body", "why"),
    [
        ("#if __has_feature(thread_sanitizer)\n#error no\n#endif\n", "", "doesn't build"),
        ("#if __has_feature(thread_sanitizer)\nstatic const int leave = 1;\n#endif\n", "", "would see other code"),
        # A type of the other runtime shows the race check to code that no preprocessor sees, in a way that the text doesn't show.
        ("", "const int larger = sizeof(omp_lock_t) / 8;\nif (larger) exit(0);\n", "0 of"),
    ],
    ids=["refuses-to-build", "other-code", "leaves-early"],
)
def test_an_answer_cannot_switch_the_race_check_off(head, body, why):
    """Code that knows the sanitizer and doesn't build, or isn't the same or doesn't run under it, fails the check."""
    guard = "#include <omp.h>\n#include <stdlib.h>\n#ifndef __has_feature\n#define __has_feature(x) 0\n#endif\n"
    found = judged("kernels/axpy/openmp/c", f"{guard}{head}{HEAD}{body}#pragma omp parallel for\n{LOOP}}}\n")
    assert found.checks["correct"] == "pass"
    assert found.checks["honest"] == "pass"
    assert found.checks["race-free"].startswith("fail: "), found.checks
    assert why in found.checks["race-free"]
    assert not found.passed


@pytest.mark.usefixtures("compiles")
@needs_mpi
def test_mpi_that_fails_with_more_ranks_is_refused():
    """The last rows are forgotten when the ranks don't divide them: one rank alone would show nothing."""
    code = (
        f"#include <mpi.h>\n{HEAD}int r, p; MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &p);\n"
        "int m = n / p; for (int i = r * m; i < (r + 1) * m; i++) y[i] += a * x[i];\n"
        "MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, m, MPI_DOUBLE, MPI_COMM_WORLD);\n}\n"
    )
    found = judged("kernels/axpy/mpi/c", code)
    assert found.checks["correct"].startswith("fail: with 2 ranks"), found.checks


_CUDA = TASKS["kernels/axpy/cuda/cpp"].reference
_RACE = _CUDA.replace("__global__", "__device__ double last;\n\n__global__", 1).replace(
    "y[i] += a * x[i];", "y[i] += a * x[i];\n    last = i;"
)
"""Threads write to one place, which no result depends on."""


_LAST_ALONE = _CUDA.replace("if (i < n) y[i] += a * x[i];", "if (i == n - 1) for (int j = 0; j < n; j++) y[j] += a * x[j];")
_ON_THE_HOST = _CUDA.replace("(n, a, dx, dy)", "(n, 0 * a, dx, dy)").replace(
    "    cudaFree(dy);", "    for (int i = 0; i < n; i++) y[i] += a * x[i];\n    cudaFree(dy);"
)


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("code", "check", "why"),
    [
        (_CUDA, "", ""),
        (_LAST_ALONE, "parallel", "one thread of the launch does all the work"),
        (_ON_THE_HOST, "parallel", "the result is there though no thread of a kernel runs"),
        (f"#ifdef _FORTIFY_SOURCE\n#endif\n{_CUDA}", "honest", "depends on _FORTIFY_SOURCE"),
        (_CUDA.replace('extern "C" ', ""), "build", "axpy"),
        (_CUDA.replace("void axpy(", "void saxpy("), "build", "axpy"),
        (_CUDA.replace("if (i < n) y[i]", "if (i < n - n % 2) y[i]"), "correct", "n=1"),
        (_CUDA.replace("axpy_kernel<<<(n + 255) / 256, 256>>>", "axpy_kernel<<<n / 256, 256>>>"), "correct", "elements wrong"),
        (
            _CUDA.replace("(n, a, dx, dy);\n    cudaMemcpy(y, dy, bytes, cudaMemcpyDeviceToHost)", "(n, a, x, y)"),
            "race-free",
            "device_access",
        ),
        (_RACE, "race-free", "race"),
    ],
    ids=[
        "right",
        "last-alone",
        "on-the-host",
        "told-apart",
        "no-c-linkage",
        "other-name",
        "odd-left-out",
        "too-few-blocks",
        "host-pointers",
        "race",
    ],
)
def test_cuda_is_run_on_the_processor(code, check, why):
    """Without a device an answer in CUDA is emulated: results, memory of the host in kernels, and races between threads are seen."""
    found = judged("kernels/axpy/cuda/cpp", code)
    assert found.level in ("emulate", "device")
    assert found.passed == (not check), found.checks
    if check:
        assert found.checks[check].startswith("fail"), found.checks
        assert why in found.checks[check]


def test_non_finite_values_must_stand_where_expected():
    """NaN is near nothing but an expected NaN, and infinity only infinity of the same sign."""
    inf, nan = np.inf, np.nan
    expected = Expected(values=np.array([1.0, nan, inf]), tolerance=np.full(3, 0.1))
    assert kernel_trial.compare(np.array([1.05, nan, inf]), expected) is None
    for wrong in ([nan, nan, inf], [1.0, 0.0, inf], [1.0, nan, -inf], [1.0, nan, 1e308], [inf, nan, inf], [1.2, nan, inf]):
        assert kernel_trial.compare(np.array(wrong), expected)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda k: k.name)
def test_doing_nothing_is_never_right(kernel):
    """Nearly every call wants its output changed and not zero returned (of argmax one in four has it first); two seeds share no contents."""
    for seed in (1, 2):
        calls = list(kernel.calls(seed))
        wrong = []
        for call in calls:
            arrays = [a for a, p in zip(call, kernel.signature.parameters, strict=True) if p.pointer]
            before = [arrays[i] for i in kernel.outputs]
            if kernel.signature.returns != "void":
                before.append(np.zeros(1, DTYPES[kernel.signature.returns]))
            wrong.append(any(kernel_trial.compare(b, e) for b, e in zip(before, kernel.oracle(call), strict=True)))
        assert sum(wrong) >= len(calls) - 3 - (kernel.name == "argmax")
    first, second = (list(kernel.calls(s))[-1] for s in (1, 2))
    assert any(np.size(a) != np.size(b) or not np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_another_solver_shows_at_the_size_that_is_timed():
    """There an answer in conjugate gradients of another kind, or with more steps, is no faster answer but a wrong one."""
    kernel = KERNELS["cg"]
    arguments = kernel.make_inputs(np.random.default_rng(SEED), kernel.size_to_time)
    (asked,), (solved,) = kernel.oracle(arguments), kernel.oracle([*arguments[:6], 200, 1e-11])
    assert (np.abs(np.subtract(solved.values, asked.values)) > asked.tolerance).any()


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda k: k.name)
def test_oracles_tolerate_rounding_only(kernel):
    """The allowed difference is far below the values, so that single precision shows."""
    for call in kernel.calls(7):
        for expected in kernel.oracle(call):
            if expected.values.size <= 100:
                continue
            if expected.values.dtype.kind != "f":
                assert not expected.tolerance.any()
                continue
            most = 1e-7 if expected.values.dtype == np.float64 else 1e-3
            assert np.median(expected.tolerance) < most * np.median(np.abs(expected.values))


_OTHER_MODELS = {
    "offload": ("c", f"{HEAD}#pragma omp target teams distribute parallel for map(to: x[0:n]) map(tofrom: y[0:n])\n{LOOP}}}\n"),
    "openacc": ("c", f"{HEAD}#pragma acc parallel loop copyin(x[0:n]) copy(y[0:n])\n{LOOP}}}\n"),
    "mpi+openmp": (
        "c",
        (
            f"#include <mpi.h>\n{HEAD}int r, p; MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &p);\n"
            "for (int q = 0; q < p; q++) {\nint b = (long)n * q / p, e = (long)n * (q + 1) / p;\nif (q == r) {\n#pragma omp parallel for\n"
            "for (int i = b; i < e; i++) y[i] += a * x[i];\n}\nMPI_Bcast(y + b, e - b, MPI_DOUBLE, q, MPI_COMM_WORLD);\n}\n}\n"
        ),
    ),
    "kokkos": (
        "cpp",
        f'#include <Kokkos_Core.hpp>\nextern "C" {HEAD}Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {{ y[i] += a * x[i]; }}); Kokkos::fence();\n}}\n',
    ),
}


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@needs_clang
@needs_mpi
@pytest.mark.parametrize("model", _OTHER_MODELS)
def test_every_model_has_a_driver(model, monkeypatch):
    """Right code in each of the other models is called as often as it should be, and wrong code is refused."""
    monkeypatch.setattr("hpcraft.data.parallel_use.check", lambda *_, **__: "pass")
    language, code = _OTHER_MODELS[model]
    task = replace(TASKS["kernels/axpy/serial/c"], model=model, language=language)
    found = kernel_judge.judge(task, code, SEED)
    if found.verdict is Verdict.UNSUPPORTED:
        pytest.skip(found.checks["build"])
    assert found.passed, (found.checks, found.log)
    assert found.checks["race-free"] == ("pass" if model in ("mpi+openmp", "offload", "openacc") else f"skip: not offered for {model}")
    wrong = kernel_judge.judge(task, code.replace("+= a * x[i]", "+= a * x[i] * (i != 64)"), SEED)
    assert "elements wrong" in wrong.checks["correct"]


_NO_ZERO = {"fft": "its size is a power of two", "bfs_levels": "its source is a vertex"}


@pytest.mark.ci
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_sizes_are_those_at_which_code_goes_wrong(kernel):
    """None, one, a power of two with a neighbour, a prime that is none, and one that is drawn between the small ones and the timed one, another each time."""
    sizes = set(kernel.sizes)
    assert 1 in sizes
    assert (0 in sizes) is (kernel.name not in _NO_ZERO)
    powers = {size for size in sizes if size > 2 and not size & (size - 1)}
    assert powers
    if kernel.name != "fft":
        assert any({power - 1, power + 1} & sizes for power in powers)
        assert any(size > 4 and all(size % d for d in range(2, size)) for size in sizes)
    timed = [kernel_trial.trial(kernel.name, "serial", seed).sizes[0][-2:] for seed in (1, 2)]
    assert timed[0][0] != timed[1][0]
