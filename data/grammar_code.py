"""A small tree of loop nests, written out as sequential C or as OpenMP.

Expressions are plain C text; only what the two sides write differently is a node: declarations,
loops, conditions, and the loops that may run in parallel. `hpcraft.data.grammar_cuda` writes the same tree as CUDA.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from hpcraft.data.grammar_words import Style

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """A parameter: a scalar with the values tests may give it, or an array with its length."""

    name: str
    ctype: str
    length: str = ""
    """Number of elements as a C expression over scalar parameters; empty for a scalar."""
    access: Literal["in", "out", "inout", "host"] = "in"
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
    """A scalar variable with its first value."""

    ctype: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class If:
    """A condition."""

    condition: str
    body: tuple[Node, ...]
    orelse: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """A while loop."""

    condition: str
    body: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The head of a counted loop: ``low <= var < high`` by ``step``, written in one of several ways."""

    var: str
    low: str = "0"
    high: str
    step: str = "1"
    form: Literal["up", "inclusive", "down", "while"] = "up"


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
    """One or two perfectly nested loops whose iterations are independent but for ``reduce``."""

    heads: tuple[Range, ...]
    body: tuple[Node, ...]
    reduce: Reduce | None = None


Node = Line | Let | If | While | For | Parallel


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A whole function."""

    name: str
    params: tuple[Param, ...]
    body: tuple[Node, ...]
    result: str = "void"
    features: tuple[str, ...] = field(default=())
    """Structural choices: template first; what the split goes by."""

    def prototype(self, style: Style) -> str:
        """The function's head without semicolon."""
        return f"{self.result} {self.name}({', '.join(declare(p, style) for p in self.params)})"


def declare(param: Param, style: Style, *, name: str | None = None) -> str:
    """A parameter as C declares it."""
    name = name or param.name
    if not param.is_array:
        return f"{param.ctype} {name}"
    const = "const " if style.const and param.access == "in" else ""
    return f"{const}{param.ctype}{style.star}{name}"


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


def mentioned(nodes: Iterable[Node]) -> set[str]:
    """Every identifier in the nodes' expressions and loop heads."""
    found: set[str] = set()
    for node in walk(nodes):
        match node:
            case Line(text):
                found |= words(text)
            case Let(_, _, value):
                found |= words(value)
            case If(condition, _, _) | While(condition, _):
                found |= words(condition)
            case For(head, _):
                found |= words(f"{head.low} {head.high} {head.step}")
            case Parallel(heads=heads):
                found |= words(" ".join(f"{h.low} {h.high} {h.step}" for h in heads))
    return found


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


class CWriter:
    """Writes nodes as C, with OpenMP directives when asked to."""

    def __init__(self, style: Style, *, openmp: bool = False, early: bool | None = None) -> None:
        self.style = style
        self.openmp = openmp
        self.early = style.early if early is None else early
        self.lines: list[str] = []

    def function(self, kernel: Kernel) -> str:
        """The whole function."""
        self.lines = []
        self.open(kernel.prototype(self.style), 0, function=True)
        self.declarations(kernel.body, 1)
        self.nodes(kernel.body, 1)
        self.put("}", 0)
        return "\n".join(self.lines) + "\n"

    def put(self, text: str, depth: int) -> None:
        """One line of output."""
        self.lines.append(self.style.indent * depth + (self._tight(text) if self.style.compact else text))

    def open(self, head: str, depth: int, *, function: bool = False) -> None:
        """A head and its opening brace."""
        if self.style.allman or (function and not self.style.always_braces):
            self.put(head, depth)
            self.put("{", depth)
        else:
            self.put(head + " {", depth)

    def declarations(self, nodes: Iterable[Node], depth: int) -> None:
        """All variables at the top, one line for each type."""
        if not self.early:
            return
        by_type: dict[str, list[str]] = {}
        for name, ctype in declared(nodes, self.style.index_type).items():
            by_type.setdefault(ctype, []).append(name)
        for ctype, names in by_type.items():
            self.put(f"{ctype} {', '.join(names)};", depth)

    def nodes(self, nodes: Iterable[Node], depth: int) -> None:
        """Nodes one after the other."""
        for node in nodes:
            self.node(node, depth)

    def node(self, node: Node, depth: int) -> None:
        """One node."""
        match node:
            case Line(text):
                self.put(text, depth)
            case Let(ctype, name, value):
                self.put(f"{name} = {value};" if self.early else f"{ctype} {name} = {value};", depth)
            case If(condition, body, orelse):
                self._block(f"if ({condition})", body, depth)
                if orelse:
                    self._block("else", orelse, depth)
            case While(condition, body):
                self._block(f"while ({condition})", body, depth)
            case For(head, body):
                self._loop(head, body, depth)
            case Parallel():
                self._parallel(node, depth)

    def _parallel(self, node: Parallel, depth: int) -> None:
        first, *inner = node.heads
        collapse = bool(inner) and self.style.collapse and inner[0].form != "while"
        if self.openmp:
            self.put(f"#pragma omp parallel for{self._clauses(node, collapse=collapse)}", 0)
        body: tuple[Node, ...] = node.body
        for head in reversed(inner):
            body = (For(head, body),)
        self._loop(first, body, depth)

    def _clauses(self, node: Parallel, *, collapse: bool) -> str:
        text = " collapse(2)" if collapse else ""
        if node.reduce:
            text += f" reduction({node.reduce.op}:{node.reduce.name})"
        if self.early:
            private = [h.var for h in node.heads[1:] if not collapse]
            private += [name for name in declared(node.body, "int") if name not in private and name != node.heads[0].var]
            text += f" private({', '.join(private)})" if private else ""
        return text + self.style.schedule

    def _loop(self, head: Range, body: tuple[Node, ...], depth: int) -> None:
        kind = "" if self.early else f"{self.style.index_type} "
        plus = f"{head.var} += {head.step}" if head.step != "1" else re.sub(r"\bi\b", head.var, self.style.increment)
        if head.form == "down":
            minus = f"{head.var} -= {head.step}" if head.step != "1" else f"{head.var}--"
            self._block(f"for ({kind}{head.var} = {head.high} - 1; {head.var} >= {head.low}; {minus})", body, depth)
        elif head.form == "while":
            self.put(f"{kind}{head.var} = {head.low};", depth)
            self._block(f"while ({head.var} < {head.high})", (*body, Line(f"{plus};")), depth)
        else:
            relation, high = ("<=", f"{head.high} - 1") if head.form == "inclusive" else ("<", head.high)
            high = re.sub(r" \+ 1 - 1$", "", high)
            self._block(f"for ({kind}{head.var} = {head.low}; {head.var} {relation} {high}; {plus})", body, depth)

    def _block(self, head: str, body: tuple[Node, ...], depth: int) -> None:
        single = len(body) == 1 and isinstance(body[0], Line) and not self.style.always_braces
        if single:
            self.put(head, depth)
            self.nodes(body, depth + 1)
        else:
            self.open(head, depth)
            self.nodes(body, depth + 1)
            self.put("}", depth)

    @staticmethod
    def _tight(text: str) -> str:
        if text.lstrip().startswith("#"):
            return text
        return re.sub(r"(?<=[\w\])]) (\*|/|%|<|<=|=|\+=|-=|\+) (?=[\w(])", r"\1", text)
