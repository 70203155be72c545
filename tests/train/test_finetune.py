"""Fine-tuning of anybody's models: whole and by adapters, every task, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from hpcraft import inference
from hpcraft.cli import main
from hpcraft.decoding import Codec, Drawing, OwnCodec, Query, begins_with_prompt, write_batch
from hpcraft.decoding import Row as Asked
from hpcraft.errors import ConfigError, InputError
from hpcraft.records import Pair
from hpcraft.shards import ShardWriter
from hpcraft.stages import execute
from hpcraft.store import read_json, read_manifest
from hpcraft.tokenizer.prompt import parse_translation
from hpcraft.train.finetune import STAGE, FinetuneConfig, batches_of
from hpcraft.train.pretrain import STAGE as PRETRAIN
from hpcraft.train.pretrain import PretrainConfig
from hpcraft.train.sides import directed_sides, sides
from hpcraft.train.watch import Validation, evaluate
from tests.tokenizer.corpus_folder import finish
from tests.train.conftest import make_pair
from tests.train.tiny import tiny_t5
from tests.train.tiny_bases import save_base, save_lossy, task_corpus

QUICK = FinetuneConfig(max_steps=2, max_seconds=100, max_length=480, batch_tokens=600, learning_rate=1e-3)
KINDS = ("llama", "gpt2", "qwen2", "t5")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of all tasks."""
    return task_corpus(tmp_path_factory.mktemp("corpus") / "prepare")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A base of each kind, Qwen's with a template for conversations."""
    folder = tmp_path_factory.mktemp("bases")
    return {kind: save_base(folder / kind, kind, chat=kind == "qwen2") for kind in KINDS}


@pytest.fixture(scope="module")
def own(run_folder: Path) -> Path:
    """One of hpcraft's own models, of two steps."""
    config = PretrainConfig(depth=1, row_tokens=64, batch_rows=4, max_steps=2, max_seconds=60, context=512)
    inputs = {"corpus": run_folder / "prepare", "tokenizer": run_folder / "tokenizer"}
    execute(PRETRAIN, config, inputs, run_folder / "base-of-others")
    return run_folder / "base-of-others"


def weights(folder: Path) -> dict[str, Any]:
    """The tensors of a model's folder."""
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("task", ["openmp", "mpi", "complete"])
def test_ours_learn_every_task(own: Path, corpus: Path, tmp_path: Path, task: Any) -> None:
    """A stage's folder as base: the model says what it was taught, and the valid split was measured before and after."""
    found = execute(STAGE, replace(QUICK, task=task), {"base": own, "corpus": corpus}, tmp_path / "out").manifest
    name = "fim" if task == "complete" else str(task)
    assert found.rows[name] > 0
    assert found.metrics["valid_bits_per_byte"] != found.metrics["valid_bits_per_byte_before"]
    generator = inference.load(tmp_path / "out/model")
    assert generator.facts.tasks == (name,)
    assert generator.is_own
    # The folder of a model, and one that was tuned before, are bases too; what was learnt is added up.
    again = {"base": tmp_path / "out/model", "corpus": corpus}
    execute(STAGE, replace(QUICK, task="openmp", max_steps=1), again, tmp_path / "again")
    assert set(inference.load(tmp_path / "again/model").facts.tasks) == {name, "openmp"}


@pytest.mark.parametrize(
    ("kind", "task"),
    [*product(("gpt2", "t5"), ("translate", "openmp", "mpi", "complete")), ("qwen2", "complete"), ("qwen2", "mpi"), ("llama", "translate")],
)
def test_others_learn_every_task(bases: dict[str, Path], corpus: Path, run_folder: Path, tmp_path: Path, kind: str, task: Any) -> None:
    """Decoders and an encoder with a decoder learn with their own tokenizer; what comes out loads in plain transformers."""
    config = replace(QUICK, task=task, max_steps=1, max_examples=2)
    inputs = {"base": bases[kind], "corpus": corpus, "pairs": run_folder / "pairs"}
    found = execute(STAGE, config, inputs, tmp_path / "out").manifest
    assert found.metrics["valid_bits_per_byte"] > 0
    before, after = weights(bases[kind]), weights(tmp_path / "out/model")
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    auto = transformers.AutoModelForSeq2SeqLM if kind == "t5" else transformers.AutoModelForCausalLM
    auto.from_pretrained(tmp_path / "out/model")
    theirs, ours = (transformers.AutoTokenizer.from_pretrained(p) for p in (bases[kind], tmp_path / "out/model"))
    assert ours.get_vocab() == theirs.get_vocab()
    assert ours.chat_template == theirs.chat_template


