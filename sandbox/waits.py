"""Where each MPI rank stood when the time ran out, and whether that is a deadlock.

The library ``waits.c`` is preloaded into every rank and leaves a file per rank; this module reads the files, which
the rank itself could have written, and finds words for them. They explain a verdict and never make one.

Not covered: programs linked statically.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from hpcraft.sandbox.launcher import kept

DEADLINE_SIGNAL = int(signal.SIGWINCH)
"""Ignored by every process that doesn't ask for it, and not passed on by mpirun with a word on stderr."""
LIBRARY = ".waits.so"
_MAX_RANKS = 256
_MAX_BYTES = 1 << 14
_MAX_CALLS = 3
_MAX_GROUPS = 8
_ABORT = ".abort"
_MPI = re.compile(r"p?(?:mpi|ompi_mpi|ompi(?=\w+_f_*$))_([a-z]\w*?)(?:_f08|_f)?_{0,2}", re.IGNORECASE)
"""``MPI_Recv`` by the names of C and of Fortran's three bindings; Open MPI's ``MPI_Finalize`` ends in a jump to ``ompi_mpi_finalize``."""
_NAME = re.compile(r"[A-Za-z_]\w{0,80}")
_ADDRESS = re.compile(r"[0-9a-f]{1,16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one rank stood."""

    rank: int
    call: str = ""
    """The library function that the program had called, such as ``MPI_Recv``; empty where the program's own code ran."""
    addresses: tuple[str, ...] = ()
    """Of the program's own calls that follow, innermost first, in hexadecimal; the first may be a nameless jump into a library."""
    function: str = ""
    line: str = ""
    """``ring.c:12``"""
    moved: bool = False
    """Whether the call came back in the moment after the snapshot."""
    silent: bool = False
    """It had ended, or left nothing."""

    @property
    def stuck(self) -> bool:
        """Whether it waited in MPI for something that did not come."""
        return self.call.startswith("MPI_") and not self.call.startswith("MPI_Init") and not self.moved


def library() -> Path:
    """The compiled library."""
    flags = ("-shared", "-fPIC", "-static-libgcc", "-Wl,--exclude-libs,ALL")  # its unwinder is its own, and no one else's
    return kept("waits", (Path(__file__).with_name("waits.c"),), flags)


def preloaded(program: tuple[str, ...]) -> tuple[str, ...]:
    """The words that run a program with the library, for each rank, under any MPI's launcher."""
    return ("/usr/bin/env", f"LD_PRELOAD=./{LIBRARY}", *program)


def files(ranks: int) -> tuple[str, ...]:
    """Names of the files that the library may leave."""
    return (_ABORT, *(f".waits-{rank}" for rank in range(min(ranks, _MAX_RANKS))))


def aborted(outputs: Mapping[str, bytes]) -> str:
    """``rank 1 called MPI_Abort with code 0``, or nothing if no rank did."""
    found = re.fullmatch(rb"(\d{1,9}) (-?\d{1,11})\n", outputs.get(_ABORT, b"")[:32])
    return f"rank {int(found[1])} called MPI_Abort with code {int(found[2])}" if found else ""


def read(outputs: Mapping[str, bytes], ranks: int) -> tuple[Place, ...]:
    """What the ranks left, without names for addresses; nothing when no rank left anything."""
    places = tuple(_read(rank, outputs.get(f".waits-{rank}")) for rank in range(min(ranks, _MAX_RANKS)))
    return () if all(place.silent for place in places) else places


def _read(rank: int, content: bytes | None) -> Place:
    if content is None or len(content) > _MAX_BYTES:
        return Place(rank=rank, silent=True)
    call, moved, addresses, done = "", False, list[str](), False
    for line in content.decode("ascii", errors="replace").splitlines():
        kind, _, text = line.partition(" ")
        if kind == "moved":
            moved = True
        elif kind == "s":
            call, done = (call, True) if addresses else (text, False)
        elif kind == "p" and not done and len(addresses) < _MAX_CALLS and _ADDRESS.fullmatch(text):
            addresses.append(text)
    return Place(rank=rank, call=_call(call), addresses=tuple(addresses), moved=moved, silent=not call and not addresses)


def _call(symbol: str) -> str:
    found = _MPI.fullmatch(symbol)
    if found:
        return f"MPI_{found[1].lower().capitalize()}"
    return symbol if _NAME.fullmatch(symbol) and not symbol.startswith("_Z") else "a library" if symbol else ""


def named(places: Iterable[Place], addr2line: str) -> tuple[Place, ...]:
    """The places with functions and lines, from what ``addr2line -a -f -i`` says; of calls compiled in, the innermost."""
    found: dict[str, tuple[str, str]] = {}
    for record in re.split(r"^0x", addr2line, flags=re.MULTILINE)[1:]:
        address, function, line, *_ = [*(text.strip() for text in record.splitlines()), "", ""]
        if function and "??" not in function:
            found[address.lstrip("0")] = (function, line)
    known = ((place, [found[at.lstrip("0")] for at in place.addresses if at.lstrip("0") in found]) for place in places)
    return tuple(_named(place, *names[0]) if names else place for place, names in known)


def _named(place: Place, function: str, line: str) -> Place:
    name, _, number = line.partition(" (")[0].rpartition(":")
    where = f"{name.rpartition('/./')[2]}:{number}"[-100:] if number.isdecimal() and int(number) and "??" not in name else ""
    return replace(place, function=function[:100], line=where)


def words(place: Place) -> str:
    """One line on one rank."""
    if place.silent:
        return f"rank {place.rank}: ended or silent"
    inside = place.function or "the program"
    inside += f" ({place.line})" if place.line else ""
    if not place.call:
        return f"rank {place.rank}: computing in {inside}"
    return f"rank {place.rank}: {place.call}, called from {inside}" + (", going on" if place.moved else "")


def explain(places: tuple[Place, ...], otherwise: str) -> str:
    """The message of a time limit: a deadlock where no rank could go on, else ``otherwise`` and where the ranks were."""
    head = "deadlock: " if all(place.stuck for place in places) else f"{otherwise}; "
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(_briefly(place), []).append(place.rank)
    told = [f"{_ranks(ranks)} {what}" for what, ranks in list(groups.items())[:_MAX_GROUPS]]
    return head + ", ".join([*told, *(["..."] if len(groups) > _MAX_GROUPS else [])])


def _briefly(place: Place) -> str:
    if place.silent:
        return "ended or silent"
    where = place.line or place.function
    return (f"in {place.call}" if place.call else "computing") + (f" ({where})" if where else "")


def _ranks(ranks: list[int]) -> str:
    """``rank 1``, ``ranks 0, 2-4``."""
    runs = [[rank for _, rank in group] for _, group in groupby(enumerate(ranks), lambda pair: pair[1] - pair[0])]
    spans = [f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ("rank " if len(ranks) == 1 else "ranks ") + ", ".join(spans)
