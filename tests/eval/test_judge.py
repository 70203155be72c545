"""The judge stage: figures of the measuring sticks, resuming, bad input, and failures that are not the model's."""

import json
import shutil

import pytest

from hpcraft import sandbox
from hpcraft.errors import InputError, PartialError
from hpcraft.eval.judge import STAGE, JudgeConfig
from hpcraft.records import Sample
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.outcome import TIERS, Outcome, Verdict
from hpcraft.stages import execute
from hpcraft.store import read_jsonl, write_text

BUILD = sandbox.build
SERIAL = ("kernels/axpy/serial/c", "kernels/gemv/serial/c", "kernels/spmv/serial/c")

everything = pytest.mark.skipif(not all(map(shutil.which, ("gfortran", "mpicc", "mpirun"))), reason="gfortran or Open MPI is not installed")


def samples(folder, model="reference"):
    """The samples of a model on the kernels."""
    return list(read_jsonl(folder / "kernels" / model / "samples.jsonl", Sample))


QUICK = tuple(f"kernels/{task}" for task in ("axpy/*/c", "axpy/*/cpp", "gemm/openmp/fortran", "cg/serial/fortran", "jacobi/mpi/fortran"))


@pytest.mark.usefixtures("compiles")
@everything
@pytest.mark.parametrize(
    "tasks", [QUICK, pytest.param((), marks=[pytest.mark.slow, pytest.mark.timeout(7200)])], ids=["some", "the-whole-suite"]
)
def test_reference_scores_one_and_null_zero(generate, judge, tmp_path, tasks):
    """At both levels, with nothing left out."""
    results = judge(generate(models=("reference", "null"), tasks=tasks))
    for model, value in (("reference", 1.0), ("null", 0.0)):
        found = results[f"kernels/{model}"]
        judged = samples(tmp_path / "results", model)
        wrong = [(s.task_id, dict(s.checks), s.log) for s in judged if s.passed != (value == 1.0)]
        assert not wrong
        assert set(found.levels) == {"run", found.cuda_level}
        for level, figures in found.levels.items():
            assert figures["metrics"]["pass@1"] == {"value": value, "ci95": [value, value], "n": sum(s.level == level for s in judged)}
            assert figures["metrics"]["build@1"]["value"] == 1.0
        assert found.cuda_level in ("emulate", "device")
        assert found.limited == bool(tasks)
        assert not found.unsupported
    assert results["kernels/reference"].isolation["tier"] in TIERS[1:]
    assert "gcc" in results["kernels/reference"].toolchain


@pytest.mark.usefixtures("compiles")
def test_a_folder_of_results_stands_alone(generate, judge, tmp_path):
    """Tasks with prompts, completions and samples lie beside the figures, and the secret seed is told."""
    results = judge(generate(models=("reference",), tasks=SERIAL))["kernels/reference"]
    folder = tmp_path / "results" / "kernels" / "reference"
    assert {p.name for p in folder.iterdir()} == {"results.json", "tasks.jsonl", "samples.jsonl", "completions.jsonl"}
    task = json.loads((folder / "tasks.jsonl").read_text().splitlines()[0])
    assert task["task_id"] == SERIAL[0]
    assert "void axpy" in task["prompt"]
    assert results.seeds["inputs"] > 0
    assert results.limited
    again = judge(tmp_path / "completions", name="again")["kernels/reference"]
    assert again.seeds["inputs"] != results.seeds["inputs"]
    assert judge(tmp_path / "completions", name="same", input_seed=5)["kernels/reference"].seeds["inputs"] == 5


def fail_on(monkeypatch, kernel, verdict):
    """Let the sandbox fail for one kernel; returns the list of kernels that were built."""
    built = []

    class Broken:
        """A build that came to nothing."""

        outcome = Outcome(verdict=verdict, message="the box broke")
        ok = False

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    def build(job):
        code = job.files["candidate.c"].decode()
        built.append(next(k for k in ("axpy", "gemv", "spmv") if k in code))
        return Broken() if kernel in code else BUILD(job)

    monkeypatch.setattr(sandbox, "build", build)
    return built


@pytest.mark.usefixtures("compiles")
def test_a_failing_sandbox_is_partial_and_resumed(generate, tmp_path, monkeypatch):
    """An infrastructure error counts for nobody: exit code 5, the rest is kept, and the next call judges only what is missing."""
    completions = generate(models=("reference",), tasks=SERIAL)
    fail_on(monkeypatch, "gemv", Verdict.INFRA_ERROR)
    with pytest.raises(PartialError, match=r"1 answers could not be judged.*the box broke"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results")
    assert not (tmp_path / "results").exists()
    built = fail_on(monkeypatch, "nothing", Verdict.OK)
    path = tmp_path / "results.partial" / "kernels" / "reference" / "samples.jsonl"
    with path.open("a") as file:
        file.write('{"task_id": "to')
    execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results")
    assert built == ["gemv"]
    assert {s.task_id: s.passed for s in samples(tmp_path / "results")} == dict.fromkeys(SERIAL, True)


@pytest.mark.usefixtures("compiles")
def test_a_missing_compiler_is_unsupported(generate, judge, tmp_path, monkeypatch):
    """Without a compiler its tasks are in no figure, and the results and notes say so."""
    real = toolchains.find
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool == "mpicc" else real(tool))
    completions = generate(models=("reference",), tasks=("kernels/axpy/serial/c", "kernels/axpy/mpi/c"))
    execution = execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results")
    assert any("can't be judged here" in note and "mpicc" in note for note in execution.manifest.notes)
    found = judge(completions)["kernels/reference"]
    assert found.unsupported == ("kernels/axpy/mpi/c",)
    assert found.levels.keys() == {"run"}
    assert found.levels["run"]["metrics"]["pass@1"]["n"] == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([("kernels/axpy/serial/c", 0, "a"), ("kernels/axpy/serial/c", 0, "b")], "two answers with sample_id 0"),
        ([("kernels/axpy/serial/d", 0, "a")], "no task 'kernels/axpy/serial/d'"),
    ],
    ids=["duplicate", "unknown"],
)
def test_bad_completions_are_one_line(generate, tmp_path, lines, words):
    """Duplicates and unknown tasks are refused before anything is judged."""
    completions = generate(models=("reference",), tasks=SERIAL)
    path = completions / "kernels" / "reference" / "completions.jsonl"
    rows = [json.dumps({"task_id": t, "sample_id": i, "completion": c, "model": "m", "prompt_sha256": ""}) for t, i, c in lines]
    write_text(path, "\n".join(rows) + "\n")
    with pytest.raises(InputError, match=words):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results")


def test_wrong_encodings_and_other_prompts_are_one_line(generate, tmp_path):
    """A file that isn't UTF-8 JSON, and answers to a prompt of another version."""
    completions = generate(models=("reference",), tasks=SERIAL)
    path = completions / "kernels" / "reference" / "completions.jsonl"
    good = path.read_text()
    path.write_bytes(b'{"task_id": "\xff\xfe"}\n')
    with pytest.raises(InputError, match="not JSON"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "a")
    row = json.loads(good.splitlines()[0]) | {"prompt_sha256": "0" * 64}
    write_text(path, json.dumps(row) + "\n")
    with pytest.raises(InputError, match="another prompt"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "b")
