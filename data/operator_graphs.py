"""Graphs of operators on matrices, grown at random: what the compiler-made pairs are compiled from.

A graph begins with a matrix and grows by operators whose inputs are drawn among all that is there, so results are shared, branch and merge again; what no
operator reads is added up at last. The operators are of the five classes of HPCTransCompile (arXiv 2506.10401, section 3: element-wise, reduction, layout,
logic and compute-intensive), with the three ways in which it varies a graph: a connection (an operator on one result), an extension (a branch with an input
of its own) and a merge (an operator on two results).

Values stand at a row ``i`` and a column ``j`` of ``n`` by ``m`` elements; a reduction has one for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Shape = Literal["matrix", "row"]
"""Whether there is a value for each element, or one for each row."""

UNARY = ("relu", "leaky", "tanh", "exp", "square", "abs", "scale", "shift", "clip", "sigmoid", "sqrt")
BINARY = ("add", "sub", "mul", "max", "min", "choose")
REDUCE = ("sum", "mean", "max", "norm")
SOURCES = ("matrix", "transposed", "product", "window", "pool", "difference", "column", "per-row")
"""What brings inputs of its own: a matrix, a transposed one, a product of two, a weighted window of three by three, the mean of two by two, the
difference to the next column, a vector with a value for each column or for each row."""
_LARGEST = 7


@dataclass(frozen=True, slots=True)
class Node:
    """An operator and the numbers of the nodes that it reads."""

    kind: Literal["source", "unary", "binary", "reduce"]
    name: str
    parts: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which each comes after what it reads; the last one is the result."""

    nodes: tuple[Node, ...]
    real: Literal["float", "double"]

    @property
    def family(self) -> str:
        """What it is made of, whatever is wired to what."""
        return "graph/" + "-".join(sorted(node.name for node in self.nodes))

    @property
    def name(self) -> str:
        """Its first operators, as a name for a function."""
        return "fused_" + "_".join(node.name.replace("-", "_") for node in self.nodes[:4])

    def uses(self, number: int) -> int:
        """How many nodes read a node."""
        return sum(node.parts.count(number) for node in self.nodes)


def draw(rng: Random) -> Graph:
    """A graph of two to seven operators."""
    nodes = [_source(rng.choice(("matrix", "matrix", "product", "window", "pool", "transposed")))]
    for _ in range(rng.randint(1, _LARGEST - 1)):
        match rng.choice(("connection", "connection", "connection", "extension", "merge")):
            case "extension":
                nodes.append(_source(rng.choice(SOURCES)))
                nodes.append(_merged(rng, nodes, len(nodes) - 1, rng.randrange(len(nodes) - 1)))
            case "merge" if len(nodes) > 1:
                nodes.append(_merged(rng, nodes, *rng.sample(range(len(nodes)), 2)))
            case _:
                nodes.append(_connected(rng, nodes, rng.randrange(len(nodes))))
    while len(loose := _loose(nodes)) > 1:
        nodes.append(Node("binary", "add", (loose[0], loose[1]), _joint(nodes, loose[0], loose[1])))
    return Graph(tuple(nodes), rng.choice(("float", "float", "double")))


def _source(name: str) -> Node:
    return Node("source", name, (), "row" if name == "per-row" else "matrix")


def _connected(rng: Random, nodes: list[Node], part: int) -> Node:
    reducible = nodes[part].shape == "matrix"
    if reducible and rng.random() < 0.3:
        return Node("reduce", rng.choice(REDUCE), (part,), "row")
    return Node("unary", rng.choice(UNARY), (part,), nodes[part].shape)


def _merged(rng: Random, nodes: list[Node], left: int, right: int) -> Node:
    return Node("binary", rng.choice(BINARY), (left, right), _joint(nodes, left, right))


def _joint(nodes: list[Node], left: int, right: int) -> Shape:
    return "row" if nodes[left].shape == nodes[right].shape == "row" else "matrix"


def _loose(nodes: list[Node]) -> list[int]:
    read = {part for node in nodes for part in node.parts}
    return [number for number in range(len(nodes)) if number not in read]
