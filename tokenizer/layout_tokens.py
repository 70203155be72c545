"""What the layout of C-like code needs to know of tokens: which may touch, and the pieces that a text falls into.

Tokens that touch in the source touch in the layout, so nothing is ever cut; two that stood apart are put together where the
longest-match rule of the language still reads them as two.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from hpcraft.tokenizer.lexer import Token, lex

_PUNCTUATORS = re.compile(
    r"%:%:|<<=|>>=|<=>|\.\.\.|->\*|<<<|>>>|<:|:>|<%|%>|%:|\.\*|->|\+\+|--|&&|\|\||[-+*/%&|^=!<>]=|<<|>>|::|##|//|/\*|\.\.|[\s\S]"
)
"""Those of C, C++ and CUDA together, digraphs too; ``..`` is none, but two dots and a third would be one."""
_KNOWN = frozenset("!#%&()*+,-./:;<=>?[]^{|}~")
_LONE_SPLICE = re.compile(r"(?:\\\n)+")
_LOOSE_SPLICE = re.compile(r'(R"(?P<fence>[^()\\\s]{0,16})\([\s\S]*?\)(?P=fence)")|\\[ \t]+\n')
_INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]*(<[^>\n]*>|"[^"\n]*")?')


class Piece(NamedTuple):
    """A token of code, a whole directive, or a comment."""

    kind: str
    """That of the token, or ``directive``, or ``break`` for a line end, also in a comment, that must stay: a lone quote stands before it."""
    text: str
    gap: bool
    """Whether something stood between it and the token before."""
    fresh: bool = False
    """Whether it is the first on its line, but for comments."""


def pieces(text: str, language: str, *, comments: bool = False) -> list[Piece]:
    """The pieces of a text, without white space and, unless asked for, without comments."""
    # Of two byte order marks the lexer takes the first for one, and the second for a token.
    text = (text if text.startswith("\ufeff\ufeff") else text.removeprefix("\ufeff")).replace("\r\n", "\n") + "\n"
    # Compilers take a backslash for a splice also where blanks follow it; in a raw string they are contents.
    text = _LOOSE_SPLICE.sub(lambda found: found[1] or "\\\n", text)
    into: list[Piece] = []
    gap = fresh = True
    torn = False
    directive: list[Piece] | None = None
    tokens = lex(text, language)
    for number, (kind, part) in enumerate(tokens):
        if kind == "newline":
            if directive is not None:
                into.append(Piece("directive", directive_text(directive), True))
            elif torn:
                into.append(Piece("break", "", True))
            directive, gap, fresh, torn = None, True, True, False
        elif kind == "space":
            gap = gap or _LONE_SPLICE.fullmatch(part) is None
        elif kind == "comment":
            if comments:
                (into if directive is None else directive).append(Piece(kind, _comment(part), gap, fresh))
            elif torn and "\n" in part:
                into.append(Piece("break", "/*\n*/", True))
            gap = True
        elif kind == "include":
            directive = [Piece(kind, _include(part), True)]
        elif directive is not None and directive[-1].kind == "digraph":
            directive = [Piece("other", "#", True)]
        elif directive is not None:
            directive.append(Piece(kind, part, gap))
            gap = False
        elif fresh and (part == "#" or (part == "%" and _follows(tokens, number, ":"))):
            directive = [Piece("other" if part == "#" else "digraph", "#", True)]
            gap = False
        else:
            into.append(Piece(kind, part, gap, fresh))
            gap = fresh = False
            torn = torn or part in ("'", '"')
    if directive is not None:
        into.append(Piece("directive", directive_text(directive), True))
    return into


def _comment(text: str) -> str:
    """A comment without blanks at its lines' ends; lines that begin with a star stand below the first star."""
    text = text.rstrip()
    if "\n" not in text:
        return text
    first, *rest = text.split("\n")
    return "\n".join([first.rstrip(), *(f" {line.strip()}" if line.lstrip().startswith("*") else line.rstrip() for line in rest)])


