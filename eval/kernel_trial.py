"""The calls of a judgement and what they must give: inputs from a secret seed, and expected values, the same for every answer.

A trial has rounds, each one start of the program with its own number of threads or ranks and fresh inputs. The first round tries every
size of the kernel, two drawn ones, one drawn between these and the size at which answers are timed, and that size; the others try the small sizes.
Emulated and under the race detector, where programs are slow, the two large ones are a trial of their own, which may end without a result.

Not covered: expected values on ranks other than 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.task import Doubles, Expected, Kernel, Outputs
from hpcraft.samples import Failure
from hpcraft.sandbox.abi import DTYPES, Argument, Array, CallResult
from hpcraft.sandbox.calls import Called, Calls, Image, Progress, Round, image

_SMALL_ELEMENTS = 20_000
"""Calls with more array elements are made in the first round alone, and in the race check in a start of their own: blocks of a thousand are in these, too."""
_TRACED_ELEMENTS = 3_000
"""The same of answers in Python, where the race check watches every access in Python itself."""
_MIDDLE_ELEMENTS = 100_000
"""Of a call of `middle_trial`, which is made dozens of times, also by kernels whose work grows with the square."""
_RACE, _LARGE, _MIDDLE, _TIMED = 2, 4, 5, 10
"""Beside the trial's own 1 and 2, and 3, by which timed calls are drawn: words of the seeds of `race_shape`, `large_trial`, `middle_trial` and, with the start,
`timed_trial`."""
_KEPT = 2
"""Trials that are kept at a time, one of them for the race check; answers come by task, and a trial can take 100 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How the program is started for one round."""

    threads: int = 1
    ranks: int = 1
    schedule: int = 0

    def place(self, failure: Failure, model: str) -> Failure:
        """``failure`` with what was chosen; nothing where there is nothing to choose."""
        threads, ranks = self.threads * ("openmp" in model or model in ("numba", "offload")), self.ranks * ("mpi" in model)
        return replace(failure, threads=threads, ranks=ranks, schedule=self.schedule)


_NUMBERS = (1, 2, 3, 5)
SWEEPS: dict[str, tuple[Shape, ...]] = {
    "openmp": tuple(Shape(threads=n) for n in (2, 7, 4, 3, 1)),
    "offload": tuple(Shape(threads=n) for n in (4, 1)),
    "mpi": tuple(Shape(ranks=n) for n in (2, 5, 3, 1)),
    "mpi+openmp": (Shape(ranks=2, threads=2), Shape(ranks=3, threads=3), Shape(ranks=1, threads=4), Shape(ranks=5, threads=1)),
    "numba": tuple(Shape(threads=n) for n in (2, 3, 1)),
    "emulate": tuple(Shape(schedule=n) for n in (0, 1, 2)),
}
"""The rounds of a judgement by model; ``emulate`` is CUDA on the processor, ``numba`` threads in Python, whose starts take a second each.
All others have one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The calls of one judgement and what they must give, by round."""

    kernel: Kernel
    model: str
    shapes: tuple[Shape, ...]
    calls: Calls
    expected: tuple[tuple[Outputs, ...], ...]
    sizes: tuple[tuple[str, ...], ...]
    """The scalar arguments of each call, for people."""

    def wrong(self, called: Sequence[Called], progress: Sequence[Progress], ending: str) -> Failure | None:
        """What is wrong with the outputs of a run, None when every call left what it must.

        Args:
            called: the calls that came to their end.
            progress: how far each round came.
            ending: how the program ended, for people.
        """
        made = {(one.round, one.index): one for one in called}
        for number, wanted in enumerate(self.expected):
            for index, expected in enumerate(wanted):
                one = made.get((number, index))
                if one is None:
                    fault = _fault(self.kernel, self.calls.rounds[number].images[index], progress[number])
                    return self.at(number, index, Failure(check="correct", why=fault or ending))
                if failure := _differs(self.kernel, one, expected):
                    return self.at(number, index, failure)
        return None

    def at(self, number: int, index: int, failure: Failure) -> Failure:
        """``failure`` with the call that shows it."""
        placed = replace(failure, size=self.sizes[number][index], call=index + 1, num_calls=len(self.expected[number]))
        return self.shapes[number].place(placed, self.model)

    @property
    def most_bytes(self) -> int:
        """Of the arguments of a call."""
        return max(len(one.const) + len(one.open) for made in self.calls.rounds for one in made.images)

    @property
    def num_calls(self) -> int:
        """Of all rounds together."""
        return sum(map(len, self.expected))


@lru_cache(maxsize=_KEPT)
def trial(kernel_name: str, model: str, seed: int, *, race: bool = False) -> Trial:
    """The trial of a kernel for a model, ``emulate`` or ``numba``; the one for the race check has few and small calls."""
    kernel = KERNELS[kernel_name]
    shapes = (race_shape(model, seed),) if race else SWEEPS.get(model, (Shape(),))
    rng = np.random.default_rng([seed, 1 + race, *kernel_name.encode()])
    rounds: list[_Calls] = []
    for number, shape in enumerate(shapes):
        first = number == 0 and not race
        most = _TRACED_ELEMENTS if race and model == "numba" else _SMALL_ELEMENTS
        calls = list(_first(kernel, model, rng) if first else _small(kernel, rng, most))
        untimed = 0 if race else len(calls) - (first and model != "emulate")
        rounds.append(_Calls(kernel, shape, calls, rng, untimed))
    return _joined(kernel, model, rounds)


@lru_cache(maxsize=1)
def large_trial(kernel_name: str, model: str, seed: int) -> Trial:
    """Calls at a drawn size and at that at which answers are timed, started as in the race check: for where a trial holds none so large.

    Else an answer could be right, or careful, only below sizes that everybody can read here.
    """
    kernel, shape = KERNELS[kernel_name], race_shape(model, seed)
    rng = np.random.default_rng([seed, _LARGE, *kernel_name.encode()])
    calls = list(_large(kernel, rng))
    fenced = len(calls) if model == "cuda" else 0  # the others meet fences and the same sizes without the race detector
    return _joined(kernel, model, [_Calls(kernel, shape, calls, rng, fenced)])


@lru_cache(maxsize=1)
def middle_trial(kernel_name: str, model: str, seed: int) -> Trial:
    """Calls at one drawn size, the largest that has no more than `_MIDDLE_ELEMENTS` elements or down to a half of it: several of a function that only returns something, else one."""
    kernel = KERNELS[kernel_name]
    rng = np.random.default_rng([seed, _MIDDLE, *kernel_name.encode()])
    size = kernel.size_to_time
    calls = [kernel.make_inputs(rng, size := round(size * rng.uniform(0.5, 1)))]
    while _num_elements(calls[0]) > _MIDDLE_ELEMENTS:
        calls = [kernel.make_inputs(rng, size := round(size * rng.uniform(0.5, 1)))]
    calls += [kernel.make_inputs(rng, size) for _ in range(0 if kernel.outputs else 3)]
    return _joined(kernel, model, [_Calls(kernel, Shape(), calls, rng, 0)])


@lru_cache(maxsize=1)
def timed_trial(kernel_name: str, model: str, seed: int, start: int, num_calls: int) -> Trial:
    """Calls at the size at which answers are timed, started as in a trial's first round; every one has inputs of its own, and so has each ``start``.

    An answer that knows its inputs again has nothing to compute, and can look as if it shared that.
    """
    kernel, shape = KERNELS[kernel_name], SWEEPS.get(model, (Shape(),))[0]
    rng = np.random.default_rng([seed, _TIMED + start, *kernel_name.encode()])
    calls = [kernel.make_inputs(rng, kernel.size_to_time) for _ in range(num_calls)]
    return _joined(kernel, model, [_Calls(kernel, shape, calls, rng, 0)])


class _Calls:
    """The calls of one round, and what they must give; so many of the first have fences."""

    def __init__(self, kernel: Kernel, shape: Shape, calls: Sequence[list[Argument]], rng: np.random.Generator, num_fenced: int) -> None:
        images = tuple(image([kernel.signature], 0, c, rng, fenced=index < num_fenced) for index, c in enumerate(calls))
        self.shape = shape
        self.round = Round(images=images, threads=shape.threads, ranks=shape.ranks, schedule=shape.schedule)
        self.expected = tuple(kernel.oracle(c) for c in calls)
        self.sizes = tuple(size_words(kernel, c) for c in calls)


def _joined(kernel: Kernel, model: str, rounds: Sequence[_Calls]) -> Trial:
    return Trial(
        kernel=kernel,
        model=model,
        shapes=tuple(one.shape for one in rounds),
        calls=Calls((kernel.signature,), tuple(one.round for one in rounds)),
        expected=tuple(one.expected for one in rounds),
        sizes=tuple(one.sizes for one in rounds),
    )


def race_shape(model: str, seed: int) -> Shape:
    """How a program is started while races are looked for: as once in the sweep, with several threads; nobody knows which, so that no answer is careful with it alone."""
    if model not in ("openmp", "mpi+openmp", "offload", "openacc"):
        return Shape()
    shapes = [shape for shape in SWEEPS["mpi+openmp" if model == "mpi+openmp" else "openmp"] if shape.threads > 1]
    return shapes[int(np.random.default_rng([seed, _RACE]).integers(len(shapes)))]


def _first(kernel: Kernel, model: str, rng: np.random.Generator) -> Iterator[list[Argument]]:
    yield from kernel.draw(rng)
    if model != "emulate":  # which `large_trial` is for
        yield from _large(kernel, rng)


def _large(kernel: Kernel, rng: np.random.Generator) -> Iterator[list[Argument]]:
    yield kernel.make_inputs(rng, size_between(rng, max(kernel.random_sizes), kernel.size_to_time))
    yield kernel.make_inputs(rng, kernel.size_to_time)


def size_between(rng: np.random.Generator, small: int, large: int) -> int:
    """A size drawn between two, each order of magnitude as likely."""
    return round(math.exp(rng.uniform(math.log(min(small, large)), math.log(large))))


def _small(kernel: Kernel, rng: np.random.Generator, most: int) -> Iterator[list[Argument]]:
    return (c for c in kernel.draw(rng) if _num_elements(c) <= most)


def _num_elements(call: Sequence[Argument]) -> int:
    return sum(np.size(a) for a in call)


def size_words(kernel: Kernel, arguments: Sequence[Argument]) -> str:
    """The scalar arguments of a call, for people."""
    words = []
    for parameter, argument in zip(kernel.signature.parameters, arguments, strict=True):
        with suppress(TypeError):
            words.append(f"{parameter.name}={argument:g}" if np.ndim(argument) == 0 else "")
    return ", ".join(word for word in words if word)


# ---------------------------------------------------------------- comparison


def _fault(kernel: Kernel, sent: Image, progress: Progress) -> str:
    """What is known of a call that didn't come to its end."""
    if progress.fault == "call":
        return "reached outside an array"
    if progress.fault != "const":
        return ""
    named = zip(kernel.signature.parameters, sent.places, strict=True)
    inside = (p.name for p, place in named if place and p.const and place.begin <= progress.fault_at < place.begin + place.num_bytes)
    return f"wrote to the input {name}, which is const" if (name := next(inside, "")) else "reached outside an array"


