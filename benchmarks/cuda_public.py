"""Public CUDA programs, built and run on the processor: how many are right.

    .venv/bin/python benchmarks/cuda_public.py FOLDER [--only REGEX] [--check none] [--workers 2] [--json]

The folder holds one folder per program: its files, and a ``program.toml`` that whoever collects them writes. All keys are optional.

    flags = "-DN=64 -Icommon"        # for the compiler, as the program's own makefile has them
    args = "-n 1000 data/graph.txt"
    stdin = "answers.txt"            # a file beside it
    sources = ["main.cu", "io.c"]    # default: every source that no other file includes
    expect = "PASS"                  # a regular expression that the output must hold
    reject = "FAIL|[Mm]ismatch"      # one that it must not hold
    seconds = 60                     # limit on the run
    exit_code = 0
    collected = "where from, and its licence"

A program is right when it builds, ends with its exit code, holds what is expected and nothing that is rejected. Without ``expect`` and ``reject``
there is nothing to judge by, and it counts as ran. Nothing of a program runs outside of the sandbox.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run
from hpcraft.sandbox.cuda.build import included
from hpcraft.sandbox.outcome import CHECKS, Check
from hpcraft.sandbox.table import SUFFIXES

DESCRIPTION = "program.toml"
_BUILT = ("c", "cpp", "cuda", "hip")
_PARTS = (".h", ".hh", ".hpp", ".hxx", ".cuh", ".inl", ".inc", ".ipp", ".def", "")
_OUTPUT_BYTES = 8 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """How a program wants to be built, run and judged."""

    flags: str = ""
    args: str = ""
    stdin: str = ""
    sources: tuple[str, ...] = ()
    expect: str = ""
    reject: str = ""
    seconds: float = 60.0
    exit_code: int = 0
    collected: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What became of one program."""

    name: str
    built: bool
    ran: bool
    right: bool
    """Always false where there is nothing to judge by."""
    seconds: float
    verdict: str
    message: str
    stdout: str
    stderr: str


def describe(folder: Path) -> Description:
    """The description that lies in a program's folder."""
    given: dict[str, Any] = tomllib.loads((folder / DESCRIPTION).read_text())
    return Description(**{**given, "sources": tuple(given.get("sources", ()))})


def job(folder: Path, check: Check) -> Job:
    """The emulated run of a program."""
    what = describe(folder)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    del files[DESCRIPTION]
    kinds = {name: SUFFIXES.get(Path(name).suffix) for name in files}
    sources = what.sources or tuple(name for name, kind in kinds.items() if kind in _BUILT and name not in included(files))
    code = {name: text for name, text in files.items() if name in sources or Path(name).suffix in _PARTS or name in included(files)}
    data = {name: text for name, text in files.items() if name not in code and kinds[name] not in _BUILT}
    limits = Limits(wall_seconds=what.seconds, memory_mb=6144, output_bytes=_OUTPUT_BYTES)
    return Job(
        files=code,
        language="cpp",
        model="hip" if any(kinds[name] == "hip" for name in sources) else "cuda",
        flags=tuple(shlex.split(what.flags)),
        check=check,
        cuda="emulate",
        run=Run(args=tuple(shlex.split(what.args)), stdin=files.get(what.stdin, b""), data=data, threads=2, limits=limits),
    )


def judge(folder: Path, outcome: Outcome) -> Row:
    """A program's outcome, by its description."""
    what = describe(folder)
    built = outcome.compile is not None and outcome.compile.verdict is Verdict.OK
    ended = built and outcome.exit_code == what.exit_code and (outcome.verdict is Verdict.OK or what.exit_code != 0)
    text = outcome.stdout + outcome.stderr
    wrong = bool((what.reject and re.search(what.reject, text)) or (what.expect and not re.search(what.expect, text)))
    verdict = str(outcome.verdict) if not ended else "wrong" if wrong else "right" if what.expect or what.reject else "ran"
    message = outcome.message
    if outcome.compile and not built:
        errors = [line for line in outcome.compile.stderr.splitlines() if "error" in line or "undefined reference" in line]
        message = "; ".join(dict.fromkeys(errors[:3])) or message
    return Row(
        name=folder.name,
        built=built,
        ran=ended,
        right=verdict == "right",
        seconds=round(outcome.wall_seconds, 2),
        verdict=verdict,
        message=message,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
    )


def measure(folder: Path, check: Check) -> Row:
    """Build, run and judge a program."""
    return judge(folder, run(job(folder, check)))


def table(rows: list[Row]) -> str:
    """For people: a line for each program, and the totals."""
    lines = [f"{row.name:44} {row.seconds:7.2f}  {row.verdict:14} {row.message[:200]}" for row in rows]
    counts = Counter(row.verdict for row in rows)
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))
    built, ran, right = (sum(getattr(row, what) for row in rows) for what in ("built", "ran", "right"))
    lines.append(f"{len(rows)} programs: {built} built, {ran} ran to their end, {right} right by what they print")
    return "\n".join(lines)


def main() -> int:
    """Run the programs two at a time and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder with one folder per program")
    parser.add_argument("--only", default="", metavar="REGEX", help="those whose names hold it")
    parser.add_argument("--check", choices=CHECKS, default="none", help="build with a check (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="programs at the same time (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print an object for each program, with its output")
    args = parser.parse_args()
    folders = sorted(path.parent for path in args.folder.glob(f"*/{DESCRIPTION}") if re.search(args.only, path.parent.name))
    if not folders:
        parser.error(f"{args.folder} holds no folder with a {DESCRIPTION} in it that --only lets through; see --help")
    rows: list[Row] = []
    with ThreadPoolExecutor(args.workers) as pool:
        for done in as_completed([pool.submit(measure, folder, args.check) for folder in folders]):
            rows.append(done.result())
            if args.json:
                print(json.dumps(asdict(rows[-1])), flush=True)
    if not args.json:
        print(table(sorted(rows, key=lambda row: row.name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
