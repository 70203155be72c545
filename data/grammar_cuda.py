"""Writes a loop-nest tree as CUDA: one kernel for each parallel nest, and a host function that owns allocation, copies and launches.

The host function has the same C signature as the sequential one; the kernel is named after it and takes the same parameters in
the same order. What a kernel looks like inside (`hpcraft.data.grammar_threads`) is drawn: a thread for each iteration or for each
outer one, grid-stride loops, two or three dimensions, flattened indices, a block for each row, tiles in shared memory; reductions are atomic, a tree in
shared memory, or one block's.

Not covered: error checks, streams, managed memory.
"""

from __future__ import annotations

import re
from itertools import takewhile
from random import Random

from hpcraft.data.grammar_c import CWriter
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
    While,
    declare,
    declared,
    mentioned,
    texts,
    walk,
    words,
)
from hpcraft.data.grammar_sharing import Threads
from hpcraft.data.grammar_striding import StridingWriter
from hpcraft.data.grammar_threads import thread_nest
from hpcraft.data.grammar_words import SUFFIXES, Style

_SPARE = {"grid": "gridDims", "block": "blockDims", "threads": "blockSize", "blocks": "gridSize", "result": "accumulated"}
"""Second names for our own variables, where the kernel uses the first."""
_ENDINGS = ("_kernel", "_kernel", "Kernel", "_gpu", "GPU", "_cuda", "_device")


def write_cuda(kernel: Kernel, style: Style, rng: Random, *, any_launch: bool = False) -> str:
    """The kernel as CUDA; ``rng`` decides how threads share the work, by strided loops alone where any launch must do."""
    return _CudaWriter(kernel, style, rng, any_launch=any_launch).text()


