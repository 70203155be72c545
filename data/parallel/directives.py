"""OpenMP, offload and OpenACC: whether a construct shares work between threads or lanes, and the work reaches an output.

Not covered: how large the part of the work is that is shared; the judge measures that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from hpcraft.data.parallel.outline import Kind, Step, words
from hpcraft.data.parallel.values import bounds, never
from hpcraft.data.parallel.work import TASKS, Answer, Share, divided, turns, writes

SHARES = frozenset({"for", "do", "sections", "loop", "taskloop", "task", "workshare", "distribute"})
_MOST_THREADS = 16
"""No run of the judge is given more; a constant beyond is no use of what is given."""
_LARGEST_CHUNK = 10**6
_THREAD_NUMBERS = words(
    "omp_get_thread_num omp_get_num_threads omp_get_team_num omp_get_num_teams"
    " fetch_add fetch_sub atomic_fetch_add __atomic_fetch_add __sync_fetch_and_add __sync_add_and_fetch"
)
"""Calls that give threads different values."""


def openmp(answer: Answer) -> str:
    """Why no threads share work by OpenMP; empty when they do."""
    if why := _told_to_be_serial(answer):
        return why
    return _first_that_works(answer, lambda s: bool(s.words & {"parallel", "teams"}), "OpenMP construct", _openmp_construct)


def offload(answer: Answer) -> str:
    """Why no target region shares work; empty when one does."""
    return _first_that_works(answer, lambda s: "target" in s.words and "data" not in s.words, "target construct", _target_construct)


def openacc(answer: Answer) -> str:
    """Why no OpenACC region shares work; empty when one does."""
    return _first_that_works(answer, lambda s: bool(s.words & {"parallel", "kernels", "serial"}), "OpenACC construct", _acc_construct)


def _first_that_works(answer: Answer, wanted: Callable[[Step], bool], name: str, judge: Callable[[Answer, Step], str]) -> str:
    why = ""
    for step in answer.program.parts():
        if step.kind is Kind.DIRECTIVE and wanted(step):
            why = judge(answer, step)
            if not why:
                return ""
    return why or f"no {name} that shares work between threads"


def _told_to_be_serial(answer: Answer) -> str:
    """Calls that leave every parallel region one thread."""
    for step in answer.program.parts():
        if step.kind is Kind.CALL and step.arguments:
            value = bounds(step.arguments[0].text, answer.known)
            if step.name == "omp_set_num_threads" and value.high <= 1:
                return "omp_set_num_threads sets one thread"
            if step.name == "omp_set_num_threads" and (count := value.constant) is not None and count > _MOST_THREADS:
                return f"omp_set_num_threads asks for {count:g} threads, whatever it is given"
            if step.name == "omp_set_max_active_levels" and value.high <= 0:
                return "omp_set_max_active_levels switches parallel regions off"
    return ""


def _openmp_construct(answer: Answer, step: Step) -> str:
    if _has_one_thread(answer, step):
        return "the parallel construct is told to use one thread"
    return _shares(answer, step, "parallel")


def _target_construct(answer: Answer, step: Step) -> str:
    if _has_one_thread(answer, step):
        return "the target construct is told to use one thread or to stay on the host"
    inner = [s for part in answer.reached([step]) for s in part.parts() if s.kind is Kind.DIRECTIVE]
    whys = [_shares(answer, s, "target") for s in inner if s.words & {"parallel", "teams", "loop"} and not _has_one_thread(answer, s)]
    return "" if "" in whys else next(iter(whys), "the target region shares no work between threads")


def _acc_construct(answer: Answer, step: Step) -> str:
    if "serial" in step.words:
        return "the region is OpenACC's serial construct"
    one = [answer.constant(text) for text in step.clause("num_gangs", "num_workers", "vector_length")]
    if (len(one) > 1 and all(v is not None and v <= 1 for v in one)) or any(never(text, answer.known) for text in step.clause("if")):
        return "the OpenACC construct is told to use one lane or to stay on the host"
    inner = [s for part in answer.reached([step]) for s in part.parts() if s.kind is Kind.DIRECTIVE]
    loops = [s for s in inner if "loop" in s.words and not any(name == "seq" for name, _ in s.clauses)]
    if "kernels" in step.words and not any("loop" in s.words for s in inner):  # the compiler finds the loops itself
        loops = [step]
    if not loops:
        return "the OpenACC region shares no work: no loop of it is parallel"
    whys = [_has_work(answer, s, "OpenACC") for s in loops]
    return "" if "" in whys else whys[0]


def _has_one_thread(answer: Answer, step: Step) -> bool:
    threads = [bounds(text.rpartition(":")[2], answer.known).high for text in step.clause("num_threads")]
    teams = [bounds(text.rpartition(":")[2], answer.known).high for text in step.clause("num_teams", "thread_limit")]
    conditions = [
        re.sub(r"^\s*(?:parallel|target|teams)\s*:", "", text)
        for text in step.clause("if")
        if not re.match(r"\s*(?:task|simd|cancel)", text)
    ]
    alone = any(high <= 1 for high in threads) or (len(teams) > 1 and all(high <= 1 for high in teams))
    return alone or any(never(text, answer.known) for text in conditions)


# ---------------------------------------------------------------- what a construct holds


def _shares(answer: Answer, step: Step, name: str) -> str:
    if step.words & SHARES:
        return _has_work(answer, step, name)
    inside = answer.reached(step.below)
    directives = [s for part in inside for s in part.parts() if s.kind is Kind.DIRECTIVE]
    whys = [_has_work(answer, s, name) for s in directives if s.words & SHARES and not s.words & {"parallel", "teams"}]
    if "" in whys or _is_divided_by_hand(answer, step):
        return ""
    return next(iter(whys), f"the {name} region shares no work between its threads")


def _is_divided_by_hand(answer: Answer, step: Step) -> bool:
    numbers = _THREAD_NUMBERS | _drawn(answer, step)
    return answer.matters(divided(answer, step.below, Share.of(answer, numbers, by_branches=True)))


def _drawn(answer: Answer, region: Step) -> set[str]:
    """What threads draw from a counter that they share, such as ``i`` in ``i = next++``; whether that is safe, the race check says."""
    inside = [s for part in answer.reached(region.below) for s in part.parts() if s.kind is Kind.ASSIGN]
    own = {s.name for s in inside if s.declares}
    counters = {s.name for s in inside if s.operator != "=" and not s.indexed and s.name not in own}
    counters -= {word for text in region.clause("reduction", "private", "firstprivate") for word in re.findall(r"\w+", text)}
    return {s.name for s in inside if s.operator == "=" and s.reads & counters}


def _has_work(answer: Answer, step: Step, name: str) -> str:
    if why := _is_undivided(answer, step):
        return f"the {name} construct {why}"
    private = frozenset(word for text in step.clause("private", "firstprivate") for word in re.findall(r"\w+", text))
    written = writes(answer, step.below, private)
    if not written:
        return f"the {name} construct holds no work"
    return "" if answer.matters(written) else f"what the {name} construct computes is never used"


def _is_undivided(answer: Answer, step: Step) -> str:
    """Why there is nothing to share: one iteration, one chunk for all, one section, one task."""
    if "sections" in step.words:
        parts = sum("section" in s.words for s in step.parts())
        below = step.below[0].below if len(step.below) == 1 and step.below[0].kind is Kind.DIRECTIVE else step.below
        first_is_unmarked = bool(step.below) and "section" not in step.below[0].words
        return "has one section" if parts + first_is_unmarked < 2 and bool(below) else ""
    if step.words & TASKS == {"task"}:
        return "is a single task" if _is_single_task(answer, step) else ""
    loops = _loops(step, int(answer.constant(step.clause("collapse")[0]) or 1) if step.clause("collapse") else 1)
    counts = [turns(answer, loop) for loop in loops]
    if counts and all(count is not None and count <= 1 for count in counts):
        return "has one iteration to share"
    for text in step.clause("schedule", "dist_schedule"):
        chunk = text.partition(",")[2].strip()
        end = (loops[0].bounds or ("", "", ""))[1] if loops else ""
        if chunk and (bounds(chunk, answer.known).low >= _LARGEST_CHUNK or re.sub(r"^\s*\w+\s*<\s*", "", end) == chunk):
            return "gives all iterations to one thread"
    return ""


def _loops(step: Step, depth: int) -> list[Step]:
    found: list[Step] = []
    at: Iterable[Step] = step.below
    while len(found) < depth:
        loop = next((s for s in _unwrapped(at) if s.kind is Kind.LOOP), None)
        if loop is None:
            break
        found.append(loop)
        at = loop.below
    return found


def _unwrapped(steps: Iterable[Step]) -> Iterable[Step]:
    for step in steps:
        if step.kind is Kind.DIRECTIVE:
            yield from _unwrapped(step.below)
        else:
            yield step


def _is_single_task(answer: Answer, task: Step) -> bool:
    """Whether a task is made once: in no loop, in no function that calls itself or is called from a loop, and beside no other."""
    everything = list(answer.program.parts())
    if sum(bool(s.words & TASKS) for s in everything) > 1 or any(never(t, answer.known) for t in task.clause("if")):
        return all(never(t, answer.known) for t in task.clause("if")) and bool(task.clause("if"))
    makers = {name for name, f in answer.program.functions.items() if any(s is task for s in f.parts())}
    repeated = [s for s in everything if s.kind is Kind.LOOP or (s.kind is Kind.FUNCTION and s.name in makers)]
    for outer in repeated:
        inside = list(outer.parts())
        if outer.kind is Kind.LOOP and (
            any(s is task for s in inside) or any(s.kind is Kind.CALL and s.name in makers - {answer.entry} for s in inside)
        ):
            return False
        if outer.kind is Kind.FUNCTION and any(s.kind is Kind.CALL and s.name in makers for s in inside):
            return False
    return True
