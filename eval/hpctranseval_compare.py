"""Compare what an answer of suite ``hpctranseval`` leaves with what it must.

Not covered: elements that rounding alone may decide; `hpcraft.eval.hpctranseval_trial` says which they are.
"""

from __future__ import annotations

import numpy as np

from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_trial import Known, Wanted
from hpcraft.sandbox.abi import Array
from hpcraft.sandbox.calls import Called


def call_wrong(operator: Operator, wanted: Known, one: Called) -> str:
    """What is wrong with one call; empty where nothing is."""
    result = one.ranks[0]
    if not one.still:
        return "left processes that could not be stopped"
    if not result.guards_intact:
        return "wrote outside an array"
    for buffer, want, got in zip(operator.buffers, wanted.wanted, result.arrays, strict=True):
        if want is not None and buffer.is_input and want.values.tobytes() != got.tobytes():
            return f"changed the input {buffer.name}"
        if want is not None and not buffer.is_input and (why := _differs(want, got)):
            return f"{buffer.name}: {why}"
    return ""


def _differs(want: Wanted, got: Array) -> str:
    """Where an output differs; NaN and infinity stand only where they are expected."""
    values = want.values
    if values.dtype.kind != "f":
        bad = want.known & (got != values)
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(got.astype(np.float32) - values.astype(np.float32)) <= want.tolerance
        same = (got == values) | (np.isnan(got) & np.isnan(values))
        # Written so that a NaN on either side is never "near".
        bad = want.known & ~np.where(np.isfinite(values) & np.isfinite(got), near, same)
    if not bad.any():
        return ""
    first = int(np.argmax(bad))
    return f"{int(bad.sum())} of {bad.size} elements wrong, first [{first}] is {got[first]:.9g} instead of {values[first]:.9g}"
