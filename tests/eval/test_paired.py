"""Comparing two models: what is called a difference, and how seldom wrongly."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval.paired import corrected, minimum_detectable, paired_difference, sign_flip_p_value

SHARES = st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=9)


def test_a_difference_is_paired():
    """A small gain on every task is clear although the tasks differ much; the same gain on a few is not."""
    a = [i / 100 for i in range(50)]
    assert paired_difference(a, [x + 0.01 for x in a]).better == "B"
    assert paired_difference([x + 0.01 for x in a], a).better == "A"
    assert paired_difference([0.0, 1.0] * 10, [1.0, 0.0] * 10).better == "unclear"


def test_few_tasks_never_decide():
    """Five tasks out of five are no evidence, six are just enough."""
    assert paired_difference([0.0] * 5, [1.0] * 5).better == "unclear"
    assert paired_difference([0.0] * 6, [1.0] * 6).better == "B"


@given(SHARES)
def test_the_test_is_that_of_all_signs(values):
    """Brute force over every choice of signs, ties included."""
    differences = np.array(values) - 0.2
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in product((1, -1), repeat=len(values))]
    expected = sum(s >= abs(differences.sum()) - 1e-9 for s in sums) / len(sums)
    assert sign_flip_p_value(differences) == pytest.approx(expected)


@given(SHARES, st.randoms(use_true_random=False))
def test_the_two_sides_are_alike(a, rng):
    """Exchanging A and B turns the sign and nothing else."""
    b = [rng.choice([0.0, 0.2, 0.5, 1.0]) for _ in a]
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert forth.value == pytest.approx(-back.value)
    assert forth.p_value == pytest.approx(back.p_value)
    assert {forth.better, back.better} in ({"A", "B"}, {"unclear"})


def test_sampled_signs_agree_with_all_signs():
    """Just above the number of tasks for which all are tried, the sampled p-value is the binomial one."""
    differences = np.array([1.0] * 14 + [-1.0] * 4)
    exact = 2 * sum(1 for signs in product((0, 1), repeat=18) if sum(signs) >= 14) / 2**18
    assert sign_flip_p_value(differences) == pytest.approx(exact, abs=0.006)


def test_equal_models_are_seldom_called_different():
    """Two draws of the same model, 150 times: a false "better" in about 5 % of them at most."""
    rng = np.random.default_rng(11)
    false = 0
    for _ in range(150):
        difficulty = rng.beta(0.5, 0.5, 40)
        a, b = (rng.binomial(5, difficulty) / 5 for _ in range(2))
        false += paired_difference(list(a), list(b)).better != "unclear"
    assert false <= 14


def test_a_real_difference_is_found():
    """A model that gains 0.2 on each of 80 tasks is called better nearly always, never worse."""
    rng = np.random.default_rng(12)
    found = []
    for _ in range(20):
        difficulty = rng.uniform(0.1, 0.7, 80)
        a, b = rng.binomial(5, difficulty) / 5, rng.binomial(5, difficulty + 0.2) / 5
        found.append(paired_difference(list(a), list(b)).better)
    assert found.count("B") >= 17
    assert "A" not in found


def test_the_number_of_tasks_that_it_would_need():
    """What is unclear with a few tasks is found with about as many as it says."""
    rng = np.random.default_rng(13)

    def draw(count):
        difficulty = rng.uniform(0.2, 0.7, count)
        return paired_difference(list(rng.binomial(1, difficulty)), list(rng.binomial(1, difficulty + 0.15)))

    needed = draw(4000).tasks_needed
    assert needed is not None
    found = [draw(needed).better for _ in range(20)]
    assert 11 <= found.count("B") <= 20
    assert [draw(needed // 8).better for _ in range(20)].count("B") < 10


def test_no_difference_needs_no_number():
    """Equal means can't be told apart by any number of tasks."""
    assert paired_difference([0.0, 1.0], [1.0, 0.0]).tasks_needed is None
    assert paired_difference([1.0] * 3, [1.0] * 3).num_ties == 3
    assert minimum_detectable([0.1]) == float("inf")
    assert minimum_detectable([0.0, 1.0] * 50) == pytest.approx(2.8016 * 0.5025 / 10, abs=1e-3)


def test_many_comparisons_are_held_together():
    """Holm: a difference that is clear alone is not among twenty; one that is very clear is."""
    weak = paired_difference([0.0] * 6, [1.0] * 6)
    strong = paired_difference([0.0] * 40, [1.0] * 40)
    none = paired_difference([0.0, 1.0], [1.0, 0.0])
    together = corrected([weak, strong, *[none] * 18])
    assert weak.better == strong.better == "B"
    assert [d.better for d in together[:2]] == ["unclear", "B"]
    assert [d.p_value for d in corrected([weak])] == [weak.p_value]
