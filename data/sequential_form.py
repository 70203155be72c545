"""What the launch of a CUDA kernel does, as loops in C by rule: text from which lengths of arrays, sizes for tests and a launch are told.

The index of a thread along an axis becomes the counter of a loop up to what the kernel compares it with; a stride over the grid becomes a step of one.
It is read, never run and never shown as a translation.
Not covered: kernels whose threads work together (shared memory, barriers, warps), or whose index along an axis is compared with nothing that they are given.
"""

from __future__ import annotations

import re

from hpcraft.data.host_function import Bounds, with_host
from hpcraft.data.lone_kernel import kernel_to_read
from hpcraft.data.trees import functions, has_specifier, is_on_device, parse, text_of
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature

_COUNTER = "hpcraft_at_{}"
_TOGETHER = re.compile(r"\b(?:__shared__|__syncthreads\w*|__shfl\w*|__ballot\w*|__any\w*|__all\w*|warpSize|extern)\b")
_LEFT = re.compile(r"\b(?:blockIdx|threadIdx|blockDim|gridDim)\b")
_ATOMIC = re.compile(r"\batomic(?:Add|Sub)\s*\(\s*&\s*([^;,]+?)\s*,")
_QUALIFIERS = re.compile(r"\b(?:__device__|__host__|__forceinline__|__noinline__|inline|static)\b\s*")


def sequential_form(code: str, head: str) -> str:
    """The loops of the only kernel of ``code``, with its device functions, under a head in C.

    Raises:
        InputError: no rule can write them, with the reason.
    """
    read = kernel_to_read(code, head)
    if read is None:
        raise InputError("it isn't one kernel, or its host function does more than launch it")
    found = list(functions(parse(read, "cuda")))
    kernel = next(f for f in found if has_specifier(f, "__global__"))
    body = text_of(kernel.child_by_field_name("body"))
    if together := _TOGETHER.search(body):
        raise InputError(f"its threads work together ({together[0]})")
    signature = Signature.parse(head)
    scalars = [p.name for p in signature.parameters if not p.pointer and p.dtype.kind in "iu"]
    bounds = dict(Bounds(kernel, scalars).of_axes())
    loops = []
    for axis in "zyx":
        counter = _COUNTER.format(axis)
        body = _counted(body, axis, counter)
        if counter in body:
            if axis not in bounds:
                raise InputError(f"nothing that it is given bounds its index along {axis}")
            loops.append(f"for (int {counter} = 0; {counter} < {bounds[axis]}; {counter}++)")
    if _LEFT.search(body):
        raise InputError("it uses its index in a way that no rule knows")
    body = _ATOMIC.sub(r"hpcraft_atomic((\1),", re.sub(r"\breturn\s*;", "continue;", body))
    body = re.sub(r"hpcraft_atomic\(\(([^;]+?)\),\s*([^;]+)\)\s*;", r"\1 += \2;", body)
    helpers = [_QUALIFIERS.sub("", text_of(f)) for f in found if f != kernel and is_on_device(f)]
    return "\n".join([*helpers, f"{head} {{", *loops, *([] if loops else ["for (int once = 0; once < 1; once++)"]), body, "}", ""])


def with_launch(code: str, form: str, head: str) -> str:
    """A kernel with the host function that launches it, by rule.

    Args:
        code: the kernel and its device functions.
        form: its `sequential_form`.
        head: prototype of the host function.

    Raises:
        InputError: no rule can write one.
    """
    kernel = kernel_to_read(code, head)
    assert kernel is not None, "it has a sequential form"
    return with_host(kernel, form, Signature.parse(head))


def _counted(body: str, axis: str, counter: str) -> str:
    """A kernel's body with a counter in place of a thread's index along an axis, and steps of one in place of strides over the grid."""
    block, thread, size, grid = (rf"{word}\s*\.\s*{axis}" for word in ("blockIdx", "threadIdx", "blockDim", "gridDim"))
    product = rf"(?:\(\s*)?(?:{block}\s*\*\s*{size}|{size}\s*\*\s*{block})(?:\s*\))?"
    wide = rf"__(?:u)?mul24\s*\(\s*{block}\s*,\s*{size}\s*\)"
    flat = r"\(\s*blockIdx\s*\.\s*x\s*\+\s*blockIdx\s*\.\s*y\s*\*\s*gridDim\s*\.\s*x\s*\)\s*\*\s*blockDim\s*\.\s*x"
    whole = rf"(?:{flat}|{product}|{wide})" if axis == "x" else rf"(?:{product}|{wide})"
    body = re.sub(rf"{whole}\s*\+\s*{thread}|{thread}\s*\+\s*{whole}", counter, body)
    body = re.sub(rf"{size}\s*\*\s*{grid}|{grid}\s*\*\s*{size}", "1", body)
    if len({word for word in ("blockIdx", "threadIdx") if re.search(rf"\b{word}\s*\.\s*{axis}\b", body)}) == 1:
        body = re.sub(rf"\b(?:{block}|{thread})\b", counter, body)
        body = re.sub(rf"\b(?:{size}|{grid})\b", "1", body)
    return body
