"""Writes a loop-nest tree as CUDA: one kernel for each parallel nest, and a host function that owns allocation, copies and launches.

The host function has the same C signature as the sequential one. A parallel nest becomes a launch with one thread for each iteration; a
reduction becomes atomicAdd where CUDA has it for the type, or one block that reduces through shared memory.

Not covered: error checks, streams, managed memory.
"""

from __future__ import annotations

from hpcraft.data.grammar_code import (
    CWriter,
    For,
    If,
    Kernel,
    Let,
    Line,
    Node,
    Parallel,
    Param,
    Range,
    Reduce,
    While,
    declare,
    declared,
    mentioned,
)
from hpcraft.data.grammar_words import Style

_COMBINE = {"+": "{a} += {b};", "*": "{a} *= {b};", "max": "if ({b} > {a}) {a} = {b};", "min": "if ({b} < {a}) {a} = {b};"}
_ATOMIC = ("int", "float", "double")
_SPARE = {
    "grid": "gridDims",
    "block": "blockDims",
    "threads": "blockSize",
    "blocks": "gridSize",
    "result": "accumulated",
    "cache": "shared",
    "half": "width_",
}
"""Second names for our own variables, where the kernel uses the first."""


def write_cuda(kernel: Kernel, style: Style, *, atomic: bool = True) -> str:
    """The kernel as CUDA; ``atomic`` chooses atomicAdd for sums over one block with shared memory."""
    return _CudaWriter(kernel, style, atomic=atomic).text()


