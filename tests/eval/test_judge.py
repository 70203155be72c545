"""The judge stage: figures of the measuring sticks, resuming, bad input, and failures that are not the model's."""

import dataclasses
import json
import shutil

import pytest

from hpcraft import sandbox
from hpcraft.errors import ConfigError, InputError, PartialError
from hpcraft.eval import judging
from hpcraft.eval.judge import STAGE, JudgeConfig
from hpcraft.eval.judge_shards import JudgeShard, machine_of
from hpcraft.eval.models import label
from hpcraft.eval.results import find_results, read_results
from hpcraft.eval.suites import kernel_tasks
from hpcraft.local import LocalExecutor
from hpcraft.samples import Sample
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.outcome import TIERS, Outcome, Verdict
from hpcraft.stages import execute
from hpcraft.store import read_jsonl, write_bytes, write_json

BUILD = sandbox.build
SERIAL = ("kernels/axpy/serial/c", "kernels/gemv/serial/c", "kernels/spmv/serial/c")

everything = pytest.mark.skipif(not all(map(shutil.which, ("gfortran", "mpicc", "mpirun"))), reason="gfortran or Open MPI is not installed")


def samples(folder, model="reference"):
    """The samples of a model on the kernels."""
    return list(read_jsonl(folder / "kernels" / model / "samples.jsonl", Sample))


QUICK = tuple(f"kernels/{task}" for task in ("axpy/*/c", "axpy/*/cpp", "gemm/openmp/fortran", "cg/serial/fortran", "jacobi/mpi/fortran"))


@pytest.mark.ci
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
            assert figures["metrics"]["pass@1"]["value"] == value
            assert figures["metrics"]["pass@1"]["n"] == sum(s.level == level for s in judged)
            assert figures["metrics"]["build@1"]["value"] == 1.0
        assert found.cuda_level in ("emulate", "device")
        assert found.limited == bool(tasks)
        assert not found.unsupported
    assert results["kernels/reference"].isolation["tier"] in TIERS[1:]
    assert "gcc" in results["kernels/reference"].toolchain


@pytest.mark.ci
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


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_a_sudden_speed_up_is_told(generate, inline, tmp_path, monkeypatch):
    """A right answer far faster than the baseline counts, and a person is asked to look at it; the machine stands with the results."""
    monkeypatch.setattr("hpcraft.eval.judge._SUDDEN", 0)
    completions = generate(models=("reference",), tasks=SERIAL[:1])
    config = JudgeConfig(timing=True, timing_cores=(1,))
    execution = execute(STAGE, config, {"completions": completions}, tmp_path / "results", executor=inline)
    assert any(
        f"1 right answers are more than 0 times as fast a core as the baseline; look at {SERIAL[0]}" in n for n in execution.manifest.notes
    )
    assert set(read_results(tmp_path / "results" / "kernels" / "reference").machine) == {"processor", "cores"}


