"""Counted loops of C in one spelling, which a model that writes C needn't choose among.

    int i, j, k;                                    int k;
    i = 0;                                          for (int i = 0; i < n; i++)
    while (i <= n - 1) {                                for (int j = 0; j < m; j++)
        for (j = 0; j < m; ++j)                             y[i * m + j] = k;
            y[i * m + j] = k;
        i += 1;
    }

Functions mean what they meant. Not covered: loops that count down, counters that are read outside of their loops, and ``<= n - 1`` where
something has no sign, whose least value less one is its greatest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hpcraft.data.trees import functions, parse, text_of, walk

_TEST = re.compile(r"(\w+)\s*<=\s*(.+?)\s*-\s*1")
_FIRST = re.compile(r"((?:\w+ +)*)(\w+)\s*=\s*[^=;,]+;")
_STEP = re.compile(r"(\w+)\s*\+\+|\+\+\s*(\w+)|(\w+)\s*\+=\s*1|(\w+)\s*=\s*(\w+)\s*\+\s*1")
_WHOLE = re.compile(r"(?:(?:unsigned|signed|short|int|long|size_t|u?int(?:8|16|32|64)_t)\b\s*)+")

_UNSIGNED = re.compile(r"\b(?:unsigned|size_t|u_?int\w*|sizeof)\b")

_Edit = tuple[int, int, str]


def plain_loops(source: str, *, bare: bool = False) -> str:
    """C code with its counted loops in one spelling; as it was where it doesn't parse. With ``bare``, loops around one loop alone lose their braces."""
    if parse(source).has_error:
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
        if before is None or loop.child_by_field_name("initializer") is not None or not (found := _FIRST.fullmatch(text_of(before))):
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
        if body is not None and body.type == "compound_statement" and [child.type for child in body.named_children] == ["for_statement"]:
            yield body.start_byte, body.start_byte + 1, ""
            yield body.end_byte - 1, body.end_byte, ""


def _edits(function: Node) -> Iterator[_Edit]:
    loops = [node for node in walk(function) if node.type == "for_statement"]
    own = _counters(function, loops)
    signed = not _UNSIGNED.search(text_of(function))
    for loop in loops:
        first = loop.child_by_field_name("initializer")
        if first is not None and first.type == "assignment_expression" and (kind := own.get(text_of(first.child_by_field_name("left")))):
            yield first.start_byte, first.start_byte, f"{kind} "
        yield from _respelled(loop, signed=signed)
    for declaration in (node for node in walk(function) if node.type == "declaration"):
        names = declaration.children_by_field_name("declarator")
        left = [name for name in names if text_of(name) not in own]
        if not left:
            yield declaration.start_byte, declaration.end_byte, ""
        elif len(left) < len(names):
            yield names[0].start_byte, names[-1].end_byte, ", ".join(map(text_of, left))


def _respelled(loop: Node, *, signed: bool) -> Iterator[_Edit]:
    """Another test, and another step, if they mean the same."""
    test, step = loop.child_by_field_name("condition"), loop.child_by_field_name("update")
    if signed and test is not None and (found := _TEST.fullmatch(text_of(test))) and re.fullmatch(r"[\w.\->*() ]+", found[2]):
        yield test.start_byte, test.end_byte, f"{found[1]} < {found[2]}"
    if step is not None and (more := _STEP.fullmatch(text_of(step))) and more[4] == more[5]:
        yield step.start_byte, step.end_byte, f"{_counter(more)}++"


def _counter(step: re.Match[str]) -> str:
    return next(name for name in step.groups() if name)


def _counters(function: Node, loops: list[Node]) -> dict[str, str]:
    """The whole numbers that are declared without a value and used in loops alone that set them first, with their types."""
    kinds: dict[str, str] = {}
    twice = set[str]()
    for node in walk(function):
        if node.type in ("declaration", "parameter_declaration"):
            kind = text_of(node.child_by_field_name("type"))
            plain = node.type == "declaration" and _WHOLE.fullmatch(kind) and node.children[0] == node.child_by_field_name("type")
            for declarator in node.children_by_field_name("declarator"):
                names = [text_of(n) for n in walk(declarator) if n.type == "identifier"][:1]
                twice |= {name for name in names if name in kinds}
                kinds |= dict.fromkeys(names, kind if plain and declarator.type == "identifier" else "")
    wanted = {name for name, kind in kinds.items() if kind} - twice
    for node in walk(function):
        if node.type == "identifier" and (name := text_of(node)) in wanted and not _is_declared(node) and not _is_set(node, name, loops):
            wanted.discard(name)
    return {name: kinds[name] for name in wanted}


def _is_declared(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "declaration"


def _is_set(node: Node, name: str, loops: list[Node]) -> bool:
    """Whether a use stands in a loop that begins by setting the name."""
    for loop in loops:
        first = loop.child_by_field_name("initializer")
        sets = first is not None and first.type == "assignment_expression" and text_of(first.child_by_field_name("left")) == name
        if sets and loop.start_byte <= node.start_byte < loop.end_byte:
            return True
    return False
