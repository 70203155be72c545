"""Points of a counter-based generator that fall into the quarter circle: Monte Carlo with one right answer."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from hpcraft.eval.task import Kernel, Outputs, exact
from hpcraft.sandbox.abi import Argument

_MULTIPLIER = np.uint32(0x45D9F3B)
_CHUNK = 1 << 20


def make_inputs(rng: np.random.Generator, size: int) -> list[Argument]:
    """A seed from the whole range, near its end in some cases, so that counters wrap around."""
    seed = int(rng.integers(1 << 32)) if size % 3 else (1 << 32) - 1 - int(rng.integers(2 * size + 1))
    return [size, seed]


def _hash(h: NDArray[np.uint32]) -> NDArray[np.uint32]:
    for _ in range(2):
        h = (h ^ (h >> np.uint32(16))) * _MULTIPLIER
    return h ^ (h >> np.uint32(16))


def oracle(arguments: list[Argument]) -> Outputs:
    """Integers alone, so there is one right answer."""
    n, seed = cast("list[int]", arguments)
    hits = 0
    for start in range(0, n, _CHUNK):
        counter = np.arange(2 * start, 2 * min(n, start + _CHUNK), dtype=np.uint64) + np.uint64(seed)
        point = (_hash(counter.astype(np.uint32)) >> np.uint32(1)).astype(np.uint64)
        hits += int(np.count_nonzero(point[0::2] ** 2 + point[1::2] ** 2 < np.uint64(1 << 62)))
    return (exact(np.array([hits], dtype=np.int64)),)


MONTE_CARLO_PI = Kernel(
    name="monte_carlo_pi",
    domain="Monte Carlo",
    prototype="long monte_carlo_pi(long n, unsigned int seed)",
    summary=(
        "how many of n pseudo-random points lie in the quarter circle; the count is returned. Point i, for i from 0 to n - 1, has the "
        "31-bit coordinates x = hash(seed + 2 i) >> 1 and y = hash(seed + 2 i + 1) >> 1, and it counts when x x + y y < 2^62, computed "
        "exactly in 64 bits. All else is unsigned 32-bit arithmetic that wraps around, seed + 2 i included; hash(h) is: h ^= h >> 16; "
        "h *= 0x45d9f3b; h ^= h >> 16; h *= 0x45d9f3b; h ^= h >> 16. n may be 0"
    ),
    fortran="""integer(c_long), value :: n
integer(c_int), value :: seed""",
    sizes=(0, 1, 2, 3, 7, 64, 65, 1009, 4096, 100003),
    random_sizes=(5000, 60000),
    timed_size=10000003,
    make_inputs=make_inputs,
    oracle=oracle,
    flops=lambda arguments: 10 * cast("int", arguments[0]),
    num_bytes=lambda _arguments: 0,
)
