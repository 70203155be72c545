"""What gfortran understood of a program, apart from the names in it, so that a renamed program can be compared with the original.

Object code won't do: gfortran keeps its symbols sorted by name, so other names give other registers and places on the stack. What its front
end hands on (``-fdump-tree-original``) is compared instead: each procedure's statements in their order, and its declarations as a multiset.
Canonical names are translated back first; numbers that the compiler gives to temporaries and labels are counted afresh in each procedure.
Not covered: what stands in module files alone, as interfaces do; a procedure that is declared and never called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

FLAG = "-fdump-tree-original=stderr"

Procedure = tuple[tuple[str, ...], frozenset[tuple[str, int]]]
"""Statements, and declarations with their number."""

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+')
_CANONICAL = re.compile(r"(?<![a-z0-9])[a-z]\d+(?![a-z0-9])")
_MESSAGE = re.compile(r"^.*_gfortran_(?:runtime|os)_error.*$", re.MULTILINE)
_NAMED = re.compile(r'&"(\w+)"')
_NUMBERED = re.compile(r"\b([A-Za-z_]\w*)\.(\d+)\b")
_TYPE = r"(?:(?:extern|volatile|const|unsigned|signed)\s+)*(?:integer|real|complex|logical|character|struct|union|void|long|int|char)\b"
_LINE = re.compile(r"\bline = \d+;")
_DECLARATION = re.compile(rf"\s+(?:static\s.*|{_TYPE}(?!.* = ).*|\S+\.(?:data = 0b|dtype = \{{[^}}]*\}}));$")
"""Also what is set where a procedure begins, in the order of the declarations."""


def procedures(dump: str, names: Mapping[str, str]) -> Counter[Procedure]:
    """The procedures in a dump, with canonical names translated by ``names``."""
    lower = {new.lower(): old.lower() for new, old in names.items()}

    def translated(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return found[0]
        # The compiler writes type names with a capital letter, and a main program of the name main as MAIN__.
        plain = found[0].lower().replace("main__", "main")
        return _CANONICAL.sub(lambda name: lower.get(name[0], name[0]), plain)

    # Messages of the run-time library hold names; those of namelists, which belong to the input, stay as they are.
    messages = _MESSAGE.sub(lambda found: _NAMED.sub(lambda name: f'&"{lower.get(name[1], name[1])}"', found[0]), dump)
    text = _PART.sub(translated, messages)
    return Counter(_normalised(lines) for lines in _cut(text))


def _cut(text: str) -> Iterator[list[str]]:
    """The lines of each procedure."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line and line[0] not in " {}" and lines[-1] == "}":
            yield lines
            lines = []
        if line.strip():
            lines.append(line)
    if lines:
        yield lines


def _normalised(lines: list[str]) -> Procedure:
    declarations = Counter(_NUMBERED.sub(r"\1.#", line.strip()) for line in lines if _DECLARATION.match(line))
    numbers: dict[tuple[str, str], int] = {}

    def counted(found: re.Match[str]) -> str:
        return f"{found[1]}.{numbers.setdefault((found[1], found[2]), len(numbers))}"

    # A line that was broken to fit its columns moves what stands below it.
    statements = tuple(_LINE.sub("line = #;", _NUMBERED.sub(counted, line)) for line in lines if not _DECLARATION.match(line))
    return statements, frozenset(declarations.items())
