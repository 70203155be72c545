"""Race check of Python that numba would compile: the program is run as plain Python, and who uses which element of an array is noted.

Its text lies beside the program in the box (`hpcraft.sandbox.drivers`). Two iterations of a loop over ``prange`` may run at the same time; where both use
one element of an array and one of them writes it, they race, and the program ends with `RACED`. That is exact for the calls made: no schedule hides it.

Theory of operation. ``njit`` leaves functions as they are, and knows which of them are parallel. Arrays are `Traced`, those too that numpy makes:
an access is noted by the addresses of its elements. What an iteration makes is kept until its loop ends, so that no address stands for two
arrays. A whole array from before the loop that is updated in place by its name is numba's reduction, not an access. Loops inside of loops are one
iteration's own, as with numba. Where the program asks for the number of its thread, iterations of one chunk are one.

Functions of `vectorize`, `guvectorize` and `stencil` stay compiled: each call reads and writes whole arrays.

Not covered: scalars (numba gives each iteration its own); what numba shares out by itself.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

RACED = 66
"""The exit code, that of the thread sanitizer here."""
THREADS = 4
_MAKERS = ("array", "arange", "asarray", "ascontiguousarray", "copy", "empty", "full", "linspace", "ones", "zeros")
_MANY = -1
_arange, _full = np.arange, np.full
_functions: list[bool] = []
"""Of the compiled functions that are being executed, whether each is parallel."""


class _Loop:
    """The loop whose iterations may run at the same time."""

    def __init__(self, count: int, *, by_chunk: bool) -> None:
        self._count, self._by_chunk = count, by_chunk
        self.depth = len(_functions)
        self.now = 0
        self.thread = 0
        self.readers: dict[int, int] = {}
        self.writers: dict[int, int] = {}
        self.kept: list[Traced] = []

    def begin(self, number: int) -> None:
        """The next iteration, by its place in the loop; threads get equal shares, as with numba."""
        self.thread = number * THREADS // self._count
        self.now = self.thread if self._by_chunk else number

    def note(self, places: list[int], *, writes: bool) -> None:
        """This iteration uses elements."""
        for place in places:
            writer, reader = self.writers.get(place), self.readers.get(place)
            other = writer if writer not in (None, self.now) else reader if writes and reader not in (None, self.now) else None
            if other is not None:
                _raced(writes=writes)
            if writes:
                self.writers[place] = self.now
            else:
                self.readers[place] = self.now if reader in (None, self.now) else _MANY


class _State:
    loop: _Loop | None = None
    by_chunk = False


class Traced(np.ndarray[Any, Any]):
    """An array whose accesses are noted."""

    _places: np.ndarray[Any, Any] | None
    _loop: _Loop | None

    def __array_finalize__(self, made_from: object) -> None:
        """What every new array goes through, views too."""
        self._places, self._loop = None, _State.loop
        if _State.loop is not None:
            _State.loop.kept.append(self)

    def places(self) -> np.ndarray[Any, Any]:
        """The address of each element."""
        if self._places is None:
            grid = _full(self.shape, self.__array_interface__["data"][0], np.int64)
            for axis, (length, stride) in enumerate(zip(self.shape, self.strides, strict=True)):
                grid += (_arange(length) * stride).reshape([-1 if a == axis else 1 for a in range(self.ndim)])
            self._places = grid
        return self._places

    def note(self, key: Any, *, writes: bool) -> None:
        """Elements are used."""
        if _State.loop is not None:
            _State.loop.note(np.ravel(self.places()[key]).tolist(), writes=writes)

    def __getitem__(self, key: Any) -> Any:
        """A view is no access yet; a copy is one."""
        found = super().__getitem__(key)
        if not (isinstance(found, np.ndarray) and np.may_share_memory(_plain(found), _plain(self))):
            self.note(key, writes=False)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        """An access by writing, and one by reading to what is assigned."""
        _read(value)
        self.note(key, writes=True)
        super().__setitem__(key, _plain(value))

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        """Arithmetic on whole arrays."""
        loop, out = _State.loop, kwargs.pop("out", ())
        # ``name += ..`` with an array from before the loop, in the function of the loop.
        reduction = (
            loop is not None
            and bool(out)
            and out[0] is inputs[0]
            and getattr(out[0], "_loop", loop) is not loop
            and loop.depth == len(_functions)
        )
        for one in inputs[1:] if reduction else inputs:
            _read(one)
        for one in inputs[:1] if method == "at" else out:
            if isinstance(one, Traced) and not reduction:
                one.note(..., writes=True)
        if out:
            kwargs["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        if out:
            return out[0] if len(out) == 1 else out
        return tuple(map(_traced, result)) if isinstance(result, tuple) else _traced(result)

    def __array_function__(self, function: Any, kinds: Any, inputs: Any, options: Any) -> Any:
        """Numpy's other functions read what they are given, and write to ``out``."""
        for one in (*inputs, *(value for name, value in options.items() if name != "out")):
            _read(one)
        if isinstance(out := options.get("out"), Traced):
            out.note(..., writes=True)
        result = function(*map(_plain, inputs), **{name: _plain(value) for name, value in options.items()})
        return _traced(result) if out is None else out


