"""Writes a loop-nest tree as a ``bind(c)`` procedure in Fortran, sequential or with OpenMP.

Not covered: what `hpcraft.data.grammar_fortran_values` doesn't cover, pointers, helpers of the kernel's own but ``max`` and
``min``; `write_fortran` gives an empty text then.
"""

from __future__ import annotations

import re

from hpcraft.data.grammar_code import Atomic, For, If, Kernel, Let, Line, Node, Parallel, Range, While, declared, walk, words
from hpcraft.data.grammar_expressions import Tree, UnknownSyntaxError, parse
from hpcraft.data.grammar_fortran_values import KINDS, Values
from hpcraft.data.grammar_words import Style

_ASSIGN = re.compile(r"^(.+?)\s*(<<|>>|[-+*/%&|^])?=(?!=)\s*(.+)$", re.DOTALL)
_WIDTH = 110
_RESULT = "res_"


def write_fortran(kernel: Kernel, style: Style, *, openmp: bool = False) -> str:
    """The kernel in Fortran; empty where it can't be written."""
    try:
        return _FortranWriter(kernel, style, openmp=openmp).text()
    except UnknownSyntaxError:
        return ""


class _FortranWriter:
    def __init__(self, kernel: Kernel, style: Style, *, openmp: bool) -> None:
        self.kernel, self.openmp = kernel, openmp
        self.indent = "  " if style.indent != "    " else "    "
        self.collapse = style.collapse
        self.index_type = style.index_type if style.index_type in KINDS else "int"
        self.locals = declared(kernel.body, self.index_type)
        self._check()
        types = {p.name: p.ctype for p in kernel.params} | self.locals
        self.values = Values(types, set(kernel.arrays))
        self.lines: list[str] = []

    def _check(self) -> None:
        kernel = self.kernel
        every = {p.name for p in kernel.params} | set(self.locals) | {kernel.name}
        kinds = {n.name: {m.ctype.removeprefix("const ") for m in walk(kernel.body) if isinstance(m, Let) and m.name == n.name}
                 for n in walk(kernel.body) if isinstance(n, Let)}  # fmt: skip
        self.locals = {n: c.removeprefix("const ") for n, c in self.locals.items()}
        bad_type = any(c not in KINDS for c in (*(p.ctype for p in kernel.params), *self.locals.values()))
        clash = len({n.lower() for n in every}) < len(every) or any(n.startswith("_") or n.lower() == _RESULT for n in every)
        if bad_type or clash or any(len(k) > 1 for k in kinds.values()) or any(not h.builtin for h in kernel.helpers):
            raise UnknownSyntaxError(f"types or names of {kernel.name}")
        if kernel.result not in ("void", *KINDS):
            raise UnknownSyntaxError(f"result of {kernel.name}")

    def text(self) -> str:
        kernel = self.kernel
        head = f'({", ".join(p.name for p in kernel.params)}) bind(c, name="{kernel.name}")'
        kind = "subroutine" if kernel.result == "void" else "function"
        self._put(f"{kind} {kernel.name}{head}" + ("" if kind == "subroutine" else f" result({_RESULT})"), 0)
        self._put("use, intrinsic :: iso_c_binding", 1)
        self._put("implicit none", 1)
        for p in kernel.params:
            if p.is_array:
                self._put(f"{KINDS[p.ctype]}, intent({'in' if p.access == 'in' else 'inout'}) :: {p.name}(0:*)", 1)
            else:
                self._put(f"{KINDS[p.ctype]}, value :: {p.name}", 1)
        if kind == "function":
            self._put(f"{KINDS[kernel.result]} :: {_RESULT}", 1)
        by_type: dict[str, list[str]] = {}
        for name, ctype in self.locals.items():
            by_type.setdefault(ctype, []).append(name)
        for ctype, names in by_type.items():
            self._put(f"{KINDS[ctype]} :: {', '.join(names)}", 1)
        self._nodes(kernel.body, 1)
        self._put(f"end {kind} {kernel.name}", 0)
        return "\n".join(self.lines) + "\n"

    def _put(self, text: str, depth: int) -> None:
        directive = text.startswith("!$omp")
        line = self.indent * depth + text
        while len(line) > _WIDTH:
            at = line.rfind(" ", len(self.indent * depth) + 8, _WIDTH)
            if at < 0:
                raise UnknownSyntaxError("a line that can't be broken")
            self.lines.append(line[:at] + " &")
            line = self.indent * (depth + 1) + ("!$omp& " if directive else "& ") + line[at + 1 :]
        self.lines.append(line)

    # ------------------------------------------------------------ statements

    def _nodes(self, nodes: tuple[Node, ...], depth: int) -> None:
        for node in nodes:
            self._node(node, depth)

    def _node(self, node: Node, depth: int) -> None:
        match node:
            case Line(text):
                self._line(text.rstrip(";").strip(), depth)
            case Let(_, name, value):
                if value:
                    self._assign(name, "", value, depth)
            case Atomic(place, op, value):
                if self.openmp:
                    self._put("!$omp atomic write" if op == "=" else "!$omp atomic", depth)
                self._assign(place, op.removesuffix("="), "1" if value == "++" else value, depth)
            case If(condition, body, orelse):
                self._if(condition, body, orelse, depth)
            case While(condition, body, last):
                self._while(condition, body, last=last, depth=depth)
            case For(head, body):
                self._loop(head, body, depth)
            case Parallel():
                self._parallel(node, depth)

    def _line(self, text: str, depth: int) -> None:
        if text in ("continue", "return"):
            self._put("cycle" if text == "continue" else "return", depth)
        elif text.startswith("return "):
            self._put(f"{_RESULT} = {self.values.converted(text[7:], self.kernel.result)}", depth)
        elif text.endswith(("++", "--")):
            self._assign(text[:-2], text[-1], "1", depth)
        elif match := _ASSIGN.match(text):
            self._assign(match[1], match[2] or "", match[3], depth)
        else:
            raise UnknownSyntaxError(f"the statement {text!r}")

    def _assign(self, place: str, op: str, value: str, depth: int) -> None:
        if (chain := _ASSIGN.match(value)) and not re.match(r".*[<>=!]$", chain[1]) and not chain[2] and "?" not in chain[1]:
            self._assign(chain[1], "", chain[3], depth)
            value = chain[1]
        if not op and (choice := parse(value)).kind == "if" and _has_elements(choice):
            condition, one, other = _split_choice(value)
            self._if(condition, (Line(f"{place} = {one};"),), (Line(f"{place} = {other};"),), depth)
            return
        target = self.values.place(place)
        if op:
            value = f"{place} {op} ({value})"
        number = self.values.number(value)
        narrow = {"float": 1, "double": 1}.get(number.ctype) and target.ctype not in ("float", "double")
        text = self.values.converted(value, target.ctype) if narrow or target.ctype in ("char", "short") else number.text
        self._put(f"{target.text} = {text}", depth)

    def _if(self, condition: str, body: tuple[Node, ...], orelse: tuple[Node, ...], depth: int) -> None:
        tree = parse(condition)
        if tree.kind == "binary" and tree.word == "&&" and not orelse and not _has_elements(tree.parts[0]) and _has_elements(tree.parts[1]):
            left, right = _split_and(condition)
            self._if(left, (If(right, body),), (), depth)
            return
        self._put(f"if ({self.values.condition(condition)}) then", depth)
        self._nodes(body, depth + 1)
        if orelse:
            self._put("else", depth)
            self._nodes(orelse, depth + 1)
        self._put("end if", depth)

    def _while(self, condition: str, body: tuple[Node, ...], *, last: bool, depth: int) -> None:
        self._put("do" if last else f"do while ({self.values.condition(condition)})", depth)
        self._nodes(body, depth + 1)
        if last:
            if Line("continue;") in list(walk(body)):
                raise UnknownSyntaxError("a continue in a loop that tests at its end")
            self._put(f"if (.not. ({self.values.condition(condition)})) exit", depth + 1)
        self._put("end do", depth)

    def _loop(self, head: Range, body: tuple[Node, ...], depth: int) -> None:
        if head.also and Line("continue;") in list(walk(body)):
            raise UnknownSyntaxError("a continue in a loop with a second step")
        low, high = self.values.number(head.low).text, self.values.number(f"({head.high}) - 1").text
        step = "" if head.step == "1" else f", {self.values.number(head.step).text}"
        bounds = f"{high}, {low}, -1" if head.form == "down" and not step else f"{low}, {high}{step}"
        self._put(f"do {head.var} = {bounds}", depth)
        self._nodes(body, depth + 1)
        if head.also:
            self._line(head.also, depth + 1)
        self._put("end do", depth)

    def _parallel(self, node: Parallel, depth: int) -> None:
        first, *inner = node.heads
        heads = {h.var for h in node.heads}
        linked = any(words(f"{h.low} {h.high} {h.step}") & heads for h in inner)
        collapse = len(node.heads) if self.collapse and inner and not linked and not any(h.also for h in node.heads) else 1
        if self.openmp:
            text = f"!$omp parallel do collapse({collapse})" if collapse > 1 else "!$omp parallel do"
            if node.reduce:
                text += f" reduction({node.reduce.op}:{node.reduce.name})"
            private = [n for n in declared(node.body, "int") if n not in heads] + [h.var for h in inner if collapse == 1]
            self._put(text + (f" private({', '.join(private)})" if private else ""), depth)
        body: tuple[Node, ...] = node.body
        for head in reversed(inner):
            body = (For(head, body),)
        self._loop(first, body, depth)
        if self.openmp:
            self._put("!$omp end parallel do", depth)


