"""Fits a translator's CUDA to a launch that is given: its kernel under the name and with the parameters that the launch expects.

hpcraft's translators write a kernel and the host function that launches it. A task that brings its own launch asks for the kernel alone, by name and
in an order of parameters that the prompt spells out; what the model wrote for it stays, its host function goes.

Not covered: an answer whose kernel has parameters of other names; it is left as it is, and its launch will tell.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from hpcraft.data.trees import function_name, functions, has_specifier, parameter_names, parameters, parse, text_of


def fit_kernel(answer: str, head: str) -> str:
    """The kernels and device functions of ``answer``, the last kernel with the head that is asked for.

    Args:
        answer: CUDA C++ with kernels and perhaps host functions.
        head: of the wanted kernel, such as ``__global__ void scale(int n, float *x)``.
    """
    root = parse(answer, "cuda")
    kernels = [f for f in functions(root) if has_specifier(f, "__global__")]
    wanted = next(functions(parse(f"{head} {{}}", "cuda")), None)
    if not kernels or wanted is None:
        return answer
    kernel, name = kernels[-1], function_name(wanted)
    kept = []
    for node in root.children:
        inside = list(functions(node)) if node.type != "function_definition" else [node]
        if inside and not any(has_specifier(f, "__global__") or has_specifier(f, "__device__") for f in inside):
            continue
        text = text_of(node)
        if node.start_byte <= kernel.start_byte < node.end_byte:
            text = _headed(text, kernel, wanted)
        kept.append(text)
    return re.sub(rf"\b{re.escape(function_name(kernel))}\b", name, "\n".join(kept)) + "\n"


def _headed(text: str, kernel: Node, wanted: Node) -> str:
    """The kernel's text with the wanted order of parameters, where they are the same by name, or some are left out."""
    own, asked = parameters(kernel), parameters(wanted)
    names, order = parameter_names(kernel), parameter_names(wanted)
    if names == order or not set(names) <= set(order) or len(set(names)) < len(names):
        return text
    by_name = {name: text_of(p) for name, p in zip(order, asked, strict=True)} | dict(zip(names, map(text_of, own), strict=True))
    before = ", ".join(map(text_of, own))
    begin = text.find(text_of(own[0])) if own else text.find("(") + 1
    end = text.find(")", begin + len(before) - 1) if own else begin
    return text[:begin] + ", ".join(by_name[name] for name in order) + text[end:]
