"""C++ and CUDA as tokens, with everything between them kept: the tokens of a text, joined, are the text.

Only what the translator must tell apart is told apart: names, numbers, strings, operators, directives of the preprocessor, and what
is blank (spaces, comments, continued lines). Trigraphs are not covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    STRING = auto()
    """String and character literals."""
    PUNCTUATION = auto()
    BLANK = auto()
    """Spaces, newlines and comments."""
    HASH = auto()
    """The ``#`` that begins a directive."""
    END = auto()
    """The newline that ends a directive."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text."""

    kind: Kind
    text: str
    line: int
    """Of its first character, from 1."""


_PATTERN = re.compile(
    r"""
    (?P<blank>(?:[ \t\r\f\v]|\\\r?\n|/\*.*?(?:\*/|\Z)|//(?:[^\n\\]|\\\r?\n|\\.)*+)+)
  | (?P<newline>\n)
  | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^\s()\\"]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*+"?|(?:u8|[uUL])?'(?:[^'\\\n]|\\.)*+'?)
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'[0-9A-Za-z_]|[0-9A-Za-z_.])*)
  | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<punctuation><<<|>>>|\.\.\.|->\*|<<=|>>=|<=>|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|\#\#|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {"raw": Kind.STRING, "string": Kind.STRING, "number": Kind.NUMBER, "name": Kind.NAME, "punctuation": Kind.PUNCTUATION}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, in order."""
    line, fresh, directive = 1, True, False
    for found in _PATTERN.finditer(text):
        group, word = found.lastgroup or "", found[0]
        if group == "mark":
            group = "raw"
        if group == "newline":
            yield Token(Kind.END if directive else Kind.BLANK, word, line)
            fresh, directive = True, False
        elif group == "blank":
            yield Token(Kind.BLANK, word, line)
        elif word == "#" and fresh:
            yield Token(Kind.HASH, word, line)
            fresh, directive = False, True
        else:
            yield Token(_KINDS[group], word, line)
            fresh = False
        line += word.count("\n")
