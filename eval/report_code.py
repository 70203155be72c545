"""Code with its directives, keywords, comments and strings set apart, for people who skim for the parallel parts.

The project's own lexer finds the tokens: it loses no byte and stays quick on text that was made to be slow to
read, where the lexers of Pygments take seconds for each (a few thousand blanks after ``int f`` are enough). Every piece is escaped here.
Not covered: what a macro turns into a directive.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from hpcraft.tokenizer.keywords import C_KEYWORDS, FORTRAN_KEYWORDS
from hpcraft.tokenizer.lexer import LANGUAGES, lex, opens_directive

if TYPE_CHECKING:
    from markupsafe import Markup

_CLASSES = {"comment": "c", "string": "s", "include": "p"}
_QUALIFIERS = ("__global__", "__device__", "__host__", "__shared__", "__constant__", "__launch_bounds__")


def highlight(text: str, language: str) -> Markup:
    """``text`` as HTML whose text content is ``text``; of another language than the lexer's, without marks."""
    from markupsafe import Markup, escape

    pieces = []
    for kind, run in groupby(_marked(text, language), key=lambda token: token[0]):
        part = escape("".join(value for _, value in run))
        pieces.append(Markup('<i class="{}">{}</i>').format(kind, part) if kind else part)
    return Markup("").join(pieces)


def numbered(text: str, language: str, told: Collection[int] = ()) -> Markup:
    """The same, each line in a ``span`` with the id ``L`` and its number; lines in ``told`` have the class ``told``."""
    from markupsafe import Markup, escape

    lines: list[list[str]] = [[]]
    for kind, run in groupby(_marked(text, language), key=lambda token: token[0]):
        first, *others = "".join(value for _, value in run).split("\n")
        for fresh, part in enumerate([first, *others]):
            if fresh:
                lines.append([])
            if part:
                lines[-1].append(Markup('<i class="{}">{}</i>').format(kind, part) if kind else escape(part))
    marks = (' class="told"' if number in told else "" for number in range(1, len(lines) + 1))
    whole = (
        f'<span id="L{number}"{mark}>{"".join(parts)}</span>' for number, (parts, mark) in enumerate(zip(lines, marks, strict=True), 1)
    )
    return Markup("\n".join(whole))  # noqa: S704 - each part was escaped above


_PLACE = re.compile(r"\bcandidate\.(?:c|cpp|cu|f90|py):(\d{1,6})\b(?::\d{1,6}\b)?")
"""A line of the answer, as compilers and sanitizers name it."""


def told_lines(log: str) -> set[int]:
    """The lines of the answer that a log names."""
    return {int(match[1]) for match in _PLACE.finditer(log)}


def linked(log: str, num_lines: int) -> Markup:
    """A log as HTML, its places in the answer's first ``num_lines`` lines as links to those."""
    from markupsafe import Markup, escape

    pieces, at = [], 0
    for match in _PLACE.finditer(log):
        if 0 < int(match[1]) <= num_lines:
            pieces += [escape(log[at : match.start()]), Markup('<a href="#L{}">{}</a>').format(int(match[1]), match[0])]
            at = match.end()
    return Markup("").join([*pieces, escape(log[at:])])


def _marked(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Class and text of each token; the class is empty for plain text."""
    if language not in LANGUAGES:
        yield "", text
        return
    keywords = FORTRAN_KEYWORDS if language == "fortran" else C_KEYWORDS
    directive, fresh = False, True
    for token in lex(text, language):
        kind, value = token
        if kind == "newline":
            directive, fresh = False, True
        elif kind != "space":
            directive = directive or (fresh and opens_directive(token))
            fresh = False
        if directive and kind != "comment":
            yield "d", value
        elif kind == "word" and ((value.lower() if language == "fortran" else value) in keywords or value in _QUALIFIERS):
            yield "k", value
        else:
            yield _CLASSES.get(kind, ""), value
