"""Where functions begin and end in a text that may be code, prose, or both, and need not be whole.

A parser wants code; an answer is often half of it, with prose around. So this reads what a lexer reads: comments, strings, brackets in
C and its kin, and the statements that open and close program units in Fortran. One pass over the text each, whatever stands in it.
Not covered: brackets that only macros balance, and both branches of an ``#if`` opening the same bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# No alternative can fail after it has read far: what isn't closed ends with its line, or with the text.
_C_DEAD = re.compile(
    r'//[^\n]*+|/\*(?:.*?\*/|.*+)|\bR"([^()\\\s"]{0,16})\((?:.*?\)\1"|.*+)'
    r"|\"(?:\\.|[^\"\\\n])*+\"?|'(?:\\[^\n][0-9A-Fa-f]{0,8}|[^'\\\n])'",
    re.DOTALL,
)
_FORTRAN_DEAD = re.compile(r"![^\n]*+|'[^'\n]*+'?|\"[^\"\n]*+\"?")
_PYTHON_DEAD = re.compile(r"#[^\n]*+|\"\"\"(?:.*?\"\"\"|.*+)|'''(?:.*?'''|.*+)|\"(?:\\.|[^\"\\\n])*+\"?|'(?:\\.|[^'\\\n])*+'?", re.DOTALL)
_DEAD = {"fortran": _FORTRAN_DEAD, "python": _PYTHON_DEAD}

_C_TOKEN = re.compile(r"[A-Za-z_]\w*+|[{}();=]|^[ \t]*+\#(?:[^\n\\]|\\\n|\\)*+|(?<=\n)[ \t]*+\n", re.MULTILINE)
_PREFIX = (
    r"(?:(?:pure|impure|elemental|recursive|non_recursive|module|double[ \t]++precision"
    r"|(?:integer|real|logical|complex|character|type|class|attributes)(?:[ \t]*+\([^()\n]{0,60}\)|\*\d++)?)[ \t]++){0,6}+"
)
_UNIT = re.compile(
    r"^[ \t]*+(?:\d++[ \t]++)?(?:"
    r"(?P<end>end[ \t]*+(?:(?:subroutine|function|program|module|submodule|procedure)\b[ \t]*+\w*+)?[ \t]*+(?=\n|;|\Z))"
    r"|(?P<interface>(?:abstract[ \t]++)?interface\b[^\n]*+)|(?P<end_interface>end[ \t]*+interface\b[^\n]*+)"
    rf"|(?P<procedure>{_PREFIX}(?:subroutine|function)[ \t]++(?P<name>\w++)[ \t]*+(?=[(\n&;]|bind\b|\Z)[^\n]*+)"
    r"|(?P<container>(?:program|module|submodule[ \t]*+\([^()\n]*+\))[ \t]++\w++[ \t]*+(?=\n|;|\Z))"
    r")",
    re.MULTILINE | re.IGNORECASE,
)


def blank(text: str, language: str) -> str:
    """``text`` with blanks for comments and what is in strings, so that positions stay."""

    def blanks(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    return _DEAD.get(language, _C_DEAD).sub(blanks, text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """The definition of a function."""

    name: str
    begin: int
    """Of the statement that it begins with: return type, template and attributes belong to it."""
    body: int
    """Behind the bracket or statement that opens it."""
    end: int
    """Behind what closes it; the length of the text where nothing does."""
    depth: int
    """Brackets that are open around it; below 0 where the text has closed more than it opened."""
    closed: bool


def functions(text: str, language: str) -> list[Function]:
    """The functions that are defined in a text, in the order of their ends; of Fortran also whole programs, under the name ``program``."""
    if language == "fortran":
        return list(_fortran_functions(text))
    if language == "python":
        return list(_python_functions(text))
    return list(_c_functions(text))


_NO_FUNCTION = frozenset({"if", "for", "while", "switch", "catch", "return", "sizeof", "alignof", "decltype", "defined"})
_NO_NAME = frozenset({"noexcept", "__attribute__", "requires", "throw", "__declspec"})
"""Words whose list in parentheses may stand behind that of the parameters."""


@dataclass(slots=True)
class _Scope:
    """An open bracket of C."""

    name: str = ""
    """Of the function whose body it opens; empty for any other bracket."""
    begin: int = 0
    body: int = 0
    depth: int = 0
    """Brackets around it that count."""
    counts: bool = True
    """Not ``extern "C"`` and namespaces, in which one is as much outside as before."""


class _CReader:
    """Reads brackets with a stack; a body is an opening bracket behind a name and a list in parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._plain = blank(text, "c")
        self._scopes: list[_Scope] = []
        self._function: _Scope | None = None  # the outermost that is open
        self._depth = 0  # below 0 after brackets that the text never opened
        self._parens = 0
        self._words: list[str] = []  # of the present statement, outside of parentheses
        self._word_begin = 0
        self._head: tuple[str, int] | None = None  # the name before the last list in parentheses
        self._assigned = False

    def functions(self) -> Iterator[Function]:
        """All of them."""
        for match in _C_TOKEN.finditer(self._plain):
            piece, at = match[0], match.start()
            if piece == "{":
                self._open(match.end())
            elif piece == "}":
                yield from self._close(match.end())
            elif piece == "(":
                if self._parens == 0 and self._words and self._words[-1] not in _NO_NAME:
                    self._head = (self._words[-1], self._word_begin)
                self._parens += 1
            elif piece == ")":
                self._parens = max(0, self._parens - 1)
            elif piece == "=":
                self._assigned = self._assigned or self._parens == 0
            elif piece == ";":
                if self._parens == 0 or not self._scopes:  # else of a for
                    self._new_statement()
            elif piece[0].isspace() or piece[0] == "#":
                self._new_statement()  # a directive, or an empty line outside of everything
            else:
                self._word(piece, at)
        if self._function:
            yield self._made(self._function, len(self._text), closed=False)

    def _word(self, piece: str, at: int) -> None:
        if self._parens == 0:
            self._words.append(piece)
            self._word_begin = at

    def _new_statement(self) -> None:
        self._words, self._head, self._parens, self._assigned = [], None, 0, False

    def _open(self, end: int) -> None:
        scope = _Scope(body=end, depth=self._depth)
        words = self._words
        if self._head is None and words and words[0] in ("extern", "namespace", "inline") and not self._assigned:
            scope.counts = False
        is_body = self._head is not None and self._head[0] not in _NO_FUNCTION and self._parens == 0 and not self._assigned
        if is_body and self._function is None and self._head:
            scope.name, scope.begin = self._head[0], _begin(self._plain, self._head[1])
            self._function = scope
        self._scopes.append(scope)
        self._depth += scope.counts
        self._new_statement()

    def _close(self, end: int) -> Iterator[Function]:
        self._new_statement()
        if not self._scopes:
            self._depth -= 1
            return
        scope = self._scopes.pop()
        self._depth -= scope.counts
        if scope is self._function:
            self._function = None
            yield self._made(scope, end, closed=True)

    def _made(self, scope: _Scope, end: int, *, closed: bool) -> Function:
        return Function(name=scope.name, begin=scope.begin, body=scope.body, end=end, depth=scope.depth, closed=closed)


