"""What the functions of suite ``hpctranseval`` must leave: the checkout's own C, run in a box of its own on inputs from a secret seed.

Theory of operation. The reference is called with inputs of each distribution; those that give finite outputs are kept. Each kept call
is made four times more: with all inputs a little larger or smaller at random, the other way round, and twice with something else in the outputs
and in local variables. The first two say how far rounding may take each element: what jumps there (a ``ceil`` beside an integer, the place of an
equal element in a sorted order) can't be asked of anybody. The others find references that read what they never wrote, or don't write
all. References with invalid accesses or races are found by the sanitizers. All that is set apart is told, with the reason.

Not covered: references that are wrong in another way; there is nothing else to hold them against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from hpcraft import sandbox
from hpcraft.data import parallel_use
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_build import Filling, job
from hpcraft.eval.hpctranseval_inputs import DOMAINS, LARGE_DOMAINS, draw, other_poison, perturbed, published_inputs
from hpcraft.eval.judging import describe_run, first_error
from hpcraft.sandbox.abi import Argument, Array
from hpcraft.sandbox.calls import Calls, Round, image
from hpcraft.sandbox.outcome import Limits, Outcome, Run, Verdict

MOST_BYTES = 160 << 20
"""Of the arrays of one call."""
LARGE_ELEMENTS = 2_000_000
"""Calls with more are made with few inputs and one number of threads."""
SANITIZED_ELEMENTS = 400_000
"""Calls with more are too slow under the sanitizers."""
_TOGETHER_BYTES = 48 << 20
"""Of the calls of one start of the program."""
LIMITS = Limits(wall_seconds=120.0, memory_mb=3072, disk_mb=768)
_LEAST_FINITE = 0.25
"""Share of finite elements from which on inputs suit an output."""
_RTOL, _FLOOR, _SPREAD = 1e-4, 1e-6, 8.0
_SMALL_CALLS = 2
"""More calls of what suits best, for the other numbers of threads."""

Call = tuple[Argument, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What one array must hold after a call."""

    values: Array
    tolerance: NDArray[np.float32]
    known: NDArray[np.bool_]
    """Where rounding alone decides nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """One call and what it must leave."""

    arguments: Call
    wanted: tuple[Wanted | None, ...]
    """By parameter; None for an input that the reference itself changes."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The calls of a judgement."""

    problem: str = ""
    """Why there is nothing to judge with; empty where there is."""
    rounds: tuple[tuple[Known, ...], ...] = ()
    """The calls by start of the program."""
    domains: tuple[str, ...] = ()
    """What the inputs of the first start were drawn from."""
    published: tuple[Call, tuple[Array, ...]] | None = field(default=None, repr=False)
    """The call of the published harness, and the outputs that it wants."""
    parallel: bool = False
    """Whether the reference shares work as the checks know it; else nobody is asked to."""
    sanitized: bool = False
    """Whether the calls are small enough for sanitizers."""


@lru_cache(maxsize=2)
def trial(operator: Operator, seed: int) -> Trial:
    """The trial of a function; a problem of the reference is told in it.

    Raises:
        MachineError: the sandbox failed.
    """
    num_elements = sum(b.length for b in operator.buffers)
    if operator.problem:
        return Trial(problem=operator.problem)
    if 4 * num_elements > MOST_BYTES:
        return Trial(problem=f"a call takes {4 * num_elements >> 20} MiB of arrays, at most {MOST_BYTES >> 20} are judged")
    rng = np.random.default_rng([seed, *operator.name.encode()])
    with _built(operator) as builds:
        if not all(build.ok for build in builds):
            return Trial(problem=f"the checkout's own C doesn't build: {first_error(builds[0].outcome)}")
        try:
            made = _measured(operator, builds, rng, large=num_elements > LARGE_ELEMENTS)
        except _DirtyError as why:
            return Trial(problem=str(why))
    dirty = _sanitizers(operator, made) if num_elements <= SANITIZED_ELEMENTS else ""
    return Trial(problem=f"the checkout's own C {dirty}") if dirty else made


def known_calls(operator: Operator, calls: Sequence[Call], rng: np.random.Generator) -> tuple[Known, ...]:
    """What more calls leave.

    Raises:
        InputError: the reference can't be one on these.
        MachineError: the sandbox failed.
    """
    with _built(operator) as builds:
        try:
            return tuple(_known(operator, builds, call, rng) for call in calls)
        except _DirtyError as why:
            raise InputError(str(why)) from None


