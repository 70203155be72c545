"""Names in directives of OpenMP and OpenACC, and in other pragmas."""

from __future__ import annotations

import pytest

from hpcraft.tokenizer.rename import rename, restore

_HEAD, _HEAD_EXPECTED = "void f(int n, double *x) { double s = 0; int i;\n", "void f0(int v0, double *v1) { double v2 = 0; int v3;\n"
_CASES = {
    "scope of the place": (
        "#pragma omp parallel for private(i) firstprivate(n) reduction(+:s) schedule(dynamic, n) if(parallel: n > 1)\nfor (i = 0; i < n; i++) { double s = x[i]; }",
        (
            "#pragma omp parallel for private(v3) firstprivate(v0) reduction(+:v2) schedule(dynamic, v0) if(parallel: v0 > 1)\n"
            "for (v3 = 0; v3 < v0; v3++) { double v4 = v1[v3]; }"
        ),
    ),
    "mapping": (
        "#pragma omp target map(to: x[0:n]) map(always, tofrom: s) \\\n    depend(in: x[i]) defaultmap(none) device(n)\n;",
        "#pragma omp target map(to: v1[0:v0]) map(always, tofrom: v2) \\\n    depend(in: v1[v3]) defaultmap(none) device(v0)\n;",
    ),
    "critical": ("#pragma omp critical(lock)\ns++;", "#pragma omp critical(v4)\nv2++;"),
    "OpenACC": (
        "#pragma acc parallel loop copyin(x[0:n]) reduction(+:s) vector_length(n) async(i) default(present) gang worker\nfor (i = 0; i < n; i++) s += x[i];",
        "#pragma acc parallel loop copyin(v1[0:v0]) reduction(+:v2) vector_length(v0) async(v3) default(present) gang worker\nfor (v3 = 0; v3 < v0; v3++) v2 += v1[v3];",
    ),
    "names that are words of clauses": (
        "int shared, to; double *data;\n#pragma omp simd private(shared, to) aligned(data : 64)\n;",
        "int v4, v5; double *v6;\n#pragma omp simd private(v4, v5) aligned(v6 : 64)\n;",
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_names_in_clauses_go_with_their_variables(case: str) -> None:
    """A clause means the variables in scope where it stands; its own words stay by position."""
    source, expected = _CASES[case]
    renamed = rename(f"{_HEAD}{source} }}\n", "c")
    assert renamed.text == f"{_HEAD_EXPECTED}{expected} }}\n"
    assert restore(renamed) == f"{_HEAD}{source} }}\n"


def test_declare_simd_names_the_parameters_that_follow() -> None:
    """The clauses of a declaration mean the function behind it."""
    source = "double p;\n#pragma omp declare simd uniform(p) linear(i:1)\ndouble f(double *p, int i) { return p[i]; }\n"
    expected = "double v0;\n#pragma omp declare simd uniform(v1) linear(v2:1)\ndouble f0(double *v1, int v2) { return v1[v2]; }\n"
    assert rename(source, "c").text == expected


def test_declared_reductions_have_names() -> None:
    """A reduction of the program's own is one name where it is declared and used, apart from variables of that spelling."""
    source = (
        "#pragma omp declare reduction(mx : double : omp_out = omp_in > omp_out ? omp_in : omp_out) initializer(omp_priv = 0)\n"
        "void f(double mx) {\n#pragma omp parallel reduction(mx: mx)\n mx = 1; }\n"
    )
    expected = (
        "#pragma omp declare reduction(v0 : double : omp_out = omp_in > omp_out ? omp_in : omp_out) initializer(omp_priv = 0)\n"
        "void f0(double v1) {\n#pragma omp parallel reduction(v0: v1)\n v1 = 1; }\n"
    )
    assert rename(source, "c").text == expected


def test_names_in_other_pragmas_and_strings_stay() -> None:
    """A compiler's own pragmas and the operator ``_Pragma`` spell names that must be found."""
    source = 'int f(int i) { _Pragma("omp parallel private(i)") i++; return i; }\n#pragma weak g\nint g(void) { return 0; }\n'
    assert rename(source, "c").text == source.replace("int f(", "int f0(")
