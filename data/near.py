"""Near duplicates: MinHash signatures, bands that bring likely pairs together, and the exact Jaccard similarity that decides.

Theory of operation. Each document has a set of features (`hpcraft.data.shingles`) and a signature of ``PERMUTATIONS`` minima over
it. Phase one makes both where the document is cleaned. Phase two goes over the bands of ``ROWS`` minima: documents that agree in all
minima of a band fall into one bucket, and the first document of a bucket that is like none before it is a leader to which the later
ones are compared, so that a family of thousands costs no square. A pair is an edge when the exact similarity reaches the threshold;
the signatures only save the comparison of pairs that are clearly unlike. Bands are independent of each other, so phase two is as
many tasks as one likes. A pair of similarity 0.5 shares a bucket with probability 0.98, one of 0.65 with 1 - 3e-6.

Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.shingles import Features, Traits, jaccard
from hpcraft.store import atomic_file

PERMUTATIONS, ROWS = 256, 4
BANDS = PERMUTATIONS // ROWS
_SEED, _MIX = 1, np.uint64(0x9E3779B97F4A7C15)
_DOUBT = 0.12
"""Four standard deviations of a similarity that a signature estimates."""
_MOST_LEADERS = 400
_BATCH = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """How alike two documents are that count as near duplicates.

    Files that a project writes to one pattern reach half of each other's shingles once names don't count, as a copy does in which every
    fifth line was edited; but the copy has kept its names. So the lower threshold asks for those too.
    """

    similarity: float = 0.65
    """Jaccard similarity that is enough by itself; 1 leaves near duplicates alone."""
    with_names: float = 0.5
    """What is enough with ``names``."""
    names: float = 0.5
    """Jaccard similarity of the sets of names."""

    @property
    def least(self) -> float:
        """The similarity below which nothing counts."""
        return min(self.similarity, self.with_names)


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs of documents, by number, with their exact similarity; ``one < other``."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    similarity: NDArray[np.float64]


class FeatureFile:
    """The feature sets and signatures of some documents, in files that are read by mapping them into memory."""

    def __init__(self, folder: Path) -> None:
        self.signatures: NDArray[np.uint32] = np.load(folder / "signatures.npy")
        self._offsets = np.load(folder / "offsets.npy")
        self._features = np.load(folder / "features.npy", mmap_mode="r")
        self._name_offsets = np.load(folder / "name-offsets.npy")
        self._names = np.load(folder / "names.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def sizes(self) -> NDArray[np.int64]:
        """Number of features of each document."""
        sizes: NDArray[np.int64] = np.diff(self._offsets)
        return sizes

    def __getitem__(self, number: int) -> Features:
        return np.asarray(self._features[self._offsets[number] : self._offsets[number + 1]])

    def names(self, number: int) -> Features:
        """The names of a document."""
        return np.asarray(self._names[self._name_offsets[number] : self._name_offsets[number + 1]])


class Collection:
    """All documents of a corpus under one numbering: that of the feature files in order."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files = [FeatureFile(folder) for folder in folders]
        self._starts = np.cumsum([0, *map(len, self._files)])
        self.sizes: NDArray[np.int64] = np.concatenate([file.sizes() for file in self._files]) if folders else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, number: int) -> Features:
        file, place = self._find(number)
        return file[place]

    def names(self, number: int) -> Features:
        """The names of a document."""
        file, place = self._find(number)
        return file.names(place)

    def _find(self, number: int) -> tuple[FeatureFile, int]:
        at = int(np.searchsorted(self._starts, number, side="right")) - 1
        return self._files[at], number - int(self._starts[at])

    def signatures(self) -> NDArray[np.uint32]:
        """All signatures, one row each."""
        return np.concatenate([file.signatures for file in self._files]) if self._files else np.zeros((0, PERMUTATIONS), np.uint32)


def write_features(folder: Path, documents: Iterable[Traits]) -> None:
    """Write features, names and signatures for `FeatureFile`."""
    kept = list(documents)
    features, names = [traits.features for traits in kept], [traits.names for traits in kept]
    for name, array in (
        ("features", _joined(features)),
        ("offsets", _offsets(features)),
        ("names", _joined(names)),
        ("name-offsets", _offsets(names)),
        ("signatures", signatures(features)),
    ):
        with atomic_file(folder / f"{name}.npy") as file:
            np.save(file, array)


def _joined(sets: Sequence[Features]) -> Features:
    return np.concatenate(sets) if sets else np.zeros(0, np.uint32)


