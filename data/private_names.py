"""Names in OpenMP's private clauses that a loop can't have there: those that aren't declared in front of it, and repeated ones.

A translator that has seen loops whose counters are declared before them writes ``private(i)`` in front of ``for (int i = 0; ...)``, too, and then nothing builds. What
is declared inside of a loop is private by itself.

Not covered: other clauses; a clause that names a parameter whose value the loop needs, which the tests will tell.
"""

from __future__ import annotations

import re
from functools import partial

from tree_sitter import Node

from hpcraft.data.trees import declared_name, functions, parameter_names, parse, text_of, walk

_CLAUSE = re.compile(r"\s*\b(private|firstprivate|lastprivate)\s*\(([^()]*)\)")


def with_known_privates(code: str) -> str:
    """C or C++ with each private clause of a name that is declared in front of its directive, once; a clause of no name goes."""
    edits: list[tuple[int, int, str]] = []
    for function in functions(parse(code, "cpp")):
        for node in walk(function):
            if node.type == "preproc_call" and "omp" in text_of(node):
                text = _CLAUSE.sub(partial(_kept, known=_known(function, node)), text_of(node))
                edits.append((node.start_byte, node.end_byte, text))
    data = code.encode()
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text.encode() + data[end:]
    return data.decode()


def _kept(clause: re.Match[str], known: set[str]) -> str:
    names = dict.fromkeys(name for name in re.findall(r"[A-Za-z_]\w*", clause[2]) if name in known)
    return f" {clause[1]}({', '.join(names)})" if names else ""


def _known(function: Node, directive: Node) -> set[str]:
    """The names that are declared in front of a directive, in blocks that it stands in."""
    known = set(parameter_names(function))
    for node in walk(function):
        if node.type != "declaration" or node.end_byte > directive.start_byte or node.parent is None:
            continue
        if node.parent.start_byte <= directive.start_byte < node.parent.end_byte:
            known |= {declared_name(declarator) for declarator in node.children_by_field_name("declarator")}
    return known
