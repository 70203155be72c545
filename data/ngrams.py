"""Runs of words as 64-bit hashes in arrays: the arithmetic behind `hpcraft.data.decontaminate`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Indexes = NDArray[np.int64]

_PRIME = 0x9E3779B97F4A7C15
"""Multiplier of the rolling hash: odd, with its bits spread."""
_MASK = 2**64 - 1


def word_values(vocabulary: Sequence[str]) -> Hashes:
    """A number of 64 bits for each word, the same on every machine; that of no word, 0, comes first."""
    import numpy as np

    digests = b"".join(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest() for word in vocabulary)
    return np.concatenate([np.zeros(1, np.uint64), np.frombuffer(digests, dtype="<u8").astype(np.uint64)])


def one_hash(values: Sequence[int]) -> int:
    """The hash of one run, as `run_hashes` computes it for many."""
    total = 0
    for value in values:
        total = (total * _PRIME + value) & _MASK
    return total


def whole_runs(numbers: Indexes, n: int) -> Indexes:
    """Positions from which ``n`` words in a row are known."""
    import numpy as np

    if len(numbers) < n:
        return np.empty(0, np.int64)
    unknown = np.concatenate([np.zeros(1, np.int64), np.cumsum(numbers == 0)])
    return np.flatnonzero(unknown[n:] == unknown[:-n]).astype(np.int64)


def run_hashes(values: Hashes, positions: Indexes, n: int) -> Hashes:
    """The hashes of the runs of ``n`` words that begin at ``positions``."""
    import numpy as np

    total = np.zeros(len(positions), np.uint64)
    for offset in range(n):
        total = total * np.uint64(_PRIME) + values[positions + offset]
    return total


def gather(starts: Indexes, values: Indexes, which: Indexes) -> Indexes:
    """``values[starts[i]:starts[i + 1]]`` of every ``i`` in ``which``, joined."""
    import numpy as np

    sizes = starts[which + 1] - starts[which]
    ends = np.cumsum(sizes)
    places: Indexes = np.arange(int(ends[-1])) + np.repeat(starts[which] - (ends - sizes), sizes)
    gathered: Indexes = values[places]
    return gathered
