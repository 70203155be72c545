"""Whole MPI programs: documents with a main program that start and end MPI themselves, as in HPCorpusMPI.

Test suites that are wrong on purpose (MPI-CorrBench, MPICH's ``test/mpi/errors`` and their like) are told by their path and left out.
Not covered: programs of several files whose ``MPI_Init`` stands in another one; C++ bindings other than ``MPI::Init``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hpcraft.data.syntax import captures

if TYPE_CHECKING:
    from tree_sitter import Node

INCORRECT = "incorrect-mpi-program"
"""Why a program is left out that is meant to be wrong."""

_C_START = re.compile(r"\bP?MPI(?:_Init(?:_thread)?|::Init(?:_thread)?)\s*\(")
_C_END = re.compile(r"\bP?MPI(?:_|::)Finalize\s*\(")
_C_MAIN = re.compile(r"\bmain\s*\(")
_FORTRAN_START = re.compile(r"^[^!\n]*\bcall\s+mpi_init(?:_thread)?\b", re.IGNORECASE | re.MULTILINE)
_FORTRAN_END = re.compile(r"^[^!\n]*\bcall\s+mpi_finalize\b", re.IGNORECASE | re.MULTILINE)
_WRONG_FOLDER = re.compile(
    r"(?:^|[/_-])(?:errors?|errhan|bad|incorrect|buggy|bugs?|invalid|erroneous|wrong|corrbench|mpi-?corrbench|mbi|mpi-?bugs-?initiative)(?=[/_-])",
    re.IGNORECASE,
)
_WRONG_NAME = re.compile(
    r"(?:^|[_-])(?:bad|incorrect|buggy|invalid|erroneous|wrong|deadlock|mismatch|leak|race)(?=[_.-]|\d)", re.IGNORECASE
)


def is_program(grammar: str, root: Node, code: str) -> bool:
    """Whether a document is a whole MPI program.

    Args:
        grammar: what ``root`` was parsed with.
        root: of the document.
        code: the document's text without comments and strings.
    """
    if grammar == "fortran":
        if "mpi_init" not in code.lower() or not _FORTRAN_START.search(code) or not _FORTRAN_END.search(code):
            return False
        return any(node.type == "program" for node in root.named_children)
    if "MPI" not in code or not _C_START.search(code) or not _C_END.search(code) or not _C_MAIN.search(code):
        return False
    query = '(function_definition declarator: (function_declarator declarator: (identifier) @name (#eq? @name "main")))'
    return bool(captures(grammar, query, root))


def is_incorrect(path: str) -> bool:
    """Whether the path of a program says that it is meant to be wrong."""
    folder, _, name = path.rpartition("/")
    return _WRONG_FOLDER.search(f"{folder}/") is not None or _WRONG_NAME.search(name) is not None
