"""Expressions of C as Fortran, with their types: what C converts silently is converted in words, conditions are logical.

Not covered: unsigned types, addresses, conditional expressions that read arrays (Fortran's ``merge`` reads both sides).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpcraft.data.grammar_expressions import Tree, UnknownSyntaxError, parse

KINDS = {
    "float": "real(c_float)",
    "double": "real(c_double)",
    "int": "integer(c_int)",
    "long": "integer(c_long)",
    "long long": "integer(c_long_long)",
    "short": "integer(c_short)",
    "char": "integer(c_signed_char)",
}
"""C types that Fortran has; ``char`` is signed on the machines that tests run on."""
_RANK = {"char": 0, "short": 1, "int": 2, "long": 3, "long long": 4, "float": 5, "double": 6}
_COMPARE = {"==": "==", "!=": "/=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_LOGIC = {"&&": ".and.", "||": ".or."}
_LEVEL = {".or.": 1, ".and.": 2, "==": 4, "/=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 6, "-": 6, "*": 7, "/": 7}
_BITS = {"&": "iand", "|": "ior", "^": "ieor", "<<": "shiftl", ">>": "shifta"}
_MATH = {"sqrt", "exp", "log", "sin", "cos", "tan", "tanh"}
_TOP = 9


@dataclass(frozen=True, slots=True)
class Value:
    """Fortran text, its C type (``logical`` for conditions), and how tightly its last operator binds."""

    text: str
    ctype: str
    level: int = _TOP

    def within(self, level: int) -> str:
        """The text as an operand of an operator of that level."""
        return self.text if self.level > level else f"({self.text})"


class Values:
    """Translates expressions; ``types`` has the C type of every name."""

    def __init__(self, types: Mapping[str, str], arrays: set[str]) -> None:
        self.types, self.arrays = types, arrays

    def number(self, text: str) -> Value:
        """An expression as a number."""
        return self._number(self._value(parse(text)))

    def converted(self, text: str, ctype: str) -> str:
        """An expression as an argument or value of exactly a type."""
        return self._as(self.number(text), ctype)

    def condition(self, text: str) -> str:
        """An expression as a condition."""
        return self._logical(self._value(parse(text))).text

    def place(self, text: str) -> Value:
        """The left side of an assignment."""
        tree = parse(text)
        if tree.kind not in ("name", "element", "deref"):
            raise UnknownSyntaxError(f"{text!r} on the left of an assignment")
        return self._element(tree, promote=False) if tree.kind != "name" else Value(tree.word, self._type(tree.word))

    # ------------------------------------------------------------ kinds of nodes

    def _value(self, tree: Tree) -> Value:
        match tree.kind:
            case "name":
                return self._promoted(Value(tree.word, self._type(tree.word)))
            case "number":
                return _literal(tree.word)
            case "element" | "deref":
                return self._element(tree, promote=True)
            case "cast":
                return self._cast(tree)
            case "call":
                return self._call(tree)
            case "if":
                return self._choice(tree)
            case "unary":
                return self._unary(tree)
        return self._binary(tree)

    def _type(self, name: str) -> str:
        if name not in self.types or name in self.arrays:
            raise UnknownSyntaxError(f"{name!r} is no scalar")
        return self.types[name]

    def _promoted(self, value: Value) -> Value:
        return Value(f"int({value.text}, c_int)", "int") if value.ctype in ("char", "short") else value

    def _element(self, tree: Tree, *, promote: bool) -> Value:
        if tree.kind == "deref":
            terms, at = [], tree.parts[0]
            while at.kind == "binary" and at.word == "+":
                terms.append(at.parts[1])
                at = at.parts[0]
            name, index = at.word, "0"
            if at.kind == "name" and terms:
                index = " + ".join(self._number(self._value(t)).within(6) for t in reversed(terms))
        else:
            name, index = tree.word, self._number(self._value(tree.parts[0])).text
        if name not in self.arrays:
            raise UnknownSyntaxError(f"{name!r} is no array")
        value = Value(f"{name}({index})", self.types[name])
        return self._promoted(value) if promote else value

    def _cast(self, tree: Tree) -> Value:
        ctype = tree.word
        inner = self._number(self._value(tree.parts[0]))
        if ctype not in KINDS:
            raise UnknownSyntaxError(f"a cast to {ctype}")
        return self._promoted(Value(_conversion(inner.text, ctype), ctype))

    def _call(self, tree: Tree) -> Value:
        arguments = [self._number(self._value(p)) for p in tree.parts]
        name = tree.word
        if name in ("max", "min"):
            ctype = max((a.ctype for a in arguments), key=_RANK.__getitem__)
            return Value(f"{name}({', '.join(self._as(a, ctype) for a in arguments)})", ctype)
        if name == "abs":
            return Value(f"abs({arguments[0].text})", arguments[0].ctype)
        ctype = "float" if name.endswith("f") else "double"
        base = name.removesuffix("f")
        given = [self._as(a, ctype) for a in arguments]
        if base in ("fmax", "fmin"):
            return Value(f"{base[1:]}({', '.join(given)})", ctype)
        if base == "fabs":
            return Value(f"abs({given[0]})", ctype)
        if base == "pow":
            whole = tree.parts[1].word.isdigit()
            return Value(f"({given[0]})**{tree.parts[1].word}" if whole else f"({given[0]})**({given[1]})", ctype, 8)
        if base in _MATH:
            return Value(f"{base}({', '.join(given)})", ctype)
        raise UnknownSyntaxError(f"a call of {name}")

    def _choice(self, tree: Tree) -> Value:
        if any(_reads(p) for p in tree.parts[1:]):
            raise UnknownSyntaxError("a conditional expression that reads arrays")
        one, other = (self._number(self._value(p)) for p in tree.parts[1:])
        ctype = max(one.ctype, other.ctype, key=_RANK.__getitem__)
        condition = self._logical(self._value(tree.parts[0])).text
        return Value(f"merge({self._as(one, ctype)}, {self._as(other, ctype)}, {condition})", ctype)

    def _unary(self, tree: Tree) -> Value:
        inner = self._value(tree.parts[0])
        if tree.word == "!":
            return Value(f".not. ({self._logical(inner).text})", "logical", 3)
        number = self._number(inner)
        if tree.word == "~":
            return Value(f"not({number.text})", number.ctype)
        return Value(f"{tree.word}{number.within(6)}", number.ctype, 5) if tree.word == "-" else number

    def _binary(self, tree: Tree) -> Value:
        left, right = (self._value(p) for p in tree.parts)
        if tree.word in _LOGIC:
            if not _reads(tree.parts[0]) and _reads(tree.parts[1]):
                raise UnknownSyntaxError("a condition that keeps an access within bounds")
            word = _LOGIC[tree.word]
            one, other = self._logical(left), self._logical(right)
            return Value(f"{one.within(_LEVEL[word] - 1)} {word} {other.within(_LEVEL[word])}", "logical", _LEVEL[word])
        left, right = self._number(left), self._number(right)
        if tree.word in _COMPARE:
            return Value(f"{left.within(4)} {_COMPARE[tree.word]} {right.within(4)}", "logical", 4)
        ctype = max(left.ctype, right.ctype, key=_RANK.__getitem__)
        if tree.word == "%":
            return Value(f"mod({self._as(left, ctype)}, {self._as(right, ctype)})", ctype)
        if tree.word in _BITS:
            return Value(f"{_BITS[tree.word]}({self._as(left, ctype)}, {self._as(right, ctype)})", ctype)
        level = _LEVEL[tree.word]
        return Value(f"{left.within(level - 1)} {tree.word} {right.within(level)}", ctype, level)

    # ------------------------------------------------------------ conversions

    def _number(self, value: Value) -> Value:
        return Value(f"merge(1, 0, {value.text})", "int") if value.ctype == "logical" else value

    def _logical(self, value: Value) -> Value:
        return value if value.ctype == "logical" else Value(f"{value.within(4)} /= 0", "logical", 4)

    def _as(self, value: Value, ctype: str) -> str:
        return value.text if value.ctype == ctype else _conversion(value.text, ctype)


def _conversion(text: str, ctype: str) -> str:
    kind = KINDS[ctype].partition("(")[2][:-1]
    return f"{'real' if ctype in ('float', 'double') else 'int'}({text}, {kind})"


def _literal(word: str) -> Value:
    if word.isdigit():
        return Value(word, "int")
    single = word[-1] in "fF"
    digits = word.rstrip("fF")
    if not all(c.isdigit() or c in ".e-" for c in digits):
        raise UnknownSyntaxError(f"the number {word}")
    mantissa, _, exponent = digits.partition("e")
    mantissa = f"0{mantissa}" if mantissa.startswith(".") else f"{mantissa}0" if mantissa.endswith(".") else mantissa
    power = f"e{exponent}" if exponent else ""
    return Value(f"{mantissa}{power}_{'c_float' if single else 'c_double'}", "float" if single else "double")


def _reads(tree: Tree) -> bool:
    return tree.kind in ("element", "deref") or any(_reads(p) for p in tree.parts)
