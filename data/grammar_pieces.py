"""Pieces of CUDA kernels: loops put around bodies, guards turned around, counts of iterations, atomic updates.

Not covered: anything that writes; see `hpcraft.data.grammar_threads`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hpcraft.data.grammar_code import Atomic, For, If, Let, Line, Node, Parallel, Range, While, texts, walk, words


def lowered(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Updates that meet other iterations as atomic functions; one that stores what all others store needs none."""
    new: list[Node] = []
    for node in nodes:
        if isinstance(node, Atomic):
            value = "1" if node.value == "++" else node.value
            new.append(Line(f"{node.place} = {value};" if node.op == "=" else f"atomicAdd(&{node.place}, {value});"))
        elif isinstance(node, If):
            new.append(If(node.condition, lowered(node.body), lowered(node.orelse)))
        elif isinstance(node, For | While):
            new.append(replace(node, body=lowered(node.body)))
        else:
            new.append(node)
    return tuple(new)


def with_loops(heads: tuple[Range, ...], body: tuple[Node, ...]) -> tuple[Node, ...]:
    """The body within sequential loops."""
    for head in reversed(heads):
        body = (For(head, body),)
    return body


def linked(heads: tuple[Range, ...]) -> bool:
    """Whether the bounds of one loop depend on another's variable."""
    own = {h.var for h in heads}
    return any(words(f"{h.low} {h.high} {h.step}") & own for h in heads)


def has_continue(nodes: tuple[Node, ...]) -> bool:
    """Whether an iteration may be left early."""
    return any("continue" in text for node in walk(nodes) for text in texts(node))


def as_return(node: Node) -> Node:
    """A ``continue`` of the parallel loop itself ends the thread."""
    if isinstance(node, If):
        return If(node.condition, tuple(as_return(n) for n in node.body), tuple(as_return(n) for n in node.orelse))
    return Line("return;") if node == Line("continue;") else node


def harmless(node: Node) -> bool:
    """Whether a statement may be done by threads beyond the end: an index that divides by nothing and reads nothing."""
    return isinstance(node, Let) and "int" in node.ctype and bool(node.value) and not re.search(r"[\[/%(]", node.value)


def signed_use(nest: Parallel) -> bool:
    """Whether indices may be less than zero on the way."""
    return any("-" in text or "%" in text or "(" in text for text in _all_texts(nest))


def _all_texts(nest: Parallel) -> list[str]:
    return [t for node in walk((nest,)) for t in texts(node)]


def opposite(part: str) -> str:
    """The negation of a comparison."""
    if " >= " in part:
        return part.replace(" >= ", " < ")
    left, _, right = part.partition(" < ")
    return f"{left} >= {right}"


def iterations(head: Range) -> str:
    """Number of iterations as a C expression."""
    span = head.high if head.low == "0" else f"{head.high} - {in_parentheses(head.low)}"
    return f"({span} + {head.step} - 1) / {head.step}" if head.step != "1" else span


def in_parentheses(text: str) -> str:
    """A factor or divisor, in parentheses unless it is one word."""
    return text if re.fullmatch(r"\w+", text) else f"({text})"
