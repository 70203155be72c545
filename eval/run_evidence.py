"""The third witness of real parallel work: what the threads and processes of an answer did while it was called.

The launcher reads, from outside of the box, what every thread used of the processor during a call, to the nanosecond. In a call that takes
long enough to tell, at least two threads (or ranks) must have done a real share of what the busiest one did.

Threads of OpenMP and ranks that wait are made to sleep (`sandbox/waits.c`). Not covered: whether the work was useful; a thread or rank that repeats
another one's work looks busy (`hpcraft.eval.work_counts`).
"""

from __future__ import annotations

import itertools
import os
import re
from collections import defaultdict
from collections.abc import Sequence

from hpcraft.eval.code_scan import blank
from hpcraft.eval.kernel_trial import Shape
from hpcraft.sandbox.calls import Called

LEAST_SECONDS = 1e-3
"""Work that takes less is over before a second thread has woken up."""
CLEAR_SHARE = 0.5
"""Of the busiest thread's time in one call: shows at once that the work was shared."""
_SHARE_OF_ONE, _SHARE_OF_SEVERAL = 0.1, 0.05
"""The least of the busiest thread's time, in one call and in several: what an idle thread uses evens out over several. Static schedules give
all threads as many iterations, which needn't be the same work; a dynamic one on a busy machine may not."""
_SHARE_OF_RANKS = 0.25
"""A rank that waits uses a twentieth of the busiest one's time, on busy cores a sixth; references give each rank three quarters, searches that end early a half."""
_BUSY = 0.75
"""Load of the last minute by core, from which on a thread may have to wait for one."""
_FIRST_COME = re.compile(
    r"\b(?:task|taskloop|sections|dynamic|guided|runtime|auto|capture|critical|fetch_add|omp_set_lock)\b", re.IGNORECASE
)
"""Ways to share work by which a thread that comes late gets none; by the others each has a part of its own."""
_COUNTER = re.compile(
    r"fetch_(?:and_)?(?:add|sub|or|and)|\batomic\s*<|\b_Atomic\b|\bomp_(?:set|test)(?:_nest)?_lock|compare_exchange", re.IGNORECASE
)
"""What threads draw numbers from that no directive tells."""
_DIRECTIVE = re.compile(r"(?:(?:#|%:)[ \t]*pragma\b|_Pragma\b|!\$omp\b)(?:\\\n|&[ \t]*\n|[^\n])*", re.IGNORECASE)
_MOST_NEW = 4
"""Threads more than the call before, in every call: a runtime's pool stays, and threads that ended aren't counted."""


def suspicion(model: str, called: Sequence[Called], shape: Shape, share: float | None = None) -> str:
    """Why the work can't have been shared; empty when the calls together show that it was, or none took long enough to tell.

    One call tells little: what a thread that has nothing to do uses while it wakes up and falls asleep is at times more than a tenth of a
    short call on busy cores. Who can have more calls asks for ``share`` of the busiest one's time first, such as `CLEAR_SHARE`.
    """
    why = ""
    if ("openmp" in model or model == "kokkos") and shape.threads > 1:
        why = _alone([_by_thread(one) for one in called], "one thread", share)
    if "mpi" in model and shape.ranks > 1:
        why = why or _alone([_by_rank(one) for one in called], f"one rank of {shape.ranks}", max(share or 0.0, _SHARE_OF_RANKS))
    return why


def others_came_late(code: str, called: Sequence[Called]) -> bool:
    """Whether threads may have found all work done because the machine is busy: it is, they are there, and who comes first gets the work."""
    busy = os.getloadavg()[0] > _BUSY * (os.cpu_count() or 1)
    return busy and bool(_FIRST_COME.search(code)) and any(sum(1 for task in one.tasks if task.tid) > 1 for one in called)


def hangs_on_who_comes_first(code: str, language: str) -> bool:
    """Whether which thread does what may be another one each time, once loops are shared by turns (`hpcraft.sandbox.races.with_static_schedules`).

    Args:
        code: an answer.
        language: ``c``, ``cpp`` or ``fortran``.
    """
    directives = "\n".join(_DIRECTIVE.findall(code))
    return bool(_FIRST_COME.search(directives) or _COUNTER.search(blank(code, language)))


def _by_thread(called: Called) -> list[float]:
    """Seconds of each thread, the busiest first; threads of one process that have ended count as one."""
    alive: dict[int, float] = defaultdict(float)
    for task in called.tasks:
        alive[task.pid] += task.seconds if task.tid else 0.0
    ended = [task.seconds - alive[task.pid] for task in called.tasks if not task.tid]
    return sorted([*(task.seconds for task in called.tasks if task.tid), *ended], reverse=True)


def _by_rank(called: Called) -> list[float]:
    """Seconds of each rank, the busiest first."""
    starter = called.tasks[0].pid  # mpirun, which has signals and pipes to look after
    return sorted((task.seconds for task in called.tasks if not task.tid and task.pid != starter), reverse=True)


def _alone(calls: Sequence[Sequence[float]], who: str, share: float | None) -> str:
    long = [seconds for seconds in calls if seconds and seconds[0] >= LEAST_SECONDS]
    if not long:
        return ""
    busiest, next_one = (sum(sum(seconds[i : i + 1]) for seconds in long) / len(long) for i in (0, 1))
    if next_one >= (share or (_SHARE_OF_ONE if len(long) == 1 else _SHARE_OF_SEVERAL)) * busiest:
        return ""
    return f"{who} did all the work: {busiest * 1e3:.1f} ms of a call, the next one {next_one * 1e3:.2f} ms"


def leftovers(called: Sequence[Called]) -> str:
    """Why a run is refused whose calls leave more and more threads behind; empty for others."""
    rounds: dict[int, list[int]] = defaultdict(list)
    for one in called:
        rounds[one.round].append(sum(1 for task in one.tasks if task.tid))
    for counts in rounds.values():
        growing = sum(1 for before, after in itertools.pairwise(counts) if after > before)
        if growing >= _MOST_NEW and growing == len(counts) - 1:
            return f"leaves threads running after its calls: {counts[0]} after the first, {counts[-1]} after the last"
    return ""
