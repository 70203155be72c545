"""One box: a view of the file system, an environment and limits, in which commands run one after the other.

Inside, ``/src`` holds the sources (read-only) and ``/box`` is the place to write, a memory file system of limited
size; ``/tmp`` is the same place. Nothing that a program writes touches the host's disk: what is to be kept comes
back through the launcher's report. In the tiers ``apptainer``, ``landlock`` and ``none`` both are ordinary folders that are removed afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from hpcraft.sandbox import apptainer, bubblewrap, folders, standby
from hpcraft.sandbox.cgroups import PROCESS_SLACK
from hpcraft.sandbox.jail import Jail, Opened, Step
from hpcraft.sandbox.outcome import Limits
from hpcraft.sandbox.seccomp import program
from hpcraft.sandbox.supervise import Ended, start_alone, supervise

_STACK_BYTES = 64 << 20
"""Roomier than the usual 8 MiB: Fortran and OpenMP programs put arrays on the stack."""
_BASE_USER = 0x50000000
"""Far from the users of any machine; the inode of the box's folder is added, so that boxes don't share a user."""


def execute(step: Step, jail: Jail, scratch: Path, stop: Event | None = None) -> Ended:
    """Run a step in a fresh box; ``scratch`` is a host folder of the caller's."""
    with ExitStack() as stack:
        home = stack.enter_context(_home(scratch))
        user = _BASE_USER + home.stat().st_ino % 0x20000000 if jail.drops_user else None
        counts = step.calls is not None and step.calls.calls.counter is not None and jail.isolation.tier.startswith("bubblewrap")
        filters = stack.enter_context(_filter(jail, counts=counts)) if jail.program or jail.landlock else None
        opened = _open(step, jail, home, user, filters)
        inherit: tuple[int, ...] = () if filters is None else (filters,)
        words = [*opened.words, *_launch(step, opened, user, jail)]
        if counts:  # what bubblewrap loads lets the launcher count, who loads the whole filter for the program
            whole = stack.enter_context(_filter(jail))
            inherit += (whole,)
            words += ["--filter", str(whole)]
        if step.calls is not None:
            inherit += step.calls.descriptors
            words += step.calls.words
        start = start_alone
        if jail.hierarchy is not None:
            try:
                waiting = standby.take(jail.hierarchy)
                stack.callback(standby.give_back, jail.hierarchy, waiting)
                waiting.group.limit(step.limits)
            except OSError as error:
                return Ended(reason="failed", error=f"no control group: {error}")
            inherit += waiting.group.told
            words = [*waiting.group.words(), *words]
            start = waiting.start

        environment = {"HOME": opened.box, "TMPDIR": opened.box, "LANG": "C.UTF-8", **step.environment}
        told = () if opened.outside is None else ("/usr/bin/env", "-i", *(f"{name}={value}" for name, value in environment.items()))

        def command(status: int, control: int) -> list[str]:
            return [*opened.before, *told, opened.launcher, "--status", str(status), "--control", str(control), *words]

        return supervise(
            command,
            start=start,
            environment=environment if opened.outside is None else opened.outside,
            inherit=inherit,
            stdin=stack.enter_context(_input(step.stdin)),
            limits=step.limits,
            collect=step.collect,
            stop_at_output_limit=step.stop_at_output_limit,
            stop=stop,
        )


@contextlib.contextmanager
def _home(scratch: Path) -> Iterator[Path]:
    """A folder for one box, removed whatever a program made of it."""
    home = Path(tempfile.mkdtemp(dir=scratch, prefix="box-"))
    try:
        yield home
    finally:
        folders.remove(home)


@contextlib.contextmanager
def _input(content: bytes) -> Iterator[int]:
    """A descriptor to read from that nobody can write through, whichever way he opens it again."""
    if not content:
        number = os.open(os.devnull, os.O_RDONLY)
    else:
        whole = os.memfd_create("input", os.MFD_ALLOW_SEALING)
        try:
            with os.fdopen(os.dup(whole), "wb") as file:
                file.write(content)
            fcntl.fcntl(whole, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
            number = os.open(f"/proc/self/fd/{whole}", os.O_RDONLY)
        finally:
            os.close(whole)
    try:
        yield number
    finally:
        os.close(number)


@contextlib.contextmanager
def _filter(jail: Jail, *, counts: bool = False) -> Iterator[int]:
    """A descriptor from which the system call filter can be read once."""
    number = os.memfd_create("filter")
    signals = not jail.landlock or jail.landlock >= folders.SCOPES_SIGNALS
    try:
        os.write(number, program(alone=bool(jail.landlock), signals=signals, counts=counts))
        os.lseek(number, 0, os.SEEK_SET)
        yield number
    finally:
        os.close(number)


def _open(step: Step, jail: Jail, home: Path, user: int | None, filters: int | None) -> Opened:
    if jail.program:
        assert filters is not None
        open_box = apptainer.open_box if jail.isolation.tier == "apptainer" else bubblewrap.open_box
        return open_box(step, jail, home, user, filters)
    return folders.open_box(step, jail, home, user, filters)


def _launch(step: Step, opened: Opened, user: int | None, jail: Jail) -> list[str]:
    limits = step.limits
    numbers = {
        "--wall-ms": int(limits.wall_seconds * 1000),
        "--cpu-ms": int(cpu_seconds(limits) * 1000),
        "--memory": limits.memory_mb << 20,
        "--disk": limits.disk_mb << 20,
        "--file": (limits.disk_mb if limits.file_mb is None else limits.file_mb) << 20,
        "--stack": _STACK_BYTES,
        "--processes": limits.processes,
        "--process-slack": PROCESS_SLACK + (_threads_of_ours() if user is None else 0),
        "--own-namespace": int(bool(jail.program)),
        "--no-aslr": int(step.fixed_addresses),
        "--deadline-signal": step.deadline_signal or 0,
    }
    if user is not None:
        numbers["--uid"] = user
    words = ["--box", opened.box, *(word for key, value in numbers.items() for word in (key, str(value)))]
    if step.cores:
        words += ["--cores", ",".join(map(str, step.cores))]
    words += ["--cwd", str(Path(opened.box).with_name(step.folder))]
    words += [word for name in step.collect for word in ("--collect", name)]
    for command in step.commands:
        words += ["--run", str(len(command)), *command]
    return words


def cpu_seconds(limits: Limits) -> float:
    """The limit on CPU time: as asked, or what all cores of this process can spend before the wall clock's limit."""
    return limits.wall_seconds * len(os.sched_getaffinity(0)) if limits.cpu_seconds is None else limits.cpu_seconds


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
