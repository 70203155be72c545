"""Cuts program text into tokens without losing a byte: the tokens joined are the text.

They are cut natively (``tokenizer/native``); whatever a lexer doesn't know is a token of its own, so every text has a cut.
Not covered: trigraphs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

from hpcraft.errors import ConfigError, InputError
from hpcraft.tokenizer import _native

Kind = Literal["comment", "string", "number", "word", "space", "newline", "include", "other"]

KINDS: tuple[Kind, ...] = ("comment", "string", "number", "word", "space", "newline", "include", "other")
"""In the order of the native half."""

LANGUAGES = ("c", "cpp", "cuda", "fortran")
"""In the order of the native half."""
FORMS = ("free", "fixed", "wide")
"""Forms of Fortran in the order of the native half; ``wide`` is fixed form with statements up to column 132. The first is the default."""


MAX_BYTES = 2**32 - 1
"""Of a text; the native half counts in 32 bits."""


class Token(NamedTuple):
    """A piece of program text."""

    kind: str
    """A `Kind`."""
    text: str


def opens_directive(token: Token) -> bool:
    """Whether a token that is the first on its line makes the line a directive: C's ``#``, or a sentinel of Fortran such as ``!$``."""
    return token.kind == "other" and (token.text == "#" or token.text[1:2] == "$")


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


def encoded(text: str) -> bytes:
    """A text as the native half takes it.

    Raises:
        InputError: it is too long.
    """
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise InputError(f"a text of {len(data):,} bytes: expected at most {MAX_BYTES:,}; cut it into files")
    return data


def lex(text: str, language: str, form: str = "") -> list[Token]:
    """The tokens of ``text``.

    Raises:
        ConfigError: no such language or form.
    """
    numbers = language_number(language, form)
    source = encoded(text)
    kinds, ends = _native.lex(source, *numbers)
    bounds = [0, *memoryview(ends).cast("I")]
    if len(source) == len(text):  # one byte a character
        return [Token(KINDS[kind], text[begin:end]) for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True)]
    return [
        Token(KINDS[kind], source[begin:end].decode("utf-8", "surrogatepass"))
        for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True)
    ]
