"""Kernels on the processor, through the sandbox: what they compute, what a device refuses, and faults that are named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run

Emulate = Callable[..., Outcome]


@pytest.fixture
def emulate(need) -> Emulate:
    """Build and run the text of a CUDA file at the level ``emulate``."""
    need("bwrap", "g++")

    def ask(text: str, *, wall_seconds: float = 20.0, **files: str) -> Outcome:
        sources = {"x.cu": text} | {name.replace("_", "."): content for name, content in files.items()}
        limits = Limits(wall_seconds=wall_seconds, memory_mb=1024)
        packed = {name: content.encode() for name, content in sources.items()}
        return run(Job(files=packed, language="cpp", model="cuda", cuda="emulate", run=Run(limits=limits)))

    return ask


def _main(body: str) -> str:
    return f"#include <cstdio>\nint main() {{ {body} cudaDeviceSynchronize(); std::puts(cudaGetErrorString(cudaGetLastError())); }}\n"


def test_a_program_runs_and_says_its_level(emulate):
    """Kernel, barrier, shuffle and atomics give the sum, and the outcome names the level."""
    outcome = emulate(
        "__global__ void sum(const int *x, int *y) { __shared__ int s[96]; int t = threadIdx.x; s[t] = x[t]; __syncthreads();\n"
        "  int v = s[95 - t]; for (int o = 16; o; o /= 2) v += __shfl_down_sync(~0u, v, o); if (t % 32 == 0) atomicAdd(y, v); }\n"
        + _main(
            "int h[96], *x, *y, r; for (int i = 0; i < 96; ++i) h[i] = i; cudaMalloc(&x, sizeof h); cudaMalloc(&y, 4); cudaMemset(y, 0, 4);"
            'cudaMemcpy(x, h, sizeof h, cudaMemcpyHostToDevice); sum<<<1, 96>>>(x, y); cudaMemcpy(&r, y, 4, cudaMemcpyDeviceToHost); std::printf("%d ", r);'
        )
    )
    assert (outcome.verdict, outcome.cuda_level, outcome.stdout) == (Verdict.OK, "emulate", "4560 no error\n")


def test_several_sources_and_headers_are_one_program(emulate):
    """A kernel in one file, its launcher's declaration in a header, and main in C++."""
    outcome = emulate(
        '#include "k.h"\n__global__ void k(int *p) { *p = twice(21); }\nint ask() { int *p, r; cudaMalloc(&p, 4); k<<<1, 1>>>(p);\n'
        "cudaMemcpy(&r, p, 4, cudaMemcpyDeviceToHost); cudaFree(p); return r; }\n",
        k_h="#pragma once\n#include <cuda_runtime.h>\n__host__ __device__ inline int twice(int x) { return 2 * x; }\nint ask();\n",
        main_cpp='#include <cstdio>\n#include "k.h"\nint main() { std::printf("%d", ask()); }\n',
    )
    assert outcome.stdout == "42", outcome


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        ("k<<<1, 2048>>>();", "invalid configuration argument"),
        ("k<<<0, 1>>>();", "invalid configuration argument"),
        ("k<<<1, dim3(1, 1, 65)>>>();", "invalid configuration argument"),
        ("k<<<1, 1, 49 << 10>>>();", "invalid argument"),
        ("k<<<dim3(1, 65536), 1>>>();", "invalid configuration argument"),
        ("char *p; cudaMalloc(&p, size_t{100} << 30);", "out of memory"),
        ("char *p, h[8]; cudaMalloc(&p, 4); cudaMemcpy(p, h, 8, cudaMemcpyHostToDevice);", "invalid argument"),
        ("char *p; cudaMalloc(&p, 4); cudaFree(p + 1);", "invalid argument"),
        ("cudaSetDevice(1);", "invalid device ordinal"),
        ("void *v[] = {nullptr}; cudaLaunchCooperativeKernel((void *)k, 100000, 1024, v);", "too many blocks in cooperative launch"),
    ],
)
def test_what_a_device_refuses_is_refused(emulate, launch, words):
    """The error is the device's, and nothing runs."""
    outcome = emulate('#include <cstdio>\n__global__ void k() { printf("ran\\n"); }\n' + _main(launch))
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, f"{words}\n")


