"""The plan of a build: one compile command for each source, alone, and one command that links them.

Every source is compiled from ``/src`` into an object in ``/box``; all objects are linked into one program. Fortran sources come
after those whose modules they use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = "program"
_FOR_BOTH = ("-fopenmp", "-pthread")
"""Flags that compilers take to mean a library as well."""

_MODULE = re.compile(rb"^\s*module\s+(?!procedure\b)(\w+)", re.IGNORECASE | re.MULTILINE)
_SUBMODULE = re.compile(rb"^\s*submodule\s*\(\s*(\w+)(?:\s*:\s*(\w+))?\s*\)\s*(\w+)", re.IGNORECASE | re.MULTILINE)
_USE = re.compile(rb"^\s*use\b(?:\s*,\s*(?:non_)?intrinsic)?\s*(?:::)?\s*(\w+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compile:
    """How one source becomes an object."""

    source: str
    """Name in ``/src``."""
    object: str
    """Name in ``/box``."""
    command: tuple[str, ...]
    """The words to execute in ``/src``; the first is the compiler's path."""
    kind: str
    """``c``, ``cpp``, ``fortran``, ``cuda``, ``hip`` or ``emulated``."""
    modules: tuple[str, ...] = ()
    """Fortran module files that it may write into ``/box``; what it doesn't write is absent."""
    uses: tuple[str, ...] = ()
    """Fortran module files of other sources that must lie in ``/box``, where they were written, also for what those use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The commands that build a job."""

    compiles: tuple[Compile, ...]
    """In an order in which they can run one after the other."""
    link: tuple[str, ...] | None
    """The words to execute in ``/src`` when all objects lie in ``/box``; None where the build ends at its objects."""
    tools: tuple[str, ...]
    """Paths of the compilers used."""
    beside: Mapping[str, Path] = field(default_factory=dict)
    """Files of ours that the link needs, by their names in ``/box``."""

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """All commands, in order."""
        return (*(step.command for step in self.compiles), *((self.link,) if self.link else ()))

    @property
    def objects(self) -> Mapping[str, str]:
        """Source name to object name."""
        return {step.source: step.object for step in self.compiles}

    @property
    def links(self) -> bool:
        """Whether there is a program in the end."""
        return self.link is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """This machine or this version can't build the job."""

    message: str
    by_source: bool = False
    """As in `hpcraft.sandbox.outcome.Outcome`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What a toolchain contributes to the commands of one kind of source."""

    compile: tuple[str, ...]
    """Compiler and flags."""
    link: tuple[str, ...]
    """Compiler and flags, before the objects."""
    libraries: tuple[str, ...] = ()
    """After the objects."""
    passes_on: str = ""
    """What a linker that is no compiler of the host puts before the flags of one."""


def assemble(
    files: Mapping[str, bytes], kinds: Mapping[str, str], words: Mapping[str, Words], flags: Mapping[str, Iterable[str]], last: Words | None
) -> Plan:
    """The plan for the sources in ``kinds``, with the job's flags for each kind; ``last`` links them, None where nothing is linked."""
    modules = _Modules(files, [name for name, kind in kinds.items() if kind == "fortran"])
    compiles: list[Compile] = []
    for number, name in enumerate(modules.order(kinds)):
        target = f"{number}-{name.rpartition('/')[2]}.o"
        compile_flags = (flag for flag in flags[kinds[name]] if not _for_linker(flag))
        command = (*words[kinds[name]].compile, "-I.", *compile_flags, f"./{name}", "-o", f"../box/{target}")
        compiles.append(
            Compile(
                source=name,
                object=target,
                command=command,
                kind=kinds[name],
                modules=modules.written(name),
                uses=modules.used(name),
            )
        )
    link = None
    if last:
        distinct = list(dict.fromkeys(tuple(of_kind) for of_kind in flags.values()))
        every = distinct[0] if len(distinct) == 1 else dict.fromkeys(flag for of_kind in distinct for flag in of_kind)
        link_flags = [last.passes_on + flag if flag in _FOR_BOTH else flag for flag in every if _for_linker(flag) or flag in _FOR_BOTH]
        placed = [f"../box/{step.object}" for step in compiles]
        link = (*last.link, *placed, *last.libraries, *link_flags, "-lm", "-o", f"../box/{PROGRAM}")
    return Plan(compiles=tuple(compiles), link=link, tools=tuple(dict.fromkeys(step.command[0] for step in compiles)))


def _for_linker(flag: str) -> bool:
    return flag.startswith(("-l", "-L", "-Wl,"))


class _Modules:
    """Which Fortran source writes which module, and which needs which."""

    def __init__(self, files: Mapping[str, bytes], sources: Iterable[str]) -> None:
        self._writes: dict[str, list[str]] = {}
        self._needs: dict[str, list[str]] = {}
        for name in sources:
            text = files[name]
            own = [_lower(module) for module in _MODULE.findall(text)]
            below = [[_lower(word) for word in found] for found in _SUBMODULE.findall(text)]
            self._writes[name] = own + [f"{root}@{child}" for root, _, child in below]
            parents = [f"{root}@{parent}" if parent else root for root, parent, _ in below]
            self._needs[name] = [_lower(module) for module in _USE.findall(text)] + parents
        self._home = {module: name for name, written in self._writes.items() for module in written}

    def order(self, names: Iterable[str]) -> list[str]:
        """The names as they came, but each source after those that it needs; a cycle is the compiler's to report."""
        done: list[str] = []
        for name in names:
            done += [other for other in (*self._below(name), name) if other not in done]
        return done

    def written(self, name: str) -> tuple[str, ...]:
        """The module files that a source may write."""
        return tuple(f"{module}{suffix}" for module in self._writes.get(name, ()) for suffix in _suffixes(module))

    def used(self, name: str) -> tuple[str, ...]:
        """The module files that it needs of other sources."""
        return tuple(file for other in self._below(name) for file in self.written(other))

    def _below(self, name: str) -> list[str]:
        """The other sources that a source needs, the deepest first."""
        found: list[str] = []

        def visit(at: str, above: tuple[str, ...]) -> None:
            for module in self._needs.get(at, ()):
                other = self._home.get(module, at)
                if other not in (*above, at, *found):
                    visit(other, (*above, at))
                    found.append(other)

        visit(name, ())
        return found


def _suffixes(module: str) -> tuple[str, ...]:
    return (".smod",) if "@" in module else (".mod", ".smod")


def _lower(word: bytes) -> str:
    return word.decode(errors="replace").lower()
