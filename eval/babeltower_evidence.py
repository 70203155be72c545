"""What the threads of a kernel did: whether several of them had a part in the result, and whether the kernels had (`hpcraft.eval.lone_threads`).

Work is taken as shared as soon as one call needs several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.babeltower import UnitTests
from hpcraft.eval.babeltower_build import chosen_signature, job
from hpcraft.eval.lone_threads import LIBRARY, NOBODY, ON_THE_HOST, Interval, in_words, lone_thread
from hpcraft.eval.unit_tests import UnitCall
from hpcraft.sandbox.abi import Argument, CallResult, decode_results, encode_calls
from hpcraft.sandbox.outcome import Limits, Run

Right = Callable[[UnitCall, CallResult], bool]
_INPUTS, _OUTPUTS = "inputs.bin", "outputs.bin"
_SECONDS = 2
_LIMITS = Limits(wall_seconds=60.0)


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
        alone: list[int] = []
        for call in calls:
            tried = partial(_right_with, case, build, call, right=right)
            if tried([NOBODY])[0]:
                return "" if LIBRARY in code else ON_THE_HOST
            thread = lone_thread(tried)
            if thread is None:
                return ""
            alone.append(thread)
    return in_words(alone) if alone else ""


def _right_with(case: UnitTests, build: sandbox.Build, call: UnitCall, intervals: Sequence[Interval], right: Right) -> list[bool]:
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
