"""How isolation is chosen, and what is said where it is missing; the attacks themselves are in attacks/."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import MachineError
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run, seccomp

Ask = Callable[..., Outcome]
Need = Callable[..., None]
SHORT = Limits(wall_seconds=20.0, memory_mb=256, output_bytes=1 << 16, disk_mb=32, processes=48)


def test_without_bubblewrap_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No silent fallback to no isolation: exit code 4, with the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hpcraft.sandbox.folders._version", lambda: -1)
    with pytest.raises(MachineError, match=r"bubblewrap is not installed.*install.* bubblewrap") as caught:
        run(Job(files={"a.c": b"int main(void){return 0;}"}, language="c"))
    assert caught.value.exit_code == 4


def test_no_isolation_only_where_it_is_accepted(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The tier none says so, keeps the limits and kills other sessions too."""
    need("gcc", "as", "ld")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="hpcraft-none-") as name:  # pytest's own is closed to other users
        Path(name).chmod(0o755)
        for tool in ("gcc", "as", "ld"):
            (Path(name) / tool).symlink_to(f"/usr/bin/{tool}")
        monkeypatch.setattr("tempfile.tempdir", name)
        monkeypatch.setenv("PATH", name)
        monkeypatch.setattr("hpcraft.sandbox.folders._version", lambda: 0)
        _try_without_isolation()


def _try_without_isolation() -> None:
    code = b"#include <unistd.h>\nint main(void) { if (!fork()) { setsid(); if (!fork()) for (;;) pause(); _exit(0); } for (;;); }"
    limits = SHORT.__class__(wall_seconds=0.5)
    outcome = run(Job(files={"a.c": code}, language="c", min_isolation="none", run=Run(limits=limits)))
    assert outcome.verdict is Verdict.TIME_LIMIT
    assert outcome.isolation is not None
    assert outcome.isolation.tier == "none"
    assert "seccomp" not in outcome.isolation.rests_on


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_a_whole_program(machine: str) -> None:
    """Every jump stays inside, and the last step allows."""
    code = seccomp.program(machine)
    steps = [(int.from_bytes(code[i : i + 2], "little"), code[i + 2], code[i + 3], code[i + 4 : i + 8]) for i in range(0, len(code), 8)]
    assert all(index + 1 + max(step[1], step[2]) < len(steps) for index, step in enumerate(steps[:-1]))
    assert steps[-1][3] == (0x7FFF0000).to_bytes(4, "little")
