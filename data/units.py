"""The units of a document: functions, loops with and without directives, whole MPI programs, and kernels with their launches.

What each kind is and leaves out is said where it is found: `hpcraft.data.functions`, `hpcraft.data.loops`, `hpcraft.data.mpi_programs` and
`hpcraft.data.kernels`. The text of a unit is dedented; a kernel is given as a function too. ``unit_id`` is the same for units
of one kind with one directive and one text.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.functions import functions
from hpcraft.data.kernels import kernels
from hpcraft.data.loops import loops
from hpcraft.data.mpi_programs import INCORRECT, is_incorrect, is_program
from hpcraft.data.parallel_models import find_models
from hpcraft.data.syntax import grammar_of, parse
from hpcraft.data.tree_hash import node_hash
from hpcraft.records import CodeUnit, Document
from hpcraft.store import sha256_bytes

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cut:
    """A unit as it stands in its document."""

    kind: str
    node: Node
    name: str
    signature: str = ""
    comment: str = ""
    directive: str = ""
    launches: tuple[str, ...] = ()


def cut_units(document: Document, root: Node | None = None) -> list[CodeUnit]:
    """All units of a document, in the order of the text; a program comes first.

    Args:
        document: its models decide whether it may be an MPI program.
        root: what `hpcraft.data.syntax.parse` made of its language and text, where that was done already.
    """
    source = document.text.encode()
    if root is None:
        root = parse(document.language, document.text)
    grammar = grammar_of(document.language, document.text)
    texts: dict[tuple[int, int], _Text] = {}
    units: list[CodeUnit] = []
    for cut in sorted(_cuts(grammar, root, source), key=lambda c: (c.node.start_byte, -c.node.end_byte, c.kind)):
        place = (cut.node.start_byte, cut.node.end_byte)
        if place not in texts:
            texts[place] = _text(document.language, source, cut.node)
        known = texts[place]
        models = find_models(document.language, f"{cut.directive}\n{known.code}")
        units.append(_unit(document, cut, known, models, cut.node.start_point.row + 1))
    whole = not is_incorrect(document.path) and is_mpi_program(document, root)
    return ([_program(document, root)] if whole else []) + units


def is_mpi_program(document: Document, root: Node) -> bool:
    """Whether a document is a whole MPI program, be it meant to be wrong or not."""
    if "mpi" not in document.models:
        return False
    code = blank_fortran(document.text) if document.language == "fortran" else blank_c(document.text)
    return is_program(grammar_of(document.language, document.text), root, code)


def left_out(document: Document, root: Node) -> str:
    """Why a document that is a whole MPI program is no unit of that kind, to be counted; empty where nothing was left out."""
    return INCORRECT if is_incorrect(document.path) and is_mpi_program(document, root) else ""


def _cuts(grammar: str, root: Node, source: bytes) -> list[_Cut]:
    found = list(functions(grammar, root, source))
    cuts = [_Cut(kind="function", node=f.node, name=f.name, signature=f.signature, comment=f.comment) for f in found]
    for f, launches in kernels(grammar, root, found, source):
        cuts.append(_Cut(kind="kernel", node=f.node, name=f.name, signature=f.signature, comment=f.comment, launches=launches))
    cuts += [_Cut(kind="loop", node=loop.node, name=loop.holder, directive=loop.directive) for loop in loops(grammar, root, source)]
    return cuts


@dataclass(frozen=True, slots=True)
class _Text:
    """What is made of the text of a node, whatever kinds of unit it is."""

    text: str
    code: str
    """Without comments and strings."""
    tree_sha256: str


def _text(language: str, source: bytes, node: Node) -> _Text:
    line_start = source.rfind(b"\n", 0, node.start_byte) + 1
    # From the start of the line where only blanks stand before it, so that dedenting keeps the shape.
    start = line_start if not source[line_start : node.start_byte].strip() else node.start_byte
    text = textwrap.dedent(source[start : node.end_byte].decode().rstrip()) + "\n"
    code = blank_fortran(text) if language == "fortran" else blank_c(text)
    return _Text(text, code, node_hash(language, node, text))


def _unit(document: Document, cut: _Cut, known: _Text, models: tuple[str, ...], start_line: int) -> CodeUnit:
    return CodeUnit(
        unit_id=sha256_bytes(f"{cut.kind}\0{cut.directive}\0{known.text}".encode()),
        kind=cut.kind,
        document_id=document.document_id,
        name=cut.name,
        language=document.language,
        models=models,
        signature=cut.signature,
        comment=cut.comment,
        directive=cut.directive,
        launches=cut.launches,
        source=document.source,
        package=document.package,
        version=document.version,
        path=document.path,
        sha256=document.sha256,
        licence=document.licence,
        licence_evidence=document.licence_evidence,
        cluster=document.cluster,
        split=document.split,
        start_line=start_line,
        tree_sha256=known.tree_sha256,
        text=known.text,
    )


def _program(document: Document, root: Node) -> CodeUnit:
    """The whole document; its tree begins at the first lexeme, its text with the first line."""
    known = _Text(document.text, "", node_hash(document.language, root, document.text))
    return _unit(document, _Cut(kind="program", node=root, name=PurePosixPath(document.path).name), known, document.models, 1)
