"""OpenMP's loop directives where C wants them, with the private variables that their loops need.

A translator puts a directive in front of the declarations before its loop, or forgets to name an accumulator that is declared in front of it. A scalar that each
iteration sets before it reads it, and that nobody reads afterwards, holds nothing that iterations could share: it is private.

Not covered: parameters, arrays, pointers, and what an iteration sets on some of its ways only; they stay as they are, and the race check will tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.trees import declared_name, functions, parse, text_of, walk

_LOOP = re.compile(r"#\s*pragma\s+omp\s+(?!cancel|declare|critical|ordered)(?=[\w\s]*\b(?:for|taskloop|distribute|simd|loop)\b)[^/]*$")
"""Without a comment behind it, in which a clause would be lost."""
_BRANCHES = ("if_statement", "else_clause", "switch_statement", "case_statement", "conditional_expression")
_LOOPS = ("for_statement", "while_statement", "do_statement")
_PLAIN = ("identifier", "init_declarator")


def with_loop_directives(code: str) -> str:
    """C or C++ with each loop directive right in front of its loop, and a clause for what must be private there."""
    data = code.encode()
    edits: list[tuple[int, int, bytes]] = []
    for function in functions(parse(code, "cpp")):
        for node in walk(function):
            if node.type != "preproc_call" or not _LOOP.match(text_of(node)) or (loop := _loop_behind(node)) is None:
                continue
            names = [
                name for name in _needed(function, loop) if not re.search(rf"\b{re.escape(name)}\b", text_of(node).partition("omp")[2])
            ]
            line = text_of(node).rstrip("\n") + (f" private({', '.join(names)})" if names else "") + "\n"
            if node.next_named_sibling != loop:
                edits.append((_line_begin(data, node), node.end_byte, b""))
                edits.append((loop.start_byte, loop.start_byte, line.encode() + data[_line_begin(data, loop) : loop.start_byte]))
            elif names:
                edits.append((node.start_byte, node.end_byte, line.encode()))
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return data.decode()


def _line_begin(data: bytes, node: Node) -> int:
    """Where the line of a node begins, if nothing stands before it, else where it does."""
    begin = data.rfind(b"\n", 0, node.start_byte) + 1
    return node.start_byte if data[begin : node.start_byte].strip() else begin


def _loop_behind(directive: Node) -> Node | None:
    """The loop that a directive stands before, perhaps with declarations in between."""
    node = directive.next_named_sibling
    while node is not None and node.type == "declaration":
        node = node.next_named_sibling
    return node if node is not None and node.type == "for_statement" else None


def _needed(function: Node, loop: Node) -> Iterator[str]:
    """The scalars that are declared in front of a loop and that its iterations set for themselves."""
    own, around = _counter(loop), _outermost(loop)
    for name in dict.fromkeys(_scalars(function, loop)):
        everywhere = [n for n in walk(function) if n.type == "identifier" and text_of(n) == name]
        inside = [n for n in everywhere if loop.start_byte <= n.start_byte < loop.end_byte]
        again = [n for n in everywhere if around.start_byte <= n.start_byte < around.end_byte and n not in inside]
        behind = [n for n in everywhere if n.start_byte >= around.end_byte]
        if name == own or not inside or again or any(n.parent is not None and n.parent.type == "pointer_expression" for n in everywhere):
            continue
        if _is_set(inside, loop) and (not behind or (_is_written(behind[0], behind) and _is_reached(behind[0], loop))):
            yield name


def _outermost(loop: Node) -> Node:
    """The outermost loop that a loop stands in, or itself: what stands in front of it in there is done behind it, too."""
    found, node = loop, loop.parent
    while node is not None:
        found = node if node.type in _LOOPS else found
        node = node.parent
    return found


def _is_reached(use: Node, loop: Node) -> bool:
    """Whether everybody who comes out of a loop comes to a use behind it."""
    node = use.parent
    while node is not None and not node.start_byte <= loop.start_byte < node.end_byte:
        if node.type in (*_BRANCHES, *_LOOPS):
            return False
        node = node.parent
    return True


def _counter(loop: Node) -> str:
    start = loop.child_by_field_name("initializer")
    return text_of(start.child_by_field_name("left")) if start is not None and start.type == "assignment_expression" else ""


def _scalars(function: Node, loop: Node) -> Iterator[str]:
    for node in walk(function):
        block = node.parent
        if (
            node.type != "declaration"
            or node.end_byte > loop.start_byte
            or block is None
            or not block.start_byte <= loop.start_byte < block.end_byte
        ):
            continue
        if any(text_of(n) in ("static", "const", "volatile") for n in node.children):
            continue
        for declarator in node.children_by_field_name("declarator"):
            inner = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
            if declarator.type in _PLAIN and inner is not None and inner.type == "identifier":
                yield declared_name(inner)


def _is_set(uses: list[Node], loop: Node) -> bool:
    """Whether an iteration that uses a name sets it first, on every way that comes to a use."""
    if any(n.parent is not None and n.parent.type in ("declaration", "init_declarator") for n in uses):
        return False  # another one of this name is declared inside
    if not _is_written(uses[0], uses):
        return False
    # What is set in a branch or an inner loop is known to be set in there alone.
    inside, node = loop, uses[0].parent
    while node is not None and node != loop:
        if node.type in _BRANCHES or (node.type in _LOOPS and not _begins(node, uses[0])):
            inside = node
            break
        node = node.parent
    return all(inside.start_byte <= n.start_byte < inside.end_byte for n in uses)


def _begins(loop: Node, use: Node) -> bool:
    """Whether a use stands where a loop begins, which is done however often it runs."""
    start = loop.child_by_field_name("initializer")
    return start is not None and start.start_byte <= use.start_byte < start.end_byte


def _is_written(use: Node, uses: list[Node]) -> bool:
    """Whether a use is the left side of a plain assignment whose right side doesn't use the name."""
    sets = use.parent
    if sets is None or sets.type != "assignment_expression" or sets.child_by_field_name("left") != use:
        return False
    operator = sets.child_by_field_name("operator")
    return text_of(operator) == "=" and not any(use.end_byte <= n.start_byte < sets.end_byte for n in uses)
