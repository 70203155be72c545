"""``hpcraft prepare``: mined files in, a clean corpus with licences, clusters, splits and units out.

Theory of operation. Three phases, each a map over independent tasks, so that they run in worker processes or as Slurm jobs. First every
shard of mined files is cleaned into a hidden folder (`hpcraft.data.cleaning`): documents, units, features. Then copies, near duplicates
and leaks between splits are found among all documents (`hpcraft.data.joining`), and the driver decides what stays
(`hpcraft.data.selection`). Last every hidden folder is written out as shards (`hpcraft.data.emission`). Of a small corpus the later
phases run in the driver (`hpcraft.data.dispatch`). An interrupted run keeps the tasks that were done. The output depends on neither the
number of workers nor on where they ran.

Writes ``corpus-*.parquet`` (`Document`), ``functions-*``, ``loops-*``, ``programs-*`` and ``kernels-*.parquet`` (`CodeUnit`),
``duplicates-*.parquet`` (`Duplicate`) and with ``keep_rejected`` also ``rejected-*.parquet`` (`hpcraft.data.clean.Rejected`). Rows keep
the order of the mined files.

``metrics["by_package" | "by_language" | "by_licence" | "by_model" | "by_split" | "by_year"]`` are ``{name: {"files": n, "bytes": n}}`` of
what was kept; a document with two parallel models counts under both, one without any under ``serial``. ``by_construct`` and
``by_clause`` are ``{name: n}``, ``sizes`` is ``{language: {bits: n}}`` with files of 2^(bits-1) bytes and more, ``mined`` is
``{"files": n, "bytes": n}`` of the code that came in, ``splits`` is ``{package: split}``, ``units`` is ``{family: {language: n}}``
with loops without a directive as ``plain_loops``,
``duplicates`` counts files by kind, ``leakage`` says what the comparison of the splits found, and ``made_from`` is ``{stage: options}`` of
what came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hpcraft.data.benchmark_files import hash_benchmarks
from hpcraft.data.clean import Settings
from hpcraft.data.cleaning import CleanFolder, CleanTask, clean_shard
from hpcraft.data.compiling import CompileTask, check_isolation, compile_folder
from hpcraft.data.contamination import write_index
from hpcraft.data.decontaminate import Rules
from hpcraft.data.dispatch import run_tasks
from hpcraft.data.emission import EmitTask, emit, merge, write_missing
from hpcraft.data.facts import Facts
from hpcraft.data.filters import Limits
from hpcraft.data.licences import Policy, check_policy
from hpcraft.data.near import Likeness
from hpcraft.data.selecting import Chosen, choose, count
from hpcraft.data.statistics import write_out
from hpcraft.data.survey import Survey, survey, write_plans
from hpcraft.errors import ConfigError, InputError
from hpcraft.records import Duplicate
from hpcraft.sandbox import Job
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import JSON, read_json, read_manifest, write_bytes

_CLEAN, _EMIT, _INDEX = ".clean", ".emit", ".benchmarks.npz"
_OF_THE_MACHINE = frozenset({"cache", "offline", "num_workers", "apt_folder", "max_megabytes_per_second"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PrepareConfig:
    """What is kept of the mined files."""

    licence_policy: Policy = option(  # noqa: RUF009 - a field, not a shared value
        "permissive",
        help="permissive; copyleft adds (L)GPL, MPL, CeCILL and the like; all keeps every known licence; list those in licences",
    )
    licences: tuple[str, ...] = option((), help="SPDX identifiers that the policy list allows")
    max_bytes: int = option(500_000, help="larger files are rejected")
    max_line_length: int = option(1000, help="files with a longer line are rejected")
    max_mean_line_length: int = option(120, help="files with longer lines on average are rejected as minified")
    min_alnum_share: float = option(0.25, help="files with a smaller share of letters and digits among what is not blank are rejected")
    min_tokens: int = option(15, help="files with fewer tokens outside comments are rejected")
    max_data_share: float = option(0.7, help="files of which more is tables of numbers or strings are rejected as data")
    min_compressed_share: float = option(
        0.055, help="files that deflate packs smaller than this are rejected as generated:repetitive; 0 switches it off"
    )
    max_error_share: float = option(0.3, help="files of which the grammar can't read more are rejected; 1 switches it off")
    max_package_bytes: int = option(0, help="of a package with more code than this, keep a sample chosen by hash of the path; 0 keeps all")
    near_similarity: float = option(
        0.65,
        help="of documents as alike as this one stays (Jaccard similarity of their renamed lexer shingles); 1 drops exact copies alone",
    )
    near_similarity_with_names: float = option(
        0.5, help="the same where the names of the two are alike too; 1 asks for near_similarity always"
    )
    near_names: float = option(0.5, help="how alike the names must be for that (Jaccard similarity of the sets of names)")
    leak_similarity: float = option(0.7, help="a document of validation or test as alike as this to one of another split is dropped")
    decontaminate: tuple[str, ...] = option(
        (), help="files and folders with benchmarks whose texts must not be in the corpus: source files, JSON, JSON lines, Parquet"
    )
    benchmark_share: float = option(0.5, help="share of the 12-grams of a benchmark's text that a document must hold to be left out")
    compiles: bool = option(False, help="say of each document whether it compiles in the sandbox beside its package's headers")
    valid_packages: tuple[str, ...] = option((), help="packages for validation; empty means by hash of the name")
    test_packages: tuple[str, ...] = option((), help="packages for testing; empty means by hash of the name")
    valid_share: float = option(0.05, help="share of packages for validation when none is named")
    test_share: float = option(0.05, help="share of packages for testing when none is named")
    keep_rejected: bool = option(False, help="keep rejected files aside in rejected-*.parquet")

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        check_policy(self.licence_policy, self.licences)
        if both := sorted(set(self.valid_packages) & set(self.test_packages)):
            raise ConfigError(f"{both[0]!r} is in both valid_packages and test_packages; a package has one split")
        if self.valid_share + self.test_share >= 1:
            raise ConfigError(
                f"valid_share {self.valid_share:g} and test_share {self.test_share:g} leave no package for training; together below 1"
            )
        for name in ("valid_share", "test_share", "min_alnum_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 0 or more and below 1")
        for name in ("max_data_share", "min_compressed_share", "max_error_share", "benchmark_share", "near_names"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be from 0 to 1")
        for name in ("near_similarity", "near_similarity_with_names", "leak_similarity"):
            if not 0.3 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be from 0.3 to 1")
        for name in ("max_bytes", "max_line_length", "max_mean_line_length"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more")
        for name in ("max_package_bytes", "min_tokens"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more")

    @property
    def likeness(self) -> Likeness:
        """What a near duplicate is."""
        return Likeness(similarity=self.near_similarity, with_names=self.near_similarity_with_names, names=self.near_names)

    @property
    def settings(self) -> Settings:
        """What holds for all files."""
        limits = Limits(
            max_bytes=self.max_bytes,
            max_line_length=self.max_line_length,
            max_mean_line_length=self.max_mean_line_length,
            min_alnum_share=self.min_alnum_share,
            min_tokens=self.min_tokens,
            max_data_share=self.max_data_share,
            min_compressed_share=self.min_compressed_share,
            max_error_share=self.max_error_share,
        )
        return Settings(policy=self.licence_policy, listed=self.licences, limits=limits)


def run(config: PrepareConfig, work: Work) -> Report:
    """Prepare the corpus; see the module for what is written.

    Raises:
        InputError: there is no code, nothing is left of it, a package is named that wasn't mined, or a benchmark can't be read.
        MachineError: worker processes die on every file, or ``compiles`` is asked for and there is no sandbox.
    """
    found = survey(work.inputs["files"], config)
    if config.compiles:
        work.executor.map(check_isolation, [Job(files={}, language="c")], folder=work.out, label="check")
    folders = _clean(config, work, found)
    chosen = choose(folders, config, work)
    if not chosen.num_kept:
        reasons = ", ".join(f"{reason} {number}" for reason, number in count(folders, "rejections").most_common(4))
        raise InputError(
            f"nothing is left of {found.num_files} files ({reasons}); loosen licence_policy or the limits, or mine other sources"
        )
    counts = _emit(config, work, found, folders, chosen)
    _gather(work.out, folders, "contamination")
    if config.keep_rejected:
        _gather(work.out, folders, "rejected")
    with ShardWriter(work.out, "duplicates", Duplicate) as writer:
        for row in chosen.duplicates(folders):
            writer.write(row)
    report = _report(work, found, folders, chosen, counts)
    write_out(
        work.out,
        Facts(metrics=report.metrics, rows=report.rows, rejections=report.rejections, config=asdict(config), seed=work.seed),
    )
    return report


def benchmark_versions(config: PrepareConfig) -> dict[str, str]:
    """Hashes of the user's benchmarks, so that other ones make the corpus stale."""
    return hash_benchmarks(config.decontaminate)


