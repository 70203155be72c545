"""Start a box, feed it, drain its pipes with caps, and read the launcher's report.

Both output pipes are always drained, also after the cap, so that no program blocks on a full pipe. The launcher
keeps the deadline; ours, a little later, is for a launcher that was starved or killed. Closing the control pipe is
how a box is told to end, and it happens by itself when this process dies.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event
from typing import IO

from hpcraft.sandbox.outcome import Limits

_GRACE_SECONDS = 10.0
_DRAIN_SECONDS = 5.0
_BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What the launcher reported, unjudged."""

    reason: str
    """``exited``, ``time``, ``cpu``, ``memory``, ``processes``, ``disk``, ``output``, ``stopped``, ``exec`` (could not
    be started) or ``failed`` (the box itself)."""
    step: int = 0
    """Index of the command that ended it."""
    exit_code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    disk_full: bool = False
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    error: str = ""
    """For people, when ``reason`` is ``exec`` or ``failed``."""


@dataclass(slots=True)
class _Pipe:
    """What came out of one pipe, up to a cap."""

    cap: int
    content: bytearray = field(default_factory=bytearray)
    over: bool = False
    open: bool = True

    def take(self, block: bytes) -> None:
        room = self.cap - len(self.content)
        self.content += block[:room]
        self.over = self.over or len(block) > room


Start = Callable[[list[str], Mapping[str, str], int, tuple[int, ...]], "subprocess.Popen[bytes]"]
"""Starts a command, given its environment, its stdin and the descriptors that it inherits, with pipes for its output."""


def start_alone(command: list[str], environment: Mapping[str, str], stdin: int, inherit: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start a command as a process of its own group."""
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",
        pass_fds=inherit,
        process_group=0,
    )


def supervise(
    command: Callable[[int, int], list[str]],
    *,
    start: Start,
    environment: Mapping[str, str],
    inherit: tuple[int, ...],
    stdin: int,
    limits: Limits,
    collect: tuple[str, ...],
    stop_at_output_limit: bool,
    stop: Event | None,
) -> Ended:
    """Run the command that ``command(status, control)`` gives for two file descriptors, and say how it ended."""
    with ExitStack() as stack:
        status_read, status_write = os.pipe()
        control_read, control_write = os.pipe()
        ours = [status_read, status_write, control_read, control_write]
        stack.callback(_close_all, ours)
        try:
            process = start(command(status_write, control_read), environment, stdin, (status_write, control_read, *inherit))
        except OSError as error:
            return Ended(reason="failed", error=str(error))
        for number in (status_write, control_read):
            os.close(number)
            ours.remove(number)

        def release() -> None:
            if control_write in ours:
                os.close(control_write)
                ours.remove(control_write)

        try:
            pipes, why = _drain(process, status_read, limits, stop_at_output_limit, stop, release)
        finally:
            release()
            _end(process)
    return _read_report(pipes, why, collect)


def _drain(
    process: subprocess.Popen[bytes],
    status: int,
    limits: Limits,
    stop_at_output_limit: bool,
    stop: Event | None,
    release: Callable[[], None],
) -> tuple[dict[str, _Pipe], str]:
    """Read the three pipes to their ends, and wait for the outer process; also say why we ended it, if we did."""
    report_cap = (limits.disk_mb << 20) * 2 + (1 << 20)
    pipes = {"stdout": _Pipe(limits.output_bytes), "stderr": _Pipe(limits.output_bytes), "status": _Pipe(report_cap)}
    deadline = time.monotonic() + limits.wall_seconds + _GRACE_SECONDS
    why, gone = "", False
    ended = os.pidfd_open(process.pid)
    with selectors.DefaultSelector() as selector, os.fdopen(ended, "rb", buffering=0):
        for name, file in (("stdout", process.stdout), ("stderr", process.stderr), ("status", status), ("", ended)):
            assert file is not None
            selector.register(file, selectors.EVENT_READ, name)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                why = why or ("" if gone else "starved")
                break
            for key, _events in selector.select(min(left, 0.25) if stop else left):
                block = os.read(key.fd, _BLOCK) if key.data else b""
                if block:
                    pipes[key.data].take(block)
                    continue
                selector.unregister(key.fileobj)
                if not key.data:
                    gone = True
                    _kill_group(process)
                if gone or list(selector.get_map()) == [ended]:  # the rest follows in no time, or never
                    deadline = min(deadline, time.monotonic() + _DRAIN_SECONDS)
            over = stop_at_output_limit and (pipes["stdout"].over or pipes["stderr"].over)
            stopped = stop is not None and stop.is_set()
            if not why and (over or stopped):
                why = "output" if over else "stopped"
                release()
                deadline = time.monotonic() + _DRAIN_SECONDS
    return pipes, why


def _end(process: subprocess.Popen[bytes]) -> None:
    """Reap the outer process; the box's pid 1 dies with it, and every process of the box with that."""
    _kill_group(process)
    process.wait()
    for file in (process.stdout, process.stderr):
        _close(file)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """An outer process that was killed while it started leaves a child behind, which waits for it forever, in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _close_all(numbers: list[int]) -> None:
    for number in numbers:
        os.close(number)


def _close(file: IO[bytes] | None) -> None:
    if file is not None:
        file.close()


def _read_report(pipes: Mapping[str, _Pipe], why: str, collect: tuple[str, ...]) -> Ended:
    stdout, stderr = bytes(pipes["stdout"].content), bytes(pipes["stderr"].content)
    truncated = pipes["stdout"].over or pipes["stderr"].over
    report = memoryview(pipes["status"].content)
    words, outputs, whole, at = [""], {}, False, 0
    while not whole and (line_end := pipes["status"].content.find(b"\n", at)) >= 0:
        line = bytes(report[at:line_end]).decode("ascii").split()
        at = line_end + 1
        if line[0] == "file":
            size = int(line[2])
            outputs[collect[int(line[1])]] = bytes(report[at : at + size])
            at += size
        elif line[0] in ("end", "exec"):
            words = line
        whole = line[0] == "done"
    if words[0] == "exec":
        error = f"could not be started: {os.strerror(int(words[2]))}"
        return Ended(reason="exec", step=int(words[1]), stdout=stdout, stderr=stderr, error=error)
    if why == "starved" and b"started\n" in bytes(report[:64]):
        # The launcher had ten seconds more than the program; whatever kept it, the time is over.
        return Ended(reason="time", stdout=stdout, stderr=stderr, truncated=truncated)
    if not whole or words[0] != "end":
        error = stderr.decode(errors="replace").strip()[-300:] or "the box ended without a report"
        return Ended(reason="failed", stdout=stdout, stderr=stderr, error=error)
    status = int(words[3])
    return Ended(
        reason=why or words[1],
        step=int(words[2]),
        exit_code=os.WEXITSTATUS(status) if words[1] == "exited" and os.WIFEXITED(status) else None,
        signal=os.WTERMSIG(status) if words[1] == "exited" and os.WIFSIGNALED(status) else None,
        wall_seconds=int(words[4]) / 1e6,
        cpu_seconds=int(words[5]) / 1e6,
        peak_memory_bytes=int(words[6]),
        disk_full=words[7] == "1",
        stdout=stdout,
        stderr=stderr,
        truncated=truncated,
        outputs=outputs,
    )
