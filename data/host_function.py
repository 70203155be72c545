"""Writes the host function of a CUDA kernel by rule: allocate, copy, launch, copy back, free.

The kernel's parameters are those of the sequential function, by name. Arrays are as long as that function's text says
(`hpcraft.data.extents`). The launch covers what each of the kernel's indices is compared with, in blocks of 256 threads, 16 by 16 or
8 by 8 by 4. Where no bound is found an array that is written gives the number of threads, or a fixed grid in several dimensions: right for
kernels whose loops stride over the grid, as translators here write them.

Not covered: several kernels, values that are returned, shared memory whose size the launch gives, more than 65,535 blocks along y or z.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from tree_sitter import Node

from hpcraft.data.extents import Extent, extents
from hpcraft.data.missing_locals import with_missing_locals
from hpcraft.data.trees import function_name, functions, has_specifier, parameter_names, parse, prototype, text_of, walk
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Parameter, Signature

_SIDES = {1: (256,), 2: (16, 16), 3: (8, 8, 4)}
"""Number of dimensions to threads of a block along each."""
_BLOCKS = 16
"""Along each of several dimensions, where nothing says how many."""
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_BOUND = re.compile(r"[\w\s*()+-]+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_STEP = re.compile(r"\+=[^;]*")

_RESTRICT = re.compile(r"\brestrict\b")
"""A word of C that C++ lacks; answers take heads of functions over."""


def completed(answer: str, source: str, wanted: str = "") -> str:
    """An answer in CUDA with what a rule can write: locals that its kernel forgot, and a host function where it is a kernel alone.

    Args:
        answer: CUDA C++.
        source: the sequential function, the last one of this C code.
        wanted: prototype of the host function, where it has another name than the sequential one, or integers of other widths.
    """
    answer = _RESTRICT.sub("__restrict__", with_missing_locals(answer, source))
    sequential = list(functions(parse(source)))
    if not sequential:
        return answer
    try:
        signature = Signature.parse(prototype(sequential[-1]))
        host = _renamed(Signature.parse(wanted), signature) if wanted else signature
        return with_host(answer, source, signature, host=host)
    except InputError:
        return answer


def _renamed(wanted: Signature, signature: Signature) -> Signature:
    """A wanted head with the parameters' names of the sequential function.

    Raises:
        InputError: its parameters aren't the same.
    """
    pairs = list(zip(wanted.parameters, signature.parameters, strict=False))
    whole = [not p.pointer and not q.pointer and p.dtype.kind in "iu" and q.dtype.kind in "iu" for p, q in pairs]
    same = [fits or (p.pointer, p.ctype) == (q.pointer, q.ctype) for fits, (p, q) in zip(whole, pairs, strict=True)]
    if len(wanted.parameters) != len(signature.parameters) or not all(same):
        raise InputError(f"{wanted.name}: its parameters aren't those of {signature.name}")
    return replace(wanted, parameters=tuple(replace(p, name=q.name) for p, q in pairs))


def with_host(kernel_code: str, source: str, signature: Signature, *, host: Signature | None = None) -> str:
    """A kernel with the host function of a signature; code that has that function stays as it is.

    Args:
        kernel_code: CUDA C++ with one kernel, and perhaps device functions.
        source: the sequential function in C.
        signature: of the sequential function.
        host: signature of the host function, with parameters of the same names; None where it is the same.

    Raises:
        InputError: no rule can write one, with the reason.
    """
    root = parse(kernel_code, "cuda")
    found = list(functions(root))
    kernels = [f for f in found if has_specifier(f, "__global__")]
    host = host or signature
    name = host.name
    if any(function_name(f) == name and f not in kernels for f in found):
        return kernel_code
    reason = _refusal(kernels, kernel_code, signature)
    if reason:
        raise InputError(f"{signature.name}: no host function by rule: {reason}")
    taken = set(_WORD.findall(kernel_code)) | {p.name for p in signature.parameters}
    launched = function_name(kernels[0])
    if launched == name:
        launched = _free(f"{name}_kernel", taken)
        kernel_code = re.sub(rf"\b{re.escape(name)}\b", launched, kernel_code)
    written = _Host(kernels[0], launched, host, extents(source, signature), taken)
    return f"{kernel_code.rstrip()}\n\n{written.text()}"


def _refusal(kernels: Sequence[Node], code: str, signature: Signature) -> str:
    """Why there is no rule, before extents are looked at; empty where there is one."""
    if len(kernels) != 1:
        return f"the answer has {len(kernels)} kernels, not one"
    if signature.returns != "void":
        return f"the function returns {signature.returns}"
    if "<<<" in code:
        return "the answer launches its kernel from a function of another name"
    if re.search(r"\bextern\s+__shared__", code):
        return "the kernel's shared memory has no size of its own"
    strange = [n for n in parameter_names(kernels[0]) if n not in {p.name for p in signature.parameters}]
    return f"the kernel's parameter {strange[0]} is none of the function's" if strange else ""


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing has yet; it is taken from now on."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _close(text: str) -> str:
    return "".join(text.split())


def _bracketed(text: str) -> str:
    return text if text.isidentifier() or text.isdecimal() else f"({text})"


class _Host:
    """One host function."""

    def __init__(self, kernel: Node, launched: str, signature: Signature, known: Mapping[str, Extent], taken: set[str]) -> None:
        self.kernel, self.launched, self.signature, self.known = kernel, launched, signature, known
        self.passed = parameter_names(kernel)
        self.arrays = [p for p in signature.arrays if p.name in self.passed]
        for p in self.arrays:
            if known[p.name].expression is None:
                raise InputError(f"{signature.name}: no host function by rule: the length of {p.name} isn't known: {known[p.name].reason}")
        self.device = {p.name: _free(f"d_{p.name}", taken) for p in self.arrays}
        self.bytes = {p.name: _free(f"bytes_{p.name}", taken) for p in self.arrays}
        self.numbers = {p.name: _free(f"num_{p.name}", taken) for p in self.arrays}
        self.threads, self.blocks = _free("threads", taken), _free("blocks", taken)
        self.scalars = {p.name for p in signature.parameters if not p.pointer and p.dtype.kind in "iu"}

    def text(self) -> str:
        """Its code."""
        lines = [f'extern "C" {self.signature.prototype()} {{']
        for p in self.arrays:
            device, size = self.device[p.name], self.bytes[p.name]
            lines += [
                *self._size(p),
                f"    {p.ctype} *{device};",
                f"    cudaMalloc((void **)&{device}, {size});",
                f"    cudaMemcpy({device}, {p.name}, {size}, cudaMemcpyHostToDevice);",
            ]
        lines += self._geometry()
        arguments = ", ".join(self.device.get(name, name) for name in self.passed)
        lines.append(f"    {self.launched}<<<{self.blocks}, {self.threads}>>>({arguments});")
        for p in self.arrays:
            if self.known[p.name].written and not p.const:
                lines.append(f"    cudaMemcpy({p.name}, {self.device[p.name]}, {self.bytes[p.name]}, cudaMemcpyDeviceToHost);")
        lines += [f"    cudaFree({self.device[p.name]});" for p in self.arrays]
        return "\n".join([*lines, "}", ""])

    def _size(self, parameter: Parameter) -> list[str]:
        """Declares the bytes of an array, 0 where its length comes out negative."""
        length, size = self.known[parameter.name].expression or "0", self.bytes[parameter.name]
        if length.isdecimal():
            return [f"    size_t {size} = {length} * sizeof({parameter.ctype});"]
        if length.isidentifier():
            return [f"    size_t {size} = {length} > 0 ? {length} * sizeof({parameter.ctype}) : 0;"]
        # Each product begins wide, so that neither a large one nor a difference of unsigned numbers goes wrong.
        wide = re.sub(r"(?<![\w*])\d+(?=\*)", r"\g<0>LL", re.sub(r"(?<![\w*])[A-Za-z_]\w*", r"(long long)\g<0>", length))
        number = self.numbers[parameter.name]
        return [
            f"    long long {number} = {wide};",
            f"    size_t {size} = {number} > 0 ? {number} * sizeof({parameter.ctype}) : 0;",
        ]

    def _geometry(self) -> list[str]:
        used = {
            axis: {w for w in ("blockIdx", "threadIdx") if re.search(rf"\b{w}\s*\.\s*{axis}\b", text_of(self.kernel))} for axis in "xyz"
        }
        dimensions = max([1, *(number for number, axis in enumerate("xyz", 1) if used[axis])])
        threaded = [axis for axis in "xyz" if "threadIdx" in used[axis]]
        whole = (*_SIDES[1], 1, 1) if threaded == ["x"] else _SIDES[dimensions]
        sides = [side if axis in threaded else 1 for side, axis in zip(whole, "xyz"[:dimensions], strict=False)]
        bounds = dict(Bounds(self.kernel, self.scalars).of_axes())
        blocks = [
            self._blocks(bounds.get(axis), 1 if axis in bounds and self._counts_blocks(axis) else side, dimensions)
            if "blockIdx" in used[axis]
            else "1"
            for side, axis in zip(sides, "xyz", strict=False)
        ]
        return [f"    dim3 {self.threads}({', '.join(map(str, sides))});", f"    dim3 {self.blocks}({', '.join(blocks)});"]

    def _counts_blocks(self, axis: str) -> bool:
        """Whether a block's number along an axis is an index by itself, so that each wants a block of its own, as with a block for each row."""
        return f"blockDim.{axis}" not in _close(_STEP.sub("", text_of(self.kernel)))

    def _blocks(self, bound: str | None, side: int, dimensions: int) -> str:
        """How many blocks cover a bound; one at least, since no launch may have none."""
        if bound is None and dimensions > 1:
            return str(_BLOCKS)
        if bound is None:
            array = next((p for p in self.arrays if self.known[p.name].written), self.arrays[0] if self.arrays else None)
            bound = f"{self.bytes[array.name]} / sizeof({array.ctype})" if array is not None else "1"
        if bound.isdecimal():
            return str(max(1, -(-int(bound) // side)))
        bound = _bracketed(bound)
        return f"{bound} > 0 ? ({bound} + {side - 1}) / {side} : 1" if side > 1 else f"{bound} > 0 ? {bound} : 1"


class Bounds:
    """What a kernel's indices are compared with, over the scalars that it is given."""

    def __init__(self, kernel: Node, scalars: Collection[str]) -> None:
        self.kernel, self.scalars = kernel, set(scalars)

    def of_axes(self) -> Iterator[tuple[str, str]]:
        """Axes and what the index along each is compared with, over the function's scalars."""
        texts = self._assigned()
        strides = any("gridDim" in t and "blockIdx" not in t for t in (*texts.values(), *_STEP.findall(text_of(self.kernel))))
        for axis in "xyz":
            if axis != "x" and any(f"blockIdx.{axis}" in t and "blockIdx.x" in t for t in map(_close, texts.values())):
                yield axis, "1"  # one index over the whole grid, as wide along x as is wanted
                continue
            index = re.compile(rf"\b(?:block|thread)Idx\s*\.\s*{axis}\b")
            named, numbers = dict[str, None](), list[str]()
            for node in (n for n in walk(self.kernel) if n.type == "binary_expression"):
                left, operator, right = (text_of(node.child_by_field_name(f)) for f in ("left", "operator", "right"))
                if index.search(texts.get(right, "")):
                    left, right, operator = right, left, _TURNED.get(operator, "")
                if not index.search(texts.get(left, "")) or operator not in _TURNED or not (bound := self._over_scalars(right, texts)):
                    continue
                bound += " + 1" if operator in ("<=", ">") else ""
                if _WORD.search(bound):
                    named[bound] = None
                elif operator in ("<", "<="):
                    numbers.append(bound)
            found = list(named) or numbers
            if found:
                # One of several is the loop's end, the sum is enough for any of them; where loops stride, any number of threads is.
                yield axis, found[0] if strides or len(found) == 1 else " + ".join(map(_bracketed, found))

    def _assigned(self) -> dict[str, str]:
        """What the kernel's locals are set to first."""
        texts: dict[str, str] = {}
        for node in walk(self.kernel):
            fields = {"init_declarator": ("declarator", "value"), "assignment_expression": ("left", "right")}.get(node.type)
            if fields is not None:
                texts.setdefault(*(text_of(node.child_by_field_name(f)) for f in fields))
        return texts

    def _over_scalars(self, text: str, values: Mapping[str, str], depth: int = 3) -> str:
        """An expression with locals replaced by what they are set to; empty where something else is in it."""
        if not _BOUND.fullmatch(text):
            return ""
        for word in set(_WORD.findall(text)) - self.scalars:
            inner = self._over_scalars(values.get(word, ""), values, depth - 1) if depth else ""
            if not inner:
                return ""
            text = re.sub(rf"\b{word}\b", _bracketed(inner), text)
        return text
