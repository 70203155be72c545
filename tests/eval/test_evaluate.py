"""``eval run``: what one model can't do costs the others nothing."""

import json

import pytest

from hpcraft.cli import main
from hpcraft.eval.results import find_results, read_results
from hpcraft.store import read_manifest

TASKS = "[kernels/axpy/serial/c]"


def run(out, models, *words):
    """The command of a person; gives its exit code."""
    return main(["eval", "run", "--models", models, "--tasks", TASKS, "--out", str(out), "--workers", "1", *words])


@pytest.mark.ci
@pytest.mark.usefixtures("compiles")
def test_a_model_that_cannot_be_loaded_does_not_stop_the_judge(tmp_path, capsys):
    """The other one has its results, the command ends with the fault's own code and one line; the mended list ends well."""
    assert run(tmp_path, f"[reference, hf:{tmp_path}/none]", "--json") == 3
    shown = capsys.readouterr()
    assert read_results(tmp_path / "results" / "kernels" / "reference").levels["run"]["metrics"]["pass@1"]["value"] == 1.0
    missing = read_manifest(tmp_path / "completions").missing
    assert json.loads(shown.out)["missing"] == missing
    (name,) = missing
    line = shown.err.splitlines()[-1]
    assert line.startswith("hpcraft: ")
    assert all(words in line for words in (name, "answers of other models and suites are kept", "judged: ", "results"))
    assert any(name in note for note in read_manifest(tmp_path / "results").notes)
    assert run(tmp_path, "[reference, null]", "--quiet") == 0
    assert read_results(tmp_path / "results" / "kernels" / "null").levels["run"]["metrics"]["pass@1"]["value"] == 0.0
    assert not read_manifest(tmp_path / "completions").missing


def test_without_any_answer_there_is_nothing_to_judge(tmp_path, capsys):
    """Only models that can't be loaded: the fault alone, and no folder of results."""
    assert run(tmp_path, f"[hf:{tmp_path}/none]") == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "completions").exists()


def test_strict_looks_at_what_is_replayed(tmp_path, capsys):
    """A line that nobody can judge ends the command before anything is judged; without the flag it is counted and told."""
    right = "void axpy(int n, double a, const double *x, double *y) { for (int i = 0; i < n; i++) y[i] += a * x[i]; }"
    rows = [(name, "") for name in ("kernels/axpy/serial/c", "kernels/axpy/serial/pascal", "kernels/dot/serial/c")]
    lines = [
        {"task_id": name, "sample_id": 0, "completion": right, "model": "m", "prompt_sha256": prompt, "sampling": {}}
        for name, prompt in [*rows, ("kernels/axpy/serial/cpp", "0" * 64)]
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"schema": "hpcraft.completion/1", **line}) + "\n" for line in lines))
    words = ["eval", "run", "--suites", "kernels", "--tasks", "kernels/axpy/serial/*", "--models", f"replay:{tmp_path / 'a.jsonl'}"]
    assert main([*words, "-o", str(tmp_path / "strict"), "--strict", "true"]) == 3
    assert "strict, and not every line that was to be replayed can be judged" in capsys.readouterr().err
    assert not (tmp_path / "strict" / "results").exists()
    assert main([*words, "-o", str(tmp_path / "out")]) == 0
    # What isn't asked is told, and nobody's fault.
    assert read_manifest(tmp_path / "out" / "completions").rejections == {"no such task": 1, "answered for another prompt": 1}


def test_answers_that_are_missing_are_told(tmp_path, capsys):
    """Two of three tasks have one answer of the two that were asked; that is counted beside the figures."""
    tasks = [f"kernels/{name}/serial/c" for name in ("axpy", "dot", "gemv")]
    lines = [
        {"task_id": name, "sample_id": number, "completion": "int nothing;", "model": "m", "prompt_sha256": "", "sampling": {}}
        for name, count in zip(tasks, (2, 1, 1), strict=True)
        for number in range(count)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"schema": "hpcraft.completion/1", **line}) + "\n" for line in lines))
    words = [
        "eval",
        "run",
        "--suites",
        "kernels",
        "--tasks",
        json.dumps(tasks),
        "--models",
        f"replay:{tmp_path / 'a.jsonl'}",
        "--samples",
        "2",
    ]
    assert main([*words, "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err
    assert "has fewer than the 2 answers that were asked to 2 of 3 tasks of kernels" in told
    assert "2 answers are missing" in told
    (results,) = find_results(tmp_path / "out" / "results")
    assert read_results(results).missing_samples == 2
