"""Suite babeltower on a small folder of our own: references pass, empty and wrong answers don't, what is undefined is set apart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval import audit, babeltower_judge, unit_tests
from hpcraft.eval.babeltower import UnitTests, babeltower_tasks
from hpcraft.eval.generate import STAGE, GenerateConfig
from hpcraft.stages import execute, fingerprint
from hpcraft.store import read_json

needs_gpp = pytest.mark.skipif(not (shutil.which("bwrap") and shutil.which("g++")), reason="g++ or bubblewrap is not installed")
needs_omp = pytest.mark.skipif(
    not (shutil.which("bwrap") and shutil.which("g++") and shutil.which("clang++-19")),
    reason="g++, clang-19 or bubblewrap is not installed",
)
SHARED = Path(__file__).parents[3] / "shared/data/babeltower"

C = "void shift ( const float * x , float * y , int n ) { for ( int i = 0 ; i < n ; i ++ ) y [ i ] = x [ i ] + 1.5f ; }"
KERNEL = (
    "__global__ void shift_kernel ( const float * x , float * y , int n ) "
    "{ int i = blockIdx . x * blockDim . x + threadIdx . x ; if ( i < n ) y [ i ] = x [ i ] + 1.5f ; }"
)
WRAPPER = """void shift_on_device(const float *x, float *y, int n) {
    float *dx, *dy;
    cudaMalloc(&dx, n * sizeof(float));
    cudaMalloc(&dy, n * sizeof(float));
    cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
    shift_kernel<<<(n + 31) / 32, 32>>>(dx, dy, n);
    cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
}
"""
INPUTS = [
    "float a[] = {1, -2, 3};\nfloat b[4];\nwrapper(shift, a, b, 3);\n",
    "float a[2] = {0.5f};\nfloat b[2] = {7, 8};\nwrapper(shift, a, b, 2); // for people",
    " ",
]


LONGER = [f"float a[40], b[40];\nfor (int i = 0; i < 40; i++) a[i] = i - 4;\nwrapper(shift, a, b, {n});" for n in (40, 37)]
SEED = 7


def judge_one(task, code):
    """The judgement of one answer."""
    return babeltower_judge.judge(task, code, SEED)


def row(**changes):
    """One line of a file of unit tests."""
    return {
        "row": 4, "undefined_behaviour": False, "cpp_code": C, "cuda_code": KERNEL, "cuda_wrapper": WRAPPER,
        "consistent_cpp_inputs": INPUTS, "consistent_cuda_inputs": [], "consistent_outputs": [],
    } | changes  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of unit tests and one of pairs."""

    def write(*rows, pairs=()):
        where = tmp_path / "mine"
        where.mkdir(exist_ok=True)
        (where / "unit_tests.tiny.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows or (row(),)))
        if pairs:
            (where / "pairs.tiny.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs))
        return where

    return write


def by_kind(folder):
    """The tasks of the first line."""
    return {task.task_id.rpartition("/")[2]: task for task in babeltower_tasks(folder) if "pair" not in task.task_id}


def test_a_line_makes_four_tasks_and_a_pair_two(folder):
    """Gold wrapper, own wrapper, C and OpenMP; pairs that stand among the unit tests are no tasks again; prompts hold no test."""
    pairs = [{"row": 0, "c": C, "cuda": KERNEL}, {"row": 1, "c": "int one ( ) { return 1 ; }", "cuda": "__global__ void two ( ) { }"}]
    tasks = babeltower_tasks(folder(pairs=pairs))
    assert [(t.task_id, t.level, t.group) for t in tasks] == [
        ("babeltower/tiny-4/cuda", "emulate", "gold wrapper"),
        ("babeltower/tiny-4/cuda-own", "emulate", "own wrapper"),
        ("babeltower/tiny-4/c", "run", "C"),
        ("babeltower/tiny-4/openmp", "run", "OpenMP"),
        ("babeltower/tiny-pair-1/cuda", "compile", "text only"),
        ("babeltower/tiny-pair-1/c", "compile", "text only"),
    ]
    assert not any("{1, -2, 3}" in t.prompt for t in tasks)
    assert all(t.reference not in t.prompt for t in tasks if t.reference)


def test_folders_that_cannot_be_read_are_refused_in_one_line(folder, tmp_path):
    """No folder, a folder without files, a line that is none: each is named, with what is expected."""
    with pytest.raises(ConfigError, match="--data DIR"):
        babeltower_tasks(None)
    with pytest.raises(InputError, match="holds no unit_tests"):
        babeltower_tasks(tmp_path)
    with pytest.raises(InputError, match=r"unit_tests\.tiny\.jsonl:2: no cuda_code"):
        babeltower_tasks(folder(row(), row(cuda_code="")))
    with pytest.raises(InputError, match="is there already"):
        babeltower_tasks(folder(row(), row()))


def test_the_folders_content_decides_the_fingerprint(folder):
    """A changed line makes old output stale; the path alone does not."""
    config = GenerateConfig(suites=("babeltower",))
    first = fingerprint(STAGE, config, {"data": folder()}, 0)
    moved = folder().rename(folder().with_name("elsewhere"))
    assert fingerprint(STAGE, config, {"data": moved}, 0) == first
    assert fingerprint(STAGE, config, {"data": folder(row(row=5))}, 0) != first
    with pytest.raises(InputError, match="no such folder"):
        fingerprint(STAGE, config, {"data": moved / "gone"}, 0)


@needs_gpp
def test_inputs_and_expected_values_come_from_the_gold_function(folder):
    """Arguments as the snippets make them; elements that nobody has written are not compared; what has no call is no test."""
    case = by_kind(folder())["c"].case
    assert isinstance(case, UnitTests)
    tests = unit_tests.tests_of(case, SEED)
    assert tests.undefined == 0
    assert [c.arguments[2] for c in tests.calls] == [3, 2]
    assert np.array_equal(tests.calls[0].arguments[0], np.array([1, -2, 3], np.float32))
    assert tests.calls[0].known[1].tolist() == [True, True, True, False]
    assert tests.calls[1].arrays[1].tolist() == [2.0, 1.5]


@needs_gpp
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"undefined_behaviour": True}, "undefined on these inputs"),
        ({"consistent_cpp_inputs": ["float a[1] = {1}, b[1];\nwrapper(shift, a, b, 5);"]}, "undefined on all of its inputs"),
        ({"consistent_cpp_inputs": ["float a[1] = {1}, b[1] = {2};\nwrapper(shift, a, b, 0);"]}, "one that does nothing"),
        ({"consistent_cpp_inputs": ["wrapper(shift, nothing);"]}, "don't compile"),
        ({"consistent_cpp_inputs": [" "]}, "no test"),
        ({"cpp_code": C.replace("float * y", "float * * y")}, "not a scalar or a one-level pointer"),
    ],
)
def test_lines_that_show_nothing_are_set_apart(folder, change, why):
    """Undefined by the file's word or by the sanitizers, blind to an empty function, or of another form: unsupported, with the reason."""
    judgement = judge_one(by_kind(folder(row(**change)))["c"], C)
    assert judgement.verdict == "unsupported"
    assert why in judgement.checks["build"]


