"""A CUDA kernel as sequential C: the loops that its launch stands for, written as a person would.

The thread's number becomes the counter of a loop from 0 (or what is added to the number) to the bound that a guard gives it: ``if (i < n)``,
``if (i >= n) return;``, or a loop that strides over the grid, the blocks or the threads. Several axes give a nest, x inside. What the number is hides
behind helper variables, macros and one-line functions at will.

Not covered: barriers, shared memory, votes and shuffles between threads, numbers without a bound, built-in indices in any other use. These are
refused with a reason; whether the sequential function does what the kernel does is the verifier's to say.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from hpcraft.data.thread_index import BUILTIN, Index, Sum, about_threads, first_place, step, sum_of, written
from hpcraft.data.trees import assigned, declared_name, parse, text_of, walk
from hpcraft.errors import InputError

_BARRIERS = re.compile(
    r"\b(?:__sync\w*|__shared__|__shfl\w*|__ballot\w*|__any\w*|__all\w*|cooperative_groups|__threadfence\w*|asm|tex[123]D\w*)\b"
)
_LOOPS = ("for_statement", "while_statement", "do_statement", "switch_statement")
_BELOW = {"<": "", "<=": " + 1"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(slots=True)
class _Counter:
    """A variable that holds the thread's place along an axis."""

    name: str
    ctype: str
    index: Index
    bound: str = ""
    """One more than its largest value; empty as long as none is known."""


@dataclass(slots=True)
class _Body:
    """The statements of a kernel while they lose what they say of threads."""

    counters: list[_Counter] = field(default_factory=list)
    known: dict[str, Sum] = field(default_factory=dict)
    """Variables that hold an index to what it is."""
    helpers: dict[str, Sum] = field(default_factory=dict)
    """Those of them that are part of the thread's number rather than the number itself, from which more is computed."""
    types: dict[str, str] = field(default_factory=dict)
    """Variables that are declared before they get a value."""
    lines: list[str] = field(default_factory=list)

    def counter(self, name: str) -> _Counter | None:
        return next((c for c in self.counters if c.name == name), None)


def loops_of(kernel: Node) -> str:
    """The body of a sequential function that does what a launch of a kernel with enough threads does, without its braces.

    Args:
        kernel: the function, read by the grammar of CUDA; no comments, macros of indices resolved.

    Raises:
        InputError: no rule fits; the words before the colon are a key to count it under.
    """
    block = kernel.child_by_field_name("body")
    text = text_of(block)
    if found := _BARRIERS.search(text):
        raise InputError(f"barrier: it says {found[0]}")
    if block is None or not BUILTIN.search(text):
        raise InputError("no-index: it doesn't ask for the thread's index")
    body = _Body()
    _statements(body, block.named_children)
    rest = _nest(body)
    if found := BUILTIN.search(rest):
        raise InputError(f"launch-shape: {found[0]} is used in another way")
    return rest


def _statements(body: _Body, statements: Sequence[Node]) -> None:
    for number, node in enumerate(statements):
        if node.type == "comment" or _takes_index(body, node):
            continue
        if node.type == "if_statement" and _guard(body, node, last=number == len(statements) - 1):
            continue
        body.lines.append(_strided(body, node))


# ---------------------------------------------------------------- indices


def _takes_index(body: _Body, node: Node) -> bool:
    """Whether a statement only gives variables indices of the thread; they are noted, and it goes."""
    if node.type == "declaration":
        return _declares(body, node)
    if node.type == "expression_statement" and node.named_children and node.named_children[0].type == "assignment_expression":
        assignment = node.named_children[0]
        name, operator = text_of(assignment.child_by_field_name("left")), text_of(assignment.child_by_field_name("operator"))
        if operator == "=" and name in body.types:
            return _noted(body, name, body.types[name], sum_of(assignment.child_by_field_name("right"), body.helpers))
    return False


