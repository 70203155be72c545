"""The two n-gram parts of CodeBLEU, as counts that add up over a corpus.

The first is BLEU: clipped precision of one to four words, their geometric mean, and the brevity penalty. The second is recall, with
single words weighted, 1 for keywords and 0.2 for others, and without a penalty, as what is too short has little recall. An order without any match counts as a tenth of one (the first smoothing of Chen
and Cherry), as in the package. Unlike there, an order that no text is long enough for is left out, so that identical texts score 1
however short they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hpcraft.eval.metrics import Numbers

ORDERS = 4
WIDTH = 2 * ORDERS + 2
"""Counts of a pair: matches of each order, totals of each order, words of the candidate, words of the reference (0: no penalty)."""
OTHER_WEIGHT = 0.2
"""Of a single word that is no keyword."""
_SMOOTHED = 0.1


def precision_counts(reference: Sequence[str], candidate: Sequence[str]) -> list[float]:
    """How many of the candidate's n-grams the reference has."""
    matches, totals = [], []
    for order in range(1, ORDERS + 1):
        ours, theirs = _ngrams(candidate, order), _ngrams(reference, order)
        matches.append(float((ours & theirs).total()))
        totals.append(float(ours.total()))
    return [*matches, *totals, float(len(candidate)), float(len(reference))]


def recall_counts(reference: Sequence[str], candidate: Sequence[str], weight: Callable[[str], float]) -> list[float]:
    """How many of the reference's n-grams the candidate has, single words by weight."""
    matches, totals = [], []
    for order in range(1, ORDERS + 1):
        ours, theirs = _ngrams(candidate, order), _ngrams(reference, order)
        weigh = (lambda gram: weight(gram[0])) if order == 1 else _one
        matches.append(sum(count * weigh(gram) for gram, count in (ours & theirs).items()))
        totals.append(sum(count * weigh(gram) for gram, count in theirs.items()))
    return [*matches, *totals, float(len(candidate)), 0.0]


def score(counts: Numbers) -> Numbers:
    """The figure of summed counts, which lie on the last axis."""
    matches, totals = counts[..., :ORDERS], counts[..., ORDERS : 2 * ORDERS]
    candidate, reference = counts[..., -2], counts[..., -1]
    present = totals > 0
    ratios = np.where(matches > 0, matches, _SMOOTHED) / np.where(present, totals, 1.0)
    logs = np.where(present, np.log(np.minimum(ratios, 1.0)), 0.0).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    brevity = np.exp(np.minimum(0.0, 1.0 - reference / np.maximum(candidate, 1e-9)))
    return np.asarray(np.where(matches[..., 0] > 0, brevity * np.exp(logs), 0.0))


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(_windows(words, order))


def _windows(words: Sequence[str], order: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(order)), strict=False)


def _one(_gram: tuple[str, ...]) -> float:
    return 1.0
