"""Cuts loops out of real C functions and makes each a function of its own, with builtin types only.

The free variables of a loop become parameters; scalars that are written before they are read become locals; one scalar that is accumulated
becomes a parameter and the return value, of several each comes and goes by a pointer. A struct's member that the loop reads becomes a variable.
Typedefs, literal macros and macros of members are resolved by the package's `Dialect`. `regions` does the same for statements behind an OpenMP
directive that starts threads, and keeps the directives.

Not covered: structs in arrays, calls other than libm, pointers to pointers, pointer arithmetic, jumps out of the loop. Such loops are left alone.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from hpcraft.data.directives import parse_directive, render
from hpcraft.data.loops import statement_after
from hpcraft.data.trees import KEYWORDS, assigned, declared_name, function_name, functions, parse, text_of, walk
from hpcraft.data.typedefs import MATH, SYNONYMS, Dialect
from hpcraft.errors import InputError
from hpcraft.tokenizer.constructs import LIST_CLAUSES

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
_PRAGMA_LINE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp\b[^\n]*", re.MULTILINE)
_STARTS = re.compile(r"# ?pragma omp parallel\b")
_CONDITIONAL = re.compile(r"^[ \t]*#", re.MULTILINE)
_ABOUT_TEAMS = ("num_threads", "if")
_NAME = re.compile(r"[A-Za-z_]\w*")
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
    outs: tuple[Variable, ...] = ()
    """Accumulated scalars where there are several; each comes and goes by a pointer of its name and ``_out``."""
    annotated: str = ""
    """Of a region: the statement with all of its directives."""

    @property
    def signature(self) -> str:
        """The C prototype."""
        returns = next((v.ctype for v in self.params if v.name == self.result), "void")
        words = [f"{'const ' if v.pointer and not v.written else ''}{v.ctype} {'*' if v.pointer else ''}{v.name}" for v in self.params]
        return f"{returns} {self.name}({', '.join(words)})"

    def code(self, *, pragma: str = "", annotated: bool = False) -> str:
        """The whole function; with ``pragma`` in front of the loop where it is given, or with the region's own directives."""
        loop = self.annotated if annotated else self.loop
        text = f"{self.signature} {loop}"
        lines = includes(text)
        lines += [*([""] if lines else []), self.signature, "{"]
        by_type: dict[str, list[str]] = {}
        for variable in self.locals:
            by_type.setdefault(variable.ctype, []).append(variable.name)
        lines += [f"    {ctype} {', '.join(names)};" for ctype, names in by_type.items()]
        lines += [f"    {v.ctype} {v.name} = *{v.name}_out;" for v in self.outs]
        lines += [f"#pragma {pragma}"] if pragma else []
        lines.append(textwrap.indent(loop, "    "))
        lines += [f"    *{v.name}_out = {v.name};" for v in self.outs]
        lines += [f"    return {self.result};"] if self.result else []
        return "\n".join([*lines, "}", ""])


def includes(code: str) -> list[str]:
    """The lines that include what a piece of code needs of the C standard library."""
    return [f"#include <{header}>" for header, names in _HEADERS.items() if re.search(rf"\b(?:{'|'.join(sorted(names))})\b", code)]


def outline(text: str, dialect: Dialect) -> Iterator[Outlined]:
    """Every loop of the functions in ``text`` that can stand alone: outermost ones, or inner ones where the outer can't."""
    data = text.encode()
    for function in functions(parse(text)):
        body = function.child_by_field_name("body")
        if body is None or (function.has_error and len(data) > 20_000):
            continue
        types = declarations(function)
        count = 0
        for loop in _outermost(body):
            found = _try_loop(loop, function_name(function), types, dialect, data, count)
            for outlined in found:
                count += 1
                yield outlined


