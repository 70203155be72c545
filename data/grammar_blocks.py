"""Changes of single blocks: how conditions, chained assignments and declarations are put.

`in_blocks` makes a change in every block of a tree, innermost first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hpcraft.data.grammar_code import For, If, Kernel, Let, Line, Node, Parallel, While
from hpcraft.data.grammar_draft import Draft

Block = tuple[Node, ...]


def in_blocks(nodes: Block, change: Callable[[Block], Block], *, loops_only: bool = False) -> Block:
    """The nodes with ``change`` made in every block below, and in this one unless only bodies of loops are meant."""
    inside = tuple(_below(node, change, loops_only=loops_only) for node in nodes)
    return inside if loops_only else change(inside)


def _below(node: Node, change: Callable[[Block], Block], *, loops_only: bool) -> Node:
    if isinstance(node, For | Parallel):
        body = in_blocks(node.body, change, loops_only=loops_only)
        return replace(node, body=change(body) if loops_only else body)
    if isinstance(node, While):
        return replace(node, body=in_blocks(node.body, change, loops_only=loops_only))
    if isinstance(node, If):
        return replace(
            node, body=in_blocks(node.body, change, loops_only=loops_only), orelse=in_blocks(node.orelse, change, loops_only=loops_only)
        )
    return node


_TERNARY = re.compile(r"^([A-Za-z_]\w*(?:\[[^\[\]]*\])?) = (\(?[^?:=]*[<>=!]=?[^?:=]*\)?|\w+(?:\[[^\[\]]*\])?) \? ([^?:]*) : ([^?:]*);$")
_ASSIGN = re.compile(r"^([A-Za-z_]\w*(?:\[[^\[\]]*\])?) = ([^?]*);$")


def unfolded(kernel: Kernel, draft: Draft) -> Kernel:
    """A conditional expression becomes a condition with two assignments."""

    def change(body: Block) -> Block:
        return tuple(_unfolded(n) if isinstance(n, Line) and draft.rng.random() < 0.7 else n for n in body)

    return replace(kernel, body=in_blocks(kernel.body, change))


def _unfolded(node: Line) -> Node:
    match = _TERNARY.match(node.text)
    if not match or any(part.count("(") != part.count(")") for part in match.groups()):
        return node
    condition = match[2][1:-1] if match[2].startswith("(") and match[2].endswith(")") and match[2].count("(") == 1 else match[2]
    return If(condition, (Line(f"{match[1]} = {match[3]};"),), (Line(f"{match[1]} = {match[4]};"),))


def folded(kernel: Kernel, draft: Draft) -> Kernel:
    """Two assignments to one place become a conditional expression."""
    parentheses = draft.rng.random() < 0.5

    def change(body: Block) -> Block:
        return tuple(_folded(n, parentheses=parentheses) if isinstance(n, If) else n for n in body)

    return replace(kernel, body=in_blocks(kernel.body, change))


def _folded(node: If, *, parentheses: bool) -> Node:
    match node:
        case If(condition, (Line(one),), (Line(other),)):
            first, second = _ASSIGN.match(one), _ASSIGN.match(other)
            if first and second and first[1] == second[1]:
                test = f"({condition})" if parentheses or "&&" in condition or "||" in condition else condition
                return Line(f"{first[1]} = {test} ? {first[2]} : {second[2]};")
    return node


_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
_RELATION = re.compile(r"^([^<>=!&|]*[^<>=!&| ]) (<|>|<=|>=|==|!=) ([^<>=!&|]*)$")


def skipping(kernel: Kernel, _draft: Draft) -> Kernel:
    """A guard around the rest of a parallel loop becomes a ``continue`` ahead of it."""

    def change(node: Node) -> Node:
        if not isinstance(node, Parallel) or node.reduce or not node.body:
            return node
        last = node.body[-1]
        if not isinstance(last, If) or last.orelse:
            return node
        match = _RELATION.match(last.condition)
        test = f"{match[1]} {_OPPOSITE[match[2]]} {match[3]}" if match else f"!({last.condition})"
        return replace(node, body=(*node.body[:-1], If(test, (Line("continue;"),)), *last.body))

    return replace(kernel, body=tuple(change(n) for n in kernel.body))


def apart(kernel: Kernel, draft: Draft) -> Kernel:
    """Variables are declared first and get their values by statements of their own."""
    zero = draft.rng.random() < 0.15

    def change(body: Block) -> Block:
        new: list[Node] = []
        for node in body:
            plain = isinstance(node, Let) and node.value and "*" not in node.ctype and not node.ctype.startswith("const ")
            if isinstance(node, Let) and plain and draft.rng.random() < 0.8:
                new += [Let(node.ctype, node.name, "0" if zero else ""), Line(f"{node.name} = {node.value};")]
            else:
                new.append(node)
        lets = [n for n in new if isinstance(n, Let) and not n.value]
        return (*lets, *(n for n in new if n not in lets))

    return replace(kernel, body=in_blocks(kernel.body, change, loops_only=True))


_NUMBER = re.compile(r"^-?[\d.]+(?:e-?\d+)?[fF]?$")


def chained(kernel: Kernel, _draft: Draft) -> Kernel:
    """Equal constants are assigned in one chain."""

    def change(body: Block) -> Block:
        new: list[Node] = []
        for node in body:
            before = new[-1] if new else None
            if isinstance(node, Line) and isinstance(before, Line):
                one, other = _ASSIGN.match(before.text), _ASSIGN.match(node.text)
                if one and other and one[2].rpartition(" = ")[2] == other[2] and _NUMBER.match(other[2]):
                    new[-1] = Line(f"{one[1]} = {one[2].removesuffix(other[2])}{other[1]} = {other[2]};")
                    continue
            new.append(node)
        return tuple(new)

    return replace(kernel, body=in_blocks(kernel.body, change))


BLOCK_HABITS: dict[Callable[[Kernel, Draft], Kernel], float] = {
    unfolded: 0.3,
    folded: 0.3,
    skipping: 0.2,
    apart: 0.16,
    chained: 0.25,
}
"""Habit to the share of kernels in which it is tried."""
