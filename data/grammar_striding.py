"""A CUDA kernel that is its C function but for the heads of the loops that are shared, which stride over all threads there are.

It is right whatever it is launched with, and line by line what its source is, so a translator need only say which loops stride along which axis.
"""

from __future__ import annotations

from dataclasses import replace

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import For, Kernel, Node, Parallel, Range
from hpcraft.data.grammar_pieces import iterations, lowered
from hpcraft.data.grammar_sharing import Geometry, Threads
from hpcraft.tokenizer.strides import strided


class StridingWriter(CWriter):
    """Writes nodes as C, the loops of parallel nests as strides."""

    _axis = ""

    def kernel(self, kernel: Kernel, nest: Parallel, threads: Threads) -> Geometry:
        """The body of the kernel of a function that ends with its only nest, and what its launch needs."""
        self.declarations(kernel.body, 1)
        self.nodes((*kernel.body[:-1], replace(nest, body=lowered(nest.body))), 1)
        counts = tuple(iterations(head) for head in reversed(nest.heads))
        sides = ((threads.threads,), (threads.side,) * 2, (8, 8, 4))[len(counts) - 1]
        return Geometry(blocks=counts, threads=sides)

    def _parallel(self, node: Parallel, depth: int) -> None:
        first, *inner = node.heads
        body: tuple[Node, ...] = (replace(node, heads=tuple(inner)),) if inner else node.body
        self._axis = "xyz"[len(inner)]
        self.loop(first, body, depth)

    def loop(self, head: Range, body: tuple[Node, ...], depth: int) -> None:
        """A counted loop in its form; one that strides as a ``for``."""
        if self._axis and head.form in ("while", "open"):
            head = replace(head, form="up")
        super().loop(head, body, depth)

    def block(self, head: str, body: tuple[Node, ...], depth: int) -> None:
        """A head and what it governs; the first of a loop of the nest strides."""
        axis, self._axis = self._axis, ""
        if axis:
            head = strided(head, axis, " ") or head
        super().block(head, body, depth)

    def _stands_bare(self, node: Node, *, loop: bool) -> bool:
        return super()._stands_bare(For(node.heads[0], node.body) if isinstance(node, Parallel) else node, loop=loop)
