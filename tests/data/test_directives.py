"""Directives: found where a compiler finds them, taken apart without loss, written back as one line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.directives import Clause, Directive, find_directives, parse_directive, render, same_clauses
from hpcraft.data.fortran_form import to_free
from hpcraft.errors import InputError
from hpcraft.tokenizer.constructs import CLAUSES, CONSTRUCTS


def found(language: str, text: str, form: str = "") -> list[str]:
    """The directives of a text as one line each."""
    return [render(directive) for directive in find_directives(language, text, form)]


# ---------------------------------------------------------------- where directives stand


def test_pragmas_are_found_with_continuations_and_comments() -> None:
    """A directive is one logical line: spliced lines and comments over lines belong to it."""
    text = """#pragma omp parallel for reduction(+:x) \\
    schedule(static) /* c
 over lines */ private(a,b) // end
  #  pragma acc kernels
"""
    directives = find_directives("c", text)
    assert [render(d) for d in directives] == [
        "#pragma omp parallel for reduction(+:x) schedule(static) private(a,b)",
        "#pragma acc kernels",
    ]
    assert [(d.line, d.end_line) for d in directives] == [(1, 3), (4, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "// #pragma omp single\n",
        "// splice \\\n#pragma omp single\n",
        "/*\n#pragma omp for\n*/\n",
        'char *s = "PRAGMA(omp parallel)";\n',
        'auto s = R"(\n#pragma omp for\n)";\n',
        "#if 0\n#pragma omp master\n#endif\n",
        "#if 0\n#ifdef X\n#else\n#pragma omp master\n#endif\n#elif (0)\n#pragma omp master\n#endif\n",
        "#if 1\n#else\n#pragma omp master\n#endif\n",
        "#pragma ompx foo\n#pragma once\n",
        "parse_pragma(accelerator);\n",
    ],
)
def test_what_a_compiler_never_sees_is_no_directive(text: str) -> None:
    """Comments, strings and branches that are always off hold none."""
    assert found("cpp", text) == []


def test_both_branches_of_an_unknown_condition_count() -> None:
    """Whether a macro is defined isn't known here; the other branch of a dead one is alive."""
    text = "#ifdef A\n#pragma omp for\n#else\n#pragma omp single\n#endif\n#if 0\n#pragma omp task\n#else\n#pragma omp barrier\n#endif\n"
    assert found("c", text) == ["#pragma omp for", "#pragma omp single", "#pragma omp barrier"]


def test_operators_macros_and_attributes_are_directives() -> None:
    """`_Pragma` also within macros, macros that make pragmas, MSVC's keyword, and C++ attributes."""
    text = r"""#define SIMD _Pragma("omp simd safelen(\"4\")")
PRAGMA(omp for collapse(2) nowait) x;
__pragma(omp parallel)
[[omp::directive(parallel for, num_threads(f(1)))]] x;
[[using omp: sequence(directive(parallel), directive(for schedule(dynamic,1)))]] y;
"""
    assert found("cpp", text) == [
        '#pragma omp simd safelen("4")',
        "#pragma omp for collapse(2) nowait",
        "#pragma omp parallel",
        "#pragma omp parallel for num_threads(f(1))",
        "#pragma omp parallel",
        "#pragma omp for schedule(dynamic,1)",
    ]


def test_fortran_sentinels_continue_in_both_forms() -> None:
    """Ampersands, sentinels with marks, comments between, short spellings; conditional lines are no directives."""
    free = "!$omp parallel do private(i, &\n! comment\n!$omp& j) SHARED(A) ! foo\nx = 1\n!$OMP ENDPARALLELDO\n!$ y = 1\n  !$acc kernels\n"
    assert found("fortran", free) == ["!$omp parallel do private(i, j) SHARED(A)", "!$omp end parallel do", "!$acc kernels"]
    fixed = "C$OMP PARALLEL DO PRIVATE(I\nC$OMP+,J) SHARED(A)".ljust(101) + "000012\nc$omp1 firstprivate(x)\n*$ACC loop\n"
    assert found("fortran", fixed) == ["!$omp parallel do PRIVATE(I ,J) SHARED(A) firstprivate(x)", "!$acc loop"]
    assert found("fortran", "      !$omp parallel\n      end\n", "fixed") == []


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(["c$omp parallel do", "!$omp+ private(i)", "C$OMP& shared(a,", "*$omp1 b)", "C prose", "      X = 1", "!$acc loop"])
    )
)
def test_conversion_of_fixed_form_keeps_directives(lines: list[str]) -> None:
    """The same directives are found as found and after conversion."""
    text = "      CONTINUE\n" + "\n".join(lines) + "\n"
    assert find_directives("fortran", to_free(text), "free") == find_directives("fortran", text, "fixed")


