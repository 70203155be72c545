"""Figures of a language model's likelihood that don't depend on its tokenizer: bits per byte, and perplexity per lexer token.

Both take the sum of -ln p over all tokens of the model, and divide by something that is the same for every model: the UTF-8 bytes
of the text, or its lexemes as `hpcraft.tokenizer.lexer` cuts them (blanks and line breaks aren't counted, comments are one each).
The texts must be the same bytes for every model, and every byte must be predicted: a first token that isn't makes a text too cheap.

Not covered: running a model; windows and strides, which the caller tells beside the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log

import numpy as np

from hpcraft.eval.metrics import Figure, Numbers, of_sums
from hpcraft.tokenizer.lexer import lex


@dataclass(frozen=True, kw_only=True, slots=True)
class Likelihood:
    """One text under one model."""

    nats: float
    """The sum of -ln p over all of the model's tokens."""
    num_bytes: int
    """UTF-8 bytes of the text."""
    num_lexer_tokens: int

    def __post_init__(self) -> None:
        """Refuse what can't be measured."""
        if not isfinite(self.nats) or self.nats < 0:
            raise ValueError(f"likelihood of {self.nats} nats: expected a finite sum of -ln p of at least 0")
        if self.num_bytes < 1 or self.num_lexer_tokens < 1:
            raise ValueError(f"likelihood of {self.num_bytes} bytes and {self.num_lexer_tokens} lexer tokens: expected at least 1 of each")


def likelihood(log_probabilities: Sequence[float], text: str, language: str) -> Likelihood:
    """A text with the natural logarithms of the probabilities that a model gave each of its own tokens."""
    return Likelihood(
        nats=-float(np.sum(log_probabilities)),
        num_bytes=len(text.encode("utf-8", "surrogatepass")),
        num_lexer_tokens=num_lexer_tokens(text, language),
    )


def num_lexer_tokens(text: str, language: str) -> int:
    """Lexemes of a text; blanks and line breaks aren't counted."""
    return sum(token.kind not in ("space", "newline") for token in lex(text, language))


def bits_per_byte(texts: Sequence[Likelihood]) -> Figure:
    """All bits over all bytes, with an interval by resampling texts."""

    def score(sums: Numbers) -> Numbers:
        return np.asarray(sums[..., 0] / (log(2) * sums[..., 1]))

    return of_sums([(text.nats, text.num_bytes) for text in texts], score)


def perplexity_per_lexer_token(texts: Sequence[Likelihood]) -> Figure:
    """exp(nats over lexer tokens), with an interval by resampling texts."""

    def score(sums: Numbers) -> Numbers:
        return np.exp(sums[..., 0] / sums[..., 1])

    return of_sums([(text.nats, text.num_lexer_tokens) for text in texts], score)