@pytest.mark.ci
@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_an_adapter_alone_is_learnt_and_merged(bases: dict[str, Path], corpus: Path, tmp_path: Path, kind: str) -> None:
    """The adapter on the base, by peft, has the merged model's logits; weights differ where an adapter was, alone."""
    from peft import PeftModel

    config = replace(QUICK, task="openmp", lora_rank=4, learning_rate=5e-2, max_steps=3, max_examples=8)
    found = execute(STAGE, config, {"base": bases[kind], "corpus": corpus}, tmp_path / "out").manifest
    auto: Any = transformers.AutoModelForSeq2SeqLM if kind == "t5" else transformers.AutoModelForCausalLM
    base, merged = auto.from_pretrained(bases[kind]).eval(), auto.from_pretrained(tmp_path / "out/model").eval()
    ids = torch.randint(3, 400, (2, 9), generator=torch.Generator().manual_seed(0))
    more = {"decoder_input_ids": ids} if kind == "t5" else {}
    with torch.no_grad():
        plain = base(input_ids=ids, **more).logits
        adapted = PeftModel.from_pretrained(base, str(tmp_path / "out/adapter")).eval()(input_ids=ids, **more).logits
        together = merged(input_ids=ids, **more).logits
    assert torch.allclose(adapted, together, atol=1e-4)
    assert not torch.allclose(adapted, plain, atol=1e-2)
    before, after = weights(bases[kind]), weights(tmp_path / "out/model")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not [
        name for name in changed if any(word in name for word in ("norm", "ln_", "wte", "wpe", "embed", "shared", "lm_head", "bias"))
    ]
    told = read_json(tmp_path / "out/adapter/adapter_config.json")
    assert (told["r"], told["base_model_name_or_path"]) == (4, str(bases[kind].resolve()))
    assert found.metrics["parameters_learnt"] < found.metrics["parameters"] / 2


@pytest.mark.ci
def test_ours_with_an_encoder_learn_as_well(run_folder: Path, corpus: Path, tmp_path: Path) -> None:
    """A model with an encoder and hpcraft's own tokenizer and formats."""
    from hpcraft.tokenizer import bpe
    from hpcraft.train.folder import save_model

    size = bpe.load(run_folder / "tokenizer").get_vocab_size()
    config = transformers.T5Config(vocab_size=size, d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2, dropout_rate=0.0)
    config.decoder_start_token_id = config.pad_token_id
    model: Any = transformers.T5ForConditionalGeneration(config)
    save_model(model, run_folder / "tokenizer", tmp_path / "base", inference.ModelFacts(context=512))
    for rank in (0, 2):
        out = tmp_path / f"out{rank}"
        found = execute(STAGE, replace(QUICK, task="mpi", lora_rank=rank), {"base": tmp_path / "base", "corpus": corpus}, out).manifest
        assert found.metrics["valid_bits_per_byte"] > 0
        generator = inference.load(out / "model")
        assert generator.facts.tasks == ("mpi",)
        assert generator.model.config.is_encoder_decoder


def test_the_decoder_of_ours_begins_with_the_direction() -> None:
    """As denoising and back-translation teach it; the answer alone is learnt, and the same token begins it when it is asked."""
    from hpcraft.train.batches import IGNORED, Row

    batch = directed_sides([Row((72, 81, 82, 90, 91, 1), 3), Row((73, 83, 1), 2)])
    assert batch["decoder_input_ids"].tolist() == [[72, 90, 91], [73, 0, 0]]
    assert batch["labels"].tolist() == [[90, 91, 1], [1, IGNORED, IGNORED]]
    model: Any = tiny_t5()
    codec = OwnCodec.__new__(OwnCodec)
    codec.pad, codec.ends = model.config.pad_token_id, (1,)
    codec.decode = str  # type: ignore[method-assign, assignment]
    said: list[Any] = []

    def generate(ids: torch.Tensor, **given: Any) -> torch.Tensor:
        said.append(given["decoder_start_token_id"])
        return ids

    model.generate = generate
    shown: Codec = codec
    write_batch(model, shown, [Asked(ids=[72, 81], seed=0), Asked(ids=[73, 83], seed=0)], Drawing(max_new_tokens=4))
    assert said == [[72, 73]]
    model.config.decoder_start_token_id = 2
    assert not begins_with_prompt(model, codec)


