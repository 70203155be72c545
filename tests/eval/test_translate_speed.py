"""Speed as evidence: one large test by rule, slow and odd candidates beside the function, and what speed does to the ranks."""

from dataclasses import replace

import pytest

from hpcraft.data.tester import large_test
from hpcraft.eval.translate_evidence import Choice
from hpcraft.eval.translate_speed import ELEMENTS, measured
from hpcraft.sandbox.abi import ArrayWord, Signature

ROOTS = """void roots(int n, double a, const double *x, double *y) {
    for (int i = 0; i < n; i++) y[i] = a * sqrt(fabs(x[i])) + y[i];
}
"""
HEAD = "void roots(int n, double a, const double *x, double *y)"
PARALLEL = ROOTS.replace("    for", "#pragma omp parallel for\n    for")
GRID = """void grid(int n, int m, const double *u, double *v) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) v[i * m + j] = u[i * m + j];
}
"""


def words(head, source, num_elements=ELEMENTS):
    """Scalars and lengths of a large test."""
    test = large_test(Signature.parse(head), source, num_elements=num_elements)
    assert test is not None
    return [w.length if isinstance(w, ArrayWord) else w for w in test.words]


def test_sizes_grow_together_as_far_as_the_arrays_allow():
    """Products of sizes are lengths of arrays; the next power of two would be too much."""
    n, m, u, v = words("void grid(int n, int m, const double *u, double *v)", GRID)
    assert n == m
    assert u == v == n * m
    assert u + v <= ELEMENTS < 4 * (u + v)
    assert words(HEAD, ROOTS, 100)[0] == 32


@pytest.mark.parametrize(
    ("head", "source"),
    [
        ("void f(int n, const int *k, double *y)", "void f(int n, const int *k, double *y) { for (int i = 0; i < n; i++) y[k[i]] = 1; }"),
        ("void f(double *y)", "void f(double *y) { for (int i = 0; i < 8; i++) y[i] = 1; }"),
        ("int f(int n)", "int f(int n) { int s = 0; for (int i = 0; i < n; i++) s += i; return s; }"),
    ],
    ids=["unknown-length", "no-size", "no-array"],
)
def test_no_large_test_where_lengths_are_unknown_or_stay(head, source):
    """Nothing is guessed at that size."""
    assert large_test(Signature.parse(head), source, num_elements=ELEMENTS) is None


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_candidates_are_timed_beside_the_function(needs):
    """One that does the work eight times is slower; one that is wrong at that size, crashes there or doesn't build has no speed."""
    needs("openmp")
    slow = PARALLEL.replace(
        "y[i] = a * sqrt(fabs(x[i])) + y[i];", "{ volatile double s = 0; for (int k = 0; k < 8; k++) s = a * sqrt(fabs(x[i])); y[i] += s; }"
    )
    wrong = PARALLEL.replace("i < n", "i < (n > 99999 ? n - 1 : n)")
    crash = PARALLEL.replace("{\n", "{\n    if (n > 99999) *(volatile int *)0 = 1;\n", 1)
    found = measured(Signature.parse(HEAD), ROOTS, [PARALLEL, slow, wrong, crash, "int x("], seed=1)
    assert not found.why_not
    good, behind, *odd = found.speedups
    assert good
    assert behind
    assert behind < 0.6 * good
    assert odd == [None, None, None]
    assert found.seconds > 0
    assert found.threads >= 1
    assert (
        "too little"
        in measured(
            Signature.parse(HEAD), f"{HEAD} {{ for (int i = 0; i < n && i < 1; i++) y[i] = x[i] + 0 * x[n - 1]; }}", [], seed=1
        ).why_not
    )


def test_speed_ranks_behind_faults_and_before_how_often_it_was_written():
    """Differences that other work on the machine makes decide nothing."""
    one = Choice(number=1, code="", holds=True, level="run", mutants_killed=2, mutants_total=2, speedup=1.5)
    assert replace(one, speedup=3.0).rank > replace(one, times=9).rank
    assert replace(one, mutants_killed=1, speedup=9.0).rank < one.rank
    assert replace(one, speedup=1.52, number=2).rank < one.rank
    assert replace(one, speedup=None).rank < one.rank
