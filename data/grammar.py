"""The generator of kernels: draws loop nests as people write them, as sequential C and as OpenMP or CUDA, with tests.

`draw` gives one candidate pair for a seed. Its family (template and structural choices: shapes of expressions, guards, layout of loops) decides
the split: all pairs of a family stand in the same split, so a test pair is never a training pair with other names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from hpcraft.data.grammar_code import CWriter, For, If, Kernel, Node, Parallel, Param, Range, While
from hpcraft.data.grammar_cuda import write_cuda
from hpcraft.data.grammar_draft import Draft
from hpcraft.data.grammar_maps import MAPS
from hpcraft.data.grammar_nests import NESTS
from hpcraft.data.grammar_words import draw_style

TEMPLATES: dict[str, Callable[[Draft], Kernel]] = {**MAPS, **NESTS}
_WEIGHTS = {
    "map": 4,
    "condition": 3,
    "gridmap": 3,
    "reduction": 3,
    "strided": 2,
    "several": 2,
    "rows": 2,
    "matmul": 2,
    "fill": 2,
    "while": 2,
}
_VALID_SHARE, _TEST_SHARE = 0.1, 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class MadePair:
    """A drawn kernel, written out."""

    family: str
    signature: str
    source: str
    targets: dict[str, str]
    """Target model to code."""
    tests: tuple[str, ...]


def draw(seed: int, number: int, *, num_tests: int = 5, template: str = "") -> MadePair:
    """Kernel number ``number`` of the stream that ``seed`` starts, of one ``template`` where it is named."""
    rng = Random(f"{seed}/{number}/{template}")
    names = list(TEMPLATES)
    template = template or rng.choices(names, [_WEIGHTS.get(n, 1) for n in names])[0]
    style = draw_style(rng)
    kernel = TEMPLATES[template](Draft(rng, template))
    headers = "#include <math.h>\n\n" if _uses_math(kernel) else ""
    source = headers + CWriter(style).function(kernel)
    openmp = headers + CWriter(style, openmp=True).function(kernel)
    cuda = write_cuda(kernel, style, atomic=rng.random() < 0.6)
    features = [*kernel.features, *(f.form for f in _heads(kernel.body) if f.form != "up")]
    return MadePair(
        family="/".join(features),
        signature=kernel.prototype(style),
        source=source,
        targets={"openmp": openmp, "cuda": cuda},
        tests=draw_tests(kernel, rng, num_tests),
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
    bound = f"<{_evaluate(param.bound, scalars)}" if param.bound else ""
    return f"[{_evaluate(param.length, scalars)}{bound}]"


def _evaluate(text: str, scalars: dict[str, str]) -> int:
    """Value of our own length expressions: sums of products of names and numbers."""
    return sum(_product(term, scalars) for term in text.split(" + "))


def _product(text: str, scalars: dict[str, str]) -> int:
    value = 1
    for factor in text.split(" * "):
        value *= int(scalars.get(factor, factor))
    return value


def _uses_math(kernel: Kernel) -> bool:
    writer = CWriter(draw_style(Random(0)))
    return bool(re.search(r"\b(?:fabs|sqrt|exp|cos)f?\(", writer.function(kernel)))


def _heads(nodes: tuple[Node, ...]) -> list[Range]:
    found: list[Range] = []
    for node in nodes:
        if isinstance(node, Parallel):
            found += [*node.heads, *_heads(node.body)]
        elif isinstance(node, For):
            found += [node.head, *_heads(node.body)]
        elif isinstance(node, If | While):
            found += _heads(node.body)
    return found
