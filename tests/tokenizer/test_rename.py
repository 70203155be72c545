"""Renaming gives every text back and keeps what has a meaning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.lexer import LANGUAGES, lex
from hpcraft.tokenizer.rename import rename, rename_like, restore, restore_text

_PIECES = st.sampled_from(
    ["v0", "w3", "f1", "x", " ", "\n", "(", ")", "{", "}", ";", '"', "'", "\\", "#pragma omp ", "private", "//", "/*", "*/", "R\"(", ")\"", "L'",
     "!$omp ", "!", "0x1fp-3", "1'000", "é", "\u00b2", "\r\n", "\t", "#include <a>", "threadIdx.x", ".y", "<<<", "_", "$", "\0"]
)  # fmt: skip
_TEXT = st.lists(_PIECES | st.text(max_size=4), max_size=40).map("".join)


@given(text=_TEXT, language=st.sampled_from(LANGUAGES), seed=st.none() | st.integers(0, 9))
@settings(max_examples=300, deadline=None)
def test_any_text_round_trips(text: str, language: str, seed: int | None) -> None:
    """Whatever the text is, restoring gives it back byte for byte, and the lexer loses nothing."""
    assert "".join(t.text for t in lex(text, language)) == text
    assert restore(rename(text, language, seed=seed)) == text


def test_program_names_become_canonical_in_order_of_use() -> None:
    """Functions and variables are numbered apart, by first use."""
    renamed = rename("double scale(int n, double *x) { for (int i = 0; i < n; i++) x[i] *= helper(n); return sqrt(x[0]); }", "c")
    assert renamed.text == "double f0(int v0, double *v1) { for (int v2 = 0; v2 < v0; v2++) v1[v2] *= f1(v0); return sqrt(v1[0]); }"
    assert renamed.names["f0"] == "scale"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("#include <omp.h>\n#pragma omp parallel for schedule(static) default(none)\n", "c"),
        ("int main(void) { MPI_Init(NULL, NULL); return omp_get_thread_num(); }", "c"),
        ("__global__ void __launch_bounds__(256); dim3(blockIdx.x, threadIdx.y); cudaMalloc(0, 1); atomicAdd(0, 1);", "cuda"),
        ("call mpi_init(ierr=0)", "fortran"),
    ],
)
def test_words_with_a_meaning_stay(text: str, language: str) -> None:
    """Directives, libraries, builtins and keywords are not renamed."""
    assert rename(text, language).text.replace("v0", "ierr") == text


def test_clause_arguments_follow_the_program() -> None:
    """Names inside clauses are renamed as they are elsewhere, even when they are also words of OpenMP."""
    renamed = rename("int shared;\n#pragma omp parallel for private(shared) reduction(+:s) schedule(dynamic, n)\n", "c")
    assert renamed.text == "int v0;\n#pragma omp parallel for private(v0) reduction(+:v1) schedule(dynamic, v2)\n"


def test_random_numbers_depend_on_the_seed_alone() -> None:
    """The same seed numbers names the same way, another one differently."""
    source = "void f(int a, int b, int c, int d) { a = b + c + d; }"
    assert rename(source, "c", seed=1) == rename(source, "c", seed=1)
    assert rename(source, "c", seed=1).text != rename(source, "c", seed=2).text


def test_translation_shares_the_names_of_its_source() -> None:
    """A translation uses the source's names; its own are numbered apart, and don't clash when they come back."""
    renamed = rename("void f(int n, double *w0) { w0[n] = 0; }", "c")
    target = rename_like("__global__ void f_kernel(double *w0) {} void f(int n, double *w0) { double *d; }", "cuda", renamed)
    assert target.text == "__global__ void g0(double *v1) {} void f0(int v0, double *v1) { double *w0; }"
    assert restore_text(target.text, renamed.names, "cuda").endswith("void f(int n, double *w0) { double *w0_; }")


def test_canonical_names_of_the_text_itself_are_skipped() -> None:
    """A canonical name that the text has already and that stays is given to nothing else."""
    renamed = rename('#include "a.h"\nint f(int n) { /* v1 */ return v0 + n; }\n', "c")
    assert renamed.text == '#include "a.h"\nint f0(int v2) { /* v1 */ return v0 + v2; }\n'
    assert restore(renamed) == '#include "a.h"\nint f(int n) { /* v1 */ return v0 + n; }\n'


def test_names_to_keep_stay() -> None:
    """The caller may keep names, and ``main`` always stays."""
    assert rename("int main(void) { return solve(1) + n; }", "c", keep=("solve",)).text == "int main(void) { return solve(1) + v0; }"


@pytest.mark.parametrize("language", ["c", "cpp", "cuda"])
def test_renaming_again_changes_nothing(language: str) -> None:
    """Canonical names in order are their own canonical names."""
    source = "struct s { int n; }; int f(struct s *p, int n) { for (int i = 0; i < n; i++) p->n += i; goto end; end: return n; }"
    once = rename(source, language).text
    assert rename(once, language).text == once


def test_translation_pairs_namesakes_in_order() -> None:
    """Of several symbols of one spelling the k-th of the translation is the k-th of the source."""
    source = "void f(int n) { int i; { int i = n; } } void g(int n) { }"
    renamed = rename(source, "c")
    assert rename_like(source, "c", renamed).text == renamed.text
    assert restore(rename_like(source, "c", renamed)) == source


_ALPHA = "subroutine Scale(Alpha, x, N)\n real :: ALPHA, x(n)\n integer :: N\n x = Alpha * x\nend subroutine\n"


def test_translation_from_fortran_minds_no_case() -> None:
    """Fortran's ``Alpha`` is the ``alpha`` of C; where C has both cases, the one that is spelled so is it, and the other is new."""
    renamed = rename(_ALPHA, "fortran")
    target = rename_like("void scale(double alpha, double *X, int N) { int n = N; X[n] = alpha; }", "c", renamed)
    assert target.text == "void f0(double v0, double *v1, int i0) { int w0 = i0; v1[w0] = v0; }"
    assert restore(target).startswith("void scale(double alpha, double *X, int N) { int n = N;")
    assert restore_text("real :: v0, w0", {"v0": "W0"}, "fortran") == "real :: W0, w0_"
    first = rename_like("int n, N;", "c", renamed)
    assert first.text == "int w0, i0;"


