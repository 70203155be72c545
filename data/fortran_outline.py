"""Cuts loops out of real Fortran procedures: each as a function of its own in C, and as a ``bind(c)`` procedure that holds the real loop.

The loop is said in C by rule (`hpcraft.data.fortran_to_c`) and cut out as loops of C are (`hpcraft.data.outline`), which tells what it reads, writes and
accumulates. The procedure in Fortran has the same parameters, and the loop as it was written, but for comments, labels and layout.

Not covered: what neither of the two covers; loops whose lines are too long for free form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from hpcraft.data.extents import Extent, extents
from hpcraft.data.fortran_shapes import Declared, real_kind
from hpcraft.data.fortran_to_c import Translation, arguments_of, assigned, identifiers
from hpcraft.data.grammar_fortran_values import KINDS
from hpcraft.data.outline import Outlined, Variable, outline
from hpcraft.data.pieces_fortran import name_of, procedures
from hpcraft.data.syntax import text_of, walk_without
from hpcraft.data.typedefs import Dialect
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_RESULT = "res_"
_WORD = re.compile(r"[A-Za-z_]\w*")
_MAX_LINES, _WIDTH = 40, 120
_PLAIN_TYPES = {"int": "integer", "long": "integer*8", "float": "real", "double": "double precision"}
_OPENS = re.compile(r"do\b|(?:else\s*)?if\s*\(.*\)\s*then$|else$", re.IGNORECASE)
_CLOSES = re.compile(r"end\s*(?:do|if)\b|else(?:\s*if)?\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class FortranLoop:
    """One loop of a Fortran procedure."""

    outlined: Outlined
    """The loop in C."""
    loop: str
    """The loop as it stood there."""
    shapes: dict[str, str]
    """Arrays, with their shapes as `hpcraft.data.fortran_shapes.Array` has them written."""
    constants: tuple[tuple[str, str, str], ...]
    """Name, C type and value."""
    kinds: tuple[str, ...]
    """Names of kinds in the loop."""
    floors: tuple[tuple[str, Extent], ...]
    """Parameters that are lengths of an array's dimension, and how long the loop's indices want it: Fortran is wrong with less, as C isn't."""

    def code(self, directive: str = "") -> str:
        """The procedure in Fortran; with a directive, whose end is written by rule, in front of the loop."""
        this = self.outlined
        kind = "function" if this.result else "subroutine"
        head = f"{kind} {this.name}({', '.join(v.name for v in this.params)})" + (f" result({_RESULT})" if this.result else "")
        lines = ["use, intrinsic :: iso_c_binding", "implicit none", *self._constants(KINDS)]
        lines += [self._declared(v) for v in self._ordered(this.params)]
        lines += [f"{KINDS[v.ctype]} :: {v.name}" for v in (*this.locals, *this.outs)]
        result = next((v for v in this.params if v.name == this.result), None)
        lines += [f"{KINDS[result.ctype]} :: {_RESULT}"] if result else []
        lines += [f"{v.name} = {v.name}_out" for v in this.outs]
        lines += _with_directive(self.loop, directive)
        lines += [f"{v.name}_out = {v.name}" for v in this.outs]
        lines += [f"{_RESULT} = {result.name}"] if result else []
        head = f'{head} bind(c, name="{this.name}")'
        return "\n".join([*_folded(head, "&"), *("  " + line for line in lines), f"end {kind} {this.name}", ""])

    def plain(self) -> str:
        """The same as a subroutine of default types, for tools that read Fortran without its modules."""
        this = self.outlined
        lines = ["implicit none", *self._constants(_PLAIN_TYPES)]
        arrays = [v for v in self._ordered(this.params) if v.pointer and v.name in self.shapes]
        numbers = [v for v in (*this.params, *this.locals, *this.outs) if v not in arrays]
        lines += [f"{_PLAIN_TYPES[v.ctype]} :: {v.name}" for v in numbers]
        lines += [f"{_PLAIN_TYPES[v.ctype]} :: {v.name}({self.shapes[v.name]})" for v in arrays]
        lines += self.loop.splitlines()
        return "\n".join([f"subroutine {this.name}({', '.join(v.name for v in this.params)})", *lines, f"end subroutine {this.name}", ""])

    def _ordered(self, params: Iterable[Variable]) -> list[Variable]:
        """Parameters as they may be declared: an array that is as long as an element of another comes behind it."""
        return sorted(params, key=lambda v: bool(self.shapes.keys() & set(_WORD.findall(self.shapes.get(v.name, "")))))

    def _constants(self, types: dict[str, str]) -> list[str]:
        bytes_of = {"float": "c_float", "double": "c_double"} if types is KINDS else {"float": "4", "double": "8"}
        unknown = [kind for kind in self.kinds if types is not KINDS or not kind.startswith("c_")]  # the module has those of C
        kinds = [f"integer, parameter :: {kind} = {bytes_of[real_kind(kind)]}" for kind in unknown]
        return kinds + [f"{types[ctype]}, parameter :: {name} = {value}" for name, ctype, value in self.constants]

    def _declared(self, variable: Variable) -> str:
        kind = KINDS[variable.ctype]
        if not variable.pointer:
            return f"{kind}, value :: {variable.name}"
        shape = self.shapes.get(variable.name)
        return f"{kind}, intent({'inout' if variable.written else 'in'}) :: {variable.name}" + (f"({shape})" if shape else "")


