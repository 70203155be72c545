"""Cores for pinned runs: nobody shares one, nobody is overtaken, and a pinned program sees its own."""

from __future__ import annotations

import os
import threading
import time

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, Run, Verdict, run, run_many
from hpcraft.sandbox.cores import lease

ALL = len(os.sched_getaffinity(0))


def test_no_two_leases_share_a_core() -> None:
    """Whatever the numbers asked for; afterwards all cores are free again."""
    held: list[int] = []
    twice: list[int] = []
    guard = threading.Lock()

    def work(count: int) -> None:
        for _ in range(20):
            with lease(count) as cores:
                with guard:
                    twice.extend(set(held) & set(cores))
                    held.extend(cores)
                time.sleep(0.001)
                with guard:
                    for core in cores:
                        held.remove(core)

    threads = [threading.Thread(target=work, args=(1 + number % ALL,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (held, twice) == ([], [])
    with lease(ALL) as cores:
        assert set(cores) == os.sched_getaffinity(0)


def test_a_request_for_all_cores_is_not_overtaken() -> None:
    """Those who come later wait behind it, so that it gets its turn."""
    if ALL < 2:
        pytest.skip("one core has no two at a time")
    order: list[str] = []

    def want(name: str, count: int) -> None:
        with lease(count):
            order.append(name)

    with lease(1):
        threads = []
        for name, count in (("all", ALL), ("one", 1)):
            threads.append(threading.Thread(target=want, args=(name, count)))
            threads[-1].start()
            time.sleep(0.2)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == ["all", "one"]


def test_more_cores_than_there_are_is_the_callers_mistake() -> None:
    """The line says how many there are."""
    with pytest.raises(ConfigError, match=f"this process may use {ALL}"), lease(ALL + 1):
        pass


def test_a_pinned_program_has_its_cores_alone(isolation: None) -> None:
    """As many as it has threads, and two at a time never the same."""
    source = b"import os, time; print(*os.sched_getaffinity(0)); time.sleep(0.3)"
    job = Job(files={"a.py": source}, language="python", run=Run(pin=True))
    seen = [outcome.stdout.split() for outcome in run_many([job] * min(ALL, 4), workers=min(ALL, 4))]
    assert all(len(cores) == 1 for cores in seen)
    assert len({cores[0] for cores in seen}) == min(ALL, 4)
    outcome = run(Job(files={"a.py": source}, language="python", run=Run(pin=True, threads=ALL)))
    assert (outcome.verdict, len(outcome.stdout.split())) == (Verdict.OK, ALL)