def _differs(kernel: Kernel, called: Called, expected: Outputs) -> Failure | None:
    if not called.still:
        return Failure(check="correct", why="left processes that could not be stopped")
    for rank, result in enumerate(called.ranks):
        if touched := result.fault:
            return Failure(check="correct", why=f"rank {rank} {touched}" if rank else touched)
    return outputs_differ(kernel, called.ranks[0], expected)


def outputs_differ(kernel: Kernel, result: CallResult, expected: Outputs) -> Failure | None:
    """Where the outputs of a call differ from what is expected, None where they don't."""
    named = _named(kernel, result)
    for (name, array), one in zip(named, expected, strict=True):
        if failure := compare(array, one):
            return replace(failure, output=name, why=failure.why if len(named) == 1 else f"{name}: {failure.why}")
    return None


def num_wrong(kernel: Kernel, result: CallResult, expected: Outputs) -> int:
    """How many elements of the outputs of a call differ from what is expected."""
    return sum(int(_differing(array, one).sum()) for (_, array), one in zip(_named(kernel, result), expected, strict=True))


def _named(kernel: Kernel, result: CallResult) -> list[tuple[str, Array]]:
    signature = kernel.signature
    named = [(signature.arrays[i].name, result.arrays[i]) for i in kernel.outputs]
    if signature.returns != "void":
        named.append(("return value", np.array([result.value], DTYPES[signature.returns])))
    return named


