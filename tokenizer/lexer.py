"""Cuts program text into tokens without losing a byte: the tokens joined are the text.

C, C++ and CUDA are cut natively (``tokenizer/native/lex_c.cc``), Fortran by a regular expression; whatever they don't know
is a token of one character, so every text has a cut.
Not covered: fixed-form Fortran (the corpus converts it), trigraphs.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal, NamedTuple

from hpcraft.errors import ConfigError
from hpcraft.tokenizer import _native

Kind = Literal["comment", "string", "number", "word", "space", "newline", "include", "other"]

KINDS: tuple[Kind, ...] = ("comment", "string", "number", "word", "space", "newline", "include", "other")
"""In the order of the native half."""

LANGUAGES = ("c", "cpp", "cuda", "fortran")
"""In the order of the native half."""
FORMS = ("free", "fixed")
"""Forms of Fortran; the first is the default."""


class Token(NamedTuple):
    """A piece of program text."""

    kind: str
    """A `Kind`."""
    text: str


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


def language_number(language: str, form: str = "") -> tuple[int, int]:
    """What the native half calls a language and a form.

    Raises:
        ConfigError: no such language or form.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r}: expected one of {', '.join(LANGUAGES)}")
    if form and form not in FORMS:
        raise ConfigError(f"form {form!r}: expected one of {', '.join(FORMS)}")
    return LANGUAGES.index(language), FORMS.index(form or FORMS[0])


def lex(text: str, language: str, form: str = "") -> list[Token]:
    """The tokens of ``text``.

    Raises:
        ConfigError: no such language or form.
    """
    numbers = language_number(language, form)
    if language == "fortran":
        return [Token(m.lastgroup, m.group()) for m in _FORTRAN.finditer(text) if m.lastgroup]
    source = text.encode("utf-8", "surrogatepass")
    kinds, ends = _native.lex(source, *numbers)
    bounds = [0, *memoryview(ends).cast("I")]
    if len(source) == len(text):  # one byte a character
        return [Token(KINDS[kind], text[begin:end]) for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True)]
    return [
        Token(KINDS[kind], source[begin:end].decode("utf-8", "surrogatepass"))
        for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True)
    ]
