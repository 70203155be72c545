"""``hpcraft run``: every stage of a recipe in order, in one run folder that resumes.

The run folder holds ``recipe.yaml`` (resolved), ``env.json``, ``status.json`` (now), ``log.jsonl``
(everything that happened) and one folder per stage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hpcraft.command import Command, note, say
from hpcraft.errors import ConfigError, HpcError, InputError, nearest
from hpcraft.executor import Executor, add_executor_arguments, from_arguments, make_executor
from hpcraft.recipe import Recipe, StagePlan, load
from hpcraft.stages import execute, fingerprint, host, locked, summary_line, up_to_date, versions
from hpcraft.store import MANIFEST, drop_torn_tail, write_json, write_text


@dataclass(kw_only=True, slots=True)
class RunFolder:
    """The state of a run on disk."""

    path: Path
    status: dict[str, Any] = field(default_factory=dict)

    def log(self, event: str, **facts: object) -> None:
        """Append one event to ``log.jsonl``."""
        line = json.dumps({"time": _now(), "event": event, **facts}, ensure_ascii=False)
        with (self.path / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def update(self, **facts: object) -> None:
        """Change ``status.json``."""
        self.status.update(facts, updated=_now(), pid=os.getpid())
        write_json(self.path / "status.json", self.status)

    def stage(self, name: str, state: str, **facts: object) -> None:
        """Record the state of one stage in both files."""
        self.status.setdefault("stages", {})[name] = state
        self.update()
        self.log(f"stage_{state}", stage=name, **facts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft run``."""
    parser.add_argument("recipe", type=Path, help="a recipe, such as recipes/quickstart.yaml")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="change a value, such as mine.max_files=10"
    )
    parser.add_argument("--from", dest="first", metavar="STAGE", help="begin at this stage; those before it must be finished")
    parser.add_argument("--to", dest="last", metavar="STAGE", help="stop after this stage")
    parser.add_argument("--force", action="append", default=[], metavar="STAGE", help="redo this stage even when it is up to date")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    parser.add_argument("--seed", type=int, help="seed of everything random (default: the recipe's)")
    add_executor_arguments(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="run folder (default: runs/NAME below $HPCRAFT_HOME or here)")


def main(args: argparse.Namespace) -> int:
    """Run a recipe."""
    overrides = [*args.overrides, *([f"seed={args.seed}"] if args.seed is not None else [])]
    recipe = load(args.recipe, overrides)
    where = from_arguments(args)
    out = args.out or Path(os.environ.get("HPCRAFT_HOME", ".")) / "runs" / recipe.name
    plans = select(recipe, args.first, args.last)
    for name in args.force:
        _named(recipe, name, "--force")
    if args.dry_run:
        states = _states(plans, recipe, out)
        say(args, {"out": str(out), "stages": states}, "\n".join(f"{name}: {state}" for name, state in states.items()))
        return 0
    executor = make_executor(where) if any(plan.stage.parallel for plan in plans) else None
    begin = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        results = run(recipe, plans, out, force=args.force, quiet=args.quiet or args.json, executor=executor)
    report = next(
        (out / p.name / "report.html" for p in recipe.stages if p.stage.name == "report" and (out / p.name / "report.html").is_file()), None
    )
    ending = f"finished in {time.monotonic() - begin:.0f} s"
    ending += f"; open the report: {report.resolve()}" if report else f"; the results are in {out}"
    say(args, {"out": str(out), "stages": results, "report": str(report.resolve()) if report else None}, ending)
    return 0


def run(
    recipe: Recipe, plans: list[StagePlan], out: Path, *, force: list[str], quiet: bool, executor: Executor | None = None
) -> dict[str, str]:
    """Run the stages, the tasks of parallel ones with ``executor``; returns what became of each.

    Raises:
        HpcError: the error of the stage that failed; the run folder says which.
    """
    folder = RunFolder(path=out)
    drop_torn_tail(out / "log.jsonl")
    _write_recipe(recipe, out)
    write_json(out / "env.json", {"versions": versions(), "host": host(), "command": sys.argv})
    folder.update(state="started", recipe=recipe.name, stages={p.name: "waiting" for p in plans})
    folder.log("run_started", recipe=recipe.name)
    results: dict[str, str] = {}
    for plan in plans:
        folder.stage(plan.name, "started")
        try:
            inputs = _inputs(plan, out)
            execution = execute(
                plan.stage, plan.config, inputs, out / plan.name, seed=recipe.seed, force=plan.name in force, executor=executor
            )
        except BaseException as error:
            state = "error" if isinstance(error, Exception) and getattr(error, "exit_code", 70) < 128 else "stopped"
            folder.stage(plan.name, state, error=str(error))
            folder.update(state=state, error=str(error))
            if isinstance(error, HpcError):
                error.args = (f"stage {plan.name}: {error}",)
            raise
        results[plan.name] = "up to date" if execution.skipped else "done"
        folder.stage(
            plan.name, "skipped" if execution.skipped else "success", seconds=execution.manifest.seconds, rows=execution.manifest.rows
        )
        if not quiet:
            note(summary_line(plan.name, out / plan.name, execution))
            for line in execution.manifest.notes:
                note(f"  note: {line}")
    folder.update(state="success")
    folder.log("run_ended", stages=results)
    return results


def select(recipe: Recipe, first: str | None, last: str | None) -> list[StagePlan]:
    """The stages from ``first`` to ``last``, both included."""
    begin = _named(recipe, first, "--from") if first else 0
    end = _named(recipe, last, "--to") if last else len(recipe.stages) - 1
    if begin > end:
        raise ConfigError(f"--from {first} --to {last}: {first} stands after {last} in the recipe")
    return list(recipe.stages[begin : end + 1])


def _named(recipe: Recipe, name: str, flag: str) -> int:
    names = [p.name for p in recipe.stages]
    if name not in names:
        raise ConfigError(f"{flag} {name}: the recipe has no such stage{nearest(name, names)}; it has {', '.join(names)}")
    return names.index(name)


def _inputs(plan: StagePlan, out: Path) -> Mapping[str, Path]:
    return {name: Path(source) if "/" in source else out / source for name, source in plan.inputs.items()}


def _states(plans: list[StagePlan], recipe: Recipe, out: Path) -> dict[str, str]:
    """What a run would do with each stage."""
    states: dict[str, str] = {}
    for plan in plans:
        new = [name for name in plan.inputs.values() if states.get(name, "up to date") != "up to date"]
        states[plan.name] = f"would run after {', '.join(new)}" if new else _state(plan, recipe, out)
    return states


def _state(plan: StagePlan, recipe: Recipe, out: Path) -> str:
    try:
        wanted = fingerprint(plan.stage, plan.config, _inputs(plan, out), recipe.seed)
    except InputError as error:
        return f"cannot run: {error}"
    if up_to_date(out / plan.name, wanted):
        return "up to date"
    if (out / f"{plan.name}.partial").exists():
        return "would resume"
    return "would run again (stale)" if (out / plan.name / MANIFEST).exists() else "would run"


def _write_recipe(recipe: Recipe, out: Path) -> None:
    import yaml

    write_text(out / "recipe.yaml", yaml.safe_dump(recipe.as_dict(), sort_keys=False, allow_unicode=True))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


COMMAND = Command(
    summary="run every stage of a recipe, resuming where it stopped",
    example="hpcraft run recipes/quickstart.yaml --set finetune.max_seconds=600 --to judge",
    add_arguments=add_arguments,
    main=main,
)