def fortran_loops(text: str, refuse: Callable[[InputError], None] = lambda _: None) -> Iterator[FortranLoop]:
    """Every loop of the procedures in ``text`` that can stand alone: outermost ones, or inner ones where the outer can't.

    Args:
        text: Fortran in free form.
        refuse: is told of each loop that can't and has none in it.
    """
    for procedure in procedures(text):
        declared = Declared.of(procedure)
        count = 0
        for loop in _outermost(procedure):
            found = _try_loop(loop, name_of(procedure).lower(), declared, count, refuse)
            count += len(found)
            yield from found


def _outermost(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.type == "do_loop":
            yield child
        elif child.type not in ("subroutine", "function", "internal_procedures"):
            yield from _outermost(child)


def _try_loop(loop: Node, function: str, declared: Declared, count: int, refuse: Callable[[InputError], None]) -> list[FortranLoop]:
    try:
        return [_cut(loop, function, declared, count)]
    except InputError as error:
        found: list[FortranLoop] = []
        inner = list(_outermost(loop))
        for one in inner:
            found += _try_loop(one, function, declared, count + len(found), refuse)
        if not inner:
            refuse(error)
        return found


def _cut(loop: Node, function: str, declared: Declared, count: int) -> FortranLoop:
    """The loop both ways.

    Raises:
        InputError: it can't stand alone.
    """
    translation = Translation(declared)
    lines = translation.loop(loop)
    made = {name for array in translation.arrays.values() for name in array.extents if isinstance(name, str)}
    taken = {*declared.scalars, *declared.arrays, *declared.constants, _RESULT}
    if made & taken or len(lines) > _MAX_LINES or function in translation.names.keys() | translation.arrays.keys():
        raise InputError(f"names: {function}")
    params = [f"{ctype} {name}" for name, ctype in translation.names.items()]
    params += [f"{array.ctype} *{name}" for name, array in translation.arrays.items()]
    code = "\n".join([f"void {function}({', '.join(params)}) {{", *lines, "}"])
    outlined = next(outline(code, Dialect()), None)
    if outlined is None or len(outlined.loop.splitlines()) < len(lines):
        raise InputError(f"outline: {lines[0]}")
    kinds = sorted(
        {text_of(n).lower() for part in (loop, *(declared.constants[c].value for c in translation.constants)) for n in _kinds(part)}
    )
    found = FortranLoop(
        floors=tuple(_floors(loop, translation, outlined)),
        outlined=replace(outlined, name=f"{function}_loop{count + 1 if count else ''}"),
        loop=written(loop),
        shapes={name: array.written for name, array in translation.arrays.items()},
        constants=tuple((name, declared.constants[name].ctype, value) for name, value in translation.constants.items()),
        kinds=tuple(kind for kind in kinds if kind.isidentifier()),
    )
    changed, shapes = set(assigned(loop)), [e for a in translation.arrays.values() for e in a.extents if not isinstance(e, str)]
    if moving := changed & {text_of(n).lower() for extent in shapes for n in identifiers(extent)}:
        raise InputError(f"shape: {', '.join(sorted(moving))} changes in the loop")
    have = {v.name for v in outlined.params} | translation.constants.keys()
    for name, array in translation.arrays.items():
        if missing := {w.lower() for w in _WORD.findall(array.written)} - have:
            raise InputError(f"shape: {name} is as long as {', '.join(sorted(missing))}")
    return found


def _floors(loop: Node, translation: Translation, outlined: Outlined) -> Iterator[tuple[str, Extent]]:
    """What leading dimensions must hold, where their length is a parameter."""
    signature = Signature.parse(outlined.signature)
    for dimension in range(max((len(a.extents) for a in translation.arrays.values()), default=0)):
        shadow = Translation(translation.declared, only=dimension)
        code = replace(outlined, loop="\n".join(shadow.loop(loop))).code()
        found = extents(code, signature)
        for name, array in translation.arrays.items():
            if dimension < len(array.extents):
                last = array.extents[dimension]
                length = last if isinstance(last, str) else text_of(last).lower()
                if length in translation.names and name in found:
                    yield length, found[name] if isinstance(last, str) else _less(found[name], 1 - array.lower[dimension])


def _less(extent: Extent, number: int) -> Extent:
    """What the last index must be where the first isn't 1."""
    if not number or extent.expression is None:
        return extent
    return replace(extent, expression=f"{extent.expression} - {number}", rounded=None)


def _kinds(node: Node) -> Iterator[Node]:
    """The names of kinds of literals, and of conversions."""
    for at in walk_without(node, ()):
        if at.type == "number_literal":
            yield from (n for n in at.children if n.type == "identifier")
        elif at.type == "call_expression" and text_of(at.children[0]).lower() == "real" and len(arguments_of(at)) == 2:
            yield from (n for n in identifiers(arguments_of(at)[1]) if text_of(n).lower() != "kind")


def written(loop: Node) -> str:
    """A loop as it was written, without comments, directives and labels, laid out anew.

    Raises:
        InputError: a line is too long, or has a label that something may jump to.
    """
    start, text = loop.start_byte, bytearray(loop.text or b"")
    for node in sorted(_to_replace(loop), key=lambda n: -n.start_byte):
        new = _end(node, upper=(loop.text or b"").startswith(b"DO")) if node.type == "end_do_label_loop_statement" else b""
        text[node.start_byte - start : node.end_byte - start] = new
    lines: list[str] = []
    depth, continued = 0, False
    for raw in text.decode(errors="replace").splitlines():
        line = re.sub(r"[ \t]+", " ", raw).strip()
        if not line or line == "&":
            continue
        depth -= not continued and bool(_CLOSES.match(line))
        lines.append("  " * (depth + continued) + line)
        depth += bool(_OPENS.match(line)) if not continued else line.lower().endswith("then")
        continued = line.endswith("&")
    if depth or any(len(line) > _WIDTH for line in lines):
        raise InputError(f"layout: {lines[0]}")
    return "\n".join(lines)


def _end(node: Node, *, upper: bool) -> bytes:
    """The end of a loop whose last statement has a label: that statement, where it does anything, and ``end do``."""
    last = [n for n in node.named_children if n.type not in ("statement_label", "comment") and text_of(n).lower() != "continue"]
    return b"".join((n.text or b"") + b"\n" for n in last) + (b"END DO" if upper else b"end do")


def _to_replace(loop: Node) -> Iterator[Node]:
    stack = [loop]
    while stack:
        at = stack.pop()
        if at.type in ("comment", "statement_label_reference", "end_do_label_loop_statement"):
            yield at
            continue
        if at.type == "statement_label":
            raise InputError(f"statement-label: {text_of(at)}")
        stack += at.children


def _with_directive(loop: str, directive: str) -> list[str]:
    if not directive:
        return loop.splitlines()
    construct = re.match(r"!\$omp (?:parallel )?do(?: simd)?", directive)
    end = [construct[0].replace("!$omp", "!$omp end")] if construct else []
    return [*_folded(re.sub(r",(?=\S)", ", ", directive), "!$omp&"), *loop.splitlines(), *end]


def _folded(line: str, mark: str) -> list[str]:
    """A line as several of free form; ``mark`` begins those that go on."""
    lines = []
    while len(line) > _WIDTH - 20 and (at := line.rfind(" ", 20, _WIDTH - 20)) > 0:
        lines.append(line[:at] + " &")
        line = f"{mark} {line[at + 1 :]}"
    return [*lines, line]
