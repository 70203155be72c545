"""What a run leaves when something ends it, and how it goes on: kills, signals, damage, numbers that are none, and full disks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from hpcraft.errors import DivergedError, InputError, MachineError, Stopped
from hpcraft.store import write_json
from hpcraft.train import keeper
from hpcraft.train.batches import Batch
from hpcraft.train.checkpoint import save_weights
from hpcraft.train.loop import Running, fit, forget
from hpcraft.train.watch import Measured
from tests.train.runs import Killed, batches, budget, flip, same, tiny, told, validation, weights

ROOM = "700k"
"""Holds one checkpoint of `tiny` and not two."""


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
    flip(part)
    again = tiny(seed=1)
    fit(again, batches(), budget(), tmp_path / "broken", seed=5)
    assert "damaged" in capsys.readouterr().err
    assert same(weights(whole), weights(again))
    assert told(tmp_path / "broken") == told(tmp_path / "whole")


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
from hpcraft.errors import HpcError
from hpcraft.train.loop import fit
from tests.train.runs import batches, budget, tiny
dist.init_process_group("gloo")
try:
    exec(sys.argv[1])
except HpcError as error:
    print(error)
"""


def two_processes(call: str) -> list[str]:
    """What two processes that train together print."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    shared = {**os.environ, "MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, call],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for rank in range(2)
    ]
    return [process.communicate(timeout=200)[0] for process in started]


@pytest.mark.ci
def test_all_processes_say_whose_loss_is_no_number(tmp_path: Path) -> None:
    """Not that their gradients aren't, which is what came of it."""
    said = two_processes(f"fit(tiny(), batches(spoil_at=2), budget(), Path({str(tmp_path)!r}), seed=1)")
    assert said[0] == said[1]
    assert "the loss is nan in step 1, batch 1 of window 0" in said[0]


def test_a_gradient_that_is_no_number_stops_before_it_reaches_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the loss is one."""
    from transformers import Trainer

    monkeypatch.setattr(Trainer, "_clip_grad_norm", lambda *_: torch.tensor(float("inf")))
    model = tiny()
    before = weights(model)
    with pytest.raises(
        InputError, match=r"gradient's norm is inf in step 1, whose last is batch \d+ of window 0, epoch 0; .*lower learning_rate"
    ):
        fit(model, batches(), budget(), tmp_path, seed=1)
    assert same(weights(model), before)


def test_best_weights_with_a_flipped_bit_cost_no_second_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last ones are kept instead, and a note says so."""
    settings = budget(max_steps=8, evaluations=8, learning_rate=1.0, warmup_steps=30, select="valid_loss")

    def flipping(number: int) -> Iterator[Batch]:
        if number == 1:  # seven steps are done
            for path in (tmp_path / ".best").glob("*.pt"):
                flip(path)
        yield from batches()(number)

    fitted = fit(tiny(), flipping, settings, tmp_path, seed=1, validation=validation())
    assert fitted.best_step == 8
    assert "are damaged; those of the last step are kept" in capsys.readouterr().err


def test_a_last_figure_that_is_no_better_ends_nothing_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has done all of its steps says so, though patience is used up by the validation at its end."""
    figures = iter((1.0, 2.0, 1.0))  # in the middle, at the end, and of the best weights
    monkeypatch.setattr(keeper, "evaluate", lambda *_, **__: Measured(loss=next(figures), bits_per_byte=None, by_language={}))
    settings = budget(max_steps=8, evaluations=2, select="valid_loss", patience=1)
    fitted = fit(tiny(), batches(), settings, tmp_path, seed=1, validation=validation())
    assert (fitted.steps, fitted.best_step) == (8, 4)
    assert not fitted.early
    assert fitted.notes("x", 8) == []


def test_a_list_that_says_nothing_of_the_best_weights_is_passed_over(tmp_path: Path) -> None:
    """A checkpoint's list of files may be of an older version."""
    with pytest.raises(Killed):
        fit(tiny(), batches(kill_at=9), budget(checkpoint_seconds=0), tmp_path, seed=1)
    write_json(tmp_path / ".checkpoints/step-6/checkpoint.json", {"facts": {}})
    assert fit(tiny(), batches(), budget(), tmp_path, seed=1).steps == 12


# ---------------------------------------------------------------- other learning rates


