"""The generator of kernels: draws loop nests as people write them, as sequential C and in other models and languages, with tests.

`draw` gives one kernel for a seed. Its family (template and structural choices: shapes of expressions, guards, layout of loops) decides
the split: all pairs of a family stand in the same split, so a test pair is never a training pair with other names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import MATHS, For, If, Kernel, Let, Node, Parallel, Param, Range, While, texts, walk
from hpcraft.data.grammar_cpp import write_cpp
from hpcraft.data.grammar_cuda import write_cuda
from hpcraft.data.grammar_draft import SIZE_VALUES, Draft
from hpcraft.data.grammar_expressions import evaluate
from hpcraft.data.grammar_fortran import write_fortran
from hpcraft.data.grammar_habits import changed, counted
from hpcraft.data.grammar_maps import MAPS
from hpcraft.data.grammar_mpi import write_mpi
from hpcraft.data.grammar_nests import NESTS
from hpcraft.data.grammar_table import TEXTS
from hpcraft.data.grammar_text import compile_template
from hpcraft.data.grammar_words import Style, draw_style

TARGETS = ("openmp", "cuda", "cpp", "fortran", "fortran+openmp", "mpi")
"""What a kernel can be written as, besides sequential C."""
TEMPLATES: dict[str, Callable[[Draft], Kernel]] = {**MAPS, **NESTS} | {
    name: lambda draft, template=template: compile_template(template, draft) for name, template in TEXTS.items()
}
_WEIGHTS = dict.fromkeys((*MAPS, *NESTS), 0.6) | {name: t.weight for name, t in TEXTS.items()}
_VALID_SHARE, _TEST_SHARE = 0.1, 0.1
_COUNTED_SHARE = 0.1
_HEADERS = {
    "math.h": re.compile(rf"\b{MATHS}f?\("),
    "stdlib.h": re.compile(r"\babs\("),
    "stdbool.h": re.compile(r"\bbool\b"),
    "stddef.h": re.compile(r"\bsize_t\b"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class MadePair:
    """A drawn kernel, written out."""

    family: str
    signature: str
    source: str
    targets: dict[str, str]
    """Target model to code; a model that the kernel can't be written in is absent."""
    tests: tuple[str, ...]


def draw(
    seed: int, number: int, *, num_tests: int = 5, template: str = "", targets: Collection[str] = TARGETS, any_launch: bool = False
) -> MadePair:
    """Kernel number ``number`` of the stream that ``seed`` starts, of one ``template`` where it is named, written as ``targets``.

    With ``any_launch`` CUDA kernels are right whatever grid they are launched with, as far as a reduction allows.
    """
    rng = Random(f"{seed}/{number}/{template}")
    names = list(TEMPLATES)
    template = template or rng.choices(names, [_WEIGHTS[n] for n in names])[0]
    style = draw_style(rng)
    draft = Draft(rng, template)
    kernel = changed(TEMPLATES[template](draft), draft)
    kernel, style = _typed(_formed(kernel), style, rng)
    sequential = counted(kernel, draft) if rng.random() < _COUNTED_SHARE else kernel
    code = CWriter(style).function(sequential)
    headers = "".join(f"#include <{h}>\n" for h, wanted in _HEADERS.items() if wanted.search(code))
    headers += "\n" if headers else ""
    tests = draw_tests(kernel, rng, num_tests)
    cuda_rng, cpp_rng = (Random(rng.random()) for _ in range(2))
    written = {
        "openmp": lambda: headers + CWriter(style, openmp=True).function(kernel),
        "cuda": lambda: write_cuda(kernel, style, cuda_rng, any_launch=any_launch),
        "cpp": lambda: write_cpp(kernel, style, cpp_rng),
        "fortran": lambda: write_fortran(kernel, style),
        "fortran+openmp": lambda: write_fortran(kernel, style, openmp=True),
        "mpi": lambda: write_mpi(kernel, style, headers),
    }
    features = [*kernel.features, *(f.form for f in _heads(kernel.body) if f.form != "up")]
    return MadePair(
        family="/".join(features),
        signature=kernel.prototype(style),
        source=headers + code,
        targets={model: text for model in TARGETS if model in targets and (text := written[model]())},
        tests=tests,
    )


