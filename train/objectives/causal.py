"""Next-token prediction over whole documents: the end is learnt, the token that begins a text isn't.

A document longer than a row is cut into full rows and a rest; only the first begins with the text token and only the last has the end, and
neither where the document was cut out of a longer file.
Not covered: overlap between pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.train.annotation import Document
from hpcraft.train.batches import Row, pieces
from hpcraft.train.objectives.objective import Objective, check_length
from hpcraft.train.objectives.specials import NONE, Specials

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class CausalConfig:
    """How documents become rows."""

    length: int = 2048
    """Most tokens of a row; MonoCoder's context."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 3)


class Causal(Objective):
    """Every token from those before it."""

    architecture = "decoder"

    def __init__(self, config: CausalConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[Row]:  # noqa: ARG002 - nothing is random
        """One row, or several for a long document."""
        for _, _, row in causal_rows(document, self.config.length, self.specials):
            yield row


def causal_rows(document: Document, length: int, specials: Specials) -> Iterator[tuple[int, int, Row]]:
    """Begin and end of each piece in the document, and its row."""
    size = len(document.ids)
    if not size:
        return
    before = int(specials.text != NONE and document.begins)
    whole = [*[specials.text] * before, *document.ids.tolist(), *[specials.end] * document.ends]
    for begin, end in pieces(len(whole), length):
        yield max(0, begin - before), min(size, end - before), Row(tuple(whole[begin:end]), 1)
