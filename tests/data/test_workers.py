"""The worker pool: order, and a crash or hang that costs one item."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import MachineError


def test_results_keep_the_order_of_the_items() -> None:
    """Results come in order whatever the chunks."""
    assert list(ordered_map(abs, range(-50, 0), num_workers=2, chunk_items=3)) == list(range(50, 0, -1))


def test_a_crash_costs_one_item() -> None:
    """A null pointer kills its worker; the others in the same chunk, and all that come later, are done."""
    items: list[bytes | int] = [b"a", b"b", 0, b"c", b"d", b"e"]
    assert list(ordered_map(ctypes.string_at, items, num_workers=2, chunk_items=4)) == [b"a", b"b", Lost(0, "crash"), b"c", b"d", b"e"]


@pytest.mark.ci
def test_a_hang_costs_one_item() -> None:
    """An item that never ends is given up and its process ended."""
    begin = time.monotonic()
    found = list(ordered_map(time.sleep, [0, 1000, 0], num_workers=1, chunk_items=2, item_seconds=2))
    assert found == [None, Lost(1000, "hang"), None]
    assert time.monotonic() - begin < 60


def test_an_exception_of_the_function_is_raised() -> None:
    """A bug isn't taken for a crash of the parser."""
    with pytest.raises(ValueError, match="three"):
        list(ordered_map(int, ["1", "three"], num_workers=1))


def test_workers_that_die_on_everything_are_the_machines_fault() -> None:
    """A whole chunk lost isn't a matter of its files."""
    with pytest.raises(MachineError, match="die on every file"):
        list(ordered_map(ctypes.string_at, [0, 0, 0, 0], num_workers=1, chunk_items=4))


def test_no_worker_outlives_a_killed_parent() -> None:
    """After kill -9 of the process that started them, the workers end by themselves, also in the middle of an item."""
    program = (
        "import time\nfrom hpcraft.data.workers import ordered_map\nlist(ordered_map(time.sleep, [60, 60], num_workers=2, chunk_items=1))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    try:
        server, workers = 0, set[int]()
        while len(workers) < 2 and parent.poll() is None:
            time.sleep(0.1)
            server = next(iter(children(parent.pid)), server)
            workers = children(server) if server else workers
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while any(map(alive, workers | {server})) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, workers | {server}))


def children(pid: int) -> set[int]:
    """The processes that stand below ``pid`` and run Python's fork server."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid and b"forkserver" in (stat.parent / "cmdline").read_bytes():
                found.add(int(stat.parent.name))
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
