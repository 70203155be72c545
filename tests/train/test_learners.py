"""What a learner of mutual supervision is shown: what is new, and other parts of what was proved in each epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

from hpcraft.inference import ModelFacts
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import END
from hpcraft.train import learners
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.folder import save_model
from hpcraft.train.learners import TRANSLATOR, Learner
from hpcraft.train.tasks import Example
from tests.train.conftest import openmp, source

SETTINGS = FinetuneConfig(batch_tokens=4096, shuffled_share=0.0)
FACTS = ModelFacts(context=512, tasks=("openmp", "omp2c"))


def example(number: int, repeats: float = 1.0) -> Example:
    """A translation of a function."""
    return Example(task="openmp", source=source(number), target=openmp(number), repeats=repeats)


@pytest.fixture(params=["decoder", "encoder-decoder"])
def folder(request: pytest.FixtureRequest, run_folder: Path, tmp_path: Path) -> Path:
    """A model folder of hpcraft's own."""
    size = bpe.load(run_folder / "tokenizer").get_vocab_size()
    model: Any
    if request.param == "decoder":
        model = transformers.LlamaForCausalLM(
            transformers.LlamaConfig(vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
        )
    else:
        config = transformers.T5Config(vocab_size=size, d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2)
        config.decoder_start_token_id = 0
        model = transformers.T5ForConditionalGeneration(config)
    save_model(model, run_folder / "tokenizer", tmp_path / "model", FACTS)
    return tmp_path / "model"


def shown(
    learner: Learner, new: list[Example], replay: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[int], list[Batch]]:
    """The batches of an epoch, as training would be given them."""
    given: list[Callable[[int], list[Batch]]] = []

    def fit(_model: Any, batches: Any, *_: Any, **__: Any) -> Any:
        given.append(batches)
        return SimpleNamespace(train_loss=1.0)

    monkeypatch.setattr(learners, "fit", fit)
    assert learner.teach(new, SETTINGS, tmp_path / "out", replay=replay, seed=1, number=1) == 1.0
    return given[0]


def answers(batches: list[Batch]) -> int:
    """How many rows there are, each of which learns one answer."""
    return sum(int((batch["labels"] != IGNORED).any(dim=1).sum()) for batch in batches)


def test_proved_pairs_stand_beside_few_new_ones_and_are_drawn_anew(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A handful of new ones would be learnt by heart: 512 proved ones are shown with them, in each epoch others; none where none are wanted."""
    learner = Learner.begin(TRANSLATOR, folder, None, [example(number) for number in range(1000)])
    batches = shown(learner, [example(2000), example(2001)], 3, monkeypatch, tmp_path)
    assert answers(batches(0)) == answers(batches(1)) == 514
    seen = [{str([n for n in row if n]) for batch in batches(epoch) for row in batch["input_ids"].tolist()} for epoch in (0, 1)]
    assert 2 < len(seen[0] & seen[1]) < 400
    assert answers(shown(learner, [example(2000)], 0, monkeypatch, tmp_path)(0)) == 1


def test_what_is_shown_rarely_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An epoch in which nothing would be shown, because each example is shown less than once in one, is passed over."""
    learner = Learner.begin(TRANSLATOR, folder, None, [])
    assert answers(shown(learner, [example(1, repeats=0.05)], 3, monkeypatch, tmp_path)(0)) == 1


def test_each_model_gets_the_tensors_that_it_takes(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With an encoder the question goes there and the answer to the decoder; without one both stand in one row, and the answer alone is learnt."""
    learner = Learner.begin(TRANSLATOR, folder, None, [])
    [batch] = shown(learner, [example(1)], 3, monkeypatch, tmp_path)(0)
    with torch.no_grad():
        assert torch.isfinite(learner.generator.model(**batch).loss)
    end = learner.generator.tokenizer.token_to_id(END)
    [ids], [labels] = batch["input_ids"].tolist(), batch["labels"].tolist()
    learnt = [label for label in labels if label != IGNORED]
    assert learnt[-1] == end
    assert (end in ids) == (ids[-len(learnt) :] == learnt) == (not learner.generator.model.config.is_encoder_decoder)


def test_a_learner_takes_the_weights_of_a_folder(folder: Path, tmp_path: Path) -> None:
    """All of them, so that it answers as the one that was saved."""
    learner, other = (Learner.begin(TRANSLATOR, folder, None, []) for _ in range(2))
    with torch.no_grad():
        for weight in other.generator.model.parameters():
            weight.add_(0.5)
    other.save(tmp_path / "saved")
    learner.take(tmp_path / "saved")
    for mine, its in zip(learner.generator.model.parameters(), other.generator.model.parameters(), strict=True):
        assert torch.equal(mine, its)
