"""Small faults in a program, made on its syntax tree: what good tests must notice.

`mutants` gives faulty versions of one C function, for the tests of pairs: a relation off by one, another arithmetic or assignment operator,
swapped operands, a constant changed, a statement dropped. `faulty_versions` makes those and more in every function of a program in C, C++,
CUDA, Fortran or Python: a loop bound, swapped indices, another logical operator, a dropped call of MPI or of a barrier, and in OpenMP a dropped clause
or synchronisation (`hpcraft.data.mutations_c`, `hpcraft.data.mutations_fortran`, `hpcraft.data.mutations_openmp`, `hpcraft.data.mutations_python`).
Loop steps and while loops are left alone, because faults there mostly don't end.

Not covered: faults of several places at a time; clauses that map data to a device, and all of OpenACC's, which change nothing where the host is
the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from tree_sitter import Node

from hpcraft.data import mutations_c, mutations_fortran, mutations_openmp, mutations_python
from hpcraft.data.mutations_c import Edit
from hpcraft.data.syntax import grammar_of, parser
from hpcraft.data.trees import functions, parse, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A program with one fault."""

    code: str
    kind: str
    """Of the fault, such as ``relation``."""
    line: int
    """Where it is, from 1."""
    before: str
    """That line of the program, without blanks around."""
    after: str

    @property
    def words(self) -> str:
        """The fault as a line of a diff."""
        return f"line {self.line}: {self.before} -> {self.after}"


def mutants(source: str, name: str, *, count: int, seed: int = 0) -> list[str]:
    """At most ``count`` different faulty versions of the function ``name`` in ``source``, every one of which parses."""
    root = parse(source)
    function = next((f for f in functions(root) if name in text_of(f.child_by_field_name("declarator"))), None)
    body = function.child_by_field_name("body") if function else None
    if body is None:
        return []
    edits = sorted({(edit.start, edit.end, edit.text) for edit in mutations_c.edits(body, thorough=False)})
    Random(seed).shuffle(edits)
    data, found = source.encode(), []
    for start, end, text in edits:
        mutant = (data[:start] + text.encode() + data[end:]).decode()
        if mutant != source and mutant not in found and not parse(mutant).has_error:
            found.append(mutant)
        if len(found) == count:
            break
    return found


def faulty_versions(source: str, language: str, *, seed: int = 0) -> Iterator[Mutant]:
    """All different faulty versions of a program, the kinds of faults in turn, so that the first few are of many kinds.

    Args:
        source: the program; Fortran in free form.
        language: a `hpcraft.records.Language`, or python; device code is known by its launches.
        seed: of the order.
    """
    places, parses = _places(source, language)
    kinds: dict[str, list[Edit]] = {}
    for edit in sorted(set(places), key=lambda e: (e.kind, e.start, e.end, e.text)):
        kinds.setdefault(edit.kind, []).append(edit)
    rng, seen = Random(seed), {source}
    for edits in kinds.values():
        rng.shuffle(edits)
    order = list(kinds.values())
    rng.shuffle(order)
    for edit in (e for turn in zip_longest(*order) for e in turn if e is not None):
        mutant = _made(source.encode(), edit)
        if mutant.code not in seen and parses(mutant.code):
            seen.add(mutant.code)
            yield mutant


def _places(source: str, language: str) -> tuple[Iterator[Edit], Callable[[str], bool]]:
    """Where faults can be put, and what tells whether a program still parses."""
    if language == "python":
        return mutations_python.edits(source), mutations_python.parses
    grammar = parser(grammar_of(language, source))
    root = grammar.parse(source.encode()).root_node
    # A program that the grammar doesn't understand whole has errors before any fault.
    return _edits(root, source, language), lambda code: root.has_error or not grammar.parse(code.encode()).root_node.has_error


def _edits(root: Node, source: str, language: str) -> Iterator[Edit]:
    yield from mutations_openmp.edits(source, language)
    if language == "fortran":
        yield from mutations_fortran.edits(root)
    else:
        yield from mutations_c.edits(root, thorough=True)


def _made(data: bytes, edit: Edit) -> Mutant:
    code = (data[: edit.start] + edit.text.encode() + data[edit.end :]).decode()
    line = data[: edit.start].count(b"\n")
    return Mutant(
        code=code, kind=edit.kind, line=line + 1, before=_line(data.decode().split("\n"), line), after=_line(code.split("\n"), line)
    )


def _line(lines: Sequence[str], number: int) -> str:
    return " ".join(lines[number].split()) if number < len(lines) else ""
