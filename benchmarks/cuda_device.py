"""The same CUDA programs on a device and emulated: whether both print the same, and how long each run takes.

    .venv/bin/python benchmarks/cuda_device.py [--programs PATTERN] [--arch sm_80] [--include FOLDER]

The programs are those of tests/sandbox/cuda/programs, ours: nvcc's result runs outside of any sandbox. Programs in HIP are left
out. Exits with 4 where nvcc or a GPU is missing, with 1 where a program fails or the two print different things.
"""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hpcraft.sandbox import run  # noqa: E402 - the corpus lies beside the tests, which aren't installed
from tests.sandbox.cuda import corpus  # noqa: E402

NO_MACHINE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """One program, run once."""

    ok: bool
    stdout: str
    seconds: float
    trouble: str = ""


def has_device() -> bool:
    """Whether the driver's own tool finds a GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    told = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return told.returncode == 0 and "GPU" in told.stdout


def on_device(path: Path, arch: str, include: list[str]) -> Ran:
    """Compile with nvcc and run bare."""
    sources = [str(file) for file in sorted(path.iterdir())] if path.is_dir() else [str(path)]
    sources = [name for name in sources if name.endswith((".cu", ".cpp"))]
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "program")
        flags = ["-std=c++17", f"-arch={arch}", *corpus.flags_of(path), *(f"-I{name}" for name in include)]
        built = subprocess.run(["nvcc", *flags, "-o", program, *sources], capture_output=True, text=True, check=False)
        if built.returncode:
            return Ran(ok=False, stdout="", seconds=0.0, trouble=f"nvcc: {built.stderr.strip().splitlines()[0]}")
        begin = time.perf_counter()
        try:
            ended = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return Ran(ok=False, stdout="", seconds=60.0, trouble="over 60 s")
        trouble = f"exit code {ended.returncode}" if ended.returncode else ""
        return Ran(ok=not trouble, stdout=ended.stdout, seconds=time.perf_counter() - begin, trouble=trouble)


def emulated(path: Path) -> Ran:
    """Run in the sandbox, on the processor."""
    outcome = run(corpus.job(path))
    return Ran(ok=outcome.ok, stdout=outcome.stdout, seconds=outcome.wall_seconds, trouble=outcome.message)


def compare(path: Path, arch: str, include: list[str]) -> bool:
    """Run both ways and print one row."""
    device, cpu = on_device(path, arch, include), emulated(path)
    same = device.ok and cpu.ok and device.stdout == cpu.stdout
    verdict = "same" if same else device.trouble or cpu.trouble or "differs"
    print(f"{path.name:28} {device.seconds:8.3f} {cpu.seconds:9.3f}  {verdict}", flush=True)
    return same


def main() -> int:
    """Compare all programs and print a table."""
    parser = argparse.ArgumentParser(description="Compare emulated CUDA programs with a device.")
    parser.add_argument("--programs", default="*", help="a pattern of names (default: all)")
    parser.add_argument("--arch", default="sm_80", help="what nvcc compiles for (default: sm_80)")
    parser.add_argument("--include", action="append", default=[], help="another folder of headers for nvcc, such as cuRAND's")
    options = parser.parse_args()
    if shutil.which("nvcc") is None or not has_device():
        print("error: no GPU or no nvcc here; needed: both; run it on a machine that has them", file=sys.stderr)
        return NO_MACHINE
    paths = [path for path in corpus.programs() if path.suffix != ".hip" and fnmatch.fnmatch(path.stem, options.programs)]
    print(f"{'program':28} {'device s':>8} {'emulated s':>9}")
    same = [compare(path, options.arch, options.include) for path in paths]
    print(f"{sum(same)} of {len(same)} the same")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
