"""The driver of the second phase of ``prepare``: which documents and units stay, and what stands for those that don't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.dispatch import is_small, run_tasks
from hpcraft.data.emission import Decisions
from hpcraft.data.joining import band_tasks, find_leaks, find_near, leak_tasks, open_collection, read_edges
from hpcraft.data.near import Edges, Likeness
from hpcraft.data.selection import KEPT, KINDS, SPLITS, Selection, drop_copies, drop_leaks, drop_near, preference
from hpcraft.data.shingles import jaccard
from hpcraft.data.unit_choice import choose_units
from hpcraft.records import Document, Duplicate
from hpcraft.shards import read_columns
from hpcraft.stages import Work
from hpcraft.store import JSON, atomic_file

if TYPE_CHECKING:
    from hpcraft.data.prepare import PrepareConfig

T = TypeVar("T")


@dataclass(kw_only=True, slots=True)
class Chosen:
    """What stays, over all clean folders."""

    identities: list[str]
    """``document_id`` of each document."""
    starts: NDArray[np.int64]
    """Number of the first document of each folder, and their number."""
    selection: Selection
    cluster_files: NDArray[np.int64]
    """How many documents each stands for, itself included."""
    units: list[NDArray[np.bool_]]
    """For each folder which of its units stay."""
    num_dropped_units: int
    leakage: JSON

    @property
    def num_kept(self) -> int:
        """How many documents stay."""
        return int(self.selection.kept.sum())

    @property
    def kinds(self) -> dict[str, int]:
        """How many documents were dropped, by kind."""
        return {kind: int((self.selection.kind == number).sum()) for number, kind in enumerate(KINDS) if number != KEPT}

    @property
    def num_clusters(self) -> int:
        """How many documents stand for others too."""
        return int((self.cluster_files > 1).sum())

    def write(self, number: int, below: Path) -> Path:
        """Write the decisions on one folder."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        keepers = self.selection.stands_for[part]
        decisions = Decisions(
            documents=self.selection.kept[part],
            clusters=[self.identities[keeper] for keeper in keepers],
            cluster_files=self.cluster_files[keepers],
            units=self.units[number],
        )
        path = below / f"decisions-{number:05d}.npz"
        decisions.write(path)
        return path

    def duplicates(self, folders: list[CleanFolder]) -> Iterator[Duplicate]:
        """A row for each document that was dropped here."""
        for folder, start in zip(folders, self.starts, strict=False):
            names = ["source", "package", "version", "path", "sha256", "licence", "licence_evidence"]
            for number, row in enumerate(read_columns(folder.documents(), Document, names), int(start)):
                if self.selection.kind[number] != KEPT:
                    yield Duplicate(
                        kind=KINDS[self.selection.kind[number]],
                        document_id=self.identities[number],
                        kept_id=self.identities[self.selection.stands_for[number]],
                        similarity=round(float(self.selection.similarity[number]), 4),
                        **row,
                    )


def choose(folders: list[CleanFolder], config: PrepareConfig, work: Work) -> Chosen:
    """Find copies, near duplicates and leaks among all documents, and decide."""
    identities: list[str] = []
    splits: list[str] = []
    starts = [0]
    for folder in folders:
        for row in read_columns(folder.documents(), Document, ["document_id", "split"]):
            identities.append(row["document_id"])
            splits.append(row["split"])
        starts.append(len(identities))
    order, ranks = preference(splits), np.array([SPLITS.index(split) for split in splits], np.int64)
    selection = drop_copies(identities, order)
    join = _Join(tuple(folder.path for folder in folders), work, len(identities))
    if config.near_similarity < 1:
        drop_near(selection, order, lambda alive: join.near(alive, config.likeness))
    leakage = _drop_leaks(selection, ranks, join, config.leak_similarity)
    join.measure(selection)
    offsets = np.array(starts, np.int64)
    units = choose_units(folders, selection.kept, ranks, offsets)
    dropped = sum(int(len(kept) - kept.sum()) for kept in units)
    return Chosen(
        identities=identities,
        starts=offsets,
        selection=selection,
        cluster_files=np.bincount(selection.stands_for, minlength=len(identities)),
        units=units,
        num_dropped_units=dropped,
        leakage=leakage,
    )


class _Join:
    """The tasks of the second phase; a task that was done before an interruption isn't done again."""

    def __init__(self, folders: tuple[Path, ...], work: Work, num_documents: int) -> None:
        self._folders, self._work, self._num_documents, self._round = folders, work, num_documents, 0

    def near(self, alive: NDArray[np.bool_], likeness: Likeness) -> Edges:
        """Near duplicates among those alive."""
        below = self._next()
        alone = is_small(self._num_documents)
        tasks = band_tasks(self._folders, _save(below / "alive.npy", alive), likeness, below, whole=alone)
        self._run(find_near, [t for t in tasks if not t.out.is_file()], label="join")
        return read_edges(task.out for task in tasks)

    def leaks(self, held_out: NDArray[np.int64], others: NDArray[np.int64], threshold: float) -> Edges:
        """Pairs of another document and a held-out one."""
        below = self._next()
        tasks = leak_tasks(self._folders, _save(below / "held-out.npy", held_out), _save(below / "others.npy", others), threshold, below)
        self._run(find_leaks, [t for t in tasks if not t.out.is_file()], label="compare splits")
        return read_edges(task.out for task in tasks)

    def measure(self, selection: Selection) -> None:
        """Fill in the similarities that `Selection` leaves open."""
        documents = open_collection(self._folders)
        for number in np.flatnonzero(np.isnan(selection.similarity)):
            selection.similarity[number] = jaccard(documents[int(number)], documents[int(selection.stands_for[number])])

    def _run(self, function: Callable[[T], None], tasks: Sequence[T], *, label: str) -> None:
        run_tasks(self._work, function, tasks, label=label, num_documents=self._num_documents)

    def _next(self) -> Path:
        self._round += 1
        return self._work.out / ".join" / f"{self._round:03d}"


def _drop_leaks(selection: Selection, ranks: NDArray[np.int64], join: _Join, threshold: float) -> JSON:
    """Drop held-out documents that are like one of a split before theirs, until a comparison finds none; returns the report."""
    removed = 0
    while True:
        found = 0
        for rank in range(1, len(SPLITS)):
            held_out, others = (np.flatnonzero(selection.kept & chosen) for chosen in (ranks == rank, ranks < rank))
            if len(held_out) and len(others):
                pairs = join.leaks(held_out, others, threshold)
                drop_leaks(selection, pairs)
                found += len(pairs.one)
                removed += len(np.unique(pairs.other))
        if not found:
            kept = {split: int((selection.kept & (ranks == rank)).sum()) for rank, split in enumerate(SPLITS)}
            return {"threshold": threshold, "compared": kept, "pairs": found, "removed": removed}


def _save(path: Path, array: NDArray[Any]) -> Path:
    with atomic_file(path) as file:
        np.save(file, array)
    return path


def count(folders: list[CleanFolder], what: str) -> Counter[str]:
    """The sum of one kind of count over all folders."""
    total: Counter[str] = Counter()
    for folder in folders:
        total.update(folder.counts()[what])
    return total
