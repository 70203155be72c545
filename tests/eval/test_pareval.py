"""Suite pareval on a tiny checkout of our own in ParEval's format: references pass, wrong, racy and serial answers don't."""

import json
import shutil

import numpy as np
import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit, pareval_time, performance
from hpcraft.eval.pareval import Problem, pareval_tasks
from hpcraft.eval.pareval_calls import signatures
from hpcraft.eval.pareval_inputs import MOST_BYTES, recorded, timed, timed_size
from hpcraft.eval.pareval_judge import judge as judge_one
from hpcraft.eval.performance import available_cores
from hpcraft.eval.results import read_samples
from hpcraft.sandbox.kokkos import kokkos
from hpcraft.stages import execute
from hpcraft.store import read_json

pytestmark = pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("g++")), reason="g++ or bubblewrap is not installed")

HEAD = "double addUp(std::vector<double> const& x, std::vector<double> &sums, int scale) {"
BASELINE = f"""#pragma once
#include <vector>

{HEAD.replace("double addUp", "double NO_INLINE correctAddUp")}
    double sum = 0;
    for (size_t i = 0; i < x.size(); i++) {{
        sum += scale * x[i];
        sums[i] = scale * x[i];
    }}
    return sum;
}}
"""
UTILITIES = """#pragma once
#include <cmath>
#define NO_INLINE __attribute__((noinline))
template <class V> bool fequal(V const &a, V const &b, double e) { return std::abs(a[0] - b[0]) <= e; }
"""
DRIVER = """#include "utilities.hpp"
#include "baseline.hpp"
#include "generated-code.hpp"
struct Context { std::vector<double> x, y; };
void reset(Context *ctx) { for (auto &v : ctx->x) v = rand() / (double) RAND_MAX; }
Context *init() {
    Context *ctx = new Context();
    ctx->x.resize(DRIVER_PROBLEM_SIZE), ctx->y.resize(DRIVER_PROBLEM_SIZE);
    reset(ctx);
    return ctx;
}
void compute(Context *ctx) { addUp(ctx->x, ctx->y, 3); }
bool validate(Context *) {
    const size_t TEST_SIZE = 200;
    std::vector<double> x(TEST_SIZE), a(TEST_SIZE), b(TEST_SIZE);
    for (int t = 0; t < MAX_VALIDATION_ATTEMPTS; t++) {
        for (auto &v : x) v = rand() / (double) RAND_MAX;
        correctAddUp(x, a, 3);
        addUp(x, b, 3);
        if (!fequal(a, b, 1e-6)) return false;
    }
    return true;
}
"""
GPU = """#include "generated-code.cuh"
Context *init() {
    ctx->blockSize = dim3(32);
    ctx->gridSize = dim3((ctx->N + ctx->blockSize.x - 1) / ctx->blockSize.x); // at least enough threads
}
bool validate(Context *ctx) {
    double tmp = 0.0;
    COPY_H2D(d_sum, &tmp, sizeof(double));
    addUp<<<gridSize, blockSize>>>(d_x, d_sums, TEST_SIZE, 3, d_sum);
}
"""
KERNEL = """    size_t i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) {
        sums[i] = scale * x[i];
        atomicAdd(sum, scale * x[i]);
    }
}
"""
KERNEL_HEAD = "__global__ void addUp(const double *x, double *sums, size_t N, int scale, double *sum) {"
KOKKOS_HEAD = "double addUp(Kokkos::View<const double*> const& x, Kokkos::View<double*> &sums, int scale) {"
PATTERN = """    double sum = 0;
    Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double &s) {
        s += scale * x(i);
        sums(i) = scale * x(i);
    }, sum);
    return sum;
}
"""
OPENMP = """    double sum = 0;
    #pragma omp parallel for reduction(+ : sum)
    for (size_t i = 0; i < x.size(); i++) {
        sum += scale * x[i];
        sums[i] = scale * x[i];
    }
    return sum;
}
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one problem in every model."""
    folder = tmp_path / "checkout"
    problem = folder / "drivers/cpp/benchmarks/reduce/90_reduce_add_up"
    problem.mkdir(parents=True)
    (problem / "baseline.hpp").write_text(BASELINE)
    (problem / "cpu.cc").write_text(DRIVER)
    (problem / "gpu.cu").write_text(GPU)
    (problem / "kokkos.cc").write_text("// sides of matrices, where there are some")
    (folder / "drivers/cpp/utilities.hpp").write_text(UTILITIES)
    sizes = {"serial": "(1<<16)", "omp": "(1<<19)"}
    (folder / "drivers/problem-sizes.json").write_text(json.dumps({"90_reduce_add_up": sizes}))
    (folder / "prompts").mkdir()
    heads = dict.fromkeys(("serial", "omp", "mpi", "mpi+omp"), HEAD) | {
        "cuda": KERNEL_HEAD,
        "hip": KERNEL_HEAD,
        "kokkos": f"#include <Kokkos_Core.hpp>\n\n{KOKKOS_HEAD}",
    }
    rows = [
        {
            "problem_type": "reduce",
            "language": "cpp",
            "name": "90_reduce_add_up",
            "parallelism_model": m,
            "prompt": f"/* Add up. */\n{head}\n",
        }
        for m, head in heads.items()
    ]
    (folder / "prompts/generation-prompts.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Few starts and calls."""
    monkeypatch.setattr(performance, "TURNS", 1)
    monkeypatch.setattr(pareval_time, "COUNTED", 1)
    pareval_time.work.cache_clear()
    yield
    pareval_time.work.cache_clear()


def task(checkout, model):
    """The task of a model."""
    return next(t for t in pareval_tasks(checkout) if t.task_id.endswith(f"/{model}"))


def test_a_prompt_is_a_task_and_its_text_is_kept(checkout):
    """Names of models become ours; the prompt is the checkout's, without a word of the baseline; parallel tasks have no reference."""
    tasks = pareval_tasks(checkout)
    assert [t.model for t in tasks] == ["serial", "openmp", "mpi", "mpi+openmp", "cuda", "hip", "kokkos"]
    assert tasks[0].prompt == f"/* Add up. */\n{HEAD}\n"
    assert [bool(t.reference) for t in tasks] == [True, *[False] * 6]
    moved = pareval_tasks(checkout.rename(checkout.with_name("pareval")).parent)
    assert moved[0].case
    assert tasks[0].case
    assert moved[0].case.digest == tasks[0].case.digest


def test_folders_that_are_no_checkout_are_refused(checkout, tmp_path):
    """One line: what is missing, or what is wrong with the prompts."""
    with pytest.raises(ConfigError, match="--data DIR"):
        pareval_tasks(None)
    with pytest.raises(InputError, match=r"holds no prompts/generation-prompts\.json"):
        pareval_tasks(tmp_path)
    (checkout / "prompts/generation-prompts.json").write_text("[{}]")
    with pytest.raises(InputError, match="expected a list of objects"):
        pareval_tasks(checkout)


def test_the_drivers_inputs_are_recorded_with_what_the_baseline_leaves(checkout):
    """Four attempts at the driver's own size and four at a small one, from our seed; the value and every vector."""
    problem = task(checkout, "serial").case
    assert isinstance(problem, Problem)
    calls = recorded(problem, 7)
    assert [c.arguments[0] for c in calls] == [200] * 4 + [64] * 4
    first = calls[0]
    given = np.asarray(first.arguments[1])
    assert first.value[0] == pytest.approx(3 * given.sum())
    assert first.arrays[1] == pytest.approx(3 * given)
    assert (np.asarray(recorded(problem, 8)[0].arguments[1]) != given).any()
    assert [s.returns for s in signatures(problem)] == ["void", "double", "void"]


def test_timed_calls_are_those_of_compute_at_the_checkouts_size(checkout):
    """The table's size by model, halved until the arguments fit; each call has inputs of its own, and what the baseline leaves."""
    problem = task(checkout, "serial").case
    assert isinstance(problem, Problem)
    assert [timed_size(problem, m) for m in ("serial", "omp", "mpi")] == [1 << 16, 1 << 19, 1 << 20]
    calls = timed(problem, "serial", 7, 3)
    assert [c.arguments[0] for c in calls] == [1 << 16] * 3
    assert len({np.asarray(c.arguments[1]).tobytes() for c in calls}) == 3
    assert calls[2].value[0] == pytest.approx(3 * np.asarray(calls[2].arguments[1]).sum())
    (halved,) = timed(problem, "mpi", 7, 1)
    assert halved.arguments[0] == 1 << 20
    assert MOST_BYTES >= 2 * 8 << 20
    (checkout / "drivers/problem-sizes.json").write_text(json.dumps({"90_reduce_add_up": {"serial": "(1<<22)", "omp": "many"}}))
    (halved,) = timed(problem, "serial", 7, 1)
    assert halved.arguments[0] == 1 << 20
    with pytest.raises(InputError, match="size 'many' of 90_reduce_add_up"):
        timed_size(problem, "omp")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("scale * x[i];\n        sums", "x[i];\n        sums", "return value"),
        ("sums[i] = scale", "sums[i] = NAN", "sums"),
        ("sums[i]", "sums[i + 1]", "sums"),
    ],
)
def test_the_baseline_passes_and_wrong_answers_fail(checkout, old, new, why):
    """A wrong value, NaN, which the published comparison takes for right, and a shifted result are refused."""
    serial = task(checkout, "serial")
    assert judge_one(serial, serial.reference, 3).passed
    assert old in serial.reference
    judgement = judge_one(serial, serial.reference.replace(old, new), 3)
    assert not judgement.passed
    assert why in judgement.checks["correct"]


