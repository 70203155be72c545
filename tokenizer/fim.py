"""The tokens of fill in the middle, by the families of models that were taught with them.

Not covered: models that want the suffix first, such as Codestral, and CodeLlama's blanks around its tokens.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from hpcraft.tokenizer.prompt import FIM


class Tokens(NamedTuple):
    """What stands before the prefix, between it and the suffix, and behind that."""

    begin: str
    hole: str
    end: str


FAMILIES = (
    Tokens(*FIM),  # Qwen2.5-Coder, CodeGemma
    Tokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, StarCoder2, Granite
    Tokens("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    Tokens("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
)


def find_tokens(vocabulary: Collection[str]) -> Tokens | None:
    """The tokens of the family that a vocabulary has."""
    return next((family for family in FAMILIES if all(token in vocabulary for token in family)), None)
