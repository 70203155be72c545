"""Functions with a hole at a boundary of the grammar, out of a prepared corpus: filling in the middle, and going on to the end of a function.

The holes are those that suite ``completion`` asks (`hpcraft.data.holes`): an expression, a statement, a loop, a body.
Not covered: holes in whole programs, context from other files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import nsmallest
from pathlib import Path
from random import Random

from hpcraft.data.holes import BOUNDARIES, find_holes
from hpcraft.records import CodeUnit
from hpcraft.tokenizer.corpus import FUNCTIONS, share_of, units
from hpcraft.train.tasks import FILL, Example

LANGUAGES = ("c", "cpp", "cuda", "fortran")


def completion_examples(corpus: Path, split: str, *, most: int, seed: int, languages: Collection[str]) -> list[Example]:
    """The examples of ``most`` functions at most, one for each kind of hole that a function has; arguments as for OpenMP's."""
    found = ((share_of(u.unit_id, seed), u.unit_id, u) for u in units(corpus, FUNCTIONS, split) if u.language in languages)
    return [example for _, _, unit in nsmallest(most, found, key=lambda item: item[:2]) for example in _holes(unit, seed)]


def _holes(unit: CodeUnit, seed: int) -> Iterator[Example]:
    rng = Random(f"{seed}/{unit.unit_id}")
    data = unit.text.encode()
    found = find_holes(unit.language, unit.text)
    for boundary in BOUNDARIES:
        holes = [hole for hole in found if hole.boundary == boundary]
        if holes:
            hole = rng.choice(holes)
            yield Example(
                task=FILL,
                source=data[: hole.begin].decode(),
                target=data[hole.begin : hole.end].decode(),
                suffix=data[hole.end :].decode(),
                language=unit.language,
                boundary=boundary,
            )