_ALLOCATED = "int *p; cudaMalloc(&p, 64); "


@pytest.mark.parametrize(
    ("kernel", "host", "facts"),
    [
        ("p[threadIdx.x] = 1;", f"{_ALLOCATED} k<<<2, 17>>>(p);", "kind=out_of_bounds kernel=k file=x.cu line=2 block=0,0,0 thread=16,0,0"),
        ("p[0] = 1;", f"{_ALLOCATED} cudaFree(p); k<<<1, 1>>>(p);", "kind=use_after_free kernel=k file=x.cu line=2"),
        ("", f"{_ALLOCATED} p[3] = 1;", "kind=host_access file=x.cu line=5"),
        (
            "if (threadIdx.x < 8) __syncthreads();\n else __syncthreads();",
            "k<<<1, 16>>>(nullptr);",
            "kind=divergent_barrier kernel=k file=x.cu line=3",
        ),
        (
            "if (threadIdx.x) __syncwarp(3); else __syncthreads();",
            "k<<<1, 3>>>(nullptr);",
            "kind=divergent_barrier kernel=k file=x.cu line=2",
        ),
        (
            "if (threadIdx.x < 2) __shfl_sync(~0u, 1, 0); else __syncthreads();",
            "k<<<1, 32>>>(nullptr);",
            "kind=deadlock kernel=k file=x.cu line=2",
        ),
        ("assert(threadIdx.x != 3);", "k<<<1, 8>>>(nullptr);", "kind=assert kernel=k file=x.cu line=2 block=0,0,0 thread=3,0,0"),
        ("p[0] = p[2] / p[1];", f"{_ALLOCATED} cudaMemset(p, 0, 64); k<<<1, 1>>>(p);", "kind=division_by_zero kernel=k file=x.cu line=2"),
        (
            "volatile char big[4000000]; big[0] = 1; big[3999999] = big[0];",
            "k<<<1, 1>>>(nullptr);",
            "kind=stack_overflow kernel=k file=x.cu line=2",
        ),
        ("*p = 1;", "k<<<1, 1>>>(nullptr);", "kind=out_of_bounds kernel=k file=x.cu line=2"),
    ],
)
def test_faults_are_named(emulate, kernel, host, facts):
    """What no device allows ends the program with the kind, the kernel, the line, the block and the thread."""
    outcome = emulate(f"#include <cassert>\n__global__ void k(int *p) {{ {kernel} }}\n" + _main(f"\n{host}"))
    assert outcome.verdict is Verdict.RUNTIME_ERROR
    assert facts in outcome.message, outcome


def test_recursion_without_end_overflows_no_memory(emulate):
    """The stack of a device thread ends at a guard, which is named."""
    outcome = emulate(
        "__device__ __noinline__ int f(int n) { volatile int a[16]; a[0] = n; return n < 0 ? 0 : f(n + 1) + a[0]; }\n"
        "__global__ void k(int *p) { *p = f(0); }\n" + _main("int *p; cudaMallocManaged(&p, 4); k<<<1, 64>>>(p);")
    )
    assert "kind=stack_overflow kernel=k" in outcome.message, outcome


def test_a_kernel_without_end_meets_the_time_limit(emulate):
    """It is the sandbox that ends it."""
    outcome = emulate(
        "__global__ void k(volatile int *p) { while (!*p) {} }\n" + _main("int *p; cudaMallocManaged(&p, 4); k<<<1, 1>>>(p);"),
        wall_seconds=2,
    )
    assert outcome.verdict is Verdict.TIME_LIMIT


def test_what_cannot_be_emulated_is_unsupported(emulate):
    """The construct and its line are named, and nothing is built."""
    outcome = emulate('__global__ void k() {\n asm("exit;");\n}\nint main() { k<<<1, 1>>>(); }\n')
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert outcome.message.startswith("x.cu:2: inline assembly")


