"""Fill in the middle (Bavarian et al. 2022): a document is cut in three, and the middle is learnt behind what surrounds it.

PSM is ``prefix-token prefix suffix-token suffix middle-token middle end``; SPM, their second variant, is
``prefix-token suffix-token suffix middle-token prefix middle end``, which lets a cache of the suffix be kept while the prefix grows.
Cuts are between tokens, drawn evenly; at syntax level the middle is an expression, a statement, a loop or a function. As in the paper every
token but the first is learnt, not only the middle.
Not covered: cuts inside tokens, which the paper makes between characters; a prompt to be completed is cut between tokens by `hpcraft.eval`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.train.annotation import Document
from hpcraft.train.batches import Row
from hpcraft.train.objectives.causal import causal_rows
from hpcraft.train.objectives.objective import Objective, check_length, check_share
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class FillConfig:
    """How often and where documents are cut."""

    length: int = 2048
    """Most tokens of a row."""
    rate: float = 0.5
    """Share of rows that are cut; the rest is learnt from left to right. The paper's is 0.5, and up to 0.9 costs nothing."""
    spm: float = 0.5
    """Share of the cut rows in the order SPM; the paper trains both in equal parts."""
    syntax: float = 0.0
    """Share of the cut rows whose middle is a node of the syntax tree; the paper has none. Needs annotated documents."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 8)
        for name in ("rate", "spm", "syntax"):
            check_share(name, getattr(self, name))


class Fill(Objective):
    """The middle from both sides."""

    architecture = "decoder"

    def __init__(self, config: FillConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials
        specials.need("fill", "prefix", "suffix", "middle")

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[Row]:
        """One row, or several for a long document, each cut by chance."""
        config, specials = self.config, self.specials
        # A row that is cut gets four tokens more, so all are made a little shorter.
        for begin, end, row in causal_rows(document, config.length - 4, specials):
            if rng.random() >= config.rate:
                yield row
                continue
            first, last = self._cut(document, begin, end, rng)
            ids = document.ids[begin:end].tolist()
            spm = rng.random() < config.spm
            yield Row(arranged(ids[: first - begin], ids[first - begin : last - begin], ids[last - begin :], specials, spm=spm), 1)

    def _cut(self, document: Document, begin: int, end: int, rng: np.random.Generator) -> tuple[int, int]:
        """Where the middle of a piece begins and ends; at syntax level between the tokens of a node, where the piece has one."""
        if rng.random() < self.config.syntax:
            if document.spans is None:
                raise InputError("objective fill: the document has no spans; annotate the corpus, or give syntax 0")
            spans = document.spans
            inside = spans[(spans[:, 0] >= begin) & (spans[:, 1] <= end)]
            if len(inside):
                # Kinds have equal chances, or expressions would be nearly all.
                kinds = sorted({int(kind) for kind in inside[:, 2]})
                of_kind = inside[inside[:, 2] == kinds[rng.integers(len(kinds))]]
                span = of_kind[rng.integers(len(of_kind))]
                return int(span[0]), int(span[1])
        first, last = sorted(rng.integers(begin, end + 1, size=2).tolist())
        return first, last


def arranged(prefix: list[int], middle: list[int], suffix: list[int], specials: Specials, *, spm: bool) -> tuple[int, ...]:
    """The ids of a cut row."""
    if spm:
        return (specials.prefix, specials.suffix, *suffix, specials.middle, *prefix, *middle, specials.end)
    return (specials.prefix, *prefix, specials.suffix, *suffix, specials.middle, *middle, specials.end)