def test_a_wrapper_that_launches_nothing_judges_no_kernel(folder):
    """Under a wrapper that does the work itself an empty kernel would be right."""
    task = by_kind(folder(row(cuda_wrapper="void shift_on_device(const float *x, float *y, int n) { y[0] = x[0] + n; }")))["cuda"]
    assert isinstance(task.case, UnitTests)
    assert not task.case.launches


@pytest.mark.ci
@needs_gpp
@pytest.mark.parametrize(
    ("kind", "old", "new", "why"),
    [
        ("c", "1.5f", "1.25f", "y: 3 of 3 elements differ"),
        ("c", "i < n", "i <= n", "wrote outside an array"),
        ("c", "for", "while", "build"),
        ("cuda", "if ( i < n )", "if ( i < n - 1 )", "y: 1 of 3 elements differ"),
        ("cuda-own", "cudaMemcpyDeviceToHost", "cudaMemcpyHostToDevice", "call 1 of 6"),
    ],
)
def test_references_pass_and_wrong_answers_fail(folder, kind, old, new, why):
    """The gold side is right, the changed one is not, and the check that failed says where."""
    task = by_kind(folder())[kind]
    assert judge_one(task, task.reference).passed
    assert old in task.reference
    judgement = judge_one(task, task.reference.replace(old, new))
    assert not judgement.passed
    assert judgement.checks["build"].startswith("fail") if why == "build" else why in judgement.checks["correct"]


