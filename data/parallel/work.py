"""Work: what a part of an answer writes that may matter, whether it is shared out, and whether it reaches an output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hpcraft.data.parallel.flow import Flow, mpi_name, outputs
from hpcraft.data.parallel.live import known_values, live
from hpcraft.data.parallel.outline import Kind, Program, Step
from hpcraft.data.parallel.values import Bounds, bounds, changes_nothing, never

EXCLUSIVE = frozenset({"critical", "single", "master", "masked", "ordered"})
"""Constructs that one thread at a time works in."""
TASKS = frozenset({"task", "taskloop"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is looked at: what can be executed of it, and what follows from that."""

    program: Program
    entry: str
    known: dict[str, Bounds]
    flow: Flow
    outputs: frozenset[str]

    @classmethod
    def of(cls, program: Program, entry: str) -> Answer:
        """The executed part of a program."""
        alive = live(program, entry)
        return cls(alive, entry, known_values(alive, entry), Flow(alive), frozenset(outputs(program, entry)))

    def constant(self, text: str) -> float | None:
        """The value of an expression, where there is one only."""
        return bounds(text, self.known).constant

    def matters(self, written: Iterable[str]) -> bool:
        """Whether an output depends on what is written."""
        return bool(self.flow.derived(written, by_branches=True) & self.outputs)

    def called_by(self, call: Step) -> list[list[Step]]:
        """The bodies of the answer's own that a call executes: a function's, or those of the lambdas that a parameter stands for."""
        functions = self.program.functions
        if call.name in functions:
            return [functions[call.name].below]
        found: list[list[Step]] = []
        for function in functions.values():
            places = [i for i, p in enumerate(function.parameters) if p.name == call.name]
            for step in self.program.parts() if places else ():
                if step.kind is Kind.CALL and step.name == function.name:
                    given = [a.base for a in step.arguments[places[0] : places[0] + 1]]
                    found.append(functions[given[0]].below if given and given[0] in functions else step.below)
        return found

    def reached(self, steps: Iterable[Step]) -> list[Step]:
        """These steps and the bodies of the answer's own functions that they call, which may hold worksharing of theirs."""
        functions = dict(self.program.functions)
        parts = list(steps)
        for step in parts:
            for called in [s for s in step.parts() if s.kind is not Kind.FUNCTION]:
                for name in sorted((called.reads | {called.name}) & functions.keys()):
                    parts += functions.pop(name).below
        return parts


def writes(answer: Answer, steps: Iterable[Step], private: frozenset[str] = frozenset()) -> set[str]:
    """The variables that steps write and that outlive them, in work that threads do at once.

    What one thread does at a time is left out, as are loop counters, assignments that change nothing, and loops that never turn.
    """
    steps = list(steps)
    own = private | {s.name for step in steps for s in step.parts() if s.kind is Kind.ASSIGN and s.declares and not s.aliases}
    return {name for name in _written(answer, steps, set()) if name not in own or _is_memory(answer, steps, name)}


def _is_memory(answer: Answer, steps: list[Step], name: str) -> bool:
    """Whether a variable of the steps' own points to memory of others, as a task's or a thread's pointer may."""
    return any(s.aliases and s.name == name for step in steps for s in step.parts()) and name not in answer.program.scalars


def _written(answer: Answer, steps: list[Step], called: set[str]) -> Iterator[str]:
    for step in steps:
        if step.kind is Kind.FUNCTION or is_exclusive(step):
            continue
        if step.kind is Kind.LOOP and turns(answer, step) == 0:
            continue
        if step.kind is Kind.ASSIGN:
            if not step.declares and not changes_nothing(step.target, step.operator, step.text):
                yield step.name
        elif step.kind is Kind.CALL:
            if step.name not in answer.program.functions:
                yield from answer.flow.written_by(step)
            for below in answer.called_by(step) if step.name not in called else []:
                called.add(step.name)
                yield from _written(answer, below, called)
        header = [s for s in step.header if s.kind is Kind.CALL] if step.kind is Kind.LOOP else step.header
        yield from _written(answer, [*header, *step.below, *step.otherwise], called)


def is_exclusive(step: Step) -> bool:
    """Whether one thread at a time does what is below; tasks that it makes are done by all."""
    if step.kind is Kind.DIRECTIVE:
        first = step.clauses[0][0] if step.clauses else ""
        alone = bool(step.words & (EXCLUSIVE - {"ordered"})) or first == "ordered"
        return alone and not step.words & {"for", "do", "loop", "taskloop"} and not any(s.words & TASKS for s in step.parts())
    return step.kind is Kind.BRANCH and bool(re.search(r"omp_get_thread_num\s*\(\s*\)\s*(?:==|\.eq\.)\s*\d+$", step.text))


