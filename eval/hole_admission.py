"""Taking programs and functions apart: which of their holes become tasks of suite ``completion``.

Of a whole program each filling is built and run (`hpcraft.eval.hole_trial`). Of a function that is called from outside all fillings of all
holes are built together and called with the function's tests (`hpcraft.eval.hole_calls`). The rule is the same: a hole is a task when the
test fails for every filling that does nothing, kills enough mutants of the original, at least one of them by running, and still passes
for the original at the end; functions in OpenMP must be free of races.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hpcraft.data.holes import BOUNDARIES, Hole, find_holes, mutants, stays_inside, without_repeated
from hpcraft.data.licences import Policy
from hpcraft.errors import ConfigError, MachineError
from hpcraft.eval import hole_calls, hole_trial
from hpcraft.eval.hole_calls import Driven
from hpcraft.eval.hole_trial import Recorded, model_of, passes, record, survives
from hpcraft.records import Document, HoleTask
from hpcraft.sandbox.outcome import Verdict
from hpcraft.stages import option
from hpcraft.store import read_jsonl, sha256_bytes, sha256_json, write_json, write_jsonl

LANGUAGES = ("c", "cpp", "fortran")
_CONFIRMATIONS = 6
"""How often a parallel program must pass at the end: what ranks and threads print may hang on who is first."""
_TRIES = 4
"""Holes tried for each one that is wanted."""
_SLOWEST_SECONDS = 2.0
"""Programs that take longer would make mutants cost minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TasksConfig:
    """What is taken apart, and what makes a hole a task."""

    splits: tuple[str, ...] = option(("test",), help="of a prepared corpus or of pairs: only these splits; a mined folder has none")
    languages: tuple[str, ...] = option(LANGUAGES, help="languages of the programs")
    licence_policy: Policy = option(  # noqa: RUF009 - a field, not a shared value
        "permissive", help="of mined and plain files: permissive, copyleft or all, as in prepare"
    )
    max_programs: int = option(0, help="try at most so many programs, the packages taking turns; 0 for all")
    holes: int = option(2, help="holes of each boundary in a program, at most")
    mutants: int = option(4, help="mutants of what is taken out that are tried, at most")
    min_killed: float = option(0.5, help="share of the mutants that the test must tell from the original")

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if unknown := [name for name in self.languages if name not in LANGUAGES]:
            raise ConfigError(f"tasks: language {unknown[0]!r}; programs are taken apart in {', '.join(LANGUAGES)}")
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
    """Some programs or functions to take apart."""

    config: TasksConfig
    seed: int
    programs: Path
    driven: bool
    """Whether they are functions that are called."""

    @property
    def name(self) -> str:
        """For messages."""
        return f"{'functions' if self.driven else 'programs'} {self.programs.stem}"

    @property
    def tasks(self) -> Path:
        """Its tasks, there when it is done."""
        return self.programs.with_name(f"{self.programs.stem}.tasks.jsonl")

    @property
    def counts(self) -> Path:
        """What became of its programs and holes."""
        return self.programs.with_name(f"{self.programs.stem}.counts.json")


def take_apart(shard: ProgramShard) -> None:
    """Make the tasks of some programs; where the sandbox fails, nothing is left but the reason."""
    rejections: Counter[str] = Counter()
    tasks: list[HoleTask] = []
    tested = 0
    try:
        if shard.driven:
            for driven in read_jsonl(shard.programs, Driven):
                tested += 1
                tasks += _of_function(driven, shard, rejections)
        else:
            for document in read_jsonl(shard.programs, Document):
                recorded = _tested(document)
                if isinstance(recorded, str):
                    rejections[f"program: {recorded}"] += 1
                    continue
                tested += 1
                tasks += _of_program(document, recorded, shard, rejections)
    except MachineError as error:
        write_json(shard.counts, {"failure": str(error)})
        return
    write_json(shard.counts, {"rejections": dict(rejections), "tested": tested})
    write_jsonl(shard.tasks, tasks)


# ---------------------------------------------------------------- holes and what is put into them


