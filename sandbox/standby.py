"""Processes that stand by in control groups of their own, each to become one box.

To join a group takes about ten milliseconds of waiting in the kernel, so it is done ahead of need, while other boxes run: a few
processes (``launch/standby.c``) wait, each in a fresh group, until they are told what to become. They are started by a thread
that lives as long as this process, because bubblewrap ends with the thread that started it. When this process ends, however it
does, their sockets do, and they with them; the groups of a killed process are swept by a later one.
"""

from __future__ import annotations

import array
import atexit
import os
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import util
from threading import Lock

from hpcraft.sandbox.cgroups import Group, Hierarchy
from hpcraft.sandbox.launcher import launcher


class Standby:
    """One waiting process, for one use."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.group = Group(hierarchy)
        ours, theirs = socket.socketpair()
        try:
            join = self.group.join
            self._process = subprocess.Popen(
                [str(launcher()), "--stand-by", str(theirs.fileno()), *map(str, join)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                pass_fds=(theirs.fileno(), *join),
                process_group=0,
            )
        except BaseException:
            ours.close()
            self.group.close()
            raise
        finally:
            theirs.close()
        self._socket = ours

    def start(self, command: list[str], environment: Mapping[str, str], stdin: int, inherit: tuple[int, ...]) -> subprocess.Popen[bytes]:
        """Become a command; `OSError` when the process is gone."""
        words = [" ".join(map(str, (0, *inherit))), str(len(command)), *command]
        words += [f"{name}={value}" for name, value in environment.items()]
        text = b"".join(os.fsencode(word) + b"\0" for word in words)
        handed = array.array("i", (stdin, *inherit))
        self._socket.sendmsg([struct.pack("=I", len(text))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        self._socket.sendall(text)
        return self._process

    def close(self) -> None:
        """End it, where it was never started, and remove its group."""
        self._socket.close()
        self._process.wait()
        for file in (self._process.stdout, self._process.stderr):
            assert file is not None
            file.close()
        self.group.close()

    def forget(self) -> None:
        """In a child of this process: let go of what is the parent's."""
        self._socket.close()


class _Stock:
    """What stands by for one hierarchy, as many as were in use at once."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._lock = Lock()
        self._ready: deque[Future[Standby]] = deque()
        self._in_use = 0
        util.Finalize(None, dismiss, exitpriority=0)  # worker processes of multiprocessing end without atexit
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="standby")

    def take(self) -> Standby:
        with self._lock:
            self._in_use += 1
            wanted = 1 + min(self._in_use, len(os.sched_getaffinity(0)))
            while len(self._ready) < wanted:
                self._ready.append(self._starter.submit(Standby, self._hierarchy))
            first = self._ready.popleft()
        try:
            return first.result()
        except BaseException:
            with self._lock:
                self._in_use -= 1
            raise

    def give_back(self, standby: Standby) -> None:
        with self._lock:
            self._in_use -= 1
        standby.close()

    def dismiss(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, deque()
        for future in ready:
            if future.exception() is None:
                future.result().close()

    def forget(self) -> None:
        for future in self._ready:
            if future.done() and future.exception() is None:
                future.result().forget()


_stocks: dict[Hierarchy, _Stock] = {}


def take(hierarchy: Hierarchy) -> Standby:
    """A process that stands by; `OSError` when the kernel refuses its group."""
    return _stocks.setdefault(hierarchy, _Stock(hierarchy)).take()


def give_back(hierarchy: Hierarchy, standby: Standby) -> None:
    """After its use."""
    _stocks[hierarchy].give_back(standby)


@atexit.register
def dismiss() -> None:
    """End all that stand by, and remove their groups."""
    for stock in _stocks.values():
        stock.dismiss()


def _forget() -> None:
    for stock in _stocks.values():
        stock.forget()
    _stocks.clear()


os.register_at_fork(after_in_child=_forget)
