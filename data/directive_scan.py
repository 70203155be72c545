"""Where directives stand in a text: pragmas, ``_Pragma``, attributes, Fortran sentinels; continued lines as one.

It reads the text as found, before comments are stripped. What stands in a comment or a string is no directive, nor is what
stands in ``#if 0`` (or behind the ``#else`` of ``#if 1``): no compiler would ever see it. Other conditions count as true, so
that both branches of an ``#ifdef`` are read. A directive in a macro counts where the macro is defined, not where it is used;
``PRAGMA(omp ...)`` and its like (a macro or MSVC's ``__pragma``) count where they are called.

Not covered: macros whose name doesn't say that they make pragmas; the sentinels of vendors' extensions (``!$ompx``, ``!$omx``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = r"//(?:[^\\\n]+|\\.)*|/\*.*?(?:\*/|\Z)"
_STRINGS = (
    r'\b(?:u8|[uUL])?R"(?P<fence>[^()\\\s"]{0,16})\(.*?\)(?P=fence)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n]){1,8}'"
)
_OPERATOR = r'_Pragma\s*\(\s*(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"'
_OUT_OF_CODE = re.compile(f"{_OPERATOR}|{_COMMENT}|{_STRINGS}", re.DOTALL)
_COMMENT_OR_STRING = re.compile(f"{_COMMENT}|{_STRINGS}", re.DOTALL)
_GAP = r"(?:[ \t]|\\\n)"
_PRAGMA = re.compile(rf"^[ \t]*(?:#|%:){_GAP}*pragma{_GAP}+(omp|acc)\b((?:\\[ \t]*\n|[^\n])*)", re.MULTILINE)
_PRAGMA_OPERATOR = re.compile(r'_Pragma\s*\(\s*(?:u8|[uUL])?"\s*(omp|acc)\b((?:\\.|[^"\\\n])*)"\s*\)', re.DOTALL)
_PRAGMA_MACRO = re.compile(r"\b(?<!#define )\w*pragma\w*[ \t]*\([ \t]*(omp|acc)(?=\s+[a-z])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\[\[\s*(?:using\s+omp\s*:(?!:)|(?=[^\]]*\bomp\s*::))")
_IN_ATTRIBUTE = re.compile(r"\b(?:directive|decl)\s*\(")
_BRACKETS = re.compile(r"[()\[\]]")

_CONSTANT_IF = re.compile(r"^[ \t]*#[ \t]*(?:el)?if[ \t]*\(?[ \t]*[01]\b", re.MULTILINE)
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b[ \t]*([^\n]*)", re.MULTILINE)

_SENTINEL = re.compile(
    r"[ \t]*!\$(?P<free>omp|acc)(?=[ \t&]|$)|!\$(?P<bang>omp|acc)(?=[0-9+$*.>|#@-])|[c*]\$(?P<fixed>omp|acc)(?!_)", re.IGNORECASE
)
_ANY_SENTINEL = re.compile(r"^(?:[ \t]*!|[cC*])\$(?:omp|acc)", re.MULTILINE | re.IGNORECASE)
_FIXED_SENTINEL = re.compile(r"^[cC*]\$(?:omp|acc)", re.MULTILINE | re.IGNORECASE)
_FORTRAN_STRING_OR_COMMENT = re.compile(r"'[^']*'|\"[^\"]*\"|!")
_LAST_COLUMN = 72


@dataclass(frozen=True, slots=True)
class Place:
    """One directive where it stands, not yet taken apart."""

    model: str
    """``omp`` or ``acc``."""
    body: str
    """What follows the model's name, without comments and continuation marks."""
    line: int
    end_line: int
    text: str
    """As found, from the sentinel to the end."""


def scan(text: str, *, fortran: bool, form: str = "") -> list[Place]:
    """All directives of a text, in order.

    Args:
        text: as found or after conversion to free form.
        fortran: whether it is Fortran, else C, C++ or CUDA.
        form: ``fixed`` cuts at column 72, ``free`` doesn't; empty: by the sentinels.
    """
    if fortran:
        return list(_scan_fortran(text, form)) if _ANY_SENTINEL.search(text) else []
    if not ("omp" in text or "acc" in text) or not ("ragma" in text or "RAGMA" in text or "[[" in text):
        return []
    return _scan_c(text)


def inactive(code: str) -> list[tuple[int, int]]:
    """The ranges of a text that ``#if 0`` and its like switch off, begin and end of each.

    Args:
        code: text in which no comment or string holds what looks like a condition.
    """
    if not _CONSTANT_IF.search(code):
        return []
    ranges: list[tuple[int, int]] = []
    stack: list[bool] = []  # whether a branch that is always true was there, per open condition
    dead_depth, dead_from = 0, 0
    for found in _CONDITIONAL.finditer(code):
        word = found[1]
        if word in ("if", "ifdef", "ifndef"):
            stack.append(False)
        elif not stack:
            continue
        if word == "endif":
            if dead_depth == len(stack):
                ranges.append((dead_from, found.start()))
                dead_depth = 0
            stack.pop()
            continue
        if dead_depth and dead_depth < len(stack):
            continue
        if dead_depth == len(stack):
            ranges.append((dead_from, found.start()))
            dead_depth = 0
        truth = _truth(found[2]) if word in ("if", "elif") else None
        if stack[-1] or truth is False:
            dead_depth, dead_from = len(stack), found.end()
        stack[-1] |= truth is True
    if dead_depth:
        ranges.append((dead_from, len(code)))
    return ranges


def _truth(condition: str) -> bool | None:
    """What a condition is if it is constant."""
    bare = condition.strip().strip("()").strip()
    if bare == "0" or re.match(r"0\s*&&", bare):
        return False
    return True if bare == "1" or re.match(r"1\s*\|\|", bare) else None


