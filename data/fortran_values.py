"""Values of Fortran as C has them: literals, intrinsics that libm has, and sums of integers put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hpcraft.data.fortran_shapes import real_kind
from hpcraft.errors import InputError

LEVEL = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
"""How tightly C's operators bind."""
UNARY, ATOM = 7, 8
RANK = {"int": 0, "long": 1, "float": 2, "double": 3}
"""Of two types the one that a result has is the larger."""
_LIBM = ("sqrt", "exp", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh")
SPECIFIC = {
    **{f"d{name}": (name.removesuffix("1"), "double") for name in (*_LIBM, "abs", "max1", "min1", "mod")},
    **{f"a{name}": (name.removesuffix("1"), "float") for name in ("log", "log10", "max1", "min1", "mod")},
    "iabs": ("abs", "int"), "max0": ("max", "int"), "min0": ("min", "int"),
}  # fmt: skip
"""Intrinsics by the names of old, with the generic name and the type of their arguments."""
CASTS = (
    {"dble": "double", "dfloat": "double", "sngl": "float"}
    | dict.fromkeys(("float", "real"), "float")
    | dict.fromkeys(("int", "ifix", "idint"), "int")
)
"""Intrinsics that convert, with the type that they give."""
_NUMBER = re.compile(r"^(\d*)(\.?)(\d*)(?:([edq])([+-]?\d+))?(?:_(\w+))?$")


@dataclass(frozen=True, slots=True)
class Value:
    """An expression in C."""

    text: str
    ctype: str
    """Empty for a truth value."""
    level: int = ATOM
    """How tightly its outermost operator binds."""

    def within(self, level: int) -> str:
        """Its text as an operand of something that binds as tightly as ``level``."""
        return self.text if self.level >= level else f"({self.text})"


def number(word: str) -> Value:
    """A literal, of the precision that it has in Fortran.

    Raises:
        InputError: it is of a kind that C hasn't.
    """
    found = _NUMBER.match(word.lower())
    if found is None:
        raise InputError(f"literal: {word}")
    whole, point, part, exponent, power, kind = found.groups()
    if not point and not exponent:
        if kind:
            raise InputError(f"literal: {word}")
        return Value(whole.lstrip("0") or "0", "int")
    ctype = "double" if exponent == "d" else real_kind(kind or "")
    if exponent == "q":
        raise InputError(f"literal: {word}")
    digits = f"{whole or '0'}.{part or '0'}" + (f"e{power}" if power and int(power) else "")
    return Value(digits + ("f" if ctype == "float" else ""), ctype)


def called(name: str, given: list[Value], ctype: str) -> Value:
    """A call of an intrinsic by its generic name, with arguments of a type.

    Raises:
        InputError: C has no function that does the same.
    """
    single = "f" if ctype == "float" else ""
    texts = [v.text for v in given]
    if name == "abs" and ctype != "long":
        return Value(f"{'abs' if ctype == 'int' else 'fabs' + single}({texts[0]})", ctype)
    if name in ("max", "min") and len(given) > 1:
        text = given[0]
        for other in given[1:]:
            if ctype in ("int", "long"):
                sign = ">" if name == "max" else "<"
                text = Value(f"({text.within(5)} {sign} {other.within(5)} ? {text.text} : {other.text})", ctype)
            else:
                text = Value(f"f{name}{single}({text.text}, {other.text})", ctype)
        return text
    if name == "mod" and len(given) == 2:
        if ctype in ("int", "long"):
            return Value(f"{given[0].within(6)} % {given[1].within(7)}", ctype, 6)
        return Value(f"fmod{single}({', '.join(texts)})", ctype)
    if name in _LIBM and ctype in ("float", "double") and len(given) == 1 + (name == "atan2"):
        return Value(f"{name}{single}({', '.join(texts)})", ctype)
    raise InputError(f"call: {name}")


def rendered(terms: Mapping[str, int], constant: int) -> str:
    """A sum of terms, each so many times, and a constant; what is taken away comes last."""
    text = ""
    for term, times in sorted(terms.items(), key=lambda item: item[1] < 0):
        if times:
            part = term if abs(times) == 1 else f"{abs(times)} * {term if term.isidentifier() else f'({term})'}"
            part = f"({part})" if part.startswith("-") else part
            text = f"{text} {'-' if times < 0 else '+'} {part}" if text else ("-" if times < 0 else "") + part
    if not text:
        return str(constant)
    return text + (f" {'-' if constant < 0 else '+'} {abs(constant)}" if constant else "")
