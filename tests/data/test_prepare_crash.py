"""Preparing that ends anywhere: after any change of the disk the run is cut off, and the next one ends with the same bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data.mine import STAGE as MINE
from hpcraft.data.mine import MineConfig
from hpcraft.data.prepare import STAGE, PrepareConfig
from hpcraft.stages import execute
from hpcraft.store import Manifest
from tests.data.in_place import Here
from tests.data.test_corpus import QUEUE, SOLVER

_EACH = 7
"""Every so many changes; 1 tries all of them, in a minute."""
_CHANGES = ("replace", "rename", "unlink", "rmdir", "mkdir")
BENCHMARK = "double dot(int n, const double *x, const double *y)\n{\n    double s = 0;\n    for (int i = 0; i < n; i++)\n        s += x[i] * y[i];\n    return s;\n}\n"


class Cut(BaseException):
    """The end of the process, as far as the code under test can tell: nothing that it does on its way out reaches the disk."""


class Disk:
    """Counts the changes of the disk, and lets none happen from the n-th on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.changes, self.last = 0, -1
        for name in _CHANGES:
            patch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            if self.changes == self.last:
                raise Cut
            self.changes += 1
            return change(*args, **options)

        return counted


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Four packages, two of them nearly alike, each with a file that is rejected, and a benchmark's text in two."""
    for package in ("first", "second", "third", "fourth"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "solver.c").write_text(SOLVER.replace("row", f"{package}_row"))
        (tmp_path / package / "tiny.c").write_text(SOLVER[:36])
    for package in ("second", "third"):
        (tmp_path / package / "dot.c").write_text(QUEUE[:36] + BENCHMARK)
    (tmp_path / "fourth" / "queue.c").write_text(QUEUE)
    (tmp_path / "dot.c").write_text(BENCHMARK)
    sources = tuple(f"path:{tmp_path / package}" for package in ("first", "second", "third", "fourth"))
    execute(MINE, MineConfig(sources=sources, cache=str(tmp_path / "cache")), {}, tmp_path / "files")
    return tmp_path / "files"


def prepared(files: Path) -> Manifest:
    """The corpus, made in this process."""
    config = PrepareConfig(
        test_packages=("fourth",), valid_share=0.0, keep_rejected=True, decontaminate=(str(files.parent / "dot.c"),), near_similarity=0.9
    )
    return execute(STAGE, config, {"files": files}, files.parent / "out", executor=Here()).manifest


@pytest.mark.ci
@pytest.mark.usefixtures("in_place")
def test_a_run_that_is_cut_off_anywhere_goes_on(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing lost, nothing doubled, nothing left over, wherever it ends."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)  # power stays on
    out = files.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)
        whole = prepared(files)
        num_changes = disk.changes
    assert whole.rejections["benchmark"] == 2
    shutil.rmtree(out)
    for last in range(num_changes - 1, 0, -_EACH):
        with pytest.MonkeyPatch.context() as patch:
            Disk(patch).last = last
            with pytest.raises(Cut):
                prepared(files)
        again = prepared(files)
        assert again.outputs_sha256 == whole.outputs_sha256, f"after {last} of {num_changes} changes"
        assert (again.rows, again.rejections, again.metrics) == (whole.rows, whole.rejections, whole.metrics)
        hidden = [path.name for path in out.iterdir() if path.name.startswith(".")]
        assert not hidden or last > num_changes - 4, f"after {last} of {num_changes} changes"
        shutil.rmtree(out)
