"""Functions and directive-annotated loops, cut out of a document by its grammar.

A function is kept when it has 3 to 200 lines and parses without an error; a loop when an OpenMP or OpenACC directive stands
directly in front of it (a comment or ``#ifdef`` around the directive alone may stand between). Text is dedented.

Not covered: loops behind ``_Pragma`` operators and behind macros that hide a directive.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.parallel_models import find_models
from hpcraft.records import CodeUnit, Document
from hpcraft.store import sha256_bytes

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

MIN_FUNCTION_LINES, MAX_LINES = 3, 200

_GRAMMARS = {"c": "tree_sitter_c", "cpp": "tree_sitter_cpp", "cuda": "tree_sitter_cuda", "fortran": "tree_sitter_fortran"}
_C_QUERY = "(function_definition) @function (for_statement) @loop"
_QUERIES = {"c": _C_QUERY, "cpp": _C_QUERY, "cuda": _C_QUERY, "fortran": "[(subroutine) (function)] @function (do_loop) @loop"}
_HOLDERS = frozenset(("function_definition", "subroutine", "function", "program", "module"))
_NAMES = frozenset(("identifier", "field_identifier", "qualified_identifier", "operator_name", "destructor_name", "type_identifier"))
_KEYWORDS = frozenset(["if", "else", "for", "while", "switch", "do", "return", "sizeof", "case", "default", "goto", "defined"])
_C_DIRECTIVE = re.compile(r"#\s*pragma\s+(omp|acc)\b")
_FORTRAN_DIRECTIVE = re.compile(r"!\$(omp|acc)\b", re.IGNORECASE)
_IFDEFS = frozenset(("preproc_ifdef", "preproc_if"))


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a unit stands in the bytes of its document."""

    kind: str
    node: Node
    name: str
    directive: str


def cut_units(document: Document) -> list[CodeUnit]:
    """All functions and annotated loops of a document, in the order of the text."""
    source = document.text.encode()
    units = (_unit(document, source, cut) for cut in _cuts(document.language, source))
    return [unit for unit in units if unit is not None]


def _cuts(language: str, source: bytes) -> Iterator[_Cut]:
    from tree_sitter import QueryCursor

    root = _parser(language).parse(source).root_node
    found = QueryCursor(_query(language)).captures(root)
    annotated = (b"!$" if language == "fortran" else b"pragma") in source
    nodes = [(node, "function") for node in found.get("function", [])]
    nodes += [(node, "loop") for node in found.get("loop", [])] if annotated else []
    directive_of = _fortran_directive if language == "fortran" else _c_directive
    for node, kind in sorted(nodes, key=lambda pair: (pair[0].start_byte, -pair[0].end_byte, pair[1])):
        lines = node.end_point.row - node.start_point.row + 1
        if lines > MAX_LINES or node.has_error:
            continue
        if kind == "loop" and (directive := directive_of(node)):
            yield _Cut("loop", node, _holder(node), directive)
        elif kind == "function" and lines >= MIN_FUNCTION_LINES and (name := _name(node)) and name not in _KEYWORDS:
            yield _Cut("function", node.parent if node.parent and node.parent.type == "template_declaration" else node, name, "")


def _unit(document: Document, source: bytes, cut: _Cut) -> CodeUnit | None:
    line_start = source.rfind(b"\n", 0, cut.node.start_byte) + 1
    # From the start of the line where only blanks stand before it, so that dedenting keeps the shape.
    start = line_start if not source[line_start : cut.node.start_byte].strip() else cut.node.start_byte
    text = textwrap.dedent(source[start : cut.node.end_byte].decode().rstrip()) + "\n"
    fortran = document.language == "fortran"
    code = blank_fortran(text) if fortran else blank_c(text)
    models = find_models(document.language, f"{cut.directive}\n{code}")
    return CodeUnit(
        unit_id=sha256_bytes(f"{cut.kind}\0{cut.directive}\0{text}".encode()),
        kind=cut.kind,
        document_id=document.document_id,
        name=cut.name,
        language=document.language,
        models=models,
        directive=cut.directive,
        source=document.source,
        package=document.package,
        version=document.version,
        path=document.path,
        sha256=document.sha256,
        licence=document.licence,
        licence_evidence=document.licence_evidence,
        split=document.split,
        start_line=source.count(b"\n", 0, cut.node.start_byte) + 1,
        text=text,
    )


def _name(node: Node) -> str:
    """The name of a function node, as written; empty when the tree has none."""
    if node.type in ("subroutine", "function"):
        head = node.named_children[0] if node.named_children else None
        return _text(head.child_by_field_name("name")) if head else ""
    at = node.child_by_field_name("declarator")
    while at is not None and at.type not in _NAMES:
        at = at.child_by_field_name("declarator") or next(
            (c for c in at.named_children if "declarator" in c.type or c.type in _NAMES), None
        )
    return _text(at)


def _holder(node: Node) -> str:
    """The name of the function, or Fortran program unit, around a loop."""
    at = node.parent
    while at is not None and at.type not in _HOLDERS:
        at = at.parent
    if at is None:
        return ""
    if at.type in ("program", "module"):
        return _text(next((c for c in at.named_children[0].named_children if c.type == "name"), None)) if at.named_children else ""
    return _name(at)


def _c_directive(loop: Node) -> str:
    """The pragma directly in front of a loop, as one line."""
    before = loop.prev_named_sibling
    while before is not None and before.type == "comment":
        before = before.prev_named_sibling
    if before is not None and before.type in _IFDEFS:
        inside = [c for c in before.named_children if c.type != "comment"]
        # Only `#ifdef _OPENMP`, the pragma, `#endif`: anything more may be another loop head.
        before = inside[-1] if len(inside) == 2 else None
    if before is None or before.type != "preproc_call":
        return ""
    line = " ".join(_text(before).replace("\\\n", " ").split())
    return line if _C_DIRECTIVE.match(line) else ""


def _fortran_directive(loop: Node) -> str:
    """The directive directly in front of a loop, its continuations joined."""
    lines: list[str] = []
    before = loop.prev_sibling
    while before is not None and before.type == "comment" and (_FORTRAN_DIRECTIVE.match(_text(before)) or not lines):
        text = _text(before).strip()
        if _FORTRAN_DIRECTIVE.match(text):
            if lines and not text.endswith("&"):
                break
            lines.insert(0, text)
        before = before.prev_sibling
    sentinel = lines[0][:5].lower() if lines else ""
    parts = [line[5:].strip().strip("&").strip() for line in lines]
    directive = " ".join([sentinel, *parts]).strip()
    return "" if not parts or parts[0].lower().startswith("end") else directive


def _text(node: Node | None) -> str:
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


@functools.cache
def _parser(language: str) -> Parser:
    from tree_sitter import Language, Parser

    return Parser(Language(import_module(_GRAMMARS[language]).language()))


@functools.cache
def _query(language: str) -> Query:
    from tree_sitter import Query

    parser = _parser(language)
    assert parser.language is not None
    return Query(parser.language, _QUERIES[language])
