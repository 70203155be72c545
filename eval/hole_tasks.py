"""Stage ``tasks``: real programs with holes, for suite ``completion``.

Theory of operation. The programs of the input (`hpcraft.eval.hole_sources`) are written into numbered files of a few each. Worker
processes or Slurm jobs take one file at a time: each program is built and run in the sandbox, twice in each way; one that compiles alone
and prints the same each time is its own test. Its holes (`hpcraft.eval.holes`) are tried in an order drawn by the seed, and a hole is
kept when the test fails for every filling that does nothing, kills enough mutants of the original, at least one of them by running, and
still passes for the original at the end. A file that is done has ``NUMBER.tasks.jsonl`` and is not done again after an interruption.

Writes ``holes-*.parquet`` (`HoleTask`); mutation scores, licence and provenance stand with each task.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hpcraft import sandbox
from hpcraft.data.licences import Policy
from hpcraft.data.prepare import PrepareConfig
from hpcraft.errors import ConfigError, InputError, MachineError, PartialError
from hpcraft.eval import hole_trial
from hpcraft.eval.hole_sources import find_programs
from hpcraft.eval.hole_trial import HOLES, Recorded, model_of, passes, record, survives
from hpcraft.eval.holes import BOUNDARIES, Hole, find_holes, mutants, stays_inside
from hpcraft.records import Document, HoleTask
from hpcraft.sandbox.outcome import Verdict
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import read_json, read_jsonl, sha256_json, write_json, write_jsonl

_LANGUAGES = ("c", "cpp", "fortran")
_SHARDS = ".programs"
_PROGRAMS = 4
"""In a shard: few, as one may take minutes."""
_TRIES = 4
"""Holes tried for each one that is wanted."""
_SLOWEST_SECONDS = 2.0
"""Programs that take longer would make mutants cost minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TasksConfig:
    """Which programs are taken apart, and what makes a hole a task."""

    splits: tuple[str, ...] = option(("test",), help="of a prepared corpus: documents of these splits; a mined folder has none")
    languages: tuple[str, ...] = option(_LANGUAGES, help="languages of the programs")
    licence_policy: Policy = option(  # noqa: RUF009 - a field, not a shared value
        "permissive", help="of mined and plain files: permissive, copyleft or all, as in prepare"
    )
    max_programs: int = option(0, help="try at most so many programs, the packages taking turns; 0 for all")
    holes: int = option(2, help="holes of each boundary in a program, at most")
    mutants: int = option(4, help="mutants of what is taken out that are tried, at most")
    min_killed: float = option(0.5, help="share of the mutants that the program's output must tell from the original")

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if unknown := [name for name in self.languages if name not in _LANGUAGES]:
            raise ConfigError(f"tasks: language {unknown[0]!r}; programs are taken apart in {', '.join(_LANGUAGES)}")
        if unknown := [name for name in self.splits if name not in ("train", "valid", "test")]:
            raise ConfigError(f"tasks: split {unknown[0]!r}; a corpus has train, valid and test")
        if self.licence_policy == "list":
            raise ConfigError("tasks: licence_policy is permissive, copyleft or all; prepare the corpus first for a list of licences")
        if not self.splits or not self.languages or self.holes < 1 or self.mutants < 1 or self.max_programs < 0:
            raise ConfigError("tasks: give a split and a language; holes and mutants are at least 1, max_programs at least 0")
        if not 0 < self.min_killed <= 1:
            raise ConfigError("tasks: min_killed is above 0 and at most 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramShard:
    """Some programs to take apart."""

    config: TasksConfig
    seed: int
    programs: Path

    @property
    def name(self) -> str:
        """For messages."""
        return f"programs {self.programs.stem}"

    @property
    def tasks(self) -> Path:
        """Its tasks, there when it is done."""
        return self.programs.with_name(f"{self.programs.stem}.tasks.jsonl")

    @property
    def counts(self) -> Path:
        """What became of its programs and holes."""
        return self.programs.with_name(f"{self.programs.stem}.counts.json")


def run(config: TasksConfig, work: Work) -> Report:
    """Make the tasks.

    Raises:
        InputError: there is no program to try, or none of them became a task.
        PartialError: the sandbox failed on some.
    """
    report = Report(rows={"programs": 0, "tested programs": 0, "tasks": 0})
    shards = _shards(config, work, report)
    todo = [shard for shard in shards if not shard.tasks.exists()]
    work.executor.map(take_apart, todo, folder=work.out, label="programs")
    if lost := [shard for shard in shards if not shard.tasks.exists()]:
        why = read_json(lost[0].counts)["failure"] if lost[0].counts.exists() else "no reason given"
        raise PartialError(f"tasks: {len(lost)} of {len(shards)} shards are not done because the sandbox failed ({why}); run it again")
    _gather(shards, work.out, report)
    shutil.rmtree(work.out / _SHARDS)
    return report


def _shards(config: TasksConfig, work: Work, report: Report) -> list[ProgramShard]:
    """The programs in files; those of an interrupted run are kept."""
    folder = work.out.absolute() / _SHARDS
    listed = folder / "programs.json"
    if not listed.exists():
        settings = PrepareConfig(licence_policy=config.licence_policy)
        found = find_programs(work.inputs["data"], splits=config.splits, languages=config.languages, settings=settings, seed=work.seed)
        documents = found.documents[: config.max_programs or None]
        for number, begin in enumerate(range(0, len(documents), _PROGRAMS)):
            write_jsonl(folder / f"{number:05d}.jsonl", documents[begin : begin + _PROGRAMS])
        write_json(listed, {"programs": len(documents), "rejections": dict(found.rejections)})
    told = read_json(listed)
    report.rows["programs"] = told["programs"]
    report.rejections |= {f"file: {why}": count for why, count in told["rejections"].items()}
    if not told["programs"]:
        raise InputError(
            f"{work.inputs['data']}: no program of one file with a licence that {config.licence_policy} allows{_most(told['rejections'])}"
        )
    files = sorted(folder.glob("[0-9]*[0-9].jsonl"))
    return [ProgramShard(config=config, seed=work.seed, programs=path) for path in files]


def _most(rejections: dict[str, int]) -> str:
    told = sorted(rejections.items(), key=lambda item: -item[1])[:3]
    return f" ({', '.join(f'{count} {why}' for why, count in told)})" if told else ""


def _gather(shards: Sequence[ProgramShard], out: Path, report: Report) -> None:
    counts: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {"boundary": Counter(), "language": Counter(), "model": Counter()}
    with ShardWriter(out, HOLES, HoleTask) as writer:
        for shard in shards:
            found = read_json(shard.counts)
            counts.update(found["rejections"])
            report.rows["tested programs"] += found["tested"]
            for task in read_jsonl(shard.tasks, HoleTask):
                writer.write(task)
                for name, counter in by.items():
                    counter[getattr(task, name)] += 1
        report.rows["tasks"] = writer.rows
    report.rejections |= dict(counts)
    report.metrics |= {name: dict(sorted(counter.items())) for name, counter in by.items()}
    if not report.rows["tasks"]:
        raise InputError(
            f"tasks: none of {report.rows['programs']} programs became a task{_most(dict(counts))}; give more code, such as a whole mined folder"
        )


# ---------------------------------------------------------------- one shard


def take_apart(shard: ProgramShard) -> None:
    """Make the tasks of some programs; nothing is left where the sandbox fails but the reason."""
    rejections: Counter[str] = Counter()
    tasks: list[HoleTask] = []
    tested = 0
    try:
        for document in read_jsonl(shard.programs, Document):
            recorded = _tested(document)
            if isinstance(recorded, str):
                rejections[f"program: {recorded}"] += 1
                continue
            tested += 1
            tasks += _tasks(document, recorded, shard, rejections)
    except MachineError as error:
        write_json(shard.counts, {"failure": str(error)})
        return
    write_json(shard.counts, {"rejections": dict(rejections), "tested": tested})
    write_jsonl(shard.tasks, tasks)


def _tested(document: Document) -> list[Recorded] | str:
    """The runs that make a program its own test; or why it is none."""
    with hole_trial.build(document.language, model_of(document), document.text) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        if built.outcome.verdict is Verdict.UNSUPPORTED:
            return "no compiler for it on this machine"
        if not built.ok:
            return "doesn't compile alone"
        if _is_slow(built, document):
            return "takes too long"
        return record(built, model_of(document), document.text)


def _is_slow(built: sandbox.Build, document: Document) -> bool:
    ranks = 2 if model_of(document).startswith("mpi") else 1
    return hole_trial.run(built, hole_trial.How(ranks=ranks)).wall_seconds > _SLOWEST_SECONDS * ranks


def _tasks(document: Document, recorded: Sequence[Recorded], shard: ProgramShard, rejections: Counter[str]) -> Iterator[HoleTask]:
    """The tasks of one program; none where the original doesn't pass again at the end."""
    holes = find_holes(document.language, document.text)
    rng = Random(f"{shard.seed}/{document.document_id}")
    found: list[HoleTask] = []
    for boundary in BOUNDARIES:
        candidates = [hole for hole in holes if hole.boundary == boundary]
        rng.shuffle(candidates)
        taken: list[Hole] = []
        for hole in candidates[: _TRIES * shard.config.holes]:
            if len(taken) == shard.config.holes:
                break
            if any(hole.begin < other.end and other.begin < hole.end for other in taken):
                continue
            task = _admitted(document, hole, recorded, shard.config, rng)
            if isinstance(task, str):
                rejections[f"hole: {task}"] += 1
                continue
            taken.append(hole)
            found.append(task)
    if found and not survives(document.language, model_of(document), document.text, recorded):
        rejections["program: prints something else after a while"] += 1
        return
    yield from found


def _admitted(document: Document, hole: Hole, recorded: Sequence[Recorded], config: TasksConfig, rng: Random) -> HoleTask | str:
    """A task, or the reason why the test is none for this hole."""
    data = document.text.encode()
    prefix, middle, suffix = (part.decode() for part in (data[: hole.begin], data[hole.begin : hole.end], data[hole.end :]))
    language, model = document.language, model_of(document)
    if not stays_inside(language, prefix, middle, suffix, middle):
        return "the grammar reads it in two ways"
    faulty = mutants(language, document.text, hole)
    if not faulty:
        return "nothing in it to be mutated"
    fillings = ("", *trivial_fillings(language, hole))
    if any(survives(language, model, prefix + filling + suffix, recorded) for filling in fillings):
        return "the test passes without it"
    rng.shuffle(faulty)
    tried = faulty[: config.mutants]
    killed = [_killed(language, model, prefix + mutant + suffix, recorded) for mutant in tried]
    if "ran" not in killed or sum(how != "" for how in killed) < config.min_killed * len(tried):
        return "the test doesn't notice its mutants"
    return HoleTask(
        hole_id=sha256_json([document.document_id, hole.begin, hole.end])[:12],
        boundary=hole.boundary,
        language=language,
        model=model,
        prefix=prefix,
        middle=middle,
        suffix=suffix,
        empty=fillings[1],
        runs=tuple(one.how.to_text() for one in recorded),
        expected=tuple(one.printed for one in recorded),
        mutants_killed=sum(how != "" for how in killed),
        mutants_total=len(tried),
        source=document.source,
        package=document.package,
        version=document.version,
        path=document.path,
        sha256=document.sha256,
        licence=document.licence,
        licence_evidence=document.licence_evidence,
        split=document.split,
        start_line=prefix.count("\n") + 1,
    )


def trivial_fillings(language: str, hole: Hole) -> tuple[str, ...]:
    """Fillings that compile, mostly, and do nothing; the first is what model ``null`` answers."""
    if hole.boundary == "expression":
        return ("0", "1")
    if language == "fortran":
        return ("continue",)
    return ("return 0;", "return 1;") if hole.returns else (";",)


def _killed(language: str, model: str, text: str, recorded: Sequence[Recorded]) -> str:
    """How a mutant was noticed: ``built`` (it isn't even built), ``ran``, or not at all."""
    with hole_trial.build(language, model, text) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        if not built.ok:
            return "built"
        return "ran" if passes(built, recorded)[0] else ""


STAGE = Stage(
    name="tasks",
    summary="take real programs apart for suite completion",
    example="hpcraft eval tasks --data runs/mine --out runs/holes",
    config=TasksConfig,
    inputs={
        "data": Input(stage="", help="folder of mine or prepare, or of source files with a licence file", foreign=True),
    },
    run=run,
    parallel=True,
)
COMMAND = STAGE.command