def _follows(tokens: list[Token], number: int, text: str) -> bool:
    return number + 1 < len(tokens) and tokens[number + 1].text == text


def _include(line: str) -> str:
    """An ``#include`` line without comments in one style."""
    found = _INCLUDE.match(line)
    assert found is not None
    rest = line[found.end() :].rstrip("\\ \t").split()
    return " ".join(["#include", *([found[1]] if found[1] else []), *rest])


def _include_parts(parts: list[Piece]) -> str:
    """An ``#include`` line and what stands behind its comments; before a token of several lines a comment must stay."""
    found = [parts[0].text]
    for before, part in pairwise(parts):
        if part.kind != "comment" and "\n" in part.text and before.kind != "comment":
            found.append("/**/")
        found.append(part.text if part.kind == "comment" or "\n" in part.text else " ".join(part.text.split()))
    return " ".join(found)


def directive_text(parts: list[Piece]) -> str:
    """A directive on one line; parts that are free text, as behind ``#error``, only have their white space squeezed."""
    text = _directive_text(parts)
    # A backslash that has come to the end of the line would splice the next.
    return f"{text}/**/" if text.endswith("\\") else text


def _directive_text(parts: list[Piece]) -> str:
    words = parts[1:]
    if parts[0].kind == "include":
        return _include_parts(parts)
    if not words:
        return "#"
    name = words[0].text
    if name == "define" and len(words) > 1:
        end = 2
        if len(words) > 2 and words[2].text == "(" and not words[2].gap:
            end = next((i + 1 for i, part in enumerate(words) if part.text == ")"), len(words))
        body = joined(words[end:])
        return f"#define {joined([words[1]._replace(gap=True), *words[2:end]])}{' ' + body if body else ''}"
    if name == "include":
        return _include("#" + "".join(f"{' ' * part.gap}{part.text}" for part in words if part.kind != "comment"))
    if name in ("pragma", "if", "elif", "ifdef", "ifndef", "else", "endif", "define"):
        return "#" + joined(words)
    text = "".join((" " if part.gap and i else "") + part.text for i, part in enumerate(words))
    return ("# " if text[0] == "#" else "#") + text


def joined(parts: list[Piece]) -> str:
    """Pieces on one line, with the blanks that must be."""
    result: list[str] = []
    before: Piece | None = None
    for part in parts:
        if before is not None and part.gap and not safe(before.kind, before.text, part.kind, part.text):
            result.append(" ")
        result.append(part.text)
        before = part
    return "".join(result)


def safe(kind: str, text: str, next_kind: str, next_text: str) -> bool:
    """Whether two tokens stay what they are when written without a blank between them."""
    if kind == "other":
        if next_kind == "other":
            return _boundary(text, next_text)
        return text in _KNOWN_PUNCTUATORS and not (next_kind == "number" and text[-1] == ".")
    if next_kind == "other":
        if next_text[0] not in _KNOWN:
            return False
        return kind != "number" or not (next_text[0] == "." or (text[-1] in "eEpP" and next_text[0] in "+-"))
    if kind == "comment" or next_kind == "comment":
        return kind == "comment" and text.startswith("/*")
    return kind == next_kind == "string"


@lru_cache(maxsize=1 << 12)
def _boundary(a: str, b: str) -> bool:
    if a[-1] not in _KNOWN or b[0] not in _KNOWN or (a[-1] == b[0] == "."):
        return False
    at = 0
    for found in _PUNCTUATORS.finditer(a + b):
        at = found.end()
        if at >= len(a):
            break
    return at == len(a)


_KNOWN_PUNCTUATORS = _KNOWN | frozenset(
    [
        "<<<",
        ">>>",
        "<<=",
        ">>=",
        "...",
        "->",
        "++",
        "--",
        "&&",
        "||",
        "-=",
        "+=",
        "*=",
        "/=",
        "%=",
        "&=",
        "|=",
        "^=",
        "==",
        "!=",
        "<=",
        ">=",
        "<<",
        ">>",
        "::",
        "##",
    ]
)
