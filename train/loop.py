"""One training run by transformers' Trainer: budgets of steps and seconds, metrics as lines, checkpoints that survive a kill.

Theory of operation. The data set's items are whole batches, read in order. The learning rate warms up, stays, and falls to
zero over the last part of the budget; progress is the larger of steps done and seconds used, so a machine that is quick
enough ends by steps with the same result each time, and a slow one ends by time, with the rate at zero all the same.
Checkpoints lie in a hidden folder; a file of ours that is written last says that one is whole. A killed run goes on from the newest whole one.
Not covered: more than one process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.progress import bar
from hpcraft.train.batches import Batch, EpochBatches
from hpcraft.train.precision import has_bf16
from hpcraft.train.watch import Budget, Validation, Watch, make_callback, newest_checkpoint

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, TrainingArguments


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """What a training run came to."""

    steps: int
    tokens: int
    seconds: float
    by_time: bool
    """The budget of seconds ended it, not the steps."""
    train_loss: float
    valid_loss: float | None
    valid_bits_per_byte: float | None

    def notes(self, stage: str, max_steps: int) -> list[str]:
        """What a person should know about how it ended."""
        if not self.by_time:
            return []
        return [f"{stage} stopped by its budget of seconds after {self.steps} of {max_steps} steps; a quicker machine trains longer"]


def fit(
    model: LlamaForCausalLM,
    batches: Callable[[int], Iterable[Batch]],
    budget: Budget,
    folder: Path,
    *,
    seed: int,
    validation: Validation | None = None,
    label: str = "training",
) -> Fitted:
    """Train ``model`` in place.

    Args:
        model: what to train.
        batches: the batches of epoch n, the same for the same n.
        budget: when to stop.
        folder: the stage's work folder; gets ``metrics.jsonl`` and, while it runs, hidden checkpoints.
        seed: of everything random in the Trainer.
        validation: measured now and then and at the end.
        label: name of the progress bar.
    """
    from transformers import Trainer
    from transformers.trainer_callback import PrinterCallback

    folder.mkdir(parents=True, exist_ok=True)
    checkpoints = folder / ".checkpoints"
    resume = newest_checkpoint(checkpoints)
    watch = Watch.begin(budget, folder / "metrics.jsonl", resume)
    optimizer, scheduler = _optimizer(model, budget, watch)
    with bar(label, budget.max_steps) as advance:
        advance(watch.step)
        trainer = Trainer(
            model=model,
            args=_arguments(checkpoints, budget, seed),
            train_dataset=EpochBatches(batches, budget.max_steps),  # pyright: ignore[reportArgumentType]  # it has the methods, not the base class
            data_collator=lambda items: items[0],
            optimizers=(optimizer, scheduler),
            callbacks=[make_callback(watch, validation, advance)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    shutil.rmtree(checkpoints, ignore_errors=True)
    model.to("cpu")  # pyright: ignore[reportArgumentType]  # a decorator of transformers hides the signature
    return Fitted(
        steps=watch.step,
        tokens=watch.tokens,
        seconds=round(watch.seconds, 1),
        by_time=watch.step < budget.max_steps,
        train_loss=watch.train_loss,
        valid_loss=watch.valid_loss,
        valid_bits_per_byte=watch.valid_bits_per_byte,
    )


def _arguments(checkpoints: Path, budget: Budget, seed: int) -> TrainingArguments:
    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=budget.max_steps,
        per_device_train_batch_size=1,
        train_sampling_strategy="sequential",
        max_grad_norm=1.0,
        bf16=has_bf16(),
        use_cpu=not torch.cuda.is_available(),
        logging_strategy="steps",
        logging_steps=budget.log_steps,
        logging_first_step=True,
        save_strategy="no",
        save_total_limit=2,
        include_num_input_tokens_seen="all",
        disable_tqdm=True,
        report_to=[],
        seed=seed,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )


def _optimizer(model: LlamaForCausalLM, budget: Budget, watch: Watch) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    import torch

    matrices = [p for p in model.parameters() if p.dim() > 1]
    scales = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": budget.weight_decay}, {"params": scales, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, watch.rate)
