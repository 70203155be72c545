"""Host functions that a rule writes for CUDA kernels."""

from __future__ import annotations

import re
import shutil

import pytest

from hpcraft.data.grammar import draw
from hpcraft.data.host_function import completed, with_host
from hpcraft.data.lone_kernel import lone_kernel
from hpcraft.data.target_text import not_parallel
from hpcraft.data.verify import verify
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature
from hpcraft.verification import Candidate

SCALE = "void scale(int n, float a, const float *x, float *y) { for (int i = 0; i < n; i++) y[i] = a * x[i]; }"
KERNEL = """__global__ void scale_kernel(float *y, const float *x, float a, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) y[i] = a * x[i];
}
"""
SIGNATURE = Signature.parse("void scale(int n, float a, const float *x, float *y)")


def launch(code: str) -> str:
    """The geometry of a host function."""
    return " ".join(re.findall(r"dim3 \w+(\(.*\));", code))


def test_a_kernel_becomes_a_whole_program() -> None:
    """Arguments go by name, in the kernel's order; what is only read isn't copied back; everything is freed."""
    code = with_host(KERNEL, SCALE, SIGNATURE)
    assert 'extern "C" void scale(int n, float a, const float *x, float *y) {' in code
    assert "scale_kernel<<<blocks, threads>>>(d_y, d_x, a, n);" in code
    assert code.count("cudaMemcpyHostToDevice") == code.count("cudaFree") == 2
    assert re.findall(r"cudaMemcpy\((\w+), \w+, \w+, cudaMemcpyDeviceToHost", code) == ["y"]
    assert launch(code) == "(256) (n > 0 ? (n + 255) / 256 : 1)"
    assert not not_parallel(code, "cuda", "scale")


def test_a_block_for_each_row_gets_a_block_for_each() -> None:
    """Where a block's number is an index by itself, and its threads stride over the row, there are at least as many blocks as rows."""
    source = "void twice(float *y, int m, int n) { for (int r = 0; r < m; r++) for (int j = 0; j < n; j++) y[r * n + j] *= 2; }"
    kernel = """__global__ void twice_kernel(float *y, int m, int n) {
    int r = blockIdx.x;
    if (r < m) for (int j = threadIdx.x; j < n; j += blockDim.x) y[r * n + j] *= 2;
}
"""
    assert launch(with_host(kernel, source, Signature.parse("void twice(float *y, int m, int n)"))) == "(256) ((m + n) > 0 ? (m + n) : 1)"


def test_names_that_are_taken_are_left_alone() -> None:
    """A kernel under the function's own name gets another one, and locals of the host function no parameter's name."""
    source = SCALE.replace("int n", "int blocks").replace("< n", "< blocks")
    kernel = KERNEL.replace("scale_kernel", "scale").replace("int n", "int blocks").replace("< n", "< blocks")
    code = with_host(kernel, source, Signature.parse("void scale(int blocks, float a, const float *x, float *y)"))
    assert "__global__ void scale_kernel(" in code
    assert "scale_kernel<<<blocks_, threads>>>(d_y, d_x, a, blocks);" in code


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= n) return;", "(256) (n > 0 ? (n + 255) / 256 : 1)"),
        ("int end = n - 1; int i = blockIdx.x * blockDim.x + threadIdx.x; if (i <= end)", "(n - 1)"),
        ("int i; i = blockDim.x * blockIdx.x + threadIdx.x; while (n > i)", "(256) (n > 0 ?"),
        ("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i > 0 && i < n - 1)", "((n - 1) > 0 ?"),
        ("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < 1 || i >= n) return;", "(256) (n > 0 ?"),
        ("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i <= n || i > 2 * n) return;", "(((n + 1) + (2 * n + 1)) > 0 ?"),
        ("int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < 3)", "(256) (1)"),
        (
            "int i = (blockIdx.x + blockIdx.y * gridDim.x) * blockDim.x + threadIdx.x; if (i < n)",
            "(256, 1) (n > 0 ? (n + 255) / 256 : 1, 1)",
        ),
        ("int i = blockIdx.x; if (i < n)", "(1) (n > 0 ? n : 1)"),
        ("int i = threadIdx.x; if (i < n)", "(256) (1)"),
        ("for (int i = 0; i < n; i++)", "(1) (1)"),
        ("int i = n - 1 - (blockIdx.x * blockDim.x + threadIdx.x); if (i >= 0)", "((bytes_x / sizeof(float)) > 0 ?"),
        (
            "int i = blockIdx.y * blockDim.y + threadIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x; if (i < n && j < 2 * n)",
            "(16, 16) ((2 * n)",
        ),
        ("int i = blockIdx.z * blockDim.z + threadIdx.z; if (i < n)", "(1, 1, 4) (1, 1, n > 0 ? (n + 3) / 4 : 1)"),
    ],
)
def test_the_launch_covers_what_the_index_is_compared_with(head: str, expected: str) -> None:
    """Guards, locals and loops in one to three dimensions; a kernel of one thread gets one."""
    source = "void f(int n, float *x) { for (int i = 0; i < n; i++) x[i] = 0; }"
    code = with_host(f"__global__ void k(int n, float *x) {{ {head} {{ x[0] = 0; }} }}", source, Signature.parse("void f(int n, float *x)"))
    assert expected in launch(code)


