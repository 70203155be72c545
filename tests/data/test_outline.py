"""Loops of real code become functions of builtin types, with the parallel versions that the rules allow."""

from __future__ import annotations

import re

from hpcraft.data.outline import Outlined, outline
from hpcraft.data.parallelise import cuda_version, openmp_versions
from hpcraft.data.target_text import not_parallel
from hpcraft.data.tester import choose, propose
from hpcraft.data.trees import parse
from hpcraft.data.typedefs import Dialect
from hpcraft.sandbox.abi import Signature, parse_test

HEADER = """
typedef long long int BigInt;
typedef int Int;
typedef double Real;
#ifdef BIG
typedef long Index;
#else
typedef int Index;
#endif
#define TWO RCONST(2.0)
#define Float float
"""


def dialect() -> Dialect:
    """The names of the header above."""
    found = Dialect()
    found.learn(HEADER)
    return found


def only(text: str) -> Outlined:
    """The one loop of a function."""
    (loop,) = outline(text, dialect())
    return loop


def test_dialect_resolves_types_and_literals() -> None:
    """Typedefs, their variants and literal macros are resolved to what the usual build has."""
    names = dialect()
    assert [names.builtin(t) for t in ("Int", "Real", "Index", "BigInt", "Float", "const Real", "unsigned", "Matrix")] == [
        "int",
        "double",
        "int",
        "long long",
        "float",
        "double",
        "unsigned int",
        "",
    ]
    assert names.number("TWO") == "2.0"


def test_loop_becomes_a_function() -> None:
    """Free variables become parameters, read-only arrays const, written scalars locals, and names are resolved."""
    loop = only(
        "Int scale(Matrix *A, Int n)\n{\n   Real *data = A->data, *out = A->out;\n   Int i, j;\n   Real t;\n"
        "   for (i = 0; i < n; i++) /* all */\n   {\n      t = TWO * data[i];\n      out[i] = (Real) t + SUNRabs(data[i]);\n   }\n   return 0;\n}\n"
    )
    assert loop.signature == "void scale_loop(int n, const double *data, double *out)"
    assert "int i;" in loop.code()
    assert "double t;" in loop.code()
    assert "2.0 * data[i]" in loop.code()
    assert "fabs(data[i])" in loop.code()
    assert "all" not in loop.code()
    assert not re.search(r"\b(Int|Real|TWO)\b", loop.code())
    assert not parse(loop.code()).has_error


def test_accumulated_scalar_is_returned() -> None:
    """A scalar that lives on after the loop comes in by value and is returned; OpenMP gets a reduction, CUDA an atomicAdd."""
    loop = only(
        "Real dot(Real *x, Real *y, Int n)\n{\n   Int i;\n   Real s = 0.0;\n   for (i = 0; i < n; i++) s += x[i] * y[i];\n   return s;\n}\n"
    )
    assert loop.signature == "double dot_loop(int n, double s, const double *x, const double *y)"
    assert openmp_versions(loop) == ["omp parallel for reduction(+:s)"]
    cuda = cuda_version(loop)
    assert "atomicAdd" in cuda
    assert not not_parallel(cuda, "cuda", "dot_loop")
    assert not parse(cuda, "cuda").has_error


def test_original_directive_comes_first() -> None:
    """The directive that stood in the code, between conditionals or not, is tried before the inferred one."""
    loop = only(
        "void f(Int n, Real *x)\n{\n   Int i; Real t;\n#ifdef HYPRE_USING_OPENMP\n#pragma omp parallel for private(i, t) HYPRE_SMP_SCHEDULE\n"
        "#endif\n   for (i = 0; i < n; i++) { t = x[i]; x[i] = t * t; }\n}\n"
    )
    assert openmp_versions(loop) == ["omp parallel for private(i, t) schedule(static)", "omp parallel for private(t)"]
    assert not not_parallel(loop.code(pragma=loop.directive), "openmp", "f_loop")


def test_inner_loop_stands_in_for_an_outer_one_that_calls_out() -> None:
    """Where the outer loop can't stand alone, the loops inside it are tried."""
    loop = only(
        "void f(Int n, Int m, Real *x)\n{\n  for (Int i = 0; i < n; i++) {\n    begin(i);\n    for (Int j = 0; j < m; j++) x[j] += 1.0;\n  }\n}\n"
    )
    assert loop.signature == "void f_loop(int m, double *x)"


def test_loops_that_cannot_stand_alone_are_left() -> None:
    """Struct members, unknown calls, types and globals, double pointers and jumps are not outlined."""
    bodies = (
        "for (i = 0; i < n; i++) x[i] = A->data[i];",
        "for (i = 0; i < n; i++) x[i] = mystery(i);",
        "for (i = 0; i < n; i++) x[i] = global_scale * x[i];",
        "for (i = 0; i < n; i++) y[i][0] = x[i];",
        "for (i = 0; i < n; i++) if (x[i] > 0) return;",
        "for (i = 0; i < n; i++) x[i] = m[i];",
        "for (i = 0; i < n; i++) { k = k + 1; }",
    )
    for body in bodies:
        assert list(outline(f"void f(Int n, Real *x, Real **y, Unknown *m, Matrix *A) {{ Int i, k; {body} }}", dialect())) == [], body