class _CudaWriter:
    def __init__(self, kernel: Kernel, style: Style, rng: Random, *, any_launch: bool) -> None:
        self.kernel, self.style, self.rng = kernel, style, rng
        self.arrays = kernel.arrays
        self.taken = {p.name for p in kernel.params} | set(declared(kernel.body, "int"))
        self.scalars = {p.name: p.ctype for p in kernel.params if not p.is_array} | declared(kernel.body, style.index_type)
        self.own = {first: spare if {first, f"{first}2"} & self.taken else first for first, spare in _SPARE.items()}
        self.nests = _nests(kernel.body)
        self.base = _kernel_name(kernel.name, rng)
        self.prelude = self._pure_lets()
        self.threads = Threads.draw(rng, any_launch=any_launch)
        self.sync = rng.random() < 0.3
        self.inline_launch = rng.random() < 0.4
        self.kernels: list[str] = []
        self.host = CWriter(style, declare="inline")

    def text(self) -> str:
        helpers = "".join(h.text("__device__") for h in self.kernel.helpers if not h.builtin)
        self._host()
        return helpers + "\n".join([*self.kernels, "\n".join(self.host.lines)]) + "\n"

    def _pure_lets(self) -> dict[str, Let]:
        """Variables of the function's top that follow from its scalar parameters: each kernel computes them itself."""
        assigned = {m[1] for n in walk(self.kernel.body) for t in texts(n) for m in ASSIGNED.finditer(t)}
        lets: dict[str, Let] = {}
        for node in self.kernel.body:
            if isinstance(node, Let) and node.value and node.name not in assigned and not words(node.value) & set(self.arrays):
                lets[node.name] = node
        reduced = {n.reduce.name for n in self.nests if n.reduce}
        return {name: let for name, let in lets.items() if name not in reduced}

    # ------------------------------------------------------------ host side

    def _host(self) -> None:
        used = self._device_arrays()
        host = self.host
        host.open(f'extern "C" {self.kernel.prototype(self.style)}', 0, function=True)
        ahead = self._stored_ahead(used)
        host.nodes(ahead, 1)
        for p in used:
            host.put(f"{p.ctype} *{self._device_name(p)};", 1)
        for p in used:
            host.put(f"cudaMalloc((void **)&{self._device_name(p)}, {_bytes(p)});", 1)
        for p in used:
            host.put(f"cudaMemcpy({self._device_name(p)}, {p.name}, {_bytes(p)}, cudaMemcpyHostToDevice);", 1)
        tail = [n for n in self.kernel.body if not any(n is a for a in ahead)]
        returns = [tail.pop()] if tail and isinstance(tail[-1], Line) and tail[-1].text.startswith("return") else []
        first = tail[0] if tail else None
        if isinstance(first, If) and first.body == (Line("return;"),):
            tail = tail[1:]
            position = 1 + next(i for i, line in enumerate(host.lines) if line.rstrip().endswith("{"))
            early = CWriter(self.style, declare="inline")
            early.node(first, 1)
            host.lines[position:position] = early.lines
        self._host_nodes([n for n in tail if not self._only_inside(n)], 1)
        if self.sync:
            host.put("cudaDeviceSynchronize();", 1)
        for p in used:
            if p.access in ("out", "inout"):
                host.put(f"cudaMemcpy({p.name}, {self._device_name(p)}, {_bytes(p)}, cudaMemcpyDeviceToHost);", 1)
        for p in used:
            host.put(f"cudaFree({self._device_name(p)});", 1)
        host.nodes(returns, 1)
        host.put("}", 0)

    def _stored_ahead(self, used: list[Param]) -> tuple[Node, ...]:
        """What the host stores in arrays before the first launch: behind the copies it would be lost when they come back."""
        names, known = {p.name for p in used}, {p.name for p in self.kernel.params}
        leading = takewhile(lambda n: not any(_nests((n,))), self.kernel.body)
        return tuple(n for n in leading if isinstance(n, Line) and n.text.partition("[")[0] in names and words(n.text) <= known)

    def _only_inside(self, node: Node) -> bool:
        """Whether a declaration is of no use outside of kernels."""
        return isinstance(node, Let) and node.name in self.prelude and node.name not in self._needed_outside()

    def _needed_outside(self) -> set[str]:
        needed: set[str] = set()
        for node in walk(_without_bodies(self.kernel.body)):
            if not (isinstance(node, Let) and node.name in self.prelude):
                needed |= {word for text in texts(node) for word in words(text)}
        for name in reversed(self.prelude):
            if name in needed:
                needed |= words(self.prelude[name].value)
        return needed

    def _device_name(self, param: Param) -> str:
        return next(n for n in (f"d_{param.name}", f"dev_{param.name}", f"device_{param.name}") if n not in self.taken)

    def _device_arrays(self) -> list[Param]:
        seen: set[str] = set()
        for nest in self.nests:
            seen |= mentioned((nest,))
        return [p for name, p in self.arrays.items() if name in seen]

    def _host_nodes(self, nodes: list[Node] | tuple[Node, ...], depth: int) -> None:
        for node in nodes:
            if isinstance(node, Parallel):
                self._launch(node, depth)
            elif isinstance(node, For) and any(_nests(node.body)):
                head = node.head
                self.host.open(f"for (int {head.var} = {head.low}; {head.var} < {head.high}; {head.var}++)", depth)
                self._host_nodes(node.body, depth + 1)
                self.host.put("}", depth)
            elif isinstance(node, If) and any(_nests(node.body)):
                self.host.open(f"if ({node.condition})", depth)
                self._host_nodes(node.body, depth + 1)
                self.host.put("}", depth)
            else:
                self.host.node(node, depth)

    def _launch(self, nest: Parallel, depth: int) -> None:
        name = self.base + (str(len(self.kernels) + 1) if len(self.nests) > 1 else "")
        heads, arguments = self._parameters(nest)
        alike = self.threads.any_launch and self._is_alone(nest)
        code = StridingWriter(self.style) if alike else CWriter(self.style)
        code.open(f"__global__ void {name}({', '.join(heads)})", 0, function=True)
        if isinstance(code, StridingWriter):
            geometry = code.kernel(self.kernel, nest, self.threads)
        else:
            geometry = thread_nest(code, nest, self._lets_of(nest), self.threads, self.rng, self.own["result"], self.arrays)
        code.put("}", 0)
        self.kernels.append("\n".join(code.lines) + "\n")
        reduce = nest.reduce
        place = f"d_{reduce.name}" if reduce else ""
        if reduce:
            self.host.put(f"{reduce.ctype} *{place};", depth)
            self.host.put(f"cudaMalloc((void **)&{place}, sizeof({reduce.ctype}));", depth)
            self.host.put(f"cudaMemcpy({place}, &{reduce.name}, sizeof({reduce.ctype}), cudaMemcpyHostToDevice);", depth)
        self.host.put(f"{name}<<<{self._geometry(geometry.blocks, geometry.threads, depth)}>>>({', '.join(arguments)});", depth)
        if reduce:
            self.host.put(f"cudaMemcpy(&{reduce.name}, {place}, sizeof({reduce.ctype}), cudaMemcpyDeviceToHost);", depth)
            self.host.put(f"cudaFree({place});", depth)

    def _geometry(self, counts: tuple[str, ...], sides: tuple[int, ...], depth: int) -> str:
        """The launch's two arguments; a count of 0 blocks' side stands for blocks as they are."""
        number = "" if not self.kernels[1:] else str(len(self.kernels))
        whole = [c if s == 1 else f"({c} + {s - 1}) / {s}" for c, s in zip(counts, sides, strict=True)]
        if len(counts) == 1:
            block = str(sides[0] if sides[0] > 1 else self.threads.threads)
            if self.inline_launch or sides[0] == 1:
                return f"{whole[0]}, {block}"
            size, blocks = self.own["threads"] + number, self.own["blocks"] + number
            self.host.put(f"int {size} = {block};", depth)
            self.host.put(f"int {blocks} = ({counts[0]} + {size} - 1) / {size};", depth)
            return f"{blocks}, {size}"
        block, grid = self.own["block"] + number, self.own["grid"] + number
        self.host.put(f"dim3 {block}({', '.join(map(str, sides))});", depth)
        self.host.put(f"dim3 {grid}({', '.join(whole)});", depth)
        return f"{grid}, {block}"

    # ------------------------------------------------------------ device side

    def _is_alone(self, nest: Parallel) -> bool:
        """Whether every thread may do all of the function but its share of the nest: what is before it is its own, and nothing is behind it."""
        body = self.kernel.body
        if self.kernel.result != "void" or nest.reduce or body[-1] is not nest:
            return False
        local = {node.name for node in body if isinstance(node, Let) and "*" not in node.ctype}
        return all(_is_local(node, local) for node in body[:-1])

    def _lets_of(self, nest: Parallel) -> tuple[Let, ...]:
        wanted = mentioned((nest,))
        for name in reversed(self.prelude):
            if name in wanted:
                wanted |= words(self.prelude[name].value)
        return tuple(let for name, let in self.prelude.items() if name in wanted)

    def _parameters(self, nest: Parallel) -> tuple[list[str], list[str]]:
        """The kernel's parameters and the launch's arguments: those of the C function, then what the host has computed."""
        lets = self._lets_of(nest)
        free = mentioned((nest,)) | {word for let in lets for word in words(let.value)}
        inside = set(declared((nest,), "int")) | {let.name for let in lets} | ({nest.reduce.name} if nest.reduce else set())
        free -= inside
        alone = len(self.nests) == 1
        own = [p for p in self.kernel.params if p.name in free or (alone and not p.is_array)]
        heads = [declare(p, self.style) for p in own]
        arguments = [self._device_name(p) if p.is_array else p.name for p in own]
        known = {p.name for p in self.kernel.params}
        for name, ctype in self.scalars.items():
            if name in free and name not in known:
                heads.append(f"{ctype} {name}")
                arguments.append(name)
        if nest.reduce:
            heads.append(f"{nest.reduce.ctype} *{self.own['result']}")
            arguments.append(f"d_{nest.reduce.name}")
        return heads, arguments


