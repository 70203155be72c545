"""Generating and judging on a cluster, tried on a real Slurm of one node: what is written is the same as here."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from hpcraft.eval.generate import STAGE as GENERATE
from hpcraft.eval.generate import GenerateConfig
from hpcraft.eval.hole_admission import TasksConfig
from hpcraft.eval.hole_tasks import STAGE as TASKS_STAGE
from hpcraft.eval.judge import STAGE as JUDGE
from hpcraft.eval.judge import JudgeConfig
from hpcraft.executor import Executor, ExecutorConfig, make_executor
from hpcraft.local import LocalExecutor
from hpcraft.samples import Completion, Sample
from hpcraft.stages import execute
from hpcraft.store import Manifest, read_jsonl
from tests.eval.hole_programs import PROGRAM

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]

TASKS = tuple(f"kernels/{kernel}/{model}/c" for kernel in ("axpy", "gemv") for model in ("serial", "openmp", "mpi", "offload", "openacc"))
SERIAL = tuple(f"kernels/{kernel}/serial/c" for kernel in ("axpy", "gemv", "gemm", "spmv", "jacobi", "cg"))
SLURM = ExecutorConfig(kind="slurm", tasks_per_job=1, max_parallel=2)


def jobs(phase: str) -> int:
    """How many jobs of a phase Slurm knows of, those that have ended too."""
    words = ("squeue", "--noheader", "--states=all", "--array", "--format=%k")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n").count(phase)


def test_answers_are_the_same_as_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's questions go to jobs in shards, drawn answers among them; a server or a file is asked from here."""
    from tests.eval.tiny_models import save_model

    folder = save_model(tmp_path / "tiny", max_position_embeddings=2048)
    config = GenerateConfig(models=(f"hf:{folder}", "reference"), tasks=TASKS, samples=2, temperature=0.9, max_new_tokens=2, top_p=0.9)
    monkeypatch.setattr("hpcraft.eval.answering.SHARD_ANSWERS", 8)
    before = jobs("answer kernels")

    def generated(name: str, executor: Executor) -> Manifest:
        return execute(GENERATE, config, {}, tmp_path / name, seed=3, executor=executor).manifest

    here, there = generated("here", LocalExecutor(1)), generated("there", make_executor(SLURM))
    assert here.outputs_sha256 == there.outputs_sha256
    assert here.rows["completions"] == 2 * 10 * 2
    assert jobs("answer kernels") - before == 3
    path = next((tmp_path / "there" / "kernels").glob("hf-*/completions.jsonl"))
    assert [c.sample_id for c in read_jsonl(path, Completion)] == [0, 1] * 10
    assert not [p for p in (tmp_path / "there").iterdir() if p.name.startswith(".")]


def test_judgements_are_the_same_as_here(tmp_path: Path, write_completions: object, compiles: None) -> None:
    """Shards of answers go to jobs, with paths as one types them; samples are in the order of the answers."""
    assert callable(write_completions)
    rows = [(f"kernels/{k}/serial/c", i, f"void {k}(int n) {{ }}" if i == 3 else "") for i in range(4) for k in ("axpy", "gemv", "cg")]
    config = GenerateConfig(models=(f"replay:{write_completions(rows)}", "reference"), tasks=SERIAL, samples=4)
    completions = tmp_path / "completions"
    execute(GENERATE, config, {}, completions)
    before = jobs("judge")

    def judged(name: str, executor: Executor) -> dict[str, list[Sample]]:
        execute(JUDGE, JudgeConfig(input_seed=9), {"completions": completions}, tmp_path / name, executor=executor)
        found = sorted((tmp_path / name).glob("kernels/*/samples.jsonl"))
        return {p.parent.name: [dataclasses.replace(s, seconds=0.0) for s in read_jsonl(p, Sample)] for p in found}

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        there = judged("there", make_executor(SLURM))
    assert there == judged("here", LocalExecutor(2))
    assert sum(map(len, there.values())) == 12 + 24
    assert sum(s.passed for s in there["reference"]) == 24
    assert jobs("judge") - before == 5


def test_programs_are_taken_apart_as_here(tmp_path: Path, compiles: None) -> None:
    """Stage ``tasks`` hands its programs to jobs; the tasks are the same, and suite ``completion`` is judged from their folder by jobs, too."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(6):
        text = PROGRAM.replace("y[i] = 2 * i + 3", f"y[i] = {number + 2} * i + 3").replace("dot", f"dot{number}")
        (sources / f"dot{number}.c").write_text(f"/* SPDX-License-Identifier: MIT */\n{text}")
    before = jobs("programs")

    def taken(name: str, executor: Executor) -> Manifest:
        return execute(TASKS_STAGE, TasksConfig(mutants=1, holes=1), {"data": sources}, tmp_path / name, seed=3, executor=executor).manifest

    there, here = taken("there", make_executor(SLURM)), taken("here", LocalExecutor(1))
    assert there.outputs_sha256 == here.outputs_sha256
    assert there.rows["tested programs"] == here.rows["tested programs"] > 0
    assert jobs("programs") - before == 2
    data = {"data": tmp_path / "there"}
    asked = GenerateConfig(suites=("completion",), models=("reference", "null"))
    execute(GENERATE, asked, data, tmp_path / "asked", executor=LocalExecutor(1))
    judged = execute(
        JUDGE, JudgeConfig(input_seed=9), {"completions": tmp_path / "asked", **data}, tmp_path / "out", executor=make_executor(SLURM)
    )
    assert judged.manifest.rows["samples"] == 2 * there.rows["tasks"]
    assert judged.manifest.rows["passed"] == there.rows["tasks"]
