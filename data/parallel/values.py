"""What can be told about the value of an expression without running it: constants, and bounds of sizes.

Expressions of C and Fortran are close enough to Python's that its parser reads them, once operators are spelt its way. What isn't
understood has no bounds.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

_MOST_CHARACTERS = 2000
LARGEST_SIZE = 10**8
"""No array of a task is longer."""
_OPERATORS = (
    (r"\.and\.|&&", " and "),
    (r"\.or\.|\|\|", " or "),
    (r"\.not\.|!(?!=)", " not "),
    (r"\.true\.|\btrue\b", " True "),
    (r"\.false\.|\bfalse\b|\bnullptr\b|\bNULL\b", " False "),
    (r"\.eq\.", "=="),
    (r"\.ne\.|(?<!/)/=", "!="),
    (r"\.lt\.", "<"),
    (r"\.le\.", "<="),
    (r"\.gt\.", ">"),
    (r"\.ge\.", ">="),
    (r"->|::", "."),
    (r"(?<=[0-9a-fA-F.])(?:[uU]?[lL]{1,2}|[uU]|[fF])\b", ""),
    (r"(?<=[0-9.])_\w+", ""),
    (r"(?<=[0-9.])d(?=[-+]?\d)", "e"),
    (r"\((?:const\s+)?(?:unsigned\s+|signed\s+)?(?:int|long|double|float|size_t|short|char|long long|ptrdiff_t|u?int\d+_t)\s*\**\)", ""),
    (r"\bstatic_cast<[^<>]*>", ""),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value that something can have."""

    low: float
    high: float

    @property
    def constant(self) -> float | None:
        """The value, where there is one only."""
        return self.low if self.low == self.high else None


