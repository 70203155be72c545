"""Pairs from real code: directives are taken off, threads become loops, and what no rule covers is counted under a reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.data.device_code import as_c
from hpcraft.data.host_function import with_host
from hpcraft.data.material import Known, Material
from hpcraft.data.plain_kernel import IndexMacros, PlainKernel, plain_kernel
from hpcraft.data.target_text import not_parallel
from hpcraft.data.trees import parse
from hpcraft.data.typedefs import Dialect
from hpcraft.data.verify import has_tools, verify
from hpcraft.data.wells.ground import Ground
from hpcraft.data.wells.serialised import sequential
from hpcraft.data.wells.table import drawn
from hpcraft.errors import InputError, MachineError
from hpcraft.records import PairOrigin
from hpcraft.verification import Candidate
from tests.data.toy_corpus import write_corpus

OPENMP = """
typedef double Real;
struct grid { int n; Real *u; struct axis *a; };
#define WEIGHT(g) ((g)->n)

static Real twice(Real x) { return 2 * x; }

/* a whole function */
void smooth(int n, const Real *x, Real *y)
{
    int i;
#pragma omp parallel
    {
#pragma omp for
        for (i = 1; i < n - 1; i++)
            y[i] = (x[i - 1] + twice(x[i]) + x[i + 1]) / 4; /* middle */
    }
}

int update(struct grid *g, Real *y, void *log)
{
    int i, unused;
    Real sum = 0, most = 0;
    print(log);
#pragma omp parallel for private(i, unused) reduction(+:sum) reduction(max:most) num_threads(g->threads)
    for (i = 0; i < g->n; i++)
    {
        sum += g->u[i] * y[i];
        if (y[i] > most) most = y[i];
    }
#pragma omp parallel for
    for (i = 0; i < WEIGHT(g); i++)
        y[i] = omp_get_thread_num();
    return sum > most;
}
"""
CUDA = """
#define BLOCK 128
#define EACH(i, n) for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)
#define MAX2(a, b) ((a) > (b) ? (a) : (b))
template <typename T> __device__ __forceinline__ T square(T x) { return x * x; }

