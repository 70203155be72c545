"""Which units stay: those of documents that stay, each text once, and none held out that training has under other names.

All units of the corpus are in memory at a time, as a few numbers each: 64 bits of each hash, which are plenty to tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.selection import SPLITS
from hpcraft.records import CodeUnit
from hpcraft.shards import read_columns

_COLUMNS = ["unit_id", "kind", "directive", "tree_sha256"]
_BARE_LOOP, _DIRECTED = 1, 2


@dataclass(slots=True)
class _Units:
    """What decides on each unit."""

    identity: NDArray[np.uint64]
    tree: NDArray[np.uint64]
    """0 for none."""
    what: NDArray[np.uint8]
    """``_BARE_LOOP``, ``_DIRECTED`` (has a directive) or 0."""
    document: NDArray[np.int64]


def choose_units(
    folders: Sequence[CleanFolder], kept: NDArray[np.bool_], ranks: NDArray[np.int64], starts: NDArray[np.int64]
) -> list[NDArray[np.bool_]]:
    """For each folder which of its units stay.

    A loop without a directive that elsewhere has one, whatever its names, is no example of a loop that needs none.

    Args:
        folders: in the order of their documents' numbers.
        kept: which documents stay.
        ranks: the split of each document as its place in ``SPLITS``.
        starts: number of the first document of each folder.
    """
    units = [_read(folder, int(start)) for folder, start in zip(folders, starts, strict=False)]
    identity, tree, what, document = (
        np.concatenate([getattr(part, name) for part in units]) for name in ("identity", "tree", "what", "document")
    )
    directed = np.unique(tree[(what == _DIRECTED) & (tree != 0)])
    eligible = kept[document] & ~((what == _BARE_LOOP) & np.isin(tree, directed))
    stays = np.zeros(len(identity), np.bool_)
    for rank in range(len(SPLITS)):
        seen, earlier = identity[stays], tree[stays & (tree != 0)]
        at = np.flatnonzero(eligible & (ranks[document] == rank))
        at = at[~np.isin(identity[at], seen) & ~np.isin(tree[at], earlier)]
        _, first = np.unique(identity[at], return_index=True)
        stays[at[first]] = True
    return np.split(stays, np.cumsum([len(part.identity) for part in units])[:-1])


def _read(folder: CleanFolder, start: int) -> _Units:
    """The units of a folder whose first document has the number ``start``."""
    owners = folder.owners()
    num = len(owners)
    units = _Units(np.zeros(num, np.uint64), np.zeros(num, np.uint64), np.zeros(num, np.uint8), owners + start)
    for at, row in enumerate(read_columns(folder.units(), CodeUnit, _COLUMNS)):
        units.identity[at] = int(row["unit_id"][:16], 16)
        units.tree[at] = int(row["tree_sha256"][:16] or "0", 16)
        units.what[at] = _DIRECTED if row["directive"] else _BARE_LOOP if row["kind"] == "loop" else 0
    return units
