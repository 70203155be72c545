"""Entities, words and spans of tokenized texts, on hand-made texts in four languages and on any text at all."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import ConfigError, InputError
from hpcraft.train.annotation import LABELS, Annotation, annotate
from hpcraft.train.entity_scan import ENTITIES, SPAN_KINDS

PIECE = re.compile(r"\w{1,8}|[^\w\s]|\s+")
"""Tokens of tests: names are cut after eight letters, and each sign is alone."""


def cut(text: str) -> list[tuple[int, int]]:
    """The offsets of a text's tokens."""
    return [match.span() for match in PIECE.finditer(text)]


def tagged(text: str, language: str) -> str:
    """A text's labelled tokens as one line: ``token/label``, I labels as ``+token``."""
    labels = annotate(text, language, cut(text)).labels
    words = []
    for (begin, end), number in zip(cut(text), labels, strict=True):
        part, _, kind = LABELS[number].partition("-")
        if part != "O":
            words.append(f"+{text[begin:end]}" if part == "I" else f"{text[begin:end]}/{kind}")
    return " ".join(word for word in words if word.strip("+ \n"))


def spanned(text: str, language: str) -> set[tuple[str, str]]:
    """The text and kind of each span."""
    offsets = cut(text)
    return {
        (text[offsets[begin][0] : offsets[end - 1][1]], SPAN_KINDS[kind])
        for begin, end, kind in annotate(text, language, offsets).spans.tolist()
    }


def test_labels_are_numbered_as_codeRosetta_numbers_them():  # noqa: N802 - its name
    """O is 0, B labels are odd and I labels one more, so that a later piece of a word takes the label after its first."""
    assert LABELS[:3] == ("O", "B-VAR", "I-VAR")
    assert len(LABELS) == 2 * len(ENTITIES) + 1 == 27
    assert all(label.startswith("BI"[(number + 1) % 2]) for number, label in enumerate(LABELS) if number)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("int a = b + 10;", "c", "int/PRIM a/VAR b/VAR 10/NUM"),
        ("unsigned long n;", "c", "unsigned/PRIM +long n/VAR"),
        ("T *p = &q;", "c", "T/TYPE p/PDEC q/POIN"),
        ("double *a[3]; x = *a;", "c", "double/PRIM a/PDEC 3/NUM x/VAR a/POIN"),
        ("enum E { A };", "c", "E/TYPE A/CONS"),
        ("s.m = 'c';", "c", "s/VAR '/CONS +c +'"),
        ('f(x, "a b", NULL, true);', "c", 'f/FUNC x/VAR "/CONS +a +b +" NULL/CONS true/CONS'),
        ("void long_name_of(int n) { long_name_of(n); }", "c", "void/PRIM long_nam/FUNC +e_of int/PRIM n/VAR long_nam/FUNC +e_of n/VAR"),
        ("MPI_Send(buf, n);", "c", "MPI_Send/MPI buf/VAR n/VAR"),
        ("int i = omp_get_thread_num();", "c", "int/PRIM i/VAR omp_get_/TIDX +thread_n +um"),
        ("auto x = ns::f<int>(nullptr); o.g(1);", "cpp", "x/VAR f/FUNC int/PRIM nullptr/CONS o/VAR g/FUNC 1/NUM"),
        ("int &r = v;", "cpp", "int/PRIM r/PDEC v/VAR"),
        ("int i = threadIdx.x;", "cuda", "int/PRIM i/VAR threadId/TIDX +x +. +x"),
        ("k<<<g, 32>>>(p);", "cuda", "k/LAUN </LAUN +< +< g/VAR 32/NUM >/LAUN +> +> p/VAR"),
        ("hipLaunchKernelGGL(k, g);", "cuda", "hipLaunc/LAUN +hKernelG +GL k/VAR g/VAR"),
        ("real(8), pointer :: p, q\np => x\nend", "fortran", "real/PRIM +( +8 +) p/PDEC q/PDEC p/POIN x/VAR"),
        ("REAL, POINTER :: P\nEND", "fortran", "REAL/PRIM P/PDEC"),
        ("type(mesh) :: m\nx = .true.\nend", "fortran", "mesh/TYPE m/VAR x/VAR ./CONS +true +."),
        ("real :: a(3)\ny = a(1) + sin(2.0)\nend", "fortran", "real/PRIM a/VAR 3/NUM y/VAR a/VAR 1/NUM sin/FUNC 2/NUM +. +0"),
        ("call mpi_send(b, n)\ncall s(n)\nend", "fortran", "mpi_send/MPI b/VAR n/VAR s/FUNC n/VAR"),
        (
            "i = threadIdx%x\ncall k<<<g, 1>>>(a)\nend",
            "fortran",
            "i/VAR threadId/TIDX +x +% +x k/LAUN </LAUN +< +< g/VAR 1/NUM >/LAUN +> +> a/VAR",
        ),
    ],
)
def test_entities(text, language, expected):
    """Each kind of entity, written by hand; a field that isn't called has none."""
    assert tagged(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "#pragma omp parallel for schedule(static, 4) reduction(+:s)\nfor (;;) s++;",
            "c",
            "#/DIR +pragma +omp +parallel +for schedule/CLAU 4/NUM reductio/CLAU +n s/VAR s/VAR",
        ),
        ("#pragma omp atomic\nx++;", "c", "#/DIR +pragma +omp +atomic x/VAR"),
        ("#pragma omp target map(tofrom: a) \\\n  nowait // why\n{}", "c", "#/DIR +pragma +omp +target map/CLAU a/VAR nowait/CLAU"),
        ("#pragma acc parallel loop gang\n{}", "cpp", "#/DIR +pragma +acc +parallel +loop gang/CLAU"),
        ("#pragma once\nint i;", "cpp", "int/PRIM i/VAR"),
        ('_Pragma("omp task depend(in: x)")', "c", '_Pragma/DIR +( +" +omp +task depend/CLAU x/VAR'),
        ("!$omp parallel do private(i)\ndo i = 1, n\nend do\nend", "fortran", "!/DIR +$ +omp +parallel +do private/CLAU i/VAR i/VAR 1/NUM n/VAR"),
        ("!$omp parallel &\n!$omp& shared(a) ! all\nx = 1\n!$omp end parallel\nend", "fortran", "!/DIR +$ +omp +parallel shared/CLAU a/VAR x/VAR 1/NUM !/DIR +$ +omp +end +parallel"),
    ],
)  # fmt: skip
def test_directives(text, language, expected):
    """A directive is one entity with its sentinel; clauses are each their own; kinds such as ``static`` are none."""
    assert tagged(text, language) == expected


