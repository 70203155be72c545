"""Mutants differ from their source, parse, and are few enough."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpcraft.eval
from hpcraft.data.grammar import draw
from hpcraft.data.mutants import Mutant, faulty_versions, mutants
from hpcraft.data.trees import parse
from hpcraft.sandbox.abi import Signature


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, 10_000), count=st.integers(1, 12), seed=st.integers(0, 5))
def test_mutants_differ_and_parse(number: int, count: int, seed: int) -> None:
    """Every mutant of a drawn kernel is another text than the source and the other mutants, parses, and comes again for the same seed."""
    pair = draw(0, number)
    name = Signature.parse(pair.signature).name
    found = mutants(pair.source, name, count=count, seed=seed)
    assert 1 <= len(found) <= count
    assert len({pair.source, *found}) == len(found) + 1
    assert not any(parse(mutant).has_error for mutant in found)
    assert found == mutants(pair.source, name, count=count, seed=seed)


def test_loop_steps_and_while_loops_are_left_alone() -> None:
    """Faults that would mostly run for ever are not made."""
    source = "void f(int n, int *x) {\n    for (int i = 0; i < n; i += 2) {\n        while (x[i] > 1) x[i] = x[i] / 2;\n    }\n}\n"
    found = mutants(source, "f", count=50)
    assert found
    assert all("i += 2" in m and "while (x[i] > 1) x[i] = x[i] / 2;" in m for m in found)


# ---------------------------------------------------------------- whole programs

PROGRAMS = {
    "c": """#include <mpi.h>
static double half(double x) { return x / 2.0; }
void f(int n, int m, const double *a, double *b) {
    double s = 0.0;
#pragma omp parallel for private(m) reduction(+ : s)
    for (int i = 0; i < n; i++)
        if (i != 3 && n > 1) s += half(a[i * m + n]);
#pragma omp barrier
    MPI_Allreduce(MPI_IN_PLACE, &s, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    b[0] = s;
}
""",
    "cuda": """__global__ void k(int n, double *x) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] *= 2.0;
    __syncthreads();
}
extern "C" void f(int n, double *x) {
    double *d;
    cudaMalloc(&d, n * 8);
    cudaMemcpy(d, x, n * 8, cudaMemcpyHostToDevice);
    k<<<(n + 255) / 256, 256>>>(n, d);
    cudaFree(d);
}
""",
    "fortran": """subroutine f(n, a, b) bind(c)
  use iso_c_binding
  integer(c_int), value :: n
  real(c_double) :: a(n, n + 1), b(n)
  integer :: i, j
  !$omp parallel do private(j)
  do i = 1, n, 2
    do j = 1, n
      if (i < j .and. n /= 2) b(i) = b(i) + 0.5_c_double * a(i, j)
    end do
    !$omp critical
    b(1) = b(1) - b(i)
    !$omp end critical
  end do
  call g(n, b)
