"""A release is a repository that plain transformers loads, with figures from the run alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hpcraft.cli import main
from hpcraft.errors import ConfigError, InputError
from hpcraft.stages import execute
from hpcraft.store import read_json, read_manifest, write_json, write_manifest
from hpcraft.train.pretrain import STAGE as PRETRAIN
from hpcraft.train.pretrain import PretrainConfig
from hpcraft.train.release import release


@pytest.fixture(scope="module")
def judged_run(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a model and a judge folder with figures of the model and of a yardstick."""
    run = tmp_path_factory.mktemp("judged") / "demo"
    shutil.copytree(run_folder / "prepare", run / "prepare")
    config = PretrainConfig(depth=1, row_tokens=32, batch_rows=2, max_steps=1, max_seconds=60, context=128)
    execute(PRETRAIN, config, {"corpus": run / "prepare", "tokenizer": run_folder / "tokenizer"}, run / "pretrain")
    for label, model, value in (("model", "hf:@model/model", 0.25), ("other", "hf:@model/tester", 0.5), ("reference", "reference", 1.0)):
        figures = {"pass@1": {"value": value, "ci95": [0.1, 0.4], "n": 40}}
        results = {
            "schema": "hpcraft.results/1",
            "suite": "translate",
            "suite_version": 1,
            "model": model,
            "limited": False,
            "levels": {"run": {"metrics": figures}},
            "created": "2026-01-02T00:00:00+00:00",
        }
        (run / "judge" / "translate" / label).mkdir(parents=True)
        write_json(run / "judge" / "translate" / label / "results.json", results)
    made = read_manifest(run / "pretrain")
    (run / "generate").mkdir()
    write_manifest(run / "generate", replace(made, stage="generate", inputs={"model": made.outputs_sha256}, outputs_sha256="answers"))
    write_manifest(run / "judge", replace(made, stage="judge", inputs={"completions": "answers"}, outputs_sha256="figures"))
    return run


def test_release_loads_with_plain_transformers(judged_run: Path, tmp_path: Path) -> None:
    """Logits are equal to the checkpoint's, and nothing asks for remote code."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    files = release(judged_run, tmp_path / "hub", name="demo")
    released = AutoModelForCausalLM.from_pretrained(tmp_path / "hub", trust_remote_code=False)
    original = AutoModelForCausalLM.from_pretrained(judged_run / "pretrain" / "model")
    ids = AutoTokenizer.from_pretrained(tmp_path / "hub")("int f0(int v0);\n", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.equal(released(ids).logits, original(ids).logits)
    assert released.generation_config.use_cache  # each token would cost as much as all before it
    assert "auto_map" not in read_json(tmp_path / "hub" / "config.json")
    assert read_json(tmp_path / "hub" / "tokenizer_config.json")["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert {"model.safetensors", "generation_config.json", "README.md", "provenance.json"} <= set(files)
    assert not any(name.endswith(".py") for name in files)


def test_card_has_the_figures_of_the_run(judged_run: Path, tmp_path: Path) -> None:
    """The model-index and the evaluation files hold the model's figures, not those of yardsticks and other models; a neighbour's folder is left alone."""
    (tmp_path / "hub.partial").mkdir()
    release(judged_run, tmp_path / "hub", name="demo")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hub", "hub.partial"]
    card = (tmp_path / "hub" / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    [entry] = front["model-index"][0]["results"]
    assert entry["metrics"] == [{"type": "pass@1", "name": "pass@1 (run)", "value": 0.25}]
    [line] = yaml.safe_load((tmp_path / "hub" / ".eval_results" / "translate.yaml").read_text())
    assert line["value"] == 25.0
    assert "| demo 1 |" in card
    assert "MIT" in card


def test_unfinished_run_and_full_folder_are_refused(judged_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No model is bad input; a folder with files in it is left alone."""
    with pytest.raises(InputError, match="no model"):
        release(tmp_path, tmp_path / "hub", name="x")
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ConfigError, match="not an empty folder"):
        release(judged_run, tmp_path, name="x")
    assert main(["release", str(tmp_path / "nothing"), "--to", str(tmp_path / "hub")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
