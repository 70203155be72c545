"""What a package calls its types and constants: typedefs and macros resolved to builtin types and numbers.

Real code says ``HYPRE_Int`` or ``sunrealtype``; pairs hold builtin types only. Where a package defines a name in several ways (32 or 64 bits,
single or double), the usual build's choice is taken: ``int`` and ``double``.

Not covered: types that are structs, function-like macros other than the usual wrappers of literals and libm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from hpcraft.sandbox.abi import DTYPES

_TYPEDEF = re.compile(r"^[ \t]*typedef[ \t]+(?:const[ \t]+)?([A-Za-z_][\w \t]*?)[ \t]+([A-Za-z_]\w*)[ \t]*;", re.MULTILINE)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+([^\n]*?)[ \t]*(?:/[/*][^\n]*)?$", re.MULTILINE)
_NUMBER = re.compile(r"^\(*(?:\w*RCONST\()?\(*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?)\)*$")
_PREFERRED = ("double", "int", "long", "float")
_LONGER = {
    "unsigned": "unsigned int",
    "long int": "long",
    "long long int": "long long",
    "unsigned long int": "unsigned long",
    "short int": "short",
    "int32_t": "int",
    "int64_t": "long",
    "uint32_t": "unsigned int",
    "uint64_t": "unsigned long",
}

MATH = frozenset(
    [
        "fabs",
        "fabsf",
        "sqrt",
        "sqrtf",
        "exp",
        "expf",
        "log",
        "logf",
        "sin",
        "sinf",
        "cos",
        "cosf",
        "tan",
        "tanh",
        "tanhf",
        "pow",
        "powf",
        "fmax",
        "fmaxf",
        "fmin",
        "fminf",
        "floor",
        "floorf",
        "ceil",
        "abs",
        "cbrt",
        "atan",
        "atan2",
    ]
)
"""Functions of libm (and abs) that a mined loop may call."""

SYNONYMS = {
    "SUNRabs": "fabs",
    "SUNRsqrt": "sqrt",
    "SUNRexp": "exp",
    "SUNRpowerR": "pow",
    "SUNMAX": "fmax",
    "SUNMIN": "fmin",
    "hypre_sqrt": "sqrt",
    "hypre_pow": "pow",
    "hypre_cabs": "fabs",
    "hypre_conj": "",
    "RCONST": "",
    "SUN_RCONST": "",
}
"""A package's own spelling of libm and of literals; an empty one means the argument itself."""


@dataclass(kw_only=True, slots=True)
class Dialect:
    """The names of one package."""

    types: dict[str, set[str]] = field(default_factory=dict)
    """Typedef name to what it is defined as, in all variants."""
    macros: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, text: str) -> None:
        """Take in the typedefs and macros of one file."""
        for base, name in _TYPEDEF.findall(text):
            self.types.setdefault(name, set()).add(" ".join(base.split()))
        for name, value in _DEFINE.findall(text):
            if number := _NUMBER.match(value):
                self.macros.setdefault(name, set()).add(number[1])
            elif value in DTYPES or value in self.types:
                self.types.setdefault(name, set()).add(value)

    def builtin(self, name: str, depth: int = 0) -> str:
        """The builtin type behind a type's name, empty when there is none."""
        words = [w for w in name.split() if w not in ("const", "volatile", "register", "static")]
        name = _LONGER.get(" ".join(words), " ".join(words))
        if name in DTYPES:
            return name
        if depth > 5:
            return ""
        found = {self.builtin(base, depth + 1) for base in self.types.get(name, ())} - {""}
        return next((t for t in _PREFERRED if t in found), min(found, default=""))

    def number(self, name: str) -> str:
        """The literal behind a macro, empty when there is none or more than one."""
        values = self.macros.get(name, set())
        return next(iter(values)) if len(values) == 1 else ""


def learn(texts: Iterable[tuple[str, str]]) -> dict[str, Dialect]:
    """Dialects by package, from pairs of package and text."""
    dialects: dict[str, Dialect] = {}
    for package, text in texts:
        dialects.setdefault(package, Dialect()).learn(text)
    return dialects
