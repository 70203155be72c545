"""The driver of the second phase of ``prepare``: which documents and units stay, and what stands for those that don't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.emission import Decisions
from hpcraft.data.joining import band_tasks, find_leaks, find_near, leak_tasks, read_edges
from hpcraft.data.near import Edges, Likeness
from hpcraft.data.selection import KEPT, KINDS, SPLITS, Selection, drop_copies, drop_leaks, drop_near, preference
from hpcraft.records import CodeUnit, Document, Duplicate
from hpcraft.shards import open_shard
from hpcraft.stages import Work
from hpcraft.store import JSON, Record, atomic_file

if TYPE_CHECKING:
    from hpcraft.data.prepare import PrepareConfig

_LOOP = ["kind", "directive", "tree_sha256"]


@dataclass(kw_only=True, slots=True)
class Chosen:
    """What stays, over all clean folders."""

    identities: list[str]
    """``document_id`` of each document."""
    starts: NDArray[np.int64]
    """Number of the first document of each folder, and their number."""
    selection: Selection
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
        return int((self._cluster_files() > 1).sum())

    def _cluster_files(self) -> NDArray[np.int64]:
        return np.bincount(self.selection.stands_for, minlength=len(self.identities))

    def write(self, number: int, below: Path) -> Path:
        """Write the decisions on one folder."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        keepers = self.selection.stands_for[part]
        decisions = Decisions(
            documents=self.selection.kept[part],
            clusters=[self.identities[keeper] for keeper in keepers],
            cluster_files=self._cluster_files()[keepers],
            units=self.units[number],
        )
        path = below / f"decisions-{number:05d}.npz"
        decisions.write(path)
        return path

    def duplicates(self, folders: list[CleanFolder]) -> Iterator[Duplicate]:
        """A row for each document that was dropped here."""
        for folder, start in zip(folders, self.starts, strict=False):
            names = ["source", "package", "version", "path", "sha256", "licence", "licence_evidence"]
            for number, row in enumerate(_rows(folder.documents(), Document, names), int(start)):
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
        for row in _rows(folder.documents(), Document, ["document_id", "split"]):
            identities.append(row["document_id"])
            splits.append(row["split"])
        starts.append(len(identities))
    order = preference(splits)
    selection = drop_copies(identities, order)
    join = _Join(tuple(folder.path for folder in folders), work)
    if config.near_similarity < 1:
        drop_near(selection, order, lambda alive: join.near(alive, config.likeness))
    leakage = _drop_leaks(selection, np.array([SPLITS.index(split) for split in splits], np.int64), join, config.leak_similarity)
    offsets = np.array(starts, np.int64)
    units = _choose_units(folders, selection, offsets)
    dropped = sum(int(len(kept) - kept.sum()) for kept in units)
    return Chosen(identities=identities, starts=offsets, selection=selection, units=units, num_dropped_units=dropped, leakage=leakage)


class _Join:
    """The tasks of the second phase; a task that was done before an interruption isn't done again."""

    def __init__(self, folders: tuple[Path, ...], work: Work) -> None:
        self._folders, self._work, self._round = folders, work, 0

    def near(self, alive: NDArray[np.bool_], likeness: Likeness) -> Edges:
        """Near duplicates among those alive."""
        below = self._next()
        tasks = band_tasks(self._folders, _save(below / "alive.npy", alive), likeness, below)
        self._work.executor.map(find_near, [t for t in tasks if not t.out.is_file()], folder=self._work.out, label="join")
        return read_edges(task.out for task in tasks)

    def leaks(self, held_out: NDArray[np.int64], others: NDArray[np.int64], threshold: float) -> Edges:
        """Pairs of another document and a held-out one."""
        below = self._next()
        tasks = leak_tasks(self._folders, _save(below / "held-out.npy", held_out), _save(below / "others.npy", others), threshold, below)
        self._work.executor.map(find_leaks, [t for t in tasks if not t.out.is_file()], folder=self._work.out, label="compare splits")
        return read_edges(task.out for task in tasks)

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


def _choose_units(folders: list[CleanFolder], selection: Selection, starts: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Units of documents that stay, each text once; a held-out one isn't there with other names in training.

    A loop without a directive that elsewhere has one, whatever its names, is no example of a loop that needs none.
    """
    annotated = {row["tree_sha256"] for folder in folders for row in _rows(folder.units(), CodeUnit, _LOOP) if row["directive"]}
    kept = [np.zeros(len(folder.owners()), np.bool_) for folder in folders]
    seen: set[bytes] = set()
    trees: dict[str, set[bytes]] = {}
    for split in SPLITS:
        earlier = set().union(*trees.values()) if trees else set()
        trees[split] = set()
        for number, folder in enumerate(folders):
            owners = folder.owners() + starts[number]
            for at, row in enumerate(_rows(folder.units(), CodeUnit, ["unit_id", "split", *_LOOP])):
                if row["split"] != split or not selection.kept[owners[at]]:
                    continue
                if row["kind"] == "loop" and not row["directive"] and row["tree_sha256"] in annotated:
                    continue
                unit, tree = bytes.fromhex(row["unit_id"])[:16], bytes.fromhex(row["tree_sha256"])[:16]
                if unit in seen or (tree and tree in earlier):
                    continue
                seen.add(unit)
                if tree:
                    trees[split].add(tree)
                kept[number][at] = True
    return kept


def _rows(shards: list[Path], kind: type[Record], names: list[str]) -> Iterator[dict[str, Any]]:
    """Some columns of all rows."""
    for shard in shards:
        with open_shard(shard, kind) as file:
            for batch in file.iter_batches(columns=names):
                yield from batch.to_pylist()


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
