"""From the sources of a job to its objects and its program, in boxes of their own.

Each source is compiled among the files that are no sources and the sources that it names (`#include "other.c"`), so one that
breaks its compiler can't touch another's object, and a harness is compiled once for many candidates. Linking happens
in one more box, which shows the objects read-only; a single source is linked where it was compiled.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hpcraft.sandbox import prelude, toolchains
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.environment import environment
from hpcraft.sandbox.jail import Step
from hpcraft.sandbox.outcome import Job, Limits
from hpcraft.sandbox.plan import PROGRAM, Compile, Plan
from hpcraft.sandbox.steps import Ingredients, Steps
from hpcraft.sandbox.supervise import Ended
from hpcraft.sandbox.table import EMULATED

_COMPUTED_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include(?:_next)?[ \t]+[^\s\"<]", re.MULTILINE)
_INCLUDES_PRELUDE = ("c", "cpp", "cuda", "hip", EMULATED)
PREPROCESSED = "preprocessed"
"""Name of the file that `Compilation.preprocess` makes."""
MOST_PREPROCESSED_MB = 64
"""Six lines of macros can make gigabytes; the headers of Kokkos and Thrust make a tenth of this."""
_LEAST_SECONDS = 0.1
"""For the last boxes of a build that has used up its time: enough to say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """How compiling and linking ended, all boxes together."""

    ended: Ended
    commands: tuple[tuple[str, ...], ...]
    """Those that ran, now or when their results were kept; the last one ended it."""
    in_prelude: bool = False
    """Whether it was the prelude that could not be precompiled."""


class _PreludeFailed(Exception):  # noqa: N818 - a jump within this file
    """Nothing that needs the prelude can be compiled."""

    def __init__(self, ended: Ended, command: tuple[str, ...]) -> None:
        super().__init__()
        self.ended, self.command = ended, command


