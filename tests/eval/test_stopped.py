"""A80 and A81 of the list of attacks: a judge, or a generation, that is killed or told to stop in the middle of its work."""

import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.eval.faulty_server import serving

TASKS = (
    "kernels/axpy/serial/c",
    "kernels/gemv/serial/c",
    "kernels/gemm/serial/c",
    "kernels/spmv/serial/c",
    "kernels/jacobi/serial/c",
    "kernels/cg/serial/c",
)
NUM_TASKS = 60
"""Of the suite, that a model is asked."""


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


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_stopped_judge_resumes(generate, tmp_path, number, exit_code, request):
    """Its boxes die with it, and the same command ends the work: every answer is judged once, none is lost."""
    completions = generate(models=("reference",), tasks=TASKS)
    scratch = Path(tempfile.mkdtemp(prefix="hp-"))  # short: sockets lie in it
    request.addfinalizer(lambda: shutil.rmtree(scratch, ignore_errors=True))
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


def generate_command(server, out):
    """The words of a person who asks a server."""
    models = f"[openai:{server.url}#tiny]"
    options = (
        "--models",
        models,
        "--out",
        out,
        "--samples",
        "3",
        "--temperature",
        "1",
        "--concurrency",
        "2",
        "--limit",
        str(NUM_TASKS),
        "--quiet",
    )
    return [sys.executable, "-m", "hpcraft", "eval", "generate", *options]


@pytest.mark.ci
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_stopped_generation_resumes(tmp_path, number, exit_code):
    """What was answered isn't asked again, and it ends as an undisturbed one, to the byte."""
    slow = True

    def plan(server, path, body):
        time.sleep(0.05 if slow else 0)
        return f"answer {body['seed']}"

    with serving(plan) as server:
        out = tmp_path / "stopped"
        process = subprocess.Popen(generate_command(server, out), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while len(server.requests) < 20:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == exit_code
        assert not out.exists()
        asked, slow = len(server.requests), False
        (part,) = (tmp_path / "stopped.partial").glob(".answers/kernels/*/00000.part.jsonl")
        saved = part.read_bytes().count(b"\n")
        assert asked - 4 <= saved <= asked
        done = subprocess.run(generate_command(server, out), capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) - asked == 3 * NUM_TASKS - saved
        whole = tmp_path / "whole"
        subprocess.run(generate_command(server, whole), check=True, timeout=240)
    (first,), (second,) = (list(folder.glob("kernels/*/completions.jsonl")) for folder in (out, whole))
    assert first.read_bytes() == second.read_bytes()
