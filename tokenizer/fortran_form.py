"""Tells the form of Fortran text: free, fixed, or fixed with statements up to column 132.

Not covered: forms that change inside a text.
"""

from __future__ import annotations

import re

_STATEMENT_LIKE_COMMENT = re.compile(
    r"(?:call +\w+ *\(.*\)|contains|do +\w+ *= *\w.*,.*|do +while *\(.*\)|deallocate *\(.*\)|character *\(.*::.*|double precision.*::.*) *&?$",
    re.IGNORECASE,
)
"""A line that begins with a comment's letter and is a statement of free form."""
_TAB_FIELD = re.compile(r"( {0,5}\d{0,5} {0,5})\t([1-9])?")
_COMMENT = re.compile(r"^(?:[cC](?![\w(=%]|[ \t]*[=(%])|\*)[^\n]*", re.MULTILINE)
_MARK = re.compile(r"^(?: {5}|\t)[^\sA-Za-z!0]", re.MULTILINE)
_AMPERSAND = re.compile(r"&[ \t]*(?:!.*)?$")
_INDENTED_DIRECTIVE = re.compile(r"^[ \t]+!\$(?:omp|acc)\b", re.MULTILINE | re.IGNORECASE)
_ACROSS = re.compile(r"^(?![cC*!dD#])[^\t!\n]{71}[^\s!]\S[^\n!]*", re.MULTILINE)


def looks_fixed(text: str) -> bool:
    """Whether a file with a fixed-form suffix really is fixed form: statements keep out of columns 1 to 5."""
    statements = free = 0
    for raw in text.split("\n", 2000)[:2000]:
        line = expand_tabs(raw)
        if not line.strip() or line[0] in "*!#" or (line[0] in "cCdD" and not _STATEMENT_LIKE_COMMENT.match(line)):
            continue
        statements += 1
        free += line[:5].strip()[:1].isalpha() or line[:72].endswith("&")
    return free * 10 <= statements


def form_of(text: str) -> str:
    """The form of a text that doesn't say: ``free``, ``fixed`` or ``wide``. What can be read as both is free."""
    return fixed_width_form(text) if _shows_fixed(text) and looks_fixed(text) else "free"


def fixed_width_form(text: str) -> str:
    """``wide`` when statements of a fixed-form text run on behind column 72, and what stands there is no numbering of cards."""
    across = [line.group() for line in _ACROSS.finditer(text)]
    return "wide" if any(len(line.rstrip()) > 80 and not line[72:].strip().isdigit() for line in across) else "fixed"


def expand_tabs(line: str) -> str:
    """A line of fixed form without tabs and what ends it."""
    line = line.rstrip("\r\n\f")
    if "\t" not in line:
        return line
    # A tab in the label field moves to column 7, or marks a continuation when a digit follows (DEC convention).
    found = _TAB_FIELD.match(line)
    if found and len(found[1]) <= 5:
        return f"{found[1].rstrip():<5}{found[2] or ' '}{line[found.end() :].expandtabs(8)}"
    return line.expandtabs(8)


def _shows_fixed(text: str) -> bool:
    """Whether a comment or a continuation stands as only fixed form has it, and no directive as only free form has it."""
    if _INDENTED_DIRECTIVE.search(text):
        return False
    if any(not _STATEMENT_LIKE_COMMENT.match(line.group()) for line in _COMMENT.finditer(text)):
        return True
    for mark in _MARK.finditer(text):
        before = text[text.rfind("\n", 0, max(mark.start() - 1, 0)) + 1 : mark.start()].rstrip()
        # An ampersand in column 73 lets a text be read in both forms.
        if before and (len(before) == 73 or not _AMPERSAND.search(before)):
            return True
    return False
