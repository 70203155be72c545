"""Small helpers to ask the sandbox for one thing, and a guard that nothing outlives a test."""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpcraft.sandbox import Job, Limits, Outcome, Run, cache, prelude, run
from hpcraft.sandbox.box import execute
from hpcraft.sandbox.cache import Cache
from hpcraft.sandbox.jail import Jail, Step
from hpcraft.sandbox.supervise import Ended

SHORT = Limits(wall_seconds=20.0, memory_mb=256, output_bytes=1 << 16, disk_mb=32, processes=48)
_HEADERS = ("fcntl.h", "signal.h", "stdio.h", "stdlib.h", "string.h", "unistd.h", "arpa/inet.h", "sys/socket.h", "sys/stat.h", "pthread.h")

Ask = Callable[..., Outcome]
Commands = tuple[tuple[str, ...], ...]


@pytest.fixture
def c_run(need: Callable[..., None]) -> Ask:
    """Build and run the body of a C file with the usual headers."""
    need("bwrap", "gcc")

    def ask(
        code: str, *, args: tuple[str, ...] = (), stdin: bytes = b"", collect: tuple[str, ...] = (), limits: Limits = SHORT, **job: object
    ) -> Outcome:
        head = "#define _GNU_SOURCE\n" + "".join(f"#include <{name}>\n" for name in _HEADERS)
        what = Run(args=args, stdin=stdin, collect=collect, limits=limits)
        return run(Job(files={"try.c": (head + code).encode()}, language="c", run=what, **job))  # type: ignore[arg-type]

    return ask


@pytest.fixture
def need() -> Callable[..., None]:
    """Skip the test, naming the tool that this machine lacks."""

    def check(*tools: str) -> None:
        for tool in tools:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")

    return check


@pytest.fixture(autouse=True)
def no_survivor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test no process and no folder of its boxes is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("hpcraft-sandbox-")]
    mine = str(tmp_path).encode()
    assert not [pid for pid, words in _command_lines() if mine in words and pid != os.getpid()]


def _command_lines() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes()
            except OSError:
                continue


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache of the test's own, as the sandbox sees it."""
    monkeypatch.setenv("HPCRAFT_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(prelude, "_kept", OrderedDict())
    found = cache.cache()
    assert found is not None
    return found


@pytest.fixture
def watched(kept: Cache, monkeypatch: pytest.MonkeyPatch) -> list[Commands]:
    """What is executed during the test, by box."""
    commands: list[Commands] = []

    def watch(step: Step, jail: Jail, folder: Path, stop: threading.Event | None) -> Ended:
        commands.append(step.commands)
        return execute(step, jail, folder, stop)

    monkeypatch.setattr("hpcraft.sandbox.steps.execute", watch)
    return commands
