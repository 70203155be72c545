"""How much of an answer's work each of its threads and ranks did: the fourth witness of real parallel work.

Theory of operation. The answer is built once more by the compiler that judges it, with a call before every basic block
(``-fsanitize-coverage=trace-pc``); what is called counts by thread. Unlike time on the processor (`hpcraft.eval.run_evidence`), counts are the
same on busy and on idle machines, and on any number of cores. The same call is made by one alone, which counts the whole work, and by several. Where all of
them together count as many times the whole as there are workers, and none of them more than once, each has done everything. The
outputs of these calls must be right, too, so that no answer gives up where it is counted.

Work that is shared badly, repeated in part, or done again to be merged is not held against an answer: its time says what it is worth.

Not covered:

- what libraries do, such as MPI's own or Fortran's ``matmul``, and wide vectors and long unrolled blocks (`least_of`): nothing is told there;
- answers that do more when they are alone, less in one of several, or other things in a forked process;
- which of several teams did the work: the host's compilers run them one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcraft import sandbox
from hpcraft.eval.judging import Judgement, describe_run, ending
from hpcraft.eval.kernel_trial import Shape
from hpcraft.samples import Failure
from hpcraft.sandbox.abi import Argument, Array, Signature
from hpcraft.sandbox.calls import Called, Calls, Image, Round
from hpcraft.sandbox.drivers import caller_source
from hpcraft.sandbox.outcome import Job, Limits, Run, Verdict

_FLAG = "-fsanitize-coverage=trace-pc"
_FILE = "counted.c"
_NUM_COUNTS = 4096
"""Threads that are told apart, but for the last, which stands for all that come later."""
_NEAR = 0.03
"""How near to the whole work what each of several did must be to be all of it. What all do in vain beside shared work is less, and merging is more."""
_LEAST_SHARED = 0.05
"""Of all that was done, what all but the busiest thread must have had a part in, of kernels of which it is known what can be shared."""
_MOST_ELEMENTS, _MOST_FLOPS = 4, 8
"""Of one block; where fewer blocks were counted, most of the work is where nobody counts."""
_TRIES = 3
"""A thread that comes late to a dynamic schedule has nothing to do; it is late at times."""
_ALONE, _THREADS, _RANKS = Shape(), Shape(threads=7), Shape(ranks=5)
SHAPES: dict[str, tuple[Shape, ...]] = {
    "openmp": (_ALONE, _THREADS),
    "mpi": (_ALONE, _RANKS),
    "mpi+openmp": (_ALONE, _THREADS, _RANKS),
    "offload": (_ALONE, _THREADS),
    "openacc": (_ALONE, _THREADS),
}
"""How a program is started to be counted, by model: alone, and for each kind of worker with as many as right answers were already started with."""
BY_TEAMS = ("offload", "openacc")
"""Threads are new in each construct, so that it can be told who was alone, not who did the same."""

_UNIT = """\
/*
 * Counts the blocks of code that each thread executes while it is asked to.
 *
 * Theory of operation. The compiler puts a call to __sanitizer_cov_trace_pc before each block. A thread that comes for the first time takes the
 * next number; counts lie a cache line apart, so that threads don't wait for each other. Only the wrapper's own call is counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HPCRAFT_UNCOUNTED __attribute__((no_sanitize_coverage))
#define HPCRAFT_MOST {most}

static struct {{ unsigned long long blocks; char apart[56]; }} hpcraft_tasks[HPCRAFT_MOST];
static int hpcraft_num_tasks, hpcraft_counting;
static __thread int hpcraft_mine;

HPCRAFT_UNCOUNTED void __sanitizer_cov_trace_pc(void) {{
    if (!hpcraft_counting) return;
    if (!hpcraft_mine) {{
        int number = __atomic_add_fetch(&hpcraft_num_tasks, 1, __ATOMIC_RELAXED);
        hpcraft_mine = number < HPCRAFT_MOST ? number : HPCRAFT_MOST;
    }}
    hpcraft_tasks[hpcraft_mine - 1].blocks++;
}}

{prototype};

HPCRAFT_UNCOUNTED {counted} {{
    for (int i = 0; i < HPCRAFT_MOST; i++) hpcraft_tasks[i].blocks = 0;
    hpcraft_counting = 1;
    {begin}{name}({arguments});
    hpcraft_counting = 0;
    for (int i = 0; i < HPCRAFT_MOST; i++) hpcraft_counts[i] = hpcraft_tasks[i].blocks;
    {end}
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What counting told; of the two at most one is there."""

    failure: Failure | None = None
    silent: str = ""
    """Why nothing could be told."""

    def settle(self, judgement: Judgement) -> None:
        """Record it in the judgement of a right answer."""
        if self.failure:
            judgement.fail(self.failure, self.failure.words)
        elif self.silent:
            judgement.log.append(f"what each thread or rank did was not counted: {self.silent}")


def counted(signature: Signature) -> Signature:
    """Of the function that calls another one and leaves what its threads did in a last array (`no_counts`)."""
    parameters = ", ".join([*(p.declaration() for p in signature.parameters), "unsigned long long *hpcraft_counts"])
    return Signature.parse(f"{signature.returns} hpcraft_counted_{signature.name}({parameters})")


def no_counts() -> Array:
    """What the last argument is before a call."""
    return np.zeros(_NUM_COUNTS, np.uint64)


def counted_job(plain: Job, driver: str, known: Sequence[Signature], signature: Signature) -> Job:
    """A build in which the blocks of code are counted that threads execute in calls of a function.

    Args:
        plain: the build of the answer that is judged.
        driver: its file with the main program.
        known: what the main program can be asked for instead, among it ``counted(signature)``.
        signature: the function's.
    """
    main = caller_source(known, mpi=plain.model.startswith("mpi")).encode()
    files = {**plain.files, driver: main, _FILE: _unit(signature).encode()}
    return replace(plain, files=files, flags=(*plain.flags, _FLAG))


def _unit(signature: Signature) -> str:
    returns = signature.returns != "void"
    return _UNIT.format(
        most=_NUM_COUNTS,
        prototype=signature.prototype(),
        counted=counted(signature).prototype(),
        begin=f"{signature.returns} hpcraft_value = " if returns else "",
        name=signature.name,
        arguments=", ".join(p.name for p in signature.parameters),
        end="return hpcraft_value;" if returns else "",
    )


def least_of(arguments: Sequence[Argument], flops: int = 0) -> float:
    """Blocks that a call with these arguments takes where the answer's own code does the work, a few elements or operations in each."""
    return max(sum(np.size(a) for a in arguments if np.ndim(a)) / _MOST_ELEMENTS, flops / _MOST_FLOPS)


@dataclass(frozen=True, kw_only=True)
class Count:
    """One call that is to be counted."""

    model: str
    """A key of `SHAPES`."""
    known: tuple[Signature, ...]
    images: tuple[Image, ...]
    """What is called in one start, one of them counted."""
    at: int
    """Which one."""
    least: float
    """Blocks that it takes (`least_of`); where fewer are counted, nothing is told."""
    wrong: Callable[[Sequence[Called]], str]
    """What is wrong with the calls of one start; empty where nothing is."""
    limits: Limits
    lone: bool = False
    """Whether it is told, too, that one thread did everything: of code in which shares don't hang on who comes first, at a size that is worth sharing."""
    lone_ranks: bool = False
    """The same of ranks."""
    least_shared: float = _LEAST_SHARED
    """Of all that was done, what others than the busiest must have done then."""

    def ask(self, build: sandbox.Build) -> Finding:
        """Make the call in each of the model's shapes, and weigh what the workers did."""
        found = Finding()
        for _ in range(_TRIES if self.model in BY_TEAMS else 1):
            found = self._once(build)
            if not found.failure or found.failure.check != "parallel":
                break
        return found

    def _once(self, build: sandbox.Build) -> Finding:
        shapes = SHAPES[self.model]
        rounds = tuple(Round(images=self.images, threads=shape.threads, ranks=shape.ranks) for shape in shapes)
        outcome = build.run(Run(calls=Calls(self.known, rounds), limits=self.limits))
        counts: list[list[list[int]]] = []
        for number, shape in enumerate(shapes):
            called = sorted((one for one in outcome.called if one.round == number), key=lambda one: one.index)
            if len(called) < len(self.images):
                if outcome.verdict not in (Verdict.OK, Verdict.SIGNALED, Verdict.RUNTIME_ERROR):
                    return Finding(silent=describe_run(outcome))
                return Finding(failure=shape.place(Failure(check="correct", why=ending(outcome)), self.model))
            counted_call = called[self.at]
            called[self.at] = replace(counted_call, ranks=tuple(replace(rank, arrays=rank.arrays[:-1]) for rank in counted_call.ranks))
            if why := self.wrong(called):
                return Finding(failure=shape.place(Failure(check="correct", why=why), self.model))
            counts.append([[int(n) for n in rank.arrays[-1] if n] for rank in counted_call.ranks])
        return self._weighed(counts)

    def _weighed(self, counts: Sequence[Sequence[Sequence[int]]]) -> Finding:
        whole = sum(counts[0][0])
        if whole < self.least:
            return Finding(silent="most of the work is done where nobody counts, such as in a library")
        for shape, ranks in zip(SHAPES[self.model][1:], counts[1:], strict=True):
            if shape.ranks > 1:
                shares = list(map(sum, ranks))
                why = repeated(whole, shares, shape.ranks, "ranks") or (lone(shares, "rank", self.least_shared) if self.lone_ranks else "")
            else:
                why = "" if self.model in BY_TEAMS else repeated(whole, ranks[0], shape.threads, "threads")
                why = why or (lone(ranks[0], "thread", self.least_shared) if self.lone or self.model in BY_TEAMS else "")
            if why:
                return Finding(failure=shape.place(Failure(check="parallel", why=why), self.model))
        return Finding()


def repeated(whole: int, shares: Sequence[int], num_workers: int, who: str) -> str:
    """Why work that several did can't have been shared, since each of them did all of it; empty where they didn't.

    Args:
        whole: what one alone counts for the same call.
        shares: what each counts who took part.
        num_workers: how many there were; with threads inside of threads more take part.
        who: what they are, such as ``threads``.
    """
    if len(shares) < 2 or max(shares) > (1 + _NEAR) * whole:
        return ""
    each, together = min(shares) >= (1 - _NEAR) * whole, sum(shares) >= (1 - _NEAR) * num_workers * whole
    return f"all {who} repeat the work: {sum(shares) / whole:.2f} times what one alone does" if each or together else ""


def lone(shares: Sequence[int], who: str = "thread", least_shared: float = _LEAST_SHARED) -> str:
    """Why one thread, or rank, must have done everything; empty where others had a part, or too many came to be told apart."""
    busiest, every = max(shares, default=0), sum(shares)
    if len(shares) == _NUM_COUNTS or not every or every - busiest >= least_shared * every:
        return ""
    return f"one {who} did all the work: {busiest / every:.1%} of it"
