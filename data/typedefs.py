"""What a package calls its types and constants: typedefs and macros resolved to builtin types and numbers.

Real code says ``HYPRE_Int`` or ``sunrealtype``; pairs hold builtin types only. Where a package defines a name in several ways (32 or 64 bits,
single or double), the usual build's choice is taken: ``int`` and ``double``.

Of structs the types of their members are known, and macros that stand for an expression in brackets are written out.

Not covered: structs within structs, other function-like macros than these and the usual wrappers of literals and libm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hpcraft.data.macros import Macros
from hpcraft.sandbox.abi import DTYPES

_TYPEDEF = re.compile(r"^[ \t]*typedef[ \t]+(?:const[ \t]+)?([A-Za-z_][\w \t]*?)[ \t]+([A-Za-z_]\w*)[ \t]*;", re.MULTILINE)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+([^\n]*?)[ \t]*(?:/[/*][^\n]*)?$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NUMBER = re.compile(r"^\(*(?:\w*RCONST\()?\(*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?)\)*$")
_STRUCT = re.compile(r"\b(typedef\s+)?struct\s*(\w*)\s*\{([^{}]*)\}\s*\*?\s*(\w*)")
_ALIAS = re.compile(r"\btypedef\s+struct\s+(\w+)\s*\*?\s*(\w+)\s*;")
_MEMBER = re.compile(r"\s*(?:const\s+)?((?:struct\s+|unsigned\s+|long\s+|short\s+)*\w+)\b([^;()]*);")
_DECLARATOR = re.compile(r"\s*([*\s]*)(\w+)\s*((?:\[[^\]]*\])*)\s*")
_EXPRESSION = re.compile(r"""^\((?!\w+\)$)[^;{}#"]*\)$""")
"""What a macro stands for that may be written out: an expression in brackets, such as a member, an element, or one of two values."""
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

_LIBM = (
    "fabs fabsf sqrt sqrtf cbrt cbrtf hypot hypotf pow powf exp expf exp2 exp2f expm1 log logf log2 "
    "log2f log10 log10f log1p sin sinf cos cosf tan tanf asin asinf acos acosf atan atanf atan2 atan2f sinh sinhf cosh coshf "
    "tanh tanhf erf erff erfc fmax fmaxf fmin fminf fmod fmodf fma fmaf floor floorf ceil ceilf round roundf trunc truncf abs"
)
MATH = frozenset(_LIBM.split())
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
    members: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    """Struct's tag or typedef to its members: type and number of stars and brackets."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Other names of structs, and of pointers to them."""
    expressions: Macros = field(default_factory=Macros)

    def learn(self, text: str) -> None:
        """Take in the typedefs and macros of one file."""
        for base, name in _TYPEDEF.findall(text):
            self.types.setdefault(name, set()).add(" ".join(base.split()))
        for name, value in _DEFINE.findall(text):
            if number := _NUMBER.match(value):
                self.macros.setdefault(name, set()).add(number[1])
            elif value in DTYPES or value in self.types:
                self.types.setdefault(name, set()).add(value)

        self._learn_structs(_COMMENT.sub(" ", text) if "struct" in text else "")
        self.expressions.learn(text, _EXPRESSION)

    def _learn_structs(self, text: str) -> None:
        self.aliases.update((name, tag) for tag, name in _ALIAS.findall(text))
        for typedef, tag, body, name in _STRUCT.findall(text):
            members = self.members.setdefault(tag or name, {})
            if typedef and tag and name:
                self.aliases[name] = tag
            for ctype, declarators in _MEMBER.findall(body):
                for found in map(_DECLARATOR.fullmatch, declarators.split(",")):
                    if found:
                        what = ctype, found[1].count("*") + found[3].count("[")
                        # Two structs of one name that differ: better not guessed.
                        members[found[2]] = what if members.get(found[2], what) == what else ("", 9)

    def member(self, ctype: str, name: str) -> tuple[str, int]:
        """The type of a struct's member and its number of stars and brackets; no type where it isn't known."""
        tag = " ".join(w for w in ctype.split() if w not in ("const", "struct", "volatile", "register", "static"))
        for _ in range(4):
            if tag in self.members or tag not in self.aliases:
                break
            tag = self.aliases[tag]
        return self.members.get(tag, {}).get(name, ("", 0))

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
