"""Programs and functions whose statements with MPI calls are to be put back, out of a prepared corpus.

A statement goes as a whole, with what it assigns and the macro that checks it, and each stands on a line of its own, in the question and in the
answer; calls in conditions and returned values stay where they are. Functions of a program that is taken whole aren't taken again. A
text that is too long is cut in two where it is least indented, between functions if there are several, until each part fits.
Not covered: Fortran; statements that hold a line comment, a directive or a string over several lines, which stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.data.syntax import parse, text_of, walk_without
from hpcraft.tokenizer.corpus import FUNCTIONS, share_of, units
from hpcraft.tokenizer.insertions import lines_of
from hpcraft.train.tasks import Example

if TYPE_CHECKING:
    from tree_sitter import Node

PROGRAMS = "programs"
"""Name of the shards of whole programs in a corpus folder."""
LANGUAGES = ("c", "cpp", "cuda")
_NAME = re.compile(r"P?MPIX?_\w+")
_STATEMENTS = ("expression_statement", "declaration")
_HEADS = ("for_statement", "for_range_loop", "condition_clause", "init_statement")
"""What a declaration within is no statement of."""
_FEWEST_LINES = 8
"""A text of so few lines isn't cut."""


def mpi_examples(corpus: Path, split: str, *, most: int, seed: int, languages: Collection[str]) -> list[Example]:
    """The examples of a split, in an order that doesn't depend on that of reading; arguments as for OpenMP's."""
    found = nsmallest(most, _laid_out(corpus, PROGRAMS, split, seed, languages, frozenset()), key=lambda item: item[:2])
    whole = frozenset(document for _, _, document, _ in found)
    found += nsmallest(most - len(found), _laid_out(corpus, FUNCTIONS, split, seed, languages, whole), key=lambda item: item[:2])
    return list({example.target: example for *_, example in found}.values())


def _laid_out(
    corpus: Path, name: str, split: str, seed: int, languages: Collection[str], without: Collection[str]
) -> Iterator[tuple[float, str, str, Example]]:
    """Units with calls and the documents that they are of, but those of some documents."""
    for unit in units(corpus, name, split):
        if unit.language in languages and "mpi" in unit.models and unit.document_id not in without:
            example = lay_out(unit.text, unit.language)
            if example.taken:
                yield share_of(unit.unit_id, seed), unit.unit_id, unit.document_id, example


def lay_out(text: str, language: str) -> Example:
    """A text whose statements with MPI calls stand on lines of their own, which are taken off."""
    data = text.encode()
    lines: list[str] = []
    taken: list[int] = []
    at = 0
    for node in _statements(language, text):
        *before, last = data[at : node.start_byte].decode().split("\n")
        lines += before
        indent = last[: len(last) - len(last.lstrip(" \t"))]
        if last.strip():
            lines.append(last.rstrip())
        taken.append(len(lines))
        lines.append(indent + re.sub(r"\s*\n\s*", " ", text_of(node)))
        rest = data[node.end_byte :]
        at = node.end_byte + (found.end() if (found := re.match(rb"[ \t\r]*\n", rest)) else 0)
    return Example.of_lines("mpi", [*lines, *lines_of(data[at:].decode())], tuple(taken), language=language)


def _statements(language: str, text: str) -> list[Node]:
    """The statements that are taken off, in the order of the text, none within another."""
    found: dict[int, Node] = {}
    end = 0
    for node in walk_without(parse(language, text), ("comment", "preproc_def", "preproc_function_def")):
        if node.start_byte < end or node.type != "call_expression" or not _NAME.fullmatch(text_of(node.child_by_field_name("function"))):
            continue
        statement = _statement_of(node)
        if statement is not None and _is_plain(text_of(statement)):
            found[statement.start_byte] = statement
            end = statement.end_byte
    return list(found.values())


def _statement_of(call: Node) -> Node | None:
    at: Node | None = call
    while at is not None and at.type not in _STATEMENTS:
        if at.type == "compound_statement":
            return None
        at = at.parent
    if at is None or (at.type == "declaration" and at.parent is not None and at.parent.type in _HEADS):
        return None
    return at


def _is_plain(statement: str) -> bool:
    """Whether a statement means the same on one line, and ends as one does."""
    return statement.endswith(";") and not ("\n" in statement and ("//" in statement or "#" in statement or "\\\n" in statement))


def halves(example: Example) -> tuple[Example, Example] | None:
    """Two examples with the lines of one; None where it is too short to be cut."""
    lines = lines_of(example.target)
    count = len(lines)
    if count < _FEWEST_LINES:
        return None
    places = [number for number in range(count // 4, count - count // 4 + 1) if lines[number].strip()]
    if not places:
        return None
    cut = min(places, key=lambda number: (_indent(lines, number), abs(number - count // 2)))
    parts = ((lines[:cut], 0), (lines[cut:], cut))
    first, second = (_part(example, part, begin) for part, begin in parts)
    return first, second


def _part(example: Example, lines: Sequence[str], begin: int) -> Example:
    taken = tuple(number - begin for number in example.taken if begin <= number < begin + len(lines))
    return replace(example, **Example.fields_of_lines(lines, taken))


def _indent(lines: Sequence[str], number: int) -> int:
    """How deep a place is; a closing bracket belongs to what is before it."""
    line = lines[number]
    depth = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
    return depth + (1 if line.lstrip().startswith(("}", "{")) else 0)
