"""The main program around Python functions that are called through shared memory; ``launch/calls.c`` has the theory of operation.

Its text runs in the box, with a last line that names the module and its functions (`hpcraft.sandbox.drivers.python_caller_source`). It does what
`caller.h` does for compiled code: maps `.const` (which can't be written from here) and `.call-0`, and makes the call that the word
``go`` asks for. It holds no expected value, compares nothing and keeps no time. Each array is a view of its own elements and of nothing
around them. Those that must not change look writable, so that compiled code takes all arrays alike, and a write to one ends the program.

Not covered: MPI.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import mmap
import os
import platform
import struct
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAGE = 4096
LEAVE = 0xFFFFFFFF
FUTEX_WAIT, FUTEX_WAKE = 0, 1
_FUTEX = {"x86_64": 202, "aarch64": 98}


class Taken(NamedTuple):
    """A parameter."""

    dtype: str
    pointer: bool
    const: bool
    shape: tuple[str, ...]
    """Names of the scalars that give the extents of an array of more than one dimension."""
    name: str


class Function(NamedTuple):
    """What is called."""

    name: str
    returns: str
    """A dtype; empty for nothing."""
    parameters: Sequence[Taken]


class Words(ctypes.Structure):
    """The beginning of `.call-0`."""

    _fields_ = (
        ("go", ctypes.c_uint32),
        ("done", ctypes.c_uint32),
        ("fault_kind", ctypes.c_uint32),
        ("spare", ctypes.c_uint32),
        ("fault_at", ctypes.c_uint64),
    )


class Mapped:
    """A file of the box in memory."""

    def __init__(self, name: str, *, writes: bool) -> None:
        number = os.open(name, os.O_RDWR if writes else os.O_RDONLY)
        self.num_bytes = os.fstat(number).st_size
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writes else 0)
        self.address: int = libc.mmap(None, self.num_bytes, protection, mmap.MAP_SHARED | mmap.MAP_POPULATE, number, 0)
        os.close(number)
        if self.address in (None, ctypes.c_void_p(-1).value):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)


class Caller:
    """Makes the calls of one start."""

    def __init__(self, functions: Sequence[Function], module: str, wrap: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> None:
        import numpy as np

        self._np, self._wrap = np, wrap
        self._functions = functions
        self._call, self._const = Mapped(".call-0", writes=True), Mapped(".const", writes=False)
        found = importlib.import_module(module)
        self._own: list[Callable[..., object]] = [getattr(found, function.name) for function in functions]
        _keep_compiled(list(vars(found).values()))

    def serve(self) -> None:
        """Make calls until there are no more."""
        words = Words.from_address(self._call.address)
        go, done = self._call.address + Words.go.offset, self._call.address + Words.done.offset
        turn = 0
        while True:
            words.done = turn + 1
            _futex(done, FUTEX_WAKE, 1)
            while (following := words.go) == turn:
                _futex(go, FUTEX_WAIT, turn)
            if following == LEAVE:
                return
            self._make()
            turn = following

    def _make(self) -> None:
        head = self._call.address + PAGE
        number = struct.unpack("<I", ctypes.string_at(head, 4))[0]
        function = self._functions[number]
        words = ctypes.string_at(head + 16, 8 * len(function.parameters))
        scalars: dict[str, int | float] = {}
        for index, parameter in enumerate(function.parameters):
            if not parameter.pointer:
                scalars[parameter.name] = self._np.frombuffer(words, parameter.dtype, 1, 8 * index)[0].item()
        lengths = ctypes.string_at(head + 16 + len(words), len(words))
        arguments = [
            self._wrap(self._array(parameter, _word(words, index), _word(lengths, index), scalars))
            if parameter.pointer
            else scalars[parameter.name]
            for index, parameter in enumerate(function.parameters)
        ]
        value = self._own[number](*arguments)
        if function.returns:
            ctypes.memmove(head + 8, self._np.array([value], function.returns).tobytes().ljust(8, b"\0"), 8)

    def _array(self, parameter: Taken, begin: int, length: int, scalars: dict[str, int | float]) -> NDArray[np.generic]:
        base = self._const.address if parameter.const else self._call.address + PAGE
        dtype = self._np.dtype(parameter.dtype)
        memory = (ctypes.c_char * (length * dtype.itemsize)).from_address(base + begin)
        flat: NDArray[np.generic] = self._np.frombuffer(memoryview(memory), dtype)
        return flat.reshape([int(scalars[name]) for name in parameter.shape]) if parameter.shape else flat


def _word(words: bytes, index: int) -> int:
    return int.from_bytes(words[8 * index : 8 * index + 8], "little")


def _keep_compiled(values: Sequence[object]) -> None:
    """Let the starts that follow in this box use what numba compiles in this one."""
    from numba.core.dispatcher import Dispatcher

    for value in values:
        if isinstance(value, Dispatcher):
            with contextlib.suppress(RuntimeError):  # one that can't be kept is compiled again
                value.enable_caching()


def _futex(address: int, operation: int, value: int) -> None:
    ctypes.CDLL(None).syscall(_FUTEX[platform.machine()], ctypes.c_void_p(address), operation, ctypes.c_uint32(value), None, None, 0)


def main(
    functions: Sequence[Function], module: str, wrap: Callable[[NDArray[np.generic]], NDArray[np.generic]] = lambda array: array
) -> None:
    """Be the program; ``wrap`` is what the functions are given each array as."""
    faulthandler.enable()
    sys.dont_write_bytecode = True
    Caller(functions, module, wrap).serve()
