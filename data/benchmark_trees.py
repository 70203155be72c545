"""The functions of a benchmark's text, by the hash of their normalised syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcraft.data.code_tokens import code_words
from hpcraft.data.syntax import parser
from hpcraft.data.tree_hash import tree_hash

if TYPE_CHECKING:
    from tree_sitter import Node

C_FAMILY = ("c", "cpp", "cuda")
LANGUAGES = (*C_FAMILY, "fortran")
_FUNCTIONS = frozenset(("function_definition", "subroutine", "function"))


def function_trees(language: str, text: str) -> list[tuple[str, int]]:
    """Tree hash and number of lexemes of each function of a text.

    C is read by the grammars of C++ and CUDA too, because the same function may stand in a file of either.
    """
    grammars = C_FAMILY if language in C_FAMILY else (language,)
    return [
        (tree_hash(grammar, function), len(code_words(grammar, function)))
        for grammar in grammars
        for function in function_texts(grammar, text)
    ]


def function_texts(language: str, text: str) -> list[str]:
    """The functions of a text that the grammar reads without an error, those inside others too; templates with their heads."""
    source = text.encode()
    found, stack = [], [parser(language).parse(source).root_node]
    while stack:
        node = stack.pop()
        if node.is_named and node.type in _FUNCTIONS and not node.has_error:  # Fortran's keywords have the same names
            found.append(_whole(node))
        stack.extend(reversed(node.children))
    return [source[node.start_byte : node.end_byte].decode() + "\n" for node in found]


def _whole(node: Node) -> Node:
    return node.parent if node.parent is not None and node.parent.type == "template_declaration" else node
