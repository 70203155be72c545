"""CUDA kernels that are right under any launch, and kernels without their host function."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from hpcraft.data.grammar import draw
from hpcraft.data.lone_kernel import lone_kernel
from hpcraft.data.verify import verify
from hpcraft.verification import Candidate

_LAUNCHES = {1: ("2, 1", "3, 32"), 2: ("1, dim3(1, 2)", "dim3(2, 3), dim3(5, 4)"), 3: ("1, dim3(1, 1, 2)", "dim3(2, 1, 3), dim3(3, 2, 2)")}
"""Number of dimensions to launches that fit no size; a lone thread would share nothing."""
_LAUNCH = re.compile(r"<<<.*?>>>")


def _dimensions(code: str) -> int:
    return 3 if "blockIdx.z" in code else 2 if "blockIdx.y" in code else 1


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_kernel_for_any_launch_is_right_under_launches_of_few_threads() -> None:
    """Strided loops do the whole work with two threads and with grids that fit no size, without a race."""
    candidates = []
    for number in range(40):
        made = draw(11, number, targets=("cuda",), any_launch=True)
        if "__shared__" in made.targets["cuda"]:
            continue  # a reduction that is one block's
        base = Candidate(
            candidate_id=str(number), signature=made.signature, source=made.source, target="", target_model="cuda", tests=made.tests
        )
        for launch in _LAUNCHES[_dimensions(made.targets["cuda"])]:
            target = _LAUNCH.sub(f"<<<{launch}>>>", made.targets["cuda"])
            candidates.append(replace(base, candidate_id=f"{number}/{launch}", target=target))
    assert len(candidates) > 50
    found = list(verify(candidates, num_mutants=0, batch_size=48))
    assert [(f.candidate_id, f.reason) for f in found if f.reason] == []


def test_a_drawn_kernel_for_its_own_launch_stays_as_it_was() -> None:
    """What any launch needs changes no other draw: the stream of kernels is the same source for source."""
    for number in range(60):
        own, any_launch = draw(3, number, targets=("cuda",)), draw(3, number, targets=("cuda",), any_launch=True)
        assert (own.source, own.tests, own.family) == (any_launch.source, any_launch.tests, any_launch.family)


def test_a_kernel_stands_alone_with_its_device_functions() -> None:
    """The host function goes, helpers stay."""
    code = """__device__ float half(float a) { return a / 2; }
__global__ void halve_kernel(int n, float *x) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = half(x[i]);
}
extern "C" void halve(int n, float *x) { halve_kernel<<<(n + 255) / 256, 256>>>(n, x); }
"""
    alone = lone_kernel(code, "float half(float a) { return a / 2; }\nvoid halve(int n, float *x) { x[0] = 1; }")
    assert alone is not None
    assert "half(float a)" in alone
    assert "extern" not in alone
    assert "<<<" not in alone


def test_a_kernel_that_needs_its_host_function_does_not_stand_alone() -> None:
    """Two kernels, a place for a result that the function lacks, and no kernel at all."""
    source = "void f(int n, float *x) { x[0] = 1; }"
    one = "__global__ void a(int n, float *x) { x[blockIdx.x] = 0; }\n"
    assert lone_kernel(one, source) == one.replace("void a(", "void f(")
    assert lone_kernel(one + one.replace("void a", "void b"), source) is None
    assert lone_kernel(one.replace("float *x", "float *x, float *result"), source) is None
    assert lone_kernel(source, source) is None


def test_a_kernel_takes_the_head_of_the_function() -> None:
    """Its name and all parameters in their order, also those that only the host looked at."""
    kernel = "__global__ void scale_kernel(float *x, int n) { for (int i = 0; i < n; i++) x[i] = 0; }\n"
    alone = lone_kernel(kernel, "static void scale(const int flag, int n, float *x) { x[0] = 1; }")
    assert alone == "__global__ void scale(const int flag, int n, float *x) { for (int i = 0; i < n; i++) x[i] = 0; }\n"


@pytest.mark.parametrize(
    "statement", ["if (a > 0.5f) k<<<1, 256>>>(n, a, x);", "for (int t = 0; t < 3; t++) k<<<1, 256>>>(n, a, x);", "x[0] = a;"]
)
def test_a_kernel_whose_host_function_decides_does_not_stand_alone(statement: str) -> None:
    """A condition or a loop around the launch, and a value that the host writes, are part of the work."""
    kernel = "__global__ void k(int n, float a, float *x) { if (threadIdx.x < n) x[threadIdx.x] *= a; }\n"
    source = "void f(int n, float a, float *x) { x[0] = 1; }"
    host = 'extern "C" void f(int n, float a, float *x) {{ float *d; cudaMalloc(&d, n * 4); {} cudaFree(d); }}\n'
    assert lone_kernel(kernel + host.format("k<<<1, 256>>>(n, a, d);"), source) is not None
    assert lone_kernel(kernel + host.format(statement), source) is None
