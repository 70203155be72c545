"""What a procedure in Fortran declares, as far as a loop of it needs to know: numbers, arrays with their shapes, and constants.

Not covered: what modules declare, implicit typing, ``dimension`` and ``parameter`` of names that are declared nowhere else, ``common``, ``equivalence``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node

from hpcraft.data.syntax import one_line, text_of, walk_without
from hpcraft.errors import InputError

_SINGLE = frozenset(("", "4", "sp", "r4", "real32", "c_float", "single", "kind(1.0)", "kind(1.e0)"))
_DOUBLE = frozenset(
    ["8", "dp", "wp", "r8", "rp", "rk", "dbl", "double", "real64", "real8", "c_double", "r_8", "kind(1.0d0)", "kind(1.d0)", "kind(0.d0)"]
)
"""What codes call their kinds of reals."""
_INTEGER = dict.fromkeys(("", "4", "i4", "int32", "c_int"), "int") | dict.fromkeys(("8", "i8", "int64", "c_long"), "long")


class Array(NamedTuple):
    """How an array lies in memory."""

    ctype: str
    lower: tuple[int, ...]
    """The first index of each dimension."""
    extents: tuple[Node | str, ...]
    """The last index of each dimension but the last one; a string is the name of a parameter that is to be made for its length."""
    written: str
    """Its shape as a target declares it, without brackets, the last dimension open."""


class Constant(NamedTuple):
    """A number with a name."""

    ctype: str
    value: Node


@dataclass(slots=True)
class Declared:
    """What is declared, by names in lower case."""

    scalars: dict[str, str] = field(default_factory=dict)
    """Name to C type."""
    arrays: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)

    @classmethod
    def of(cls, procedure: Node) -> Declared:
        """What a subroutine or function declares; what can't be said in C isn't there."""
        found = cls()
        shapes: dict[str, Node] = {}
        for node in procedure.children:
            if node.type == "variable_declaration":
                found._declaration(node, shapes)
            elif node.type == "variable_modification" and "dimension" in text_of(node).lower():
                shapes |= {text_of(n.children[0]).lower(): n.children[1] for n in node.named_children if n.type == "sized_declarator"}
            elif node.type == "parameter_statement":
                for part in (n for n in node.named_children if n.type == "parameter_assignment"):
                    if ctype := found.scalars.pop(name := text_of(part.named_children[0]).lower(), ""):
                        found.constants[name] = Constant(ctype, part.named_children[-1])
        for name, shape in shapes.items():
            ctype = found.scalars.pop(name, "")
            if ctype and (array := _array(name, ctype, shape)):
                found.arrays[name] = array
        return found

    def _declaration(self, node: Node, shapes: dict[str, Node]) -> None:
        try:
            ctype = ctype_of(node.children[0])
        except InputError:
            return
        qualifiers = [n for n in node.children if n.type == "type_qualifier"]
        shape = next((s for n in qualifiers if text_of(n).lower().startswith("dimension") for s in n.named_children), None)
        constant = any(text_of(n).lower() == "parameter" for n in qualifiers)
        for declarator in node.named_children[1:]:
            if declarator.type == "type_qualifier":
                continue
            name = text_of(next((n for n in walk_without(declarator, ()) if n.type == "identifier"), None)).lower()
            size = next((n for n in declarator.children if n.type == "size"), shape)
            if constant and declarator.type == "init_declarator" and size is None:
                self.constants[name] = Constant(ctype, declarator.named_children[-1])
            elif declarator.type in ("identifier", "sized_declarator", "init_declarator") and name:
                self.scalars[name] = ctype
                if size is not None:
                    shapes[name] = size


def ctype_of(node: Node) -> str:
    """The C type of an intrinsic type.

    Raises:
        InputError: C has no such number, or the name of its kind says nothing.
    """
    text = one_line(text_of(node)).lower().replace(" ", "")
    if text == "doubleprecision":
        return "double"
    word, _, kind = text.partition("*") if "*" in text else text.removesuffix(")").partition("(")
    kind = kind.removeprefix("kind=")
    if word == "integer" and kind in _INTEGER:
        return _INTEGER[kind]
    if word == "real":
        return real_kind(kind)
    raise InputError(f"type: {text}")


def real_kind(kind: str) -> str:
    """The C type of a real of a kind, by what such kinds are called.

    Raises:
        InputError: the name says nothing.
    """
    if kind in _SINGLE:
        return "float"
    if kind in _DOUBLE:
        return "double"
    raise InputError(f"kind: {kind}")


def _array(name: str, ctype: str, shape: Node) -> Array | None:
    parts = [n for n in shape.named_children if n.type != "comment"]
    lower: list[int] = []
    extents: list[Node | str] = []
    written: list[str] = []
    for number, part in enumerate(parts):
        bounds = _bounds(part)
        if bounds is None:
            return None
        first, last = bounds
        lower.append(first)
        front = "" if first == 1 else f"{first}:"
        if number == len(parts) - 1:
            written.append(f"{front}*")
        elif last is not None:
            extents.append(last)
            written.append(front + one_line(text_of(last)).lower())
        else:
            length = f"ld_{name}" if len(parts) == 2 else f"ld{number + 1}_{name}"
            extents.append(length)
            written.append(front + (length if first == 1 else f"{length} - {1 - first}" if first < 1 else f"{length} + {first - 1}"))
    return Array(ctype, tuple(lower), tuple(extents), ", ".join(written)) if parts else None


def _bounds(part: Node) -> tuple[int, Node | None] | None:
    """The first and the last index of a dimension, the last None where it isn't said; None where the first is no number."""
    if part.type == "assumed_size":
        return 1, None
    if part.type != "extent_specifier":
        return 1, part
    before, _, after = (text_of(part).replace(" ", "")).partition(":")
    try:
        first = int(before or "1")
    except ValueError:
        return None
    return first, part.named_children[-1] if after not in ("", "*") else None
