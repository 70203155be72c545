"""Code of the device as C: what CUDA's C++ has of its own is written as C has it.

Atomic additions whose result isn't used become assignments, ``min`` and ``max`` conditions, functional casts those of C, and the intrinsics of
single precision the functions of ``math.h``.

Not covered: references, ``auto``, names of other spaces, vectors, other atomic operations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpcraft.data.trees import KEYWORDS, parse, text_of, walk
from hpcraft.errors import InputError

_FUNCTIONS = {
    "__expf": "expf",
    "__logf": "logf",
    "__sinf": "sinf",
    "__cosf": "cosf",
    "__powf": "powf",
    "__fsqrt_rn": "sqrtf",
    "__dsqrt_rn": "sqrt",
    "__fmaf_rn": "fmaf",
}
_BEFORE = re.compile(
    r"\b(?:__device__|__host__|__global__|__forceinline__|__inline__|__noinline__|static|inline|constexpr|extern)\b\s*|\"C\"\s*"
)
_RESTRICT = re.compile(r"\b(?:__restrict__|__restrict)\b")
_CAST = re.compile(r"\bstatic_cast\s*<\s*([\w ]+?)\s*>\s*\(")
_FUNCTIONAL = re.compile(r"(?<![\w.(*]\s)(?<![\w.(*])\b(float|double|int|unsigned|long)\s*\((?=[^)*])")
_STRANGE = re.compile(
    r"\bauto\b|::|\btemplate\b|\b\w+_cast\b|\bthis\b|\b(?:float|double|int|uint|uchar|char|short)[234]\b|\bcu(?:Float|Double)?Complex\b|\batomic\w+"
)
_PREFIX = "void f() {"
_SIMPLE = frozenset(
    (
        "identifier",
        "number_literal",
        "subscript_expression",
        "binary_expression",
        "parenthesized_expression",
        "unary_expression",
        "field_expression",
        "subscript_argument_list",
    )
)
_MOST_ROUNDS = 40


def as_c(code: str) -> str:
    """Statements or a function in C.

    Raises:
        InputError: they have something of C++ that no rule covers; the words before the colon are a key to count it under.
    """
    text = _BEFORE.sub("", _RESTRICT.sub("restrict", code)).replace("nullptr", "NULL").replace("std::", "")
    text = _FUNCTIONAL.sub(r"(\1)(", _CAST.sub(r"(\1)(", text))
    for old, new in _FUNCTIONS.items():
        text = re.sub(rf"\b{old}\b", new, text)
    text = _calls(text)
    if found := _STRANGE.search(text):
        key = "atomic" if found[0].startswith("atomic") else "c++"
        raise InputError(f"{key}: {found[0]} is more than a rule turns into C")
    return text


def _calls(text: str) -> str:
    """Calls that C hasn't, replaced one after the other."""
    for _ in range(_MOST_ROUNDS):
        whole = f"{_PREFIX}{text}}}"
        for node in walk(parse(whole, "cuda")):
            if node.type != "call_expression":
                continue
            arguments = node.child_by_field_name("arguments")
            given = [n for n in arguments.named_children if n.type != "comment"] if arguments is not None else []
            alone = node.parent is not None and node.parent.type == "expression_statement"
            simple = all(n.type in _SIMPLE for g in given for n in walk(g) if n.is_named)
            new = _written(text_of(node.child_by_field_name("function")), [text_of(n) for n in given], alone=alone, simple=simple)
            if new is not None:
                raw = whole.encode()
                text = (raw[len(_PREFIX) : node.start_byte] + new.encode() + raw[node.end_byte : -1]).decode()
                break
        else:
            break
    return text


def _written(function: str, given: Sequence[str], *, alone: bool, simple: bool) -> str | None:
    """A call in C; None where it stays."""
    match function, given:
        case (("atomicAdd" | "atomicSub"), (address, value)) if alone and (place := _place(address)):
            return f"{place} {'+=' if function == 'atomicAdd' else '-='} {value}"
        case "__ldg", (address,) if place := _place(address):
            return place
        case (("__mul24" | "__umul24" | "__fmul_rn"), (a, b)):
            return f"({_bracketed(a)} * {_bracketed(b)})"
        case (("__fdividef" | "__fdiv_rn" | "fdividef"), (a, b)):
            return f"({_bracketed(a)} / {_bracketed(b)})"
        case (("rsqrtf" | "rsqrt"), (a,)):
            return f"(1.0f / sqrtf({a}))" if function == "rsqrtf" else f"(1.0 / sqrt({a}))"
        case (("min" | "max"), (a, b)) if simple:
            return f"({_bracketed(a)} {'<' if function == 'min' else '>'} {_bracketed(b)} ? {_bracketed(a)} : {_bracketed(b)})"
    return None


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(?:\[[\w ]+\])?", text) else f"({text})"


def _place(address: str) -> str:
    """The element that an address is of: ``x[i]`` of ``&x[i]`` and ``x + i``."""
    bare = address.strip()
    while bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    if bare.startswith("&"):
        return bare[1:].strip()
    base, plus, offset = bare.partition("+")
    if plus and base.strip().isidentifier():
        return f"{base.strip()}[{offset.strip()}]"
    return f"{bare}[0]" if bare.isidentifier() and bare not in KEYWORDS else ""
