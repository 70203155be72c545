"""The syntax part of CodeBLEU: how many of the reference's subtrees the candidate has.

A subtree is a node that isn't a leaf with all that is below it, names and literals as their kind alone; signs don't count (the n-grams
have them), comments neither. The match is clipped, as the metric's paper has it: a subtree that the reference has twice is found twice
only if the candidate has it twice. Directives, which no grammar reads, are subtrees of their own: the construct with its kinds of clauses, and
each clause.

Not covered: what macros stand for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING

from hpcraft.data.directives import find_directives

if TYPE_CHECKING:
    from tree_sitter import Node


class Subtrees:
    """Subtrees of several texts, with one number for each shape."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of_tree(self, root: Node) -> Counter[int]:
        """The subtrees of a syntax tree by number."""
        found: Counter[int] = Counter()
        cursor = root.walk()
        frames: list[list[tuple[str | None, int]]] = [[]]
        arrived = True
        while True:
            node = cursor.node
            assert node is not None
            if arrived and cursor.goto_first_child():
                frames.append([])
                continue
            below = frames.pop() if not arrived else []
            if node.is_named and node.type != "comment":
                number = self._number((node.type, node.is_missing, *below))
                frames[-1].append((cursor.field_name, number))
                if not arrived and node.type != "identifier":  # Fortran's names that are keywords too have one below
                    found[number] += 1
            if cursor.goto_next_sibling():
                arrived = True
            elif cursor.goto_parent():
                arrived = False
            else:
                return found

    def of_directives(self, text: str, language: str) -> Counter[int]:
        """The subtrees that directives are."""
        found: Counter[int] = Counter()
        for directive in find_directives(language, text):
            clauses = sorted(clause.name.lower() for clause in directive.clauses)
            found[self._number(("directive", directive.model, directive.construct, *clauses))] += 1
            found.update(self._number(("clause", directive.model, clause)) for clause in clauses)
        return found

    def _number(self, shape: Hashable) -> int:
        return self._numbers.setdefault(shape, len(self._numbers))


def depth(root: Node) -> int:
    """How deeply a tree nests."""
    cursor = root.walk()
    deepest = at = 0
    while True:
        if cursor.goto_first_child():
            at += 1
            deepest = max(deepest, at)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest
            at -= 1


def match_counts(reference: Counter[int], candidate: Counter[int]) -> list[float]:
    """Subtrees of the reference that the candidate has, and subtrees of the reference."""
    return [float((reference & candidate).total()), float(reference.total())]
