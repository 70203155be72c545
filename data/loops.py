"""Loops with and without directives: the examples from which a model learns where OpenMP and OpenACC directives belong.

Taken from documents that hold at least one OpenMP or OpenACC directive, for elsewhere the absence of one says nothing.

* **Positive**: a ``for`` or ``do`` loop with a directive directly in front; a comment, other pragmas, an ``#if`` around the directive alone, and
  ``_Pragma("omp ..")`` are looked through. The directive keeps its clauses and its case as one line; of several in front the one that stands
  next to the loop counts, and of an ``#if`` with ``#else`` the one of the first branch. Directives inside the loop stay in its text.
  In C that may be the directive of a parallel block, such as ``omp parallel``, whose block the loop is; in Fortran only one that names a loop.
* **Negative**: the head of a nest that is neither in front of, inside, nor around anything annotated. So the inner loops of an annotated
  nest, loops within ``omp parallel`` and other constructs, and loops that hold a directive are neither. Of a nest without directives only
  the outermost loop is given; its inner loops are part of its text. ``while``, ``do while`` and endless ``do`` are no examples, for no directive applies.

Fortran's end directive behind a loop is left out: it follows from the one in front. ``do concurrent`` and range-based ``for`` are loops like others.
Not covered: directives that a macro hides, a directive between ``if (..)`` and its loop's braces written by a macro, Fortran's labelled
loops that share one end.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpcraft.data.functions import MAX_LINES, name_of
from hpcraft.data.syntax import captures, one_line, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_FOR = "(for_statement) @loop"
_RANGE_FOR = "[(for_statement) (for_range_loop)] @loop"
_QUERIES = {"c": _FOR, "cpp": _RANGE_FOR, "cuda": _RANGE_FOR, "fortran": "(do_loop) @loop"}
_LOOPS = frozenset(("for_statement", "for_range_loop", "do_loop"))
_HOLDERS = frozenset(("function_definition", "subroutine", "function", "program", "module", "submodule"))
_IFDEFS = frozenset(("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif"))

_PRAGMA = re.compile(r"#\s*pragma\s+(?:omp|acc)\b", re.IGNORECASE)
_PRAGMA_OPERATOR = re.compile(rb'\b_Pragma\s*\(\s*"\s*(?:omp|acc)\b')
_OPERATOR_TEXT = re.compile(r'_Pragma\s*\(\s*"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_STANDALONE = re.compile(
    r"(?:omp|acc)\s+(?:barrier|taskwait|taskyield|flush|threadprivate|declare|end|cancel|cancellation|requires|error|nothing|interop|depobj|"
    r"target\s+(?:update|enter|exit)|enter|exit|update|wait|init|shutdown|set|cache|routine|scan|section\b|begin|assume)",
    re.IGNORECASE,
)
_SHARES_LOOP = re.compile(
    r"omp\s+(?:parallel(?!\s+(?:sections|workshare|master|masked)\b(?!\s+taskloop))|for|simd|loop|distribute|taskloop|teams|target|ordered\s+simd|"
    r"mas(?:ter|ked)\s+taskloop)|acc\s+(?:parallel|kernels|serial|loop)",
    re.IGNORECASE,
)
"""Directives that may make the loop behind them parallel; a loop behind another one, such as ``omp single``, is inside a construct."""
_FORTRAN_LINE = re.compile(r"^[ \t]*(!\$(?:omp|acc)\b[^\n]*)", re.IGNORECASE | re.MULTILINE)
_FORTRAN_LOOP = re.compile(r"!\$(?:omp|acc)\s+(?:\w+\s+)*?(?:(?:parallel)?do|simd|loop|taskloop|distribute)\b", re.IGNORECASE)
_FORTRAN_WORDS = re.compile(r"[a-z]+(?:\s+[a-z]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of a document."""

    node: Node
    holder: str
    """The function or program unit around it."""
    directive: str
    """Empty for a negative."""


