"""Races in answers to kernel tasks, in every model whose races are looked for: planted ones are found, and what only looks like one isn't."""

import re
import subprocess
from pathlib import Path

import pytest

from hpcraft.errors import InputError
from hpcraft.eval import kernel_races, openacc_races
from hpcraft.eval.judging import Judgement
from hpcraft.eval.kernel_trial import SWEEPS, race_shape
from hpcraft.eval.openacc_races import in_openmp
from hpcraft.eval.suites import kernel_tasks, reference
from hpcraft.sandbox import python
from hpcraft.sandbox.outcome import Verdict

TASKS = {t.task_id: t for t in kernel_tasks()}
SEED = 4711


def found(task_id, code):
    """What the check says of an answer that is right so far."""
    judgement = Judgement()
    kernel_races.settle(judgement, TASKS[f"kernels/{task_id}"], code, SEED, None)
    result = judgement.checks["race-free"]
    assert (judgement.verdict is Verdict.RACE) == (result == "fail: data race"), judgement.log
    return result


def _few(names, *quick):
    """All of them, those that aren't ``quick`` as slow ones."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


PLANTED = {
    "dot/mpi+openmp/fortran": (" reduction(+ : part)", ""),
    "prefix_sum/offload/fortran": (" private(i, total)", ""),  # in blocks of 512
    "histogram/offload/fortran": ("!$omp atomic", ""),
    "histogram/offload/c": ("#pragma omp atomic update", ""),
    "histogram/openacc/c": ("#pragma acc atomic update", ""),
    "histogram/openacc/cpp": ("#pragma acc atomic", ""),
    "histogram/openacc/fortran": ("!$acc atomic update", ""),
    "count_above/openacc/c": ("reduction(+ : count)", ""),
    "find_first/openacc/fortran": (" copy(first) reduction(min: first)", ""),
}


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("task_id", _few(PLANTED, "histogram/openacc/c", "histogram/offload/fortran", "prefix_sum/offload/fortran"))
def test_a_planted_race_is_found_and_the_reference_has_none(task_id):
    """In models whose own runtime would run all by one thread, too."""
    task = TASKS[f"kernels/{task_id}"]
    code = task.reference
    old, new = PLANTED[task_id]
    assert old in code
    assert found(task_id, code) == "pass"
    assert found(task_id, code.replace(old, new)) == "fail: data race"


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("language", _few(["c", "fortran"], "c"))
def test_teams_of_one_thread_race_with_each_other(language):
    """Without `parallel` only teams share the loop, of which runtimes have one by themselves."""
    code = reference("histogram", "offload", language)
    parallel, atomic = (" parallel for", "#pragma omp atomic update") if language == "c" else (" parallel do", "!$omp atomic")
    alone = code.replace(parallel, "")
    assert found(f"histogram/offload/{language}", alone) == "pass"
    assert found(f"histogram/offload/{language}", alone.replace(atomic, "")) == "fail: data race"


AXPY_C = "void axpy(int n, double a, const double *x, double *y) {{\n    double t;\n    int i;\n{}\n}}\n"
QUIET = {
    "a scalar of the gang": "#pragma acc parallel loop\n    for (i = 0; i < n; i++) { t = a * x[i]; y[i] += t; }",
    "tiles": "#pragma acc parallel loop tile(4, 2)\n    for (i = 0; i < n; i++) for (int k = 0; k < 1; k++) { t = a * x[i]; y[i] += t; }",
    "a loop in a region": "#pragma acc parallel copyin(x[0:n]) copy(y[0:n]) \\\n    num_gangs(4)\n    {\n#pragma acc loop gang vector\n    for (i = 0; i < n; i++) y[i] += a * x[i];\n    }",
    "the compiler's choice": "#pragma acc kernels\n    for (i = 0; i < n; i++) { t = x[i]; y[i] += a * t; }",
    "another model's words": "#pragma acc parallel loop seq\n    for (i = 0; i < n; i++) {\n#pragma omp parallel\n    y[i] += a * x[i]; }",
}


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("name", _few(QUIET, "tiles"))
def test_what_openacc_allows_is_no_race(name):
    """Scalars that gangs have of their own, shapes of loops, and what isn't parallel at all."""
    assert found("axpy/openacc/c", AXPY_C.format(QUIET[name])) == "pass"


@pytest.mark.usefixtures("compiles")
def test_a_lane_that_races_with_its_neighbour_is_found():
    """In the inner of two parallel loops."""
    body = """#pragma acc parallel loop gang
    for (i = 0; i < 1; i++) {
#pragma acc loop vector
        for (int k = 0; k < n; k++) { y[k] += a * x[k]; if (k > 0) y[k - 1] += 0; }
    }"""
    assert found("axpy/openacc/c", AXPY_C.format(body)) == "fail: data race"


