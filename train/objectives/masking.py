"""Masked spans (T5) and masked whole words (CodeRosetta's MLM): an encoder reads a text with gaps, a decoder writes what stood there.

Each gap is one sentinel. The target lists the gaps in order, each behind its sentinel, and ends with the end token:

    read   a <|0|> d e <|1|> g end        write   <|0|> b c <|1|> f end

CodeRosetta masks in an encoder alone; with a decoder, each masked word is a gap of its own, so adjacent words have a sentinel each.

A vocabulary without sentinels that has a token for what is masked is filled in as BART does it (Lewis et al., 2020): every gap is that token, and
the target is the whole text, both behind the token that begins one.

Not covered: random or unchanged tokens in place of masks (BERT's 80/10/10), which neither paper has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError
from hpcraft.train.annotation import Document
from hpcraft.train.batches import pieces
from hpcraft.train.objectives.objective import Objective, PairRow, check_length, check_share
from hpcraft.train.objectives.specials import NONE, Specials

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class SpansConfig:
    """How much is masked, and in how long spans."""

    length: int = 512
    """Most tokens that the encoder reads; T5's and CodeRosetta's."""
    rate: float = 0.15
    """Share of tokens that are masked; T5's."""
    mean_span: float = 3.0
    """Mean length of a span in tokens; T5's."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 4)
        check_share("rate", self.rate)
        if self.mean_span < 1:
            raise ConfigError(f"mean_span: {self.mean_span} tokens; give at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class WordsConfig:
    """How many words are masked."""

    length: int = 512
    """Most tokens that the encoder reads; CodeRosetta's."""
    rate: float = 0.15
    """Share of words that are masked; CodeRosetta's. Never more than there are sentinels (64), if any, which 15 % of 512 tokens are far from."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 4)
        check_share("rate", self.rate)


class Spans(Objective):
    """Spans of tokens from their surroundings."""

    architecture = "encoder-decoder"

    def __init__(self, config: SpansConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials
        need_gaps("spans", specials)
        if specials.sentinels and round(config.length * config.rate / config.mean_span) > len(specials.sentinels):
            raise ConfigError(
                f"length {config.length}: {config.rate} of it in spans of {config.mean_span} are more than the {len(specials.sentinels)} sentinels; "
                "give a smaller length or rate, or a greater mean_span"
            )

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[PairRow]:
        """One row, or several for a long document; a document of one token has none."""
        ids = document.ids.tolist()
        for begin, end in pieces(len(ids), _room(self.config.length, self.specials)):
            if end - begin > 1:
                gaps = random_spans(end - begin, self.config.rate, self.config.mean_span, rng)
                yield with_gaps(ids[begin:end], gaps, self.specials)


class Words(Objective):
    """Whole words from their surroundings."""

    architecture = "encoder-decoder"

    def __init__(self, config: WordsConfig, specials: Specials) -> None:
        self.config, self.specials = config, specials
        need_gaps("words", specials)

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[PairRow]:
        """One row, or several for a long document; a document of one word has none."""
        import numpy as np

        if document.words is None:
            raise InputError("objective words: the document has no words; annotate the corpus, or take the objective spans")
        ids = document.ids.tolist()
        for begin, end in pieces(len(ids), _room(self.config.length, self.specials)):
            # A word that the cut runs through counts as one in each piece.
            starts = np.flatnonzero(document.words[begin:end]).tolist()
            starts = starts if starts[:1] == [0] else [0, *starts]
            if len(starts) < 2:
                continue
            most = min(len(self.specials.sentinels) or len(starts), len(starts) - 1)
            chosen = rng.choice(len(starts), size=min(most, max(1, round(len(starts) * self.config.rate))), replace=False)
            ends = [*starts[1:], end - begin]
            yield with_gaps(ids[begin:end], [(starts[i], ends[i]) for i in sorted(chosen.tolist())], self.specials)


def need_gaps(objective: str, specials: Specials) -> None:
    """Check that a vocabulary has something to stand for a gap.

    Raises:
        ConfigError: neither sentinels nor a token for what is masked.
    """
    specials.need(objective, "sentinels" if specials.mask == NONE else "mask")


def _room(length: int, specials: Specials) -> int:
    """Tokens of a text beside those that begin and end what is read and written."""
    return length - 1 - (not specials.sentinels and specials.text != NONE)


def random_spans(length: int, rate: float, mean_span: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Spans to mask, as T5 draws them: their number is fixed, and every way to part the tokens among them is as likely.

    What is masked and what stays are each cut into the same number of parts, none empty, which alternate beginning with what stays.
    """
    masked = min(max(round(length * rate), 1), length - 1)
    number = min(max(round(masked / mean_span), 1), length - masked)
    gaps, kept = _parted(masked, number, rng), _parted(length - masked, number, rng)
    spans, at = [], 0
    for stays, goes in zip(kept, gaps, strict=True):
        spans.append((at + stays, at + stays + goes))
        at += stays + goes
    return spans


def _parted(total: int, number: int, rng: np.random.Generator) -> list[int]:
    """``total`` as a sum of ``number`` positive parts."""
    cuts = sorted((rng.choice(total - 1, size=number - 1, replace=False) + 1).tolist()) if number > 1 else []
    return [end - begin for begin, end in zip([0, *cuts], [*cuts, total], strict=True)]


def with_gaps(ids: Sequence[int], gaps: Sequence[tuple[int, int]], specials: Specials) -> PairRow:
    """The row in which these ranges of a text, in order and apart or adjacent, are to be written."""
    source: list[int] = []
    target: list[int] = []
    at = 0
    if not specials.sentinels:
        head = () if specials.text == NONE else (specials.text,)
        for begin, end in gaps:
            source += [*ids[at:begin], specials.mask]
            at = end
        return PairRow((*head, *source, *ids[at:], specials.end), (*head, *ids, specials.end), specials.start)
    for sentinel, (begin, end) in zip(specials.sentinels, gaps, strict=False):
        source += [*ids[at:begin], sentinel]
        target += [sentinel, *ids[begin:end]]
        at = end
    assert len(gaps) <= len(specials.sentinels), "more gaps than sentinels"
    return PairRow((*source, *ids[at:], specials.end), (*target, specials.end), specials.start)
