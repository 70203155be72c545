"""Many jobs: order, keys, laziness, inputs of one build, and one job's trouble is its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run, run_inputs, run_keyed, run_many

Need = Callable[..., None]
FOREVER = Job(files={"a.py": b"while True: pass"}, language="python", run=Run(limits=Limits(wall_seconds=60)))


def _job(number: int, seconds: float = 0) -> Job:
    return Job(files={"a.py": f"import time; time.sleep({seconds}); print({number})".encode()}, language="python")


def test_outcomes_come_in_the_order_of_the_jobs(need: Need) -> None:
    """A slow first job doesn't lose its place, and the iterable is taken lazily."""
    need("bwrap")
    taken = []

    def jobs() -> Iterator[Job]:
        for number in range(40):
            taken.append(number)
            yield _job(number, 0.2 if number == 0 else 0)

    outcomes = run_many(jobs(), workers=2)
    assert next(outcomes).stdout == "0\n"
    assert len(taken) < 20
    assert [outcome.stdout for _, outcome in zip(range(5), outcomes, strict=False)] == [f"{n}\n" for n in range(1, 6)]


def test_keyed_outcomes_come_as_they_end(need: Need) -> None:
    """A slow first job holds nobody up; every key comes once, with its own outcome."""
    need("bwrap")
    outcomes = list(run_keyed(((f"k{n}", _job(n, 3 if n == 0 else 0)) for n in range(12)), workers=2))
    assert outcomes[-1][0] == "k0"
    assert {key: outcome.stdout for key, outcome in outcomes} == {f"k{n}": f"{n}\n" for n in range(12)}


def test_a_slow_caller_stops_the_intake(need: Need) -> None:
    """Jobs are not taken while nobody takes outcomes, whether they come keyed or in order."""
    need("bwrap")
    for start in (lambda jobs: run_keyed(enumerate(jobs), workers=2), lambda jobs: run_many(jobs, workers=2)):
        taken: list[int] = []

        def jobs(taken: list[int] = taken) -> Iterator[Job]:
            for number in range(1000):
                taken.append(number)
                yield _job(number)

        outcomes = start(jobs())
        next(outcomes)
        time.sleep(1)
        assert len(taken) <= 9
        for number in range(2, 6):
            next(outcomes)
            assert len(taken) <= 8 + number
        outcomes.close()  # type: ignore[union-attr]


@pytest.mark.ci
def test_a_slow_source_holds_no_outcome_back(need: Need) -> None:
    """An outcome that is there is yielded before another job is waited for."""
    need("bwrap")
    handed_out: list[str] = []

    def jobs() -> Iterator[tuple[int, Job]]:
        for number in range(3):
            yield number, _job(number)
            time.sleep(1.5)
            if number == 1:
                assert handed_out == ["0\n"]

    for _, outcome in run_keyed(jobs(), workers=2):
        handed_out.append(outcome.stdout)
    assert sorted(handed_out) == ["0\n", "1\n", "2\n"]


def test_one_build_runs_on_many_inputs(need: Need) -> None:
    """Outcomes come in the order of the inputs, each from a box of its own; a failed build is the outcome of all."""
    need("bwrap", "gcc")
    source = (
        rb"#include <stdio.h>"
        b"\n"
        rb'int main(int n, char **v) { printf("%s %d\n", v[1], !fopen("left", "r")); fopen("left", "w"); return 0; }'
    )
    runs = [Run(args=(word,)) for word in ("one", "two", "three")]
    jobs = [("good", Job(files={"a.c": source}, language="c"), runs), ("bad", Job(files={"a.c": b"nonsense"}, language="c"), runs)]
    found = dict(run_inputs(jobs, workers=2))
    assert [outcome.stdout for outcome in found["good"]] == ["one 1\n", "two 1\n", "three 1\n"]
    assert [outcome.verdict for outcome in found["bad"]] == [Verdict.COMPILE_ERROR] * 3