def _kernel_name(name: str, rng: Random) -> str:
    for suffix in sorted(set(SUFFIXES) - {""}, key=len, reverse=True):
        if name.endswith(suffix) and len(name) > len(suffix) + 1:
            base = name.removesuffix(suffix)
            return base if rng.random() < 0.55 else base + rng.choice([e for e in _ENDINGS if e != suffix])
    return name + rng.choice(_ENDINGS)


def _is_local(node: Node, local: set[str]) -> bool:
    if isinstance(node, Line):
        assigned = ASSIGNED.match(node.text)
        return assigned is not None and assigned[1] in local
    return isinstance(node, Let) or (isinstance(node, If) and node.body == (Line("return;"),) and not node.orelse)


def _nests(nodes: tuple[Node, ...] | list[Node]) -> list[Parallel]:
    found: list[Parallel] = []
    for node in nodes:
        if isinstance(node, Parallel):
            found.append(node)
        elif isinstance(node, For | If | While):
            found += _nests(node.body)
    return found


def _without_bodies(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes with nothing left of parallel nests but their heads."""
    new: list[Node] = []
    for node in nodes:
        if isinstance(node, Parallel):
            new.append(Parallel(heads=node.heads, body=()))
        elif isinstance(node, For):
            new.append(For(node.head, _without_bodies(node.body)))
        elif isinstance(node, If):
            new.append(If(node.condition, _without_bodies(node.body), _without_bodies(node.orelse)))
        else:
            new.append(node)
    return tuple(new)


def _bytes(param: Param) -> str:
    length = f"({param.length})" if re.search(r"[-+/]", param.length) else param.length
    return f"{length} * sizeof({param.ctype})"
