"""Stages: pure functions from a typed config and input folders to an output folder.

Theory of operation. `execute` computes a fingerprint over stage, config, seed and inputs. A finished
folder with that fingerprint is left alone. Otherwise the stage works in ``OUT.partial/``, whose
``.plan.json`` holds the fingerprint (`hpcraft.plan`): a later call with the same one finds the folder as the crash left
it and may resume from it, one with another fingerprint empties it first. When the stage returns, the manifest is
written, what only a resumed run would have needed is removed, and the folder takes the place of ``OUT/`` by rename. Two processes never work on
the same folder: a lock on the partial folder makes the second one stop. A folder that hpcraft did not
make is never emptied, replaced or removed.

A stage that ``keeps`` knows what each part of its output was made of. Its partial folder isn't emptied, and it sees the
finished folder that it is about to replace. When some parts can't be made, it returns the others with the fault; the fault is raised
and the folder stays partial, unless the caller takes what there is: then the manifest names what is missing, and the folder is never up to date.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hpcraft import __version__
from hpcraft.command import Command
from hpcraft.errors import ConfigError, DivergedError, HpcError, InputError, MachineError, is_disk_full
from hpcraft.executor import JOBS, Executor, default_executor
from hpcraft.plan import PLAN, mark_diverged, plan_of, prepare_partial
from hpcraft.store import (
    JSON,
    MANIFEST,
    Manifest,
    fsync_folder,
    hash_outputs,
    list_outputs,
    read_manifest,
    sha256_json,
    write_manifest,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    C = TypeVar("C", bound=DataclassInstance)
else:
    C = TypeVar("C")

_VERSIONED = ("hpcraft", "torch", "transformers", "tokenizers", "pyarrow", "tree-sitter")


def option(default: Any = MISSING, *, help: str, factory: Any = MISSING) -> Any:  # noqa: A002
    """A field of a stage config: its default and the sentence that ``--help`` and the docs show."""
    if factory is not MISSING:
        return field(default_factory=factory, metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """An input folder of a stage."""

    stage: str
    """Kind of stage that makes it; in a recipe, the stage of this name is taken unless ``inputs`` says otherwise."""
    help: str
    optional: bool = False
    foreign: bool = False
    """A folder of the user's that no stage made: its files' contents enter the fingerprint."""
    model: bool = False
    """A model of anybody's: a stage's folder, a folder that ``transformers`` loads, or the name of a repository in the Hub's cache here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What a stage is given to work with."""

    out: Path
    """The partial folder; what lies in it was left by an interrupted run of the same fingerprint."""
    inputs: Mapping[str, Path]
    """Input name to folder; optional inputs that were not given are absent."""
    seed: int
    executor: Executor = field(default_factory=default_executor)
    """Does the tasks of a stage that is ``parallel``."""
    earlier: Path | None = None
    """Of a stage that ``keeps``: the finished folder that the new one will replace, when its files are as they were written."""


