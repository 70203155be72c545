"""Cuts loops out of real C functions and makes each a function of its own, with builtin types only.

The free variables of a loop become parameters; scalars that are written before they are read become locals; one scalar that is
accumulated becomes a parameter and the return value. Typedefs and literal macros are resolved by the package's `Dialect`.

Not covered: struct members, calls other than libm, pointers to pointers, pointer arithmetic, jumps out of the loop. Such loops are left alone.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Container, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.trees import KEYWORDS, declared_name, function_name, functions, parse, text_of, walk
from hpcraft.data.typedefs import MATH, SYNONYMS, Dialect

_MAX_LINES, _MAX_PARAMETERS = 40, 12
_FORBIDDEN = frozenset(
    [
        "ERROR",
        "field_expression",
        "goto_statement",
        "return_statement",
        "string_literal",
        "sizeof_expression",
        "pointer_expression",
        "labeled_statement",
        "switch_statement",
        "preproc_ifdef",
        "preproc_if",
        "preproc_def",
        "preproc_include",
        "compound_literal_expression",
        "initializer_list",
    ]
)
_HEADERS = {
    "math.h": MATH - {"abs"},
    "stdlib.h": frozenset(("abs",)),
    "stddef.h": frozenset(("size_t", "ptrdiff_t")),
    "stdint.h": frozenset(("int8_t", "uint8_t", "int16_t", "uint16_t")),
    "stdbool.h": frozenset(("bool",)),
}
_PRAGMA = re.compile(r"#[ \t]*pragma[ \t]+omp[ \t]+((?:[^\n\\]|\\\n)*)")
_GUARDED = re.compile(r"^[ \t]*#[ \t]*if[^\n]*\n(?:[ \t]*#[ \t]*pragma[^\n]*\n)+[ \t]*#[ \t]*endif[^\n]*\n", re.MULTILINE)
_CONDITIONAL = re.compile(r"^[ \t]*#", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A parameter or local of an outlined loop."""

    name: str
    ctype: str
    pointer: bool
    written: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlined:
    """One loop as a function of its own."""

    name: str
    function: str
    """The function that it was cut out of."""
    loop: str
    """The loop itself, types and macros resolved, without directives and comments."""
    params: tuple[Variable, ...]
    locals: tuple[Variable, ...]
    result: str
    """The accumulated scalar that is returned, empty for none."""
    directive: str
    """The OpenMP directive that stood in front of the loop, without ``#pragma``; empty for none."""

    @property
    def signature(self) -> str:
        """The C prototype."""
        returns = next((v.ctype for v in self.params if v.name == self.result), "void")
        words = [f"{'const ' if v.pointer and not v.written else ''}{v.ctype} {'*' if v.pointer else ''}{v.name}" for v in self.params]
        return f"{returns} {self.name}({', '.join(words)})"

    def code(self, *, pragma: str = "") -> str:
        """The whole function; with ``pragma`` in front of the loop where it is given."""
        text = f"{self.signature} {self.loop}"
        lines = [f"#include <{header}>" for header, names in _HEADERS.items() if re.search(rf"\b(?:{'|'.join(sorted(names))})\b", text)]
        lines += [*([""] if lines else []), self.signature, "{"]
        by_type: dict[str, list[str]] = {}
        for variable in self.locals:
            by_type.setdefault(variable.ctype, []).append(variable.name)
        lines += [f"    {ctype} {', '.join(names)};" for ctype, names in by_type.items()]
        lines += [f"#pragma {pragma}"] if pragma else []
        lines.append(textwrap.indent(self.loop, "    "))
        lines += [f"    return {self.result};"] if self.result else []
        return "\n".join([*lines, "}", ""])


def outline(text: str, dialect: Dialect) -> Iterator[Outlined]:
    """Every loop of the functions in ``text`` that can stand alone: outermost ones, or inner ones where the outer can't."""
    data = text.encode()
    for function in functions(parse(text)):
        body = function.child_by_field_name("body")
        if body is None or (function.has_error and len(data) > 20_000):
            continue
        types = _declarations(function)
        count = 0
        for loop in _outermost(body):
            found = _try_loop(loop, function_name(function), types, dialect, data, count)
            for outlined in found:
                count += 1
                yield outlined


def _try_loop(loop: Node, function: str, types: dict[str, tuple[str, int]], dialect: Dialect, data: bytes, count: int) -> list[Outlined]:
    name = f"{function}_loop{count + 1 if count else ''}"
    one = _outline(loop, function, name, types, dialect, data)
    if one:
        return [one]
    found: list[Outlined] = []
    for inner in _outermost(loop.child_by_field_name("body")):
        found += _try_loop(inner, function, types, dialect, data, count + len(found))
    return found


def _outermost(node: Node | None) -> Iterator[Node]:
    for child in node.children if node is not None else ():
        if child.type == "for_statement":
            yield child
        elif child.type != "function_definition":
            yield from _outermost(child)