@pytest.mark.usefixtures("compiles")
def test_what_cannot_be_said_in_openmp_is_told_and_not_held_against_the_answer():
    """What does something else there, and routines in Fortran that give something; routines in C are those of the host."""
    call = "#include <openacc.h>\n" + AXPY_C.format(
        "acc_wait_all();\n#pragma acc parallel loop\n    for (i = 0; i < n * acc_get_num_devices(acc_device_host); i++) y[i] += a * x[i];"
    )
    assert found("axpy/openacc/c", call) == "pass"
    other = AXPY_C.format("y[0] = 1;")
    assert found("axpy/openacc/c", other).startswith("skip: races were not looked for: said in OpenMP it does something else (")


@pytest.mark.parametrize(
    ("language", "comment"),
    [("c", "// acc_wait_all();"), ("c", "// goes on \\\nacc_wait_all();"), ("c", "/* acc_init (1) */"), ("fortran", "! acc_wait_all()")],
)
def test_comments_say_nothing_to_the_race_check(language, comment):
    """Else a comment would switch it off."""
    assert in_openmp(comment + "\n" + reference("axpy", "openacc", language), language)


def test_an_answers_own_functions_are_no_routines():
    """Nor are names in strings; of Fortran's those that give something can't be said in OpenMP, those that do nothing on the host may stay away."""
    helper = 'static double acc_wait(double a) { return a; }\nstatic const char *const word = "acc_init(";\n'
    assert in_openmp(helper + reference("axpy", "openacc", "c"), "c")
    fortran = reference("axpy", "openacc", "fortran")
    calls = 'call acc_wait_all\ncall acc_set_device_num(mod(n, 2), acc_device_nvidia)\nprint *, "call acc_wait_all"\n'
    said = in_openmp(fortran.replace("!$acc", f"{calls}!$acc", 1), "fortran")[0]
    assert 'continue\ncontinue\nprint *, "call acc_wait_all"\n' in said
    with pytest.raises(InputError, match="no word for acc_get_num_devices"):
        in_openmp(fortran.replace("!$acc", "i = acc_get_num_devices(acc_device_host)\n!$acc", 1), "fortran")


def test_nobody_knows_how_many_threads_look_for_races():
    """One of the numbers with which answers are called for their results: an answer could be careful with a number that isn't."""
    for model in ("openmp", "offload", "openacc", "mpi+openmp"):
        shapes = {race_shape(model, seed) for seed in range(60)}
        assert len(shapes) > 2
        assert all(shape.threads > 1 for shape in shapes)
        assert shapes <= set(SWEEPS["mpi+openmp" if model == "mpi+openmp" else "openmp"])
        assert race_shape(model, SEED) == race_shape(model, SEED)


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("s = a[i]; a[i] = s + 1;", True),
        ("s += a[i];", False),
        ("if (a[i] > s) s = a[i];", False),
        ("s = s + a[i];", False),
        ("if (a[i] > 0) s = 1;", True),
        ("s = a[i]; } if (s > 0) {", False),
        ("s = a[i]; } for (int s = 0; s < n; s++) {", True),
        ("/* s */ s = a[i]; a[i] = s; } s = 0; if (s) {", True),
    ],
)
def test_a_scalar_is_an_iterations_own_unless_others_use_it(body, own):
    """By what comes first in the loop, and first behind it."""
    code = f"void f(int n, double *a) {{\n    double s = 0;\n#pragma acc parallel loop\n    for (int i = 0; i < n; i++) {{ {body} }}\n}}\n"
    [said] = in_openmp(code, "c")
    assert ("firstprivate(s)" in said) is own


def test_openmps_words_for_openacc():
    """Lines stay where they are; Fortran's scalars that a loop sets are firstprivate, unless a clause or a data region has them."""
    code = """subroutine s(n, x) bind(c)
  use openacc
  integer, value :: n
  real :: x(n), t, u
  integer :: i, k, count
  !$ t = 1
  !$acc data copy(count)
  !$acc parallel loop gang collapse(2) &
  !$acc& private(t) copyin(x)
  do i = 1, n
    do k = 1, 2
      t = x(i)
      u = t
      if (u > 0) count = 1
    end do
  end do
  !$acc end data
end subroutine
"""
    [said] = (text.split("\n") for text in in_openmp(code, "fortran"))
    assert said[1] == ""
    assert said[5].strip() == "!  t = 1".strip()
    assert said[7:9] == ["!$omp parallel do collapse(2) private(t) firstprivate(u)", ""]
    assert [line for line in said if "$acc" in line] == []
    assert len(said) == len(code.split("\n"))


