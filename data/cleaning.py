"""The first phase of ``prepare``: one shard of mined files becomes one folder of clean documents, units and features.

A folder holds ``documents-*.parquet`` and ``units-*.parquet``, ``rejected-*.parquet``, the features and signatures of
`hpcraft.data.near`, ``owners.npy`` (for each unit the number of its document in the folder) and last ``counts.json``, so a folder with
that file is whole. The work on each file is done in a process of its own beside the one that reads and writes: a grammar that crashes
or hangs costs one file.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpcraft.data.clean import Contaminated, Found, Rejected, Settings, Task, clean, rejected
from hpcraft.data.evidence import Evidence
from hpcraft.data.near import write_features
from hpcraft.data.shingles import Traits
from hpcraft.data.workers import Lost, ordered_map
from hpcraft.records import CodeUnit, Contamination, Document, SourceFile
from hpcraft.shards import ShardWriter, read_shard
from hpcraft.store import JSON, atomic_file, read_json, write_json

COUNTS = ("rejections", "encodings", "redactions", "contamination", "left_out")
"""What is counted in a folder: rejections by reason, encodings by name, redactions by kind, texts of benchmarks by suite, units left out by reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the driver knows of each file of a shard, one entry a file."""

    licences: list[str]
    """SPDX expression that the package gives, empty for none."""
    origins: list[str]
    """What that rests on, or why there is none."""
    splits: list[str]
    reasons: list[str]
    """Why the file is rejected unread; empty when it isn't."""

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, {name: getattr(self, name) for name in Plan.__slots__})

    @staticmethod
    def read(path: Path) -> Plan:
        """Read what `write` wrote."""
        return Plan(**read_json(path))


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanTask:
    """A shard to clean."""

    shard: Path
    plan: Path
    out: Path
    settings: Settings
    keep_rejected: bool

    @property
    def name(self) -> str:
        """For messages."""
        return self.shard.stem


class CleanFolder:
    """What `clean_shard` made of a shard."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_whole(self) -> bool:
        """Whether the shard is done."""
        return (self.path / "counts.json").is_file()

    def counts(self) -> JSON:
        """``{what: {name: n}}`` for each of ``COUNTS``."""
        return read_json(self.path / "counts.json")

    def documents(self) -> list[Path]:
        """Shards of `Document`."""
        return sorted(self.path.glob("documents-*.parquet"))

    def units(self) -> list[Path]:
        """Shards of `CodeUnit`."""
        return sorted(self.path.glob("units-*.parquet"))

    def owners(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """For each unit the number of its document in this folder."""
        owners: np.ndarray[tuple[int], np.dtype[np.int64]] = np.load(self.path / "owners.npy")
        return owners


def clean_shard(task: CleanTask) -> None:
    """Clean every file of a shard into ``task.out``; what an interrupted attempt left there goes."""
    if CleanFolder(task.out).is_whole:
        return
    shutil.rmtree(task.out, ignore_errors=True)
    task.out.mkdir(parents=True)
    counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTS}
    owners: list[int] = []
    compared: list[Traits] = []
    with ExitStack() as stack:
        documents = stack.enter_context(ShardWriter(task.out, "documents", Document))
        units = stack.enter_context(ShardWriter(task.out, "units", CodeUnit))
        contaminations = stack.enter_context(ShardWriter(task.out, "contamination", Contamination))
        aside = stack.enter_context(ShardWriter(task.out, "rejected", Rejected)) if task.keep_rejected else None
        for found in _cleaned(task):
            for row in [] if isinstance(found, Rejected) else found.rows if isinstance(found, Contaminated) else found.contamination:
                contaminations.write(row)
                counts["contamination"][row.suite] += 1
            if isinstance(found, Contaminated):
                found = found.rejected
            if isinstance(found, Rejected):
                counts["rejections"][found.reason] += 1
                if aside is not None:
                    aside.write(found)
                continue
            counts["encodings"][found.encoding] += 1
            counts["redactions"].update(found.redactions)
            if found.no_program:
                counts["left_out"][found.no_program] += 1
            for unit in found.units:
                units.write(unit)
                owners.append(documents.rows)
            documents.write(found.document)
            compared.append(found.traits)
    write_features(task.out, compared)
    with atomic_file(task.out / "owners.npy") as file:
        np.save(file, np.array(owners, dtype=np.int64))
    write_json(task.out / "counts.json", json.loads(json.dumps(counts)))


def _cleaned(task: CleanTask) -> Iterator[Found]:
    for found in ordered_map(clean, _tasks(task), num_workers=1):
        yield rejected(found.item.file, f"parser-{found.why}") if isinstance(found, Lost) else found


def _tasks(task: CleanTask) -> Iterator[Task]:
    plan = Plan.read(task.plan)
    for number, file in enumerate(read_shard(task.shard, SourceFile)):
        yield Task(
            file=file,
            package=Evidence(plan.licences[number], plan.origins[number]),
            split=plan.splits[number],
            reason=plan.reasons[number],
            settings=task.settings,
        )