@pytest.mark.ci
def test_a_run_goes_on_with_a_lower_rate(tmp_path: Path) -> None:
    """From the checkpoint before the loss that is no number, each step with the new rate; the optimizer and the schedule remembered the old one."""
    with pytest.raises(DivergedError, match=r"run again with a lower learning_rate, which goes on from the newest checkpoint"):
        fit(tiny(), batches(spoil_at=5), budget(checkpoint_seconds=0), tmp_path, seed=1)
    fit(tiny(), batches(), budget(), tmp_path / "whole", seed=1)
    before = told(tmp_path)
    fit(tiny(), batches(), budget(learning_rate=1e-3), tmp_path, seed=1)
    rates = [line[5] for line in told(tmp_path)]
    usual = [line[5] for line in told(tmp_path / "whole")]
    assert told(tmp_path)[:4] == before[:4]
    assert rates[:4] == usual[:4]
    assert rates[4:] == pytest.approx([rate / 10 for rate in usual[4:]], abs=1e-5)


def test_a_checkpoint_whose_first_step_fails_is_named(tmp_path: Path) -> None:
    """Its weights may be ruined though they are numbers: no rate helps then, and the message says what does. Without it the one before is used."""
    for expected in ("goes on from the newest checkpoint, or look at that batch", r"step-4 is past saving: remove .*step-4 to go on from"):
        with pytest.raises(DivergedError, match=expected):
            fit(tiny(), batches(spoil_at=5), budget(checkpoint_seconds=0), tmp_path, seed=1)
    shutil.rmtree(tmp_path / ".checkpoints/step-4")
    assert fit(tiny(), batches(), budget(), tmp_path, seed=1).steps == 12
    assert [line[0] for line in told(tmp_path)] == list(range(1, 13))


# ---------------------------------------------------------------- full disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a file system of a given size."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = []

    def make(size: str) -> Path:
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False).returncode:
            pytest.skip("only root can make a small disk")
        mounted.append(folder)
        return folder

    yield make
    for place in mounted:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_while_the_best_weights_are_saved_is_told(small_disk: Callable[[str], Path]) -> None:
    """On a file system that holds the metrics and not the weights; torch raises an error of its own kind."""
    folder = small_disk("64k")
    settings = budget(select="valid_loss", checkpoint_seconds=1e9)
    with pytest.raises(MachineError, match="disk is full, the best weights were not written"):
        fit(tiny(), batches(), settings, folder, seed=1, validation=validation())
    with pytest.raises(MachineError, match="disk is full, the weights of the phase were not written"):
        save_weights(folder / "0.pt", tiny().state_dict(), "the weights of the phase")
    assert not list(folder.rglob("*.pt*"))


def test_a_full_disk_while_a_checkpoint_is_written_is_told_and_the_one_before_stays(small_disk: Callable[[str], Path]) -> None:
    """Torch's own writer meets it, whose error is no `Exception`; once there is room, the run goes on from the good one."""
    folder = small_disk(ROOM)
    with pytest.raises(MachineError, match=r"disk is full, the checkpoint was not written; the last good one is step-1;"):
        fit(tiny(), batches(), budget(checkpoint_seconds=0), folder, seed=1)
    assert [path.name for path in (folder / ".checkpoints").iterdir()] == ["step-1"]
    assert fit(tiny(), batches(), budget(), folder, seed=1).steps == 12


@pytest.mark.slow
def test_a_full_disk_is_told_by_each_of_two_processes(small_disk: Callable[[str], Path]) -> None:
    """The rank that met it tells the other."""
    folder = small_disk(ROOM)
    said = two_processes(f"fit(tiny(), batches(), budget(checkpoint_seconds=0), Path({str(folder)!r}), seed=1)")
    for words in said:
        assert "disk is full, the checkpoint was not written" in words
    assert [path.name for path in (folder / ".checkpoints").iterdir()] == ["step-1"]


def test_a_checkpoint_that_torch_cannot_load_is_an_ordinary_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What handles errors is to see it, which torch's own kind passes."""
    with pytest.raises(Killed):
        fit(tiny(), batches(kill_at=9), budget(checkpoint_seconds=0), tmp_path, seed=1)
    monkeypatch.setattr("hpcraft.train.checkpoint.broken_seal", lambda *_: None)
    for part in (tmp_path / ".checkpoints").glob("*/*.distcp"):
        part.write_bytes(b"")
    with pytest.raises(EOFError):
        fit(tiny(), batches(), budget(), tmp_path, seed=1)
