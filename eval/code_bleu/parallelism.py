"""How alike two texts are in what makes them parallel: the words of the parallel model, and loops against parallel dimensions.

Both measures lie in [0, 1], are 1 for equal texts, and don't change when the two are exchanged.

Not covered: whether either is right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcraft.data.directives import Directive, find_directives
from hpcraft.eval.code_bleu.lexemes import Lexeme

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOPS = frozenset(("for_statement", "while_statement", "do_statement", "for_range_loop"))
_FORTRAN_LOOPS = frozenset(("do_loop", "forall_statement"))
_AXIS = re.compile(r"\b(?:threadIdx|blockIdx)\s*\.\s*([xyz])\b")
_LOOP_WORDS = frozenset(("for", "do", "loop", "distribute", "taskloop", "simd"))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a text loops and shares out."""

    loop_depth: int
    """Of the deepest nest of loops."""
    parallel_dimensions: int
    """Of a grid of threads (its axes that are used), or of the loops that a directive or ``do concurrent`` shares out together."""


def word_similarity(reference: Sequence[Lexeme], candidate: Sequence[Lexeme]) -> float:
    """F1 of the words of parallel models, each as often as it stands; 1 where neither has any."""
    ours, theirs = (Counter(lexeme.text for lexeme in found if lexeme.kind == "parallel") for found in (candidate, reference))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 1.0


def shape_similarity(a: Shape, b: Shape) -> float:
    """1 less the difference in loop depth and parallel dimensions, as a part of the larger of each."""
    largest = max(a.loop_depth, b.loop_depth) + max(a.parallel_dimensions, b.parallel_dimensions)
    difference = abs(a.loop_depth - b.loop_depth) + abs(a.parallel_dimensions - b.parallel_dimensions)
    return 1.0 - difference / largest if largest else 1.0


def shape(root: Node, text: str, language: str) -> Shape:
    """How a text loops and shares out."""
    loops = _FORTRAN_LOOPS if language == "fortran" else _LOOPS
    depth, concurrent = 0, 0
    stack = [(root, 0)]
    while stack:
        node, at = stack.pop()
        if node.type in loops:
            at += 1
            depth = max(depth, at)
        elif node.type == "concurrent_header":
            concurrent = max(concurrent, sum(child.type == "concurrent_control" for child in node.named_children))
        stack.extend((child, at) for child in node.named_children)
    axes = 0 if language == "fortran" else len(set(_AXIS.findall(text)))
    shared = max(map(_shared_loops, find_directives(language, text)), default=0)
    return Shape(depth, max(axes, shared, concurrent))


def _shared_loops(directive: Directive) -> int:
    if directive.construct.startswith("end ") or not _LOOP_WORDS & set(directive.construct.split()):
        return 0
    collapsed = next((c.argument or "" for c in directive.clauses if c.name.lower() == "collapse"), "1")
    return int(collapsed) if collapsed.isdecimal() and len(collapsed) < 3 else 1