class Compilation:
    """One job's way from sources to a program."""

    def __init__(self, job: Job, plan: Plan, steps: Steps, folder: Path) -> None:
        self._job, self._plan, self._steps, self._folder = job, plan, steps, folder
        self._environment = environment(plan.tools, job)
        self._outside = toolchains.folders_outside(plan.tools)
        self._made: dict[str, bytes] = {}
        self._ends: list[Ended] = []
        for name, path in plan.beside.items():
            self._made[name] = path.read_bytes()
            shutil.copy(path, folder / name)

    def run(self) -> Compiled:
        """Make the objects and the program in the folder, as far as it goes."""
        commands: list[tuple[str, ...]] = []
        link = self._plan.link
        here = link if len(self._plan.compiles) == 1 else None
        try:
            for source in self._plan.compiles:
                ours = (self._command(source), *((here,) if here else ()))
                ended = self._compile(source, ours)
                commands += ours[: ended.step + 1]
                if not _went_well(ended):
                    return self._end(commands)
        except _PreludeFailed as failure:
            return Compiled(ended=failure.ended, commands=(failure.command,), in_prelude=True)
        if link and not here:
            self._link(link)
            commands.append(link)
        return self._end(commands)

    def preprocess(self, name: str) -> Ended:
        """What the preprocessor makes of one source, by the words of its compile command."""
        source = next(one for one in self._plan.compiles if one.source == name)
        command = tuple(word for word in self._command(source) if word != "-c")
        command = (*command[: command.index("-o")], "-E", "-dD", "-o", f"../box/{PREPROCESSED}")
        seen = self._seen_by(source)
        sources = self._folder / f"src-{source.object}-seen"
        limits = replace(self._job.compile_limits, file_mb=MOST_PREPROCESSED_MB)
        step = self._step((command,), limits, sources, (PREPROCESSED,), ())
        what = self._ingredients("preprocess", seen, ())
        return self._steps.remembered(step, what, step.collect, lambda: prelude.write(sources, seen))

    def _end(self, commands: list[tuple[str, ...]]) -> Compiled:
        return Compiled(ended=_together(self._ends, len(commands) - 1, self._job.compile_limits), commands=tuple(commands))

    def _command(self, source: Compile) -> tuple[str, ...]:
        own = (emulation.PRELUDE,) if source.kind == EMULATED else ()
        named = (self._job.prelude,) if self._job.prelude and source.kind in _INCLUDES_PRELUDE else ()
        return (source.command[0], *(word for header in (*own, *named) for word in ("-include", header)), *source.command[1:])

    def _compile(self, source: Compile, commands: tuple[tuple[str, ...], ...]) -> Ended:
        seen = self._seen_by(source)
        sources = self._folder / f"src-{source.object}"
        needed = (source.object, *((PROGRAM,) if len(commands) > 1 else ()))
        beside = [name for name in source.uses if name in self._made]
        if len(commands) > 1:
            beside += self._plan.beside

        def prepare() -> None:
            prelude.write(sources, seen)
            if source.kind == EMULATED:
                self._precompile(source, emulation.PRELUDE, emulation.headers(), sources)
            elif self._job.prelude and source.kind in prelude.KINDS:
                self._precompile(source, self._job.prelude, self._headers(), sources)

        step = self._step(commands, self._left(), sources, (*needed, *source.modules), beside)
        return self._do("compile", step, seen, beside, needed, prepare)

    def _precompile(self, source: Compile, header: str, headers: Mapping[str, bytes], beside: Path) -> None:
        """Not among the job's seconds: it is done once for many jobs."""
        sources = self._folder / f"prelude-{source.object}"
        command = prelude.command(source, header)
        step = self._step((command,), self._job.compile_limits, sources, (prelude.OBJECT,), ())
        what = self._ingredients("prelude", headers, ())

        def make() -> Ended:
            return self._steps.remembered(step, what, step.collect, lambda: prelude.write(sources, headers))

        failed = prelude.place(self._steps.key(step, what), beside / header, make)
        if failed:
            raise _PreludeFailed(failed, command)

    def _link(self, command: tuple[str, ...]) -> Ended:
        """Among no sources."""
        objects = [*self._plan.objects.values(), *self._plan.beside]
        sources = self._folder / "src-none"
        step = self._step((command,), self._left(), sources, (PROGRAM,), objects)
        return self._do("link", step, {}, objects, step.collect, lambda: prelude.write(sources, {}))

    def _step(
        self, commands: tuple[tuple[str, ...], ...], limits: Limits, sources: Path, collect: tuple[str, ...], beside: Iterable[str]
    ) -> Step:
        return Step(
            commands=commands,
            limits=limits,
            environment=self._environment,
            folder="src",
            sources=sources,
            beside={name: self._folder / name for name in beside},
            toolchains=self._outside,
            collect=collect,
            stop_at_output_limit=False,
        )

    def _ingredients(self, kind: str, sources: Mapping[str, bytes], beside: Iterable[str]) -> Ingredients:
        files = {f"src/{name}": content for name, content in sources.items()} | {f"box/{name}": self._made[name] for name in beside}
        return Ingredients(kind=kind, limits=self._job.compile_limits, files=files, tools=self._plan.tools)

    def _do(
        self,
        kind: str,
        step: Step,
        sources: Mapping[str, bytes],
        beside: Iterable[str],
        needed: tuple[str, ...],
        prepare: Callable[[], None],
    ) -> Ended:
        ended = self._steps.remembered(step, self._ingredients(kind, sources, beside), needed, prepare)
        for name, content in ended.outputs.items():
            path = self._folder / name
            path.write_bytes(content)
            path.chmod(0o755 if name == PROGRAM else 0o644)
            self._made[name] = content
        self._ends.append(replace(ended, outputs={}))
        return ended

    def _left(self) -> Limits:
        """The limits on time hold for all boxes together."""
        limits = self._job.compile_limits
        wall = _left(limits.wall_seconds, sum(ended.wall_seconds for ended in self._ends))
        cpu = None if limits.cpu_seconds is None else _left(limits.cpu_seconds, sum(ended.cpu_seconds for ended in self._ends))
        return replace(limits, wall_seconds=wall, cpu_seconds=cpu)

    def _headers(self) -> dict[str, bytes]:
        sources = self._plan.objects
        return {name: content for name, content in self._job.files.items() if name not in sources}

    def _seen_by(self, source: Compile) -> Mapping[str, bytes]:
        """The files that are no sources, and the sources whose names stand in what is seen."""
        files = self._job.files
        seen = {**self._headers(), source.source: files[source.source]}
        new = list(seen.values())
        while new:
            if any(_COMPUTED_INCLUDE.search(content) for content in new):
                return files
            named = [name for name in files if name not in seen and any(name.rpartition("/")[2].encode() in content for content in new)]
            new = [files[name] for name in named]
            seen |= {name: files[name] for name in named}
        return seen


def _left(limit: float, spent: float) -> float:
    return min(limit, max(limit - spent, _LEAST_SECONDS))


def _went_well(ended: Ended) -> bool:
    return ended.reason == "exited" and ended.exit_code == 0


def _together(ends: list[Ended], step: int, limits: Limits) -> Ended:
    """One end for all boxes: the last one's, with the sums."""
    stdout, stderr = b"".join(ended.stdout for ended in ends), b"".join(ended.stderr for ended in ends)
    cap = limits.output_bytes
    return replace(
        ends[-1],
        step=step,
        wall_seconds=round(sum(ended.wall_seconds for ended in ends), 6),
        cpu_seconds=round(sum(ended.cpu_seconds for ended in ends), 6),
        peak_memory_bytes=max(ended.peak_memory_bytes for ended in ends),
        stdout=stdout[:cap],
        stderr=stderr[:cap],
        truncated=any(ended.truncated for ended in ends) or len(stdout) > cap or len(stderr) > cap,
    )
