"""Supervised pairs: translation, and instructions with answers. The answer and its end are learnt, the prompt never is.

An encoder-decoder reads the prompt and writes the answer, beginning with the start token of the answer's language; a decoder reads both in one
row. An example that is too long has no row: half a translation would teach to stop early.
Not covered: conversations of several turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.train.annotation import Document
from hpcraft.train.batches import Row
from hpcraft.train.objectives.objective import Example, Objective, PairRow, check_example, check_length
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslateConfig:
    """How long pairs may be."""

    length: int = 512
    """Most tokens that the encoder reads or the decoder writes, ends included; of a decoder, of both together. CodeRosetta's is 512."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 4)


class TranslateSeq2Seq(Objective):
    """The translation from its source, by an encoder and a decoder."""

    architecture = "encoder-decoder"

    def __init__(self, config: TranslateConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document | Example, rng: np.random.Generator) -> Iterator[PairRow]:  # noqa: ARG002 - nothing is random
        """One row, or none for an example that is too long."""
        example = check_example(document, "translate")
        end = self.specials.end
        if max(len(example.prompt), len(example.answer)) < self.config.length:
            source, target = (*example.prompt.tolist(), end), (*example.answer.tolist(), end)
            yield PairRow(source, target, self.specials.start_of(example.language))


class TranslateDecoder(Objective):
    """The answer behind its prompt, by a decoder."""

    architecture = "decoder"

    def __init__(self, config: TranslateConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document | Example, rng: np.random.Generator) -> Iterator[Row]:  # noqa: ARG002 - nothing is random
        """One row, or none for an example that is too long."""
        example = check_example(document, "instruct")
        if len(example.prompt) + len(example.answer) < self.config.length:
            yield Row((*example.prompt.tolist(), *example.answer.tolist(), self.specials.end), len(example.prompt))
