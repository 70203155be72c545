"""Fixed-form Fortran as free form, so that one grammar reads both.

Continued lines are joined physically (grammars stumble over ``&``), comments become ``!``, directive sentinels become ``!$omp``,
``!$acc`` and ``!$``, text beyond column 72 is cut (132 where code runs across the border), tabs are expanded, labels stay.

Not covered: blanks inside keywords and keywords that touch a name (see `hpcraft.data.fortran_blanks` for what is mended); Hollerith
constants over several lines; conditional (``!$``) lines inside a statement of plain lines; debug (``D``) lines, which become comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hpcraft.data.fortran_blanks import closed_up
from hpcraft.tokenizer.fortran_form import crosses_border, expand_tabs
from hpcraft.tokenizer.fortran_lines import FIXED_CONDITIONAL, FIXED_SENTINEL, continued, padded, scan


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
    width = 132 if any(crosses_border(line) for line in lines) else 72
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
    code, quote, _ = scan(line.text, "")
    code = code.rstrip()
    front = f"{line.sentinel} " if line.sentinel else f"{line.label:<5} "
    if line.sentinel == "!$" and line.label:
        front = f"!$ {line.label} "
    # A first line that claims to continue belongs to a statement that can't be joined; the ampersand says so.
    mark = "&" if line.continues and not line.sentinel else ""
    code = padded(code.lstrip() if line.sentinel else code, quote, len(line.text), width)
    return _Statement(line.sentinel, front + mark + code, quote, len(line.text) >= width - 6)


def _continue(at: _Statement, line: _Line, width: int, out: list[str]) -> None:
    if any(other.kind == "cpp" for other in at.pending):
        out.extend([*at.inside, f"{at.text.rstrip()} &", *(other.text for other in at.pending)])
        code, at.quote, _ = scan(line.text, "")
        at.text, at.inside, at.pending = f"{at.sentinel or '     '} &{code.rstrip()}", [], []
        return
    at.inside.extend(other.text for other in at.pending)
    at.pending = []
    code, quote, _ = scan(line.text, at.quote)
    code = padded(code.rstrip(), quote, len(line.text), width)
    at.text = continued(at.text, at.quote, code, full=at.full)
    at.quote, at.full = quote, len(line.text) >= width - 6


def _finished(at: _Statement | None) -> Iterator[str]:
    if at:
        yield from at.inside
        text = at.text.rstrip()
        yield text if at.sentinel else closed_up(text)
        yield from (line.text for line in at.pending)


# Not the tokenizer's `_take_apart`: grammars read what comes out, so tabs become columns and comments keep their place, where the layout
# keeps tabs and puts comments in column 1.
def _take_apart(raw: str, width: int) -> _Line:
    if raw.startswith("#"):
        return _Line("cpp", raw.rstrip())
    line = expand_tabs(raw)
    if found := FIXED_SENTINEL.match(line):
        mark = line[5:6]
        # A letter right behind the sentinel is no mark but sloppy spacing, as in `c$ompparallel`.
        continues = mark not in ("", " ", "0") and not mark.isalpha()
        return _Line(
            "code", line[6 if not mark.isalpha() else 5 : width].rstrip(), f"!$ {found[1]}".replace(" ", "").lower(), "", continues
        )
    if found := FIXED_CONDITIONAL.match(line):
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
