"""How long ``hpcraft --help`` takes: the median of some runs in fresh processes, beside a Python that does nothing.

Usage: .venv/bin/python benchmarks/help_time.py [RUNS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

HPCRAFT = Path(sys.executable).parent / "hpcraft"


def median_seconds(command: list[str], runs: int) -> float:
    """Median wall time of a command, after one run to warm the disk cache."""
    seconds = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, command in [("python -c pass", [sys.executable, "-c", "pass"]), ("hpcraft --help", [str(HPCRAFT), "--help"])]:
        print(f"{name}: {median_seconds(command, runs):.3f} s (median of {runs})")


if __name__ == "__main__":
    main()
