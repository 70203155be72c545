"""How many elements each array of a C function must have, as an expression over its scalars, found by rule from the text.

The largest index of every access is followed through loops, guards, locals and pointers (`hpcraft.data.index_flow`). Where one of an
array's accesses always reaches as far as the others, its index and one is the extent. Sizes count as one or more, so an expression may be
short or long by a few elements where a scalar is zero or negative.

Not covered: indices that come from arrays, calls that are given an array, several bounds of which none is always the largest; the reason
is told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.index_flow import Flow
from hpcraft.data.index_state import Access, Pointer, Value
from hpcraft.data.polynomials import Polynomial, largest_of, quotient
from hpcraft.data.trees import declared_name, function_name, functions, parse, text_of, top_level, walk
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Parameter, Signature

_WHOLE = re.compile(r"\(*\s*(0[xX][0-9a-fA-F]+|0|[1-9]\d*)[uUlL]*\s*\)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """What is known of one array."""

    expression: str | None
    """Its number of elements in C; None where no rule tells."""
    reason: str = ""
    """Why no rule tells."""
    rounded: str | None = None
    """The expression up to whole rows and strides, of which a stencil leaves out the last elements; at least as long."""
    read: bool
    written: bool

    def length(self, scalars: Mapping[str, int], *, rounded: bool = False) -> int | None:
        """The number of elements for values of the scalars, 0 for a negative one; None where it isn't known."""
        text = self.rounded if rounded else self.expression
        if text is None:
            return None
        # Names of C may be keywords of Python.
        tree = ast.parse(re.sub(r"[A-Za-z_]\w*", r"_\g<0>", text), mode="eval")
        return max(0, _computed(tree.body, scalars))


def extents(source: str, signature: Signature) -> dict[str, Extent]:
    """What is known of each array that the function of a signature is given, by name.

    Args:
        source: C with the function.
        signature: of the function.
    """
    root = parse(source)
    function = next((f for f in functions(root) if function_name(f) == signature.name), None)
    body = function.child_by_field_name("body") if function is not None else None
    if body is None:
        return _all_unknown(signature, f"no function {signature.name} is defined here")
    sizes = {p.name: p.dtype.itemsize for p in signature.arrays}
    flow = Flow(constants=dict(_constants(root)), sizes=sizes, values={})
    flow.values = {p.name: _given(flow, p) for p in signature.parameters}
    try:
        flow.run(body)
        return {p.name: _extent([a for a in flow.accesses if a.base == p.name]) for p in signature.arrays}
    except InputError as error:
        return _all_unknown(signature, str(error))
    except (OverflowError, RecursionError):
        return _all_unknown(signature, "its indices are too intricate")


def _all_unknown(signature: Signature, reason: str) -> dict[str, Extent]:
    return {p.name: Extent(expression=None, reason=reason, read=True, written=not p.const) for p in signature.arrays}


def _given(flow: Flow, parameter: Parameter) -> Value:
    if parameter.pointer:
        return Pointer(frozenset([parameter.name]), Polynomial(), parameter.dtype.itemsize)
    return flow.names.given(parameter.name) if parameter.dtype.kind in "iu" else flow.unknown(parameter.name)


def _extent(accesses: Sequence[Access]) -> Extent:
    read, written = any(a.read for a in accesses), any(a.written for a in accesses)
    reason = next((a.reason for a in accesses if a.most is None), "")
    found = dict.fromkeys(a.most.plus(1) for a in accesses if a.most is not None)
    most = None if reason else largest_of(found) if found else Polynomial()
    if most is None:
        reason = reason or f"none of {', '.join(p.text() for p in found)} is always the largest"
        return Extent(expression=None, reason=reason, read=read, written=written)
    return Extent(expression=most.text(), rounded=most.rounded().text(), read=read, written=written)


def _constants(root: Node) -> Iterator[tuple[str, int]]:
    """Macros, constants and members of enumerations that are whole numbers."""
    for node in top_level(root):
        if node.type == "preproc_def":
            yield from _constant(text_of(node.child_by_field_name("name")), text_of(node.child_by_field_name("value")))
        elif node.type == "declaration" and any(n.type == "type_qualifier" and text_of(n) == "const" for n in node.children):
            for declarator in node.children_by_field_name("declarator"):
                yield from _constant(declared_name(declarator), text_of(declarator.child_by_field_name("value")))
        elif node.type in ("enum_specifier", "type_definition"):
            for member in (n for n in walk(node) if n.type == "enumerator"):
                yield from _constant(text_of(member.child_by_field_name("name")), text_of(member.child_by_field_name("value")))


def _constant(name: str, text: str) -> Iterator[tuple[str, int]]:
    if match := _WHOLE.fullmatch(text.strip()):
        yield name, int(match[1], 0)


def _computed(node: ast.expr, scalars: Mapping[str, int]) -> int:
    """The value of an expression that `Polynomial.text` wrote."""
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return scalars[name[1:]]
        case ast.UnaryOp(operand=operand):
            return -_computed(operand, scalars)
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _computed(left, scalars), _computed(right, scalars)
            if isinstance(operator, ast.Mult):
                return a * b
            if isinstance(operator, ast.Div):
                return quotient(a, b)
            return a + b if isinstance(operator, ast.Add) else a - b
    raise AssertionError(f"{ast.dump(node)} is not one of ours")
