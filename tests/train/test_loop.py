"""The training loop: one loss whatever the sharing, selection, and clear ends; how runs go on stands in test_resume.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import ConfigError, MachineError
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.loop import Fitted, Running, fit
from hpcraft.train.objectives.entities import tagger_of
from hpcraft.train.speed import Operations
from hpcraft.train.watch import Budget, Measured, Watch
from tests.train.runs import batches, budget, tiny, told, validation
from tests.train.tiny import tiny_t5


def tiny_bart() -> Any:
    """BART's kind, whose names are others than T5's."""
    from transformers import BartConfig, BartForConditionalGeneration

    shape: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes: dict[str, Any] = {"d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 48, "vocab_size": 64, "max_position_embeddings": 64}
    return BartForConditionalGeneration(BartConfig(**shape, **sizes, dropout=0.0))


def without_dropout(kind: str) -> Any:
    """A model whose losses can be compared."""
    if kind != "decoder":
        return tagger_of(tiny_t5()) if kind == "tagger" else tiny_t5()
    model = tiny()
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.0
    return model


@pytest.mark.ci
@pytest.mark.parametrize("kind", ["decoder", "encoder-decoder", "tagger"])
def test_micro_batches_together_are_one_batch(kind: str, tmp_path: Path) -> None:
    """Rows with different numbers of learnt tokens weigh by their tokens, however a step is cut, and a part may have none."""
    rows = next(batches(rows=4)(0))
    rows["labels"][:2, 3:] = IGNORED
    rows["labels"][3] = IGNORED

    def cut(size: int) -> Callable[[int], Iterator[Batch]]:
        return lambda _: ({name: value[at : at + size] for name, value in rows.items()} for at in range(0, 4, size))

    norms = []
    for size in (4, 2, 1):
        fresh = without_dropout(kind)
        folder = tmp_path / str(size)
        fit(fresh, cut(size), budget(max_steps=1), folder, seed=1, running=Running(accumulate=4 // size))
        norms.append(told(folder)[0])
    for found in norms[1:]:
        assert found[3] == pytest.approx(norms[0][3], rel=2e-2)
        assert found[6] == pytest.approx(norms[0][6], rel=3e-2)
        assert found[2] == norms[0][2]


def test_memory_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what to lower, and, where there are checkpoints, what goes on from them."""

    def huge(_: int) -> Iterator[Batch]:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:125] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    with pytest.raises(MachineError, match=r"out of memory.*smaller micro_rows"):
        fit(tiny(), huge, budget(), tmp_path, seed=1)

    def later(number: int) -> Iterator[Batch]:
        return huge(number) if number else batches()(number)

    with pytest.raises(
        MachineError, match=r"recompute=true goes on from the checkpoints in .*; smaller row_tokens or batch_tokens begin anew"
    ):
        fit(tiny(), later, budget(checkpoint_seconds=0), tmp_path, seed=1)


def watched(**given: Any) -> Watch:
    """A watch that writes nothing."""
    return Watch(budget=budget(**given), metrics=None)


def test_the_lowest_validation_is_the_best_and_patience_counts_the_others() -> None:
    """Early stopping is the right way up: a figure that falls never ends a run."""
    watch = watched(select="valid_bits_per_byte", patience=2)
    for step, bits in enumerate((3.0, 2.0, 1.0), start=1):
        watch.step = step
        assert watch.judge(Measured(loss=9.0, bits_per_byte=bits, by_language={}))
        assert not watch.gave_up
    for step, bits in ((4, 1.5), (5, 1.0)):
        watch.step = step
        assert not watch.judge(Measured(loss=0.0, bits_per_byte=bits, by_language={}))
    assert watch.gave_up
    assert (watch.best_step, watch.best) == (3, 1.0)


def test_the_best_weights_are_kept_and_the_run_ends_early(tmp_path: Path) -> None:
    """A rate that ruins the model shows that later, worse weights aren't the ones kept."""
    model = tiny()
    settings = budget(max_steps=40, evaluations=20, learning_rate=1.0, warmup_steps=30, select="valid_loss", patience=3)
    fitted = fit(model, batches(), settings, tmp_path, seed=1, validation=validation())
    measured = [line[3] for line in told(tmp_path) if line[1] == "valid"]
    assert fitted.early
    assert fitted.steps < 40
    assert round(fitted.valid_loss or 0, 5) == min(measured)
    assert fitted.best_step
    assert "no better" in fitted.notes("x", 40)[0]


def test_validations_are_at_even_distances_of_whichever_is_used_up_more() -> None:
    """By steps on a machine that is quick enough, by seconds on one that isn't."""
    quick, slow = watched(max_steps=100), watched(max_steps=100, max_seconds=10.0)
    due: dict[str, list[int]] = {"quick": [], "slow": []}
    for step in range(1, 100):
        quick.step = slow.step = step
        slow.seconds = min(9.9, step * 0.5)
        due["quick"] += [step] * quick.comes_due()
        due["slow"] += [step] * slow.comes_due()
    assert due == {"quick": [25, 50, 75], "slow": [5, 10, 15]}