def test_preprocessed_answers_are_said_as_the_compiler_sees_them():
    """Directives that stand in macros."""
    code = (
        '#include <math.h>\n#define SHARE _Pragma("acc parallel loop")\nvoid f(int n) {\n    SHARE\n    for (int i = 0; i < n; i++) ;\n}\n'
    )
    left = (
        '#define SHARE _Pragma("acc parallel loop")\nvoid f(int n) {\n\n#pragma acc parallel loop\n    for (int i = 0; i < n; i++) ;\n}\n'
    )
    [said] = in_openmp(code, "c", left)
    assert said.startswith("#include <math.h>\n")
    assert "#pragma omp parallel for\n" in said
    assert "SHARE" not in said


# ---------------------------------------------------------------- Python

HEAD = "import numba\nimport numpy as np\nfrom numba import njit, prange\n\n\n@njit(parallel=True)\n"
AXPY = HEAD + "def axpy(n, a, x, y):\n    {}\n"
RACY = {
    "neighbours": "for i in prange(1, n):\n        y[i] += a * x[i] + 0 * y[i - 1]",
    "one flag": "any = np.zeros(1)\n    for i in prange(n):\n        y[i] += a * x[i]\n        any[0] = 1.0",
    "slices": "for i in prange(n - 1):\n        y[i : i + 2] = y[i : i + 2] + 0.0",
    "a view": "v = y[::-1]\n    for i in prange(n):\n        y[i] += 0.0 * v[i]",
    "scattered": "k = np.zeros(n, dtype=np.int64)\n    for i in prange(n):\n        y[k[i]] += 1.0",
    "whole arrays": "for i in prange(n):\n        y[i] = y.sum()",
    "updated in place through a view": "for i in prange(n):\n        v = y[0:1]\n        v += 1.0",
}
CLEAN = {
    "blocks of slices": "for b in prange((n + 63) // 64):\n        lo = b * 64\n        hi = min(n, lo + 64)\n        y[lo:hi] += a * x[lo:hi]",
    "views of its own": "for b in prange((n + 63) // 64):\n        v = y[b * 64 : b * 64 + 64]\n        for k in range(v.shape[0]):\n            v[k] += a * x[b * 64 + k]",
    "own elements": "for i in prange(n):\n        y[i] += a * x[i]",
    "temporaries": "for i in prange(n):\n        t = np.empty(2)\n        t[0] = a * x[i]\n        t[1] = t[0] + y[i]\n        y[i] = t[1]",
    "sums": "s = 0.0\n    for i in prange(n):\n        s += x[i]\n    for i in prange(n):\n        y[i] += a * x[i] + 0.0 * s",
    "sums of arrays": "h = np.zeros(2)\n    for i in prange(n):\n        h += x[i : i + 1]\n    for i in prange(n):\n        y[i] += a * x[i] + 0.0 * h[0]",
    "loops in loops": "for i in prange(n):\n        t = np.zeros(1)\n        for k in prange(3):\n            t[0] += 1.0\n        y[i] += a * x[i]",
    "loops one after the other": "for _ in range(2):\n        for i in prange(n):\n            y[n - 1 - i] += 0.5 * a * x[n - 1 - i]",
    "memory by thread": "t = np.zeros((numba.get_num_threads(), 1))\n    for i in prange(n):\n        t[numba.get_thread_id(), 0] += 1.0\n        y[i] += a * x[i]",
}


@pytest.fixture
def numba(compiles):
    """Skip where numba isn't installed."""
    if python.numba() is None:
        pytest.skip("numba is not installed")


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize("name", _few(RACY, "one flag"))
def test_iterations_that_share_an_element_race(name):
    """Whatever the schedule; the results of most of these are right."""
    assert found("axpy/openmp/python", AXPY.format(RACY[name])) == "fail: data race"


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize("name", _few(CLEAN, "sums of arrays"))
def test_what_numba_keeps_apart_is_no_race(name):
    """Memory of an iteration or a thread, reductions, inner loops, and loops one after the other."""
    assert found("axpy/openmp/python", AXPY.format(CLEAN[name])) == "pass"


@pytest.mark.usefixtures("numba")
def test_only_functions_that_are_parallel_have_parallel_loops():
    """A loop over prange in another one is an ordinary loop."""
    helper = "@njit\ndef sweep(n, y):\n    for i in prange(1, n):\n        y[i] += 0.0 * y[i - 1]\n\n\n"
    code = (
        HEAD.replace("@njit(parallel=True)\n", "")
        + helper
        + "@njit(parallel=True)\ndef axpy(n, a, x, y):\n    sweep(n, y)\n    for i in prange(n):\n        y[i] += a * x[i]\n"
    )
    assert found("axpy/openmp/python", code) == "pass"


