"""The Trainer's callback that keeps a run's watch: logs, validates, saves, chooses the best weights and ends the run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from hpcraft.command import note
from hpcraft.errors import MachineError
from hpcraft.progress import Advance
from hpcraft.store import sha256_file
from hpcraft.train import checkpoint
from hpcraft.train.loop import Fitted, Running, Signals, best_file
from hpcraft.train.precision import has_bf16
from hpcraft.train.speed import matmul_rate
from hpcraft.train.trainer import Run, agreed, barrier, rank, summed, world
from hpcraft.train.watch import LAST, Measured, Validation, Watch, evaluate

_WARM_STEPS = 3
"""Steps that count for no rate: buffers are made and code is compiled in them."""


class Keeper(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Keeps ``watch``."""

    def __init__(
        self, run: Run, watch: Watch, validation: Validation | None, advance: Advance, signals: Signals, running: Running, folder: Path
    ) -> None:
        self.run, self.watch, self.validation = run, watch, validation
        self.advance, self.signals, self.folder = advance, signals, folder
        self.stopped_by = 0
        """Number of the signal that has ended the run."""
        self.first: Measured | None = None
        """What the weights were before the first step, where it was measured."""
        self.gave_up = False
        """Validation ended the run; a figure of the last step that is no better ends nothing."""
        self.steps_here = 0
        self.busy_since = time.perf_counter()
        self.busy_seconds = self.waited_seconds = 0.0
        self.busy_tokens, self.busy_operations = 0, 0.0
        self.tokens_before = run.learnt
        self.rate = matmul_rate(torch.bfloat16 if has_bf16() else torch.float32)
        self.shown = watch.progress(watch.step)
        """Share of the budget that the bar shows."""
        # What is below a killed run's last checkpoint is drawn anew.
        self.board = _board(folder, watch.step + 1 if run.found else None) if running.tensorboard and rank() == 0 else None
        self._drop_other_bests()

    # ---------------------------------------------------------------- the Trainer's events

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002 - the Trainer gives them
        """Everything that may happen between two steps, on all ranks alike."""
        watch, leader = self.watch, rank() == 0
        watch.step, watch.tokens = state.global_step, self.run.learnt
        loss, operations = self.run.take()
        loss, watch.seconds, operations = summed([loss / world(), watch.now() if leader else 0.0, operations / world()])
        self.run.turns.tell(watch.step, watch.seconds / watch.budget.max_seconds)
        self._count_time(operations)
        watch.loss_sum, watch.loss_steps = watch.loss_sum + loss, watch.loss_steps + 1
        ends = watch.seconds >= watch.budget.max_seconds or watch.step >= watch.budget.max_steps
        if not ends:
            self.hear()  # what comes in the last step is heard when the run has been measured
        control.should_training_stop = control.should_training_stop or ends or bool(self.stopped_by)
        if watch.step % watch.budget.log_steps == 0 or watch.step == 1 or ends:
            self._log()
        before, self.shown = self.shown, watch.progress(watch.step)
        self.advance((self.shown - before) * watch.budget.max_steps, self._words())
        if self.validation and not ends and watch.comes_due():
            self._measure()
            self.gave_up = watch.gave_up
            control.should_training_stop = control.should_training_stop or self.gave_up
        if self.stopped_by or (
            not control.should_training_stop and watch.seconds - watch.last_checkpoint >= watch.budget.checkpoint_seconds
        ):
            self._save()
        self.busy_since = time.perf_counter()
        return control

    # ---------------------------------------------------------------- what happens

    def begin(self) -> None:
        """Measure the weights before the first step."""
        if self.validation:
            self.first = evaluate(self.run.model, self.validation, shifts=self.run.shifts)

    def hear(self) -> None:
        """Take note of a signal that rank 0 has got."""
        [number] = agreed([float(self.signals.number)])
        self.stopped_by = int(number)

    def _log(self) -> None:
        watch = self.watch
        watch.train_loss = watch.loss_sum / max(1, watch.loss_steps)
        watch.loss_sum, watch.loss_steps = 0.0, 0
        more = {
            "learning_rate": self.run.learning_rate,
            "grad_norm": self.run.grad_norm,
            "tokens_per_second": self.tokens_per_second,
            "mfu": self.mfu,
        }
        watch.write("train", watch.train_loss, None, **more)
        if self.board:
            for name, value in {"loss": watch.train_loss, **more}.items():
                if value is not None:
                    self.board.add_scalar(f"train/{name}", value, watch.step)

    def _measure(self) -> None:
        assert self.validation
        watch = self.watch
        measured = evaluate(self.run.model, self.validation, shifts=self.run.shifts)
        better = watch.judge(measured)
        watch.write_measured(measured)
        if self.board:
            self.board.add_scalar("valid/loss", measured.loss, watch.step)
            if measured.bits_per_byte is not None:
                self.board.add_scalar("valid/bits_per_byte", measured.bits_per_byte, watch.step)
            for language, bits in measured.by_language.items():
                self.board.add_scalar(f"valid/bits_per_byte/{language}", bits, watch.step)
        if better:
            weights = self.run.whole_weights()
            if rank() == 0:
                path = best_file(self.folder, watch.step)
                checkpoint.save_weights(path, weights, "the best weights")
                watch.best_sha256 = sha256_file(path)

    def _save(self) -> None:
        self.watch.last_checkpoint = self.watch.seconds
        self.run.save_now()
        self._drop_other_bests()

    def _drop_other_bests(self) -> None:
        """Of the best weights those are kept that a checkpoint knows, or the run itself."""
        if rank() == 0:
            known = {self.watch.best_step, *(found.get("watch", {}).get("best_step") for found in checkpoint.all_facts(self.run.root))}
            for path in best_file(self.folder, 0).parent.glob("*.pt"):
                if path.stem.isdecimal() and int(path.stem) not in known:
                    path.unlink()

    def finish(self) -> None:
        """Measure the last weights, and go back to the best ones where they are to be chosen."""
        watch = self.watch
        if not self.validation:
            return
        if not self.gave_up:
            self._measure()
        if watch.budget.select == LAST or watch.best_step == watch.step:
            return
        barrier()
        path = best_file(self.folder, watch.best_step)
        damaged = rank() == 0 and (not path.is_file() or sha256_file(path) != watch.best_sha256)
        if any(agreed([float(damaged)])):
            note(f"note: {path}: the weights of step {watch.best_step}, which were the best, are damaged; those of the last step are kept")
            watch.best_step = watch.step
            return
        weights = torch.load(path, map_location="cpu", weights_only=True)
        self.run.put_weights(weights)
        watch.measured = evaluate(self.run.model, self.validation, shifts=self.run.shifts)
        note(f"note: the weights of step {watch.best_step} are kept, which are the best of {watch.step} steps by {watch.budget.select}")

    def close(self) -> None:
        """Write out what is still under way."""
        if self.board:
            self.board.close()

    # ---------------------------------------------------------------- speed

    def _count_time(self, operations: float) -> None:
        now = time.perf_counter()
        self.steps_here += 1
        waited, self.run.waited_seconds = self.run.waited_seconds, 0.0
        if self.steps_here > _WARM_STEPS:
            self.busy_seconds += now - self.busy_since
            self.waited_seconds += waited
            self.busy_tokens += self.run.learnt - self.tokens_before
            self.busy_operations += operations
        self.tokens_before = self.run.learnt

    @property
    def tokens_per_second(self) -> float | None:
        """Learnt tokens of all ranks, without the time of validation and checkpoints."""
        return self.busy_tokens / self.busy_seconds if self.busy_seconds else None

    @property
    def mfu(self) -> float | None:
        """Of one device, the mean of all."""
        return self.busy_operations / self.busy_seconds / self.rate if self.busy_seconds else None

    def _words(self) -> str:
        watch = self.watch
        words = [f"loss {watch.train_loss:.3f}"]
        if watch.measured and watch.measured.bits_per_byte is not None:
            words.append(f"{watch.measured.bits_per_byte:.3f} bits/byte")
        if self.tokens_per_second:
            words.append(f"{self.tokens_per_second:,.0f} tokens/s")
        if self.mfu:
            words.append(f"MFU {self.mfu:.0%}")
        words.append(f"step {watch.step}")  # last, where a narrow terminal cuts it
        return ", ".join(words)

    def fitted(self) -> Fitted:
        """What the run came to."""
        watch, measured = self.watch, self.watch.measured
        budget, spread = watch.budget, self.run.is_distributed_loading_by_transformers
        weights = self.run.whole_weights() if spread else None
        if not spread:
            self.run.model.to("cpu")
        return Fitted(
            steps=watch.step,
            tokens=watch.tokens,
            seconds=round(watch.now(), 1),
            by_time=watch.step < budget.max_steps and not self.gave_up,
            early=self.gave_up,
            train_loss=watch.train_loss,
            valid_loss=measured.loss if measured else None,
            valid_bits_per_byte=measured.bits_per_byte if measured else None,
            valid_bits_by_language=dict(measured.by_language) if measured else {},
            first_bits_per_byte=self.first.bits_per_byte if self.first else None,
            best_step=watch.best_step if budget.select != LAST else None,
            tokens_per_second=self.tokens_per_second,
            mfu=self.mfu,
            processes=world(),
            data_share=self.waited_seconds / self.busy_seconds if self.busy_seconds else None,
            weights=weights,
        )


def _board(folder: Path, purge_step: int | None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MachineError("tensorboard=true needs tensorboard, which is not installed; pip install 'hpcraft[tensorboard]'") from None
    return SummaryWriter(folder / "tensorboard", purge_step=purge_step)  # type: ignore[no-untyped-call, unused-ignore]