def regions(text: str, dialect: Dialect) -> Iterator[Outlined]:
    """Every statement of the functions in ``text`` behind an OpenMP directive that starts threads, where it can stand alone."""
    if "omp" not in text:
        return
    data = text.encode()
    for function in functions(parse(text)):
        types = declarations(function)
        count = 0
        for pragma in (n for n in walk(function) if n.type == "preproc_call"):
            words = " ".join(text_of(pragma).replace("\\\n", " ").split())
            statement = statement_after(pragma) if _STARTS.match(words) else None
            if statement is None or statement.type not in ("for_statement", "compound_statement"):
                continue
            name = f"{function_name(function)}_region{count + 1 if count else ''}"
            if found := _outline(statement, function_name(function), name, types, dialect, data, front=words):
                count += 1
                yield found


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


def declarations(function: Node) -> dict[str, tuple[str, int]]:
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


def _outline(
    loop: Node, function: str, name: str, types: dict[str, tuple[str, int]], dialect: Dialect, data: bytes, front: str = ""
) -> Outlined | None:
    whole = dialect.expressions.written_out(" " * loop.start_point.column + text_of(loop))
    text = resolved(whole, dialect, types)
    if not text or text.count("\n") > _MAX_LINES:
        return None
    text, members = _without_members(text, types, dialect)
    types = {**types, **{member.name: (member.ctype, int(member.pointer)) for member in members.values()}}
    root = parse(f"void f() {{ {text} }}")
    nodes = list(walk(root))
    if root.has_error or any(n.type in _FORBIDDEN for n in nodes) or not _calls_allowed(nodes):
        return None
    inside = declarations(root)
    free = _free_variables(nodes, set(inside))
    variables: dict[str, Variable] = {}
    written = written_names(nodes)
    for identifier in free:
        ctype, depth = types.get(identifier, ("", 0))
        builtin = dialect.builtin(ctype)
        if not builtin or depth > 1 or (depth and identifier in assigned(root)):
            return None
        variables[identifier] = Variable(name=identifier, ctype=builtin, pointer=depth == 1, written=identifier in written)
    if any(not dialect.builtin(ctype) or depth for ctype, depth in inside.values() if ctype):
        return None
    found = _assemble(text, function, name, variables, _first_uses(nodes), _directive(data, loop, {*variables, *inside}))
    if found is None or not front:
        return found
    kept = resolved(whole, dialect, types, directives=True)
    for member, variable in members.items():
        kept = kept.replace(member, variable.name)
    lines = [front, *kept.splitlines()]
    return replace(found, annotated="\n".join(_fitted(line.strip(), {*variables, *inside}) if "#" in line else line for line in lines))


def _without_members(text: str, types: dict[str, tuple[str, int]], dialect: Dialect) -> tuple[str, dict[str, Variable]]:
    """The text with members of structs as variables, and these by what they stand for.

    Only members of structs that stay the same in the loop: ``a->n`` and ``a->b.n``, not ``a[i].n``.
    """
    root = parse(f"void f() {{ {text} }}")
    fields = [n for n in walk(root) if n.type == "field_expression" and (n.parent is None or n.parent.type != "field_expression")]
    if not fields:
        return text, {}
    changed, taken = assigned(root), {text_of(n) for n in walk(root) if n.type == "identifier"}
    found: dict[str, Variable] = {}
    for node in sorted(fields, key=lambda n: -len(text_of(n))):
        whole = text_of(node)
        chain = re.split(r"->|\.", whole.replace(" ", ""))
        ctype, depth = types.get(chain[0], ("", 0))
        for part in chain[1:]:
            ctype, depth = dialect.member(ctype, part) if depth <= 1 else ("", 0)
        if whole in found or not dialect.builtin(ctype) or depth > 1 or chain[0] in changed or not all(p.isidentifier() for p in chain):
            continue
        name = next((w for w in (chain[-1], "_".join(chain[-2:]), "_".join(chain)) if w not in taken and w not in types), "")
        if name:
            taken.add(name)
            found[whole] = Variable(name=name, ctype=dialect.builtin(ctype), pointer=depth == 1, written=False)
    for whole, variable in found.items():
        text = re.sub(rf"(?<![\w.>]){re.escape(whole)}(?!\w)", variable.name, text)
    return text, found


