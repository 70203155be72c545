"""The canonical lines of Fortran: one statement to a line, broken again only where the form's last column asks for it.

Where a long statement is broken is taste too, so its lines are joined and, beyond column 132 in free form or 72 in fixed form, broken at the last
place that fits. Sentinels stand in column 1, labels in columns 1 to 5 of fixed form, strings stay as they are.
Not covered: keywords with and without a blank (``end if``, ``endif``), which are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpcraft.tokenizer.fortran_form import form_of
from hpcraft.tokenizer.fortran_lines import Statement, statements

_PIECE = re.compile(
    r"""
    (?P<string>'(?:[^']|'')*'?|"(?:[^"]|"")*"?)
  | (?P<word>[0-9]+(?:\.(?![A-Za-z]{2,}[ ]*\.)[0-9]*)?(?:[eEdDqQ][+-]?[0-9]+)?\w*|\.[0-9]+(?:[eEdDqQ][+-]?[0-9]+)?\w*|[^\W\d][\w$]*)
  | (?P<dotted>\.[A-Za-z]+\.)
  | (?P<other>\*\*|//|==|/=|<=|>=|=>|::|\(/|/\)|[^\s])
    """,
    re.VERBOSE,
)
_HOLLERITH = re.compile(r"(?<=[(,/=])\s*(\d{1,3})[hH]")
_PAIRS = frozenset({"**", "//", "==", "/=", "<=", ">=", "=>", "::", "(/", "/)", ".."})
_QUOTED = re.compile(r"('[^'\n]*'|\"[^\"\n]*\")|[ \t]+")


def lines(text: str, form: str = "", *, comments: bool = False) -> list[str]:
    """The lines of a text in canonical layout.

    Args:
        text: any text.
        form: ``free``, ``fixed``, ``wide``, or empty to look at the text.
        comments: keep them; those between the lines of a statement go before it.
    """
    fixed = (form or form_of(text)) != "free"
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
                found += statement.inside
            written = list((_fixed if fixed else _free)(statement))
            if behind and len(written) == 1:
                written[0] += f" {behind}"
            elif behind:
                found.append(behind)
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
        if hollerith and hollerith.start() <= at < hollerith.end():
            at = hollerith.end() + int(hollerith[1])
            yield "string", text[hollerith.start(1) : at], hollerith.start(1) > before
            before = at
            hollerith = _HOLLERITH.search(text, at)
            continue
        found = _PIECE.search(text, at, hollerith.start() if hollerith and hollerith.start() > at else end)
        if not found:
            if not hollerith or hollerith.start() <= at:
                return
            at = hollerith.start()
            continue
        if hollerith and found.end() > hollerith.start():
            hollerith = _HOLLERITH.search(text, found.end())
        at = found.end()
        yield found.lastgroup or "", found[0], found.start() > before
        before = at


def _parts(text: str) -> list[list[str]]:
    """Per statement (a semicolon ends one) its tokens; a blank that must stand is one of them."""
    result: list[list[str]] = [[]]
    depth = 0
    last_kind = last = ""
    for kind, piece, gap in _pieces(text):
        if piece == ";" and not depth:
            result.append([])
            last_kind = last = ""
            continue
        if kind == "other":
            depth += (piece[0] == "(") - (piece[-1] == ")")
        line = result[-1]
        if line and _apart(last_kind, last, kind, piece, gap):
            line.append(" ")
        line.append(piece)
        last_kind, last = kind, piece
    return [line for line in result if line]


def _apart(last_kind: str, last: str, kind: str, piece: str, gap: bool) -> bool:
    """Whether a blank stands between two tokens."""
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
        rows = _fold(parts, 132 - len(begin) - 2, fixed=False)
        for i, row in enumerate(rows):
            more = i < len(rows) - 1 or (last and statement.goes_on)
            yield f"{begin if i == 0 else sentinel}{row}{'' if row.endswith('&') and i < len(rows) - 1 else '&' if more else ''}"


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
            # A word that fills the last column would run into the next line's first, so it goes there itself.
            breaking = (len(row) if size <= width or len(row) < 3 else len(row) - 2) if fixed else _last_break(row, part)
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