@pytest.mark.ci
@needs_gpp
def test_nobody_is_asked_to_share_work_where_the_file_does_not(folder):
    """A published kernel that one thread does all of is right, and another answer of its kind is; elsewhere it is refused."""
    loop = KERNEL.replace("int i = blockIdx . x * blockDim . x + threadIdx . x ; if ( i < n )", "for ( int i = 0 ; i < n ; i ++ )")
    launch = WRAPPER.replace("<<<(n + 31) / 32, 32>>>", "<<<1, 1>>>")
    task = by_kind(folder(row(cuda_code=loop, cuda_wrapper=launch)))["cuda-own"]
    judgement = judge_one(task, task.reference)
    assert judgement.passed
    assert judgement.checks["parallel"].startswith("skip: so it is in the file's own CUDA side: ")
    task = by_kind(folder())["cuda-own"]
    assert judge_one(task, f"{loop}\n{launch}").checks["parallel"].startswith("fail: ")


THREADED = C.replace("for (", "\n#pragma omp parallel for\nfor (", 1)
RACY_LOOP = C.replace("{ for (", "{\n#pragma omp parallel\n{ float last = 0 ;\n#pragma omp for\nfor (").replace(
    "y [ i ] = x [ i ] + 1.5f ; }", "{ last = x [ i ] + 1.5f ; y [ i ] = last ; y [ 0 ] = x [ 0 ] + 1.5f ; } } }"
)
BY_THREADS = "#include <omp.h>\n" + THREADED.replace("+ 1.5f", "+ ( omp_get_num_threads ( ) > 3 ? 0 : 1.5f )")


@pytest.mark.ci
@needs_omp
@pytest.mark.parametrize(
    ("code", "check", "why"),
    [
        (THREADED, "", ""),
        (THREADED.replace("1.5f", "1.25f"), "correct", "elements differ"),
        (C, "parallel", "no OpenMP construct"),
        (THREADED.replace("parallel for", "parallel for if(0)"), "parallel", "told to use one thread"),
        (RACY_LOOP, "race-free", "data race"),
        (THREADED.replace("i < n", "i <= n"), "correct", "wrote outside an array"),
        (BY_THREADS, "correct", "with 4 threads"),
    ],
    ids=["right", "wrong", "sequential", "one thread", "race", "beyond", "wrong with many"],
)
def test_openmp_must_be_right_shared_and_without_races(folder, code, check, why):
    """By the C function's own tests, with several numbers of threads; the file has no gold side of it."""
    task = by_kind(folder(row(consistent_cpp_inputs=LONGER)))["openmp"]
    judgement = judge_one(task, code)
    assert judgement.passed == (not check), judgement.checks
    if check:
        assert why in judgement.checks[check], judgement.checks


SERIAL = KERNEL.replace("int i = blockIdx . x * blockDim . x + threadIdx . x ; if ( i < n )", "for ( int i = 0 ; i < n ; i ++ )")
RACY = KERNEL.replace("if ( i < n )", "if ( threadIdx . x < 31 && i + 1 < n ) y [ i + 1 ] = 0 ; if ( i < n )")
EMPTY = "__global__ void shift_kernel(const float *x, float *y, int n) {}\n"
ON_HOST = "static int work(const float *x, float *y, int n) { for (int i = 0; i < n; i++) y[i] = x[i] + 1.5f; return 0; }\n"


@pytest.mark.ci
@needs_gpp
@pytest.mark.parametrize(
    ("code", "check", "why"),
    [
        (SERIAL.replace("for", "if ( threadIdx . x == 0 && blockIdx . x == 0 ) for"), "parallel", "thread 0 of the launch does all"),
        # What the text doesn't tell the run does: nobody knows that thread 5 is alone.
        (SERIAL.replace("for", "if ( ( threadIdx . x + n ) % 32 == 7 ) for"), "parallel", "one thread of the launch does all the work"),
        (SERIAL, "parallel", "threads all do the same"),
        (RACY, "race-free", "data race"),
        (f"{ON_HOST}{EMPTY}#define dim3 work(x, y, n); dim3\n", "honest", "gives dim3 another meaning"),
        (f"{ON_HOST}{EMPTY}#define cudaMemcpy(to, from, bytes, kind) work(x, y, n)\n", "honest", "gives cudaMemcpy another meaning"),
        (f"#define threadIdx blockIdx\n{KERNEL}", "honest", "gives threadIdx another meaning"),
        (f"#undef cudaFree\n{KERNEL}", "honest", "gives cudaFree another meaning"),
        (f"{KERNEL}\n#define int long\n", "honest", "gives int another meaning"),
        (f"#define NAME cuda ## Malloc\n#define hpcraft_cuda other\n{KERNEL}", "honest", "the harness's (hpcraft_cuda)"),
        (f'#include "/proc/self/environ"\n{KERNEL}', "honest", "includes a file by its path"),
        (f"__attribute__((constructor)) static void begin() {{}}\n{KERNEL}", "honest", "(attribute constructor)"),
        (f"static int work() {{ return 3; }}\nstatic int ready = work();\n{KERNEL}", "honest", "the initialiser of ready"),
        (f"struct Start {{ Start() {{ value = 1; }} int value; }} start;\n{KERNEL}", "honest", "the initialiser of start"),
        (f"static int ready = [] {{ return 3; }}();\n{KERNEL}", "honest", "the initialiser of ready"),
        (f'extern "C" cudaError_t cudaMemcpy(void *, const void *, size_t, cudaMemcpyKind) {{ return cudaSuccess; }}\n{KERNEL}', "", ""),
        (f"cudaError_t cudaMemcpy(float *y, const float *x, size_t, int) {{ return cudaSuccess; }}\n{EMPTY}", "correct", "elements differ"),
    ],
)
def test_what_only_looks_like_a_kernel_is_refused(folder, code, check, why):
    """One thread, all threads, the host in their place, other meanings for words, code that runs by itself: each by the check that is there for it."""
    judgement = judge_one(by_kind(folder(row(consistent_cpp_inputs=LONGER)))["cuda"], code)
    assert not judgement.passed
    assert judgement.verdict != "infra_error"
    assert not check or (judgement.checks[check].startswith("fail: ") and why in judgement.checks[check])


