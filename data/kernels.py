"""CUDA and HIP kernels with the statements of their document that launch them.

A kernel is a function that is a unit (`hpcraft.data.functions`) and has ``__global__``, or ``attributes(global)`` in CUDA Fortran. Launches are
``k<<<grid, block>>>(..)``, ``cudaLaunchKernel`` and its like, ``hipLaunchKernelGGL`` and the launch of CUDA Fortran, each the whole statement with
its template arguments as it stands there, on one line. They are matched by the last part of the kernel's name within one document.
Not covered: launches in another document (a kernel's ``launches`` are then empty), through macros of the package, function pointers,
or driver handles, and which of several overloads a launch means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hpcraft.data.functions import Function
from hpcraft.data.syntax import captures, one_line, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_LAUNCHES, MAX_LAUNCH_CHARACTERS = 20, 2000

_LAUNCHERS = frozenset(
    (
        "cudaLaunchKernel",
        "cudaLaunchKernelEx",
        "cudaLaunchKernelExC",
        "cudaLaunchCooperativeKernel",
        "hipLaunchKernelGGL",
        "hipLaunchKernel",
        "hipLaunchCooperativeKernel",
    )
)
_QUERY = "(call_expression) @call"
_FORTRAN_QUERY = "(subroutine_call) @call"
_WORD = re.compile(r"[A-Za-z_]\w*")
_FORTRAN_KERNEL = re.compile(r"\battributes\s*\(\s*(?:grid_)?global\s*\)", re.IGNORECASE)
_GLOBAL = re.compile(r"\b__global__\b")


class Kernel(NamedTuple):
    """A kernel and what launches it."""

    function: Function
    launches: tuple[str, ...]


def kernels(grammar: str, root: Node, functions: list[Function], source: bytes) -> Iterator[Kernel]:
    """The kernels among the functions of a document, in their order."""
    if grammar == "fortran":
        chosen = [f for f in functions if _FORTRAN_KERNEL.search(f.signature)] if b"global" in source.lower() else []
    else:
        chosen = [f for f in functions if _GLOBAL.search(f.signature)] if b"__global__" in source else []
    if not chosen:
        return
    launches = _launches(grammar, root)
    for function in chosen:
        name = function.name.rpartition("::")[2]
        own = launches.get(name.lower() if grammar == "fortran" else name, {})
        yield Kernel(function, tuple(own)[:MAX_LAUNCHES])


def _launches(grammar: str, root: Node) -> dict[str, dict[str, None]]:
    """The launch statements of a document by the last part of the kernel's name, each text once."""
    found: dict[str, dict[str, None]] = {}
    for call in captures(grammar, _FORTRAN_QUERY if grammar == "fortran" else _QUERY, root).get("call", []):
        name = _launched_fortran(call) if grammar == "fortran" else _launched(call)
        if name:
            text = one_line(_statement(call))
            if len(text) <= MAX_LAUNCH_CHARACTERS:
                found.setdefault(name, {})[text] = None
    return found


def _launched_fortran(call: Node) -> str:
    if not any(c.type == "cuda_kernel_argument_list" for c in call.named_children):
        return ""
    return text_of(call.child_by_field_name("subroutine")).lower()


def _launched(call: Node) -> str:
    """The last part of the name of the kernel that a call launches; empty for other calls."""
    function = call.child_by_field_name("function")
    if function is None:
        return ""
    if any(c.type == "kernel_call_syntax" for c in call.named_children):
        return _last_name(text_of(function))
    if function.type == "identifier" and text_of(function) in _LAUNCHERS:
        arguments = call.child_by_field_name("arguments")
        place = 1 if text_of(function).startswith("cudaLaunchKernelEx") else 0
        values = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        return _last_name(_argument(values[place])) if len(values) > place else ""
    return ""


def _argument(node: Node) -> str:
    """A kernel as it is handed over, without casts, parentheses and macros around template arguments."""
    while True:
        if node.type == "cast_expression" and (value := node.child_by_field_name("value")) is not None:
            node = value
        elif node.type in ("parenthesized_expression", "pointer_expression") and node.named_children:
            node = node.named_children[-1]
        elif (
            node.type == "call_expression" and (arguments := node.child_by_field_name("arguments")) is not None and arguments.named_children
        ):
            node = arguments.named_children[0]  # HIP_KERNEL_NAME(k<T>), reinterpret_cast<void *>(k)
        else:
            return text_of(node)


def _last_name(text: str) -> str:
    """The name without template arguments and scopes."""
    plain, depth = [], 0
    for character in text:
        depth += (character == "<") - (character == ">")
        if not depth and character not in "<>":
            plain.append(character)
    words = _WORD.findall("".join(plain))
    return words[-1] if words else ""


def _statement(call: Node) -> str:
    """The statement that a call is; the call alone where it is part of a larger one."""
    parent = call.parent
    return text_of(parent if parent is not None and parent.type == "expression_statement" else call)
