"""Fits a translator's CUDA to a launch that is given: its kernel under the name and with the parameters that the launch expects.

hpcraft's translators write a kernel and the host function that launches it. A task that brings its own launch asks for the kernel alone, by name and
in an order of parameters that the prompt spells out; what the model wrote for it stays, its host function goes.

Not covered: an answer whose kernel has parameters of other names; it is left as it is, and its launch will tell.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from hpcraft.data.trees import function_name, functions, has_specifier, is_on_device, parameter_names, parameters, parse, text_of, walk


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
        if inside and not any(map(is_on_device, inside)):
            continue
        text = text_of(node)
        if node.start_byte <= kernel.start_byte < node.end_byte:
            text = _headed(text, kernel, wanted)
        kept.append(text)
    return re.sub(rf"\b{re.escape(function_name(kernel))}\b", name, "\n".join(kept)) + "\n"


def _headed(text: str, kernel: Node, wanted: Node) -> str:
    """The kernel's text with the wanted order of parameters, where they are the same by name, or some are left out on either side."""
    own, asked = parameters(kernel), parameters(wanted)
    names, order = parameter_names(kernel), parameter_names(wanted)
    lost = set(names) - set(order)
    if names == order or len(set(names)) < len(names) or (lost and not set(order) < set(names)):
        return text
    body = kernel.child_by_field_name("body")
    inside = _without_bounds(body, lost) if body is not None else None
    if body is None or inside is None:
        return text
    by_name = {name: text_of(p) for name, p in zip(order, asked, strict=True)} | dict(zip(names, map(text_of, own), strict=True))
    text = text.replace(text_of(body), inside)
    before = ", ".join(map(text_of, own))
    begin = text.find(text_of(own[0])) if own else text.find("(") + 1
    end = text.find(")", begin + len(before) - 1) if own else begin
    return text[:begin] + ", ".join(by_name[name] for name in order) + text[end:]


def _without_bounds(body: Node, lost: set[str]) -> str | None:
    """A kernel's body without parameters that its launch doesn't give; None where it needs them for more than to bound its strided loops.

    Such a launch has one thread for each element, so each thread takes the one that it begins with.
    """
    loops = [n for n in walk(body) if n.type == "for_statement" and _stride_bound(n) in lost]
    if sum(n.type == "identifier" and text_of(n) in lost for n in walk(body)) != len(loops):
        return None
    code, start = body.text or b"", body.start_byte
    edits = [(loop.end_byte, loop.end_byte, b" }") for loop in loops]
    for loop in loops:
        first, inner = loop.child_by_field_name("initializer"), loop.child_by_field_name("body")
        assert first is not None
        assert inner is not None
        edits.append((loop.start_byte, inner.start_byte, b"{ " + (first.text or b"") + b" "))
    for begin, end, new in sorted(edits, reverse=True):
        code = code[: begin - start] + new + code[end - start :]
    return code.decode()


def _stride_bound(loop: Node) -> str:
    """The variable that bounds a grid-stride loop, empty for another loop."""
    condition, update = loop.child_by_field_name("condition"), loop.child_by_field_name("update")
    declared = loop.child_by_field_name("initializer")
    strided = declared is not None and declared.type == "declaration" and "gridDim" in text_of(update)
    if not strided or condition is None or text_of(condition.child_by_field_name("operator")) != "<":
        return ""
    return text_of(condition.child_by_field_name("right"))
