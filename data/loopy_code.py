"""loopy as the compiler of operator graphs: the same graph as a sequential function in C and as a kernel in CUDA.

A. Klöckner, Loo.py: transformation-based code generation for GPUs and CPUs, ARRAY 2014; `loopy <https://github.com/inducer/loopy>`_, MIT; an optional package.
Operators are fused into one loop nest: what is read twice becomes a local, a reduction a loop before the columns, everything else one expression.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError
from random import Random
from typing import Any, NamedTuple

from hpcraft.data.operator_graphs import Graph, Node
from hpcraft.data.outline import includes
from hpcraft.errors import InputError

_UNARY = {
    "relu": "fmax({0}, {zero})",
    "leaky": "if({0} > {zero}, {0}, {slope}*({0}))",
    "tanh": "tanh({0})",
    "exp": "exp({0})",
    "square": "({0})*({0})",
    "abs": "abs({0})",
    "scale": "alpha*({0})",
    "shift": "({0}) + beta",
    "clip": "fmin(fmax({0}, -alpha), alpha)",
    "sigmoid": "{one}/({one} + exp(-({0})))",
    "sqrt": "sqrt(abs({0}))",
}
_BINARY = {
    "add": "({0}) + ({1})",
    "sub": "({0}) - ({1})",
    "mul": "({0})*({1})",
    "max": "fmax({0}, {1})",
    "min": "fmin({0}, {1})",
    "choose": "if({0} > {zero}, {1}, {0})",
}
_COSTLY = ("product", "window", "pool", "difference")
"""Sources that are more than an element of an array."""
_SCALARS = ("alpha", "beta")
_QUALIFIERS = (
    (r"\b(float|double) const \*__restrict__ ", r"const \1 *"),
    (r"\*__restrict__ ", "*"),
    (r"\b(float|double|int) const (\w)", r"\1 \2"),
)


def is_here() -> bool:
    """Whether loopy is installed."""
    return importlib.util.find_spec("loopy") is not None


class Compiled(NamedTuple):
    """A graph in two languages."""

    source: str
    """A sequential function in C."""
    cuda: str
    """A kernel, and the host function of the same head that launches it."""
    lengths: dict[str, str]
    """How many elements each array has, in C."""


def compiled(graph: Graph, name: str, rng: Random) -> Compiled:
    """A graph as loopy compiles it.

    Args:
        graph: what is computed.
        name: of the function.
        rng: draws the shape of the kernel's blocks.

    Raises:
        InputError: loopy finds no order for the graph's loops.
    """
    import loopy as lp
    import numpy as np
    from loopy.diagnostic import LoopyError

    lp.set_caching_enabled(False)
    made = _Instructions(graph)
    domain, instructions = made.all()
    dtype = np.float32 if graph.real == "float" else np.float64
    arguments: list[Any] = [lp.GlobalArg(array, dtype, shape=shape) for array, shape in made.arrays.items()]
    arguments += [lp.ValueArg(scalar, dtype) for scalar in _SCALARS if re.search(rf"\b{scalar}\b", instructions)]
    sizes = ",".join(size for size in ("n", "m", "l") if size in "nm" or "l" in made.sizes)
    arguments.append(lp.ValueArg(sizes, np.int32))
    blocks = list(_blocks(made.by_row, rng))
    try:
        kernel = lp.make_kernel([domain], instructions, arguments, target=lp.CTarget(), lang_version=(2018, 2), name=name)
        parallel = kernel.copy(target=lp.CudaTarget())
        for index, size, axis in blocks:
            parallel = lp.split_iname(parallel, index, size, outer_tag=f"g.{axis}", inner_tag=f"l.{axis}")
        source, device = (_plain(lp.generate_code_v2(one).device_code()) for one in (kernel, parallel))
    except (LoopyError, CycleError) as error:
        raise InputError(f"order: {error}") from error
    lengths = {array: _length(shape) for array, shape in made.arrays.items()}
    kernel_code = device.replace(f" {name}(", f" {name}_kernel(", 1)
    headers = includes(source)
    source = "\n".join([*headers, *([""] if headers else []), source])
    return Compiled(source, f"{kernel_code}\n{_host(source, name, graph.real, lengths, blocks)}", lengths)


def with_openmp(code: str) -> str:
    """The C of a graph with its rows shared by threads; they are independent by the way that it is made."""
    head, loop, rest = code.partition("  for (int i = ")
    private = re.findall(r"^  (?:float|double) (\w+);$", head, re.MULTILINE)
    clause = f" private({', '.join(private)})" if private else ""
    return f"{head}#pragma omp parallel for{clause}\n{loop}{rest}"


def _blocks(by_row: bool, rng: Random) -> Iterator[tuple[str, int, int]]:
    """How the loops become threads: each index with the size of a block and the axis."""
    if by_row or rng.random() < 0.3:
        yield "i", rng.choice((64, 128, 256)), 0
    else:
        rows, columns = rng.choice(((16, 16), (8, 32), (4, 64)))
        yield "i", rows, 1
        yield "j", columns, 0


@dataclass(slots=True)
class _Instructions:
    """Writes a graph as instructions of loopy."""

    graph: Graph
    arrays: dict[str, str] = field(default_factory=dict)
    """Arrays with their shapes, the result first."""
    sizes: set[str] = field(default_factory=lambda: {"n", "m"})
    inner: list[str] = field(default_factory=list)
    """Constraints on indices of reductions."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Identifiers and texts of instructions that come before the result."""
    by_row: bool = False

    def all(self) -> tuple[str, str]:
        """The domain of all indices, and the instructions."""
        last = len(self.graph.nodes) - 1
        row = self.graph.nodes[last].shape == "row"
        self.arrays["out"] = "n" if row else "n,m"
        for number, node in enumerate(self.graph.nodes):
            if node.kind == "reduce":
                self._reduction(number, node)
        result = f"out[{'i' if row else 'i,j'}] = {self.value(last, 'j')}"
        indices = ["i", *([] if row else ["j"])]
        bounds = ["0 <= i < n", *([] if row else ["0 <= j < m"]), *self.inner]
        indices += [bound.split()[2] for bound in self.inner]
        self._put("last", result, "i" if row else "i:j")
        return f"{{[{','.join(indices)}]: {' and '.join(bounds)}}}", "\n".join(text for _, text in self.lines)

    def _reduction(self, number: int, node: Node) -> None:
        """A value for each row."""
        self.by_row = True
        index, name = f"k{number}", f"r{number}"
        self.inner.append(f"0 <= {index} < m")
        inside = self.value(node.parts[0], index)
        if node.name == "max":
            first = self.value(node.parts[0], "0")
            self._put(f"{name}_first", f"<> {name} = {first}", "i")
            self._put(f"{name}_next", f"{name} = fmax({name}, {inside})", f"i:{index}")
            return
        total = f"sum({index}, {f'({inside})*({inside})' if node.name == 'norm' else inside})"
        text = {"mean": f"{total}/m", "norm": f"sqrt({total})"}.get(node.name, total)
        self._put(name, f"<> {name} = {text}", "i")

    def _put(self, identifier: str, text: str, loops: str) -> None:
        """An instruction within loops, behind all others so far: loopy takes no order for granted where a variable is written twice."""
        after = f", dep={':'.join(other for other, _ in self.lines)}" if self.lines else ""
        self.lines.append((identifier, f"{text} {{id={identifier}, inames={loops}{after}}}"))

    def value(self, number: int, column: str) -> str:
        """A node's value at row i and a column."""
        node = self.graph.nodes[number]
        if node.kind == "reduce":
            return f"r{number}"
        here = column == "j" or node.shape == "row"
        if here and self.graph.uses(number) > 1 and (node.kind != "source" or node.name in _COSTLY):
            if f"t{number}" not in dict(self.lines):
                text = self._computed(number, node, column)
                self._put(f"t{number}", f"<> t{number} = {text}", "i" if node.shape == "row" else "i:j")
            return f"t{number}"
        return self._computed(number, node, column)

    def _computed(self, number: int, node: Node, column: str) -> str:
        if node.kind == "source":
            return self._source(number, node.name, column)
        single = "f" if self.graph.real == "float" else ""
        words = {"zero": f"0.0{single}", "one": f"1.0{single}", "slope": f"0.125{single}"}
        table = _UNARY if node.kind == "unary" else _BINARY
        return table[node.name].format(*(self.value(part, column) for part in node.parts), **words)

    def _source(self, number: int, name: str, column: str) -> str:
        a = f"a{number}"
        quarter = "0.25f" if self.graph.real == "float" else "0.25"
        p, q = f"p{number}{'' if column == 'j' else column}", f"q{number}{'' if column == 'j' else column}"
        shapes = {
            "matrix": "n,m",
            "transposed": "m,n",
            "product": "n,l",
            "window": "n + 2,m + 2",
            "pool": "2*n,2*m",
            "difference": "n,m + 1",
            "column": "m",
            "per-row": "n",
        }
        self.arrays[a] = shapes[name]
        if name == "product":
            self.arrays[f"b{number}"] = "l,m"
            self.sizes.add("l")
            self._bound(p, "l")
            return f"sum({p}, {a}[i,{p}]*b{number}[{p},{column}])"
        if name == "window":
            self.arrays[f"w{number}"] = "3,3"
            self._bound(p, "3")
            self._bound(q, "3")
            return f"sum(({p},{q}), {a}[i + {p},{column} + {q}]*w{number}[{p},{q}])"
        if name == "pool":
            return f"{quarter}*({a}[2*i,2*{column}] + {a}[2*i,2*{column} + 1] + {a}[2*i + 1,2*{column}] + {a}[2*i + 1,2*{column} + 1])"
        if name == "difference":
            return f"({a}[i,{column} + 1] - {a}[i,{column}])"
        return {"transposed": f"{a}[{column},i]", "column": f"{a}[{column}]", "per-row": f"{a}[i]"}.get(name, f"{a}[i,{column}]")

    def _bound(self, index: str, size: str) -> None:
        if (bound := f"0 <= {index} < {size}") not in self.inner:
            self.inner.append(bound)


