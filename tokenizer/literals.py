"""Literals replaced by placeholders and put back, so that a small model learns code rather than constants and messages.

A placeholder is a literal of the same kind that stands nowhere in the text: ``"s0"`` and ``'c0'`` with the prefix of what they replace, ``10`` and
``10.0`` with its suffix, exponent letter or Fortran kind. Equal literals share one; numbers of one digit stay, since they are structure.
What compilers read by its value stays as well: directives but for ``#define``, ``#include`` lines, the labels of Fortran, ``extern "C"``.
Not covered: Fortran strings over several lines and Hollerith constants, which stay; comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpcraft.tokenizer.lexer import Token, language_number, lex, opens_directive

_PREFIX = re.compile(r"(u8|[uUL])?R?([\"'])")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F']+(?P<hex>[uUlLzZ]*)|0[bB][01']+(?P<binary>[uUlLzZ]*)"
    r"|(?P<float>[0-9']*\.[0-9']*|[0-9][0-9']*(?=[eEdDqQ][+-]?[0-9]))(?:(?P<letter>[eEdDqQ])[+-]?[0-9']+)?(?P<tail>\w*)"
    r"|[0-9][0-9']*(?P<integer>\w*)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Abstracted:
    """A text whose literals are placeholders, and what each of them was."""

    text: str
    literals: Mapping[str, str]
    """Placeholder to literal."""
    language: str


def abstract(text: str, language: str) -> Abstracted:
    """Put placeholders for literals; `restore_literals` gives ``text`` back byte for byte.

    A text in which the lexer wouldn't find its placeholders again keeps its literals.

    Raises:
        ConfigError: no such language.
    """
    language_number(language)
    tokens = lex(text, language)
    taken = {token.text for token in tokens if token.kind in ("string", "number")}
    placeholders: dict[str, str] = {}
    parts = [token.text for token in tokens]
    fresh = {kind: _fresh(kind) for kind in ("s", "c", "n")}
    for i in _places(tokens, language):
        literal = parts[i]
        if literal not in placeholders:
            if not (made := _placeholder(tokens[i], language, fresh, taken)):
                continue
            placeholders[literal] = made
        parts[i] = placeholders[literal]
    done = Abstracted(text="".join(parts), literals={new: old for old, new in placeholders.items()}, language=language)
    return done if restore_literals(done) == text else Abstracted(text=text, literals={}, language=language)


def restore_literals(abstracted: Abstracted) -> str:
    """The text with its literals, byte for byte."""
    literals = abstracted.literals
    if not literals:
        return abstracted.text
    tokens = lex(abstracted.text, abstracted.language)
    return "".join(literals.get(text, text) if kind in ("string", "number") else text for kind, text in tokens)


def _fresh(kind: str) -> Iterator[str]:
    """The stems of placeholders in their order; those of numbers begin behind the numbers that stay."""
    number = 10 if kind == "n" else 0
    while True:
        yield str(number) if kind == "n" else f"{kind}{number}"
        number += 1


def _placeholder(token: Token, language: str, fresh: Mapping[str, Iterator[str]], taken: set[str]) -> str:
    """A literal of the token's kind that the text has not; empty for one that stays."""
    if token.kind == "string":
        found = _PREFIX.match(token.text)
        if found is None:  # a Hollerith constant
            return ""
        prefix, quote = found[1] or "", found[2]
        stems = fresh["c" if quote == "'" and language != "fortran" else "s"]
        made = (f"{prefix}{quote}{stem}{quote}" for stem in stems)
    else:
        number = _NUMBER.fullmatch(token.text)
        if number is None or (token.text.isdigit() and len(token.text) == 1):
            return ""
        if number["float"] is None:
            tail = number["hex"] or number["binary"] or number["integer"] or ""
        else:
            letter = number["letter"] or ""
            tail = f".0{f'{letter}0' if letter in 'dDqQ' and letter else ''}{number['tail']}"
        made = (f"{stem}{tail}" for stem in fresh["n"])
    return next(placeholder for placeholder in made if placeholder not in taken)


def _places(tokens: list[Token], language: str) -> Iterator[int]:
    """The literals that may be replaced."""
    labels = _labels(tokens) if language == "fortran" else frozenset[str]()
    at_start, kept = True, False
    before = Token("newline", "\n")
    last_word = ""
    for i, token in enumerate(tokens):
        kind, text = token
        if kind == "newline":
            at_start, kept = True, False
        elif at_start and opens_directive(token):
            kept = not (text == "#" and _first_word(tokens, i) == "define")
        if kind == "string":
            if not kept and last_word not in ("extern", "_Pragma"):
                yield i
        elif kind == "number" and not kept and text not in labels and before.kind != "word" and before.text != ".":
            following = tokens[i + 1].kind if i + 1 < len(tokens) else ""
            if following != "word" or text[-1] == "_":  # the name of a Fortran kind
                yield i
        if kind not in ("space", "newline", "comment"):
            at_start = False
            if text != "(":
                last_word = text if kind == "word" else ""
        before = token


def _first_word(tokens: list[Token], at: int) -> str:
    return next((token.text for token in tokens[at + 1 : at + 3] if token.kind == "word"), "")


def _labels(tokens: list[Token]) -> frozenset[str]:
    """The numbers that begin a line of Fortran, or follow the blanks that do."""
    found: set[str] = set()
    at_start = True
    for kind, text in tokens:
        if at_start and kind == "number":
            found.add(text)
        at_start = kind == "newline" or (at_start and kind == "space")
    return frozenset(found)
