"""A canonical layout for C-like code, so that a model spends no tokens on taste, and a readable one for people.

Canonical: no comments, no indentation, no blank that isn't needed, one statement, brace, loop head or
directive to a line. Readable: indented again. Neither changes what a compiler sees, except for ``__LINE__``.
Not covered: Fortran, whose lines mean something; its blanks are only squeezed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from hpcraft.tokenizer.lexer import Token, lex

_HEADS = frozenset({"for", "if", "while", "switch"})
_BEFORE_INITIALISER = frozenset({"=", ",", "(", "]", "return"})


def canonical(text: str, language: str = "c") -> str:
    """``text`` in canonical layout: lines without blanks at the ends, each ended by a newline."""
    if language == "fortran":
        kept = "".join(t.text for t in lex(text, language) if t.kind != "comment")
        lines = iter([re.sub(r"[ \t]+", " ", line).strip() for line in kept.split("\n")])
    else:
        lines = _lines(lex(text, language))
    return "".join(line + "\n" for line in lines if line)


def indent(text: str, width: int = 4) -> str:
    """Canonical code with the indentation and blanks that people expect; directives stand with their loop."""
    depth, once, result = 0, 0, []
    for line in text.split("\n"):
        bare = line.strip()
        if not bare:
            continue
        depth = max(0, depth - (bare[0] == "}"))
        if bare.startswith("#") and not bare.startswith("#pragma"):
            result.append(bare)
            continue
        hanging = 0 if bare[0] in "{}" else once
        result.append(" " * (width * (depth + hanging)) + _spaced(bare))
        depth += bare.endswith("{")
        if bare.startswith("#"):
            continue
        once = once + 1 if re.match(r"(?:for|if|while|else if)\b.*\)$|else$", bare) else 0
    return "\n".join(result) + "\n" if result else ""


def _spaced(line: str) -> str:
    """Blanks between the tokens of one line where people put them."""
    if line.startswith("#"):
        return re.sub(r"\)(?=\w)", ") ", line)
    parts: list[str] = []
    tokens = [t for t in lex(line, "cuda") if t.kind != "space"]
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        parts.append((" " if before and _wants_blank(before, token, tokens[i - 2] if i > 1 else None) else "") + token.text)
    return "".join(parts)


_BINARY = frozenset(
    [
        "=",
        "+=",
        "-=",
        "*=",
        "/=",
        "%=",
        "&=",
        "|=",
        "^=",
        "<<=",
        ">>=",
        "==",
        "!=",
        "<=",
        ">=",
        "<",
        ">",
        "&&",
        "||",
        "?",
        ":",
        "+",
        "-",
        "*",
        "/",
        "%",
    ]
)
_OPERAND = frozenset({"word", "number", "string"})


def _wants_blank(a: Token, b: Token, before: Token | None) -> bool:
    if not _safe(a.text, b.text) or a.text in (",", ";") or (a.kind in _OPERAND and b.kind in _OPERAND):
        return True
    if b.text == "{":
        return a.text not in "{(" if a.kind == "other" else True
    if b.text == "(" and a.text in _HEADS:
        return True
    if a.text == ")" and b.kind in _OPERAND and before is not None and before.text == ")":
        return True
    if b.text in _BINARY and b.text not in ("<", ">"):
        return a.kind in _OPERAND or a.text in (")", "]")
    if a.text in _BINARY and a.text not in ("<", ">"):
        return (
            before is not None
            and (before.kind in _OPERAND or before.text in (")", "]"))
            and not (a.text == "*" and b.kind == "word" and _is_type(before))
        )
    return a.text in ("<", ">") or b.text in ("<", ">")


def _is_type(token: Token) -> bool:
    return token.text in {"int", "float", "double", "char", "long", "unsigned", "short", "void", "size_t", "bool"}


def _lines(tokens: list[Token]) -> Iterator[str]:
    """The lines of C-like code in canonical layout, some of them empty."""
    code: list[str] = []
    directive: list[str] | None = None
    at_start = True
    for token in tokens:
        if token.kind == "newline":
            if directive is not None:
                yield _join_directive(directive)
            directive, at_start = None, True
        elif token.kind == "include" or (at_start and token.text == "#" and directive is None):
            yield from _code_lines(code)
            code = []
            if token.kind == "include":
                yield " ".join(token.text.split())
            else:
                directive = ["#"]
        elif directive is not None:
            directive.append(" " if token.kind in ("space", "comment") else token.text)
        elif token.kind not in ("space", "comment"):
            at_start = False
            code.append(token.text)
    if directive is not None:
        yield _join_directive(directive)
    yield from _code_lines(code)


def _code_lines(code: list[str]) -> Iterator[str]:
    """Break a run of tokens without directives into lines."""
    line: list[str] = []
    parentheses = initialiser = 0
    head = False
    for i, text in enumerate(code):
        following = code[i + 1] if i + 1 < len(code) else ""
        if text == "}" and not initialiser:
            yield _join(line)
            line = []
        if text == "{" and (initialiser or (line and line[-1] in _BEFORE_INITIALISER)):
            initialiser += 1
        ends = not parentheses and not initialiser and text in "{};"
        if text == "(":
            head = head or (not parentheses and bool(line) and line[-1] in _HEADS)
            parentheses += 1
        elif text == ")":
            parentheses = max(0, parentheses - 1)
            ends = head and not parentheses and following not in ("{", ";")
            head = head and parentheses > 0
        elif text == "}" and initialiser:
            initialiser -= 1
        elif text in ("else", "do"):
            ends = following not in ("{", "if")
        line.append(text)
        if ends:
            yield _join(line)
            line = []
    yield _join(line)


def _join(parts: list[str]) -> str:
    result: list[str] = []
    for part in parts:
        if result and not _safe(result[-1], part):
            result.append(" ")
        result.append(part)
    return "".join(result)


def _join_directive(parts: list[str]) -> str:
    """A directive; only in a pragma are its blanks ours to drop, ``#define F (x)`` and ``#define F(x)`` differ."""
    words = [part for part in parts[1:] if part != " "]
    return "#" + _join(words) if words[:1] == ["pragma"] else "#" + " ".join("".join(parts[1:]).split())


@lru_cache(maxsize=1 << 16)
def _safe(a: str, b: str) -> bool:
    """Whether two tokens stay what they are when written without a blank between them."""
    if a[-1] == "/" and b[0] in "/*":
        return False
    cut = lex(a + b, "cuda")
    return len(cut) == 2 and cut[0].text == a and cut[1].text == b