def test_a_mistake_is_the_compilers_to_tell(emulate):
    """With the line of the source."""
    outcome = emulate("__global__ void k(int *p) {\n  \n  *p = a;\n}\nint main() {\n  k<<<1, 1>>>(nullptr);\n}\n")
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert "x.cu:3" in outcome.message, outcome.message


def test_blocks_that_wait_for_earlier_ones_go_on(emulate):
    """A chain through global memory ends, whatever the number of cores, also when a block waits for a later one."""
    outcome = emulate(
        "__device__ int turn;\n__global__ void k(int n, bool back) { int own = back ? n - 1 - blockIdx.x : blockIdx.x;\n"
        "  if (threadIdx.x == 0) { while (atomicAdd(&turn, 0) != own) {} atomicAdd(&turn, 1); } }\n"
        + _main(
            "int r, zero = 0; for (int b = 0; b < 2; ++b) { cudaMemcpyToSymbol(turn, &zero, 4); k<<<200, 64>>>(200, b);"
            'cudaMemcpyFromSymbol(&r, turn, 4); std::printf("%d ", r); }'
        )
    )
    assert outcome.stdout == "200 200 no error\n", outcome


def test_a_source_that_another_includes_is_part_of_it(emulate):
    """It is not compiled a second time, by itself."""
    outcome = emulate(
        '#include <cstdio>\n#include "k.cu"\nint main() { k<<<1, 1>>>(); }\n',
        k_cu='__global__ void k() { printf("once"); }\nint defined_once;\n',
    )
    assert outcome.stdout == "once", outcome


@pytest.mark.parametrize(
    ("text", "verdict", "words"),
    [
        ("", Verdict.COMPILE_ERROR, "main"),
        ("// nothing\n", Verdict.COMPILE_ERROR, "main"),
        ("\x7fELF\x02\x01\x00\xfe", Verdict.COMPILE_ERROR, "x.cu:1"),
        ("program hello\nend program\n", Verdict.COMPILE_ERROR, "x.cu:1"),
        ("__global__ void k() {}\n", Verdict.COMPILE_ERROR, "undefined reference to `main'"),
        ("__global__ void k(int *p) {\n  __shared__ int s[32;\n}\nint main() {}\n", Verdict.COMPILE_ERROR, "x.cu:2"),
        ("__global__ void k(int *p) { *p = 1; }\nint main() {\n  k<<<1, 1>>(nullptr);\n}\n", Verdict.COMPILE_ERROR, "x.cu:3"),
        ("int main() {\n  nothing<<<1, 1>>>();\n}\n", Verdict.COMPILE_ERROR, "x.cu:2"),
        ("__global__ void k() { {\n}\nint main() { k<<<1, 1>>>(); }\n", Verdict.COMPILE_ERROR, "x.cu:3"),
        ('#include <cstdio>\nint main() { std::puts("host"); }\n', Verdict.OK, ""),
        ('#include <stdexcept>\nint main() { throw std::runtime_error("no"); }\n', Verdict.SIGNALED, "SIGABRT"),
        ("#include <cstdlib>\n__global__ void k() {}\nint main() { k<<<1, 1>>>(); std::exit(7); }\n", Verdict.RUNTIME_ERROR, "exit code 7"),
    ],
)
def test_bad_input_gets_the_verdict_of_any_program(emulate, text, verdict, words):
    """What is empty, no CUDA, or broken is the compiler's to refuse, with the line; host code ends as it does elsewhere."""
    outcome = emulate(text)
    assert (outcome.verdict, words in outcome.message) == (verdict, True), outcome


def test_two_mains_are_told(emulate):
    """The linker's words are quoted where they say what is wrong."""
    outcome = emulate("int main() {}\n", y_cu="int main() {}\n")
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert "multiple definition of `main'" in outcome.message, outcome.message


