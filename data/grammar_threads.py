"""The inside of a CUDA kernel: which thread does which iterations of a parallel nest, in the ways people write it.

`thread_nest` writes the body of a kernel and says what geometry its launch needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hpcraft.data.grammar_c import CWriter
from hpcraft.data.grammar_code import (
    If,
    Let,
    Line,
    Node,
    Parallel,
    Param,
    Range,
    Reduce,
    mentioned,
    renaming,
    rewrite,
    words,
)
from hpcraft.data.grammar_pieces import (
    as_return,
    harmless,
    has_continue,
    in_parentheses,
    iterations,
    linked,
    lowered,
    opposite,
    signed_use,
    with_loops,
)
from hpcraft.data.grammar_sharing import INDEX, Geometry, Threads
from hpcraft.data.grammar_tiles import Tiles
from hpcraft.data.grammar_words import COL_LOOPS

_COMBINE = {"+": "{a} += {b};", "*": "{a} *= {b};", "max": "if ({b} > {a}) {a} = {b};", "min": "if ({b} < {a}) {a} = {b};"}
_ATOMIC = ("int", "float", "double", "unsigned int", "unsigned long long")
_THREAD_NAMES = ("tid", "idx", "index", "i", "id", "gid", "thread_id", "x", "n", "threadId", "ind")


def thread_nest(
    code: CWriter, nest: Parallel, lets: tuple[Let, ...], threads: Threads, rng: Random, result: str, arrays: Mapping[str, Param]
) -> Geometry:
    """Write the body of the kernel that does ``nest``; ``lets`` are what it computes for itself first."""
    return _Body(code, nest, lets, threads, rng, result, arrays).write()


class _Body:
    def __init__(
        self,
        code: CWriter,
        nest: Parallel,
        lets: tuple[Let, ...],
        threads: Threads,
        rng: Random,
        result: str,
        arrays: Mapping[str, Param],
    ) -> None:
        self.code, self.lets, self.threads, self.rng, self.result, self.arrays = code, lets, threads, rng, result, arrays
        self.kind = code.style.index_type
        self.nest = replace(nest, body=lowered(nest.body))

    def write(self) -> Geometry:
        nest = self.nest
        if nest.reduce:
            if len(nest.heads) > 1:
                nest = Parallel(heads=nest.heads[:1], body=with_loops(nest.heads[1:], nest.body), reduce=nest.reduce)
            return self._reduction(nest, nest.reduce)  # type: ignore[arg-type]
        if self.threads.tiles and (tiled := self._tiled()):
            return tiled
        heads, at = nest.heads, self.threads.mapping
        if len(heads) == 1:
            return self._one(heads[0], nest.body)
        if any(words(f"{h.high} {h.step}") & {o.var for o in heads} for h in heads):
            return self._one(heads[0], with_loops(heads[1:], nest.body))
        flat = all(h.low == "0" and h.step == "1" for h in heads) and not linked(heads)
        if len(heads) == 2:
            if at < 0.08 and flat:
                return self._flat(heads, nest.body)
            if at < 0.13 and heads[0].low == "0" and heads[0].step == "1":
                return self._row_block(heads, nest.body)
            if at < 0.2:
                return self._one(heads[0], with_loops(heads[1:], nest.body))
            return self._grid(heads, nest.body)
        if at < 0.15 and flat:
            return self._flat(heads, nest.body)
        if at < 0.3:
            return self._one(heads[0], with_loops(heads[1:], nest.body))
        if at < 0.65:
            return self._grid(heads[:2], with_loops(heads[2:], nest.body))
        return self._grid(heads, nest.body)

    def _tiled(self) -> Geometry | None:
        tiles = Tiles(
            code=self.code,
            lets=self.lets,
            arrays=self.arrays,
            taken=self._taken(),
            kind=self.kind,
            index=lambda axis: self._index(axis, plain=True),
        )
        return tiles.line(self.nest, self.threads.threads) or tiles.product(self.nest, self.threads.side)

    # ------------------------------------------------------------ maps

    def _begin(self, body: tuple[Node, ...]) -> None:
        self.code.declarations((*self.lets, *body), 1)

    def _one(self, head: Range, body: tuple[Node, ...]) -> Geometry:
        threads = self.threads
        if threads.rename and head.var not in _THREAD_NAMES:
            name = next((n for n in _THREAD_NAMES if n not in mentioned(body) | self._taken()), head.var)
            change = renaming({head.var: name})
            head, body = replace(head, var=name), rewrite(body, change)
        if threads.any_launch:
            return self._striding((head,), body)
        if threads.stride and head.step == "1" and not (threads.stride == "while" and has_continue(body)):
            return self._stride(head, body)
        offset = head.low != "0" and (head.step != "1" or self.rng.random() < 0.35)
        thread = self._index("x")
        if head.step != "1":
            thread = f"({thread}) * {head.step}"
        if offset:
            thread = f"{thread} + {in_parentheses(head.low)}"
        guard = f"{head.var} < {head.high}"
        if head.low != "0" and not offset:
            guard = f"{head.var} >= {head.low} && {guard}"
        self._begin(body)
        index = Line(f"{self._kind()} {head.var} = {thread};")
        self._guarded((index,), guard, body)
        count = iterations(head) if offset or head.step != "1" else head.high
        return Geometry(blocks=(count,), threads=(threads.threads,))

    def _taken(self) -> set[str]:
        heads = self.code.lines[0]
        return words(heads) | {let.name for let in self.lets} | mentioned((self.nest,)) | {h.var for h in self.nest.heads}

    def _kind(self) -> str:
        if self.threads.unsigned and self.kind == "int" and not signed_use(self.nest):
            return "unsigned int"
        return self.kind

    def _index(self, axis: str, *, plain: bool = False) -> str:
        text = self.threads.index
        if plain and "gridDim" in text:
            text = INDEX[0]
        return text.format(a=axis)

    def _stride(self, head: Range, body: tuple[Node, ...]) -> Geometry:
        self._begin(body)
        code, start = self.code, self._index("x", plain=True)
        start = start if head.low == "0" else f"{start} + {in_parentheses(head.low)}"
        code.nodes(self.lets, 1)
        stride = self.rng.choice(["blockDim.x * gridDim.x", "gridDim.x * blockDim.x"])
        taken = self._taken() | mentioned(body)
        if self.threads.stride == "for" and self.threads.stride_name and not {"index_", self.threads.stride_name} & taken:
            first = next(n for n in ("index", "tid", "start", "index_") if n not in taken)
            code.put(f"{self.kind} {first} = {start};", 1)
            code.put(f"{self.kind} {self.threads.stride_name} = {stride};", 1)
            start, stride = first, self.threads.stride_name
        if self.threads.stride == "for":
            code.block(f"for ({self.kind} {head.var} = {start}; {head.var} < {head.high}; {head.var} += {stride})", body, 1)
        else:
            code.put(f"{self.kind} {head.var} = {start};", 1)
            code.block(f"while ({head.var} < {head.high})", (*body, Line(f"{head.var} += {stride};")), 1)
        return Geometry(blocks=(iterations(head),), threads=(self.threads.threads,))

    def _striding(self, heads: tuple[Range, ...], body: tuple[Node, ...]) -> Geometry:
        """One loop in each dimension, from the thread's place by the number of threads; the innermost one along x."""
        self._begin(body)
        self.code.nodes(self.lets, 1)
        axes = "xyz"[: len(heads)][::-1]
        for depth, (head, axis) in enumerate(zip(heads, axes, strict=True), 1):
            start, stride = INDEX[0].format(a=axis), f"blockDim.{axis} * gridDim.{axis}"
            if head.step != "1":
                start, stride = f"({start}) * {in_parentheses(head.step)}", f"{stride} * {in_parentheses(head.step)}"
            start = start if head.low == "0" else f"{start} + {in_parentheses(head.low)}"
            line = f"for ({self.kind} {head.var} = {start}; {head.var} < {head.high}; {head.var} += {stride})"
            if depth == len(heads):
                self.code.block(line, body, depth)
            else:
                self.code.open(line, depth)
        for depth in range(len(heads) - 1, 0, -1):
            self.code.put("}", depth)
        counts = tuple(iterations(head) for head in reversed(heads))
        if len(heads) == 1:
            return Geometry(blocks=counts, threads=(self.threads.threads,))
        return Geometry(blocks=counts, threads=(self.threads.side,) * 2 if len(heads) == 2 else (8, 8, 4))

    def _grid(self, heads: tuple[Range, ...], body: tuple[Node, ...]) -> Geometry:
        if self.threads.any_launch:
            return self._striding(heads, body)
        axes = self._axes(heads)
        lines = tuple(Line(f"{self._kind()} {h.var} = {self._axis_index(h, a)};") for h, a in zip(heads, axes, strict=True))
        guards = []
        for head in heads:
            low = f"{head.var} >= {head.low} && " if head.low != "0" and head.step == "1" else ""
            guards.append(f"{low}{head.var} < {head.high}")
        self._begin(body)
        self._guarded(lines, " && ".join(guards), body)
        by_axis = dict(zip(axes, heads, strict=True))
        counts = tuple((by_axis[a].high if by_axis[a].step == "1" else iterations(by_axis[a])) for a in "xyz"[: len(heads)])
        sides = (
            (self.threads.side, self.threads.side) if len(heads) == 2 else self.rng.choice([(8, 8, 4), (8, 8, 8), (16, 4, 4), (32, 4, 2)])
        )
        return Geometry(blocks=counts, threads=sides)

    def _axis_index(self, head: Range, axis: str) -> str:
        text = self._index(axis, plain=True)
        if head.step == "1":
            return text
        return f"({text}) * {head.step}" + (f" + {in_parentheses(head.low)}" if head.low != "0" else "")

    def _axes(self, heads: tuple[Range, ...]) -> tuple[str, ...]:
        first, last = heads[0].var.lower(), heads[-1].var.lower()
        columns = {*COL_LOOPS, "x", "col", "column", "w"} - {"i", "j"}
        first_is_x = first in columns or (last not in columns and self.threads.first_is_x)
        axes = "xyz"[: len(heads)]
        return tuple(axes) if first_is_x else tuple(reversed(axes))

    def _flat(self, heads: tuple[Range, ...], body: tuple[Node, ...]) -> Geometry:
        taken = self._taken() | mentioned(body)
        name = next(n for n in ("index", "idx", "tid", "gid", "thread_index", "t_id") if n not in taken)
        lets: list[Node] = []
        rest = name
        for head in reversed(heads[1:]):
            high = in_parentheses(head.high)
            lets.append(
                Line(f"{self.kind} {head.var} = {rest} % {high};" if rest == name else f"{self.kind} {head.var} = ({rest}) % {high};")
            )
            rest = f"{rest} / {high}"
        lets.append(Line(f"{self.kind} {heads[0].var} = {rest};"))
        if self.rng.random() < 0.5:
            lets.reverse()
        total = " * ".join(in_parentheses(h.high) for h in heads)
        self._begin(body)
        self._guarded((Line(f"{self.kind} {name} = {self._index('x')};"),), f"{name} < {total}", (*lets, *body))
        return Geometry(blocks=(total,), threads=(self.threads.threads,))

    def _row_block(self, heads: tuple[Range, ...], body: tuple[Node, ...]) -> Geometry:
        outer, inner = heads
        self._begin(body)
        self.code.put(f"{self.kind} {outer.var} = blockIdx.x;", 1)
        self.code.nodes(self.lets, 1)
        start = "threadIdx.x" if inner.step == "1" else f"threadIdx.x * {inner.step}"
        start = start if inner.low == "0" else f"{start} + {in_parentheses(inner.low)}"
        stride = "blockDim.x" if inner.step == "1" else f"blockDim.x * {inner.step}"
        self.code.block(f"for ({self.kind} {inner.var} = {start}; {inner.var} < {inner.high}; {inner.var} += {stride})", body, 1)
        return Geometry(blocks=(outer.high,), threads=(1,))

    def _guarded(self, index: tuple[Line, ...], guard: str, body: tuple[Node, ...]) -> None:
        """Indices, what the kernel computes for itself, and the body behind its guard."""
        code = self.code
        body = tuple(as_return(node) for node in body)
        needed = {let.name for let in self.lets} & {word for line in index for word in words(line.text)}
        first, last = (self.lets, index) if needed or self.rng.random() < 0.3 else (index, self.lets)
        code.nodes((*first, *last), 1)
        hoisted = 0
        while self.threads.hoist and hoisted < len(body) and harmless(body[hoisted]):
            code.node(body[hoisted], 1)
            hoisted += 1
        body = body[hoisted:]
        parts = guard.split(" && ")
        outside = [opposite(part) for part in parts]
        if self.threads.parentheses and len(parts) > 1:
            parts, outside = [f"({p})" for p in parts], [f"({p})" for p in outside]
        guard = " && ".join(parts)
        if self.threads.guard == "block":
            code.node(If(guard, body), 1)
            return
        test = " || ".join(outside) if self.threads.guard == "return" else f"!({guard})"
        code.nodes((If(test, (Line("return;"),)), *body), 1)

    # ------------------------------------------------------------ reductions

    def _reduction(self, nest: Parallel, reduce: Reduce) -> Geometry:
        adds = reduce.op == "+" and reduce.ctype in _ATOMIC
        way = self.threads.reduction if adds else "block"
        head = nest.heads[0]
        zero = "0" if reduce.ctype not in ("float", "double") else "0.0f" if reduce.ctype == "float" else "0.0"
        start = Let(reduce.ctype, reduce.name, {"+": zero, "*": "1"}.get(reduce.op, f"*{self.result}"))
        if way == "atomic" and head.step == "1":
            code = self.code
            self._begin(nest.body)
            offset = f" + {in_parentheses(head.low)}" if head.low != "0" else ""
            code.nodes(self.lets, 1)
            code.put(f"{self.kind} {head.var} = {self._index('x')}{offset};", 1)
            body = tuple(as_return(node) for node in nest.body)
            inner = (Line(f"{start.ctype} {start.name} = {start.value};"), *body, Line(f"atomicAdd({self.result}, {reduce.name});"))
            code.node(If(f"{head.var} < {head.high}", inner), 1)
            return Geometry(blocks=(iterations(head),), threads=(self.threads.threads,))
        return self._shared(nest, reduce, start, way)

    def _shared(self, nest: Parallel, reduce: Reduce, start: Let, way: str) -> Geometry:
        """Each thread a strided partial result, then one atomic addition a thread or a tree in shared memory, of one block or of each."""
        code, head, threads, acc = self.code, nest.heads[0], self.threads.threads, reduce.name
        taken = self._taken() | mentioned(nest.body)
        cache, half, own = (
            next(n for n in names if n not in taken)
            for names in (("cache", "sdata", "shared_"), ("s", "half", "width_"), ("tid", "t", "lane_"))
        )
        self._begin(nest.body)
        whole = way == "block"
        first = "threadIdx.x" if whole else self._index("x", plain=True)
        stride = "blockDim.x" if whole else "blockDim.x * gridDim.x"
        if head.step != "1":
            first, stride = f"({first}) * {head.step}", f"{stride} * {head.step}"
        first = first if head.low == "0" else f"{in_parentheses(head.low)} + {first}"
        if way != "stride":
            code.put(f"__shared__ {reduce.ctype} {cache}[{threads}];", 1)
            code.put(f"int {own} = threadIdx.x;", 1)
        code.nodes((*self.lets, Line(f"{start.ctype} {start.name} = {start.value};")), 1)
        code.block(f"for ({self.kind} {head.var} = {first}; {head.var} < {head.high}; {head.var} += {stride})", nest.body, 1)
        if way == "stride":
            code.put(f"atomicAdd({self.result}, {acc});", 1)
            return Geometry(blocks=(iterations(head),), threads=(threads,))
        code.put(f"{cache}[{own}] = {acc};", 1)
        code.put("__syncthreads();", 1)
        code.open(f"for (int {half} = blockDim.x / 2; {half} > 0; {half} {self.rng.choice(['/= 2', '>>= 1'])})", 1)
        combine = _COMBINE[reduce.op].format(a=f"{cache}[{own}]", b=f"{cache}[{own} + {half}]")
        code.node(If(f"{own} < {half}", (Line(combine),)), 2)
        code.put("__syncthreads();", 2)
        code.put("}", 1)
        store = _COMBINE[reduce.op].format(a=f"*{self.result}", b=f"{cache}[0]") if whole else f"atomicAdd({self.result}, {cache}[0]);"
        code.node(If(f"{own} == 0", (Line(store),)), 1)
        return Geometry(blocks=("1",), threads=(1,)) if whole else Geometry(blocks=(iterations(head),), threads=(threads,))