def test_an_adapter_on_ours_merges_into_a_model_of_ours(own: Path, corpus: Path, tmp_path: Path) -> None:
    """Named layers alone get one, and the merged model is loaded as hpcraft's own."""
    config = replace(QUICK, task="openmp", lora_rank=2, lora_targets=("q_proj",), lora_dropout=0.1)
    execute(STAGE, config, {"base": own, "corpus": corpus}, tmp_path / "out")
    before, after = weights(own / "model"), weights(tmp_path / "out/model")
    assert {name.split(".")[-2] for name in before if not torch.equal(before[name], after[name])} == {"q_proj"}
    assert inference.load(tmp_path / "out/model").is_own


@pytest.mark.ci
def test_batches_made_in_a_process_beside_are_the_same(own: Path, corpus: Path, tmp_path: Path) -> None:
    """They are made ahead of time and teach the same, and how long training waited for them is in the manifest."""
    runs = {
        beside: execute(
            STAGE, replace(QUICK, task="openmp", max_steps=6, beside=beside), {"base": own, "corpus": corpus}, tmp_path / str(beside)
        )
        for beside in (False, True)
    }
    assert all((weights(tmp_path / "True/model")[name] == value).all() for name, value in weights(tmp_path / "False/model").items())
    assert all(0 <= run.manifest.metrics["data_share"] < 1 for run in runs.values())


@pytest.mark.ci
def test_the_end_of_an_answer_is_learnt_where_it_pads_too(bases: dict[str, Path], tmp_path: Path) -> None:
    """A model whose padding is its end learns one answer by heart, and stops behind it."""
    pair = make_pair(3, "openmp", "train")
    folder = pairs_folder(tmp_path / "pairs", [pair])
    config = replace(QUICK, max_steps=120, learning_rate=1e-2, openmp_repeats=1)
    found = execute(STAGE, config, {"base": bases["gpt2"], "pairs": folder}, tmp_path / "out").manifest
    assert found.metrics["train_loss"] < 0.1
    assert found.metrics["valid_loss"] is None
    assert "nothing in the valid split" in found.notes[0]
    generator = inference.load(tmp_path / "out/model")
    from hpcraft.tokenizer.requests import translation_prompt

    prompt = translation_prompt(pair.source, pair.signature, "openmp")
    [(_, reply)] = generator.replies([Query(prompt=prompt)], Drawing(max_new_tokens=200))
    assert (reply.text, reply.finish) == (pair.target, "end")


@pytest.mark.ci
def test_ours_put_directives_back_by_heart(own: Path, corpus: Path, tmp_path: Path) -> None:
    """After enough steps a directive with its clauses is where it was, and a loop that needs none gets none."""
    config = replace(QUICK, task="openmp", max_steps=150, learning_rate=1e-2, shuffled_share=0.0, max_examples=2, batch_tokens=1200)
    execute(STAGE, config, {"base": own, "corpus": corpus}, tmp_path / "out")
    from hpcraft.tokenizer.prompt import build_translation
    from hpcraft.train.material_openmp import openmp_examples

    generator = inference.load(tmp_path / "out/model")
    for item in openmp_examples(corpus, "train", most=2, seed=0, languages=("c", "cpp")):
        prompt = build_translation(item.source, "openmp")
        [[answer]] = generator.complete([prompt.text], max_new_tokens=80)
        code = parse_translation(prompt, answer)
        assert "".join(code.split()) == "".join(item.target.split())


@pytest.mark.parametrize("kind", ["own", "qwen2", "t5"])
def test_instructions_of_the_user_are_learnt(kind: str, own: Path, bases: dict[str, Path], tmp_path: Path) -> None:
    """By ours, in a conversation and by an encoder with a decoder; a line that is none is named."""
    folder = tmp_path / "instructions"
    folder.mkdir()
    lines = [json.dumps({"instruction": f"Write {n} as a constant.", "answer": f"const int c = {n};"}) for n in range(40)]
    (folder / "a.jsonl").write_text("\n".join(lines))
    inputs = {"base": own if kind == "own" else bases[kind], "instructions": folder}
    found = execute(STAGE, replace(QUICK, task="instruct"), inputs, tmp_path / "out").manifest
    assert 30 < found.rows["instruct"] < 40
    assert found.metrics["valid_bits_per_byte"] > 0
    (folder / "b.jsonl").write_text('{"instruction": "x"}\n')
    with pytest.raises(InputError, match=r"b\.jsonl:1: expected .*answer"):
        execute(STAGE, replace(QUICK, task="instruct"), inputs, tmp_path / "other")


