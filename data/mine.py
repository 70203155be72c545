"""``hpcraft mine``: bring source code in, with its provenance.

Writes one row per code file to ``files-*.parquet`` and one per licence file to ``licences-*.parquet`` (both `SourceFile`), ordered by
source and path. Each source's rows stand in shards of their own, with a hidden note beside them: a run that was killed keeps
finished sources.

``metrics["by_package"]`` is ``{package: {"files": n, "bytes": n}}`` of code alone, ``metrics["versions"]`` is ``{package: version}``.
``rejections`` counts what was left out by reason, and under ``source-failed`` the sources of a list that couldn't be mined.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcraft.data.mining import Job, Limits, Mined, mine_jobs, remove_rows
from hpcraft.data.sources.base import Settings, check_spec, resolve
from hpcraft.data.sources.listed import Listed, expand
from hpcraft.errors import ConfigError, InputError
from hpcraft.progress import track
from hpcraft.records import SourceFile
from hpcraft.shards import read_rows
from hpcraft.stages import Report, Stage, Work, option


@dataclass(frozen=True, kw_only=True, slots=True)
class MineConfig:
    """What is mined."""

    sources: tuple[str, ...] = option(
        help="what to mine: debian:PACKAGE, pypi:PACKAGE==VERSION, git:URL-or-path@rev, archive:FILE-or-URL#sha256=HEX, path:DIR, "
        "hf:DATASET or hf:./FOLDER, list:FILE with one source a line"
    )
    max_files_per_package: int = option(0, help="keep at most this many code files of a package, chosen by hash of the path; 0 keeps all")
    max_rows_per_source: int = option(0, help="stop a source after this many files, for a first look at a large one; 0 takes all")
    max_file_bytes: int = option(1_000_000, help="larger files are left out")
    cache: str = option("", help="folder for downloads; empty means $XDG_CACHE_HOME/hpcraft or ~/.cache/hpcraft")
    offline: bool = option(False, help="never download; stop when something isn't in the cache")
    max_megabytes_per_second: float = option(0.0, help="bound on the rate of downloads, but for git: and hf:; 0 means none")
    num_workers: int = option(0, help="worker processes; 0 means one per core; the output doesn't depend on it")
    apt_folder: str = option("/etc/apt", help="where apt is configured, for debian: sources")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        if not self.sources:
            raise ConfigError("sources is empty; give at least one, such as debian:hypre or path:./src")
        for spec in self.sources:
            check_spec(spec)
        if len(set(self.sources)) != len(self.sources):
            raise ConfigError(f"sources names {Counter(self.sources).most_common(1)[0][0]} twice; give each source once")
        if self.max_file_bytes < 1:
            raise ConfigError("max_file_bytes must be 1 or more")
        for name in ("max_files_per_package", "max_rows_per_source", "max_megabytes_per_second", "num_workers"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more")


def run(config: MineConfig, work: Work) -> Report:
    """Mine every source; see the module for what is written.

    Raises:
        InputError: a source that isn't of a list can't be mined, two sources have one name, or there is no code.
        MachineError: git or a library is missing, or no archive of Debian is configured.
        PartialError: a worker process died; what is finished is kept.
    """
    settings = _settings(config, cache_folder(config.cache))
    limits = Limits(max_files_per_package=config.max_files_per_package, max_rows_per_source=config.max_rows_per_source)
    jobs = _jobs(config.sources)
    work_on = mine_jobs(jobs, settings, limits, work.out, config.num_workers or len(os.sched_getaffinity(0)))
    found = {job.number: mined for job, mined in track(work_on, "mine", total=len(jobs))}
    report = _gather(jobs, [found[job.number] for job in jobs], work.out)
    if not report.rows["files"]:
        raise InputError(f"no code found in {', '.join(config.sources)}; see the suffixes in docs/corpus.md{_first(report.notes)}")
    return report


def read_code(folder: Path) -> Iterator[SourceFile]:
    """The code files that `mine` wrote, by source and path."""
    return read_rows(folder, "files", SourceFile)


def read_licences(folder: Path) -> Iterator[SourceFile]:
    """The licence files that `mine` wrote, by source and path."""
    return read_rows(folder, "licences", SourceFile)


def _gather(jobs: Sequence[Job], found: Sequence[Mined], out: Path) -> Report:
    """Counts of all sources in their order; of two sources with one package the later can't stay."""
    report = Report(rows={"files": 0, "licences": 0})
    skipped: Counter[str] = Counter()
    by_package: dict[str, dict[str, int]] = {}
    versions: dict[str, str] = {}
    streamed: set[str] = set()
    for job, mined in zip(jobs, found, strict=True):
        failure = mined.failure
        # Two streams, such as two languages of one data set, may each hold a part of a repository.
        taken = versions.keys() - (streamed if mined.streamed else set())
        if twice := sorted(taken & mined.versions.keys()):
            failure = f"source {job.label}: another source is called {twice[0]!r} too; leave one out, or give a folder another name"
            if not job.tolerant:
                raise InputError(failure)
            remove_rows(job, out)
        if failure:
            skipped["source-failed"] += 1
            report.notes.append(failure)
            continue
        for package, counts in mined.packages.items():
            into = by_package.setdefault(package, {"files": 0, "bytes": 0})
            for what, count in counts.items():
                into[what] += count
                report.rows["files"] += count if what == "files" else 0
        versions |= mined.versions
        streamed |= mined.versions.keys() if mined.streamed else set()
        skipped.update(mined.skipped)
        report.rows["licences"] += mined.num_licences
        if not mined.packages:
            report.notes.append(f"{job.label} holds no C, C++, CUDA or Fortran file")
    report.rejections = dict(skipped)
    report.metrics = {"by_package": by_package, "versions": versions}
    return report


