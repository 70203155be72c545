"""Pre-training and fine-tuning on models of seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcraft import inference, stages
from hpcraft.errors import ConfigError, DivergedError, InputError, MachineError
from hpcraft.records import Pair
from hpcraft.shards import ShardWriter
from hpcraft.stages import Execution, execute
from hpcraft.store import read_json
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.train import STAGE as TOKENIZER
from hpcraft.tokenizer.train import TokenizerConfig
from hpcraft.train import checkpoint, phases
from hpcraft.train.finetune import STAGE as FINETUNE
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.pretrain import STAGE as PRETRAIN
from hpcraft.train.pretrain import Phase, PretrainConfig
from hpcraft.train.trainer import Run
from tests.tokenizer.corpus_folder import corpus_folder, finish
from tests.train.conftest import TINY, openmp, source
from tests.train.runs import Killed, flip
from tests.train.tiny_bases import save_base


def lines(path: Path) -> list[dict[str, object]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def trained(folder: Path) -> tuple[list[Any], list[Any]]:
    """The steps that have a line, and their losses."""
    found = [line for line in lines(folder / "metrics.jsonl") if line["split"] == "train"]
    return [line["step"] for line in found], [line["loss"] for line in found]


def test_pretraining_writes_metrics_and_a_model(base: Execution, run_folder: Path) -> None:
    """Each logged step is a line, the validation has bits per byte, and the folder loads."""
    found = lines(run_folder / "pretrain" / "metrics.jsonl")
    assert {line["split"] for line in found} == {"train", "valid", "valid/c", "valid/fortran"}
    assert found[-1]["step"] == 4
    assert base.manifest.metrics["valid_bits_per_byte"] > 0
    assert base.manifest.metrics["parameters"] > 0
    assert not (run_folder / "pretrain" / ".checkpoints").exists()
    inference.load_model(run_folder / "pretrain" / "model")


def test_same_seed_gives_the_same_weights(base: Execution, run_folder: Path, tmp_path: Path) -> None:
    """A run that ends by its steps can be repeated to the bit."""
    inputs = {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}
    execute(PRETRAIN, TINY, inputs, tmp_path / "again")
    assert (tmp_path / "again/model/model.safetensors").read_bytes() == (run_folder / "pretrain/model/model.safetensors").read_bytes()


def test_tiny_model_learns_each_task_by_heart(tuned: Path) -> None:
    """On eight pairs the loss falls to near zero, and translating a training function gives its target."""
    assert read_json(tuned / "manifest.json")["metrics"]["train_loss"] < 0.1
    generator = inference.load(tuned / "model")
    assert generator.facts.tasks == ("cuda", "openmp", "tests")
    [[translated], [launch]] = generator.translate([(source(3), "openmp"), (source(3), "cuda")], max_new_tokens=200)
    assert canonical(translated) == canonical(openmp(3))
    assert "<<<1, 256>>>" in launch
    [[tests]] = generator.write_tests([source(3)], max_new_tokens=60)
    assert tests
    assert all(len(test.split()) == 3 for test in tests)


def test_answers_do_not_depend_on_their_neighbours(tuned: Path) -> None:
    """A prompt gets the same greedy answer alone and in a batch with longer ones; draws repeat with the seed."""
    generator = inference.load(tuned / "model")
    items = [(source(n), "openmp") for n in (0, 11)] + [(source(2) * 2, "openmp")]
    together = generator.translate(items, max_new_tokens=60)
    assert [generator.translate([item], max_new_tokens=60)[0] for item in items] == together
    draw = {"temperature": 1.0, "samples": 3, "seed": 7, "max_new_tokens": 20}
    assert generator.translate(items, **draw) == generator.translate(items, **draw)
    with pytest.raises(ConfigError, match="temperature"):
        generator.complete(["x"], samples=2)


def test_packed_documents_do_not_see_each_other(run_folder: Path, base: Execution) -> None:
    """A document has the same logits in a packed row as alone."""
    import torch

    from hpcraft.train.batches import Row
    from hpcraft.train.packing import together

    model = inference.load_model(run_folder / "pretrain" / "model").eval()
    first, second = list(range(100, 120)), list(range(200, 212))
    batch = together([[Row(tuple(first), 1), Row(tuple(second), 1)]], 32, 0)
    device = model.device
    with torch.no_grad():
        packed = model(input_ids=batch["input_ids"].to(device), position_ids=batch["position_ids"].to(device)).logits[0]
        alone = model(input_ids=torch.tensor([second], device=device)).logits[0]
    assert torch.allclose(packed[20:], alone, atol=1e-4)


@pytest.mark.ci
def test_pretraining_goes_on_after_a_kill(run_folder: Path, tmp_path: Path) -> None:
    """Killed behind a checkpoint, the stage resumes there and finishes; every step is there once, and losses and weights are an undisturbed run's to the last bit."""
    import torch

    out = tmp_path / "base"
    command = [
        *(
            sys.executable,
            "-m",
            "hpcraft",
            "pretrain",
            "--corpus",
            str(run_folder / "prepare"),
            "--tokenizer",
            str(run_folder / "tokenizer"),
        ),
        *("-o", str(out), "--depth", "1", "--row-tokens", "64", "--batch-rows", "2", "--max-steps", "100", "--checkpoint-seconds", "0.2"),
        *("--max-seconds", "1e6"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    marks = out.with_name("base.partial")
    deadline = time.monotonic() + 120
    while not list(marks.glob(".checkpoints/*/checkpoint.json")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert list(marks.glob(".checkpoints/*/checkpoint.json"))
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    whole = [str(tmp_path / "whole") if word == str(out) else word for word in command]
    subprocess.run(whole, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    steps, losses = trained(out)
    assert steps == sorted(set(steps))
    assert steps[-1] == 100
    assert losses == trained(tmp_path / "whole")[1]
    ours, theirs = (inference.load_model(folder / "model").state_dict() for folder in (out, tmp_path / "whole"))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


# ---------------------------------------------------------------- kills and damage behind the last step


def killed(*_: object) -> None:
    """As if the process had ended here."""
    raise Killed


def test_pretraining_killed_before_its_manifest_does_not_train_again(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its phases are over, and their weights are there; nothing hidden is left in the end."""
    inputs = {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}
    config = replace(TINY, phases=(Phase(objectives={"causal": 1.0}, max_steps=2, max_seconds=60),) * 2)
    with monkeypatch.context() as patch:
        patch.setattr(stages, "write_manifest", killed)
        with pytest.raises(Killed):
            execute(PRETRAIN, config, inputs, tmp_path / "out")
    monkeypatch.setattr(phases, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert execute(PRETRAIN, config, inputs, tmp_path / "out").manifest.rows["steps"] == 4
    assert not list((tmp_path / "out").rglob(".*"))


def test_fine_tuning_killed_before_its_manifest_goes_on(
    run_folder: Path, base: Execution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its newest checkpoint: what was learnt before that keeps its lines, with their times; nothing hidden is left in the end."""
    inputs = {"base": run_folder / "pretrain", "pairs": run_folder / "pairs"}
    config = FinetuneConfig(max_steps=4, max_seconds=1e6, checkpoint_seconds=0)
    with monkeypatch.context() as patch:
        patch.setattr(stages, "write_manifest", killed)
        with pytest.raises(Killed):
            execute(FINETUNE, config, inputs, tmp_path / "out")
    first = lines(tmp_path / "out.partial/metrics.jsonl")[0]
    assert checkpoint.newest(tmp_path / "out.partial/.checkpoints")
    assert execute(FINETUNE, config, inputs, tmp_path / "out").manifest.rows["steps"] == 4
    assert lines(tmp_path / "out/metrics.jsonl")[0] == first
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.ci
@pytest.mark.parametrize("damage", ["cut", "flipped", "facts"])
def test_damaged_weights_of_a_phase_are_made_again(
    damage: str, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are named, and the model is that of an undisturbed run."""
    inputs = {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}
    with monkeypatch.context() as patch:
        patch.setattr(stages, "write_manifest", killed)
        with pytest.raises(Killed):
            execute(PRETRAIN, TINY, inputs, tmp_path / "out")
    path = tmp_path / "out.partial/.phases/0.pt"
    written = inference.load_model(tmp_path / "out.partial/model").state_dict()
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "flipped":
        flip(path)
    else:
        path.with_suffix(".json").write_bytes(b"\x00")
    execute(PRETRAIN, TINY, inputs, tmp_path / "out")
    assert "0.pt: damaged; the phase is made again" in capsys.readouterr().err
    again = inference.load_model(tmp_path / "out/model").state_dict()
    assert all(again[name].equal(value) for name, value in written.items())


@pytest.mark.ci
def test_a_loss_that_is_no_number_is_gone_on_from_with_a_lower_rate(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its message says: the checkpoints stay, and the manifest says what was changed; a rate of a phase is one, too."""
    inputs = {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}
    usual = Run.compute_loss

    def spoilt(run: Run, *given: Any, **more: Any) -> Any:
        return usual(run, *given, **more) * (float("nan") if run.state.global_step == 2 else 1.0)

    def config(rate: float) -> PretrainConfig:
        return replace(
            TINY, checkpoint_seconds=0, phases=(Phase(objectives={"causal": 1.0}, max_steps=4, max_seconds=60, learning_rate=rate),)
        )

    with monkeypatch.context() as patch:
        patch.setattr(Run, "compute_loss", spoilt)
        with pytest.raises(DivergedError, match="run again with a lower learning_rate"):
            execute(PRETRAIN, config(1e-3), inputs, tmp_path / "out")
    first = lines(tmp_path / "out.partial/metrics.jsonl")[0]
    done = execute(PRETRAIN, config(1e-4), inputs, tmp_path / "out")
    assert lines(tmp_path / "out/metrics.jsonl")[0] == first
    assert "gone on with phases=" in done.manifest.notes[-1]


def test_too_small_a_corpus_is_one_clear_error(run_folder: Path, tmp_path: Path) -> None:
    """Texts that don't fill one step are refused with what to do."""
    corpus = corpus_folder(tmp_path / "corpus", repeats=2)
    with pytest.raises(InputError, match=r"too small.*mine more"):
        execute(
            PRETRAIN, PretrainConfig(depth=1, batch_rows=64), {"corpus": corpus, "tokenizer": run_folder / "tokenizer"}, tmp_path / "out"
        )


def test_tokenizer_that_does_not_fit_is_refused(run_folder: Path, base: Execution, tmp_path: Path) -> None:
    """A model folder with another tokenizer is bad input, and says which."""
    execute(TOKENIZER, TokenizerConfig(vocab_size=900), {"corpus": run_folder / "prepare"}, tmp_path / "other")
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (run_folder / "pretrain" / "model").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "tokenizer.json").write_bytes((tmp_path / "other" / "tokenizer.json").read_bytes())
    with pytest.raises(InputError, match=r"tokenizer has .* tokens, the model"):
        inference.load(folder)


def test_missing_and_damaged_models_are_bad_input(run_folder: Path, base: Execution, tmp_path: Path) -> None:
    """An empty folder and torn weights are one line each."""
    with pytest.raises(InputError, match=r"not a model folder"):
        inference.load(tmp_path)
    for path in (run_folder / "pretrain" / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 1000 if path.suffix == ".safetensors" else None])
    with pytest.raises(InputError, match="can't be loaded"):
        inference.load(tmp_path)


@pytest.mark.parametrize(("kind", "part"), [("llama", "lm_head"), ("gpt2", "wte"), ("t5", "decoder")])
def test_a_model_that_lacks_weights_is_bad_input(kind: str, part: str, tmp_path: Path) -> None:
    """Random ones would stand in their place; those that share another's aren't missed."""
    from safetensors.torch import load_file, save_file

    file = save_base(tmp_path, kind) / "model.safetensors"
    inference.load(tmp_path)
    whole = load_file(file)
    save_file({name: value for name, value in whole.items() if part not in name}, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"weights are missing, such as \S+, and would be random"):
        inference.load(tmp_path)


def test_the_model_that_ships_loads(root: Path) -> None:
    """Though its head is its embedding."""
    assert inference.load(root / "models" / "translate-small").is_own


def test_memory_that_runs_out_while_a_model_is_loaded_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model isn't damaged."""
    import transformers

    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    save_base(tmp_path, "llama")
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", full)
    with pytest.raises(MachineError, match="out of memory while the model is loaded"):
        inference.load(tmp_path)


def test_pairs_without_a_training_split_are_refused(run_folder: Path, base: Execution, tmp_path: Path) -> None:
    """Fine-tuning needs pairs to train on."""
    (tmp_path / "pairs").mkdir()
    with ShardWriter(tmp_path / "pairs", "pairs", Pair):
        pass
    finish(tmp_path / "pairs", "pairs")
    with pytest.raises(InputError, match="no pair in the train split"):
        execute(FINETUNE, FinetuneConfig(), {"base": run_folder / "pretrain", "pairs": tmp_path / "pairs"}, tmp_path / "out")
