"""Holes at the boundaries of the grammar: where a program can be taken apart, and whether an answer stays inside its hole.

* **expression**: a whole right-hand side, initial value, condition, argument, subscript or returned value that computes something;
* **statement**: one assignment, call or short ``if`` among others;
* **loop**: one loop, with the OpenMP or OpenACC directives that belong to it;
* **function**: what stands in a function's body (Fortran: behind its declarations), that of the main program excepted.

What holds a string isn't taken out: nobody can know the words of a message.

Not covered: holes across boundaries, several holes at once, the insides of macros, functions of which the grammar can't read all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from hpcraft.data import mutations_c, mutations_fortran
from hpcraft.data.functions import name_of
from hpcraft.data.syntax import grammar_of, parse, parser, text_of
from hpcraft.data.trees import walk

if TYPE_CHECKING:
    from tree_sitter import Node

Boundary = Literal["expression", "statement", "loop", "function"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

_DIRECTIVE = re.compile(r"(?:#[ \t]*pragma[ \t]+|!\$)(?:omp|acc)\b", re.IGNORECASE)
_END_DIRECTIVE = re.compile(r"!\$(?:omp|acc)[ \t]*end\b", re.IGNORECASE)
_FUNCTIONS = ("function_definition", "function", "subroutine")
_STRINGS = ("string_literal", "raw_string_literal", "concatenated_string", "char_literal", "system_lib_string")
_C_LOOPS = ("for_statement", "while_statement", "do_statement", "for_range_loop")
_COMPUTED = (
    *("binary_expression", "call_expression", "conditional_expression", "subscript_expression", "cast_expression"),
    *("math_expression", "relational_expression", "logical_expression", "parenthesized_expression", "unary_expression"),
)
"""Expressions that are more than a name or a number."""
_FORTRAN_DECLARATIONS = (
    *(
        "subroutine_statement",
        "function_statement",
        "use_statement",
        "implicit_statement",
        "variable_declaration",
        "comment",
        "import_statement",
    ),
    *("derived_type_definition", "interface", "parameter_statement", "external_statement", "intrinsic_statement", "save_statement"),
    *("common_statement", "dimension_statement", "data_statement", "variable_modification", "preproc_include", "include_statement"),
)
FEWEST_REPEATED, _MOST_REPEATED = 3, 400
"""Characters that a repeated part has at least, as a lone bracket is told by the grammar; and lines that are looked at."""
_MOST_LINES = {"expression": 4, "statement": 10, "loop": 40, "function": 60}
_FEWEST_CHARACTERS = {"expression": 5, "statement": 6, "loop": 20, "function": 20}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """A part of a text, in bytes."""

    boundary: Boundary
    begin: int
    end: int
    returns: bool = False
    """Of a function in C or C++: whether it returns a value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node around a hole: its type, where it begins, and how far it ends before the end of the text."""

    kind: str
    begin: int
    behind: int


def find_holes(language: str, text: str) -> list[Hole]:
    """The holes of a text (Fortran in free form), in its order."""
    root = parse(language, text)
    candidates = _fortran(root) if language == "fortran" else _c_family(root)
    found = (hole for hole, nodes in candidates if _is_fit(hole, nodes, text.encode()))
    return sorted(set(found), key=lambda hole: (hole.begin, hole.end, hole.boundary))


def mutants(language: str, text: str, hole: Hole) -> list[str]:
    """Fillings that are the original but for one small fault, in the order of the text."""
    data = text.encode()
    root = parse(language, text)
    faults = mutations_fortran.edits(root) if language == "fortran" else mutations_c.edits(root, thorough=False)
    edits = {*((fault.start, fault.end, fault.text) for fault in faults), *_more_edits(root)}
    inside = sorted(e for e in edits if hole.begin <= e[0] and e[1] <= hole.end and not (e[0] == hole.begin and e[1] == hole.end))
    return [(data[hole.begin : begin] + new.encode() + data[end : hole.end]).decode(errors="replace") for begin, end, new in inside]


def places(language: str, text: str, begin: int, end: int) -> list[Place]:
    """The nodes that are larger than the bytes from ``begin`` to ``end`` and hold them, from the outside to the inside."""
    data = text.encode()
    node: Node | None = parser(grammar_of(language, text)).parse(data).root_node
    found = []
    while node is not None:
        found.append(Place(node.type, node.start_byte, len(data) - node.end_byte))
        node = next(
            (c for c in node.children if c.start_byte <= begin and end <= c.end_byte and c.end_byte - c.start_byte > end - begin), None
        )
    return found


def stays_inside(language: str, prefix: str, middle: str, suffix: str, filling: str) -> bool:
    """Whether the grammar reads a filling as something in the place of the middle: what stands around it is what it was."""
    before = len(prefix.encode())
    original = places(language, prefix + middle + suffix, before, before + len(middle.encode()))
    # Blanks at its ends are no part of what it is.
    inner = filling.strip()
    at = before + len(filling[: len(filling) - len(filling.lstrip())].encode())
    end = at + len(inner.encode())
    return original == places(language, prefix + filling + suffix, at, end) and _is_cut(language, prefix + filling + suffix, at, end)


def _is_cut(language: str, text: str, begin: int, end: int) -> bool:
    """Whether no word, sign or comment reaches over either end of some bytes."""
    root = parse(language, text)
    for at in (begin, max(begin, end - 1)):
        leaf = root.descendant_for_byte_range(at, min(at + 1, end))
        if leaf is not None and not leaf.child_count and (leaf.start_byte < begin or leaf.end_byte > end):
            return False
    return True


def without_repeated(prefix: str, answer: str) -> str:
    """An answer without the lines before the hole, up to it, that it begins with."""
    text = answer.lstrip()
    starts = [0, *(match.end() for match in re.finditer("\n", prefix))][-_MOST_REPEATED:]
    for start in starts:
        lead = prefix[start:].strip()
        if len(lead) >= FEWEST_REPEATED and text.startswith(lead):
            return text[len(lead) :]
    return answer


def _more_edits(root: Node) -> Iterator[tuple[int, int, str]]:
    """Faults for statements without operators and numbers: a value one too large, arguments in another order."""
    for node in walk(root):
        parent = node.parent
        if node.type == "identifier" and parent is not None and _is_whole(node, parent):
            yield node.start_byte, node.end_byte, f"({text_of(node)} + 1)"
        if node.type == "argument_list":
            for one, other in pairwise(node.named_children):
                if one.type != "comment" != other.type and text_of(one) != text_of(other):
                    between = (node.text or b"")[one.end_byte - node.start_byte : other.start_byte - node.start_byte].decode()
                    yield one.start_byte, other.end_byte, f"{text_of(other)}{between}{text_of(one)}"


# ---------------------------------------------------------------- candidates


def _c_family(root: Node) -> Iterator[tuple[Hole, list[Node]]]:
    for node in walk(root):
        parent = node.parent
        if parent is None or node.has_error:
            continue
        if node.type in _COMPUTED and _is_whole(node, parent):
            yield Hole(boundary="expression", begin=node.start_byte, end=node.end_byte), [node]
        elif parent.type == "compound_statement" and node.type in ("expression_statement", "if_statement"):
            yield Hole(boundary="statement", begin=node.start_byte, end=node.end_byte), [node]
        elif parent.type == "compound_statement" and node.type in _C_LOOPS:
            nodes = [*_directives_before(node, "preproc_call"), node]
            yield Hole(boundary="loop", begin=nodes[0].start_byte, end=node.end_byte), nodes
        elif node.type == "function_definition" and name_of(node) not in ("", "main"):
            body = node.child_by_field_name("body")
            if body is not None and body.type == "compound_statement" and body.named_children:
                inner = body.named_children
                yield _body(inner), inner


def _body(inner: list[Node]) -> Hole:
    returns = any(child.type == "return_statement" and child.named_child_count for node in inner for child in walk(node))
    return Hole(boundary="function", begin=inner[0].start_byte, end=inner[-1].end_byte, returns=returns)


def _is_whole(node: Node, parent: Node) -> bool:
    """Whether an expression stands where any other of its type could, whatever operators it has."""
    if parent.type in ("assignment_expression", "init_declarator", "assignment_statement"):
        return node in (parent.child_by_field_name("right"), parent.child_by_field_name("value"))
    if parent.type == "parenthesized_expression":
        return parent.parent is not None and parent.parent.type in ("if_statement", "while_statement")
    return parent.type in ("condition_clause", "argument_list", "subscript_argument_list", "return_statement")


def _fortran(root: Node) -> Iterator[tuple[Hole, list[Node]]]:
    for node in walk(root):
        parent = node.parent
        if parent is None or node.has_error:
            continue
        if node.type in _COMPUTED and _is_whole(node, parent) and not _declares(parent):
            yield Hole(boundary="expression", begin=node.start_byte, end=node.end_byte), [node]
        elif node.type in ("assignment_statement", "subroutine_call") and parent.type not in ("where_statement", "forall_statement"):
            if parent.type != "if_statement" or parent.named_children[-1].type == "end_if_statement":
                yield Hole(boundary="statement", begin=node.start_byte, end=node.end_byte), [node]
        elif node.type == "do_loop":
            nodes = [*_directives_before(node, "comment"), node, *_end_directive(node)]
            yield Hole(boundary="loop", begin=nodes[0].start_byte, end=nodes[-1].end_byte), nodes
        elif node.type in ("function", "subroutine"):
            inner = [c for c in node.named_children if c.type not in _FORTRAN_DECLARATIONS and not c.type.startswith("end_")]
            if inner and all(c.type != "internal_procedures" for c in inner):
                yield Hole(boundary="function", begin=inner[0].start_byte, end=inner[-1].end_byte), inner


def _declares(node: Node) -> bool:
    at: Node | None = node
    while at is not None and at.type != "program":
        if at.type in ("variable_declaration", "derived_type_definition"):
            return True
        at = at.parent
    return False


def _directives_before(node: Node, kind: str) -> list[Node]:
    """The directives directly in front of a loop, in order."""
    found: list[Node] = []
    at = node.prev_sibling
    while at is not None and at.type == kind and _DIRECTIVE.match(text_of(at)) and not _END_DIRECTIVE.match(text_of(at)):
        found.insert(0, at)
        at = at.prev_sibling
    return found


def _end_directive(node: Node) -> list[Node]:
    after = node.next_named_sibling
    return [after] if after is not None and after.type == "comment" and _END_DIRECTIVE.match(text_of(after)) else []


def _is_fit(hole: Hole, nodes: list[Node], data: bytes) -> bool:
    """Whether a hole can be asked: of a fair size, without strings, in a function that the grammar reads."""
    middle = data[hole.begin : hole.end]
    if not _FEWEST_CHARACTERS[hole.boundary] <= len(middle) or middle.count(b"\n") >= _MOST_LINES[hole.boundary]:
        return False
    if any(inner.type in _STRINGS for node in nodes for inner in walk(node)):
        return False
    at: Node | None = nodes[0]
    while at is not None and at.type not in (*_FUNCTIONS, "program"):
        at = at.parent
    return at is not None and not at.has_error
