"""Many faults in one program: code with its faulty versions inside, one of which is chosen by a number at each call, and marks of what ran.

Theory of operation. A mutant schema (Untch, Offutt and Harrold 1993) holds the original expression and the faulty ones side by side, as in
``(hpcraft_fault == 3 ? a + b : a - b)``, so that a function and all its mutants cost one compilation. With marks, each statement first notes
that it was reached. The entry of a schema is a wrapper that takes two more arguments, the number of the fault (0 for none) and an array
for the marks; it has the original's behaviour where the number is 0. Faults are those of `hpcraft.data.mutations_c`, each lifted to the smallest
expression or statement around it.

What a loop shared by OpenMP may look like decides one thing: a fault of its bound is put into the bound, so that the comparison stays one.

Not covered: faults in directives; Fortran; places where no choice at run time may stand (sizes of arrays, labels, constants).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from random import Random

from tree_sitter import Node

from hpcraft.data import mutations_c
from hpcraft.data.mutations_c import Edit
from hpcraft.data.trees import functions, parse, text_of, walk
from hpcraft.sandbox.abi import Parameter, Signature

_FAULT, _SEEN = "hpcraft_fault", "hpcraft_seen"
_ENTRY = "_tried"
_EXPRESSIONS = (
    "binary_expression",
    "assignment_expression",
    "call_expression",
    "field_expression",
    "subscript_expression",
    "number_literal",
)
_AS_THEY_ARE = (*_EXPRESSIONS, "identifier", "parenthesized_expression", "unary_expression", "cast_expression", "conditional_expression")
"""What an edit may replace whole."""
_NEXT = {("<", "<="): "+", ("<=", "<"): "-", (">", ">="): "-", (">=", ">"): "+"}
"""A relation as another one whose right side is one more or less: how a loop's bound is made wrong."""
_STATEMENTS = (
    *("expression_statement", "return_statement", "if_statement", "for_statement", "while_statement", "do_statement"),
    *("switch_statement", "break_statement", "continue_statement", "goto_statement", "declaration"),
)
_NESTS = re.compile(r"^\s*#\s*pragma\s+omp\b.*\b(?:collapse|ordered|tile|order)\s*\(", re.MULTILINE)
_BODIES = ("for_statement", "while_statement", "do_statement", "if_statement", "else_clause", "labeled_statement")
_ON_DEVICE = ("__global__", "__device__")


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """Code with its faulty versions inside."""

    code: str
    signature: Signature
    """Of the wrapper: the original's parameters, the number of a fault, and an array of as many marks as `lines` has, at least one."""
    kinds: tuple[str, ...]
    """What kind each fault is, in their order; the first one has the number 1."""
    mutants: tuple[str, ...]
    """The faulty versions as programs of their own."""
    lines: tuple[int, ...]
    """The line of the original, from 1, of each marked statement."""

    @property
    def num_marks(self) -> int:
        """The length of the array of marks."""
        return max(1, len(self.lines))


@dataclass(frozen=True, slots=True)
class _Span:
    """A piece of the text that is written otherwise."""

    start: int
    end: int
    rank: int
    """Of spans with the same ends, the one of the lowest rank is the outermost."""
    write: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Choice:
    """A fault, lifted to where a choice can stand."""

    node: Node
    text: str
    """What stands there in the faulty version."""
    edit: Edit


def schema(source: str, signature: Signature, *, language: str = "c", count: int, seed: int = 0, marks: bool = False) -> Schema | None:
    """The schema of a program; None where it has no function.

    Args:
        source: the program.
        signature: its entry point.
        language: ``c``, ``cpp`` or ``cuda``; faults of CUDA are those of what runs on the device.
        count: at most this many faults, their kinds in turn.
        seed: of the order of faults.
        marks: whether statements note that they were reached.
    """
    root, data = parse(source, language), source.encode()
    bodies = [body for f in functions(root) if (body := f.child_by_field_name("body")) is not None]
    if not bodies:
        return None
    faulty = [b for b in bodies if language != "cuda" or _on_device(b)]
    chosen = _chosen(faulty, data, language, count, seed)
    spans = list(_fault_spans([c for c, _ in chosen]))
    lines: list[int] = []
    nests = _NESTS.search(source) is not None
    if marks:
        for node in (n for body in bodies for n in walk(body)):
            if _is_marked(node) and not (nests and _is_nested(node)):
                spans.append(_mark_span(node, len(lines)))
                lines.append(node.start_point[0] + 1)
    code = _written(data, 0, len(data), sorted(spans, key=lambda s: (s.start, -s.end, s.rank)))
    wrapped, entry = _wrapper(signature, len(lines), language)
    head = f"static int {_FAULT};\n" + (f"static unsigned char {_SEEN}[{len(lines)}];\n" if lines else "")
    return Schema(
        code=head + code + wrapped,
        signature=entry,
        kinds=tuple(c.edit.kind for c, _ in chosen),
        mutants=tuple(text for _, text in chosen),
        lines=tuple(lines),
    )


