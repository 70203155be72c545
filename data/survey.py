"""The first look at mined files: packages, licences and splits, and from them the plan for each shard."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.data.cleaning import Plan
from hpcraft.data.evidence import PackageLicences
from hpcraft.data.splits import split_packages
from hpcraft.data.vendored import Vendored
from hpcraft.errors import InputError
from hpcraft.records import SourceFile
from hpcraft.shards import list_shards, open_shard, read_rows
from hpcraft.store import read_manifest

if TYPE_CHECKING:
    from hpcraft.data.prepare import PrepareConfig


@dataclass(kw_only=True, slots=True)
class Survey:
    """What the mined files tell of their packages."""

    shards: list[Path]
    num_files: int = 0
    code_bytes: Counter[str] = field(default_factory=Counter)
    licences: Mapping[str, PackageLicences] = field(default_factory=dict)
    vendored: Mapping[str, Vendored] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    """``{package: {"source": source, "version": version}}``."""
    packages: list[set[str]] = field(default_factory=list)
    """Of each shard."""

    def with_same_packages(self, shard: Path) -> tuple[Path, ...]:
        """The shards that hold files of a shard's packages."""
        wanted = self.packages[self.shards.index(shard)]
        return tuple(other for other, packages in zip(self.shards, self.packages, strict=True) if packages & wanted)


def survey(folder: Path, config: PrepareConfig) -> Survey:
    """Look at all packages; the code itself isn't read.

    Raises:
        InputError: there is no code, or a package is named that wasn't mined.
    """
    found = Survey(shards=list_shards(folder, "files", SourceFile))
    for package, counts in read_manifest(folder).metrics["by_package"].items():
        if counts["files"]:
            found.num_files += counts["files"]
            found.code_bytes[package] += counts["bytes"]
    if not found.num_files:
        raise InputError(f"{folder}: holds no code file; mine sources that hold C, C++, CUDA or Fortran")
    for shard in found.shards:
        rows = set(_columns(shard, "package", "source", "version"))
        found.packages.append({package for package, _, _ in rows})
        found.sources |= {package: {"source": source, "version": version} for package, source, version in sorted(rows)}
    found.splits = split_packages(
        found.code_bytes,
        valid=config.valid_packages,
        test=config.test_packages,
        valid_share=config.valid_share,
        test_share=config.test_share,
    )
    materials: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for file in read_rows(folder, "licences", SourceFile):
        materials[file.package][file.path] = file.content
    found.licences = {name: PackageLicences(materials[name]) for name in found.code_bytes}
    found.vendored = {name: Vendored(materials[name], name, others=found.code_bytes) for name in found.code_bytes}
    return found


def write_plans(found: Survey, below: Path, config: PrepareConfig) -> Iterator[tuple[Path, Path]]:
    """Each shard with the file that holds its plan."""
    for shard in found.shards:
        path = below / f"{shard.stem}.json"
        if not path.is_file():
            _plan(shard, found, config).write(path)
        yield shard, path


def _plan(shard: Path, found: Survey, config: PrepareConfig) -> Plan:
    plan = Plan(licences=[], origins=[], splits=[], reasons=[])
    for package, path, declared in _columns(shard, "package", "path", "declared"):
        evidence = found.licences[package].of(path, declared)
        plan.licences.append(evidence.licence)
        plan.origins.append(evidence.origin)
        plan.splits.append(found.splits[package])
        capped = config.max_package_bytes and not _in_sample(path, config.max_package_bytes / found.code_bytes[package])
        plan.reasons.append(found.vendored[package].reason(path) or ("package-cap" if capped else ""))
    return plan


def _columns(shard: Path, *names: str) -> Iterator[tuple[str, ...]]:
    """Some columns of text of all files of a shard."""
    with open_shard(shard, SourceFile) as file:
        table = file.read(columns=list(names))
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _in_sample(path: str, share: float) -> bool:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") < share * 2**64
