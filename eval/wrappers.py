"""What wrappers around a right answer need to know of it: its entry under another name, the lengths of its outputs, the argument that says the size.

A wrapper has the entry's name and prototype, and calls the right answer in its own way: for some sizes alone, with one less, or putting
other results over the right ones. `hpcraft.eval.wrappers_c` and `hpcraft.eval.wrappers_fortran` write them.

Not covered: outputs whose length is told by the contents of another array; what a wrapper would do to them, it leaves undone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.task import Kernel, Task
from hpcraft.sandbox.abi import Parameter, Signature

_SIZED = re.compile(r"(\w+)\(([^()]*)\)")
KEPT = 64
"""Results that a wrapper which replays keeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrapped:
    """A right answer that is called by a wrapper."""

    signature: Signature
    kernel: Kernel | None
    right: str
    """The right answer, its entry under the name ``right_name``."""
    right_name: str
    size: str
    """The scalar that says how much work there is."""
    amount: str
    """How much work there is, as an expression in C and Fortran alike: mostly that scalar."""
    most: int
    """``amount`` in the largest call of a judgement."""
    lengths: dict[str, str]
    """Output arrays to their lengths, as expressions in C and Fortran alike."""

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        """The output arrays whose lengths are known."""
        return tuple(p for p in self.signature.arrays if p.name in self.lengths)

    @property
    def names(self) -> list[str]:
        """Of the parameters."""
        return [p.name for p in self.signature.parameters]

    def names_with(self, size: str) -> str:
        """The arguments of a call, with another size."""
        return ", ".join(size if name == self.size else name for name in self.names)


def wrapped(task: Task) -> Wrapped | str:
    """The reference of a task, ready to be called by wrappers; or why that can't be."""
    signature = Signature.parse(task.prototype)
    sizes = _whole_numbers(signature)
    if not task.reference:
        return "there is no reference"
    if not sizes:
        return "no argument says the size"
    name = f"{signature.name}_right"
    # What belongs to a namespace or a header of that name is something else, such as std::lower_bound.
    right = re.sub(
        rf"(?<![:<.\w]){signature.name}\b(?!\.h)", name, task.reference, flags=re.IGNORECASE if task.language == "fortran" else 0
    )
    lengths = _lengths(task.kernel) if task.kernel else {}
    amount, most = (
        _amount(task.kernel.name, emulated=task.model == "cuda") if task.kernel else (sizes[0], _largest(task, signature, sizes[0]))
    )
    return Wrapped(
        signature=signature,
        kernel=task.kernel,
        right=right,
        right_name=name,
        size=amount if amount in sizes else sizes[0],
        amount=amount,
        most=most,
        lengths=lengths,
    )


def _largest(task: Task, signature: Signature, name: str) -> int:
    """What the tests of a pair say that an argument is at most."""
    at = [p.name for p in signature.parameters].index(name)
    return max((int(words[at]) for test in (task.pair.tests if task.pair else ()) if (words := test.split())[at].isdigit()), default=0)


def _whole_numbers(signature: Signature) -> list[str]:
    return [p.name for p in signature.parameters if not p.pointer and p.dtype.kind in "iu"]


@lru_cache(maxsize=128)
def _amount(kernel_name: str, *, emulated: bool) -> tuple[str, int]:
    """The first argument that is the size which a kernel's inputs are made for, and the largest that is called in any case.

    Where none is (a size is cut into systems and unknowns), it is the product of all whole numbers, of which each call has the better half.
    """
    kernel = KERNELS[kernel_name]
    rng, sizes = np.random.default_rng(0), sorted(kernel.sizes)[-3:]  # the smallest may be cases of their own
    most = max(sizes) if emulated else max(*sizes, kernel.size_to_time)
    calls = [dict(zip((p.name for p in kernel.signature.parameters), kernel.make_inputs(rng, size), strict=True)) for size in sizes]
    names = _whole_numbers(kernel.signature)
    equal = next((name for name in names if all(call[name] == size for call, size in zip(calls, sizes, strict=True))), "")
    return (equal, most) if equal else (" * ".join(names), most // 2 + 1)


def _lengths(kernel: Kernel) -> dict[str, str]:
    """From the shapes that the declarations in Fortran tell."""
    shapes = {match[1]: match[2] for line in kernel.fortran.splitlines() for match in _SIZED.finditer(line.partition("::")[2])}
    outputs = [p.name for p in kernel.signature.arrays if not p.const]
    return {name: " * ".join(_extent(e) for e in shapes[name].split(",")) for name in outputs if "*" not in shapes[name].split()[0]}


def _extent(text: str) -> str:
    low, colon, high = text.strip().partition(":")
    return f"({high} - {low} + 1)" if colon else f"({low})"