__global__ void scale_kernel(int n, float a, float *__restrict__ x)
{
    int tid = threadIdx.x, i = tid + blockIdx.x * blockDim.x;  // number
    if (i >= n) return;
    x[i] = a * x[i];
}
template <typename T, int UNROLL = 4> __global__ void add2d(T *y, const T *x, int rows, int cols)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    int r = __mul24(blockIdx.y, blockDim.y) + threadIdx.y;
    if (r < rows && c < cols) {
        if (x[r * cols + c] < 0) return;
        y[r * cols + c] += square(x[r * cols + c]);
    }
}
__global__ void strided(double *y, const double *x, int n)
{
    EACH(i, n) y[i] = MAX2(x[i], 0.0);
}
__global__ void total(double *out, const double *x, int n)
{
    double s = 0;
    for (int i = blockDim.x * blockIdx.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
    atomicAdd(out, s);
}
__global__ void flat(float *y, const float *x, int n, int w)
{
    int id = (blockIdx.x + blockIdx.y * gridDim.x) * blockDim.x + threadIdx.x;
    if (id >= n) return;
    int k = id % w;
    id /= w;
    y[id * w + k] = x[id * w + k] + k;
}
__global__ void rows(float *y, const float *x, int m, int n)
{
    int row = blockIdx.x;
    if (row < m) for (int j = threadIdx.x; j < n; j += blockDim.x) y[row * n + j] = 2 * x[row * n + j];
}
__global__ void shares(float *y, int n) {
    __shared__ float s[BLOCK];
    s[threadIdx.x] = y[threadIdx.x];
    __syncthreads();
    y[0] = s[0];
}
__global__ void loose(float *y) { y[blockIdx.x * blockDim.x + threadIdx.x] = 1; }
__global__ void swaps(int *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = atomicExch(y, i);
}
__global__ void odd(int *y, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = gridDim.x; }
__global__ void alone(int *y) { y[0] = 1; }
"""


def kernel(name: str) -> PlainKernel:
    """One of the kernels above."""
    dialect, macros = Dialect(), IndexMacros()
    dialect.learn(CUDA)
    macros.take(CUDA)
    return plain_kernel(parse(CUDA, "cuda"), name, dialect, macros)


def close(text: str) -> str:
    """A text without blanks."""
    return "".join(text.split())


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A corpus of the two files."""
    folder = write_corpus(tmp_path / "prepare", ("a.c", "c", "openmp", OPENMP), ("b.cu", "cuda", "cuda", CUDA))
    return Ground(corpus=folder, seed=0, targets=("openmp", "cuda"), known=Known())


def of(ground: Ground, origin: PairOrigin, limit: int = 99) -> list[Material]:
    """What one well gives."""
    return list(drawn(ground, {origin: limit}))


def test_a_whole_function_comes_without_its_directives(ground: Ground) -> None:
    """Helpers come along, types are builtin, comments go, and source and target differ by directives alone."""
    (smooth,) = (m for m in of(ground, "directives") if "smooth" in m.signature)
    (model, target), *_ = smooth.targets
    assert (model, smooth.signature) == ("openmp", "void smooth(int n, const double *x, double *y)")
    assert "twice" in smooth.source
    assert "middle" not in smooth.source
    assert "omp" not in smooth.source
    assert close(re.sub(r"#pragma[^\n]*", "", target)) == close(smooth.source)
    assert not not_parallel(target, "openmp", "smooth")
    assert (smooth.package, smooth.path, smooth.licence, smooth.origin) == ("toy", "a.c", "MIT", "directives")


def test_a_region_of_a_function_that_cannot_stand_alone(ground: Ground) -> None:
    """Members become variables, names that the region lacks leave its lists, and two accumulated scalars go through pointers."""
    (update,) = (m for m in of(ground, "directives") if "update" in m.signature)
    assert update.signature == "void update_region(int n, const double *u, const double *y, double *sum_out, double *most_out)"
    ((model, target),) = update.targets
    assert model == "openmp"
    assert "#pragma omp parallel for private(i) reduction(+:sum) reduction(max:most)\n" in target
    assert "double sum = *sum_out;" in update.source
    assert ground.known.left_out["directives:source:not-alone"] == 1  # it asks for the thread's number


def test_threads_become_loops() -> None:
    """Guards, strides, macros of indices, nests, and numbers that are changed on the way all give loops as people write them."""
    expected = {
        "scale_kernel": "for (int i = 0; i < n; i++) { x[i] = a * x[i]; }",
        "add2d": "for (int r = 0; r < rows; r++) { for (int c = 0; c < cols; c++) { if (x[r * cols + c] < 0) continue; "
        "y[r * cols + c] += square(x[r * cols + c]); } }",
        "total": "double s = 0; for (int i = 0; i < n; i++) s += x[i]; out[0] += s;",
        "flat": "for (int id_first = 0; id_first < n; id_first++) { int id = id_first; int k = id % w; id /= w; y[id * w + k] = x[id * w + k] + k; }",
        "rows": "for (int row = 0; row < m; row++) { for (int j = 0; j < n; j++) y[row * n + j] = 2 * x[row * n + j]; }",
    }
    for name, body in expected.items():
        _, source = sequential(kernel(name))
        assert close(source).endswith(close(body) + "}"), source
    assert sequential(kernel("scale_kernel"))[0].prototype() == "void scale(int n, float a, float *x)"
    assert "static float square(float x)" in sequential(kernel("add2d"))[1]
    assert close("for (int i = 0; i < (n); i++)") in close(sequential(kernel("strided"))[1])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("shares", "barrier"),
        ("loose", "launch-shape"),
        ("swaps", "atomic"),
        ("odd", "launch-shape"),
        ("alone", "no-index"),
        ("none", "not-found"),
    ],
)
def test_kernels_that_no_rule_covers_say_why(name: str, reason: str) -> None:
    """Each refusal begins with the key that it is counted under."""
    with pytest.raises(InputError, match=f"^{reason}:"):
        sequential(kernel(name))


