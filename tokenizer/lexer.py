"""Cuts program text into tokens without losing a byte: the tokens joined are the text.

One regular expression per family of languages; whatever it doesn't know is a token of one character, so
every text has a cut.
Not covered: fixed-form Fortran (the corpus converts it), trigraphs.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from hpcraft.errors import ConfigError

Kind = Literal["comment", "string", "number", "word", "space", "newline", "include", "other"]

LANGUAGES = ("c", "cpp", "cuda", "fortran")


class Token(NamedTuple):
    """A piece of program text."""

    kind: str
    """A `Kind`."""
    text: str


_C = re.compile(
    r"""
    (?P<include>^[ \t]*\#[ \t]*include\b[^\n]*)
  | (?P<comment>//(?:[^\\\n]|\\[\s\S])*|/\*[\s\S]*?\*/)
  | (?P<string>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\([\s\S]*?\)(?P=delimiter)"
      |(?:u8|[uUL])?(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'))
  | (?P<number>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.]|'(?=[0-9A-Za-z_]))*)
  | (?P<word>[^\W\d]\w*)
  | (?P<newline>\n)
  | (?P<space>(?:[ \t\r\f\v]|\\\r?\n)+)
  | (?P<other><<<|>>>|<<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||[-+*/%&|^=!<>]=|<<|>>|::|\#\#|[\s\S])
    """,
    re.VERBOSE | re.MULTILINE,
)

_FORTRAN = re.compile(
    r"""
    (?P<include>^[ \t]*(?:\#[ \t]*)?include\b[^\n]*)
  | (?P<comment>!(?!\$(?:omp|acc)\b)[^\n]*)
  | (?P<string>"(?:[^"\n]|"")*"|'(?:[^'\n]|'')*')
  | (?P<number>[0-9]+(?:\.(?![A-Za-z]{2,}\.)[0-9]*)?(?:[eEdD][+-]?[0-9]+)?(?:_\w+)?|\.[0-9]+(?:[eEdD][+-]?[0-9]+)?(?:_\w+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<newline>\n)
  | (?P<space>[ \t\r\f\v]+)
  | (?P<other>!\$|\*\*|//|::|=>|==|/=|<=|>=|\(/|/\)|[\s\S])
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def lex(text: str, language: str) -> list[Token]:
    """The tokens of ``text``.

    Raises:
        ConfigError: no such language.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r}: expected one of {', '.join(LANGUAGES)}")
    pattern = _FORTRAN if language == "fortran" else _C
    return [Token(m.lastgroup if m.lastgroup != "delimiter" else "string", m.group()) for m in pattern.finditer(text) if m.lastgroup]
