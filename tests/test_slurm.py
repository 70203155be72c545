"""Tasks on a cluster, tried on a real Slurm of one node: the same output as here, and nothing lost or left in the queue."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from hpcraft.errors import ConfigError, HpcError, InputError, MachineError
from hpcraft.executor import ExecutorConfig, make_executor
from hpcraft.store import read_manifest
from tests.conftest import TOY, environment
from tests.toy_tasks import Part, num_tries, write_part, write_with_a_pool

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def on_slurm(parts: list[Part], folder: Path, **options: object) -> None:
    """Write the parts with Slurm jobs."""
    make_executor(ExecutorConfig(kind="slurm", **options)).map(write_part, parts, folder=folder, label="parts")  # type: ignore[arg-type]


def squeue(*words: str) -> list[str]:
    """Lines of squeue."""
    return subprocess.run(["squeue", "--noheader", *words], capture_output=True, text=True, check=True).stdout.splitlines()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for it, or fail."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def _empty_queue(slurm: None) -> None:
    """Begin when nothing of another test is left: a job has given its result before Slurm has seen it end."""
    wait_until(lambda: not squeue())


@pytest.mark.ci
def test_arrays_are_no_larger_than_the_site_allows(tmp_path: Path) -> None:
    """40 tasks, two a job, in arrays of at most 7; each is done once, and nothing but the output stays."""
    before = set(squeue("--states=all", "--format=%F"))
    parts = [Part(path=tmp_path / f"part-{i}") for i in range(40)]
    on_slurm(parts, tmp_path, max_array_size=7, tasks_per_job=2)
    assert [num_tries(part) for part in parts] == [1] * 40
    sizes = Counter(line for line in squeue("--states=all", "--array", "--format=%F") if line not in before)
    assert sorted(sizes.values()) == [6, 7, 7]
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".tries")) == sorted(part.path.name for part in parts)


@pytest.mark.ci
def test_a_job_does_many_small_tasks_on_all_its_cores(tmp_path: Path) -> None:
    """As many at a time as the job has cores."""
    parts = [Part(path=tmp_path / f"part-{i}", seconds=4) for i in range(8)]
    before = len(squeue("--states=all", "--array"))
    begin = time.monotonic()
    on_slurm(parts, tmp_path, tasks_per_job=8, cpus_per_task=8)
    assert time.monotonic() - begin < 25
    assert len(squeue("--states=all", "--array")) - before == 1


@pytest.mark.ci
def test_a_stage_writes_the_same_as_here(hpcraft: Run, tmp_path: Path) -> None:
    """The hash over all outputs doesn't say where the tasks ran, nor does the fingerprint."""
    assert hpcraft("spread", "-o", tmp_path / "here", "--parts", "12", toy=True).returncode == 0
    done = hpcraft("spread", "-o", tmp_path / "there", "--parts", "12", "--executor", "slurm", "--slurm", "tasks_per_job=4", toy=True)
    assert (done.returncode, done.stderr) == (0, "")
    here, there = read_manifest(tmp_path / "here"), read_manifest(tmp_path / "there")
    assert there.outputs_sha256 == here.outputs_sha256
    assert there.fingerprint == here.fingerprint
    again = hpcraft("spread", "-o", tmp_path / "there", "--parts", "12", toy=True)
    assert "up to date" in again.stdout


def test_a_recipe_runs_its_parallel_stages_there(hpcraft: Run, tmp_path: Path) -> None:
    """``hpcraft run`` takes the flags, or the environment, for all stages that hand out tasks."""
    (tmp_path / "toy.yaml").write_text("name: toy\nstages:\n  make: {}\n  spread: {}\n")
    words = ("run", tmp_path / "toy.yaml", "--slurm", "sbatch.comment=from-the-recipe", "--set", "spread.bad_part=1")
    failed = hpcraft(*words, toy=True, env={"HPCRAFT_EXECUTOR": "slurm", "HPCRAFT_SLURM": "partition=cpu"})
    assert (failed.returncode, failed.stderr.splitlines()[-1]) == (3, "hpcraft: stage spread: part 1 is bad")
    assert "from-the-recipe" in squeue("--states=all", "--format=%k")


@pytest.mark.ci
def test_a_fault_is_the_same_as_here(tmp_path: Path) -> None:
    """Class and message come from the job, and what else is under way is cancelled."""
    bad = Part(path=tmp_path / "bad", raises=InputError("bad.c: no text"))
    slow = [Part(path=tmp_path / f"slow-{i}", seconds=100) for i in range(3)]
    with pytest.raises(InputError, match=r"^bad.c: no text$"):
        on_slurm([bad, *slow], tmp_path, tasks_per_job=1)
    wait_until(lambda: not squeue(), seconds=10)


def test_a_bug_comes_with_its_traceback(tmp_path: Path) -> None:
    """What isn't an error of ours says where it arose."""
    with pytest.raises(KeyError) as caught:
        on_slurm([Part(path=tmp_path / "part", bug=True)], tmp_path)
    assert "write_part" in caught.value.__notes__[0]


