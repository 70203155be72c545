"""What the jail costs a program that does nothing, beside a bare subprocess and bubblewrap alone.

    .venv/bin/python benchmarks/sandbox_overhead.py [--rounds 200] [--json]

In each round every contender runs the same static program once, in an order that changes from round to round, so that
the machine's moods hit all alike. `bubblewrap alone` is the shortest command that isolates everything; a box adds the file view, limits,
the watcher, the report and Python's part. Medians, quartiles, and the difference of the medians to the bare subprocess.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hpcraft.errors import HpcError
from hpcraft.sandbox import Build, Job, Run, build
from hpcraft.sandbox.outcome import TIERS

PROGRAM = b"int main(void) { return 0; }\n"


def bare(command: list[str]) -> Callable[[], None]:
    """A contender that runs a command with its outputs in pipes."""

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    return run


def boxes(stack: ExitStack) -> dict[str, Callable[[], None]]:
    """A contender for each tier that this machine has."""
    found: dict[str, Callable[[], None]] = {}
    for tier in TIERS:
        job = Job(files={"a.c": PROGRAM}, language="c", flags=("-static",), tier=tier, min_isolation="none")
        try:
            built = stack.enter_context(build(job))
        except HpcError as error:
            print(f"{tier}: {error}")
            continue

        def run(built: Build = built) -> None:
            outcome = built.run(Run())
            assert outcome.ok, outcome

        found[f"box, {tier}"] = run
    return found


def measure(contenders: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each contender in each round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(rounds + 5):
        random.Random(number).shuffle(order)
        for name in order:
            begin = time.perf_counter()
            contenders[name]()
            if number >= 5:  # the first rounds warm everything up
                times[name].append((time.perf_counter() - begin) * 1e3)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "a.c").write_bytes(PROGRAM)
        program = str(folder / "a")
        subprocess.run(["gcc", "-O2", "-static", "-o", program, str(folder / "a.c")], check=True)
        contenders = {
            "bare subprocess": bare([program]),
            "bubblewrap alone": bare(["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", program]),
            **boxes(stack),
        }
        times = measure(contenders, args.rounds)
    base = statistics.median(times["bare subprocess"])
    rows = {}
    for name, values in times.items():
        low, median, high = statistics.quantiles(values, n=4)
        rows[name] = {"median_ms": round(median, 2), "quartiles_ms": [round(low, 2), round(high, 2)], "more_ms": round(median - base, 2)}
    if args.json:
        print(json.dumps({"rounds": args.rounds, "contenders": rows}, indent=2))
        return
    print(f"{'contender':28}{'median':>10}{'quartiles':>20}{'over bare':>12}   (ms, {args.rounds} rounds)")
    for name, row in rows.items():
        low, high = row["quartiles_ms"]
        print(f"{name:28}{row['median_ms']:10.2f}{low:10.2f} -{high:8.2f}{row['more_ms']:12.2f}")


if __name__ == "__main__":
    main()
