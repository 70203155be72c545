"""Names that a piece of C takes from around it."""

from __future__ import annotations

import pytest

from hpcraft.data.scopes import free_names, stands_alone
from hpcraft.data.trees import functions, parse


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("x[0] = n + other;", {"other"}),
        ("int other = n; x[0] = other;", set()),
        ("{ int v = n; x[0] = v; } x[1] = v;", {"v"}),
        ("for (int v = 0; v < n; v++) x[v] = 0; x[0] = v;", {"v"}),
        ("int v = v + 1, w = v; double z[SIZE];", {"v", "SIZE"}),
        ("double helper(double); x[0] = helper(1);", {"helper"}),
        ("extern double scale; x[0] = scale;", {"scale"}),
        ("double (*g)(double) = helper; x[0] = g(1);", {"helper"}),
        ("struct { double w[N]; } t; t.w[0] = n; x[0] = t.w[0];", {"N"}),
        ("x[0] = f(n, x) + n;", set()),
    ],
)
def test_what_nothing_declares_is_free(body: str, wanted: set[str]) -> None:
    """Blocks and loops have scopes of their own; lengths, values and types are looked at, members and the function's own name aren't meant."""
    [function] = functions(parse(f"int f(int n, double *x) {{ {body} }}\n"))
    assert free_names(function) == wanted


def test_a_head_takes_names_too() -> None:
    """Lengths of parameters and bounds of launches."""
    [function] = functions(parse("void __launch_bounds__(T) f(double a[DIM], int n) { a[0] = n; }\n", "cuda"))
    assert {"DIM", "T"} <= free_names(function) <= {"DIM", "T", "__launch_bounds__"}
    deep = "void f(int n) { n = " + "(" * 5000 + "v" + ")" * 5000 + "; }\n"
    assert free_names(next(functions(parse(deep)))) == {"v"}


@pytest.mark.parametrize(
    ("code", "alone"),
    [
        ("#define K 2\nstatic double h(double v) { return sqrt(v) * K; }\nvoid f(int n, double *x) { x[0] = h(n); }\n", True),
        ("void f(int n, double *x) { x[i] = n; }\n", False),
        ("void f(int n, double *x) { x[0] = rsqrtf(n); }\n", False),
        ("void f(int n, double *x) { float2 v; x[0] = n; }\n", False),
        ("void f(int n, double *x) { x[0] = ; }\n", False),
    ],
)
def test_what_stands_alone_names_nothing_else(code: str, *, alone: bool) -> None:
    """Functions of ``math.h`` and what the code defines itself; what can't be read doesn't."""
    assert stands_alone(code) is alone
