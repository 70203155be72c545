"""Lengths of arrays that follow from a function's text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.extents import Extent, extents
from hpcraft.data.grammar import draw
from hpcraft.data.index_ranges import Names
from hpcraft.data.polynomials import Polynomial, Symbol, quotient, sign
from hpcraft.data.tester import propose
from hpcraft.sandbox.abi import ArrayWord, Signature, parse_test

_HEAD = "void f(int n, int m, int k, const int *idx, const float *y, float *x)"
_SIGNATURE = Signature.parse(_HEAD)


def of(body: str, name: str = "x") -> Extent:
    """What is known of one array of a function with this body."""
    return extents(f"{_HEAD} {{ {body} }}", _SIGNATURE)[name]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for (int i = 0; i < n; i++) x[i] = 0;", "n"),
        ("int i; for (i = 1; i <= n; ++i) x[i - 1] = 0;", "n"),
        ("for (int i = n - 1; i >= 0; i--) x[i] = 0;", "n"),
        ("for (int i = 0; i != n; i += 1) x[i] = 0;", "n"),
        ("int i = 0; while (i < n) { x[i] = 0; i = i + 1; }", "n"),
        ("int i = n; while (i--) x[i] = 0;", "n"),
        ("int i = 0; do { x[i] = 0; i++; } while (i < n);", "n"),
        ("for (int i = 0; i < 2 * n; i += 2) x[i + 1] = x[i];", "2*n"),
        ("for (int i = 0; i < n; i += m) x[i] = 0;", "((n - 1)/m)*m + 1"),
        ("for (int i = 0; i < n - 1; i++) x[i] = x[i + 1];", "n"),
        ("for (int i = 0; i < n; i++) if (i + 1 < n) x[i] = x[i + 1];", "n"),
        ("for (int i = 0; i < n; i++) { if (i >= n - 1) continue; x[i + 1] = 0; }", "n"),
        ("for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) for (int c = 0; c < k; c++) x[(i * m + j) * k + c] = 0;", "k*m*n"),
        ("for (int i = 0; i < n; i++) { int at; for (int j = 0; j < m; j++) { at = i * m + j; x[at] = 0; } }", "m*n"),
        ("for (int t = 0; t < n * m; t++) { int i = t / m, j = t % m; x[i * m + j] = 0; }", "m*n"),
        ("int at = 0; for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) x[at++] = 0;", "m*n"),
        ("for (int i = 0; i < n; i++) x[i % m] = 0;", "m"),
        ("for (int i = 0; i < n; i++) x[i / 2] = 0;", "(n - 1)/2 + 1"),
        ("for (int i = 0; i < n; i++) for (int j = i; j < n; j++) x[i * n + j] = 0;", "n*n"),
        ("float *p = x + m; for (int i = 0; i < n; i++) p[i] = 0;", "m + n"),
        ("float *p = x; for (int i = 0; i < n; i++) *p++ = 0;", "n"),
        ("float *row = &x[0]; for (int i = 0; i < n; i++) { for (int j = 0; j < m; j++) row[j] = 0; row += m; }", "m*n"),
        ("for (int i = 0; i < n; i++) *(x + i) = 0;", "n"),
        ("*x = 0;", "1"),
        ("x[0] = 0; for (int i = 0; i < n; i++) x[i] = 0;", "n"),
        ("for (int i = 0; i < n; i++) { int j = i + 1; if (j >= n) j = n - 1; x[j] = 0; }", "n"),
        ("for (int i = 0; i < n; i++) { int j = i + 1 < n ? i + 1 : n - 1; x[j] = 0; }", "n"),
        ("for (int i = 0; i < n; i++) for (int d = -m; d <= m; d++) { int j = i + d; if (j >= 0 && j < n) x[j] = 0; }", "n"),
        ("for (int i = 0; i < n; i++) { int j = idx[i]; if (j >= 0 && j < m) x[j] = 0; }", "m"),
        ("for (int b = 0; b < n; b += 16) for (int i = b; i < b + 16 && i < n; i++) x[i] = 0;", "n"),
        ("for (int s = n / 2; s > 0; s /= 2) for (int i = 0; i < s; i++) x[i] += x[i + s];", "2*(n/2)"),
        ("((double *)x)[n] = 0;", "2*n + 2"),
        (
            "for (int i = 0; i < n; i++) { float *r = (float *)((char *)x + i * m * sizeof(float)); r[k - 1] = 0; }",
            "m*n + k - m",
        ),
        ("char *p = (char *)x; for (int i = 0; i < n; i++) ((float *)(p + i * m))[k] = 0;", "(m*n - m)/4 + k + 1"),
        (
            "for (int i = 0; i < m; i++) { int e = 3 < n - i ? 3 : n - i; for (int j = 0; j < e; j++) x[i + j] = 0; }",
            "n",
        ),
        ("x = x + 0; if (n < 0) return; for (int i = 0; i < n; i++) x[i] = y ? y[i] : 0;", "n"),
    ],
)
def test_the_largest_index_of_every_form_of_loop_is_found(body: str, expected: str) -> None:
    """Loops up and down, locals, guards, quotients, counters and pointers that move on."""
    assert of(body).expression == expected, of(body).reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("for (int i = 0; i < n; i++) x[idx[i]] = 0;", "an index rests on idx[i]"),
        ("fill(x, n);", "it is given to fill"),
        ("for (int i = 0; i < n; i++) x[i] = 0; for (int j = 0; j < m; j++) x[j] = 0;", "none of n, m is always the largest"),
        ("for (int i = 0; i < unknown; i++) x[i] = 0;", "an index rests on the loop i < unknown"),
        ("int at = 0; for (int i = 0; i < n; i++) { if (y[i] > 0) at *= 3; x[at] = 0; }", "an index rests on at"),
        ("for (int i = 0; i < n; i++) " * 18 + "x[i] = 0;", "its indices are too intricate"),
        ("again: x[0] = 0; goto again;", "a goto isn't followed"),
        ("((struct pair *)x)[n].first = 0;", "a pointer that isn't followed"),
        ("((char *)x)[n] = 0;", "a pointer that isn't followed"),
    ],
)
def test_what_no_rule_tells_is_given_up_with_the_reason(body: str, reason: str) -> None:
    """No guess is made up."""
    assert (of(body).expression, of(body).reason) == (None, reason)


def test_reads_and_writes_are_told_apart() -> None:
    """An array may be read, written, both or neither."""
    body = "for (int i = 0; i < n; i++) { x[i] += y[i]; }"
    assert [(of(body, name).read, of(body, name).written) for name in ("x", "y", "idx")] == [(True, True), (True, False), (False, False)]
    assert of("x[0] = 1;").read is False
    assert of(body, "idx").expression == "0"


def test_a_stencil_is_rounded_up_to_whole_rows() -> None:
    """The exact reach, and what such an array is usually long; names may be Python's keywords."""
    head = "void f(int n, int lambda, float *x)"
    body = "{ for (int i = 1; i < n - 1; i++) for (int j = 1; j < lambda - 1; j++) x[i * lambda + j] = 0; }"
    extent = extents(f"{head} {body}", Signature.parse(head))["x"]
    assert extent.rounded == "lambda*n"
    scalars = {"n": 5, "lambda": 7}
    assert (extent.length(scalars), extent.length(scalars, rounded=True)) == (3 * 7 + 5 + 1, 35)
    assert extent.length({"n": 0, "lambda": 7}) == 0


