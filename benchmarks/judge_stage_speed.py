"""How many answers a second the stages ``generate`` and ``judge`` get through, on right and wrong answers as models give them.

    python benchmarks/judge_stage_speed.py --tasks 300 --samples 5 --workers 2 -o OUT

Answers to the first tasks of the suite ``kernels``, those in serial and OpenMP C, C++ and Fortran first, then the other models but Python, whose starts compile for a second: of five
answers to a task two are right (the reference, and the same in a fence with prose around it), one is wrong (the next of the bad answers that an audit makes), one doesn't build, and one is a mutant that may be either. Each has a comment of its own, so that nothing but what doesn't
depend on the answer is taken from the cache of builds. They are replayed through ``hpcraft eval run``, with ``--timing`` timed, too. Printed: answers, seconds of the stage ``judge``, answers a second, how many passed, how many of those that are surely right or wrong were
judged otherwise, and the most memory that the command or one of its workers held (resident, looked at five times a second; programs in boxes have limits of their own).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import psutil

from hpcraft.data.mutants import faulty_versions
from hpcraft.eval.bad_answers import bad_answers
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Task
from hpcraft.records import Language
from hpcraft.samples import Sample
from hpcraft.store import read_jsonl, write_json

_FIRST = ("serial", "openmp")
_LANGUAGES: dict[str, Language] = {"c": "c", "cpp": "cpp", "fortran": "fortran"}


def main() -> None:
    """Write the answers, run the stages and print one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--samples", type=int, default=5, help="answers to each task")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="answers judged at once")
    parser.add_argument("--timing", action="store_true", help="time right answers, too")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for answers and results; must not exist")
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    by_id = {t.task_id: t for t in kernel_tasks()}
    ranked = sorted((t for t in by_id.values() if t.language != "python"), key=lambda t: t.model not in _FIRST)
    tasks = ranked[: args.tasks]
    surely: dict[tuple[str, int], bool | None] = {}
    with (args.out / "answers.jsonl").open("w") as file:
        for number, task in enumerate(tasks):
            for sample, (code, right) in enumerate(islice(cycle(_answers(task, by_id, number)), args.samples)):
                surely[task.task_id, sample] = right
                row = {
                    "task_id": task.task_id,
                    "sample_id": sample,
                    "completion": code,
                    "model": "mixed",
                    "prompt_sha256": "",
                    "sampling": {},
                }
                file.write(json.dumps(row) + "\n")
    words = [sys.executable, "-m", "hpcraft", "eval", "run", "--suites", "[kernels]", "--models", f"[replay:{args.out / 'answers.jsonl'}]"]
    words += ["--timing", "true"] if args.timing else []
    words += ["--samples", str(args.samples), "--temperature", "1", "--workers", str(args.workers), "-o", str(args.out / "run"), "--quiet"]
    write_json(args.out / "command.json", {"command": words})
    begin = time.monotonic()
    peak = _watched([*words, "--tasks", json.dumps([t.task_id for t in tasks])])
    wall = time.monotonic() - begin
    (path,) = (args.out / "run" / "results").glob("kernels/*/samples.jsonl")
    judged = list(read_jsonl(path, Sample))
    wrongly = [s for s in judged if surely[s.task_id, s.sample_id] not in (None, s.passed)]
    print(
        json.dumps(
            {
                "tasks": len(tasks),
                "answers": len(judged),
                "passed": sum(s.passed for s in judged),
                "judged_wrongly": [f"{s.task_id} {s.sample_id} {s.checks}" for s in wrongly],
                "wall_seconds": round(wall, 1),
                "answers_per_second": round(len(judged) / wall, 2),
                "load": os.getloadavg()[0],
                "peak_mib_of_a_process": round(peak / (1 << 20)),
            }
        )
    )


def _watched(words: list[str]) -> int:
    """Run a command; the most bytes that it or a Python process of its own held at a time.

    Raises:
        CalledProcessError: it failed.
    """
    peak, command = 0, psutil.Popen(words)
    while command.poll() is None:
        for process in [command, *command.children(recursive=True)]:
            with suppress(psutil.Error):
                if process.name().startswith("python"):
                    peak = max(peak, process.memory_info().rss)
        time.sleep(0.2)
    if command.returncode:
        raise subprocess.CalledProcessError(command.returncode, words)
    return peak


def _answers(task: Task, tasks: dict[str, Task], number: int) -> Iterator[tuple[str, bool | None]]:
    """The five answers to a task, each with whether it is surely right or wrong."""
    mark = f"! {secrets.token_hex(8)}\n" if task.language == "fortran" else f"// {secrets.token_hex(8)}\n"
    bad = list(bad_answers(task, tasks).codes.values())
    mutants = islice(faulty_versions(task.reference, "cuda" if task.model == "cuda" else _LANGUAGES[task.language], seed=number), 1)
    yield mark + task.reference, True
    yield mark + bad[number % len(bad)], False
    lines = task.reference.splitlines()
    yield "\n".join([mark.rstrip(), *lines[: len(lines) // 2], "this is no statement (", *lines[len(lines) // 2 :], ""]), False
    yield f"Here is the function:\n\n```{task.language}\n{mark}{task.reference}\n```\nIt shares the loop between threads.\n", True
    yield next((mark + fault.code for fault in mutants), task.empty or task.prototype), None


if __name__ == "__main__":
    main()
