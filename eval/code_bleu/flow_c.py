"""What gives variables their values in C, C++ and CUDA, node by node of the grammars' trees.

Not covered: macros, ``goto``, fields as variables of their own (a struct is one variable), functions as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hpcraft.data.syntax import text_of
from hpcraft.data.trees import declared_name
from hpcraft.eval.code_bleu.flow import LOOP, LOOP_END, SCOPE, SCOPE_END, Define, Event, Use

if TYPE_CHECKING:
    from tree_sitter import Node

_SKIPPED = frozenset(
    [
        "comment",
        "preproc_include",
        "preproc_def",
        "preproc_function_def",
        "preproc_call",
        "enumerator_list",
        "template_parameter_list",
        "lambda_capture_specifier",
        "field_declaration_list",
    ]
)
_LOOPS = frozenset(("for_statement", "while_statement", "do_statement"))
_SCOPES = frozenset(("compound_statement", "function_definition", "lambda_expression", "if_statement", "switch_statement", "catch_clause"))
_PLAIN = frozenset(("identifier", "parenthesized_expression", "cast_expression"))


def expand(node: Node) -> Sequence[Node | Event]:
    """What a node consists of, in order."""
    kind = node.type
    if kind in _SKIPPED:
        return ()
    if kind == "identifier":
        return (Use(text_of(node)),)
    if kind in ("parameter_declaration", "optional_parameter_declaration"):
        name = declared_name(node.child_by_field_name("declarator"))
        return (Define(name, declares=True),) if name else ()
    if kind == "declaration":
        return _declared(node)
    if kind == "init_declarator":
        return _initialised(node)
    if kind == "function_declarator":
        return _fields(node, "parameters")
    if kind == "for_range_loop":
        return _range_loop(node)
    if kind == "assignment_expression":
        return _assigned(node)
    if kind == "update_expression":
        name = _base(node.child_by_field_name("argument"))
        return (*_indices(node.child_by_field_name("argument")), Use(name), Define(name, (name,))) if name else node.named_children
    if kind == "call_expression":
        return _called(node)
    inside = _fields(node, "declarator", "body") if kind in ("function_definition", "lambda_expression") else node.named_children
    if kind in _LOOPS:
        return (SCOPE, LOOP, *inside, LOOP_END, SCOPE_END)
    return (SCOPE, *inside, SCOPE_END) if kind in _SCOPES else inside


def _fields(node: Node, *fields: str) -> list[Node]:
    return [child for field in fields if (child := node.child_by_field_name(field)) is not None]


def _declared(node: Node) -> Sequence[Node | Event]:
    """Variables of one declaration; a function's prototype has none."""
    found: list[Node | Event] = []
    for declarator in node.children_by_field_name("declarator"):
        if declarator.type == "init_declarator":
            found.append(declarator)
        elif declarator.type != "function_declarator":
            found += _sizes(declarator)
            if name := declared_name(declarator):
                found.append(Define(name, declares=True, valued=False))
    return found


def _sizes(declarator: Node | None) -> list[Node | Event]:
    """What the sizes of a declared array are read from."""
    found: list[Node | Event] = []
    while declarator is not None:
        found += _fields(declarator, "size")
        declarator = declarator.child_by_field_name("declarator")
    return found


def _initialised(node: Node) -> Sequence[Node | Event]:
    declarator, value = node.child_by_field_name("declarator"), node.child_by_field_name("value")
    if value is None or declarator is None:
        return ()
    targets = declarator.named_children if declarator.type == "structured_binding_declarator" else [declarator]
    defined = [_define(declared_name(target), value, declares=True) for target in targets]
    return (*_sizes(declarator), value, *(event for event in defined if event.name))


def _range_loop(node: Node) -> Sequence[Node | Event]:
    right = node.child_by_field_name("right")
    name = declared_name(node.child_by_field_name("declarator"))
    sources = tuple(names(right)) if right is not None else ()
    variable = Define(name, sources, declares=True)
    return (SCOPE, LOOP, *_fields(node, "right"), variable, *_fields(node, "body"), LOOP_END, SCOPE_END)


def _assigned(node: Node) -> Sequence[Node | Event]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    name = _base(left)
    if right is None or not name:
        return node.named_children
    if text_of(node.child_by_field_name("operator")) in ("=", ""):
        return (*_indices(left), right, _define(name, right))
    sources = tuple(dict.fromkeys((name, *names(right))))
    return (*_indices(left), Use(name), right, Define(name, sources))


def _define(name: str, value: Node, *, declares: bool = False) -> Define:
    return Define(name, tuple(dict.fromkeys(names(value))), copy=_is_plain(value), declares=declares)


def _is_plain(value: Node) -> bool:
    """Whether a value is a variable as it is."""
    while value.type in _PLAIN and value.type != "identifier":
        below = value.child_by_field_name("value") or next(iter(value.named_children), None)
        if below is None:
            return False
        value = below
    return value.type == "identifier"


def _called(node: Node) -> Sequence[Node | Event]:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    begin: list[Node | Event] = []
    if function is not None and function.type not in ("identifier", "qualified_identifier", "template_function"):
        begin.append(function)
    begin += [child for child in node.named_children if child.type == "kernel_call_syntax"]
    if arguments is None:
        return begin
    given = arguments.named_children
    written: list[Event] = []
    for argument in given:
        if argument.type == "pointer_expression" and text_of(argument).startswith("&"):
            name = _base(argument)
            others = dict.fromkeys(n for other in given if other != argument for n in names(other) if n != name)
            written += [Define(name, tuple(others))] if name else []
        elif argument.type == "identifier":
            written.append(Define(text_of(argument)))  # an array that the call may have filled
    return (*begin, *given, *written)


def names(node: Node | None) -> Iterator[str]:
    """The variables that an expression reads, in order; of an assignment within it, the one that it sets."""
    stack = [node] if node is not None else []
    while stack:
        at = stack.pop()
        if at.type == "identifier":
            yield text_of(at)
        elif at.type == "assignment_expression":
            yield _base(at.child_by_field_name("left"))
        elif at.type == "call_expression":
            function = at.child_by_field_name("function")
            keep = [c for c in at.named_children if c != function or c.type == "field_expression"]
            stack.extend(reversed(keep))
        elif at.type not in _SKIPPED and at.type != "lambda_expression":
            stack.extend(reversed(at.named_children))


def _base(node: Node | None) -> str:
    """The variable that ``a[i]``, ``a.x``, ``*a`` or ``&a`` is of."""
    while node is not None and node.type != "identifier":
        node = node.child_by_field_name("argument") or next(iter(node.named_children), None)
    return text_of(node)


def _indices(node: Node | None) -> list[Node | Event]:
    """What is read to find the place that ``a[i][j]`` is."""
    found: list[Node | Event] = []
    while node is not None and node.type != "identifier":
        indices = node.child_by_field_name("indices") or node.child_by_field_name("index")
        if indices is not None:
            found.insert(0, indices)
        node = node.child_by_field_name("argument") or next(iter(node.named_children), None)
    return found
