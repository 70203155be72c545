"""Tasks with which executors are tested; in a module of their own, so that worker processes and jobs can import them by name."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.workers import ordered_map
from hpcraft.errors import HpcError
from hpcraft.store import write_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file to write; what else the task does is for tests of what may go wrong."""

    path: Path
    seed: str = ""
    num_bytes: int = 16
    seconds: float = 0
    raises: HpcError | None = None
    bug: bool = False
    deaths: int = 0
    """How many times the process that does it kills itself before it is done."""
    starts: tuple[str, ...] = ()
    """A command that is left running in the middle of the task."""

    @property
    def name(self) -> str:
        """For messages."""
        return self.path.name


def write_part(part: Part) -> None:
    """Write the file, and note the try beside it."""
    with (part.path.parent / f".{part.path.name}.tries").open("a") as tries:
        tries.write(f"{os.getpid()}\n")
    if part.starts:
        subprocess.Popen(part.starts)
    if num_tries(part) <= part.deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(part.seconds)
    if part.raises:
        raise part.raises
    if part.bug:
        raise KeyError(part.name)
    write_bytes(part.path, random.Random(f"{part.seed} {part.path.name}").randbytes(part.num_bytes))


def write_with_a_pool(path: Path) -> None:
    """Have worker processes of the task's own do the work."""
    write_bytes(path, str(list(ordered_map(abs, [0, -1, -2], num_workers=2))).encode())


def num_tries(part: Part) -> int:
    """How many times the task was begun."""
    path = part.path.parent / f".{part.path.name}.tries"
    return len(path.read_text().splitlines()) if path.exists() else 0
