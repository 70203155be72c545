"""Which documents stay: one of each set of copies and of near duplicates, and none in one split that is like one in another.

Documents are taken in the order of preference: training before validation before testing, then as they were mined. One that is like
a document already kept goes, and that document stands for it, so that each document that was dropped is like one that is there and a
chain of small changes doesn't swallow what its ends don't share. Validation and test so hold only what training doesn't.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.near import Edges

SPLITS = ("train", "valid", "test")
KEPT, EXACT, NEAR, LEAK = 0, 1, 2, 3
KINDS = ("kept", "exact", "near", "leak")
_MOST_ROUNDS = 6


@dataclass(slots=True)
class Selection:
    """What becomes of each document, by number."""

    kind: NDArray[np.int8]
    """``KEPT``, ``EXACT``, ``NEAR`` or ``LEAK``."""
    stands_for: NDArray[np.int64]
    """The kept document that stands for it; itself when it is kept."""
    similarity: NDArray[np.float64]
    """Of the two; NaN where it wasn't compared with that one, but with another that was dropped later."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which documents stay."""
        kept: NDArray[np.bool_] = self.kind == KEPT
        return kept


def preference(splits: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of documents in the order in which they are preferred."""
    rank = np.array([SPLITS.index(split) for split in splits], dtype=np.int64)
    order: NDArray[np.int64] = np.argsort(rank, kind="stable")
    return order


def drop_copies(identities: Sequence[str], order: NDArray[np.int64]) -> Selection:
    """Keep the first of all documents with one identity."""
    num = len(identities)
    selection = Selection(np.zeros(num, np.int8), np.arange(num, dtype=np.int64), np.ones(num))
    first: dict[str, int] = {}
    for number in map(int, order):
        keeper = first.setdefault(identities[number], number)
        if keeper != number:
            selection.kind[number], selection.stands_for[number] = EXACT, keeper
    return selection


def drop_near(selection: Selection, order: NDArray[np.int64], find: Callable[[NDArray[np.bool_]], Edges]) -> int:
    """Drop near duplicates among the kept until ``find`` sees no more; returns the number of rounds.

    Args:
        selection: changed in place.
        order: as `preference` gives it.
        find: edges among the documents that are alive.
    """
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    for done in range(1, _MOST_ROUNDS + 1):
        edges = find(selection.kept)
        if not len(edges.one):
            return done
        _drop_neighbours(selection, position, edges)
    return _MOST_ROUNDS


def drop_leaks(selection: Selection, leaks: Edges) -> None:
    """Drop the held-out side of each pair that crosses splits: ``other`` is like ``one`` of a split before it.

    Of several that it is like, the most alike one stands for it.
    """
    order = np.lexsort((-leaks.one, leaks.similarity))
    number = leaks.other[order]
    selection.kind[number], selection.stands_for[number], selection.similarity[number] = LEAK, leaks.one[order], leaks.similarity[order]
    _follow(selection)


def _drop_neighbours(selection: Selection, position: NDArray[np.int64], edges: Edges) -> None:
    """One greedy round: the preferred document of each neighbourhood stays."""
    earlier = np.where(position[edges.one] < position[edges.other], edges.one, edges.other)
    later = edges.one + edges.other - earlier
    # By the dropped one's place, the most alike keeper first, so that it is the one that stands for it.
    for at in np.lexsort((position[earlier], -edges.similarity, position[later])):
        keeper, number = int(earlier[at]), int(later[at])
        if selection.kind[number] == KEPT and selection.kind[keeper] == KEPT:
            selection.kind[number], selection.stands_for[number], selection.similarity[number] = NEAR, keeper, edges.similarity[at]
    _follow(selection)


def _follow(selection: Selection) -> None:
    """Copies of a document that was dropped later get the one that stands for it."""
    while True:
        target = selection.stands_for[selection.stands_for]
        if (target == selection.stands_for).all():
            return
        moved = target != selection.stands_for
        # A copy of a near duplicate is a near duplicate; what was itself no copy has yet to be compared with the new one.
        copies = moved & (selection.kind == EXACT)
        selection.similarity[copies] = selection.similarity[selection.stands_for[copies]]
        selection.similarity[moved & ~copies] = np.nan
        selection.kind[moved] = np.maximum(selection.kind[moved], selection.kind[selection.stands_for[moved]])
        selection.stands_for = target