def _scan_c(text: str) -> list[Place]:
    code = _OUT_OF_CODE.sub(_blanked, text)
    lines = [found.start() for found in re.finditer("\n", text)]
    dead = inactive(code)
    places = []
    for model, start, end, body in sorted(_candidates(code, text), key=lambda found: found[1]):
        if not any(begin <= start < stop for begin, stop in dead):
            found = text[start:end].strip()
            places.append(Place(model, body, bisect_right(lines, start - 1) + 1, bisect_right(lines, end - 1) + 1, found))
    return places


def _candidates(code: str, text: str) -> Iterator[tuple[str, int, int, str]]:
    """Model, begin, end and body of everything that is a directive if it isn't switched off."""
    for found in _PRAGMA.finditer(code):
        start = found.start() + len(found[0]) - len(found[0].lstrip(" \t"))
        yield found[1], start, found.end(), _without_comments(text[found.start(2) : found.end(2)])
    for found in _PRAGMA_OPERATOR.finditer(code):
        yield found[1], found.start(), found.end(), re.sub(r"\\(.)", r"\1", found[2].replace("\\\n", ""))
    for found in _PRAGMA_MACRO.finditer(code):
        end = _closing(code, found.end())
        yield found[1].lower(), found.start(), end + 1, _without_comments(text[found.end() : end])
    for found in _ATTRIBUTE.finditer(code):
        end = _closing(code, found.end())
        for inner in _IN_ATTRIBUTE.finditer(code, found.end(), end):
            stop = _closing(code, inner.end())
            yield "omp", inner.start(), stop + 1, _without_comments(text[inner.end() : stop])


def _closing(code: str, start: int) -> int:
    """Where the bracket that is open at ``start`` closes; the end of the text when it never does."""
    depth = 1
    for found in _BRACKETS.finditer(code, start):
        depth += 1 if found[0] in "([" else -1
        if not depth:
            return found.start()
    return len(code)


def _blanked(found: re.Match[str]) -> str:
    """As long as the match and without line breaks, so that offsets stay; the operand of ``_Pragma`` is kept."""
    matched = found[0]
    return matched.replace("\\\n", "  ").replace("\n", " ") if matched[0] == "_" else " " * len(matched)


def _without_comments(code: str) -> str:
    kept = _COMMENT_OR_STRING.sub(lambda found: " " if found[0][0] == "/" else found[0], code)
    return re.sub(r"\\[ \t]*\n", "", kept)


@dataclass(slots=True)
class _Pending:
    """A Fortran directive under way."""

    model: str
    body: str
    start: int
    end: int
    open: bool
    """Whether its last line ended in an ampersand."""
    full: bool
    """Whether its last line reached the last column, so that a word may go on in the next."""
    continues: bool
    """Whether its first line says that it goes on with another."""


def _scan_fortran(text: str, form: str) -> Iterator[Place]:
    lines = text.split("\n")
    fixed = form == "fixed" or (not form and bool(_FIXED_SENTINEL.search(text)))
    dead = _dead_lines(text) if "#" in text else frozenset()
    at: _Pending | None = None
    for number, line in enumerate(lines):
        found = _SENTINEL.match(line) if "$" in line else None
        # In fixed form a sentinel stands in column 1, or is a comment.
        if found and (number in dead or (fixed and line[0] in " \t")):
            continue
        if not found:
            if at and _is_code(line, fixed):
                yield _place(at, lines)
                at = None
            continue
        new = _taken_apart(found, line, number, fixed)
        if at and at.model == new.model and (new.continues or at.open):
            _join(at, new, fixed)
            continue
        if at:
            yield _place(at, lines)
        at = new
    if at:
        yield _place(at, lines)


def _taken_apart(found: re.Match[str], line: str, number: int, fixed: bool) -> _Pending:
    """One line as a directive that may go on, or continue another."""
    cut = line.expandtabs()[:_LAST_COLUMN] if fixed else line
    rest = cut[found.end() :]
    # Column 6 of fixed form; a letter there is no mark but sloppy spacing, as in `c$ompparallel`.
    mark = rest[:1] if rest[:1].strip("\t !") and not rest[:1].isalpha() else ""
    body = rest[len(mark) :]
    for other in _FORTRAN_STRING_OR_COMMENT.finditer(body):
        if other[0] == "!":
            body = body[: other.start()]
            break
    bare = body.rstrip()
    is_open = bare.endswith("&")
    return _Pending(
        (found["free"] or found["bang"] or found["fixed"]).lower(),
        bare[:-1] if is_open else body,
        number,
        number,
        is_open,
        len(cut.rstrip()) >= _LAST_COLUMN,
        mark not in ("", "0"),
    )


def _join(at: _Pending, new: _Pending, fixed: bool) -> None:
    exact = at.full if fixed else at.open and new.continues
    at.body += ("" if exact else " ") + new.body
    at.end, at.open, at.full = new.end, new.open, new.full


def _place(at: _Pending, lines: list[str]) -> Place:
    text = "\n".join(lines[at.start : at.end + 1]).strip()
    return Place(at.model, at.body, at.start + 1, at.end + 1, text)


def _is_code(line: str, fixed: bool) -> bool:
    """Whether a line ends a directive that waits for its continuation: comments and preprocessor lines don't."""
    bare = line.strip()
    return bool(bare) and bare[0] not in "!#" and not (fixed and line[0] in "cC*dD")


def _dead_lines(text: str) -> frozenset[int]:
    return frozenset(number for start, end in inactive(text) for number in range(text.count("\n", 0, start) + 1, text.count("\n", 0, end)))
