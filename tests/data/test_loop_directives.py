"""Loop directives in their place, with what must be private: what each iteration sets for itself, and nothing else."""

from __future__ import annotations

import pytest

from hpcraft.data.loop_directives import with_loop_directives

CODE = """void f(int n, const double *x, double *y) {{
    int i, j;
    double sum, other = 0, *p;
    static double kept;
    #pragma omp parallel for{}
    for (i = 0; i < n; i++) {{
        {}
    }}
    {}
}}
"""
DOT = "sum = 0; for (j = 0; j < n; j++) sum += x[j]; y[i] = sum;"


@pytest.mark.parametrize(
    ("clauses", "body", "behind", "added"),
    [
        ("", DOT, "", " private(j, sum)"),
        (" private(j) schedule(static)", DOT, "", " private(sum)"),
        (" reduction(+:sum) private(j)", "for (j = 0; j < n; j++) sum += x[j];", "y[0] = sum;", ""),
        ("", "sum = x[i]; y[i] = sum;", "y[0] = sum;", ""),
        ("", "sum = x[i]; y[i] = sum;", "sum = 1; y[0] = sum;", " private(sum)"),
        ("", "sum = sum + x[i]; y[i] = sum;", "", ""),
        ("", "sum += x[i]; y[i] = sum;", "", ""),
        ("", "y[i] = sum; sum = x[i];", "", ""),
        ("", "if (x[i] > 0) sum = x[i]; y[i] = sum;", "", ""),
        ("", "if (x[i] > 0) { sum = x[i]; y[i] = sum; }", "", " private(sum)"),
        ("", "for (j = 0; j < n; j++) { other = x[j]; y[j] = other; }", "", " private(j, other)"),
        ("", "for (j = 0; j < n; j++) other = x[j]; y[i] = other;", "", " private(j)"),
        ("", "p = &sum; sum = 1; y[i] = *p;", "", ""),
        ("", "kept = x[i]; y[i] = kept;", "", ""),
        ("", "double sum = x[i]; y[i] = sum;", "", ""),
        ("", "y[i] = x[i];", "", ""),
        ("", "if (x[i] == 1) sum = i;", "if (n == 0) sum = -2; y[0] = sum;", ""),
        ("", "if (x[i] == 1) { sum = i; y[i] = sum; }", "while (n-- > 0) sum = 3; y[0] = sum;", ""),
        ("", "sum = x[i]; y[i] = sum;", "p = &sum; y[0] = *p;", ""),
    ],
)
def test_what_an_iteration_sets_first_is_private(clauses: str, body: str, behind: str, added: str) -> None:
    """On every way to where it is read, and read by nobody behind the loop; what is named in a clause is left as it is."""
    assert with_loop_directives(CODE.format(clauses, body, behind)) == CODE.format(clauses + added, body, behind)


def test_a_directive_moves_behind_declarations() -> None:
    """To the loop that it means, on a line of its own; where something else stands in between it stays."""
    early = "void f(int n, double *y) {\n    #pragma omp parallel for\n    double v;\n    for (int i = 0; i < n; i++) {\n        v = i;\n        y[i] = v;\n    }\n}\n"
    right = "void f(int n, double *y) {\n    double v;\n    #pragma omp parallel for private(v)\n    for (int i = 0; i < n; i++) {\n        v = i;\n        y[i] = v;\n    }\n}\n"
    assert with_loop_directives(early) == with_loop_directives(right.replace(" private(v)", "")) == right
    other = early.replace("double v;", "double v; y[0] = 1;")
    assert with_loop_directives(other) == other


@pytest.mark.parametrize(
    "code",
    [
        "void f( {",
        "void f(int n) {\n    int j;\n    #pragma omp critical(loop)\n    for (int i = 0; i < n; i++) { j = i; }\n}\n",
        "void f(int n, int *y) {\n    int j;\n    #pragma omp parallel for // rows\n    for (int i = 0; i < n; i++) { j = i; y[i] = j; }\n}\n",
        "void f(int n, int *y) {\n    int m = 0;\n    for (int t = 0; t < n; t++) {\n        y[t] = m;\n        #pragma omp parallel for\n        for (int i = 0; i < n; i++) if (i == t) { m = y[i]; y[i] = m; }\n    }\n}\n",
        "",
        "#pragma omp parallel for\n",
        "void f(int n) {\n    int j;\n    #pragma omp parallel\n    { j = n; }\n    #pragma omp critical\n    j = 2;\n    #pragma unroll(4)\n    for (int i = 0; i < n; i++) j = i;\n}\n",
        "void f(int n) {\n    int j;\n    #pragma omp barrier\n    for (int i = 0; i < n; i++) j = i;\n}\n",
    ],
)
def test_other_directives_and_strange_code_stay(code: str) -> None:
    """Nothing but directives of loops is touched."""
    assert with_loop_directives(code) == code
