"""Both sides of a translation, as far as a rule says them: heads, and what has no place in C."""

from __future__ import annotations

from hpcraft.tokenizer.sides import as_function, as_kernel, entry_of

KERNEL = [
    "#include <cuda_runtime.h>",
    "#include <math.h>",
    "__device__ float f1(float v0){",
    "return sqrtf(v0);",
    "}",
    "__global__ void f0(float*v1){",
    "v1[0]=f1(v1[1]);",
    "}",
]
HOST = ['extern "C"', "void f2(float*v1){", "f0<<<1,1>>>(v1);", "}"]


def test_the_head_of_the_last_function_becomes_a_kernels() -> None:
    """Loops and conditions aren't heads; without a function nothing is."""
    lines = ["void f1(int v0){", "}", "void f0(int v0){", "for(int v1=0;v1<f1(v0);v1++){", "}", "}"]
    assert entry_of(lines) == 2
    assert as_kernel(lines)[2] == "__global__ void f0(int v0){"
    assert entry_of(["int v0;"]) is None
    assert as_kernel(["int v0;"]) == ["int v0;"]


def test_a_kernel_takes_the_head_that_is_wanted() -> None:
    """What CUDA alone includes and the host function have no line; device functions are static; the kernel's own lines keep their places."""
    lines = as_function(["void f2(float*v1){", *KERNEL, *HOST])
    assert lines is not None
    assert len(lines) == 1 + len(KERNEL) + len(HOST)
    assert [line for line in lines if line] == [
        "#include <math.h>",
        "static float f1(float v0){",
        "return sqrtf(v0);",
        "}",
        "void f2(float*v1){",
        "v1[0]=f1(v1[1]);",
        "}",
    ]
    assert lines[6] == "void f2(float*v1){"


def test_mathematics_needs_its_header() -> None:
    """Which CUDA needn't include; code without a call of it gets none."""
    assert (as_function(["void f2(float*v1){", *KERNEL[2:]]) or [""])[0] == "#include <math.h>"
    assert (as_function(["void f2(float*v1){", "__global__ void f0(float*v1){", "v1[0]=1;", "}"]) or [""])[0] is None


def test_without_a_kernel_there_is_no_function() -> None:
    """Nor when the kernel has no body of its own, but lines that end are no harm."""
    assert as_function(["void f2(float*v1){", *HOST]) is None
    assert as_function(["void f2(float*v1){", "__global__ void f0(float*v1){", "v1[0]=1;"]) == [None, "void f2(float*v1){", "v1[0]=1;"]
