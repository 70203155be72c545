"""Where the tasks of a stage run: worker processes of this machine, or job arrays of Slurm.

A stage hands `Executor.map` a function that can be imported by name and tasks that pickle; each task writes its own output
below the stage's folder, atomically, so that doing it twice does no harm. Where tasks run decides nothing about what they write: it
is no part of the recipe nor of a stage's fingerprint, but is said on the command line or in the environment. Not covered:
results that travel back (a task writes files), tasks that talk to each other.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, get_args, get_type_hints, runtime_checkable

from hpcraft.errors import ConfigError, nearest

T = TypeVar("T")

Kind = Literal["local", "slurm"]
KINDS: tuple[str, ...] = get_args(Kind)

JOBS = ".slurm"
"""Folder below a stage's where Slurm jobs have their logs and journals; it is there while they run, and after a fault."""

KIND_VARIABLE = "HPCRAFT_EXECUTOR"
SLURM_VARIABLE = "HPCRAFT_SLURM"
_RAW = "sbatch."


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A command that spreads over processes and nodes by itself, as torchrun does."""

    command: Callable[[tuple[str, ...]], list[str]]
    """Makes the command from torchrun's words about the nodes."""
    processes: int
    """On each node."""
    marks: tuple[Path, ...]
    """Files of which it leaves one when it has ended for good."""
    late: Path
    """A file that it leaves when it has ended before its time was up, and is to be put back into the queue."""


class Executor(Protocol):
    """Does tasks side by side."""

    def map(self, function: Callable[[T], None], tasks: Sequence[T], *, folder: Path, label: str) -> None:
        """Return when ``function`` has done every task; ``folder`` is the stage's, ``label`` a word for the progress bar.

        Raises:
            HpcError: what a task raised, as it is.
            MachineError: a task was lost more than once, or the machine lacks what the executor needs.
        """
        ...


@runtime_checkable
class Spreading(Protocol):
    """An executor that can run a program over processes and nodes; those of `make_executor` can."""

    def run(self, program: Program, *, folder: Path, label: str) -> Path:
        """Return when ``program`` has ended, in whatever way; the file with what it said on stderr.

        Raises:
            ConfigError: it could never begin.
            MachineError: the machine lacks what the executor needs.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorConfig:
    """Where tasks run and, with Slurm, what a job asks for."""

    kind: Kind = "local"
    num_workers: int = 0
    """Worker processes on this machine; 0 means one per core that it may use."""
    partition: str = ""
    account: str = ""
    qos: str = ""
    time_minutes: int = 60
    """Time limit of a job."""
    memory_gb: float = 0
    """Memory of a job; 0 leaves it to the partition's default."""
    cpus_per_task: int = 1
    """Cores of a job, which does as many tasks at a time."""
    max_parallel: int = 64
    """Jobs that may run at a time."""
    max_array_size: int = 1000
    """Jobs in one array; at most the site's ``MaxArraySize`` (``scontrol show config``)."""
    tasks_per_job: int = 0
    """Tasks that a job does one after the other; 0 shares them out over at most four jobs for each that may run at a time."""
    extra: tuple[tuple[str, str], ...] = ()
    """Other options of sbatch; an empty value makes a bare switch."""
    setup: tuple[str, ...] = ()
    """Shell lines at the head of each job, such as ``module load gcc``."""

    def __post_init__(self) -> None:
        """Refuse what no cluster could do."""
        for name in ("time_minutes", "cpus_per_task", "max_parallel", "max_array_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least 1")
        for name in ("num_workers", "memory_gb", "tasks_per_job"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name}={getattr(self, name)}: must be 0 or more")


def make_executor(config: ExecutorConfig) -> Executor:
    """The executor of a config."""
    if config.kind == "slurm":
        from hpcraft.slurm import SlurmExecutor

        return SlurmExecutor(config)
    from hpcraft.local import LocalExecutor

    return LocalExecutor(config.num_workers)


def default_executor() -> Executor:
    """What a stage gets that is called from Python with no word about it: this machine."""
    return make_executor(ExecutorConfig())


def runs_here(executor: Executor) -> bool:
    """Whether tasks are done on this machine, where what one process has loaded had better serve for all."""
    from hpcraft.local import LocalExecutor

    return isinstance(executor, LocalExecutor)


def task_names(tasks: Sequence[object]) -> str:
    """A few tasks in words, for a message: the field ``name`` of those that have one, else how they print."""
    named = [textwrap.shorten(str(getattr(task, "name", None) or repr(task)), 80, placeholder="...") for task in tasks[:3]]
    return ", ".join(named) + (f" and {len(tasks) - 3} more" if len(tasks) > 3 else "")


# ---------------------------------------------------------------- on the command line


def add_executor_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a command whose tasks an executor runs."""
    parser.add_argument("--executor", choices=KINDS, help=f"where tasks run (default: ${KIND_VARIABLE}, else local); see docs/slurm.md")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="worker processes with local; 0 means one per core (default)")
    parser.add_argument(
        "--slurm",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"what a Slurm job asks for, such as partition=cpu or {_RAW}constraint=milan (defaults: ${SLURM_VARIABLE})",
    )


def from_arguments(args: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> ExecutorConfig:
    """The executor that flags and environment ask for.

    Raises:
        ConfigError: a key or value that isn't allowed, or Slurm's options without Slurm.
    """
    if args.workers < 0:
        raise ConfigError(f"--workers {args.workers}: give 0 for one per core, or more")
    kind = args.executor or environment.get(KIND_VARIABLE) or "local"
    if kind not in KINDS:
        raise ConfigError(f"{KIND_VARIABLE}={kind}: not an executor{nearest(kind, KINDS)}; it is {' or '.join(KINDS)}")
    if kind == "local":
        if args.slurm:
            raise ConfigError(f"--slurm {args.slurm[0]}: says something about Slurm jobs, and tasks run here; add --executor slurm")
        return ExecutorConfig(num_workers=args.workers)
    try:
        defaults = shlex.split(environment.get(SLURM_VARIABLE, ""))
    except ValueError as error:
        raise ConfigError(f"{SLURM_VARIABLE}: {error}; give KEY=VALUE words separated by blanks") from None
    given = _pairs(defaults, SLURM_VARIABLE) | _pairs(args.slurm, "--slurm")
    return ExecutorConfig(kind="slurm", num_workers=args.workers, **given)


def _pairs(words: Sequence[str], where: str) -> dict[str, Any]:
    """``KEY=VALUE`` words as fields of `ExecutorConfig`."""
    hints = get_type_hints(ExecutorConfig)
    keys = [f.name for f in fields(ExecutorConfig) if f.name not in ("kind", "num_workers", "extra")]
    given: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if key.startswith(_RAW) and len(key) > len(_RAW):
            option = (key.removeprefix(_RAW).replace("_", "-"), value)
            given["extra"] = (*(old for old in given.get("extra", ()) if old[0] != option[0]), option)
        elif key not in keys:
            raise ConfigError(f"{where} {word}: no such key{nearest(key, keys)}; allowed: {', '.join(keys)}, {_RAW}OPTION")
        elif not sign or not value:
            raise ConfigError(f"{where} {word}: no value; write {key}=VALUE")
        elif key == "setup":
            given[key] = (*given.get(key, ()), value)
        else:
            given[key] = _number(hints[key], value, f"{where} {word}")
    return given


def _number(kind: type, text: str, where: str) -> object:
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"{where}: {text!r} is no {'whole number' if kind is int else 'number'}") from None
