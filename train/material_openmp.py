"""Loops and functions whose OpenMP directives are to be put back, out of a prepared corpus.

A loop's directive is the whole of it, with all clauses; directives within a loop or function are to be put back as well. Loops without a
directive count where their file has OpenMP directives elsewhere (`hpcraft.data.loops` says which): their answer is that nothing is needed.
Not covered: OpenACC, whose directives stay where they are; directives written as ``_Pragma`` or by macros.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from heapq import nsmallest
from pathlib import Path

from hpcraft.records import CodeUnit
from hpcraft.tokenizer.corpus import FUNCTIONS, LOOPS, documents, share_of, units
from hpcraft.tokenizer.insertions import lines_of
from hpcraft.train.tasks import Example

_C_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b(?:[^\n\\]|\\[\s\S])*$", re.MULTILINE)
_CONTINUED = re.compile(r"[ \t]*\\\r?\n[ \t]*")
_FORTRAN_DIRECTIVE = re.compile(r"[ \t]*!\$omp\b", re.IGNORECASE)
_C_LIKE = ("c", "cpp", "cuda")


def openmp_examples(
    corpus: Path, split: str, *, most: int, seed: int, languages: Collection[str], negative_repeats: float = 1.0
) -> list[Example]:
    """The examples of a split, in an order that doesn't depend on that of reading.

    Args:
        corpus: a folder of ``prepare``.
        split: of the corpus.
        most: units with directives at most, and as many without.
        seed: of the choice.
        languages: of units that are taken.
        negative_repeats: how often an epoch shows a loop that needs no directive; 0 for none.
    """
    chosen = nsmallest(most, _annotated(corpus, split, seed, languages), key=lambda found: found[:2])
    found = {example.source: example for _, _, example in reversed(chosen)}
    result = sorted(found.values(), key=lambda example: share_of(example.target, seed))
    if negative_repeats:
        # What one programmer annotated isn't shown as needing nothing because another left it.
        bare = (item for item in _bare(corpus, split, seed, languages, negative_repeats) if item[2].source not in found)
        result += {example.source: example for _, _, example in nsmallest(most, bare, key=lambda item: item[:2])}.values()
    return result


def _annotated(corpus: Path, split: str, seed: int, languages: Collection[str]) -> Iterator[tuple[float, str, Example]]:
    for name in (LOOPS, FUNCTIONS):
        for unit in units(corpus, name, split):
            if unit.language not in languages or (name == LOOPS and not _is_openmp(unit.directive)):
                continue
            if example := _example(unit):
                yield share_of(unit.unit_id, seed), unit.unit_id, example


def _example(unit: CodeUnit) -> Example | None:
    """A unit as lines of which those with directives are taken off; None where it has none."""
    text = unit.text
    if unit.language in _C_LIKE:
        text = _C_DIRECTIVE.sub(lambda found: _CONTINUED.sub(" ", found[0]), text)
    lines = [*([unit.directive] if unit.directive else []), *lines_of(text)]
    starts = _FORTRAN_DIRECTIVE if unit.language == "fortran" else _C_DIRECTIVE
    taken = tuple(number for number, line in enumerate(lines) if starts.match(line))
    return Example.of_lines("openmp", lines, taken, language=unit.language) if taken else None


def _bare(corpus: Path, split: str, seed: int, languages: Collection[str], repeats: float) -> Iterator[tuple[float, str, Example]]:
    parallel = {document.document_id for document in documents(corpus, split) if "openmp" in document.models}
    for unit in units(corpus, LOOPS, split):
        if not unit.directive and unit.language in languages and unit.document_id in parallel:
            example = Example.of_lines("openmp", lines_of(unit.text), (), language=unit.language, repeats=repeats)
            yield share_of(unit.unit_id, seed), unit.unit_id, example


def _is_openmp(directive: str) -> bool:
    return _C_DIRECTIVE.match(directive) is not None or _FORTRAN_DIRECTIVE.match(directive) is not None
