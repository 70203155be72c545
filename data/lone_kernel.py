"""A CUDA kernel without the host function that launches it, for translators that are to write the kernel alone.

Not covered: work that several kernels share, and kernels with a parameter that the sequential function lacks, such as the place of a result:
they mean nothing without their host function.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from hpcraft.data.trees import functions, has_specifier, head_line, is_launch, is_on_device, parameter_names, parse, text_of


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
    head, kernel = re.sub(r"\brestrict\b", "__restrict__", head_line(sequential[-1])), kernels[0]
    if not head.startswith("void ") or not set(parameter_names(kernel)) <= set(parameter_names(sequential[-1])):
        return None
    if not all(_only_launches(f) for f in functions(root) if not is_on_device(f)):
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
    return is_launch(expression) or text_of(expression.child_by_field_name("function")).startswith("cuda")