def _declares(body: _Body, node: Node) -> bool:
    declarators = node.children_by_field_name("declarator")
    ctype = text_of(node.child_by_field_name("type"))
    taken = []
    for declarator in declarators:
        name = declared_name(declarator)
        if declarator.type == "identifier":
            body.types[name] = ctype
        given = sum_of(declarator.child_by_field_name("value"), body.helpers) if declarator.type == "init_declarator" else None
        taken.append(_noted(body, name, ctype, given))
    if any(taken) and not all(taken):
        kept = [text_of(d) for d, gone in zip(declarators, taken, strict=True) if not gone]
        body.lines.append(f"{ctype} {', '.join(kept)};")
    return any(taken)


def _noted(body: _Body, name: str, ctype: str, given: Sum | None) -> bool:
    if given is None or not about_threads(given):
        return False
    index = first_place(given)
    body.known[name] = given
    if index is not None and index.what == "grid":
        body.counters.append(_Counter(name, ctype, index))
        return True
    # A block's or a thread's number alone may be a helper of the whole one; it is a counter once something is bounded by it.
    body.helpers[name] = given
    body.types[name] = ctype
    return True


def _as_counter(body: _Body, name: str) -> _Counter | None:
    """The counter of a name, made one where it holds the number of a block or thread."""
    if found := body.counter(name):
        return found
    index = first_place(body.known.get(name))
    if index is None:
        return None
    body.counters.append(_Counter(name, body.types.get(name, "int"), index))
    return body.counters[-1]


# ---------------------------------------------------------------- guards


def _guard(body: _Body, node: Node, *, last: bool) -> bool:
    """Whether an ``if`` bounds counters; what else it asks stays."""
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or then is None or node.child_by_field_name("alternative") is not None:
        return False
    leaves = _only_returns(then)
    if not leaves and not last:
        return False
    left = [text for text in (_bounded(body, part, negated=leaves) for part in _parts(condition, "||" if leaves else "&&")) if text]
    if leaves:
        if left:
            body.lines.append(f"if ({' || '.join(left)}) return;")
        return True
    inner = _Body(counters=body.counters, known=body.known, helpers=body.helpers, types=body.types)
    _statements(inner, then.named_children if then.type == "compound_statement" else [then])
    if left:
        inner.lines = [f"if ({' && '.join(left)}) {{", *(textwrap.indent(line, "    ") for line in inner.lines), "}"]
    body.lines += inner.lines
    return True


def _parts(condition: Node, operator: str) -> Iterator[Node]:
    """What a condition joins by an operator."""
    while condition.type in ("parenthesized_expression", "condition_clause") and condition.named_children:
        condition = condition.child_by_field_name("value") or condition.named_children[0]
    if condition.type == "binary_expression" and text_of(condition.child_by_field_name("operator")) == operator:
        for side in ("left", "right"):
            if (below := condition.child_by_field_name(side)) is not None:
                yield from _parts(below, operator)
    else:
        yield condition


def _bounded(body: _Body, part: Node, *, negated: bool) -> str:
    """What is left of a comparison: nothing where it bounds a counter."""
    if part.type == "binary_expression":
        left, right = (part.child_by_field_name(f) for f in ("left", "right"))
        operator = text_of(part.child_by_field_name("operator"))
        for one, other, sign in ((left, right, operator), (right, left, _TURNED.get(operator, ""))):
            sign = _NEGATED.get(sign, "") if negated else sign
            counter = _as_counter(body, text_of(one)) if one is not None and one.type == "identifier" and sign in _BELOW else None
            if counter is not None and not counter.bound and other is not None and not BUILTIN.search(text_of(other)):
                counter.bound = text_of(other) + _BELOW[sign]
                return ""
    return text_of(part)


def _only_returns(node: Node) -> bool:
    inside = node.named_children if node.type == "compound_statement" else [node]
    return [n.type for n in inside] == ["return_statement"] and not inside[0].named_children


# ---------------------------------------------------------------- strides