@dataclass(slots=True)
class _Directives:
    """Where a document's directives stand, and what they apply to."""

    starts: list[int] = field(default_factory=list)
    """Offsets of all directives, in order."""
    constructs: list[tuple[int, int]] = field(default_factory=list)
    """Bytes that a directive applies to, the directive itself included."""
    of_loop: dict[int, str] = field(default_factory=dict)
    """Offset of a loop to the directive in front of it."""

    def within(self, start: int, end: int) -> bool:
        """Whether a directive starts between two offsets."""
        return bisect_right(self.starts, end) > bisect_left(self.starts, start)

    def around(self, start: int, end: int) -> bool:
        """Whether a construct holds the bytes."""
        return any(first <= start and end <= last for first, last in self.constructs)


def loops(grammar: str, root: Node, source: bytes) -> Iterator[Loop]:
    """The positives and negatives below ``root``, in the order of the text."""
    found = _fortran_directives(source) if grammar == "fortran" else _c_directives(grammar, root, source)
    if not found.starts:
        return
    nodes = sorted(captures(grammar, _QUERIES[grammar], root).get("loop", []), key=lambda node: (node.start_byte, -node.end_byte))
    if grammar == "fortran":
        _apply_to_loops(found, nodes, source)
    done = -1
    for node in nodes:
        directive = found.of_loop.get(node.start_byte, "")
        if not directive:
            if node.start_byte < done or found.within(node.start_byte, node.end_byte) or found.around(node.start_byte, node.end_byte):
                continue
            if grammar == "fortran" and not _is_counted(node):
                continue
            done = node.end_byte
        if node.end_point.row - node.start_point.row < MAX_LINES and not node.has_error:
            yield Loop(node, _holder(node), directive)


def _c_directives(grammar: str, root: Node, source: bytes) -> _Directives:
    found = _Directives()
    if b"omp" not in source and b"acc" not in source:
        return found
    placed: list[tuple[Node, str]] = []
    if b"pragma" in source:
        placed += [(node, text) for node in captures(grammar, "(preproc_call) @call", root).get("call", []) if (text := _pragma(node))]
    if b"_Pragma" in source:
        placed += _operators(root, source)
    for node, text in sorted(placed, key=lambda pair: pair[0].start_byte):
        found.starts.append(node.start_byte)
        if _STANDALONE.match(text.partition("pragma")[2].lstrip()):
            continue
        statement = statement_after(node)
        if statement is None:
            continue
        found.constructs.append((node.start_byte, statement.end_byte))
        if statement.type in _LOOPS and not (_in_other_branch(node) and statement.start_byte in found.of_loop):
            found.of_loop[statement.start_byte] = text if _SHARES_LOOP.match(text.partition("pragma")[2].lstrip()) else ""
    return found


def _pragma(node: Node) -> str:
    """The text of an OpenMP or OpenACC pragma as one line, comments behind it taken away; empty for other nodes."""
    text = text_of(node)
    if not _PRAGMA.match(text):
        return ""
    return one_line(re.sub(r"/\*.*?\*/|//[^\n]*", " ", text.replace("\\\n", " "), flags=re.DOTALL))


def _operators(root: Node, source: bytes) -> Iterator[tuple[Node, str]]:
    """Statements that are a ``_Pragma`` operator, with the directive that each spells."""
    for match in _PRAGMA_OPERATOR.finditer(source):
        node = root.descendant_for_byte_range(match.start(), match.start() + 7)
        while node is not None and node.type not in ("expression_statement", "preproc_def", "preproc_function_def"):
            node = node.parent
        spelled = _OPERATOR_TEXT.search(text_of(node)) if node is not None and node.type == "expression_statement" else None
        if node is not None and spelled:
            yield node, "#pragma " + one_line(_ESCAPE.sub(r"\1", spelled[1]))


def statement_after(node: Node) -> Node | None:
    """What a directive applies to: the next node that isn't a comment, another pragma, or the rest of an ``#if`` around directives."""
    at: Node | None = node
    for _ in range(32):
        assert at is not None
        following = at.next_named_sibling
        while following is not None and (following.type in ("comment", "preproc_call") or _is_aside(following)):
            following = following.next_named_sibling
        if following is not None and following.type in _IFDEFS:
            if at.parent is not None and at.parent.type in _IFDEFS:
                following = None  # the other branch
            else:
                return None
        if following is None and at.parent is not None and at.parent.type in _IFDEFS and _only_directives(at.parent):
            at = at.parent
            continue
        return following
    return None