def test_an_epoch_may_show_nothing(own: Path, tmp_path: Path) -> None:
    """One pair that is shown every tenth epoch is learnt all the same."""
    folder = pairs_folder(tmp_path / "pairs", [make_pair(3, "openmp", "train")])
    config = replace(QUICK, openmp_repeats=0.1, tests_repeats=0, max_steps=3)
    assert execute(STAGE, config, {"base": own, "pairs": folder}, tmp_path / "out").manifest.rows["steps"] == 3


def test_sides_are_learnt_as_one_by_one() -> None:
    """Padding changes neither the loss nor what it is shared by."""
    from hpcraft.train.batches import Row

    torch.manual_seed(0)
    config = transformers.T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, dropout_rate=0.0)
    config.decoder_start_token_id = 0
    model: Any = transformers.T5ForConditionalGeneration(config)
    rows = [Row((5, 6, 7, 8, 9, 1), 3, 4), Row((9, 4, 1), 1, 2), Row((3, 3, 3, 3, 2, 1), 5, 1)]
    together = evaluate(model, Validation(batches=[sides(rows)], num_bytes=7), shifts=False).loss
    alone = evaluate(model, Validation(batches=[sides([row]) for row in rows], num_bytes=7), shifts=False).loss
    assert together == pytest.approx(alone, rel=1e-2 if torch.backends.cpu.get_cpu_capability() != "DEFAULT" else 1e-5)


# ---------------------------------------------------------------- bad input


def pairs_folder(folder: Path, pairs: Sequence[Pair]) -> Path:
    """A finished folder of pairs."""
    folder.mkdir()
    with ShardWriter(folder, "pairs", Pair) as shards:
        for pair in pairs:
            shards.write(pair)
    return finish(folder, "pairs")


