"""Tasks on this machine: all are done, a fault is the one that a single process would meet, and a dead worker costs one try."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.executor import ExecutorConfig, add_executor_arguments, from_arguments, make_executor
from tests.toy_tasks import Part, num_tries, write_part

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TOY = Path(__file__).parent / "toy_stages.py"


def local(parts: list[Part], folder: Path, *, num_workers: int = 2) -> None:
    """Write the parts with worker processes."""
    make_executor(ExecutorConfig(num_workers=num_workers)).map(write_part, parts, folder=folder, label="parts")


def test_all_tasks_are_done(tmp_path: Path) -> None:
    """Each once, with more and with fewer tasks than workers, and with none."""
    parts = [Part(path=tmp_path / f"part-{i}") for i in range(9)]
    local(parts, tmp_path)
    local([part := Part(path=tmp_path / "one")], tmp_path, num_workers=4)
    local([], tmp_path)
    assert all(part.path.exists() and num_tries(part) == 1 for part in [*parts, part])


def test_the_first_fault_is_raised_as_it_is(tmp_path: Path) -> None:
    """Of two faults the one that one process alone would meet, though the other comes earlier; nothing after it is begun."""
    slow = Part(path=tmp_path / "slow", seconds=1, raises=InputError("the first"))
    quick = Part(path=tmp_path / "quick", raises=MachineError("the second"))
    later = [Part(path=tmp_path / f"later-{i}") for i in range(8)]
    with pytest.raises(InputError, match=r"^the first$"):
        local([slow, quick, *later], tmp_path)
    assert not any(map(num_tries, later))


def test_a_bug_is_raised_with_its_traceback(tmp_path: Path) -> None:
    """What isn't an error of ours comes as it is, and says where it arose."""
    with pytest.raises(KeyError) as caught:
        local([Part(path=tmp_path / "part", bug=True)], tmp_path)
    assert "write_part" in caught.value.__notes__[0]


def test_a_dead_worker_costs_one_try(tmp_path: Path) -> None:
    """The task is done in another worker, and no other is done twice."""
    parts = [Part(path=tmp_path / f"part-{i}", deaths=int(i == 3)) for i in range(8)]
    local(parts, tmp_path)
    assert [num_tries(part) for part in parts] == [1, 1, 1, 2, 1, 1, 1, 1]


def test_a_task_that_always_dies_is_named(tmp_path: Path) -> None:
    """The others are done, and one line says what is left."""
    parts = [Part(path=tmp_path / f"part-{i}", deaths=9 * (i == 0)) for i in range(4)]
    with pytest.raises(
        MachineError, match=r"^parts: worker processes died twice on 1 of 4 tasks \(killed by SIGKILL.*\): part-0; 3 are done"
    ):
        local(parts, tmp_path)
    assert [part.path.exists() for part in parts] == [False, True, True, True]


def test_it_gives_up_when_every_worker_dies(tmp_path: Path) -> None:
    """A hundred tasks aren't tried twice each when it is the machine."""
    parts = [Part(path=tmp_path / f"part-{i}", deaths=9) for i in range(100)]
    with pytest.raises(MachineError, match="worker processes died"):
        local(parts, tmp_path)
    assert sum(map(num_tries, parts)) < 20