def test_closing_early_ends_what_runs(need: Need) -> None:
    """A caller who stops asking waits for nobody."""
    need("bwrap")
    begin = time.monotonic()
    outcomes = run_many([_job(1), FOREVER, FOREVER], workers=2)
    assert next(outcomes).ok
    outcomes.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begin < 30


def test_a_crash_of_a_worker_loses_no_job(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """An unexpected error costs one job alone, as infra_error, after a second attempt."""
    need("bwrap")
    attempts: list[Job] = []

    def crash(job: Job, stop: object) -> Outcome:
        if b"print(1)" in job.files["a.py"]:
            attempts.append(job)
            raise ZeroDivisionError("a bug")
        return run(job)

    monkeypatch.setattr("hpcraft.sandbox.pool.run", crash)
    outcomes = list(run_many([_job(n) for n in range(3)], workers=2))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.OK, Verdict.INFRA_ERROR, Verdict.OK]
    assert (len(attempts), outcomes[1].message) == (2, "ZeroDivisionError: a bug")


@pytest.mark.parametrize("inner", [False, True], ids=["outer process", "pid 1 of the box"])
@pytest.mark.parametrize("delay", [0, 0.4], ids=["starting", "running"])
def test_a_box_killed_from_outside_is_started_again(inner: bool, delay: float, need: Need) -> None:
    """Whatever ends its processes, short of the program itself, costs an attempt and not the job."""
    need("bwrap")
    killed: list[int] = []
    finished = threading.Event()

    def kill_the_first_box() -> None:
        while not finished.is_set() and not killed:
            for outer in _children(os.getpid()):
                targets = _children(outer) if inner else [outer]
                if b"a.py" in _words(outer) and targets:
                    time.sleep(delay)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(targets[0], signal.SIGKILL)
                        killed.append(targets[0])
                        return

    assert run(_job(0)).ok  # looks what this machine has, in boxes of another kind
    killer = threading.Thread(target=kill_the_first_box)
    killer.start()
    try:
        outcomes = list(run_many([_job(n, 1) for n in range(3)], workers=2))
    finally:
        finished.set()
        killer.join()
    assert killed
    assert [(outcome.stdout, outcome.message) for outcome in outcomes] == [("0\n", ""), ("1\n", ""), ("2\n", "")]


def test_an_interrupt_leaves_nothing(tmp_path: Path, need: Need) -> None:
    """Ctrl-C in the middle ends the boxes and removes their folders before the exception goes on."""
    need("bwrap")
    script = tmp_path / "pool.py"
    script.write_text(
        textwrap.dedent("""
        from hpcraft.sandbox import Job, Limits, Run, run_keyed
        forever = Job(files={"a.py": b"print(1, flush=True)\\nwhile True: pass"}, language="python", run=Run(limits=Limits(wall_seconds=120)))
        print("started", flush=True)
        list(run_keyed(((n, forever) for n in range(100)), workers=2))
        """)
    )
    (tmp_path / "scratch").mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path / "scratch")}
    process = subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        deadline = time.monotonic() + 30
        while len(_below(process.pid)) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        inside = _below(process.pid)
        assert len(inside) >= 4
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert words.strip().endswith("KeyboardInterrupt")
    assert not [pid for pid in inside if b"a.py" in _words(pid)]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_mistake_of_the_caller_rises(need: Need) -> None:
    """It is no outcome of a job."""
    need("bwrap")
    with pytest.raises(ConfigError, match="unknown language"):
        list(run_many([_job(0), Job(files={"a.py": b""}, language="cobol")], workers=2))  # type: ignore[arg-type]


def test_nothing_in_nothing_out() -> None:
    """No jobs are no trouble."""
    assert list(run_many([])) == []
    assert list(run_keyed([])) == []
    assert list(islice(run_inputs([]), 1)) == []


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listing.read_text().split())
        except OSError:
            continue
    return found


def _below(pid: int) -> list[int]:
    return [inner for child in _children(pid) for inner in (child, *_below(child))]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
