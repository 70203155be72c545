"""Canonical code of C, C++ or CUDA as people want to read it: indented, with blanks between the tokens.

Not covered: Fortran, whose canonical layout is readable as it is.
"""

from __future__ import annotations

import re

from hpcraft.tokenizer.layout_c import HEADS
from hpcraft.tokenizer.layout_tokens import Piece, pieces, safe

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
_TYPES = frozenset({"int", "float", "double", "char", "long", "unsigned", "short", "void", "size_t", "bool"})
_HANGING = re.compile(r"(?:for|if|while|else if)\b.*\)$|else$")


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
        once = once + 1 if _HANGING.match(bare) else 0
    return "\n".join(result) + "\n" if result else ""


def _spaced(line: str) -> str:
    """Blanks between the tokens of one line where people put them."""
    if line.startswith("#"):
        return re.sub(r"\)(?=\w)", ") ", line)
    parts: list[str] = []
    tokens = pieces(line, "cuda")
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        parts.append((" " if before and _wants_blank(before, token, tokens[i - 2] if i > 1 else None) else "") + token.text)
    return "".join(parts)


def _wants_blank(a: Piece, b: Piece, before: Piece | None) -> bool:
    if a.kind == "string" and b.kind == "word" and not b.gap:
        return False  # a suffix of the literal
    if not safe(a.kind, a.text, b.kind, b.text) or a.text in (",", ";") or (a.kind in _OPERAND and b.kind in _OPERAND):
        return True
    if b.text == "{":
        return a.text not in "{(" if a.kind == "other" else True
    if b.text == "(" and a.text in HEADS:
        return True
    if a.text == ")" and b.kind in _OPERAND and before is not None and before.text == ")":
        return True
    if b.text in _BINARY and b.text not in ("<", ">"):
        return a.kind in _OPERAND or a.text in (")", "]")
    if a.text in _BINARY and a.text not in ("<", ">"):
        return (
            before is not None
            and (before.kind in _OPERAND or before.text in (")", "]"))
            and not (a.text == "*" and b.kind == "word" and before.text in _TYPES)
        )
    return a.text in ("<", ">") or b.text in ("<", ">")
