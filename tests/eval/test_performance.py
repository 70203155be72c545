"""Timing from outside: in turn with the reference, every call verified, and no belief in what the machine can't do."""

import pytest

from hpcraft import sandbox
from hpcraft.errors import ConfigError
from hpcraft.eval import kernel_judge, performance, roofline
from hpcraft.eval.judge import JudgeConfig
from hpcraft.eval.judging import to_sample
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.performance import Timing, measure, shape_of
from hpcraft.eval.suites import kernel_tasks, reference
from hpcraft.samples import Completion, Sample
from hpcraft.sandbox.calls import INSTRUCTIONS, Counter
from hpcraft.sandbox.counters import missing
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Job, Model, Outcome, Verdict
from hpcraft.store import append_jsonl, read_jsonl

TASKS = {t.task_id: t for t in kernel_tasks()}
HEAD = "void gemm(int m, int n, int k, const double *A, const double *B, double *C) {\n"
SLOW = f"{HEAD}for (int r = 0; r < 4; r++) for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) {{ volatile double s = 0; for (int l = 0; l < k; l++) s += A[i * k + l] * B[l * n + j]; C[i * n + j] = s; }}\n}}\n"
LATE_SECONDS = 0.3
LATE = f"""#include <mpi.h>
void axpy(int n, double a, const double *x, double *y) {{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 1) for (double begin = MPI_Wtime(); MPI_Wtime() - begin < {LATE_SECONDS};) ;
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}}
"""
SEED = 5


@pytest.fixture
def quick(monkeypatch):
    """Few and small calls."""
    monkeypatch.setattr(performance, "TURNS", 1)
    monkeypatch.setattr(performance, "COUNTED", 2)
    performance._work.cache_clear()
    yield
    performance._work.cache_clear()


def timed(code, kernel="gemm", model: Model = "serial", shape=None):
    """Measure C code, at one core unless told otherwise."""
    driver = caller_source([KERNELS[kernel].signature], mpi=model == "mpi")
    with sandbox.build(Job(files={"candidate.c": code.encode(), "driver.c": driver.encode()}, language="c", model=model)) as build:
        assert build.ok, build.outcome
        return measure(kernel, build, reference(kernel, "serial", "c"), shape or Shape(), SEED)


@pytest.mark.usefixtures("compiles", "quick")
def test_slow_code_is_slower_than_the_reference():
    """Four times the work, with a sum that goes through memory, shows; the reference beside it is at its own speed."""
    found = timed(SLOW)
    assert found.timing is not None, found
    assert found.timing.speedup < 0.6
    assert found.timing.speedup == pytest.approx(found.timing.baseline_seconds / found.timing.seconds)
    assert found.timing.calls == 2
    assert 0 < found.timing.least_seconds < found.timing.baseline_seconds
    assert found.timing.verdict() == "pass"
    assert found.timing.to_json()["threads"] == 1.0
    assert found.timing.most_flops > 1e8
    roof = max(found.timing.num_bytes / found.timing.most_bandwidth, found.timing.flops / found.timing.most_flops)
    assert found.timing.least_seconds == pytest.approx(roof / roofline.MARGIN)


@pytest.mark.ci
@pytest.mark.usefixtures("quick")
def test_the_slowest_rank_is_the_time(needs):
    """Rank 0, whose result counts, is done at once, and rank 1 does its work late: a mean over the ranks, or rank 0's own clock, would say less."""
    needs("mpi")
    found = timed(LATE, "axpy", "mpi", Shape(ranks=2))
    assert found.timing is not None, found
    assert found.timing.ranks == 2
    assert found.timing.seconds >= LATE_SECONDS
    assert all(one.seconds >= LATE_SECONDS for one in found.called)
    assert found.timing.speedup <= found.timing.baseline_seconds / LATE_SECONDS
    prompt = timed(LATE.replace("rank == 1", "0"), "axpy", "mpi", Shape(ranks=2))
    assert prompt.timing is not None, prompt
    assert prompt.timing.seconds < LATE_SECONDS / 2


@pytest.mark.usefixtures("compiles", "quick")
def test_what_is_timed_is_verified():
    """An answer that knows the timed size and does nothing there has no time."""
    found = timed(f"{HEAD}static int calls; if (++calls > 1) return;\n{SLOW.partition(HEAD)[2]}")
    assert found.timing is None
    assert found.wrong is not None
    assert found.wrong.call == 2
    assert found.wrong.words.startswith("call 2 of 3 (m=")
    assert found.wrong.tolerance is not None


@pytest.mark.usefixtures("compiles", "quick")
def test_a_sandbox_that_fails_is_not_the_answers_fault(monkeypatch):
    """No figure, and nothing said against the answer."""
    task = TASKS["kernels/gemm/serial/c"]
    broken = Outcome(verdict=Verdict.INFRA_ERROR, message="no room")
    run = sandbox.Build.run
    monkeypatch.setattr(sandbox.Build, "run", lambda build, what: broken if what.pin else run(build, what))
    found = kernel_judge.judge(task, task.reference, SEED, (1,))
    assert found.checks["fast"] == "skip: no room"
    assert found.passed


