"""OpenMP directives without one of their clauses, or without an order that they keep: see `hpcraft.data.mutants`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpcraft.data.mutations_c import Edit

_C = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b(?:\\\n|[^\n])*", re.MULTILINE)
_FORTRAN = re.compile(r"^[ \t]*!\$omp\b[^\n]*(?:&[ \t]*\n[ \t]*!\$omp&?[^\n]*)*", re.MULTILINE | re.IGNORECASE)
_CLAUSE = re.compile(r"\b(?:first|last)?private[ \t]*\([^()]*\)|\breduction[ \t]*\([^()]*\)|\blinear[ \t]*\([^()]*\)", re.IGNORECASE)
_SIMD_ALONE = re.compile(r"omp[ \t]+(?:end[ \t]+)?simd\b", re.IGNORECASE)
"""Lanes of one thread: the compiler sees by itself what belongs to each."""
_ORDER = re.compile(r"omp[ \t]+(barrier|taskwait|critical|atomic)\b", re.IGNORECASE)


def edits(source: str, language: str) -> Iterator[Edit]:
    """Each clause that makes variables a thread's own dropped, and each barrier, critical region and atomic access."""
    for directive in (_FORTRAN if language == "fortran" else _C).finditer(source):
        for clause in () if _SIMD_ALONE.search(directive[0]) else _CLAUSE.finditer(directive[0]):
            at = directive.start() + clause.start()
            yield _edit(source, at, at + len(clause[0]), "", "clause")
        if order := _ORDER.search(directive[0]):
            yield _without(source, directive, order[1].lower(), language)


def _without(source: str, directive: re.Match[str], what: str, language: str) -> Edit:
    """Without the directive, and in Fortran without the one that ends its block."""
    if language == "fortran" and what in ("critical", "atomic"):
        closing = re.compile(rf"^[ \t]*!\$omp[ \t]+end[ \t]*{what}\b[^\n]*", re.MULTILINE | re.IGNORECASE)
        # A block ends before the next one of its kind begins.
        after = re.compile(rf"^[ \t]*!\$omp[ \t]+{what}\b", re.MULTILINE | re.IGNORECASE).search(source, directive.end())
        if ends := closing.search(source, directive.end(), after.start() if after else len(source)):
            return _edit(source, directive.start(), ends.end(), source[directive.end() : ends.start()], "order")
    return _edit(source, directive.start(), directive.end(), "", "order")


def _edit(source: str, start: int, end: int, text: str, kind: str) -> Edit:
    """An edit in bytes of one in characters."""
    first = len(source[:start].encode())
    return Edit(first, first + len(source[start:end].encode()), text, kind)
