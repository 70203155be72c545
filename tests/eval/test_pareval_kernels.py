"""Kernels and views of suite pareval: launched as its drivers do, on the serial tasks' calls; wrong, racy and lonely ones are refused."""

import json
import shutil

import pytest

from hpcraft.eval.judging import NOT_TIMED
from hpcraft.eval.pareval import Problem
from hpcraft.eval.pareval_judge import judge as judge_one
from hpcraft.sandbox.kokkos import kokkos
from tests.eval.pareval_checkout import BASELINE, KERNEL, KERNEL_HEAD, PATTERN, task, write_checkout

pytestmark = pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("g++")), reason="g++ or bubblewrap is not installed")


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one problem in every model."""
    return write_checkout(tmp_path / "checkout")


@pytest.mark.ci
@pytest.mark.parametrize("model", ["cuda", "hip"])
def test_kernels_are_launched_as_by_the_driver(checkout, model):
    """On the serial task's calls in three orders of blocks, watched for races; doing nothing is wrong."""
    kernel = task(checkout, model)
    judgement = judge_one(kernel, kernel.stem + KERNEL, 3, (1,))
    assert judgement.passed, judgement.checks
    assert judgement.level == "emulate"
    assert judgement.checks["race-free"] == "pass"
    assert judgement.checks["fast"] == f"{NOT_TIMED}not offered for {model}"
    assert not judge_one(kernel, kernel.empty, 3).passed


@pytest.mark.ci
def test_lost_updates_are_refused(checkout):
    """By what they leave at a large size, or by the look at races."""
    kernel = task(checkout, "cuda")
    found = judge_one(kernel, kernel.stem + KERNEL.replace("atomicAdd(sum, scale * x[i])", "*sum += scale * x[i]"), 3)
    assert any(found.checks[check].startswith("fail") for check in ("correct", "race-free")), found.checks


ONE = KERNEL.replace("if (i < N) {", "if (i == 0) for (i = 0; i < N; i++) {")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("body", "check", "why"),
    [
        (KERNEL.replace("i < N", "i <= N"), "correct", "exit code 86"),
        (
            KERNEL.replace("x[i]);", "x[i]); if (i == 1 && N > 2) { volatile double other = sums[2]; (void)other; }"),
            "race-free",
            "data race",
        ),
        (KERNEL.replace("sums[i] = scale", "sums[i] = NAN * scale"), "correct", "sums"),
        (KERNEL.replace("x[i]);", "x[i]); *const_cast<double *>(x + i) = 0;"), "correct", "changed x, which is const"),
        (ONE, "parallel", "do the same"),
        (ONE.replace("if (i == 0)", "if (i == 0 || (i == 1 && x[0] > 5))"), "parallel", "thread 0 of the launch does all the work"),
        (ONE.replace("if (i == 0)", "if (i == N - 1)"), "parallel", "of the launch does all the work"),
        (ONE.replace("if (i == 0)", "if (i == (size_t)(x[0] * 1000) % N)"), "parallel", "of the launch does all the work"),
        (
            KERNEL.replace(
                "if (i < N) {",
                "if (N > 5000 && i == 0) for (size_t k = 0; k < N; k++) sums[k] = scale * x[k], *sum += scale * x[k];\n    if (N <= 5000 && i < N) {",
            ),
            "parallel",
            "thread 0 of the launch does all the work",
        ),
        (KERNEL.replace("if (i < N) {", "if (N > 20000) return;\n    if (i < N) {"), "correct", "return value"),
        (KERNEL.replace("if (i < N) {", "if (i < N) { int hpcraft_n = 0; (void)hpcraft_n;"), "honest", "hpcraft_n"),
        (f"{KERNEL}#ifdef _FORTIFY_SOURCE\n#endif\n", "honest", "depends on _FORTIFY_SOURCE, which it doesn't define"),
        (f"{KERNEL}#define C(a, b) a##b\n#define D 1\n#if C(D, D)\n#endif\n", "honest", "put together by ##"),
        (f"{KERNEL}struct A {{ int n; A() {{ n = 1; }} }};\nstatic A early;\n", "honest", "the initialiser of early"),
        (f"{KERNEL}template <class T> __global__ void addUp(T *x) {{ x[threadIdx.x] = 0; }}\n", "honest", "defines addUp 2 times"),
    ],
)
def test_wrong_kernels_are_refused(checkout, body, check, why):
    """Beyond an array, lost updates, NaN, what is const, work of one thread, however it is hidden, and names of the harness."""
    kernel = task(checkout, "cuda")
    judgement = judge_one(kernel, kernel.stem + body, 3)
    assert not judgement.passed
    assert why in judgement.checks[check], judgement.checks


SHARED = """    __shared__ double part[32];
    size_t i = blockIdx.x * blockDim.x + threadIdx.x;
    part[threadIdx.x] = i < N ? scale * x[i] : 0;
    if (i < N) sums[i] = part[threadIdx.x];
    __syncthreads();
    if (threadIdx.x == 0) {
        double all = 0;
        for (int t = 0; t < 32; t++) all += part[t];
        atomicAdd(sum, all);
    }
}
"""


