"""Counted loops of C in one spelling, which a model that writes C needn't choose among.

    int i, j, k;                                    int k;
    i = 0;                                          for (int i = 0; i < n; i++)
    while (i <= n - 1) {                                for (int j = 0; j < m; j++)
        for (j = 0; j < m; ++j)                             y[i * m + j] = k;
            y[i * m + j] = k;
        i += 1;
    }

Functions mean what they meant. Not covered: loops that count down, counters that are read outside of their loops, code with directives, and ``<= n - 1`` but for
names of the function's own that are declared as whole numbers with a sign: the least value without one less one is the greatest, and fractions lie between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.trees import declared_name, functions, parse, text_of, walk

_TEST = re.compile(r"(\w+)\s*<=\s*([\w(][\w\s+*()-]*[\w)]|\w)\s*-\s*1")
_TYPE = r"(?:(?:unsigned|signed|short|int|long|size_t|u?int(?:8|16|32|64)_t)\b\s*)"
_FIRST = re.compile(rf"({_TYPE}*)(\w+)\s*=\s*[^=;,]+;")
_STEP = re.compile(r"(\w+)\s*\+\+|\+\+\s*(\w+)|(\w+)\s*\+=\s*1|(\w+)\s*=\s*(\w+)\s*\+\s*1")
_WHOLE = re.compile(rf"{_TYPE}+")
_UNSIGNED = re.compile(r"\b(?:unsigned|size_t|uint\w*)\b")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(?!include\b)|_Pragma", re.MULTILINE)

_Edit = tuple[int, int, str]


def plain_loops(source: str, *, bare: bool = False) -> str:
    """C code with its counted loops in one spelling; as it was where it doesn't parse or has directives.

    Args:
        source: C.
        bare: loops around one loop alone lose their braces.
    """
    if parse(source).has_error or _DIRECTIVE.search(source):
        return source
    for edits in (_gathered, _edits, *([_bared] if bare else [])):
        found = [edit for function in functions(parse(source)) for edit in edits(function)]
        data = source.encode()
        for start, end, text in sorted(found, reverse=True):
            data = data[:start] + text.encode() + data[end:]
        source = data.decode()
    return source


def _gathered(function: Node) -> Iterator[_Edit]:
    """First values that stand in front of a loop, and steps at the end of a ``while`` loop, into the loop's head."""
    for loop in (node for node in walk(function) if node.type in ("for_statement", "while_statement")):
        before = loop.prev_named_sibling
        if (
            before is None
            or loop.parent is None
            or loop.parent.type != "compound_statement"
            or loop.child_by_field_name("initializer") is not None
        ):
            continue
        if not (found := _FIRST.fullmatch(text_of(before))):
            continue
        body = loop.child_by_field_name("body")
        if body is None or re.search(rf"\b{found[2]}\b", "" if loop.next_named_sibling is None or not found[1] else _behind(loop)):
            continue
        if loop.type == "for_statement":
            counts = _STEP.fullmatch(text_of(loop.child_by_field_name("update")))
            if counts is None or _counter(counts) != found[2]:
                continue
            opened = next(child for child in loop.children if child.type == "(")
            yield before.start_byte, before.end_byte, ""
            yield opened.end_byte, opened.end_byte, text_of(before).rstrip(" ;")
            continue
        step = body.named_children[-1] if body.type == "compound_statement" and body.named_children else None
        counts = _STEP.fullmatch(text_of(step).rstrip("; ")) if step is not None else None
        if step is None or counts is None or counts[4] != counts[5] or _counter(counts) != found[2] or "continue" in text_of(body):
            continue
        condition = text_of(loop.child_by_field_name("condition"))[1:-1]
        yield before.start_byte, before.end_byte, ""
        yield step.start_byte, step.end_byte, ""
        yield loop.start_byte, body.start_byte, f"for ({text_of(before).rstrip(' ;')}; {condition}; {found[2]}++) "


def _behind(loop: Node) -> str:
    """What stands behind a loop in its block."""
    text, at = "", loop.next_named_sibling
    while at is not None:
        text, at = text + text_of(at), at.next_named_sibling
    return text


