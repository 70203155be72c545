"""The canonical lines of Fortran: one statement to a line, broken again only where the form's last column asks for it.

Where a long statement is broken is taste too, so its lines are joined and, beyond column 132 in free form or 72 in fixed form, broken at the last
place that fits. Sentinels stand in column 1, labels in columns 1 to 5 of fixed form, strings stay as they are.
Not covered: keywords with and without a blank (``end if``, ``endif``), which are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpcraft.tokenizer.fortran_form import form_of
from hpcraft.tokenizer.fortran_lines import HOLLERITH, Statement, comment_line, in_name, statements

_PIECE = re.compile(
    r"""
    (?P<string>'(?:[^']|'')*'?|"(?:[^"]|"")*"?)
  | (?P<word>[0-9]+(?:\.(?![A-Za-z]{2,}[ ]*\.)[0-9]*)?(?:[eEdDqQ][+-]?[0-9]+)?\w*|\.[0-9]+(?:[eEdDqQ][+-]?[0-9]+)?\w*|[^\W\d][\w$]*)
  | (?P<dotted>\.(?:[A-Za-z]+|(?i:eq|ne|lt|le|gt|ge|and|or|not|eqv|neqv|true|false)[ \t]+)\.)
  | (?P<other>\*\*|//|==|/=|<=|>=|=>|::|\(/|/\)|[^\s])
    """,
    re.VERBOSE,
)
_HOLLERITH = re.compile(HOLLERITH)
_PAIRS = frozenset({"**", "//", "==", "/=", "<=", ">=", "=>", "::", "(/", "/)", ".."})
_QUOTED = re.compile(r"('[^'\n]*'|\"[^\"\n]*\")|[ \t]+")


def shown_lines(text: str, *, comments: bool = False) -> list[str]:
    """The lines of a text whose form only the text shows, so laid out that they show it too.

    Fixed form that shows in nothing but its comments keeps an empty one; where that isn't enough, free form is what readers take it for, here
    as in `form_of`. A line of free form that shows fixed form is indented by a blank, so that none shows it.
    """
    form = form_of(text)
    found = lines(text, form, comments=comments)
    if form != "free":
        if comments and text.startswith("*\n"):
            found = found[1:]  # the mark of a text that was laid out before
        if form_of("\n".join(found)) != "free":
            return found
        marked = ["*", *found]
        if form_of("\n".join(marked)) != "free":
            return marked
        found = lines("\n".join(found), "free", comments=comments)
    if form_of("\n".join(found)) != "free":
        found = [f" {line}" if line[:1] in ("c", "C", "*") else line for line in found]
    return found


def lines(text: str, form: str, *, comments: bool = False) -> list[str]:
    """The lines of a text in canonical layout.

    Args:
        text: any text.
        form: ``free``, ``fixed`` or ``wide``.
        comments: keep them; those between the lines of a statement go before it, and so does one behind it that goes beyond its last column.
    """
    fixed = form != "free"
    found: list[str] = []
    for statement in statements(text, fixed=fixed):
        if statement.kind == "comment":
            if comments:
                found.append(statement.text)
        elif statement.kind == "line":
            found.append(_verbatim(statement.text))
        else:
            behind = statement.comment if comments else ""
            if comments:
                found += (comment_line(comment, fixed=fixed) for comment in statement.inside)
            written = list((_fixed if fixed else _free)(statement))
            if behind and len(written) == 1 and (not fixed or 6 < len(written[0]) < 72 - len(behind)):
                written[0] += f" {behind}"
            elif behind:
                found.append(comment_line(behind, fixed=fixed))
            found += written
    return found


def _verbatim(line: str) -> str:
    """A preprocessor line, or a directive of one compiler."""
    if not line.startswith("#"):
        return line
    return "#" + _QUOTED.sub(lambda found: found[1] or " ", line[1:]).strip()


def _pieces(text: str) -> Iterator[tuple[str, str, bool]]:
    """Kind and text of each token, and whether blanks stood before it."""
    at, end = 0, len(text)
    hollerith = _HOLLERITH.search(text)
    before = 0
    while at < end:
        found = _PIECE.search(text, at)
        if hollerith and (not found or found.start() >= hollerith.start()):
            begin, at = hollerith.start(), hollerith.end() + int(hollerith[1])
            yield "string", text[begin:at], begin > before
            hollerith = _HOLLERITH.search(text, at)
        elif not found:
            return
        else:
            at = found.end()
            if hollerith and at > hollerith.start():  # it stands in a string
                hollerith = _HOLLERITH.search(text, at)
            kind = found.lastgroup or ""
            yield kind, "".join(found[0].split()) if kind == "dotted" else found[0], found.start() > before
        before = at


def _parts(text: str) -> list[list[str]]:
    """Per statement (a semicolon ends one) its tokens; a blank that must stand is one of them."""
    result: list[list[str]] = [[]]
    depth = 0
    last_kind = last = dot = ""
    for kind, piece, gap in _pieces(text):
        if piece == ";" and not depth and last != "&":
            result.append([])
            last_kind = last = dot = ""
            continue
        if kind == "other":
            depth += (piece[0] == "(") - (piece[-1] == ")")
        line = result[-1]
        # Behind a dot and a word that touches it another dot would make an operator of the three.
        if line and ((gap and dot and piece[0] == ".") or _apart(last_kind, last, kind, piece, gap)):
            line.append(" ")
        line.append(piece)
        dot = last if last == "." and not gap else ""
        last_kind, last = kind, piece
    # Blanks that end a Hollerith constant end a line with nobody seeing them.
    return [[*line[:-1], line[-1].rstrip()] for line in result if line]


def _apart(last_kind: str, last: str, kind: str, piece: str, gap: bool) -> bool:
    """Whether a blank stands between two tokens."""
    if kind == "string" and piece[0].isdigit() and last[-1] in "*.":
        return gap  # behind these digits and an ``H`` begin no Hollerith constant
    if last_kind in ("word", "string") and kind in ("word", "string"):
        return gap
    if last == ")" and kind in ("word", "string"):
        return True
    if last == "." and kind == "word":
        return gap
    if kind == "dotted" or piece[0] == ".":
        return last_kind == "dotted" or (last_kind == "word" and last[0] in ".0123456789")
    return gap and last_kind == kind == "other" and last[-1] + piece[0] in _PAIRS


def _free(statement: Statement) -> Iterator[str]:
    sentinel = f"{statement.sentinel} " if statement.sentinel else ""
    texts = _parts(statement.text)
    for number, parts in enumerate(texts):
        first, last = number == 0, number == len(texts) - 1
        begin = sentinel + (("&" if statement.begins == "&&" or statement.sentinel else "") if statement.begins and first else "")
        # A lone ampersand at the end of a line would be read as its mark.
        rows = ["".join(parts)] if "&" in parts else _fold(parts, 132 - len(begin) - 2, fixed=False)
        for i, row in enumerate(rows):
            more = i < len(rows) - 1 or (last and statement.goes_on)
            front = (begin if i == 0 else sentinel) or (" " if row[0] == "#" else "")  # in column 1 the preprocessor would take it
            yield f"{front}{row}{'' if row.endswith('&') and i < len(rows) - 1 else '&' if more else ''}"


def _fixed(statement: Statement) -> Iterator[str]:
    texts = _parts(statement.text)
    label, sentinel = statement.label, statement.sentinel
    if not texts and label:
        texts = [[]]
    for number, parts in enumerate(texts):
        for i, row in enumerate(_fold(parts, 66, fixed=True) or [""]):
            mark = "&" if i or (statement.begins and number == 0) else " "
            front = f"{sentinel}{label if i == 0 and number == 0 else ''}"
            yield f"{front:<5}{mark}{row}".rstrip(" " if not row else "")


def _fold(parts: list[str], width: int, *, fixed: bool) -> list[str]:
    """Tokens on lines of at most ``width`` columns, each line but the last broken behind the last token that fits."""
    rows: list[str] = []
    row, size = list[str](), 0
    for i, part in enumerate(parts):
        if size + len(part) > width and part != " ":
            breaking = _fixed_break(row, part, full=size > width) if fixed else _last_break(row, part)
            if breaking:
                rows.append("".join(row[:breaking]).rstrip(" ") if row[breaking - 1] == " " else "".join(row[:breaking]))
                row = row[breaking:]
                size = sum(map(len, row))
            while size + len(part) > width:
                whole = "".join(row) + part
                cut = width
                # A doubled quote stays together, or the halves would end the string and begin another.
                while not fixed and cut > width - 3 and whole[cut - 1] in "'\"&":
                    cut -= 1
                rows.append(whole[:cut] + ("" if fixed else "&"))
                part = ("" if fixed else "&") + whole[cut:]
                row, size = [], 0
        if row or part != " " or i == 0:
            row.append(part)
            size += len(part)
    return [*rows, "".join(row)] if row else rows


def _fixed_break(row: list[str], part: str, *, full: bool) -> int:
    """Behind which token of a row of fixed form, a blank that must stand among them, the line is broken before ``part``."""
    if not row:
        return 0
    if full and len(row) > 2:
        # A word that fills the last column would run into the next line's first, so it goes there itself.
        return len(row) - 2
    if row[-1] != " " and in_name(row[-1][-1]) and in_name(part[0]):
        # A word that touches a Hollerith constant: between them a line that isn't full would come back with a blank.
        return _fixed_break(row[:-1], row[-1], full=False)
    # What `_apart` puts in any case comes back, and between two words so does a blank; any other begins the next line.
    before = row[-2] if len(row) > 1 else " "
    regained = before == ")" or (part[0] == "." and before[0] in ".0123456789") or (not full and in_name(before[-1]) and in_name(part[0]))
    breaking = len(row) - (row[-1] == " " and not regained)
    # Blanks that end a Hollerith constant would be lost at the end of a line.
    return breaking - (breaking > 1 and len(row[breaking - 1]) > 1 and row[breaking - 1][-1] == " ")


def _last_break(row: list[str], part: str) -> int:
    """Behind which token of a row of free form a line may be broken, a break being as good as a blank; 0 for none."""
    following = part
    for i in range(len(row), 0, -1):
        before = row[i - 1]
        if before == " " or not (_is_operand(before) and _is_operand(following)):
            return i
        following = before
    return 0


def _is_operand(part: str) -> bool:
    return part[-1].isalnum() or part[-1] in "_'\"$" or part[0] in "'\"."