def _has_elements(tree: Tree) -> bool:
    return tree.kind in ("element", "deref") or any(_has_elements(p) for p in tree.parts)


def _split_choice(text: str) -> tuple[str, str, str]:
    """The three parts of a conditional expression."""
    text = _opened(text)
    question = _outside(text, "?")
    colon, depth = -1, 0
    for position in range(question + 1, len(text)):
        depth += (text[position] in "([?") - (text[position] in ")]")
        if text[position] == ":":
            if depth == 0:
                colon = position
                break
            depth -= 1
    return text[:question], text[question + 1 : colon], text[colon + 1 :]


def _split_and(text: str) -> tuple[str, str]:
    """Both sides of the last conjunction that stands outside parentheses."""
    text = _opened(text)
    depth, found = 0, -1
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and text.startswith("&&", position):
            found = position
    return text[:found], text[found + 2 :]


def _opened(text: str) -> str:
    text = text.strip()
    while text.startswith("(") and _outside(text, "?") < 0 and parse(text[1:-1] if text.endswith(")") else text) == parse(text):
        text = text[1:-1].strip()
    return text


def _outside(text: str, sign: str) -> int:
    depth = 0
    for position, character in enumerate(text):
        if depth == 0 and character == sign:
            return position
        depth += (character in "([") - (character in ")]")
    return -1
