"""Denoising auto-encoding as in CodeRosetta: the encoder reads a noisy text, the decoder writes the clean one in its own language.

Only the token that the decoder begins with says which language it writes, as in back-translation, whose other half this is.
The noise is that of `hpcraft.train.objectives.noise`, towards the other of two languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hpcraft.errors import ConfigError
from hpcraft.train.annotation import Document
from hpcraft.train.batches import pieces
from hpcraft.train.objectives.noise import LARGEST_SUM, NoiseTables, Rates, drop, insert, mask, replace_some, shuffle
from hpcraft.train.objectives.objective import Objective, PairRow, check_length
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class DenoiseConfig:
    """How texts are made noisy."""

    languages: tuple[str, str] = ("c", "cuda")
    """The two languages: noise in one draws on the other. CodeRosetta has C++ and CUDA, and Fortran and C++."""
    length: int = 512
    """Most tokens of the clean and of the noisy text, their ends included; CodeRosetta's."""
    rates: Rates = field(default_factory=Rates)
    """Shares of each noise in the beginning."""
    shuffle: Literal["span", "local", "none"] = "span"
    """One span permuted (CodeRosetta), each token by up to three places (TransCoder), or none."""
    updates: int = 0
    """How often, evenly over the training, the rates grow; CodeRosetta's default is never, its other settings are 1, 2 or 4 times an epoch."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length(self.length, 12)
        check_languages(self.languages)
        if self.rates.total > LARGEST_SUM + 1e-9:
            raise ConfigError(f"rates: their sum of {self.rates.total:.3f} is above {LARGEST_SUM}, which leaves too little text; lower one")
        if self.shuffle not in ("span", "local", "none"):
            raise ConfigError(f"shuffle: {self.shuffle!r}; give span, local or none")
        if self.updates < 0:
            raise ConfigError(f"updates: {self.updates} is below zero")


class Denoise(Objective):
    """A clean text from a noisy one."""

    architecture = "encoder-decoder"

    def __init__(self, config: DenoiseConfig, specials: Specials, tables: NoiseTables, *, updates_done: int = 0) -> None:
        """Prepare the noise.

        Args:
            config: how much of it.
            specials: ids of the task format.
            tables: of both languages.
            updates_done: how often the rates have grown.
        """
        specials.need("denoise", "mask")
        if len({specials.start_of(language) for language in config.languages}) < 2:
            raise ConfigError(
                f"languages {' and '.join(config.languages)}: a decoder begins both with one token, which leaves it no direction; give two that differ"
            )
        for language in config.languages:
            if language not in tables.frequent or language not in tables.keywords:
                raise ConfigError(f"language {language!r}: the tables of noise lack it; count them over a corpus that has it")
        self.config, self.specials, self.tables = config, specials, tables
        self.rates = config.rates.after(updates_done)

    @property
    def turns(self) -> tuple[float, ...]:
        """When the rates grow."""
        return tuple(number / (self.config.updates + 1) for number in range(1, self.config.updates + 1))

    def at(self, progress: float) -> Denoise:
        """The same with the rates of that time."""
        done = min(int(progress * (self.config.updates + 1) + 1e-9), self.config.updates)
        return Denoise(self.config, self.specials, self.tables, updates_done=done)

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[PairRow]:
        """One row, or several for a long document; a document in neither language has none."""
        for ids in language_pieces(document, self.config.languages, self.config.length):
            yield self.row(ids, document.language, rng)

    def row(self, ids: NDArray[np.int32], language: str, rng: np.random.Generator, group: str = "") -> PairRow:
        """The row of one piece of text."""
        noisy = self.noisy(ids, language, rng)[: self.config.length - 1].tolist()
        end = self.specials.end
        return PairRow((*noisy, end), (*ids.tolist(), end), self.specials.start_of(language), group)

    def noisy(self, ids: NDArray[np.int32], language: str, rng: np.random.Generator) -> NDArray[np.int64]:
        """The five noises in order (six with the one that is off), and no end token."""
        import numpy as np

        rates, foreign = self.rates, self.tables.frequent[other_of(self.config.languages, language)]
        found = drop(ids.astype(np.int64), rates.drop, self.tables.keywords[language], rng)
        found = replace_some(found, rates.replace, foreign, rng)
        found = insert(found, rates.insert, foreign, rng)
        found = shuffle(found, self.config.shuffle, rng)
        return mask(found, rates.mask, self.specials.mask, rng)


def language_pieces(document: Document, languages: tuple[str, str], length: int) -> Iterator[NDArray[np.int32]]:
    """The pieces of a document that is in one of the languages, each with room for an end."""
    if document.language in languages:
        for begin, end in pieces(len(document.ids), length - 1):
            yield document.ids[begin:end]


def other_of(languages: tuple[str, str], language: str) -> str:
    """The language that isn't this one."""
    return languages[1] if language == languages[0] else languages[0]


def check_languages(languages: tuple[str, str]) -> None:
    """Check that there are two different ones.

    Raises:
        ConfigError: there aren't.
    """
    if len(set(languages)) != 2:
        raise ConfigError(f"languages: {list(languages)}; give two different ones, such as c and cuda")
