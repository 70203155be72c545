"""Directives as predicted against directives as they should be: hand-computed cases, equivalences, baselines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.errors import InputError
from hpcraft.eval.pragma_metrics import PragmaPair, baselines, pragma_figures

CLAUSES = st.lists(
    st.sampled_from(["private(i, j)", "reduction(+: s)", "schedule(static, 4)", "collapse(2)", "nowait"]), max_size=4, unique=True
)


def value(name, *pairs):
    """One figure of pairs of texts."""
    return pragma_figures([PragmaPair(*pair) for pair in pairs])[name].value


@given(CLAUSES, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_says_nothing(clauses, rng):
    """Clauses in another order, with other blanks and without the sentinel, are the same directive."""
    shuffled = rng.sample(clauses, len(clauses))
    gold = f"#pragma omp parallel for {' '.join(clauses)}"
    assert value("pragma-exact", (gold, f"parallel  for {' , '.join(shuffled)}")) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("parallel for private(a, b)", "parallel for private(b) private(a)", "c"),
        ("parallel for collapse(1)", "parallel for", "c"),
        ("parallel for reduction(-:s)", "parallel for reduction(+:s)", "c"),
        ("#pragma acc loop pcopyin(a)", "#pragma acc loop copyin(a)", "c"),
        ("#pragma acc data present_or_create(a)", "#pragma acc data create(a)", "c"),
        ("!$omp parallel do private(I)", "!$OMP PARALLEL DO PRIVATE(i)", "fortran"),
        ("parallel for map(to: a, b)", "parallel for map(to: b) map(to: a)", "c"),
        ("", "", "c"),
    ],
)
def test_what_is_the_same(one, other, language):
    """The declared equivalences, in both directions."""
    assert value("pragma-exact", (one, other, language)) == value("pragma-exact", (other, one, language)) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("parallel for private(i)", "parallel for private(I)"),
        ("parallel for private(i)", "parallel for firstprivate(i)"),
        ("parallel for schedule(static)", "parallel for"),
        ("parallel for reduction(+:s)", "parallel for reduction(*:s)"),
        ("parallel for map(to: a)", "parallel for map(from: a)"),
        ("parallel for", "for"),
        ("parallel for", ""),
        ("", "parallel for"),
    ],
)
def test_what_is_not_the_same(one, other):
    """Case in C, kinds of clauses, modifiers, constructs, and no directive at all."""
    assert value("pragma-exact", (one, other)) == 0.0


def test_figures_by_hand():
    """Three loops: all right; one of two names and a clause too many; no directive where there is one."""
    pairs = [
        PragmaPair("parallel for reduction(+:s)", "#pragma omp parallel for reduction(+:s)"),
        PragmaPair("parallel for private(a, b)", "parallel for private(a, c) nowait"),
        PragmaPair("parallel for simd private(x)", ""),
    ]
    figures = {name: figure.value for name, figure in pragma_figures(pairs).items()}
    assert figures["pragma-exact"] == pytest.approx(1 / 3)
    assert figures["pragma-construct"] == pytest.approx(2 / 3)
    assert figures["pragma-illegal"] == 0.0
    assert figures["pragma-clauses-precision"] == pytest.approx(2 / 3)
    assert figures["pragma-clauses-recall"] == pytest.approx(2 / 3)
    assert figures["pragma-arguments-precision"] == pytest.approx(2 / 4)
    assert figures["pragma-arguments-recall"] == pytest.approx(2 / 4)
    assert figures["pragma-private-precision"] == 1.0
    assert figures["pragma-private-recall"] == 0.5
    assert figures["pragma-private-f1"] == pytest.approx(2 / 3)
    assert figures["pragma-nowait-precision"] == 0.0
    assert figures["pragma-reduction-f1"] == 1.0
    assert figures["pragma-private-accuracy"] == pytest.approx(2 / 3)


def test_nested_brackets_and_several_reductions():
    """What a pattern of the published kind can't read."""
    gold = "parallel for reduction(+: a) reduction(max: b) num_threads(f(n, (2))) private(i)"
    assert value("pragma-exact", (gold, "parallel for private(i) num_threads(f(n,(2))) reduction(max:b) reduction(+:a)")) == 1.0
    assert value("pragma-arguments-recall", (gold, "parallel for reduction(+: a) private(i)")) == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    "answer", ["#pragma once", "paralel for", "parallel for privat(i)", "for (;;) x++;", "#pragma omp\n#pragma omp for"]
)
def test_illegal_answers_are_counted(answer):
    """They match nothing, and are no "no directive" either."""
    assert value("pragma-illegal", ("parallel for", answer)) == 1.0
    assert value("pragma-exact", ("", answer)) == 0.0
    assert value("pragma-construct", ("", answer)) == 0.0


def test_constant_answers_are_told():
    """Eight of ten plain loops: always ``parallel for`` is right in 0.8, never ``private`` in 0.9."""
    gold = ["parallel for"] * 8 + ["parallel for private(i)", "target teams distribute reduction(+:s)"]
    pairs = [PragmaPair(text, "parallel for") for text in gold]
    told, found = baselines(pairs), pragma_figures(pairs)
    assert told["pragma-exact"].value == found["pragma-exact"].value == 0.8
    assert told["pragma-construct"].value == 0.9
    assert told["pragma-private-accuracy"].value == found["pragma-private-accuracy"].value == 0.9
    assert found["pragma-private-f1"].value == 0.0
    assert told["pragma-exact"].ci95[0] < 0.8 < told["pragma-exact"].ci95[1]


def test_an_unreadable_gold_directive_is_an_error():
    """A mistake of the data, not of the model."""
    with pytest.raises(InputError, match="gold directive"):
        pragma_figures([PragmaPair("paralell for", "parallel for")])