def test_constants_of_the_file_count() -> None:
    """Macros, constants and enumerations have their values; a function that isn't there has none."""
    source = "#define A 4\nconst int B = 3;\nenum { C = 2 };\nvoid f(float *x) { for (int i = 0; i < A * B; i++) x[i * C] = 0; }"
    signature = Signature.parse("void f(float *x)")
    assert extents(source, signature)["x"].expression == "23"
    assert extents("int g;", signature)["x"].reason == "no function f is defined here"


def test_drawn_kernels_get_lengths_that_are_never_too_long() -> None:
    """On kernels whose true lengths are known nearly all arrays get an expression, and it stays within them."""
    found = total = 0
    for number in range(40):
        made = draw(5, number, targets=())
        signature = Signature.parse(made.signature)
        known = extents(made.source, signature)
        total += len(known)
        for test in (parse_test(signature, t) for t in made.tests):
            words = {p.name: w for p, w in zip(signature.parameters, test.words, strict=True)}
            scalars = {name: int(w) for name, w in words.items() if not isinstance(w, ArrayWord)}
            for name, extent in known.items():
                true, length = words[name], extent.length(scalars)
                assert isinstance(true, ArrayWord)
                assert length is None or length <= true.length, (number, name, extent)
        found += sum(extent.expression is not None for extent in known.values())
    assert found >= 0.9 * total


