"""The part of an answer that can be executed: what is reached from the entry point, without branches that are never taken.

Functions that nobody calls, and branches whose condition can't hold for any size that a task has, prove nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from hpcraft.data.parallel.outline import Kind, Program, Step
from hpcraft.data.parallel.values import ANYTHING, LARGEST_SIZE, Bounds, Known, always, bounds, never

_ROUNDS = 8
"""So many rounds settle constants that are made of other constants."""


def known_values(program: Program, entry: str = "") -> dict[str, Bounds]:
    """The bounds of variables that are assigned once, and within an entry point also of the sizes that it is given."""
    assigned = [step for step in program.parts() if step.kind is Kind.ASSIGN and (step.text or not step.declares)]
    written = Counter(step.name for step in assigned)
    passed = {a.base for step in program.parts() if step.kind is Kind.CALL for a in step.arguments if a.by_address}
    declared = {p.name for f in program.functions.values() for p in f.parameters}
    found = _sizes(program, entry, written.keys() | passed)
    once = [s for s in assigned if written[s.name] == 1 and s.operator == "=" and not s.indexed and s.name not in declared | passed]
    for _ in range(_ROUNDS):
        before = dict(found)
        for step in once:
            if step.text and (value := bounds(step.text, found)) != ANYTHING:
                found[step.name] = value
        if found == before:
            break
    return found


def _sizes(program: Program, entry: str, changed: Collection[str]) -> dict[str, Bounds]:
    """Numbers that the entry point is given and nobody changes; those that bound a loop are sizes, and sizes are not negative."""
    function = program.functions.get(entry)
    if function is None:
        return {}
    loops = frozenset[str]().union(*(step.reads for step in function.parts() if step.kind is Kind.LOOP))
    numbers = [p.name for p in function.parameters if p.name in program.scalars and not p.is_shared and p.name not in changed]
    return {name: Bounds(0 if name in loops or name.startswith("n") else -LARGEST_SIZE, LARGEST_SIZE) for name in numbers}


def live(program: Program, entry: str) -> Program:
    """The program without what is never executed; without an entry point of that name every function is."""
    steps = _pruned(program.steps, known_values(program), entry, known_values(program, entry))
    functions = {s.name: s for top in steps for s in top.parts() if s.kind is Kind.FUNCTION}
    if entry in functions:
        reached, new = {entry}, [entry]
        while new:
            at = functions[new.pop()]
            named = frozenset[str]().union(*(s.reads | {s.name} for s in at.parts() if s.kind is not Kind.FUNCTION))
            # A functor's operator is called where its class is named.
            more = {n for n in functions if n not in reached and (n in named or n.startswith("operator"))}
            reached |= more
            new += more
        steps = [s for s in steps if s.kind is not Kind.FUNCTION or s.name in reached]
    return replace(program, steps=steps)


def _pruned(steps: list[Step], known: Known, entry: str, within: Known) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        here = within if step.kind is Kind.FUNCTION and step.name == entry else known
        below, otherwise = _pruned(step.below, here, entry, within), _pruned(step.otherwise, here, entry, within)
        if step.kind is Kind.BRANCH and never(step.text, known):
            kept += [*step.header, *otherwise]
        elif step.kind is Kind.BRANCH and always(step.text, known):
            kept += [*step.header, *below]
        else:
            kept.append(replace(step, below=below, otherwise=otherwise))
    return kept
