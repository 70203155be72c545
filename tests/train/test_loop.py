"""The training loop: exact resume, one loss whatever the sharing, selection, and clear ends."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hpcraft.errors import ConfigError, InputError, MachineError, Stopped
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.checkpoint import save_weights
from hpcraft.train.loop import Fitted, Running, fit, forget
from hpcraft.train.objectives.entities import tagger_of
from hpcraft.train.speed import flops_per_token
from hpcraft.train.watch import Budget, Measured, Validation, Watch
from tests.train.tiny import tiny_t5

WIDTH, VOCABULARY = 24, 64


class Killed(BaseException):
    """As if the process had ended here."""


def tiny(seed: int = 0) -> Any:
    """A decoder of some thousand weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            intermediate_size=64,
            tie_word_embeddings=True,
            attention_dropout=0.1,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )


def batches(rows: int = 4, kill_at: int | None = None, spoil_at: int | None = None) -> Callable[[int], Iterator[Batch]]:
    """Seven batches an epoch, with labels of different numbers; one of them may end the process or be spoilt."""
    count = [0]

    def epoch(number: int) -> Iterator[Batch]:
        random = torch.Generator().manual_seed(number)
        for _ in range(7):
            ids = torch.randint(3, 12, (rows, WIDTH), generator=random)
            labels = ids.clone()
            labels[:, int(torch.randint(4, WIDTH, (1,), generator=random)) :] = IGNORED
            yield {"input_ids": ids, "labels": labels}

    def counted(number: int) -> Iterator[Batch]:
        for batch in epoch(number):
            count[0] += 1
            if count[0] == kill_at:
                raise Killed
            if count[0] == spoil_at:
                batch = {**batch, "attention_mask": torch.full((rows, 1, WIDTH, WIDTH), float("nan"))}
            yield batch

    return counted


def budget(**given: Any) -> Budget:
    """Steps without a limit of time."""
    return Budget(
        **{"max_steps": 12, "max_seconds": 1e9, "learning_rate": 1e-2, "log_steps": 1, "warmup_steps": 3, "evaluations": 4, **given}
    )


def validation() -> Validation:
    """Two batches of a text that isn't learnt."""
    random = torch.Generator().manual_seed(99)
    found = [torch.randint(3, 12, (4, WIDTH), generator=random) for _ in range(2)]
    return Validation(
        batches=[{"input_ids": ids, "labels": ids.clone()} for ids in found],
        num_bytes=400,
        languages=("c", "fortran"),
        bytes_by_language={"c": 200, "fortran": 200},
    )


def told(folder: Path, *keys: str) -> list[tuple[Any, ...]]:
    """The lines of metrics without what time decides."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        tuple(line.get(key) for key in ("step", "split", "tokens", "loss", "bits_per_byte", "learning_rate", "grad_norm", *keys))
        for line in lines
    ]


def weights(model: Any) -> dict[str, torch.Tensor]:
    """A copy of a model's weights."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """To the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kill_at", [2, 9, 16, 23])
def test_a_resumed_run_gives_the_same_to_the_last_bit(kill_at: int, tmp_path: Path) -> None:
    """Losses, gradients, rates, validations and weights, with dropout and accumulation, however far it had come."""
    whole, broken = tiny(), tiny()
    running = Running(accumulate=2)
    fit(whole, batches(), budget(), tmp_path / "whole", seed=5, validation=validation(), running=running)
    with pytest.raises(Killed):
        fit(
            broken,
            batches(kill_at=kill_at),
            budget(checkpoint_seconds=0),
            tmp_path / "broken",
            seed=5,
            validation=validation(),
            running=running,
        )
    again = tiny(seed=1)
    fit(again, batches(), budget(checkpoint_seconds=0), tmp_path / "broken", seed=5, validation=validation(), running=running)
    if kill_at == 2:  # no checkpoint yet: it began anew from other weights
        assert not same(weights(whole), weights(again))
        return
    assert told(tmp_path / "broken") == told(tmp_path / "whole")
    assert same(weights(whole), weights(again))
    forget(tmp_path / "broken")
    assert sorted(p.name for p in (tmp_path / "broken").iterdir()) == ["metrics.jsonl"]


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one before it gives the same run."""
    whole = tiny()
    fit(whole, batches(), budget(), tmp_path / "whole", seed=5)
    with pytest.raises(Killed):
        fit(tiny(), batches(kill_at=9), budget(checkpoint_seconds=0), tmp_path / "broken", seed=5)
    newest = max((tmp_path / "broken" / ".checkpoints").glob("step-*"), key=lambda p: int(p.name[5:]))
    part = next(newest.glob("*.distcp"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    again = tiny(seed=1)
    fit(again, batches(), budget(), tmp_path / "broken", seed=5)
    assert "damaged" in capsys.readouterr().err
    assert same(weights(whole), weights(again))
    assert told(tmp_path / "broken") == told(tmp_path / "whole")


def without_dropout(kind: str) -> Any:
    """A model whose losses can be compared."""
    if kind != "decoder":
        return tagger_of(tiny_t5()) if kind == "tagger" else tiny_t5()
    model = tiny()
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.0
    return model


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


def test_a_loss_that_is_no_number_stops_before_it_reaches_the_weights(tmp_path: Path) -> None:
    """The step and batch are named, and the checkpoint from before stays and can be gone on from."""
    model = tiny()
    with pytest.raises(InputError, match=r"loss is nan in step 5, batch 4 of window 0, epoch 0"):
        fit(model, batches(spoil_at=5), budget(checkpoint_seconds=0), tmp_path, seed=1)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    fitted = fit(tiny(), batches(), budget(), tmp_path, seed=1)
    assert fitted.steps == 12


TWO = """
import sys
import torch.distributed as dist
from pathlib import Path
from hpcraft.errors import InputError
from hpcraft.train.loop import fit
from tests.train.test_loop import batches, budget, tiny
dist.init_process_group("gloo")
try:
    fit(tiny(), batches(spoil_at=2), budget(), Path(sys.argv[1]), seed=1)
