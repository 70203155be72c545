"""The second phase of ``prepare``: near duplicates and leaks among all clean documents, as tasks that share nothing.

Each task opens the feature files of the whole corpus by mapping them, looks at its bands or its documents, and writes the pairs it
found to one ``.npz`` file.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.leakage import HeldOut, leaks
from hpcraft.data.near import BANDS, Collection, Edges, Likeness, edges
from hpcraft.store import atomic_file

_BANDS_PER_TASK = 8
_DESCRIPTORS_PER_FOLDER = 4
_LEAK_CHUNK = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class BandTask:
    """Some bands of the near-duplicate join."""

    folders: tuple[Path, ...]
    alive: Path
    """``.npy`` of which documents take part."""
    bands: range
    likeness: Likeness
    out: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakTask:
    """Some documents to be compared with those that are held out."""

    folders: tuple[Path, ...]
    held_out: Path
    """``.npy`` of numbers of documents."""
    others: Path
    """``.npy`` of numbers, of which ``part`` is looked at."""
    part: slice
    threshold: float
    out: Path


def open_collection(folders: tuple[Path, ...]) -> Collection:
    """All documents; a mapped file holds a descriptor, of which a process may have 1024 unless it asks for more, as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _DESCRIPTORS_PER_FOLDER * len(folders) + 256
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else min(needed, hard), hard))
    return Collection(folders)


def find_near(task: BandTask) -> None:
    """Write the pairs of a `BandTask`."""
    documents = open_collection(task.folders)
    write_edges(task.out, edges(documents, np.load(task.alive), task.bands, task.likeness))


def find_leaks(task: LeakTask) -> None:
    """Write the pairs of a `LeakTask`; ``one`` is the other document, ``other`` the held-out one."""
    documents = open_collection(task.folders)
    others: NDArray[np.int64] = np.load(task.others)
    write_edges(task.out, leaks(documents, HeldOut(documents, np.load(task.held_out)), others[task.part], task.threshold))


def band_tasks(folders: tuple[Path, ...], alive: Path, likeness: Likeness, out: Path, *, whole: bool = False) -> list[BandTask]:
    """The near-duplicate join in parts, or as one ``whole`` task, which write to files below ``out``."""
    num_bands = BANDS if whole else _BANDS_PER_TASK
    return [
        BandTask(
            folders=folders,
            alive=alive,
            bands=range(start, min(start + num_bands, BANDS)),
            likeness=likeness,
            out=out / f"bands-{start:03d}.npz",
        )
        for start in range(0, BANDS, num_bands)
    ]


def leak_tasks(folders: tuple[Path, ...], held_out: Path, others: Path, threshold: float, out: Path) -> list[LeakTask]:
    """The search for leaks in parts, which write to files below ``out``."""
    num = len(np.load(others))
    return [
        LeakTask(
            folders=folders,
            held_out=held_out,
            others=others,
            part=slice(start, start + _LEAK_CHUNK),
            threshold=threshold,
            out=out / f"{others.stem}-{start:09d}.npz",
        )
        for start in range(0, num, _LEAK_CHUNK)
    ]


def write_edges(path: Path, found: Edges) -> None:
    """Write pairs."""
    with atomic_file(path) as file:
        np.savez(file, one=found.one, other=found.other, similarity=found.similarity)


def read_edges(paths: Iterable[Path]) -> Edges:
    """The pairs of several files, sorted, each once."""
    parts = [np.load(path) for path in paths]
    one, other = (np.concatenate([np.zeros(0, np.int64), *(part[name] for part in parts)]) for name in ("one", "other"))
    similarity = np.concatenate([np.zeros(0), *(part["similarity"] for part in parts)])
    pairs, first = np.unique(np.stack([one, other]), axis=1, return_index=True)
    return Edges(pairs[0], pairs[1], similarity[first])
