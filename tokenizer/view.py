"""How a text is cut and renamed, as rows of coloured fragments: what the terminal and the page show.

A fragment is a part of one token on one line, of one kind. Whatever is joined is the text: nothing is left out, and what a token has of bytes
that make no character alone is a fragment without text.
Not covered: what a name means beyond its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lexer import Token, lex, opens_directive
from hpcraft.tokenizer.rename import LETTERS, Renamed, rename
from hpcraft.tokenizer.streams import STRAY, Encoder, is_utf8
from hpcraft.tokenizer.vocabulary import is_kept

if TYPE_CHECKING:
    from tokenizers import Tokenizer

KINDS = (
    ("plain", "punctuation, blanks and names that stay"),
    ("variable", "variable"),
    ("function", "function"),
    ("type", "type or namespace"),
    ("member", "member"),
    ("label", "label"),
    ("macro", "macro"),
    ("platform", "word of the language or a library, kept"),
    ("string", "string"),
    ("number", "number"),
    ("comment", "comment"),
)
"""Kinds of fragments and what they are called."""
NAME_KINDS = tuple(name for name, _ in KINDS[1:7])
_NUMBER_OF = {name: number for number, (name, _) in enumerate(KINDS)}
_KIND_OF_LETTER = dict(zip(LETTERS, (*NAME_KINDS, "variable", "macro"), strict=True))
_OF_LETTER = _KIND_OF_LETTER | {LETTERS[letter]: kind for letter, kind in _KIND_OF_LETTER.items()}


class Fragment(NamedTuple):
    """Part of a token, on one line and of one kind."""

    token: int
    """Number of its token in the text."""
    text: str
    kind: int
    """Place in `KINDS`."""
    original: str = ""
    """What a renamed word was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line."""

    fragments: list[Fragment]
    directive: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A text as it is cut."""

    rows: list[Row]
    ids: list[int]
    """Ids of the tokens; empty without a tokenizer, where tokens are those of the lexer."""
    pieces: list[str]
    """Texts of the tokens."""
    renamed: Renamed
    language: str
    """Empty for a text that is no source."""
    num_bytes: int
    """Of the text that is shown."""
    directive_words: int
    directive_tokens: int
    uses: Mapping[str, int]
    """Canonical name to how often it stands in the text."""
    tokens_as_written: int
    """How many tokens the text has with its own names, in the same layout."""

    @property
    def bytes_per_token(self) -> float:
        """How much text a token holds."""
        return round(self.num_bytes / max(1, len(self.pieces)), 4)

    @property
    def fertility(self) -> float:
        """Tokens for each word, number or operator of the directives; 0 without directives."""
        return round(self.directive_tokens / self.directive_words, 3) if self.directive_words else 0.0

    @property
    def names(self) -> Mapping[str, int]:
        """How many names of each kind the text has."""
        counts = Counter(kind_of_name(name) for name in self.renamed.names)
        return {kind: counts[kind] for kind in NAME_KINDS if counts[kind]}


def kind_of_name(canonical_name: str) -> str:
    """What a canonical name names, by its letter."""
    return _OF_LETTER.get(canonical_name[:1], "plain")


def escaped(text: str) -> str:
    r"""Text that UTF-8 can hold: a byte that was none, decoded with ``surrogateescape``, is shown as ``\xff``."""
    if text.isascii():
        return text
    return STRAY.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text).encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Options:
    """What is shown of a file."""

    language: str = ""
    form: str = ""
    renames: bool = True
    layout: bool = False
    """Whether it is laid out first."""


