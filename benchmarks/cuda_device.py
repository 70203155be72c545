"""The same CUDA programs on a device and emulated: whether both print the same, and how long each run takes.

    .venv/bin/python benchmarks/cuda_device.py [--programs PATTERN] [--corpus programs|faulty] [--workers 2] [--tier TIER] [--json FILE]

The programs are those of tests/sandbox/cuda/programs (HIP's and what nvcc no longer knows left out), built and run by the sandbox at the levels ``device`` and
``emulate``. With ``--corpus faulty`` those with one fault each are run as well, and the table says what a device makes of each
beside what the emulation tells: nothing is compared. Exits with 4 where nvcc or a GPU is missing, with 1 where a program fails or the
two print different things.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hpcraft.sandbox import Job, Outcome, run_keyed  # noqa: E402 - the corpus lies beside the tests, which aren't installed
from hpcraft.sandbox.cuda.device import Device, device  # noqa: E402
from hpcraft.sandbox.outcome import TIERS, CudaLevel  # noqa: E402
from hpcraft.sandbox.tools import find  # noqa: E402
from tests.sandbox.cuda import corpus  # noqa: E402

NO_MACHINE = 4
LEVELS: tuple[CudaLevel, CudaLevel] = ("device", "emulate")
_SHOWN = 110


def job_of(path: Path, level: CudaLevel) -> Job:
    """A program's job; a faulty one is given the check and the orders that its fault needs, where they exist."""
    if path.parent.name == "programs":
        return replace(corpus.job(path), cuda=level)
    fault = corpus.fault_of(path)
    if level == "device":
        return replace(corpus.job(path, wall_seconds=10.0), cuda=level)
    return corpus.job(path, fault.check, wall_seconds=10.0, schedules=fault.schedules)


def jobs(paths: list[Path], tier: str) -> Iterator[tuple[tuple[str, CudaLevel], Job]]:
    """Every program at both levels."""
    for path in paths:
        for level in LEVELS:
            job = job_of(path, level)
            yield (path.name, level), replace(job, min_isolation="none", tier=tier) if tier else job


def told(outcome: Outcome) -> str:
    """The verdict with its message, on one line."""
    last = outcome.stderr.strip().rpartition("\n")[2]
    words = outcome.message if outcome.message else last
    return f"{outcome.verdict}: {words}"[:_SHOWN] if words else str(outcome.verdict)


def same(device_run: Outcome, emulated: Outcome) -> bool:
    """Whether both ran well and printed the same."""
    return device_run.ok and emulated.ok and device_run.stdout == emulated.stdout


def main() -> int:
    """Compare all programs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="*", help="a pattern of names (default: all)")
    parser.add_argument("--corpus", choices=["programs", "faulty"], default="programs", help="which programs (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="programs at the same time (default: %(default)s)")
    parser.add_argument("--tier", choices=TIERS, default="", help="the tier of isolation (default: the strongest)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what became of each program, too")
    options = parser.parse_args()
    gpu = device()
    if find("nvcc") is None or not isinstance(gpu, Device):
        print(f"error: {gpu if isinstance(gpu, str) else 'nvcc is not on this machine'}; run it on a machine with both", file=sys.stderr)
        return NO_MACHINE
    print(f"{gpu.name}, {gpu.architecture}", flush=True)
    found = {
        "programs": corpus.for_devices(),
        "faulty": corpus.faulty(),
    }[options.corpus]
    paths = [path for path in found if fnmatch.fnmatch(path.stem, options.programs)]
    outcomes = dict(run_keyed(jobs(paths, options.tier), workers=options.workers))
    if options.json:
        rows = [{"program": name, "level": level, **outcome.to_dict()} for (name, level), outcome in outcomes.items()]
        options.json.write_text(json.dumps(rows, indent=1))
    return table(paths, outcomes)


def table(paths: list[Path], outcomes: dict[tuple[str, CudaLevel], Outcome]) -> int:
    """Print a row for each program; the exit code."""
    good, different = 0, []
    print(f"{'program':28} {'device s':>8} {'emulated s':>10}")
    for path in paths:
        on, off = (outcomes[path.name, level] for level in LEVELS)
        head = f"{path.name:28} {on.wall_seconds:8.3f} {off.wall_seconds:10.3f}"
        if path.parent.name == "faulty":
            print(f"{head}  device: {told(on)}\n{'':48}  emulated: {told(off)}")
            continue
        good += same(on, off)
        if not same(on, off):
            different.append(path.name)
        print(f"{head}  {'same' if same(on, off) else f'DIFFERS; device: {told(on)}; emulated: {told(off)}'}")
    if paths and paths[0].parent.name == "programs":
        print(f"{good} of {len(paths)} the same", *different)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