def _length(shape: str) -> str:
    parts = [part.strip().replace("*", " * ") for part in shape.split(",")]
    return " * ".join(f"({part})" if " " in part else part for part in parts)


def _host(source: str, name: str, real: str, lengths: dict[str, str], blocks: Sequence[tuple[str, int, int]]) -> str:
    """The host function of a kernel: its head is that of the function in C."""
    head = next(line for line in source.splitlines() if f" {name}(" in line)
    parameters = [word.rpartition(" ")[2].lstrip("*") for word in head.partition("(")[2].removesuffix(")").split(",")]
    lines = [f'extern "C" {head}', "{"]
    for array in (p for p in parameters if p in lengths):
        size = f"sizeof({real}) * {lengths[array]}"
        lines += [f"  {real} *d_{array};", f"  cudaMalloc((void **)&d_{array}, {size});"]
        lines.append(f"  cudaMemcpy(d_{array}, {array}, {size}, cudaMemcpyHostToDevice);")
    by_axis = [(size, "n" if index == "i" else "m") for index, size, _ in sorted(blocks, key=lambda block: block[2])]
    lines.append(f"  dim3 threads({', '.join(str(size) for size, _ in by_axis)});")
    lines.append(f"  dim3 blocks({', '.join(f'({extent} + {size - 1}) / {size}' for size, extent in by_axis)});")
    lines.append(f"  {name}_kernel<<<blocks, threads>>>({', '.join(f'd_{p}' if p in lengths else p for p in parameters)});")
    lines.append(f"  cudaMemcpy(out, d_out, sizeof({real}) * {lengths['out']}, cudaMemcpyDeviceToHost);")
    lines += [f"  cudaFree(d_{array});" for array in parameters if array in lengths]
    return "\n".join([*lines, "}", ""])


def _plain(code: str) -> str:
    """Code as loopy writes it, with builtin types and without headers, macros and linkage."""
    code = re.sub(r"^#(?:define|include) .*\n", "", code, flags=re.MULTILINE).replace("int32_t", "int").replace('extern "C" ', "")
    # Signed numbers: the guards compare differences with 0.
    used = [
        (short, long, axis) for short, long in (("b", "blockIdx"), ("t", "threadIdx")) for axis in "xy" if f"{short}Idx({axis})" in code
    ]
    if used:
        declared = ", ".join(f"{short}{axis} = {long}.{axis}" for short, long, axis in used)
        code = re.sub(r"\b([bt])Idx\((\w)\)", r"\1\2", code).replace("{\n", f"{{\n  int {declared};\n", 1)
    for pattern, new in _QUALIFIERS:
        code = re.sub(pattern, new, code)
    return code.strip() + "\n"
