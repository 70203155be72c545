"""Preparing on a cluster, tried on a real Slurm of one node: the same corpus as here, the join done by job arrays."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.executor import Executor, ExecutorConfig, make_executor
from hpcraft.local import LocalExecutor
from hpcraft.stages import execute
from hpcraft.store import Manifest

PROGRAMS = Path(__file__).parents[1] / "sandbox" / "cuda" / "programs"
NOTICE = "// SPDX-License-Identifier: MIT\n"
CONFIG = PrepareConfig(valid_packages=("second",), test_packages=("third",))

pytestmark = pytest.mark.usefixtures("slurm")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Real programs in three packages, some of them in two under other names for their variables; a shard for each package."""
    programs = sorted(PROGRAMS.glob("*.cu"))
    for name, part in (("first", programs[::2]), ("second", programs[1::4]), ("third", programs[3::4])):
        (tmp_path / name).mkdir()
        for path in part:
            (tmp_path / name / path.name).write_text(NOTICE + path.read_text())
        for path in programs[:6]:
            (tmp_path / name / f"again_{path.name}").write_text(NOTICE + re.sub(r"\bi\b", f"{name}_i", path.read_text()))
    sources = tuple(f"path:{tmp_path / name}" for name in ("first", "second", "third"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def jobs() -> list[str]:
    """The comment of each job that Slurm knows of, those that have ended too: the phase that it belongs to."""
    words = ("squeue", "--noheader", "--states=all", "--array", "--format=%k")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")


def prepared(name: str, executor: Executor) -> Manifest:
    """The corpus, paths given as one types them."""
    return execute(STAGE, CONFIG, {"files": Path("files")}, Path(name), executor=executor).manifest


@pytest.mark.ci
def test_the_corpus_is_the_same_as_here(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleaning, both joins and writing are done by jobs, and the hash over all outputs doesn't tell."""
    monkeypatch.chdir(files.parent)
    here = prepared("here", LocalExecutor(2))
    monkeypatch.setattr("hpcraft.data.dispatch.FEW_DOCUMENTS", 0)
    monkeypatch.setattr("hpcraft.data.joining._LEAK_CHUNK", 20)
    before = jobs()
    there = prepared("there", make_executor(ExecutorConfig(kind="slurm", tasks_per_job=4, cpus_per_task=2)))
    assert there.outputs_sha256 == here.outputs_sha256
    assert there.metrics == here.metrics
    assert here.rejections["near-duplicate"] >= 6
    assert here.metrics["by_split"].keys() == {"train", "valid", "test"}
    new = {phase: jobs().count(phase) - before.count(phase) for phase in ("clean", "join", "compare splits", "write")}
    assert new["clean"] == 1
    assert new["join"] >= 4, "eight tasks, four a job, in two rounds"
    assert new["compare splits"] >= 2
    assert new["write"] == 1
    assert not [path.name for path in Path("there").iterdir() if path.name.startswith(".")]