def _strided(body: _Body, node: Node) -> str:
    """A statement with its loops that stride over threads turned into loops over all places."""
    edits: list[tuple[int, int, str]] = []
    known = dict(body.known)
    for loop in (n for n in walk(node) if n.type == "for_statement"):
        start, update = (loop.child_by_field_name(f) for f in ("initializer", "update"))
        name, value = _starts(start)
        begun = body.counter(text_of(update.child_by_field_name("left"))) if start is None and update is not None else None
        index = begun.index if begun is not None else first_place(sum_of(value, known))
        name = begun.name if begun is not None else name
        stride = _stride(update, name, known)
        if index is None or stride is None or index[:2] != stride[:2]:
            continue
        assert update is not None
        if begun is not None:
            body.counters.remove(begun)
            at = next(n.start_byte for n in loop.children if n.type == ";")
            edits.append((at, at, f"{begun.ctype} {name} = {written(index.low)}"))
        elif value is not None:
            edits.append((value.start_byte, value.end_byte, written(index.low)))
        edits.append((update.start_byte, update.end_byte, f"{name}++"))
    data = " " * node.start_point.column + text_of(node)
    raw, shift = data.encode(), node.start_point.column - node.start_byte
    for begin, end, text in sorted(edits, reverse=True):
        raw = raw[: begin + shift] + text.encode() + raw[end + shift :]
    return textwrap.dedent(raw.decode())


def _starts(node: Node | None) -> tuple[str, Node | None]:
    """The variable that a loop begins with, and its first value."""
    if node is not None and node.type == "declaration":
        node = node.child_by_field_name("declarator")
        return declared_name(node), node.child_by_field_name("value") if node is not None else None
    if node is not None and node.type == "assignment_expression":
        return text_of(node.child_by_field_name("left")), node.child_by_field_name("right")
    return "", None


def _stride(update: Node | None, name: str, known: Mapping[str, Sum]) -> Index | None:
    """Over what a loop's variable strides."""
    if update is None or update.type != "assignment_expression" or text_of(update.child_by_field_name("left")) != name:
        return None
    given = sum_of(update.child_by_field_name("right"), known)
    operator = text_of(update.child_by_field_name("operator"))
    if operator == "=" and given is not None and given.get((name,)) == 1:
        given = {names: factor for names, factor in given.items() if names != (name,)}
    elif operator != "+=":
        return None
    return step(given)


# ---------------------------------------------------------------- the nest


def _nest(body: _Body) -> str:
    """The statements in a nest of the counters that are used."""
    text = "\n".join(body.lines)
    for name in body.helpers:
        if body.counter(name) is None and re.search(rf"\b{name}\b", text):
            _as_counter(body, name)
    wanted = [c for c in body.counters if c.bound or re.search(rf"\b{c.name}\b", text)]
    if loose := next((c for c in wanted if not c.bound), None):
        raise InputError(f"no-bound: nothing says how large {loose.name} gets")
    if not wanted and not body.lines:
        raise InputError("empty: nothing is left of it")
    changed = assigned(parse(f"void f() {{ {text} }}", "cuda"))
    text = _with_continues(text) if wanted else text
    for counter in sorted(wanted, key=lambda c: c.index.axis):
        name = counter.name
        if name in changed:
            name = f"{name}_first"
            text = f"{counter.ctype} {counter.name} = {name};\n{text}"
        head = f"for ({counter.ctype} {name} = {written(counter.index.low)}; {name} < {counter.bound}; {name}++) {{"
        text = f"{head}\n{textwrap.indent(text, '    ')}\n}}"
    return text


def _with_continues(text: str) -> str:
    """Statements of one thread as those of one iteration: leaving the kernel is going on with the next.

    Raises:
        InputError: a thread leaves from within a loop of its own.
    """
    prefix = "void f() {"
    root = parse(f"{prefix}{text}}}", "cuda")
    raw = text.encode()
    for node in reversed([n for n in walk(root) if n.type == "return_statement"]):
        at = node.parent
        while at is not None and at.type not in _LOOPS:
            at = at.parent
        if at is not None:
            raise InputError("leaves-a-loop: a thread returns from within a loop")
        raw = raw[: node.start_byte - len(prefix)] + b"continue;" + raw[node.end_byte - len(prefix) :]
    return raw.decode()
