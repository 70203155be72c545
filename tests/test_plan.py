"""What an interrupted stage left is gone on with by the calls that may, and dropped once the manifest is there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hpcraft import stages
from hpcraft.errors import DivergedError
from hpcraft.stages import Report, Stage, Work, execute


def diverging(toys: ModuleType) -> Stage[Any]:
    """The toy's ``make``, which diverges behind its first part where its label is "high"; any other label can go on from there."""

    def run(config: Any, work: Work) -> Report:
        report: Report = toys.make(replace(config, parts=1), work)
        if config.label == "high":
            raise DivergedError("lower the label")
        (work.out / ".marks").mkdir(exist_ok=True)
        return report

    return replace(toys.MAKE, run=run, alike=lambda config: replace(config, label=""), scratch=(".marks",))


@pytest.fixture
def call(toys: ModuleType, tmp_path: Path) -> Callable[..., stages.Execution]:
    """Executes it."""
    return lambda label, **more: execute(diverging(toys), toys.MakeConfig(label=label, **more), {}, tmp_path / "out")


def test_a_stage_that_diverged_goes_on_with_what_may_change(
    call: Callable[..., stages.Execution], capsys: pytest.CaptureFixture[str]
) -> None:
    """What it had done is kept, and the manifest and the terminal say what was changed."""
    with pytest.raises(DivergedError):
        call("high")
    manifest = call("low").manifest
    assert manifest.metrics == {"resumed": 1}
    assert manifest.notes == ["a toy", "gone on with label=low, begun with label=high"]
    assert manifest.config["label"] == "low"
    assert "gone on with label=low, begun with label=high; --force begins anew" in capsys.readouterr().err


def test_another_change_begins_anew_all_the_same(call: Callable[..., stages.Execution]) -> None:
    """As it does without a divergence."""
    with pytest.raises(DivergedError):
        call("high")
    assert call("low", scale=2.0).manifest.metrics == {"resumed": 0}


def test_scratch_stays_until_the_manifest_is_written(
    call: Callable[..., stages.Execution], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in front of the manifest leaves what a resumed run needs; behind it, the next call removes the rest."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for point in ("write_manifest", "_publish"):
        with monkeypatch.context() as patch:
            patch.setattr(stages, point, killed)
            with pytest.raises(KeyboardInterrupt):
                call("low")
        assert (tmp_path / "out.partial/.marks").exists() == (point == "write_manifest")
    assert call("low").manifest.rows == {"parts": 1}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "part-0000.bin"]


def test_a_kill_while_the_folder_is_emptied_leaves_nothing_to_go_on_with(
    call: Callable[..., stages.Execution], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is half removed would be taken for whole by the call that left it."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(DivergedError):
        call("high")
    (tmp_path / "out.partial/.marks").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("hpcraft.plan.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            call("low", scale=2.0)
    assert call("low").manifest.metrics == {"resumed": 0}


def test_scratch_that_will_not_go_costs_nothing(
    call: Callable[..., stages.Execution], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is hidden, so the outputs are published without it."""
    real = os.rmdir

    def busy(path: Any, **more: Any) -> None:
        if str(path).endswith(".marks"):
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        real(path, **more)

    monkeypatch.setattr(os, "rmdir", busy)
    assert call("low").manifest.rows == {"parts": 1}
    assert (tmp_path / "out/part-0000.bin").is_file()
