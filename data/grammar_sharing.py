"""How one author of CUDA shares work among threads, and what a launch needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

INDEX = (
    "blockIdx.{a} * blockDim.{a} + threadIdx.{a}",
    "threadIdx.{a} + blockIdx.{a} * blockDim.{a}",
    "blockDim.{a} * blockIdx.{a} + threadIdx.{a}",
    "(blockIdx.{a} * blockDim.{a}) + threadIdx.{a}",
    "threadIdx.{a} + blockDim.{a} * blockIdx.{a}",
    "(blockIdx.x + blockIdx.y * gridDim.x) * blockDim.x + threadIdx.x",
    "__mul24(blockIdx.{a}, blockDim.{a}) + threadIdx.{a}",
)
"""A thread's place along an axis, the plainest first."""
_WEIGHTS = (44, 18, 14, 8, 6, 9, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Threads:
    """How one author shares work among threads."""

    threads: int
    side: int
    index: str
    guard: str
    """``block``, ``return`` or ``not``: how threads beyond the end are kept out."""
    stride: str
    """A grid-stride loop as ``for`` or ``while``; empty for one iteration a thread."""
    stride_name: str
    mapping: float
    """Decides between the ways to share several loops."""
    first_is_x: bool
    parentheses: bool
    """Comparisons of a guard stand in parentheses of their own."""
    hoist: bool
    """Indices that the body begins with are computed ahead of the guard."""
    rename: bool
    reduction: str
    unsigned: bool
    tiles: bool
    """What a block's threads share is read once, into shared memory, where there is something to share."""
    any_launch: bool
    """Each loop that is shared strides over all threads there are, so that the kernel is right whatever grid it is launched with."""

    @classmethod
    def draw(cls, rng: Random, *, any_launch: bool = False) -> Threads:
        """Habits at random, as far as they are free."""
        drawn = cls._drawn(rng)
        if not any_launch:
            return drawn
        return replace(drawn, index=INDEX[0], mapping=1.0, rename=False, reduction="stride", tiles=False, any_launch=True)

    @classmethod
    def _drawn(cls, rng: Random) -> Threads:
        return cls(
            threads=rng.choice([64, 128, 256, 256, 256, 512]),
            side=rng.choice([8, 16, 16, 32]),
            index=rng.choices(INDEX, _WEIGHTS)[0],
            guard=rng.choice(["block", "block", "block", "return", "return"] + ["not"] * (rng.random() < 0.1)),
            stride=rng.choices(["", "for", "while"], [82, 13, 5])[0],
            stride_name=rng.choice(["", "", "stride", "step_size", "skip"]),
            mapping=rng.random(),
            first_is_x=rng.random() < 0.4,
            parentheses=rng.random() < 0.15,
            hoist=rng.random() < 0.2,
            rename=rng.random() < 0.2,
            reduction=rng.choice(["atomic", "atomic", "stride", "tree", "block"]),
            unsigned=rng.random() < 0.06,
            tiles=rng.random() < 0.35,
            any_launch=False,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Geometry:
    """Elements in each dimension from x on, and threads of a block in each; a side of 1 makes the elements the blocks."""

    blocks: tuple[str, ...]
    threads: tuple[int, ...]
