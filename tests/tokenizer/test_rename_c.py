"""Scopes, name spaces and declarations of C."""

from __future__ import annotations

import pytest

from hpcraft.tokenizer.rename import rename, restore

_CASES = {
    "shadowing": (
        "int x; int f(int x) { int y = x; { int x = y; for (int x = 0; x < y; x++) y += x; y = x; } return x; } int g(void) { return x; }",
        (
            "int v0; int f0(int v1) { int v2 = v1; { int v3 = v2; for (int v4 = 0; v4 < v2; v4++) v2 += v4; v2 = v3; } return v1; } "
            "int f1(void) { return v0; }"
        ),
    ),
    "name spaces": (
        "typedef struct s { int s; struct s *next; } s; int f(s *p) { int s = p->s; goto s; s: return s + sizeof(struct s); }",
        "typedef struct t0 { int m0; struct t0 *m1; } t1; int f0(t1 *v0) { int v1 = v0->m0; goto l0; l0: return v1 + sizeof(struct t0); }",
    ),
    "labels of two functions": (
        "void f(void) { end: goto end; } void g(void) { end: goto end; void *p = &&end; goto *p; }",
        "void f0(void) { l0: goto l0; } void f1(void) { l1: goto l1; void *v0 = &&l1; goto *v0; }",
    ),
    "type or product": (
        "typedef int T; int f(int a, int b) { T * p; a * b; { int T = 2; T * b; } return *p; }",
        "typedef int t0; int f0(int v0, int v1) { t0 * v2; v0 * v1; { int v3 = 2; v3 * v1; } return *v2; }",
    ),
    "K&R": (
        "int f(a, g) int a; int (*g)(int q); { return g(a); } main() { return f(1, 0); }",
        "int f0(v0, v1) int v0; int (*v1)(int v2); { return v1(v0); } main() { return f0(1, 0); }",
    ),
    "prototypes": (
        "int f(int n, double a[n]); int f(int m, double b[m]) { return m + b[0]; }",
        "int f0(int v0, double v1[v0]); int f0(int v2, double v3[v2]) { return v2 + v3[0]; }",
    ),
    "function pointers": (
        "static int (*t[2])(int) = {0}; int (*pick(int k))(int v) { return t[k]; } void (*sig(int s, void (*fn)(int)))(int);",
        "static int (*v0[2])(int) = {0}; int (*f0(int v1))(int v2) { return v0[v1]; } void (*f1(int v3, void (*v4)(int)))(int);",
    ),
    "members": (
        (
            "struct s { struct { int a; }; union { int b; float c; } u; int bits : 3; int (*op)(int a); };"
            "struct s x = { .u.b = 1, .bits = 2, op: f }; int y = offsetof(struct s, u.b) + x.a;"
        ),
        (
            "struct t0 { struct { int m0; }; union { int m1; float m2; } m3; int m4 : 3; int (*m5)(int v0); };"
            "struct t0 v1 = { .m3.m1 = 1, .m4 = 2, m5: v2 }; int v3 = offsetof(struct t0, m3.m1) + v1.m0;"
        ),
    ),
    "enumerators": (
        "enum e { A, B = A + 1 } z = (enum e)B; int f(void) { enum { A = 5 }; return A; } int g(void) { return A; }",
        "enum t0 { v0, v1 = v0 + 1 } v2 = (enum t0)v1; int f0(void) { enum { v3 = 5 }; return v3; } int f1(void) { return v0; }",
    ),
    "GNU": (
        "int f(int a) { typedef int T; T *p = (T[]){1, 2}; int sq(int a) { return a * a; } return ({ int q = sq(a); q; }) + *p; }",
        (
            "int f0(int v0) { typedef int t0; t0 *v1 = (t0[]){1, 2}; int f1(int v2) { return v2 * v2; } "
            "return ({ int v3 = f1(v0); v3; }) + *v1; }"
        ),
    ),
    "extern in a block": (
        "int f(int n) { extern int count; int g(int n); return g(n) + count; } int count; int g(int n) { return n; }",
        "int f0(int v0) { extern int v1; int f1(int v2); return f1(v0) + v1; } int v1; int f1(int v3) { return v3; }",
    ),
    "local names of libraries": (
        "#include <math.h>\n#include <time.h>\ndouble f(int y0, int time) { int index = y0 + time; return sin(index); } double g(void) { return y0(1.0); }",
        "#include <math.h>\n#include <time.h>\ndouble f0(int v0, int v1) { int v2 = v0 + v1; return sin(v2); } double f1(void) { return y0(1.0); }",
    ),
    "statement macros": (
        "void f(struct list *l) { FOREACH(item, l) { use(item); } int i; CHECK(i) i = 1; }",
        "void f0(struct t0 *v0) { f1(v1, v0) { f2(v1); } int v2; f3(v2) v2 = 1; }",
    ),
    "loop without its function": (
        "for (int i = 0; i < n; i++) a[i] = f(i);\nwhile (n) n--;\n",
        "for (int v0 = 0; v0 < v1; v0++) v2[v0] = f0(v0);\nwhile (v1) v1--;\n",
    ),
    "assembly and attributes": (
        'int x __attribute__((aligned(16), section("d"))); int f(int a) { int in; asm("mov %[in], %0" : "=r"(in) : [in] "r"(a)); return in; }',
        'int v0 __attribute__((aligned(16), section("d"))); int f0(int v1) { int in; asm("mov %[in], %0" : "=r"(in) : [in] "r"(v1)); return in; }',
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_each_symbol_has_its_own_name(case: str) -> None:
    """A name is what its scope and its name space say."""
    source, expected = _CASES[case]
    renamed = rename(source, "c")
    assert renamed.text == expected
    assert restore(renamed) == source


def test_names_of_unknown_headers_stay() -> None:
    """What a text leaves undeclared belongs to a header that isn't at hand, if it includes one."""
    source = '#include "solver.h"\nint f(int n) { solver_t *s = make(n); return s->size + LIMIT; }\n'
    assert rename(source, "c").text == '#include "solver.h"\nint f0(int v0) { solver_t *v1 = make(v0); return v1->size + LIMIT; }\n'


def test_unmatched_braces_give_up_scopes_alone() -> None:
    """Where scopes can't be told, one spelling is one name."""
    source = "int f(int a) { return a; } } int g(int a) { return a; }"
    assert rename(source, "c").text == "int f0(int v0) { return v0; } } int f1(int v0) { return v0; }"
    assert restore(rename(source, "c")) == source


def test_deep_nesting_is_read() -> None:
    """No depth of nesting overflows or takes long."""
    for piece in ("(", "{", "[", "struct {", "void f(", "if (a) {", "x = ({"):
        source = "int a; void f(void) { " + piece * 20000
        assert restore(rename(source, "c")) == source
