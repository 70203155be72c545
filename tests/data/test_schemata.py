"""A schema does what its original does, and with a number what the faulty version of that number does; its marks tell what ran."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import numpy as np
import pytest

from hpcraft.data.programs import Call, Piece, build
from hpcraft.data.schemata import Schema, covered, schema
from hpcraft.sandbox.abi import Argument, CallResult, Signature, parse_test
from hpcraft.sandbox.outcome import CudaLevel, Model

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

WINDING = """#include <math.h>

static int half(int v) { return v / 2; }

int wind(int n, const double *x, double *y) {
    static const int shift = 3;
    const int width[2] = {1, 2};
    int hits = 0, i = 0;
    for (i = 0; i < n; i++)
        if (x[i] > 1.0)
            y[i] = x[i] * 2.0 - 1.0;
        else if (x[i] < 0)
            y[i] = fabs(x[i]) + y[i ^ 1];
        else
            hits += half(i + shift);
    switch (n % 3) {
        case 0: hits = hits + 1; break;
        case 1:
            hits += width[1];
            /* falls through */
        default: hits -= 2;
    }
    do { hits++; } while (hits < 0);
    if (n > 1000) return -1;
    return hits;
}
"""
REDUCED = """double total(int n, const double *x, double *y) {
    double s = 0.0;
    int most = 0;
#pragma omp parallel for reduction(+:s) collapse(2)
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= 2; j++) {
            s += x[i] * (j + 1);
            if (j > 1 && x[i] > 0) y[i] = s - s + x[i];
#pragma omp atomic
            most += j;
        }
    return s + most;
}
"""
DEVICE = """__device__ double twice(double v) { return v * 2.0; }
__global__ void k(int n, const double *x, double *y) {
    __shared__ double tile[64];
    const int width = 64;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    tile[threadIdx.x] = i < n ? x[i] : 0.0;
    __syncthreads();
    if (i < n) y[i] = twice(tile[threadIdx.x ^ 1]) + width;
}
extern "C" void tiles(int n, const double *x, double *y) {
    double *dx, *dy;
    cudaMalloc(&dx, n * sizeof(double));
    cudaMalloc(&dy, n * sizeof(double));
    cudaMemcpy(dx, x, n * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, n * sizeof(double), cudaMemcpyHostToDevice);
    k<<<(n + 63) / 64, 64>>>(n, dx, dy);
    cudaMemcpy(y, dy, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
}
"""


@needs_bwrap
@pytest.mark.parametrize(
    ("source", "model", "level"), [(WINDING, "serial", "auto"), (REDUCED, "openmp", "auto"), (DEVICE, "cuda", "emulate")]
)
def test_a_number_is_the_faulty_version_of_that_number(source: str, model: Model, level: CudaLevel) -> None:
    """Every fault of a schema gives what its own program gives, and 0 what the original gives; none is lost to the compiler."""
    signature = Signature.parse(
        next(line for line in source.splitlines() if "(int n, const double" in line and "__" not in line)[:-1].replace('extern "C"', "")
    )
    made = schema(source, signature, language="cuda" if model == "cuda" else "c", count=60, seed=3)
    assert made is not None
    assert len(made.mutants) >= 12
    pieces = [Piece(signature=made.signature, code=made.code), *(Piece(signature=signature, code=code) for code in (source, *made.mutants))]
    arguments = parse_test(signature, "40 [96] [96]").arguments(5)
    more: list[Argument] = [*arguments]
    calls = [Call(piece=0, arguments=[*more, number, np.zeros(1, np.uint8)]) for number in range(len(made.mutants) + 1)]
    calls += [Call(piece=piece, arguments=arguments) for piece in range(1, len(pieces))]
    with build(pieces, model=model, flags=("-O0", "-w"), cuda=level) as program:
        assert 0 not in program.refused, program.refused.get(0)
        results = program.call(calls, threads=1, seconds=1)
        compared = 0
        for number in range(len(made.mutants) + 1):
            if number + 1 in program.refused:
                continue
            inside, alone = results[number], results[len(made.mutants) + 1 + number]
            assert inside.crashed == alone.crashed, made.mutants[number - 1]
            if not inside.fault and not alone.fault:
                assert _values(inside, strip=True) == _values(alone, strip=False), made.mutants[number - 1]
                compared += 1
    assert compared > len(made.mutants) // 2


def _values(result: CallResult, *, strip: bool) -> tuple[object, list[bytes]]:
    arrays = result.arrays[:-1] if strip else result.arrays
    return result.value, [a.tobytes() for a in arrays]


@needs_bwrap
def test_marks_tell_the_lines_that_ran() -> None:
    """With two inputs together every line but one is run; the one that a test can't reach is named by its number."""
    signature = Signature.parse("int wind(int n, const double *x, double *y)")
    made = schema(WINDING, signature, count=0, marks=True)
    assert made is not None
    seen = _marks(made, signature, ["3 [3] [3]", "97 [97] [97]"])
    unreached = next(number for number, line in enumerate(WINDING.splitlines(), 1) if "return -1" in line)
    assert {line for line, mark in zip(made.lines, seen, strict=True) if not mark} <= {unreached}
    assert covered(made.lines, seen) < 1.0  # `if` and its statement stand on one line, which counts only whole
    assert covered(made.lines, [1] * len(made.lines)) == 1.0
    assert covered((), ()) == 1.0
    assert covered((4, 4, 7, 9), (1, 0, 1, 1)) == pytest.approx(2 / 3)


def _marks(made: Schema, signature: Signature, tests: Sequence[str]) -> list[int]:
    with build([Piece(signature=made.signature, code=made.code)], flags=("-O0", "-w")) as program:
        assert not program.refused
        calls = [Call(piece=0, arguments=[*parse_test(signature, t).arguments(1), 0, np.zeros(made.num_marks, np.uint8)]) for t in tests]
        found = program.call(calls)
    return [int(mark) for mark in np.maximum.reduce([found[i].arrays[-1] for i in range(len(tests))])]


def test_what_must_be_constant_or_atomic_is_left_alone() -> None:
    """Sizes, labels, constants and statements under an atomic directive hold no choice."""
    signature = Signature.parse("double total(int n, const double *x, double *y)")
    for seed in range(4):
        made = schema(REDUCED, signature, count=60, seed=seed)
        assert made is not None
        assert "            most += j;" in made.code
    wind = schema(WINDING, Signature.parse("int wind(int n, const double *x, double *y)"), count=99)
    assert wind is not None
    for kept in ("static const int shift = 3;", "width[2] = {1, 2};", "case 0:", "case 1:"):
        assert kept in wind.code


def test_a_text_without_functions_has_no_schema() -> None:
    """There is nothing to make faults in."""
    assert schema("int n = 3;\n", Signature.parse("void f(int n)"), count=3) is None


@needs_bwrap
@pytest.mark.parametrize("between", ["", "{ /* rows */"])
def test_nests_that_are_one_loop_stay_perfect(between: str) -> None:
    """Nothing may stand between the loops of ``collapse``; what they hold is marked all the same."""
    source = REDUCED.replace("i++)\n", f"i++) {between}\n").replace(
        "        }\n    return", f"        }}{'}' if between else ''}\n    return"
    )
    signature = Signature.parse("double total(int n, const double *x, double *y)")
    made = schema(source, signature, count=0, marks=True)
    assert made is not None
    with build([Piece(signature=made.signature, code=made.code)], model="openmp", flags=("-O0", "-w")) as program:
        assert not program.refused
    inner = next(number for number, line in enumerate(source.splitlines(), 1) if "int j = 0" in line)
    assert inner not in made.lines
    assert inner + 1 in made.lines
