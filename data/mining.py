"""One source mined into shards of its own, and many of them in worker processes.

Theory of operation. A job is a source with its number; it writes ``files-NNN-*`` and ``licences-NNN-*`` and then a hidden note
that says what came of it. A job whose note is there and still holds is done, so a run that was killed keeps what it
finished, and what it had begun is written anew. Jobs share nothing but the cache, which has locks: neither their order nor the
number of workers shows in the output. Sources known to be large begin first, so that no worker is left alone with one at the end.

Not covered: sharing one source out among workers.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings, resolve
from hpcraft.data.sources.wanted import is_licence_material
from hpcraft.data.workers import kill_pool, worker_pool
from hpcraft.errors import InputError, PartialError
from hpcraft.progress import set_quiet, track
from hpcraft.records import SourceFile
from hpcraft.shards import ShardWriter
from hpcraft.store import read_json, sha256_bytes, write_json

_SHARD_NAME_CHARACTERS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One source to be mined."""

    number: str
    """Of fixed width, so that shards sort by it."""
    spec: str
    label: str
    """The source as its rows name it; differs from ``spec`` where that holds a path of this machine."""
    package: str = ""
    """Overrides the source's own."""
    tolerant: bool = False
    """Whether a failure is reported and the others go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much is taken of one source."""

    max_files_per_package: int
    max_rows_per_source: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mined:
    """What came of one source."""

    label: str
    package: str
    version: str
    packages: dict[str, dict[str, int]] = field(default_factory=dict)
    """Package to ``{"files": n, "bytes": n}`` of its code."""
    versions: dict[str, str] = field(default_factory=dict)
    num_licences: int = 0
    streamed: bool = False
    """Whether the rows name their packages themselves, so that another stream may hold files of the same ones."""
    skipped: dict[str, int] = field(default_factory=dict)
    failure: str = ""
    """Why a tolerant job came to nothing."""


def mine_jobs(jobs: Sequence[Job], settings: Settings, limits: Limits, out: Path, num_workers: int) -> Iterator[tuple[Job, Mined]]:
    """Mine every job, in no fixed order.

    Raises:
        PartialError: a worker process died.
    """
    if min(num_workers, len(jobs)) <= 1:
        yield from ((job, mine_job(job, settings, limits, out)) for job in jobs)
        return
    pool = worker_pool(min(num_workers, len(jobs)))
    try:
        begun: dict[Future[Mined], Job] = {
            pool.submit(_in_worker, job, settings, limits, out): job for job in sorted(jobs, key=lambda job: -_known_bytes(job, settings))
        }
        for future in as_completed(begun):
            yield begun[future], future.result()
    except BrokenProcessPool:
        raise PartialError(
            "a worker process died, killed or out of memory; finished sources are kept: run the same command again to resume, "
            "or begin anew with num_workers=1 where memory is short"
        ) from None
    finally:
        kill_pool(pool)


def _in_worker(job: Job, settings: Settings, limits: Limits, out: Path) -> Mined:
    set_quiet(True)  # the bar of the process that waits for us says it all
    return mine_job(job, settings, limits, out)


def mine_job(job: Job, settings: Settings, limits: Limits, out: Path) -> Mined:
    """Mine one source, unless its note says that it was done before."""
    try:
        return _mine(job, settings, limits, out)
    except InputError as error:
        if not job.tolerant:
            raise
        remove_rows(job, out)
        return Mined(label=job.label, package=job.package, version="", failure=str(error))


def remove_rows(job: Job, out: Path) -> None:
    """Remove what a job wrote, its note first."""
    _note(job, out).unlink(missing_ok=True)
    for kind in ("files", "licences"):
        for stale in out.glob(f"{kind}-{job.number}-*.parquet"):
            stale.unlink()


def _mine(job: Job, settings: Settings, limits: Limits, out: Path) -> Mined:
    source = resolve(job.spec, settings)
    source = replace(source, spec=job.label, package=job.package or source.package)
    note = _note(job, out)
    if note.exists():
        known = Mined(**read_json(note))
        if (known.label, known.package, known.version) == (job.label, source.package, source.version):
            return known
    remove_rows(job, out)
    mined = Mined(label=job.label, package=source.package, version=source.version)
    num_licences, streamed = 0, False
    with source.open() as opened, ExitStack() as stack:
        name = f"{job.number}-{re.sub(r'[^A-Za-z0-9.+_-]', '-', source.package)[:_SHARD_NAME_CHARACTERS]}"
        code = stack.enter_context(ShardWriter(out, f"files-{name}", SourceFile))
        licences = stack.enter_context(ShardWriter(out, f"licences-{name}", SourceFile))
        streamed = not isinstance(opened.entries, list)
        total = len(opened.entries) if isinstance(opened.entries, list) else None
        for row in track(_rows(source, opened, limits), f"mine {source.package}", total=total):
            mined.versions.setdefault(row.package, row.version)
            if is_licence_material(row.path):
                licences.write(row)
                num_licences += 1
                continue
            code.write(row)
            counts = mined.packages.setdefault(row.package, {"files": 0, "bytes": 0})
            counts["files"] += 1
            counts["bytes"] += len(row.content)
    mined = replace(mined, num_licences=num_licences, streamed=streamed, skipped=dict(sorted((+opened.skipped).items())))
    write_json(note, {name: getattr(mined, name) for name in Mined.__slots__})
    return mined


def _note(job: Job, out: Path) -> Path:
    return out / f".source-{job.number}.json"


def _rows(source: Resolved, opened: Opened, limits: Limits) -> Iterator[SourceFile]:
    num_rows = 0
    for entry in _capped(opened, limits.max_files_per_package):
        try:
            content = entry.read()
        except OSError:
            opened.skipped["unreadable"] += 1
            continue
        yield SourceFile(
            source=source.spec,
            package=entry.package or source.package,
            version=entry.version or source.version,
            path=entry.path,
            sha256=sha256_bytes(content),
            content=content,
            year=entry.year,
            declared=entry.declared,
        )
        num_rows += 1
        if num_rows == limits.max_rows_per_source:
            return


def _capped(opened: Opened, most: int) -> Iterable[Entry]:
    """The entries without those over the cap of their package; licence files never count.

    Of a listed package a sample by hash of the path is kept, of a streamed one what comes first.
    """
    if not most:
        return opened.entries
    if not isinstance(opened.entries, list):
        return _first_of_each(opened, most)
    code = [e.path for e in opened.entries if not is_licence_material(e.path)]
    dropped = set(sorted(code, key=lambda path: hashlib.sha256(path.encode()).digest())[most:])
    opened.skipped["file-cap"] += len(dropped)
    return [e for e in opened.entries if e.path not in dropped]


def _first_of_each(opened: Opened, most: int) -> Iterator[Entry]:
    seen: Counter[str] = Counter()
    for entry in opened.entries:
        if is_licence_material(entry.path) or seen[entry.package] < most:
            seen[entry.package] += not is_licence_material(entry.path)
            yield entry
        else:
            opened.skipped["file-cap"] += 1


def _known_bytes(job: Job, settings: Settings) -> int:
    """How large a source is as far as the cache tells at once."""
    kind, _, rest = job.spec.partition(":")
    folder = settings.cache / kind / rest
    if kind != "debian" or not folder.is_dir():
        return 0
    return sum(file.stat().st_size for file in folder.iterdir())
