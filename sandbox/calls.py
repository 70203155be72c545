"""Calls of a program's functions through shared memory: what the launcher is given, and what it brings back.

The launcher (``launch/calls.c`` has its theory of operation) holds the arguments of every call and writes them into the box one
call at a time; results, time and use of the processor come back in a file that the program can't reach. Arrays lie between guard
zones at random distances, whose bytes are random but for this: what is read there is no number, or as large or small as can be. Where a call is
fenced, each array has a page beside it that its main takes away during the call, so that reading there is a fault, too: behind an array that can
end with a page, as its bytes are a multiple of the alignment, else before it. Nothing is compared in the box: guards and const inputs are compared here, with what was sent.

Not covered: structs, callbacks, more than 64 ranks, fences around Python's arrays.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hpcraft.errors import ConfigError
from hpcraft.sandbox.abi import DTYPES, Argument, Array, CallResult, Parameter, Signature

MAX_RANKS = 64
_MAGIC = 0x43414C4C
_PLAN, _ROUND, _CALL = struct.Struct("<IIIIQQ"), struct.Struct("<IIII"), struct.Struct("<QQQ")
_PROGRESS, _RECORD, _TASK = struct.Struct("<IIIIQ"), struct.Struct("<IIIIQq"), struct.Struct("<iiq")
_MAX_TASKS = 512
_GUARD_BYTES = 256
_ALIGNMENT = 64
_PAGE = 4096
_MOST_DISTANCE = 16
"""In units of the alignment: addresses differ from call to call."""
_WORD = np.dtype("<u4")
_EXTREMES = np.array([0x7FFF0000, 0x7F7F0000, 0xFF7F0000], _WORD)
"""In a word, and in each half of a longer one: NaN, the largest or the least of floating-point numbers; integers far out of range."""
_FAULTS = {1: "call", 2: "const", 3: "elsewhere"}


class Place(NamedTuple):
    """Where an array lies: in its part of the arguments, in bytes."""

    begin: int
    num_bytes: int
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """The arguments of one call, as they lie in memory."""

    function: int
    const: bytes
    """What `.const` holds."""
    open: bytes
    """What `.call-RANK` holds behind its first page."""
    places: tuple[Place | None, ...]
    """For each parameter; None for a scalar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One start of the program, and the calls that are made in it."""

    images: tuple[Image, ...]
    threads: int = 1
    ranks: int = 1
    schedule: int = 0
    """Emulated CUDA: the order of blocks and threads."""


class Counter(NamedTuple):
    """A counter of the kernel's, as ``perf_event_open`` is asked for it."""

    kind: int
    config: int


INSTRUCTIONS = Counter(kind=0, config=1)
"""Those that were retired, by the processor's own count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskUse:
    """What a process (``tid`` 0, with threads that have ended) or one of its threads used of the processor during a call."""

    pid: int
    tid: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """One call that came to its end."""

    round: int
    index: int
    """In its round."""
    seconds: float
    """From letting go until the last rank was done, by a clock outside of the box."""
    still: bool
    """Whether every process could be stopped before the results were taken."""
    ranks: tuple[CallResult, ...]
    tasks: tuple[TaskUse, ...]
    counted: int | None = None
    """What `Calls.counter` counted outside of the kernel, of all processes and threads."""
    uncounted: int = 0
    """The error for which nothing was; 0 where something was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a round came."""

    begun: int
    ended: int
    fault_rank: int
    fault: str
    """``const`` (it wrote to an input that is const), ``call`` or ``elsewhere``, by the program's own word; empty for none."""
    fault_at: int