def family_split(family: str) -> str:
    """``train``, ``valid`` or ``test``, decided by the family's name alone."""
    share = int.from_bytes(sha256(family.encode()).digest()[:4], "big") / 2**32
    return "test" if share < _TEST_SHARE else "valid" if share < _TEST_SHARE + _VALID_SHARE else "train"


def draw_tests(kernel: Kernel, rng: Random, count: int) -> tuple[str, ...]:
    """Tests whose arrays have exactly the lengths that the kernel's parameters say."""
    tests: dict[str, None] = {}
    for _ in range(4 * count):
        scalars = {p.name: rng.choice(p.values) for p in kernel.params if not p.is_array}
        tests.setdefault(" ".join(_word(p, scalars) for p in kernel.params))
        if len(tests) == count:
            break
    return tuple(tests)


def _word(param: Param, scalars: dict[str, str]) -> str:
    if not param.is_array:
        return scalars[param.name]
    bound = f"<{max(evaluate(param.bound, scalars), 1)}" if param.bound else ""
    return f"[{max(evaluate(param.length, scalars), 0)}{bound}]"


# ---------------------------------------------------------------- the same kernel in another author's types and forms


def _formed(kernel: Kernel) -> Kernel:
    """Loops whose variable is declared ahead of them in the same block, and whose name comes twice, are written in the usual form."""
    heads = _heads(kernel.body)
    twice = {h.var for h in heads if sum(o.var == h.var for o in heads) > 1}
    bad = {h.var for h in heads if h.form in ("while", "open") and h.var in twice}
    skips = {
        h.var for n in walk(kernel.body) if isinstance(n, Parallel | For) and _continues(n.body) for h in _own_heads(n) if h.form == "while"
    }
    return replace(kernel, body=_with_forms(kernel.body, bad | skips)) if bad | skips else kernel


def _continues(nodes: tuple[Node, ...]) -> bool:
    return any(t == "continue;" for n in walk(nodes) for t in texts(n))


def _with_forms(nodes: tuple[Node, ...], names: set[str]) -> tuple[Node, ...]:
    def plain(head: Range) -> Range:
        return replace(head, form="up") if head.var in names else head

    new: list[Node] = []
    for node in nodes:
        if isinstance(node, For):
            new.append(For(plain(node.head), _with_forms(node.body, names)))
        elif isinstance(node, Parallel):
            new.append(replace(node, heads=tuple(plain(h) for h in node.heads), body=_with_forms(node.body, names)))
        elif isinstance(node, If):
            new.append(replace(node, body=_with_forms(node.body, names), orelse=_with_forms(node.orelse, names)))
        elif isinstance(node, While):
            new.append(replace(node, body=_with_forms(node.body, names)))
        else:
            new.append(node)
    return tuple(new)


def _typed(kernel: Kernel, style: Style, rng: Random) -> tuple[Kernel, Style]:
    """Sizes and loop variables in another integer type; an unsigned one only where nothing can go below zero."""
    pieces = [t for n in walk(kernel.body) for t in texts(n)]
    lets = any(isinstance(n, Let) and "*" in n.ctype for n in walk(kernel.body))
    odd_forms = any(h.form in ("inclusive", "down") for h in _heads(kernel.body))
    careful = odd_forms or lets or any("-" in p or "%" in p or "/" in p or "(" in p for p in pieces)
    if not careful and rng.random() < 0.12:
        style = replace(style, index_type=rng.choice(["unsigned int", "unsigned int", "size_t", "unsigned long"]))
    if rng.random() < 0.14:
        ctype = rng.choice(["long", "long", "long long"] + ([] if careful else ["unsigned int", "unsigned int", "size_t"]))
        chosen = {p.name for p in kernel.params if p.ctype == "int" and p.values == SIZE_VALUES}
        kernel = replace(kernel, params=tuple(replace(p, ctype=ctype) if p.name in chosen else p for p in kernel.params))
    return kernel, style


def _own_heads(node: Node) -> tuple[Range, ...]:
    return node.heads if isinstance(node, Parallel) else (node.head,) if isinstance(node, For) else ()


def _heads(nodes: tuple[Node, ...]) -> list[Range]:
    return [head for node in walk(nodes) for head in _own_heads(node)]