def _declarations(function: Node) -> dict[str, tuple[str, int]]:
    """Names declared in a function, parameters too, with the type as written and the number of stars and brackets."""
    found: dict[str, tuple[str, int]] = {}
    for node in walk(function):
        if node.type not in ("parameter_declaration", "declaration"):
            continue
        ctype = text_of(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            depth = 0
            at: Node | None = declarator
            while at is not None and at.type != "identifier":
                depth += at.type in ("pointer_declarator", "array_declarator")
                if at.type == "function_declarator":
                    depth = 9
                at = at.child_by_field_name("declarator")
            name = declared_name(declarator)
            if found.get(name, (ctype, depth)) != (ctype, depth):
                found[name] = ("", 9)  # declared twice in different ways: better not guessed
            elif name:
                found[name] = (ctype, depth)
    return found


def _outline(loop: Node, function: str, name: str, types: dict[str, tuple[str, int]], dialect: Dialect, data: bytes) -> Outlined | None:
    text = _resolve(" " * loop.start_point.column + text_of(loop), dialect, types)
    if not text or text.count("\n") > _MAX_LINES:
        return None
    root = parse(f"void f() {{ {text} }}")
    nodes = list(walk(root))
    if root.has_error or any(n.type in _FORBIDDEN for n in nodes) or not _calls_allowed(nodes):
        return None
    inside = _declarations(root)
    free = _free_variables(nodes, set(inside))
    variables: dict[str, Variable] = {}
    written, moved = _written(nodes), {text_of(t) for n in nodes if (t := _target(n)) is not None and t.type == "identifier"}
    for identifier in free:
        ctype, depth = types.get(identifier, ("", 0))
        builtin = dialect.builtin(ctype)
        if not builtin or depth > 1 or (depth and identifier in moved):
            return None
        variables[identifier] = Variable(name=identifier, ctype=builtin, pointer=depth == 1, written=identifier in written)
    if any(not dialect.builtin(ctype) or depth for ctype, depth in inside.values() if ctype):
        return None
    return _assemble(text, function, name, variables, _first_uses(nodes), _directive(data, loop))


def _assemble(
    text: str, function: str, name: str, variables: dict[str, Variable], first: dict[str, str], directive: str
) -> Outlined | None:
    scalars = [v for v in variables.values() if not v.pointer]
    private = [v for v in scalars if v.written and first.get(v.name) == "write"]
    carried = [v for v in scalars if v.written and first.get(v.name) != "write"]
    arrays = [v for v in variables.values() if v.pointer]
    params = sorted((v for v in scalars if v not in private), key=lambda v: v.ctype in ("float", "double")) + arrays
    useful = any(v.written for v in arrays) or carried
    if len(carried) > 1 or not useful or not arrays or len(params) > _MAX_PARAMETERS or name in variables:
        return None
    return Outlined(
        name=name,
        function=function,
        loop=text,
        params=tuple(params),
        locals=tuple(private),
        result=carried[0].name if carried else "",
        directive=directive,
    )


def _resolve(text: str, dialect: Dialect, declared: Container[str]) -> str:
    """The loop without comments and directives, its typedefs, literal macros and libm wrappers resolved."""
    text = _GUARDED.sub("", re.sub(r"\\\n", " ", _COMMENT.sub(" ", text.expandtabs(4))))
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not re.match(r"\s*#\s*pragma\b", line)]
    text = textwrap.dedent("\n".join(lines))
    if _CONDITIONAL.search(text) or re.search(r"\bNULL\b", text):
        return ""

    def replace(match: re.Match[str]) -> str:
        word = match[0]
        if word in KEYWORDS or word in MATH:
            return word
        if word in SYNONYMS:
            return SYNONYMS[word]
        if word in dialect.types:
            return dialect.builtin(word) or word
        return word if word in declared else dialect.number(word) or word

    return re.sub(r"(?<![\w.])[A-Za-z_]\w*", replace, text)


def _calls_allowed(nodes: list[Node]) -> bool:
    return all(text_of(n.child_by_field_name("function")) in MATH for n in nodes if n.type == "call_expression")


def _free_variables(nodes: list[Node], inside: set[str]) -> list[str]:
    names: dict[str, None] = {}
    for node in nodes:
        if node.type == "identifier" and node.parent is not None:
            called = node.parent.type == "call_expression" and node.parent.child_by_field_name("function") == node
            name = text_of(node)
            if (not called and name not in inside and name != "f") or (
                name == "f" and "f" not in inside and node.parent.type != "function_declarator"
            ):
                names[name] = None
    return list(names)


def _target(node: Node) -> Node | None:
    """The left side of an assignment or the operand of an increment."""
    if node.type == "assignment_expression":
        return node.child_by_field_name("left")
    return node.child_by_field_name("argument") if node.type == "update_expression" else None


def _written(nodes: list[Node]) -> set[str]:
    """Names that are assigned, as scalars or by element."""
    found = set()
    for node in nodes:
        target = _target(node)
        while target is not None and target.type in ("subscript_expression", "parenthesized_expression"):
            target = target.child_by_field_name("argument") or (target.named_children[0] if target.named_children else None)
        if target is not None and target.type == "identifier":
            found.add(text_of(target))
    return found


def _first_uses(nodes: list[Node]) -> dict[str, str]:
    """Name to ``write`` when its first use is a plain assignment that doesn't read it, else to ``read``."""
    found: dict[str, str] = {}
    for node in nodes:
        if node.type != "identifier" or text_of(node) in found or node.parent is None:
            continue
        name, parent = text_of(node), node.parent
        plain = parent.type == "assignment_expression" and parent.child_by_field_name("left") == node
        if plain and text_of(parent.child_by_field_name("operator")) == "=":
            right = parent.child_by_field_name("right")
            own = right is not None and any(n.type == "identifier" and text_of(n) == name for n in walk(right))
            found[name] = "read" if own else "write"
        else:
            found[name] = "read"
    return found


def _directive(data: bytes, loop: Node) -> str:
    """The OpenMP directive among the lines right before a loop, conditionals in between or not."""
    before = data[max(0, loop.start_byte - 600) : loop.start_byte].decode(errors="replace")
    tail = re.split(r"[;{}]", before)[-1]
    found = _PRAGMA.findall(tail)
    if not found:
        return ""
    words = " ".join(found[-1].replace("\\\n", " ").split())
    words = re.sub(r"\bHYPRE_SMP_SCHEDULE\b", "schedule(static)", words)
    return f"omp {words}" if "parallel" in words and "for" in words.split() else ""
