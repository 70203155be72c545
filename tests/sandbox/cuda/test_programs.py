"""The corpus: good programs run right at every check and print the same, faulty ones are caught with kind, file and line.

All that are asked for are built and run once, two at a time, by a fixture; the tests look at what became of each. The quick tests ask for one good
program in nine and one faulty one in three, CI for a good one in three and for all faulty ones.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from hpcraft.sandbox import Job, Outcome, Verdict, run_keyed
from tests.sandbox.cuda import corpus

pytestmark = pytest.mark.timeout(1200)
"""The first test waits for all programs."""
CHECKS: tuple[corpus.CudaCheck, ...] = get_args(corpus.CudaCheck)
ENDLESS_SECONDS = 4.0
_CI_STEP, _QUICK_STEP = 3, 9
"""Of the good programs CI runs each third and the quick tests each ninth; all of them take minutes of two cores to build."""
Key = tuple[str, corpus.CudaCheck]
Outcomes = Mapping[Key, Outcome]

MISSING: Mapping[str, str] = {}
"""What the emulation lacks, by the program that needs it, or the program and the check."""
OTHER_VERDICTS: Mapping[str, Verdict] = {"race": Verdict.RACE, "time_limit": Verdict.TIME_LIMIT}


def _cases(paths: list[Path], checks: tuple[corpus.CudaCheck, ...] | None = None) -> Iterator[object]:
    for number, path in enumerate(paths):
        for check in checks or (corpus.fault_of(path).check,):
            missing = MISSING.get(path.name) or MISSING.get(f"{path.name}-{check}")
            marks = [pytest.mark.xfail(strict=True, reason=f"not there yet: {missing}")] if missing else []
            good = path.parent.name == "programs"
            # The race check finds what the check of addresses does.
            if good and (check == "address" or number % _CI_STEP):
                marks.append(pytest.mark.slow)
            elif number % (_QUICK_STEP if good else _CI_STEP):
                marks.append(pytest.mark.ci)
            yield pytest.param((str(path), check), id=f"{path.name}-{check}", marks=marks)


def _job(key: Key) -> Job:
    path = Path(key[0])
    if path.parent.name == "programs":
        return corpus.job(path, key[1])
    fault = corpus.fault_of(path)
    return corpus.job(path, key[1], wall_seconds=ENDLESS_SECONDS if fault.kind == "time_limit" else 20.0, schedules=fault.schedules)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """What became of every program that the selected tests ask for, without a check where tests compare with that."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    specs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    selected: list[Key] = [spec.params["key"] for spec in specs if spec is not None]
    plain: list[Key] = [(path, "none") for path, _ in selected if Path(path).parent.name == "programs"]
    return dict(run_keyed(((key, _job(key)) for key in dict.fromkeys(selected + plain)), workers=2))


@pytest.mark.parametrize("key", list(_cases(corpus.programs(), CHECKS)))
def test_good_program_runs_right(key: Key, outcomes: Outcomes) -> None:
    """A good program verifies itself, prints the same with every check, and no check finds anything in it."""
    outcome = outcomes[key]
    assert outcome.verdict is Verdict.OK, (
        outcome.message,
        outcome.stdout,
        outcome.stderr,
        outcome.compile and outcome.compile.stderr[:2000],
    )
    assert re.search(r"^ok ", outcome.stdout, re.MULTILINE), outcome.stdout
    assert outcome.stdout == outcomes[key[0], "none"].stdout
    assert outcome.cuda_level == "emulate"


@pytest.mark.parametrize("key", list(_cases(corpus.faulty())))
def test_fault_is_told(key: Key, outcomes: Outcomes) -> None:
    """A faulty program gets the verdict, kind, file, line and kernel that its first line declares."""
    path, outcome = Path(key[0]), outcomes[key]
    fault = corpus.fault_of(path)
    assert outcome.verdict is OTHER_VERDICTS.get(fault.kind, Verdict.RUNTIME_ERROR), (outcome.message, outcome.stdout, outcome.stderr)
    if fault.kind in ("time_limit", "wrong_result"):
        return
    facts = outcome.message.partition(";")[0].split()
    assert fault.kind == "any" or f"kind={fault.kind}" in facts, outcome.message
    assert fault.kernel is None or f"kernel={fault.kernel}" in facts, outcome.message
    if fault.line:
        assert f"file={path.name}" in facts, outcome.message
        told = {int(number) for number in re.findall(rf"(?:\bline2?=|{re.escape(path.name)}:)(\d+)", outcome.message)}
        assert told == {fault.line, fault.other or fault.line}, outcome.message


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_nvcc_takes_what_is_called_good() -> None:
    """A program that the compiler of devices refuses proves nothing about them."""
    jobs = ((path.name, replace(corpus.job(path), cuda="compile")) for path in corpus.for_devices())
    refused = {name: outcome.message for name, outcome in run_keyed(jobs, workers=2) if not outcome.ok}
    assert {name: why for name, why in refused.items() if "curand_kernel.h: No such file" not in why} == {}


def test_corpus_is_large_enough() -> None:
    """At least sixty good and forty faulty programs, and each faulty one declares its fault."""
    assert len(corpus.programs()) >= 60
    assert len([corpus.fault_of(path) for path in corpus.faulty()]) >= 40
