"""The grammars that documents are read with: parsing, queries, and the text of nodes.

A document of C or C++ that holds device code (HIP, mostly) is read by the CUDA grammar, which knows launches and ``__global__``.
Offsets within a tree are bytes, so the encoded text goes beside it.
Not covered: macros; a tree has errors where the text makes sense only to the preprocessor.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

_GRAMMARS = {"c": "tree_sitter_c", "cpp": "tree_sitter_cpp", "cuda": "tree_sitter_cuda", "fortran": "tree_sitter_fortran"}


def grammar_of(language: str, text: str) -> str:
    """The grammar that a text is read with: that of its language, but for device code."""
    if language in ("c", "cpp") and ("__global__" in text or "<<<" in text):
        return "cuda"
    return language


def parse(language: str, text: str) -> Node:
    """The root of the tree of ``text``.

    Args:
        language: a `hpcraft.records.Language`.
        text: Fortran in free form.
    """
    return parser(grammar_of(language, text)).parse(text.encode()).root_node


def captures(grammar: str, query: str, root: Node) -> dict[str, list[Node]]:
    """The nodes below ``root`` that a query names, by name, each list in the order of the text."""
    from tree_sitter import QueryCursor

    found = QueryCursor(_query(grammar, query)).captures(root)  # in no order of their own
    return {name: sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)) for name, nodes in found.items()}


def text_of(node: Node | None) -> str:
    """The text of a node; empty for none."""
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


def walk_without(root: Node | None, kinds: Collection[str]) -> Iterator[Node]:
    """All nodes at and below, in order, but those of ``kinds`` and what is below these."""
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if node.type in kinds:
            continue
        yield node
        stack += reversed(node.children)


def one_line(text: str) -> str:
    """Text with every run of blanks and line breaks as one blank, and continued lines joined."""
    return " ".join(text.replace("\\\n", " ").split())


@functools.cache
def parser(grammar: str) -> Parser:
    """The parser of a grammar, whatever a text holds; `parse` also chooses the grammar."""
    from tree_sitter import Language, Parser

    return Parser(Language(import_module(_GRAMMARS[grammar]).language()))


@functools.cache
def _query(grammar: str, query: str) -> Query:
    from tree_sitter import Query

    language = parser(grammar).language
    assert language is not None
    return Query(language, query)
