"""The checks of emulated CUDA: each fault with its place, and no alarm on patterns that are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hpcraft import sandbox
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.outcome import Check

HERE = Path(__file__).parent
FAULTY = (
    "device_host_global",
    "device_malloc_pointer",
    "misaligned_float4",
    "oob_constant",
    "oob_shared_static",
    "race_atomic_and_plain",
    "race_block_flag",
    "race_gemm_second_barrier",
    "race_overlapping_output",
    "race_reduction",
    "race_warp_synchronous",
    "uninitialised_part",
    "uninitialised_shared",
)
GOOD = ("histogram", "last_block", "managed", "reductions", "shuffles", "tiled_gemm", "scan_lookback", "cg_grid_jacobi", "device_heap")


def _run(path: Path, check: Check, schedules: int = 1) -> Outcome:
    job = Job(
        files={path.name: path.read_bytes()},
        language="cpp",
        model="cuda",
        cuda="emulate",
        check=check,
        run=Run(schedules=schedules, limits=Limits(wall_seconds=30.0)),
    )
    return sandbox.run(job)


@pytest.mark.parametrize("name", FAULTY)
def test_fault_is_named_with_its_place(name: str) -> None:
    """The kind, the kernel and the line stand in the message, and for a race the other line."""
    path = HERE / "faulty" / f"{name}.cu"
    facts = dict(re.findall(r"(\w+)=(\S+)", path.read_text().splitlines()[0]))
    check: Check = "race" if facts["check"] == "race" else "address"
    outcome = _run(path, check)
    assert outcome.verdict is (Verdict.RACE if facts["kind"] == "race" else Verdict.RUNTIME_ERROR), outcome
    told = dict(re.findall(r"(\w+)=(\S+)", outcome.message.partition(";")[0]))
    assert told["kind"] == facts["kind"]
    assert told["kernel"] == facts["kernel"]
    assert {"block", "thread"} <= told.keys()
    lines = {told.get("line"), told.get("line2", told.get("line"))}
    assert lines == {facts["line"], facts.get("other", facts["line"])}, outcome.message


@pytest.mark.parametrize("name", GOOD)
def test_good_program_gives_no_alarm(name: str) -> None:
    """Under the strictest check a right program ends as it does without."""
    outcome = _run(HERE / "programs" / f"{name}.cu", "race")
    assert outcome.ok, outcome


@pytest.mark.parametrize("name", ["schedule_first_come", "schedule_last_writer"])
def test_result_that_depends_on_the_order_is_told(name: str) -> None:
    """What differs between two orders of blocks and threads is a fault that names both."""
    outcome = _run(HERE / "faulty" / f"{name}.cu", "none", schedules=3)
    assert outcome.verdict is Verdict.RUNTIME_ERROR
    assert re.match(r"kind=schedule; stdout differs between the schedules 0 and \d", outcome.message)


def test_result_that_does_not_depend_on_the_order_is_ok() -> None:
    """A reduction behind barriers gives one result in all orders."""
    assert _run(HERE / "programs" / "reductions.cu", "none", schedules=3).ok