def _clean(config: PrepareConfig, work: Work, found: Survey) -> list[CleanFolder]:
    """Phase one: every mined shard as a clean folder."""
    rules = Rules(share=config.benchmark_share)
    index = write_index(work.out / _INDEX, folder=work.inputs.get("benchmarks"), paths=config.decontaminate, rules=rules)
    settings = replace(config.settings, benchmarks=str(work.out.resolve() / _INDEX) if index else "")
    tasks = [
        CleanTask(shard=shard, plan=plan, out=work.out / _CLEAN / shard.stem, settings=settings, keep_rejected=config.keep_rejected)
        for shard, plan in write_plans(found, work.out / ".plans", config)
    ]
    todo = [task for task in tasks if not CleanFolder(task.out).is_whole]
    todo.sort(key=lambda task: (-task.shard.stat().st_size, task.shard))  # the longest first, so that none is left alone at the end
    work.executor.map(clean_shard, todo, folder=work.out, label="clean")
    return [CleanFolder(task.out) for task in tasks]


def _emit(config: PrepareConfig, work: Work, found: Survey, folders: list[CleanFolder], chosen: Chosen) -> JSON:
    """Phase three: what stays, as shards; returns what they hold."""
    below = work.out / _EMIT
    decisions = [chosen.write(number, below) for number in range(len(folders))]
    compiled = _compile(work, found, folders, decisions) if config.compiles else [None] * len(folders)
    tasks = [
        EmitTask(
            number=number,
            clean=folder.path,
            decisions=decisions[number],
            out=work.out,
            counts=below / f"counts-{number:05d}.json",
            compiles=compiled[number],
        )
        for number, folder in enumerate(folders)
    ]
    run_tasks(work, emit, [t for t in tasks if not t.counts.is_file()], label="write", num_documents=len(chosen.identities))
    write_missing(work.out)
    return merge([read_json(task.counts) for task in tasks])


