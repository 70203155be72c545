"""How fast a right answer is: timed from outside, in turn with the sequential reference, every timed call verified.

Theory of operation. Candidate and baseline are started in turn, each in a box of its own, on cores that nobody else of this process uses,
while no other process of this user times anything. Each start makes a call to warm up and then a few that count, with the same fresh inputs on
both sides. The clock is the launcher's: from letting every rank go until the last one is done. The figure is the median, its spread the median
absolute deviation. A right result in less time than the machine needs to move the data, or to do the operations, is no result (`roofline`).

Not covered: what else runs on the machine; clocks that change; a device's roofline.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Protocol

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import MachineError
from hpcraft.eval.kernel_trial import Shape, outputs_differ, size_words
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.roofline import Machine, machine
from hpcraft.eval.task import Kernel, Outputs
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import INSTRUCTIONS, Called, Calls, Image, Round, image
from hpcraft.sandbox.counters import uncounted_because
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Job, Limits, Outcome, Run, Verdict

TURNS = 3
"""Starts of each side."""
COUNTED = 3
"""Calls of each start that count, after one that warms up."""
_LIMITS = Limits(wall_seconds=60.0, memory_mb=4096, disk_mb=256)
_one_at_a_time = Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """An answer at the timed size on so many cores, beside the sequential reference."""

    threads: int
    ranks: int
    seconds: float
    """Median of the calls that count."""
    spread: float
    """Median absolute deviation of those."""
    baseline_seconds: float
    baseline_spread: float
    speedup: float
    cpu_seconds: float
    """Median over the calls, of all threads together."""
    least_seconds: float
    """What the machine needs at least for the work; 0 where that isn't known."""
    calls: int
    """That count, of each side."""
    num_bytes: float = 0.0
    """That have to move at least once."""
    flops: float = 0.0
    """Operations that have to be done at least."""
    most_bandwidth: float = 0.0
    """Bytes a second that so many cores can move at most; 0 where that isn't known."""
    most_flops: float = 0.0
    """Operations a second that they can do at most."""

    def verdict(self) -> str:
        """``pass``, ``fail: why`` for a time that is too good, or ``skip: why``."""
        if not self.least_seconds:
            return "skip: what the machine needs at least is not known"
        if self.seconds >= self.least_seconds:
            return "pass"
        return f"fail: faster than memory and arithmetic allow: {self.seconds * 1e3:.3g} ms, at least {self.least_seconds * 1e3:.3g} ms"

    def to_json(self) -> Mapping[str, float]:
        """As `Sample.timings` has it."""
        return {name: float(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What came of measuring."""

    timing: Timing | None = None
    wrong: Failure | None = None
    """Where the answer is wrong when it is timed."""
    failed: str = ""
    """Why there is no figure, which is not the answer's fault."""
    size: str = ""
    """The scalar arguments of the timed calls."""
    instructions: float | None = None
    """Median over the calls that count, of all threads and ranks outside of the kernel."""
    uncounted: str = ""
    """Why there are none."""
    called: tuple[Called, ...] = ()
    """The answer's calls that count, without their results."""


class Work(Protocol):
    """The calls of one start at the timed size, the same on both sides, and what they must leave."""

    @property
    def num_bytes(self) -> int:
        """That have to move at least once in each call."""
        ...

    @property
    def flops(self) -> int:
        """That have to be done at least."""
        ...

    @property
    def size(self) -> str:
        """The scalar arguments of a call, for people."""
        ...

    def calls(self, shape: Shape) -> Calls:
        """The calls, the first of which warms up."""
        ...

    def wrong(self, outcome: Outcome) -> Failure | None:
        """What is wrong with a start; None where every call left what it must."""
        ...

    def counted(self, outcome: Outcome) -> Sequence[Called]:
        """The calls of a right start that count."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Work:
    kernel: Kernel
    images: tuple[Image, ...]
    expected: tuple[Outputs, ...]
    sizes: tuple[str, ...]
    """The scalar arguments of each call, for people."""
    num_bytes: int
    flops: int

    @property
    def size(self) -> str:
        return self.sizes[-1]

    def calls(self, shape: Shape) -> Calls:
        return Calls((self.kernel.signature,), (Round(images=self.images, threads=shape.threads, ranks=shape.ranks),), INSTRUCTIONS)

    def wrong(self, outcome: Outcome) -> Failure | None:
        for index, expected in enumerate(self.expected):
            place = Failure(check="correct", why="", size=self.sizes[index], call=index + 1, num_calls=len(self.expected))
            if index >= len(outcome.called):
                return replace(place, why=f"did not come to its end ({outcome.message or outcome.verdict})")
            result = outcome.called[index].ranks[0]
            if touched := result.fault:
                return replace(place, why=touched)
            if failure := outputs_differ(self.kernel, result, expected):
                return replace(failure, size=place.size, call=place.call, num_calls=place.num_calls)
        return None

    def counted(self, outcome: Outcome) -> Sequence[Called]:
        return outcome.called[1:]


@lru_cache(maxsize=1)
def _work(kernel_name: str, seed: int) -> _Work:
    """Inputs at the timed size, the same for every answer of one judgement."""
    kernel = KERNELS[kernel_name]
    rng = np.random.default_rng([seed, 3, *kernel_name.encode()])
    calls = [kernel.make_inputs(rng, kernel.size_to_time) for _ in range(1 + COUNTED)]
    return _Work(
        kernel=kernel,
        images=tuple(image([kernel.signature], 0, c, rng) for c in calls),
        expected=tuple(kernel.oracle(c) for c in calls),
        sizes=tuple(size_words(kernel, c) for c in calls),
        num_bytes=min(kernel.num_bytes(c) for c in calls),
        flops=min(kernel.flops(c) for c in calls),
    )


def shape_of(model: str, cores: int) -> Shape:
    """How an answer is started on so many cores."""
    if model == "mpi":
        return Shape(ranks=cores)
    if model == "mpi+openmp":
        ranks = 2 if cores % 2 == 0 else 1
        return Shape(ranks=ranks, threads=cores // ranks)
    return Shape(threads=1 if model in ("serial", "cuda") else cores)


def processors_of(model: str, cores: Sequence[int]) -> frozenset[int]:
    """How many processors an answer uses where it is timed on so many cores."""
    return frozenset(shape.threads * shape.ranks for shape in (shape_of(model, count) for count in cores))


def available_cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def measure(kernel_name: str, build: sandbox.Build, baseline: str, shape: Shape, seed: int) -> Measured:
    """Time a build of an answer beside the sequential reference in C, whose source is ``baseline``."""
    work = _work(kernel_name, seed)
    files = {"reference.c": baseline.encode(), "driver.c": caller_source([work.kernel.signature]).encode()}
    with sandbox.build(Job(files=files, language="c")) as reference:
        return measure_work(work, build, reference, shape)


def measure_work(work: Work, build: sandbox.Build, reference: sandbox.Build, shape: Shape) -> Measured:
    """Time a build of an answer in turn with that of the sequential reference."""
    ours, theirs = list[Called](), list[Called]()
    with _alone():
        for _ in range(TURNS):
            outcome = build.run(_run(work, shape))
            if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
                return Measured(failed=outcome.message or str(outcome.verdict))
            if failure := work.wrong(outcome):
                return Measured(wrong=failure, size=work.size)
            # Without the results, which can take much room.
            ours += [replace(one, ranks=()) for one in work.counted(outcome)]
            outcome = reference.run(_run(work, Shape()))
            if failure := work.wrong(outcome):
                return Measured(failed=f"the reference could not be timed: {failure.words}")
            theirs += [replace(one, ranks=()) for one in work.counted(outcome)]
        known = build.outcome.cuda_level is None and (work.num_bytes or work.flops)
        found = machine(work.num_bytes) if known else None
    counted = [float(one.counted) for one in ours if one.counted is not None]
    whole = len(counted) == len(ours)
    return Measured(
        timing=_timing(work, shape, ours, theirs, found),
        size=work.size,
        called=tuple(ours),
        instructions=median(counted) if whole else None,
        uncounted="" if whole else uncounted_because(max(one.uncounted for one in ours)),
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nothing else of this user is timed on this machine, and hold that.

    Raises:
        MachineError: somebody else has taken the name of the folder that is held for it.
    """
    folder = Path(tempfile.gettempdir()) / f"hpcraft-timing-{os.getuid()}"
    with _one_at_a_time:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_uid != os.getuid():
                raise MachineError(f"{folder}: belongs to another user; remove it, or set TMPDIR to a folder of yours")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _run(work: Work, shape: Shape) -> Run:
    return Run(calls=work.calls(shape), pin=True, limits=_LIMITS)


def _timing(work: Work, shape: Shape, ours: Sequence[Called], theirs: Sequence[Called], found: Machine | None) -> Timing:
    cores = shape.threads * shape.ranks
    seconds, baseline = [one.seconds for one in ours], [one.seconds for one in theirs]
    return Timing(
        threads=shape.threads,
        ranks=shape.ranks,
        seconds=median(seconds),
        spread=_spread(seconds),
        baseline_seconds=median(baseline),
        baseline_spread=_spread(baseline),
        speedup=median(baseline) / median(seconds),
        cpu_seconds=median(sum(task.seconds for task in one.tasks if not task.tid) for one in ours),
        least_seconds=found.least_seconds(work.num_bytes, work.flops, cores) if found else 0.0,
        calls=len(ours),
        num_bytes=work.num_bytes,
        flops=work.flops,
        most_bandwidth=found.num_bytes * cores if found else 0.0,
        most_flops=found.flops * cores if found else 0.0,
    )


def _spread(values: Sequence[float]) -> float:
    """Median absolute deviation from the median."""
    middle = median(values)
    return median(abs(value - middle) for value in values)
