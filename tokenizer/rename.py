"""Renames a program's own identifiers to canonical ones and back, so that a small model learns code rather than names.

Functions become ``f0, f1, ..`` and everything else ``v0, v1, ..`` in the order of first use, or in a random
order drawn from a seed. Text that is new in a translation names its own things ``g0, ..`` (functions) and ``w0, ..``.
What a language, a library or a directive gives a meaning stays. Restoring is exact for every text:
where the lexer can't keep that promise, the text is left as it is, with no names.
Not covered: scopes (one spelling is one name wherever it stands), words inside comments and strings.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from hpcraft.tokenizer.lexer import Token, lex
from hpcraft.tokenizer.words import CLAUSE, DIRECTIVE, is_kept

CANONICAL = re.compile(r"[vfwg](?:0|[1-9]\d*)")
"""What a canonical name looks like."""

_POOL = 32
_COORDINATES = frozenset("xyzw")


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    """A text in canonical names, and what each of them was."""

    text: str
    names: Mapping[str, str]
    """Canonical name to original."""
    language: str
    form: str = ""
    """Of Fortran: ``fixed``, ``free``, or empty."""
    spellings: tuple[tuple[int | str, ...], ...] = ()
    """Occurrences whose letter case differs."""
    patches: tuple[tuple[int | str, ...], ...] = ()
    """Line breaks that were put in."""


def rename(source: str, language: str, *, form: str = "", seed: int | None = None, keep: Collection[str] = ()) -> Renamed:
    """Put canonical names for the program's own.

    Args:
        source: any text.
        language: ``c``, ``cpp``, ``cuda`` or ``fortran``.
        form: of Fortran: ``fixed``, ``free``, or empty to look at the text.
        seed: number names at random instead of by first use (an augmentation).
        keep: names that stay.

    Returns:
        The renamed text; `restore` gives ``source`` back byte for byte.
    """
    words = list(_own_words(lex(source, language), language))
    order: dict[str, bool] = {}
    for word, called, _ in words:
        if word not in keep:
            order.setdefault(word, called)
    variables = [w for w, called in order.items() if not called]
    functions = [w for w, called in order.items() if called]
    to_canonical = _numbered("v", variables, seed) | _numbered("f", functions, seed)
    return replace(_checked(source, language, to_canonical), form=form)


def rename_like(text: str, language: str, renamed: Renamed) -> Renamed:
    """Rename a translation with the names of its source; names that are new in it become ``w0, ..`` and ``g0, ..``."""
    to_canonical = {original: canonical for canonical, original in renamed.names.items()}
    new: dict[str, bool] = {}
    for word, called, _ in _own_words(lex(text, language), language):
        if word not in to_canonical:
            new.setdefault(word, called)
    to_canonical |= _numbered("w", [w for w, called in new.items() if not called], None)
    to_canonical |= _numbered("g", [w for w, called in new.items() if called], None)
    return _checked(text, language, to_canonical)


def restore(renamed: Renamed) -> str:
    """The original text, byte for byte."""
    return _substitute(renamed.text, renamed.language, renamed.names)


def restore_text(text: str, names: Mapping[str, str], language: str = "c") -> str:
    """Put the original names into a text that a model wrote in canonical ones.

    A canonical name without an original keeps its spelling, unless a name of the program has it already.
    """
    taken = set(names.values())
    full = dict(names)
    for token in lex(text, language):
        if token.kind == "word" and CANONICAL.fullmatch(token.text) and token.text not in full:
            fresh = token.text
            while fresh in taken:
                fresh += "_"
            taken.add(fresh)
            full[token.text] = fresh
    return _substitute(text, language, full)


def _checked(text: str, language: str, to_canonical: Mapping[str, str]) -> Renamed:
    tokens = lex(text, language)
    places = {position for _, _, position in _own_words(tokens, language)}
    result = "".join(to_canonical.get(t.text, t.text) if i in places else t.text for i, t in enumerate(tokens))
    names = {canonical: original for original, canonical in to_canonical.items()}
    if _substitute(result, language, names) != text:
        return Renamed(text=text, names={}, language=language)
    return Renamed(text=result, names=names, language=language)


def _substitute(text: str, language: str, names: Mapping[str, str]) -> str:
    if not names:
        return text
    return "".join(names.get(t.text, t.text) if t.kind == "word" else t.text for t in lex(text, language))


def _numbered(letter: str, words: list[str], seed: int | None) -> dict[str, str]:
    numbers = list(range(len(words)))
    if seed is not None:
        numbers = random.Random(f"{seed}{letter}").sample(range(max(len(words), _POOL if letter == "v" else len(words))), len(words))
    return {word: f"{letter}{number}" for word, number in zip(words, numbers, strict=True)}


def _own_words(tokens: list[Token], language: str) -> Iterator[tuple[str, bool, int]]:
    """Each occurrence of a name of the program's own: the word, whether it is called, its position."""
    in_code = {t.text for t, directive in zip(tokens, _directives(tokens), strict=True) if not directive and t.kind == "word"}
    depth = 0
    for position, (token, directive) in enumerate(zip(tokens, _directives(tokens), strict=True)):
        if directive and token.text in "()" and token.kind == "other":
            depth += 1 if token.text == "(" else -1
        elif not directive:
            depth = 0
        if token.kind != "word" or is_kept(token.text, language):
            continue
        low = token.text.lower() if language == "fortran" else token.text
        if directive and ((depth == 0 and low in DIRECTIVE) or (depth > 0 and low in CLAUSE and token.text not in in_code)):
            continue
        if token.text in _COORDINATES and position and tokens[position - 1].text == ".":
            continue
        following = next((t for t in tokens[position + 1 : position + 3] if t.kind != "space"), None)
        yield token.text, following is not None and following.text == "(" and not directive, position


def _directives(tokens: list[Token]) -> Iterator[bool]:
    """For each token, whether it stands in a ``#pragma`` or ``!$`` line."""
    inside, at_start = False, True
    for i, token in enumerate(tokens):
        if token.kind == "newline":
            # A Fortran directive goes on where the line ends in an ampersand, and says so itself again on the next.
            inside, at_start = False, True
        elif at_start and token.text == "#":
            inside = any(t.text == "pragma" for t in tokens[i + 1 : i + 3])
        elif at_start and token.text == "!$":
            inside = True
        yield inside
        if token.kind not in ("newline", "space"):
            at_start = False