@contextmanager
def _built(operator: Operator) -> Iterator[list[sandbox.Build]]:
    """The reference as it is, and with local variables that begin in two other ways."""
    with ExitStack() as stack:
        builds = [stack.enter_context(sandbox.build(job(operator, operator.code, filled=filled))) for filled in get_args(Filling)]
        for build in builds:
            _require(build.outcome)
        yield builds


class _DirtyError(Exception):
    """The reference can't be a reference."""


def _measured(operator: Operator, builds: Sequence[sandbox.Build], rng: np.random.Generator, *, large: bool) -> Trial:
    build = builds[0]
    names = LARGE_DOMAINS if large else tuple(DOMAINS)
    tried = {name: draw(operator, name, rng) for name in names}
    # Outputs hold numbers here: one that is read must not make NaN of everything.
    first = _left(operator, build, [other_poison(operator, call) for call in tried.values()])
    shares = {name: _finite(operator, left) for name, left in zip(tried, first, strict=True)}
    try:
        domains = _suiting(operator, shares, large=large)
    except _DirtyError:
        _known(operator, builds, next(iter(tried.values())), rng)  # which tells, if it is memory that nobody wrote
        raise
    best = max(domains, key=lambda name: float(np.mean(shares[name])))
    calls = [tried[name] for name in domains] + ([] if large else [draw(operator, best, rng) for _ in range(_SMALL_CALLS)])
    del tried
    known = tuple(_known(operator, builds, call, rng) for call in calls)
    if not any(w.known.any() for one in known for b, w in zip(operator.buffers, one.wanted, strict=True) if w and not b.is_input):
        raise _DirtyError("the checkout's own C leaves nothing that a small change of the inputs doesn't change altogether")
    given = None if large else published_inputs(operator)
    asks = parallel_use.check("openmp", "c", operator.code, build.symbols("candidate.c"), entry=operator.signature.name)
    return Trial(
        rounds=(known[: len(domains)], *((one,) for one in known[len(domains) :])),
        domains=domains,
        published=(given, _outputs(operator, next(_left(operator, build, [given])))) if given else None,
        parallel=asks == "pass",
        sanitized=sum(b.length for b in operator.buffers) <= SANITIZED_ELEMENTS,
    )


