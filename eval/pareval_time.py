"""How fast a right answer of suite ``pareval`` is, beside the checkout's baseline, on the inputs of the driver's own ``compute``.

Both are timed by `hpcraft.eval.performance`: in turn, by a clock outside of the box that takes the call of the function alone, from letting every
rank go until the last one is done. ParEval's drivers keep the time in the answer's own process, after one call of the baseline's.

Not covered: a least time for what only has to be read, as a search may end early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.pareval import THEIR_NAMES, Problem
from hpcraft.eval.pareval_calls import Recorded, differs, images, joined, signatures, slots
from hpcraft.eval.pareval_inputs import epsilon, timed
from hpcraft.eval.performance import COUNTED
from hpcraft.samples import Failure
from hpcraft.sandbox.abi import Array
from hpcraft.sandbox.calls import INSTRUCTIONS, Called, Calls, Image, Round
from hpcraft.sandbox.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class DriverWork:
    """The calls of ``compute`` and what the baseline leaves."""

    problem: Problem
    recorded: tuple[Recorded, ...]
    images: tuple[Image, ...]
    num_bytes: int
    """Of what the baseline changes."""
    flops: int = 0

    @property
    def size(self) -> str:
        """The scalar arguments and lengths of the last call."""
        words = []
        for parameter, argument in zip(signatures(self.problem)[0].parameters, self.recorded[-1].arguments, strict=True):
            words += [] if np.ndim(argument) else [f"{parameter.name.removeprefix('n_')}={argument:g}"]
        return ", ".join(words)

    def calls(self, shape: Shape) -> Calls:
        """All calls, in one start."""
        return Calls(signatures(self.problem), (Round(images=self.images, threads=shape.threads, ranks=shape.ranks),), INSTRUCTIONS)

    def wrong(self, outcome: Outcome) -> Failure | None:
        """The first call that leaves something else than the baseline."""
        found, bound = joined(outcome.called), epsilon(self.problem)
        for index, call in enumerate(self.recorded):
            one = found.get((0, index))
            why = differs(self.problem, call, one, bound) if one else f"did not come to its end ({outcome.message or outcome.verdict})"
            if why:
                return Failure(check="correct", why=why, size=self.size, call=index + 1, num_calls=len(self.recorded))
        return None

    def counted(self, outcome: Outcome) -> Sequence[Called]:
        """All but the first, which warms up."""
        found = joined(outcome.called)
        return [found[0, index] for index in range(1, len(self.recorded))]


@lru_cache(maxsize=1)
def work(problem: Problem, model: str, seed: int) -> DriverWork:
    """The calls that are timed, the same for every answer to a task.

    Raises:
        InputError: the checkout's driver makes no such calls.
        MachineError: the sandbox failed.
    """
    made = timed(problem, THEIR_NAMES[model], seed, 1 + COUNTED)
    rng = np.random.default_rng([seed, 4, *problem.name.encode()])
    changed = [sum(map(_changed, _given(call), call.arrays)) for call in made]
    kept = tuple(replace(call, arrays=_written(problem, call)) for call in made)
    return DriverWork(problem=problem, recorded=kept, images=images(problem, kept, rng), num_bytes=min(changed))


def _given(call: Recorded) -> list[Array]:
    """What the containers hold before the call."""
    return [np.asarray(a) for a in call.arguments if np.ndim(a)]


def _written(problem: Problem, call: Recorded) -> tuple[Array, ...]:
    """What must stand in the containers that may be written; of the others nothing is brought back."""
    containers = [slot for slot in slots(problem) if slot.container]
    return tuple(array[:0] if slot.const else array for slot, array in zip(containers, call.arrays, strict=True))


def _changed(before: Array, after: Array) -> int:
    """Bytes of the elements that a call changes."""
    return int(np.count_nonzero(before != after)) * after.itemsize
