"""The device library of emulated CUDA against answers that are known exactly: mathematics, halves, groups, random numbers, HIP, Thrust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hpcraft.sandbox import Job, Limits, Run, run
from hpcraft.sandbox.tools import thrust

Need = Callable[..., None]

_LIBRARY = Path(__file__).parent / "library"
_INTRINSICS = """\
3f800000 3f800001 3f7fffff bf7fffff
3eaaaaab 3eaaaaaa 3eaaaaab 3fb504f4
3f800002 3f800003 7f7fffff
0x1.0000000000001p+0 0x1p+0 0x1.5555555555556p-2 0x1.fffffffffffffp-1
2 -3 3 -2 2147483647
0 0 -9223372036854775808 -2147483648 4294967295
4b800000 4b800001 3dcccccc
c0000000 0 3f800000 1
8 31 32 0 41
80000000 6000000000000000 -1 2
fffffffffffffffe -16777214 15 13
0 1 4294967295 ff662211
3 0 5 6
273 523 -1 5
20002 ff02ff02 7fff8000 ff00ff00
1fe0202 259 20004 80000002
1 2 4294967295
0 0 0.25 0.333333
0.476936276204 -0.476936276204 1.959963984540 0.158655253931
0.056140992744 1.266065877752 1.590636854637 0.765197686558
13 0.2 1000 0
0 2 1 8
4 4 4 8
"""
_HALVES = """\
half 0
bfloat16 0
arithmetic 0
3fc2 3fc1
0000 3c00 7fff 2 -2
1.625 2.5 ffff0000 1 -1
"""
# The uniform numbers are those of cuRAND's own example, Philox's those of Random123's known answers, the next one L'Ecuyer's.
_RANDOM = """\
0.1455 0.8202 0.5504 0.2948 0.9147 0.8690 0.3219 0.7829 0.0113 0.2855
d16cfe09 94fdcceb 5001e420 24126ea1
0.127011122046577
1 1 1
1 1
1 1
1 1
"""


def _output(name: str) -> str:
    file = _LIBRARY / name
    job = Job(
        files={name: file.read_bytes()},
        language="cpp",
        model="hip" if name.endswith(".hip") else "cuda",
        cuda="emulate",
        run=Run(limits=Limits(wall_seconds=20.0, memory_mb=512)),
    )
    outcome = run(job)
    assert outcome.ok, (outcome.message, outcome.stderr, outcome.compile and outcome.compile.stderr)
    return outcome.stdout


@pytest.fixture(autouse=True)
def _compiler(need: Need) -> None:
    need("bwrap", "g++")


def test_intrinsics_give_the_documented_values() -> None:
    """Rounding modes, conversions, bits, SIMD in a word, special functions and overloads are CUDA's."""
    assert _output("intrinsics.cu") == _INTRINSICS


def test_halves_round_once() -> None:
    """All values and midpoints of both types convert right in every mode, and arithmetic agrees with whole numbers."""
    assert _output("halves.cu") == _HALVES


def test_generators_are_curands() -> None:
    """XORWOW, Philox and MRG32k3a begin with the published numbers, skip as they step, and give the distributions."""
    assert _output("random.cu") == _RANDOM


def test_hip_is_cuda_by_other_names() -> None:
    """Launches by macro with a null argument, symbols, properties and errors work under HIP's names."""
    assert _output("aliases.hip") == "2.5 10 598 32\n1\n"


@pytest.mark.ci
def test_thrust_runs_beside_kernels() -> None:
    """Thrust's vectors go to kernels, and its algorithms take memory of cudaMalloc."""
    if not Path("/usr/include/thrust").is_dir() and thrust() is None:
        pytest.skip("Thrust is not installed (libthrust-dev, or a toolkit of CUDA)")
    assert _output("thrust.cu") == "656700 19602 0\n1684300900\n"


def test_static_objects_may_hold_device_memory() -> None:
    """A constructor before main allocates, and a destructor after it frees."""
    assert _output("static_objects.cu") == "99\n"


def _inclusive(values: Sequence[int]) -> list[int]:
    return [sum(values[: end + 1]) for end in range(len(values))]


def _row(rank: int) -> list[int]:
    """What thread `rank` of groups.cu finds, by the definitions of the groups."""
    values = [i * i % 37 for i in range(64)]
    warp, eight, four, sixteen = (range(rank // n * n, rank // n * n + n) for n in (32, 8, 4, 16))
    threes = [i for i in warp if i % 3 == 0]
    ballot = sum(1 << i - warp.start for i in threes)
    labels = list(dict.fromkeys(i % 5 for i in warp))
    part, half = ([i for i in warp if i % n == rank % n] for n in (5, 2))
    parities = list(dict.fromkeys(i % 2 for i in warp))
    before = values[eight.start : rank]
    source = eight.start + 3
    active = [len(threes) * 100 + threes.index(rank), sum(threes), threes[1]] if rank in threes else [-1, -1, -1]
    return [
        sum(values[i] for i in warp),
        sum(values[i] for i in eight),
        max(values[i] for i in four),
        _inclusive([1] * 8)[rank % 8],
        sum(before),
        (rank % 32 // 8) * 100 + 4,
        rank // 4 * 100 + 16,
        warp.start + (rank % 32 ^ 5),
        source * 4,
        ballot - (1 << 32) if ballot >> 31 else ballot,
        2 * (5 in warp) + all(i < 32 for i in warp),
        sum(1 << i % 8 for i in eight if i % 2 == rank % 2),
        8,
        *active,
        len(part) * 1000 + part.index(rank) * 10 + labels.index(rank % 5),
        sum(part),
        16 * 100 + sixteen.index(rank),
        len(half) * 10 + parities.index(rank % 2),
        eight.start * 7,
        sum(eight) * 2,
        1,
        64,
    ]


def test_groups_know_their_members() -> None:
    """Tiles, coalesced groups, partitions, reductions, scans and shuffles of structures give each thread what the definitions say."""
    found = [[int(word) for word in line.split()] for line in _output("groups.cu").splitlines()]
    assert found == [_row(rank) for rank in range(64)]