@pytest.mark.usefixtures("numba")
def test_what_plain_python_cannot_show_is_told():
    """Types that only numba knows."""
    code = AXPY.format("t = np.zeros(1, dtype=numba.float64)\n    for i in prange(n):\n        y[i] += a * x[i]")
    assert found("axpy/openmp/python", code).startswith("skip: races were not looked for: as plain Python it does something else (")


VECTORIZE = """@vectorize(["float64(float64, float64, float64)"])
def fma(a, x, y):
    return a * x + y


"""
STENCIL = "@stencil\ndef mid(u):\n    return u[0]\n\n\n"


@pytest.mark.ci
@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize(
    ("helper", "body", "verdict"),
    [
        (VECTORIZE, "for i in prange(n):\n        y[i] = fma(a, x[i], y[i])", "pass"),
        (STENCIL, "z = mid(x)\n    for i in prange(n):\n        y[i] += a * z[i]", "pass"),
        (
            VECTORIZE,
            "last = np.zeros(1)\n    for i in prange(n):\n        last[0] = x[i]\n        y[i] = fma(a, x[i], y[i])",
            "fail: data race",
        ),
    ],
)
def test_functions_that_stay_compiled_are_called_and_watched(helper, body, verdict):
    """What they are given is read, what stands beside them is looked at."""
    code = AXPY.format(body).replace("import njit, prange", "import njit, prange, stencil, vectorize")
    at = code.index("@njit")
    assert found("axpy/openmp/python", code[:at] + helper + code[at:]) == verdict


@pytest.mark.usefixtures("numba")
def test_a_comment_of_what_is_compiled_is_none():
    """Traced all the same, a variable of the name, too, and the race is found."""
    code = AXPY.format("# a stencil, as numba's vectorize has it\n    stencil = 1\n    for i in prange(n):\n        y[0] += a * x[i]")
    assert found("axpy/openmp/python", code) == "fail: data race"


ROUTINES = """
#include HPCRAFT_HEADER
#include <stdio.h>
int main(void) {
    double x[8] = {0}, y[8] = {1, 2};
    const int kinds[] = {acc_device_default, acc_device_host, acc_device_not_host, acc_device_nvidia, acc_device_radeon};
    for (int k = 0; k < 5; k++) printf("%d %d\\n", acc_on_device((acc_device_t)kinds[k]), acc_get_num_devices((acc_device_t)kinds[k]));
    printf("%d %d %d\\n", acc_on_device(acc_device_none), acc_get_device_type(), acc_get_device_num(acc_device_host));
    printf("%zu\\n", acc_get_property(0, acc_device_host, acc_property_memory) + acc_get_property(0, acc_device_host, acc_property_free_memory));
    for (int w = acc_property_name; w <= acc_property_driver; w++) puts(acc_get_property_string(0, acc_device_host, (acc_device_property_t)w));
    acc_wait_all();
    printf("%d %d\\n", acc_async_test(1), acc_async_test_all());
    printf("%d %d %d %d\\n", acc_is_present(x, 0), acc_is_present(x, 8), acc_is_present(0, 8), acc_malloc(0) == 0);
    printf("%d %d %d %d\\n", acc_deviceptr(x) == (void *)x, acc_hostptr(x) == (void *)x, acc_copyin(x, 8) == (void *)x, acc_create(x, 8) == (void *)x);
    printf("%d %d %d\\n", acc_get_current_cuda_device() == 0, acc_get_current_cuda_context() == 0, acc_get_cuda_stream(1) == 0);
    acc_memcpy_to_device(x, y, 16);
    printf("%g\\n", x[1]);
}
"""


@pytest.mark.usefixtures("compiles")
def test_routines_of_the_host_are_those_of_the_runtime(tmp_path):
    """The same values, and all names that gcc's own header has: an answer can't tell one build from the other by them, nor keep one from being built."""
    ours = Path(openacc_races.__file__).with_name(openacc_races.HEADER)
    (tmp_path / "main.c").write_text(ROUTINES)
    said = []
    for flags in (["-fopenacc", "-DHPCRAFT_HEADER=<openacc.h>"], [f'-DHPCRAFT_HEADER="{ours}"']):
        subprocess.run(["gcc", *flags, "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
        said.append(subprocess.run([tmp_path / "main"], env={"ACC_DEVICE_TYPE": "host"}, capture_output=True, text=True, check=True).stdout)
    assert said[0] == said[1]
    texts = []
    for include in ("<openacc.h>", f'"{ours}"'):
        (tmp_path / "all.c").write_text(f"#include {include}\n")
        texts.append(subprocess.run(["gcc", "-E", "-P", tmp_path / "all.c"], capture_output=True, text=True, check=True).stdout)
    names = [set(re.findall(r"\b(acc_\w+)\s*\(", text)) for text in texts]
    assert len(names[0]) > 50
    assert names[0] <= names[1]