def covered(lines: Sequence[int], seen: Sequence[int]) -> float:
    """The share of the lines on which every statement ran; 1.0 where there is none to run."""
    missed = {line for line, mark in zip(lines, seen, strict=False) if not mark}
    return 1.0 - len(missed) / len(set(lines)) if lines else 1.0


# ---------------------------------------------------------------- faults


def _chosen(bodies: Sequence[Node], data: bytes, language: str, count: int, seed: int) -> list[tuple[_Choice, str]]:
    """The first ``count`` faults that can be lifted and still parse, kinds in turn, each with its program."""
    found: list[tuple[_Choice, str]] = []
    for edit in _in_turn({e for body in bodies for e in mutations_c.edits(body, thorough=True)}, seed):
        if len(found) == count:
            break
        choice = next((c for body in bodies if (c := _lifted(body, edit, data)) is not None), None)
        if choice is None:
            continue
        mutant = (data[: edit.start] + edit.text.encode() + data[edit.end :]).decode()
        if all(mutant != other for _, other in found) and not parse(mutant, language).has_error:
            found.append((choice, mutant))
    return found


def _in_turn(edits: set[Edit], seed: int) -> Iterator[Edit]:
    kinds: dict[str, list[Edit]] = {}
    for edit in sorted(edits, key=lambda e: (e.kind, e.start, e.end, e.text)):
        kinds.setdefault(edit.kind, []).append(edit)
    rng = Random(seed)
    for of_kind in kinds.values():
        rng.shuffle(of_kind)
    order = list(kinds.values())
    rng.shuffle(order)
    return (e for turn in zip_longest(*order) for e in turn if e is not None)


def _on_device(body: Node) -> bool:
    function = body.parent
    head = (n for child in (function.children if function is not None else ()) if child != body for n in walk(child))
    return any(text_of(n) in _ON_DEVICE for n in head)


def _lifted(body: Node, edit: Edit, data: bytes) -> _Choice | None:
    """The fault at the smallest expression or statement around it where a choice may stand."""
    if not body.start_byte <= edit.start <= edit.end <= body.end_byte:
        return None
    node: Node | None = body.descendant_for_byte_range(edit.start, edit.end)
    if (
        node is not None
        and edit.kind != "name"
        and (node.start_byte, node.end_byte) == (edit.start, edit.end)
        and node.type in _AS_THEY_ARE
    ):
        return None if _is_constant(node, body) else _Choice(node, edit.text, edit)
    while node is not None and node.type not in (*_EXPRESSIONS, "expression_statement"):
        node = node.parent if node != body else None
    if node is None or _is_constant(node, body) or _under_atomic(node):
        return None
    if edit.kind == "relation" and _ends_loop(node):
        return _bound(node, edit)
    text = data[node.start_byte : edit.start].decode() + edit.text + data[edit.end : node.end_byte].decode()
    return _Choice(node, text, edit)


def _ends_loop(node: Node) -> bool:
    """Whether a comparison is the condition of a counting loop."""
    above = node.parent
    return above is not None and above.type == "for_statement" and node == above.child_by_field_name("condition")


def _bound(condition: Node, edit: Edit) -> _Choice | None:
    right, sign = condition.child_by_field_name("right"), _NEXT.get((text_of(condition.child_by_field_name("operator")), edit.text))
    return _Choice(right, f"({text_of(right)}) {sign} 1", edit) if right is not None and sign else None


def _is_constant(node: Node, body: Node) -> bool:
    """Whether a value must be known to the compiler here."""
    at: Node | None = node
    while at is not None and at != body:
        above = at.parent
        if above is not None and above.type == "case_statement" and at == above.child_by_field_name("value"):
            return True
        if at.type in ("array_declarator", "preproc_call"):
            return True
        if at.type == "declaration" and {text_of(c) for c in at.children if c.type != "init_declarator"} & {"const", "constexpr", "static"}:
            return True
        at = above
    return False


def _under_atomic(node: Node) -> bool:
    """Whether a statement, or the expression that it consists of, must keep the form that ``atomic`` asks for."""
    statement = node if node.type == "expression_statement" else node.parent
    before = statement.prev_named_sibling if statement is not None and statement.type == "expression_statement" else None
    return before is not None and before.type == "preproc_call" and "atomic" in text_of(before)


