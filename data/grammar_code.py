"""A small tree of loop nests: what templates build, habits change and the writers of all languages read.

Expressions are plain C text; only what the sides write differently is a node: declarations, loops, conditions, updates that meet other
iterations, and the loops that may run in parallel. `CWriter` (`hpcraft.data.grammar_c`) writes the tree as C and as OpenMP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from hpcraft.data.grammar_words import Style

_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*(?:[-+*/%]?=(?!=)|\+\+|--)")
"""A name that is given a value; elements of arrays don't count."""
MATHS = "(?:fabs|sqrt|exp|cos|sin|tanh|log|pow|fmax|fmin|floor|ceil|round)"
"""The functions of ``math.h`` that kernels call, without an ``f`` at the end."""


Access = Literal["in", "out", "inout", "host"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """A parameter: a scalar with the values tests may give it, or an array with its length."""

    name: str
    ctype: str
    length: str = ""
    """Number of elements as a C expression over scalar parameters; empty for a scalar."""
    access: Access = "in"
    """``host``: written by the host side only, such as the place of a reduction's result."""
    bound: str = ""
    """For integer arrays: elements lie in 0..bound-1."""
    values: tuple[str, ...] = ()

    @property
    def is_array(self) -> bool:
        """Whether the parameter is a pointer."""
        return bool(self.length)


@dataclass(frozen=True, slots=True)
class Line:
    """One statement, written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Let:
    """A scalar variable with its first value; without one where it is only declared."""

    ctype: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Atomic:
    """An update ``place op value`` that other iterations may make at the same place."""

    place: str
    op: Literal["+=", "="]
    """``=``: whoever comes stores the same value."""
    value: str


@dataclass(frozen=True, slots=True)
class If:
    """A condition."""

    condition: str
    body: tuple[Node, ...]
    orelse: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """A while loop, or with ``last`` one that tests at its end."""

    condition: str
    body: tuple[Node, ...]
    last: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The head of a counted loop: ``low <= var < high`` by ``step``, written in one of several ways."""

    var: str
    low: str = "0"
    high: str
    step: str = "1"
    form: Literal["up", "inclusive", "down", "while", "open", "shifted"] = "up"
    also: str = ""
    """A second thing that every step does, such as ``index += w * h``."""


@dataclass(frozen=True, slots=True)
class For:
    """A sequential loop."""

    head: Range
    body: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reduce:
    """A reduction of a parallel nest into a scalar that was declared before."""

    op: Literal["+", "*", "max", "min"]
    name: str
    ctype: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Parallel:
    """One to three perfectly nested loops whose iterations are independent but for ``reduce`` and atomic updates."""

    heads: tuple[Range, ...]
    body: tuple[Node, ...]
    reduce: Reduce | None = None


Node = Line | Let | Atomic | If | While | For | Parallel


@dataclass(frozen=True, kw_only=True, slots=True)
class Helper:
    """A small function that the kernel calls."""

    result: str
    name: str
    params: str
    body: str
    builtin: bool = False
    """CUDA has it already, such as ``max``."""

    def text(self, prefix: str) -> str:
        """The definition, ``static inline`` or ``__device__`` in front."""
        return f"{prefix} {self.result} {self.name}({self.params}) {{ {self.body} }}\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A whole function."""

    name: str
    params: tuple[Param, ...]
    body: tuple[Node, ...]
    result: str = "void"
    features: tuple[str, ...] = field(default=())
    """Structural choices: template first; what the split goes by."""
    helpers: tuple[Helper, ...] = ()

    def prototype(self, style: Style) -> str:
        """The function's head without semicolon."""
        return f"{self.result} {self.name}({', '.join(declare(p, style) for p in self.params)})"

    @property
    def arrays(self) -> dict[str, Param]:
        """Array parameters by name."""
        return {p.name: p for p in self.params if p.is_array}


def declare(param: Param, style: Style, *, name: str | None = None) -> str:
    """A parameter as C declares it."""
    name = name or param.name
    if not param.is_array:
        return f"{'const ' if style.const_scalars else ''}{param.ctype} {name}"
    const = "const " if style.const and param.access == "in" else ""
    return f"{const}{param.ctype} {name}[]" if style.brackets else f"{const}{param.ctype}{style.star}{name}"


def words(text: str) -> set[str]:
    """Identifiers (and keywords) in a piece of C."""
    return set(_WORD.findall(text))


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node, outermost first."""
    for node in nodes:
        yield node
        if isinstance(node, If):
            yield from walk(node.body)
            yield from walk(node.orelse)
        elif isinstance(node, While | For | Parallel):
            yield from walk(node.body)


def texts(node: Node) -> Iterator[str]:
    """The pieces of C text of one node, without what lies below it."""
    match node:
        case Line(text):
            yield text
        case Let(_, _, value):
            yield value
        case Atomic(place, _, value):
            yield from (place, value)
        case If(condition, _, _) | While(condition, _):
            yield condition
        case For(head, _):
            yield from (head.low, head.high, head.step, head.also)
        case Parallel(heads=heads):
            for head in heads:
                yield from (head.low, head.high, head.step)


def mentioned(nodes: Iterable[Node]) -> set[str]:
    """Every identifier in the nodes' expressions and loop heads."""
    return {word for node in walk(nodes) for text in texts(node) for word in words(text)}


def declared(nodes: Iterable[Node], index_type: str) -> dict[str, str]:
    """Variables that the nodes declare, loop variables too, with their types."""
    found: dict[str, str] = {}
    for node in walk(nodes):
        if isinstance(node, Let):
            found[node.name] = node.ctype
        elif isinstance(node, For):
            found[node.head.var] = index_type
        elif isinstance(node, Parallel):
            found.update((head.var, index_type) for head in node.heads)
    return found


def rewrite(nodes: Iterable[Node], change: Callable[[str], str]) -> tuple[Node, ...]:
    """The nodes with ``change`` made to every piece of text, loop variables and names that are declared too."""
    return tuple(_rewritten(node, change) for node in nodes)


def _rewritten(node: Node, change: Callable[[str], str]) -> Node:
    match node:
        case Line(text):
            return Line(change(text))
        case Let(ctype, name, value):
            return Let(ctype, change(name), change(value))
        case Atomic(place, op, value):
            return Atomic(change(place), op, change(value))
        case If(condition, body, orelse):
            return If(change(condition), rewrite(body, change), rewrite(orelse, change))
        case While(condition, body, last):
            return While(change(condition), rewrite(body, change), last)
        case For(head, body):
            return For(changed_head(head, change), rewrite(body, change))
        case Parallel(heads=heads, body=body, reduce=reduce):
            reduce = replace(reduce, name=change(reduce.name)) if reduce else None
            return Parallel(heads=tuple(changed_head(h, change) for h in heads), body=rewrite(body, change), reduce=reduce)


def changed_head(head: Range, change: Callable[[str], str]) -> Range:
    """A loop head with ``change`` made to all of its text."""
    return replace(head, var=change(head.var), low=change(head.low), high=change(head.high), step=change(head.step), also=change(head.also))


def renaming(names: dict[str, str]) -> Callable[[str], str]:
    """A change of identifiers, all at once."""
    return lambda text: _WORD.sub(lambda match: names.get(match[0], match[0]), text)
