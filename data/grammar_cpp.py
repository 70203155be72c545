"""Writes a loop-nest tree as sequential C++: what the standard library has an algorithm for by that, the rest as loops in C++'s own words.

A loop of one assignment to an element becomes ``std::transform``, ``std::copy`` or ``std::fill``, one of one addition to a scalar ``std::accumulate`` or
``std::inner_product``; functions of mathematics are those of ``std``, casts are ``static_cast``, and what is never changed is ``const``. Which of that is
done is drawn.

Not covered: templates and classes; C++ that is parallel; loops that count down or in steps, as algorithms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import MATHS, Helper, Kernel, Let, Line, Node, Range, declared, texts, walk, words
from hpcraft.data.grammar_words import Style
from hpcraft.data.trees import parse, text_of
from hpcraft.data.trees import walk as nodes_of

_SUBSCRIPT = re.compile(r"\b([A-Za-z_]\w*)\[([^\[\]]*)\]")
_BASE = re.compile(r"[\w\s+*()]+")
_ASSIGNED = re.compile(r"(?<![\w\]])([A-Za-z_]\w*)\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)\s*([A-Za-z_]\w*)|&([A-Za-z_]\w*)")
_STATEMENT = re.compile(r"(?P<place>[A-Za-z_]\w*(?:\[[^\[\]]*\])?) (?P<op>\+?)= (?P<value>(?!=).+);", re.DOTALL)
_CALLED = re.compile(rf"(?<![\w:])(abs|{MATHS}f?)(?=\()")
_HEADERS = {
    "algorithm": re.compile(r"\bstd::(?:transform|copy|fill|max|min)\b"),
    "cmath": re.compile(rf"\bstd::{MATHS}\b"),
    "cstdlib": re.compile(r"\bstd::abs\b"),
    "cstddef": re.compile(r"\bsize_t\b"),
    "numeric": re.compile(r"\bstd::(?:accumulate|inner_product)\b"),
}
_C_HEADERS = {
    "math.h": re.compile(rf"(?<![\w:]){MATHS}f?\("),
    "stdlib.h": re.compile(r"(?<![\w:])abs\("),
}
_ONE, _TWO = ("value", "v", "element", "each"), (("a", "b"), ("left", "right"), ("u", "v"), ("first", "second"))
_TOTALS = ("total", "so_far", "acc", "partial")


def write_cpp(kernel: Kernel, style: Style, rng: Random) -> str:
    """The kernel in C++; ``rng`` decides how much of the language it makes use of."""
    habits = Habits.draw(rng)
    text = _written(kernel, style, habits)
    own = "|".join([kernel.name, *(h.name for h in kernel.helpers if not _is_standard(h))])
    if re.search(rf"\bstd::(?:{own})\b", text):  # where many stand in one program, macros rename what each defines
        text = _written(kernel, style, replace(habits, algorithms=False, standard=False))
    return text


def _written(kernel: Kernel, style: Style, habits: Habits) -> str:
    changed = {name for n in walk(kernel.body) for t in texts(n) for found in _ASSIGNED.finditer(t) for name in found.groups() if name}
    writer = _CppWriter(replace(style, declare="inline", increment=habits.increment), kernel, habits, changed)
    text = writer.whole()
    if habits.casts:
        text = _with_casts(text)
    if habits.standard:
        text = _CALLED.sub(lambda found: f"std::{found[1].removesuffix('f')}", text)
        for helper in kernel.helpers:
            if _is_standard(helper):
                text = re.sub(rf"(?<![\w:]){helper.name}\(", f"std::{helper.name}<{helper.result}>(", text)
    included = [
        *(h for h, wanted in _C_HEADERS.items() if wanted.search(text)),
        *(h for h, wanted in _HEADERS.items() if wanted.search(text)),
    ]
    return "".join(f"#include <{h}>\n" for h in sorted(included)) + ("\n" if included else "") + text


def _is_standard(helper: Helper) -> bool:
    return helper.builtin and helper.name in ("max", "min")


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How much of C++ one author makes use of."""

    algorithms: bool
    standard: bool
    """Functions are those of ``std``."""
    casts: bool
    constants: bool
    """What is never changed is ``const``."""
    increment: str
    typed: bool
    """A lambda's parameters have their types, not ``auto``."""
    capture: str
    names: int

    @classmethod
    def draw(cls, rng: Random) -> Habits:
        """Habits at random."""
        return cls(
            algorithms=rng.random() < 0.6,
            standard=rng.random() < 0.85,
            casts=rng.random() < 0.7,
            constants=rng.random() < 0.5,
            increment=rng.choice(["++i", "++i", "i++"]),
            typed=rng.random() < 0.6,
            capture=rng.choice(["=", "=", "&"]),
            names=rng.randrange(4),
        )