def test_openmp_answers_are_judged_with_threads_and_for_races(checkout):
    """The honest one passes, the racy one and serial code don't."""
    openmp = task(checkout, "omp")
    assert judge_one(openmp, openmp.stem + OPENMP, 3).passed
    assert not judge_one(openmp, openmp.stem + OPENMP.replace(" reduction(+ : sum)", ""), 3).passed
    assert judge_one(openmp, task(checkout, "serial").reference, 3).checks["parallel"].startswith("fail")


@pytest.mark.parametrize(
    ("added", "check", "why"),
    [
        ("const_cast<double &>(x[0]) = 0;", "correct", "changed x, which is const"),
        ("sums.push_back(0);", "correct", "signal 6"),
        ('asm("nop");', "honest", "inline assembly"),
    ],
)
def test_what_no_call_may_do_is_refused(checkout, added, check, why):
    """Writing to what is const, changing lengths, assembly."""
    serial = task(checkout, "serial")
    judgement = judge_one(serial, serial.reference.replace("return sum;", f"{added} return sum;"), 3)
    assert why in judgement.checks[check]
    assert not judgement.passed


def test_a_race_under_a_dynamic_schedule_is_seen(checkout):
    """Where the first thread takes all turns, threads meet only if loops are shared by turns."""
    openmp = task(checkout, "omp")
    racy = OPENMP.replace("for reduction(+ : sum)", "for schedule(dynamic, 32)").replace("sum +=", "shared_count++; sum +=")
    racy = racy.replace("double sum = 0;", "double sum = 0; int shared_count = 0;").replace(
        "for schedule", "for reduction(+ : sum) schedule"
    )
    judgement = judge_one(openmp, openmp.stem + racy, 3)
    assert judgement.checks["correct"] == "pass"
    assert judgement.checks["race-free"] == "fail: data race"
    assert judgement.failures[0].threads == 4