def _is_aside(node: Node) -> bool:
    """Whether a node is an ``#if`` with nothing but pragmas inside."""
    return node.type in ("preproc_if", "preproc_ifdef") and _only_directives(node)


def _only_directives(branch: Node) -> bool:
    """Whether an ``#if`` or a branch of it holds pragmas alone."""
    inside = [c for c in branch.named_children if c.type not in ("comment", "preproc_call") and c.type not in _IFDEFS]
    return len(inside) <= (0 if branch.type == "preproc_else" else 1) and all(
        _only_directives(c) for c in branch.named_children if c.type in _IFDEFS
    )


def _in_other_branch(node: Node) -> bool:
    return node.parent is not None and node.parent.type in ("preproc_else", "preproc_elif")


def _fortran_directives(source: bytes) -> _Directives:
    """Directives of a Fortran document, with the regions that an end directive closes."""
    found = _Directives()
    if b"!$" not in source:
        return found
    text = source.decode("latin-1")  # one character is one byte
    opened: list[tuple[str, int]] = []
    continued = False
    for match in _FORTRAN_LINE.finditer(text):
        found.starts.append(match.start(1))
        line = match[1]
        words = " ".join(found_words[0].lower().split()) if (found_words := _FORTRAN_WORDS.match(line[5:].strip())) else ""
        if not continued and words.startswith("end"):
            name = words.removeprefix("end").strip()
            place = next((i for i in reversed(range(len(opened))) if _closes(name, opened[i][0])), None)
            if place is not None:
                found.constructs.append((opened[place][1], match.end()))
                del opened[place:]
        elif not continued and not _FORTRAN_LOOP.match(line) and not _STANDALONE.match(line[2:]):
            opened.append((words, match.start(1)))
        continued = line[1:].partition("!")[0].rstrip().endswith("&")
    return found


def _closes(name: str, opening: str) -> bool:
    return opening == name or opening.startswith(f"{name} ") or opening.replace(" ", "") == name.replace(" ", "")


def _apply_to_loops(found: _Directives, nodes: list[Node], source: bytes) -> None:
    for node in nodes:
        directive, start = _before_fortran(source, node.start_byte)
        if directive and node.start_byte not in found.of_loop:
            found.of_loop[node.start_byte] = directive
            found.constructs.append((start, node.end_byte))


def _before_fortran(source: bytes, loop_start: int) -> tuple[str, int]:
    """The directive in front of a loop, its continuations joined, and where it starts; comments and ``#if`` lines may stand between."""
    at = source.rfind(b"\n", 0, loop_start) + 1
    if source[at:loop_start].strip(b" \t0123456789"):
        return "", at
    parts: list[str] = []
    start = at
    while at > 0:
        line_start = source.rfind(b"\n", 0, at - 1) + 1
        line = source[line_start : at - 1].decode("utf-8", errors="replace").strip()
        is_directive = line[:5].lower() in ("!$omp", "!$acc")
        if is_directive:
            line = f"!{line[1:].partition('!')[0].rstrip()}"
        if is_directive:
            if parts and not line.endswith("&"):
                break
            parts.insert(0, line)
            start = line_start
        elif parts or (line and line[0] not in "!#") or line[:2] == "!$":
            break
        at = line_start
    if not parts:
        return "", start
    joined = one_line(" ".join(part[5:].strip().strip("&").strip() for part in parts))
    directive = f"{parts[0][:5]} {joined}"
    return (directive if _FORTRAN_LOOP.match(directive) and not _STANDALONE.match(directive[2:]) else ""), start


def _is_counted(node: Node) -> bool:
    """Whether a Fortran loop counts or is concurrent, rather than waits for a condition."""
    head = node.named_children[0] if node.named_children else None
    return head is not None and any(c.type in ("loop_control_expression", "concurrent_statement") for c in head.named_children)


def _holder(node: Node) -> str:
    at = node.parent
    while at is not None and at.type not in _HOLDERS:
        at = at.parent
    if at is None:
        return ""
    if at.type in ("program", "module", "submodule"):
        return text_of(next((c for c in at.named_children[0].named_children if c.type == "name"), None)) if at.named_children else ""
    return name_of(at)
