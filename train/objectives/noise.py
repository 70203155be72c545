"""CodeRosetta's noise on token ids: drop, replace, insert, shuffle, mask, in this order, and the tables that it draws from.

Dropping prefers the keywords of the source language, which a translation must get right; theirs lacks the words of OpenMP, OpenACC
and MPI, which count here. Replacing and inserting draw from the tokens that the target language uses most, so that the decoder learns
not to copy what looks like the other language. Rates are shares of the length that the text has when a step begins.

Not covered: keywords that a vocabulary spells with several tokens, which weigh as any token, as in the original.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer import vocabulary
from hpcraft.tokenizer.constructs import CLAUSE_WORDS, DIRECTIVE_WORDS
from hpcraft.tokenizer.keywords import C_KEYWORDS, CPP_KEYWORDS, CUDA_BUILTINS, CUDA_QUALIFIERS, FORTRAN_KEYWORDS
from hpcraft.tokenizer.prompt import CONTROL, LATER, SPECIAL
from hpcraft.train.annotation import Document
from hpcraft.train.objectives.objective import check_share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

TOP = 3000
"""Tokens of a language's frequency table; CodeRosetta's."""
LARGEST_SUM = 0.6
"""Rates grow as long as their sum is below; CodeRosetta's."""
_KEYWORD_WEIGHT = 2.0
_SHORTEST_SHUFFLED = 10
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """How much noise of each kind, as shares of the tokens."""

    drop: float = 0.20
    """Tokens that are deleted; CodeRosetta's."""
    replace: float = 0.0
    """Tokens that become one of the target language; CodeRosetta has it switched off."""
    insert: float = 0.15
    """Tokens of the target language that are put in; CodeRosetta's."""
    mask: float = 0.15
    """Tokens that become the mask, drawn with replacement; CodeRosetta's."""

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("drop", "replace", "insert", "mask"):
            check_share(name, getattr(self, name))

    @property
    def total(self) -> float:
        """Their sum."""
        return self.drop + self.replace + self.insert + self.mask

    def after(self, updates: int) -> Rates:
        """What they are after so many updates: CodeRosetta's steps, .05 for mask and insert and .025 for drop, until the sum is .6."""
        rates = self
        for _ in range(updates):
            if rates.total >= LARGEST_SUM:
                break
            rates = replace(rates, mask=rates.mask + 0.05, insert=rates.insert + 0.05, drop=rates.drop + 0.025)
        return rates


@dataclass(frozen=True, slots=True, eq=False)
class Frequent:
    """The tokens that a language uses most, and how often."""

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NoiseTables:
    """What noise needs to know of the languages and the tokenizer."""

    keywords: Mapping[str, NDArray[np.bool_]]
    """Language to whether each id is a keyword."""
    frequent: Mapping[str, Frequent]

    @classmethod
    def of(cls, tokenizer: Tokenizer, documents: Iterable[Document], languages: Iterable[str]) -> NoiseTables:
        """The tables of some languages, counted over documents of the train split.

        Raises:
            InputError: a language has no document.
        """
        languages = tuple(languages)
        frequent = frequencies((d for d in documents if d.language in languages), barred=_control_ids(tokenizer))
        missing = [language for language in languages if language not in frequent]
        if missing:
            raise InputError(
                f"the corpus has no text in {', '.join(missing)}, whose tokens noise is drawn from; give languages that it has"
            )
        return cls({language: keyword_ids(tokenizer, language) for language in languages}, frequent)


def frequencies(documents: Iterable[Document], *, top: int = TOP, barred: Iterable[int] = ()) -> dict[str, Frequent]:
    """The most used tokens of each language; ties go to the smaller id.

    Args:
        documents: tokenized texts.
        top: length of a table at most.
        barred: ids that are in no table, such as those of the task format.
    """
    import numpy as np

    counts: dict[str, NDArray[np.int64]] = {}
    for document in documents:
        new = np.bincount(document.ids)
        old = counts.get(document.language, np.zeros(0, dtype=np.int64))
        longer = new if len(new) > len(old) else old
        counts[document.language] = np.pad(new, (0, len(longer) - len(new))) + np.pad(old, (0, len(longer) - len(old)))
    found: dict[str, Frequent] = {}
    for language, count in counts.items():
        for number in barred:
            count[number : number + 1] = 0
        ids = np.argsort(-count, kind="stable")[:top]
        found[language] = Frequent(ids[count[ids] > 0], count[ids][count[ids] > 0])
    return found