def test_refused_kernels_are_counted_and_limits_hold(ground: Ground) -> None:
    """What isn't covered shows in the counts; a limit keeps the first ones only."""
    found = of(ground, "serialised")
    # A macro that hides a loop's head makes no sense to the grammar, so that kernel is no unit.
    assert {m.signature.split("(")[0] for m in found} == {f"void {n}" for n in ("scale", "add2d", "total", "flat", "rows")}
    counts = ground.known.left_out
    assert counts["serialised:source:barrier"] == 1
    assert counts["serialised:source:atomic"] == 1
    again = Ground(corpus=ground.corpus, seed=0, targets=("cuda",), known=Known())
    assert [m.source for m in of(again, "serialised", 2)] == [m.source for m in found[:2]]
    assert of(Ground(corpus=ground.corpus, seed=0, targets=("openmp",), known=Known()), "serialised") == []


def test_what_is_set_aside_is_the_real_code_alone(ground: Ground) -> None:
    """Training code is set aside by a share: kernels with their host function, functions with their directives, both with their tests."""
    aside = replace(ground, known=Known(), monolingual_share=1.0)
    wells: dict[PairOrigin, str] = {"serialised": "cuda", "directives": "openmp"}
    for origin, model in wells.items():
        paired, alone = of(replace(ground, known=Known()), origin), of(aside, origin)
        assert [dict(m.targets)[model] for m in paired] == [m.source for m in alone]
        assert [m.tests for m in paired] == [m.tests for m in alone]
        assert {(m.model, m.targets) for m in alone} == {(model, ())}
    half = of(replace(ground, known=Known(), monolingual_share=0.5), "serialised")
    assert {m.model for m in half} == {"cuda", "serial"}
    held_out = [replace(m, split="valid") for m in of(replace(ground, known=Known()), "serialised")]
    assert {m.model for m in replace(aside, known=Known()).chosen("serialised", held_out, 9, model="cuda")} == {"serial"}


def test_code_of_the_device_becomes_c() -> None:
    """Casts, intrinsics, choices and atomic additions are written as C has them; what C lacks is refused."""
    assert as_c("x = float(n) + static_cast<int>(a[i]);") == "x = (float)(n) + (int)(a[i]);"
    assert as_c("y[i] = max(x[i], 0) * rsqrtf(__ldg(&z[i]));") == "y[i] = (x[i] > 0 ? x[i] : 0) * (1.0f / sqrtf(z[i]));"
    assert as_c("atomicAdd(&y[k[i]], __expf(x));") == "y[k[i]] += expf(x);"
    for code in ("auto x = 1;", "float4 v;", "std::sort(x);x = a::b;", "int old = atomicAdd(y, 1);"):
        with pytest.raises(InputError, match=r"^(c\+\+|atomic):"):
            as_c(code)


@pytest.mark.slow
def test_serialised_kernels_and_taken_off_directives_are_proved(ground: Ground) -> None:
    """Both sides of what the two wells give do the same, emulated CUDA included, and the tests notice faults."""
    try:
        missing = has_tools("cuda") or has_tools("openmp")
    except MachineError as error:
        missing = str(error)
    if missing:
        pytest.skip(missing)
    found = [*of(ground, "directives"), *of(ground, "serialised")]
    candidates = [
        Candidate(
            candidate_id=f"{m.signature}/{model}", signature=m.signature, source=m.source, target=code, target_model=model, tests=m.tests
        )
        for m in found
        for model, code in m.targets
    ]
    wrong = [(f.candidate_id, f.reason, f.log) for f in verify(candidates, num_mutants=3, max_tests=5) if not f.accepted]
    assert wrong == []


def test_a_host_function_by_rule_fits_the_sequential_form() -> None:
    """The kernel is launched over what the loop runs to, under the name of the sequential function."""
    plain = kernel("scale_kernel")
    signature, source = sequential(plain)
    code = with_host(plain.code, source, signature)
    assert "scale_kernel<<<" in code
    assert 'extern "C" void scale(int n, float a, float *x)' in code