@dataclass(frozen=True, slots=True)
class _Trial:
    """A hole with all that is tried in it."""

    hole: Hole
    prefix: str
    middle: str
    suffix: str
    empty: tuple[str, ...]
    """Fillings that do nothing."""
    faulty: tuple[str, ...]


def trivial_fillings(language: str, hole: Hole) -> tuple[str, ...]:
    """Fillings that compile, mostly, and do nothing; the first is what model ``null`` answers."""
    if hole.boundary == "expression":
        return ("0", "1")
    if language == "fortran":
        return ("continue",)
    return ("return 0;", "return 1;") if hole.returns else (";",)


def _trials(language: str, text: str, shard: ProgramShard, rejections: Counter[str]) -> Iterator[list[_Trial]]:
    """For each boundary the holes to be tried, in an order drawn by the seed."""
    rng = Random(f"{shard.seed}/{sha256_bytes(text.encode())}")
    data, holes = text.encode(), find_holes(language, text)
    for boundary in BOUNDARIES:
        candidates = [hole for hole in holes if hole.boundary == boundary]
        rng.shuffle(candidates)
        found = []
        for hole in candidates[: _TRIES * shard.config.holes]:
            prefix, middle, suffix = (part.decode() for part in (data[: hole.begin], data[hole.begin : hole.end], data[hole.end :]))
            faulty = mutants(language, text, hole)
            rng.shuffle(faulty)
            if not faulty:
                rejections["hole: nothing in it to be mutated"] += 1
            elif without_repeated(prefix, middle) != middle:
                rejections["hole: it begins as the code before it ends"] += 1
            elif not stays_inside(language, prefix, middle, suffix, middle):
                rejections["hole: the grammar reads it in two ways"] += 1
            else:
                empty = trivial_fillings(language, hole)
                found.append(_Trial(hole, prefix, middle, suffix, empty, tuple(faulty[: shard.config.mutants])))
        yield found


def _overlaps(hole: Hole, taken: Sequence[_Trial]) -> bool:
    return any(hole.begin < other.hole.end and other.hole.begin < hole.end for other in taken)


def _enough(killed: Sequence[str], config: TasksConfig) -> bool:
    """Whether mutants are noticed: ``built`` stands for one that isn't even built, empty for one that passes, other words for one that is told."""
    return any(how not in ("", "built") for how in killed) and sum(how != "" for how in killed) >= config.min_killed * len(killed)


# ---------------------------------------------------------------- whole programs


def _tested(document: Document) -> list[Recorded] | str:
    """The runs that make a program its own test; or why it is none."""
    with hole_trial.build(document.language, model_of(document), document.text) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        if built.outcome.verdict is Verdict.UNSUPPORTED:
            return "no compiler for it on this machine"
        if not built.ok:
            return "doesn't compile alone"
        ranks = 2 if model_of(document).startswith("mpi") else 1
        if hole_trial.run(built, hole_trial.How(ranks=ranks)).wall_seconds > _SLOWEST_SECONDS * ranks:
            return "takes too long"
        return record(built, model_of(document), document.text)


def _of_program(document: Document, recorded: Sequence[Recorded], shard: ProgramShard, rejections: Counter[str]) -> Iterator[HoleTask]:
    """The tasks of one program; none where the original doesn't pass again at the end."""
    language, model = document.language, model_of(document)
    found: list[HoleTask] = []
    for trials in _trials(language, document.text, shard, rejections):
        taken: list[_Trial] = []
        for trial in trials:
            if len(taken) == shard.config.holes:
                break
            if _overlaps(trial.hole, taken):
                continue
            if any(survives(language, model, f"{trial.prefix}{text}{trial.suffix}", recorded) for text in ("", *trial.empty)):
                rejections["hole: the test passes without it"] += 1
                continue
            killed = [_killed(language, model, f"{trial.prefix}{text}{trial.suffix}", recorded) for text in trial.faulty]
            if not _enough(killed, shard.config):
                rejections["hole: the test doesn't notice its mutants"] += 1
                continue
            taken.append(trial)
            found.append(_program_task(document, trial, killed, recorded))
    again = 1 if model == "serial" else _CONFIRMATIONS
    if found and not all(survives(language, model, document.text, recorded) for _ in range(again)):
        rejections["program: prints something else after a while"] += 1
        return
    yield from found