def _compile(work: Work, found: Survey, folders: list[CleanFolder], decisions: list[Path]) -> list[Path]:
    """Where the answers of each folder are, whether its documents compile."""
    tasks = [
        CompileTask(
            clean=folder.path,
            decisions=decisions[number],
            mined=found.with_same_packages(found.shards[number]),
            out=work.out / _EMIT / f"compiles-{number:05d}.json",
        )
        for number, folder in enumerate(folders)
    ]
    work.executor.map(compile_folder, [t for t in tasks if not t.out.is_file()], folder=work.out, label="compile")
    return [task.out for task in tasks]


def _gather(out: Path, folders: list[CleanFolder], name: str) -> None:
    """Copy shards of rows that aren't in the corpus from the clean folders, those without rows left out.

    Not moved: an interrupted run would find fewer of them, and number them otherwise.
    """
    import pyarrow.parquet as pq

    shards = [shard for folder in folders for shard in sorted(folder.path.glob(f"{name}-*.parquet"))]
    filled = [shard for shard in shards if pq.read_metadata(shard).num_rows] or shards[:1]
    for number, shard in enumerate(filled):
        write_bytes(out / f"{name}-{number:05d}.parquet", shard.read_bytes())


def _made_from(inputs: Mapping[str, Path]) -> JSON:
    """Stage to its options, of the stages whose output came in, without those that say where things lie or how fast they may go."""
    manifests = [read_manifest(folder) for _, folder in sorted(inputs.items())]
    return {m.stage: {key: _named(value) for key, value in m.config.items() if key not in _OF_THE_MACHINE} for m in reversed(manifests)}


def _named(value: object) -> object:
    """An option's value, of a whole path the name alone: a card is for others."""
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value


def _report(work: Work, found: Survey, folders: list[CleanFolder], chosen: Chosen, counts: JSON) -> Report:
    compared = (work.out / _INDEX).is_file()
    rejections = count(folders, "rejections")
    for kind, reason in (("exact", "duplicate"), ("near", "near-duplicate"), ("leak", "leak")):
        if chosen.kinds[kind]:
            rejections[reason] += chosen.kinds[kind]
    rows = counts.pop("rows")
    report = Report(
        rows=rows,
        rejections=dict(rejections),
        metrics={
            **counts,
            "mined": {"files": found.num_files, "bytes": sum(found.code_bytes.values())},
            "splits": dict(sorted(found.splits.items())),
            "units_left_out": dict(sorted(count(folders, "left_out").items())),
            "redactions": dict(sorted(count(folders, "redactions").items())),
            "encodings": dict(sorted(count(folders, "encodings").items())),
            "duplicates": {**chosen.kinds, "clusters": chosen.num_clusters, "units": chosen.num_dropped_units},
            "leakage": chosen.leakage,
            "sources": found.sources,
            "made_from": _made_from(work.inputs),
            **({"contamination": dict(sorted(count(folders, "contamination").items()))} if compared else {}),
        },
    )
    for split in ("valid", "test"):
        if split not in counts["by_split"]:
            report.notes.append(f"no document is in the {split} split; name a package under {split}_packages")
    return report


STAGE = Stage(
    name="prepare",
    summary="clean, license, deduplicate and split the files into a corpus",
    example="hpcraft prepare --files files --licence-policy permissive -o corpus",
    config=PrepareConfig,
    inputs={
        "files": Input(stage="mine", help="folder that `hpcraft mine` made"),
        "benchmarks": Input(stage="benchmarks", help="folder of benchmarks' texts that must not be in the corpus", optional=True),
    },
    run=run,
    version=3,
    parallel=True,
    outside=benchmark_versions,
    scratch=(_CLEAN, _EMIT, ".join", ".plans", _INDEX),
)
COMMAND = STAGE.command
