"""C expressions as trees: parsed, evaluated over integers, and written as Fortran.

Covered is what templates and habits write: names, numbers, elements of arrays, casts, calls, conditional expressions and all
binary and unary operators but assignments and the comma. Not covered: strings, members, addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(\(\s*(?:unsigned |long )*(?:char|short|int|long|float|double|bool|size_t)\s*\)"
    r"|\.?\d(?:[eE][-+]|[\w.])*|\w+|<<|>>|[<>=!]=|&&|\|\||\S)"
)
_LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))


@dataclass(frozen=True, slots=True)
class Tree:
    """A node: ``name``, ``number``, ``element``, ``call``, ``cast``, ``if``, ``unary``, ``binary`` or ``deref`` with its word and parts."""

    kind: str
    word: str
    parts: tuple[Tree, ...] = ()


class UnknownSyntaxError(ValueError):
    """An expression that isn't covered."""


def parse(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        UnknownSyntaxError: what isn't covered.
    """
    tokens = [m[1] for m in _TOKEN.finditer(text)]
    parser = _Parser(tokens)
    tree = parser.conditional()
    if parser.at != len(tokens):
        raise UnknownSyntaxError(f"{text!r}: {tokens[parser.at]!r} is left over")
    return tree


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        word = self.peek()
        if not word or (wanted and word != wanted):
            raise UnknownSyntaxError(f"{wanted or 'more'} expected, {word!r} found")
        self.at += 1
        return word

    def conditional(self) -> Tree:
        condition = self.binary(0)
        if self.peek() != "?":
            return condition
        self.take("?")
        one = self.conditional()
        self.take(":")
        return Tree("if", "?", (condition, one, self.conditional()))

    def binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in _LEVELS[level]:
            left = Tree("binary", self.take(), (left, self.binary(level + 1)))
        return left

    def unary(self) -> Tree:
        word = self.peek()
        if word in ("-", "+", "!", "~", "*"):
            self.take()
            return Tree("deref" if word == "*" else "unary", word, (self.unary(),))
        if word.startswith("(") and len(word) > 1:
            self.take()
            return Tree("cast", " ".join(word.strip("() ").split()), (self.unary(),))
        return self.postfix()

    def postfix(self) -> Tree:
        word = self.take()
        if word == "(":
            tree = self.conditional()
            self.take(")")
            return tree
        if not re.match(r"[\w.]", word):
            raise UnknownSyntaxError(f"{word!r} where an operand belongs")
        if word[0].isdigit() or word[0] == ".":
            return Tree("number", word)
        if self.peek() == "[":
            self.take()
            index = self.conditional()
            self.take("]")
            return Tree("element", word, (index,))
        if self.peek() == "(":
            self.take()
            arguments = [self.conditional()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.conditional())
            self.take(")")
            return Tree("call", word, tuple(arguments))
        return Tree("name", word)


def evaluate(text: str, scalars: Mapping[str, str]) -> int:
    """The value of a length: integers, scalar parameters, sums, products and quotients.

    Raises:
        UnknownSyntaxError: anything else.
    """
    return _value(parse(text), scalars)


def _value(tree: Tree, scalars: Mapping[str, str]) -> int:
    if tree.kind in ("name", "number"):
        return int(scalars.get(tree.word, tree.word))
    if tree.kind != "binary":
        raise UnknownSyntaxError(f"{tree.word!r} in a length")
    left, right = (_value(part, scalars) for part in tree.parts)
    if tree.word == "/":
        return abs(left) // right * (1 if left >= 0 else -1)
    return {"+": left + right, "-": left - right, "*": left * right}[tree.word]
