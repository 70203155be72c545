"""Fills the holes of a template: expressions and conditions over given leaves, functions and literals of the element type.

Expressions stay clear of undefined behaviour on the contents that tests have (`hpcraft.sandbox.abi.Test.arguments`): only input
arrays and scalars of real types, which are never zero, divide; nothing is squared twice; roots and logarithms see positive
values.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hpcraft.data.grammar_code import Helper
from hpcraft.data.grammar_draft import Draft, closed

_HOLE = re.compile(r"@(\w+)\(")
_LITERAL = re.compile(r"#(\d[\d.]*(?:e-?\d+)?)")
_WHOLE = re.compile(r"^#?(\d+)$")
_ROOT = re.compile(r"\(*([A-Za-z_]\w*)")


def fill(text: str, draft: Draft) -> str:
    """``text`` without holes, the innermost filled first."""
    while matches := list(_HOLE.finditer(text)):
        match = matches[-1]
        end = _closing(text, match.end())
        inside = text[match.end() : end]
        text = text[: match.start()] + _FILLERS.get(match[1], _function)(draft, match[1], _arguments(inside)) + text[end + 1 :]
    return _LITERAL.sub(lambda m: draft.literal(m[1]), text)


def _closing(text: str, at: int) -> int:
    depth = 1
    while depth:
        depth += (text[at] == "(") - (text[at] == ")")
        at += 1
    return at - 1


def _arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += character in "(["
        depth -= character in ")]"
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]


# ---------------------------------------------------------------- expressions


def _expression(draft: Draft, _: str, leaves: list[str]) -> str:
    rng = draft.rng
    terms = [(leaf, "a" if "[" in leaf else "s") for leaf in leaves]
    terms += [
        (draft.literal(rng.choice(["2", "0.5", "3", "1", "4", "0.25", "10", "100", "0.1"])), "c") for _ in range(rng.choice([0, 0, 1]))
    ]
    if len(terms) > 1 and rng.random() < 0.5:
        rng.shuffle(terms)
    while len(terms) > 1:
        at = rng.randrange(len(terms) - 1) if rng.random() < 0.5 else 0
        (left, lshape), (right, rshape) = terms[at], terms[at + 1]
        op = rng.choice(["+", "+", "*", "*", "-", "/" if _divides(right, draft) else "-"])
        if op != "+":
            left = closed(left, op) if op != "-" else left
            right = closed(right, op)
        elif rng.random() < 0.15 and " " in left:
            left = f"({left})"
        terms[at : at + 2] = [(f"{left} {op} {right}", f"{op}{lshape}{rshape}")]
    text, shape = terms[0]
    if draft.floating and rng.random() < 0.15:
        text, shape = _wrapped(draft, text, shape)
    draft.features.append(shape)
    return text


def _divides(text: str, draft: Draft) -> bool:
    """Whether a leaf is never zero."""
    root = _ROOT.match(text)
    literal = re.fullmatch(r"[\d.]+[fF]?", text) is not None
    simple = re.fullmatch(r"\w+(?:\[[^\]]*\])?", text) is not None
    return literal or bool(simple and root and root[1] in draft.nonzero)


def _wrapped(draft: Draft, text: str, shape: str) -> tuple[str, str]:
    kind = draft.rng.choice(["fabs", "root", "square", "recip", "exp", "cos", "sin", "tanh", "pow2"])
    call: Callable[[str, list[str]], str] = lambda name, args: _function(draft, name, args)  # noqa: E731 - a short name for a bound call
    one = draft.literal("1")
    forms = {
        "root": lambda: call("sqrt", [call("fabs", [text])]),
        "square": lambda: f"({text}) * ({text})",
        "recip": lambda: f"{one} / ({one} + {call('fabs', [text])})",
        "exp": lambda: call("exp", [f"-{call('fabs', [text])}"]),
        "pow2": lambda: call("pow", [text, "2"]),
    }
    return forms.get(kind, lambda: call(kind, [text]))(), f"{kind}{shape}"


def _condition(draft: Draft, _: str, leaves: list[str]) -> str:
    rng = draft.rng
    first, rest = leaves[0], leaves[1:]
    other = rest[0] if rest else draft.literal(rng.choice(["0", "0", "1", "0.5", "2"]))
    relations = [">", "<", ">=", "<="] if draft.floating else [">", "<", ">=", "<=", "==", "!="]
    relation = rng.choice(relations)
    draft.features.append(relation)
    return f"{other} {relation} {first}" if rng.random() < 0.12 else f"{first} {relation} {other}"


# ---------------------------------------------------------------- functions


def _function(draft: Draft, name: str, args: list[str]) -> str:
    if not draft.floating and name in ("fabs", "sqrt") and draft.real == draft.ctype:
        raise AssertionError(f"{name} in a template of integers")
    single = draft.real == "float" and draft.rng.random() < 0.7
    return f"{name}{'f' if single else ''}({', '.join(args)})"


def _extreme(draft: Draft, name: str, args: list[str]) -> str:
    one, other = args
    usual = "call" if draft.floating else "ternary"
    style = draft.once("extreme", usual, "ternary", "helper" if draft.ctype in ("float", "double", "int") else usual)
    if style == "call":
        return _function(draft, f"f{name}", args)
    sign = ">" if name == "max" else "<"
    if style == "ternary":
        return f"({one} {sign} {other} ? {one} : {other})"
    ctype = draft.ctype
    if draft.floating:  # CUDA's own function takes no whole number beside a real one
        one, other = (_WHOLE.sub(rf"\1.0{'f' if ctype == 'float' else ''}", text) for text in (one, other))
    draft.helpers[name] = Helper(result=ctype, name=name, params=f"{ctype} a, {ctype} b", body=f"return a {sign} b ? a : b;", builtin=True)
    return f"{name}({one}, {other})"


def _magnitude(draft: Draft, _: str, args: list[str]) -> str:
    if draft.floating:
        return _function(draft, "fabs", args)
    return f"({args[0]} < 0 ? -{args[0]} : {args[0]})" if args[0].isidentifier() else f"abs({args[0]})"


def _square(draft: Draft, _: str, args: list[str]) -> str:
    form = draft.once("square", "product", "product", "pow") if draft.floating else "product"
    if form == "pow":
        return _function(draft, "pow", [args[0], draft.rng.choice(["2", draft.literal("2")])])
    text = closed(args[0], "*")
    return f"{text} * {text}"


_FILLERS: dict[str, Callable[[Draft, str, list[str]], str]] = {
    "E": _expression,
    "B": _condition,
    "max": _extreme,
    "min": _extreme,
    "abs": _magnitude,
    "sq": _square,
}
