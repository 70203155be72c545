"""The tiers ``landlock`` and ``none``: ordinary folders of the host in place of a file view.

``landlock`` is for login nodes without user namespaces: Landlock's list of paths that may be read or written, the
system call filter with more refused (sockets, System V and POSIX queues, changes of owners and modes, which Landlock doesn't
see), resource limits, and the killing of all descendants. Processes share the host's process space: their names can
be seen, not read or signalled. ``none`` has limits and the killing only.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import shutil
import stat
import tempfile
import time
from pathlib import Path

from hpcraft.errors import MachineError
from hpcraft.sandbox import seccomp
from hpcraft.sandbox.jail import SETTINGS, SYSTEM_FOLDERS, WATCHED, Jail, Opened, Step
from hpcraft.sandbox.launcher import launcher
from hpcraft.sandbox.outcome import Isolation

PREFIX = "hpcraft-sandbox-"
"""Of the folders of builds, followed by the number of the process that made them."""
KEPT_PREFIX = "hpcraft-prelude-"
"""The same of the folders that processes keep for all of their builds."""
_CREATE_RULESET, _ASK_VERSION = 444, 1
SCOPES_SIGNALS = 6
"""The version of Landlock's interface that keeps signals in, and the newest one that the launcher makes use of."""
_READABLE = (
    *("/usr", *SYSTEM_FOLDERS, *(f"/etc/{name}" for name in SETTINGS), "/sys/devices/system"),
    *(f"/proc/{name}" for name in ("cpuinfo", "meminfo", "stat", "filesystems", "version", "sys/vm", "sys/kernel/ngroups_max")),
    *(f"/dev/{name}" for name in ("zero", "random", "urandom")),
)
_WRITABLE = ("/dev/null", "/dev/full")


def confined() -> Jail | str:
    """The tier ``landlock``, or why it isn't available."""
    return _confined(_version())


@functools.cache
def _confined(version: int) -> Jail | str:
    if not seccomp.supported():
        return f"there is no system call filter for {platform.machine()}, only for x86_64 and aarch64"
    if version < 1:
        return "the kernel has no Landlock (5.13 or newer, with landlock among its security modules: cat /sys/kernel/security/lsm)"
    as_user = os.geteuid() == 0
    signals = "signals scoped by Landlock" if version >= SCOPES_SIGNALS else "signals to itself only"
    rests_on = (f"Landlock {version}", *_user(as_user), "seccomp", signals, "no new privileges", "no capabilities", "rlimits", "watcher")
    isolation = Isolation(tier="landlock", rests_on=rests_on, limits=WATCHED)
    return Jail(isolation=isolation, drops_user=as_user, landlock=min(version, SCOPES_SIGNALS))


def _version() -> int:
    """Of Landlock's interface; below 1 when the kernel has none."""
    return int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION))


def bare() -> Jail:
    """The tier ``none``."""
    as_user = os.geteuid() == 0
    isolation = Isolation(tier="none", rests_on=(*_user(as_user), "rlimits", "watcher"), limits=WATCHED)
    return Jail(isolation=isolation, drops_user=as_user)


def _user(as_user: bool) -> tuple[str, ...]:
    return ("a user of its own",) if as_user else ()


def open_box(step: Step, jail: Jail, home: Path, user: int | None, filters: int | None) -> Opened:
    """Make the folders; ``filters`` is the descriptor of the system call filter."""
    box = home / "box"
    box.mkdir()
    kept = home / "kept"
    for name, path in step.beside.items():
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept / name)
        (box / name).symlink_to(os.path.relpath(kept / name, (box / name).parent))
    if step.sources is not None:
        shutil.copytree(step.sources, home / "src")
    if user is not None:
        home.parent.chmod(0o711)  # may be walked through, not listed
        home.chmod(0o711)
        give(box, user)
    words: list[str] = []
    if jail.landlock:
        words = ["--landlock", str(jail.landlock), "--filter", str(filters), "--write", str(box)]
        words += [word for path in _WRITABLE for word in ("--write", path)]
        readable = (*_READABLE, *map(str, step.toolchains), str(kept), str(home / "src"))
        words += [word for path in readable for word in ("--read", path)]
    return Opened(box=str(box), launcher=str(launcher()), words=("--walk-disk", "1", *words))


def give(box: Path, user: int) -> None:
    """Make a folder and those in it a user's own."""
    for folder in (box, *(folder for folder in box.rglob("*") if folder.is_dir() and not folder.is_symlink())):
        os.chown(folder, user, user)


def remove(folder: Path) -> None:
    """Remove a folder, however deep, whatever its modes; nothing may be running in it any more.

    A folder found inside is first moved to the top, so that neither the depth of the tree nor the length of a path matters.
    """
    waiting = [folder]
    moved = 0
    while waiting:
        current = waiting.pop()
        current.chmod(0o700)
        for entry in os.scandir(os.fsencode(current)):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)  # noqa: PTH101 - a name that is no text
                target = folder / f".removed-{moved}"
                moved += 1
                os.rename(entry.path, target)  # noqa: PTH104
                waiting.append(target)
            else:
                os.unlink(entry.path)  # noqa: PTH108
        if current != folder:
            current.rmdir()
    folder.rmdir()


@functools.cache
def sweep(folder: Path) -> None:
    """Remove what processes left that were killed a day ago or longer: younger ones may live where this process can't see them."""
    yesterday = time.time() - 86400
    for path in (*folder.glob(f"{PREFIX}*"), *folder.glob(f"{KEPT_PREFIX}*")):
        number = path.name.removeprefix(PREFIX).removeprefix(KEPT_PREFIX).split("-")[0]
        with contextlib.suppress(OSError):
            found = path.lstat()
            dead = number.isdecimal() and not Path(f"/proc/{number}").exists()
            if dead and stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and found.st_mtime < yesterday:
                remove(path)


def base(jail: Jail) -> str:
    """Where the folders of boxes are made; `MachineError` when the program's user couldn't walk there."""
    usual = tempfile.gettempdir()
    if jail.program or not jail.drops_user:
        return usual
    for folder in (usual, "/tmp", "/var/tmp"):  # noqa: S108 - fresh folders are made in them
        if all(parent.stat().st_mode & 0o001 for parent in (Path(folder), *Path(folder).parents)):
            return folder
    raise MachineError(f"{usual} is closed to other users, and so to a program with a user of its own; set TMPDIR to an open folder")