def _bared(function: Node) -> Iterator[_Edit]:
    """Blocks of one loop alone lose their braces."""
    for loop in (node for node in walk(function) if node.type == "for_statement"):
        body = loop.child_by_field_name("body")
        # An else that follows would join an if of the inner one.
        alone = loop.parent is not None and loop.parent.type in ("compound_statement", "for_statement")
        if (
            alone
            and body is not None
            and body.type == "compound_statement"
            and [child.type for child in body.named_children] == ["for_statement"]
        ):
            yield body.start_byte, body.start_byte + 1, ""
            yield body.end_byte - 1, body.end_byte, ""


def _edits(function: Node) -> Iterator[_Edit]:
    loops = [node for node in walk(function) if node.type == "for_statement"]
    own = _counters(function, loops)
    signed = {name for name, kind in _kinds(function).items() if kind and not _UNSIGNED.search(kind)}
    for loop in loops:
        first = loop.child_by_field_name("initializer")
        if first is not None and first.type == "assignment_expression" and (kind := own.get(text_of(first.child_by_field_name("left")))):
            yield first.start_byte, first.start_byte, f"{kind} "
        yield from _respelled(loop, signed)
    for declaration in (node for node in walk(function) if node.type == "declaration"):
        names = declaration.children_by_field_name("declarator")
        left = [name for name in names if text_of(name) not in own]
        if not left:
            yield declaration.start_byte, declaration.end_byte, ""
        elif len(left) < len(names):
            yield names[0].start_byte, names[-1].end_byte, ", ".join(map(text_of, left))


def _respelled(loop: Node, signed: set[str]) -> Iterator[_Edit]:
    """Another test, and another step, if they mean the same."""
    test, step = loop.child_by_field_name("condition"), loop.child_by_field_name("update")
    if test is not None and (found := _TEST.fullmatch(text_of(test))) and set(re.findall(r"[A-Za-z_]\w*", found[0])) <= signed:
        yield test.start_byte, test.end_byte, f"{found[1]} < {found[2]}"
    if step is not None and (more := _STEP.fullmatch(text_of(step))) and more[4] == more[5]:
        yield step.start_byte, step.end_byte, f"{_counter(more)}++"


def _counter(step: re.Match[str]) -> str:
    return next(name for name in step.groups() if name)


def _kinds(function: Node) -> dict[str, str]:
    """The names that a function declares, with their types if they are whole numbers wherever they are declared, else nothing."""
    kinds: dict[str, str] = {}
    for node in walk(function):
        if node.type in ("declaration", "parameter_declaration"):
            kind = text_of(node.child_by_field_name("type"))
            for declarator in node.children_by_field_name("declarator"):
                name = declared_name(declarator)
                inner = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
                simple = inner is not None and inner.type == "identifier" and _WHOLE.fullmatch(kind) is not None
                kinds[name] = kind if simple and kinds.get(name, kind) == kind else ""
    return kinds


def _counters(function: Node, loops: list[Node]) -> dict[str, str]:
    """The whole numbers that are declared once, without a value, and used in loops alone that set them first, with their types."""
    kinds, declared = _kinds(function), list[str]()
    for node in walk(function):
        if node.type in ("declaration", "parameter_declaration"):
            alone = node.type == "declaration" and node.children[0] == node.child_by_field_name("type")
            for declarator in node.children_by_field_name("declarator"):
                name = declared_name(declarator)
                # Twice is once too often.
                declared += [name] if alone and declarator.type == "identifier" else [name, name]
    wanted = {name for name in declared if kinds.get(name) and declared.count(name) == 1}
    setting = {name: [loop for loop in loops if _sets(loop) == name] for name in wanted}
    for node in walk(function):
        if node.type == "identifier" and (name := text_of(node)) in wanted and not _is_declared(node):
            around = [loop for loop in setting[name] if loop.start_byte <= node.start_byte < loop.end_byte]
            if len(around) != 1 or _is_first_value(node, around[0]):
                wanted.discard(name)
    return {name: kinds[name] for name in wanted}


def _sets(loop: Node) -> str:
    """The name that a loop begins with setting; empty for none."""
    first = loop.child_by_field_name("initializer")
    return text_of(first.child_by_field_name("left")) if first is not None and first.type == "assignment_expression" else ""


def _is_first_value(node: Node, loop: Node) -> bool:
    """Whether a use stands in what a loop's counter is set to first."""
    first = loop.child_by_field_name("initializer")
    value = first.child_by_field_name("right") if first is not None else None
    return value is not None and value.start_byte <= node.start_byte < value.end_byte


def _is_declared(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "declaration"