def keyword_ids(tokenizer: Tokenizer, language: str) -> NDArray[np.bool_]:
    """Whether each id is spelled with keywords alone, such as ``for`` or ``#pragma omp parallel for``.

    Raises:
        ConfigError: no such language.
    """
    import numpy as np

    found = np.zeros(tokenizer.get_vocab_size(), dtype=np.bool_)
    barred = _control_ids(tokenizer)
    for token, number in tokenizer.get_vocab(with_added_tokens=True).items():
        words = _WORD.findall(token)
        found[number] = number not in barred and bool(words) and all(is_keyword(word, language) for word in words)
    return found


def is_keyword(word: str, language: str) -> bool:
    """Whether a language, its directives or MPI own a word.

    Raises:
        ConfigError: no such language.
    """
    if language == "fortran":
        return word.lower() in _keywords(language) or bool(vocabulary.FORTRAN_FAMILIES.fullmatch(word.lower()))
    return word in _keywords(language) or bool(vocabulary.FAMILIES.fullmatch(word))


@functools.cache
def _keywords(language: str) -> frozenset[str]:
    parallel = {"pragma", *DIRECTIVE_WORDS, *CLAUSE_WORDS}
    cuda = CPP_KEYWORDS | {*CUDA_QUALIFIERS, *CUDA_BUILTINS}
    known = {"c": C_KEYWORDS, "cpp": CPP_KEYWORDS, "cuda": cuda, "fortran": FORTRAN_KEYWORDS}
    if language not in known:
        raise ConfigError(f"language {language!r}: expected one of {', '.join(known)}")
    return frozenset(known[language] | parallel)


def _control_ids(tokenizer: Tokenizer) -> frozenset[int]:
    found = (tokenizer.token_to_id(token) for token in (*SPECIAL, *CONTROL, *LATER))
    return frozenset(number for number in found if number is not None)


def drop(ids: NDArray[np.int64], rate: float, keywords: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Delete a share of the tokens, keywords twice as likely as others."""
    import numpy as np

    count = int(len(ids) * rate)
    if not count:
        return ids
    weights = np.where(keywords[ids], _KEYWORD_WEIGHT, 1.0)
    return np.delete(ids, rng.choice(len(ids), size=count, replace=False, p=weights / weights.sum()))


def replace_some(ids: NDArray[np.int64], rate: float, frequent: Frequent, rng: np.random.Generator) -> NDArray[np.int64]:
    """Put tokens of the other language in place of a share of the tokens."""
    count = int(len(ids) * rate)
    if not count:
        return ids
    drawn = _drawn(frequent, count, rng)
    changed = ids.copy()
    changed[rng.choice(len(ids), size=len(drawn), replace=False)] = drawn
    return changed


def insert(ids: NDArray[np.int64], rate: float, frequent: Frequent, rng: np.random.Generator) -> NDArray[np.int64]:
    """Put tokens of the other language between the tokens, each at most once."""
    import numpy as np

    count = int(len(ids) * rate)
    if not count:
        return ids
    drawn = _drawn(frequent, count, rng)
    return np.insert(ids, rng.integers(0, len(ids) + 1, size=len(drawn)), drawn)


def shuffle(ids: NDArray[np.int64], how: Literal["span", "local", "none"], rng: np.random.Generator) -> NDArray[np.int64]:
    """Permute one whole span between two random cuts (CodeRosetta), or each token by three places at most (TransCoder)."""
    import numpy as np

    if how == "local":
        return ids[np.argsort(np.arange(len(ids)) + rng.uniform(0, 3, size=len(ids)), kind="stable")]
    if how == "none" or len(ids) < _SHORTEST_SHUFFLED:
        return ids
    begin, end = sorted(rng.integers(1, len(ids), size=2).tolist())
    if end - begin < 2:
        return ids
    return np.concatenate([ids[:begin], rng.permutation(ids[begin:end]), ids[end:]])


def mask(ids: NDArray[np.int64], rate: float, masked: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Put the mask over a share of the tokens, drawn with replacement, so that there may be fewer."""
    count = int(len(ids) * rate)
    if not count:
        return ids
    changed = ids.copy()
    changed[rng.integers(0, len(ids), size=count)] = masked
    return changed


def _drawn(frequent: Frequent, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Different tokens, by frequency; as many as there are where that is less."""
    chances = frequent.counts / frequent.counts.sum()
    return frequent.ids[rng.choice(len(frequent.ids), size=min(count, len(frequent.ids)), replace=False, p=chances)]
