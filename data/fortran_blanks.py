"""Blanks that fixed-form Fortran ignores and free form doesn't, taken out of a statement.

Fixed form reads ``A . GE. 1 000`` as ``A .GE. 1000`` and ``F(fout ierr)`` as ``F(foutierr)``. Inside brackets and behind the
equals sign of an assignment no two words ever stand side by side, so a blank between them goes; elsewhere keywords do. Behind DATA it is the same.

Not covered: blanks inside keywords and names outside brackets, keywords that touch a name (``CALLFOO``, ``DO10I=1,9``; ``STOP'...'`` is mended),
statements with Hollerith constants.
"""

from __future__ import annotations

import re

_OPERATORS = "and|or|not|eq|ne|lt|le|gt|ge|eqv|neqv|true|false"
_LIKELY = re.compile(r"[(,=+\-*/.] *\w+ +\w|\w\. +\w|\. +\w+ *\.|\.\w+ +\.|\* +\*|[DdEe] +[-+]|(?:STOP|stop|PAUSE|pause)['\"]")
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[()=;]|(?<=\w) +(?=\w)")
_ROUGH = re.compile(
    rf"(?P<text>'[^']*'|\"[^\"]*\")|\. +(?P<behind>{_OPERATORS}) *\.|\.(?P<before>{_OPERATORS}) +\.|(?P<power>\* +\*)"
    r"|(?<![\w.])(?P<number>\d+\.?\d*|\.\d+) *(?P<exponent>[DE]) *(?P<sign>[-+]|(?<=\.[DE])|(?<=\. [DE])) *(?=\d)|\b(?P<word>stop|pause)(?=['\"])",
    re.IGNORECASE,
)
_DATA = re.compile(r"\s*\d*\s*data\b *", re.IGNORECASE)
_FORMAT = re.compile(r"\s*\d*\s*format\s*\(", re.IGNORECASE)
_HOLLERITH = re.compile(r"(?<![\w.*])\d+[hH]")
_DECLARATION = re.compile(r"\s*(?:interface|module|procedure|type|class|use|implicit|do +concurrent)\b", re.IGNORECASE)


def closed_up(statement: str) -> str:
    """A joined statement without blanks inside numbers, operators and names, where free form wants none.

    Args:
        statement: one statement of fixed form on one line, its label in front.
    """
    if not _LIKELY.search(statement) or _FORMAT.match(statement) or _HOLLERITH.search(statement) or _DECLARATION.match(statement):
        return statement
    statement = _ROUGH.sub(_closed, statement)
    # Behind its keyword a DATA statement is as an expression.
    data = _DATA.match(statement)
    depth, assigned = 0, data is not None
    parts: list[str] = []
    at = 0
    for found in _TOKEN.finditer(statement, data.end() if data else 0):
        piece = found[0]
        if piece[0] in "()":
            depth += 1 if piece == "(" else -1
        elif piece == "=" and not depth:
            # The equals signs of comparisons stand behind brackets or in them.
            assigned = True
        elif piece == ";":
            assigned = False
        elif piece[0] == " " and (depth > 0 or assigned):
            parts.append(statement[at : found.start()])
            at = found.end()
    return "".join([*parts, statement[at:]])


def _closed(found: re.Match[str]) -> str:
    operator = found["behind"] or found["before"]
    if operator:
        return f".{operator}."
    if found["number"]:
        return found["number"] + found["exponent"] + found["sign"]
    if found["word"]:
        return f"{found['word']} "
    return "**" if found["power"] else found[0]
