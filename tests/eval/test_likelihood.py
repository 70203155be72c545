"""Bits per byte and perplexity per lexer token: hand-computed cases, and what the published one hides."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.eval.likelihood import (
    Likelihood,
    bits_per_byte,
    likelihood,
    num_lexer_tokens,
    perplexity_per_lexer_token,
)
from hpcraft.eval.published import lexer_normalised_perplexity

CODE = "for (int i = 0; i < n; i++) y[i] = x[i]; // copy\n"


def test_lexemes_are_counted_without_blanks():
    """24 lexemes and one comment, however they are spaced."""
    assert num_lexer_tokens(CODE, "c") == 25 == num_lexer_tokens(CODE.replace(" ", "  "), "c")


def test_a_coin_for_each_byte_is_one_bit():
    """A model that gives every byte probability 1/2; UTF-8 bytes count, not characters."""
    text = "! pi: π\nx = 1\n"
    one = likelihood([log(0.5)] * len(text.encode()), text, "fortran")
    assert bits_per_byte([one]).value == pytest.approx(1.0)
    assert one.num_bytes == len(text) + 1


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=30), st.integers(1, 29))
def test_the_tokenizer_does_not_matter(probabilities, cut):
    """The same probability of the text, in however many tokens, gives the same figures."""
    logs = [log(p) for p in probabilities]
    merged = [sum(logs[:cut]), *logs[cut:]]
    a, b = likelihood(logs, CODE, "c"), likelihood(merged, CODE, "c")
    assert bits_per_byte([a]).value == pytest.approx(bits_per_byte([b]).value)
    assert perplexity_per_lexer_token([a]).value == pytest.approx(perplexity_per_lexer_token([b]).value)


def test_long_texts_weigh_more():
    """All nats over all lexemes, not a mean of perplexities."""
    texts = [Likelihood(nats=3.0, num_bytes=10, num_lexer_tokens=1), Likelihood(nats=9.0, num_bytes=90, num_lexer_tokens=11)]
    assert perplexity_per_lexer_token(texts).value == pytest.approx(exp(12 / 12))
    assert bits_per_byte(texts).value == pytest.approx(12 / log(2) / 100)
    assert bits_per_byte(texts).n == 2


def test_the_published_normalisation_says_little():
    """3.0 per lexer token becomes 1.015 with 76 rules, and a model a hundred times as perplexed 1.08."""
    assert lexer_normalised_perplexity(log(3.0) * 1000, 1000, 76) == pytest.approx(1.0146, abs=1e-4)
    assert lexer_normalised_perplexity(log(300.0) * 1000, 1000, 76) < 1.08


@pytest.mark.parametrize("nats", [float("nan"), float("inf"), -1.0])
def test_what_is_no_likelihood_is_refused(nats):
    """A model that overflows has no figure."""
    with pytest.raises(ValueError, match="nats"):
        Likelihood(nats=nats, num_bytes=1, num_lexer_tokens=1)
