"""Places in C, C++ and CUDA where a small fault can be put, on the tree: see `hpcraft.data.mutants`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.trees import text_of, walk

_RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*"}
_ASSIGNMENTS = {"+=": "-=", "-=": "+=", "*=": "+=", "/=": "*="}
_LOGICAL = {"&&": "||", "||": "&&"}
_LEFT_ALONE = ("while_statement", "do_statement", "preproc_call", "preproc_include", "parameter_list", "array_declarator")
_NO_CODE = ("template_argument_list", "preproc_def", "preproc_function_def", "enumerator_list", "attribute_specifier", "launch_bounds")
"""Text in them is no code, or decides types and sizes: another one doesn't compile, or changes speed alone."""
_NAMES = {"MPI_SUM": "MPI_MAX", "MPI_MAX": "MPI_MIN", "MPI_MIN": "MPI_MAX", "threadIdx": "blockIdx", "blockIdx": "threadIdx"}
_SPEED_OR_ROOM = frozenset(
    (
        *("free", "malloc", "calloc", "realloc", "cudaMalloc", "cudaFree", "cudaDeviceSynchronize", "acc_free", "omp_target_free"),
        *("cudaFreeHost", "MPI_Type_free", "MPI_Comm_free", "reserve", "assert", "printf", "fprintf", "omp_set_num_threads"),
    )
)
"""Calls whose absence, or more of them, changes no result."""
_CALLS = ("MPI_", "__sync", "cudaMemcpy", "atomic", "Kokkos::")
"""How calls begin that move data or keep order; their absence is a kind of its own."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of bytes."""

    start: int
    end: int
    text: str
    kind: str


def edits(node: Node, *, thorough: bool) -> Iterator[Edit]:
    """Faults below a node; ``thorough`` adds bounds, indices, logic, names and smaller constants, and leaves out what frees or makes room."""
    if node.type in _LEFT_ALONE or (thorough and (node.type in _NO_CODE or _speed_or_room(node))):
        return
    if node.type == "binary_expression":
        yield from _binary(node)
    elif node.type == "assignment_expression":
        yield from _operator(node, _ASSIGNMENTS, "assignment")
    elif node.type == "number_literal":
        yield from _number(node, thorough=thorough)
    elif node.type == "expression_statement" and node.parent is not None and node.parent.type != "for_statement":
        yield Edit(node.start_byte, node.end_byte, ";", _dropped(node) if thorough else "statement")
    if thorough:
        yield from _more(node)
    update = node.child_by_field_name("update") if node.type == "for_statement" else None
    shape = thorough and node.type == "kernel_call_syntax"  # constants in the shape of a launch mostly change speed alone
    for child in node.children:
        if child != update:
            yield from (e for e in edits(child, thorough=thorough) if not (shape and e.kind == "constant"))


def _binary(node: Node) -> Iterator[Edit]:
    yield from _operator(node, _RELATIONS, "relation")
    yield from _operator(node, _ARITHMETIC, "arithmetic")
    left, operator, right = node.child_by_field_name("left"), node.child_by_field_name("operator"), node.child_by_field_name("right")
    if left and right and text_of(operator) in ("-", "/", "%") and text_of(left) != text_of(right):
        yield Edit(left.start_byte, right.end_byte, f"{_closed(right)} {text_of(operator)} {_closed(left)}", "operands")


def _operator(node: Node, table: dict[str, str], kind: str) -> Iterator[Edit]:
    operator = node.child_by_field_name("operator")
    if operator and text_of(operator) in table:
        yield Edit(operator.start_byte, operator.end_byte, table[text_of(operator)], kind)


def _number(node: Node, *, thorough: bool) -> Iterator[Edit]:
    text = text_of(node)
    if text.isdigit():
        yield Edit(node.start_byte, node.end_byte, str(int(text) + 1), "constant")
        if thorough and int(text) > 0:
            yield Edit(node.start_byte, node.end_byte, str(int(text) - 1), "constant")
    elif text.rstrip("fF").replace(".", "", 1).isdigit():
        yield Edit(node.start_byte, node.end_byte, f"({text} + 1)", "constant")


def _closed(node: Node) -> str:
    simple = node.type in ("identifier", "number_literal", "subscript_expression", "parenthesized_expression", "call_expression")
    return text_of(node) if simple else f"({text_of(node)})"


# ---------------------------------------------------------------- thorough


def _more(node: Node) -> Iterator[Edit]:
    if node.type == "binary_expression":
        yield from _operator(node, _LOGICAL, "logic")
    elif node.type == "for_statement":
        yield from _bound(node)
    elif node.type == "subscript_expression":
        yield from _swapped(node)
    elif node.type == "identifier" and text_of(node) in _NAMES:
        yield Edit(node.start_byte, node.end_byte, _NAMES[text_of(node)], "name")


def _bound(loop: Node) -> Iterator[Edit]:
    """A loop that ends one iteration too early."""
    condition = loop.child_by_field_name("condition")
    operator = condition.child_by_field_name("operator") if condition else None
    right = condition.child_by_field_name("right") if condition else None
    if right and text_of(operator) in ("<", "<=", "!="):
        yield Edit(right.start_byte, right.end_byte, f"{_closed(right)} - 1", "bound")


def _swapped(node: Node) -> Iterator[Edit]:
    """Two different names in an index, each in the place of the other."""
    inner = [c for c in node.children if c.type in ("subscript_argument_list", "[") or c == node.child_by_field_name("index")]
    index = next((c for c in reversed(inner) if c.type != "["), None)
    if index is None:
        return
    # a[b] is b[a], and what is called stays so.
    names = [n for n in walk(index) if n.type == "identifier" and (n.parent is None or n not in (_base(n.parent), _base(index)))]
    for second in names[1:]:
        between = (index.text or b"")[names[0].end_byte - index.start_byte : second.start_byte - index.start_byte].decode()
        # A sum or a product of the two is the same in the other order.
        if text_of(second) != text_of(names[0]) and between.strip("() \n") not in ("*", "+"):
            yield Edit(names[0].start_byte, second.end_byte, f"{text_of(second)}{between}{text_of(names[0])}", "indices")
            return


def _base(node: Node) -> Node | None:
    """What is called, indexed or, as a cast is, given types."""
    return node.child_by_field_name({"call_expression": "function", "template_function": "name"}.get(node.type, "argument"))


def _called(node: Node) -> str:
    """The name of what a statement or expression calls; empty for anything else."""
    call = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    name = text_of(call.child_by_field_name("function")) if call.type == "call_expression" else ""
    return "free" if call.type == "delete_expression" else name


def _speed_or_room(node: Node) -> bool:
    name = _called(node) if node.type in ("expression_statement", "call_expression") else ""
    return name.replace("->", ".").rpartition(".")[2].removeprefix("std::") in _SPEED_OR_ROOM


def _dropped(statement: Node) -> str:
    return "call" if _called(statement).startswith(_CALLS) else "statement"