_MOST_HEAD_LINES = 8
_HEAD_LINE = re.compile(r"[ \t]*+(?:template\b|extern\b|static\b|inline\b|__\w|\[\[|(?:[\w:<>*&]++[ \t]*+){1,4}+$)")


def _begin(plain: str, name_at: int) -> int:
    """The line on which the definition begins whose name stands at ``name_at``: types and attributes may have lines of their own."""
    begin = plain.rfind("\n", 0, name_at) + 1
    for _ in range(_MOST_HEAD_LINES):
        if not begin:
            break
        before = plain.rfind("\n", 0, begin - 1) + 1
        line = plain[before : begin - 1]
        if not line.strip() or not _HEAD_LINE.match(line) or line.rstrip().endswith((";", "}", ".", ":", "{")):
            break
        begin = before
    return begin


def _c_functions(text: str) -> Iterator[Function]:
    return _CReader(text).functions()


def _fortran_functions(text: str) -> Iterator[Function]:
    """Statements that open and close units, with a stack."""
    stack: list[tuple[str, int, int]] = []
    closed_more = 0
    for match in _UNIT.finditer(blank(text, "fortran")):
        if match["procedure"]:
            stack.append((match["name"].lower(), match.start(), match.end()))
        elif match["interface"]:
            stack.append(("", match.start(), match.end()))
        elif match["container"]:
            name = "program" if match["container"].lower().startswith("program") else ""
            stack.append((name, match.start(), match.end()))
        elif stack:
            name, begin, body = stack.pop()
            if name:
                yield Function(name=name, begin=begin, body=body, end=match.end(), depth=len(stack) - closed_more, closed=True)
        elif match["end"]:
            closed_more += 1
    for depth, (name, begin, body) in reversed(list(enumerate(stack))):
        if name:
            yield Function(name=name, begin=begin, body=body, end=len(text), depth=depth - closed_more, closed=False)


def _python_functions(text: str) -> Iterator[Function]:
    """Lines that begin with ``def``, up to the next line that is indented no further."""
    plain = blank(text, "python")
    for match in re.finditer(r"^([ \t]*+)def[ \t]++(\w++)", plain, re.MULTILINE):
        after = re.compile(rf"^[ \t]{{0,{len(match[1])}}}[^\s)\]}}]", re.MULTILINE).search(plain, match.end())
        end = after.start() if after else len(text)
        yield Function(name=match[2], begin=match.start(), body=match.end(), end=end, depth=len(match[1]), closed=after is not None)