ANYTHING = Bounds(-inf, inf)
_UNCLEAR, _YES, _NO = Bounds(0, 1), Bounds(1, 1), Bounds(0, 0)
Known = Mapping[str, Bounds]


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr | None:
    """An expression as Python's tree; None where it isn't understood."""
    if len(text) > _MOST_CHARACTERS:
        return None
    for pattern, spelt in _OPERATORS:
        text = re.sub(pattern, spelt, text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bounds(text: str, known: Known) -> Bounds:
    """The bounds of an expression; a condition that holds is 1, one that doesn't 0."""
    tree = parse(text)
    try:
        return _bounds(tree, known) if tree is not None else ANYTHING
    except (OverflowError, RecursionError):
        return ANYTHING


def never(text: str, known: Known) -> bool:
    """Whether a condition can't hold."""
    return bounds(text, known) == _NO


def always(text: str, known: Known) -> bool:
    """Whether a condition must hold."""
    found = bounds(text, known)
    return found.low > 0 or found.high < 0


def _bounds(tree: ast.expr, known: Known) -> Bounds:
    match tree:
        case ast.Constant(value=bool() | int() | float()):
            return Bounds(float(tree.value), float(tree.value))  # type: ignore[arg-type]  # the pattern narrows it
        case ast.Name():
            return known.get(tree.id, ANYTHING)
        case ast.UnaryOp(op=ast.USub()):
            inner = _bounds(tree.operand, known)
            return Bounds(-inner.high, -inner.low)
        case ast.UnaryOp(op=ast.UAdd()):
            return _bounds(tree.operand, known)
        case ast.UnaryOp(op=ast.Not()):
            inner = _truth(_bounds(tree.operand, known))
            return Bounds(1 - inner.high, 1 - inner.low)
        case ast.BoolOp():
            parts = [_truth(_bounds(value, known)) for value in tree.values]
            chosen: Callable[..., float] = min if isinstance(tree.op, ast.And) else max
            return Bounds(chosen(p.low for p in parts), chosen(p.high for p in parts))
        case ast.Compare():
            return _compare(tree, known)
        case ast.BinOp():
            return _binary(tree, known)
    return ANYTHING


def _truth(value: Bounds) -> Bounds:
    if value.low > 0 or value.high < 0:
        return _YES
    return _NO if value == _NO else _UNCLEAR


def _compare(tree: ast.Compare, known: Known) -> Bounds:
    if len(tree.ops) != 1:
        return _UNCLEAR
    if ast.dump(tree.left) == ast.dump(tree.comparators[0]) and not any(isinstance(n, ast.Call) for n in ast.walk(tree)):
        return _YES if isinstance(tree.ops[0], ast.Eq | ast.LtE | ast.GtE) else _NO
    left, right = _bounds(tree.left, known), _bounds(tree.comparators[0], known)
    apart = left.high < right.low or left.low > right.high
    one = left.constant is not None and left == right
    match tree.ops[0]:
        case ast.Lt():
            return _YES if left.high < right.low else _NO if left.low >= right.high else _UNCLEAR
        case ast.LtE():
            return _YES if left.high <= right.low else _NO if left.low > right.high else _UNCLEAR
        case ast.Gt():
            return _YES if left.low > right.high else _NO if left.high <= right.low else _UNCLEAR
        case ast.GtE():
            return _YES if left.low >= right.high else _NO if left.high < right.low else _UNCLEAR
        case ast.Eq():
            return _YES if one else _NO if apart else _UNCLEAR
        case ast.NotEq():
            return _NO if one else _YES if apart else _UNCLEAR
    return _UNCLEAR


def _binary(tree: ast.BinOp, known: Known) -> Bounds:
    left, right = _bounds(tree.left, known), _bounds(tree.right, known)
    match tree.op:
        case ast.Add():
            return Bounds(left.low + right.low, left.high + right.high)
        case ast.Sub():
            return Bounds(left.low - right.high, left.high - right.low)
        case ast.Mult():
            if _NO in (left, right):
                return _NO
            ends = [_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
            return Bounds(min(ends), max(ends))
        case ast.Mod() if right.constant and right.constant > 0 and left.low >= 0:
            return Bounds(left.low, left.low) if left.constant is not None and left.low < right.low else Bounds(0, right.low - 1)
    a, b = left.constant, right.constant
    if a is None or b is None:
        return ANYTHING
    match tree.op:
        case ast.Div() | ast.FloorDiv() if b:
            value = a / b if a != int(a) or b != int(b) else float(int(a) // int(b))
        case ast.LShift() if 0 <= b < 64:
            value = float(int(a) << int(b))
        case ast.RShift() if 0 <= b < 64:
            value = float(int(a) >> int(b))
        case ast.BitAnd():
            value = float(int(a) & int(b))
        case ast.BitOr():
            value = float(int(a) | int(b))
        case _:
            return ANYTHING
    return Bounds(value, value)


def _times(a: float, b: float) -> float:
    return 0.0 if 0 in (a, b) else a * b


# ---------------------------------------------------------------- assignments that change nothing


def changes_nothing(target: str, operator: str, value: str) -> bool:
    """Whether an assignment leaves what it writes as it was: ``y[i] = y[i] * 1.0``, ``y[i] += 0 * x[i]``."""
    whole = f"({target}) {operator.removesuffix('=')} ({value})" if operator != "=" else value
    place, tree = parse(target), parse(whole)
    if place is None or tree is None:
        return False
    try:
        return ast.dump(_simple(place)) == ast.dump(_simple(tree))
    except RecursionError:
        return False


def _simple(tree: ast.expr) -> ast.expr:
    """An expression without additions of nothing and multiplications by one."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.UAdd):
        return _simple(tree.operand)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub) and isinstance(inner := _simple(tree.operand), ast.UnaryOp):
        return inner.operand if isinstance(inner.op, ast.USub) else tree
    if not isinstance(tree, ast.BinOp):
        return tree
    left, right = _simple(tree.left), _simple(tree.right)
    a, b = _bounds(left, {}).constant, _bounds(right, {}).constant
    match tree.op:
        case ast.Add() if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Sub) and ast.dump(left.right) == ast.dump(right):
            return left.left
        case ast.Add() | ast.BitOr() | ast.BitXor():
            if a == 0:
                return right
            if b == 0:
                return left
        case ast.Sub() if b == 0:
            return left
        case ast.Sub() if ast.dump(left) == ast.dump(right):
            return ast.Constant(value=0)
        case ast.Sub() if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            if ast.dump(left.right) == ast.dump(right):
                return left.left
            if ast.dump(left.left) == ast.dump(right):
                return left.right
        case ast.Mult():
            if 0 in (a, b):
                return ast.Constant(value=0)
            if a == 1:
                return right
            if b == 1:
                return left
        case ast.Div() | ast.LShift() | ast.RShift() if b == (1 if isinstance(tree.op, ast.Div) else 0):
            return left
    return ast.BinOp(left=left, op=tree.op, right=right)