def test_translation_to_fortran_minds_no_case() -> None:
    """C's ``alpha`` is Fortran's ``ALPHA``, also where its procedures differ in case, and what is typed by its letter keeps its type."""
    renamed = rename("void f(double alpha, int n) { int i = n; } void g(int n) { double d0; }", "c")
    assert renamed.text == "void f0(double v0, int v1) { int v2 = v1; } void f1(int v3) { double v4; }"
    source = "subroutine F(ALPHA, N)\n integer N\n I = N\nend\nsubroutine G(n)\n integer :: n\nend\nsubroutine H(N)\n integer :: N\nend\n"
    target = rename_like(source, "fortran", renamed)
    assert target.text.splitlines() == [
        *("subroutine f0(v0, v1)", " integer v1", " j0 = v1", "end", "subroutine f1(v3)", " integer :: v3", "end"),
        *("subroutine g0(v1)", " integer :: v1", "end"),
    ]
    assert restore(target) == source


@given(source=_TEXT, text=_TEXT, languages=st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES)))
@settings(max_examples=200, deadline=None)
def test_any_translation_round_trips(source: str, text: str, languages: tuple[str, str]) -> None:
    """A translation in its source's names comes back byte for byte, whatever both are."""
    assert restore(rename_like(text, languages[1], rename(source, languages[0]))) == text


def test_unknown_language_is_named() -> None:
    """A language without a lexer is a usage error that lists the languages."""
    with pytest.raises(ConfigError, match=r"cobol.*fortran"):
        rename("x", "cobol")


def test_the_package_has_the_two_functions() -> None:
    """``hpcraft.tokenizer.rename`` is the function, whatever was imported before."""
    import hpcraft.tokenizer

    assert hpcraft.tokenizer.rename is rename
    assert hpcraft.tokenizer.restore is restore
