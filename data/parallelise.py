"""Proposes parallel versions of an outlined loop by rule; whether they are right is the verifier's to say.

OpenMP: the directive that the code itself had, and one inferred from it: private scalars, one reduction. CUDA: loops whose
subscripts are the loop's index plus a constant, with one thread for each iteration.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from tree_sitter import Node

from hpcraft.data.grammar_code import Kernel, Line, Parallel, Param, Range, Reduce
from hpcraft.data.grammar_cuda import write_cuda
from hpcraft.data.grammar_words import draw_style
from hpcraft.data.outline import Outlined
from hpcraft.data.trees import parse, text_of, walk

_PLAIN = re.compile(r"[A-Za-z_]\w*|\d+")
_NO_STATEMENT = ("comment", "preproc_call")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """A canonical loop head: ``for (var = low; var < high; var++)``."""

    var: str
    low: str
    high: str
    body: Node


def openmp_versions(loop: Outlined) -> list[str]:
    """Directives to try, without ``#pragma``: the original first.

    None for a scatter, a write at a place that an array says: with repeated places it is a race that a run shows only sometimes, and
    tests can't promise that no place is repeated.
    """
    if _scatters(loop):
        return []
    head = _head(loop)
    if head is None or not _independent(head, loop):
        return [loop.directive] if loop.directive else []
    clauses = ""
    for name in [loop.result] if loop.result else [v.name for v in loop.outs]:
        operator = _reduction(name, head)
        if not operator:
            return [loop.directive] if loop.directive and loop.outs else []
        clauses += f" reduction({operator}:{name})"
    private = [v.name for v in loop.locals if v.name != head.var]
    clauses += f" private({', '.join(private)})" if private else ""
    inferred = f"omp parallel for{clauses}"
    return list(dict.fromkeys([d for d in (loop.directive, inferred) if d]))


def cuda_version(loop: Outlined, seed: int = 0, *, any_launch: bool = False) -> str:
    """The loop as CUDA, empty where the rule doesn't fit."""
    head = _head(loop)
    if head is None or any(
        n.type in ("for_statement", "while_statement", "do_statement", "break_statement", "continue_statement") for n in walk(head.body)
    ):
        return ""
    reach = _reaches(head, loop)
    operator = _reduction(loop.result, head) if loop.result else ""
    if reach is None or loop.outs or (loop.result and operator != "+") or not _PLAIN.fullmatch(head.low):
        return ""
    high = head.high if _PLAIN.fullmatch(head.high) else f"({head.high})"
    params = tuple(
        Param(
            name=v.name,
            ctype=v.ctype,
            length=(f"{high} + {reach[v.name]}" if reach[v.name] else high) if v.pointer else "",
            access="inout" if v.written else "in",
        )
        for v in loop.params
    )
    body = [Line(f"{v.ctype} {v.name};") for v in loop.locals if v.name != head.var]
    inner = text_of(head.body).strip().removeprefix("{").removesuffix("}") if head.body.type == "compound_statement" else text_of(head.body)
    body += [Line(line) for line in textwrap.dedent(inner.strip("\n")).splitlines() if line.strip()]
    result = next((v.ctype for v in loop.params if v.name == loop.result), "void")
    reduce = Reduce(op="+", name=loop.result, ctype=result) if loop.result else None
    nest = Parallel(heads=(Range(var=head.var, low=head.low, high=head.high),), body=tuple(body), reduce=reduce)
    tail = (Line(f"return {loop.result};"),) if loop.result else ()
    kernel = Kernel(name=loop.name, params=params, body=(nest, *tail), result=result)
    rng = Random(f"{seed}/{loop.name}")
    style = replace(draw_style(rng), const=True, const_scalars=False, brackets=False, index_type="int", declare="inline", star=" *")
    return write_cuda(kernel, style, rng, any_launch=any_launch)


def cuda_versions(loop: Outlined, seed: int, launches: Iterable[bool]) -> list[str]:
    """The different CUDA versions of a loop for some kinds of launch (``any_launch`` of `cuda_version`), without those where the rule doesn't fit."""
    return [code for code in dict.fromkeys(cuda_version(loop, seed, any_launch=launch) for launch in launches) if code]