def _assemble(
    text: str, function: str, name: str, variables: dict[str, Variable], first: dict[str, str], directive: str
) -> Outlined | None:
    scalars = [v for v in variables.values() if not v.pointer]
    private = [v for v in scalars if v.written and first.get(v.name) == "write"]
    carried = [v for v in scalars if v.written and first.get(v.name) != "write"]
    arrays = [v for v in variables.values() if v.pointer]
    outs = carried if len(carried) > 1 else []
    params = sorted((v for v in scalars if v not in private and v not in outs), key=lambda v: v.ctype in ("float", "double")) + arrays
    params += [Variable(name=f"{v.name}_out", ctype=v.ctype, pointer=True, written=True) for v in outs]
    useful = any(v.written for v in arrays) or carried
    if not useful or not arrays or len(params) > _MAX_PARAMETERS or {name, *(f"{v.name}_out" for v in outs)} & variables.keys():
        return None
    return Outlined(
        name=name,
        function=function,
        loop=text,
        params=tuple(params),
        locals=tuple(private),
        result=carried[0].name if len(carried) == 1 else "",
        directive=directive,
        outs=tuple(outs),
    )


def resolved(text: str, dialect: Dialect, declared: Container[str], *, directives: bool = False) -> str:
    """A piece of code without comments, its typedefs, literal macros and libm wrappers resolved; empty for one with conditions of the preprocessor.

    With ``directives`` those of OpenMP stay, but for conditions around them.
    """
    text = re.sub(r"\\\n", " ", _COMMENT.sub(" ", text.expandtabs(4)))
    text = _GUARDED.sub(lambda found: "\n".join(_PRAGMA_LINE.findall(found[0])) + "\n" if directives else "", text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and (directives or not re.match(r"\s*#\s*pragma\b", line))]
    text = textwrap.dedent("\n".join(lines))
    if _CONDITIONAL.search(_PRAGMA_LINE.sub("", text)) or re.search(r"\bNULL\b", text):
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


def written_names(nodes: list[Node]) -> set[str]:
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


def _directive(data: bytes, loop: Node, names: Container[str]) -> str:
    """The OpenMP directive among the lines right before a loop, conditionals in between or not."""
    before = data[max(0, loop.start_byte - 600) : loop.start_byte].decode(errors="replace")
    tail = re.split(r"[;{}]", before)[-1]
    found = _PRAGMA.findall(tail)
    if not found:
        return ""
    words = " ".join(found[-1].replace("\\\n", " ").split())
    if "parallel" not in words or "for" not in words.split():
        return ""
    return _fitted(f"#pragma omp {words}", names).removeprefix("#pragma ")


def _fitted(line: str, names: Container[str]) -> str:
    """A directive about the names that a cut out statement has: others go from its lists, and so do clauses that rest on them."""
    line = re.sub(r"\bHYPRE_SMP_SCHEDULE\b", "schedule(static)", line)
    try:
        directive = parse_directive(line)
    except InputError:
        return line
    clauses = []
    for clause in directive.clauses:
        if clause.argument is None or clause.name not in LIST_CLAUSES:
            strange = clause.name in _ABOUT_TEAMS and any(w not in names for w in _NAME.findall(clause.argument or ""))
            clauses += [] if strange else [clause]
            continue
        head, colon, listed = clause.argument.rpartition(":") if "[" not in clause.argument else ("", "", clause.argument)
        kept = [item.strip() for item in listed.split(",") if (word := _NAME.search(item)) and word[0] in names]
        clauses += [replace(clause, argument=f"{head}{colon}{', '.join(kept)}")] if kept else []
    return render(replace(directive, clauses=tuple(clauses)))
