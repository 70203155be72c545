"""What stands beside a training run: its clock, its lines of metrics, its validation, which weights are the best, and when it ends.

Rank 0 decides, and the others are told at the end of each step, so that all have the same rate and stop at the same step.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcraft.errors import ConfigError, DivergedError
from hpcraft.store import JSON, write_text
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.precision import has_bf16

SCHEMA = "hpcraft.metric/1"
LAST = "last"
SELECTABLE = (LAST, "valid_loss", "valid_bits_per_byte")
"""By what the weights that are kept are chosen: the last ones, or those with the lowest figure on validation."""

LOWER = "run again with a lower learning_rate, which goes on from the newest checkpoint"
"""What helps against numbers that are none; stages whose training says so have `hpcraft.stages.Stage.alike`."""
_WARMUP_SHARE = 0.1
"""Of the budget, after which the rate is no longer warmed up."""


def check_choice(select: str, patience: int) -> None:
    """Check how weights are chosen.

    Raises:
        ConfigError: by nothing that there is.
    """
    if select not in SELECTABLE:
        raise ConfigError(f"select {select!r}: expected one of {', '.join(SELECTABLE)}")
    if patience and select == LAST:
        raise ConfigError(f"patience {patience}: needs a figure that gets better; give select={SELECTABLE[-1]}")


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
    evaluations: int = 3
    """Validations at even distances; the last is at the end."""
    checkpoint_seconds: float = 30.0
    select: str = LAST
    """One of `SELECTABLE`."""
    patience: int = 0
    """Validations without a better figure after which the run ends; 0 never ends it."""

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        check_choice(self.select, self.patience)


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """Batches to measure on, and the bytes that their labels stand for."""

    batches: list[Batch]
    num_bytes: int
    languages: tuple[str, ...] = ()
    """The language of each batch, where they are to be told apart."""
    bytes_by_language: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a validation gave."""

    loss: float
    """Nats per learnt token."""
    bits_per_byte: float | None
    """None where the labels stand for no bytes, as with an objective that isn't next-token prediction."""
    by_language: Mapping[str, float]
    """Bits per byte."""

    def figure(self, name: str) -> float:
        """The one of `SELECTABLE`."""
        if name == "valid_loss":
            return self.loss
        assert self.bits_per_byte is not None, "the stage's config refuses to choose by what isn't measured"
        return self.bits_per_byte


