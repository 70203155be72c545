"""From the runner's rows to tests: one batch per tier and user, played once in a process of its own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcraft.sandbox.outcome import TIERS
from tests.sandbox.attacks.catalogue import ATTACKS

ROOT = Path(__file__).resolve().parents[3]
QUICK = ("bubblewrap+cgroup", "root")
"""Whose batch is among the quick tests; a batch takes most of a minute."""
PLAYED = tuple(tier for tier in reversed(TIERS) if tier != "apptainer")
_USER = 54321
"""No account has this number: its processes can be told from everybody's."""
_SYSTEM_PYTHON = Path("/usr/bin/python3")
"""The interpreter of the tests' environment may lie where other users can't reach it."""


def cases(user: str) -> Iterator[object]:
    """One test per attack and tier; rows that are never played come once."""
    for attack in ATTACKS:
        if attack.skip and user == "root":
            yield pytest.param(attack.slug, "", id=attack.slug, marks=pytest.mark.skip(reason=attack.skip))
        for tier in PLAYED:
            if not attack.skip and user in attack.users:
                marks = () if (tier, user) == QUICK else pytest.mark.ci
                yield pytest.param(attack.slug, tier, id=f"{attack.slug}-{tier}-{user}", marks=marks)


def verify(slug: str, tier: str, user: str) -> None:
    """Assert that an attack was stopped; skip by name what this machine can't play."""
    rows, error = batch(tier, user)
    assert slug in rows, f"the runner ended before {slug}: {error}"
    row = rows[slug]
    if row["state"] == "skipped":
        pytest.skip(str(row["detail"]))
    assert row["state"] == "stopped", f"{row['must']} {row['detail']} (verdict {row['verdict']})"


@functools.cache
def batch(tier: str, user: str) -> tuple[dict[str, dict[str, object]], str]:
    """The rows of one tier and user by name, and what the runner said last."""
    command, environment, folder = _place(user)
    words = [*command, "-m", "tests.sandbox.attacks.runner", "--tier", tier, "--workers", "2", "--json"]
    done = subprocess.run(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=280
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["attack"]: row for row in rows}, f"exit code {done.returncode}, {done.stderr[-1000:]}"


def _place(user: str) -> tuple[list[str], dict[str, str], Path]:
    """The interpreter, the environment and the folder to run as this user; skips where that can't be."""
    if user == "root" or os.geteuid() != 0:
        if (user == "root") != (os.geteuid() == 0):
            pytest.skip("not for this user: the tests run as an ordinary user")
        return [sys.executable], dict(os.environ), ROOT
    if shutil.which("setpriv") is None or not _SYSTEM_PYTHON.exists():
        pytest.skip("not installed: setpriv and a system's Python, to become an ordinary user")
    base = _copied()
    become = ["setpriv", "--reuid", str(_USER), "--regid", str(_USER), "--clear-groups", str(_SYSTEM_PYTHON)]
    return become, {"HOME": str(base / "home"), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}, base


@functools.cache
def _copied() -> Path:
    """What the runner needs, where an ordinary user can read it, and a home of his; removed when the tests end."""
    # Not in pytest's folder, which is closed to other users.
    place = tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp"), prefix="hpcraft-attacks-as-user-")
    atexit.register(place.cleanup)
    base = Path(place.name)
    _copy(base)
    base.chmod(0o755)
    (base / "home").mkdir(mode=0o755)
    os.chown(base / "home", _USER, _USER)
    return base


def _copy(base: Path) -> None:
    """What the runner needs, readable for everybody: the sandbox is standard library only."""
    ignore = shutil.ignore_patterns("__pycache__", "test_*")
    (base / "hpcraft").mkdir()
    for path in (ROOT / "hpcraft").glob("*.py"):
        shutil.copy(path, base / "hpcraft")
    shutil.copytree(ROOT / "sandbox", base / "hpcraft" / "sandbox", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "sandbox" / "attacks", base / "tests" / "sandbox" / "attacks", ignore=ignore)
    for path in base.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
