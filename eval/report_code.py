"""Code with its directives, keywords, comments and strings set apart, for people who skim for the parallel parts.

The project's own lexer finds the tokens: it loses no byte and stays quick on text that was made to be slow to
read, where the lexers of Pygments take seconds for each (a few thousand blanks after ``int f`` are enough). Every piece is escaped here.
Not covered: what a macro turns into a directive.
"""

from __future__ import annotations

from collections.abc import Iterator
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