@pytest.mark.parametrize(("length", "works"), [(75, True), (76, False)])
def test_a_long_folder_for_temporary_files_is_told(length: int, works: bool, tmp_path: Path) -> None:
    """Workers are started through a socket, whose name has a limit: up to it work goes on, beyond it one line says what to set."""
    program = (
        "from pathlib import Path; from hpcraft.executor import *; from hpcraft.errors import *; from tests.toy_tasks import *\n"
        "if __name__ == '__main__':\n"
        f"    parts = [Part(path=Path({str(tmp_path / 'part')!r}))]\n"
        "    try:\n"
        "        make_executor(ExecutorConfig(num_workers=1)).map(write_part, parts, folder=parts[0].path.parent, label='parts')\n"
        "    except MachineError as error:\n"
        "        print(error)\n"
    )
    with tempfile.TemporaryDirectory(prefix="h-", dir="/tmp") as root:
        folder = Path(root, "d" * (length - len(root) - 1))
        folder.mkdir()
        path = os.pathsep.join(p for p in sys.path if p)
        environment = os.environ | {"PYTHONPATH": path, "TMPDIR": str(folder)}
        (tmp_path / "program.py").write_text(program)
        done = subprocess.run([sys.executable, tmp_path / "program.py"], env=environment, capture_output=True, text=True, check=True)
    assert (tmp_path / "part").exists() == works
    assert ("set one of at most 75 bytes" in done.stdout) != works


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_nothing_outlives_a_stopped_command(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Workers end with the command, also those in the middle of a task, and what the tasks have started."""
    program = (
        "import sys; from pathlib import Path; from hpcraft.executor import *; from tests.toy_tasks import *; from hpcraft import cli, command\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "def run(args):\n"
        "    parts = [Part(path=folder / f'part-{i}', seconds=60, starts=('sleep', '61.25')) for i in range(2)]\n"
        "    make_executor(ExecutorConfig(num_workers=2)).map(write_part, parts, folder=folder, label='parts')\n"
        "COMMAND = command.Command(summary='', example='', add_arguments=lambda _: None, main=run)\n"
        "if __name__ == '__main__':\n"
        "    cli.COMMANDS = {'toy': ('__main__', '')}\n"
        "    sys.exit(cli.main(['toy']))\n"
    )
    (tmp_path / "program.py").write_text(program)
    path = os.pathsep.join(p for p in sys.path if p)
    command = subprocess.Popen([sys.executable, tmp_path / "program.py"], env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE)
    wait_until(lambda: sum(bool(tries.read_text()) for tries in tmp_path.glob(".part-*.tries")) == 2)
    workers = {int(tries.read_text()) for tries in tmp_path.glob(".part-*.tries")}
    wait_until(lambda: len(sleepers(workers)) == 2)
    groups = {os.getpgid(pid) for pid in workers}
    command.send_signal(number)
    assert command.wait(20) == code
    wait_until(lambda: not any(map(alive, workers)) and not sleepers(groups))


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for it, or fail."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def sleepers(groups: set[int]) -> set[int]:
    """Processes of the command that the tasks start, in the groups of these workers."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes() == b"sleep\x0061.25\x00" and os.getpgid(int(entry.parent.name)) in groups:
                found.add(int(entry.parent.name))
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ---------------------------------------------------------------- on the command line


def config(*words: str, **environment: str) -> ExecutorConfig:
    """The config of a command line and an environment."""
    parser = argparse.ArgumentParser()
    add_executor_arguments(parser)
    return from_arguments(parser.parse_args(words), environment)


def test_flags_and_environment_make_a_config() -> None:
    """Flags stand before the environment, key by key; without both it is this machine."""
    assert config() == ExecutorConfig()
    assert config("--workers", "3").num_workers == 3
    site = {"HPCRAFT_EXECUTOR": "slurm", "HPCRAFT_SLURM": "partition=cpu time_minutes=30 setup='module load gcc'"}
    assert config(**site) == ExecutorConfig(kind="slurm", partition="cpu", time_minutes=30, setup=("module load gcc",))
    words = ("--slurm", "time_minutes=5", "--slurm", "memory_gb=1.5", "--slurm", "sbatch.constraint=milan", "--slurm", "sbatch.exclusive")
    changed = config(*words, **site)
    assert (changed.time_minutes, changed.memory_gb, changed.partition) == (5, 1.5, "cpu")
    assert changed.extra == (("constraint", "milan"), ("exclusive", ""))
    assert config("--executor", "local", **site) == ExecutorConfig()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slurm", "partition=cpu"], "add --executor slurm"),
        (["--executor", "slurm", "--slurm", "partitoin=cpu"], "did you mean 'partition'"),
        (["--executor", "slurm", "--slurm", "partition"], "write partition=VALUE"),
        (["--executor", "slurm", "--slurm", "time_minutes=1h"], "'1h' is no whole number"),
        (["--executor", "slurm", "--slurm", "time_minutes=0"], "must be at least 1"),
        (["--executor", "slurm", "--slurm", "memory_gb=nan"], "must be 0 or more"),
        (["--workers", "-1"], "give 0 for one per core"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str) -> None:
    """What was given, and what is allowed."""
    with pytest.raises(ConfigError, match=message):
        config(*words)


def test_wrong_environment_is_named() -> None:
    """The variable is named, as nobody typed it just now."""
    with pytest.raises(ConfigError, match="HPCRAFT_EXECUTOR=slrum: not an executor, did you mean 'slurm'"):
        config(HPCRAFT_EXECUTOR="slrum")
    with pytest.raises(ConfigError, match="HPCRAFT_SLURM"):
        config(HPCRAFT_EXECUTOR="slurm", HPCRAFT_SLURM="setup='module")


def test_a_stage_command_runs_its_tasks_with_the_workers_asked_for(hpcraft: Run, tmp_path: Path) -> None:
    """The flags are those of parallel stages alone, and a fault in a task ends the command as it does everywhere."""
    assert "--executor" not in hpcraft("make", "--help", toy=True).stdout
    assert "--executor" in hpcraft("spread", "--help", toy=True).stdout
    failed = hpcraft("spread", "-o", tmp_path / "out", "--parts", "9", "--bad-part", "5", "--workers", "2", toy=True)
    assert (failed.returncode, failed.stderr) == (3, "hpcraft: part 5 is bad\n")
    assert {path.name for path in (tmp_path / "out.partial").glob("part-*")} >= {f"part-000{i}.bin" for i in range(5)}


def test_without_slurm_it_says_where_to_go(hpcraft: Run, tmp_path: Path) -> None:
    """A machine that isn't a cluster's is told so before anything is done; what hands out no tasks needs none."""
    (tmp_path / "toy.yaml").write_text("name: toy\nstages:\n  make: {}\n  spread: {}\n")
    words = ("run", tmp_path / "toy.yaml", "--executor", "slurm")
    here = {"PATH": str(tmp_path)}
    failed = hpcraft(*words, toy=True, env=here)
    assert failed.returncode == 4
    assert failed.stderr == (
        "hpcraft: Slurm's sbatch is not in PATH; run this where jobs are submitted (a login node), or with --executor local\n"
    )
    assert not (tmp_path / "runs").exists()
    assert hpcraft(*words, "--dry-run", toy=True, env=here).returncode == 0
    assert hpcraft(*words, "--to", "make", toy=True, env=here).returncode == 0