def _killed(language: str, model: str, text: str, recorded: Sequence[Recorded]) -> str:
    with hole_trial.build(language, model, text) as built:
        if built.outcome.verdict is Verdict.INFRA_ERROR:
            raise MachineError(built.outcome.message)
        if not built.ok:
            return "built"
        return "ran" if passes(built, recorded)[0] else ""


def _program_task(document: Document, trial: _Trial, killed: Sequence[str], recorded: Sequence[Recorded]) -> HoleTask:
    return HoleTask(
        hole_id=sha256_json([document.document_id, trial.hole.begin, trial.hole.end])[:12],
        boundary=trial.hole.boundary,
        language=document.language,
        model=model_of(document),
        prefix=trial.prefix,
        middle=trial.middle,
        suffix=trial.suffix,
        empty=trial.empty[0],
        runs=tuple(one.how.to_text() for one in recorded),
        expected=tuple(one.printed for one in recorded),
        signature="",
        tests=(),
        mutants_killed=sum(how != "" for how in killed),
        mutants_total=len(killed),
        source=document.source,
        package=document.package,
        version=document.version,
        path=document.path,
        sha256=document.sha256,
        licence=document.licence,
        licence_evidence=document.licence_evidence,
        split=document.split,
        start_line=trial.prefix.count("\n") + 1,
    )


# ---------------------------------------------------------------- functions


def _of_function(driven: Driven, shard: ProgramShard, rejections: Counter[str]) -> Iterator[HoleTask]:
    """The tasks of one function: everything that is tried in it is built together."""
    boundaries = list(_trials("c", driven.code, shard, rejections))
    texts = {driven.code}
    for trial in (trial for trials in boundaries for trial in trials):
        texts |= {f"{trial.prefix}{text}{trial.suffix}" for text in ("", *trial.empty, *trial.faulty)}
    verdicts = hole_calls.try_all(driven, sorted(texts), seed=shard.seed)
    if verdicts is None:
        rejections["function: doesn't give the same results each time"] += 1
        return
    if hole_calls.races(driven, seed=shard.seed):
        rejections["function: isn't clean under the race detector"] += 1
        return
    for trials in boundaries:
        taken: list[_Trial] = []
        for trial in trials:
            if len(taken) == shard.config.holes or _overlaps(trial.hole, taken):
                continue
            if any(verdicts[f"{trial.prefix}{text}{trial.suffix}"] in ("", "sometimes") for text in ("", *trial.empty)):
                rejections["hole: the test passes without it"] += 1
                continue
            killed = [verdicts[f"{trial.prefix}{text}{trial.suffix}"] for text in trial.faulty]
            if not _enough(killed, shard.config):
                rejections["hole: the test doesn't notice its mutants"] += 1
                continue
            taken.append(trial)
            yield _function_task(driven, trial, killed)


def _function_task(driven: Driven, trial: _Trial, killed: Sequence[str]) -> HoleTask:
    return HoleTask(
        hole_id=sha256_json([driven.code, trial.hole.begin, trial.hole.end])[:12],
        boundary=trial.hole.boundary,
        language="c",
        model=driven.model,
        prefix=trial.prefix,
        middle=trial.middle,
        suffix=trial.suffix,
        empty=trial.empty[0],
        runs=(),
        expected=(),
        signature=driven.signature,
        tests=driven.tests,
        mutants_killed=sum(how != "" for how in killed),
        mutants_total=len(killed),
        source=driven.source,
        package=driven.package,
        version=driven.version,
        path=driven.path,
        sha256="",
        licence=driven.licence,
        licence_evidence="",
        split=driven.split,
        start_line=trial.prefix.count("\n") + 1,
    )