def test_a_directive_in_a_comment_is_no_entity():
    """The scanner of directives decides, not a word in prose."""
    assert tagged("// #pragma omp parallel for private(i)\nint i;", "c") == "int/PRIM i/VAR"


def test_words_are_the_lexers():
    """A name is one word however many tokens spell it, a sign is one, and blanks go with the word before."""
    text = "total_sum_of += 3.5f; // two words\n"
    words = annotate(text, "c", cut(text)).words
    begun = [text[begin:end] for (begin, end), word in zip(cut(text), words, strict=True) if word]
    assert begun == ["total_su", "+", "3", ";", "/", "/", "two", "words", "\n"]


def test_a_token_with_a_blank_in_front_begins_the_word():
    """Byte-level tokenizers put the blank before a name into its token."""
    annotation = annotate("int ab;", "c", [(0, 3), (3, 5), (5, 6), (6, 7)])
    assert [LABELS[number] for number in annotation.labels] == ["B-PRIM", "B-VAR", "I-VAR", "O"]
    assert annotation.words.tolist() == [True, True, False, True]


def test_a_character_of_several_tokens_begins_once():
    """Byte tokens of one letter all have its place; the first begins the word and the entity, places count in characters."""
    annotation = annotate("\u00e9\u00e9 = x;", "c", [(0, 1), (0, 1), (1, 2), (1, 2), (2, 4), (4, 5), (5, 6), (6, 7)])
    assert [LABELS[number] for number in annotation.labels] == ["B-VAR", "I-VAR", "I-VAR", "I-VAR", "O", "O", "B-VAR", "O"]
    assert annotation.words.tolist() == [True, False, False, False, True, False, True, True]


def test_spans_are_nodes_of_two_tokens_and_more():
    """Expressions, statements, loops and functions; of two nodes over the same tokens the later kind stays."""
    assert spanned("void f() { for (;;) g(x); }", "c") == {
        ("void f() { for (;;) g(x); }", "function"),
        ("for (;;) g(x);", "loop"),
        ("g(x);", "statement"),
        ("g(x)", "expression"),
    }
    assert spanned("subroutine s\ndo i=1,2\na=b+1\nend do\nend", "fortran") >= {("do i=1,2\na=b+1\nend do", "loop"), ("b+1", "expression")}


def test_offsets_of_another_text_are_an_error():
    """They would give labels of nothing."""
    with pytest.raises(InputError, match="outside the text of 4 characters"):
        annotate("int;", "c", [(0, 3), (3, 9)])
    with pytest.raises(InputError, match="run back"):
        annotate("int;", "c", [(3, 4), (0, 3)])
    with pytest.raises(ConfigError, match="language 'rust'"):
        annotate("int;", "rust", [(0, 4)])


ODD = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["#pragma omp for ", "!$omp do ", "_Pragma(\"omp", "<<<", ">>>", "(", ")", "{", "}", "int ", "*", "a", "\u00e9", "\U0001f600", "\\\n", '"', "'", "/*", "\n", "threadIdx.x", "\0", "\ud800"]
        ),
        max_size=30,
    ).map("".join),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(text=ODD, language=st.sampled_from(["c", "cpp", "cuda", "fortran"]))
def test_any_text_can_be_annotated(text, language):
    """No text crashes it; the arrays fit the tokens, an I label continues its own kind, spans lie within."""
    found: Annotation = annotate(text, language, cut(text))
    number = len(cut(text))
    assert found.labels.shape == found.words.shape == (number,)
    assert found.labels.dtype == np.uint8
    assert found.words[:1].all()
    for before, label in zip([0, *found.labels.tolist()], found.labels.tolist(), strict=False):
        assert not label or label % 2 == 1 or before in (label - 1, label)
    spans = found.spans
    assert spans.shape[1] == 3
    assert ((spans[:, 0] >= 0) & (spans[:, 1] <= number) & (spans[:, 1] - spans[:, 0] >= 2)).all()
    assert len({(begin, end) for begin, end, _ in spans.tolist()}) == len(spans)
