"""How well MPI calls were put into a program: calls matched one to one, by name, place and arguments.

Each predicted call satisfies at most one call of the gold program and each surplus call lowers precision. A place matches when the lines
differ by no more than a tolerance, which is part of every figure's name. The levels are ``name``, ``location`` (name and place) and
``arguments`` (name, place and all arguments, normalised: blanks and casts, ``NULL`` and 0, ``&x[0]`` and ``x``, Fortran's case). Each level
has the matching that is best for it. Programs without any match count like all others.

The published metric (see `hpcraft.eval.published`) is recall alone, and lets one call satisfy several.
Not covered: calls through macros or function pointers, C++ bindings, whether the program works, which the judge has to tell.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hpcraft.data.syntax import parse, text_of
from hpcraft.eval.agreement import Found, named, scores
from hpcraft.eval.metrics import Figure, share

if TYPE_CHECKING:
    from tree_sitter import Node

TOLERANCES = (0, 1, 2)
_NAME = re.compile(r"P?MPIX?_\w+", re.IGNORECASE)
_LABEL = re.compile(r"\(\s*(\d+)(?:\s+(\d+))?\s*,\s*(?=P?MPIX?_)", re.IGNORECASE)
_NULL = frozenset(("NULL", "nullptr", "0"))
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Call:
    """An MPI call of a program."""

    line: int
    """1-based; of a label the line that it names."""
    place: int
    """Which MPI call of its line it is, from 1."""
    name: str
    arguments: tuple[str, ...]
    """Normalised."""


class Program(NamedTuple):
    """The calls of one program as they should be, and as they were predicted."""

    gold: Sequence[Call]
    predicted: Sequence[Call]


def calls_of_program(text: str, language: str) -> list[Call]:
    """The MPI calls of a program, in the order of the text.

    Args:
        text: Fortran in free form.
        language: a `hpcraft.records.Language`.
    """
    fortran = language == "fortran"
    found: list[Call] = []
    places: Counter[int] = Counter()
    for node in _nodes(parse(language, text)):
        name, arguments = _taken_apart(node, fortran=fortran)
        if not _NAME.fullmatch(name):
            continue
        line = node.start_point.row + 1
        places[line] += 1
        found.append(Call(line, places[line], name.lower() if fortran else name, arguments))
    return found


def calls_of_labels(text: str) -> list[Call]:
    """The calls in a model's answer of the form ``(6, MPI_Init(&argc, &argv);) (12 1, MPI_Bcast(...);)``: line, place, statement."""
    found = []
    starts = list(_LABEL.finditer(text))
    ends = [*(label.start() for label in starts[1:]), len(text)]
    for label, end in zip(starts, ends, strict=False):
        statement = text[label.end() : end]
        call = next(iter(calls_of_program(f"void f() {{ {statement.strip().rstrip(') ')}); }}", "c")), None)
        if call is not None:
            found.append(Call(int(label[1]), int(label[2] or 1), call.name, call.arguments))
    return found


def insertion_figures(programs: Sequence[Program], tolerance: int) -> dict[str, Figure]:
    """Precision, recall and F1 at each level, and the share of programs that are right as a whole, at one tolerance."""
    levels: dict[str, list[Found]] = defaultdict(list)
    whole = []
    for gold, predicted in programs:
        names, places, arguments = (len(matching(gold, predicted, key, within)) for key, within in _levels(tolerance))
        for level, matched in (("name", names), ("location", places), ("arguments", arguments)):
            levels[level].append(Found(matched, len(predicted), len(gold)))
        whole.append(float(arguments == len(gold) == len(predicted)))
    result = named("mpi-name", scores(levels["name"]))
    for level in ("location", "arguments"):
        result |= {f"{name}-within-{tolerance}": figure for name, figure in named(f"mpi-{level}", scores(levels[level])).items()}
    return result | {f"mpi-program-within-{tolerance}": share(whole)}


def matching(gold: Sequence[Call], predicted: Sequence[Call], key: Callable[[Call], Hashable], tolerance: float) -> list[tuple[Call, Call]]:
    """As many pairs of gold and predicted calls as there can be, each call in one of them at most.

    Args:
        gold: calls of the gold program.
        predicted: calls of the answer.
        key: what must be equal.
        tolerance: by how many lines the two may differ.
    """
    by_key: dict[Hashable, tuple[list[Call], list[Call]]] = defaultdict(lambda: ([], []))
    for side, calls in enumerate((gold, predicted)):
        for call in calls:
            by_key[key(call)][side].append(call)
    # With one tolerance for all, pairing from the top never costs a pair further down.
    return [pair for both in by_key.values() for pair in _from_the_top(*both, tolerance)]


def _from_the_top(gold: list[Call], predicted: list[Call], tolerance: float) -> Iterator[tuple[Call, Call]]:
    ours = iter(sorted(predicted, key=lambda call: (call.line, call.place)))
    candidate = next(ours, None)
    for call in sorted(gold, key=lambda call: (call.line, call.place)):
        while candidate is not None and candidate.line < call.line - tolerance:
            candidate = next(ours, None)
        if candidate is None:
            return
        if candidate.line <= call.line + tolerance:
            yield call, candidate
            candidate = next(ours, None)


def _levels(tolerance: int) -> list[tuple[Callable[[Call], Hashable], float]]:
    return [
        (lambda call: call.name, float("inf")),
        (lambda call: call.name, tolerance),
        (lambda call: (call.name, call.arguments), tolerance),
    ]


# ---------------------------------------------------------------- reading calls


def _nodes(root: Node) -> Iterator[Node]:
    """Nodes that may be calls, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in ("call_expression", "subroutine_call"):
            yield node
        stack.extend(reversed(node.named_children))


def _taken_apart(node: Node, *, fortran: bool) -> tuple[str, tuple[str, ...]]:
    if fortran:
        name = node.child_by_field_name("subroutine") or next(iter(node.named_children), None)
        arguments = next((child for child in node.named_children if child.type == "argument_list"), None)
    else:
        name, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    return text_of(name), tuple(_normalised(child, fortran, 0) for child in given if child.type != "comment")


def _normalised(node: Node, fortran: bool, depth: int) -> str:
    """An argument without what says nothing."""
    if fortran:
        text = "".join(text_of(node).lower().replace("&", " ").split())
        return re.sub(r"^(\w+)\(1\)$", r"\1", text)
    kind = node.type
    if depth < _DEEPEST:
        if kind == "parenthesized_expression" and len(node.named_children) == 1:
            return _normalised(node.named_children[0], fortran, depth + 1)
        if kind == "cast_expression" and (value := node.child_by_field_name("value")) is not None:
            return _normalised(value, fortran, depth + 1)
        if kind == "pointer_expression" and (element := _element(node)) is not None:
            array, index = (_normalised(part, fortran, depth + 1) for part in element)
            return array if index in _NULL else f"{array}+{index}"
    text = "".join(text_of(node).split())
    return "0" if text in _NULL else text


def _element(node: Node) -> tuple[Node, Node] | None:
    """Array and index of ``&x[i]``."""
    argument = node.child_by_field_name("argument")
    if not text_of(node).startswith("&") or argument is None or argument.type != "subscript_expression":
        return None
    array = argument.child_by_field_name("argument")
    index = argument.child_by_field_name("index") or next(iter((argument.child_by_field_name("indices") or argument).named_children), None)
    return (array, index) if array is not None and index is not None else None
