"""A CUDA kernel without the host function that launches it, for translators that are to write the kernel alone, or to read it.

Not covered: work that several kernels share, and kernels with a parameter that the sequential function lacks, such as the place of a result:
they mean nothing without their host function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from hpcraft.data.trees import (
    declared_name,
    entries,
    function_name,
    functions,
    has_specifier,
    head_line,
    is_launch,
    is_on_device,
    parameter_names,
    parameters,
    parse,
    text_of,
    walk,
    without_kernel_words,
)
from hpcraft.errors import InputError


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


def kernel_to_read(code: str, head: str) -> str | None:
    """The kernel of ``code`` with its device functions, as a translator back to C is given it: under the name of the wanted function.

    Its parameters stay in their order, and so do their names, but where they are those of the wanted function in number and type, one by one, they get
    the names that they have there. None where there is not one kernel, or a host function does more than launch it.

    Args:
        code: CUDA C++.
        head: prototype of the wanted C function.
    """
    root = parse(code, "cuda")
    kernels = [f for f in functions(root) if has_specifier(f, "__global__")]
    wanted = next(functions(parse(f"{head.rstrip(' ;')} {{}}")), None)
    if len(kernels) != 1 or wanted is None or not all(_only_launches(f) for f in functions(root) if not is_on_device(f)):
        return None
    kernel = kernels[0]
    helpers = [text_of(f) for f in functions(root) if has_specifier(f, "__device__") and f != kernel]
    text = _with_names(kernel, _aligned(kernel, wanted))
    return re.sub(rf"\b{re.escape(function_name(kernel))}\b", function_name(wanted), "\n".join([*helpers, text])) + "\n"


def wanted_head(code: str) -> str:
    """The prototype of the C function that CUDA code stands for, where nobody names another: that of its last host function, else of its last kernel.

    Raises:
        InputError: it has neither.
    """
    root = parse(code, "cuda")
    chosen = entries(root)
    if not chosen:
        raise InputError("no kernel and no host function is defined here")
    head = without_kernel_words(head_line(chosen[-1]))
    return re.sub(r"\b__restrict(?:__)?\b", "restrict", head).strip()


def c_head(source: str) -> str:
    """The prototype of the last function of a piece of C, as it is spelled there; empty where there is none."""
    found = list(functions(parse(source)))
    return head_line(found[-1]) if found else ""


def is_complete(code: str, head: str) -> bool:
    """Whether the kernel of ``code`` (as `kernel_to_read` gives it) has no parameter that the wanted C function lacks."""
    kernels = [f for f in functions(parse(code, "cuda")) if has_specifier(f, "__global__")]
    wanted = next(functions(parse(f"{head.rstrip(' ;')} {{}}")), None)
    return len(kernels) == 1 and wanted is not None and set(parameter_names(kernels[0])) <= set(parameter_names(wanted))


def _aligned(kernel: Node, wanted: Node) -> dict[str, str]:
    """New names of a kernel's parameters; none where they aren't the wanted ones by type, or another name of the kernel is in the way."""
    own, names = parameter_names(kernel), parameter_names(wanted)
    if own == names or list(map(_type, parameters(kernel))) != list(map(_type, parameters(wanted))):
        return {}
    new = {old: name for old, name in zip(own, names, strict=True) if old != name}
    used = {text_of(n) for n in walk(kernel) if n.type == "identifier"}
    return {} if used & set(new.values()) or len(set(own)) < len(own) else new


def _type(parameter: Node) -> str:
    """A parameter's declaration without its name, and without what doesn't change its type."""
    name = declared_name(parameter.child_by_field_name("declarator"))
    words = re.sub(rf"\b(?:const|restrict|__restrict__|__restrict|{re.escape(name)})\b", " ", text_of(parameter))
    return "".join(words.split())


def _with_names(kernel: Node, new: Mapping[str, str]) -> str:
    code, start = kernel.text or b"", kernel.start_byte
    for node in sorted((n for n in walk(kernel) if n.type == "identifier"), key=lambda n: -n.start_byte):
        if (name := new.get(text_of(node))) is not None:
            code = code[: node.start_byte - start] + name.encode() + code[node.end_byte - start :]
    return code.decode()


def _only_launches(host: Node) -> bool:
    """Whether a host function does nothing but allocate, copy and launch: no condition, no loop, no value of its own in the arrays."""
    body = host.child_by_field_name("body")
    statements = [n for n in body.named_children if n.type != "comment"] if body is not None else []
    return all(n.type == "declaration" or (n.type == "expression_statement" and _is_service(n.named_children[0])) for n in statements)


def _is_service(expression: Node) -> bool:
    if expression.type != "call_expression":
        return False
    return is_launch(expression) or text_of(expression.child_by_field_name("function")).startswith("cuda")
