"""Fortran source as logical statements: continued lines joined, comments apart, directives and preprocessor lines recognised, both forms.

The columns of fixed form are read as gfortran reads them: a tab in the label field moves to column 7, or to column 6 before a digit; any other
tab is one column; text beyond column 72 is no code (132 where code runs across the border); inside a string the blanks up to the last
column count.
Not covered: Hollerith constants over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hpcraft.tokenizer.fortran_form import crosses_border

_TAB_FIELD = re.compile(r"([^\t\n]{0,5})\t([1-9])?")
_FREE_SENTINEL = re.compile(r"!\$(omp|acc)(?=[\s&]|$)|!\$(?=[ \t&]|$)", re.IGNORECASE)
FIXED_SENTINEL = re.compile(r"[cC*!]\$(omp|acc)(?=[ &+0-9a-zA-Z$*.>|-]|$)", re.IGNORECASE)
FIXED_CONDITIONAL = re.compile(r"[cC*!]\$(?=[ 0-9]{3}(?:[ 0] *\S|[^ 0].))")
_VENDOR = re.compile(r"[cC*!](?:\$\w|(?:dir|dec|gcc|pgi|cdir|nec)\$|ibm\*)", re.IGNORECASE)
"""Directives of single compilers, which other compilers take for comments."""
HOLLERITH = r"(?<![\w.*])(\d{1,3})[hH]"
"""How a Hollerith constant begins, with its length."""
_STRING_OR_COMMENT = re.compile(rf"'[^']*'|\"[^\"]*\"|!|'[^']*$|\"[^\"]*$|{HOLLERITH}")


@dataclass(slots=True)
class Statement:
    """A statement, or a line that is none."""

    text: str
    """Code without comments and continuation marks, blanks as found; a whole line where ``kind`` isn't ``code``."""
    kind: str = "code"
    """``code``, ``comment`` or ``line`` (of the preprocessor, or a directive of one compiler)."""
    sentinel: str = ""
    """``!$omp``, ``!$acc``, ``!$`` or nothing."""
    label: str = ""
    """In fixed form alone."""
    begins: str = ""
    """``&`` for a part of a statement that a preprocessor or conditional line cut; ``&&`` where a token may have been cut."""
    goes_on: bool = False
    """Whether the statement goes on behind a line that cuts it."""
    quote: str = ""
    """The quote that is open at the end of ``text`` while lines are read."""
    full: bool = False
    """Whether the last line reached the last column, so that a name may go on in the next."""
    comment: str = ""
    """What stands behind the statement on its one line."""
    inside: list[str] = field(default_factory=list)
    """Comments between and behind its lines."""


def expand(line: str) -> str:
    """A line of fixed form with the tab of its label field in columns, as gfortran has it."""
    found = _TAB_FIELD.match(line) if "\t" in line[:6] else None
    if not found:
        return line
    return f"{found[1]:<5}{found[2] or ' '}{line[found.end() :]}"


def comment_line(comment: str, *, fixed: bool) -> str:
    """A comment that stood behind code as one on a line of its own, where what looks like a directive would be one."""
    line = f"! {comment[1:]}" if comment[1:2] == "$" or _VENDOR.match(comment) else comment
    return expand(line) if fixed else line


def statements(text: str, *, fixed: bool) -> Iterator[Statement]:
    """The statements, comments and other lines of a text, in their order."""
    text = text.removeprefix("\ufeff").replace("\0", "").replace("\r", "")
    return _fixed(text.split("\n")) if fixed else _free(text.split("\n"))


def _free(lines: list[str]) -> Iterator[Statement]:
    at: Statement | None = None
    macro = False
    for raw in lines:
        bare = raw.strip()
        if macro or raw.startswith("#"):
            macro = raw.endswith("\\")
            at, mid = _cut(at)
            if mid:
                yield mid
            yield Statement(bare, "line")
            continue
        sentinel, found = "", None
        if bare.startswith("!"):
            found = _FREE_SENTINEL.match(bare)
            if not found:
                comment = Statement(bare, "line" if _VENDOR.match(bare) else "comment")
                if at is None:
                    yield comment
                elif comment.kind == "comment":
                    at.inside.append(bare)
                continue
            sentinel = found[0].lower()
        code = bare[found.end() :] if found else raw
        if not code.strip():
            continue
        if at is not None and at.sentinel not in (sentinel, "?"):
            at, mid = _cut(at)
            if mid:
                yield mid
        at = _free_line(at, code, sentinel)
        if not at.goes_on:
            yield at
            at = None
    if at is not None:
        at.goes_on = bool(at.quote)  # an ampersand at the end of an open string is no part of it
        yield at


def _cut(at: Statement | None) -> tuple[Statement | None, Statement | None]:
    """What is under way after a line that cuts it, and the part before that line."""
    if at is None:
        return None, None
    return Statement("", sentinel="?", begins="&", goes_on=True), (at if at.text.strip() else None)


def _free_line(at: Statement | None, raw: str, sentinel: str) -> Statement:
    """Read one line of code into the statement under way, or begin one."""
    code = raw.lstrip()
    if at is None or at.sentinel == "?":
        at = at or Statement("")
        at.sentinel = sentinel
        begun = code.lstrip("&; \t")
        if "&" in code.removesuffix(begun):
            at.begins, code = "&&", begun
    elif code.startswith("&"):
        code = code[1:] if at.quote else code.lstrip("&")
    elif not at.quote:
        code = f" {code}"
    code, quote, comment = scan(code, at.quote)
    trimmed = code.rstrip()
    at.goes_on = trimmed.endswith("&") or not trimmed
    at.quote = quote if at.goes_on else ""
    if comment:
        if at.goes_on or at.text:
            at.inside.append(comment)
        else:
            at.comment = comment
    at.text += (trimmed[:-1] if at.quote else trimmed.rstrip("& \t")) if at.goes_on else trimmed
    return at


