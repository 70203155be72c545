"""Fixed-form Fortran as free form, so that one grammar reads both.

Continued lines are joined physically (grammars stumble over ``&``), comments become ``!``, directive sentinels become ``!$omp``,
``!$acc`` and ``!$``, text beyond column 72 is cut (132 where code runs across the border), tabs are expanded, labels stay.

Not covered: blanks inside keywords and keywords that touch a name (see `hpcraft.data.fortran_blanks` for what is mended); Hollerith
constants over several lines; conditional (``!$``) lines inside a statement of plain lines; debug (``D``) lines, which become comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hpcraft.data.fortran_blanks import closed_up
from hpcraft.tokenizer.fortran_form import expand_tabs

_DIRECTIVE = re.compile(r"[cC*!]\$(omp|acc)(?=[ &+0-9a-zA-Z$*.>|-]|$)", re.IGNORECASE)
_CONDITIONAL = re.compile(r"[cC*!]\$(?=[ 0-9]{3}(?:[ 0] *\S|[^ 0].))")
_STRING_OR_COMMENT = re.compile(r"'[^']*'|\"[^\"]*\"|!|'[^']*$|\"[^\"]*$|(?<![\w.*])(\d{1,3})[hH]")


@dataclass(frozen=True, slots=True)
class _Line:
    """One physical line, taken apart."""

    kind: str
    """``code``, ``comment`` (blank lines too) or ``cpp``."""
    text: str
    """Columns 7 on of code, the whole free-form line of the others."""
    sentinel: str = ""
    """``!$omp``, ``!$acc``, ``!$`` or nothing."""
    label: str = ""
    continues: bool = False


@dataclass(slots=True)
class _Statement:
    """A statement under way."""

    sentinel: str
    text: str
    quote: str
    """The quote that is open at the end of ``text``."""
    full: bool
    """Whether the last line reached the last column, so that a name may go on in the next."""
    inside: list[str] = field(default_factory=list)
    """Comments between its lines, which go in front of the joined line."""
    pending: list[_Line] = field(default_factory=list)
    """Comments and preprocessor lines since its last line: inside or behind it, the next line tells."""


def to_free(text: str) -> str:
    """Convert a fixed-form text; every statement becomes one free-form line."""
    lines = text.split("\n")
    width = 132 if any(_crosses_border(line) for line in lines) else 72
    out: list[str] = []
    at: _Statement | None = None
    for line in (_take_apart(raw, width) for raw in lines):
        if line.kind != "code":
            if at:
                at.pending.append(line)
            else:
                out.append(line.text)
        elif line.continues and at and at.sentinel == line.sentinel:
            _continue(at, line, width, out)
        else:
            out.extend(_finished(at))
            at = _begin(line, width)
    out.extend(_finished(at))
    while out and not out[-1]:
        out.pop()
    return "\n".join(out) + "\n"


def _begin(line: _Line, width: int) -> _Statement:
    code, quote = _scan(line.text, "")
    front = f"{line.sentinel} " if line.sentinel else f"{line.label:<5} "
    if line.sentinel == "!$" and line.label:
        front = f"!$ {line.label} "
    # A first line that claims to continue belongs to a statement that can't be joined; the ampersand says so.
    mark = "&" if line.continues and not line.sentinel else ""
    code = _padded(code.lstrip() if line.sentinel else code, quote, line, width)
    return _Statement(line.sentinel, front + mark + code, quote, len(line.text) >= width - 6)


def _continue(at: _Statement, line: _Line, width: int, out: list[str]) -> None:
    if any(other.kind == "cpp" for other in at.pending):
        out.extend([*at.inside, f"{at.text.rstrip()} &", *(other.text for other in at.pending)])
        code, at.quote = _scan(line.text, "")
        at.text, at.inside, at.pending = f"{at.sentinel or '     '} &{code}", [], []
        return
    at.inside.extend(other.text for other in at.pending)
    at.pending = []
    code, quote = _scan(line.text, at.quote)
    code = _padded(code, quote, line, width)
    if at.quote:
        at.text += code
    else:
        before = at.text.rstrip()
        touching = _in_name(before[-1:]) and _in_name(code[:1]) and not at.full
        at.text = before + (" " if touching else "") + code
    at.quote, at.full = quote, len(line.text) >= width - 6


def _padded(code: str, quote: str, line: _Line, width: int) -> str:
    """Inside a string the blanks up to the last column count."""
    return code + " " * (width - 6 - len(line.text)) if quote else code


def _finished(at: _Statement | None) -> Iterator[str]:
    if at:
        yield from at.inside
        text = at.text.rstrip()
        yield text if at.sentinel else closed_up(text)
        yield from (line.text for line in at.pending)


def _take_apart(raw: str, width: int) -> _Line:
    if raw.startswith("#"):
        return _Line("cpp", raw.rstrip())
    line = expand_tabs(raw)
    if found := _DIRECTIVE.match(line):
        mark = line[5:6]
        # A letter right behind the sentinel is no mark but sloppy spacing, as in `c$ompparallel`.
        continues = mark not in ("", " ", "0") and not mark.isalpha()
        return _Line(
            "code", line[6 if not mark.isalpha() else 5 : width].rstrip(), f"!$ {found[1]}".replace(" ", "").lower(), "", continues
        )
    if found := _CONDITIONAL.match(line):
        return _Line("code", line[6:width].rstrip(), "!$", line[2:5].strip(), line[5] not in " 0")
    if not line.strip():
        return _Line("comment", "")
    if line[0] in "cC*!dD":
        # A dollar here would turn the comment into a directive of free form.
        return _Line("comment", f"!{' ' if line[1:2] == '$' else ''}{line[1:]}".rstrip())
    if (bare := line.lstrip()).startswith("!") and line[5:6] != "!":
        # Behind column 1 a sentinel is a comment in fixed form, and would be a directive in free form.
        return _Line("comment", (line.replace("!$", "! $", 1) if bare.startswith("!$") else line).rstrip())
    continues = line[5:6] not in ("", " ", "0") and not line[:5].strip()
    body = line[6:width].rstrip()
    return _Line("code", body, "", line[:5].strip(), continues) if body or line[:5].strip() else _Line("comment", "")


def _scan(code: str, quote: str) -> tuple[str, str]:
    """The code without a trailing comment, and the quote that is open at its end.

    Args:
        code: part of a statement.
        quote: the quote open at its begin, if any.
    """
    at = 0
    if quote:
        end = code.find(quote)
        if end < 0:
            return code, quote
        at = end + 1
    if "!" not in code and "'" not in code and '"' not in code:
        return code, ""
    while found := _STRING_OR_COMMENT.search(code, at):
        if found[0] == "!":
            return code[: found.start()].rstrip(), ""
        at = found.end()
        if found[1]:
            at += int(found[1])
        elif len(found[0]) == 1 or found[0][-1] != found[0][0]:
            return code, found[0][0]
    return code, ""


def _crosses_border(raw: str) -> bool:
    """Whether code runs from column 72 into 73, so that 72 can't be this file's last column."""
    if len(raw) < 73 or raw[0] in "cC*!dD#" or "!" in raw or "\t" in raw:
        return False
    return raw[71] != " " and raw[72] != " " and not raw[72:].strip().isdigit()


def _in_name(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
