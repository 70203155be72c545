"""Habits of authors, as changes of a finished kernel that leave its meaning alone.

Helper indices, values kept in locals, compound assignments spelled out, flattened or exchanged loops, fixed sizes, early returns
and parameters that nothing uses. Every habit takes the kernel and the draft, whose generator decides, and gives a kernel back;
`HABITS` lists them with how often they are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hpcraft.data import grammar_words as w
from hpcraft.data.grammar_blocks import BLOCK_HABITS, in_blocks
from hpcraft.data.grammar_code import (
    ASSIGNED,
    For,
    If,
    Kernel,
    Let,
    Line,
    Node,
    Parallel,
    Param,
    Range,
    mentioned,
    renaming,
    rewrite,
    texts,
    walk,
    words,
)
from hpcraft.data.grammar_draft import Draft

Habit = Callable[[Kernel, Draft], Kernel]
_FLAT = ["idx", "index", "tid", "id", "t", "p", "pos", "l", "e", "gid", "n_idx", "i"]
_TOO_FEW = {"0", "1", "2", "3"}
"""As a size that is a number: a loop over it, or over what lies within a border, would have one iteration and nothing to share."""
_ALIASES = ["N", "n", "num", "total", "count", "len", "size_all", "limit", "end_i", "nmax"]
_UNUSED = ["channels", "unused", "ld", "pitch", "flags", "offset", "stride", "mode", "batch", "nthreads", "rank", "verbose", "debug"]


def changed(kernel: Kernel, draft: Draft) -> Kernel:
    """The kernel after the habits that this draw has."""
    for habit, share in (HABITS | BLOCK_HABITS).items():
        if draft.rng.random() < share:
            kernel = habit(kernel, draft)
    return kernel


# ---------------------------------------------------------------- loops


def _exchanged(kernel: Kernel, _draft: Draft) -> Kernel:
    """The two outer loops of every nest change places."""

    def change(node: Node) -> Node:
        if isinstance(node, Parallel) and len(node.heads) >= 2 and not _depends(node.heads[1], node.heads[0].var):
            first, second, *rest = node.heads
            if not any(_depends(h, first.var) or _depends(h, second.var) for h in rest):
                return replace(node, heads=(second, first, *rest))
        return node

    return replace(kernel, body=tuple(change(n) for n in kernel.body))


def _flattened(kernel: Kernel, draft: Draft) -> Kernel:
    """Two loops become one over all pairs."""
    nest = next((n for n in kernel.body if isinstance(n, Parallel)), None)
    if nest is None or len(nest.heads) != 2 or any(h.low != "0" or h.step != "1" for h in nest.heads):
        return kernel
    outer, inner = nest.heads
    if _depends(inner, outer.var) or not inner.high.isidentifier():
        return kernel
    var = draft.names.pick(_FLAT)
    high = f"{_factor(outer.high)} * {inner.high}"
    rest = draft.rng.choice([f"{var} % {inner.high}", f"{var} % {inner.high}", f"{var} - {outer.var} * {inner.high}"])
    lets = (Let("int", outer.var, f"{var} / {inner.high}"), Let("int", inner.var, rest))
    flat = Parallel(heads=(Range(var=var, high=high),), body=(*lets, *nest.body), reduce=nest.reduce)
    return replace(kernel, body=tuple(flat if n is nest else n for n in kernel.body))


def _kept_inside(kernel: Kernel, _draft: Draft) -> Kernel:
    """The innermost of several parallel loops is left to each thread."""

    def change(node: Node) -> Node:
        if isinstance(node, Parallel) and len(node.heads) >= 2 and not node.reduce:
            return Parallel(heads=node.heads[:-1], body=(For(node.heads[-1], node.body),))
        return node

    return replace(kernel, body=tuple(change(n) for n in kernel.body))


def _depends(head: Range, var: str) -> bool:
    return var in words(f"{head.low} {head.high} {head.step}") or bool(head.also)


def _factor(text: str) -> str:
    return text if text.isidentifier() or text.isdigit() or re.fullmatch(r"\w+(?: \* \w+)*", text) else f"({text})"


# ---------------------------------------------------------------- parameters


def _fixed(kernel: Kernel, draft: Draft) -> Kernel:
    """A size that the author wrote as a number."""
    sizes = [p for p in kernel.params if not p.is_array and p.ctype == "int" and p.values and all(v.isdigit() for v in p.values)]
    sizes = [p for p in sizes if set(p.values) - _TOO_FEW]
    if len(sizes) < 2:
        return kernel
    chosen = draft.rng.choice(sizes)
    number = draft.rng.choice([v for v in chosen.values if v not in _TOO_FEW])
    change = renaming({chosen.name: number})
    params = tuple(replace(p, length=change(p.length), bound=change(p.bound)) for p in kernel.params if p is not chosen)
    return replace(kernel, params=params, body=rewrite(kernel.body, change))


def _alias(kernel: Kernel, draft: Draft) -> Kernel:
    """A size under another name, declared first."""
    sizes = [p.name for p in kernel.params if not p.is_array and p.ctype == "int" and p.name in mentioned(kernel.body)]
    if not sizes or any(isinstance(n, Let) and n.name in sizes for n in walk(kernel.body)):
        return kernel
    name, other = draft.rng.choice(sizes), draft.names.pick(_ALIASES)
    return replace(kernel, body=(Let("int", other, name), *rewrite(kernel.body, renaming({name: other}))))


def _early_return(kernel: Kernel, draft: Draft) -> Kernel:
    """Nothing to do for nothing."""
    sizes = [p.name for p in kernel.params if not p.is_array and "0" in p.values and "7" in p.values]
    if not sizes or kernel.result != "void":
        return kernel
    test = draft.rng.choice([f"{sizes[0]} <= 0", f"{sizes[0]} < 1", f"{sizes[0]} == 0"])
    return replace(kernel, body=(If(test, (Line("return;"),)), *kernel.body))


def _unused(kernel: Kernel, draft: Draft) -> Kernel:
    """A parameter that nothing uses."""
    extra = Param(name=draft.names.pick(_UNUSED), ctype="int", values=("1", "2", "3"))
    at = draft.rng.randrange(len(kernel.params) + 1)
    return replace(kernel, params=(*kernel.params[:at], extra, *kernel.params[at:]))


# ---------------------------------------------------------------- statements

_INDEX = re.compile(r"\[([^\[\]]*[-+*/%][^\[\]]*)\]")


def _index_helper(kernel: Kernel, draft: Draft) -> Kernel:
    """Index expressions are computed once, under a name."""

    def change(body: tuple[Node, ...]) -> tuple[Node, ...]:
        inner = {n.name for n in walk(body) if isinstance(n, Let)} | {h.var for n in walk(body) for h in _heads(n)}
        inner |= {m[1] for n in walk(body) for t in texts(n) for m in ASSIGNED.finditer(t)}
        found = [m[1] for n in walk(body) for t in texts(n) for m in _INDEX.finditer(t) if not words(m[1]) & inner and m[1].strip("*")]
        if not found or draft.rng.random() < 0.25:
            return body
        chosen = draft.rng.choice(found)
        name = draft.names.pick(w.INDEX_NAMES)
        new = rewrite(body, lambda text: text.replace(f"[{chosen}]", f"[{name}]"))
        return (Let(draft.rng.choice(["int"] * 7 + ["const int"]), name, chosen), *new)

    return replace(kernel, body=in_blocks(kernel.body, change, loops_only=True))


_ELEMENT = re.compile(r"(?<![\w.*])([A-Za-z_]\w*)\[([^\[\]]*)\]")


def _loaded(kernel: Kernel, draft: Draft) -> Kernel:
    """What is read from an array is kept in a local first."""
    arrays = kernel.arrays

    def change(body: tuple[Node, ...]) -> tuple[Node, ...]:
        new: list[Node] = []
        for node in body:
            if isinstance(node, Line) and not re.search(r"\?|&&|\|\||^return|&", node.text) and draft.rng.random() < 0.6:
                place, equals, value = node.text.partition("= ")
                for name, index in dict.fromkeys(m.groups() for m in _ELEMENT.finditer(value)):
                    if name in arrays and arrays[name].access == "in" and draft.rng.random() < 0.7:
                        local = draft.names.pick(w.LOCALS)
                        read = f"{name}[{index}]"
                        new.append(Let(arrays[name].ctype, local, read))
                        value = re.sub(rf"(?<!\w){re.escape(read)}", local, value)
                node = Line(place + equals + value)
            new.append(node)
        return tuple(new)

    return replace(kernel, body=in_blocks(kernel.body, change, loops_only=True))


_STORE = re.compile(r"^([A-Za-z_]\w*)\[([^\[\]]*)\] = (.*);$")


def _stored_late(kernel: Kernel, draft: Draft) -> Kernel:
    """A result is computed in a local and stored by a statement of its own."""
    arrays = kernel.arrays

    def change(body: tuple[Node, ...]) -> tuple[Node, ...]:
        for at, node in enumerate(body):
            if isinstance(node, Line) and (m := _STORE.match(node.text)) and m[1] in arrays and not re.search(r"(?<![=!<>])=(?!=)", m[3]):
                if len(m[3]) < 12:
                    continue
                local = draft.names.pick(w.LOCALS)
                return (*body[:at], Let(arrays[m[1]].ctype, local, m[3]), Line(f"{m[1]}[{m[2]}] = {local};"), *body[at + 1 :])
        return body

    return replace(kernel, body=in_blocks(kernel.body, change, loops_only=True))


def _heads(node: Node) -> tuple[Range, ...]:
    return node.heads if isinstance(node, Parallel) else (node.head,) if isinstance(node, For) else ()


def _spelling(pattern: str, change: Callable[[re.Match[str]], str], share: float) -> Habit:
    """A habit that spells single statements in another way."""
    compiled = re.compile(pattern)

    def habit(kernel: Kernel, draft: Draft) -> Kernel:
        def spelled(body: tuple[Node, ...]) -> tuple[Node, ...]:
            return tuple(Line(compiled.sub(change, n.text)) if isinstance(n, Line) and draft.rng.random() < share else n for n in body)

        return replace(kernel, body=in_blocks(kernel.body, spelled))

    return habit


def _plain(match: re.Match[str]) -> str:
    place, op, value = match.groups()
    closed = value if op == "+" or re.fullmatch(r"[\w.\[\]]+|[\w.]+\[[^\[\]]*\]|\([^()]*\)", value) else f"({value})"
    return f"{place} = {place} {op} {closed};"


_PLACE = r"([A-Za-z_]\w*(?:\[[^\[\]]*\])?)"


def _bare_parentheses(kernel: Kernel, _draft: Draft) -> Kernel:
    """Products within an index or a sum stand in parentheses that they don't need."""
    pattern = re.compile(r"(?<=[\[+] )(\w+ \* \w+)(?= [+\]])|(?<=\[)(\w+ \* \w+)(?= \+)|(?<=[=+] )(\w+\[\w+\] \* \w+\[\w+\])(?= [-+]|;)")
    return replace(kernel, body=rewrite(kernel.body, lambda text: pattern.sub(lambda m: f"({m[0]})", text)))


