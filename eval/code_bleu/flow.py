"""The data-flow part of CodeBLEU: where the value of each variable comes from.

An edge says that a variable *comes from* another (it is a copy, or it is read after something gave it a value) or is *computed from* it
(it is the outcome of an expression, a compound assignment, a loop's control, or a call that was given its address). Variables are
numbered by the order in which the text names them, each declaration in a scope of its own being another one, so that consistent renaming
changes nothing; names of parallel libraries and CUDA's built-in variables stay what they are. A loop's body is entered with what it
defines itself, as in its second round.

Theory of operation: the grammar's walker (`flow_c`, `flow_fortran`) turns a tree into a list of events in the order of the text
without recursion, since hostile texts nest deeply; the events' names are resolved to variables, and edges follow from the events alone.

Not covered: aliases, values that functions change behind pointers, branches (both count as taken), implicit variables of two Fortran
procedures (one if they share a name).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from hpcraft.tokenizer.keywords import CUDA_BUILTINS
from hpcraft.tokenizer.vocabulary import FAMILIES, FORTRAN_FAMILIES

if TYPE_CHECKING:
    from tree_sitter import Node

COMES, COMPUTED = "comes from", "computed from"


@dataclass(frozen=True, slots=True)
class Use:
    """A variable is read."""

    name: str


@dataclass(frozen=True, slots=True)
class Define:
    """A variable is given a value, declared, or both."""

    name: str
    sources: tuple[str, ...] = ()
    copy: bool = False
    """Whether the value is one variable's, as it is."""
    declares: bool = False
    """Whether it is a new variable of the innermost scope."""
    valued: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A loop or a scope begins or ends."""

    what: Literal["loop", "scope"]
    begins: bool


LOOP, LOOP_END = Mark("loop", begins=True), Mark("loop", begins=False)
SCOPE, SCOPE_END = Mark("scope", begins=True), Mark("scope", begins=False)

Event: TypeAlias = Use | Define | Mark
Expand: TypeAlias = "Callable[[Node], Sequence[Node | Event]]"
"""What a node consists of, in order: events, and nodes that are looked at in their turn."""


class Edge(NamedTuple):
    """Where a variable's value comes from."""

    target: str
    relation: str
    source: str


def edges(root: Node, language: str) -> Counter[Edge]:
    """The edges of a tree, variables as numbers."""
    from hpcraft.eval.code_bleu import flow_c, flow_fortran

    fortran = language == "fortran"
    expand = flow_fortran.expander(root) if fortran else flow_c.expand
    return Counter(_edges(_resolved(_events(root, expand), fortran=fortran)))


def is_platform(name: str, *, fortran: bool) -> bool:
    """Whether a name keeps its meaning only as it is."""
    return bool(FORTRAN_FAMILIES.fullmatch(name)) if fortran else name in CUDA_BUILTINS or bool(FAMILIES.fullmatch(name))


def _events(root: Node, expand: Expand) -> Iterator[Event]:
    stack: list[Node | Event] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, Use | Define | Mark):
            yield item
        else:
            stack.extend(reversed(expand(item)))


def _resolved(events: Iterable[Event], *, fortran: bool) -> list[Event]:
    """Events with the number of a variable for its name; scopes are gone."""
    scopes: list[dict[str, str]] = [{}]
    count = itertools.count()

    def number(name: str, *, new: bool = False) -> str:
        if not new and is_platform(name, fortran=fortran):
            return name
        if not new:
            for scope in reversed(scopes):
                if name in scope:
                    return scope[name]
        where = scopes[-1] if new else scopes[0]
        where[name] = str(next(count))
        return where[name]

    result: list[Event] = []
    for event in events:
        if isinstance(event, Use):
            result.append(Use(number(event.name)))
        elif isinstance(event, Define):
            sources = tuple(number(source) for source in event.sources)
            result.append(replace(event, name=number(event.name, new=event.declares), sources=sources))
        elif event.what == "loop":
            result.append(event)
        elif event.begins:
            scopes.append({})
        elif len(scopes) > 1:
            scopes.pop()
    return result


def _edges(events: Sequence[Event]) -> Iterator[Edge]:
    defined: set[str] = set()
    own = _loop_definitions(events)
    for place, event in enumerate(events):
        if isinstance(event, Use):
            if event.name in defined:
                yield Edge(event.name, COMES, event.name)
        elif isinstance(event, Define):
            relation = COMES if event.copy else COMPUTED
            yield from (Edge(event.name, relation, source) for source in event.sources)
            if event.valued:
                defined.add(event.name)
        else:
            defined |= own.get(place, frozenset())


def _loop_definitions(events: Sequence[Event]) -> dict[int, frozenset[str]]:
    """What each outermost loop gives values to, by the place where it begins; inner ones are part of it."""
    result: dict[int, frozenset[str]] = {}
    depth, begin, names = 0, 0, set[str]()
    for place, event in enumerate(events):
        if isinstance(event, Mark):
            if event.begins and not depth:
                begin, names = place, set()
            depth += 1 if event.begins else -1
            if not depth:
                result[begin] = frozenset(names)
        elif depth and isinstance(event, Define) and event.valued:
            names.add(event.name)
    return result
