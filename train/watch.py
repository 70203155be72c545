"""What stands beside a training run: its clock, its lines of metrics, its validation and its checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.store import read_json, write_json, write_text
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.precision import has_bf16

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, TrainerCallback

SCHEMA = "hpcraft.metric/1"
_WHOLE = "hpcraft_whole.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How long and how hard to train."""

    max_steps: int
    max_seconds: float
    learning_rate: float
    weight_decay: float = 0.05
    warmup_steps: int = 30
    decay_share: float = 0.7
    """Share of the budget, at its end, over which the rate falls to zero."""
    log_steps: int = 10
    eval_seconds: float = 40.0
    checkpoint_seconds: float = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """Batches to measure on, and the bytes that their labels stand for."""

    batches: list[Batch]
    num_bytes: int


class Watch:
    """The state of a run: where it is, how long it took, what it wrote."""

    def __init__(self, budget: Budget, metrics: Path) -> None:
        self.budget = budget
        self.metrics = metrics
        self.step = self.tokens = 0
        self.seconds_before = 0.0
        self.train_loss = math.nan
        self.valid_loss: float | None = None
        self.valid_bits_per_byte: float | None = None
        self.began = time.monotonic()
        self.last_eval = self.last_checkpoint = 0.0

    @classmethod
    def begin(cls, budget: Budget, metrics: Path, resume: Path | None) -> Watch:
        """A new watch, or the one that a checkpoint was made under; later lines of metrics are dropped."""
        watch = cls(budget, metrics)
        if resume:
            mark = read_json(resume / _WHOLE)
            watch.step, watch.tokens, watch.seconds_before = int(mark["step"]), int(mark["tokens"]), float(mark["seconds"])
        lines = metrics.read_text().splitlines(keepends=True) if metrics.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= watch.step] if resume else []
        write_text(metrics, "".join(kept))
        watch.last_eval = watch.last_checkpoint = watch.seconds
        return watch

    @property
    def seconds(self) -> float:
        """Time used so far, interrupted runs included."""
        return self.seconds_before + time.monotonic() - self.began

    def rate(self, step: int) -> float:
        """Factor of the learning rate at a step."""
        warm = min(1.0, (step + 1) / self.budget.warmup_steps)
        progress = min(1.0, max(step / self.budget.max_steps, self.seconds / self.budget.max_seconds))
        return warm * min(1.0, (1.0 - progress) / self.budget.decay_share)

    def write(self, split: str, loss: float, bits_per_byte: float | None) -> None:
        """Add one line of metrics."""
        line = {
            "schema": SCHEMA,
            "step": self.step,
            "tokens": self.tokens,
            "seconds": round(self.seconds, 2),
            "split": split,
            "loss": round(loss, 5),
            "bits_per_byte": None if bits_per_byte is None else round(bits_per_byte, 5),
        }
        with self.metrics.open("a") as file:
            file.write(json.dumps(line) + "\n")


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    found = [p for p in folder.glob("checkpoint-*") if (p / _WHOLE).is_file()]
    return max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)


def evaluate(model: LlamaForCausalLM, validation: Validation) -> tuple[float, float]:
    """Loss per learnt token, and bits per byte, over all of the validation batches."""
    import torch

    total, count = 0.0, 0
    device = model.device
    was_training = model.training
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16()):
        for batch in validation.batches:
            # The first position of a row predicts nothing, so its label is never counted; a decoder behind an encoder predicts it too.
            num = int((batch["labels"][:, 0 if model.config.is_encoder_decoder else 1 :] != IGNORED).sum())
            moved = {name: tensor.to(device) for name, tensor in batch.items()}
            total += float(model(**moved).loss) * num
            count += num
    model.train(was_training)
    return total / max(1, count), total / math.log(2) / max(1, validation.num_bytes)


def make_callback(watch: Watch, validation: Validation | None, advance: Callable[[float], None]) -> TrainerCallback:
    """The Trainer's callback that keeps ``watch``."""
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):  # type: ignore[misc, unused-ignore]
        # The Trainer gives every event the same arguments by position.
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> Any:  # noqa: ARG002
            watch.step, watch.tokens = state.global_step, int(state.num_input_tokens_seen)
            advance(1)
            ends = watch.seconds >= watch.budget.max_seconds
            control.should_training_stop = control.should_training_stop or ends
            control.should_log = control.should_log or control.should_training_stop  # the curve reaches the last step
            if validation and watch.seconds - watch.last_eval >= watch.budget.eval_seconds and not ends:
                self.measure(model)
            if watch.seconds - watch.last_checkpoint >= watch.budget.checkpoint_seconds:
                control.should_save = True
                watch.last_checkpoint = watch.seconds
            return control

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
            if logs and "loss" in logs:
                watch.train_loss = float(logs["loss"])
                watch.write("train", watch.train_loss, None)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            mark = {"step": watch.step, "tokens": watch.tokens, "seconds": watch.seconds}
            write_json(Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE, mark)

        def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:  # noqa: ARG002
            if validation:
                self.measure(model)

        def measure(self, model: Any) -> None:
            watch.valid_loss, watch.valid_bits_per_byte = evaluate(model, validation)  # type: ignore[arg-type]
            watch.write("valid", watch.valid_loss, watch.valid_bits_per_byte)
            watch.last_eval = watch.seconds

    return Keeper()
