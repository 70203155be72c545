"""``hpcraft eval audit SUITE``: whether each task of a suite may be in it.

A task is admitted when its reference passes, every bad answer that can be made for it (`hpcraft.eval.bad_answers`) is refused by the check that
is there for it, and mutants of the reference are killed. ``audit.json`` says so task by task, ``audit.jsonl`` holds every answer that was judged.
The command ends with 1 when a task isn't admitted. One that was stopped goes on where it was.

Not covered: what is right in tasks without a reference (ParEval's parallel ones), which are refused where a bad answer passes, and never admitted.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hpcraft.command import Command, note, say
from hpcraft.errors import ConfigError, InputError, PartialError, Stopped
from hpcraft.eval.audit_task import Audited, AuditLine, AuditShard, audit_task, audited
from hpcraft.eval.judge_shards import tasks_of
from hpcraft.eval.prompt_styles import DEFAULT
from hpcraft.eval.suites import DATA_HELP, REFERENCES, SUITES, find_suite, select, suite_hash
from hpcraft.executor import add_executor_arguments, from_arguments, make_executor
from hpcraft.stages import Input, Report, Stage, Work, execute, option
from hpcraft.store import hash_outputs, list_outputs, read_json, read_jsonl, sha256_file, sha256_json, write_json, write_jsonl

AUDIT, LINES = "audit.json", "audit.jsonl"
_SHARDS = ".shards"
_AUDITED = tuple(name for name, suite in SUITES.items() if not suite.likelihood)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditConfig:
    """What is audited, and how hard."""

    suite: str = option(help="suite whose tasks are audited")
    tasks: tuple[str, ...] = option((), help="patterns of task ids; none means all")
    mutants: int = option(5, help="mutants of each reference that are judged")
    min_killed: float = option(1.0, help="share of the mutants that must be killed")

    def __post_init__(self) -> None:
        """Refuse numbers that can't be meant, and a suite without answers."""
        if find_suite(self.suite).likelihood:
            raise ConfigError(f"audit: suite {self.suite} measures likelihood and has no answers; give one of {', '.join(_AUDITED)}")
        if self.mutants < 0 or not 0 <= self.min_killed <= 1:
            raise ConfigError(
                f"audit: mutants={self.mutants}, min_killed={self.min_killed}: give at least 0 mutants and a share from 0 to 1"
            )


def run(config: AuditConfig, work: Work) -> Report:
    """Audit every task that is wanted.

    Raises:
        PartialError: the sandbox failed on some.
        InputError: no task matches.
    """
    tasks_of.cache_clear()
    suite = find_suite(config.suite)
    folder = suite.folder(work.inputs)
    tasks = tasks_of(suite.name, folder, DEFAULT)
    wanted = select(tasks.values(), config.tasks, 0)
    if not wanted:
        raise InputError(f"audit: no task of suite {suite.name} matches {', '.join(config.tasks)}; see `hpcraft eval list {suite.name}`")
    shards = [
        AuditShard(
            suite=suite.name,
            folder=folder,
            task_id=task.task_id,
            num_mutants=config.mutants,
            seed=work.seed,
            lines=work.out.absolute() / _SHARDS / f"{number:05d}.jsonl",
        )
        for number, task in enumerate(wanted)
    ]
    work.executor.map(audit_task, [s for s in shards if _failures(s) != []], folder=work.out, label="audit")
    if failures := [words for shard in shards for words in _failures(shard) or []]:
        raise PartialError(
            f"audit: {len(failures)} tasks could not be judged because the sandbox failed ({failures[0]}); run the same command again"
        )
    found = [audited(s.task_id, list(_lines(s)), read_json(s.end)["left_out"], config.min_killed, config.mutants) for s in shards]
    write_jsonl(work.out / LINES, (line for shard in shards for line in _lines(shard)))
    facts = {"suite": suite.name, "suite_version": suite.version, "suite_hash": suite_hash(suite, tasks.values()), "seed": work.seed}
    write_json(work.out / AUDIT, {**facts, "min_killed": config.min_killed, "totals": totals(found), "tasks": [_row(one) for one in found]})
    return Report(rows={"tasks": len(found), "admitted": sum(one.admitted == "yes" for one in found)})


def _failures(shard: AuditShard) -> list[str] | None:
    """What could not be judged; nothing where the shard isn't done."""
    return list(read_json(shard.end)["failures"]) if shard.end.exists() else None


def _lines(shard: AuditShard) -> Iterator[AuditLine]:
    return read_jsonl(shard.lines, AuditLine) if shard.lines.exists() else iter(())


