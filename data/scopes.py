"""Which names a piece of C or CUDA takes from around it: those that are used where nothing inside declares them.

Not covered: types, tags and labels, which C keeps apart from the names of variables and functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from hpcraft.data.trees import parameter_names, text_of, walk

_SCOPES = ("compound_statement", "for_statement", "function_definition")


def free_names(node: Node, known: Iterable[str] = ()) -> set[str]:
    """Identifiers in ``node`` that neither it nor ``known`` declares before they are used.

    Args:
        node: of a tree of C or CUDA; a function's parameters are its own.
        known: names that are declared around it.
    """
    found: set[str] = set()
    # What is to be looked at, in the order of the text, each with the names of its scope; a text is declared when its turn comes.
    waiting: list[tuple[Node | str, set[str]]] = [(node, set(known))]
    while waiting:
        at, scope = waiting.pop()
        if isinstance(at, str):
            scope.add(at)
            continue
        if at.type == "identifier":
            if text_of(at) not in scope:
                found.add(text_of(at))
            continue
        if at.type in _SCOPES:
            scope = set(scope)
        if at.type == "function_definition":
            scope.update(parameter_names(at))
            body = at.child_by_field_name("body")
            waiting += [(body, scope)] if body is not None else []
        elif at.type == "declaration":
            parts = [part for declarator in at.children_by_field_name("declarator") for part in _declared(declarator)]
            waiting += [(part, scope) for part in reversed(parts)]
        else:
            waiting += [(child, scope) for child in reversed(at.children)]
    return found


def _declared(declarator: Node) -> list[Node | str]:
    """What a declarator uses, lengths of arrays and values, and then its name."""
    name = next((n for n in walk(declarator) if n.type == "identifier"), None)
    inside = [n for n in walk(declarator) if n.type == "array_declarator"]
    sizes = [size for n in inside if (size := n.child_by_field_name("size")) is not None]
    values = (
        [c for c in declarator.children if c != declarator.child_by_field_name("declarator")]
        if declarator.type == "init_declarator"
        else []
    )
    return [*sizes, *values, *([text_of(name)] if name is not None else [])]
