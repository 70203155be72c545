"""What a vocabulary is made of: fixed tokens, bytes, ASCII, learnt pieces, and the short words that must be whole.

The vocabulary decides the cut alone: two neighbouring pieces merge when their text together is in the vocabulary, the lowest
rank first and of equal ones the leftmost. That is SentencePiece's and llama.cpp's algorithm, and `merges` writes
it out as the pairs that the ``tokenizers`` library wants.
Not covered: learning the pieces (`hpcraft.tokenizer.bpe`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpcraft.tokenizer.prompt import CONTROL, LATER, SPECIAL
from hpcraft.tokenizer.whole import LONG, NAMES, SHORT

BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""Tokens of what isn't in the alphabet: other control characters than white space, and UTF-8 beyond ASCII, byte by byte."""
ALPHABET = (*map(chr, range(0x20, 0x7F)), "\t", "\n", "\r")

_BASE = len(SPECIAL) + len(CONTROL) + len(LATER) + len(NAMES) + len(BYTES) + len(ALPHABET)
_LONG_SHARE, _SHORT_SHARE = 16, 10
"""Of the room that the base leaves, one part in 16 may go to long names, and one token in 10 to short words, which take up to two each."""
SMALLEST = _BASE + 128
"""A smaller vocabulary holds next to nothing that was learnt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The part of a vocabulary that doesn't depend on the corpus."""

    added: tuple[str, ...]
    """Tokens that are found in the text before anything else is; ids from 0."""
    whole: tuple[str, ...]
    """What must be one token wherever it stands between characters of other classes: words, bare and with a blank behind."""
    room: int
    """How many pieces may be learnt or appended."""


def plan(vocab_size: int) -> Plan:
    """What a vocabulary of ``vocab_size`` holds in any case; a small one takes the most important names and words only."""
    room = vocab_size - _BASE
    assert vocab_size >= SMALLEST
    words = SHORT[: room // _SHORT_SHARE]
    long = LONG[: room // _LONG_SHARE]
    return Plan(
        added=(*SPECIAL, *CONTROL, *LATER, *NAMES, *long),
        whole=(*words, *(f"{word} " for word in words)),
        room=room - len(long),
    )


RESERVED = "<|reserved_"
"""How the names of tokens begin that are kept free for later use."""


def reserved(number: int) -> str:
    """Name of a token that is kept free for later use."""
    return f"{RESERVED}{number}|>"


def complete(learnt: Sequence[str], whole: Sequence[str], room: int) -> list[str]:
    """The pieces of a vocabulary in the order of their ranks: as many ``learnt`` ones as leave room for what makes ``whole`` whole.

    A word that the learnt pieces leave in parts is put together by pieces of the lowest ranks, which no other cut is changed by
    but for merging further.
    """
    count = min(len(learnt), room)
    while True:
        pieces = [*learnt[:count], *_appended(learnt[:count], whole)]
        if len(pieces) <= room:
            return pieces
        count -= len(pieces) - room
        assert count > 0


def _appended(learnt: Sequence[str], whole: Iterable[str]) -> list[str]:
    ranks = {piece: rank for rank, piece in enumerate(learnt)}
    open_words = list(whole)
    # A piece that is appended for one word may change the cut of another, but only by merging more of it.
    while open_words := [word for word in open_words if len(cut(word, ranks)) > 1]:
        for word in open_words:
            parts = cut(word, ranks)
            while len(parts) > 1:
                parts = [parts[0] + parts[1], *parts[2:]]
                ranks.setdefault(parts[0], len(ranks))
    return list(ranks)[len(learnt) :]


def cut(text: str, ranks: Mapping[str, int]) -> list[str]:
    """How a short text without added tokens is cut by pieces of these ranks."""
    parts = list(text)
    while len(parts) > 1:
        best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], len(ranks)))
        if parts[best] + parts[best + 1] not in ranks:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts


def merges(pieces: Sequence[str], alphabet: Iterable[str] = ALPHABET) -> list[tuple[str, str]]:
    """Every pair of symbols that gives a piece, in the order of the pieces."""
    symbols = {*alphabet, *pieces}
    return [(piece[:at], piece[at:]) for piece in pieces for at in _splits(piece) if piece[:at] in symbols and piece[at:] in symbols]


def _splits(piece: str) -> list[int]:
    """Where to split a piece, in an order that takes the leftmost of two overlapping occurrences, as SentencePiece does.

    In ``x + y + z`` with ``x + y == y + z == piece`` the pair ``x, y`` must come before ``y, z``.
    """
    size, places = len(piece), []
    for at in range(1, size // 2 + 1):
        swapped = piece[:at] == piece[size - at :]
        places += [size - at, at] if swapped else [at, size - at]
    return list(dict.fromkeys(places))


def one_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds the longest of ``words`` at a place; quick for many words, as the alternatives share no beginning."""
    distinct = sorted(set(words))
    return re.compile(_branches(distinct) if distinct else r"(?!)")


def _branches(words: Sequence[str]) -> str:
    """Alternatives of sorted words by their first characters, longer ones first."""
    rest = [word for word in words if word]
    groups: dict[str, list[str]] = {}
    for word in rest:
        groups.setdefault(word[0], []).append(word[1:])
    inside = "|".join(re.escape(first) + _branches(tails) for first, tails in groups.items())
    if len(rest) == len(words):
        return inside if len(groups) == 1 else f"(?:{inside})"
    return f"(?:{inside})?" if rest else ""