# ---------------------------------------------------------------- construct and clauses


@pytest.mark.parametrize(
    ("line", "construct", "argument", "clauses"),
    [
        ("#pragma omp target teams distribute parallel for simd", "target teams distribute parallel for simd", None, []),
        ("#pragma omp parallel for ordered", "parallel for", None, [("ordered", None)]),
        ("#pragma omp critical (name)", "critical", "name", []),
        ("#pragma omp flush(a, b)", "flush", "a, b", []),
        ("#pragma omp atomic seq_cst capture", "atomic capture", None, [("seq_cst", None)]),
        ("#pragma omp atomic capture compare", "atomic compare capture", None, []),
        (
            "#pragma omp declare reduction(m:T:omp_out=f(omp_in)) initializer(g(omp_priv))",
            "declare reduction",
            "m:T:omp_out=f(omp_in)",
            [("initializer", "g(omp_priv)")],
        ),
        ("#pragma omp begin declare_target", "begin declare target", None, []),
        ("#pragma omp cancel for if(x)", "cancel for", None, [("if", "x")]),
        ("#pragma acc parallel wait(1) async", "parallel", None, [("wait", "1"), ("async", None)]),
        ("#pragma acc enter data copyin(a[0:n])", "enter data", None, [("copyin", "a[0:n]")]),
        ("!$omp enddo nowait", "end do", None, [("nowait", None)]),
        ("!$acc wait(1)", "wait", "1", []),
        ('#pragma omp error message("a ) b")', "error", None, [("message", '"a ) b"')]),
        ("#pragma omp parallel, private(a), shared(b)", "parallel", None, [("private", "a"), ("shared", "b")]),
    ],
)
def test_a_directive_is_taken_apart(line: str, construct: str, argument: str | None, clauses: list[tuple[str, str | None]]) -> None:
    """The longest known construct, its own argument, then clauses in their order."""
    directive = parse_directive(line)
    assert (directive.construct, directive.argument) == (construct, argument)
    assert [(clause.name, clause.argument) for clause in directive.clauses] == clauses
    assert directive.known
    assert all(clause.known for clause in directive.clauses)


def test_unknown_words_stay_and_are_marked() -> None:
    """Macros and misspelt words are kept in their place."""
    directive = parse_directive("#pragma omp parallell for OMP_SCHEDULE num_threads(N) +x")
    assert not directive.known
    assert directive.construct == "parallell"
    assert [(c.name, c.known) for c in directive.clauses] == [("for", False), ("OMP_SCHEDULE", False), ("num_threads", True), ("+x", False)]
    assert not parse_directive("#pragma omp PARALLEL FOR").known


def test_a_text_without_one_directive_is_refused() -> None:
    """The message says what was given and what to give."""
    with pytest.raises(InputError, match="holds 0 directives; give one"):
        parse_directive("int x;")


# ---------------------------------------------------------------- the laws

ARGUMENTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["a", "a, B", "+:x", "tofrom: a[0:n][:m]", "f(g(1), (2))", "static, 4", '"a ) \\" b"', "iterator(i=0:n), in: A[i]", "1 ? x : y"]
    ),
)


@st.composite
def directives(draw: st.DrawFn) -> Directive:
    """A directive of known words and odd arguments."""
    model = draw(st.sampled_from(["omp", "acc"]))
    fortran = draw(st.booleans())
    names = st.sampled_from(sorted(CLAUSES[model] - {"read", "write", "update", "capture", "compare"}))
    clauses = draw(st.lists(st.tuples(names, ARGUMENTS), max_size=5))
    construct = draw(st.sampled_from(sorted(CONSTRUCTS[model])))
    # An argument of its own keeps the first clause from being read as a word of the construct.
    return Directive(model, construct, tuple(Clause(*clause) for clause in clauses), "x" if clauses else draw(ARGUMENTS), fortran)