def _read(value: object) -> None:
    if isinstance(value, Traced):
        value.note(..., writes=False)
    elif isinstance(value, tuple | list):
        for one in value:
            _read(one)


def _plain(value: Any) -> Any:
    if isinstance(value, Traced):
        return value.view(np.ndarray)
    return type(value)(map(_plain, value)) if type(value) in (tuple, list) else value


def _traced(value: Any) -> Any:
    return value.view(Traced) if isinstance(value, np.ndarray) and value.ndim else value


def _raced(*, writes: bool) -> None:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((__file__, os.path.dirname(np.__file__))):  # noqa: PTH120
        frame = frame.f_back
    what = "writes an element that another one uses" if writes else "reads an element that another one writes"
    sys.stderr.write(f"data race: {os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: an iteration of prange {what}\n")  # noqa: PTH119
    sys.stderr.flush()
    os._exit(RACED)


def _prange(*bounds: int) -> Iterator[int]:
    numbers = range(*bounds)
    if _State.loop is not None or not (_functions and _functions[-1]):
        yield from numbers
        return
    loop = _State.loop = _Loop(len(numbers), by_chunk=_State.by_chunk)
    for place, number in enumerate(numbers):
        loop.begin(place)
        yield number
    _State.loop = None


def _compiled(*words: Any, **options: Any) -> Any:
    """In the place of ``njit`` and ``jit``."""
    parallel = bool(options.get("parallel"))

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            _functions.append(parallel)
            try:
                return function(*arguments, **named)
            finally:
                _functions.pop()

        return call

    return keep(words[0]) if words and isinstance(words[0], types.FunctionType) else keep


def _elementwise(own: Callable[..., Any]) -> Callable[..., Any]:
    """In the place of ``vectorize``, ``guvectorize`` and ``stencil``, whose functions stay compiled: a call reads what it is given and writes what it is to fill."""

    def called(function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            given = min(len(arguments), getattr(function, "nin", len(arguments)))
            out = named.get("out", ())
            _read(arguments[:given])
            for one in (*arguments[given:], *(out if isinstance(out, tuple) else (out,))):
                if isinstance(one, Traced):
                    one.note(..., writes=True)
            return _traced(function(*map(_plain, arguments), **{name: _plain(value) for name, value in named.items()}))

        return call

    def make(*words: Any, **options: Any) -> Any:
        if words and isinstance(words[0], types.FunctionType):
            return called(own(*words, **options))
        decorate = own(*words, **options)
        return lambda function: called(decorate(function))

    return make


def _making(maker: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(maker)
    def make(*words: Any, **options: Any) -> Any:
        return _traced(maker(*words, **options))

    return make


def install(code: str) -> Callable[[Any], Any]:
    """Put all of it in its place, before the program is imported; gives what makes an argument traced."""
    _State.by_chunk = "get_thread_id" in code
    for name, own in {
        "njit": _compiled,
        "jit": _compiled,
        "prange": _prange,
        "get_num_threads": lambda: THREADS,
        "get_thread_id": lambda: _State.loop.thread if _State.loop else 0,
        "set_num_threads": lambda _: None,
        **{name: _elementwise(getattr(numba, name)) for name in ("vectorize", "guvectorize", "stencil")},
    }.items():
        setattr(numba, name, own)
    for name in _MAKERS:
        setattr(np, name, _making(getattr(np, name)))
    return _traced
