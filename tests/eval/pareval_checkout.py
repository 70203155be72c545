"""A tiny checkout of our own in ParEval's format, and answers to its one problem."""

import json

from hpcraft.eval.pareval import pareval_tasks

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


def write_checkout(folder):
    """A checkout with one problem in every model."""
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


def task(checkout, model):
    """The task of a model."""
    return next(t for t in pareval_tasks(checkout) if t.task_id.endswith(f"/{model}"))