def scan(code: str, quote: str) -> tuple[str, str, str]:
    """The code without a trailing comment, the quote that is open at its end, and the comment.

    Args:
        code: part of a statement.
        quote: the quote open at its begin, if any.
    """
    at = 0
    if quote:
        end = code.find(quote)
        if end < 0:
            return code, quote, ""
        at = end + 1
    if "!" not in code and "'" not in code and '"' not in code:
        return code, "", ""
    while found := _STRING_OR_COMMENT.search(code, at):
        if found[0] == "!":
            return code[: found.start()], "", code[found.start() :].rstrip()
        at = found.end()
        if found[1]:
            at += int(found[1])
        elif len(found[0]) == 1 or found[0][-1] != found[0][0]:
            return code, found[0][0], ""
    return code, "", ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One physical line of fixed form, taken apart."""

    kind: str
    """``code``, ``comment``, ``line`` or ``blank``."""
    text: str
    """Columns 7 on of code, the whole line of the others."""
    sentinel: str = ""
    label: str = ""
    continues: bool = False


def _fixed(lines: list[str]) -> Iterator[Statement]:
    width = 132 if any(crosses_border(line) for line in lines) else 72
    at: Statement | None = None
    pending: list[_Line] = []
    macro = False
    for raw in lines:
        line = _Line("line", raw.rstrip()) if macro else _take_apart(raw, width)
        macro = line.kind == "line" and line.text.endswith("\\")
        if line.kind != "code":
            # Inside the statement under way or behind it: the next line of code tells.
            pending.append(line)
            continue
        if not line.continues or at is None:
            yield from _closed(at, pending)
            at = _begin(line, width)
        elif at.sentinel != line.sentinel or any(other.kind == "line" for other in pending):
            at.goes_on = True
            yield from _closed(at, pending)
            at = _begin(line, width)
        else:
            at.inside += [other.text for other in pending if other.kind == "comment"]
            _continue(at, line, width)
        pending = []
    yield from _closed(at, pending)


def _closed(at: Statement | None, pending: list[_Line]) -> Iterator[Statement]:
    if at:
        if at.quote:
            at.text = at.text.rstrip()  # nothing ends this string, so its blanks are no contents
        yield at
    yield from (Statement(line.text, line.kind) for line in pending if line.kind != "blank")


def _begin(line: _Line, width: int) -> Statement:
    at = Statement("", sentinel=line.sentinel, label=line.label, begins="&" if line.continues else "")
    code, at.quote, at.comment = scan(line.text, "")
    at.text = padded(code, at.quote, len(line.text), width)
    at.full = len(line.text) >= width - 6
    return at


def _continue(at: Statement, line: _Line, width: int) -> None:
    code, quote, comment = scan(line.text, at.quote)
    code = padded(code, quote, len(line.text), width)
    at.inside += [text for text in (at.comment, comment) if text]
    at.comment = ""
    at.text = continued(at.text, at.quote, code, full=at.full)
    at.quote, at.full = quote, len(line.text) >= width - 6


def continued(text: str, quote: str, code: str, *, full: bool) -> str:
    """A statement of fixed form with its next line.

    Args:
        text: the statement up to here.
        quote: the quote open at its end, if any.
        code: the next line from column 7 on.
        full: whether the line before reached the last column, so that a name may go on.
    """
    if quote:
        return text + code
    before = text.rstrip()
    touching = in_name(before[-1:]) and in_name(code[:1]) and not full
    return before + (" " if touching else "") + code


def padded(code: str, quote: str, length: int, width: int) -> str:
    """A line of code from column 7 on, of ``length`` with its comment: inside a string the blanks up to the last column count."""
    return code + " " * (width - 6 - length) if quote else code


def in_name(letter: str) -> bool:
    """Whether a letter is one of a name, so that two of them side by side are one word."""
    return letter.isalnum() or letter == "_"


def _take_apart(raw: str, width: int) -> _Line:
    if raw.startswith("#"):
        return _Line("line", raw.rstrip())
    line = expand(raw)
    if not line.strip():
        return _Line("blank", "")
    if found := FIXED_SENTINEL.match(line):
        mark = line[5:6]
        # A letter right behind the sentinel is no mark but sloppy spacing, as in `c$ompparallel`.
        continues = mark not in ("", " ", "0") and not mark.isalpha()
        return _Line("code", line[6 if not mark.isalpha() else 5 : width].rstrip(" "), f"!${found[1].lower()}", "", continues)
    if FIXED_CONDITIONAL.match(line):
        return _Line("code", line[6:width].rstrip(" "), "!$", line[2:5].strip(), line[5] not in " 0")
    if line[0] in "cC*!dD":
        if _VENDOR.match(line):
            return _Line("line", line.rstrip())
        # A dollar behind the mark would turn the comment into a conditional line.
        return _Line("comment", f"!{' ' if line[1:2] == '$' else ''}{line[1:]}".rstrip())
    if (bare := line.strip()).startswith("!") and line[5:6] != "!":
        # Behind column 1 a sentinel is a comment.
        return _Line("comment", expand(f"! {bare[1:]}" if bare.startswith("!$") else bare))
    label = line[:5].replace(" ", "")
    if label and not label.isdigit():
        # No label: the statement of another form, which in column 1 could turn into a comment.
        return _Line("code", line[:width].strip())
    return _Line("code", line[6:width].rstrip(" "), "", label, not label and line[5:6] not in ("", " ", "0"))
