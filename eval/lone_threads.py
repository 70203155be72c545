"""Which threads of an emulated launch run, and the search for one that is enough by itself: what the judges of kernels share.

Theory of operation. In a build with `FLAG` the threads of a launch whose numbers in the grid lie in an interval run; the others return at once. An answer that
is right with none of them has done the work on the host. Intervals that double are tried; where one of these is enough, it is halved until a single
thread is left or nothing is right any more; then the next one is.

Not covered: how much of the work the other threads have; kernels that count who is there, and threads that another thread's kernel starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

FLAG = "-DHPCRAFT_CUDA_CHOSEN"
FILE = "chosen.c"
CHOOSE = "void hpcraft_choose(unsigned long long first, unsigned long long behind)"
"""Says which threads run from now on."""
UNIT = f"unsigned long long hpcraft_cuda_first, hpcraft_cuda_behind;\n{CHOOSE} {{ hpcraft_cuda_first = first, hpcraft_cuda_behind = behind; }}\n"
"""Its definition, in C."""
NOBODY = (0, 0)
ON_THE_HOST = "the result is there though no thread of a kernel runs"
LIBRARY = "thrust"
"""Its algorithms are emulated without a launch."""
_BITS = 31
"""No launch of a test has more threads than two to this power."""
_MOST_HALVED = 100
"""Where many intervals are enough and no thread is, the search ends."""

Interval = tuple[int, int]
Enough = Callable[[Sequence[Interval]], Sequence[bool]]
"""Whether a call is right when only the threads of an interval run, for each of several."""


def lone_thread(enough: Enough, bits: int = _BITS) -> int | None:
    """The number of a thread that is enough by itself; None for no such one."""
    waiting = _those(enough, [(0, 1), *((1 << bit, 2 << bit) for bit in range(bits))])
    for _ in range(_MOST_HALVED):
        if not waiting or waiting[0][1] - waiting[0][0] == 1:
            break
        first, behind = waiting[0]
        middle = (first + behind) // 2
        waiting = [*_those(enough, [(first, middle), (middle, behind)]), *waiting[1:]]
    return waiting[0][0] if waiting and waiting[0][1] - waiting[0][0] == 1 else None


def lone_in_all(calls: Iterable[Enough], bits: int = _BITS) -> list[int] | None:
    """A thread that is enough by itself for each of some calls; None as soon as one of them needs several."""
    found: list[int] = []
    for enough in calls:
        if (thread := lone_thread(enough, bits)) is None:
            return None
        found.append(thread)
    return found


def _those(enough: Enough, intervals: Sequence[Interval]) -> list[Interval]:
    return [interval for interval, yes in zip(intervals, enough(intervals), strict=True) if yes]


def in_words(alone: Sequence[int]) -> str:
    """What is held against an answer for each of whose calls one thread is enough."""
    who = f"thread {min(alone)} of the launch" if len(set(alone)) == 1 else "one thread of the launch"
    return f"{who} does all the work: the result is the same without the others"
