"""Which names a piece of C or CUDA takes from around it: those that are used where nothing inside declares them.

Not covered: types, tags and labels, which C keeps apart from the names of variables and functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from hpcraft.data.trees import function_name, functions, parameter_names, parse, text_of, tops, walk
from hpcraft.data.typedefs import MATH

MACROS = ("preproc_def", "preproc_function_def")
"""What defines a macro; it knows no scopes."""
_TYPES = frozenset(("bool", "size_t", "ptrdiff_t")) | {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)}
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
            scope.update((*parameter_names(at), function_name(at)))
            waiting += [(child, scope) for child in reversed(at.children)]
        elif at.type == "parameter_declaration":
            waiting += [(n, scope) for n in walk(at) if n.type == "identifier" and n != _name(at.child_by_field_name("declarator"))]
        elif at.type == "declaration":
            parts = [part for declarator in at.children_by_field_name("declarator") for part in _declared(declarator)]
            if any(text_of(n) == "extern" for n in at.children):
                found.update(part for part in parts if isinstance(part, str))
            kind = at.child_by_field_name("type")
            waiting += [(part, scope) for part in reversed(parts)]
            waiting += [(kind, scope)] if kind is not None else []
        else:
            waiting += [(child, scope) for child in reversed(at.children)]
    return found


def stands_alone(code: str) -> bool:
    """Whether C names nothing that it doesn't define, but for functions of ``math.h``, types of C, and ``max`` and ``min``, which nearly all code has."""
    root = parse(code)
    known = {*MATH, "max", "min", *tops(root), *(text_of(n.child_by_field_name("name")) for n in walk(root) if n.type in MACROS)}
    types = {text_of(n) for n in walk(root) if n.type == "type_identifier"}
    free = set[str]().union(*map(free_names, functions(root)))
    return not root.has_error and free | types <= known | _TYPES


def _declared(declarator: Node) -> list[Node | str]:
    """What a declarator uses, lengths of arrays and values, and then its name; of a prototype the name as one that is used."""
    name = _name(declarator)
    if name is not None and declarator.type == "function_declarator" and declarator.child_by_field_name("declarator") == name:
        return [name]
    inside = [n for n in walk(declarator) if n.type == "array_declarator"]
    sizes = [size for n in inside if (size := n.child_by_field_name("size")) is not None]
    values = (
        [c for c in declarator.children if c != declarator.child_by_field_name("declarator")]
        if declarator.type == "init_declarator"
        else []
    )
    return [*sizes, *values, *([text_of(name)] if name is not None else [])]


def _name(declarator: Node | None) -> Node | None:
    return next((n for n in walk(declarator) if n.type == "identifier"), None) if declarator is not None else None
