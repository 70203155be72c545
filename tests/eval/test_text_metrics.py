"""Similarity to a gold text: sacrebleu's own figures, laws, and what is never scored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from hpcraft.errors import InputError
from hpcraft.eval.code_bleu import package
from hpcraft.eval.code_bleu.lexemes import lexemes, words
from hpcraft.eval.text_metrics import MAX_CHARACTERS, TextPair, figures_of_scores, signatures, text_figures, text_score, without_given

GOLD = "void add(int n, double *x) {\n    // every element\n    for (int i = 0; i < n; i++)\n        x[i] += 1.0;\n}\n"
OTHER = "void add(int n, double *x) {\n    int i = 0;\n    while (i < n) { x[i] = x[i] + 1.0; i++; }\n}\n"
OPENMP = GOLD.replace("    for", "    #pragma omp parallel for\n    for")
FORTRAN = "subroutine add(n, x)\n  integer :: n, i\n  real :: x(n)\n  do i = 1, n\n    x(i) = x(i) + 1.0\n  end do\nend subroutine\n"
NAMES = {"bleu", "chrf", "codebleu-hpc", "parableu-hpc"}


def joined(text, language="c"):
    """What sacrebleu is given."""
    return " ".join(words(lexemes(text, language)))


def test_bleu_is_sacrebleus():
    """Summed counts give sacrebleu's corpus figure; chrF is the mean of its sentence figures."""
    pairs = [(GOLD, OTHER), (OPENMP, GOLD), (OTHER, OTHER)]
    figures = text_figures([[TextPair(r, c, "c")] for r, c in pairs])
    references, candidates = ([joined(text) for text in texts] for texts in zip(*pairs, strict=True))
    assert figures["bleu"].value == pytest.approx(BLEU(tokenize="none").corpus_score(candidates, [references]).score / 100)
    chrf = [CHRF().sentence_score(c, [r]).score / 100 for r, c in zip(references, candidates, strict=True)]
    assert figures["chrf"].value == pytest.approx(sum(chrf) / 3)
    assert figures["bleu"].ci95[0] <= figures["bleu"].value <= figures["bleu"].ci95[1]


@pytest.mark.parametrize(("text", "language"), [(GOLD, "c"), (OPENMP, "cpp"), (GOLD, "cuda"), (FORTRAN, "fortran")])
def test_the_gold_text_scores_one(text, language):
    """In every figure; one of an answer with other blanks and comments too."""
    for candidate in (text, text.replace("  ", "\t").replace("// every element", "")):
        figures = text_figures([[TextPair(text, candidate, language)]] * 2)
        known = NAMES | ({"codebleu"} if package.is_installed() and package.knows(language) else set())
        assert figures.keys() == known
        assert {name: figure.value for name, figure in figures.items() if name != "codebleu"} == dict.fromkeys(NAMES, pytest.approx(1.0))


def test_an_answer_without_code_is_nought():
    """Prose that was cut away, and nothing at all, lower every figure and are never dropped."""
    full, half = text_figures([[TextPair(GOLD, GOLD, "c")]] * 2), text_figures([[TextPair(GOLD, GOLD, "c")], [TextPair(GOLD, "", "c")]])
    assert all(figure.value == 0.0 for figure in text_figures([[TextPair(GOLD, " // nothing ", "c")]]).values())
    assert half["chrf"].value == 0.5
    assert all(half[name].value < full[name].value for name in NAMES)
    assert half["bleu"].n == 2


def test_tasks_weigh_the_same():
    """A task with three equal answers counts as one with one of them; two answers count as their mean."""
    good, bad = text_score(TextPair(GOLD, GOLD, "c")), text_score(TextPair(OPENMP, OTHER, "c"))
    assert figures_of_scores([[good] * 3, [bad]]) == figures_of_scores([[good], [bad] * 2])
    assert figures_of_scores([[good, bad]])["chrf"].value == pytest.approx((good.chrf + bad.chrf) / 2)
    with pytest.raises(ValueError, match="at least one"):
        figures_of_scores([[good], []])


def test_the_prompt_is_never_scored():
    """Code that the prompt ended with is taken off both sides, however the answer lays it out: a context of any length adds nothing."""
    head, answer = "void add(int n, double *x) {", "    x[0] = 2;\n}\n"
    short = text_score(TextPair(GOLD, head + "\n" + answer, "c", given=head))
    long_head = "#include <math.h>\nstatic double a[4];\n" * 20 + head
    long = text_score(TextPair(long_head + GOLD.removeprefix(head), long_head.replace("\n", "  \n") + answer, "c", given=long_head))
    assert short == long
    assert short.chrf < text_score(TextPair(GOLD, head + "\n" + answer, "c")).chrf
    assert without_given(head.replace("(", " (") + answer, head, "c") == answer
    assert without_given(OTHER, GOLD, "c") == OTHER
    assert without_given(OTHER, "", "c") == OTHER


@given(st.text(max_size=60), st.sampled_from(["c", "cpp", "cuda", "fortran"]))
@settings(max_examples=40, deadline=None)
def test_any_answer_has_figures(candidate, language):
    """Whatever a model writes, every figure lies in [0, 1]."""
    figures = text_figures([[TextPair(FORTRAN if language == "fortran" else GOLD, candidate, language)]])
    assert all(0.0 <= figure.value <= 1.0 for figure in figures.values())


@pytest.mark.ci
def test_an_endless_answer_is_cut():
    """More than the limit is not looked at."""
    assert text_score(TextPair(GOLD, "x;" * MAX_CHARACTERS, "c")).bleu[8] == MAX_CHARACTERS


@pytest.mark.ci
def test_hostile_answers_have_figures():
    """Nests without end, half a surrogate pair, zeros: none stops the judge or takes long."""
    for candidate in ("void f() { x = " + "(" * 9000 + ")" * 9000 + "; }", "a = " * 4500, "a\ud800b", "\0\1", "/*" * 5000, "'" * 999):
        figures = text_figures([[TextPair(GOLD, candidate, "c")]])
        assert all(figure.value < 0.1 for name, figure in figures.items() if name != "codebleu")


def test_what_cannot_be_compared_is_refused():
    """A language without a lexer, and a gold text without code."""
    with pytest.raises(InputError, match="python"):
        text_score(TextPair("x", "x", "python"))
    with pytest.raises(InputError, match="empty"):
        text_score(TextPair("\n", "x", "c"))


def test_signatures_say_what_figures_rest_on():
    """Versions and settings, by figure."""
    found = signatures()
    assert found.keys() >= NAMES
    assert "tok:none" in found["bleu"]
    assert "version:" in found["bleu"]
    assert "lexer:hpcraft-" in found["chrf"]
