"""Functions of a document: where they stand, their name, their head as one line, and the comment that goes with them.

A function is kept when it has 3 to 200 lines and parses without an error: C and C++ (methods by their qualified name as far as it is
written there, a method inside its class by the class's name too), CUDA, Fortran subroutines and functions in modules, in other
procedures and alone. A template head belongs to its function.

The comment is the one directly in front, at most one blank line between; in Fortran, where none is in front, the block right after the
head. A licence notice is no comment of a function.
Not covered: declarations without a body, lambdas, functions written by macros, ``entry`` points, statement functions.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.data.comments import blank_c
from hpcraft.data.syntax import captures, one_line, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

MIN_LINES, MAX_LINES = 3, 200
MAX_COMMENT_LINES = 200

_C_QUERY = "(function_definition) @function"
_QUERIES = {"c": _C_QUERY, "cpp": _C_QUERY, "cuda": _C_QUERY, "fortran": "[(subroutine) (function)] @function"}
_NAMES = frozenset(
    ("identifier", "field_identifier", "qualified_identifier", "operator_name", "destructor_name", "type_identifier", "operator_cast")
)
_CLASSES = frozenset(("class_specifier", "struct_specifier", "union_specifier", "namespace_definition"))
_KEYWORDS = frozenset(["if", "else", "for", "while", "switch", "do", "return", "sizeof", "case", "default", "goto", "defined"])
_LICENCE = re.compile(r"copyright|licen[sc]e|SPDX-|all rights reserved|redistribution", re.IGNORECASE)
_RULER = re.compile(r"^[\s\-=*/+#~_!<>.]*$")
_FRAME = re.compile(r"^[ \t]*(?:[*=#~_-][ \t]*){4,}|[ \t]*(?:[ \t]*[*=#~_!-]){4,}$|[ \t]+[*!]$")
_FORTRAN_DIRECTIVE = re.compile(r"[ \t]*!\$(?:omp|acc)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a document and the node that it is, template head included."""

    node: Node
    """With the template head where there is one."""
    definition: Node
    name: str
    signature: str
    comment: str


def functions(grammar: str, root: Node, source: bytes) -> Iterator[Function]:
    """The functions below ``root`` that are units, in the order of the text."""
    for definition in captures(grammar, _QUERIES[grammar], root).get("function", []):
        num_lines = definition.end_point.row - definition.start_point.row + 1
        if not MIN_LINES <= num_lines <= MAX_LINES or definition.has_error:
            continue
        name = name_of(definition)
        if not name or name in _KEYWORDS or _is_macro_block(definition):
            continue
        node = with_template(definition)
        head = head_of(definition, source, node.start_byte)
        signature = _fortran_signature(head) if grammar == "fortran" else one_line(blank_c(head))
        yield Function(node, definition, name, signature, _comment(grammar, definition, node, source))


def with_template(definition: Node) -> Node:
    """A function with its template heads, which may be several."""
    node = definition
    while node.parent is not None and node.parent.type == "template_declaration":
        node = node.parent
    return node


def _is_macro_block(definition: Node) -> bool:
    """Whether a definition is a macro with a block among statements, such as ``forAll(list, i) { .. }``.

    Others may stand there as well: a macro before ``class`` or ``namespace`` makes the grammar take it for a function.
    """
    if definition.parent is None or definition.parent.type != "compound_statement" or definition.child_by_field_name("type") is not None:
        return False
    declarator = definition.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    named = [p for p in parameters.named_children if p.type != "comment"] if parameters is not None else []
    return bool(named) and all(p.child_by_field_name("declarator") is None for p in named)


def name_of(definition: Node) -> str:
    """The name of a function node, in C++ with the class it stands in; empty for what only looks like a function."""
    if definition.type in ("subroutine", "function"):
        head = definition.named_children[0] if definition.named_children else None
        return text_of(head.child_by_field_name("name")) if head else ""
    at = definition.child_by_field_name("declarator")
    has_parameters = False
    while at is not None and at.type not in _NAMES:
        below = at.child_by_field_name("declarator")
        if at.type == "function_declarator":
            has_parameters = True
            if below is not None and below.type == "function_declarator":
                at = below  # NAME(f)(int x): the name is what a macro makes of f
                break
        at = below or next((c for c in at.named_children if "declarator" in c.type or c.type in _NAMES), None)
    name = one_line(text_of(at)) if has_parameters or (at is not None and "operator" in text_of(at)) else ""
    return "::".join([*_scopes(definition), name]) if name else ""


