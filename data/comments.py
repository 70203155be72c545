"""Source text without comments and the contents of strings, for searching; directives stay.

Not covered: C++ raw strings, trigraphs, Fortran Hollerith constants.
"""

from __future__ import annotations

import re

_C = re.compile(r'//[^\n]*(?:\\\n[^\n]*)*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n]){1,8}\'', re.DOTALL)
_FORTRAN = re.compile(r"""^[ \t]*!\$[^\n]*|![^\n]*|"[^"\n]*"|'[^'\n]*'""", re.MULTILINE)


def blank_c(text: str) -> str:
    """C, C++ or CUDA text with comments as one blank and strings empty; line breaks inside comments go."""
    return _C.sub(lambda found: " " if found[0][0] == "/" else found[0][0] * 2, text)


def blank_fortran(text: str) -> str:
    """Free-form Fortran text likewise; ``!$omp``, ``!$acc`` and ``!$`` lines stay."""
    return _FORTRAN.sub(_blank_fortran, text)


def _blank_fortran(found: re.Match[str]) -> str:
    matched = found[0]
    if matched.lstrip().startswith("!$"):
        return matched
    return "" if matched[0] == "!" else matched[0] * 2