@dataclass(frozen=True, slots=True)
class _Element:
    """``array[base + var]`` somewhere in a text."""

    array: str
    base: str
    begin: int
    end: int
    text: str

    @property
    def sequence(self) -> tuple[str, str]:
        """What it runs through as the variable grows."""
        return self.array, self.base

    def at(self, place: str) -> str:
        """A pointer to the element of a place."""
        return " + ".join(part for part in (self.array, self.base, place if place != "0" else "") if part)


class _CppWriter(CWriter):
    def __init__(self, style: Style, kernel: Kernel, habits: Habits, changed: set[str]) -> None:
        super().__init__(style)
        self.kernel, self.habits, self.changed = kernel, habits, changed

    def whole(self) -> str:
        """The function behind its helpers."""
        kernel, own = self.kernel, self.kernel.helpers
        if self.habits.standard:
            own = tuple(h for h in own if not _is_standard(h))
        self.open(f'extern "C" {kernel.prototype(self.style)}', 0, function=True)
        self.nodes(kernel.body, 1)
        self.put("}", 0)
        return "".join(h.text("static inline") for h in own) + "\n".join(self.lines) + "\n"

    def nodes(self, nodes: Iterable[Node], depth: int) -> None:
        """Nodes one after the other, constants as such."""
        super().nodes([self._constant(node) for node in nodes], depth)

    def _constant(self, node: Node) -> Node:
        if not self.habits.constants or not isinstance(node, Let) or not node.value or node.name in self.changed:
            return node
        return node if node.ctype.startswith("const ") or "*" in node.ctype else replace(node, ctype=f"const {node.ctype}")

    def loop(self, head: Range, body: tuple[Node, ...], depth: int) -> None:
        """A loop, as an algorithm where there is one."""
        found = self._algorithm(head, body) if self.habits.algorithms else ""
        if not found:
            super().loop(head, body, depth)
        for line in found.splitlines():
            self.put(line.lstrip("\t"), depth + line.startswith("\t"))

    # ------------------------------------------------------------ algorithms

    def _algorithm(self, head: Range, body: tuple[Node, ...]) -> str:
        """A statement that does what the loop does, empty where none is known."""
        *lets, last = body or (None,)
        if head.form != "up" or head.step != "1" or head.also or not isinstance(last, Line):
            return ""
        match = _STATEMENT.fullmatch(last.text)
        if match is None or not all(isinstance(n, Let) and n.value and "*" not in n.ctype and n.name not in self.changed for n in lets):
            return ""
        ahead = "".join(f"{n.ctype} {n.name} = {n.value};\n" for n in map(self._constant, lets) if isinstance(n, Let))
        place, value = match["place"], match["value"]
        if place.isidentifier():
            return self._sum(head, place, ahead, value) if match["op"] else ""
        written = _elements(place, head.var)
        return self._map(head, written[0], ahead, f"{place} + {_grouped(value)}" if match["op"] else value) if written else ""

    def _map(self, head: Range, written: _Element, ahead: str, value: str) -> str:
        text = f"{ahead}return {value};"
        read = _elements(text, head.var)
        if read is None or _assigns(value) or any(e.array == written.array and e.sequence != written.sequence for e in read):
            return ""
        if written.array in words(_without(text, read)):
            return ""
        out, ways = written.at(head.low), _distinct(read)
        if not ways:
            return "" if ahead else f"std::fill({out}, {written.at(head.high)}, {value});"
        if len(ways) > 2:
            return ""
        ranges = ", ".join([ways[0].at(head.low), ways[0].at(head.high), *(w.at(head.low) for w in ways[1:])])
        if text == f"return {ways[0].text};":
            return f"std::copy({ranges}, {out});" if ways[0].array != written.array else ""
        return f"std::transform({ranges}, {out}, {self._lambda(text, read, ways)});"

    def _sum(self, head: Range, name: str, ahead: str, value: str) -> str:
        total = next((n for n in (*_TOTALS[self.habits.names :], *_TOTALS) if n not in words(f"{ahead}{value}") | {name}), "")
        text = f"{ahead}return {total} + {_grouped(value)};"
        read = _elements(text, head.var)
        if not read or not total or _assigns(value) or name in words(text):
            return ""
        ways = _distinct(read)
        begin, end = ways[0].at(head.low), ways[0].at(head.high)
        if not ahead and value == ways[0].text:
            return f"{name} = std::accumulate({begin}, {end}, {name});"
        if not ahead and value == f"{ways[0].text} * {ways[-1].text}":
            return f"{name} = std::inner_product({begin}, {end}, {ways[-1].at(head.low)}, {name});"
        return f"{name} = std::accumulate({begin}, {end}, {name}, {self._lambda(text, read, ways, total)});" if len(ways) == 1 else ""

    def _lambda(self, text: str, read: list[_Element], ways: list[_Element], total: str = "") -> str:
        taken = words(text)
        pool = _TWO if len(ways) == 2 else tuple((name,) for name in _ONE)
        names = next(n for n in (*pool[self.habits.names :], *pool, ("x1_", "x2_")) if not set(n) & taken)
        of = dict(zip((w.sequence for w in ways), names, strict=False))
        for element in reversed(read):
            text = text[: element.begin] + of[element.sequence] + text[element.end :]
        arrays = self.kernel.arrays
        kinds = [arrays[w.array].ctype if self.habits.typed and w.array in arrays else "auto" for w in ways]
        params = ", ".join([f"auto {total}"] * bool(total) + [f"{kind} {name}" for kind, name in zip(kinds, names, strict=False)])
        known = {p.name for p in self.kernel.params} | set(declared(self.kernel.body, self.style.index_type))
        inside = {line.split(" = ")[0].split()[-1] for line in text.splitlines()[:-1]}
        capture = self.habits.capture if words(text) & known - {*names, total, *inside} else ""
        block = f"\n\t{text.replace(chr(10), f'{chr(10)}{chr(9)}')}\n" if "\n" in text else f" {text} "
        return f"[{capture}]({params}) {{{block}}}"


