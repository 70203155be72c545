"""The stage pretrain with a base: whose models go on, with which objectives, and whose tokenizers fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hpcraft import inference
from hpcraft.errors import ConfigError, HpcError, InputError
from hpcraft.stages import Execution, execute
from hpcraft.store import read_json, write_json
from hpcraft.tokenizer import bpe
from hpcraft.train.base_tokenizer import tokenizer_folder
from hpcraft.train.pretrain import STAGE, PretrainConfig
from tests.train.test_pretrain import SMALL, inputs, losses
from tests.train.tiny_bases import save_base


def test_a_base_whose_tokenizer_is_two_files_goes_on(run_folder: Path, tmp_path: Path) -> None:
    """``vocab.json`` and ``merges.txt``, as models of GPT-2's kind have it; the model that is written has the same tokens."""
    from transformers import AutoTokenizer

    base = save_base(tmp_path / "gpt2", "gpt2")
    parts = read_json(base / "tokenizer.json")["model"]
    write_json(base / "vocab.json", parts["vocab"])
    merges = (" ".join(pair) if isinstance(pair, list) else pair for pair in parts["merges"])
    (base / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{line}\n" for line in merges))
    (base / "tokenizer.json").unlink()
    write_json(
        base / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    )
    config = PretrainConfig(**{**SMALL, "max_steps": 2})
    execute(STAGE, config, {"corpus": run_folder / "prepare", "base": base}, tmp_path / "out")
    text = "for (int i = 0; i < n; ++i) y[i] += a * x[i];"
    assert AutoTokenizer.from_pretrained(tmp_path / "out" / "model")(text).input_ids == AutoTokenizer.from_pretrained(base)(text).input_ids
    assert not (tmp_path / "out" / ".tokenizer").exists()


@pytest.mark.ci
def test_a_base_goes_on_with_its_own_tokenizer(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ours with every objective, others' with causal alone, whose folder keeps their tokenizer; one that is too large is refused."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = PretrainConfig(**{**SMALL, "max_steps": 2})
    execute(STAGE, config, inputs(run_folder), tmp_path / "one")
    execute(STAGE, config, {"corpus": run_folder / "prepare", "base": tmp_path / "one"}, tmp_path / "two")
    assert losses(tmp_path / "two")[0] < losses(tmp_path / "one")[0]
    other = save_base(tmp_path / "gpt2", "gpt2")
    execute(STAGE, config, {"corpus": run_folder / "prepare", "base": other}, tmp_path / "three")
    assert inference.load(tmp_path / "three" / "model").is_own is False
    bloom = save_base(tmp_path / "bloom", "bloom")
    execute(STAGE, config, {"corpus": run_folder / "prepare", "base": bloom}, tmp_path / "five")
    assert "lets texts in one row see each other" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"objective fill: the tokenizer has no prefix"):
        execute(
            STAGE,
            PretrainConfig(**{**SMALL, "objectives": {"fill": 1.0}}),
            {"corpus": run_folder / "prepare", "base": other},
            tmp_path / "four",
        )
    shrunk = read_json(other / "config.json")
    AutoModelForCausalLM.from_config(AutoConfig.for_model(**{**shrunk, "vocab_size": 300})).save_pretrained(other)
    with pytest.raises(InputError, match=r"tokenizer has tokens up to \d+, the model knows 300"):
        execute(STAGE, config, {"corpus": run_folder / "prepare", "base": other}, tmp_path / "six")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("kind", "objectives"), [("sentinels", ("spans", "words", "entities")), ("bart", ("spans", "words")), ("t5", ("entities",))]
)
def test_bases_with_an_encoder_go_on(kind: str, objectives: tuple[str, ...], run_folder: Path, tmp_path: Path) -> None:
    """T5's kind with and without sentinels, and BART's, whose gaps are all one token: what they learn gets better and loads as what it was."""
    base = save_base(tmp_path / kind, kind)
    given = {"corpus": run_folder / "prepare", "base": base}
    for name in objectives:
        config = PretrainConfig(
            **{**SMALL, "architecture": "encoder-decoder", "max_steps": 6, "objectives": {name: 1.0}, "learning_rate": 1e-2}
        )
        execute(STAGE, config, given, tmp_path / name)
        found = losses(tmp_path / name)
        assert found[-1] < found[0]
        assert read_json(tmp_path / name / "model" / "config.json")["model_type"] == ("bart" if kind == "bart" else "t5")
    if kind != "sentinels":
        refused = PretrainConfig(
            **{**SMALL, "architecture": "encoder-decoder", "objectives": {"entities" if kind == "bart" else "spans": 1.0}}
        )
        with pytest.raises(HpcError, match="models of T5's kind" if kind == "bart" else "no sentinels tokens"):
            execute(STAGE, refused, given, tmp_path / "refused")


def test_a_tokenizer_that_means_something_else_is_refused(run_folder: Path, base: Execution, tmp_path: Path) -> None:
    """Of the right size, beside the base's own: the first token that differs is named; names that are kept free mean nothing."""
    model, given = run_folder / "pretrain" / "model", tmp_path / "tokenizer"

    def renamed(old: str, new: str) -> dict[str, Path]:
        shutil.copytree(run_folder / "tokenizer", given, dirs_exist_ok=True)
        text = (given / "tokenizer.json").read_text()
        assert old in text
        (given / "tokenizer.json").write_text(text.replace(old, new))
        return {"base": run_folder / "pretrain", "tokenizer": given}

    assert tokenizer_folder(renamed("<|omp2c|>", "<|reserved_0|>"), tmp_path) == given
    with pytest.raises(InputError, match=rf"token \d+ is '<|other|>', of that in {model} '<|omp2c|>'"):
        tokenizer_folder(renamed("<|omp2c|>", "<|other|>"), tmp_path)


def test_the_size_of_a_vocabulary_may_stand_with_the_part_that_reads_texts(run_folder: Path, tmp_path: Path) -> None:
    """As in models that see pictures too; where it stands nowhere, the line says so."""
    size = bpe.load(run_folder / "tokenizer").get_vocab_size()
    given = {"base": tmp_path, "tokenizer": run_folder / "tokenizer"}
    write_json(tmp_path / "config.json", {"text_config": {"vocab_size": size}})
    assert tokenizer_folder(given, tmp_path) == run_folder / "tokenizer"
    write_json(tmp_path / "config.json", {})
    with pytest.raises(InputError, match="names no vocab_size"):
        tokenizer_folder(given, tmp_path)