def test_the_machine_is_that_of_all_that_judged(tmp_path):
    """What differs between the nodes of a cluster is no fact of the results."""
    shards = [JudgeShard(suite="kernels", pairs=None, style="plain", seed=1, answers=tmp_path / f"{i}.jsonl") for i in range(2)]
    for shard, processor in zip(shards, ("one", "other"), strict=True):
        write_json(shard.machines, {"machines": [{"processor": processor, "cores": "2"}]})
    assert machine_of(shards[:1]) == {"processor": "one", "cores": "2"}
    assert machine_of(shards) == {"processor": "several", "cores": "2"}


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
def test_a_failing_sandbox_is_partial_and_resumed(generate, write_completions, inline, tmp_path, monkeypatch):
    """An infrastructure error counts for nobody: exit code 5, who is judged whole has results, and the next call judges only what is missing."""
    other = write_completions([(SERIAL[0], 0, "void axpy(int n) { }")])
    completions = generate(models=("reference", f"replay:{other}"), tasks=SERIAL)
    whole = label(f"replay:{other}")
    fail_on(monkeypatch, "gemv", Verdict.INFRA_ERROR)
    with pytest.raises(PartialError, match=rf"1 answers could not be judged.*the box broke.*results\.partial: kernels/{whole}"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results", executor=inline)
    assert not (tmp_path / "results").exists()
    assert [p.name for p in find_results(tmp_path / "results.partial")] == [whole]
    built = fail_on(monkeypatch, "nothing", Verdict.OK)
    path = tmp_path / "results.partial" / ".shards" / "kernels" / "reference" / "00000.samples.jsonl"
    with path.open("a") as file:
        file.write('{"task_id": "to')
    execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results", executor=inline)
    assert built == ["gemv"]
    assert {s.task_id: s.passed for s in samples(tmp_path / "results")} == dict.fromkeys(SERIAL, True)


@pytest.mark.usefixtures("compiles")
def test_an_answer_that_cannot_be_looked_at_takes_no_other_with_it(judge, generate, write_completions, tmp_path):
    """Macros that make megabytes fail the check `build`, and the next answer is judged."""
    head, right = "void axpy(int n, double a, const double *x, double *y) {", "for (int i = 0; i < n; i++) y[i] += a * x[i]; }"
    bomb = "\n".join([f"#define A {';' * 60}", *(f"#define {b} {' '.join([a] * 20)}" for a, b in zip("ABCD", "BCDE", strict=True))])
    path = write_completions([(SERIAL[0], 0, f"{bomb}\n{head} E {right}"), (SERIAL[0], 1, f"{head} {right}")])
    judge(generate(models=(f"replay:{path}",), samples=2, tasks=SERIAL[:1]))
    first, second = samples(tmp_path / "results", label(f"replay:{path}"))
    assert first.checks["build"].startswith("fail: its macros make 9,"), first
    assert not first.passed
    assert second.passed


@pytest.mark.usefixtures("compiles")
def test_an_answer_without_code_does_not_choose_the_level(judge, generate, write_completions, monkeypatch):
    """Where a device is, a task in CUDA stays at its level, whether something could be built of its answers or not."""
    monkeypatch.setattr(judging, "_level_here", lambda model, **_: "device")
    path = write_completions([("kernels/axpy/cuda/cpp", 0, "I can't.")])
    found = judge(generate(models=(f"replay:{path}",), tasks=("kernels/axpy/cuda/cpp",)))
    (results,) = found.values()
    assert results.levels.keys() == {"device"}


@pytest.mark.usefixtures("compiles")
def test_a_missing_compiler_is_unsupported(generate, judge, inline, tmp_path, monkeypatch):
    """Without a compiler its tasks are in no figure, and the results and notes say so."""
    real = toolchains.find
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool == "mpicc" else real(tool))
    completions = generate(models=("reference",), tasks=("kernels/axpy/serial/c", "kernels/axpy/mpi/c"))
    execution = execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results", executor=inline)
    assert any("can't be judged here" in note and "mpicc" in note for note in execution.manifest.notes)
    found = judge(completions)["kernels/reference"]
    assert found.unsupported == ("kernels/axpy/mpi/c",)
    assert found.levels.keys() == {"run"}
    assert found.levels["run"]["metrics"]["pass@1"]["n"] == 1


def line(task_id, sample_id, code, **fields):
    """A line of completions."""
    row = {"task_id": task_id, "sample_id": sample_id, "completion": code, "model": "m", "prompt_sha256": ""}
    return (json.dumps(row | fields) + "\n").encode()


def bad_file(generate, reference):
    """A file of completions with all that can be wrong; returns its folder."""
    completions = generate(models=("reference",), tasks=SERIAL)
    axpy, gemv, spmv = SERIAL
    lines = [
        line(axpy, 0, reference[axpy]),
        line(axpy, 0, "second try"),
        line("kernels/axpy/serial/d", 0, "a"),
        b'{"task_id": "\xff\xfe"}\n',
        b"\n",
        b"not JSON at all\n",
        b'["a list"]\n',
        line(gemv, 0, "void gemv(", prompt_sha256="0" * 64),
        line(gemv, 1, reference[gemv]).replace(b"void gemv", b"/* \xff\\ud800 */ void gemv"),
        line(gemv, -1, "negative"),
        line(gemv, 2, "x" * 10_000_000),
        line(gemv, 3, ""),
        line(gemv, 4, "study", sampling={"prompt_style": "study"}),
        line(spmv, 0, f"Sure:\n```c\n{reference[spmv]}```\nand run\n```sh\nmake\n```"),
        line(spmv, 1, reference[spmv])[:-20],
    ]
    path = completions / "kernels" / "reference" / "completions.jsonl"
    write_bytes(path, b"".join(lines))
    return completions


