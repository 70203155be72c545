"""Locals of the translated function that a kernel uses without declaring them: their declarations are put at the kernel's head.

People declare counters and accumulators at the head of a C function; a translator that writes a kernel's loops anew forgets some of them, and then the
kernel doesn't build. In a kernel each thread has its own, so that a declaration at the head is right wherever every thread sets the variable before it
reads it, as in the sequential loop that was shared.

Not covered: names that the source declares as arrays or pointers, or with a value of a loop; they stay undeclared, and the compiler will tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.scopes import free_names
from hpcraft.data.trees import functions, has_specifier, parameter_names, parse, text_of, walk

_PLAIN = ("identifier", "init_declarator")


@dataclass(frozen=True, slots=True)
class _Local:
    """A scalar that the source declares once."""

    name: str
    type: str
    value: Node | None
    in_loop: bool


def with_missing_locals(code: str, source: str) -> str:
    """The last kernel of ``code`` with the locals of ``source`` that it uses and doesn't declare.

    Args:
        code: CUDA C++.
        source: the sequential function, the last one of this C code.
    """
    kernels = [f for f in functions(parse(code, "cuda")) if has_specifier(f, "__global__")]
    sequential = list(functions(parse(source)))
    body = kernels[-1].child_by_field_name("body") if kernels else None
    if body is None or not sequential:
        return code
    known = set(parameter_names(kernels[-1]))
    missing = free_names(kernels[-1])
    lines = []
    for local in _locals(sequential[-1]):
        used = {text_of(n) for n in walk(local.value) if n.type == "identifier"} if local.value is not None else set()
        if local.name not in missing or (local.value is not None and (local.in_loop or not used <= known)):
            continue
        known.add(local.name)
        value = f" = {text_of(local.value)}" if local.value is not None else ""
        lines.append(f"\n    {local.type} {local.name}{value};")
    at = body.start_byte + 1
    whole = code.encode()
    return (whole[:at] + "".join(lines).encode() + whole[at:]).decode()


def _locals(function: Node) -> list[_Local]:
    """The scalars that a function declares, in their order; those of one name that it declares twice differently are left out."""
    found: dict[str, _Local] = {}
    twice: set[str] = set()
    for node in walk(function.child_by_field_name("body") or function):
        if node.type != "declaration":
            continue
        kept = [text_of(n) for n in node.children if n.type == "type_qualifier"]
        kind = " ".join([*kept, text_of(node.child_by_field_name("type"))])
        for declarator in node.children_by_field_name("declarator"):
            inner = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
            if declarator.type not in _PLAIN or inner is None or inner.type != "identifier":
                continue
            local = _Local(text_of(inner), kind, declarator.child_by_field_name("value"), _in_loop(node, function))
            other = found.setdefault(local.name, local)
            if (other.type, text_of(other.value)) != (local.type, text_of(local.value)):
                twice.add(local.name)
    return [local for name, local in found.items() if name not in twice]


def _in_loop(node: Node, function: Node) -> bool:
    while (parent := node.parent) is not None and parent != function:
        if parent.type in ("for_statement", "while_statement", "do_statement"):
            return True
        node = parent
    return False
