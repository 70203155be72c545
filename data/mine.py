"""``hpcraft mine``: bring source code in, with its provenance.

Writes one row per wanted file to ``files-*.parquet``, ordered by source and path. Each source's rows stand in
shards of their own, with a hidden note beside them: a run that was killed keeps finished sources.

``metrics["by_package"]`` is ``{package: {"files": n, "bytes": n}}``, ``metrics["versions"]`` is ``{package: version}``;
both count code and licence files. ``rejections`` counts what was left out by reason.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcraft.data.sources.base import Entry, Opened, Resolved, Settings, check_spec, resolve
from hpcraft.data.sources.wanted import is_licence_material
from hpcraft.errors import ConfigError, InputError
from hpcraft.progress import track
from hpcraft.records import SourceFile
from hpcraft.stages import Report, Stage, Work, option
from hpcraft.store import ShardWriter, read_json, sha256_bytes, write_json


@dataclass(frozen=True, kw_only=True, slots=True)
class MineConfig:
    """What is mined."""

    sources: tuple[str, ...] = option(help="what to mine: debian:PACKAGE, path:DIR, git:URL-or-path@rev")
    max_files_per_package: int = option(0, help="keep at most this many code files of a package, chosen by hash of the path; 0 keeps all")
    max_file_bytes: int = option(1_000_000, help="larger files are left out")
    cache: str = option("", help="folder for downloads; empty means $XDG_CACHE_HOME/hpcraft or ~/.cache/hpcraft")
    offline: bool = option(False, help="never download; stop when something isn't in the cache")
    apt_folder: str = option("/etc/apt", help="where apt is configured, for debian: sources")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        if not self.sources:
            raise ConfigError("sources is empty; give at least one, such as debian:hypre or path:./src")
        for spec in self.sources:
            check_spec(spec)
        if len(set(self.sources)) != len(self.sources):
            raise ConfigError(f"sources names {Counter(self.sources).most_common(1)[0][0]} twice; give each source once")
        if self.max_files_per_package < 0 or self.max_file_bytes < 1:
            raise ConfigError("max_files_per_package must be 0 or more and max_file_bytes 1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mined:
    """What came of one source, as the hidden note says."""

    package: str
    version: str
    rows: int
    code_files: int
    num_bytes: int
    skipped: dict[str, int]


def run(config: MineConfig, work: Work) -> Report:
    """Mine every source; see the module for what is written."""
    settings = Settings(
        cache=cache_folder(config.cache), offline=config.offline, max_file_bytes=config.max_file_bytes, apt_folder=Path(config.apt_folder)
    )
    report = Report()
    skipped: Counter[str] = Counter()
    by_package: dict[str, Any] = {}
    versions: dict[str, str] = {}
    for number, spec in enumerate(track(config.sources, "mine")):
        mined = _mine_source(number, resolve(spec, settings), config, work.out)
        if mined.package in by_package:
            raise InputError(f"source {spec}: another source is called {mined.package!r} too; mine one of them under another folder name")
        by_package[mined.package] = {"files": mined.rows, "bytes": mined.num_bytes}
        versions[mined.package] = mined.version
        skipped.update(mined.skipped)
        if not mined.code_files:
            report.notes.append(f"{spec} holds no C, C++, CUDA or Fortran file")
    if len(report.notes) == len(config.sources):
        raise InputError(f"no code found in {', '.join(config.sources)}; see the suffixes in docs/corpus.md")
    report.rows = {"files": sum(int(counts["files"]) for counts in by_package.values())}
    report.rejections = dict(skipped)
    report.metrics = {"by_package": by_package, "versions": versions}
    return report


def folder_versions(config: MineConfig) -> dict[str, str]:
    """The version of each ``path:`` source as it is now, so that edited code is mined again.

    Sources that are fetched stay as they were mined until ``--force``: asking for news would need the network each time.
    """
    settings = Settings(cache=Path(), offline=True, max_file_bytes=config.max_file_bytes, apt_folder=Path(config.apt_folder))
    return {spec: resolve(spec, settings).version for spec in config.sources if spec.startswith("path:")}


def cache_folder(given: str) -> Path:
    """The folder for downloads, made when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(given).expanduser() if given else Path(base).expanduser() / "hpcraft"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _mine_source(number: int, source: Resolved, config: MineConfig, out: Path) -> _Mined:
    note = out / f".source-{number:03d}.json"
    if note.exists():
        known = _Mined(**read_json(note))
        if (known.package, known.version) == (source.package, source.version):
            return known
    prefix = f"files-{number:03d}-{source.package}"
    for stale in out.glob(f"files-{number:03d}-*.parquet"):
        stale.unlink()
    counts: Counter[str] = Counter()
    with source.open() as opened, ShardWriter(out, prefix, SourceFile) as writer:
        for row in track(_rows(source, opened, config), f"mine {source.package}", total=len(opened.entries)):
            writer.write(row)
            counts["code"] += not is_licence_material(row.path)
            counts["bytes"] += len(row.content)
    mined = _Mined(
        package=source.package,
        version=source.version,
        rows=writer.rows,
        code_files=counts["code"],
        num_bytes=counts["bytes"],
        skipped=dict(opened.skipped),
    )
    write_json(note, {name: getattr(mined, name) for name in _Mined.__slots__})
    return mined


def _rows(source: Resolved, opened: Opened, config: MineConfig) -> Iterator[SourceFile]:
    for entry in _capped(opened, config.max_files_per_package):
        try:
            content = entry.read()
        except OSError:
            opened.skipped["unreadable"] += 1
            continue
        yield SourceFile(
            source=source.spec,
            package=source.package,
            version=source.version,
            path=entry.path,
            sha256=sha256_bytes(content),
            content=content,
        )


def _capped(opened: Opened, most: int) -> Iterable[Entry]:
    """The entries without those over the cap; licence files never count."""
    code = [e.path for e in opened.entries if not is_licence_material(e.path)]
    if not most or len(code) <= most:
        return opened.entries
    dropped = set(sorted(code, key=lambda path: hashlib.sha256(path.encode()).digest())[most:])
    opened.skipped["file-cap"] += len(dropped)
    return [e for e in opened.entries if e.path not in dropped]


STAGE = Stage(
    name="mine",
    summary="bring source code in, with its provenance",
    example="hpcraft mine --sources '[debian:hypre, path:./src]' -o files",
    config=MineConfig,
    inputs={},
    run=run,
    outside=folder_versions,
)
COMMAND = STAGE.command
