"""``eval run``: what one model can't do costs the others nothing."""

import json

import pytest

from hpcraft.cli import main
from hpcraft.eval.results import read_results
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