@settings(max_examples=300, deadline=None)
@given(directive=directives())
def test_a_rendered_directive_parses_to_itself(directive: Directive) -> None:
    """Construct, argument and clauses survive being written and read."""
    if directive.fortran and '"' in render(directive):
        return  # a quote within quotes is written in another way there
    assert parse_directive(render(directive)) == directive


@settings(max_examples=500, deadline=None)
@given(body=st.text(alphabet="abfor xy,()+:#\"'!&\\/*", max_size=40), fortran=st.booleans())
def test_whatever_is_found_parses_to_itself(body: str, fortran: bool) -> None:
    """Also broken directives are kept, and one pass normalises them."""
    head = "!$omp" if fortran else "#pragma omp"
    for directive in find_directives("fortran" if fortran else "c", f"{head} parallel {body}\n"):
        again = find_directives("fortran" if fortran else "c", render(directive) + "\n")
        if any(mark in render(directive) for mark in "\"'\\/&!"):
            assert len(again) == 1
        else:
            assert again == [directive]


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="#pragmo acif01\n\\\"'/*(){}[]:$!&_P", max_size=200), language=st.sampled_from(["c", "fortran"]))
def test_any_text_is_read(text: str, language: str) -> None:
    """Whatever a file holds, reading ends, and lines are in order and in the text."""
    places = [(d.line, d.end_line) for d in find_directives(language, text)]
    assert all(1 <= start <= end <= text.count("\n") + 1 for start, end in places)
    assert places == sorted(places)


@settings(max_examples=200, deadline=None)
@given(directive=directives(), data=st.data())
def test_the_order_of_clauses_says_nothing(directive: Directive, data: st.DataObject) -> None:
    """Any order of the same clauses is the same; another clause isn't."""
    shuffled = Directive(
        directive.model, directive.construct, tuple(data.draw(st.permutations(directive.clauses))), directive.argument, directive.fortran
    )
    assert same_clauses(directive, shuffled)
    more = Directive(directive.model, directive.construct, (*directive.clauses, Clause("if", "zzz")), directive.argument, directive.fortran)
    assert not same_clauses(directive, more)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("#pragma omp for private(a, b)", "#pragma omp for private(b) private( a )", True),
        ("#pragma omp for reduction(+:a,b)", "#pragma omp for reduction(+: b, a)", True),
        ("#pragma omp for reduction(+:a)", "#pragma omp for reduction(*:a)", False),
        ("#pragma omp for schedule(static,1)", "#pragma omp for schedule(static, 1)", True),
        ("#pragma omp for private(a)", "#pragma omp for private(A)", False),
        ("!$omp do PRIVATE(A)", "!$omp do private(a)", True),
        ("#pragma omp for", "#pragma omp parallel for", False),
        ("#pragma omp for nowait", "#pragma omp for", False),
        ("#pragma omp flush(a,b)", "#pragma omp flush(b, a)", True),
    ],
)
def test_clauses_are_compared_by_what_they_say(a: str, b: str, same: bool) -> None:
    """Lists are sets, blanks say nothing, case does but in Fortran."""
    assert same_clauses(parse_directive(a), parse_directive(b)) is same


# ---------------------------------------------------------------- the compilers' own count

SAMPLE = """#define TWICE _Pragma("omp barrier")
void f(int n, double *a) {
#ifdef NEVER
#pragma omp single
#endif
#pragma omp parallel for /* x
*/ schedule(static) \\
    if(n > 3)
    for (int i = 0; i < n; ++i) a[i] = 1;
/*
#pragma omp parallel
*/
#pragma omp parallel
    {
        const char *s = "\\
#pragma omp master";
#pragma omp critical(x)
        a[0] += s[0];
    }
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is missing")
def test_gcc_finds_the_same_lines(tmp_path: Path) -> None:
    """What the preprocessor passes on is what is found, but for the branch that is off and the macro's definition."""
    (tmp_path / "a.c").write_text(SAMPLE)
    done = subprocess.run(["gcc", "-E", "-fopenmp", "-P", "a.c"], cwd=tmp_path, capture_output=True, text=True, check=True)
    ours = find_directives("c", SAMPLE)
    assert found("c", done.stdout) == [render(d) for d in ours if d.construct not in ("single", "barrier")]
    assert len(ours) == 5
