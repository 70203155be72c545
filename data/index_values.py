"""Expressions of C as polynomials over what a function is given and the iterations of its loops, and the elements that they touch.

Evaluating an expression changes the names that it assigns, and notes each element of an array that it touches (`hpcraft.data.index_state`).

Not covered: structs, arrays within arrays, numbers that aren't whole, wrap-around. What isn't known gets a symbol without bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from hpcraft.data.index_state import NOWHERE, Access, Place, Pointer, Value
from hpcraft.data.polynomials import Polynomial, sign, smallest_of
from hpcraft.data.trees import text_of
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*")
_MINIMUM, _MAXIMUM = re.compile(r"(?:std::)?(?:f?min|i?min|MIN|Min)"), re.compile(r"(?:std::)?(?:f?max|i?max|MAX|Max)")
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_ZERO, _ONE = Polynomial.constant(0), Polynomial.constant(1)


@dataclass(slots=True)
class Values(Place):
    """Evaluates the expressions of one function."""

    # ---------------------------------------------------------------- expressions

    def number(self, node: Node | None) -> Polynomial:
        """The value of an expression that is a number."""
        value = self.value(node)
        return value if isinstance(value, Polynomial) else self.unknown("an address")

    def value(self, node: Node | None) -> Value:
        """The value of an expression; its effects happen."""
        if node is None:
            return self.unknown("nothing")
        kinds = {
            "number_literal": self._literal,
            "identifier": self._name,
            "parenthesized_expression": self._inner,
            "cast_expression": self._cast,
            "comma_expression": lambda n: [self.value(n.child_by_field_name(f)) for f in ("left", "right")][1],
            "unary_expression": self._unary,
            "sizeof_expression": self._sizeof,
            "binary_expression": self._binary,
            "conditional_expression": self._conditional,
            "assignment_expression": self._assignment,
            "update_expression": self._update,
            "subscript_expression": self._element,
            "pointer_expression": self._pointer,
            "call_expression": self._call,
        }
        if node.type in kinds:
            return kinds[node.type](node)
        if node.type in ("true", "false"):
            return Polynomial.constant(int(node.type == "true"))
        for child in node.named_children:
            self.value(child)
        return NOWHERE if node.type == "null" else self.unknown(text_of(node))

    def _literal(self, node: Node) -> Value:
        text = text_of(node)
        match = _NUMBER.fullmatch(text.lstrip("-"))
        if match is None:
            return self.unknown(text)
        digits = match[1]
        base = 16 if digits[:2].lower() == "0x" else 8 if len(digits) > 1 and digits[0] == "0" else 10
        try:
            return Polynomial.constant(int(digits, base) * (-1 if text.startswith("-") else 1))
        except ValueError:
            return self.unknown(text)

    def _name(self, node: Node) -> Value:
        name = text_of(node)
        if name in self.values:
            return self.values[name]
        return Polynomial.constant(self.constants[name]) if name in self.constants else self.unknown(name)

    def _inner(self, node: Node) -> Value:
        return self.value(next((c for c in node.named_children if c.type != "comment"), None))

    def _cast(self, node: Node) -> Value:
        value = self.value(node.child_by_field_name("value"))
        if not isinstance(value, Pointer) or value.offset is None:
            return value
        size = _size(text_of(node.child_by_field_name("type")).replace("*", "")) if value.size else 0
        place = value.offset * Polynomial.constant(value.size)
        even = place.divided(Polynomial.constant(size)) if size else place
        if any(s.quotient is not None for s in even.symbols):
            even = self._quotient(place, Polynomial.constant(size))
        return Pointer(value.bases, even if size else None, size)

    def _sizeof(self, node: Node) -> Value:
        text = text_of(node.child_by_field_name("type"))
        size = 8 if "*" in text else _size(text)
        return Polynomial.constant(size) if size else self.unknown(text_of(node))

    def _unary(self, node: Node) -> Value:
        value = self.number(node.child_by_field_name("argument"))
        sign_of = text_of(node.child_by_field_name("operator"))
        if sign_of == "!":
            return self.names.between("a condition", [_ZERO], [_ONE])
        return -value if sign_of == "-" else value if sign_of == "+" else self.unknown(text_of(node))

    def _binary(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = text_of(node.child_by_field_name("operator"))
        if operator in ("&&", "||"):
            before = self.guards
            self.assume(left, truth=operator == "&&")
            self.value(right)
            self.guards = before
            return self.names.between("a condition", [_ZERO], [_ONE])
        a, b = self.value(left), self.value(right)
        return self.combined(operator, a, b)

    def combined(self, operator: str, a: Value, b: Value) -> Value:
        """The value of ``a operator b``."""
        if isinstance(a, Pointer) and isinstance(b, Polynomial) and operator in "+-":
            return a.moved(b if operator == "+" else -b)
        if isinstance(b, Pointer) and isinstance(a, Polynomial) and operator == "+":
            return b.moved(a)
        if isinstance(a, Pointer) or isinstance(b, Pointer):
            return self.unknown("addresses")
        if operator in ("+", "-", "*"):
            return a + b if operator == "+" else a - b if operator == "-" else a * b
        if operator in _OPPOSITE:
            return self.names.between("a condition", [_ZERO], [_ONE])
        power = b.number
        if operator == "<<" and power is not None and 0 <= power < 31:
            return a * Polynomial.constant(1 << power)
        if operator == ">>" and power is not None and 0 <= power < 31:
            operator, b = "/", Polynomial.constant(1 << power)
        if operator == "/":
            return self._quotient(a, b)
        if operator == "%" or (operator == "&" and power is not None and power >= 0):
            most = self.ranges.most(b)
            return self.names.between("a remainder", [_ZERO], [b if operator == "&" else b.plus(-1)] if most is not None else [])
        return self.unknown(f"{operator}")

    def _quotient(self, a: Polynomial, b: Polynomial) -> Polynomial:
        if not a.newest and not b.newest:
            return a.divided(b)
        if b.newest or sign(b) != 1:
            return self.unknown("a quotient")
        most, least = self.ranges.most(a), self.ranges.least(a)
        lows = [] if least is None or sign(least) not in (0, 1) else [_ZERO]
        return self.names.between("a quotient", lows, ([] if most is None else [most.divided(b)]) + [a])

    def _conditional(self, node: Node) -> Value:
        before, condition = self.state, node.child_by_field_name("condition")
        self.assume(condition, truth=True)
        one = (self.value(node.child_by_field_name("consequence")), self.guards)
        self.go(before)
        self.assume(condition, truth=False)
        two = (self.value(node.child_by_field_name("alternative")), self.guards)
        self.go(before)
        return one[0] if one[0] == two[0] else self.merged("a choice", one, two)

    def _assignment(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = text_of(node.child_by_field_name("operator"))
        while left is not None and left.type == "parenthesized_expression":
            left = left.named_children[0]
        value = self.value(right)
        if left is not None and left.type == "identifier":
            name = text_of(left)
            if operator != "=":
                value = self.combined(operator[:-1], self._name(left), value)
            self.values[name] = value
            return value
        self._touch(left, read=operator != "=")
        return value

    def _update(self, node: Node) -> Value:
        target = node.child_by_field_name("argument")
        while target is not None and target.type == "parenthesized_expression":
            target = target.named_children[0]
        if target is None or target.type != "identifier":
            self._touch(target, read=True)
            return self.unknown(text_of(node))
        before = self._name(target)
        after = self.combined(text_of(node.child_by_field_name("operator"))[0], before, _ONE)
        self.values[text_of(target)] = after
        return after if node.children[0].type in ("++", "--") else before

    def _touch(self, node: Node | None, *, read: bool) -> None:
        """Write to an element."""
        place = self._place(node)
        if place is not None:
            self.note(place, read=read, written=True)

    def _place(self, node: Node | None) -> Pointer | None:
        """The address of what stands left of an assignment."""
        if node is not None and node.type == "subscript_expression":
            base, index = self.value(node.child_by_field_name("argument")), self.number(node.child_by_field_name("index"))
            return base.moved(index) if isinstance(base, Pointer) else None
        if node is not None and node.type == "pointer_expression":
            base = self.value(node.child_by_field_name("argument"))
            return base if isinstance(base, Pointer) else None
        self.value(node)
        return None

    def _element(self, node: Node) -> Value:
        return self._loaded(self._place(node), text_of(node))

    def _loaded(self, place: Pointer | None, text: str) -> Value:
        if place is None:
            return self.unknown(text)
        self.note(place, read=True, written=False)
        if len(place.bases) != 1 or place.offset is None:
            return self.unknown(text)
        return self.loads.setdefault((min(place.bases), place.offset), self.unknown(text))

    def _pointer(self, node: Node) -> Value:
        argument = node.child_by_field_name("argument")
        if text_of(node.child_by_field_name("operator")) == "*":
            return self._loaded(self._place(node), text_of(node))
        while argument is not None and argument.type == "parenthesized_expression":
            argument = argument.named_children[0]
        if argument is not None and argument.type in ("subscript_expression", "pointer_expression"):
            return self._place(argument) or NOWHERE
        if argument is not None and argument.type == "identifier":
            self.values[text_of(argument)] = self.unknown(text_of(argument))
        return NOWHERE

    def _call(self, node: Node) -> Value:
        function, arguments = text_of(node.child_by_field_name("function")), node.child_by_field_name("arguments")
        given = [self.value(c) for c in (arguments.named_children if arguments is not None else []) if c.type != "comment"]
        for value in given:
            if isinstance(value, Pointer) and self.recording:
                self.accesses += [Access(b, True, True, None, f"it is given to {function}") for b in sorted(value.bases)]
        numbers = [v for v in given if isinstance(v, Polynomial)]
        if len(numbers) == len(given) == 2 and _MINIMUM.fullmatch(function):
            low = [] if sign(numbers[0] - numbers[1]) is None else [smallest_of(numbers) or numbers[0]]
            return self.names.between("a minimum", low, numbers)
        if len(numbers) == len(given) == 2 and _MAXIMUM.fullmatch(function):
            value = self.merged("a maximum", (numbers[0], self.guards), (numbers[1], self.guards))
            assert isinstance(value, Polynomial)
            (symbol,) = value.symbols
            self.names.ranges = self.names.ranges.with_low(symbol, *numbers)
            return value
        return self.unknown(f"{function}()")

    # ---------------------------------------------------------------- conditions

    def assume(self, node: Node | None, *, truth: bool) -> None:
        """Evaluate a condition, and go on where it is true, or where it is false."""
        if node is None:
            return
        if node.type == "parenthesized_expression":
            self.assume(next((c for c in node.named_children if c.type != "comment"), None), truth=truth)
            return
        operator = text_of(node.child_by_field_name("operator"))
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if node.type == "unary_expression" and operator == "!":
            self.assume(node.child_by_field_name("argument"), truth=not truth)
        elif node.type == "binary_expression" and operator in ("&&", "||"):
            if truth == (operator == "&&"):
                self.assume(left, truth=truth)
                self.assume(right, truth=truth)
            else:
                self.value(node)
        elif node.type == "binary_expression" and operator in _OPPOSITE:
            a, b = self.value(left), self.value(right)
            if isinstance(a, Polynomial) and isinstance(b, Polynomial):
                self._relate(operator if truth else _OPPOSITE[operator], a - b)
        elif node.type == "comma_expression":
            self.value(left)
            self.assume(right, truth=truth)
        else:
            value = self.value(node)
            if isinstance(value, Polynomial):
                self._relate("!=" if truth else "==", value)

    def _relate(self, operator: str, difference: Polynomial) -> None:
        """Go on where a difference stands in a relation to zero."""
        if operator == "!=":
            # A loop's variable moves towards what ends the loop: below it as long as it began below.
            counted = max((s for s in difference.symbols if s in self.iterations), default=None)
            first = None if counted is None else sign(difference.substituted(counted, _ZERO))
            operator = {-1: "<", 1: ">"}.get(first or 0, "")
        if operator in ("<", "<=", "=="):
            self.guards = self.guards.assuming(difference.plus(int(operator == "<")))
        if operator in (">", ">=", "=="):
            self.guards = self.guards.assuming((-difference).plus(int(operator == ">")))


def _size(ctype: str) -> int:
    """The bytes of a builtin type, 0 for another."""
    try:
        return Signature.parse(f"void f({ctype} p)").parameters[0].dtype.itemsize
    except InputError:
        return 0
