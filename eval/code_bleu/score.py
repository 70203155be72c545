"""``codebleu-hpc`` and ``parableu-hpc``: the parts put together.

``codebleu-hpc`` is the mean of four parts with equal weights, each from counts that are summed over all pairs before they are divided:
n-gram match, n-gram recall with keywords weighted, syntax match, data-flow match. A part that the references don't have (no
data flow at all) is left out of the mean; the package counts it, and a match of 0, as full.

``parableu-hpc`` is one pair's ``codebleu-hpc`` times the mean of two similarities of parallelism. It follows what is said in public of
BabelTower's ParaBLEU, whose formula and weights are not released; the two must not be compared.

Not covered: several references for one candidate; Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hpcraft.data.syntax import grammar_of, parser
from hpcraft.errors import InputError
from hpcraft.eval.code_bleu import flow, ngrams, parallelism, subtrees
from hpcraft.eval.code_bleu.lexemes import Lexeme, lexemes, words
from hpcraft.eval.metrics import Numbers

LANGUAGES = ("c", "cpp", "cuda", "fortran")
PARTS = ("ngram", "weighted-ngram", "syntax", "data-flow")
_SYNTAX = 2 * ngrams.WIDTH
_FLOW = _SYNTAX + 2
WIDTH = _FLOW + 2
"""Counts of a pair: of the n-grams, of the weighted n-grams, matched and all subtrees, matched and all edges."""


class PairScore(NamedTuple):
    """One candidate against its reference."""

    counts: tuple[float, ...]
    """Rows of several pairs are summed for `codebleu_hpc`."""
    parallelism: float
    """Mean of the similarities of parallel words and of shapes."""

    @property
    def parableu_hpc(self) -> float:
        """``parableu-hpc`` of the pair."""
        return float(codebleu_hpc(np.array(self.counts))) * self.parallelism


def score_pair(reference: str, candidate: str, language: str) -> PairScore:
    """Compare a candidate with its reference.

    Raises:
        InputError: a language that has no grammar here, or an empty reference.
    """
    if language not in LANGUAGES:
        raise InputError(f"codebleu-hpc of language {language!r}: expected one of {', '.join(LANGUAGES)}")
    theirs, ours = lexemes(reference, language), lexemes(candidate, language)
    if not theirs:
        raise InputError("codebleu-hpc: the reference is empty; give the gold text")
    parse = parser(grammar_of(language, reference)).parse
    trees = parse(reference.encode("utf-8", "replace")), parse(candidate.encode("utf-8", "replace"))
    shapes = subtrees.Subtrees()
    kinds = [shapes.of_tree(t.root_node) + shapes.of_directives(x, language) for t, x in zip(trees, (reference, candidate), strict=True)]
    edges = [flow.edges(tree.root_node, language) for tree in trees]
    counts = (
        *ngrams.precision_counts(words(theirs), words(ours)),
        *ngrams.recall_counts(words(theirs), words(ours), _weights(theirs)),
        *subtrees.match_counts(kinds[0], kinds[1]),
        float((edges[0] & edges[1]).total()),
        float(edges[0].total()),
    )
    outlines = [parallelism.shape(t.root_node, x, language) for t, x in zip(trees, (reference, candidate), strict=True)]
    alike = (parallelism.word_similarity(theirs, ours) + parallelism.shape_similarity(outlines[0], outlines[1])) / 2
    return PairScore(counts, alike)


def _weights(reference: list[Lexeme]) -> Callable[[str], float]:
    """1 for what is a keyword or a parallel model's word somewhere in the reference, less for all else."""
    heavy = frozenset(lexeme.text for lexeme in reference if lexeme.kind)
    return lambda text: 1.0 if text in heavy else ngrams.OTHER_WEIGHT


def parts(counts: Numbers) -> Numbers:
    """The four parts of summed counts, which lie on the last axis; not a number where the references have nothing of a part."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [
            ngrams.score(counts[..., : ngrams.WIDTH]),
            ngrams.score(counts[..., ngrams.WIDTH : _SYNTAX]),
            counts[..., _SYNTAX] / counts[..., _SYNTAX + 1],
            counts[..., _FLOW] / counts[..., _FLOW + 1],
        ]
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def codebleu_hpc(counts: Numbers) -> Numbers:
    """``codebleu-hpc`` of summed counts, which lie on the last axis."""
    return np.asarray(np.nanmean(parts(counts), axis=-1))
