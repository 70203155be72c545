"""What expressions of a CUDA kernel say about the thread: sums of products of the built-in indices, and the kinds of index that these are.

``blockIdx.x * blockDim.x + threadIdx.x`` is the thread's number in the grid, whatever the order, brackets, casts and helper variables.

Not covered: divisions and remainders of the built-in indices, blocks whose width is written as a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from tree_sitter import Node

from hpcraft.data.trees import text_of

Sum: TypeAlias = Mapping[tuple[str, ...], int]
"""Products of names, each sorted, to their factor."""

BUILTIN = re.compile(r"\b(?:threadIdx|blockIdx|blockDim|gridDim)\s*\.\s*([xyz])\b|\bwarpSize\b")
_PRODUCTS = ("__mul24", "__umul24", "mul24", "IMUL", "UMUL")


class Index(NamedTuple):
    """The first place that a thread works on, or how far it is to its next one."""

    axis: str
    """``x``, ``y`` or ``z``."""
    what: str
    """``grid`` (the number of the thread in the whole grid), ``block`` or ``thread``; of a step, what it strides over."""
    low: Sum
    """What is added to it."""


def sum_of(node: Node | None, known: Mapping[str, Sum]) -> Sum | None:
    """An expression as a sum of products, names replaced by what is known of them; None where it is something else."""
    if node is None:
        return None
    if node.type in ("parenthesized_expression", "cast_expression"):
        return sum_of(node.child_by_field_name("value") or next(iter(node.named_children), None), known)
    if node.type == "number_literal":
        digits = text_of(node).rstrip("uUlL")
        return {(): int(digits)} if digits.isdecimal() else None
    if node.type == "identifier":
        return known.get(text_of(node), {(text_of(node),): 1})
    if node.type == "field_expression":
        name = "".join(text_of(node).split())
        return {(name,): 1} if BUILTIN.fullmatch(name) else None
    if node.type == "call_expression":
        return _called(node, known)
    if node.type == "binary_expression":
        left, right = (sum_of(node.child_by_field_name(f), known) for f in ("left", "right"))
        operator = text_of(node.child_by_field_name("operator"))
        if left is None or right is None or operator not in ("+", "-", "*"):
            return None
        return product(left, right) if operator == "*" else plus(left, right if operator == "+" else product(right, {(): -1}))
    return None


def _called(node: Node, known: Mapping[str, Sum]) -> Sum | None:
    arguments = node.child_by_field_name("arguments")
    given = [sum_of(n, known) for n in arguments.named_children] if arguments is not None else []
    name = text_of(node.child_by_field_name("function"))
    if name in _PRODUCTS and len(given) == 2 and given[0] is not None and given[1] is not None:
        return product(given[0], given[1])
    cast = re.fullmatch(r"(?:static_cast<[\w ]+>|int|unsigned|long|size_t)", name)
    return given[0] if cast and len(given) == 1 else None


def plus(left: Sum, right: Sum) -> Sum:
    """The sum of two."""
    found = Counter(left)
    for names, factor in right.items():
        found[names] += factor
    return {names: factor for names, factor in found.items() if factor}


def product(left: Sum, right: Sum) -> Sum:
    """The product of two."""
    found: Counter[tuple[str, ...]] = Counter()
    for names, factor in left.items():
        for others, other in right.items():
            found[tuple(sorted((*names, *others)))] += factor * other
    return {names: factor for names, factor in found.items() if factor}


def about_threads(found: Sum | None) -> bool:
    """Whether a built-in index is in it."""
    return found is not None and any(BUILTIN.fullmatch(name) for names in found for name in names)


def first_place(found: Sum | None) -> Index | None:
    """The index that a sum is, with what is added to it; None for another one."""
    for what, axis, starts in _STARTS:
        if found is not None and all(found.get(names) == 1 for names in starts):
            low = {names: factor for names, factor in found.items() if names not in starts}
            if not about_threads(low):
                return Index(axis, what, low)
    return None


def step(found: Sum | None) -> Index | None:
    """The stride that a sum is."""
    return next((Index(axis, what, {}) for what, axis, steps in _STEPS if found == dict.fromkeys(steps, 1)), None)


def written(found: Sum) -> str:
    """A sum in C, 0 for an empty one."""
    text = ""
    for names, factor in found.items():
        words = [*([str(abs(factor))] if abs(factor) != 1 or not names else []), *names]
        text += (" - " if factor < 0 else " + " if text else "") + " * ".join(words)
    return text.strip() or "0"


_STARTS: list[tuple[str, str, tuple[tuple[str, ...], ...]]] = [
    # A grid of two dimensions that is counted through as one.
    ("grid", "x", (("blockDim.x", "blockIdx.x"), ("blockDim.x", "blockIdx.y", "gridDim.x"), ("threadIdx.x",))),
    *(("grid", a, ((f"blockDim.{a}", f"blockIdx.{a}"), (f"threadIdx.{a}",))) for a in "xyz"),
    *(("block", a, ((f"blockIdx.{a}",),)) for a in "xyz"),
    *(("thread", a, ((f"threadIdx.{a}",),)) for a in "xyz"),
]
_STEPS: list[tuple[str, str, tuple[tuple[str, ...], ...]]] = [
    ("grid", "x", (("blockDim.x", "gridDim.x", "gridDim.y"),)),
    *(("grid", a, ((f"blockDim.{a}", f"gridDim.{a}"),)) for a in "xyz"),
    *(("block", a, ((f"gridDim.{a}",),)) for a in "xyz"),
    *(("thread", a, ((f"blockDim.{a}",),)) for a in "xyz"),
]