HONEST = [
    KERNEL,
    f"#define BLOCK_SIZE 32\n#define N 7\n{KERNEL.replace('blockDim . x', 'BLOCK_SIZE')}",
    f"#include <cuda_runtime.h>\n#include <stdio.h>\n__device__ float more(float a) {{ return a + 1.5f; }}\n{KERNEL.replace('x [ i ] + 1.5f', 'more(x[i])')}",
    f'extern "C" {KERNEL}',
    f'extern "C" {{\n{KERNEL}\n}}',
    f"static {KERNEL}",
    KERNEL.replace("const float * x , float * y", "float * __restrict__ x, float *y"),
    f"typedef float real;\n{KERNEL.replace('float *', 'real *')}",
    f"#define real float\n{KERNEL.replace('float *', 'real *')}",
    f"__constant__ float table[2] = {{1.0f, 0.5f}};\nstatic const int WIDTH = 32;\n{KERNEL.replace('1.5f', '(table[0] + table[1])')}",
    f"#define cudaCheck(e) (e)\n{KERNEL}\n{WRAPPER}",
    f"{KERNEL}\nvoid start(const float *x, float *y, int n) {{ dim3 grid((n + 31) / 32); shift_kernel<<<grid, 32>>>(x, y, n); }}\n",
    KERNEL.replace("if ( i < n )", "for ( ; i < n ; i += gridDim . x * blockDim . x )"),
]
QUICK = (1, 5, 12)
"""Of these; the others are judged by the slow tests."""


@pytest.mark.ci
@needs_gpp
@pytest.mark.parametrize("code", [pytest.param(c, marks=() if n in QUICK else pytest.mark.slow) for n, c in enumerate(HONEST)])
def test_kernels_as_models_write_them_pass(folder, code):
    """Macros of their own, helpers, other words for the same parameters, host code that nobody calls: all that is right is accepted."""
    judgement = judge_one(by_kind(folder(row(consistent_cpp_inputs=LONGER)))["cuda"], code)
    assert judgement.passed, (judgement.checks, judgement.log)
    assert (judgement.checks["honest"], judgement.checks["parallel"], judgement.checks["race-free"]) == ("pass", "pass", "pass")


@pytest.mark.ci
@needs_gpp
def test_a_host_function_that_does_the_work_itself_is_refused(folder):
    """It launches the kernel, too, and gives its result away."""
    task = by_kind(folder(row(consistent_cpp_inputs=LONGER)))["cuda-own"]
    done = WRAPPER.replace("    cudaFree(dx);", "    for (int i = 0; i < n; i++) y[i] = x[i] + 1.5f;\n    cudaFree(dx);")
    judgement = judge_one(task, f"{KERNEL}\n{done}")
    assert judgement.checks["parallel"] == "fail: the result is there though no thread of a kernel runs"
    assert judge_one(task, task.reference).passed