class _CudaWriter:
    def __init__(self, kernel: Kernel, style: Style, *, atomic: bool) -> None:
        self.kernel, self.style, self.atomic = kernel, style, atomic
        self.scalars = {p.name: p.ctype for p in kernel.params if not p.is_array} | declared(kernel.body, style.index_type)
        self.arrays = {p.name: p for p in kernel.params if p.is_array}
        self.own = {first: spare if {first, f"{first}2"} & {*self.scalars, *self.arrays} else first for first, spare in _SPARE.items()}
        self.kernels: list[str] = []
        self.host = CWriter(style, early=False)
        self.reduced: list[str] = []

    def text(self) -> str:
        self._host()
        return "\n".join([*self.kernels, "\n".join(self.host.lines)]) + "\n"

    # ------------------------------------------------------------ host side

    def _host(self) -> None:
        used = self._device_arrays()
        host = self.host
        host.open(f'extern "C" {self.kernel.prototype(self.style)}', 0, function=True)
        for p in used:
            host.put(f"{p.ctype} *d_{p.name};", 1)
        for p in used:
            host.put(f"cudaMalloc((void **)&d_{p.name}, {_bytes(p)});", 1)
        for p in used:
            host.put(f"cudaMemcpy(d_{p.name}, {p.name}, {_bytes(p)}, cudaMemcpyHostToDevice);", 1)
        tail = list(self.kernel.body)
        returns = [tail.pop()] if tail and isinstance(tail[-1], Line) and tail[-1].text.startswith("return") else []
        self._host_nodes(tail, 1)
        for p in used:
            if p.access in ("out", "inout"):
                host.put(f"cudaMemcpy({p.name}, d_{p.name}, {_bytes(p)}, cudaMemcpyDeviceToHost);", 1)
        for p in used:
            host.put(f"cudaFree(d_{p.name});", 1)
        host.nodes(returns, 1)
        host.put("}", 0)

    def _device_arrays(self) -> list[Param]:
        seen: set[str] = set()
        for nest in _nests(self.kernel.body):
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
        name = f"{self.kernel.name}_kernel" + (str(len(self.kernels) + 1) if len(list(_nests(self.kernel.body))) > 1 else "")
        arguments = self._device(nest, name)
        reduce = nest.reduce
        if reduce:
            place = f"d_{reduce.name}"
            self.host.put(f"{reduce.ctype} *{place};", depth)
            self.host.put(f"cudaMalloc((void **)&{place}, sizeof({reduce.ctype}));", depth)
            self.host.put(f"cudaMemcpy({place}, &{reduce.name}, sizeof({reduce.ctype}), cudaMemcpyHostToDevice);", depth)
        self.host.put(f"{name}<<<{self._geometry(nest, depth)}>>>({', '.join(arguments)});", depth)
        if reduce:
            self.host.put(f"cudaMemcpy(&{reduce.name}, d_{reduce.name}, sizeof({reduce.ctype}), cudaMemcpyDeviceToHost);", depth)
            self.host.put(f"cudaFree(d_{reduce.name});", depth)

    def _geometry(self, nest: Parallel, depth: int) -> str:
        if nest.reduce and not self._uses_atomic(nest.reduce):
            return f"1, {self.style.threads}"
        number = "" if not self.kernels[1:] else str(len(self.kernels))
        if len(nest.heads) == 1:
            threads = self.style.threads
            count = _count(nest.heads[0])
            if self.style.inline_launch:
                return f"({count} + {threads - 1}) / {threads}, {threads}"
            size, blocks = self.own["threads"] + number, self.own["blocks"] + number
            self.host.put(f"int {size} = {threads};", depth)
            self.host.put(f"int {blocks} = ({count} + {size} - 1) / {size};", depth)
            return f"{blocks}, {size}"
        side = self.style.block_side
        sizes = [f"({_count(h)} + {side - 1}) / {side}" for h in reversed(nest.heads)]
        block, grid = self.own["block"] + number, self.own["grid"] + number
        self.host.put(f"dim3 {block}({side}, {side});", depth)
        self.host.put(f"dim3 {grid}({', '.join(sizes)});", depth)
        return f"{grid}, {block}"

    # ------------------------------------------------------------ device side

    def _uses_atomic(self, reduce: Reduce) -> bool:
        return self.atomic and reduce.op == "+" and reduce.ctype in _ATOMIC

    def _device(self, nest: Parallel, name: str) -> list[str]:
        """Write the kernel; returns the launch's arguments."""
        free = mentioned((nest,)) - set(declared((nest,), "int")) - ({nest.reduce.name} if nest.reduce else set())
        arrays = [p for n, p in self.arrays.items() if n in free]
        scalars = [(n, t) for n, t in self.scalars.items() if n in free]
        heads = [declare(p, self.style) for p in arrays] + [f"{t} {n}" for n, t in scalars]
        arguments = [f"d_{p.name}" for p in arrays] + [n for n, _ in scalars]
        if nest.reduce:
            heads.append(f"{nest.reduce.ctype} *{self.own['result']}")
            arguments.append(f"d_{nest.reduce.name}")
        code = CWriter(self.style, early=False)
        code.open(f"__global__ void {name}({', '.join(heads)})", 0, function=True)
        if nest.reduce and self._uses_atomic(nest.reduce):
            self._atomic(code, nest, nest.reduce)
        elif nest.reduce:
            self._block(code, nest, nest.reduce)
        else:
            self._map(code, nest)
        code.put("}", 0)
        self.kernels.append("\n".join(code.lines) + "\n")
        return arguments

    def _map(self, code: CWriter, nest: Parallel) -> None:
        axes = ["x"] if len(nest.heads) == 1 else ["y", "x"]
        for head, axis in zip(nest.heads, axes, strict=True):
            code.put(f"{self.style.index_type} {head.var} = {_thread(head, axis)};", 1)
        guards = [f"{h.var} < {h.high}" for h in nest.heads]
        body = tuple(_skip(node) for node in nest.body)
        if self.style.early_return:
            outside = " || ".join(f"{h.var} >= {h.high}" for h in nest.heads)
            code.nodes((If(outside, (Line("return;"),)), *body), 1)
        else:
            code.node(If(" && ".join(guards), body), 1)

    def _atomic(self, code: CWriter, nest: Parallel, reduce: Reduce) -> None:
        head = nest.heads[0]
        code.put(f"{self.style.index_type} {head.var} = {_thread(head, 'x')};", 1)
        zero = "0" if reduce.ctype == "int" else "0.0f" if reduce.ctype == "float" else "0.0"
        inner = (Let(reduce.ctype, reduce.name, zero), *nest.body, Line(f"atomicAdd({self.own['result']}, {reduce.name});"))
        code.node(If(f"{head.var} < {head.high}", inner), 1)

    def _block(self, code: CWriter, nest: Parallel, reduce: Reduce) -> None:
        head, threads, acc = nest.heads[0], self.style.threads, reduce.name
        result, cache, half = self.own["result"], self.own["cache"], self.own["half"]
        start = {"+": "0", "*": "1"}.get(reduce.op, f"*{result}")
        index = self.style.index_type
        first = f"{head.low} + threadIdx.x" if head.low != "0" else "threadIdx.x"
        stride = "blockDim.x" if head.step == "1" else f"blockDim.x * {head.step}"
        if head.step != "1":
            first = f"{head.low} + threadIdx.x * {head.step}" if head.low != "0" else f"threadIdx.x * {head.step}"
        code.put(f"__shared__ {reduce.ctype} {cache}[{threads}];", 1)
        code.put(f"{reduce.ctype} {acc} = {start};", 1)
        code._block(f"for ({index} {head.var} = {first}; {head.var} < {head.high}; {head.var} += {stride})", nest.body, 1)
        code.put(f"{cache}[threadIdx.x] = {acc};", 1)
        code.put("__syncthreads();", 1)
        code.open(f"for (int {half} = blockDim.x / 2; {half} > 0; {half} /= 2)", 1)
        combine = _COMBINE[reduce.op].format(a=f"{cache}[threadIdx.x]", b=f"{cache}[threadIdx.x + {half}]")
        code.node(If(f"threadIdx.x < {half}", (Line(combine),)), 2)
        code.put("__syncthreads();", 2)
        code.put("}", 1)
        code.node(If("threadIdx.x == 0", (Line(_COMBINE[reduce.op].format(a=f"*{result}", b=f"{cache}[0]")),)), 1)


def _nests(nodes: tuple[Node, ...] | list[Node]) -> list[Parallel]:
    found: list[Parallel] = []
    for node in nodes:
        if isinstance(node, Parallel):
            found.append(node)
        elif isinstance(node, For | If | While):
            found += _nests(node.body)
    return found


def _skip(node: Node) -> Node:
    """A ``continue`` of the parallel loop itself ends the thread."""
    if isinstance(node, If):
        return If(node.condition, tuple(_skip(n) for n in node.body), tuple(_skip(n) for n in node.orelse))
    return Line("return;") if node == Line("continue;") else node


def _bytes(param: Param) -> str:
    length = param.length if param.length.isidentifier() or param.length.isdigit() or "+" not in param.length else f"({param.length})"
    return f"{length} * sizeof({param.ctype})"


def _count(head: Range) -> str:
    """Number of iterations as a C expression that binds as tightly as a product."""
    span = head.high if head.low == "0" else f"{head.high} - {head.low}"
    if head.step != "1":
        return f"({span} + {head.step} - 1) / {head.step}"
    return span


def _thread(head: Range, axis: str) -> str:
    thread = f"blockIdx.{axis} * blockDim.{axis} + threadIdx.{axis}"
    if head.step != "1":
        thread = f"({thread}) * {head.step}"
    return thread if head.low == "0" else f"{thread} + {head.low}"
