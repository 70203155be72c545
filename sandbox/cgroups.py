"""Control groups for boxes: limits that the kernel keeps to the byte, where this process may make groups.

Version 1 (memory, pids, cpuacct) and version 2. A box's group is made below the group of this process, so that what a
batch system granted still holds; it is removed with the box, and what a killed run left is swept away at the
next start. In version 2 a group with processes can't divide its resources: this process moves to a leaf of its own
first, which it does only where the group holds nobody else.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox.outcome import Limits

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "hpcraft-box"
_OWN_LEAF = "hpcraft-self"
_SLACK_BYTES = 32 << 20
"""For page tables and the like, which count in a group; what programs use is measured exactly by the launcher."""
PROCESS_SLACK = 32
"""How far the kernel's limits, the group's and the user's, lie above the launcher's, so that the launcher sees the excess and can say so."""
_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hierarchy:
    """Where groups are made: controller to parent folder."""

    version: int
    memory: Path
    processes: Path
    cpu: Path | None


class Group:
    """One box's group; `OSError` when the kernel refuses to make it."""

    def __init__(self, found: Hierarchy) -> None:
        name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        self._hierarchy = found
        self._folders = {parent: parent / name for parent in (found.memory, found.processes, found.cpu) if parent is not None}
        self._opened: list[int] = []
        self.join: tuple[int, ...] = ()
        """Descriptors by which a process joins, when it writes 0 to each."""
        try:
            for folder in self._folders.values():
                folder.mkdir()
            self.join = tuple(self._open(folder / "cgroup.procs", os.O_WRONLY) for folder in self._folders.values())
            two = found.version == 2
            self._oom = self._open(self._folders[found.memory] / ("memory.events" if two else "memory.oom_control"), os.O_RDONLY)
            usage = None if found.cpu is None else self._folders[found.cpu] / ("cpu.stat" if two else "cpuacct.usage")
            self._usage = None if usage is None else self._open(usage, os.O_RDONLY)
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path, flags: int) -> int:
        self._opened.append(os.open(path, flags | os.O_CLOEXEC))
        return self._opened[-1]

    @property
    def told(self) -> tuple[int, ...]:
        """The descriptors for the launcher, which reads there what the kernel counted."""
        return (self._oom,) if self._usage is None else (self._oom, self._usage)

    def words(self) -> list[str]:
        """The launcher's words for them."""
        return [word for key, number in zip(("--oom", "--cpu-usage"), self.told, strict=False) for word in (key, str(number))]

    def limit(self, limits: Limits) -> None:
        """Set the kernel's limits; `OSError` when it refuses."""
        # What a box writes lies in memory too and counts here; the launcher's own limit on programs is the exact one.
        bytes_at_most = (limits.memory_mb + limits.disk_mb << 20) + _SLACK_BYTES
        _limit_memory(self._folders[self._hierarchy.memory], self._hierarchy.version, bytes_at_most)
        (self._folders[self._hierarchy.processes] / "pids.max").write_text(str(limits.processes + PROCESS_SLACK))

    def close(self) -> None:
        """Remove it; nothing runs in it any more."""
        while self._opened:
            os.close(self._opened.pop())
        for folder in self._folders.values():
            _remove(folder)


@functools.cache
def hierarchy() -> Hierarchy | str:
    """Where this process may make groups, or why it may not, with the command that would allow it."""
    found = _version_2() or _version_1()
    if found is None:
        return "no control groups with memory and pids are mounted; start hpcraft where they are, such as under systemd"
    try:
        _sweep(found)
        trial = Group(found)
        trial.limit(Limits())
        trial.close()
        return found
    except OSError as error:
        delegate = "systemd-run --user --scope -p Delegate=yes hpcraft ..." if os.geteuid() else "a container with writable cgroups"
        return f"control groups can't be made ({error.strerror}: {error.filename}); start it in one of its own: {delegate}"


def _limit_memory(folder: Path, version: int, limit: int) -> None:
    if version == 2:
        (folder / "memory.max").write_text(str(limit))
        with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
            (folder / "memory.swap.max").write_text("0")
        (folder / "memory.oom.group").write_text("0")  # the launcher ends the box, and says why
        return
    (folder / "memory.limit_in_bytes").write_text(str(limit))
    with contextlib.suppress(FileNotFoundError):
        (folder / "memory.memsw.limit_in_bytes").write_text(str(limit))


def _remove(folder: Path) -> None:
    """The last processes leave a group a moment after they were reaped."""
    for attempt in range(16):
        try:
            return folder.rmdir()
        except FileNotFoundError:
            return None
        except OSError:
            time.sleep(0.0001 * 2**attempt)
    return None  # the sweep of a later run takes it


def _sweep(found: Hierarchy) -> None:
    """Remove the groups of runs that were killed."""
    for parent in {found.memory, found.processes, found.cpu} - {None}:
        assert parent is not None
        for folder in parent.glob(f"{_PREFIX}-*"):
            if not Path(f"/proc/{folder.name.removeprefix(_PREFIX).split('-')[1]}").exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _own_groups() -> dict[str, str]:
    """Controller to the path of this process's group; the empty name is version 2."""
    found = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        found.update(dict.fromkeys(names.split(","), path))
    return found


def _version_1() -> Hierarchy | None:
    own = _own_groups()
    folders = {name: _ROOT / name / own[name].lstrip("/") for name in ("memory", "pids", "cpuacct") if name in own}
    usable = {name: folder for name, folder in folders.items() if (folder / "cgroup.procs").exists()}
    if not {"memory", "pids"} <= usable.keys():
        return None
    return Hierarchy(version=1, memory=usable["memory"], processes=usable["pids"], cpu=usable.get("cpuacct"))


def _version_2() -> Hierarchy | None:
    """Our group, or where we were moved out of the way before, with memory and pids divided among its children."""
    own = _own_groups().get("")
    if own is None or not (_ROOT / "cgroup.controllers").exists():  # mounted elsewhere beside version 1, it has neither
        return None
    here = _ROOT / own.lstrip("/")
    here = here.parent if here.name == _OWN_LEAF else here
    try:
        controllers = (here / "cgroup.controllers").read_text().split()
        if not {"memory", "pids"} <= set(controllers):
            return None
        if not {"memory", "pids"} <= set((here / "cgroup.subtree_control").read_text().split()):
            _make_room(here)
            (here / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:
        return None if _own_groups().get("memory") else Hierarchy(version=2, memory=here, processes=here, cpu=here)
    return Hierarchy(version=2, memory=here, processes=here, cpu=here)


def _make_room(here: Path) -> None:
    """Move this process to a leaf, where it is alone in its group."""
    if here == _ROOT:
        return  # the root group may have both
    if (here / "cgroup.procs").read_text().split() == [str(os.getpid())]:
        (here / _OWN_LEAF).mkdir(exist_ok=True)
        (here / _OWN_LEAF / "cgroup.procs").write_text("0")
