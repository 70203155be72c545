"""How fast this machine is at most: bytes and floating-point operations per second, measured here and kept for this process.

Answers that are faster than this allows did not do the work. So the figures are upper bounds: the best of many short tries of one thread, by its
time on the processor and not by the clock, on data of the size in question, which may lie in a cache; n threads are taken to do n times as much.

Not covered: memory and arithmetic of a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.sandbox.abi import Signature
from hpcraft.sandbox.calls import Called, Calls, Round, image
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Job, Limits, Run

_SOURCE = """
double hpcraft_read(long n, int repeats, const double *x) {
    double s = 0;
    for (int r = 0; r < repeats; r++) {
        for (long i = 0; i < n; i++) s += x[i];
    }
    return s;
}

double hpcraft_multiply(long n, double a) {
    double s = 0, v[96];
    for (int j = 0; j < 96; j++) v[j] = j * a;
    for (long i = 0; i < n; i++)
        for (int j = 0; j < 96; j++) v[j] = v[j] * a + 1.0;
    for (int j = 0; j < 96; j++) s += v[j];
    return s;
}
"""
_READ = Signature.parse("double hpcraft_read(long n, int repeats, const double *x)")
_MULTIPLY = Signature.parse("double hpcraft_multiply(long n, double a)")
_LANES = 96
_TRIES = 20
_BYTES = 16 << 20
"""Read in one try, at least."""
_STEPS = 50_000
_LIMITS = Limits(wall_seconds=60.0, memory_mb=4096, disk_mb=64)
MARGIN = 2.0
"""What is still believed: turbo modes, and caches that are shared in another way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What one thread can do at most, per second."""

    num_bytes: float
    flops: float

    def least_seconds(self, num_bytes: int, flops: int, threads: int) -> float:
        """The time below which so many threads didn't do so much work."""
        return max(num_bytes / self.num_bytes, flops / self.flops) / threads / MARGIN


def machine(num_bytes: int) -> Machine | None:
    """Measured on data of about so many bytes; None where it can't be measured."""
    return _machine(max(16, num_bytes.bit_length()))


@lru_cache(maxsize=32)
def _machine(bits: int) -> Machine | None:
    length = (1 << bits) // 8 // 2
    rng = np.random.default_rng(0)
    repeats = max(1, _BYTES // (8 * length))
    signatures = (_READ, _MULTIPLY)
    images = (image(signatures, 0, [length, repeats, np.ones(length)], rng), image(signatures, 1, [_STEPS, 0.999], rng))
    calls = Calls(signatures, (Round(images=images * _TRIES),))
    files = {"machine.c": _SOURCE.encode(), "driver.c": caller_source(signatures).encode()}
    job = Job(files=files, language="c", flags=("-O3", "-march=native", "-ffast-math"))
    with sandbox.build(job) as build:
        outcome = build.run(Run(calls=calls, pin=True, limits=_LIMITS))
    if not outcome.ok or len(outcome.called) != len(images) * _TRIES:
        return None
    reading, multiplying = min(map(_seconds, outcome.called[::2])), min(map(_seconds, outcome.called[1::2]))
    return Machine(num_bytes=8.0 * length * repeats / reading, flops=2.0 * _LANES * _STEPS / multiplying)


def _seconds(called: Called) -> float:
    return called.tasks[0].seconds
