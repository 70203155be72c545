"""The canonical lines of C, C++ and CUDA: one statement, brace, loop head, label or directive to a line.

A brace opens statements, members, enumerators or a list of values, and only the last stays on its line. Which it is depends on the tokens
alone, never on the white space, so a text in this layout is laid out as it is.
Not covered: trigraphs; macros that hide braces or semicolons, which move line breaks and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hpcraft.tokenizer.layout_tokens import Piece, pieces, safe

HEADS = frozenset({"for", "if", "while", "switch"})
_RECORDS = frozenset({"struct", "class", "union", "enum"})
_ACCESS = frozenset({"public", "private", "protected"})
_VALUES = frozenset({"return", "throw", "co_return", "co_yield", "goto"})
_BODIES = frozenset({"else", "do", "try", "const", "noexcept", "override", "final", "volatile", "&", "&&", ")", "}", "", ":"})
"""What stands before a brace that opens statements, even when none of them ends in a semicolon."""
_NO_LABEL = frozenset(
    [
        "int",
        "char",
        "short",
        "long",
        "unsigned",
        "signed",
        "float",
        "double",
        "bool",
        "auto",
        "enum",
        "struct",
        "class",
        "union",
        "const",
        "static",
        "volatile",
        "_Bool",
        "else",
        "do",
        "try",
    ]
)
_CLOSERS = {">": 1, ">>": 2, ">>>": 3}


@dataclass(slots=True)
class _Frame:
    """What is open: the text, or a pair of braces."""

    kind: str
    """``block``, ``record``, ``enum``, ``list`` (of values), or ``value`` (a body that is part of an expression)."""
    parens: int = 0
    head: bool = False
    """Whether the parenthesis is that of a loop head or the like."""
    first: str = ""
    """First token of the statement under way."""
    count: int = 0
    """Tokens of the statement so far."""
    assigned: bool = False
    record: bool = False
    """Whether ``struct`` or the like stands in the statement."""
    questions: int = 0
    """Question marks whose colon is to come."""
    angles: int = 0
    """Open angle brackets of a template head."""

    def reset(self) -> None:
        """Begin a statement."""
        self.first, self.count, self.questions, self.angles = "", 0, 0, 0
        self.assigned = self.record = self.head = False


def lines(text: str, language: str, *, comments: bool = False) -> list[str]:
    """The lines of a text in canonical layout.

    Args:
        text: any text.
        language: ``c``, ``cpp`` or ``cuda``.
        comments: keep them: one that has its line for itself keeps it, another stays behind what it stands behind.
    """
    return _Writer(pieces(text, language, comments=comments)).write()


@dataclass(slots=True)
class _Writer:
    pieces: list[Piece]
    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=lambda: [_Frame("block")])
    before: Piece | None = None
    """The token before, where it is on this line."""
    previous: str = ""
    """Text of the token before in this statement, also on another line."""

    def write(self) -> list[str]:
        bodies = _bodies(self.pieces)
        last = len(self.pieces) - 1
        for i, piece in enumerate(self.pieces):
            following = self.pieces[i + 1] if i < last else None
            if piece.kind == "other":
                self._punctuation(piece, following, i in bodies)
            elif piece.kind == "directive":
                self._end()
                self.lines.append(piece.text)
            elif piece.kind == "break":
                self._break(piece)
            elif piece.kind == "comment":
                self._comment(piece, following)
            else:
                self._word(piece, following)
        self._end()
        return self.lines

    def _put(self, piece: Piece) -> None:
        before = self.before
        if before is not None and piece.gap and not safe(before.kind, before.text, piece.kind, piece.text):
            self.line.append(" ")
        self.line.append(piece.text)
        self.before = piece
        frame = self.frames[-1]
        if not frame.count:
            frame.first = piece.text
        frame.count += 1
        self.previous = piece.text

    def _end(self, *, statement: bool = False) -> None:
        """End the line, and the statement too."""
        if self.line:
            if self.line[-1][-1] == "\\":
                # At the end of a line it would splice the next.
                self.line.append(" /**/")
            self.lines.append("".join(self.line))
            self.line = []
        self.before = None
        if statement:
            self.frames[-1].reset()
            self.previous = ""

    def _break(self, piece: Piece) -> None:
        """Keep a lone quote apart from what stood on another line."""
        if '"' not in self.line and "'" not in self.line:
            return  # a brace behind the quote has ended its line already
        if piece.text:
            self.line.append(f" {piece.text}")
            self.before = None
        else:
            self._end()

    def _word(self, piece: Piece, following: Piece | None) -> None:
        text = piece.text
        self._put(piece)
        frame = self.frames[-1]
        if piece.kind != "word" or frame.parens or frame.kind == "list":
            return
        if text in _RECORDS:
            frame.record = frame.record or not frame.angles
        elif text in ("else", "do") and (following is None or following.text not in ("{", "if")):
            self._end(statement=True)

    def _punctuation(self, piece: Piece, following: Piece | None, body: bool) -> None:
        text = piece.text
        frame = self.frames[-1]
        opens = text == "#" or (text == "%" and following is not None and following.text == ":" and not following.gap)
        if opens and not self.line and self.lines:
            # At the begin of a line it would be a directive.
            self.line.append(self.lines.pop())
        if text == "(":
            if (not frame.parens and (self.previous in HEADS or (self.previous == "constexpr" and frame.first in ("if", "else")))) or (
                not frame.parens and self.previous == "_Pragma" and frame.count == 1
            ):
                frame.head = True
            frame.parens += 1
            self._put(piece)
        elif text == ")":
            frame.parens = max(0, frame.parens - 1)
            self._put(piece)
            if frame.head and not frame.parens:
                frame.head = False
                if following is None or following.text not in ("{", ";"):
                    self._end(statement=True)
        elif text == "{":
            self._open(piece, following, body)
        elif text == "}":
            self._close(piece, following)
        elif frame.parens or frame.kind == "list":
            self._put(piece)
        else:
            self._outside(piece, frame)

    def _outside(self, piece: Piece, frame: _Frame) -> None:
        """Punctuation outside parentheses and lists."""
        text = piece.text
        label = text == ":" and self._is_label(frame)
        before = self.previous
        self._put(piece)
        if text == ";" or label or (text == "," and frame.kind == "enum"):
            self._end(statement=True)
        elif text == "=":
            frame.assigned = frame.assigned or before != "operator"
        elif text == "?":
            frame.questions += 1
        elif text == ":" and frame.questions:
            frame.questions -= 1
        elif text == "<" and (frame.angles or (before == "template" and frame.count == 2)):
            frame.angles += 1
        elif frame.angles and text in _CLOSERS:
            frame.angles = max(0, frame.angles - _CLOSERS[text])
            if not frame.angles:
                self._end(statement=True)

    def _is_label(self, frame: _Frame) -> bool:
        if frame.questions or frame.kind not in ("block", "record", "value"):
            return False
        if frame.first == "case" or (frame.first in _ACCESS and frame.count <= 2):
            return True
        word = frame.first[:1].isalpha() or frame.first[:1] == "_"
        return frame.count == 1 and word and frame.kind != "record" and frame.first not in _NO_LABEL

    def _open(self, piece: Piece, following: Piece | None, body: bool) -> None:
        kind = self._kind(body, empty=following is not None and following.text == "}")
        self._put(piece)
        if kind != "list":
            self._end()
            self.previous = ""
        self.frames.append(_Frame(kind))

    def _kind(self, body: bool, *, empty: bool) -> str:
        frame, before = self.frames[-1], self.previous
        if frame.parens or frame.kind in ("list", "enum") or frame.assigned or frame.first in _VALUES:
            return "value" if body else "list"
        if frame.record and before != ")":
            if frame.first == "enum" or (not body and not empty and frame.first == "typedef"):
                return "enum"
            if body or empty:
                return "record"
        if body or before in _BODIES or before[-1:] == '"' or frame.first in ("namespace", "extern"):
            return "block"
        return "list"

    def _close(self, piece: Piece, following: Piece | None) -> None:
        if self.frames[-1].kind == "list":
            self.frames.pop()
            self._put(piece)
            return
        kind = "block"
        self._end()
        if len(self.frames) > 1:
            kind = self.frames.pop().kind
        else:
            self.frames[0] = _Frame("block")
        self._put(piece)
        if kind == "block" and (following is None or following.text != ";"):
            self._end(statement=True)

    def _comment(self, piece: Piece, following: Piece | None) -> None:
        """Put a comment on its own line, behind the line before, or among the tokens."""
        text = piece.text.rstrip()
        alone = following is None or following.kind == "directive" or following.fresh or text.startswith("//")
        if piece.fresh and alone:
            self._end()
            self.lines.append(text)
        elif not self.line and self.lines and not piece.fresh:
            self.lines[-1] += f" {text}"
        elif text.startswith("//"):
            self.line.append(f" {text}" if self.line else text)
            self._end()
        else:
            self.line.append(text if not self.line else f" {text}")
            self.before = None


def _bodies(parts: list[Piece]) -> set[int]:
    """The opening braces that hold statements: a semicolon stands in them directly, or in statements of theirs."""
    found: set[int] = set()
    open_: list[tuple[int, int]] = []
    parens = 0
    for i, (kind, text, _, _) in enumerate(parts):
        if kind != "other":
            continue
        if text == "(":
            parens += 1
        elif text == ")":
            parens -= 1
        elif text == "{":
            open_.append((i, parens))
        elif text == ";":
            if open_ and open_[-1][1] == parens:
                found.add(open_[-1][0])
        elif text == "}" and open_:
            inner, parens = open_.pop()
            if inner in found and open_ and open_[-1][1] == parens and parts[open_[-1][0] + 1].text not in ("[", "{", "."):
                found.add(open_[-1][0])
    return found
