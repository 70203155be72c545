"""What the boxes of all tests together left on the machine: looked for once, when the last test has ended.

Other programs on the machine may run boxes at the same time; only what nobody alive can own is counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

_BOX_USERS = range(0x50000000, 0x70000000)
_BOX_NAMES = ("bwrap", "launch", "program")
_OWNER_COLUMNS = {"shm": 7, "sem": 4, "msg": 7}
_PATIENCE_SECONDS = 10.0


def wait_for_survivors(before: frozenset[str]) -> list[str]:
    """What is left that was not there before, after the time that a killed process may take to vanish."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while left := sorted(survivors() - before):
        if time.monotonic() > give_up:
            return left
        time.sleep(0.2)
    return []


def survivors() -> frozenset[str]:
    """Processes, control groups, shared memory and mounts of boxes that have no owner."""
    return frozenset((*_processes(), *_groups(), *_segments(), *_shared_files(), *_mounts()))


def _processes() -> Iterator[str]:
    """Processes of a box that hang below init."""
    table: dict[int, tuple[int, str, int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (entry / "stat").read_text(errors="replace").rpartition(")")
            table[int(entry.name)] = (int(rest.split()[1]), name.partition("(")[2], entry.stat().st_uid)
        except OSError:  # it ended meanwhile
            continue
    for pid, (parent, name, user) in table.items():
        if parent <= 1 and (name.startswith(_BOX_NAMES) or user in _BOX_USERS):
            yield f"process {pid} ({name})"


def _groups() -> Iterator[str]:
    """Control groups whose maker is gone."""
    for folder, names, _files in os.walk("/sys/fs/cgroup"):
        for name in names:
            if name.startswith("hpcraft-box-") and not Path("/proc", name.split("-")[2]).exists():
                yield f"control group {folder}/{name}"


def _segments() -> Iterator[str]:
    """SysV objects made by users of boxes."""
    for table, column in _OWNER_COLUMNS.items():
        for line in Path("/proc/sysvipc", table).read_text().splitlines()[1:]:
            if int(line.split()[column + 2]) in _BOX_USERS:
                yield f"SysV {table} {line.split()[1]}"


def _shared_files() -> Iterator[str]:
    for path in Path("/dev/shm").iterdir():
        try:
            if path.lstat().st_uid in _BOX_USERS:
                yield str(path)
        except OSError:
            continue


def _mounts() -> Iterator[str]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if "hpcraft-" in line:
            yield f"mount {line.split()[1]}"