def _scopes(definition: Node) -> list[str]:
    """The classes around a method; namespaces are no part of its name, as little as where it is defined outside."""
    found: list[str] = []
    at = definition.parent
    while at is not None and at.type in ("field_declaration_list", "template_declaration", "access_specifier", *_CLASSES):
        if at.type in _CLASSES and at.type != "namespace_definition":
            found.insert(0, one_line(text_of(at.child_by_field_name("name"))))
        at = at.parent
    return [name for name in found if name]


def head_of(definition: Node, source: bytes, start: int) -> str:
    """The text from ``start`` to the body of a function; the whole first statement in Fortran."""
    if definition.type in ("subroutine", "function"):
        head = definition.named_children[0]
        return source[start : head.end_byte].decode(errors="replace")
    body = definition.child_by_field_name("body")
    end = body.start_byte if body is not None else definition.end_byte
    initialisers = next((c for c in definition.named_children if c.type == "field_initializer_list"), None)
    if initialisers is not None:
        end = initialisers.start_byte
    return source[start:end].decode(errors="replace")


def _fortran_signature(head: str) -> str:
    lines = [line.partition("!")[0].strip() for line in head.splitlines()]
    return one_line(" ".join(line.strip("&").strip() for line in lines))


def _comment(grammar: str, definition: Node, node: Node, source: bytes) -> str:
    line_start = source.rfind(b"\n", 0, node.start_byte) + 1
    if source[line_start : node.start_byte].strip():
        return ""
    before = source[max(0, line_start - 20_000) : line_start].decode(errors="replace")
    if grammar != "fortran":
        return _without_signs_c(_block_before(before))
    lines = _fortran_lines(before.splitlines()[::-1])[::-1]
    comment = _without_signs_fortran(lines)
    if comment or not definition.named_children:
        return comment
    head = definition.named_children[0]
    after = source[head.end_byte : head.end_byte + 20_000].decode(errors="replace").partition("\n")[2]
    return _without_signs_fortran(_fortran_lines(after.splitlines()))


def _block_before(text: str) -> str:
    """The C comment that ends where ``text`` does, or just before one blank line."""
    trimmed = text.rstrip()
    if text.count("\n", len(trimmed)) > 2:
        return ""
    if trimmed.endswith("*/"):
        start = trimmed.rfind("/*", 0, len(trimmed) - 2)
        line_start = trimmed.rfind("\n", 0, start) + 1
        # A comment behind code belongs to that code.
        return trimmed[start:] if start >= 0 and not trimmed[line_start:start].strip() else ""
    lines: list[str] = []
    for line in reversed(trimmed.splitlines()):
        if not line.lstrip().startswith("//"):
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def _without_signs_c(comment: str) -> str:
    if not comment:
        return ""
    if comment.startswith("/*"):
        comment = re.sub(r"\A/\*+[!<@]*|@?\*+/\Z", "", comment)
        lines = [re.sub(r"^\s*\*+ ?", "", line) for line in comment.splitlines()]
    else:
        lines = [re.sub(r"^\s*//[/!<]*\s?", "", line) for line in comment.splitlines()]
    return _tidy(lines)


def _fortran_lines(lines: list[str]) -> list[str]:
    """The comment lines at the start, one blank line allowed before them."""
    found: list[str] = []
    for line in lines:
        bare = line.strip()
        if not bare and not found:
            if len(lines) > 1 and line is lines[0]:
                continue
            break
        if not bare.startswith("!") or _FORTRAN_DIRECTIVE.match(line):
            break
        found.append(line)
    return found


def _without_signs_fortran(lines: list[str]) -> str:
    return _tidy([re.sub(r"^\s*!+[><*]*\s?", "", line) for line in lines])


def _tidy(lines: list[str]) -> str:
    """Lines without rulers and blanks around; empty for a licence notice and for what is too long to be about one function."""
    kept = [_FRAME.sub("", line).rstrip() for line in lines if not line.strip() or not _RULER.match(line)]
    text = textwrap.dedent("\n".join(kept).strip("\n")).strip()
    return "" if _LICENCE.search(text) or len(kept) > MAX_COMMENT_LINES else text