@pytest.mark.ci
@needs_gpp
def test_inputs_are_redrawn_from_the_seed(folder):
    """Same shapes, values as the file has them, other ones for each seed; what can't be redrawn is told in the check."""
    case = by_kind(folder(row(consistent_cpp_inputs=LONGER)))["c"].case
    assert isinstance(case, UnitTests)
    one, same, other = (unit_tests.tests_of(case, seed) for seed in (SEED, SEED, SEED + 1))
    assert one is same
    assert len(one.redrawn) == 2 * len(LONGER)
    inputs, others = ([np.asarray(call.arguments[0]).astype(float) for call in tests.redrawn] for tests in (one, other))
    assert not all(map(np.array_equal, inputs, others))
    assert all(len(a) == 40 and a.min() >= -4 and a.max() <= 35 for a in inputs)
    assert all(np.array_equal(c.arrays[1][c.known[1]], (a + 1.5)[c.known[1]]) for c, a in zip(one.redrawn, inputs, strict=True))
    task = by_kind(folder(row(consistent_cpp_inputs=["float a[1] = {2}, b[1];\nwrapper(shift, a, b, 1);"])))["c"]
    judgement = judge_one(task, task.reference)
    assert judgement.passed
    assert judgement.checks["correct"] == "pass: on the file's inputs alone, as no others could be drawn on which the C function is defined"


@pytest.mark.ci
@needs_gpp
def test_an_answer_that_knows_the_files_inputs_by_heart_is_refused(folder):
    """It is right on all of them and on no other."""
    task = by_kind(folder(row(consistent_cpp_inputs=LONGER[:1])))["cuda"]
    known = KERNEL.replace("x [ i ] + 1.5f", "( i - 4 ) + 1.5f")
    assert "elements differ" in judge_one(task, known).checks["correct"]


@pytest.mark.ci
@needs_gpp
def test_a_race_of_the_files_own_is_not_held_against_an_answer(folder):
    """The published kernel is right only because its threads come one after the other here."""
    task = by_kind(folder(row(cuda_code=RACY, consistent_cpp_inputs=LONGER)))["cuda"]
    judgement = judge_one(task, RACY)
    assert judgement.passed
    assert judgement.checks["race-free"] == "skip: so it is in the file's own CUDA side: data race"


@pytest.mark.ci
@needs_gpp
def test_reference_scores_one_and_null_none_through_both_stages(folder, generate, judge):
    """Figures by kind of wrapper and by level, text figures beside them; another suite's folder doesn't stop this one."""
    data = folder(pairs=[{"row": 1, "c": "int one ( ) { return 1 ; }", "cuda": "__global__ void two ( ) { }"}])
    completions = generate(suites=("babeltower",), models=("reference", "null"), inputs={"data": data})
    results = judge(completions, inputs={"data": data})
    for name, value in (("reference", 1.0), ("null", 0.0)):
        levels = results[f"babeltower/{name}"].levels
        assert {level: found["metrics"]["pass@1"]["value"] for level, found in levels.items()} == dict.fromkeys(levels, value)
        groups = {group for found in levels.values() for group in found["groups"]}
        assert {"kind:gold wrapper", "kind:own wrapper", "kind:C"} <= groups
    assert results["babeltower/reference"].levels["run"]["metrics"]["bleu"]["value"] == pytest.approx(1.0)


@needs_gpp
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data/babeltower beside the checkout")
def test_references_of_the_published_validation_file_pass():
    """A few lines of the real file, for its real forms."""
    for task in (t for t in babeltower_tasks(SHARED)[:12] if t.reference):
        assert judge_one(task, task.reference).passed, task.task_id


@pytest.mark.ci
@needs_gpp
def test_an_audit_admits_a_line_with_good_tests(folder, inline, tmp_path):
    """In C and as CUDA of its own; a pair without tests is neither admitted nor refused, and what can't be made is told."""
    pairs = [{"row": 1, "c": "int one ( ) { return 1 ; }", "cuda": "__global__ void two ( ) { }"}]
    config = audit.AuditConfig(suite="babeltower", tasks=("babeltower/*/c",), mutants=2)
    execute(audit.STAGE, config, {"data": folder(pairs=pairs)}, tmp_path / "audit", executor=inline)
    found = {row["task_id"]: row for row in read_json(tmp_path / "audit" / audit.AUDIT)["tasks"]}
    tested, compiled = found["babeltower/tiny-4/c"], found["babeltower/tiny-pair-1/c"]
    assert (tested["admitted"], tested["why"], tested["survivors"]) == ("yes", [], [])
    assert set(tested["refused"]) == {"null", "nan", "exit"}
    assert tested["left_out"]["one-less"] == "the suite's tests call it by a prototype of their own"
    assert compiled["admitted"] == "unknown"
    assert "not run here" in compiled["why"][0]