def _offsets(sets: Sequence[Features]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, sets)], dtype=np.int64)


def signatures(sets: Sequence[Features]) -> NDArray[np.uint32]:
    """The MinHash signatures of feature sets, ``(len(sets), PERMUTATIONS)``."""
    rensa: Any = import_module("rensa")  # a compiled module without types
    rows = [np.zeros((0, PERMUTATIONS), np.uint32)]
    for start in range(0, len(sets), _BATCH):
        batch = sets[start : start + _BATCH]
        flat = np.concatenate(batch).astype(np.uint64)
        offsets = np.cumsum([0, *map(len, batch)], dtype=np.uint64)
        matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, PERMUTATIONS, _SEED)
        rows.append(np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(batch), PERMUTATIONS))
    return np.concatenate(rows)


def edges(documents: Collection, alive: NDArray[np.bool_], bands: range, likeness: Likeness) -> Edges:
    """Pairs among the documents that are alive which share a bucket of these bands and are near duplicates."""
    threshold = likeness.least
    numbers = np.flatnonzero(alive & (documents.sizes > 0))
    minima, sizes = documents.signatures()[numbers], documents.sizes[numbers]
    found: dict[tuple[int, int], float] = {}
    compared: set[tuple[int, int]] = set()
    for band in bands:
        twos, larger = _buckets(minima[:, band * ROWS : (band + 1) * ROWS])
        likely = [
            twos[_may_reach(minima, sizes, twos[:, 0], twos[:, 1], threshold)],
            *(_led(minima, sizes, bucket, threshold) for bucket in larger),
        ]
        for one, other in numbers[np.concatenate(likely)].tolist():
            if (one, other) not in compared:
                compared.add((one, other))
                similarity = jaccard(documents[one], documents[other])
                if similarity >= likeness.similarity or (
                    similarity >= likeness.with_names and jaccard(documents.names(one), documents.names(other)) >= likeness.names
                ):
                    found[one, other] = similarity
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    return Edges(pairs[:, 0], pairs[:, 1], np.array([found[int(a), int(b)] for a, b in pairs], dtype=np.float64))


def _buckets(minima: NDArray[np.uint32]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Numbers of rows that are equal, in order: where there are two, as rows of an array, and where there are more."""
    keys = np.zeros(len(minima), np.uint64)
    for column in minima.T:
        keys = (keys ^ column) * _MIX
        keys ^= keys >> np.uint64(32)
    order = np.argsort(keys, kind="stable")
    bounds = np.flatnonzero(np.concatenate([[True], np.diff(keys[order]) != 0, [True]])) if len(keys) else np.zeros(1, np.int64)
    lengths = np.diff(bounds)
    twos = bounds[:-1][lengths == 2]
    larger = np.flatnonzero(lengths > 2)
    return np.stack([order[twos], order[twos + 1]], axis=1), [order[bounds[at] : bounds[at + 1]] for at in larger]


def _may_reach(
    minima: NDArray[np.uint32], sizes: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64], threshold: float
) -> NDArray[np.bool_]:
    """Which pairs have signatures and sizes that allow the threshold."""
    estimate = (minima[one] == minima[other]).mean(axis=1)
    small, large = np.minimum(sizes[one], sizes[other]), np.maximum(sizes[one], sizes[other])
    allowed: NDArray[np.bool_] = (estimate >= threshold - _DOUBT) & (small >= threshold * large)
    return allowed


def _led(minima: NDArray[np.uint32], sizes: NDArray[np.int64], bucket: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """Pairs of a large bucket that may reach the threshold, leader first."""
    rows, lengths = minima[bucket], sizes[bucket]
    may_lead = np.ones(len(bucket), np.bool_)
    leaders = 0
    pairs = [np.zeros((0, 2), np.int64)]
    for at in range(len(bucket) - 1):
        if not may_lead[at]:
            continue
        leaders += 1
        if leaders > _MOST_LEADERS:
            break
        estimate = (rows[at + 1 :] == rows[at]).mean(axis=1)
        small, large = np.minimum(lengths[at + 1 :], lengths[at]), np.maximum(lengths[at + 1 :], lengths[at])
        members = bucket[at + 1 :][(estimate >= threshold - _DOUBT) & (small >= threshold * large)]
        pairs.append(np.stack([np.full(len(members), bucket[at]), members], axis=1))
        may_lead[at + 1 :] &= estimate < threshold + _DOUBT
    return np.concatenate(pairs)