@dataclass(kw_only=True, slots=True)
class Report:
    """What a stage returns: counts for the manifest."""

    rows: dict[str, int] = field(default_factory=dict)
    rejections: dict[str, int] = field(default_factory=dict)
    """Reason to count."""
    metrics: JSON = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What was left out on this machine and why, in words for people."""
    missing: list[str] = field(default_factory=list)
    """Parts that were asked for and could not be made."""
    fault: HpcError | None = None
    """Why they could not."""


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[C]):
    """A stage: its name, config class, inputs and function."""

    name: str
    summary: str
    example: str
    config: type[C]
    inputs: Mapping[str, Input]
    run: Callable[[C, Work], Report]
    version: int = 1
    """Raised when the same config would now give other output; makes old folders stale."""
    outside: Callable[[C], Mapping[str, str]] | None = None
    """What decides the output besides config and inputs, such as a hash of a folder that the config names."""
    pace: frozenset[str] = frozenset()
    """Config keys that say how fast it goes and decide nothing of the output: another value makes nothing stale."""
    parallel: bool = False
    """Whether it hands tasks to ``Work.executor``; its command then has the flags that say where they run."""
    keeps: bool = False
    """Whether it finds by itself what it can use of an earlier run's parts, and removes the others."""
    scratch: tuple[str, ...] = ()
    """Patterns of hidden paths that only a run that goes on needs; they are removed once the manifest is written."""
    alike: Callable[[C], C] | None = None
    """The config without what may be changed to go on from a `DivergedError`; each other change begins anew."""

    @property
    def command(self) -> Command:
        """The stage as a command of its own: every input and every config key is a flag."""
        from hpcraft.stage_command import command_of

        return command_of(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """What became of a stage."""

    manifest: Manifest
    skipped: bool
    """True when the folder was up to date and nothing was done."""
    fault: HpcError | None = None
    """Why some of what was asked for is missing."""


def fingerprint(stage: Stage[C], config: C, inputs: Mapping[str, Path], seed: int, hashes: Mapping[str, str] | None = None) -> str:
    """Hash of everything that decides the output of a stage.

    Args:
        stage: the stage.
        config: its settings.
        inputs: names to folders.
        seed: of everything random.
        hashes: those of the inputs, where they are known: a model's weights take a while to read.

    Raises:
        InputError: an input folder is unfinished.
    """
    return sha256_json(
        {
            "stage": stage.name,
            "version": stage.version,
            "config": _deciding(stage, config),
            "seed": seed,
            "inputs": dict(hashes) if hashes is not None else _input_hashes(stage, inputs),
            **({"outside": dict(stage.outside(config))} if stage.outside else {}),
        }
    )


def _deciding(stage: Stage[C], config: C) -> JSON:
    """The settings that decide the output."""
    return {key: value for key, value in asdict(config).items() if key not in stage.pace}


def _input_hashes(stage: Stage[C], inputs: Mapping[str, Path]) -> dict[str, str]:
    return {name: _input_hash(name, stage.inputs[name], folder) for name, folder in inputs.items()}


def _input_hash(name: str, spec: Input, folder: Path) -> str:
    if spec.foreign:
        return _foreign_hash(name, folder)
    if spec.model and not (folder / MANIFEST).is_file():
        from hpcraft.inference import find_folder

        return hash_outputs(list_outputs(find_folder(str(folder))))
    return read_manifest(folder).outputs_sha256


def _foreign_hash(name: str, folder: Path) -> str:
    """Of every file that isn't hidden, by path and content."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the folder of yours that input '{name}' is to be read from")
    return hash_outputs(list_outputs(folder))


def up_to_date(out: Path, wanted: str) -> Manifest | None:
    """The manifest of ``out`` when it is whole and has the fingerprint ``wanted``."""
    try:
        manifest = read_manifest(out)
    except InputError:
        return None
    return manifest if manifest.fingerprint == wanted and not manifest.missing and manifest.check_files(out) is None else None


def execute(
    stage: Stage[C],
    config: C,
    inputs: Mapping[str, Path],
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
    executor: Executor | None = None,
    incomplete: bool = False,
) -> Execution:
    """Run a stage into ``out``, or leave it alone when it is up to date; ``executor`` (default: this machine) decides nothing of what it writes.

    With ``incomplete`` the parts that could be made are put in place where others could not; the execution has the fault.

    Raises:
        ConfigError: another process works on ``out``, or ``out`` holds something that no stage wrote.
        InputError: an input folder is missing or unfinished.
    """
    _check_inputs(stage, inputs)
    hashes = _input_hashes(stage, inputs)
    wanted = fingerprint(stage, config, inputs, seed, hashes)
    if not force and (manifest := up_to_date(out, wanted)):
        return Execution(manifest=manifest, skipped=True)
    _check_ours(stage, out, force=force)
    partial = out.with_name(out.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    with locked(partial):
        if (partial / JOBS).exists():
            from hpcraft.slurm import cancel_left

            cancel_left(partial)
        alike = fingerprint(stage, stage.alike(config), inputs, seed, hashes) if stage.alike else ""
        notes = prepare_partial(partial, plan_of(wanted, alike, _deciding(stage, config)), fresh=force, keep=stage.keeps)
        earlier = out if stage.keeps and not force and _is_as_written(out) else None
        work = Work(out=partial, inputs=dict(inputs), seed=seed, executor=executor or default_executor(), earlier=earlier)
        # A crash just before the rename leaves a folder that is whole.
        whole = up_to_date(partial, wanted)
        done = Execution(manifest=whole, skipped=False) if whole else _work(stage, config, work, wanted, notes, incomplete=incomplete)
        _drop(partial, stage.scratch)
        _publish(partial, out)
    return done


def _is_as_written(out: Path) -> bool:
    try:
        return read_manifest(out).check_files(out, hashes=True) is None
    except InputError:
        return False


def _work(stage: Stage[C], config: C, work: Work, wanted: str, notes: list[str], *, incomplete: bool) -> Execution:
    """Run the stage in its partial folder and write the manifest."""
    (work.out / MANIFEST).unlink(missing_ok=True)
    begin = time.monotonic()
    try:
        report = stage.run(config, work)
    except DivergedError:
        mark_diverged(work.out)
        raise
    except Exception as error:
        if is_disk_full(error):  # which of the files it was, few say
            place = getattr(error, "filename", None) or work.out
            words = os.strerror(getattr(error, "errno", None) or errno.ENOSPC)
            raise MachineError(f"{place}: {words}; free some space and run the same command again, it resumes") from None
        raise
    if report.fault and not incomplete:
        raise report.fault
    outputs = list_outputs(work.out)
    manifest = Manifest(
        stage=stage.name,
        fingerprint=wanted,
        config=asdict(config),
        seed=work.seed,
        inputs=_input_hashes(stage, work.inputs),
        outputs=outputs,
        outputs_sha256=hash_outputs(outputs),
        rows=report.rows,
        rejections=dict(sorted(report.rejections.items())),
        metrics=report.metrics,
        notes=[*report.notes, *notes],
        missing=report.missing,
        versions=versions(),
        host=host(),
        seconds=round(time.monotonic() - begin, 3),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_manifest(work.out, manifest)
    # Read again, it is as later calls see it: lists for tuples.
    return Execution(manifest=read_manifest(work.out), skipped=False, fault=report.fault)


def versions() -> dict[str, str]:
    """Versions of hpcraft, Python and the libraries that shape results."""
    found = {"python": platform.python_version(), "hpcraft": __version__}
    for name in _VERSIONED[1:]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def host() -> dict[str, str | int]:
    """What the machine is, without its name."""
    return {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count() or 1}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process.

    Raises:
        ConfigError: another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigError(f"{folder}: another hpcraft process works on it; wait for it or give another folder") from None
    finally:
        os.close(descriptor)


def _check_inputs(stage: Stage[C], inputs: Mapping[str, Path]) -> None:
    for name, spec in stage.inputs.items():
        if name not in inputs and not spec.optional:
            raise ConfigError(f"{stage.name}: input '{name}' is missing; give the folder that `{spec.stage}` made")


def _check_ours(stage: Stage[C], out: Path, *, force: bool) -> None:
    """Refuse to replace what is not an earlier output of this stage."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; give another output folder")
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        made_by = read_manifest(out).stage
    except InputError:
        raise ConfigError(
            f"{out}: exists and was not written by this version of hpcraft; give another output folder or remove it"
        ) from None
    if made_by != stage.name and not force:
        raise ConfigError(f"{out}: holds what `{made_by}` made, not {stage.name}; give another output folder, or --force to replace it")


def _drop(partial: Path, scratch: Iterable[str]) -> None:
    """Remove what an unfinished run would have gone on from; the manifest is there, so that a crash in here loses nothing.

    What won't go, such as a file that is still mapped on a network file system, stays: it is hidden, and in no manifest.
    """
    for path in [path for pattern in scratch for path in partial.glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _publish(partial: Path, out: Path) -> None:
    """Put the finished folder in place; a crash between the two renames leaves no ``OUT``, and the next call finds ``OUT.partial`` whole."""
    old = out.with_name(f".{out.name}.replaced-by-hpcraft")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    fsync_folder(out.parent)
    (out / PLAN).unlink()
    shutil.rmtree(out / JOBS, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def summary_line(name: str, out: Path, execution: Execution) -> str:
    """One line for people about a stage that has ended."""
    manifest = execution.manifest
    rows = ", ".join(f"{count:,} {what}" for what, count in manifest.rows.items())
    state = "up to date" if execution.skipped else f"done in {manifest.seconds:.1f} s"
    return f"{name}: {state}{': ' + rows if rows else ''} -> {out}"
