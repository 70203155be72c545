"""Measure ``make run`` from a bare clone: minutes, peak memory of the process tree, and the time of a second run.

    python benchmarks/quickstart.py [--keep FOLDER]

Clones the committed state of this repository into an empty folder and does what the README says. Memory is
the sum of proportional set sizes over all descendants, sampled twice a second, so pages that processes share count once.
Standard library only, Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.5


def children(pid: int) -> list[int]:
    """All descendants of a process, itself included."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        for listing in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                queue.extend(int(word) for word in listing.read_text().split())
            except OSError:
                continue
    return found


def proportional_bytes(pid: int) -> int:
    """Proportional set size of one process, 0 when it has gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))


def measure(command: list[str], folder: Path, log: Path) -> dict[str, float]:
    """Run a command to its end; seconds, peak memory in GiB and exit code."""
    begin, peak = time.monotonic(), 0
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        while process.poll() is None:
            peak = max(peak, sum(map(proportional_bytes, children(process.pid))))
            time.sleep(SAMPLE_SECONDS)
    return {"seconds": round(time.monotonic() - begin, 1), "peak_gib": round(peak / 2**30, 2), "exit_code": process.returncode}


def stage_seconds(run: Path) -> dict[str, float]:
    """Seconds of each stage, from the manifests."""
    manifests = sorted(run.glob("*/manifest.json"), key=lambda p: json.loads(p.read_text())["created"])
    return {p.parent.name: json.loads(p.read_text())["seconds"] for p in manifests}


def main() -> None:
    """Clone, run twice, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="clone into this folder, which must not exist, and leave it there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clone = args.keep or Path(scratch) / "hpcraft"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        log = clone.with_suffix(".log")
        setup = measure(["make", "setup"], clone, log)
        first = measure(["make", "run"], clone, log)
        second = measure(["make", "run"], clone, log)
        results = {
            "setup": setup,
            "run": first,
            "run_total_seconds": round(setup["seconds"] + first["seconds"], 1),
            "again": second,
            "stages": stage_seconds(clone / "runs" / "quickstart"),
            "log": str(log),
        }
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