def test_deep_recursion_and_many_blocks_are_fine(emulate):
    """A thousand calls deep, and a million blocks."""
    outcome = emulate(
        "__device__ int sum(int n) { return n ? n + sum(n - 1) : 0; }\n__global__ void deep(int *p) { *p = sum(1000); }\n"
        "__global__ void wide(int *p) { if (blockIdx.x == 999999) *p += 1; }\n"
        + _main(
            "int *p, r; cudaMalloc(&p, 4); deep<<<1, 1>>>(p); wide<<<1000000, 1>>>(p); cudaMemcpy(&r, p, 4, cudaMemcpyDeviceToHost);"
            'std::printf("%d ", r);'
        )
    )
    assert outcome.stdout == "500501 no error\n", outcome


def test_kernels_launch_kernels(emulate):
    """Grids below grids, on streams of their own; what the launching thread had stays as it was."""
    outcome = emulate(
        "__global__ void leaf(int *p) { __shared__ int s[64]; s[threadIdx.x] = threadIdx.x; __syncthreads(); if (!threadIdx.x) p[blockIdx.x] = s[63]; }\n"
        "__global__ void tree(int *n, int depth) { atomicAdd(n, 1); if (depth) { cudaStream_t s; cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);\n"
        "  tree<<<1, 2, 0, s>>>(n, depth - 1); cudaStreamDestroy(s); } }\n"
        "__global__ void parent(int *p, int *bad) { __shared__ int k; if (!threadIdx.x) k = 5; __syncthreads(); int t = threadIdx.x;\n"
        "  leaf<<<2, 64>>>(p + 2 * t); __syncthreads(); if (t != threadIdx.x || k != 5 || blockDim.x != 32 || gridDim.x != 1) atomicAdd(bad, 1); }\n"
        + _main(
            "int *p; cudaMallocManaged(&p, 66 * 4); for (int i = 0; i < 66; ++i) p[i] = 0; parent<<<1, 32>>>(p, p + 64); tree<<<1, 2>>>(p + 65, 4);"
            'cudaDeviceSynchronize(); int sum = 0; for (int i = 0; i < 64; ++i) sum += p[i]; std::printf("%d %d %d ", sum, p[64], p[65]);'
        )
    )
    assert outcome.stdout == f"{64 * 63} 0 62 no error\n", outcome


def test_a_launch_comes_after_what_its_warp_wrote(emulate):
    """The lane that launches doesn't run ahead of the others of its warp, which on a device go with it."""
    outcome = emulate(
        "__global__ void child(const int *p, int *sum) { atomicAdd(sum, p[threadIdx.x]); }\n"
        "__global__ void parent(int *p, int *sum) { p[threadIdx.x] = 1; if (threadIdx.x == 0) child<<<1, 32>>>(p, sum); }\n"
        + _main(
            'int *p; cudaMallocManaged(&p, 132); for (int i = 0; i < 33; ++i) p[i] = 0; parent<<<1, 32>>>(p, p + 32); std::printf("%d ", p[32]);'
        )
    )
    assert outcome.stdout == "32 no error\n", outcome


def test_lanes_of_old_kernels_exchange_through_volatile_memory(emulate):
    """Without anything between their statements: a sum and a scan of a warp, as before CUDA 9."""
    outcome = emulate(
        "template <class T> __device__ void last(volatile T *s, int t) { s[t] += s[t + 16]; s[t] += s[t + 8]; s[t] += s[t + 4]; s[t] += s[t + 2]; s[t] += s[t + 1]; }\n"
        "__global__ void k(int *sum, int *scan) { __shared__ int s[48]; volatile __shared__ int q[32]; int t = threadIdx.x; s[t] = t; s[t / 2 + 32] = 0; q[t] = t;\n"
        "  last(s, t); if (t >= 1) q[t] += q[t - 1]; if (t >= 2) q[t] += q[t - 2]; if (t >= 4) q[t] = q[t] + q[t - 4]; if (t >= 8) q[t] += q[t - 8];\n"
        "  if (t >= 16) q[t] += q[t - 16]; if (!t) *sum = s[0]; scan[t] = q[t]; }\n"
        + _main(
            "int *p, bad = 0; cudaMallocManaged(&p, 33 * 4); k<<<1, 32>>>(p + 32, p); cudaDeviceSynchronize();"
            'for (int i = 0; i < 32; ++i) bad += p[i] != i * (i + 1) / 2; std::printf("%d %d ", bad, p[32]);'
        )
    )
    assert outcome.stdout == "0 496 no error\n", outcome


