"""Code as words and signs, without layout and comments; and the words of its comments.

What a copy of a text keeps however it is indented and wrapped: names, literals and signs in their order. Includes and comments are
left out of the code, because licence heads and headers are the same everywhere. Fortran is folded to lower case and loses
its continuation signs; directives (``!$omp``) stay.

Not covered: raw strings of C++ and Hollerith constants, which are cut like code.
"""

from __future__ import annotations

import re

_C = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*|\#[ \t]*include[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*"
    r"|\.?\d(?:[eE][+-]|[\w.])*|[^\s\w\\]",
    re.DOTALL,
)
_FORTRAN = re.compile(
    r"!\$\w+|![^\n]*|\#[ \t]*include[^\n]*|\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\.?\d(?:[eEdD][+-]|[\w.])*|[^\s\w&\\]",
)
_WORD = re.compile(r"[a-z0-9_]+")


def split(language: str, text: str) -> tuple[list[str], list[str]]:
    """The code of a text, lexeme by lexeme, and its comments, both in the order of the text."""
    found = _FORTRAN.findall(text.lower()) if language == "fortran" else _C.findall(text)
    # Asked once for each distinct lexeme, of which there are few.
    distinct = set(found)
    if language == "fortran":
        comments = {word for word in distinct if word[0] == "!" and word[1:2] != "$"}
    else:
        comments = {word for word in distinct if word.startswith(("//", "/*"))}
    left_out = comments.union(word for word in distinct if word[0] == "#" and len(word) > 1)
    if not left_out:
        return found, []
    return [word for word in found if word not in left_out], [word for word in found if word in comments]


def code_words(language: str, text: str) -> list[str]:
    """The code of a text, lexeme by lexeme."""
    return split(language, text)[0]


def plain_words(text: str) -> list[str]:
    """The words of a text in a natural language, in lower case."""
    return _WORD.findall(text.lower())