@pytest.mark.parametrize(
    ("kernel", "source", "reason"),
    [
        (KERNEL + KERNEL.replace("scale_k", "other_k"), SCALE, "2 kernels"),
        ("void nothing(void) {}", SCALE, "0 kernels"),
        (KERNEL.replace("int n", "int n, int m"), SCALE, "parameter m is none"),
        (KERNEL, SCALE.replace("x[i];", "x[(int)x[i]];"), "the length of x isn't known: an index rests on"),
        (KERNEL + "void go(void) { scale_kernel<<<1, 1>>>(0, 0, 0, 0); }", SCALE, "a function of another name"),
        (KERNEL.replace("{\n", "{\n extern __shared__ float t[];\n", 1), SCALE, "shared memory"),
    ],
)
def test_what_no_rule_can_launch_is_refused_and_stays_as_it_is(kernel: str, source: str, reason: str) -> None:
    """The reason is one line; an answer that can't be completed isn't changed."""
    with pytest.raises(InputError, match=re.escape(reason)):
        with_host(kernel, source, SIGNATURE)
    assert completed(kernel, source) == kernel


def test_a_function_that_returns_a_value_is_refused() -> None:
    """A kernel has no value to give back."""
    with pytest.raises(InputError, match="the function returns int"):
        with_host(KERNEL, SCALE.replace("void", "int"), Signature.parse(SIGNATURE.prototype().replace("void", "int", 1)))


def test_an_answer_with_its_host_function_stays_as_it_is() -> None:
    """Only what is missing is written; the last function of the source is the one that is translated."""
    whole = completed(KERNEL, f"static int helper(int a) {{ return a; }}\n{SCALE}")
    assert 'extern "C" void scale(' in whole
    assert completed(whole, SCALE) == whole
    assert completed("no code", "no function") == "no code"


def test_a_kernel_says_restrict_in_words_of_cpp() -> None:
    """An answer takes the head of a function in C over, which has a keyword that CUDA lacks."""
    whole = completed(
        KERNEL.replace("const float *x", "const float *restrict x"), SCALE.replace("const float *x", "const float *restrict x")
    )
    assert "const float *__restrict__ x" in whole
    assert not re.search(r"\brestrict\b", whole)


def test_the_host_function_may_have_another_name() -> None:
    """A task may ask for one, with integers of another width, too; other parameters are nothing that a rule can match."""
    whole = completed(KERNEL, SCALE, "void scale_on_device(int count, float a, const float *in, float *out)")
    assert 'extern "C" void scale_on_device(int n, float a, const float *x, float *y) {' in whole
    assert completed(whole, SCALE, "void scale_on_device(int n, float a, float *x, float *y)") == whole
    assert "void wide(size_t n, float a, const float *x, float *y) {" in completed(
        KERNEL, SCALE, "void wide(size_t c, float b, const float *x, float *y)"
    )
    assert completed(KERNEL, SCALE, "void scale_on_device(float a, int n, const float *x, float *y)") == KERNEL


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_kernels_run_right_under_their_new_host_functions() -> None:
    """Drawn kernels in one to three dimensions, and an empty array, run on the emulation and agree with their sources."""
    candidates = [
        Candidate(
            candidate_id="scale",
            signature=SIGNATURE.prototype(),
            source=SCALE,
            target=with_host(KERNEL, SCALE, SIGNATURE),
            target_model="cuda",
            tests=("0 0.5 [0] [0]", "1 0.5 [1] [1]", "257 2.0 [257] [260]"),
        )
    ]
    wanted = {1, 2, 3}
    for number in range(60):
        made = draw(7, number, targets=("cuda",), any_launch=True)
        alone = lone_kernel(made.targets.get("cuda", ""), made.source)
        dimensions = 1 + ("Idx.y" in (alone or "")) + ("Idx.z" in (alone or ""))
        if alone and "*" in made.source and dimensions in wanted:
            wanted.discard(dimensions)
            target = with_host(alone, made.source, Signature.parse(made.signature))
            candidates.append(
                Candidate(
                    candidate_id=str(number),
                    signature=made.signature,
                    source=made.source,
                    target=target,
                    target_model="cuda",
                    tests=made.tests[:3],
                )
            )
    assert not wanted
    found = list(verify(candidates, num_mutants=0, workers=1))
    assert [(f.candidate_id, f.reason, f.log) for f in found if not f.accepted] == []
