"""What the tests of evaluation share."""

import json
import shutil

import pytest

from hpcraft.eval.generate import STAGE as GENERATE
from hpcraft.eval.generate import GenerateConfig
from hpcraft.eval.judge import STAGE as JUDGE
from hpcraft.eval.judge import JudgeConfig
from hpcraft.eval.results import find_results, read_results
from hpcraft.stages import execute


class Inline:
    """An executor that does the tasks in this process, where tests can put things in the place of others."""

    def map(self, function, tasks, *, folder, label):
        """One after the other."""
        for task in tasks:
            function(task)


NEEDED = {"bwrap": "bubblewrap", "gcc": "gcc"}


@pytest.fixture
def compiles():
    """Skip where nothing can be built in isolation."""
    for tool, package in NEEDED.items():
        if shutil.which(tool) is None:
            pytest.skip(f"{package} is not installed")


MODELS = {
    "openmp": (("clang-19", "clang"), "clang"),
    "mpi": (("mpirun",), "Open MPI"),
    "cuda": (("nvcc",), "nvcc"),
}


@pytest.fixture
def needs(compiles):
    """Skip where the tools of a model are not installed."""

    def check(model, language="c"):
        tools, package = MODELS.get(model, ((), ""))
        if tools and not any(map(shutil.which, tools)):
            pytest.skip(f"{package} is not installed")
        if language == "fortran" and shutil.which("gfortran") is None:
            pytest.skip("gfortran is not installed")

    return check


@pytest.fixture
def inline():
    """An executor that does the tasks in this process."""
    return Inline()


@pytest.fixture
def generate(tmp_path):
    """Run the stage ``generate`` into ``tmp_path/NAME``."""

    def run(name="completions", inputs=None, **config):
        execute(GENERATE, GenerateConfig(**config), inputs or {}, tmp_path / name)
        return tmp_path / name

    return run


@pytest.fixture
def judge(tmp_path):
    """Run the stage ``judge`` on a folder of completions; gives results by ``SUITE/MODEL``."""

    def run(completions, name="results", inputs=None, **config):
        out = tmp_path / name
        execute(JUDGE, JudgeConfig(**config), {"completions": completions, **(inputs or {})}, out, executor=Inline())
        return {p.relative_to(out).as_posix(): read_results(p) for p in find_results(out)}

    return run


@pytest.fixture
def write_completions(tmp_path):
    """Write a file of completions from (task id, sample id, text) triples."""

    def write(rows, name="answers.jsonl"):
        path = tmp_path / name
        lines = [
            json.dumps({"task_id": t, "sample_id": i, "completion": text, "model": "test", "prompt_sha256": "", "sampling": {}})
            for t, i, text in rows
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
