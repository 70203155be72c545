"""Training in processes of its own: what the workers are given, and what is told of one that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hpcraft.errors import MachineError
from hpcraft.executor import Program
from hpcraft.stages import Work
from hpcraft.store import read_json, write_json
from hpcraft.train import launch
from hpcraft.train.agent import DIED
from hpcraft.train.loop import Fitted
from hpcraft.train.pretrain import STAGE, PretrainConfig
from tests.conftest import Run
from tests.train.tiny_bases import save_base, task_corpus

CONFIG = PretrainConfig(processes=2)


class Pretended:
    """An executor whose processes leave what the test says, and keep the plan that they were given."""

    def __init__(self, leave: dict[str, Any], log: str = "") -> None:
        self.leave, self.log = leave, log
        self.plan: dict[str, Any] = {}

    def map(self, *_: Any, **__: Any) -> None:
        """Not asked for."""

    def run(self, program: Program, *, folder: Path, label: str) -> Path:
        """Leave the files."""
        place = program.marks[0].parent
        self.plan = read_json(place / "plan.json")
        for name, value in self.leave.items():
            write_json(place / name, value)
        (folder / "log.txt").write_text(self.log)
        return folder / "log.txt"


def learn(config: Any, work: Work) -> list[Fitted]:
    """Never called: the processes are pretended."""
    raise AssertionError


def call(executor: Pretended, out: Path, **inputs: Path) -> list[Fitted]:
    """Call it in two processes."""
    return launch.call(learn, STAGE, CONFIG, Work(out=out, inputs=inputs, seed=0, executor=executor), processes=2)


def test_the_name_of_a_repository_stays_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is told to the workers by its whole path, since theirs may be another; what is in the Hub's cache isn't below any."""
    (tmp_path / "corpus").mkdir()
    monkeypatch.chdir(tmp_path)
    executor = Pretended({"result.json": {"fitted": []}})
    call(executor, tmp_path, base=Path("Qwen/Qwen2.5-Coder-1.5B"), corpus=Path("corpus"))
    assert executor.plan["inputs"] == {"base": "Qwen/Qwen2.5-Coder-1.5B", "corpus": str(tmp_path / "corpus")}


@pytest.mark.parametrize(
    ("died", "log", "message"),
    [
        (
            {"name": "rank 1", "exit_code": -9},
            "",
            r"\(rank 1\) was killed by SIGKILL, as the kernel does when memory runs out; give smaller",
        ),
        ({"name": "rank 0", "exit_code": 1}, "", r"died: rank 0 ended with exit code 1; what it said stands above; run the same"),
        ({"name": "rank 0", "exit_code": 1}, "KeyError: 'x'\n", r"died: KeyError: 'x' rank 0 ended with exit code 1; log: .*log\.txt"),
        (None, "", r"died: torchrun; what it said stands above"),
    ],
)
def test_a_process_that_died_is_told(died: dict[str, Any] | None, log: str, message: str, tmp_path: Path) -> None:
    """Which and how, with what to do where memory ran out; an empty log isn't pointed at."""
    with pytest.raises(MachineError, match=message):
        call(Pretended({DIED: died} if died else {}, log), tmp_path)
    (tmp_path / ".run" / "result.json").write_text('{"fitted": []}')
    with pytest.raises(MachineError, match="died: torchrun"):  # what an earlier try left is forgotten
        call(Pretended({}), tmp_path)


KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.ci
def test_the_agent_leaves_word_of_a_process_that_was_killed(tmp_path: Path) -> None:
    """By torchrun itself, as the kernel kills one."""
    (tmp_path / "killed.py").write_text(KILLED)
    command = [
        sys.executable,
        "-m",
        "hpcraft.train.agent",
        "--standalone",
        "--nproc-per-node=1",
        str(tmp_path / "killed.py"),
        str(tmp_path),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode
    assert read_json(tmp_path / DIED) == {"name": "rank 0", "exit_code": -signal.SIGKILL}


@pytest.mark.slow  # processes that load torch
def test_two_processes_are_taught_from_a_repository_in_the_cache(tmp_path: Path, hpcraft: Run) -> None:
    """They share each step by DDP, and what comes out has the cache of keys and values that it had."""
    snapshot = tmp_path / "hub" / "models--someone--tiny" / "snapshots" / "abc123"
    (snapshot.parents[1] / "refs").mkdir(parents=True)
    (snapshot.parents[1] / "refs" / "main").write_text("abc123")
    save_base(snapshot, "llama")
    corpus = task_corpus(tmp_path / "prepare")
    words = ["finetune", "--base", "someone/tiny", "--corpus", corpus, "--task", "openmp", "--processes", "2"]
    words += ["--max-steps", "2", "--max-examples", "4", "-o", tmp_path / "out", "--json"]
    done = hpcraft(*words, env={"HF_HUB_CACHE": str(tmp_path / "hub"), "PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["metrics"]["processes"], found["rows"]["steps"]) == (2, 2)
    before, after = (load_file(folder / "model.safetensors") for folder in (snapshot, tmp_path / "out/model"))
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert read_json(tmp_path / "out/model/config.json")["use_cache"] is True
