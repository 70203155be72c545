"""Places in free-form Fortran where a small fault can be put, on the tree: see `hpcraft.data.mutants`.

Declarations, sizes, kinds, allocations and steps of loops are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.mutations_c import Edit
from hpcraft.data.trees import text_of

_RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "/=", "/=": "=="}
_DOTTED = {".lt.": "<=", ".le.": "<", ".gt.": ">=", ".ge.": ">", ".eq.": "/=", ".ne.": "=="}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*"}
_LOGICAL = {".and.": ".or.", ".or.": ".and."}
_NAMES = {"MPI_SUM": "MPI_MAX", "MPI_MAX": "MPI_MIN", "MPI_MIN": "MPI_MAX"}
_LEFT_ALONE = (
    *("variable_declaration", "size", "kind", "allocate_statement", "deallocate_statement", "use_statement", "parameter_statement"),
    *("while_statement", "comment", "subroutine_statement", "function_statement", "interface", "derived_type_definition"),
)
_SYMMETRIC = ("dot_product", "min", "max", "iand", "ior", "ieor", "hypot")
_NUMBER = re.compile(r"(\d+)(_\w+)?")
_REAL = re.compile(r"\d*\.\d*(?:[edED][+-]?\d+)?(?:_\w+)?")
_SIMPLE = ("identifier", "number_literal", "call_expression", "parenthesized_expression")


def edits(node: Node) -> Iterator[Edit]:
    """Faults below a node."""
    if node.type in _LEFT_ALONE:
        return
    if node.type == "relational_expression":
        yield from _operator(node, _RELATIONS | _DOTTED, "relation")
    elif node.type == "math_expression":
        yield from _math(node)
    elif node.type == "logical_expression":
        yield from _operator(node, _LOGICAL, "logic")
    elif node.type == "number_literal":
        yield from _number(node)
    elif node.type == "identifier" and text_of(node).upper() in _NAMES:
        yield Edit(node.start_byte, node.end_byte, _NAMES[text_of(node).upper()], "name")
    elif node.type in ("assignment_statement", "subroutine_call"):
        yield Edit(node.start_byte, node.end_byte, "continue", "call" if node.type == "subroutine_call" else "statement")
    elif node.type == "argument_list":
        yield from _swapped(node)
    children = node.children
    if node.type == "loop_control_expression":
        yield from _bound(node)
        children = node.named_children[:3]  # a step stays
    for child in children:
        yield from edits(child)


def _operator(node: Node, table: dict[str, str], kind: str) -> Iterator[Edit]:
    sign = next((c for c in node.children if not c.is_named and text_of(c).lower() in table), None)
    if sign is not None and node.named_child_count == 2:
        yield Edit(sign.start_byte, sign.end_byte, table[text_of(sign).lower()], kind)


def _math(node: Node) -> Iterator[Edit]:
    yield from _operator(node, _ARITHMETIC, "arithmetic")
    if node.named_child_count != 2:
        return
    left, right = node.named_children
    sign = text_of(next((c for c in node.children if not c.is_named), None))
    if sign in ("-", "/") and text_of(left) != text_of(right):
        yield Edit(left.start_byte, right.end_byte, f"{_closed(right)} {sign} {_closed(left)}", "operands")


def _number(node: Node) -> Iterator[Edit]:
    text = text_of(node)
    if match := _NUMBER.fullmatch(text):
        value, kind = int(match[1]), match[2] or ""
        yield Edit(node.start_byte, node.end_byte, f"{value + 1}{kind}", "constant")
        if value > 0:
            yield Edit(node.start_byte, node.end_byte, f"{value - 1}{kind}", "constant")
    elif _REAL.fullmatch(text):
        yield Edit(node.start_byte, node.end_byte, f"({text} + 1)", "constant")


def _bound(control: Node) -> Iterator[Edit]:
    """A loop that ends one iteration too early."""
    if len(control.named_children) >= 3:
        last = control.named_children[2]
        yield Edit(last.start_byte, last.end_byte, f"{_closed(last)} - 1", "bound")


def _swapped(arguments: Node) -> Iterator[Edit]:
    """The first two indices or arguments, where both are names."""
    parts, of = arguments.named_children, arguments.prev_named_sibling
    if of is not None and text_of(of).lower() in _SYMMETRIC:
        return
    if len(parts) >= 2 and all(p.type == "identifier" for p in parts[:2]) and text_of(parts[0]) != text_of(parts[1]):
        yield Edit(parts[0].start_byte, parts[1].end_byte, f"{text_of(parts[1])}, {text_of(parts[0])}", "indices")


def _closed(node: Node) -> str:
    return text_of(node) if node.type in _SIMPLE else f"({text_of(node)})"