def test_refusals_hold_only_for_what_is_compiled(emulate):
    """A library that a condition leaves out keeps no program out; the same with the condition met is named with its line."""
    text = "#ifdef WITH_LIBRARY\n#include <cublas_v2.h>\n#endif\n" + _main("")
    assert emulate(text).stdout == "no error\n"
    outcome = emulate("#define WITH_LIBRARY\n" + text)
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert outcome.message.startswith("x.cu:3: the library of <cublas_v2.h> cannot be emulated"), outcome.message


def test_what_a_review_found_stays_mended(emulate):
    """An index that does something is evaluated once, `and` ends the operand of a shift, a field of bits can be shifted, a loop has any body."""
    outcome = emulate(
        "struct Bits { unsigned low : 4, high : 4; };\n"
        "static double max(const double *p, int n) { return p[n - 1]; }\n"
        "__global__ void k(volatile int *q, int *tail, int *o, Bits *b) {\n"
        "  q[atomicAdd(tail, 1)] = threadIdx.x;\n  if (threadIdx.x) return;\n"
        "  o[0] = q[0] + q[1] >= 0; o[1] = (1 << o[0] and 4) == 1; b->low <<= o[0]; o[2] = max(3, 7);\n"
        "  int n = 0; do for (int i = 0; i < 2; ++i) { ++n; } while (n < 5);\n  o[3] = n;\n}\n"
        + _main(
            "int *q, *t, *o; Bits *b; cudaMallocManaged(&q, 512); cudaMallocManaged(&t, 4); cudaMallocManaged(&o, 16); cudaMallocManaged(&b, sizeof *b);"
            "*t = 0; b->low = 3; k<<<1, 64>>>(q, t, o, b); cudaDeviceSynchronize(); double d[1] = {2};"
            'std::printf("%d %d %d %d %d %d %g ", *t, o[0], o[1], b->low, o[2], o[3], max(d, 1));'
        )
    )
    assert outcome.stdout.startswith("64 1 1 6 7 6 2 "), outcome


def test_a_function_of_the_device_in_another_file_is_no_function_of_the_host(emulate):
    """Headers have their own `rand`."""
    outcome = emulate(
        '#include "rng.cuh"\n__global__ void k(unsigned *p) { *p = rand(*p); }\n'
        + _main('unsigned *p; cudaMallocManaged(&p, 4); *p = 1; k<<<1, 1>>>(p); cudaDeviceSynchronize(); std::printf("%u ", *p);'),
        rng_cuh="__device__ inline unsigned rand(unsigned s) { return s * 3; }\n",
    )
    assert outcome.stdout.startswith("3 "), outcome


def test_saturating_assembly_is_refused(emulate):
    """What is dropped silently would be a wrong answer."""
    text = '__global__ void k(float *p) { asm("add.sat.f32 %0, %1, %2;" : "=f"(p[0]) : "f"(p[1]), "f"(p[2])); }\nint main() {}\n'
    assert emulate(text).verdict is Verdict.UNSUPPORTED


def test_a_text_that_takes_for_ever_to_read_is_refused(emulate, monkeypatch):
    """Translation happens outside of any box: it has a bound of its own."""
    monkeypatch.setattr("hpcraft.sandbox.cuda.program._SECONDS", 2.0)
    outcome = emulate("__global__ void k() { " + "(" * 60000 + "]" * 60000)
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert "to read" in outcome.message, outcome
