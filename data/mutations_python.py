"""Places in Python where a small fault can be put, by the standard library's syntax tree: see `hpcraft.data.mutants`.

The kinds are those of C: relation, arithmetic, assignment, logic, constant, bound (of ``range`` and ``prange``, and of slices), operands, indices, statement.
Decorators, annotations, steps of ranges and while loops are left alone: faults there change speed alone, or mostly don't end.
Not covered: comprehensions' conditions and calls of library routines with another name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hpcraft.data.mutations_c import Edit

_RELATIONS: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
}
_LOGICAL: Mapping[type[ast.boolop], tuple[str, str]] = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
_ONE_WAY = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod)
"""Operators whose operands can't change places."""
_RANGES = ("range", "prange")


@dataclass(frozen=True, slots=True)
class _Text:
    """A program and where its lines begin, in bytes, as the tree counts them."""

    data: bytes
    starts: tuple[int, ...]

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> str:
        return self.data[self.start(node) : self.end(node)].decode()

    def closed(self, node: ast.expr) -> str:
        """In brackets where another operator beside it could take it apart."""
        return (
            self.of(node) if isinstance(node, ast.Name | ast.Constant | ast.Subscript | ast.Call | ast.Attribute) else f"({self.of(node)})"
        )

    def replaced(self, node: ast.expr | ast.stmt, text: str, kind: str) -> Edit:
        return Edit(self.start(node), self.end(node), text, kind)

    def operator(self, left: ast.expr, right: ast.expr, change: tuple[str, str], kind: str) -> Iterator[Edit]:
        """Another operator between two expressions; brackets may stand around it."""
        begin, (before, after) = self.end(left), change
        at = self.data[begin : self.start(right)].find(before.encode())
        if at >= 0:
            yield Edit(begin + at, begin + at + len(before), after, kind)


def parses(source: str) -> bool:
    """Whether a text is a Python program."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def edits(source: str) -> Iterator[Edit]:
    """Faults in the bodies of a program's functions; none where it isn't Python."""
    if not parses(source):
        return
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    text = _Text(source.encode(), tuple(starts))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            yield from _block(node.body, text)


def _block(body: Sequence[ast.stmt], text: _Text) -> Iterator[Edit]:
    for statement in body:
        # A function inside of one comes by itself.
        if isinstance(statement, ast.While | ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom) or _is_words(statement):
            continue
        if _can_go(statement):
            yield text.replaced(statement, "pass", "statement")
        if isinstance(statement, ast.AugAssign) and type(statement.op) in _ARITHMETIC:
            before, after = _ARITHMETIC[type(statement.op)]
            yield from text.operator(statement.target, statement.value, (f"{before}=", f"{after}="), "assignment")
        for field, value in ast.iter_fields(statement):
            if isinstance(value, ast.expr) and field != "annotation":
                yield from _expression(value, text)
            elif isinstance(value, list) and all(isinstance(item, ast.stmt) for item in value):
                yield from _block(value, text)
            elif isinstance(value, list):
                yield from (e for item in value if isinstance(item, ast.expr) for e in _expression(item, text))


def _is_words(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _can_go(statement: ast.stmt) -> bool:
    """Whether a program without it still knows all its names: a call, or what changes something that is there already."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Subscript) for target in statement.targets)
    return isinstance(statement, ast.AugAssign | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    )


def _expression(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Faults in an expression and all below it."""
    step: ast.expr | None = None
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and (relation := _RELATIONS.get(type(node.ops[0]))):
        yield from text.operator(node.left, node.comparators[0], relation, "relation")
    elif isinstance(node, ast.BoolOp):
        for left, right in pairwise(node.values):
            yield from text.operator(left, right, _LOGICAL[type(node.op)], "logic")
    elif isinstance(node, ast.BinOp):
        yield from _binary(node, text)
    elif isinstance(node, ast.Constant):
        yield from _constant(node, text)
    elif isinstance(node, ast.Subscript):
        yield from _swapped(node, text)
    elif isinstance(node, ast.Slice) and node.upper is not None:
        step = node.step
        yield text.replaced(node.upper, f"{text.closed(node.upper)} - 1", "bound")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _RANGES and node.args:
        step = node.args[2] if len(node.args) > 2 else None
        yield from _bounds(node, text)
    for child in ast.iter_child_nodes(node):
        if child is not step:
            yield from _expression(child, text)


def _binary(node: ast.BinOp, text: _Text) -> Iterator[Edit]:
    if change := _ARITHMETIC.get(type(node.op)):
        yield from text.operator(node.left, node.right, change, "arithmetic")
    if isinstance(node.op, _ONE_WAY) and text.of(node.left) != text.of(node.right):
        between = text.data[text.end(node.left) : text.start(node.right)].decode()
        # The other way round the brackets of the two would stand at the wrong sides.
        sign = between.strip("() \n")
        yield text.replaced(node, f"{text.closed(node.right)} {sign} {text.closed(node.left)}", "operands")


def _constant(node: ast.Constant, text: _Text) -> Iterator[Edit]:
    if isinstance(node.value, bool):
        return
    if isinstance(node.value, int):
        yield text.replaced(node, str(node.value + 1), "constant")
        if node.value > 0:
            yield text.replaced(node, str(node.value - 1), "constant")
    elif isinstance(node.value, float):
        yield text.replaced(node, f"({text.of(node)} + 1)", "constant")


def _bounds(call: ast.Call, text: _Text) -> Iterator[Edit]:
    """A range that ends one step too early or too late, or begins too late."""
    first, last = (None, call.args[0]) if len(call.args) == 1 else (call.args[0], call.args[1])
    yield text.replaced(last, f"{text.closed(last)} - 1", "bound")
    yield text.replaced(last, f"{text.closed(last)} + 1", "bound")
    if first is not None and not isinstance(first, ast.Constant):
        yield text.replaced(first, f"{text.closed(first)} + 1", "bound")


def _swapped(node: ast.Subscript, text: _Text) -> Iterator[Edit]:
    """Two different names in an index, each in the place of the other."""
    names = sorted(_names(node.slice), key=text.start)
    for second in names[1:]:
        between = text.data[text.end(names[0]) : text.start(second)].decode()
        # A sum or a product of the two is the same in the other order.
        if second.id != names[0].id and between.strip("() \n") not in ("*", "+"):
            swapped = f"{second.id}{between}{names[0].id}"
            yield Edit(text.start(names[0]), text.end(second), swapped, "indices")
            return


def _names(node: ast.AST) -> Iterator[ast.Name]:
    """Names below an index but those of what is called or indexed itself."""
    if isinstance(node, ast.Name):
        yield node
        return
    taken = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
    for child in ast.iter_child_nodes(node):
        if child is not taken:
            yield from _names(child)