def totals(found: list[Audited]) -> dict[str, Any]:
    """Sums over the tasks."""
    refused = Counter(name for one in found for name in one.refused)
    mutants, killed = sum(one.mutants for one in found), sum(one.killed for one in found)
    return {
        "tasks": len(found),
        **{state: sum(one.admitted == state for one in found) for state in ("yes", "no", "unknown")},
        "bad_answers_refused": dict(sorted(refused.items())),
        "mutants": mutants,
        "killed": killed,
        "score": killed / mutants if mutants else None,
        "equivalent": sum(len(one.equivalent) for one in found),
    }


def _row(one: Audited) -> dict[str, Any]:
    return asdict(one) | {"score": one.score}


def _outside(config: AuditConfig) -> dict[str, str]:
    """Inputs, oracles and references of the suite that is ours."""
    if config.suite != "kernels":
        return {}
    sources = [sha256_file(path) for path in sorted(REFERENCES.parent.glob("*.py"))]
    return {"references": hash_outputs(list_outputs(REFERENCES)), "kernels": sha256_json(sources)}


STAGE = Stage(
    name="audit",
    summary="show that a suite's tasks refuse bad answers and kill mutants of their references",
    example="hpcraft eval audit kernels --tasks 'kernels/axpy/*' --out runs/audit",
    config=AuditConfig,
    inputs={
        "pairs": Input(stage="pairs", help="folder of the pairs stage, for suite translation", optional=True),
        "data": Input(stage="", help=DATA_HELP, optional=True, foreign=True),
    },
    run=run,
    scratch=(_SHARDS,),
    parallel=True,
    outside=_outside,
    version=5,  # bad answers that aren't built, and references without a mutant, show nothing
)


# ---------------------------------------------------------------- the command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft eval audit``."""
    parser.add_argument("suite", metavar="SUITE", help=f"one of {', '.join(_AUDITED)}")
    parser.add_argument(
        "--tasks",
        action="append",
        default=[],
        metavar="PATTERN",
        help="audit the tasks whose id matches; may be given again (default: all)",
    )
    for name, spec in STAGE.inputs.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=spec.help)
    parser.add_argument(
        "--mutants", type=int, default=5, metavar="N", help="mutants of each reference that are judged (default %(default)s)"
    )
    parser.add_argument(
        "--min-killed", type=float, default=1.0, metavar="SHARE", help="share of them that must be killed (default %(default)s)"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="output folder")
    parser.add_argument("--force", action="store_true", help="redo it even when the folder is up to date")
    parser.add_argument("--seed", type=int, default=0, help="seed of inputs and of the choice of mutants (default 0)")
    add_executor_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Audit, print what isn't admitted and the sums; 1 when a task isn't."""
    find_suite(args.suite)
    config = AuditConfig(suite=args.suite, tasks=tuple(args.tasks), mutants=args.mutants, min_killed=args.min_killed)
    inputs = {name: folder for name in STAGE.inputs if (folder := getattr(args, name))}
    where = make_executor(from_arguments(args))
    try:
        execution = execute(STAGE, config, inputs, args.out, seed=args.seed, force=args.force, executor=where)
    except KeyboardInterrupt:
        raise Stopped("stopped; run the same command again to resume") from None
    if execution.skipped:
        note(f"note: {args.out} is up to date; --force audits again")
    found = read_json(args.out / AUDIT)
    say(args, {"out": str(args.out), **found}, "\n".join([*_table(found), f"audit: {args.out / AUDIT}"]))
    return 1 if found["totals"]["no"] else 0


def _table(found: dict[str, Any]) -> Iterator[str]:
    rows = [t for t in found["tasks"] if t["admitted"] != "yes"]
    width = max((len(t["task_id"]) for t in rows), default=0)
    for task in rows:
        yield f"{task['task_id']:<{width}}  {task['admitted']:<7}  {'; '.join(task['why'])}"
        yield from (f"{'':<{width}}           survivor: {change}" for change in task["survivors"])
    sums = found["totals"]
    score = "none" if sums["score"] is None else f"{sums['score']:.3f}"
    refused = sum(sums["bad_answers_refused"].values())
    yield (
        f"{found['suite']}: {sums['yes']} of {sums['tasks']} tasks admitted, {sums['no']} not, {sums['unknown']} unknown; "
        f"{refused} bad answers refused; {sums['killed']} of {sums['mutants']} mutants killed (score {score}), "
        f"{sums['equivalent']} known to be equivalent"
    )


COMMAND = Command(summary=STAGE.summary, example=STAGE.example, add_arguments=add_arguments, main=main)
