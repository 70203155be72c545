"""Gives the roles of a template names as people choose them: the role's own word, a word of its kind, in one of many spellings."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hpcraft.data import grammar_words as w
from hpcraft.data.grammar_code import For, Kernel, Node, Parallel, Param, declared, renaming, rewrite, walk
from hpcraft.data.grammar_draft import Draft

_LOOP_WORDS = {"row": w.ROW_LOOPS, "col": w.COL_LOOPS, "k": w.INNER_LOOPS}
_SPREAD = ("d_", "h_", "dev_", "g_", "p_", "in_", "m_", "_")


def name_roles(kernel: Kernel, roles: dict[str, str], stems: list[str], draft: Draft) -> Kernel:
    """The kernel with names for its roles and its own, parameters in one of the usual orders."""
    names: dict[str, str] = {}
    locals_ = declared(kernel.body, "int")
    loops = {h.var for node in walk(kernel.body) for h in _heads(node)}
    prefix = draft.rng.choice(_SPREAD) if draft.rng.random() < 0.1 else ""
    own = draft.rng.choices([0.9, 0.5, 0.1], [4, 4, 2])[0]
    for p in kernel.params:
        names[p.name] = draft.names.pick_near(_spelled(p.name, draft.rng), _pool(p, roles[p.name]), own, prefix if p.is_array else "")
    for name in locals_:
        pool = w.LOOPS if name in loops else w.LOCALS
        names[name] = draft.names.pick_near(_spelled(name, draft.rng), pool, max(own, 0.6), "")
    change = renaming(names)
    body = rewrite(kernel.body, change)
    params = tuple(replace(p, name=names[p.name], length=change(p.length), bound=change(p.bound)) for p in kernel.params)
    return replace(kernel, name=draft.names.function(stems), params=_ordered(params, draft.rng), body=body)


def _heads(node: Node) -> tuple:  # type: ignore[type-arg]
    if isinstance(node, Parallel):
        return node.heads
    return (node.head,) if isinstance(node, For) else ()


def _pool(param: Param, kind: str) -> list[str]:
    if param.is_array:
        return w.INDICES if param.bound and param.ctype in ("int", "long") else w.ARRAYS
    if kind in ("size", "side", "small", "mid"):
        return w.SIZES if kind == "size" else w.SIDES
    return w.SCALARS


def _spelled(name: str, rng: Random) -> str:
    """A word in another spelling: capitals, camel case, no underscores, a shorter or a longer form."""
    way = rng.random()
    if "_" in name.strip("_"):
        first, *rest = name.split("_")
        if way < 0.3:
            return first + "".join(r.capitalize() for r in rest)
        return "".join([first, *rest]) if way < 0.36 else name
    if len(name) == 1:
        return name.upper() if way < 0.15 else name
    if way < 0.08:
        return name.upper()
    if way < 0.13 and len(name) > 4:
        return name[:3]
    return name


def _ordered(params: tuple[Param, ...], rng: Random) -> tuple[Param, ...]:
    way = rng.random()
    if way < 0.55:
        return params
    if way < 0.75:
        return tuple(sorted(params, key=lambda p: not p.is_array))
    if way < 0.9:
        return tuple(sorted(params, key=lambda p: p.is_array))
    return tuple(sorted(params, key=lambda p: (not p.is_array, p.access == "in")))