@pytest.mark.parametrize("kind", ["decoder", "encoder-decoder", "bart", "tagger"])
def test_operations_are_those_that_torch_counts(kind: str) -> None:
    """Of products of matrices, forward and backward, without padding; padding adds none, and weights that stand still cost no gradient of their own."""
    from torch.utils.flop_counter import FlopCounterMode

    model: Any = tiny_bart() if kind == "bart" else without_dropout(kind)
    model.set_attn_implementation("eager")
    batch = {"input_ids": torch.randint(8, 60, (3, 24)), "labels": torch.randint(1, 9, (3, 24 if kind in ("decoder", "tagger") else 16))}
    with FlopCounterMode(display=False) as counter:
        model(**batch).loss.backward()
    operations = Operations(model)
    ours = operations.of(batch, batch["labels"].numel())
    assert ours == pytest.approx(counter.get_total_flops(), rel=1e-6)
    mask = torch.ones(3, 24, dtype=torch.long)
    assert operations.of({**batch, "attention_mask": mask}, batch["labels"].numel()) == ours
    mask[:, 12:] = 0
    half = operations.of({**batch, "attention_mask": mask}, batch["labels"].numel() // 2)
    assert half == pytest.approx(ours / 2)
    still = next(p for name, p in model.named_parameters() if p.dim() > 1 and "layer" in name)
    still.requires_grad_(False)
    assert Operations(model).reading + Operations(model).writing == operations.reading + operations.writing - 2 * still.numel()


def test_what_cannot_be_meant_is_refused() -> None:
    """Choosing by nothing, and sharing that there isn't."""
    with pytest.raises(ConfigError, match="select 'loss': expected one of last"):
        budget(select="loss")
    with pytest.raises(ConfigError, match="patience 3: needs a figure"):
        budget(patience=3)
    with pytest.raises(ConfigError, match="sharding 'zero'"):
        Running(sharding="zero")


def test_validation_tells_languages_apart(tmp_path: Path) -> None:
    """The bits of the languages add up to those of all."""
    fitted = fit(tiny(), batches(), budget(max_steps=2), tmp_path, seed=1, validation=validation())
    by_language = fitted.valid_bits_by_language
    assert set(by_language) == {"c", "fortran"}
    assert sum(by_language.values()) / 2 == pytest.approx(fitted.valid_bits_per_byte)
    assert {line[1] for line in told(tmp_path)} >= {"valid/c", "valid/fortran"}


def test_batches_made_beside_are_the_same(tmp_path: Path) -> None:
    """A process that makes them ahead of time changes nothing."""
    found: list[Fitted] = [
        fit(tiny(), batches(), budget(max_steps=5), tmp_path / str(beside), seed=1, running=Running(beside=beside))
        for beside in (False, True)
    ]
    assert found[0].train_loss == found[1].train_loss


def test_events_for_tensorboard_are_written(tmp_path: Path) -> None:
    """Beside the lines of metrics."""
    pytest.importorskip("tensorboard")
    fit(tiny(), batches(), budget(max_steps=2), tmp_path, seed=1, validation=validation(), running=Running(tensorboard=True))
    assert len(list((tmp_path / "tensorboard").glob("events*"))) == 1


@given(st.integers(1, 2000), st.integers(1, 60))
def test_the_rate_rises_falls_and_uses_the_budget(max_steps: int, warmup_steps: int) -> None:
    """However short a run is, at most a tenth of it is warming up; nothing is left at its end."""
    budget = Budget(max_steps=max_steps, max_seconds=1e9, learning_rate=1e-3, warmup_steps=warmup_steps, decay_share=0.5)
    rates = [Watch(budget=budget, metrics=None).rate(step) for step in range(max_steps + 1)]
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == 0.0
    assert peak <= max(1, math.ceil(0.1 * max_steps))
    assert max_steps < 3 or max(rates) == 1.0


def test_a_model_with_a_configuration_inside_another_trains(tmp_path: Path) -> None:
    """As those have that read pictures, too: what reads texts has its own."""
    from transformers import AutoModelForCausalLM, Gemma3Config

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**shape, "vocab_size": 128, "num_key_value_heads": 1, "head_dim": 16}
    config = Gemma3Config(text_config=text, vision_config={**shape, "image_size": 28, "patch_size": 14}, mm_tokens_per_image=4)
    model: Any = AutoModelForCausalLM.from_config(config)
    assert Operations(model).per_token(24) > 0
    fitted = fit(model, batches(), budget(max_steps=2), tmp_path, seed=0)
    assert fitted.steps == 2
