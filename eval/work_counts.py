"""How much of an answer's work each of its threads and ranks did: the fourth witness of real parallel work.

Theory of operation. The answer is built once more by the compiler that judges it, with a call before every basic block
(``-fsanitize-coverage=trace-pc``); what is called counts by thread. Counts are the same on busy and on idle machines, and on any number of
cores. What one thread (or rank) alone counts is the whole work. Where work is shared by many, the second busiest of them has at most half of
it; where two of them have nearly all, it was repeated. This tells what time on the processor can't (`hpcraft.eval.run_evidence`).

Not covered: what libraries do, such as MPI's own and ``matmul``: where they do most of it, nothing is told; work that is repeated beside as much that is shared; blocks have any length, so that a
long one that is repeated can hide behind many short ones that aren't.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcraft.eval.judging import first_error
from hpcraft.eval.kernel_trial import Shape
from hpcraft.sandbox.abi import Argument, Array, Signature
from hpcraft.sandbox.calls import Called
from hpcraft.sandbox.outcome import Outcome, Verdict

FLAG = "-fsanitize-coverage=trace-pc"
FILE = "counted.c"
NUM_COUNTS = 4096
"""Threads that are told apart; those that come later share the last count."""
MOST_REPEATED = 0.9
"""Of the whole work, what the second busiest of several may do. References of `kernels` have 0.83 and less at the timed size; a loop in which each thread skips what is not its own 0.75."""
LEAST_SHARED = 0.05
"""Of all that was done, what all but the busiest thread must have had a part in."""
_MOST_ELEMENTS, _MOST_FLOPS = 16, 64
"""Of one block; where fewer blocks were counted, most of the work is in a library, as Fortran's ``matmul``."""
_ALONE, _THREADS, _RANKS = Shape(), Shape(threads=8), Shape(ranks=5)
SHAPES: dict[str, tuple[Shape, ...]] = {
    "openmp": (_ALONE, _THREADS),
    "mpi": (_ALONE, _RANKS),
    "mpi+openmp": (_ALONE, _THREADS, _RANKS),
    "offload": (_ALONE, _THREADS),
    "openacc": (_ALONE, _THREADS),
}
"""How a program is started to be counted, by model: alone, and for each kind of worker with several."""
BY_TEAMS = ("offload", "openacc")
"""Threads are new in each construct, so that it is told who was alone, not who did the same."""
LONE = "one thread did all the work"

_UNIT = """\
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNCOUNTED __attribute__((no_sanitize_coverage))
#define MOST {most}

static struct {{ unsigned long long blocks; char apart[56]; }} hpcraft_tasks[MOST];
static int hpcraft_num_tasks, hpcraft_counting;
static __thread int hpcraft_mine;

UNCOUNTED void __sanitizer_cov_trace_pc(void) {{
    if (!hpcraft_counting) return;
    if (!hpcraft_mine) {{
        int number = __atomic_add_fetch(&hpcraft_num_tasks, 1, __ATOMIC_RELAXED);
        hpcraft_mine = number < MOST ? number : MOST;
    }}
    hpcraft_tasks[hpcraft_mine - 1].blocks++;
}}

{prototype};

UNCOUNTED {counted} {{
    for (int i = 0; i < MOST; i++) hpcraft_tasks[i].blocks = 0;
    hpcraft_counting = 1;
    {begin}{name}({arguments});
    hpcraft_counting = 0;
    for (int i = 0; i < MOST; i++) hpcraft_counts[i] = hpcraft_tasks[i].blocks;
    {end}
}}
"""


def counted(signature: Signature) -> Signature:
    """Of the function that calls another one and gives what its threads did, in a last array of `NUM_COUNTS` elements."""
    parameters = ", ".join([*(p.declaration() for p in signature.parameters), "unsigned long long *hpcraft_counts"])
    return Signature.parse(f"{signature.returns} hpcraft_counted_{signature.name}({parameters})")


def unit(signature: Signature) -> str:
    """Its definition, in C, for a program that is built with `FLAG`."""
    returns = signature.returns != "void"
    return _UNIT.format(
        most=NUM_COUNTS,
        prototype=signature.prototype(),
        counted=counted(signature).prototype(),
        begin=f"{signature.returns} hpcraft_value = " if returns else "",
        name=signature.name,
        arguments=", ".join(p.name for p in signature.parameters),
        end="return hpcraft_value;" if returns else "",
    )


def least_of(arguments: Sequence[Argument], flops: int = 0) -> float:
    """Blocks that a call with these arguments takes, unless what does it is in a library: none handles many elements or operations."""
    return max(sum(np.size(a) for a in arguments if np.ndim(a)) / _MOST_ELEMENTS, flops / _MOST_FLOPS)


def no_counts() -> Array:
    """What the last argument is before a call."""
    return np.zeros(NUM_COUNTS, np.uint64)


def unbuilt(outcome: Outcome) -> str:
    """What is held against an answer that its compiler takes only without `FLAG`; empty where the sandbox failed."""
    if outcome.verdict is not Verdict.COMPILE_ERROR:
        return ""
    return f"it doesn't build where the work of threads is counted: {first_error(outcome)}"


def suspicion(model: str, called: Sequence[Called], least: float) -> str:
    """Why the work of one call can't have been shared; empty where it was, or nothing can be told.

    Args:
        model: a key of `SHAPES`.
        called: the same call in each of the model's shapes, in their order; those of a program that broke off are missing.
        least: blocks that must be executed to do it, however it is done, unless libraries do it (`least_of`).
    """
    counts = [[[int(n) for n in rank.arrays[-1] if n] for rank in one.ranks] for one in called]
    if len(counts) < len(SHAPES[model]):
        return ""
    whole = sum(counts[0][0])
    if whole < least:
        return ""
    for shape, ranks in zip(SHAPES[model][1:], counts[1:], strict=True):
        if shape.ranks > 1:
            why = repeated(whole, list(map(sum, ranks)), "ranks")
        else:
            why = lone(ranks[0]) if model in BY_TEAMS else repeated(whole, ranks[0], "threads")
        if why:
            return why
    return ""


def repeated(whole: int, shares: Sequence[int], who: str) -> str:
    """Why work that several did can't have been shared, since two of them did all of it; empty where they didn't.

    Args:
        whole: what one alone counts for the same call.
        shares: what each of several counts.
        who: what they are, such as ``threads``.
    """
    busiest, second = [*sorted(shares, reverse=True), 0, 0][:2]
    if second < MOST_REPEATED * whole:
        return ""
    return f"{who} repeat the work: of what one alone does, the busiest two do {busiest / whole:.0%} and {second / whole:.0%} each"


def lone(shares: Sequence[int]) -> str:
    """Why one thread must have done everything; empty where others had a part."""
    busiest, every = max(shares, default=0), sum(shares)
    return f"{LONE}: {busiest / every:.1%} of it" if every and every - busiest < LEAST_SHARED * every else ""
