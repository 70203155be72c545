"""``hpcraft eval list``: the suites and their tasks."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.eval.suites import DATA_HELP, SUITES, find_suite, select, suite_hash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of ``hpcraft eval list``."""
    parser.add_argument("suite", nargs="?", help="show the tasks of this suite (default: the suites)")
    parser.add_argument("--pairs", type=Path, metavar="DIR", help="folder of the pairs stage, for suite translation")
    parser.add_argument("--data", type=Path, metavar="DIR", help=DATA_HELP)
    parser.add_argument(
        "--tasks", metavar="PATTERN", action="append", default=[], help="only tasks whose id matches, such as 'kernels/*/mpi/*'"
    )
    parser.add_argument("--prompts", action="store_true", help="print each task's prompt too")


def main(args: argparse.Namespace) -> int:
    """Print suites, or the tasks of one."""
    if args.suite is None:
        lines = [f"{s.name:<12} version {s.version}  {s.summary}" for s in SUITES.values()]
        say(args, {s.name: {"version": s.version, "summary": s.summary} for s in SUITES.values()}, "\n".join(lines))
        return 0
    suite = find_suite(args.suite)
    tasks = suite.tasks(suite.folder({name: path for name in ("pairs", "data") if (path := getattr(args, name))}))
    shown = select(tasks, args.tasks, 0)
    value = {
        "suite": suite.name,
        "version": suite.version,
        "hash": suite_hash(suite, tasks),
        "tasks": [{"task_id": t.task_id, "language": t.language, "model": t.model, "level": t.level, "prompt": t.prompt} for t in shown],
    }
    say(args, value, "\n".join(f"{t.task_id}\n\n{t.prompt}\n" if args.prompts else f"{t.task_id}  ({t.level})" for t in shown))
    return 0


COMMAND = Command(
    summary="list suites and their tasks",
    example="hpcraft eval list kernels --tasks 'kernels/*/openmp/*'",
    add_arguments=add_arguments,
    main=main,
)
