"""What many tests share: the toy stages, hpcraft as a process of its own, and what happens where nothing can be isolated."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hpcraft import recipe
from hpcraft.errors import MachineError
from tests import slurm_cluster
from tests.survivors import survivors, wait_for_survivors

ROOT = Path(__file__).resolve().parent.parent
TOY = ROOT / "tests" / "toy_stages.py"

# Test processes side by side share the cores; each of them with a thread per core would make training crawl.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _WORKERS)))

OUTCOMES = ("passed", "failed", "skipped")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@functools.cache
def isolates() -> bool:
    """Whether bubblewrap, asked without hpcraft, can make a box on this machine; in many containers it is there and can't."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return shutil.which("bwrap") is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip by name what failed for want of isolation: generated code is run in a box or not at all."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if report.failed and isinstance(error, MachineError) and "cannot isolate" in str(error) and not isolates():
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, "Skipped: bubblewrap is not installed, or can't make a box here")
    return report


@pytest.fixture(scope="session", autouse=True)
def builds_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Builds are kept apart from the user's, in one place for all test processes of a session."""
    base = tmp_path_factory.getbasetemp()
    os.environ["HPCRAFT_CACHE"] = str(base.parent / "cache" if "PYTEST_XDIST_WORKER" in os.environ else base / "cache")


BEFORE = pytest.StashKey[frozenset[str]]()
LEFT = pytest.StashKey[list[str]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember what earlier programs left on the machine."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[BEFORE] = survivors()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when anything of a box has outlived the tests."""
    if BEFORE in session.config.stash:
        session.config.stash[LEFT] = wait_for_survivors(session.config.stash[BEFORE])
        if session.config.stash[LEFT]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for what outlived the tests, and one that counts the attacks on the sandbox: how many were played, and why the others were not."""
    for line in terminalreporter.config.stash.get(LEFT, []):
        terminalreporter.write_line(f"left behind by the tests: {line}", red=True)
    found = {kind: [r for r in terminalreporter.stats.get(kind, []) if "/attacks/test_" in getattr(r, "nodeid", "")] for kind in OUTCOMES}
    if any(found.values()):
        why = Counter(str(report.longrepr[2]).removeprefix("Skipped: ").split(":")[0] for report in found["skipped"])
        reasons = ", ".join(f"{reason} {count}" for reason, count in why.most_common())
        played = len(found["passed"]) + len(found["failed"])
        words = f"attacks: {played} played, {len(found['passed'])} stopped, {len(found['skipped'])} skipped"
        terminalreporter.write_line(words + (f" ({reasons})" if reasons else ""))


@pytest.fixture
def isolation() -> None:
    """Skip the test where bubblewrap is missing or can't make a box."""
    if not isolates():
        pytest.skip("bubblewrap is not installed, or can't make a box here")


@pytest.fixture(scope="session")
def slurm_conf(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The ``slurm.conf`` of a cluster that runs until the last test that asks for it has ended; without Slurm the tests are skipped by name."""
    pytest.importorskip("submitit")
    if lacking := slurm_cluster.missing():
        pytest.skip(f"Slurm is not installed ({', '.join(lacking)}): apt-get install slurmd slurmctld slurm-client munge")
    if os.geteuid():
        pytest.skip("a Slurm of one's own needs root")
    with slurm_cluster.cluster(tmp_path_factory.mktemp("slurm")) as conf:
        yield conf


@pytest.fixture
def slurm(slurm_conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster for this process and those it starts; its file system is quick."""
    monkeypatch.setenv("SLURM_CONF", str(slurm_conf))
    monkeypatch.setattr("hpcraft.slurm._GRACE_SECONDS", 1.0)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def toy_module() -> ModuleType:
    """The module ``tests/toy_stages.py``."""
    spec = spec_from_file_location("hpcraft_toy_stages", TOY)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def toys(toy_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy stages, known to recipes during the test."""
    for name, module in toy_module.register().items():
        monkeypatch.setitem(recipe.STAGES, name, module)
    return toy_module


def environment(**extra: str) -> dict[str, str]:
    """The present environment without what would steer a child astray."""
    dropped = ("HPCRAFT_HOME", "HPCRAFT_QUIET", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in dropped} | extra


@pytest.fixture
def hpcraft(tmp_path: Path) -> Run:
    """Run ``hpcraft WORDS`` as a process in the test's folder; ``toy=True`` knows the toy stages too."""

    def run(*words: str | Path, toy: bool = False, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> object:
        program = [str(TOY)] if toy else ["-m", "hpcraft"]
        return subprocess.run(
            [sys.executable, *program, *map(str, words)],
            cwd=cwd or tmp_path,
            env=environment(**(env or {})),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run  # type: ignore[return-value]