except InputError as error:
    print(error)
"""


def test_all_processes_say_whose_loss_is_no_number(tmp_path: Path) -> None:
    """Not that their gradients aren't, which is what came of it."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    shared = {**os.environ, "MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(tmp_path)],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=200)[0] for process in started]
    assert said[0] == said[1]
    assert "the loss is nan in step 1, batch 1 of window 0" in said[0]


def test_a_gradient_that_is_no_number_stops_before_it_reaches_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the loss is one."""
    from transformers import Trainer

    monkeypatch.setattr(Trainer, "_clip_grad_norm", lambda *_: torch.tensor(float("inf")))
    model = tiny()
    before = weights(model)
    with pytest.raises(InputError, match=r"gradient's norm is inf in step 1.*lower learning_rate"):
        fit(model, batches(), budget(), tmp_path, seed=1)
    assert same(weights(model), before)


def test_a_signal_ends_the_run_behind_the_step_with_a_checkpoint(tmp_path: Path) -> None:
    """The exit code is the signal's, and the same call goes on."""

    def signalling(number: int) -> Iterator[Batch]:
        for count, batch in enumerate(batches()(number)):
            if count == 4 and number == 0:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch

    with pytest.raises(Stopped, match="stopped by SIGTERM at step") as caught:
        fit(tiny(), signalling, budget(checkpoint_seconds=1e9), tmp_path, seed=1)
    assert caught.value.exit_code == 143
    whole = fit(tiny(), batches(), budget(), tmp_path / "whole", seed=1)
    fitted = fit(tiny(), batches(), budget(), tmp_path, seed=1)
    assert fitted.train_loss == whole.train_loss


def test_memory_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what to lower."""

    def huge(_: int) -> Iterator[Batch]:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:125] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    with pytest.raises(MachineError, match=r"out of memory.*smaller micro_rows"):
        fit(tiny(), huge, budget(), tmp_path, seed=1)


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


def test_damaged_best_weights_cost_no_second_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last ones are kept instead, and a note says so."""
    settings = budget(max_steps=8, evaluations=8, learning_rate=1.0, warmup_steps=30, select="valid_loss")
    numbers = itertools.count()
    monkeypatch.setattr("hpcraft.train.keeper.sha256_file", lambda _: str(next(numbers)))
    fitted = fit(tiny(), batches(), settings, tmp_path, seed=1, validation=validation())
    assert fitted.best_step == 8
    assert "are damaged; those of the last step are kept" in capsys.readouterr().err


def test_a_full_disk_while_the_best_weights_are_saved_is_told(tmp_path: Path) -> None:
    """On a file system that holds the metrics and not the weights; torch raises an error of its own kind."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        settings = budget(select="valid_loss", checkpoint_seconds=1e9)
        with pytest.raises(MachineError, match="disk is full, the best weights were not written"):
            fit(tiny(), batches(), settings, folder, seed=1, validation=validation())
        with pytest.raises(MachineError, match="disk is full, the weights of the phase were not written"):
            save_weights(folder / "0.pt", tiny().state_dict(), "the weights of the phase")
        assert not list(folder.rglob("*.pt*"))
    finally:
        subprocess.run(["umount", folder], check=True)


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


def test_operations_are_counted_where_they_are_known() -> None:
    """Weights that stand still cost no gradient of their own; of an encoder with a decoder nothing is said."""
    model = tiny()
    whole = flops_per_token(model, 24)
    assert whole
    still = model.model.layers[0].mlp.gate_proj.weight
    still.requires_grad_(False)
    assert flops_per_token(model, 24) == whole - 2 * still.numel()
    assert flops_per_token(tiny_t5(), 24) is None


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
