"""What gives variables their values in Fortran, node by node of the grammar's tree.

``a(i)`` is an element where the text declares, receives or assigns ``a``, else a call of a function. Case says nothing.

Not covered: ``entry``, ``equivalence``, ``common``; what a called subroutine does with its arguments (it may have set each of them).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hpcraft.data.syntax import text_of
from hpcraft.eval.code_bleu.flow import LOOP, LOOP_END, SCOPE, SCOPE_END, Define, Event, Expand, Use

if TYPE_CHECKING:
    from tree_sitter import Node

_SKIPPED = frozenset(
    [
        "comment",
        "use_statement",
        "include_statement",
        "import_statement",
        "intrinsic_type",
        "derived_type",
        "type_qualifier",
        "language_binding",
        "implicit_statement",
        "function_result",
        "concurrent_locality",
        "unit_identifier",
        "format_identifier",
        "preproc_include",
        "preproc_def",
        "preproc_function_def",
        "preproc_call",
    ]
)
_UNITS = frozenset(("subroutine", "function", "program", "module", "submodule", "module_procedure"))
_CONTROLS = frozenset(("loop_control_expression", "concurrent_control", "triplet_spec"))


def expander(root: Node) -> Expand:
    """The expansion of the nodes of one tree, whose variables are known."""
    variables = frozenset(_variables(root))
    arguments: set[str] = set()
    """Of the procedure under way: their declaration is no other variable."""

    def expand(node: Node) -> Sequence[Node | Event]:
        kind = node.type
        if kind in _SKIPPED:
            return ()
        if kind == "identifier":
            return (Use(_name(node)),)
        if kind == "parameters":
            names = [_name(child) for child in node.named_children if child.type == "identifier"]
            arguments.clear()
            arguments.update(names)
            return [Define(name, declares=True) for name in names]
        if kind == "variable_declaration":
            return _declared(node, arguments)
        if kind in ("init_declarator", "assignment_statement", "pointer_association_statement"):
            return _assigned(node, variables)
        if kind in ("sized_declarator", "sized_allocation"):
            return [child for child in node.named_children if child.type == "size"]
        if kind in ("do_loop", "forall_statement", "where_statement"):
            return (LOOP, *node.named_children, LOOP_END)
        if kind in _UNITS:
            return (SCOPE, *node.named_children, SCOPE_END)
        if kind in _CONTROLS:
            return _controlled(node, variables)
        if kind in ("subroutine_call", "input_item_list"):
            return _handed_over(node)
        if kind == "call_expression":
            return [c for c in node.named_children if c.type != "identifier" or _name(c) in variables]
        if kind == "keyword_argument":
            return [child for child in node.named_children if child != node.child_by_field_name("name")]
        return node.named_children

    return expand


def _variables(root: Node) -> Iterator[str]:
    """Names that the text declares, receives or gives values to."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "parameters":
            yield from (_name(child) for child in node.named_children if child.type == "identifier")
        elif node.type == "variable_declaration":
            yield from (_base(child) for child in node.children_by_field_name("declarator"))
        elif node.type == "assignment_statement":
            yield _base(node.child_by_field_name("left"))
        elif node.type in _CONTROLS:
            yield _base(node)
        stack.extend(node.named_children)


def _declared(node: Node, arguments: set[str]) -> Sequence[Node | Event]:
    """Variables of one declaration, but for dummy arguments, which the procedure's head has."""
    found: list[Node | Event] = []
    for declarator in node.children_by_field_name("declarator"):
        if declarator.type != "identifier":
            found.append(declarator)
        if (name := _base(declarator)) and declarator.type != "init_declarator" and name not in arguments:
            found.append(Define(name, declares=True, valued=False))
    return found


def _assigned(node: Node, variables: frozenset[str]) -> Sequence[Node | Event]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    name = _base(left)
    if left is None or right is None or not name:
        return node.named_children
    indices = [child for child in left.named_children if child.type in ("argument_list", "size")]
    sources = tuple(dict.fromkeys(_names(right, variables)))
    return (*indices, right, Define(name, sources, copy=right.type == "identifier", declares=node.type == "init_declarator"))


def _controlled(node: Node, variables: frozenset[str]) -> Sequence[Node | Event]:
    """The variable of a loop, from its bounds."""
    variable, *bounds = node.named_children or [node]
    sources = dict.fromkeys(name for bound in bounds for name in _names(bound, variables))
    return (*bounds, Define(_name(variable), tuple(sources)))


def _handed_over(node: Node) -> Sequence[Node | Event]:
    """Arguments are read, and may have been set afterwards."""
    given = [child for child in node.named_children if child != node.child_by_field_name("subroutine")]
    items = [item for child in given for item in (child.named_children if child.type == "argument_list" else [child])]
    return (*given, *(Define(_name(item)) for item in items if item.type == "identifier"))


def _names(node: Node, variables: frozenset[str]) -> Iterator[str]:
    stack = [node]
    while stack:
        at = stack.pop()
        if at.type == "identifier":
            yield _name(at)
        elif at.type == "call_expression":
            stack.extend(reversed([c for c in at.named_children if c.type != "identifier" or _name(c) in variables]))
        elif at.type == "keyword_argument":
            stack.extend(child for child in at.named_children if child != at.child_by_field_name("name"))
        elif at.type not in _SKIPPED:
            stack.extend(reversed(at.named_children))


def _base(node: Node | None) -> str:
    """The variable that ``a(i)`` or ``a%x`` is of."""
    while node is not None and node.type != "identifier":
        node = next(iter(node.named_children), None)
    return _name(node)


def _name(node: Node | None) -> str:
    return text_of(node).lower()
