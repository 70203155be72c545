"""The choice of units, beside one that goes over them one by one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.cleaning import CleanFolder
from hpcraft.data.selection import SPLITS
from hpcraft.data.unit_choice import choose_units
from hpcraft.records import CodeUnit
from hpcraft.shards import ShardWriter
from hpcraft.store import sha256_bytes


@dataclass(frozen=True)
class Unit:
    """A unit as far as it counts; units of one text have one tree."""

    document: int
    text: int
    kind: str
    directive: str

    @property
    def identity(self) -> str:
        """As ``unit_id``."""
        return sha256_bytes(f"{self.kind}{self.directive}{self.text}".encode())

    @property
    def tree(self) -> str:
        """Two texts that differ in names alone have one; one text has none."""
        return sha256_bytes(bytes([self.text // 2])) if self.text else ""

    def row(self, split: str) -> CodeUnit:
        """As it is on disk."""
        return CodeUnit(
            unit_id=self.identity,
            kind=self.kind,
            document_id="",
            name="f",
            language="c",
            models=(),
            directive=self.directive,
            source="path:x",
            package="x",
            version="1",
            path="f.c",
            sha256="",
            licence="MIT",
            licence_evidence="spdx-header",
            split=split,
            start_line=1,
            tree_sha256=self.tree,
            text=str(self.text),
        )


UNITS = st.builds(Unit, st.integers(0, 5), st.integers(0, 7), st.sampled_from(["function", "loop"]), st.sampled_from(["", "omp for"]))


def one_by_one(units: list[Unit], kept: list[bool], splits: list[str]) -> list[bool]:
    """The same choice, as one would say it."""
    stays = [False] * len(units)
    directed = {unit.tree for unit in units if unit.directive}
    seen: set[str] = set()
    earlier: set[str] = set()
    for split in SPLITS:
        now: set[str] = set()
        for at, unit in enumerate(units):
            bare = unit.kind == "loop" and not unit.directive and unit.tree and unit.tree in directed
            if splits[unit.document] != split or not kept[unit.document] or bare or unit.identity in seen or unit.tree in earlier:
                continue
            seen.add(unit.identity)
            now.add(unit.tree)
            stays[at] = True
        earlier |= now - {""}
    return stays


@given(
    st.lists(UNITS, max_size=25), st.lists(st.booleans(), min_size=6, max_size=6), st.lists(st.sampled_from(SPLITS), min_size=6, max_size=6)
)
@settings(max_examples=40, deadline=None)
def test_the_choice_is_that_of_going_one_by_one(units: list[Unit], kept: list[bool], splits: list[str]) -> None:
    """Each text once, training first, nothing held out that training has under other names, no bare loop that elsewhere has a directive."""
    units.sort(key=lambda unit: unit.document)
    with tempfile.TemporaryDirectory() as below:
        folders = [CleanFolder(Path(below) / name) for name in ("a", "b", "c")]
        for number, folder in enumerate(folders):
            mine = [unit for unit in units if unit.document // 2 == number]
            folder.path.mkdir()
            np.save(folder.path / "owners.npy", np.array([unit.document % 2 for unit in mine], np.int64))
            with ShardWriter(folder.path, "units", CodeUnit) as writer:
                for unit in mine:
                    writer.write(unit.row(splits[unit.document]))
        ranks = np.array([SPLITS.index(split) for split in splits], np.int64)
        chosen = choose_units(folders, np.array(kept, np.bool_), ranks, np.array([0, 2, 4, 6], np.int64))
    assert [len(part) for part in chosen] == [sum(unit.document // 2 == number for unit in units) for number in range(3)]
    assert np.concatenate(chosen).tolist() == one_by_one(units, kept, splits)