def image(
    signatures: Sequence[Signature], function: int, arguments: Sequence[Argument], rng: np.random.Generator, *, fenced: bool = False
) -> Image:
    """Lay out one call; ``fenced`` makes reading beside an array a fault, and is not for calls whose time counts."""
    signature = signatures[function]
    const, opened = _Part(rng, fenced=fenced), _Part(rng, fenced=fenced)
    head = opened.reserve(16 + 16 * len(signature.parameters))
    words = bytearray(struct.pack("<II", function, fenced) + rng.bytes(8))
    lengths = bytearray()
    places: list[Place | None] = []
    for parameter, argument in zip(signature.parameters, arguments, strict=True):
        raw = np.ascontiguousarray(argument, dtype=parameter.dtype).tobytes()
        if not parameter.pointer:
            words += raw.ljust(8, b"\0")
            lengths += bytes(8)
            places.append(None)
            continue
        begin = (const if parameter.const else opened).add(raw)
        places.append(place := Place(begin=begin, num_bytes=len(raw), length=len(raw) // parameter.dtype.itemsize))
        words += struct.pack("<Q", begin)
        lengths += struct.pack("<Q", place.length)
    opened.put(head, bytes(words + lengths))
    return Image(function=function, const=const.finish(), open=opened.finish(), places=tuple(places))


class _Part:
    """Arrays one after the other, with a guard zone around each."""

    def __init__(self, rng: np.random.Generator, *, fenced: bool) -> None:
        self._rng, self._length, self._fenced = rng, 0, fenced
        self._blocks: list[bytes] = []
        self._later: dict[int, bytes] = {}

    def _append(self, block: bytes) -> None:
        self._blocks.append(block)
        self._length += len(block)

    def reserve(self, num_bytes: int) -> int:
        """Room at the front, to be filled by `put`."""
        begin = self._length
        self._append(bytes(num_bytes))
        return begin

    def put(self, begin: int, content: bytes) -> None:
        """Fill what was reserved."""
        self._later[begin] = content

    def add(self, content: bytes) -> int:
        """An array behind a guard zone; gives where it begins."""
        distance = _ALIGNMENT * int(self._rng.integers(_MOST_DISTANCE))
        self._guard(_GUARD_BYTES + distance + -(self._length + _GUARD_BYTES) % _ALIGNMENT)
        fence_behind = self._fenced and len(content) % _ALIGNMENT == 0
        if fence_behind:
            self._guard(-(self._length + len(content)) % _PAGE)
        elif self._fenced:
            self._guard(-self._length % _PAGE + _PAGE)
        begin = self._length
        self._append(content)
        self._guard(_PAGE * fence_behind)
        return begin

    def _guard(self, num_bytes: int) -> None:
        """Half of each word is random, so that what was written over it shows; the other half makes what was read from it show in the results."""
        skipped = self._length % _WORD.itemsize
        words = self._rng.integers(1 << 16, size=-(-(skipped + num_bytes) // _WORD.itemsize)).astype(_WORD) | self._rng.choice(_EXTREMES)
        self._append(words.tobytes()[skipped : skipped + num_bytes])

    def finish(self) -> bytes:
        """All of it, with a guard zone behind the last array."""
        self._guard(_GUARD_BYTES + -self._length % _ALIGNMENT)
        whole = bytearray(b"".join(self._blocks))
        for begin, content in self._later.items():
            whole[begin : begin + len(content)] = content
        return bytes(whole)


@dataclass(frozen=True)
class Calls:
    """The rounds of one run."""

    signatures: tuple[Signature, ...]
    rounds: tuple[Round, ...]
    counter: Counter | None = None
    """What is counted in each call."""

    @property
    def ranks(self) -> int:
        """The most ranks of a round."""
        return max(r.ranks for r in self.rounds)

    @property
    def box_bytes(self) -> int:
        """What the shared files take in the box."""
        const, opened = self._rooms
        return const + self.ranks * (4096 + opened) + (1 << 16)

    @cached_property
    def _images(self) -> tuple[Image, ...]:
        return tuple(i for r in self.rounds for i in r.images)

    @property
    def _rooms(self) -> tuple[int, int]:
        return max((len(i.const) for i in self._images), default=0) or 1, max((len(i.open) for i in self._images), default=0)

    def check(self) -> None:
        """Raise `ConfigError` for calls that the launcher can't make."""
        if not self.rounds or not 1 <= self.ranks <= MAX_RANKS:
            raise ConfigError(f"cannot call {len(self.rounds)} rounds of a program; give at least one, with at most {MAX_RANKS} ranks")

    @contextmanager
    def opened(self) -> Iterator[Channel]:
        """The two files of a run, by descriptors that programs never get."""
        plan, results = os.memfd_create("calls"), os.memfd_create("results")
        try:
            with os.fdopen(os.dup(plan), "wb") as file:
                for block in self._plan():
                    file.write(block)
            os.posix_fallocate(results, 0, self._result_bytes())
            yield Channel(calls=self, plan=plan, results=results)
        finally:
            os.close(plan)
            os.close(results)

    def _plan(self) -> Iterator[bytes]:
        const_room, room = self._rooms
        yield _PLAN.pack(_MAGIC, len(self.rounds), len(self._images), self.ranks, const_room, room)
        first = 0
        for r in self.rounds:
            yield _ROUND.pack(first, len(r.images), r.ranks, 0)
            first += len(r.images)
        at = _PLAN.size + _ROUND.size * len(self.rounds) + _CALL.size * len(self._images)
        for i in self._images:
            yield _CALL.pack(at, len(i.const), len(i.open))
            at += len(i.const) + len(i.open)
        for i in self._images:
            yield i.const
            yield i.open

    def _result_bytes(self) -> int:
        size = _PROGRESS.size * len(self.rounds)
        for r in self.rounds:
            size += sum(_RECORD.size + _TASK.size * _MAX_TASKS + len(i.const) + r.ranks * len(i.open) for i in r.images)
        return size


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """The descriptors of one run, and how to read what came back."""

    calls: Calls
    plan: int
    results: int

    @property
    def descriptors(self) -> tuple[int, int]:
        """For the launcher to inherit."""
        return self.plan, self.results

    @property
    def words(self) -> tuple[str, ...]:
        """For the launcher's command line."""
        counter = self.calls.counter
        counted = ("--count-type", str(counter.kind), "--count-config", str(counter.config)) if counter else ()
        return "--calls", str(self.plan), "--results", str(self.results), *counted

    def read(self) -> tuple[tuple[Called, ...], tuple[Progress, ...]]:
        """The calls that ended, and how far each round came; the arrays are views of the results."""
        data = mmap.mmap(self.results, 0, access=mmap.ACCESS_READ)
        progress = tuple(_progress(data, i) for i in range(len(self.calls.rounds)))
        called: list[Called] = []
        at = _PROGRESS.size * len(progress)
        for number, (made, reached) in enumerate(zip(self.calls.rounds, progress, strict=True)):
            for index in range(reached.ended):
                one, at = _called(self.calls, number, index, made, data, at)
                called.append(one)
        return tuple(called), progress


def _progress(data: mmap.mmap, number: int) -> Progress:
    begun, ended, rank, kind, at = _PROGRESS.unpack_from(data, number * _PROGRESS.size)
    return Progress(begun=begun, ended=ended, fault_rank=rank, fault=_FAULTS.get(kind, ""), fault_at=at)


def _called(calls: Calls, number: int, index: int, made: Round, data: mmap.mmap, at: int) -> tuple[Called, int]:
    _, num_tasks, still, ranks, wall, count = _RECORD.unpack_from(data, at)
    at += _RECORD.size
    tasks = tuple(TaskUse(pid=pid, tid=tid, seconds=ns / 1e9) for pid, tid, ns in _TASK.iter_unpack(data[at : at + num_tasks * _TASK.size]))
    at += num_tasks * _TASK.size
    sent = made.images[index]
    signature = calls.signatures[sent.function]
    const = np.frombuffer(data, np.uint8, len(sent.const), at)
    at += len(sent.const)
    intact = bool(np.array_equal(const, np.frombuffer(sent.const, np.uint8)))
    results = []
    for _rank in range(ranks):
        opened = np.frombuffer(data, np.uint8, len(sent.open), at)
        at += len(sent.open)
        results.append(_result(signature, index, sent, const, opened, const_intact=intact))
    found = Called(
        round=number,
        index=index,
        seconds=wall / 1e9,
        still=bool(still),
        ranks=tuple(results),
        tasks=tasks,
        counted=None if count < 0 else count,
        uncounted=max(-count, 0) if calls.counter else 0,
    )
    return found, at


def _result(signature: Signature, index: int, sent: Image, const: Array, opened: Array, *, const_intact: bool) -> CallResult:
    arrays = [
        (const if parameter.const else opened)[place.begin : place.begin + place.num_bytes].view(parameter.dtype)
        for parameter, place in zip(signature.parameters, sent.places, strict=True)
        if place is not None
    ]
    return CallResult(
        index=index,
        crashed=False,
        signal=0,
        guards_intact=_guards_intact(signature.parameters, sent, opened),
        const_intact=const_intact,
        value=None if signature.returns == "void" else np.frombuffer(opened[8:16].tobytes(), DTYPES[signature.returns], 1)[0].item(),
        arrays=tuple(arrays),
    )


def _guards_intact(parameters: Sequence[Parameter], sent: Image, opened: Array) -> bool:
    """Whether what lies between the arrays is what was sent; the words in front are the driver's."""
    before = np.frombuffer(sent.open, np.uint8)
    at = 16 + 8 * len(parameters)
    for parameter, place in zip(parameters, sent.places, strict=True):
        if place is None or parameter.const:
            continue
        if not np.array_equal(before[at : place.begin], opened[at : place.begin]):
            return False
        at = place.begin + place.num_bytes
    return bool(np.array_equal(before[at:], opened[at:]))
