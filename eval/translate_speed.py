"""How fast candidates of a translation to OpenMP are beside the function itself, at one large size: evidence that ranks those that hold.

Theory of operation. All sizes of the function grow together until its arrays have some millions of elements, as far as its text says how
long they are. Function and candidates are started in turn, each in a box of its own and pinned, on the same inputs; a start makes a call
to warm up and a few that count, by the launcher's clock. What the last call leaves must be what the function leaves: sums of millions of numbers
in another order differ by more than those of small tests, so a difference doesn't refuse a candidate, but it has no speed then.

Not covered: CUDA, which is emulated here; other sizes; what else runs on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import numpy as np

from hpcraft import sandbox
from hpcraft.data.tester import large_test
from hpcraft.errors import MachineError
from hpcraft.sandbox.abi import Argument, CallResult, Signature, compare_results
from hpcraft.sandbox.calls import Called, Calls, Round, image
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Job, Limits, Model, Run, Verdict

ELEMENTS = 4_000_000
"""Of all arrays together: tens of megabytes, which no cache of a core holds."""
_TURNS, _COUNTED = 3, 3
_LEAST_SECONDS = 1e-3
"""A function that takes less says more of starting threads than of work."""
_HEADERS = "".join(f"#include <{name}.h>\n" for name in ("math", "omp", "stdbool", "stddef", "stdint", "stdlib", "string"))
_LIMITS = Limits(wall_seconds=60.0, memory_mb=2048)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speeds:
    """What was measured."""

    test: str = ""
    """The call, in the notation of `hpcraft.sandbox.abi`."""
    threads: int = 0
    seconds: float = 0.0
    """Of the function, median."""
    speedups: tuple[float | None, ...] = ()
    """Of each candidate: how many times as fast as the function; None where that isn't known."""
    why_not: str = ""
    """Why nothing was measured; empty where something was."""


def measured(signature: Signature, source: str, codes: Sequence[str], *, seed: int) -> Speeds:
    """Time candidates that hold beside the function.

    Args:
        signature: of both.
        source: the function in sequential C.
        codes: the candidates, in C with OpenMP.
        seed: of array contents.

    Raises:
        MachineError: the sandbox failed.
    """
    test = large_test(signature, source, num_elements=ELEMENTS, seed=seed)
    if test is None:
        return Speeds(why_not="its text doesn't tell how long its arrays are, or they don't grow with a size")
    arguments, threads = test.arguments([seed]), len(os.sched_getaffinity(0))
    pieces: list[tuple[str, Model]] = [(source, "serial"), *((code, "openmp") for code in codes)]
    with ExitStack() as stack:
        builds = [stack.enter_context(sandbox.build(_job(signature, code, model))) for code, model in pieces]
        turns = [[_start(build, signature, arguments, threads) for build in builds] for _ in range(_TURNS)]
    function, *candidates = (_Timed.of(starts) for starts in zip(*turns, strict=True))
    if function is None:
        return Speeds(why_not=f"the function doesn't come to an end on {test.text()}")
    if function.seconds < _LEAST_SECONDS:
        return Speeds(why_not=f"the function takes {function.seconds * 1e3:.2g} ms on {test.text()}, which is too little to tell")
    speedups = [
        function.seconds / one.seconds if one and compare_results(signature, function.left, one.left) is None else None
        for one in candidates
    ]
    return Speeds(test=test.text(), threads=threads, seconds=function.seconds, speedups=tuple(speedups))


@dataclass(frozen=True, slots=True)
class _Timed:
    """All starts of one of them."""

    seconds: float
    """Median of the calls that count."""
    left: CallResult
    """By the last call."""

    @classmethod
    def of(cls, starts: Sequence[Sequence[Called]]) -> _Timed | None:
        """None where one of them isn't whole."""
        if not all(starts):
            return None
        return cls(median(one.seconds for start in starts for one in start[1:]), starts[-1][-1].ranks[0])


def _job(signature: Signature, code: str, model: Model) -> Job:
    files = {"candidate.c": f"{_HEADERS}#line 1\n{code}\n".encode(errors="replace"), "driver.c": caller_source([signature]).encode()}
    return Job(files=files, language="c", model=model, flags=("-lm",))


def _start(build: sandbox.Build, signature: Signature, arguments: Sequence[Argument], threads: int) -> tuple[Called, ...]:
    """The calls of one start; none where not all came to their end."""
    if not build.ok:
        return ()
    rng = np.random.default_rng()
    images = tuple(image([signature], 0, arguments, rng) for _ in range(1 + _COUNTED))
    outcome = build.run(Run(calls=Calls((signature,), (Round(images=images, threads=threads),)), limits=_LIMITS, pin=True))
    if outcome.verdict is Verdict.INFRA_ERROR:
        raise MachineError(outcome.message)
    return outcome.called if outcome.ok and len(outcome.called) == len(images) else ()