@pytest.mark.ci
def test_a_killed_task_is_tried_again_and_then_named(tmp_path: Path) -> None:
    """One that is killed once is done by another job; one that always is ends the command in one line, when the others are done."""
    parts = [Part(path=tmp_path / f"part-{i}", deaths=[0, 1, 0, 9][i]) for i in range(4)]
    with pytest.raises(MachineError, match=r"^parts: 1 of 4 tasks were lost .*SIGKILL.*: part-3; 3 are done and kept") as caught:
        on_slurm(parts, tmp_path, tasks_per_job=2)
    assert "\n" not in str(caught.value)
    assert [num_tries(part) for part in parts] == [1, 2, 1, 3]


@pytest.mark.ci
def test_a_killed_job_is_done_again_where_it_stopped(tmp_path: Path) -> None:
    """When the node loses a job whole, another does what was left and nothing else."""
    parts = [Part(path=tmp_path / f"part-{i}", seconds=1.5) for i in range(4)]

    def kill_the_job() -> None:
        wait_until(lambda: num_tries(parts[1]) == 1 and any("done 0" in path.read_text() for path in tmp_path.rglob("*.journal")))
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            words = entry.read_bytes() if entry.exists() else b""
            if b"submitit.core._submit" in words and os.fsencode(tmp_path) in words and b"srun" not in words:
                os.kill(int(entry.parent.name), signal.SIGKILL)

    killer = Thread(target=kill_the_job)
    killer.start()
    on_slurm(parts, tmp_path, tasks_per_job=4)
    killer.join()
    assert num_tries(parts[0]) == 1
    assert sum(map(num_tries, parts)) == 5