def _as_pointers(kernel: Kernel, _draft: Draft) -> Kernel:
    """Elements as dereferenced pointers."""
    arrays = set(kernel.arrays)
    change = lambda m: f"*({m[1]} + {m[2]})" if m[1] in arrays else m[0]  # noqa: E731 - one expression
    if any("&" in text for n in walk(kernel.body) for text in texts(n)):
        return kernel

    def spelled(body: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(Line(_ELEMENT.sub(change, n.text)) if isinstance(n, Line) else n for n in body)

    return replace(kernel, body=in_blocks(kernel.body, spelled))


HABITS: dict[Habit, float] = {
    _exchanged: 0.15,
    _flattened: 0.06,
    _kept_inside: 0.12,
    _fixed: 0.07,
    _index_helper: 0.45,
    _loaded: 0.2,
    _stored_late: 0.14,
    _spelling(rf"^{_PLACE} ([-+*/])= (.*);$", _plain, 0.7): 0.25,
    _spelling(rf"^{_PLACE} = \1 ([-+*]) ([^-+/?]*);$", lambda m: f"{m[1]} {m[2]}= {m[3]};", 0.8): 0.3,
    _spelling(rf"^{_PLACE} \+= 1;$", lambda m: f"{m[1]}++;", 0.8): 0.5,
    _bare_parentheses: 0.15,
    _as_pointers: 0.02,
    _alias: 0.05,
    _early_return: 0.04,
    _unused: 0.05,
}
"""Habit to the share of kernels in which it is tried, in their order."""


def counted(kernel: Kernel, draft: Draft) -> Kernel:
    """The sequential side with a running index where its nest goes through an array in order, as ``out[k++]`` does.

    The parallel sides can't have it; they keep the place as an expression.
    """
    nest = next((n for n in kernel.body if isinstance(n, Parallel)), None)
    if nest is None or len(nest.heads) < 2 or any(h.low != "0" or h.step != "1" or h.form != "up" for h in nest.heads):
        return kernel
    place = nest.heads[0].var
    for head in nest.heads[1:]:
        place = f"{_factor(place)} * {_factor(head.high)} + {head.var}"
    every = [t for n in walk(nest.body) for t in texts(n)]
    if not any(f"[{place}]" in t or t == place for t in every) or any("continue" in t for t in every):
        return kernel
    name = draft.names.pick(w.INDEX_NAMES)
    body = rewrite(nest.body, lambda text: name if text == place else text.replace(f"[{place}]", f"[{name}]"))
    step = Line(f"{name}++;" if draft.rng.random() < 0.6 else f"++{name};")
    changed_nest = replace(nest, body=(*body, step))
    return replace(kernel, body=tuple(m for n in kernel.body for m in ((Let("int", name, "0"), changed_nest) if n is nest else (n,))))