def _head(loop: Outlined) -> _Head | None:
    root = parse(f"void f() {{ {loop.loop} }}")
    block = next(n for n in walk(root) if n.type == "compound_statement")
    while block.type == "compound_statement" and len(inside := [n for n in block.named_children if n.type not in _NO_STATEMENT]) == 1:
        block = inside[0]
    if block.type != "for_statement":  # what stands around a loop or beside it would be lost
        return None
    node = block
    start, condition, update, body = (node.child_by_field_name(n) for n in ("initializer", "condition", "update", "body"))
    began = re.fullmatch(r"(?:(?:int|long|size_t) )?(\w+) ?= ?([^,;]+?);?", text_of(start).strip())
    if not began or condition is None or body is None or condition.type != "binary_expression":
        return None
    var, low = began[1], began[2]
    operator, left = text_of(condition.child_by_field_name("operator")), text_of(condition.child_by_field_name("left"))
    high = text_of(condition.child_by_field_name("right"))
    if left != var or operator not in ("<", "<=") or text_of(update).replace(" ", "") not in (f"{var}++", f"++{var}", f"{var}+=1"):
        return None
    changed = {
        text_of(n)
        for a in walk(body)
        for n in a.children
        if a.type in ("assignment_expression", "update_expression") and n.type == "identifier"
    }
    if var in changed or any(re.search(rf"\b{w}\b", high) for w in changed):
        return None
    return _Head(var=var, low=low, high=high if operator == "<" else f"{high} + 1", body=body)


def _scatters(loop: Outlined) -> bool:
    """Whether an element is written whose subscript comes, directly or through scalars, out of an array."""
    assignments = [
        (
            text_of(target),
            [text_of(n) for n in walk(value) if n.type == "identifier"],
            any(n.type == "subscript_expression" for n in walk(value)),
        )
        for node in walk(parse(f"void f() {{ {loop.loop} }}"))
        for target, value in [
            (
                node.child_by_field_name("left") or node.child_by_field_name("declarator"),
                node.child_by_field_name("right") or node.child_by_field_name("value"),
            )
        ]
        if node.type in ("assignment_expression", "init_declarator") and target is not None and value is not None
    ]
    loaded: set[str] = set()
    for _ in assignments:
        loaded |= {name for name, used, from_array in assignments if name.isidentifier() and (from_array or loaded & set(used))}
    for node in walk(parse(f"void f() {{ {loop.loop} }}")):
        target = node.child_by_field_name("left") or node.child_by_field_name("argument")
        if node.type in ("assignment_expression", "update_expression") and target is not None and target.type == "subscript_expression":
            index = target.child_by_field_name("index")
            inside = list(walk(index)) if index is not None else []
            if any(n.type == "subscript_expression" or (n.type == "identifier" and text_of(n) in loaded) for n in inside):
                return True
    return False


def _independent(head: _Head, loop: Outlined) -> bool:
    """Whether every element that is written depends on the loop's index; the race check decides the rest."""
    if any(n.type == "break_statement" and not _inside_loop(n, head.body) for n in walk(head.body)):
        return False
    private = {v.name for v in loop.locals}
    for node in walk(head.body):
        if node.type not in ("assignment_expression", "update_expression"):
            continue
        target = node.child_by_field_name("left") or node.child_by_field_name("argument")
        if target is not None and target.type == "subscript_expression":
            index = {text_of(n) for n in walk(target) if n.type == "identifier"}
            if head.var not in index and not index & private:
                return False
    return True


def _inside_loop(node: Node, body: Node) -> bool:
    at = node.parent
    while at is not None and at != body:
        if at.type in ("for_statement", "while_statement", "do_statement"):
            return True
        at = at.parent
    return False


def _reduction(result: str, head: _Head) -> str:
    """The operator by which a scalar is accumulated, empty when it isn't a reduction."""
    uses = [n for n in walk(head.body) if n.type == "identifier" and text_of(n) == result]
    operators = set()
    for use in uses:
        parent = use.parent
        if parent is None or parent.type != "assignment_expression" or parent.child_by_field_name("left") != use:
            return ""
        operators.add(text_of(parent.child_by_field_name("operator")))
    return {"+=": "+", "-=": "+", "*=": "*"}.get(next(iter(operators)), "") if len(operators) == 1 else ""


def _reaches(head: _Head, loop: Outlined) -> dict[str, int] | None:
    """How far beyond the last index each array is used; None when a subscript isn't the index plus a constant."""
    reach = {v.name: 0 for v in loop.params if v.pointer}
    seen = set()
    for node in walk(head.body):
        if node.type == "subscript_expression":
            array = text_of(node.child_by_field_name("argument"))
            index = text_of(node.child_by_field_name("index")).replace(" ", "")
            match = re.fullmatch(rf"{head.var}(?:([+-])(\d+))?", index)
            if array not in reach or not match:
                return None
            seen.add(array)
            if match[1] == "+":
                reach[array] = max(reach[array], int(match[2]))
    return reach if seen == set(reach) else None
