"""Kernels as a translator back to C reads them, and the loops that stand for their launch."""

from __future__ import annotations

import pytest

from hpcraft.data.extents import extents
from hpcraft.data.grammar import draw
from hpcraft.data.lone_kernel import c_head, is_complete, kernel_to_read, wanted_head
from hpcraft.data.sequential_form import sequential_form, with_launch
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

KERNEL = """__device__ float half(float a) { return a / 2; }
__global__ void halve_kernel(float *d_x, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    d_x[i] = half(d_x[i]);
}
"""
HOST = 'extern "C" void halve(float *x, int n) { halve_kernel<<<(n + 255) / 256, 256>>>(x, n); }\n'


def test_a_kernel_is_read_under_the_wanted_name_and_names() -> None:
    """Parameters that are the wanted ones by type get their names; the host function goes, device functions stay."""
    read = kernel_to_read(KERNEL + HOST, "void halve(float *x, int n)")
    assert read is not None
    assert "__global__ void halve(float *x, int n) {" in read
    assert "x[i] = half(x[i]);" in read
    assert "<<<" not in read
    assert is_complete(read, "void halve(float *x, int n)")


@pytest.mark.parametrize(
    ("head", "stays"),
    [
        ("void halve(int n, float *x)", "void halve(float *d_x, int count)"),
        ("void halve(float *i, int n)", "void halve(float *d_x, int count)"),
        ("void halve(float *x)", "void halve(float *d_x, int count)"),
    ],
)
def test_names_stay_where_they_cannot_be_the_wanted_ones(head: str, stays: str) -> None:
    """Another order or number of parameters, or a name that the kernel has for something else."""
    read = kernel_to_read(KERNEL, head)
    assert read is not None
    assert stays in read
    assert not is_complete(read, head)


def test_what_means_nothing_alone_is_not_read() -> None:
    """Two kernels, and a host function that does part of the work."""
    assert kernel_to_read(KERNEL + KERNEL.replace("halve_kernel", "other"), "void halve(float *x, int n)") is None
    assert kernel_to_read(KERNEL + HOST.replace("{ halve", "{ if (n > 3) x[0] = 1; halve"), "void halve(float *x, int n)") is None
    assert kernel_to_read("void f(int n) {}", "void f(int n)") is None


def test_the_wanted_head_is_that_of_the_host_function_else_of_the_kernel() -> None:
    """Where nobody names one; code without a function has none."""
    assert wanted_head(KERNEL + HOST) == "void halve(float *x, int n)"
    assert wanted_head(KERNEL.replace("*d_x", "*__restrict__ d_x")) == "void halve_kernel(float *restrict d_x, int count)"
    with pytest.raises(InputError, match="no kernel"):
        wanted_head("int x;")


def test_a_launch_is_told_from_the_loops_of_a_kernel() -> None:
    """Guards bound the counters, arrays are as long as the indices say, and the host function covers them."""
    head = "void halve_kernel(float *d_x, int count)"
    loops = sequential_form(KERNEL, head)
    assert "for (int hpcraft_at_x = 0; hpcraft_at_x < count; hpcraft_at_x++)" in loops
    assert "Idx" not in loops
    assert extents(loops, Signature.parse(head))["d_x"].length({"count": 7}) == 7
    whole = with_launch(KERNEL, loops, head)
    assert 'extern "C" void halve_kernel(float *d_x, int count) {' in whole
    assert "halve_kernel_kernel<<<blocks, threads>>>(d_d_x, count);" in whole


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("if (i >= count) return;", "", "bounds its index along x"),
        ("if (i >= count) return;", "__shared__ float s[4]; if (i >= count) return;", "work together"),
        ("int i = blockIdx.x * blockDim.x + threadIdx.x;", "int i = threadIdx.x + 3 * blockIdx.x;", "no rule knows"),
    ],
)
def test_kernels_without_a_rule_are_told(old: str, new: str, words: str) -> None:
    """No bound, shared memory, an index of its own kind."""
    with pytest.raises(InputError, match=words):
        sequential_form(KERNEL.replace(old, new), "void halve_kernel(float *d_x, int count)")


def test_drawn_kernels_tell_the_lengths_that_their_functions_tell() -> None:
    """Of most drawn kernels, under their own launch and any, the loops say of every array what the sequential function says."""
    same = other = 0
    for number in range(40):
        for any_launch in (False, True):
            made = draw(5, number, num_tests=3, targets=("cuda",), any_launch=any_launch)
            head = c_head(made.source)
            try:
                loops = sequential_form(made.targets["cuda"], head)
            except InputError:
                continue
            signature = Signature.parse(head)
            told = [{name: e.expression for name, e in extents(text, signature).items()} for text in (made.source, loops)]
            same, other = same + (told[0] == told[1]), other + (told[0] != told[1])
    assert same > 2 * other
    assert same > 30
