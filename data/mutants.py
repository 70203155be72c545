"""Small faults in C, C++ and Fortran, made on the syntax tree: what good tests must notice.

Kinds: a relation or bound off by one, another arithmetic or assignment operator, swapped operands, a constant
changed, a statement dropped. Loop steps and while loops are left alone, because faults there mostly don't end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from tree_sitter import Node

from hpcraft.data.trees import functions, parse, text_of

_RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*"}
_ASSIGNMENTS = {"+=": "-=", "-=": "+=", "*=": "+=", "/=": "*="}
_FORTRAN_OPERATORS = {
    "relational_expression": {**_RELATIONS, "/=": "==", "==": "/="}
    | {".lt.": ".le.", ".le.": ".lt.", ".gt.": ".ge.", ".ge.": ".gt.", ".eq.": ".ne.", ".ne.": ".eq."},
    "math_expression": _ARITHMETIC,
    "logical_expression": {".and.": ".or.", ".or.": ".and."},
}
_FORTRAN_NUMBER = re.compile(r"(\d+)(?:_\w+)?|(\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?(?:_\w+)?", re.IGNORECASE)
_LEFT_ALONE = ("while_statement", "do_statement", "preproc_call", "preproc_include", "parameter_list", "array_declarator")


def mutants(source: str, name: str, *, count: int, seed: int = 0) -> list[str]:
    """At most ``count`` different faulty versions of the function ``name`` in ``source``, every one of which parses."""
    root = parse(source)
    function = next((f for f in functions(root) if name in text_of(f.child_by_field_name("declarator"))), None)
    body = function.child_by_field_name("body") if function else None
    if body is None:
        return []
    edits = sorted(set(c_edits(body)))
    Random(seed).shuffle(edits)
    data, found = source.encode(), []
    for start, end, text in edits:
        mutant = (data[:start] + text.encode() + data[end:]).decode()
        if mutant != source and mutant not in found and not parse(mutant).has_error:
            found.append(mutant)
        if len(found) == count:
            break
    return found


def c_edits(node: Node) -> Iterator[tuple[int, int, str]]:
    """Faults of C and C++ in and below a node: replacements as (first byte, end byte, text)."""
    if node.type in _LEFT_ALONE:
        return
    if node.type == "binary_expression":
        yield from _binary(node)
    elif node.type == "assignment_expression":
        yield from _operator(node, _ASSIGNMENTS)
    elif node.type == "number_literal":
        yield from _number(node)
    elif node.type == "expression_statement" and node.parent is not None and node.parent.type != "for_statement":
        yield node.start_byte, node.end_byte, ";"
    update = node.child_by_field_name("update") if node.type == "for_statement" else None
    for child in node.children:
        if child != update:
            yield from c_edits(child)


def fortran_edits(node: Node) -> Iterator[tuple[int, int, str]]:
    """The same of Fortran; a statement that is dropped becomes ``continue``."""
    if node.type in ("while_statement", "variable_declaration", "comment"):
        return
    if table := _FORTRAN_OPERATORS.get(node.type):
        for sign in node.children:
            if not sign.is_named and (other := table.get(text_of(sign).lower())):
                yield sign.start_byte, sign.end_byte, other
    elif node.type == "number_literal" and (found := _FORTRAN_NUMBER.fullmatch(text_of(node))):
        text = text_of(node)
        yield node.start_byte, node.end_byte, str(int(found[1]) + 1) + text[len(found[1]) :] if found[1] else f"({text} + 1)"
    elif node.type in ("assignment_statement", "subroutine_call"):
        yield node.start_byte, node.end_byte, "continue"
    for child in node.children:
        yield from fortran_edits(child)


def _binary(node: Node) -> Iterator[tuple[int, int, str]]:
    yield from _operator(node, _RELATIONS | _ARITHMETIC)
    left, operator, right = node.child_by_field_name("left"), node.child_by_field_name("operator"), node.child_by_field_name("right")
    if left and right and text_of(operator) in ("-", "/", "%") and text_of(left) != text_of(right):
        yield left.start_byte, right.end_byte, f"{_closed(right)} {text_of(operator)} {_closed(left)}"


def _operator(node: Node, table: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    operator = node.child_by_field_name("operator")
    if operator and text_of(operator) in table:
        yield operator.start_byte, operator.end_byte, table[text_of(operator)]


def _number(node: Node) -> Iterator[tuple[int, int, str]]:
    text = text_of(node)
    if text.isdigit():
        yield node.start_byte, node.end_byte, str(int(text) + 1)
    elif text.rstrip("fF").replace(".", "", 1).isdigit():
        yield node.start_byte, node.end_byte, f"({text} + 1)"


def _closed(node: Node) -> str:
    simple = node.type in ("identifier", "number_literal", "subscript_expression", "parenthesized_expression", "call_expression")
    return text_of(node) if simple else f"({text_of(node)})"
