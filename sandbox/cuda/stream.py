"""The significant tokens of a text, with brackets matched, and edits that keep every line where it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hpcraft.sandbox.cuda.lexer import Kind, Token, tokens

_MOST_STEPS = 5_000_000
"""From token to token in all look-ups of one text, some seconds; big programs need a hundredth. What is hostile could take for ever."""
_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = {close: open_ for open_, close in _OPEN.items()}
_BRACKETS = {**dict.fromkeys(_OPEN, 1), **dict.fromkeys(_CLOSE, -1)}


class Tangled(Exception):  # noqa: N818 - no error of anybody's, but a reason to give up
    """Looking things up in a text takes too many steps."""


class Text:
    """A text as tokens that can be replaced one by one."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.steps = 0
        if re.search(r"<\s*<\s*<", text):
            _close_up_launches(self.tokens)
        self.out = [token.text for token in self.tokens]
        self.code, self.directives = _split(self.tokens)

    def conditional(self, index: int) -> bool:
        """Whether the preprocessor decides if the token is there: it stands under a condition."""
        depth = 0
        for directive in self.directives:
            if not directive or directive[0] >= index:
                break
            word = self.tokens[directive[0]].text
            depth += {"if": 1, "ifdef": 1, "ifndef": 1, "endif": -1}.get(word, 0)
        return depth > 0

    def __str__(self) -> str:
        return "".join(self.out)


