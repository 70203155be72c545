"""Leakage between splits: every pair of documents of two splits whose similarity reaches a threshold, found exactly.

Unlike the near-duplicate join this misses nothing, because it looks at all features (`hpcraft.data.shingles`) and not at signatures.
A pair of similarity t shares at least t of the larger one's features, so a document of which fewer than that stand anywhere in the
held-out split is like none of its documents; for the rest, one of the rarest ``1 - t`` of its features must be shared (prefix filter,
Chaudhuri et al. 2006, Xiao et al. 2008). Of those and some more features it is counted how many each held-out document has, and where
the others could make up for what is missing, the similarity is computed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.near import Collection, Edges
from hpcraft.data.shingles import Features, jaccard

_MOST_COUNTED = 10_000
"""Places in the index that are looked at for one document, but for those that have to be."""


class HeldOut:
    """The documents of a split, indexed by feature."""

    def __init__(self, documents: Collection, numbers: NDArray[np.int64]) -> None:
        self._documents, self._numbers = documents, numbers
        sizes = documents.sizes[numbers]
        flat = np.concatenate([documents[int(n)] for n in numbers]) if len(numbers) else np.zeros(0, np.uint32)
        order = np.argsort(flat, kind="stable")
        self._owners = np.repeat(np.arange(len(numbers), dtype=np.int32), sizes)[order]
        self._vocabulary, self._starts = np.unique(flat[order], return_index=True)
        self._counts = np.diff(np.r_[self._starts, len(flat)])
        self._sizes = sizes

    def like(self, features: Features, threshold: float) -> Iterator[tuple[int, float]]:
        """Numbers of the documents as alike as ``threshold``, with their similarity."""
        if not len(features) or not len(self._vocabulary):
            return
        places = np.searchsorted(self._vocabulary, features)
        places[places == len(self._vocabulary)] = 0
        places = places[self._vocabulary[places] == features]
        needed = int(np.ceil(threshold * len(features) - 1e-9))
        if len(places) < needed:
            return
        hits, left = self._count(places[np.argsort(self._counts[places], kind="stable")], at_least=len(places) - needed + 1)
        # What the features that weren't counted could add must be enough for the overlap that two sets of these sizes need.
        enough = hits + left >= threshold / (1 + threshold) * (self._sizes + len(features)) - 1e-6
        close = (self._sizes >= threshold * len(features) - 1e-9) & (len(features) >= threshold * self._sizes - 1e-9)
        for owner in np.flatnonzero((hits > 0) & enough & close):
            number = int(self._numbers[owner])
            similarity = jaccard(features, self._documents[number])
            if similarity >= threshold:
                yield number, similarity

    def _count(self, places: NDArray[np.int64], at_least: int) -> tuple[NDArray[np.int64], int]:
        """How many of the first ``places`` each document has, and how many places weren't looked at for want of time."""
        counts = self._counts[places]
        ends = np.cumsum(counts)
        num = max(at_least, int(np.searchsorted(ends, _MOST_COUNTED, side="right")))
        counts, ends = counts[:num], ends[:num]
        at = np.arange(ends[-1]) + np.repeat(self._starts[places[:num]] - (ends - counts), counts)
        return np.bincount(self._owners[at], minlength=len(self._numbers)), len(places) - num


def leaks(documents: Collection, held_out: HeldOut, others: NDArray[np.int64], threshold: float) -> Edges:
    """Pairs of a document among ``others`` (``one``) and a held-out one (``other``) that are alike, by number."""
    found = [(int(n), number, similarity) for n in others for number, similarity in held_out.like(documents[int(n)], threshold)]
    found.sort()
    return Edges(
        np.array([f[0] for f in found], np.int64), np.array([f[1] for f in found], np.int64), np.array([f[2] for f in found], np.float64)
    )
