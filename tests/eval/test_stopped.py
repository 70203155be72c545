"""A80 and A81 of the list of attacks: a judge that is killed or told to stop in the middle of its work."""

import collections
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TASKS = (
    "kernels/axpy/serial/c",
    "kernels/gemv/serial/c",
    "kernels/gemm/serial/c",
    "kernels/spmv/serial/c",
    "kernels/jacobi/serial/c",
    "kernels/cg/serial/c",
)


def command(completions, out):
    """The words of a person who judges."""
    return [sys.executable, "-m", "hpcraft", "eval", "judge", "--completions", completions, "--out", out, "--workers", "2", "--quiet"]


def stop(completions, out, scratch, number):
    """Start a judge, stop it by a signal as soon as it has saved an answer, and give its exit code."""
    process = subprocess.Popen(command(completions, out), env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE, text=True)
    saved = out.with_name(out.name + ".partial") / ".shards" / "kernels" / "reference"
    deadline = time.monotonic() + 120
    while not any(path.read_bytes().count(b"\n") for path in saved.glob("*.samples.jsonl")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def alive(scratch):
    """Processes whose command line names the folder of the boxes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if str(scratch).encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_stopped_judge_resumes(generate, tmp_path, number, exit_code):
    """Its boxes die with it, and the same command ends the work: every answer is judged once, none is lost."""
    completions = generate(models=("reference",), tasks=TASKS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    out = tmp_path / "results"
    assert stop(completions, out, scratch, number) == exit_code
    give_up = time.monotonic() + 5
    while alive(scratch) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not alive(scratch)
    assert not out.exists()
    done = subprocess.run(command(completions, out), capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    lines = (out / "kernels" / "reference" / "samples.jsonl").read_text().splitlines()
    counts = collections.Counter(next(task for task in TASKS if f'"{task}"' in line) for line in lines)
    assert counts == dict.fromkeys(TASKS, 1)
