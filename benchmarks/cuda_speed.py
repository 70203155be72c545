"""Kernels on the processor beside the same loops in OpenMP, barriers per second, what checks cost, and how long a build takes.

    .venv/bin/python benchmarks/cuda_speed.py [--rounds 3] [--repeats 5] [--json]

All are built and run by the sandbox with the same optimisation on all cores that it may use; each program times its kernel, without
allocation and copies. Loops are compared by the wall clock, kernel and loop in turn, the best of all repeats each. Barriers and checks
are told by CPU time, which neighbours on the machine disturb less. A barrier crossing is one thread passing one ``__syncthreads``.
A build is that of a program which no cache knows; headers and runtime are kept from before, as for every program but a user's first.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from statistics import median

from hpcraft.sandbox import Job, Limits, Run, build
from hpcraft.sandbox.outcome import Check, Model

N = 1 << 24
BINS = 256
CUDA_CHECKS: tuple[Check, ...] = ("none", "address", "race")
SIZE, TILE = 512, 16
CLOCK = r"""
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <ctime>
struct Times { double wall, cpu; };
static Times now() {
    timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return {std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(), cpu.tv_sec + 1e-9 * cpu.tv_nsec};
}
static void tell(Times start) {
    Times end = now();
    std::printf("%.9f %.9f\n", end.wall - start.wall, end.cpu - start.cpu);
}
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
        Times start = now();
        kernel<<<(n + 255) / 256, 256>>>(2.0f, x, y, n);
        cudaDeviceSynchronize();
        tell(start);
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
    for (int k = 0; k < REPEATS; ++k) { Times start = now(); kernel(2.0f, x.data(), y.data(), n); tell(start); }
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
        Times start = now();
        kernel<<<(n + 255) / 256, 256>>>(x, bins, n);
        cudaDeviceSynchronize();
        tell(start);
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
    for (int k = 0; k < REPEATS; ++k) { Times start = now(); kernel(x.data(), bins.data(), n); tell(start); }
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
        Times start = now();
        kernel<<<dim3(SIZE / TILE, SIZE / TILE), dim3(TILE, TILE)>>>(a, b, c);
        cudaDeviceSynchronize();
        tell(start);
    }
}
"""
BARRIERS = """
__global__ void kernel() { for (int k = 0; k < 1000; ++k) __syncthreads(); }
int main() {
    for (int k = 0; k < REPEATS; ++k) {
        Times start = now();
        kernel<<<16, 256>>>();
        cudaDeviceSynchronize();
        tell(start);
    }
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Best:
    """Of several runs the least seconds by the clock, and the median of CPU time, which the kernel accounts in steps."""

    wall: float
    cpu: float


def program(text: str, model: Model, repeats: int, *, check: Check = "none", size: int = N) -> Job:
    """The job of one of the programs above."""
    values = {"REPEATS": repeats, "BINS": BINS, "SIZE": SIZE, "TILE": TILE, "int n = N": f"int n = {size}"}
    for name, value in values.items():
        text = text.replace(name, str(value))
    name = "main.cu" if model == "cuda" else "main.cpp"
    run = Run(threads=len(os.sched_getaffinity(0)), limits=Limits(wall_seconds=120))
    return Job(files={name: (CLOCK + text).encode()}, language="cpp", model=model, cuda="emulate", check=check, run=run)


def best(jobs: Sequence[Job], rounds: int = 1) -> list[Best]:
    """Run the jobs in turn, and take the best of each."""
    found: list[list[tuple[float, ...]]] = [[] for _ in jobs]
    with ExitStack() as stack:
        builds = [stack.enter_context(build(job)) for job in jobs]
        for _ in range(rounds):
            for job, built, times in zip(jobs, builds, found, strict=True):
                outcome = built.run(job.run)
                if not outcome.ok:
                    sys.exit(f"{outcome.verdict}: {outcome.message}")
                times += [tuple(map(float, line.split())) for line in outcome.stdout.splitlines()]
    return [Best(wall=min(wall for wall, _ in times), cpu=median(cpu for _, cpu in times)) for times in found]


def loops() -> dict[str, tuple[str, str]]:
    """The programs without barriers: kernel and OpenMP."""
    pairs = {"histogram": (CUDA_HISTOGRAM, OPENMP_HISTOGRAM)}
    for name, (parameters, body, condition) in LOOPS.items():
        cuda, openmp = (
            text.replace("PARAMETERS", parameters).replace("BODY", body).replace("CONDITION", condition)
            for text in (CUDA_LOOP, OPENMP_LOOP)
        )
        pairs[name] = (cuda, openmp)
    return pairs


def beside_openmp(rounds: int, repeats: int) -> Iterator[tuple[str, float]]:
    """How much longer a kernel takes than the loop."""
    for name, (cuda, openmp) in loops().items():
        kernel, loop = best([program(cuda, "cuda", repeats), program(openmp, "openmp", repeats)], rounds)
        yield f"{name}_ms", kernel.wall * 1e3
        yield f"{name}_openmp_ms", loop.wall * 1e3
        yield f"{name}_ratio", kernel.wall / loop.wall


def barriers(rounds: int, repeats: int) -> Iterator[tuple[str, float]]:
    """Crossings in a second of one core."""
    gemm, bare = best([program(text, "cuda", repeats) for text in (GEMM, BARRIERS)], rounds)
    yield "gemm_ms", gemm.wall * 1e3
    yield "gemm_crossings_per_core_second", SIZE * SIZE * 2 * (SIZE // TILE) / gemm.cpu
    yield "crossings_per_core_second", 16 * 256 * 1000 / bare.cpu


def checks(rounds: int, repeats: int) -> Iterator[tuple[str, float]]:
    """How much longer a kernel takes under each check."""
    for name, text in {**{name: cuda for name, (cuda, _) in loops().items()}, "gemm": GEMM}.items():
        jobs = [program(text, "cuda", repeats, check=check, size=N >> 2) for check in CUDA_CHECKS]
        plain, *checked = best(jobs, rounds)
        yield from ((f"{name}_{check}_cost", each.cpu / plain.cpu) for check, each in zip(CUDA_CHECKS[1:], checked, strict=True))


def builds(rounds: int) -> Iterator[tuple[str, float]]:
    """Seconds of a build of a program that is new."""
    seconds: dict[Check, list[float]] = {check: [] for check in CUDA_CHECKS}
    for check in CUDA_CHECKS:
        best([program(CUDA_HISTOGRAM, "cuda", 1, check=check, size=1024)])  # the runtime and the headers are there from now on
        for _ in range(max(3, rounds)):
            text = f"// {secrets.token_hex(8)}\n{CUDA_HISTOGRAM}"
            start = time.perf_counter()
            with build(program(text, "cuda", 1, check=check)):
                seconds[check].append(time.perf_counter() - start)
    yield from ((f"build_{check}_s", median(values)) for check, values in seconds.items())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="kernels in each run (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object")
    args = parser.parse_args()
    parts = (
        beside_openmp(args.rounds, args.repeats),
        barriers(args.rounds, args.repeats),
        checks(1, args.repeats),
        builds(args.rounds),
    )
    found: dict[str, float] = {"cores": len(os.sched_getaffinity(0))}
    for name, value in chain(*parts):
        found[name] = value
        if not args.json:
            print(f"{name:32} {value:12.4g}", flush=True)
    if args.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