def make_view(text: str, tokenizer: Tokenizer | None, options: Options) -> View:
    """Cut a text.

    Args:
        text: any text; bytes that aren't UTF-8 are written as with ``surrogateescape``.
        tokenizer: None to show the tokens of the lexer.
        options: an empty language shows the text as it is.
    """
    language = options.language
    if language and options.layout:
        text = canonical(text, language, form=options.form, comments=True)
    renamed = Renamed(text=text, names={}, language=language, form=options.form)
    if language and options.renames:
        renamed = rename(text, language, form=options.form)
    tokens = lex(renamed.text, language, renamed.form) if language else [Token("other", renamed.text)] * bool(text)
    ids, ends = _cut(renamed.text, tokens, tokenizer)
    pieces = [renamed.text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    rows, words, in_directives = _rows(tokens, ends, renamed)
    before = _cut(text, lex(text, language, renamed.form) if language else [], tokenizer)[1] if renamed.names else ends
    return View(
        rows=rows,
        ids=ids,
        pieces=pieces,
        renamed=renamed,
        language=language,
        num_bytes=len(renamed.text.encode("utf-8", "surrogateescape")),
        directive_words=words,
        directive_tokens=in_directives,
        uses=Counter(token.text for token in tokens if token.kind == "word" and token.text in renamed.names),
        tokens_as_written=len(before),
    )


def _cut(text: str, tokens: list[Token], tokenizer: Tokenizer | None) -> tuple[list[int], list[int]]:
    """Ids of the tokens, and where each ends; a token that ends inside a character ends before it."""
    if tokenizer is None:
        ends, at = list[int](), 0
        for token in tokens:
            at += len(token.text)
            ends.append(at)
        return [], ends
    if is_utf8(text):
        encoding = tokenizer.encode(text, add_special_tokens=False)
        ids, offsets = list(encoding.ids), encoding.offsets
    else:
        ids, offsets = Encoder(tokenizer).places(text)
    ends, at = [], 0
    for begin, end in offsets:
        # Tokens that share a character have the same place; the first of them shows it.
        at = max(at, end if begin >= at else at)
        ends.append(at)
    return ids, ends


@dataclass(slots=True)
class _Rows:
    """The rows under way."""

    ends: list[int]
    """Where each token ends."""
    done: list[Row] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)
    token: int = 0
    at: int = 0
    in_directives: set[int] = field(default_factory=set)
    """Tokens that lie in directives."""

    def add(self, text: str, kind: int, original: str, directive: bool) -> None:
        """Put a lexical token, which lies in one token or more."""
        begin, end = self.at, self.at + len(text)
        while self.at < end:
            self.skip()
            until = min(end, self.ends[self.token]) if self.token < len(self.ends) else end
            part = text[self.at - begin : until - begin]
            if directive and not part.isspace():
                self.in_directives.add(self.token)
            self._lines(part, kind, original, directive)
            self.at = until

    def skip(self) -> None:
        """Go on to the token that holds the place; those without a character of their own are empty fragments."""
        while self.token < len(self.ends) and self.ends[self.token] <= self.at:
            before = self.ends[self.token - 1] if self.token else 0
            if self.ends[self.token] == before:
                self.fragments.append(Fragment(self.token, "", 0))
            self.token += 1

    def _lines(self, part: str, kind: int, original: str, directive: bool) -> None:
        first, *more = part.split("\n")
        if first:
            self.fragments.append(Fragment(self.token, first, kind, original))
        for line in more:
            self.fragments.append(Fragment(self.token, "\n", kind))
            self.done.append(Row(self.fragments, directive))
            self.fragments = [Fragment(self.token, line, kind)] if line else []


def _rows(tokens: list[Token], ends: list[int], renamed: Renamed) -> tuple[list[Row], int, int]:
    """The rows, the words of directives, and how many tokens lie in directives."""
    rows = _Rows(ends)
    words = 0
    directive = False
    for token, directive in _with_directives(tokens):
        original = renamed.names.get(token.text, "") if token.kind == "word" else ""
        words += directive and token.kind not in ("space", "newline", "comment")
        rows.add(token.text, _kind(token, renamed, directive), original, directive)
    rows.skip()
    if rows.fragments:
        rows.done.append(Row(rows.fragments, directive))
    return rows.done, words, len(rows.in_directives)


def _kind(token: Token, renamed: Renamed, directive: bool) -> int:
    if token.kind == "word":
        if token.text in renamed.names:
            return _NUMBER_OF[kind_of_name(token.text)]
        kept = directive or (renamed.language and is_kept(token.text, renamed.language))
        return _NUMBER_OF["platform"] if kept else 0
    if token.kind == "include":
        return _NUMBER_OF["platform"]
    return _NUMBER_OF.get(token.kind, 0)


def _with_directives(tokens: list[Token]) -> Iterator[tuple[Token, bool]]:
    """The tokens, and for each whether it stands in a ``#pragma`` or a ``!$`` line; a newline belongs to what it ends."""
    inside, at_start = False, True
    for i, token in enumerate(tokens):
        if at_start and opens_directive(token):
            inside = token.text != "#" or any(t.text == "pragma" for t in tokens[i + 1 : i + 3])
        yield token, inside
        if token.kind == "newline":
            inside, at_start = False, True
        elif token.kind != "space":
            at_start = False