@pytest.mark.ci
@pytest.mark.parametrize(
    "answer",
    [
        f"static {KERNEL_HEAD}\n{KERNEL}",
        f'extern "C" {KERNEL_HEAD}\n{KERNEL}',
        f"{KERNEL_HEAD.replace('size_t N', 'int N').replace('const double *x', 'double *x')}\n{KERNEL.replace('size_t i', 'int i')}",
        f"{KERNEL_HEAD.replace('void', '__launch_bounds__(32) void')}\n{KERNEL}",
        f"#define AT (blockIdx.x * blockDim.x + threadIdx.x)\n{KERNEL_HEAD}\n{KERNEL.replace('blockIdx.x * blockDim.x + threadIdx.x', 'AT')}",
        f"__device__ double scaled(double v, int by) {{ return by * v; }}\n{KERNEL_HEAD}\n{KERNEL.replace('scale * x[i]', 'scaled(x[i], scale)')}",
        f"{KERNEL_HEAD}\n{SHARED}",
    ],
    ids=["static", "linkage", "types", "bounds", "macro", "helper", "shared"],
)
def test_honest_kernels_in_other_words_pass(checkout, answer):
    """Linkage, types that convert, macros of their own, functions of the device, shared memory with a barrier."""
    judgement = judge_one(task(checkout, "cuda"), answer, 3)
    assert judgement.passed, (judgement.checks, judgement.log[-1:])


@pytest.mark.ci
def test_a_race_that_harms_no_result_is_seen(checkout):
    """Every thread writes the same zero where another one reads it."""
    racy = KERNEL.replace("sums[i] = scale * x[i];", "sums[N - 1 - i] = 0; sums[N - 1 - i] = scale * x[N - 1 - i] + 0 * sums[i];")
    kernel = task(checkout, "cuda")
    judgement = judge_one(kernel, kernel.stem + racy, 3)
    assert judgement.checks["correct"] == "pass"
    assert judgement.checks["race-free"] == "fail: data race"


def test_inputs_that_do_not_matter_judge_nobody(checkout):
    """A function whose result depends on lengths alone can't be told from one that doesn't look."""
    path = checkout / "drivers/cpp/benchmarks/reduce/90_reduce_add_up/baseline.hpp"
    path.write_text(
        BASELINE.replace("scale * x[i];\n        sums", "scale;\n        sums").replace("sums[i] = scale * x[i]", "sums[i] = scale")
    )
    serial = task(checkout, "serial")
    judgement = judge_one(serial, serial.reference, 3)
    assert judgement.verdict == "unsupported"
    assert "from one that knows their lengths alone" in judgement.checks["build"]


@pytest.mark.ci
@pytest.mark.skipif(kokkos() is None, reason="Kokkos is not installed")
def test_kokkos_is_called_with_views_of_the_serial_tasks_calls(checkout):
    """A reduction that is right with every number of threads, and one that leaves the last element."""
    views = task(checkout, "kokkos")
    assert judge_one(views, views.stem + PATTERN, 3).passed
    judgement = judge_one(views, views.stem + PATTERN.replace("x.extent(0),", "x.extent(0) - 1,"), 3)
    assert "return value" in judgement.checks["correct"]
    other = PATTERN.replace("sums(i) =", "left(i) =").replace(
        "    Kokkos::parallel_reduce", '    Kokkos::View<double*> left("left", x.extent(0));\n    Kokkos::parallel_reduce'
    )
    assert judge_one(views, views.stem + other.replace("return sum;", "sums = left; return sum;"), 3).passed


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("__global__ void addUp(const double *x, double *sums, size_t N, int scale) {", "no place for what the function returns"),
        ("__global__ void addUp(const double *x, double *y, double *z, size_t N, int scale) {", "the sequential function has no z"),
        ("__global__ void addUp(const double *x, double *sums, size_t length, int scale, double *sum) {", "length is no length"),
    ],
)
def test_kernels_that_no_rule_can_launch_are_unsupported_by_name(checkout, head, why):
    """What isn't known is said, and nobody is judged by it."""
    path = checkout / "prompts/generation-prompts.json"
    path.write_text(path.read_text().replace(KERNEL_HEAD, head))
    kernel = task(checkout, "cuda")
    judgement = judge_one(kernel, kernel.empty, 3)
    assert judgement.verdict == "unsupported"
    assert why in judgement.checks["build"]


def test_without_its_serial_prompt_or_driver_a_kernel_is_unsupported(checkout):
    """Its calls, or its launch, are not known then."""
    kernel = task(checkout, "cuda")
    assert isinstance(kernel.case, Problem)
    (kernel.case.folder / "gpu.cu").unlink()
    assert "gpu.cu: missing in the checkout" in judge_one(kernel, kernel.empty, 3).checks["build"]
    path = checkout / "prompts/generation-prompts.json"
    path.write_text(json.dumps([row for row in json.loads(path.read_text()) if row["parallelism_model"] != "serial"]))
    kernel = task(checkout, "cuda")
    assert "no serial prompt beside it" in judge_one(kernel, kernel.empty, 3).checks["build"]
