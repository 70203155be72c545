"""How fast a right answer of suite ``hpctranseval`` is, beside the checkout's own C on one thread.

Both are timed by `hpcraft.eval.performance`, on inputs that no other call had. Functions whose calls are over too soon to be timed, or that take
much room, are left out by name.

Not covered: a least time for what only has to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hpcraft import sandbox
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.hpctranseval import Operator
from hpcraft.eval.hpctranseval_build import entry, job
from hpcraft.eval.hpctranseval_compare import call_wrong
from hpcraft.eval.hpctranseval_inputs import draw
from hpcraft.eval.hpctranseval_trial import LIMITS, Known, known_calls
from hpcraft.eval.kernel_trial import Shape
from hpcraft.eval.performance import COUNTED
from hpcraft.samples import Failure
from hpcraft.sandbox.calls import INSTRUCTIONS, Called, Calls, Image, Round, image
from hpcraft.sandbox.outcome import Outcome, Run

MOST_BYTES = 48 << 20
"""Of the arrays of a call that is timed."""
LEAST_SECONDS = 1e-3
"""What takes less is hidden by what it takes to wake a thread."""


@dataclass(frozen=True, kw_only=True)
class OperatorWork:
    """Calls with inputs of their own and what they must leave."""

    operator: Operator
    known: tuple[Known, ...]
    images: tuple[Image, ...]
    num_bytes: int
    """Of the outputs."""
    flops: int = 0

    @property
    def size(self) -> str:
        """The shapes."""
        return ", ".join(f"{buffer.name}={'x'.join(map(str, buffer.shape))}" for buffer in self.operator.buffers)

    def calls(self, shape: Shape) -> Calls:
        """All calls, in one start."""
        return Calls((entry(self.operator),), (Round(images=self.images, threads=shape.threads),), INSTRUCTIONS)

    def wrong(self, outcome: Outcome) -> Failure | None:
        """The first call that leaves something else than the checkout's own C."""
        for index, known in enumerate(self.known):
            place = Failure(check="correct", why="", size=self.size, call=index + 1, num_calls=len(self.known))
            if index >= len(outcome.called):
                return replace(place, why=f"did not come to its end ({outcome.message or outcome.verdict})")
            if why := call_wrong(self.operator, known, outcome.called[index]):
                return replace(place, why=why)
        return None

    def counted(self, outcome: Outcome) -> Sequence[Called]:
        """All but the first, which warms up."""
        return outcome.called[1:]


def too_large(operator: Operator) -> str:
    """Why a function isn't timed; empty where it is."""
    num_bytes = sum(b.length * p.dtype.itemsize for b, p in zip(operator.buffers, operator.signature.parameters, strict=True))
    if num_bytes <= MOST_BYTES:
        return ""
    return f"not timed, a call takes {num_bytes >> 20} MiB of arrays (at most {MOST_BYTES >> 20})"


@lru_cache(maxsize=1)
def work(operator: Operator, domain: str, seed: int) -> OperatorWork:
    """The calls that are timed, the same for every answer to a task.

    Raises:
        InputError: the checkout's own C is no reference on these inputs.
        MachineError: the sandbox failed.
    """
    rng = np.random.default_rng([seed, 5, *operator.name.encode()])
    known = known_calls(operator, [draw(operator, domain, rng) for _ in range(1 + COUNTED)], rng)
    outputs = [b.length * p.dtype.itemsize for b, p in zip(operator.buffers, operator.signature.parameters, strict=True) if not b.is_input]
    made = tuple(image([entry(operator)], 0, one.arguments, rng) for one in known)
    return OperatorWork(operator=operator, known=known, images=made, num_bytes=sum(outputs))


@lru_cache(maxsize=256)
def untimed(operator: Operator, domain: str, seed: int) -> str:
    """Why no answer to a function is timed; empty where right ones are."""
    if why := too_large(operator):
        return why
    try:
        timed = work(operator, domain, seed)
    except (InputError, MachineError) as error:
        return str(error)
    with sandbox.build(job(operator, operator.code)) as reference:
        return too_short(timed, reference)


def too_short(timed: OperatorWork, reference: sandbox.Build) -> str:
    """Why the checkout's own C can't be timed; empty where it can."""
    outcome = reference.run(Run(calls=timed.calls(Shape()), limits=LIMITS))
    if failure := timed.wrong(outcome):
        return f"the checkout's own C could not be timed: {failure.words}"
    seconds = min(one.seconds for one in timed.counted(outcome))  # what else the machine does makes a call longer, never shorter
    if seconds >= LEAST_SECONDS:
        return ""
    return f"not timed, a call of the checkout's own C takes {seconds * 1e3:.2g} ms (at least {LEAST_SECONDS * 1e3:g})"
