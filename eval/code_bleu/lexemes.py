"""Program text as the words that similarity is counted in, each with what it is: a keyword, a word of a parallel model, or neither.

The lexemes are those of `hpcraft.tokenizer.lexer` without layout, comments and continuation signs, so that spacing never changes a
score; Fortran is folded to lower case. Words of directives count as the parallel model's in a directive and nowhere else.

Not covered: fixed form of Fortran; words of Kokkos and SYCL other than those names themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from hpcraft.tokenizer import vocabulary
from hpcraft.tokenizer.constructs import CLAUSE_WORDS, DIRECTIVE_WORDS
from hpcraft.tokenizer.keywords import (
    C_KEYWORDS,
    CPP_CONTEXTUAL,
    CPP_KEYWORDS,
    CUDA_BUILTINS,
    CUDA_QUALIFIERS,
    FORTRAN_KEYWORDS,
    PREPROCESSOR,
)
from hpcraft.tokenizer.lexer import Token, lex, opens_directive

Kind = Literal["", "keyword", "parallel"]

_KEYWORDS = {
    "c": C_KEYWORDS,
    "cpp": CPP_KEYWORDS | CPP_CONTEXTUAL,
    "cuda": CPP_KEYWORDS | CPP_CONTEXTUAL,
    "fortran": FORTRAN_KEYWORDS,
}
_DIRECTIVE = frozenset((*DIRECTIVE_WORDS, *CLAUSE_WORDS))
_CUDA = frozenset((*CUDA_QUALIFIERS, *CUDA_BUILTINS, "<<<", ">>>"))
_LIBRARIES = frozenset(("Kokkos", "sycl"))


class Lexeme(NamedTuple):
    """A word or sign of a program."""

    text: str
    kind: Kind = ""


def lexemes(text: str, language: str) -> list[Lexeme]:
    """The words and signs of a text.

    Args:
        text: Fortran in free form.
        language: ``c``, ``cpp``, ``cuda`` or ``fortran``.
    """
    return [lexeme for lexeme, _ in placed(text, language)]


def words(found: Sequence[Lexeme]) -> list[str]:
    """The texts alone."""
    return [lexeme.text for lexeme in found]


def placed(text: str, language: str) -> list[tuple[Lexeme, int]]:
    """The lexemes of a text, each with where it ends."""
    result: list[tuple[Lexeme, int]] = []
    line: list[tuple[Token, int]] = []
    end = 0
    for token in lex(text, language):
        end += len(token.text)
        if token.kind == "newline":
            result += _line(line, language)
            line = []
        elif token.kind not in ("space", "comment"):
            line.append((token, end))
    result += _line(line, language)
    return result


def _line(tokens: Sequence[tuple[Token, int]], language: str) -> Iterator[tuple[Lexeme, int]]:
    if not tokens:
        return
    fortran = language == "fortran"
    second = tokens[1][0].text if len(tokens) > 1 else ""
    directive = opens_directive(tokens[0][0]) and (fortran or second == "pragma")
    if fortran and directive and second == "&":
        tokens = tokens[1:]  # the sentinel of a continued directive says nothing
    for token, end in tokens:
        if fortran and token.text == "&":
            continue
        text = token.text.lower() if fortran and token.kind != "string" else token.text.strip()
        yield Lexeme(text, _kind(text, token.kind, language, directive=directive)), end


def _kind(text: str, kind: str, language: str, *, directive: bool) -> Kind:
    if kind == "string" or kind == "number":
        return ""
    if directive and (text in _DIRECTIVE or text in ("#", "pragma") or text.startswith("!$")):
        return "parallel"
    return _known(text, language)


@functools.lru_cache(maxsize=4096)
def _known(text: str, language: str) -> Kind:
    """What a word is outside directives."""
    if language == "fortran":
        if vocabulary.FORTRAN_FAMILIES.fullmatch(text):
            return "parallel"
        return "keyword" if text.strip(".") in FORTRAN_KEYWORDS else ""
    if language == "cuda" and (text in _CUDA or text in vocabulary.names("cuda")):
        return "parallel"
    if text in _LIBRARIES or vocabulary.FAMILIES.fullmatch(text):
        return "parallel"
    return "keyword" if text in _KEYWORDS[language] or text in PREPROCESSOR else ""
