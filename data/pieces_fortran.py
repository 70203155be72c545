"""Pieces of Fortran in one program: procedures outside of modules, whose names get a suffix each, in the code and in what they are bound to.

A piece with anything else (modules, interfaces, common blocks, what the grammar doesn't read) is built alone, under its own names.

Not covered: fixed form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from hpcraft.data.pieces import Layout, Piece
from hpcraft.data.syntax import parse, text_of, walk_without
from hpcraft.sandbox.outcome import Model

_RISKY = re.compile(r"^[ \t]*(?:include\b|#|common\b|entry\b|interface\b|abstract\b|external\b)", re.IGNORECASE | re.MULTILINE)
_LAST_LINE = re.compile(r"end(?:[ \t]*(?:subroutine|function)\b[^\n&]*)?", re.IGNORECASE)
_PROCEDURES = ("subroutine", "function")
_LONGEST = 110
"""Characters of a line that stays within 132 when names get longer; one that is cut ends a procedure's head, and what comes behind it is read as no procedure."""


def procedures(code: str) -> list[Node]:
    """The procedures of a text that stand outside of modules."""
    return [node for node in parse("fortran", code).children if node.type in _PROCEDURES]


def name_of(procedure: Node) -> str:
    """What a procedure is called in Fortran."""
    return text_of(next((n for n in procedure.children[0].children if n.type == "name"), None))


def bound_name(procedure: Node) -> str:
    """What a procedure with ``bind(c)`` is called in C; empty for one without."""
    binding = next((n for n in procedure.children[0].children if n.type == "language_binding"), None)
    if binding is None:
        return ""
    literal = next((n for n in walk_without(binding, ()) if n.type == "string_literal"), None)
    return text_of(literal)[1:-1].strip() if literal is not None else name_of(procedure).lower()


def _is_tame(code: str) -> bool:
    root = parse("fortran", code)
    if root.has_error or _RISKY.search(code) or any(n.type not in (*_PROCEDURES, "comment") for n in root.children):
        return False
    lines = [line.partition("!")[0].strip() for line in code.splitlines()]
    if any(len(line) > _LONGEST for line in code.splitlines()):
        return False
    return bool(_LAST_LINE.fullmatch(next((line for line in reversed(lines) if line), "")))


def _entry(piece: Piece, number: int) -> str:
    return f"{piece.signature.name}_p{number}" if _is_tame(piece.code) else piece.signature.name


def _files(pieces: Mapping[int, Piece], model: Model) -> dict[str, bytes]:  # noqa: ARG001 - as other languages
    files = {
        f"piece{number}.inc": (_renamed(piece.code, f"_p{number}") if _is_tame(piece.code) else piece.code).encode() + b"\n"
        for number, piece in pieces.items()
    }
    return files | {"batch.f90": "".join(f"include 'piece{number}.inc'\n" for number in pieces).encode()}


def _renamed(code: str, suffix: str) -> str:
    """Every procedure with a suffix, in Fortran and in C."""
    found = procedures(code)
    names = {name_of(p).lower() for p in found}
    ends = [n.end_byte for p in found for n in walk_without(p, ()) if n.type in ("identifier", "name") and text_of(n).lower() in names]
    ends += [literal.end_byte - 1 for p in found for literal in _bindings(p)]
    data = code.encode()
    for end in sorted(ends, reverse=True):
        data = data[:end] + suffix.encode() + data[end:]
    return data.decode()


def _bindings(procedure: Node) -> Iterator[Node]:
    for node in procedure.children[0].children:
        if node.type == "language_binding":
            yield from (n for n in walk_without(node, ()) if n.type == "string_literal")


FORTRAN = Layout(
    language="fortran",
    is_tame=_is_tame,
    entry=_entry,
    files=_files,
    culprit=re.compile(
        r"\bpiece(\d+)\.inc:\d+:\d+:\n(?:(?!\w+\.(?:inc|f90):\d|(?:Fatal )?Error:|Warning:)[^\n]*\n)*(?:Fatal )?Error:[^\n]*"
    ),
    probe="probe.f90",
)
