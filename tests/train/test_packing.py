"""Texts become rows: packed without attending across, tokenized once, cut at line ends, in windows that repeat."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft import inference
from hpcraft.errors import InputError
from hpcraft.records import Document
from hpcraft.shards import ShardWriter
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.corpus import documents
from hpcraft.train import material, tokens
from hpcraft.train.batches import IGNORED, Row
from hpcraft.train.corpus_source import CorpusSource
from hpcraft.train.material import Mix
from hpcraft.train.objectives.specials import Specials
from hpcraft.train.objectives.table import Mixture
from hpcraft.train.packing import alone, attention_for, check_causal, fitted, keeps_apart, pack, sees_ahead, together
from tests.train.runs import flip
from tests.train.tiny import tiny_llama
from tests.train.tiny_bases import save_base

# ---------------------------------------------------------------- packing


@given(st.lists(st.integers(1, 90), min_size=1, max_size=60))
def test_packing_loses_no_token_and_overfills_no_row(lengths: list[int]) -> None:
    """Every row is in one group, and rows longer than the width are cut without a loss."""
    rows = [Row(tuple(range(100 * i, 100 * i + length)), 1) for i, length in enumerate(lengths)]
    pieces = list(fitted(rows, 32))
    assert [n for piece in pieces for n in piece.ids] == [n for row in rows for n in row.ids]
    groups = pack(pieces, 32)
    assert sorted(row.ids for group in groups for row in group) == sorted(row.ids for row in pieces)
    assert all(sum(len(row.ids) for row in group) <= 32 for group in groups)


def test_packed_rows_learn_no_first_token_and_nothing_that_was_given() -> None:
    """By hand: two rows and one place of padding."""
    batch = together([[Row((5, 6, 7), 1), Row((8, 9, 10, 11), 2)]], 8, 0)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9, 10, 11, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7, IGNORED, IGNORED, 10, 11, IGNORED]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1, 2, 3, 0]]


@pytest.mark.parametrize(("kind", "apart"), [("llama", True), ("gpt2", True), ("bloom", False)])
def test_it_is_known_which_models_keep_packed_texts_apart(kind: str, apart: bool, tmp_path: Path) -> None:
    """Bloom takes positions and pays no heed to them."""
    model = inference.load_model(save_base(tmp_path, kind))
    assert keeps_apart(model) is apart
    assert model.training is False
    lone = alone([[Row((5, 6, 7), 1)], [Row((8, 9), 1)]], 4, 0)
    assert lone["input_ids"].tolist() == [[5, 6, 7, 0], [8, 9, 0, 0]]
    assert set(lone) == {"input_ids", "labels"}


def test_a_gpu_gets_an_attention_without_a_mask_of_the_length_s_square() -> None:
    """For models that have it and need no dropout there; a processor keeps what it had."""
    model = tiny_llama()
    assert attention_for(model, "cpu") == "sdpa"
    assert attention_for(model, "cuda") == "flex_attention"
    model.config.attention_dropout = 0.1
    assert attention_for(model, "cuda") == "sdpa"


@pytest.mark.slow  # compiled for a minute or two
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch compiles it")
def test_attention_for_gpus_keeps_packed_texts_apart() -> None:
    """Here on the processor, where only its forward pass runs."""
    model = tiny_llama()
    model.set_attn_implementation(attention_for(model, "cuda"))
    assert keeps_apart(model)


def test_packing_wastes_little(run_folder: Path, tmp_path: Path) -> None:
    """Under 2 % of the positions hold nothing, on texts of all lengths."""
    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.lognormal(4.5, 1.2, size=3000).astype(int) + 4, 20_000).tolist()
    rows = list(fitted([Row(tuple([3] * length), 1) for length in lengths], 512))
    groups = pack(rows, 512)
    assert 1 - sum(len(row.ids) for row in rows) / (512 * len(groups)) < 0.02


# ---------------------------------------------------------------- tokens and windows


def test_a_long_file_is_cut_at_line_ends_and_says_so(run_folder: Path, tmp_path: Path) -> None:
    """A piece that begins or ends within its file is known as one, after tokenizing, too."""
    some = list(documents(run_folder / "prepare", "train"))[:9]
    long = "".join(f"int a{n} = {n};\n" for n in range(9000))
    (tmp_path / "long").mkdir()
    with ShardWriter(tmp_path / "long", "corpus", Document) as shards:
        cut_ones = [dataclasses.replace(some[0], document_id=split, split=split, text=long) for split in ("train", "valid")]
        for document in (*some, *cut_ones):
            shards.write(document)
    mix = Mix(documents=10**9, functions=0, directives=0)
    found = list(material.texts(tmp_path / "long", "train", mix, 3))
    [cut] = [text for text in found if len(text.text) > 10_000]
    assert not cut.begins
    assert not cut.ends
    assert len(cut.text) > 19_900
    assert f"\n{cut.text}" in long
    assert cut.text.endswith("\n")
    assert all(text.begins and text.ends for text in found if text is not cut)
    [measured] = material.validation_texts(tmp_path / "long", 40_000, 3)
    assert (measured.begins, measured.ends) == (False, False)
    assert f"\n{measured.text}" in long
    assert measured.text.endswith("\n")
    tokens.write(tmp_path / "t", found, run_folder / "tokenizer", annotated=False)
    read = [tokens.Tokens(tmp_path / "t").document(number) for number in range(len(found))]
    assert [(one.begins, one.ends) for one in read] == [(text.begins, text.ends) for text in found]


def test_tokens_are_read_as_they_were_written(run_folder: Path, tmp_path: Path) -> None:
    """Ids, labels, words and spans are those of each text alone, also when several processes made them."""
    from hpcraft.train.annotation import annotate

    tokenizer = bpe.load(run_folder / "tokenizer")
    texts = [
        tokens.Text(f"void f{n}(int n, double *x) {{ for (int i = 0; i < n; i++) x[i] = {n}; }}\n" * (n % 5 + 1), "c") for n in range(150)
    ]
    texts.append(tokens.Text("<|text|>ready<|end|>", "c", ready=True, variant=1))
    texts += [tokens.Text("y = 1\n" * 40_000, "fortran"), tokens.Text("int é;", "cpp", variant=0)]
    tokens.write(tmp_path / "t", texts, run_folder / "tokenizer", annotated=True, num_workers=2)
    found = tokens.Tokens(tmp_path / "t")
    assert len(found) == len(texts)
    for number in (0, 77, 149, 152):
        encoding = tokenizer.encode(texts[number].text, add_special_tokens=False)
        expected, document = annotate(texts[number].text, texts[number].language, encoding.offsets), found.document(number)
        assert document.ids.tolist() == encoding.ids
        assert document.language == texts[number].language
        for name in ("labels", "words", "spans"):
            assert np.array_equal(getattr(document, name), getattr(expected, name))
    assert found.ids(150).tolist() == tokenizer.encode("<|text|>ready<|end|>").ids
    assert [150 in found.epoch(number) for number in range(4)] == [False, True, False, True]
    assert [152 in found.epoch(number) for number in range(4)] == [True, False, True, False]
    before = (tmp_path / "t" / "ids.bin").stat().st_mtime_ns
    tokens.write(tmp_path / "t", [], run_folder / "tokenizer", annotated=True)
    assert (tmp_path / "t" / "ids.bin").stat().st_mtime_ns == before


def test_a_window_is_the_same_each_time_and_an_epoch_shows_every_text(run_folder: Path, tmp_path: Path) -> None:
    """Whatever was read before; other epochs have another order."""
    texts = [tokens.Text(f"int a{n};\n" * 9, "c") for n in range(400)]
    tokens.write(tmp_path / "t", texts, run_folder / "tokenizer", annotated=False)
    found = tokens.Tokens(tmp_path / "t")
    objective = Mixture({"causal": 1.0}).make({"causal": {"length": 128}}, Specials.of(bpe.load(run_folder / "tokenizer")))
    source = CorpusSource(tokens=found, objective=objective, width=128, step_rows=4, rows=2, seed=3)

    def ids(epoch: int) -> list[list[int]]:
        return [make()["input_ids"].flatten().tolist() for make in source.window(epoch, 0, 0) or []]

    assert ids(0) == ids(0)
    assert ids(0) != ids(1)
    assert source.window(0, 1, 0) is None
    seen = {n for row in ids(1) for n in row}
    assert seen >= {n for number in range(400) for n in found.ids(number).tolist()}


def test_no_row_is_learnt_twice_where_a_window_has_many_steps(run_folder: Path, tmp_path: Path) -> None:
    """What fills no whole step waits for the next epoch; where steps are few, rows come again instead of many being left out."""
    tokens.write(tmp_path / "t", [tokens.Text(f"int a{n};\n" * 9, "c") for n in range(400)], run_folder / "tokenizer", annotated=False)
    found = tokens.Tokens(tmp_path / "t")
    objective = Mixture({"causal": 1.0}).make({"causal": {"length": 128}}, Specials.of(bpe.load(run_folder / "tokenizer")))
    for step_rows, twice in ((3, False), (64, True)):
        source = CorpusSource(tokens=found, objective=objective, width=128, step_rows=step_rows, rows=1, seed=3)
        rows = [tuple(make()["input_ids"].flatten().tolist()) for make in source.window(0, 0, 0) or []]
        assert len(rows) % step_rows == 0
        assert (len(set(rows)) < len(rows)) is twice


@pytest.mark.parametrize("name", ["ids.bin", "texts.npy", "facts.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_tokens_are_named_and_made_again(
    name: str, damage: str, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the next call, whatever was damaged."""
    folder, texts = tmp_path / "t", [tokens.Text(f"int a{n};\n" * 9, "c") for n in range(20)]
    tokens.write(folder, texts, run_folder / "tokenizer", annotated=False)
    whole = (folder / name).read_bytes()
    if damage == "cut":
        (folder / name).write_bytes(whole[: len(whole) // 2])
    else:
        flip(folder / name)
    tokens.write(folder, texts, run_folder / "tokenizer", annotated=False)
    assert f"{name}: damaged; the texts are tokenized again" in capsys.readouterr().err
    assert (folder / name).read_bytes() == whole


def test_tokens_that_were_cut_are_not_read(run_folder: Path, tmp_path: Path) -> None:
    """A rank that opens them looks at their sizes alone."""
    tokens.write(tmp_path, [tokens.Text("int a;\n" * 9, "c")], run_folder / "tokenizer", annotated=False)
    (tmp_path / "ids.bin").write_bytes((tmp_path / "ids.bin").read_bytes()[:-2])
    with pytest.raises(InputError, match=r"ids\.bin: damaged; run the same command again"):
        tokens.Tokens(tmp_path)


def test_a_model_that_fills_in_masks_can_not_learn_to_write() -> None:
    """It would read its answers; one that reads from left to right, or has an encoder, is let through."""
    from transformers import RobertaConfig, RobertaForCausalLM

    check_causal(tiny_llama(), "base")
    config = RobertaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, initializer_range=0.5
    )
    masked = RobertaForCausalLM(config)
    assert sees_ahead(masked)
    with pytest.raises(InputError, match="sees the tokens behind each one"):
        check_causal(masked, "base")
    config.is_decoder = True
    check_causal(RobertaForCausalLM(config), "base")