def timing(seconds, least):
    """A timing of so many seconds where so many are the least."""
    return Timing(
        threads=2,
        ranks=1,
        seconds=seconds,
        spread=0.0,
        baseline_seconds=1.0,
        baseline_spread=0.0,
        speedup=1.0 / seconds,
        cpu_seconds=seconds,
        least_seconds=least,
        calls=9,
    )


def test_faster_than_the_machine_is_no_time():
    """Below what memory and arithmetic allow it is refused; where that isn't known nothing is said against it."""
    assert timing(1e-6, 1e-3).verdict().startswith("fail: faster than")
    assert timing(1e-2, 1e-3).verdict() == "pass"
    assert timing(1e-6, 0.0).verdict().startswith("skip")


@pytest.mark.usefixtures("compiles", "quick")
def test_a_machine_that_is_too_slow_refuses(monkeypatch):
    """The judge's check `fast` is that verdict, and the answer doesn't pass."""
    slow = roofline.Machine(num_bytes=1e3, flops=1e3)
    monkeypatch.setattr(performance, "machine", lambda _: slow)
    found = kernel_judge.judge(TASKS["kernels/gemm/serial/c"], TASKS["kernels/gemm/serial/c"].reference, SEED, (1,))
    assert found.checks["correct"] == "pass"
    assert found.checks["fast"].startswith("fail: faster than")
    assert not found.passed
    assert found.timings["1"]["calls"] == 2
    (failure,) = found.failures
    assert failure.check == "fast"
    assert failure.size.startswith("m=")
    assert failure.got.endswith(" ms")
    assert failure.expected.startswith("at least ")


@pytest.mark.usefixtures("compiles", "quick")
@pytest.mark.parametrize("counter", [INSTRUCTIONS, Counter(kind=1, config=1), Counter(kind=1, config=9999)])
def test_what_timed_calls_execute_is_counted_or_why_not_is_told(counter, monkeypatch):
    """By the processor where it does; by a counter of the kernel's own everywhere; by none that doesn't exist."""
    monkeypatch.setattr(performance, "INSTRUCTIONS", counter)
    task = TASKS["kernels/gemm/openmp/c"]
    found = kernel_judge.judge(task, task.reference, SEED, (2,))
    assert set(found.timings) == set(found.instructions) == {"2"}
    why, count = missing(counter), found.instructions["2"]
    assert found.uncounted == why
    assert count is None if why else count is not None and count > 1e5
    given = Completion(task_id=task.task_id, sample_id=0, completion="", model="m", prompt_sha256="")
    assert to_sample(task, given, found, 1.0).instructions == {"2": count}


@pytest.mark.usefixtures("compiles")
def test_the_machine_is_measured_once():
    """More than a Pentium, less than a dream; the second answer comes from memory."""
    found = roofline.machine(1 << 20)
    assert found is not None
    assert 1e8 < found.num_bytes < 1e13
    assert 1e8 < found.flops < 1e13
    assert roofline.machine(1 << 20) is found
    assert found.least_seconds(1 << 20, 1, 4) == pytest.approx(found.least_seconds(1 << 20, 1, 1) / 4)


def test_shapes_use_all_cores():
    """Threads, ranks, or both; what is sequential has one core."""
    assert shape_of("openmp", 8) == Shape(threads=8)
    assert shape_of("mpi", 8) == Shape(ranks=8)
    assert shape_of("mpi+openmp", 8) == Shape(ranks=2, threads=4)
    assert shape_of("mpi+openmp", 3) == Shape(ranks=1, threads=3)
    assert shape_of("serial", 8) == shape_of("cuda", 8) == Shape()


def test_timing_is_asked_for():
    """Off by default; without numbers it takes all cores, and more than there are is an error."""
    assert JudgeConfig().cores == ()
    assert JudgeConfig(timing=True).cores == (performance.available_cores(),)
    assert JudgeConfig(timing=True, timing_cores=(1,)).cores == (1,)
    with pytest.raises(ConfigError, match="timing_cores"):
        JudgeConfig(timing_cores=(performance.available_cores() + 1,))


def test_timings_lie_in_samples(tmp_path):
    """They come back from a file, and a line of before without them reads as none."""
    path = tmp_path / "samples.jsonl"
    sample = Sample(
        task_id="t",
        sample_id=0,
        model="m",
        passed=True,
        level="run",
        checks={},
        verdict="ok",
        seconds=1.0,
        log="",
        timings={"2": {"speedup": 1.5}},
        instructions={"2": 7.0, "4": None},
        uncounted="nobody counts",
    )
    append_jsonl(path, sample)
    assert list(read_jsonl(path, Sample)) == [sample]
    path.write_text(path.read_text().replace(', "timings": {"2": {"speedup": 1.5}}', "").replace(',"timings":{"2":{"speedup":1.5}}', ""))
    assert next(iter(read_jsonl(path, Sample))).timings == {}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda k: k.name)
def test_work_counts_are_counts(kernel):
    """At the timed size: some bytes, some operations, no less than the outputs take."""
    import numpy as np

    arguments = kernel.make_inputs(np.random.default_rng(0), kernel.size_to_time)
    arrays = [a for a, p in zip(arguments, kernel.signature.parameters, strict=True) if p.pointer]
    assert kernel.num_bytes(arguments) <= 2 * sum(np.asarray(a).nbytes for a in arrays)
    assert kernel.flops(arguments) >= 0
