"""Many jobs: order, laziness, and one job's trouble is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run, run_many

Need = Callable[..., None]


def _job(number: int) -> Job:
    return Job(files={"a.py": f"import time; time.sleep({0.2 if number == 0 else 0}); print({number})".encode()}, language="python")


def test_outcomes_come_in_the_order_of_the_jobs(need: Need) -> None:
    """A slow first job doesn't lose its place, and the iterable is taken lazily."""
    need("bwrap")
    taken = []

    def jobs() -> Iterator[Job]:
        for number in range(40):
            taken.append(number)
            yield _job(number)

    outcomes = run_many(jobs(), workers=2)
    assert next(outcomes).stdout == "0\n"
    assert len(taken) < 20
    assert [outcome.stdout for _, outcome in zip(range(5), outcomes, strict=False)] == [f"{n}\n" for n in range(1, 6)]


def test_closing_early_ends_what_runs(need: Need) -> None:
    """A caller who stops asking waits for nobody."""
    need("bwrap")
    forever = Job(files={"a.py": b"while True: pass"}, language="python", run=Run(limits=Limits(wall_seconds=60)))
    outcomes = run_many([_job(1), forever, forever], workers=2)
    assert next(outcomes).ok
    outcomes.close()  # type: ignore[attr-defined]


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
