"""The outline of Fortran in free form, by its grammar; everything is read in lower case.

A directive is a comment there: what it stands before is found by its kind, the next loop or the statements up to its ``end``.
Not covered: fixed form; names that are keywords of the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.parallel.c_text import stands_alone
from hpcraft.data.parallel.outline import Argument, Kind, Parameter, Program, Step, parse_directive, with_own_counter
from hpcraft.data.syntax import parser, text_of, walk_without

_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|![^\n]*")
_CONTINUED = re.compile(
    r"&[ \t]*(?:![^\n]*)?\n(?:[ \t]*(?:!(?!\$(?:omp|acc))[^\n]*)?\n)*[ \t]*(?:!\$(?:omp|acc)[ \t]*&?|&)?", re.IGNORECASE
)
_SENTINEL = re.compile(r"^[ \t]*!\$[ \t](?=[^\n]*$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^!\$(?:omp|acc)\b\s*(.*)$", re.DOTALL)
_OF_LOOPS = frozenset({"do", "simd", "taskloop", "distribute", "loop"})
"""Constructs that hold the loop behind them, with or without an ``end``."""
_ENDLESS = frozenset({"atomic"})
_PROCEDURES = ("subroutine", "function", "module_procedure")
_LITERALS = ("string_literal", "comment")


def outline(code: str) -> Program:
    """The outline of an answer in Fortran."""
    root = parser("fortran").parse(prepare(code).encode(errors="replace")).root_node
    reader = _Reader()
    steps = reader.block(root.children)
    return Program(language="fortran", steps=steps, scalars=frozenset(reader.scalars - reader.arrays), arrays=frozenset(reader.arrays))


def prepare(code: str) -> str:
    """Lower case, without comments that are no directives and with continued lines joined; what only OpenMP compiles is compiled."""
    joined = _CONTINUED.sub(" ", _SENTINEL.sub(" ", code.replace("\r\n", "\n")))

    def replaced(match: re.Match[str]) -> str:
        if match[0][0] != "!":
            return match[0]
        return match[0].lower() if re.match(r"!\$(?:omp|acc)\b", match[0], re.IGNORECASE) else ""

    pieces, at = [], 0
    for match in _STRING.finditer(joined):
        pieces += [joined[at : match.start()].lower(), replaced(match)]
        at = match.end()
    return "".join([*pieces, joined[at:].lower(), "\n"])


@dataclass(slots=True)
class _Cursor:
    """Where reading a list of statements stands."""

    nodes: Sequence[Node]
    at: int = 0


class _Reader:
    """Walks the tree and keeps what declarations say."""

    def __init__(self) -> None:
        self._loops = 0
        self.scalars: set[str] = set()
        self.arrays: set[str] = set()
        self.values: set[str] = set()

    def block(self, nodes: Sequence[Node]) -> list[Step]:
        """The steps of statements that follow each other."""
        cursor, steps = _Cursor(nodes), list[Step]()
        while cursor.at < len(nodes):
            steps += self._next(cursor)
        return steps

    def _next(self, cursor: _Cursor) -> list[Step]:
        node = cursor.nodes[cursor.at]
        cursor.at += 1
        text = _directive(node)
        if text is None:
            return self.visit(node)
        if stands_alone(text):
            return []
        step = parse_directive(text)
        if step.words & _OF_LOOPS or step.words <= _ENDLESS:
            step.below = self._loop_behind(cursor)
        else:
            step.below = self._up_to_end(cursor, step.words)
        return [step]

    def _loop_behind(self, cursor: _Cursor) -> list[Step]:
        """What is between a directive and its loop, and the loop; directives on the way hold the loop too."""
        steps: list[Step] = []
        while cursor.at < len(cursor.nodes):
            node = cursor.nodes[cursor.at]
            if (text := _directive(node)) is not None and "end" in text.split()[:1]:
                break
            steps += self._next(cursor)
            if text is not None or node.is_named:
                break
        return steps

    def _up_to_end(self, cursor: _Cursor, words: frozenset[str]) -> list[Step]:
        steps: list[Step] = []
        while cursor.at < len(cursor.nodes):
            text = _directive(cursor.nodes[cursor.at])
            if text is not None and re.match(r"end\s*\w", text) and words & parse_directive(re.sub(r"^end\s*", "", text)).words:
                cursor.at += 1
                break
            if text is not None and text.split()[:1] == ["section"] and "section" in words:
                break
            steps += self._next(cursor)
        return steps

    def visit(self, node: Node) -> list[Step]:
        """The steps at and below a node."""
        if node.type in _LITERALS:
            return []
        if node.type in _PROCEDURES and node.is_named:
            return [self._procedure(node)]
        if (visit := getattr(self, f"_{node.type}", None)) is not None:
            return list(visit(node))
        return self.block(node.children)

    # ------------------------------------------------------------ declarations

    def _procedure(self, node: Node) -> Step:
        head = node.children[0]
        given = head.child_by_field_name("parameters")
        listed = [text_of(child) for child in (given.named_children if given else ()) if child.type == "identifier"]
        below = self.block(node.children[1:])
        declared = {
            base(declarator): text_of(declaration)
            for declaration in node.children
            if declaration.type == "variable_declaration"
            for declarator in declaration.children_by_field_name("declarator")
        }
        parameters = tuple(
            Parameter(
                name=name,
                is_shared=not re.search(r"\bvalue\b", declared.get(name, "").partition("::")[0]),
                is_const=bool(re.search(r"\bintent\s*\(\s*in\s*\)", declared.get(name, ""))),
            )
            for name in listed
        )
        result = next((n for n in _walk(head) if n.type == "function_result"), None)
        name = text_of(head.child_by_field_name("name"))
        if result is not None and result.named_children:
            below.append(Step(kind=Kind.ASSIGN, name=name, target=name, reads=names(result), declares=True))
        return Step(kind=Kind.FUNCTION, name=name, parameters=parameters, below=below)

    def _variable_declaration(self, node: Node) -> Iterator[Step]:
        before = text_of(node).partition("::")[0]
        dimensioned = bool(re.search(r"\b(?:dimension|allocatable|pointer)\b", before)) or not re.match(
            r"\s*(?:integer|real|logical|double)", before
        )
        for declarator in node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("right") if declarator.type == "init_declarator" else None
            place = declarator.child_by_field_name("left") if declarator.type == "init_declarator" else declarator
            sized = place is not None and place.type == "sized_declarator"
            name = text_of(next((n for n in _walk(place) if n.type == "identifier"), None))
            (self.arrays if dimensioned or sized else self.scalars).add(name)
            reads = (names(value) | names(place)) - {name}
            yield Step(kind=Kind.ASSIGN, name=name, target=name, declares=True, reads=reads, text=text_of(value))

    def _allocate_statement(self, node: Node) -> Iterator[Step]:
        for allocation in node.children_by_field_name("allocation"):
            found = names_in_order(allocation)
            if found:
                yield Step(kind=Kind.ASSIGN, name=found[0], target=found[0], declares=True, reads=frozenset(found[1:]), text="")

    def _association(self, node: Node) -> Iterator[Step]:
        name, of = text_of(node.child_by_field_name("name")), node.child_by_field_name("selector")
        yield Step(
            kind=Kind.ASSIGN, name=name, target=name, declares=True, reads=names(of), aliases=frozenset({base(of)}), text=text_of(of)
        )

    # ------------------------------------------------------------ statements

    def _do_loop(self, node: Node) -> Iterator[Step]:
        head = next((child for child in node.children if child.type == "do_statement"), None)
        inside = [child for child in node.children if child.type not in ("do_statement", "block_label_start_expression")]
        control = next((n for n in _walk(head) if n.type == "loop_control_expression"), None)
        step = Step(kind=Kind.LOOP, text=text_of(head), reads=names(head), below=self.block(inside))
        if control is not None and len(control.named_children) > 2:
            variable, first, last, *by = (text_of(child) for child in control.named_children)
            step.bounds = (first, last, by[0] if by else "1")
            step.header = [Step(kind=Kind.ASSIGN, name=variable, target=variable, reads=step.reads - {variable})]
        self._loops += 1
        yield from with_own_counter(step, self._loops)
        self.scalars.update(s.name for s in step.header)

    def _where_statement(self, node: Node) -> Iterator[Step]:
        mask = next((child for child in node.children if child.type == "parenthesized_expression"), None)
        inside = [child for child in node.children if child != mask]
        yield Step(kind=Kind.BRANCH, text=f"where {text_of(mask)}", reads=names(mask), below=self.block(inside))

    def _forall_statement(self, node: Node) -> Iterator[Step]:
        head = [child for child in node.children if child.type == "triplet_spec"]
        inside = [child for child in node.children if child.type != "triplet_spec"]
        yield Step(kind=Kind.LOOP, text="forall", reads=frozenset[str]().union(*map(names, head)), below=self.block(inside))

    def _if_statement(self, node: Node) -> Iterator[Step]:
        condition = next((child for child in node.children if child.type == "parenthesized_expression"), None)
        others = ("elseif_clause", "else_clause")
        yield Step(
            kind=Kind.BRANCH,
            text=text_of(condition)[1:-1],
            reads=names(condition),
            header=self.visit(condition) if condition else [],
            below=self.block([child for child in node.children if child != condition and child.type not in others]),
            otherwise=self._others([child for child in node.children if child.type in others]),
        )

    def _others(self, clauses: list[Node]) -> list[Step]:
        if not clauses:
            return []
        first, *rest = clauses
        if first.type == "else_clause":
            return self.block(first.children)
        (step,) = self._if_statement(first)
        step.otherwise = self._others(rest)
        return [step]

    def _select_case_statement(self, node: Node) -> Iterator[Step]:
        selector = next((child for child in node.children if child.type == "selector"), None)
        inside = [child for child in node.children if child != selector]
        yield Step(kind=Kind.BRANCH, text=f"switch {text_of(selector)}", reads=names(selector), below=self.block(inside))

    def _keyword_statement(self, node: Node) -> Iterator[Step]:
        word = {"cycle": "continue", "exit": "break"}.get(text_of(node).split()[0], text_of(node).split()[0])
        yield Step(kind=Kind.USE, name=word)

    # ------------------------------------------------------------ expressions

    def _assignment_statement(self, node: Node) -> Iterator[Step]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        name = base(left)
        yield Step(
            kind=Kind.ASSIGN,
            name=name,
            text=text_of(right),
            target=text_of(left),
            reads=names(right),
            indices=names(left) - {name},
            indexed=name in self.arrays or (left is not None and left.type != "identifier"),
        )
        yield from self.visit(left) if left is not None and left.type != "call_expression" else []
        yield from self.visit(right) if right is not None else []

    def _pointer_association_statement(self, node: Node) -> Iterator[Step]:
        left, right = node.named_children[0], node.named_children[-1]
        yield Step(
            kind=Kind.ASSIGN, name=base(left), target=text_of(left), declares=True, reads=names(right), aliases=frozenset({base(right)})
        )

    def _call_expression(self, node: Node) -> Iterator[Step]:
        yield from self._called(node, node.named_children[0] if node.named_children else None)

    def _subroutine_call(self, node: Node) -> Iterator[Step]:
        yield from self._called(node, node.child_by_field_name("subroutine"))

    def _called(self, node: Node, function: Node | None) -> Iterator[Step]:
        name = names_in_order(function)[0] if function is not None and names_in_order(function) else ""
        given = next((child for child in node.children if child.type == "argument_list"), None)
        inside = given.named_children if given else []
        if name not in self.arrays or node.type == "subroutine_call":
            owner = name if function is not None and function.type == "derived_type_member_expression" else ""
            called = text_of(function).rpartition("%")[2]
            arguments = [_argument(child) for child in inside]
            arguments += [Argument(text=owner, base=owner, reads=frozenset({owner}), by_address=True)] if owner else []
            yield Step(kind=Kind.CALL, name=called, text=text_of(function), reads=names(node), arguments=tuple(arguments))
        yield from self.block(inside)


def _directive(node: Node) -> str | None:
    match = _DIRECTIVE.match(text_of(node)) if node.type == "comment" else None
    return match[1].strip() if match else None


def _argument(node: Node) -> Argument:
    value = (node.child_by_field_name("value") or node) if node.type == "keyword_argument" else node
    points = value.type in ("identifier", "call_expression", "derived_type_member_expression")
    return Argument(text=text_of(value), base=base(value) if points else "", reads=names(value), by_address=points)


def names(node: Node | None) -> frozenset[str]:
    """The names below a node."""
    return frozenset(names_in_order(node))


def names_in_order(node: Node | None) -> list[str]:
    """The same in the order of the text."""
    return [text_of(n) for n in _walk(node) if n.type == "identifier"]


def base(node: Node | None) -> str:
    """The variable that a place lies in."""
    return next(iter(names_in_order(node)), "")


def _walk(root: Node | None) -> Iterator[Node]:
    return walk_without(root, _LITERALS)