@pytest.mark.ci
def test_somebody_elses_scancel_ends_it(tmp_path: Path) -> None:
    """What a person has cancelled isn't handed in again."""
    parts = [Part(path=tmp_path / f"part-{i}", seconds=60) for i in range(2)]

    def cancel() -> None:
        wait_until(lambda: len(list(tmp_path.glob(".part-*.tries"))) == 2)
        for name in set(squeue("--format=%j")):  # jobs of the test before may still be ending
            subprocess.run(["scancel", f"--name={name}"], check=True)

    person = Thread(target=cancel)
    person.start()
    with pytest.raises(MachineError, match="was cancelled; 0 tasks are done and kept"):
        on_slurm(parts, tmp_path)
    person.join()
    assert not list(tmp_path.glob("part-*"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_leaves_no_jobs(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """They are gone from the queue, running or waiting, before the command ends."""
    command = spread(tmp_path, TOY_SECONDS="60")
    wait_until(lambda: len(squeue("--states=running", "--array")) >= 4)
    command.send_signal(number)
    assert command.wait(30) == code
    assert not squeue()
    assert "resume" in (command.stderr.read() if command.stderr else "")


@pytest.mark.ci
def test_a_killed_command_is_resumed(tmp_path: Path) -> None:
    """After kill -9 its jobs go on; the next command ends those, keeps what they have done, and does what is left."""
    command = spread(tmp_path, TOY_SECONDS="2")
    wait_until(lambda: len(list((tmp_path / "out.partial").glob("part-*"))) >= 4)
    command.kill()
    command.wait()
    assert squeue()
    again = spread(tmp_path, TOY_SECONDS="0")
    assert again.wait(120) == 0
    manifest = read_manifest(tmp_path / "out")
    assert manifest.metrics["resumed"] >= 4
    assert manifest.rows == {"parts": 20}
    wait_until(lambda: not squeue(), seconds=10)  # a job has given its result before Slurm has seen it end


@pytest.mark.ci
def test_jobs_of_a_killed_command_do_not_spoil_another_run(hpcraft: Run, tmp_path: Path) -> None:
    """With another seed and on this machine, too, they are cancelled before anything is written."""
    command = spread(tmp_path, TOY_SECONDS="2")
    wait_until(lambda: len(list((tmp_path / "out.partial").glob("part-*"))) >= 4)
    command.kill()
    command.wait()
    hashes = []
    for out in ("out", "clean"):
        assert hpcraft("spread", "-o", out, "--parts", "20", "--seed", "7", toy=True).returncode == 0
        hashes.append(read_manifest(tmp_path / out).outputs_sha256)
    assert hashes[0] == hashes[1]
    assert not squeue()
    assert not (tmp_path / "out" / ".slurm").exists()


def spread(tmp_path: Path, **variables: str) -> subprocess.Popen[str]:
    """The toy stage of 20 parts as a process, one part a job."""
    words = ("spread", "-o", "out", "--parts", "20", "--executor", "slurm", "--slurm", "tasks_per_job=1")
    return subprocess.Popen(
        [sys.executable, TOY, *words],
        cwd=tmp_path,
        env=environment(**variables),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.ci
def test_the_command_may_itself_be_a_job(tmp_path: Path) -> None:
    """Submitted with sbatch, with memory and cores of its own, which its jobs don't inherit."""
    words = f"{sys.executable} {TOY} spread -o {tmp_path}/out --executor slurm --slurm cpus_per_task=2"
    subprocess.run(
        ["sbatch", "--wait", "--cpus-per-task=1", f"--output={tmp_path}/log", f"--wrap={words}"],
        check=True,
        capture_output=True,
        env=environment(),
    )
    assert "spread: done" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partition": "nope"}, r"^sbatch refuses a job: invalid partition specified: nope; .*; change --slurm"),
        ({"extra": (("frobnicate", "1"),)}, r"^sbatch refuses a job: .*frobnicate"),
        ({"cpus_per_task": 4096}, r"^parts: a job would wait for ever \(PartitionConfig\); change --slurm"),
        ({"time_minutes": 100}, r"^parts: a job would wait for ever \(PartitionTimeLimit\); change --slurm"),
    ],
)
def test_what_the_cluster_cannot_give_is_one_line(
    options: dict[str, object], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Slurm's words, and what to change; nothing else is printed, and nothing stays in the queue."""
    with pytest.raises(ConfigError, match=message) as caught:
        on_slurm([Part(path=tmp_path / "part")], tmp_path, **options)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not squeue()


@pytest.mark.ci
@pytest.mark.parametrize(
    "words",
    [
        "QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy",
        "Invalid job array specification",
    ],
)
def test_a_site_that_takes_fewer_jobs_gets_smaller_arrays(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that isn't known before is found by halving; nothing is lost on the way."""
    real = shutil.which("sbatch")
    fussy = tmp_path / "sbatch"
    fussy.write_text(f"#!/bin/sh\ngrep -q 'array=0-[0-2]%' $1 || {{ printf 'sbatch: error: {words}\\n' >&2; exit 1; }}\nexec {real} $1\n")
    fussy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    parts = [Part(path=tmp_path / f"part-{i}") for i in range(6)]
    on_slurm(parts, tmp_path, tasks_per_job=1)
    assert [num_tries(part) for part in parts] == [1] * 6


def test_a_task_may_have_processes_of_its_own(tmp_path: Path) -> None:
    """Pools and commands inside a task work in a job as they do here."""
    make_executor(ExecutorConfig(kind="slurm")).map(write_with_a_pool, [tmp_path / "part"], folder=tmp_path, label="parts")
    make_executor(ExecutorConfig()).map(write_with_a_pool, [tmp_path / "here"], folder=tmp_path, label="parts")
    assert (tmp_path / "part").read_text() == (tmp_path / "here").read_text() == "[0, 1, 2]"


@pytest.mark.ci
def test_a_folder_that_the_nodes_do_not_see(tmp_path: Path) -> None:
    """A job that can't open its log leaves no trace, and the message says what that means."""

    def hide() -> None:
        wait_until(lambda: bool(list(tmp_path.glob(".slurm/parts/*_submitted.pkl"))))  # the last file that submitting writes
        (tmp_path / ".slurm").rename(tmp_path / ".hidden")

    hider = Thread(target=hide)
    hider.start()
    with pytest.raises(MachineError, match=r"left no trace in .*; the nodes don't see that folder"):
        on_slurm([Part(path=tmp_path / "part")], tmp_path, extra=(("begin", "now+15"),))
    hider.join()


@pytest.mark.ci
def test_a_setup_that_fails_is_shown(tmp_path: Path) -> None:
    """What the job's log says last is in the message, and where the log is."""
    with pytest.raises(HpcError, match=r"module: not there.*log .*_log.err"):
        on_slurm([Part(path=tmp_path / "part")], tmp_path, setup=("echo module: not there >&2; exit 1",))
    assert re.search("not there", next((tmp_path / ".slurm" / "parts").glob("*.err")).read_text())


class Unloadable:
    """A task that no job can read, as when its class is another version there."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as a call that fails."""
        return (int, ("not a number",))


def test_a_job_that_cannot_begin_is_shown(tmp_path: Path) -> None:
    """What stopped it, and where the log is."""
    with pytest.raises(MachineError, match=r"^parts: job \d+ could not begin: ValueError: invalid literal .* Log: .*_log.err"):
        make_executor(ExecutorConfig(kind="slurm")).map(print, [Unloadable()], folder=tmp_path, label="parts")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_time_limit_ends_a_task_that_needs_more(tmp_path: Path) -> None:
    """What a job had done before is kept; a task that had the whole time for itself isn't tried again."""
    quick, slow = Part(path=tmp_path / "quick"), Part(path=tmp_path / "slow", seconds=600)
    with pytest.raises(
        MachineError, match=r"1 of 2 tasks were lost .*time limit; raise it with --slurm time_minutes=N.*: slow; 1 are done"
    ):
        on_slurm([quick, slow], tmp_path, time_minutes=1, tasks_per_job=2)
    assert (num_tries(quick), num_tries(slow)) == (1, 2)