def test_serial_loops_get_no_rule_based_version() -> None:
    """Nothing is proposed for a loop that writes one place, scans, or isn't counted."""
    bodies = (
        "for (i = 0; i < n; i++) x[0] += y[i];",
        "for (i = 0; y[i] > 0; i++) x[i] = y[i];",
        "for (i = 0; i < n; i++) { if (y[i] > 0) break; x[i] = y[i]; }",
    )
    for body in bodies:
        loop = only(f"void f(Int n, Real *x, Real *y) {{ Int i; {body} }}")
        assert openmp_versions(loop) == [], body
        assert cuda_version(loop) == "", body


def test_cuda_copies_as_far_as_the_loop_reads() -> None:
    """Array sizes follow from subscripts with constant offsets; other subscripts get no CUDA version."""
    loop = only("void f(Int n, Real *x, Real *y) { Int i; for (i = 1; i <= n; i++) y[i - 1] = x[i + 1]; }")
    cuda = cuda_version(loop)
    assert "((n + 1) + 1) * sizeof(double)" in cuda
    assert not not_parallel(cuda, "cuda", "f_loop")
    gather = only("void f(Int n, Int *p, Real *x, Real *y) { Int i; for (i = 0; i < n; i++) y[i] = x[p[i]]; }")
    assert cuda_version(gather) == ""


def test_proposed_tests_can_be_read_and_one_of_each_group_is_chosen() -> None:
    """Tests fit the signature, sizes vary, and the shortest valid arrays win."""
    signature = Signature.parse("void f(int n, int m, const int *p, const double *x, double *y)")
    groups = propose(signature, "for (i = 0; i < n; i++) for (j = 0; j < m; j++) y[i * m + j] = x[p[i]];")
    assert len(groups) >= 5
    assert all(parse_test(signature, test) for group in groups for test in group)
    last = {group[-1] for group in groups}
    chosen = choose(groups, last, {groups[2][-1]}, 3)
    assert chosen[0] == groups[2][-1]
    assert len(chosen) == 3
    assert set(chosen) <= last


def test_tests_of_one_group_are_all_kept_where_what_was_found_rests_on_them() -> None:
    """Without scalars every length is a test of its own; the shortest of each group come first where there are too many."""
    signature = Signature.parse("void f(double *x)")
    groups = propose(signature, "void f(double *x) { for (int i = 1; x[i] > 0; i++) x[i] = x[i - 1]; }")
    valid = {test for group in groups for test in group}
    assert len(valid) > len(groups)
    killing = {groups[0][-1]}
    assert set(choose(groups, valid, killing, len(valid))) == valid
    few = choose(groups, valid, killing, 3)
    assert (len(few), few[0], few[1]) == (3, groups[0][-1], groups[0][0])


def test_scatters_get_no_directive() -> None:
    """A write at a place that an array says is left alone, also through scalars; reading from such a place is fine."""
    for body in ("y[p[i]] = x[i];", "int k = p[i]; int m = k - 1; y[m] += x[i];"):
        assert openmp_versions(only(f"void f(Int n, Int *p, Real *x, Real *y) {{ for (Int i = 0; i < n; i++) {{ {body} }} }}")) == [], body
    assert openmp_versions(only("void f(Int n, Int *p, Real *x, Real *y) { for (Int i = 0; i < n; i++) y[i] = x[p[i]]; }"))


def test_members_and_macros_become_variables() -> None:
    """A member that stays the same is a variable of its type; members of elements, of changing structs and of unknown types are left."""
    names = dialect()
    names.learn(
        "struct box { int lo[3]; double *u; struct box *next; }; typedef struct box *Box;\n#define LOW(b, d) ((b)->lo[d])\n#define MOST(a, b) ((a) > (b) ? (a) : (b))\n"
    )
    text = "void f(Box b, Int n, Real *x) {{ Int i; for (i = 0; i < n; i++) {{ {} }} }}"
    (loop,) = outline(text.format("x[i] = MOST(b->u[i], x[i]) + LOW(b, 0);"), names)
    assert loop.signature == "void f_loop(int n, double *x, const double *u, const int *lo)"
    assert "x[i] = ((u[i]) > (x[i]) ? (u[i]) : (x[i])) + (lo[0]);" in loop.code()
    (nested,) = outline(text.format("x[i] = b->next->u[i];"), names)
    assert nested.signature == "void f_loop(int n, double *x, const double *u)"
    for body in ("x[i] = b[i].u[0];", "x[i] = b->u[i]; b = b->next;", "x[i] = b->unknown[i];"):
        assert list(outline(text.format(body), names)) == [], body


def test_several_accumulated_scalars_go_by_pointers() -> None:
    """Each has a local of its name, and OpenMP a reduction; CUDA gets no version by rule."""
    loop = only("void f(Int n, Real *x) { Int i; Real s = 0, p = 1; for (i = 0; i < n; i++) { s += x[i]; p *= x[i]; } }")
    assert loop.signature == "void f_loop(int n, const double *x, double *s_out, double *p_out)"
    assert "double s = *s_out;" in loop.code()
    assert "*p_out = p;" in loop.code()
    assert openmp_versions(loop) == ["omp parallel for reduction(+:s) reduction(*:p)"]
    assert cuda_version(loop) == ""


def test_a_directive_keeps_only_names_that_the_loop_has() -> None:
    """Other names leave its lists, and clauses that rest on them go."""
    loop = only(
        "void f(Int n, Real *x) { Int i, k, t;\n#pragma omp parallel for private(i, k) firstprivate(t) num_threads(t) schedule(static, 4)\n"
        "for (i = 0; i < n; i++) x[i] = 0; }"
    )
    assert loop.directive == "omp parallel for private(i) schedule(static, 4)"
