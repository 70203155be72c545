"""A text as objectives see it: its tokens with the entity of each, where words begin, and which spans the syntax makes.

Labels are BIO over `hpcraft.train.entity_scan.ENTITIES`: the token in which an entity begins has its B label, later ones have the I label,
which is one more. Words are the lexer's tokens, of comments and strings their own words; blanks belong to the word before them.
A token that reaches over several words, as punctuation may, begins one word, and a span takes the tokens at its edges whole.

Not covered: texts that were cut before they were annotated, whose first and last constructs no grammar knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.tokenizer import _native
from hpcraft.tokenizer.lexer import KINDS, encoded, language_number
from hpcraft.train.entity_scan import ENTITIES, Entity, character_numbers, find

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS = ("O", *(f"{part}-{name}" for name in ENTITIES for part in "BI"))
"""The label with number n; that of B is odd."""

_IN_PROSE = re.compile(rb"[A-Za-z0-9_\x80-\xff]+|[^\sA-Za-z0-9_\x80-\xff]")


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """What a text's syntax says of its tokens."""

    labels: NDArray[np.uint8]
    """(n,) the entity label of each token, by its number in `LABELS`."""
    words: NDArray[np.bool_]
    """(n,) whether a token begins a word."""
    spans: NDArray[np.int32]
    """(k, 3) begin and end in tokens, and kind (a place in `hpcraft.train.entity_scan.SPAN_KINDS`), of syntax nodes of two tokens and more."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One text of the corpus, tokenized."""

    ids: NDArray[np.int32]
    """(n,) token ids, without the tokens that begin and end a text."""
    language: str
    """A `hpcraft.records.Language`."""
    labels: NDArray[np.uint8] | None = None
    """As in `Annotation`, and None in a corpus that wasn't annotated; so are the next two."""
    words: NDArray[np.bool_] | None = None
    spans: NDArray[np.int32] | None = None
    begins: bool = True
    """Whether the text begins where its file does; one that was cut has no token that begins texts."""
    ends: bool = True
    """Likewise of its end."""


def annotate(text: str, language: str, offsets: Sequence[tuple[int, int]]) -> Annotation:
    """Labels, words and spans of a tokenized text.

    Args:
        text: any text; Fortran in free form.
        language: a `hpcraft.records.Language`.
        offsets: begin and end in characters of each token, as the tokenizer gives them, in order.

    Raises:
        ConfigError: no such language.
        InputError: the offsets are not in order or lie outside the text.
    """
    import numpy as np

    places = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    begins, ends = places[:, 0], places[:, 1]
    if len(places) and (np.any(np.diff(begins) < 0) or np.any(np.diff(ends) < 0) or begins[0] < 0 or ends[-1] > len(text)):
        raise InputError(f"token offsets run back or lie outside the text of {len(text)} characters; give those of this very text")
    language_number(language)
    found = find(text, language)
    return Annotation(_labels(found.entities, begins, ends), _words(text, language, ends), _spans(found.spans, begins, ends))


def _labels(entities: Sequence[Entity], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint8]:
    import numpy as np

    labels = np.zeros(len(begins), dtype=np.uint8)
    if not entities or not len(begins):
        return labels
    table = np.array(entities, dtype=np.int64)
    inside = np.searchsorted(table[:, 0], begins, side="left") - 1  # the last entity that begins before the token
    continues = (inside >= 0) & (begins < table[inside, 1])
    labels[continues] = 2 * table[inside[continues], 2] + 2
    following = np.minimum(inside + 1, len(table) - 1)
    starts = ~continues & (table[following, 0] >= begins) & (table[following, 0] < ends)
    labels[starts] = 2 * table[following[starts], 2] + 1
    # One character may take several tokens, all with its place: only the first begins the entity.
    again = np.concatenate([[False], (begins[1:] == begins[:-1]) & starts[1:] & starts[:-1]])
    labels[again] += 1
    return labels


def _words(text: str, language: str, ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    import numpy as np

    data = encoded(text)
    raw_kinds, raw_ends = _native.lex(data, *language_number(language))
    kinds, stops = np.frombuffer(raw_kinds, dtype=np.uint8), np.frombuffer(raw_ends, dtype=np.uint32).astype(np.int64)
    starts = np.concatenate([[0], stops[:-1]]) if len(stops) else stops
    prose = (kinds == KINDS.index("comment")) | (kinds == KINDS.index("string"))
    more = [m.start() for i in np.flatnonzero(prose) for m in _IN_PROSE.finditer(data, starts[i], stops[i])]
    starts = np.concatenate([starts[(kinds != KINDS.index("space")) & ~prose], np.array(more, dtype=np.int64)])
    if len(data) != len(text):
        starts = character_numbers(data)[starts]
    # A token begins a word when more words have begun by its end than by that of the one before.
    begun = np.searchsorted(np.sort(starts), ends, side="left")
    words = np.diff(begun, prepend=0) > 0
    words[:1] = True
    return words


def _spans(spans: Sequence[Entity], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int32]:
    import numpy as np

    if not spans or not len(begins):
        return np.zeros((0, 3), dtype=np.int32)
    table = np.array(spans, dtype=np.int64)
    first, stop = np.searchsorted(ends, table[:, 0], side="right"), np.searchsorted(begins, table[:, 1], side="left")
    found = np.stack([first, stop, table[:, 2]], axis=1)[stop - first >= 2]
    found = found[np.lexsort(found.T[::-1])]
    # Of two nodes with the same tokens the later kind stays, as in a statement that is one call.
    last = np.concatenate([np.any(found[1:, :2] != found[:-1, :2], axis=1), [True]])[: len(found)]
    kept: NDArray[np.int32] = found[last].astype(np.int32)
    return kept
