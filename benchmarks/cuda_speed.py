"""Kernels on the processor beside the same loops in OpenMP, and barriers per second.

    .venv/bin/python benchmarks/cuda_speed.py [--repeats 5] [--json]

Both are built and run by the sandbox with the same optimisation on all cores that it may use; each program times itself, without
allocation and copies, and the best of the repeats counts. A barrier crossing is one thread passing one ``__syncthreads``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from hpcraft.sandbox import Job, Limits, Run, run
from hpcraft.sandbox.outcome import Model

N = 1 << 24
BINS = 256
SIZE, TILE = 512, 16
CLOCK = r"""
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>
static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
"""
LOOPS = {
    # name: (parameters, body over i, condition on i)
    "axpy": ("float a, const float *x, float *y, int n", "y[i] += a * x[i];", "i < n"),
    "stencil": ("float a, const float *x, float *y, int n", "y[i] = a * (x[i - 1] - 2 * x[i] + x[i + 1]);", "i > 0 && i < n - 1"),
}
CUDA_LOOP = """
__global__ void kernel(PARAMETERS) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (CONDITION) { BODY } }
int main() {
    int n = N; float *x, *y;
    cudaMalloc(&x, n * sizeof *x); cudaMalloc(&y, n * sizeof *y);
    cudaMemset(x, 0, n * sizeof *x); cudaMemset(y, 0, n * sizeof *y);
    for (int k = 0; k < REPEATS; ++k) {
        double start = now();
        kernel<<<(n + 255) / 256, 256>>>(2.0f, x, y, n);
        cudaDeviceSynchronize();
        std::printf("%.9f\\n", now() - start);
    }
}
"""
OPENMP_LOOP = """
void kernel(PARAMETERS) {
    #pragma omp parallel for
    for (int i = 0; i < n; ++i) if (CONDITION) { BODY }
}
int main() {
    int n = N; std::vector<float> x(n), y(n);
    for (int k = 0; k < REPEATS; ++k) { double start = now(); kernel(2.0f, x.data(), y.data(), n); std::printf("%.9f\\n", now() - start); }
}
"""
CUDA_HISTOGRAM = """
__global__ void kernel(const unsigned *x, unsigned *bins, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&bins[x[i] % BINS], 1u);
}
int main() {
    int n = N; unsigned *x, *bins; std::vector<unsigned> host(n);
    for (int i = 0; i < n; ++i) host[i] = i * 2654435761u >> 8;
    cudaMalloc(&x, n * sizeof *x); cudaMalloc(&bins, BINS * sizeof *bins);
    cudaMemcpy(x, host.data(), n * sizeof *x, cudaMemcpyHostToDevice); cudaMemset(bins, 0, BINS * sizeof *bins);
    for (int k = 0; k < REPEATS; ++k) {
        double start = now();
        kernel<<<(n + 255) / 256, 256>>>(x, bins, n);
        cudaDeviceSynchronize();
        std::printf("%.9f\\n", now() - start);
    }
}
"""
OPENMP_HISTOGRAM = """
void kernel(const unsigned *x, unsigned *bins, int n) {
    #pragma omp parallel for
    for (int i = 0; i < n; ++i) {
        #pragma omp atomic
        bins[x[i] % BINS]++;
    }
}
int main() {
    int n = N; std::vector<unsigned> x(n), bins(BINS);
    for (int i = 0; i < n; ++i) x[i] = i * 2654435761u >> 8;
    for (int k = 0; k < REPEATS; ++k) { double start = now(); kernel(x.data(), bins.data(), n); std::printf("%.9f\\n", now() - start); }
}
"""
GEMM = """
__global__ void kernel(const float *a, const float *b, float *c) {
    __shared__ float s[TILE][TILE], t[TILE][TILE];
    int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * TILE + y, column = blockIdx.x * TILE + x;
    float sum = 0;
    for (int k = 0; k < SIZE; k += TILE) {
        s[y][x] = a[row * SIZE + k + x];
        t[y][x] = b[(k + y) * SIZE + column];
        __syncthreads();
        for (int i = 0; i < TILE; ++i) sum += s[y][i] * t[i][x];
        __syncthreads();
    }
    c[row * SIZE + column] = sum;
}
int main() {
    float *a, *b, *c; size_t bytes = SIZE * SIZE * sizeof(float);
    cudaMalloc(&a, bytes); cudaMalloc(&b, bytes); cudaMalloc(&c, bytes);
    cudaMemset(a, 0, bytes); cudaMemset(b, 0, bytes);
    for (int k = 0; k < REPEATS; ++k) {
        double start = now();
        kernel<<<dim3(SIZE / TILE, SIZE / TILE), dim3(TILE, TILE)>>>(a, b, c);
        cudaDeviceSynchronize();
        std::printf("%.9f\\n", now() - start);
    }
}
"""
BARRIERS = """
__global__ void kernel() { for (int k = 0; k < 1000; ++k) __syncthreads(); }
int main() {
    for (int k = 0; k < REPEATS; ++k) {
        double start = now();
        kernel<<<16, 256>>>();
        cudaDeviceSynchronize();
        std::printf("%.9f\\n", now() - start);
    }
}
"""


def best(text: str, model: Model, repeats: int) -> float:
    """The least seconds that a program tells."""
    values = {"REPEATS": repeats, "BINS": BINS, "SIZE": SIZE, "TILE": TILE, "int n = N": f"int n = {N}"}
    for name, value in values.items():
        text = text.replace(name, str(value))
    name = "main.cu" if model == "cuda" else "main.cpp"
    cores = len(os.sched_getaffinity(0))
    limits = Limits(wall_seconds=120)
    job = Job(files={name: (CLOCK + text).encode()}, language="cpp", model=model, cuda="emulate", run=Run(threads=cores, limits=limits))
    outcome = run(job)
    if not outcome.ok:
        sys.exit(f"{outcome.verdict}: {outcome.message}")
    return min(float(line) for line in outcome.stdout.split())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each kernel (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object")
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    found: dict[str, float] = {}
    pairs = {"histogram": (CUDA_HISTOGRAM, OPENMP_HISTOGRAM)}
    for name, (parameters, body, condition) in LOOPS.items():
        texts = [
            text.replace("PARAMETERS", parameters).replace("BODY", body).replace("CONDITION", condition)
            for text in (CUDA_LOOP, OPENMP_LOOP)
        ]
        pairs[name] = (texts[0], texts[1])
    for name, (cuda, openmp) in pairs.items():
        emulated, loop = best(cuda, "cuda", args.repeats), best(openmp, "openmp", args.repeats)
        found |= {f"{name}_ms": emulated * 1e3, f"{name}_openmp_ms": loop * 1e3, f"{name}_ratio": emulated / loop}
    gemm = best(GEMM, "cuda", args.repeats)
    found |= {"gemm_ms": gemm * 1e3, "gemm_crossings_per_core": SIZE * SIZE * 2 * (SIZE // TILE) / gemm / cores}
    found["crossings_per_core"] = 16 * 256 * 1000 / best(BARRIERS, "cuda", args.repeats) / cores
    if args.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:28} {value:14.4g}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
