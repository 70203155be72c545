"""The inside of a CUDA kernel whose block reads what its threads share once, into a tile of shared memory.

Two kinds of nests are written so: one loop whose iterations read an array's neighbouring elements, and two loops around a sum of products, one factor of
which belongs to the row and one to the column (the tiled product of NVIDIA's programming guide). Tiles have the size of the launch's blocks.

Not covered: neighbours in two dimensions, tiles of another shape than the block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import For, If, Let, Line, Node, Parallel, Param, Range, mentioned, renaming, rewrite, texts, walk, words
from hpcraft.data.grammar_pieces import as_return, in_parentheses, iterations
from hpcraft.data.grammar_sharing import Geometry

_ELEMENT = re.compile(r"([A-Za-z_]\w*)\[([^\[\]]*)\]")
_UPDATE = re.compile(r"([A-Za-z_]\w*) (?:\+=|= \1 \+) ({0}) \* ({0});".format(r"[A-Za-z_]\w*(?:\[[^\[\]]*\])?"))
_FARTHEST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiles:
    """What a kernel's tiles are written with."""

    code: CWriter
    lets: tuple[Let, ...]
    """What the kernel computes for itself first."""
    arrays: Mapping[str, Param]
    taken: set[str]
    """Names that are used."""
    kind: str
    """The type of indices."""
    index: Callable[[str], str]
    """A thread's place along an axis."""

    def line(self, nest: Parallel, threads: int) -> Geometry | None:
        """A loop over neighbouring elements in blocks of ``threads``; None where it is something else."""
        head = nest.heads[0]
        found = self._neighbours(nest) if len(nest.heads) == 1 and head.step == "1" else None
        if found is None:
            return None
        array, radius = found
        tile, at = self._names(("tile", "cache", "s_data", "shared_in"), ("t", "lid", "local_id", "s"))
        var, code = head.var, self.code
        code.declarations((*self.lets, *nest.body), 1)
        code.nodes(self.lets, 1)
        code.put(f"__shared__ {array.ctype} {tile}[{threads + 2 * radius}];", 1)
        code.put(f"{self.kind} {var} = {self.index('x')}{'' if head.low == '0' else f' + {in_parentheses(head.low)}'};", 1)
        code.put(f"int {at} = threadIdx.x + {radius};", 1)
        code.node(If(f"{var} < {array.length}", (Line(f"{tile}[{at}] = {array.name}[{var}];"),)), 1)
        left = If(f"{var} >= {radius}", (Line(f"{tile}[{at} - {radius}] = {array.name}[{var} - {radius}];"),))
        right = If(f"{var} + blockDim.x < {array.length}", (Line(f"{tile}[{at} + blockDim.x] = {array.name}[{var} + blockDim.x];"),))
        code.node(If(f"threadIdx.x < {radius}", (left, right)), 1)
        code.put("__syncthreads();", 1)
        element = re.compile(rf"\b{array.name}\[{var}(?= [-+] \d+\]|\])")
        body = rewrite((as_return(node) for node in nest.body), lambda text: element.sub(f"{tile}[{at}", text))
        code.node(If(f"{var} < {head.high}", body), 1)
        return Geometry(blocks=(iterations(head),), threads=(threads,))

    def _neighbours(self, nest: Parallel) -> tuple[Param, int] | None:
        """An array of which iterations read neighbours, and how far the farthest is."""
        var, known = nest.heads[0].var, mentioned((nest,))
        pieces = [text for node in walk(nest.body) for text in texts(node)]
        for array in self.arrays.values():
            if array.access != "in" or array.name not in known or not words(array.length) <= known:
                continue
            # Each mention must be an element at a constant distance.
            mentions = sum(len(re.findall(rf"\b{array.name}\b", text)) for text in pieces)
            found = [m[1].replace(" ", "") for text in pieces for m in re.finditer(rf"\b{array.name}\[{var}((?: [-+] \d+)?)\]", text)]
            farthest = max((abs(int(distance or 0)) for distance in found), default=0)
            if len(found) == mentions and len(found) > 1 and 0 < farthest <= _FARTHEST:
                return array, farthest
        return None

    def product(self, nest: Parallel, side: int) -> Geometry | None:
        """Two loops around a sum of products, in tiles of ``side`` squared; None where it is something else."""
        found = self._factors(nest) if len(nest.heads) == 2 and all((h.low, h.step) == ("0", "1") for h in nest.heads) else None
        if found is None:
            return None
        row, column = nest.heads
        one, other, total, inner, ahead, behind = found
        first, second, step, term = self._names(
            ("tile_a", "As", "sA", "tile_1"), ("tile_b", "Bs", "sB", "tile_2"), ("p", "phase", "start", "m_"), ("e", "q", "kk", "e_")
        )
        code = self.code
        code.declarations((*self.lets, *ahead, *behind), 1)
        for name, factor in ((first, one), (second, other)):
            code.put(f"__shared__ {self.arrays[factor.array].ctype} {name}[{side}][{side}];", 1)
        code.nodes(self.lets, 1)
        code.put(f"{self.kind} {row.var} = {self.index('y')};", 1)
        code.put(f"{self.kind} {column.var} = {self.index('x')};", 1)
        code.nodes(ahead, 1)
        code.open(f"for ({self.kind} {step} = 0; {step} < {inner.high}; {step} += {side})", 1)
        for name, factor, head, axis in ((first, one, row, "x"), (second, other, column, "y")):
            element = renaming({inner.var: f"({step} + threadIdx.{axis})"})(factor.place)
            inside = f"{head.var} < {head.high} && {step} + threadIdx.{axis} < {inner.high}"
            code.put(f"{name}[threadIdx.y][threadIdx.x] = {inside} ? {factor.array}[{element}] : 0;", 2)
        code.put("__syncthreads();", 2)
        body = (Line(f"{total} += {first}[threadIdx.y][{term}] * {second}[{term}][threadIdx.x];"),)
        code.block(f"for (int {term} = 0; {term} < {side}; {term}++)", body, 2)
        code.put("__syncthreads();", 2)
        code.put("}", 1)
        guard = f"{row.var} < {row.high} && {column.var} < {column.high}"
        code.node(If(guard, tuple(as_return(node) for node in behind)), 1)
        return Geometry(blocks=(column.high, row.high), threads=(side, side))

    def _factors(self, nest: Parallel) -> _Product | None:
        """The parts of a sum of products; None for another body."""
        loops = [n for n in nest.body if isinstance(n, For)]
        if len(loops) != 1 or any(not isinstance(n, Let | Line) for n in nest.body if n is not loops[0]):
            return None
        inner, at = loops[0].head, nest.body.index(loops[0])
        ahead, behind = nest.body[:at], nest.body[at + 1 :]
        *lets, last = loops[0].body or (None,)
        update = _UPDATE.fullmatch(last.text) if isinstance(last, Line) else None
        plain = (inner.low, inner.step, inner.also) == ("0", "1", "") and inner.form in ("up", "inclusive")
        if not plain or update is None or not behind or any("[" in text for node in ahead for text in texts(node)):
            return None
        values = {n.name: n.value for n in lets if isinstance(n, Let)}
        if len(values) < len(lets):
            return None
        row, column = (head.var for head in nest.heads)
        found = {of: factor for text in (update[2], update[3]) for of, factor in self._factor(text, values, row, column, inner.var)}
        if set(found) != {"row", "column"}:
            return None
        return _Product(found["row"], found["column"], update[1], inner, ahead, behind)

    def _factor(self, text: str, values: Mapping[str, str], row: str, column: str, inner: str) -> Iterator[tuple[str, _Factor]]:
        """A factor as an element of an array that is only read, and whether it is the row's or the column's."""
        match = _ELEMENT.fullmatch(values.get(text, text))
        if match is None or match[1] not in self.arrays or self.arrays[match[1]].access != "in":
            return
        index = values.get(match[2], match[2])
        used = words(index)
        if used & values.keys() or inner not in used or "[" in index:
            return
        if (row in used) != (column in used):
            yield ("row" if row in used else "column"), _Factor(match[1], index)

    def _names(self, *pools: tuple[str, ...]) -> list[str]:
        return [next(name for name in (*pool, f"{pool[0]}_own") if name not in self.taken) for pool in pools]


class _Factor(NamedTuple):
    """An element of an array."""

    array: str
    place: str


class _Product(NamedTuple):
    """A sum of products."""

    row: _Factor
    column: _Factor
    total: str
    inner: Range
    ahead: tuple[Node, ...]
    behind: tuple[Node, ...]