def _fault_spans(chosen: Sequence[_Choice]) -> Iterator[_Span]:
    places: dict[tuple[int, int], list[tuple[int, _Choice]]] = {}
    for number, choice in enumerate(chosen, 1):
        places.setdefault((choice.node.start_byte, choice.node.end_byte), []).append((number, choice))
    for (start, end), choices in places.items():
        yield _Span(start, end, 1, _chooser(choices[0][1].node.type, [(number, choice.text) for number, choice in choices]))


def _chooser(kind: str, texts: list[tuple[int, str]]) -> Callable[[str], str]:
    if kind == "expression_statement":
        return lambda inner: "{ " + "".join(f"if ({_FAULT} == {n}) {{ {text} }} else " for n, text in texts) + f"{{ {inner} }} }}"
    if kind == "subscript_expression":  # may be written to
        return lambda inner: "(*(" + "".join(f"{_FAULT} == {n} ? &{text} : " for n, text in texts) + f"&{inner}))"
    return lambda inner: "(" + "".join(f"{_FAULT} == {n} ? ({text}) : " for n, text in texts) + f"({inner}))"


# ---------------------------------------------------------------- marks


def _is_marked(node: Node) -> bool:
    """Whether a node is a statement that does something, at a place where one may stand in front of it."""
    if node.type not in _STATEMENTS or node.parent is None:
        return False
    if node.type == "declaration" and not any(c.type == "init_declarator" for c in node.children):
        return False
    if node.type == "expression_statement" and not node.named_children:
        return False
    return node.parent.type in ("compound_statement", "case_statement") or _is_body(node)


def _is_nested(node: Node) -> bool:
    """Whether a loop is all that another one holds: where OpenMP takes several for one, nothing may stand between them."""
    above = node.parent
    if node.type == "for_statement" and above is not None and above.type == "compound_statement":
        if sum(child.type != "comment" for child in above.named_children) > 1:
            return False
        above = above.parent
    return node.type == "for_statement" and above is not None and above.type == "for_statement"


def _is_body(node: Node) -> bool:
    """Whether a statement stands alone where a block could."""
    above = node.parent
    if above is None or above.type not in _BODIES or node.type == "declaration":
        return False
    return above.type in ("else_clause", "labeled_statement") or node in (
        above.child_by_field_name("body"),
        above.child_by_field_name("consequence"),
        above.child_by_field_name("alternative"),
    )


def _mark_span(node: Node, number: int) -> _Span:
    """A mark in front of a statement and of the directives that belong to it."""
    first = node
    while (before := first.prev_named_sibling) is not None and before.type == "preproc_call":
        first = before
    mark = f"{_SEEN}[{number}] = 1;\n"
    if _is_body(node):
        return _Span(first.start_byte, node.end_byte, 0, lambda inner: f"{{ {mark}{inner}\n}}")
    return _Span(first.start_byte, node.end_byte, 0, lambda inner: mark + inner)


# ---------------------------------------------------------------- text


def _written(data: bytes, start: int, end: int, spans: Sequence[_Span]) -> str:
    """The bytes from ``start`` to ``end`` with the spans inside them; spans are sorted, and each lies inside or outside of any other."""
    parts, at, number = [], start, 0
    while number < len(spans):
        span, inside = spans[number], number + 1
        while inside < len(spans) and spans[inside].start < span.end:
            inside += 1
        parts.append(data[at : span.start].decode())
        parts.append(span.write(_written(data, span.start, span.end, spans[number + 1 : inside])))
        at, number = span.end, inside
    parts.append(data[at:end].decode())
    return "".join(parts)


def _wrapper(signature: Signature, num_marks: int, language: str) -> tuple[str, Signature]:
    more = (
        Parameter(name=f"{_FAULT}_number", ctype="int", pointer=False, const=False),
        Parameter(name=f"{_SEEN}_marks", ctype="unsigned char", pointer=True, const=False),
    )
    entry = replace(signature, name=signature.name + _ENTRY, parameters=(*signature.parameters, *more))
    call = f"{signature.name}({', '.join(p.name for p in signature.parameters)})"
    keeps = signature.returns != "void"
    lines = [
        f"    {_FAULT} = {more[0].name};",
        f"    {f'{signature.returns} {_FAULT}_result = ' if keeps else ''}{call};",
        *([f"    for (int i = 0; i < {num_marks}; i++) {more[1].name}[i] = {_SEEN}[i];"] if num_marks else []),
        *([f"    return {_FAULT}_result;"] if keeps else []),
    ]
    linkage = 'extern "C" ' if language != "c" else ""
    return f"\n{linkage}{entry.prototype()} {{\n" + "\n".join(lines) + "\n}\n", entry
