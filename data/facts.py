"""What is known of a prepared corpus: the counts behind its card, its statistics and its plots.

All of it stands in the manifest too, so that a card can be written again from a finished folder (`facts_of`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcraft.errors import InputError
from hpcraft.store import JSON, read_manifest

CONFIGS = {"documents": "corpus", "functions": "functions", "loops": "loops", "programs": "programs", "kernels": "kernels"}
"""Name of a configuration of the data set to the name of its shards."""
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
"""Our names of the splits to those that the ``datasets`` library knows."""
_SHARD = re.compile(r"(?P<name>[a-z]+)-\d{5}-(?P<split>train|valid|test)\.parquet")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Counts, options and rejections of one corpus; a count that is absent is left out of whatever is written."""

    metrics: JSON
    """As in the manifest: ``by_package``, ``by_licence`` and so on."""
    rows: Mapping[str, int]
    """Shard name to the number of rows."""
    rejections: Mapping[str, int] = field(default_factory=dict)
    config: JSON = field(default_factory=dict)
    seed: int = 0
    shards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Shard name to split to number of rows, for those that have any."""

    def counts(self, name: str) -> dict[str, Any]:
        """A metric that is a mapping; empty where it wasn't counted."""
        value = self.metrics.get(name)
        return dict(value) if isinstance(value, Mapping) else {}

    def sized(self, name: str) -> list[tuple[str, int, int]]:
        """Name, files and bytes of a metric that counts both, the largest first."""
        rows = [(key, int(count["files"]), int(count["bytes"])) for key, count in self.counts(name).items()]
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def ranked(self, name: str) -> list[tuple[str, int]]:
        """Name and count of a metric that counts one thing, the most frequent first."""
        return rank(self.counts(name))

    @property
    def files(self) -> int:
        """Documents kept."""
        return self.rows.get("corpus", 0)

    @property
    def bytes(self) -> int:
        """Bytes of their text."""
        return sum(size for _, _, size in self.sized("by_package"))


def rank(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and counts, the most frequent first."""
    return sorted(((key, int(count)) for key, count in counts.items()), key=lambda row: (-row[1], row[0]))


def facts_of(folder: Path) -> Facts:
    """The facts of a finished corpus.

    Raises:
        InputError: the folder is unfinished, or not what ``prepare`` makes.
    """
    manifest = read_manifest(folder)
    if manifest.stage != "prepare":
        raise InputError(f"{folder}: holds what `{manifest.stage}` made; a card is written of what `prepare` makes")
    return Facts(
        metrics=manifest.metrics,
        rows=manifest.rows,
        rejections=manifest.rejections,
        config=manifest.config,
        seed=manifest.seed,
        shards=count_shards(folder),
    )


def count_shards(folder: Path) -> dict[str, dict[str, int]]:
    """Rows of each split of each kind of shard, by the names of the files and their footers."""
    import pyarrow.parquet as pq

    found: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("*.parquet")):
        match = _SHARD.fullmatch(path.name)
        if match and (rows := pq.read_metadata(path).num_rows):
            splits = found.setdefault(match["name"], {})
            splits[match["split"]] = splits.get(match["split"], 0) + rows
    return found
