"""Macros, pasting, and conditional directives."""

from __future__ import annotations

import pytest

from hpcraft.tokenizer.rename import rename, restore

_CASES = {
    "bodies pin names": (
        "#define IDX(i) a[(i) * n]\nint f(int n, int *a) { int i = 0; return IDX(i); } int g(int n, int *a) { return IDX(n); } int h(int i) { return i; }",
        "#define d0(v0) v1[(v0) * v2]\nint f0(int v2, int *v1) { int v3 = 0; return d0(v3); } int f1(int v2, int *v1) { return d0(v2); } int f2(int v4) { return v4; }",
    ),
    "pasting and quoting fix names": (
        (
            "#define STR(x) #x\n#define CAT(a, b) a##b\n#define VIA(a) CAT(get_, a)\nint VIA(width)(void); int get_width(void); int width; int depth;\n"
            "const char *s(int p, int q) { return q ? STR(p) : STR(depth); } int h = CAT(wid, th) + get_width();"
        ),
        (
            "#define d0(v0) #v0\n#define d1(v1, v2) v1##v2\n#define d2(v3) d1(get_, v3)\nint d2(width)(void); int get_width(void); int width; int depth;\n"
            "const char *f0(int p, int v4) { return v4 ? d0(p) : d0(depth); } int v5 = d1(wid, th) + get_width();"
        ),
    ),
    "macros for headers": (
        "#define _GNU_SOURCE\n#define SOLVER_DEBUG 1\n#include <stdio.h>\n#define SIZE 3\n#ifdef HAVE_X\nint a[SIZE];\n#endif\n#undef SIZE\n",
        "#define _GNU_SOURCE\n#define SOLVER_DEBUG 1\n#include <stdio.h>\n#define d0 3\n#ifdef HAVE_X\nint v0[d0];\n#endif\n#undef d0\n",
    ),
    "guard": (
        "#ifndef SOLVER_H\n#define SOLVER_H\n#include <stddef.h>\nint f(void);\n#endif\n",
        "#ifndef d0\n#define d0\n#include <stddef.h>\nint f0(void);\n#endif\n",
    ),
    "branches": (
        "#ifdef A\nint f(int x) {\n#else\nint f(int x, int y) {\n#endif\n  return x; }\nint g(int x) {\n#if B\n  int k = 1;\n#else\n  int k = 2;\n#endif\n  return k + x; }",
        "#ifdef A\nint f0(int v0) {\n#else\nint f0(int v0, int v1) {\n#endif\n  return v0; }\nint f1(int v0) {\n#if B\n  int v2 = 1;\n#else\n  int v2 = 2;\n#endif\n  return v2 + v0; }",
    ),
    "dead text": (
        "int f(int a) {\n#if 0\n  don't { count a }\n#endif\n  return a; }\nint g(int a) { return a; }",
        "int f0(int v0) {\n#if 0\n  don't { count v0 }\n#endif\n  return v0; }\nint f1(int v1) { return v1; }",
    ),
    "members as arguments": (
        (
            "#define GET(p, f) ((p)->f)\n#define OFF(t, f) offsetof(t, f)\n#define VIA(f) GET(&q, f)\nstruct s { int a, b, c; };\n"
            "int f(struct s q, int a, int b) { return GET(&q, a) + OFF(struct s, b) + VIA(c) + a; }\nint g(int a, int c) { return a + c; }"
        ),
        (
            "#define d0(v0, v1) ((v0)->v1)\n#define d1(v2, v3) offsetof(v2, v3)\n#define d2(v4) d0(&v5, v4)\nstruct t0 { int v6, v7, v8; };\n"
            "int f0(struct t0 v5, int v6, int v7) { return d0(&v5, v6) + d1(struct t0, v7) + d2(v8) + v6; }\nint f1(int v6, int v8) { return v6 + v8; }"
        ),
    ),
    "macro that declares": (
        "#define LOCAL(t, x) t x = 0\nint f(void) { LOCAL(int, k); return k; }",
        "#define d0(v0, v1) v0 v1 = 0\nint f0(void) { d0(int, v2); return v2; }",
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_macros_keep_their_meaning(case: str) -> None:
    """What the preprocessor sees is renamed together, or not at all."""
    source, expected = _CASES[case]
    renamed = rename(source, "c")
    assert renamed.text == expected
    assert restore(renamed) == source