@pytest.mark.usefixtures("quick")
def test_right_answers_are_timed_beside_the_baseline(checkout, generate, judge, write_completions, tmp_path):
    """An OpenMP answer on one and two threads; figures of speed and those as published lie in the results, the wrong answer counts 0 in ours alone."""
    openmp, serial = task(checkout, "omp"), task(checkout, "serial")
    rows = [(openmp, 0, openmp.stem + OPENMP), (openmp, 1, openmp.empty), (serial, 0, serial.reference), (serial, 1, serial.reference)]
    path = write_completions([(one.task_id, i, code) for one, i, code in rows])
    asked = generate(inputs={"data": checkout}, suites=("pareval",), models=(f"replay:{path}",), tasks=("*/omp", "*/serial"), samples=2)
    cores = tuple(range(1, min(2, available_cores()) + 1))
    ((folder, results),) = judge(asked, inputs={"data": checkout}, timing=True, timing_cores=cores, input_seed=3).items()
    samples = sorted(read_samples(tmp_path / "results" / folder, results), key=lambda s: (s.task_id, s.sample_id))
    assert [s.passed for s in samples] == [True, False, True, True]
    assert set(samples[0].timings) == {str(n) for n in cores}
    most = str(cores[-1])
    assert samples[0].timings[most]["num_bytes"] == 8 << 19
    metrics = results.levels["run"]["groups"]["model:openmp"]
    assert metrics[f"speedup_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"] / 2, rel=1e-4)
    assert metrics[f"as-published:speedup_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"], rel=1e-4)
    assert metrics[f"as-published:efficiency_{most}@1"]["value"] == pytest.approx(samples[0].timings[most]["speedup"] / 8, rel=1e-4)
    serial_only = results.levels["run"]["groups"]["model:serial"]
    assert serial_only["speedup_1@1"]["n"] == 1
    assert most == "1" or f"speedup_{most}@1" not in serial_only
    assert results.levels["run"]["metrics"][f"speedup_{most}@1"]["n"] == (1 if most == "2" else 2)