@dataclass(kw_only=True, slots=True)
class Watch:
    """The state of a run: where it is, how long it took, what it wrote."""

    budget: Budget
    metrics: Path | None
    """None on ranks other than the first."""
    step: int = 0
    tokens: int = 0
    seconds_before: float = 0.0
    seconds: float = 0.0
    """Time used when the last step ended, interrupted runs included; the same on all ranks."""
    train_loss: float = math.nan
    """Mean over the steps between the last two lines of metrics."""
    loss_sum: float = 0.0
    loss_steps: int = 0
    """Steps since the last line of metrics, and the sum of their losses."""
    measured: Measured | None = None
    best: float = math.inf
    best_step: int = 0
    best_sha256: str = ""
    """Of the file with the best weights."""
    worse: int = 0
    """Validations since the best one."""
    parts: int = 0
    """Of the parts that validations cut the budget into, those that are used up."""
    began: float = field(default_factory=time.monotonic)
    last_checkpoint: float = 0.0

    @classmethod
    def begin(cls, budget: Budget, metrics: Path | None, facts: JSON | None) -> Watch:
        """A new watch, or the one that a checkpoint was made under; later lines of metrics are dropped."""
        watch = cls(budget=budget, metrics=metrics)
        if facts:
            # What JSON has no number for stands as null.
            missing = {"best": math.inf, "train_loss": math.nan}
            for name, value in facts["watch"].items():
                setattr(watch, name, missing[name] if value is None else value)
            watch.seconds = watch.last_checkpoint = watch.seconds_before
        if metrics:
            lines = metrics.read_text().splitlines(keepends=True) if metrics.exists() else []
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= watch.step] if facts else []
            write_text(metrics, "".join(kept))
        return watch

    def facts(self) -> JSON:
        """What a checkpoint remembers."""
        return {
            "watch": {
                "step": self.step,
                "tokens": self.tokens,
                "seconds_before": self.now(),
                "train_loss": None if math.isnan(self.train_loss) else self.train_loss,
                "loss_sum": self.loss_sum,
                "loss_steps": self.loss_steps,
                "best": None if math.isinf(self.best) else self.best,
                "best_step": self.best_step,
                "best_sha256": self.best_sha256,
                "worse": self.worse,
                "parts": self.parts,
            }
        }

    def now(self) -> float:
        """Time used so far."""
        return self.seconds_before + time.monotonic() - self.began

    def progress(self, step: int) -> float:
        """Share of the budget that is used up when a step begins: of the steps or of the seconds, whichever is more."""
        return min(1.0, max(step / self.budget.max_steps, self.seconds / self.budget.max_seconds))

    def rate(self, step: int) -> float:
        """Factor of the learning rate at a step: a run too short for its warm-up steps has a tenth of them in place of that."""
        warm = min(1.0, max((step + 1) / self.budget.warmup_steps, self.progress(step) / _WARMUP_SHARE))
        return warm * min(1.0, (1.0 - self.progress(step)) / self.budget.decay_share)

    def comes_due(self) -> bool:
        """Whether a validation is due, which is so once in each part of the budget."""
        before, self.parts = self.parts, int(self.progress(self.step) * max(1, self.budget.evaluations) + 1e-9)
        return self.parts > before

    def judge(self, measured: Measured) -> bool:
        """Take note of a validation; whether it is the best so far."""
        self.measured = measured
        if self.budget.select == LAST:
            return False
        value = measured.figure(self.budget.select)
        if not math.isfinite(value):
            raise DivergedError(f"{self.budget.select} is {value} after step {self.step}; {LOWER}")
        if value < self.best:
            self.best, self.best_step, self.worse = value, self.step, 0
            return True
        self.worse += 1
        return False

    @property
    def gave_up(self) -> bool:
        """Whether the figure has not got better for too long."""
        return bool(self.budget.patience) and self.worse >= self.budget.patience

    def write(self, split: str, loss: float | None, bits_per_byte: float | None, **more: float | str | None) -> None:
        """Add one line of metrics."""
        if self.metrics is None:
            return
        line = {
            "schema": SCHEMA,
            "step": self.step,
            "tokens": self.tokens,
            "seconds": round(self.now(), 2),
            "split": split,
            "loss": None if loss is None else round(loss, 5),
            "bits_per_byte": None if bits_per_byte is None else round(bits_per_byte, 5),
            **{name: round(value, 5) if isinstance(value, float) else value for name, value in more.items()},
        }
        with self.metrics.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def write_measured(self, measured: Measured) -> None:
        """Add the lines of a validation: over all, and for each language."""
        self.write("valid", measured.loss, measured.bits_per_byte)
        for language, bits in measured.by_language.items():
            self.write(f"valid/{language}", None, bits)


def evaluate(model: Any, validation: Validation, *, shifts: bool = True) -> Measured:
    """Loss and bits per byte over all of the validation batches, which the ranks share.

    Args:
        model: on its device.
        validation: what to measure on.
        shifts: whether labels stand one place before what predicts them, as in a decoder's.
    """
    import torch

    from hpcraft.train.compiling import uncompiled
    from hpcraft.train.trainer import rank, summed, world

    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    names = sorted(set(validation.languages)) or [""]
    totals = {name: [0.0, 0.0] for name in names}
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16()), uncompiled(model, device.type):
        # All ranks make as many calls, since a sharded model's ranks wait for each other; a call too many counts nothing.
        for begin in range(0, len(validation.batches), world()):
            index = min(begin + rank(), len(validation.batches) - 1)
            batch = validation.batches[index]
            labels = batch["labels"][:, 1:] if shifts else batch["labels"]
            num = int((labels != IGNORED).sum()) if begin + rank() < len(validation.batches) else 0
            loss = float(model(**{name: tensor.to(device) for name, tensor in batch.items()}).loss)
            total = totals[validation.languages[index] if validation.languages else ""]
            total[0] += loss * num if num else 0.0
            total[1] += num
    model.train(was_training)
    flat = summed([value for name in names for value in totals[name]])
    nats = dict(zip(names, flat[::2], strict=True))
    return Measured(
        loss=sum(flat[::2]) / max(1.0, sum(flat[1::2])),
        bits_per_byte=sum(flat[::2]) / math.log(2) / validation.num_bytes if validation.num_bytes else None,
        by_language={
            name: nats[name] / math.log(2) / max(1, validation.bytes_by_language[name])
            for name in names
            if name in validation.bytes_by_language
        },
    )
