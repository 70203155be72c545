"""What a suite consists of: tasks, and for those with an oracle of ours the kernel behind them.

A kernel knows how to make inputs and what comes out; it is evaluated in our own process, never in the
sandbox. Several tasks share one kernel: the same work in each language and parallel model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcraft.records import Pair
from hpcraft.sandbox.abi import Argument, Array, Signature

Doubles: TypeAlias = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What one output must hold after a call."""

    values: Array
    """In the dtype of the output; a value that is returned is an array of one element."""
    tolerance: Doubles
    """Largest difference allowed, by element: from the number and size of the operations behind it. Zero for integers."""


Outputs: TypeAlias = tuple[Expected, ...]
"""One for each array that the kernel may write, in the order of its parameters, then one for the value that it returns."""


def exact(values: Array) -> Expected:
    """An output that has one right answer, to the last bit."""
    return Expected(values=values, tolerance=np.zeros(values.shape))


def rounded(values: Array, scale: Array | float, operations: Array | float) -> Expected:
    """An output of so many rounded operations, in any order, on numbers whose magnitudes add up to ``scale``.

    The bound is that of a sum in the worst order (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), with the
    rounding unit of the dtype of ``values``, and twice that for compilers that contract or reorder.
    """
    most = 2.0 * float(np.finfo(values.dtype.str).eps) * (np.asarray(operations, dtype=np.float64) + 2.0)
    return Expected(values=values, tolerance=np.broadcast_to(most * np.abs(np.asarray(scale, dtype=np.float64)), values.shape))


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One computation: its C prototype, inputs, oracle and work count."""

    name: str
    domain: str
    """Kind of work, such as ``dense linear algebra``, by which figures are broken down."""
    prototype: str
    summary: str
    """What it computes, as the prompt says it."""
    fortran: str
    """Declarations of the dummy arguments, one per line."""
    sizes: tuple[int, ...]
    """Sizes that every judgement tries: empty, one, primes, powers of two and one beside."""
    random_sizes: tuple[int, int]
    """Bounds between which each judgement draws two more."""
    make_inputs: Callable[[np.random.Generator, int], list[Argument]]
    """Arguments of one call; outputs that the kernel must not read are filled with NaN."""
    oracle: Callable[[list[Argument]], Outputs]
    """What every output holds after the call."""
    flops: Callable[[list[Argument]], int]
    """Operations of 64 bits that have to be done at least, by any algorithm; one of 32 bits counts half, since vectors hold twice as many."""
    num_bytes: Callable[[list[Argument]], int]
    """Bytes that have to move at least once, however well the kernel uses caches. What is faster than the machine can do either is refused."""

    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For Python: arrays of more than one dimension, and the parameters that give their extents. Kernels without Python tasks need none."""
    timed_size: int = 0
    """The size at which answers are timed: serial C takes some 5 to 50 ms there. 0 is the largest of ``sizes``."""

    @property
    def size_to_time(self) -> int:
        """The size at which answers are timed."""
        return self.timed_size or max(self.sizes)

    @cached_property
    def signature(self) -> Signature:
        """The prototype, parsed."""
        return Signature.parse(self.prototype)

    @property
    def outputs(self) -> tuple[int, ...]:
        """Positions of the outputs among the array parameters."""
        return tuple(i for i, p in enumerate(self.signature.arrays) if not p.const)

    def calls(self, seed: int) -> Iterator[list[Argument]]:
        """Arguments of every call of one judgement; no two seeds give the same contents."""
        yield from self.draw(np.random.default_rng([seed, *self.name.encode()]))

    def draw(self, rng: np.random.Generator) -> Iterator[list[Argument]]:
        """The same from a generator: every size, and two that are drawn twice, one of them in a row: what was kept of a size, or of the last one, is then wrong."""
        first, second = (int(n) for n in rng.integers(*self.random_sizes, 2))
        for size in (*self.sizes, first, second, second, first):
            yield self.make_inputs(rng, size)


class Case(Protocol):
    """What a suite of its own judge keeps with a task: tests, or where they are."""

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class WayBack:
    """A function in a parallel model that is to be translated to sequential C, for translators."""

    source: str
    model: str
    """``cuda`` or ``openmp``."""
    head: str
    """Prototype of the C function, as the prompt shows it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One question to a model, and what it takes to judge the answer."""

    task_id: str
    prompt: str
    stem: str
    """The code that the prompt ends with; a completion that doesn't define the entry point continues it."""
    language: str
    """``c``, ``cpp``, ``fortran`` or ``python``."""
    model: str
    """One of the sandbox's models, such as ``openmp``."""
    level: str
    """How far an answer can be proved: `hpcraft.records.Level`."""
    group: str
    """What reports break figures down by: the kernel, or the origin of a pair."""
    prototype: str
    reference: str
    source: str = ""
    """Sequential C that does the work, for translators; empty where no translation from C is asked."""
    back: WayBack | None = None
    """What is to be translated back to C; None where nothing is."""
    kernel: Kernel | None = None
    pair: Pair | None = None
    case: Case | None = None
    """Of suites that are read from a folder of the user's."""
    is_request: bool = False
    """Whether the prompt is a request as it is, rather than the beginning of a function."""
    leading: str = ""
    """What a model that only continues texts is given in place of a request."""
    empty: str = ""
    """The answer that builds and does nothing, where that isn't the empty function of the prototype."""

    @property
    def suite(self) -> str:
        """The suite that the task belongs to."""
        return self.task_id.partition("/")[0]
