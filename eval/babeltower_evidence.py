"""What the threads of a kernel did: whether several of them had a part in the result, and whether the kernels had.

Theory of operation. The answer is built once more, emulated, with an entry point that says which threads of each launch run, by their numbers in the
grid; the others return at once. An answer that is right with none of them has done the work on the host. For one thread alone, the
numbers are tried in intervals that double; where one of these is enough, it is halved until a single thread is left or nothing is right
any more. Work is taken as shared as soon as one call needs several threads.

Not covered: how much of the work the other threads have; kernels that count who is there, and threads that another thread's kernel starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.babeltower import UnitTests
from hpcraft.eval.babeltower_build import chosen_signature, job
from hpcraft.eval.unit_tests import UnitCall
from hpcraft.sandbox.abi import Argument, CallResult, decode_results, encode_calls
from hpcraft.sandbox.outcome import Limits, Run

Right = Callable[[UnitCall, CallResult], bool]
_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_SECONDS = 2
_LIMITS = Limits(wall_seconds=60.0)
_BITS = 31
"""No launch of a test has more threads than two to this power."""
_OF_A_LIBRARY = "thrust"
"""Its algorithms are emulated without a launch."""


def suspicion(case: UnitTests, code: str, calls: Sequence[UnitCall], right: Right) -> str:
    """Why the work of an answer that is right can't have been shared by threads of a kernel; empty where it was, or where that can't be told.

    Args:
        case: the line.
        code: the answer.
        calls: those whose result shows something.
        right: whether a call left what it must.
    """
    with sandbox.build(job(case, code, chosen=True)) as build:
        if not build.ok:
            return ""
        alone: set[int] = set()
        for call in calls:
            nobody, thread = _who(case, build, call, right)
            if nobody and _OF_A_LIBRARY not in code:
                return "the result is there though no thread of a kernel runs"
            if nobody or thread is None:
                return ""
            alone.add(thread)
    if not alone:
        return ""
    who = f"thread {min(alone)} of the launch" if len(alone) == 1 else "one thread of the launch"
    return f"{who} does all the work: the result is the same without the others"


def _who(case: UnitTests, build: sandbox.Build, call: UnitCall, right: Right) -> tuple[bool, int | None]:
    """Whether a call is right without any thread, and the number of a thread that is enough by itself, None for no such one."""
    doubling = [(0, 0), (0, 1), *((1 << bit, 2 << bit) for bit in range(_BITS))]
    nobody, *enough = _right_with(case, build, call, doubling, right)
    if nobody:
        return True, None
    found = [interval for interval, yes in zip(doubling[1:], enough, strict=True) if yes]
    while found and found[0][1] - found[0][0] > 1:
        halves = [half for first, behind in found for half in _halved(first, behind)]
        found = [half for half, yes in zip(halves, _right_with(case, build, call, halves, right), strict=True) if yes]
    return False, found[0][0] if found else None


def _halved(first: int, behind: int) -> list[tuple[int, int]]:
    middle = (first + behind) // 2
    return [(first, middle), (middle, behind)] if behind - first > 1 else [(first, behind)]


def _right_with(case: UnitTests, build: sandbox.Build, call: UnitCall, intervals: Sequence[tuple[int, int]], right: Right) -> list[bool]:
    """Whether the call is right when only threads of an interval run."""
    signature = chosen_signature(case)
    made: list[tuple[int, Sequence[Argument]]] = [(0, (*interval, *call.arguments)) for interval in intervals]
    outcome = build.run(Run(data={_INPUTS: encode_calls([signature], made, seconds=_SECONDS)}, collect=(_OUTPUTS,), limits=_LIMITS))
    results = decode_results([signature], (0,) * len(made), outcome.outputs.get(_OUTPUTS, b""))
    return [i in results and right(call, results[i]) for i in range(len(made))]


def num_changed(call: UnitCall) -> int:
    """How many elements a function that does nothing would get wrong."""
    before = [a for a in call.arguments if isinstance(a, np.ndarray)]
    return sum(int((k & (a != e)).sum()) for a, e, k in zip(before, call.arrays, call.known, strict=True)) + int(bool(call.value.any()))
