"""Stage ``tasks``: real programs and functions with holes, for suite ``completion``.

Theory of operation. The programs of the input (`hpcraft.eval.hole_sources`), or the functions of a ``pairs`` folder
(`hpcraft.eval.hole_calls`), are written into numbered files of a few each. Worker processes or Slurm jobs take one file apart at a time
(`hpcraft.eval.hole_admission`), all building and running in the sandbox. A file that is done has ``NUMBER.tasks.jsonl`` and is not done
again after an interruption.

Writes ``holes-*.parquet`` (`HoleTask`); mutation scores, licence and provenance stand with each task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hpcraft.data.prepare import PrepareConfig
from hpcraft.errors import InputError, PartialError
from hpcraft.eval.hole_admission import ProgramShard, TasksConfig, take_apart
from hpcraft.eval.hole_calls import Driven, find_functions
from hpcraft.eval.hole_sources import find_programs
from hpcraft.eval.hole_trial import HOLES
from hpcraft.records import Document, HoleTask
from hpcraft.shards import ShardWriter
from hpcraft.stages import Input, Report, Stage, Work
from hpcraft.store import read_json, read_jsonl, write_json, write_jsonl

_SHARDS = ".programs"
_PROGRAMS, _FUNCTIONS = 4, 8
"""In a shard: few, as a program may take minutes."""


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
    return report


def _shards(config: TasksConfig, work: Work, report: Report) -> list[ProgramShard]:
    """What is to be taken apart, in files; those of an interrupted run are kept."""
    folder, data = work.out.absolute() / _SHARDS, work.inputs["data"]
    driven = any(data.glob("monolingual-*.parquet"))
    listed = folder / "programs.json"
    if not listed.exists():
        rejections: Counter[str] = Counter()
        most = config.max_programs or None
        if driven:
            functions = list(find_functions(data, config.splits))[:most]
            number = _cut(folder, functions, _FUNCTIONS)
        else:
            settings = PrepareConfig(licence_policy=config.licence_policy)
            found = find_programs(data, splits=config.splits, languages=config.languages, settings=settings, seed=work.seed)
            rejections = found.rejections
            number = _cut(folder, found.documents[:most], _PROGRAMS)
        write_json(listed, {"programs": number, "rejections": dict(rejections)})
    told = read_json(listed)
    report.rows["programs"] = told["programs"]
    report.rejections |= {f"file: {why}": count for why, count in told["rejections"].items()}
    if not told["programs"]:
        what = f"function of split {' or '.join(config.splits)}" if driven else "program of one file"
        raise InputError(f"{data}: no {what} to be taken apart{_most(told['rejections'])}; give a larger corpus")
    return [ProgramShard(config=config, seed=work.seed, programs=path, driven=driven) for path in sorted(folder.glob("[0-9]*[0-9].jsonl"))]


def _cut(folder: Path, rows: Sequence[Document] | Sequence[Driven], size: int) -> int:
    """Write rows into numbered files; returns how many there are."""
    for number, begin in enumerate(range(0, len(rows), size)):
        write_jsonl(folder / f"{number:05d}.jsonl", rows[begin : begin + size])
    return len(rows)


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
            f"tasks: none of {report.rows['programs']} programs became a task{_most(dict(counts))}; give more code, such as a whole mined folder, or more splits"
        )


STAGE = Stage(
    name="tasks",
    summary="take real programs apart for suite completion",
    example="hpcraft eval tasks --data runs/mine --out runs/holes",
    config=TasksConfig,
    inputs={
        "data": Input(stage="", help="folder of mine, prepare or pairs, or of source files with a licence file", foreign=True),
    },
    run=run,
    scratch=(_SHARDS,),
    parallel=True,
    version=2,  # functions in OpenMP that race are left out
)
COMMAND = STAGE.command