@pytest.mark.usefixtures("compiles")
def test_bad_lines_are_told_and_the_rest_is_judged(generate, inline, tmp_path):
    """Unknown tasks, duplicates (the first counts), other prompts, what is no completion: counted by reason; bad answers are judged."""
    reference = {t.task_id: t.reference for t in kernel_tasks()}
    completions = bad_file(generate, reference)
    execution = execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "results", executor=inline)
    assert execution.manifest.rejections == {
        "a second answer with the same task and sample": 1,
        "another style of prompts": 1,
        "answered for another prompt": 1,
        "no such task": 1,
        "torn": 1,
        "unreadable": 4,
    }
    assert any("line 2" in note and SERIAL[0] in note for note in execution.manifest.notes)
    axpy, gemv, spmv = SERIAL
    found = {(s.task_id, s.sample_id): s for s in samples(tmp_path / "results")}
    assert {key: s.passed for key, s in found.items()} == {
        (axpy, 0): True,
        (gemv, 1): True,
        (gemv, 2): False,
        (gemv, 3): False,
        (spmv, 0): True,
    }
    assert "10,000,000 characters" in found[gemv, 2].checks["build"]
    assert "no code" in found[gemv, 3].checks["build"]
    assert read_results(tmp_path / "results" / "kernels" / "reference").dropped["no such task"] == 1
    with pytest.raises(InputError, match="strict, and not every line can be judged"):
        execute(STAGE, JudgeConfig(strict=True), {"completions": completions}, tmp_path / "strict", executor=inline)


def test_a_file_of_which_nothing_can_be_judged_is_refused(generate, inline, tmp_path):
    """Answers to prompts of another version: one line that says so, and the answers to another suite would go on."""
    completions = generate(models=("reference",), tasks=SERIAL)
    path = completions / "kernels" / "reference" / "completions.jsonl"
    write_bytes(path, line(SERIAL[0], 0, "code", prompt_sha256="0" * 64))
    with pytest.raises(InputError, match=r"nothing in it can be judged.*another prompt"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "a", executor=inline)


@pytest.mark.usefixtures("compiles")
def test_an_unreadable_suite_stops_its_own_answers_alone(generate, inline, tmp_path):
    """A folder of a suite that isn't there: the others are judged and kept, then the fault is told."""
    completions = generate(models=("reference",), tasks=SERIAL[:1])
    (completions / "unknown" / "reference").mkdir(parents=True)
    (completions / "unknown" / "reference" / "completions.jsonl").write_bytes(line("unknown/a", 0, "code"))
    with pytest.raises(ConfigError, match=r"no suite 'unknown'.*results in .*a\.partial: kernels/reference"):
        execute(STAGE, JudgeConfig(), {"completions": completions}, tmp_path / "a", executor=inline)
    assert read_results(tmp_path / "a.partial" / "kernels" / "reference").levels["run"]["metrics"]["pass@1"]["value"] == 1.0
    assert [s.passed for s in samples(tmp_path / "a.partial")] == [True]


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_the_order_is_that_of_the_input_wherever_it_is_judged(generate, write_completions, tmp_path, inline):
    """Worker processes and this one write the same samples, but for the seconds; there are several shards."""
    rows = [(task, i, "void axpy(int n) { }" if i == 7 else "") for i in range(9) for task in SERIAL]
    completions = generate(models=(f"replay:{write_completions(rows)}",), tasks=SERIAL, samples=9)
    for name, executor in (("here", inline), ("there", LocalExecutor(2))):
        execute(STAGE, JudgeConfig(input_seed=5), {"completions": completions}, tmp_path / name, executor=executor)
    model = next((tmp_path / "here" / "kernels").iterdir()).name
    here, there = ([dataclasses.replace(s, seconds=0) for s in samples(tmp_path / name, model)] for name in ("here", "there"))
    assert here == there
    assert [(s.task_id, s.sample_id) for s in here] == [(task, i) for task in SERIAL for i in range(9)]
