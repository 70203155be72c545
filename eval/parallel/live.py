"""The part of an answer that can be executed: what is reached from the entry point, without branches that are never taken.

Functions that nobody calls, and branches whose condition can't hold for any size that a task has, prove nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hpcraft.eval.parallel.outline import Kind, Program, Step
from hpcraft.eval.parallel.values import ANYTHING, LARGEST_SIZE, Bounds, Known, always, bounds, never

_SIZE_WORDS = 8
"""So many rounds settle constants that are made of other constants."""


def known_values(program: Program, entry: str) -> dict[str, Bounds]:
    """The bounds of variables that are assigned once, and of the sizes that the entry point is given."""
    written = Counter(step.name for step in program.parts() if step.kind is Kind.ASSIGN)
    passed = {a.base for step in program.parts() if step.kind is Kind.CALL for a in step.arguments if a.by_address}
    declared = Counter(p.name for f in program.functions.values() for p in f.parameters)
    found: dict[str, Bounds] = {}
    function = program.functions.get(entry)
    for parameter in function.parameters if function else ():
        size = parameter.name in program.scalars and not parameter.is_shared
        if size and not written[parameter.name] and declared[parameter.name] == 1 and parameter.name not in passed:
            found[parameter.name] = Bounds(-LARGEST_SIZE, LARGEST_SIZE)
    _be_sizes(program, found)
    once = [s for s in program.parts() if s.kind is Kind.ASSIGN and s.declares and written[s.name] == 1 and not declared[s.name]]
    for _ in range(_SIZE_WORDS):
        before = dict(found)
        for step in once:
            if step.name not in passed and step.text and (value := bounds(step.text, found)) != ANYTHING:
                found[step.name] = value
        if found == before:
            break
    return found


def _be_sizes(program: Program, found: dict[str, Bounds]) -> None:
    """Parameters that bound a loop are sizes, and sizes are not negative."""
    loops = frozenset[str]().union(*(step.reads for step in program.parts() if step.kind is Kind.LOOP))
    for name in found:
        if name in loops or name.startswith("n"):
            found[name] = Bounds(0, LARGEST_SIZE)


def live(program: Program, entry: str) -> Program:
    """The program without what is never executed; without an entry point of that name every function is."""
    known = known_values(program, entry)
    steps = _pruned(program.steps, known)
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


def _pruned(steps: list[Step], known: Known) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        below, otherwise = _pruned(step.below, known), _pruned(step.otherwise, known)
        if step.kind is Kind.BRANCH and never(step.text, known):
            kept += [*step.header, *otherwise]
        elif step.kind is Kind.BRANCH and always(step.text, known):
            kept += [*step.header, *below]
        else:
            kept.append(replace(step, below=below, otherwise=otherwise))
    return kept
