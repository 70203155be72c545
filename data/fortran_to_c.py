"""Loops of real Fortran as C: what a rule can say in C of a loop over arrays, and how the arrays lie in memory.

Arrays are one-dimensional in C, in Fortran's order of elements, and begin at 0; indices of loops do too, so ``do i = 1, n`` with ``a(i, j + 1)`` comes out
as ``for (i = 0; i < n; i++)`` with ``a[i + (j + 1) * lda]``. Literals keep their precision, constants of the procedure are written out, and integers and
reals convert as they do in C anyway. Names are in lower case.

Not covered: arrays of characters, logical and complex numbers, sections of arrays, derived types, calls but for intrinsics that libm has, ``goto``, ``do while``,
steps that are no literal, names that aren't declared in the procedure (those of modules, and by implicit typing).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from hpcraft.data.fortran_shapes import Array, Declared, real_kind
from hpcraft.data.fortran_values import ATOM, CASTS, LEVEL, RANK, SPECIFIC, UNARY, Value, called, number, rendered
from hpcraft.data.syntax import text_of, walk_without
from hpcraft.data.trees import KEYWORDS
from hpcraft.errors import InputError

_SPELLED = {".gt.": ">", ".lt.": "<", ".ge.": ">=", ".le.": "<=", ".eq.": "==", ".ne.": "!=", "/=": "!=", ".and.": "&&", ".or.": "||"}
_IGNORED = frozenset(("comment", "\n", ";", "end_do_loop_statement", "end_if_statement", "do_statement", "statement_label_reference"))


@dataclass(slots=True)
class Translation:
    """Translates the loops of one procedure.

    Attributes:
        declared: what the procedure declares.
        indices: variables of the loops around, each one less in C than in Fortran.
        arrays: those that were met.
    """

    declared: Declared
    indices: list[str] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Numbers that were met, with their types."""
    constants: dict[str, str] = field(default_factory=dict)
    """Constants that were met, with their values as written."""
    indexed: set[str] = field(default_factory=set)
    """Indices of loops that were met."""
    plain: set[str] = field(default_factory=set)
    """Numbers that were met where they are no index."""
    only: int | None = None
    """A dimension, counted from 0: arrays that have one behind it are indexed by it alone, to see how long it must be."""

    def loop(self, node: Node) -> list[str]:
        """The lines of a counted loop.

        Raises:
            InputError: it can't be said in C by rule; the words before the colon are a key to count it under.
        """
        control = next((n for n in node.children[0].children if n.type == "loop_control_expression"), None)
        if node.has_error or control is None:
            raise InputError(f"form: {text_of(node.children[0])} isn't counted")
        index, low, high, *rest = (n for n in control.named_children if n.type != "comment")
        name = self.scalar(index)
        if self.names[name] not in ("int", "long") or name in self.indices:
            raise InputError(f"form: the index {name}")
        written = text_of(rest[0]).replace(" ", "") if rest else "1"
        if not re.fullmatch(r"[-+]?[1-9]\d*", written):
            raise InputError(f"form: the step {written}")
        step = int(written)
        first = self.index(low, 1)
        last = self.index(high, 0 if step > 0 else 1)
        moves = {1: f"{name}++", -1: f"{name}--"}.get(step, f"{name} {'+' if step > 0 else '-'}= {abs(step)}")
        test = f"{name} < {last}" if step > 0 else f"{name} >= {last}"
        changed = set(assigned(node))
        if changed & {text_of(n).lower() for part in (low, high) for n in identifiers(part)} or name in changed:
            raise InputError(f"form: a bound or the index of the loop over {name} changes in it")
        self.indices.append(name)
        self.indexed.add(name)
        body = self.statements(node)
        self.indices.pop()
        if both := self.indexed & self.plain:
            raise InputError(f"form: {', '.join(sorted(both))} is used outside of the loop whose index it is")
        return [f"for ({name} = {first}; {test}; {moves}) {{", *("    " + line for line in body), "}"]

    def statements(self, node: Node) -> list[str]:
        """The lines of what stands in a loop or a branch."""
        lines: list[str] = []
        for child in node.named_children:
            match child.type:
                case kind if kind in _IGNORED:
                    continue
                case "assignment_statement":
                    lines.append(self.assignment(child))
                case "do_loop":
                    lines += self.loop(child)
                case "end_do_label_loop_statement":  # the last statement may stand behind the label
                    lines += self.statements(child)
                case "statement_label" if node.type == "end_do_label_loop_statement":
                    continue
                case "if_statement":
                    lines += self.branches(child)
                case "keyword_statement" if (word := text_of(child).lower()) in ("cycle", "exit", "continue"):
                    lines += {"cycle": ["continue;"], "exit": ["break;"]}.get(word, [])
                case _ if child.type in ("parenthesized_expression", "elseif_clause", "else_clause"):
                    continue
                case _:
                    raise InputError(f"{child.type.replace('_', '-')}: {text_of(child)[:60]}")
        return lines

    def branches(self, node: Node) -> list[str]:
        """The lines of an ``if``, whole or of one statement."""
        conditions = [n for n in node.children if n.type == "parenthesized_expression"]
        lines = [f"if ({self.condition(conditions[0])}) {{", *self._block(node)]
        for clause in (n for n in node.children if n.type in ("elseif_clause", "else_clause")):
            test = next((n for n in clause.children if n.type == "parenthesized_expression"), None)
            lines += [f"}} else if ({self.condition(test)}) {{" if test is not None else "} else {", *self._block(clause)]
        return [*lines, "}"]

    def _block(self, node: Node) -> list[str]:
        return ["    " + line for line in self.statements(node)]

    def condition(self, node: Node) -> str:
        """A truth value, without the brackets around it."""
        value = self.value(next(n for n in node.named_children if n.type != "comment"))
        if value.ctype:
            raise InputError(f"logical: {text_of(node)} is no comparison")
        return value.text

    def assignment(self, node: Node) -> str:
        """One assignment to an element or a number."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            left, right = (n for n in node.named_children if n.type != "comment")
        place = self.element(left) if left.type == "call_expression" else self._name(left)
        value = self.value(right)
        if not value.ctype:
            raise InputError(f"logical: {text_of(node)}")
        own = right.type == "math_expression" and text_of(right.children[0]).lower() == text_of(left).lower()
        if own and (word := operator_of(right)) in "+-*/":
            return f"{place.text} {word}= {self.value(right.named_children[-1]).text};"
        return f"{place.text} = {value.text};"

    # ------------------------------------------------------------ values

    def value(self, node: Node) -> Value:
        """An expression."""
        match node.type:
            case "number_literal":
                return number(text_of(node))
            case "identifier":
                return self._name(node)
            case "parenthesized_expression":
                inner = self.value(next(n for n in node.named_children if n.type != "comment"))
                return inner if inner.level == ATOM else Value(f"({inner.text})", inner.ctype)
            case "call_expression":
                called = text_of(node.children[0]).lower()
                return self.element(node) if called in self.declared.arrays else self._intrinsic(node, called)
            case "unary_expression":
                inner, word = self.value(node.named_children[-1]), operator_of(node)
                if word not in "+-":
                    raise InputError(f"operator: {word}")
                text = inner.within(ATOM if inner.text.startswith("-") else UNARY)
                return Value(f"-{text}" if word == "-" else text, inner.ctype, UNARY)
            case "math_expression" | "relational_expression" | "logical_expression":
                return self._operation(node)
            case _:
                raise InputError(f"{node.type.replace('_', '-')}: {text_of(node)[:60]}")

    def _name(self, node: Node) -> Value:
        name = text_of(node).lower()
        if name in self.declared.constants:
            return self._constant(name)
        if name in self.declared.arrays:
            raise InputError(f"array-section: the whole array {name}")
        name = self.scalar(node)
        if name in self.indices:
            return Value(f"{name} + 1", self.names[name], LEVEL["+"])
        self.plain.add(name)
        return Value(name, self.names[name])

    def _constant(self, name: str) -> Value:
        ctype, node = self.declared.constants[name]
        literal = node.named_children[-1] if node.type == "unary_expression" else node
        if literal.type != "number_literal":
            raise InputError(f"constant: {name}")
        value = self.value(node)
        self.constants[name] = text_of(node)
        if value.ctype == ctype:
            return value
        if value.ctype == "int":
            return Value(value.text if ctype == "long" else f"{value.text}.0{'f' if ctype == 'float' else ''}", ctype, value.level)
        raise InputError(f"constant: {name} is of another type than its value")

    def scalar(self, node: Node) -> str:
        """The name of a number."""
        name = text_of(node).lower()
        if node.type != "identifier" or name not in self.declared.scalars:
            raise InputError(f"undeclared: {text_of(node)[:60]}")
        if name in KEYWORDS:
            raise InputError(f"names: {name} is a word of C")
        self.names[name] = self.declared.scalars[name]
        return name

    def _operation(self, node: Node) -> Value:
        operands = [n for n in node.named_children if n.type != "comment"]
        word = operator_of(node)
        if word == ".not.":
            return Value(f"!({self.value(operands[0]).text})", "", UNARY)
        if len(operands) != 2:
            raise InputError(f"operator: {word}")
        if word == "**" and operands[0].type == "math_expression":
            raise InputError("operator: powers of powers, which the grammar takes from the left and Fortran from the right")
        left, right = map(self.value, operands)
        if word == "**":
            return self._power(left, right)
        operator = _SPELLED.get(word, word)
        level = LEVEL.get(operator)
        if level is None or (operator in ("&&", "||")) != (not left.ctype and not right.ctype):
            raise InputError(f"operator: {word}")
        ctype = max(left.ctype, right.ctype, key=lambda t: RANK.get(t, -1)) if operator in "+-*/" else ""
        if operator in "+-" and "int" in (left.ctype, right.ctype) and ctype == "int":
            return self._sum(node)
        return Value(f"{left.within(level)} {operator} {right.within(level + 1)}", ctype, level)

    def _power(self, base: Value, exponent: Value) -> Value:
        if not base.ctype or not exponent.ctype:
            raise InputError("operator: a power of a truth value")
        times = int(exponent.text) if exponent.text.isdigit() else 0
        if 2 <= times <= 4 and base.level == ATOM and not base.text.startswith("("):
            return Value(" * ".join([base.text] * times), base.ctype, LEVEL["*"])
        if RANK[base.ctype] < RANK["float"]:
            raise InputError("operator: a power of integers")
        ctype = "double" if "double" in (base.ctype, exponent.ctype) else "float"
        return Value(f"{'pow' if ctype == 'double' else 'powf'}({base.text}, {exponent.text})", ctype)

    def _intrinsic(self, node: Node, name: str) -> Value:
        arguments = arguments_of(node)
        if name in CASTS and name not in self.declared.scalars and len(arguments) in (1, 2):
            kind = text_of(arguments[1]).lower().removeprefix("kind").strip(" =") if len(arguments) == 2 else ""
            ctype = real_kind(kind) if kind and name == "real" else CASTS[name]
            if kind and name != "real":
                raise InputError(f"call: {text_of(node)[:60]}")
            return Value(f"({ctype}){self.value(arguments[0]).within(UNARY)}", ctype, UNARY)
        generic, wanted = SPECIFIC.get(name, (name, ""))
        given = [self.value(n) for n in arguments]
        ctype = max((v.ctype for v in given), key=lambda t: RANK.get(t, -1), default="")
        if name in self.declared.scalars or not given or not all(v.ctype for v in given) or (wanted and ctype != wanted):
            raise InputError(f"call: {text_of(node)[:60]}")
        return called(generic, given, ctype)

    # ------------------------------------------------------------ places

    def element(self, node: Node) -> Value:
        """An element of an array."""
        name = text_of(node.children[0]).lower()
        array = self.declared.arrays.get(name)
        places = arguments_of(node)
        if array is None or len(places) != len(array.lower):
            raise InputError(f"undeclared: {text_of(node)[:60]}")
        if name in KEYWORDS:
            raise InputError(f"names: {name} is a word of C")
        self.arrays[name] = array
        if self.only is not None and self.only < len(array.extents):
            return Value(f"{name}[{self.index(places[self.only], array.lower[self.only])}]", array.ctype)
        text, stride = "", ""
        for dimension, (place, low) in enumerate(zip(places, array.lower, strict=True)):
            at = self.index(place, low)
            if at != "0":
                bracketed = f"({at})" if stride and not at.isidentifier() and not at.isdigit() else at
                text += (" + " if text else "") + (at if not stride else stride if at == "1" else f"{bracketed} * {stride}")
            if dimension < len(array.extents):
                length = self._length(array.extents[dimension], low)
                stride = f"{stride} * {length}" if stride else length
        return Value(f"{name}[{text or '0'}]", array.ctype)

    def _length(self, last: Node | str, first: int) -> str:
        """The length of a dimension."""
        if isinstance(last, str):
            self.names[last] = "int"
            return last
        if set(self.indices) & {text_of(n).lower() for n in identifiers(last)}:
            raise InputError(f"shape: {text_of(last)}")
        text = self.index(last, first - 1)
        return text if text.isidentifier() or text.isdigit() else f"({text})"

    def index(self, node: Node, less: int) -> str:
        """An integer expression less a number, sums put together."""
        terms: dict[str, int] = {}
        constant = self._terms(node, 1, terms)
        return rendered(terms, constant - less)

    def _sum(self, node: Node) -> Value:
        terms: dict[str, int] = {}
        constant = self._terms(node, 1, terms)
        text = rendered(terms, constant)
        return Value(text, "int", ATOM if text.replace("_", "").isalnum() else LEVEL["+"])

    def _terms(self, node: Node, sign: int, terms: dict[str, int]) -> int:
        """Add what a sum is made of to ``terms``; its constant part."""
        word = operator_of(node) if node.type in ("unary_expression", "math_expression") else ""
        operands = [n for n in node.named_children if n.type != "comment"]
        if node.type == "unary_expression" and word in "+-":
            return self._terms(operands[0], -sign if word == "-" else sign, terms)
        if node.type == "math_expression" and word in "+-":
            return self._terms(operands[0], sign, terms) + self._terms(operands[1], -sign if word == "-" else sign, terms)
        if node.type == "parenthesized_expression":
            return self._terms(operands[0], sign, terms)
        name = text_of(node).lower() if node.type == "identifier" else ""
        if name in self.indices:
            terms[name] = terms.get(name, 0) + sign
            return sign
        value = self.value(node)
        if value.ctype not in ("int", "long"):
            raise InputError(f"index: {text_of(node)[:60]}")
        if value.text.removeprefix("-").isdigit():
            return sign * int(value.text)
        text = value.within(ATOM if value.text.startswith("-") else LEVEL["*"])
        terms[text] = terms.get(text, 0) + sign
        return 0


def operator_of(node: Node) -> str:
    """The operator of an expression, in lower case; empty for one of the user's own."""
    return next((word for n in node.children if not n.is_named and (word := text_of(n).lower()) not in ("", "&")), "")


def arguments_of(call: Node) -> list[Node]:
    """What stands in the brackets of a call, or of an element of an array."""
    found = next((n for n in call.children if n.type == "argument_list"), None)
    return [n for n in found.named_children if n.type != "comment"] if found is not None else []


def identifiers(node: Node) -> Iterator[Node]:
    """All names at and below a node, in order."""
    return (n for n in walk_without(node, ()) if n.type == "identifier")


def assigned(node: Node) -> Iterator[str]:
    """The numbers and arrays that are assigned in a loop, indices of loops in it among them."""
    for at in (n for child in node.children[1:] for n in walk_without(child, ())):
        if at.type in ("assignment_statement", "loop_control_expression"):
            yield text_of(at.named_children[0]).partition("(")[0].strip().lower()
