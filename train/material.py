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
from typing import TYPE_CHECKING

from hpcraft.errors import InputError
from hpcraft.tokenizer.corpus import FUNCTIONS, LOOPS, characters_by_language, sample, share_of, units
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.prompt import END, TEXT, build_fill, build_translation, write_translation
from hpcraft.tokenizer.rename import rename

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PRAGMA = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b(?:[^\n\\]|\\[\s\S])*\n", re.MULTILINE)
_C_LIKE = ("c", "cpp", "cuda")
_VALID_CHARACTERS = 60_000
_LONGEST_FILL = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How much of each kind, as characters before the first of them is seen again."""

    documents: int
    functions: int
    directives: int
    """Examples whose directives are to be put back, not characters."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text to learn."""

    kind: str
    text: str
    seeded: tuple[str, str] | None = None
    """For directives: source and target, put into words anew in each epoch."""


def gather(corpus: Path, split: str, mix: Mix, seed: int) -> list[Text]:
    """The texts of a split.

    Raises:
        InputError: the split is empty.
    """
    totals = characters_by_language(corpus, split)
    # Each language has the same share as long as there is enough of it, so Fortran isn't drowned by C.
    share = max(1, mix.documents // len(totals))
    texts = [Text("documents", d.text) for d in sample(corpus, split, share, seed)]
    available = sum(len(u.text) for u in units(corpus, FUNCTIONS, split) if u.language in _C_LIKE)
    for unit in units(corpus, FUNCTIONS, split):
        if unit.language in _C_LIKE and share_of(unit.unit_id, seed) * available < mix.functions:
            texts.append(Text("functions", canonical(rename(unit.text, unit.language).text, unit.language)))
    return texts + [Text("directives", "", pair) for pair in _directive_pairs(corpus, split, mix.directives, seed)]


def _directive_pairs(corpus: Path, split: str, most: int, seed: int) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], float] = {}
    for unit in units(corpus, LOOPS, split):
        if unit.language in ("c", "cpp") and unit.directive.startswith("#pragma omp"):
            found[_PRAGMA.sub("", unit.text), f"{unit.directive}\n{unit.text}"] = share_of(unit.unit_id, seed)
    for unit in units(corpus, FUNCTIONS, split):
        if unit.language == "c" and "openmp" in unit.models and _PRAGMA.search(unit.text):
            found[_PRAGMA.sub("", unit.text), unit.text] = share_of(unit.unit_id, seed)
    return sorted(found, key=lambda pair: (found[pair], pair))[:most]


def documents(
    texts: list[Text], tokenizer: Tokenizer, *, seed: int, epoch: int, longest: int, task_repeats: int = 2, fill_share: float = 0.5
) -> Iterator[list[int]]:
    """The texts as token ids, in the order of an epoch; what is longer than ``longest`` is cut into pieces."""
    rng = Random(f"{seed}/{epoch}")
    pieces: list[list[int]] = []
    for item in (t for t in texts for _ in range(task_repeats if t.seeded else 1)):
        ids = tokenizer.encode(_written(item, rng, fill_share), add_special_tokens=False).ids
        if not item.seeded or len(ids) <= longest:
            pieces += (ids[begin : begin + longest] for begin in range(0, len(ids), longest))
    # Pieces are shuffled, not texts: a step that saw one long file only would learn that file.
    rng.shuffle(pieces)
    return iter(pieces)


def _written(item: Text, rng: Random, fill_share: float) -> str:
    seed = rng.randrange(1 << 30) if rng.random() < 0.5 else None
    if item.seeded:
        source, target = item.seeded
        prompt = build_translation(source, "openmp", seed=seed)
        return prompt.text + (write_translation(prompt, target) or "")
    lines = item.text.splitlines()
    if item.kind == "functions" and rng.random() < fill_share and 2 < len(lines) <= _LONGEST_FILL:
        prompt, answer = build_fill(lines, rng.randrange(1, len(lines)), seed=seed)
        return prompt.text + answer
    return f"{TEXT}{item.text}{END}"


def validation_texts(corpus: Path, seed: int) -> list[str]:
    """Raw files of the valid split, cut to a size that is measured in seconds; bits per byte rest on these.

    Where the corpus is too small for a valid split, there are none.
    """
    try:
        characters_by_language(corpus, "valid")
    except InputError:
        return []
    texts = []
    for document in sample(corpus, "valid", _VALID_CHARACTERS // 4, seed, longest=_VALID_CHARACTERS // 20):
        texts.append(document.text)
    return texts