class Stream:
    """Some of a text's significant tokens, in order; positions count them."""

    def __init__(self, text: Text, indices: Sequence[int], *, directive: bool = False) -> None:
        self._text, self._indices, self._newline = text, indices, "\\\n" if directive else "\n"
        self._words = [text.tokens[index].text for index in indices]
        self._partner = _match(self._words)

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def words(self) -> Sequence[str]:
        """The texts of all tokens."""
        return self._words

    def __getitem__(self, at: int) -> str:
        """The text of a token; nothing beyond the ends."""
        if at < 0:
            return ""
        try:  # asked for more often than all else together, and seldom beyond the end
            return self._words[at]
        except IndexError:
            return ""

    def kind(self, at: int) -> Kind:
        """The kind of a token."""
        return self._text.tokens[self._indices[at]].kind

    def line(self, at: int) -> int:
        """The line of a token."""
        return self._text.tokens[self._indices[at]].line

    def index(self, at: int) -> int:
        """Its place among all tokens of the text."""
        return self._indices[at]

    def is_name(self, at: int) -> bool:
        """Whether the token is there and is a name."""
        return 0 <= at < len(self) and self.kind(at) is Kind.NAME

    def partner(self, at: int) -> int | None:
        """The other one of a pair of brackets."""
        return self._partner.get(at)

    def skip(self, at: int) -> int:
        """The position after a token, or after what a bracket opens."""
        self._text.steps += 1
        if self._text.steps > _MOST_STEPS:
            raise Tangled
        close = self._partner.get(at) if self._words[at] in _OPEN else None
        return (close if close is not None else at) + 1

    def find(self, words: Sequence[str], at: int) -> int | None:
        """The next token that is one of the words, outside of brackets that open on the way."""
        while at < len(self):
            if self._words[at] in words:
                return at
            if self._words[at] in _CLOSE:
                return None
            at = self.skip(at)
        return None

    def split(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The parts between the commas of a range, outside of brackets; none for an empty range."""
        parts: list[tuple[int, int]] = []
        start = at = begin
        while at < end:
            if self._words[at] == ",":
                parts.append((start, at))
                start = at + 1
            at = self.skip(at)
        return [*parts, (start, end)] if end > begin else []

    def flat(self, begin: int, end: int) -> str:
        """The text of a range as it is now, on one line and without comments."""
        if begin >= end:
            return ""
        all_tokens, out = self._text.tokens, self._text.out
        found: list[str] = []
        for index in range(self._indices[begin], self._indices[end - 1] + 1):
            blank = all_tokens[index].kind in (Kind.BLANK, Kind.END)
            found.append(" " if blank else out[index].replace("\n", " "))
        return "".join(found)

    def replace(self, at: int, text: str) -> None:
        """Put something else in the place of a token."""
        self._text.out[self._indices[at]] = text

    def current(self, at: int) -> str:
        """What stands in the place of a token now."""
        return self._text.out[self._indices[at]]

    def before(self, at: int, text: str) -> None:
        """Put something before a token."""
        self._text.out[self._indices[at]] = text + self._text.out[self._indices[at]]

    def after(self, at: int, text: str) -> None:
        """Put something after a token."""
        self._text.out[self._indices[at]] += text

    def remove(self, begin: int, end: int) -> None:
        """Leave nothing of a range but its lines."""
        if begin >= end:
            return
        for index in range(self._indices[begin], self._indices[end - 1] + 1):
            self._text.out[index] = self._newline * self._text.tokens[index].text.count("\n")


_ANGLES = {"<": ("<<<", "<<", "<"), ">": (">>>", ">>", ">")}


def _close_up_launches(all_tokens: list[Token]) -> None:
    """Launches as ``<<<`` and ``>>>``, also where a formatter wrote ``<< <`` and ``>> >``; blanks follow what they parted."""
    opened: list[int] = []
    """For each launch that is open, the brackets around what comes."""
    at, before = 0, ""
    while at < len(all_tokens):
        word = all_tokens[at].text
        if word == "<<<" or (before != "operator" and _close_up(all_tokens, at, "<")):
            opened.append(0)
        elif opened and word in _BRACKETS:
            opened[-1] += _BRACKETS[word]
            if opened[-1] < 0:
                opened.pop()
        elif opened and not opened[-1] and (word == ">>>" or _close_up(all_tokens, at, ">")):
            opened.pop()
        if all_tokens[at].kind is not Kind.BLANK:
            before = all_tokens[at].text
        at += 1


def _close_up(all_tokens: list[Token], at: int, angle: str) -> bool:
    """Make one token of the angles that begin here, if they are three with blanks between them."""
    if all_tokens[at].text not in _ANGLES[angle]:
        return False
    places, count, place = [at], len(all_tokens[at].text), at + 1
    while count < 3 and place < len(all_tokens):
        token = all_tokens[place]
        if token.kind is not Kind.BLANK:
            if token.text not in _ANGLES[angle]:
                return False
            places.append(place)
            count += len(token.text)
        place += 1
    if count != 3 or len(places) == 1:
        return False
    all_tokens[at] = Token(Kind.PUNCTUATION, angle * 3, all_tokens[at].line)
    for other in places[1:]:
        all_tokens[other] = Token(Kind.BLANK, "", all_tokens[other].line)
    return True


def _split(all_tokens: Sequence[Token]) -> tuple[list[int], list[list[int]]]:
    """The significant tokens outside of directives and of ``#if 0``, and those of each directive."""
    code: list[int] = []
    directives: list[list[int]] = []
    directive: list[int] | None = None
    skipped = 0
    """Depth of conditions inside of ``#if 0``, with it."""
    for index, token in enumerate(all_tokens):
        if token.kind is Kind.HASH:
            directive = []
        elif token.kind is Kind.END and directive is not None:
            skipped = _conditions([all_tokens[at].text for at in directive], skipped)
            if not skipped:
                directives.append(directive)
            directive = None
        elif token.kind is Kind.BLANK:
            continue
        elif directive is not None:
            directive.append(index)
        elif not skipped:
            code.append(index)
    return code, [*directives, directive] if directive else directives


def _conditions(words: list[str], skipped: int) -> int:
    first = words[0] if words else ""
    if not skipped:
        return 1 if words == ["if", "0"] else 0
    if first in ("if", "ifdef", "ifndef"):
        return skipped + 1
    if first == "endif" or (skipped == 1 and first in ("else", "elif")):
        return skipped - 1
    return skipped


def _match(words: Sequence[str]) -> dict[int, int]:
    """The partners of brackets; a bracket that doesn't fit closes what was opened inside of its own pair."""
    partner: dict[int, int] = {}
    opened: list[int] = []
    for at, word in enumerate(words):
        if word in _OPEN:
            opened.append(at)
        elif word in _CLOSE and any(words[other] == _CLOSE[word] for other in opened):
            while words[opened[-1]] != _CLOSE[word]:
                opened.pop()
            partner[at] = opened.pop()
            partner[partner[at]] = at
    return partner


def positions(stream: Stream, word: str) -> Iterator[int]:
    """Where a word stands."""
    return (at for at, found in enumerate(stream.words) if found == word)
