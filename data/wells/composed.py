"""The well ``composed``: graphs of operators that a compiler writes as C and as CUDA, as HPCTransCompile (arXiv 2506.10401) has its pairs written by TVM.

Graphs are drawn (`hpcraft.data.operator_graphs`) and compiled by loopy, where it is installed (`hpcraft.data.loopy_code`). For OpenMP the rows of the C code
are shared by threads. No corpus is needed; a graph's family, the operators that it is made of, decides its split.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hpcraft import __version__
from hpcraft.data.extents import Extent
from hpcraft.data.grammar import family_split
from hpcraft.data.loopy_code import Compiled, compiled, with_openmp
from hpcraft.data.material import MADE_TESTS, Known, Launches, Material
from hpcraft.data.operator_graphs import Graph
from hpcraft.data.operator_graphs import draw as draw_graph
from hpcraft.data.tester import REALS
from hpcraft.data.trees import functions, parse, prototype
from hpcraft.errors import InputError
from hpcraft.records import PairOrigin
from hpcraft.sandbox.abi import Signature

ORIGIN: PairOrigin = "composed"
_MOST_DRAWS = 10
"""For each graph that is wanted: small ones are drawn twice."""
_SIZES = (1, 2, 3, 5, 8, 17, 33, 70)


def draw(seed: int, count: int, targets: tuple[str, ...], known: Known, *, launches: Launches = (False,)) -> Iterator[Material]:
    """``count`` different graphs in C, with their parallel versions; CUDA only under launches of its own."""
    found = 0
    for number in range(_MOST_DRAWS * count):
        rng = Random(f"{seed}/graph/{number}")
        graph = draw_graph(rng)
        try:
            made = compiled(graph, graph.name, rng)
        except InputError as error:
            known.refuse(ORIGIN, error)
            continue
        versions = [("openmp", with_openmp(made.source))] if "openmp" in targets else []
        if "cuda" in targets and False in launches:
            versions.append(("cuda", made.cuda))
        if versions and known.is_new(ORIGIN, made.source, versions):
            found += 1
            yield _material(graph, made, versions, rng)
        if found == count:
            return


def _material(graph: Graph, made: Compiled, versions: list[tuple[str, str]], rng: Random) -> Material:
    signature = Signature.parse(prototype(next(functions(parse(made.source)))))
    return Material(
        origin=ORIGIN,
        family=graph.family,
        signature=signature.prototype(),
        source=made.source,
        targets=tuple(versions),
        groups=tuple((test,) for test in _tests(signature, made, rng)),
        package="hpcraft",
        version=__version__,
        path="data/operator_graphs.py",
        licence="Apache-2.0",
        split=family_split(graph.family),
    )


def _tests(signature: Signature, made: Compiled, rng: Random) -> list[str]:
    """Tests whose arrays have exactly the lengths of the graph's shapes."""
    found: dict[str, None] = {}
    for number in range(MADE_TESTS):
        sizes = {p.name: 1 if not number else rng.choice(_SIZES) for p in signature.parameters if p.ctype == "int"}
        lengths = {name: Extent(expression=text, read=True, written=True).length(sizes) for name, text in made.lengths.items()}
        words = [f"[{lengths[p.name]}]" if p.pointer else str(sizes.get(p.name, rng.choice(REALS))) for p in signature.parameters]
        found[" ".join(words)] = None
    return list(found)