def test_the_tester_takes_lengths_from_the_text_and_keeps_them_small() -> None:
    """Known arrays have their length, or a little more, in every group; sizes shrink where a product would be too long."""
    source = (
        "void f(int n, int m, const int *p, double *x) { for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) x[i * m + j] = p[p[i]]; }"
    )
    signature = Signature.parse("void f(int n, int m, const int *p, double *x)")
    for number, group in enumerate(propose(signature, source)):
        first = parse_test(signature, group[0])
        n, m, p, x = first.words
        assert isinstance(n, int)
        assert isinstance(m, int)
        assert isinstance(p, ArrayWord)
        assert isinstance(x, ArrayWord)
        assert x.length == n * m + number % 2 * 8
        assert x.length <= 12_000
        assert p.length > n


# ---------------------------------------------------------------- laws

_A, _B = Symbol(0, "a"), Symbol(0, "b")
_NUMBERS = st.integers(-5, 5)
_POLYNOMIALS = st.lists(st.tuples(st.sampled_from([(), (_A,), (_B,), (_A, _A), (_A, _B)]), _NUMBERS), max_size=4).map(Polynomial.of)
_POINTS = st.fixed_dictionaries({"a": st.integers(1, 50), "b": st.integers(1, 50)})


@settings(deadline=None)
@given(_POLYNOMIALS, _POLYNOMIALS, _POINTS)
def test_polynomials_compute_as_numbers_do(one: Polynomial, two: Polynomial, point: dict[str, int]) -> None:
    """Sums, products, substitution, quotients and the text have the value that they should."""
    a, b = one.value(point), two.value(point)
    assert ((one + two).value(point), (one - two).value(point), (one * two).value(point)) == (a + b, a - b, a * b)
    assert one.substituted(_A, two).value(point) == one.value({**point, "a": b})
    assert eval(one.text(), {}, point) == a  # an expression over two names and numbers
    if sign(one) == 1 and sign(two) == 1 and b > 0:
        assert abs(one.divided(two).value(point) - quotient(a, b)) <= (0 if a >= 0 else 1)


@settings(deadline=None)
@given(st.integers(-40, 40), st.integers(1, 9), st.integers(-9, 9))
def test_a_bound_from_a_condition_is_the_last_value_for_which_it_holds(start: int, step: int, offset: int) -> None:
    """``start + step*i + offset < n`` for i from zero: the largest i is what trying finds."""
    names = Names()
    symbol = names.new("i")
    index = Polynomial.constant(start + offset) + Polynomial.constant(step) * Polynomial.symbol(symbol)
    most = names.ranges.assuming((index - names.given("n")).plus(1)).most(Polynomial.symbol(symbol))
    assert most is not None
    n = start + offset + 100
    assert most.value({"n": n}) == max(i for i in range(200) if start + step * i + offset < n)
