"""One box: a view of the file system, an environment and limits, in which commands run one after the other.

Inside, ``/src`` holds the sources (read-only) and ``/box`` is the place to write, a memory file system of limited
size; ``/tmp`` is the same place. Nothing that a program writes touches the host's disk: what is to be kept comes
back through the launcher's report. In the tier ``none`` both are ordinary folders that are removed afterwards.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from hpcraft.sandbox.isolation import Jail
from hpcraft.sandbox.launcher import launcher
from hpcraft.sandbox.outcome import Limits
from hpcraft.sandbox.seccomp import program
from hpcraft.sandbox.supervise import Ended, supervise

_STACK_BYTES = 64 << 20
"""Roomier than the usual 8 MiB: Fortran and OpenMP programs put arrays on the stack."""
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "openmpi",
    "mpich",
    "pmix",
    "localtime",
    "openmpi-mca-params.conf",
)
"""What compilers and MPI read under /etc; the rest of it stays hidden."""
_FAMILIAR = {
    "group": "root:x:0:\nbox:x:{user}:\n",
    "passwd": "root:x:0:0::/:/bin/false\nbox:x:{user}:{user}::/box:/bin/false\n",
    "hosts": "127.0.0.1 localhost box\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_BASE_USER = 0x50000000
"""Far from the users of any machine; the inode of the box's folder is added, so that boxes don't share a user."""
_SLACK = 32
"""How far the kernel's process limit lies above the watcher's, so that the watcher sees the excess and can say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Commands for one box."""

    commands: tuple[tuple[str, ...], ...]
    """Each begins with a path; relative ones start at ``folder``."""
    limits: Limits
    environment: Mapping[str, str]
    folder: str = "box"
    """``box`` or ``src``."""
    sources: Path | None = None
    """Host folder shown as ``/src``."""
    beside: Mapping[str, Path] = field(default_factory=dict)
    """Name to host file, shown read-only in ``/box``."""
    toolchains: tuple[Path, ...] = ()
    """Host folders outside ``/usr`` that the commands need."""
    stdin: bytes = b""
    collect: tuple[str, ...] = ()
    stop_at_output_limit: bool = True
    fixed_addresses: bool = False


def execute(step: Step, jail: Jail, scratch: Path, stop: Event | None = None) -> Ended:
    """Run a step in a fresh box; ``scratch`` is a host folder of the caller's."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="box-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        (home / "input").write_bytes(step.stdin)
        user = _BASE_USER + home.stat().st_ino % 0x20000000 if jail.drops_user else None
        if jail.bwrap is None:
            arguments, box = _open_box(step, home, user), str(home / "box")
        else:
            arguments, box = _bubblewrap(step, jail, home, user), "/box"
        environment = {"HOME": box, "TMPDIR": box, "LANG": "C.UTF-8", **step.environment}
        filters = program() if jail.bwrap else None
        words = _launch(step, box, user, own_namespace=jail.bwrap is not None)

        def command(status: int, control: int, filter_file: int | None) -> list[str]:
            head = [] if filter_file is None else [jail.bwrap or "", "--seccomp", str(filter_file), *arguments]
            return [*head, *words[:1], "--status", str(status), "--control", str(control), *words[1:]]

        return supervise(
            command,
            environment=environment,
            filters=filters,
            stdin=home / "input",
            limits=step.limits,
            collect=step.collect,
            stop_at_output_limit=step.stop_at_output_limit,
            stop=stop,
        )


def _launch(step: Step, box: str, user: int | None, *, own_namespace: bool) -> list[str]:
    limits = step.limits
    numbers = {
        "--wall-ms": int(limits.wall_seconds * 1000),
        "--memory": limits.memory_mb << 20,
        "--disk": limits.disk_mb << 20,
        "--stack": _STACK_BYTES,
        "--processes": limits.processes,
        "--process-slack": _SLACK + (_threads_of_ours() if user is None else 0),
        "--own-namespace": int(own_namespace),
        "--no-aslr": int(step.fixed_addresses),
    }
    if user is not None:
        numbers["--uid"] = user
    program_file = "/run/launch" if own_namespace else str(launcher())
    words = [program_file, "--box", box, *(word for key, value in numbers.items() for word in (key, str(value)))]
    words += ["--cwd", str(Path(box).with_name(step.folder))]
    words += [word for name in step.collect for word in ("--collect", name)]
    for command in step.commands:
        words += ["--run", str(len(command)), *command]
    return words


def _threads_of_ours() -> int:
    """An ordinary user's box shares the kernel's count with his other processes (in namespaces, on older kernels)."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found = (entry / "task").stat()
            except OSError:  # it ended meanwhile
                continue
            count += found.st_nlink - 2 if found.st_uid == os.geteuid() else 0
    return count


def _bubblewrap(step: Step, jail: Jail, home: Path, user: int | None) -> list[str]:
    limits = step.limits
    words = [*jail.namespaces, "--die-with-parent", "--as-pid-1", "--hostname", "box", "--ro-bind", "/usr", "/usr"]
    for folder in _SYSTEM:
        if Path(folder).is_symlink():
            words += ["--symlink", str(Path(folder).readlink()), folder]
        elif Path(folder).is_dir():
            words += ["--ro-bind", folder, folder]
    outside = {str(parent): None for folder in step.toolchains for parent in reversed(folder.parents)}
    for name in ("/etc", "/run", "/sys", "/sys/devices", *(name for name in outside if name not in ("/", "/usr"))):
        words += ["--perms", "0755", "--dir", name]  # bubblewrap makes missing parents for its own user alone
    for name in _SETTINGS:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name, text in _FAMILIAR.items():
        (home / name).write_text(text.format(user=1000 if user is None else user))
        (home / name).chmod(0o644)
        words += ["--ro-bind", str(home / name), f"/etc/{name}"]
    for folder_outside in step.toolchains:
        words += ["--ro-bind", str(folder_outside), str(folder_outside)]
    words += ["--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/sys/devices/system", "/sys/devices/system"]
    words += ["--size", str(limits.memory_mb << 20), "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    words += ["--size", str(limits.disk_mb << 20), "--perms", "0777", "--tmpfs", "/box", "--symlink", "box", "/tmp"]  # noqa: S108
    for parent in {str(parent): None for name in step.beside for parent in reversed(Path(name).parents[:-1])}:
        words += ["--perms", "0777", "--dir", f"/box/{parent}"]
    for name, path in step.beside.items():
        words += ["--ro-bind", str(path), f"/box/{name}"]
    if step.sources is not None:
        words += ["--ro-bind", str(step.sources), "/src"]
    return [*words, "--ro-bind", str(launcher()), "/run/launch", "--remount-ro", "/", "--"]


def _open_box(step: Step, home: Path, user: int | None) -> list[str]:
    """The tier ``none``: the same two folders, side by side on the host."""
    box = home / "box"
    box.mkdir()
    for name, path in step.beside.items():
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, box / name)
    if step.sources is not None:
        shutil.copytree(step.sources, home / "src")
    if user is not None:
        home.parent.chmod(0o711)  # may be walked through, not listed
        home.chmod(0o711)
        os.chown(box, user, user)
    return []
