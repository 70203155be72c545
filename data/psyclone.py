"""PSyclone as a compiler that makes loops of Fortran parallel: its analysis of dependencies, and the directive that it writes.

R. W. Ford, A. R. Porter and others, `PSyclone <https://github.com/stfc/PSyclone>`_, BSD-3-Clause; an optional package.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from typing import Any

_CONTINUED = re.compile(r"&\s*\n\s*!\$omp&?\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^\s*(!\$omp parallel do\b.*)$", re.MULTILINE | re.IGNORECASE)


def is_here() -> bool:
    """Whether PSyclone is installed."""
    return importlib.util.find_spec("psyclone") is not None


def openmp_directive(code: str) -> str:
    """The directive that PSyclone puts in front of the first loop of a subroutine; empty where it finds that the loop can't be parallel.

    Args:
        code: a subroutine in free form, of default types, with everything declared.
    """
    from psyclone.psyir.backend.fortran import FortranWriter
    from psyclone.psyir.frontend.fortran import FortranReader
    from psyclone.psyir.nodes import CodeBlock, Loop
    from psyclone.psyir.transformations import OMPLoopTrans

    logging.getLogger("psyclone").setLevel(logging.ERROR)
    rule: Any = OMPLoopTrans  # its decorators hide its parameters from checkers of types
    try:
        tree = FortranReader().psyir_from_source(code)
        loop = next(iter(tree.walk(Loop)), None)
        if loop is None or tree.walk(CodeBlock):
            return ""
        rule(omp_directive="paralleldo", omp_schedule="static").apply(loop, enable_reductions=True)
        written = FortranWriter()(tree)
    except Exception:  # noqa: BLE001 - beside its TransformationError it raises errors of its reader, writer, sympy and its own mistakes
        return ""
    found = _DIRECTIVE.search(_CONTINUED.sub("", written))
    return found[1].strip() if found else ""