def _elements(text: str, var: str) -> list[_Element] | None:
    """The elements of ``text`` that lie one behind the other as ``var`` grows; None where it, or an index, is more than that."""
    found: list[_Element] = []
    for match in _SUBSCRIPT.finditer(text):
        index = match[2].strip()
        if var not in words(index):
            continue
        base = "" if index == var else _base(index, var)
        if base is None:
            return None
        found.append(_Element(match[1], base, match.start(), match.end(), match[0]))
    rest = _without(text, found)
    return None if var in words(rest) or "[" in _SUBSCRIPT.sub("", rest) else found


def _base(index: str, var: str) -> str | None:
    """What stands before or behind the variable in a sum."""
    for base in (index.removesuffix(f" + {var}"), index.removeprefix(f"{var} + ")):
        if base != index and var not in words(base) and _BASE.fullmatch(base) and base.count("(") == base.count(")"):
            return base
    return None


def _without(text: str, elements: list[_Element]) -> str:
    for element in reversed(elements):
        text = text[: element.begin] + "0" + text[element.end :]
    return text


def _distinct(elements: list[_Element]) -> list[_Element]:
    return list({e.sequence: e for e in elements}.values())


def _assigns(value: str) -> bool:
    return bool(re.search(r"\+\+|--|(?<![<>=!])=(?!=)", value))


def _grouped(value: str) -> str:
    return value if re.fullmatch(r"[\w.]+(?: \* [\w.]+)*", value) else f"({value})"


def _with_casts(text: str) -> str:
    """The same with every cast of C to a number as a ``static_cast``."""
    while casts := [node for node in nodes_of(parse(text, "cpp")) if node.type == "cast_expression"]:
        cast = casts[-1]  # the innermost of nested ones comes last
        value = text_of(cast.child_by_field_name("value"))
        value = value[1:-1] if value.startswith("(") and value.endswith(")") and _closed(value[1:-1]) else value
        data, made = text.encode(), f"static_cast<{text_of(cast.child_by_field_name('type'))}>({value})"
        text = (data[: cast.start_byte] + made.encode() + data[cast.end_byte :]).decode()
    return text


def _closed(text: str) -> bool:
    """Whether no parenthesis is closed that was opened before."""
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0
