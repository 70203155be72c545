"""A CUDA kernel without the host function that launches it, for translators that are to write the kernel alone.

Not covered: work that several kernels share, and kernels with a parameter that the sequential function lacks, such as the place of a result:
they mean nothing without their host function.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from hpcraft.data.trees import functions, has_specifier, parameter_names, parse, text_of


def lone_kernel(code: str, source: str) -> str | None:
    """The kernel of ``code`` with its device functions, under the sequential function's name and with all of its parameters.

    So a translator can point at the function's head instead of writing it anew. None where the kernel can't stand alone.

    Args:
        code: CUDA C++.
        source: the sequential function, the last one of this C code.
    """
    root = parse(code, "cuda")
    kernels = [f for f in functions(root) if has_specifier(f, "__global__")]
    sequential = list(functions(parse(source)))
    if len(kernels) != 1 or not sequential:
        return None
    head, kernel = _head(sequential[-1]), kernels[0]
    if not head.startswith("void ") or not set(parameter_names(kernel)) <= set(parameter_names(sequential[-1])):
        return None
    hosts = [f for f in functions(root) if not (has_specifier(f, "__global__") or has_specifier(f, "__device__"))]
    if not all(map(_only_launches, hosts)):
        return None
    helpers = [text_of(f) for f in functions(root) if has_specifier(f, "__device__")]
    return "\n".join([*helpers, f"__global__ {head} {text_of(kernel.child_by_field_name('body'))}"]) + "\n"


def _only_launches(host: Node) -> bool:
    """Whether a host function does nothing but allocate, copy and launch: no condition, no loop, no value of its own in the arrays."""
    body = host.child_by_field_name("body")
    statements = [n for n in body.named_children if n.type != "comment"] if body is not None else []
    return all(n.type == "declaration" or (n.type == "expression_statement" and _is_service(n.named_children[0])) for n in statements)


def _is_service(expression: Node) -> bool:
    if expression.type != "call_expression":
        return False
    launched = any(c.type == "kernel_call_syntax" for c in expression.children)
    return launched or text_of(expression.child_by_field_name("function")).startswith("cuda")


def _head(function: Node) -> str:
    body = function.child_by_field_name("body")
    head = text_of(function)[: body.start_byte - function.start_byte] if body is not None else ""
    return re.sub(r"\brestrict\b", "__restrict__", re.sub(r"\b(?:static|inline|extern)\b\s*", "", " ".join(head.split())))
