"""Checkpoints that survive: written aside, checksummed, renamed, old ones pruned after.

Theory of operation. All ranks write their parts of ``step-N.aside/`` (torch's distributed checkpoints, which load on any number of
ranks), rank 0 adds a list of files with sizes and SHA-256, everything is flushed to the disk, and the folder is renamed to ``step-N/``;
only then older ones go, never the newest two. A folder without its list, or with a file that doesn't match it, is damaged: it is
named and the one before it is used. A crash at any point leaves the last good one as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.command import note
from hpcraft.errors import InputError, MachineError, is_disk_full
from hpcraft.store import JSON, atomic_file, broken_seal, fsync_folder, fsync_tree, read_json, sealed, write_json

FORMAT = "hpcraft.checkpoint/1"
FILES = "checkpoint.json"
_ASIDE, _DAMAGED = ".aside", ".damaged"
_PREFIX = "step-"
_KEPT = 2
_FULL = ("Disk quota exceeded", "inline_container")
"""Words of a full disk in errors without a number; the last are those of torch's zip writer, whatever went wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A whole checkpoint."""

    folder: Path
    step: int
    facts: JSON
    """What was said of it when it was written."""


def save(
    root: Path, step: int, facts: JSON, write: Callable[[Path], None], *, leader: bool = True, barrier: Callable[[], None] = lambda: None
) -> None:
    """Write checkpoint ``step``.

    Args:
        root: folder of the checkpoints.
        step: its number.
        facts: stands in its list of files.
        write: writes this rank's files into a folder; every rank calls it.
        leader: whether this is rank 0.
        barrier: waits for the other ranks.

    Raises:
        MachineError: the disk is full; the checkpoints before stay.
    """
    aside, place = root / f"{_PREFIX}{step}{_ASIDE}", root / f"{_PREFIX}{step}"
    if leader:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    barrier()
    with _told_when_full(aside):
        write(aside)
        barrier()
        if leader:
            write_json(aside / FILES, sealed(aside, {"format": FORMAT, "step": step, "facts": facts}))
            fsync_tree(aside)
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
            fsync_folder(root)
            for old in _numbered(root)[_KEPT:]:
                shutil.rmtree(old)
    barrier()


def newest(root: Path) -> Checkpoint | None:
    """The newest whole checkpoint; damaged ones are named and passed over, what was never finished is removed."""
    for leftover in root.glob(f"{_PREFIX}*{_ASIDE}"):
        shutil.rmtree(leftover, ignore_errors=True)
    for folder in _numbered(root):
        try:
            return read(folder)
        except InputError as error:
            note(f"note: {error}; the checkpoint before it is used")
            shutil.rmtree(folder.with_suffix(_DAMAGED), ignore_errors=True)
            folder.rename(folder.with_suffix(_DAMAGED))  # else it would count among those that are kept
    return None


def all_facts(root: Path) -> list[JSON]:
    """What was said of each checkpoint; of a list that can't be read, nothing."""
    found: list[JSON] = []
    for folder in _numbered(root):
        with suppress(InputError, KeyError):
            found.append(read_json(folder / FILES)["facts"])
    return found


def read(folder: Path) -> Checkpoint:
    """A checkpoint, every byte of it checked.

    Raises:
        InputError: it is damaged.
    """
    if broken := broken_seal(folder, folder / FILES):
        raise InputError(f"{folder}: damaged, {broken} isn't what was written")
    listed = read_json(folder / FILES)
    if listed["format"] != FORMAT:
        raise InputError(f"{folder}: format {listed['format']!r}, this version reads {FORMAT!r}")
    return Checkpoint(folder=folder, step=int(listed["step"]), facts=listed["facts"])


def _numbered(root: Path) -> list[Path]:
    """Folders of checkpoints, the newest first."""
    found = [p for p in root.glob(f"{_PREFIX}*") if p.name.removeprefix(_PREFIX).isdecimal()]
    return sorted(found, key=lambda p: -int(p.name.removeprefix(_PREFIX)))


@contextmanager
def _told_when_full(aside: Path) -> Iterator[None]:
    """A full disk as one clear error, without the half-written folder."""
    try:
        with told_when_full(aside.parent, "the checkpoint was not written", lambda: _last_good(aside.parent)):
            yield
    except Exception:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _last_good(root: Path) -> str:
    kept = _numbered(root)
    return f"the last good one is {kept[0].name}" if kept else "there is none before it"


@contextmanager
def told_when_full(place: Path, what: str, last: Callable[[], str]) -> Iterator[None]:
    """A full disk as one clear error; torch wraps the cause in errors of its own.

    Args:
        place: what was to be written.
        what: wasn't done.
        last: what is there all the same.

    Raises:
        MachineError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if _is_full(error):
            raise MachineError(f"{place}: the disk is full, {what}; {last()}; free space and run again") from None
        raise


def save_weights(path: Path, weights: Mapping[str, Any], name: str) -> None:
    """Write weights to a file, whole or not at all.

    Args:
        path: the file.
        weights: what stands in it.
        name: what they are called where they can't be written.

    Raises:
        MachineError: the disk is full.
    """
    import torch

    with (
        told_when_full(path, f"{name} were not written", lambda: "the checkpoints from before stay"),
        atomic_file(path) as file,
    ):
        torch.save(dict(weights), file)


def _is_full(error: BaseException) -> bool:
    """Whether a full disk is behind an error: what it was raised from, and what torch's `CheckpointException` says of each rank."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        if (one := left.pop()) is None or id(one) in seen:
            continue
        seen.add(id(one))
        if is_disk_full(one) or any(words in str(one) for words in _FULL):
            return True
        failures = getattr(one, "failures", None)  # rank to (error, trace)
        left += [wrapped[0] for wrapped in failures.values()] if isinstance(failures, dict) else []
        left += [one.__cause__, one.__context__]
    return False


@contextmanager
def ordinary_errors() -> Iterator[None]:
    """In place of torch's `CheckpointException`, which is no `Exception` and passes what handles errors, the error of a rank that it wraps."""
    from torch.distributed.checkpoint.api import CheckpointException

    try:
        yield
    except CheckpointException as error:
        raise next((wrapped[0] for wrapped in error.failures.values()), RuntimeError(str(error))) from error
