"""Checkpoints survive kills at any point, flipped bits and a full disk."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft import store
from hpcraft.errors import InputError, MachineError
from hpcraft.store import read_json
from hpcraft.train import checkpoint


class Killed(BaseException):
    """As if the process had ended here."""


def writer(step: int) -> Callable[[Path], None]:
    """Writes a checkpoint's files."""

    def write(folder: Path) -> None:
        (folder / "weights.bin").write_bytes(bytes([step]) * 1000)
        (folder / "part").mkdir()
        (folder / "part" / "more.bin").write_bytes(b"more")

    return write


def saved(root: Path, *steps: int) -> None:
    """Some whole checkpoints."""
    for step in steps:
        checkpoint.save(root, step, {"step": step}, writer(step))


def test_the_newest_two_are_kept_and_the_newest_is_found(tmp_path: Path) -> None:
    """Steps count as numbers, not as words."""
    saved(tmp_path, 9, 10, 11)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-10", "step-11"]
    found = checkpoint.newest(tmp_path)
    assert found
    assert (found.step, found.facts) == (11, {"step": 11})


@pytest.mark.parametrize("point", ["write", "list", "flush", "folder", "rename", "parent", "prune"])
def test_a_kill_at_any_point_leaves_a_whole_checkpoint(point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was being done, the last good one is found, and the next save works."""
    saved(tmp_path, 1, 2)

    def killed(*_: object, **__: object) -> None:
        raise Killed

    def write(folder: Path) -> None:
        writer(3)(folder)
        if point == "write":
            killed()

    target = {"list": "write_json", "flush": "fsync_tree"}.get(point)
    with monkeypatch.context() as patch:
        if target:
            patch.setattr(checkpoint, target, killed)
        if point == "folder":
            patch.setattr(store, "fsync_folder", killed)
        if point == "parent":
            patch.setattr(checkpoint, "fsync_folder", lambda folder: killed() if folder == tmp_path else None)
        if point == "rename":
            patch.setattr(Path, "rename", killed)
        if point == "prune":
            patch.setattr(shutil, "rmtree", lambda path, **_: killed() if "step-1" in str(path) else None)
        with pytest.raises(Killed):
            checkpoint.save(tmp_path, 3, {}, write)
    found = checkpoint.newest(tmp_path)
    assert found
    assert found.step == (3 if point in ("parent", "prune") else 2)
    saved(tmp_path, 4)
    assert [p.name for p in sorted(tmp_path.iterdir())][-1] == "step-4"
    assert not list(tmp_path.glob("*.aside"))


@settings(max_examples=60)
@given(data=st.data())
def test_a_flipped_bit_or_a_cut_is_noticed_and_the_one_before_is_used(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In any file of the checkpoint, the list of files too."""
    root = tmp_path_factory.mktemp("checkpoints")
    saved(root, 1, 2)
    files = sorted(p for p in (root / "step-2").rglob("*") if p.is_file())
    path = data.draw(st.sampled_from(files))
    content, listed = bytearray(path.read_bytes()), read_json(root / "step-2" / checkpoint.FILES)
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
    else:
        path.write_bytes(content[:place])
    found = checkpoint.newest(root)
    assert found
    # Another blank between the words of the list is no damage.
    assert found.step == 1 or read_json(root / "step-2" / checkpoint.FILES) == listed


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    """And said, with the file's name."""
    saved(tmp_path, 1)
    (tmp_path / "step-1" / "part" / "more.bin").unlink()
    with pytest.raises(InputError, match=r"more\.bin"):
        checkpoint.read(tmp_path / "step-1")
    assert checkpoint.newest(tmp_path) is None
    assert [p.name for p in tmp_path.iterdir()] == ["step-1.damaged"]


def test_a_full_disk_is_one_clear_error_and_the_last_one_stays(tmp_path: Path) -> None:
    """What was half written goes, so that the disk isn't fuller than before."""
    saved(tmp_path, 5)

    def write(folder: Path) -> None:
        writer(6)(folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(MachineError, match=r"disk is full.*step-5"):
        checkpoint.save(tmp_path, 6, {}, write)
    assert [p.name for p in tmp_path.iterdir()] == ["step-5"]
