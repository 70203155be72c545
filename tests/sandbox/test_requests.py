"""What the sandbox refuses to be asked, each with a line that says what is allowed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, Limits, Run, Verdict, run
from hpcraft.sandbox.requests import check_job, check_run

Need = Callable[..., None]
JOB = Job(files={"a.c": b"int main(void) { return 0; }"}, language="c")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"compiler": "tcc"}, "unknown compiler 'tcc'; allowed: auto, gcc"),
        ({"tier": "chroot"}, "unknown tier 'chroot'; allowed: none, landlock"),
        ({"flags": ("-DA=\0",)}, "zero byte"),
        ({"files": {"a": b"", "a/b.c": b""}}, "as a file and as a folder"),
        ({"files": {"program/x.c": b""}}, "as a file name"),
        ({"compile_limits": Limits(memory_mb=0)}, "memory_mb to 0; give a whole number from 1"),
    ],
)
def test_a_job_that_no_box_can_build_is_refused(changed: dict[str, Any], said: str) -> None:
    """Before anything is started, as an error of the caller."""
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        check_job(dataclasses.replace(JOB, **changed))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Run(ranks=0), "ranks=0; give 1 to 4096"),
        (Run(threads=-1), "threads=-1"),
        (Run(args=("x" * 200_000,)), "200000 bytes"),
        (Run(args=("\ud800",)), "it is no text"),
        (Run(collect=tuple(f"f{i}" for i in range(2000))), "2000 files to collect are too many"),
        (Run(data={f"f{i}": b"" for i in range(2000)}), "2000 data files are too many"),
        (Run(limits=Limits(wall_seconds=float("inf"))), "wall_seconds to inf"),
        (Run(limits=Limits(wall_seconds=float("nan"))), "wall_seconds to nan"),
        (Run(limits=Limits(wall_seconds=-1)), "wall_seconds to -1"),
        (Run(limits=Limits(cpu_seconds=0)), "cpu_seconds to 0"),
        (Run(limits=Limits(disk_mb=10**14)), "disk_mb to 100000000000000"),
        (Run(limits=Limits(processes=10**11)), "processes to 100000000000"),
    ],
)
def test_a_run_that_no_box_can_make_is_refused(asked: Run, said: str) -> None:
    """An error of the caller, never a failure of the sandbox."""
    with pytest.raises(ConfigError, match=said):
        check_run(asked)


def test_a_program_that_signals_itself_has_not_met_a_limit(need: Need) -> None:
    """SIGXCPU is the limit's word only when the time was used."""
    need("gcc")
    outcome = run(Job(files={"a.c": b"#include <signal.h>\nint main(void) { return raise(SIGXCPU); }"}, language="c"))
    assert (outcome.verdict, outcome.message) == (Verdict.SIGNALED, "ended by SIGXCPU")


def test_the_sandbox_does_not_count_its_own_cpu_time(need: Need) -> None:
    """What starting a box costs is not the program's."""
    need("gcc")
    assert min(run(JOB).cpu_seconds for _ in range(3)) < 0.005