@pytest.mark.usefixtures("quick")
def test_what_is_timed_is_verified_and_must_be_shared(checkout):
    """An answer that does nothing at the large size has no time; one whose first thread does everything there isn't parallel."""
    openmp = task(checkout, "omp")
    idle = openmp.stem + OPENMP.replace("double sum = 0;", "double sum = 0; if (x.size() > 5000) return 0;", 1)
    judgement = judge_one(openmp, idle, 3, (1,))
    assert "when timed: call 1 of 2" in judgement.checks["correct"]
    assert judgement.timings == {}


@pytest.mark.parametrize("model", ["cuda", "hip"])
def test_kernels_are_launched_as_by_the_driver(checkout, model):
    """On the serial task's calls in three orders of blocks, watched for races; doing nothing is wrong."""
    kernel = task(checkout, model)
    judgement = judge_one(kernel, kernel.stem + KERNEL, 3, (1,))
    assert judgement.passed, judgement.checks
    assert judgement.level == "emulate"
    assert judgement.checks["race-free"] == "pass"
    assert judgement.checks["fast"] == f"skip: not offered for {model}"
    assert not judge_one(kernel, kernel.empty, 3).passed


ONE = KERNEL.replace("if (i < N) {", "if (i == 0) for (i = 0; i < N; i++) {")


@pytest.mark.parametrize(
    ("body", "check", "why"),
    [
        (KERNEL.replace("i < N", "i <= N"), "correct", "exit code 86"),
        (KERNEL.replace("atomicAdd(sum, scale * x[i])", "*sum += scale * x[i]"), "race-free", "data race"),
        (KERNEL.replace("sums[i] = scale", "sums[i] = NAN * scale"), "correct", "sums"),
        (KERNEL.replace("x[i]);", "x[i]); *const_cast<double *>(x + i) = 0;"), "correct", "changed x, which is const"),
        (ONE, "parallel", "do the same"),
        (ONE.replace("if (i == 0)", "if (i == 0 || (i == 1 && x[0] > 5))"), "parallel", "thread 0 of the launch does all the work"),
        (ONE.replace("if (i == 0)", "if (i == N - 1)"), "parallel", "of the launch does all the work"),
        (ONE.replace("if (i == 0)", "if (i == (size_t)(x[0] * 1000) % N)"), "parallel", "of the launch does all the work"),
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


def test_empty_answers_fail_and_unreadable_drivers_are_told(checkout):
    """Doing nothing is wrong; a driver that can't be built makes its tasks unsupported, by name."""
    serial = task(checkout, "serial")
    assert not judge_one(serial, serial.empty, 3).passed
    assert isinstance(serial.case, Problem)
    (serial.case.folder / "cpu.cc").write_text("int nothing;")
    recorded.cache_clear()
    assert "doesn't build with a recording function" in judge_one(serial, serial.reference, 3).checks["build"]


def test_an_audit_judges_serial_tasks_by_the_baseline(checkout, inline, tmp_path):
    """Its mutants die, doing nothing and leaving are refused; a task without a reference is neither admitted nor refused."""
    config = audit.AuditConfig(suite="pareval", tasks=("*/serial", "*/omp"), mutants=2)
    execute(audit.STAGE, config, {"data": checkout}, tmp_path / "audit", executor=inline)
    found = {row["task_id"].rpartition("/")[2]: row for row in read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]}
    assert (found["serial"]["admitted"], found["serial"]["why"]) == ("yes", [])
    assert set(found["serial"]["refused"]) == {"null", "nan", "exit"}
    assert found["serial"]["killed"] == 2
    assert found["omp"]["admitted"] == "unknown"
    assert "there is no reference" in found["omp"]["why"][0]
