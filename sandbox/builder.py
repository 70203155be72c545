"""Build a job once, run the result as often as wanted.

The compile box and the run boxes are different ones: a run sees the program and its data, not the sources. Failures
of the sandbox itself are tried again, and then told as `Verdict.INFRA_ERROR`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError, MachineError, UnreadableError
from hpcraft.sandbox import folders, python, races, toolchains
from hpcraft.sandbox.compilation import MOST_PREPROCESSED_MB, PREPROCESSED, Compilation, Compiled
from hpcraft.sandbox.cores import lease
from hpcraft.sandbox.cuda import build as emulation
from hpcraft.sandbox.cuda import faults
from hpcraft.sandbox.cuda.device import READ, Device, device, on_device
from hpcraft.sandbox.cuda.levels import resolved
from hpcraft.sandbox.elf import Symbols, symbols
from hpcraft.sandbox.environment import environment
from hpcraft.sandbox.isolation import choose
from hpcraft.sandbox.jail import Jail, Step
from hpcraft.sandbox.outcome import CompileOutcome, CudaLevel, Job, Limits, Outcome, Run, Verdict
from hpcraft.sandbox.planned import planned
from hpcraft.sandbox.ranks import command as rank_command
from hpcraft.sandbox.ranks import run_ranks
from hpcraft.sandbox.requests import check_job, check_run
from hpcraft.sandbox.schedules import under_schedules
from hpcraft.sandbox.steps import Steps
from hpcraft.sandbox.supervise import Ended
from hpcraft.sandbox.sweep import RANKS, Swept, sweep
from hpcraft.sandbox.verdicts import describe, judge

if TYPE_CHECKING:
    from hpcraft.sandbox.calls import Channel

_TELLING = re.compile(r"\b(fatal )?[Ee]rror\b(?!s)|undefined reference|multiple definition")
_ENV = "/usr/bin/env"


class Build:
    """A built job; a context manager that removes what was built."""

    def __init__(self, job: Job, jail: Jail, folder: Path, plan: toolchains.Plan | toolchains.Unsupported, stop: Event | None) -> None:
        self._job, self._jail, self._folder, self._plan = job, jail, folder, plan
        self._steps = Steps(jail, folder, stop)
        self._symbols: dict[str, Symbols] | None = None
        self._ahead: Build | None = None
        self.outcome = self._make()
        """What became of building: ``ok``, ``compile_error``, ``unsupported`` or ``infra_error``."""

    def __enter__(self) -> Build:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def ok(self) -> bool:
        """Whether the build succeeded."""
        return self.outcome.ok

    @property
    def runnable(self) -> bool:
        """Whether there is something to run; CUDA at the level ``compile`` has nothing."""
        return self.ok and (self._python or (isinstance(self._plan, toolchains.Plan) and self._plan.links))

    def put_ahead(self, other: Build) -> None:
        """Let another build of the same program run before this one: what it doesn't build, or finds at run time, is the outcome."""
        self._ahead = other
        if not other.ok:
            self.outcome = other.outcome

    def close(self) -> None:
        """Remove what was built."""
        if self._ahead:
            self._ahead.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, run: Run) -> Outcome:
        """Execute the program once, in a box of its own; where nothing can be run, the outcome of the build."""
        if not self.runnable:
            return self.outcome
        check_run(run)
        if run.calls and len(run.calls.rounds) == 1:
            (one,) = run.calls.rounds
            run = replace(run, ranks=one.ranks, threads=one.threads, schedule=one.schedule)
        if run.schedules > 1 and emulation.emulated(self._job):
            return under_schedules(self.run, run)
        if self._ahead and not run.schedule:
            found = self._ahead.run(run)
            if found.verdict is Verdict.RUNTIME_ERROR:  # its limits are not the program's: it is slower, and needs more memory
                return found
        with self._written(run.data) as data, self._cores(run) as cores, self._channel(run) as channel:
            beside = self._program_files() | data
            commands, tools = self._commands(run)
            ranks = self._job.model.startswith("mpi") and not self._python
            gpu = self._device
            step = Step(
                commands=commands,
                limits=_with_room(run),
                environment=environment(tools, self._job, run),
                beside=beside,
                toolchains=(*toolchains.folders_outside(tools), *(gpu.libraries if gpu else ()), *self._packages),
                stdin=run.stdin,
                collect=(*run.collect, *((faults.FILE,) if emulation.emulated(self._job) else ())),
                fixed_addresses=self._job.check != "none",
                cores=cores,
                few_settings=not ranks,
                devices=gpu.nodes if gpu else (),
                machine=READ if gpu else (),
                calls=channel,
            )
            if ranks:
                outcome = run_ranks(step, self._job, run, self._steps.execute)
            else:
                ended = self._steps.execute(step)
                outcome = faults.judged(judge(ended, self._job, run.limits), self._report(step, ended))
            called, progress = channel.read() if channel else ((), ())
        return replace(
            outcome,
            compile=self.outcome.compile,
            isolation=self._jail.isolation,
            cuda_level=self._level,
            cuda_device=gpu.name if gpu else None,
            called=called,
            progress=progress,
        )

    def _channel(self, run: Run) -> AbstractContextManager[Channel | None]:
        return run.calls.opened() if run.calls else nullcontext(None)

    @contextmanager
    def _written(self, files: Mapping[str, bytes]) -> Iterator[dict[str, Path]]:
        if not files:
            yield {}
            return
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="data-") as name:
            yield _write(Path(name), files)

    def sweep(self, run: Run, ranks: Iterable[int] = RANKS, threads: Iterable[int] = (1,)) -> Iterator[Swept]:
        """Execute the program with each number of ranks and of threads, lazily and in order."""
        return sweep(self.run, run, ranks, threads)

    def symbols(self, name: str | None = None) -> frozenset[str]:
        """The symbols that the objects leave undefined: what they call. Of one source file, or of all."""
        return frozenset[str]().union(*(of.undefined for of in self._of_sources(name)))

    def defined(self, name: str | None = None) -> dict[str, str]:
        """The symbols that the objects define for others, and their kinds (`hpcraft.sandbox.elf`). Of one source file, or of all."""
        return {symbol: kind for of in self._of_sources(name) for symbol, kind in of.defined.items()}

    def _of_sources(self, name: str | None) -> list[Symbols]:
        if not self.ok or not isinstance(self._plan, toolchains.Plan) or not self._plan.objects:
            return []
        if self._symbols is None:
            self._symbols = self._read_symbols(self._plan.objects)
        if name is None:
            return list(self._symbols.values())
        if name not in self._symbols:
            raise ConfigError(f"{name} is not a compiled source of this job; there are {', '.join(self._symbols)}")
        return [self._symbols[name]]

    def preprocessed(self, name: str) -> str:
        """What the preprocessor makes of a source file by the flags of its build, definitions kept, with the lines that name files.

        Raises:
            UnreadableError: it makes too much.
            MachineError: it failed.
        """
        if not self.ok or not isinstance(self._plan, toolchains.Plan) or name not in self._plan.objects:
            raise ConfigError(f"{name} is not a compiled source of this job, or was not built")
        return _preprocessed(Compilation(self._job, self._plan, self._steps, self._folder), name)

    def objects(self) -> dict[str, bytes]:
        """The object of each source file, by the name of the source; hostile bytes. Empty where the build failed."""
        if not self.ok or not isinstance(self._plan, toolchains.Plan):
            return {}
        return {source: (self._folder / name).read_bytes() for source, name in self._plan.objects.items()}

    def _cores(self, run: Run) -> AbstractContextManager[tuple[int, ...]]:
        if not run.pin:
            return nullcontext(())
        shapes = [(one.ranks, one.threads) for one in run.calls.rounds] if run.calls else [(run.ranks, run.threads)]
        return lease(max(threads * (ranks if self._job.model.startswith("mpi") else 1) for ranks, threads in shapes))

    @property
    def _python(self) -> bool:
        return self._job.language == "python"

    @property
    def _packages(self) -> tuple[Path, ...]:
        return python.folders(self._job) if self._python else ()

    def _make(self) -> Outcome:
        job, plan = self._job, self._plan
        if isinstance(plan, toolchains.Unsupported):
            return Outcome(verdict=Verdict.UNSUPPORTED, message=plan.message, by_source=plan.by_source, cuda_level=self._level)
        if self._python:
            _write(self._folder / "src", job.files)
            return Outcome(verdict=Verdict.OK, isolation=self._jail.isolation)
        return self._judge_compile(Compilation(job, plan, self._steps, self._folder).run(), plan)

    def _judge_compile(self, made: Compiled, plan: toolchains.Plan) -> Outcome:
        ended = made.ended
        if ended.reason == "exec":  # whatever keeps a compiler from starting, it isn't the source
            ended = replace(ended, reason="failed", error=f"{made.commands[-1][0]} {ended.error}")
        facts = describe(ended)
        failed = (Verdict.RUNTIME_ERROR, Verdict.SIGNALED)
        compiled = CompileOutcome(
            verdict=Verdict.COMPILE_ERROR if facts.verdict in failed else facts.verdict,
            exit_code=facts.exit_code,
            signal=facts.signal,
            wall_seconds=facts.wall_seconds,
            cpu_seconds=facts.cpu_seconds,
            peak_memory_bytes=facts.peak_memory_bytes,
            stdout=facts.stdout,
            stderr=facts.stderr,
            truncated=facts.truncated,
            command="\n".join(shlex.join(command) for command in made.commands),
            compiler="; ".join(dict.fromkeys(toolchains.version(tool) for tool in plan.tools)),
        )
        verdict: Verdict = facts.verdict if facts.verdict in (Verdict.OK, Verdict.INFRA_ERROR) else Verdict.COMPILE_ERROR
        message = facts.message if verdict is Verdict.INFRA_ERROR else _first_error(compiled)
        if gap := toolchains.gap(self._job, facts.stderr) if verdict is Verdict.COMPILE_ERROR else "":
            verdict, message = Verdict.UNSUPPORTED, gap
        if made.in_prelude and verdict is Verdict.COMPILE_ERROR:
            message = f"the prelude {self._job.prelude}: {message}"
        return Outcome(
            verdict=verdict,
            compile=compiled,
            isolation=self._jail.isolation,
            cuda_level=self._level,
            message=message,
            by_source=bool(gap),
        )

    @property
    def _level(self) -> CudaLevel | None:
        return self._job.cuda if self._job.model in toolchains.DEVICE_MODELS else None

    @property
    def _device(self) -> Device | None:
        found = device() if on_device(self._job) else None
        return found if isinstance(found, Device) else None

    def _program_files(self) -> dict[str, Path]:
        if self._python:
            return {name: self._folder / "src" / name for name in self._job.files}
        return {toolchains.PROGRAM: self._folder / toolchains.PROGRAM}

    def _commands(self, run: Run) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """The words to execute, for each round where there are calls, and the tools that they need."""
        if run.calls is None:
            command, tools = self._command(run)
            return (command,), tools
        commands = []
        tools = ()
        for one in run.calls.rounds:
            command, tools = self._command(replace(run, ranks=one.ranks))
            own = (f"OMP_NUM_THREADS={one.threads}", f"NUMBA_NUM_THREADS={one.threads}", f"HPCRAFT_CUDA_SCHEDULE={one.schedule}")
            commands.append((_ENV, *own, *command) if len(run.calls.rounds) > 1 else command)
        return tuple(commands), tools

    def _command(self, run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words to execute, and the tools that they need."""
        if self._python:
            main = next(name for name in self._job.files if name.endswith(".py"))
            return (python.interpreter(self._job), main, *run.args), (python.interpreter(self._job),)
        assert isinstance(self._plan, toolchains.Plan)
        program = (f"./{toolchains.PROGRAM}", *run.args)
        if self._job.model.startswith("mpi"):
            mpirun = toolchains.find("mpirun") or ""
            return rank_command(mpirun, program, run.ranks), (*self._plan.tools, mpirun)
        return program, self._plan.tools

    def _report(self, step: Step, ended: Ended) -> str:
        """What the emulator told of a fault, with lines by ``addr2line``, in a box: it reads hostile bytes."""
        text, addr2line = faults.report(ended.outputs), toolchains.find("addr2line")
        places = faults.addresses(text)
        if not places or addr2line is None:
            return text
        lookup = Step(
            commands=((addr2line, "-a", "-i", "-e", toolchains.PROGRAM, *places),),
            limits=Limits(memory_mb=1024),
            environment=step.environment,
            beside={toolchains.PROGRAM: step.beside[toolchains.PROGRAM]},
            toolchains=toolchains.folders_outside((addr2line,)),
        )
        return faults.named(text, self._steps.execute(lookup).stdout.decode(errors="replace"))

    def _read_symbols(self, objects: Mapping[str, str]) -> dict[str, Symbols]:
        found = {}
        for source, name in objects.items():
            try:
                found[source] = symbols((self._folder / name).read_bytes())
            except InputError as error:  # an empty answer would say that nothing is called
                raise MachineError(f"cannot list the symbols of {source}: {error}") from None
        return found


def build(job: Job, stop: Event | None = None) -> Build:
    """Build a job; setting ``stop`` from another thread ends it early."""
    check_job(job)
    jail, job = choose(job.min_isolation, job.tier), resolved(job)
    built = _build(job, jail, stop)
    if built.ok and emulation.emulated(job) and job.check == "address":
        try:
            built.put_ahead(_build(replace(job, check="host"), jail, stop))
        except BaseException:
            built.close()
            raise
    return built


def _build(job: Job, jail: Jail, stop: Event | None) -> Build:
    emulated = emulation.translated(job) if emulation.emulated(job) else races.with_runtime(job)
    if isinstance(emulated, str):
        plan: toolchains.Plan | toolchains.Unsupported = toolchains.Unsupported(message=emulated, by_source=True)
    else:
        job = emulated
        plan = planned(job, jail)
    base = folders.base(jail)
    folders.sweep(Path(base))
    folder = Path(tempfile.mkdtemp(prefix=f"{folders.PREFIX}{os.getpid()}-", dir=base))
    try:
        return Build(job, jail, folder, plan, stop)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def preprocess(job: Job, name: str) -> str:
    """What the preprocessor makes of one source of a job that need not build, as `Build.preprocessed` has it."""
    check_job(job)
    jail, job = choose(job.min_isolation, job.tier), resolved(job)
    plan = planned(job, jail)
    if isinstance(plan, toolchains.Unsupported):
        raise MachineError(plan.message)
    with tempfile.TemporaryDirectory(prefix=f"{folders.PREFIX}{os.getpid()}-", dir=folders.base(jail)) as folder:
        return _preprocessed(Compilation(job, plan, Steps(jail, Path(folder), None), Path(folder)), name)


def _preprocessed(compilation: Compilation, name: str) -> str:
    ended = compilation.preprocess(name)
    content, most = ended.outputs.get(PREPROCESSED, b""), MOST_PREPROCESSED_MB << 20
    if ended.reason == "exited" and ended.exit_code == 0 and len(content) <= most:
        return content.decode(errors="replace")
    if (
        len(content) >= most or ended.signal or ended.reason in ("memory", "cpu")
    ):  # a compiler that may not write more leaves no file, or a full one
        raise UnreadableError(f"the preprocessor makes more than {MOST_PREPROCESSED_MB} MB of {name}; use smaller macros")
    facts = describe(ended)
    raise MachineError(f"the preprocessor failed on {name} ({facts.stderr.strip()[:200] or facts.message or facts.verdict})")


def run(job: Job, stop: Event | None = None) -> Outcome:
    """Build and run a job."""
    with build(job, stop) as built:
        return built.run(job.run)


def _with_room(run: Run) -> Limits:
    """The limits of a run, which are not for what the launcher itself puts into the box."""
    if run.calls is None:
        return run.limits
    room_mb = -(-run.calls.box_bytes >> 20)
    return replace(run.limits, disk_mb=run.limits.disk_mb + room_mb, file_mb=run.limits.file_mb or run.limits.disk_mb)


def _write(folder: Path, files: Mapping[str, bytes]) -> dict[str, Path]:
    written = {}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
        written[name] = path
    return written


def _first_error(compiled: CompileOutcome) -> str:
    """The line that a person wants to see first."""
    if compiled.verdict is Verdict.OK:
        return ""
    if compiled.verdict is not Verdict.COMPILE_ERROR:
        return f"the compiler ran into its {compiled.verdict.replace('_', ' ')}"
    lines = [line.strip() for line in compiled.stderr.splitlines() if line.strip()]
    return next((line for line in lines if _TELLING.search(line)), lines[-1] if lines else "the compiler failed")[:300]