def test_a_task_without_its_input_is_one_line(own: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the input that the task reads; a task that isn't one is named with those that are."""
    arguments = ["finetune", "--base", str(own), "--pairs", str(run_folder / "pairs"), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--task", "mpi"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("task mpi: reads corpus, which was not given; give --corpus DIR")
    assert main([*arguments, "--task", "summarise"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert all(word in line for word in ("task", "summarise", "'translate', 'openmp', 'mpi', 'complete' or 'instruct'"))


@pytest.mark.parametrize(
    ("task", "words"), [("openmp", "no loop or function"), ("mpi", "no program or function"), ("complete", "no function with a hole")]
)
def test_an_empty_split_is_one_line(own: Path, tmp_path: Path, task: Any, words: str) -> None:
    """A corpus without a train split says what it lacks."""
    empty = task_corpus(tmp_path / "empty", splits=("test",))
    with pytest.raises(InputError, match=f"{words}.* train split; mine more"):
        execute(STAGE, replace(QUICK, task=task), {"base": own, "corpus": empty}, tmp_path / "out")


def test_no_example_that_is_short_enough_is_one_line(bases: dict[str, Path], own: Path, corpus: Path, tmp_path: Path) -> None:
    """Whatever the model, the limit is named."""
    for base in (own, bases["llama"], bases["t5"]):
        with pytest.raises(InputError, match="no example is within 8 tokens; give a larger max_length"):
            execute(STAGE, replace(QUICK, task="openmp", max_length=8), {"base": base, "corpus": corpus}, tmp_path / "out")


def test_models_that_can_not_be_a_base_are_one_line(bases: dict[str, Path], corpus: Path, tmp_path: Path) -> None:
    """No weights, a tokenizer with tokens that the model doesn't know, with no end, or that loses line breaks, an adapter, no model at all."""
    copies = {name: Path(shutil.copytree(bases["llama"], tmp_path / name)) for name in ("weightless", "larger", "endless", "lossy")}
    (copies["weightless"] / "model.safetensors").unlink()
    shutil.copy(bases["qwen2"] / "tokenizer.json", copies["larger"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(bases["llama"])
    tokenizer.add_tokens([f"word{number}" for number in range(9)])
    tokenizer.save_pretrained(copies["larger"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(bases["llama"])
    tokenizer.eos_token = None
    tokenizer.save_pretrained(copies["endless"])
    save_lossy(copies["lossy"])
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter/adapter_config.json").write_text("{}")
    (tmp_path / "nothing").mkdir()
    refused = {
        copies["weightless"]: "can't be loaded",
        copies["larger"]: "its tokenizer has tokens up to",
        copies["endless"]: "no token that ends a text",
        copies["lossy"]: "so it can't learn to write code",
        tmp_path / "adapter": "an adapter, not a model; give the folder model/ beside it",
        tmp_path / "nothing": "holds no config.json",
        Path("nobody/has-this-model"): "nor is it in the Hub's cache here",
    }
    for base, words in refused.items():
        with pytest.raises(InputError, match=words):
            execute(STAGE, replace(QUICK, task="openmp"), {"base": base, "corpus": corpus}, tmp_path / "out")


def test_layers_that_are_not_there_are_named(bases: dict[str, Path], corpus: Path, tmp_path: Path) -> None:
    """A target that the model has no layer of is a wrong value."""
    config = replace(QUICK, task="openmp", lora_rank=2, lora_targets=("gate",))
    with pytest.raises(ConfigError, match="lora_targets: gate"):
        execute(STAGE, config, {"base": bases["gpt2"], "corpus": corpus}, tmp_path / "out")
    for wrong in ({"lora_rank": -1}, {"lora_dropout": 1.0}, {"lora_targets": ()}, {"lora_alpha": 0.0}, {"max_examples": 0}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            replace(QUICK, **wrong)


@pytest.mark.ci
def test_a_base_is_known_by_its_content(bases: dict[str, Path], corpus: Path, tmp_path: Path) -> None:
    """The same again is skipped; what changed under the same path is learnt from anew."""
    base = Path(shutil.copytree(bases["llama"], tmp_path / "base"))
    config = replace(QUICK, task="complete", max_steps=1, max_examples=4)
    inputs = {"base": base, "corpus": corpus}
    assert not execute(STAGE, config, inputs, tmp_path / "out").skipped
    assert execute(STAGE, config, inputs, tmp_path / "out").skipped
    shutil.copy(bases["qwen2"] / "generation_config.json", base)
    assert not execute(STAGE, config, inputs, tmp_path / "out").skipped
    assert read_manifest(tmp_path / "out").inputs["base"]


def test_a_repository_in_the_cache_is_a_base(bases: dict[str, Path], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is enough, on the command line too; nothing is fetched, and the adapter says what it belongs to."""
    import huggingface_hub

    cache = tmp_path / "hub" / "models--someone--tiny"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc123")
    shutil.copytree(bases["llama"], cache / "snapshots" / "abc123")
    for module in (huggingface_hub.constants, huggingface_hub.file_download):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(tmp_path / "hub"), raising=False)
    arguments = ["finetune", "--base", "someone/tiny", "--corpus", str(corpus), "--task", "openmp", "--lora-rank", "1"]
    assert main([*arguments, "--max-steps", "1", "--max-examples", "2", "-o", str(tmp_path / "out")]) == 0
    assert read_json(tmp_path / "out/adapter/adapter_config.json")["base_model_name_or_path"] == "someone/tiny"
    assert main([*arguments, "--base", str(tmp_path / "out/adapter"), "-o", str(tmp_path / "again")]) == 3


@pytest.mark.ci
def test_an_adapter_goes_on_after_a_stop(bases: dict[str, Path], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was stopped behind a checkpoint ends with the adapter of one that wasn't."""
    config = replace(QUICK, task="openmp", lora_rank=2, max_steps=10, max_seconds=1e6, max_examples=2, checkpoint_seconds=1e-6)
    inputs = {"base": bases["llama"], "corpus": corpus}
    execute(STAGE, config, inputs, tmp_path / "whole")
    epochs: list[int] = []

    def stopped(*given: Any, **named: Any) -> Any:
        epochs.append(given[4])
        if given[4] == 1 and epochs.count(1) == 1:
            raise KeyboardInterrupt
        return batches_of(*given, **named)

    monkeypatch.setattr("hpcraft.train.finetune.batches_of", stopped)
    with pytest.raises(KeyboardInterrupt):
        execute(STAGE, config, inputs, tmp_path / "stopped")
    assert list((tmp_path / "stopped.partial").glob(".checkpoints/step-*"))
    execute(STAGE, config, inputs, tmp_path / "stopped")
    ours, theirs = (weights(tmp_path / name / "model") for name in ("stopped", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
