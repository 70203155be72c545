"""What the rows of ``duplicates`` say, and the column ``compiles``: corpora that are prepared in this process."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hpcraft.data.comments import blank_c
from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.data.shingles import features, jaccard
from hpcraft.errors import MachineError
from hpcraft.records import Document, Duplicate
from hpcraft.sandbox import isolation
from hpcraft.shards import read_rows
from hpcraft.stages import execute
from tests.data.in_place import Here
from tests.data.near_inputs import edited, programs

NOTICE = "// SPDX-License-Identifier: MIT\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Programs for training; for testing each with many changed lines, a copy of that and one with a few more changed."""
    rng = random.Random(7)
    for package in ("trained", "unseen"):
        (tmp_path / package).mkdir()
    for number, program in enumerate(rng.sample(programs(), 12)):
        first = edited(program, rng, 0.1)
        (tmp_path / "trained" / f"{number}.cu").write_text(NOTICE + program)
        for name, text in (("a", first), ("b", first), ("c", edited(first, rng, 0.05))):
            (tmp_path / "unseen" / f"{number}{name}.cu").write_text(NOTICE + text)
    sources = tuple(f"path:{tmp_path / package}" for package in ("trained", "unseen"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def test_a_similarity_is_that_of_the_two_that_are_named(files: Path, in_place: Here) -> None:
    """Also where a document stood for another before it was dropped itself."""
    config = PrepareConfig(
        test_packages=("unseen",),
        valid_share=0.0,
        near_similarity=0.75,
        near_similarity_with_names=0.75,
        leak_similarity=0.5,
        max_error_share=1.0,
        min_compressed_share=0,
    )
    out = files.parent / "out"
    execute(STAGE, config, {"files": files}, out, executor=in_place)
    sets = {}
    for package in ("trained", "unseen"):
        for path in (files.parent / package).iterdir():
            sets[package, path.name] = features("cuda", blank_c(path.read_text()))
    kept = {document.document_id: sets[document.package, document.path] for document in read_rows(out, "corpus", Document)}
    rows = list(read_rows(out, "duplicates", Duplicate))
    for row in rows:
        found = jaccard(sets[row.package, row.path], kept[row.kept_id])
        assert row.similarity == pytest.approx(found, abs=1e-4), (row.kind, row.path)
    leaks = [row for row in rows if row.kind == "leak" and row.path.endswith("c.cu")]
    assert leaks, "a near duplicate of what leaks"


def test_a_weak_machine_is_told_of_before_the_work(files: Path, in_place: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be isolated, ``compiles`` ends at once, not after everything else."""
    monkeypatch.setattr(isolation, "_PROBES", {"none": isolation._PROBES["none"]})
    monkeypatch.setattr("hpcraft.data.cleaning.clean", None)
    with pytest.raises(MachineError, match="cannot isolate"):
        execute(STAGE, PrepareConfig(compiles=True), {"files": files}, files.parent / "out", executor=in_place)