end subroutine f
""",
    "python": '''from numba import njit, prange
@njit(parallel=True)
def f(n, m: int, a, b):
    """Words: é, n - 1 < 2."""
    é, s = 0, 0.5
    for i in prange(m, n - 1):
        while s < 0.0:
            s += 1.0
        for j in range(0, n, 2):
            if i != j and n > 1:
                s += (é + a[i, j]) / (n - 1)
        b[i] = s; b[0] -= a[i - 1, col[j]]
        b[:m] = a[0, 1:]
    g(n, b)
''',
}


def versions(name: str, seed: int = 0) -> list[Mutant]:
    """All faulty versions of one of the programs."""
    return list(faulty_versions(PROGRAMS[name], "cpp" if name == "cuda" else name, seed=seed))


@pytest.mark.parametrize(
    ("name", "kind", "after"),
    [
        ("c", "bound", "for (int i = 0; i < n - 1; i++)"),
        ("c", "indices", "if (i != 3 && n > 1) s += half(a[n * m + i]);"),
        ("c", "logic", "if (i != 3 || n > 1) s += half(a[i * m + n]);"),
        ("c", "relation", "if (i == 3 && n > 1) s += half(a[i * m + n]);"),
        ("c", "operands", "static double half(double x) { return 2.0 / x; }"),
        ("c", "clause", "#pragma omp parallel for private(m)"),
        ("c", "clause", "#pragma omp parallel for reduction(+ : s)"),
        ("c", "order", ""),
        ("c", "call", ";"),
        ("c", "name", "MPI_Allreduce(MPI_IN_PLACE, &s, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);"),
        ("cuda", "call", ";"),
        ("cuda", "name", "int i = threadIdx.x * blockDim.x + threadIdx.x;"),
        ("cuda", "assignment", "if (i < n) x[i] += 2.0;"),
        ("fortran", "bound", "do j = 1, n - 1"),
        ("fortran", "clause", "!$omp parallel do"),
        ("fortran", "order", ""),
        ("fortran", "logic", "if (i < j .or. n /= 2) b(i) = b(i) + 0.5_c_double * a(i, j)"),
        ("fortran", "relation", "if (i < j .and. n == 2) b(i) = b(i) + 0.5_c_double * a(i, j)"),
        ("fortran", "constant", "if (i < j .and. n /= 2) b(i) = b(i) + (0.5_c_double + 1) * a(i, j)"),
        ("fortran", "indices", "if (i < j .and. n /= 2) b(i) = b(i) + 0.5_c_double * a(j, i)"),
        ("fortran", "call", "continue"),
        ("python", "bound", "for i in prange(m, (n - 1) - 1):"),
        ("python", "bound", "for i in prange(m, (n - 1) + 1):"),
        ("python", "bound", "for i in prange(m + 1, n - 1):"),
        ("python", "bound", "b[:m - 1] = a[0, 1:]"),
        ("python", "relation", "if i == j and n > 1:"),
        ("python", "logic", "if i != j or n > 1:"),
        ("python", "assignment", "s -= (é + a[i, j]) / (n - 1)"),
        ("python", "arithmetic", "s += (é + a[i, j]) * (n - 1)"),
        ("python", "operands", "s += (n - 1) / (é + a[i, j])"),
        ("python", "indices", "s += (é + a[j, i]) / (n - 1)"),
        ("python", "indices", "b[i] = s; b[0] -= a[j - 1, col[i]]"),
        ("python", "constant", "é, s = 1, 0.5"),
        ("python", "constant", "é, s = 0, (0.5 + 1)"),
        ("python", "constant", "s += (é + a[i, j]) / (n - 0)"),
        ("python", "statement", "b[i] = s; pass"),
        ("python", "statement", "pass"),
    ],
)
def test_faults_of_every_kind_are_made(name: str, kind: str, after: str) -> None:
    """In C, CUDA, Fortran and Python, in helpers too, and in directives."""
    assert (kind, after) in {(m.kind, m.after) for m in versions(name)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_line_is_changed_and_told(name: str) -> None:
    """A mutant says which line it changed, from what to what; nothing else is different, but for a directive that ends a block."""
    before = PROGRAMS[name].splitlines()
    for mutant in versions(name):
        after = mutant.code.splitlines()
        changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b]
        assert changed[0] == mutant.line
        assert len(changed) == (2 if (name, mutant.kind) == ("fortran", "order") else 1)
        assert mutant.before == " ".join(before[mutant.line - 1].split())
        assert mutant.words == f"line {mutant.line}: {mutant.before} -> {mutant.after}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_first_mutants_are_of_many_kinds(name: str) -> None:
    """Kinds come in turn; the seed decides the order and nothing else."""
    kinds = {m.kind for m in versions(name)}
    for seed in range(3):
        assert {m.kind for m in versions(name, seed)[: len(kinds)]} == kinds
    assert {m.code for m in versions(name, 1)} == {m.code for m in versions(name, 2)}
    assert versions(name, 1) == versions(name, 1) != versions(name, 2)


def test_what_changes_no_result_is_left_alone() -> None:
    """Room, freeing, the shape of a launch, declarations, steps of loops, arguments whose order means nothing."""
    assert not [
        m for m in faulty_versions("subroutine f(a, b, s)\n  s = dot_product(a, b)\nend subroutine f\n", "fortran") if m.kind == "indices"
    ]
    assert not [m for m in faulty_versions("void f(long i, int *y) { y[static_cast<size_t>(i) * 2] = 0; }\n", "cpp") if m.kind == "indices"]
    cuda, fortran = {m.after for m in versions("cuda")}, {m.after for m in versions("fortran")}
    python = {m.before for m in versions("python")}
    assert not any(before.startswith(("from", "@", "def", '"""', "while", "s += 1.0")) for before in python)
    assert all(", 2)" in m.after for m in versions("python") if "range(0" in m.before)
    assert not any("cudaMalloc" in after or "cudaFree" in after or "257" in after for after in cuda)
    assert not any(after.startswith(("integer", "real")) for after in fortran)
    assert not any("n, 3" in after or "n, 1" in after for after in fortran)


PYTHON_REFERENCES = sorted((Path(hpcraft.eval.__file__).parent / "kernels" / "references").glob("*.py"))


@pytest.mark.parametrize("path", PYTHON_REFERENCES, ids=lambda path: path.stem)
def test_every_mutant_of_python_is_another_program(path: Path) -> None:
    """Of our own solutions: each parses, is another text than the others and has another tree than the program."""
    source = path.read_text()
    found = [m.code for m in faulty_versions(source, "python", seed=1)]
    assert len(found) >= 5
    assert len({source, *found}) == len(found) + 1
    whole = ast.dump(ast.parse(source))
    assert all(ast.dump(ast.parse(code)) != whole for code in found)


def test_what_is_no_python_has_no_mutants() -> None:
    """Nothing can be told about a text that doesn't parse."""
    assert list(faulty_versions("def f(:\n", "python")) == []


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 10_000), seed=st.integers(0, 5))
def test_faulty_versions_differ_and_parse(number: int, seed: int) -> None:
    """Of drawn kernels, in C, with OpenMP and as programs in CUDA."""
    pair = draw(0, number)
    for source, language, grammar in (
        (pair.source, "c", "c"),
        *((t, "cpp" if m == "cuda" else "c", "cuda" if m == "cuda" else "c") for m, t in pair.targets.items()),
    ):
        found = [m.code for m in faulty_versions(source, language, seed=seed)]
        assert len({source, *found}) == len(found) + 1
        assert parse(source, grammar).has_error or not any(parse(code, grammar).has_error for code in found[:20])
