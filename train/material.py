"""What a model is pre-trained on: raw files, functions in canonical names, and directives to be put back.

The third is the later task in small: a loop or function whose OpenMP directives were taken out is the prompt, and the
answer puts them back, in the very format of translation. Real programmers' directives come for nothing with the corpus. For practice
in the format, a share of the functions is seen with one line missing, which the answer puts back.
Not covered: weighing of packages; a big package has a big share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hpcraft.errors import InputError
from hpcraft.tokenizer.corpus import FUNCTIONS, LOOPS, Piece, characters_by_language, sample_pieces, share_of, units
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.prompt import build_fill, build_translation, write_translation
from hpcraft.tokenizer.rename import rename
from hpcraft.train.tokens import Text

_PRAGMA = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b(?:[^\n\\]|\\[\s\S])*\n", re.MULTILINE)
_C_LIKE = ("c", "cpp", "cuda")
_LONGEST_FILL = 40
_FILL_SHARE = 0.5
_TASK_REPEATS = 2
VARIANTS = 6
"""Wordings of a text that are made; epochs show one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How much of each kind, as characters before the first of them is seen again."""

    documents: int
    functions: int
    directives: int
    """Examples whose directives are to be put back, not characters."""


def texts(corpus: Path, split: str, mix: Mix, seed: int) -> Iterator[Text]:
    """The texts of a split, those that are worded anew in each epoch in `VARIANTS` wordings.

    Raises:
        InputError: the split is empty.
    """
    totals = characters_by_language(corpus, split)
    # Each language has the same share as long as there is enough of it, so Fortran isn't drowned by C.
    share = max(1, mix.documents // len(totals))
    for piece in sample_pieces(corpus, split, share, seed):
        yield _lines_of(piece)
    if mix.functions:
        yield from _functions(corpus, split, mix, seed)
    for source, target in _directive_pairs(corpus, split, mix.directives, seed):
        for variant in range(VARIANTS):
            rng = Random(f"{seed}/{variant}/{source}")
            for _ in range(_TASK_REPEATS):
                prompt = build_translation(source, "openmp", seed=_numbering(rng))
                if answer := write_translation(prompt, target):  # no edits lead to some targets
                    yield Text(prompt.text + answer, "c", ready=True, variant=variant)


def _functions(corpus: Path, split: str, mix: Mix, seed: int) -> Iterator[Text]:
    """Functions in canonical names, in a share of the wordings with one line to be put back."""
    available = sum(len(u.text) for u in units(corpus, FUNCTIONS, split) if u.language in _C_LIKE)
    for unit in units(corpus, FUNCTIONS, split):
        if unit.language not in _C_LIKE or share_of(unit.unit_id, seed) * available >= mix.functions:
            continue
        text = canonical(rename(unit.text, unit.language).text, unit.language)
        lines = text.splitlines()
        for variant in range(VARIANTS):
            rng = Random(f"{seed}/{variant}/{unit.unit_id}")
            numbering = _numbering(rng)
            if rng.random() < _FILL_SHARE and 2 < len(lines) <= _LONGEST_FILL:
                prompt, answer = build_fill(lines, rng.randrange(1, len(lines)), seed=numbering)
                yield Text(prompt.text + answer, unit.language, ready=True, variant=variant)
            else:
                yield Text(text, unit.language, variant=variant)


def _numbering(rng: Random) -> int | None:
    """A seed to number names and markers by, in half of the wordings."""
    seed = rng.randrange(1 << 30)
    return seed if rng.random() < 0.5 else None


def _directive_pairs(corpus: Path, split: str, most: int, seed: int) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], float] = {}
    if not most:
        return []
    for unit in units(corpus, LOOPS, split):
        if unit.language in ("c", "cpp") and unit.directive.startswith("#pragma omp"):
            found[_PRAGMA.sub("", unit.text), f"{unit.directive}\n{unit.text}"] = share_of(unit.unit_id, seed)
    for unit in units(corpus, FUNCTIONS, split):
        if unit.language == "c" and "openmp" in unit.models and _PRAGMA.search(unit.text):
            found[_PRAGMA.sub("", unit.text), unit.text] = share_of(unit.unit_id, seed)
    return sorted(found, key=lambda pair: (found[pair], pair))[:most]


def validation_texts(corpus: Path, characters: int, seed: int) -> list[Text]:
    """Raw files of the valid split, cut to a size that is measured in seconds; bits per byte rest on these.

    Where the corpus is too small for a valid split, there are none.
    """
    try:
        characters_by_language(corpus, "valid")
    except InputError:
        return []
    return [_lines_of(p) for p in sample_pieces(corpus, "valid", characters // 4, seed, longest=characters // 20)]


def _lines_of(sampled: Piece) -> Text:
    """The part of a file that is taken, from line to line, with a begin and an end only where the file has them."""
    piece = sampled.in_lines()
    text = piece.document.text
    return Text(text[piece.begin : piece.end], piece.document.language, begins=not piece.begin, ends=piece.end == len(text))