def compare(array: Array, expected: Expected) -> Failure | None:
    """Where an output array differs from what is expected; NaN and infinity must stand exactly where they are expected."""
    if array.shape != expected.values.shape:
        return Failure(check="correct", why=f"{array.size} elements, {expected.values.size} expected")
    bad = _differing(array, expected)
    if array.dtype.kind != "f":
        return _where(bad, array, expected.values, None)
    return _where(bad, array.astype(np.float64, copy=False), expected.values.astype(np.float64, copy=False), expected.tolerance)


def _differing(array: Array, expected: Expected) -> NDArray[np.bool_]:
    """Which elements differ; all where there aren't as many."""
    if array.shape != expected.values.shape:
        return np.ones(max(1, array.size), bool)
    if array.dtype.kind != "f":
        return np.asarray(array != expected.values)
    got, want = array.astype(np.float64, copy=False), expected.values.astype(np.float64, copy=False)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - want) <= expected.tolerance
        if near.all() and np.isfinite(got).all():
            return np.zeros(got.shape, bool)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    # Written so that a NaN on either side is never "near".
    return ~np.where(np.isfinite(want) & np.isfinite(got), near, same)


def _where(bad: NDArray[np.bool_], got: Array, want: Array, tolerance: Doubles | None) -> Failure | None:
    if not bad.any():
        return None
    first, num_wrong = int(np.argmax(bad)), int(bad.sum())
    found, wanted = f"{got[first]:.17g}", f"{want[first]:.17g}"
    return Failure(
        check="correct",
        why=f"{num_wrong} of {bad.size} elements wrong, first [{first}] is {found} instead of {wanted}",
        index=first,
        got=found,
        expected=wanted,
        # An infinite bound is no number that JSON could hold.
        tolerance=float(tolerance[first]) if tolerance is not None and np.isfinite(tolerance[first]) else None,
        num_wrong=num_wrong,
        num_elements=bad.size,
    )
