"""Code of an answer in C++ or CUDA that would run by itself, before the first call: what initialises variables of the file.

It looks at the syntax tree outside of function bodies: an initialiser may compute with numbers, functions of <cmath> and the constructors of CUDA's own
vectors, and call nothing else; a variable may not be of a class of the answer's whose constructor or destructor holds code. Constant
expressions (``constexpr``) are the compiler's.

Not covered: attributes (`hpcraft.eval.forbidden` has them); classes of the answer's inside templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.parallel.outline import words
from hpcraft.data.trees import declared_name, parse, text_of, walk

_HARMLESS = words(
    "sqrt cbrt pow exp exp2 log log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh fabs abs floor ceil round min max fmin fmax hypot"
    " sqrtf powf expf logf log2f log10f sinf cosf tanf asinf acosf atanf atan2f fabsf floorf ceilf roundf fminf fmaxf dim3 infinity epsilon lowest"
    " quiet_NaN float double int unsigned long size_t"
)
_VECTOR = re.compile(r"make_\w+\d")
_CLASSES = ("struct_specifier", "class_specifier", "union_specifier")
_CALLS = ("call_expression", "new_expression", "lambda_expression", "gnu_asm_expression")
_CONSTANT = re.compile(r"\bconst(?:expr|eval)\b")


def before_calls(code: str) -> str:
    """The name of a variable whose initialisation runs code; empty where there is none."""
    outside = list(_outside(parse(code, "cuda")))
    active = _active([node for node in outside if node.type in _CLASSES])
    for node in outside:
        if node.type not in ("declaration", "field_declaration") or _CONSTANT.search(text_of(node).partition("=")[0]):
            continue
        if node.type == "field_declaration" and not re.search(r"\bstatic\b", text_of(node)):
            continue
        default = node.child_by_field_name("default_value")
        if default is not None and _runs(default):
            return text_of(node.child_by_field_name("declarator"))
        for declarator in node.children_by_field_name("declarator"):
            if _is_function(declarator):
                continue
            if _runs(declarator) or (_made_of(node) in active and not _is_pointer(declarator)):
                return declared_name(declarator) or text_of(declarator)[:40]
    return ""


def _outside(root: Node) -> Iterator[Node]:
    """All nodes but those in the bodies of functions."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in node.children if not (node.type == "function_definition" and child.type == "compound_statement")]


def _runs(declarator: Node) -> bool:
    """Whether the initialiser beside a name calls something."""
    for node in walk(declarator):
        if node.type in _CALLS:
            callee = text_of(node.child_by_field_name("function")) if node.type == "call_expression" else ""
            name = callee.rpartition("::")[2].partition("<")[0].strip()
            if name not in _HARMLESS and not _VECTOR.fullmatch(name):
                return True
    return False


def _is_function(declarator: Node) -> bool:
    """A prototype, which initialises nothing; pointers to functions are variables."""
    while declarator.type in ("pointer_declarator", "reference_declarator"):
        below = declarator.child_by_field_name("declarator") or declarator.named_children[-1]
        declarator = below
    return declarator.type == "function_declarator" and "(" not in text_of(declarator.child_by_field_name("declarator"))


def _is_pointer(declarator: Node) -> bool:
    inner = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
    return inner is not None and inner.type in ("pointer_declarator", "reference_declarator")


def _made_of(node: Node) -> str:
    """The name of the class of what is declared."""
    kind = node.child_by_field_name("type")
    if kind is None:
        return ""
    if kind.type in _CLASSES:
        return _class_name(kind)
    return text_of(kind).rpartition("::")[2].partition("<")[0].strip()


def _class_name(node: Node) -> str:
    return text_of(node.child_by_field_name("name")) or f"class at {node.start_byte}"


def _active(classes: list[Node]) -> set[str]:
    """The classes that run code when one is made or goes: by their own constructor or destructor, or by what they hold."""
    bodies = {_class_name(node): node for node in classes if node.child_by_field_name("body") is not None}
    active = {name for name, node in bodies.items() if _has_code(node, name)}
    while more := {name for name, node in bodies.items() if name not in active and _parts(node) & active}:
        active |= more
    return active


def _has_code(node: Node, name: str) -> bool:
    body = node.child_by_field_name("body")
    for member in body.children if body is not None else ():
        untyped = member.type == "function_definition" and member.child_by_field_name("type") is None
        if untyped and re.match(rf"~?{re.escape(name)}\b", declared_name(member.child_by_field_name("declarator")) or _head(member)):
            return True
        if member.type == "field_declaration" and any(n.type in _CALLS for n in walk(member)):
            return True
        if member.type == "declaration":  # a constructor that is defined elsewhere
            return True
    return False


def _head(member: Node) -> str:
    declarator = member.child_by_field_name("declarator")
    return text_of(declarator.child_by_field_name("declarator")) if declarator is not None else ""


def _parts(node: Node) -> set[str]:
    """The names of a class's bases and of its members' types."""
    return {text_of(n) for n in walk(node) if n.type == "type_identifier"} - {_class_name(node)}