def turns(answer: Answer, loop: Step) -> float | None:
    """How often a loop turns, when that is a constant: 0, 1, or 2 for more."""
    if loop.bounds is None:
        return None
    first, last, by = loop.bounds
    low = answer.constant(first)
    if answer.program.language == "fortran":
        high = answer.constant(last)
        return None if low is None or high is None or by.startswith("-") else min(max(high - low + 1, 0), 2)
    match = re.match(r"^\s*\w+\s*(<=?)\s*(.+)$", last)
    high = answer.constant(match[2]) if match else None
    if match is None:
        return None
    if never(f"({first}) {match[1]} ({match[2]})", answer.known):
        return 0
    if low is None or high is None:
        return None
    step = re.search(r"\+=\s*(.+)$", by)
    stride = answer.constant(step[1]) if step else 1.0
    count = high - low + (match[1] == "<=")
    return min(max(count, 0), 2) if stride == 1 else (0 if count <= 0 else 1 if stride and stride >= count else None)


# ---------------------------------------------------------------- work shared by numbers of threads, ranks or blocks


@dataclass(frozen=True, slots=True)
class Share:
    """What tells shares apart: numbers of ranks and the like, and the data that is shared out."""

    numbers: frozenset[str]
    data: frozenset[str]

    @classmethod
    def of(cls, answer: Answer, numbers: Iterable[str], *, by_branches: bool = False) -> Share:
        """By numbers that start as ``numbers``; the data is what the entry point's arrays hold."""
        functions = answer.program.functions
        chosen = [functions[answer.entry]] if answer.entry in functions else list(functions.values())
        arrays = {p.name for f in chosen for p in f.parameters if p.is_shared}
        data = answer.flow.derived(arrays, by_branches=True)
        return cls(frozenset(answer.flow.derived(numbers, by_branches=by_branches)), frozenset(data))

    def takes(self, reads: frozenset[str]) -> bool:
        """Whether something reads its share of the data."""
        return bool(reads & self.numbers) and bool(reads & self.data)


def divided(answer: Answer, steps: Iterable[Step], share: Share) -> set[str]:
    """The variables written by work whose extent, place or condition depends on numbers such as the rank of a process.

    What only one of them does, because of a comparison with a constant, is not divided.
    """
    return set(_divided(answer, list(steps), share, inside=False, called=set()))


def _divided(answer: Answer, steps: list[Step], share: Share, *, inside: bool, called: set[tuple[str, bool]]) -> Iterator[str]:
    for step in steps:
        if step.kind is Kind.FUNCTION or is_exclusive(step):
            continue
        here = inside
        if step.kind is Kind.LOOP:
            here = inside or bool(step.reads & share.numbers) or any(s.reads & share.numbers for s in step.header)
        elif step.kind is Kind.BRANCH:
            if _is_for_one(step, share.numbers):
                yield from _divided(answer, step.otherwise, share, inside=inside, called=called)
                continue
            here = inside or bool(step.reads & share.numbers)
            # What follows `if (i % ranks != rank) continue;` depends on the rank as well.
            inside = inside or (here and any(s.kind is Kind.USE for s in [*step.below, *step.otherwise]))
        elif step.kind is Kind.ASSIGN:
            placed = step.indices & share.numbers or (step.name in share.numbers and step.name in answer.program.arrays)
            works = (here or placed) and not step.declares and not changes_nothing(step.target, step.operator, step.text)
            if works or share.takes(step.reads):
                yield step.name
        elif step.kind is Kind.CALL and not mpi_name(step.name):
            yield from _divided_call(answer, step, share, inside=here, called=called)
        header = [s for s in step.header if s.kind is Kind.CALL] if step.kind is Kind.LOOP else step.header
        yield from _divided(answer, [*header, *step.below, *step.otherwise], share, inside=here, called=called)


def _divided_call(answer: Answer, step: Step, share: Share, *, inside: bool, called: set[tuple[str, bool]]) -> Iterator[str]:
    mine = inside
    if step.name not in answer.program.functions:
        mine = inside or any(a.reads & share.numbers for a in step.arguments)
        yield from answer.flow.written_by(step) if mine else ()
    for below in answer.called_by(step) if (step.name, mine) not in called else []:
        called.add((step.name, mine))
        yield from _divided(answer, below, share, inside=mine, called=called)


def _is_for_one(branch: Step, numbers: frozenset[str]) -> bool:
    """Whether a branch is for one rank or thread: ``rank == 0``, ``!rank``, ``rank < 1``."""
    if not branch.reads & numbers:
        return False
    word = r"[\w%.:]+(?:\s*\(\s*\))?"
    patterns = (rf"^{word}\s*(?:==|\.eq\.)\s*\d+$", rf"^\d+\s*(?:==|\.eq\.)\s*{word}$", rf"^!\s*\(?{word}\)?$", rf"^{word}\s*<\s*1$")
    parts = re.split(r"&&|\.and\.", branch.text)
    return any(
        re.match(pattern, part.strip(" ()") + ("()" if part.strip().endswith("()") else "")) for part in parts for pattern in patterns
    )