def _outputs(operator: Operator, arrays: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(a for b, a in zip(operator.buffers, arrays, strict=True) if not b.is_input)


def _finite(operator: Operator, arrays: Sequence[Array]) -> list[float]:
    """Share of finite elements, by output."""
    return [float(np.isfinite(a).mean()) if a.dtype.kind == "f" else 1.0 for a in _outputs(operator, arrays)]


def _suiting(operator: Operator, shares: dict[str, list[float]], *, large: bool) -> tuple[str, ...]:
    """The distributions that give finite values, so that each output has one."""
    outputs = [b.name for b in operator.buffers if not b.is_input]
    best = []
    for place, output in enumerate(outputs):
        by_share = sorted(shares, key=lambda name: shares[name][place], reverse=True)
        if not shares[by_share[0]][place]:
            raise _DirtyError(f"output {output} is never finite, on inputs of {', '.join(shares)}")
        best.append(by_share[0])
    good = [name for name in shares if min(shares[name]) >= _LEAST_FINITE]
    return tuple(dict.fromkeys([*best, *(good[: 1 if large else None])]))


def _known(operator: Operator, builds: Sequence[sandbox.Build], call: Call, rng: np.random.Generator) -> Known:
    """What a call leaves, and how sure that is."""
    build, pattern, zeros = builds
    seed = rng.integers(1 << 62)
    others = [perturbed(operator, call, sign, np.random.default_rng(seed)) for sign in (1, -1)]
    # On two threads, and at other distances between arrays: what depends on either is no reference.
    large = sum(b.length for b in operator.buffers) > SANITIZED_ELEMENTS
    # More often where no race detector looks.
    tries = [(pattern, 2), (zeros, 2), *([(pattern, 4), (pattern, 2)] if large else [])]
    again = [next(_left(operator, filled, [other_poison(operator, call)], threads=n)) for filled, n in tries]
    left, *moved = _left(operator, build, [call, *others])
    propagates = "max(" not in operator.code and "min(" not in operator.code
    wanted: list[Wanted | None] = []
    for position, (buffer, argument) in enumerate(zip(operator.buffers, call, strict=True)):
        values = np.array(left[position])
        if buffer.is_input:
            same = values.tobytes() == np.asarray(argument).tobytes()
            exact = Wanted(values=values, tolerance=np.zeros(1, np.float32), known=np.ones(1, np.bool_))
            wanted.append(exact if same else None)
            continue
        if not all(np.array_equal(values, one[position], equal_nan=values.dtype.kind == "f") for one in again):
            raise _DirtyError(
                f"the checkout's own C doesn't give the same {buffer.name} twice: it reads what it never wrote, or doesn't write all of it"
            )
        wanted.append(_wanted(values, [np.asarray(m[position]) for m in moved], propagates=propagates))
    return Known(arguments=call, wanted=tuple(wanted))


def _wanted(values: Array, moved: Sequence[Array], *, propagates: bool) -> Wanted:
    """What an output must hold; where NaN and infinity stand is known only if no maximum can have swallowed them."""
    if values.dtype.kind != "f":
        stays = np.all([m == values for m in moved], axis=0)
        return Wanted(values=values, tolerance=np.zeros(1, np.float32), known=stays)
    finite = np.isfinite(values)
    size = float(np.abs(values[finite]).mean()) if finite.any() else 0.0
    tolerance = np.where(finite, np.abs(values), 0) * np.float32(_RTOL) + np.float32(_FLOOR * size)
    known = finite | propagates
    with np.errstate(invalid="ignore", over="ignore"):
        for one in moved:
            distance = np.abs(one.astype(np.float32) - values.astype(np.float32))
            known &= np.isfinite(one) == finite
            # A jump: nothing that rounds otherwise can be held to either side.
            known &= ~finite | (distance <= 0.05 * np.abs(values) + 0.01 * np.float32(size))
            tolerance = np.maximum(tolerance, np.where(np.isfinite(distance), np.float32(_SPREAD) * distance, 0))
    return Wanted(values=values, tolerance=tolerance.astype(np.float32), known=known)


# ---------------------------------------------------------------- running the reference


def _left(operator: Operator, build: sandbox.Build, calls: Sequence[Call], threads: int = 1) -> Iterator[tuple[Array, ...]]:
    """All arrays after each call of the reference."""
    bytes_each = max(1, sum(np.asarray(a).nbytes for a in calls[0]))
    rest = iter(calls)
    while part := list(islice(rest, max(1, _TOGETHER_BYTES // bytes_each))):
        outcome = build.run(Run(calls=calls_of(operator, [part], (threads,)), limits=LIMITS))
        _require(outcome)
        if not outcome.ok or len(outcome.called) != len(part):
            raise _DirtyError(f"the checkout's own C {describe_run(outcome) if not outcome.ok else 'ends before its calls do'}")
        for one in outcome.called:
            if not one.ranks[0].guards_intact:
                raise _DirtyError("the checkout's own C writes outside an array")
            yield one.ranks[0].arrays


def calls_of(operator: Operator, rounds: Sequence[Sequence[Call]], threads: Sequence[int]) -> Calls:
    """Calls of the function, by start of the program and its number of threads."""
    from hpcraft.eval.hpctranseval_build import entry

    rng = np.random.default_rng()
    signature = entry(operator)
    made = [
        Round(images=tuple(image([signature], 0, call, rng) for call in calls), threads=count)
        for calls, count in zip(rounds, threads, strict=True)
    ]
    return Calls((signature,), tuple(made))


def _sanitizers(operator: Operator, made: Trial) -> str:
    """What is wrong with the reference by the address sanitizer and the race detector; empty where nothing is."""
    calls = [[one.arguments for one in made.rounds[0]]]
    for check, what in (("address", "has invalid memory accesses"), ("race", "has a data race")):
        with sandbox.build(job(operator, operator.code, "address" if check == "address" else "race")) as build:
            _require(build.outcome)
            if not build.ok:
                return f"doesn't build for the check {check}: {first_error(build.outcome)}"
            outcome = build.run(Run(calls=calls_of(operator, calls, (4 if check == "race" else 1,)), limits=LIMITS))
        _require(outcome)
        if not outcome.ok:
            return what if outcome.verdict in (Verdict.RACE, Verdict.RUNTIME_ERROR) else f"{describe_run(outcome)} under the check {check}"
    return ""


def _require(outcome: Outcome) -> None:
    if outcome.verdict in (Verdict.INFRA_ERROR, Verdict.UNSUPPORTED):
        raise MachineError(outcome.message or f"sandbox: {outcome.verdict}")