def _jobs(sources: Sequence[str]) -> list[Job]:
    """The sources with lists written out, each once."""
    found: dict[str, Listed] = {}
    tolerant: set[str] = set()
    for spec in sources:
        kind, _, rest = spec.partition(":")
        if kind != "list":
            found[spec] = Listed(spec, spec)
            continue
        for listed in expand(rest.strip()):
            if listed.label not in found:
                found[listed.label] = listed
                tolerant.add(listed.label)
    width = max(3, len(str(len(found) - 1)))
    return [
        Job(number=f"{n:0{width}}", spec=item.spec, label=label, package=item.package, tolerant=label in tolerant)
        for n, (label, item) in enumerate(found.items())
    ]


def _first(notes: Sequence[str]) -> str:
    return f" ({notes[0]})" if notes else ""


def local_versions(config: MineConfig) -> dict[str, str]:
    """The version of each source on this machine as it is now, so that edited code is mined again.

    Sources that are fetched stay as they were mined until ``--force``: asking for news would need the network each time.
    """
    settings = _settings(config, Path())
    found = {}
    for job in _jobs(config.sources):
        kind, _, rest = job.spec.partition(":")
        is_local = {"path": True, "archive": "://" not in rest, "hf": Path(rest).expanduser().exists()}.get(kind, False)
        try:
            found[job.label] = resolve(job.spec, settings).version if is_local else ""
        except InputError:
            if not job.tolerant:
                raise
    return found


def _settings(config: MineConfig, cache: Path) -> Settings:
    return Settings(
        cache=cache,
        offline=config.offline,
        max_file_bytes=config.max_file_bytes,
        apt_folder=Path(config.apt_folder),
        max_megabytes_per_second=config.max_megabytes_per_second,
    )


def cache_folder(given: str) -> Path:
    """The folder for downloads, made when missing.

    Raises:
        InputError: it can't be a folder.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(given).expanduser() if given else Path(base).expanduser() / "hpcraft"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise InputError(f"cache {folder}: can't be made a folder ({error.strerror}); give --cache a folder that can be written") from None
    return folder.resolve()


STAGE = Stage(
    name="mine",
    summary="bring source code in, with its provenance",
    example="hpcraft mine --sources '[debian:hypre, path:./src]' -o files",
    config=MineConfig,
    inputs={},
    run=run,
    version=2,
    outside=local_versions,
)
COMMAND = STAGE.command
