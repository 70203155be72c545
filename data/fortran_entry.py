"""The head of a ``bind(c)`` procedure in Fortran, read as a C prototype is: what it returns, and what each parameter is in memory.

Not covered: attributes in statements of their own (``value :: n``), types by ``implicit``, kinds that are computed, ``type(c_ptr)``, characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from hpcraft.data.pieces_fortran import name_of
from hpcraft.data.syntax import one_line, text_of, walk_without
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import DTYPES, Signature

_KINDS = {
    **dict.fromkeys(("c_signed_char", "c_int8_t", "int8", "1"), 1),
    **dict.fromkeys(("c_short", "c_int16_t", "int16", "2"), 2),
    **dict.fromkeys(("", "c_int", "c_int32_t", "int32", "c_float", "real32", "4"), 4),
    **dict.fromkeys(("c_long", "c_long_long", "c_int64_t", "int64", "c_size_t", "c_ptrdiff_t", "c_double", "real64", "8"), 8),
}
"""Kinds by their number of bytes, on LP64 machines; the empty one is the default kind."""
_TYPE = re.compile(r"(integer|real)(?:\((?:kind=)?(\w+)\)|\*(\d+))?")


class Head(NamedTuple):
    """What a caller must know of a procedure; types as numpy writes them, without what is unsigned."""

    returns: str
    """Such as ``f8``; empty for a subroutine."""
    parameters: tuple[tuple[str, bool], ...]
    """Type, and whether an address is passed."""


def head_of(signature: Signature) -> Head:
    """What a procedure of a C prototype must have as its head."""
    returns = "" if signature.returns == "void" else _signed(DTYPES[signature.returns])
    return Head(returns, tuple((_signed(DTYPES[p.ctype]), p.pointer) for p in signature.parameters))


def read_head(procedure: Node) -> Head:
    """The head of a procedure.

    Raises:
        InputError: a parameter or the result has no type here, or one that C has no number for.
    """
    statement = procedure.children[0]
    declared = {name: (kind, by_value) for name, kind, by_value in _declared(procedure)}
    names = next((n.named_children for n in statement.children if n.type == "parameters"), [])
    parameters = []
    for name in (text_of(n).lower() for n in names):
        if name not in declared:
            raise InputError(f"the parameter {name} is not declared")
        kind, by_value = declared[name]
        parameters.append((_dtype(kind), not by_value))
    if procedure.type == "subroutine":
        return Head("", tuple(parameters))
    result = next((n.named_children[-1] for n in statement.children if n.type == "function_result"), None)
    prefix = next((text_of(n) for n in statement.children if n.type == "intrinsic_type"), "")
    name = (text_of(result) if result is not None else name_of(procedure)).lower()
    return Head(_dtype(prefix or declared.get(name, ("", False))[0]), tuple(parameters))


def _declared(procedure: Node) -> Iterator[tuple[str, str, bool]]:
    """Name, type and whether it is passed by value of what a procedure declares."""
    for declaration in (n for n in procedure.children if n.type == "variable_declaration"):
        kind = text_of(declaration.children[0])
        by_value = any(n.type == "type_qualifier" and text_of(n).lower() == "value" for n in declaration.children)
        for declarator in declaration.children[1:]:
            if declarator.type in ("identifier", "sized_declarator"):
                found = next(n for n in walk_without(declarator, ()) if n.type == "identifier")
                yield text_of(found).lower(), kind, by_value


def _dtype(kind: str) -> str:
    text = one_line(kind).lower().replace(" ", "")
    if text == "doubleprecision":
        return "f8"
    match = _TYPE.fullmatch(text)
    size = _KINDS.get(match[2] or match[3] or "") if match else None
    if match is None or size is None:
        raise InputError(f"the type {kind or 'of the result'} is not a number of C's")
    return f"{'i' if match[1] == 'integer' else 'f'}{size}"


def _signed(dtype: str) -> str:
    """Fortran's integers have a sign, those of C may do without."""
    return dtype.replace("u", "i")
