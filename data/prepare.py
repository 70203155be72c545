"""``hpcraft prepare``: mined files in, a clean corpus with licences, functions and annotated loops out.

Writes ``corpus-*.parquet`` (`Document`), ``functions-*.parquet`` and ``loops-*.parquet`` (`CodeUnit`), and with
``keep_rejected`` also ``rejected-*.parquet`` (`hpcraft.data.clean.Rejected`). Rows keep the order of the mined files.

``metrics["by_package" | "by_language" | "by_licence" | "by_model" | "by_split"]`` are ``{name: {"files": n, "bytes": n}}`` of what
was kept; a document with two parallel models counts under both, one without any under ``serial``.
``metrics["mined"]`` is ``{"files": n, "bytes": n}`` of the code that came in, ``metrics["splits"]`` is ``{package: split}``,
``metrics["units"]`` is ``{"functions": {language: n}, "loops": {language: n}}``, and ``metrics["latin1_files"]`` a count.

Not covered: near duplicates and decontamination.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from hpcraft.data.clean import Clean, Rejected, Task, clean, rejected
from hpcraft.data.evidence import PackageLicences
from hpcraft.data.filters import Limits
from hpcraft.data.licences import Policy
from hpcraft.data.sources.wanted import is_licence_material
from hpcraft.data.splits import split_packages
from hpcraft.data.workers import Lost, ordered_map
from hpcraft.errors import ConfigError, InputError
from hpcraft.progress import track
from hpcraft.records import CodeUnit, Document, SourceFile
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import JSON, ShardWriter, read_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class PrepareConfig:
    """What is kept of the mined files."""

    licence_policy: Policy = option(  # noqa: RUF009 - a field, not a shared value
        "permissive", help="permissive; copyleft adds (L)GPL, MPL, CeCILL and the like; all keeps every known licence"
    )
    max_bytes: int = option(500_000, help="larger files are rejected")
    max_line_length: int = option(1000, help="files with a longer line are rejected")
    max_mean_line_length: int = option(120, help="files with longer lines on average are rejected as minified")
    min_alnum_share: float = option(0.25, help="files with a smaller share of letters and digits among what is not blank are rejected")
    min_tokens: int = option(15, help="files with fewer tokens outside comments are rejected")
    max_package_bytes: int = option(0, help="of a package with more code than this, keep a sample chosen by hash of the path; 0 keeps all")
    valid_packages: tuple[str, ...] = option((), help="packages for validation; empty means by hash of the name")
    test_packages: tuple[str, ...] = option((), help="packages for testing; empty means by hash of the name")
    valid_share: float = option(0.05, help="share of packages for validation when none is named")
    test_share: float = option(0.05, help="share of packages for testing when none is named")
    keep_rejected: bool = option(False, help="keep rejected files aside in rejected-*.parquet")
    num_workers: int = option(0, help="worker processes; 0 means one per core; the output doesn't depend on it")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        for name in ("valid_share", "test_share", "min_alnum_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 0 or more and below 1")
        for name in ("max_bytes", "max_line_length", "max_mean_line_length"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more")
        for name in ("max_package_bytes", "min_tokens", "num_workers"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more")

    @property
    def limits(self) -> Limits:
        """The thresholds of the filters."""
        return Limits(
            max_bytes=self.max_bytes,
            max_line_length=self.max_line_length,
            max_mean_line_length=self.max_mean_line_length,
            min_alnum_share=self.min_alnum_share,
            min_tokens=self.min_tokens,
        )


@dataclass(slots=True)
class _Survey:
    """What a first look at the mined files tells of their packages."""

    num_files: int = 0
    code_bytes: Counter[str] = field(default_factory=Counter)
    materials: defaultdict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))


class _Corpus:
    """The output shards and the counts that go with them."""

    def __init__(self, work: Work, stack: ExitStack, *, keep_rejected: bool) -> None:
        self.documents = stack.enter_context(ShardWriter(work.out, "corpus", Document))
        self.functions = stack.enter_context(ShardWriter(work.out, "functions", CodeUnit))
        self.loops = stack.enter_context(ShardWriter(work.out, "loops", CodeUnit))
        self.kept_aside = stack.enter_context(ShardWriter(work.out, "rejected", Rejected)) if keep_rejected else None
        self.reasons: Counter[str] = Counter()
        self.counts: dict[str, dict[str, dict[str, int]]] = {name: {} for name in ("package", "language", "licence", "model", "split")}
        self.units: dict[str, Counter[str]] = {"functions": Counter(), "loops": Counter()}
        self.latin1_files = 0
        self._seen: set[bytes] = set()

    def add(self, found: Clean) -> bool:
        """Keep a document and its new units; False when its text was there before."""
        document = found.document
        if not self._is_new(document.document_id):
            return False
        self.documents.write(document)
        self.latin1_files += found.latin1
        keys = {
            "package": (document.package,),
            "language": (document.language,),
            "licence": (document.licence,),
            "model": document.models or ("serial",),
            "split": (document.split,),
        }
        size = len(document.text.encode())
        for kind, names in keys.items():
            for name in names:
                count = self.counts[kind].setdefault(name, {"files": 0, "bytes": 0})
                count["files"] += 1
                count["bytes"] += size
        for unit in found.units:
            if unit.kind in ("function", "loop") and self._is_new(unit.unit_id):
                (self.functions if unit.kind == "function" else self.loops).write(unit)
                self.units[f"{unit.kind}s"][unit.language] += 1
        return True

    def reject(self, row: Rejected) -> None:
        """Count a rejection and keep it aside when asked to."""
        self.reasons[row.reason] += 1
        if self.kept_aside is not None:
            self.kept_aside.write(row)

    def metrics(self) -> JSON:
        """The counts as the manifest holds them."""
        ordered = {f"by_{kind}": dict(sorted(counts.items())) for kind, counts in self.counts.items()}
        units = {kind: dict(sorted(counts.items())) for kind, counts in self.units.items()}
        return {**ordered, "units": units, "latin1_files": self.latin1_files}

    def _is_new(self, identity: str) -> bool:
        key = bytes.fromhex(identity)
        new = key not in self._seen
        self._seen.add(key)
        return new


def run(config: PrepareConfig, work: Work) -> Report:
    """Prepare the corpus; see the module for what is written."""
    folder = work.inputs["files"]
    survey = _survey(read_rows(folder, "files", SourceFile))
    if not survey.num_files:
        raise InputError(f"{folder}: holds no code file; mine sources that hold C, C++, CUDA or Fortran")
    splits = split_packages(
        survey.code_bytes,
        valid=config.valid_packages,
        test=config.test_packages,
        valid_share=config.valid_share,
        test_share=config.test_share,
    )
    licences = {name: PackageLicences(survey.materials[name]) for name in survey.code_bytes}
    with ExitStack() as stack:
        corpus = _Corpus(work, stack, keep_rejected=config.keep_rejected)
        files = track(read_rows(folder, "files", SourceFile), "prepare", total=survey.num_files + sum(map(len, survey.materials.values())))
        tasks = _tasks(files, config, survey, licences, splits, corpus)
        for task, found in _cleaned(tasks, config.num_workers or len(os.sched_getaffinity(0))):
            if isinstance(found, Rejected):
                corpus.reject(found)
            elif not corpus.add(found):
                corpus.reject(rejected(task, "duplicate", found.document.licence))
    if not corpus.documents.rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in corpus.reasons.most_common(4))
        raise InputError(
            f"nothing is left of {survey.num_files} files ({reasons}); loosen licence_policy or the limits, or mine other sources"
        )
    return _report(corpus, survey, splits)


def _survey(files: Iterator[SourceFile]) -> _Survey:
    survey = _Survey()
    for file in files:
        if is_licence_material(file.path):
            survey.materials[file.package][file.path] = file.content
        else:
            survey.num_files += 1
            survey.code_bytes[file.package] += len(file.content)
    return survey


def _tasks(
    files: Iterator[SourceFile],
    config: PrepareConfig,
    survey: _Survey,
    licences: dict[str, PackageLicences],
    splits: Mapping[str, str],
    corpus: _Corpus,
) -> Iterator[Task]:
    limits = config.limits
    for file in files:
        if is_licence_material(file.path):
            continue
        if config.max_package_bytes and not _in_sample(file.path, config.max_package_bytes / survey.code_bytes[file.package]):
            corpus.reject(rejected(file, "package-cap"))
            continue
        yield Task(
            file=file, package=licences[file.package].of(file.path), split=splits[file.package], policy=config.licence_policy, limits=limits
        )


def _cleaned(tasks: Iterator[Task], num_workers: int) -> Iterator[tuple[SourceFile, Clean | Rejected]]:
    """Tasks through the workers, each result beside its file."""
    sent: list[SourceFile] = []

    def remembered() -> Iterator[Task]:
        for task in tasks:
            sent.append(task.file)
            yield task

    for found in ordered_map(clean, remembered(), num_workers=num_workers):
        file = sent.pop(0)
        yield file, rejected(file, f"parser-{found.why}") if isinstance(found, Lost) else found


def _in_sample(path: str, share: float) -> bool:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") < share * 2**64


def _report(corpus: _Corpus, survey: _Survey, splits: Mapping[str, str]) -> Report:
    report = Report(
        rows={"corpus": corpus.documents.rows, "functions": corpus.functions.rows, "loops": corpus.loops.rows},
        rejections=dict(corpus.reasons),
        metrics={
            **corpus.metrics(),
            "mined": {"files": survey.num_files, "bytes": sum(survey.code_bytes.values())},
            "splits": dict(sorted(splits.items())),
        },
    )
    for split in ("valid", "test"):
        if split not in corpus.counts["split"]:
            report.notes.append(f"no document is in the {split} split; name a package under {split}_packages")
    return report


STAGE = Stage(
    name="prepare",
    summary="clean, license, deduplicate and split the files into a corpus",
    example="hpcraft prepare --files files --licence-policy permissive -o corpus",
    config=PrepareConfig,
    inputs={"files": Input(stage="mine", help="folder that `hpcraft mine` made")},
    run=run,
)
COMMAND = STAGE.command
