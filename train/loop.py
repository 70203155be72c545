"""One training run by transformers' Trainer: budgets of steps and seconds, metrics as lines, checkpoints that survive a kill.

Theory of operation. The learning rate warms up, stays, and falls to zero over the last part of the budget; progress is the larger of steps done
and seconds used, so a machine that is quick enough ends by steps with the same result each time, and a slow one ends by time, with the rate
at zero all the same. Checkpoints lie in a hidden folder (`hpcraft.train.checkpoint`); a run that was killed goes on from the newest whole one, on
the same or another number of ranks. SIGTERM, SIGINT and SIGUSR1 end the run behind the step that is under way, with a checkpoint.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcraft.command import note
from hpcraft.errors import ConfigError, MachineError, Stopped, first_line, is_out_of_memory
from hpcraft.progress import Advance, bar
from hpcraft.train.batches import Batch
from hpcraft.train.precision import has_bf16
from hpcraft.train.watch import Budget, Validation, Watch

if TYPE_CHECKING:
    import torch
    from transformers import TrainingArguments

    from hpcraft.train.keeper import Keeper
    from hpcraft.train.trainer import Feed

_CHECKPOINTS, _TRAINER, _BEST = ".checkpoints", ".trainer", ".best"
SCRATCH = (_CHECKPOINTS, _TRAINER, _BEST)
"""What a run leaves in its folder to go on from; a stage drops it once its manifest is written (`hpcraft.stages.Stage.scratch`)."""
SIGNALS = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 143}
"""What ends a run, and the exit code; Slurm sends SIGUSR1 or SIGTERM before it takes the nodes away."""


def check_sharding(sharding: str) -> None:
    """Check how several processes share a model.

    Raises:
        ConfigError: in no way that there is.
    """
    if sharding not in ("ddp", "fsdp"):
        raise ConfigError(f"sharding {sharding!r}: expected ddp or fsdp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """How a run uses the machine; nothing here decides what is learnt, but for rounding."""

    accumulate: int = 1
    """Micro-batches in a step, on each rank."""
    sharding: str = "ddp"
    """``ddp`` or ``fsdp``, with more than one process."""
    compile: bool = False
    recompute: bool = False
    """Activations are computed anew in the backward pass, to save memory."""
    beside: bool = False
    """Batches are made by a process beside the training one."""
    tensorboard: bool = False
    packed: bool = False
    """Rows hold several texts."""

    def __post_init__(self) -> None:
        """Refuse what there isn't."""
        check_sharding(self.sharding)


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
    valid_bits_by_language: dict[str, float] = field(default_factory=dict)
    first_bits_per_byte: float | None = None
    """Before the first step, where it was asked for."""
    best_step: int | None = None
    """The step whose weights were kept, where they were chosen by validation."""
    early: bool = False
    """It ended because validation got no better."""
    tokens_per_second: float | None = None
    mfu: float | None = None
    """Share of the matrix products that the device can do, as measured."""
    processes: int = 1
    """How many trained together."""
    data_share: float | None = None
    """Share of the time that was spent waiting for data."""
    weights: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    """The weights to keep, where the model's own are spread over ranks; on rank 0."""

    def notes(self, stage: str, max_steps: int) -> list[str]:
        """What a person should know about how it ended."""
        if self.early:
            return [f"{stage} stopped after {self.steps} of {max_steps} steps: validation got no better after step {self.best_step}"]
        if not self.by_time:
            return []
        return [f"{stage} stopped by its budget of seconds after {self.steps} of {max_steps} steps; a quicker machine trains longer"]


def fit(
    model: Any,
    batches: Callable[[int], Iterable[Batch]] | Feed,
    budget: Budget,
    folder: Path,
    *,
    seed: int,
    validation: Validation | None = None,
    label: str = "training",
    running: Running | None = None,
    measure_first: bool = False,
) -> Fitted:
    """Train ``model`` in place; afterwards it holds the weights to keep, on the CPU, unless they are spread (`Fitted.weights`).

    A run that was interrupted goes on from its newest checkpoint. What it goes on from (`SCRATCH`) stays until `forget`, or the stage, removes it.

    Args:
        model: what to train; a causal or a seq2seq model, or a tagger, of transformers, also one that peft has wrapped.
        batches: the micro-batches of epoch n, the same for the same n; or a feed of them.
        budget: when to stop.
        folder: the stage's work folder; gets ``metrics.jsonl`` and, while it runs, hidden checkpoints.
        seed: of everything random in the Trainer.
        validation: measured now and then and at the end.
        label: name of the progress bar.
        running: how the machine is used.
        measure_first: measure the weights before the first step as well.

    Raises:
        DivergedError: the loss isn't a number; a lower learning rate can go on.
        MachineError: memory or disk is full; the last good checkpoint stays.
        Stopped: a signal came; a checkpoint was written.
    """
    from hpcraft.train.stream import EpochSource
    from hpcraft.train.trainer import Feed

    running = running or Running()
    feed = batches if isinstance(batches, Feed) else Feed(source=EpochSource(batches), beside=running.beside)
    folder.mkdir(parents=True, exist_ok=True)
    args = _arguments(folder / _TRAINER, budget, running, seed)
    _ready(model, running, args.device.type)
    with bar(label, budget.max_steps) as advance, signalled() as signals, memory_told(folder), _cache_kept(model):
        keeper = _keeper(model, feed, budget, folder, args, validation, running, advance, signals)
        advance(keeper.shown * budget.max_steps)
        try:
            if measure_first:
                keeper.begin()
            keeper.run.train(resume_from_checkpoint=str(keeper.run.found.folder) if keeper.run.found else None)
            if not keeper.stopped_by:
                keeper.finish()
                keeper.hear()
        finally:
            keeper.close()
        if keeper.stopped_by:
            number = signal.Signals(keeper.stopped_by)
            raise Stopped(
                f"{label}: stopped by {number.name} at step {keeper.watch.step}; run the same command again to go on from the newest checkpoint",
                exit_code=SIGNALS[number],
            )
    return keeper.fitted()


@contextmanager
def _cache_kept(model: Any) -> Iterator[None]:
    """The Trainer switches the cache of keys and values off, and a model that is saved so would answer without one everywhere."""
    before = getattr(model.config, "use_cache", None)
    try:
        yield
    finally:
        if before is not None:
            model.config.use_cache = before


def _ready(model: Any, running: Running, device: str) -> None:
    """Spread, compile and set up the model as the machine is to be used."""
    from hpcraft.train.compiling import compile_fault, compile_steps
    from hpcraft.train.packing import attention_for
    from hpcraft.train.trainer import shard, world

    if running.recompute:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if world() > 1 and running.sharding == "fsdp":
        model.to("cpu")  # each group of weights goes to the device when it is spread, so that no device ever holds all
        shard(model)
    if running.packed:
        model.set_attn_implementation(attention_for(model, device))
    if running.compile and (fault := compile_fault(device)):
        note(f"note: compile: torch can't compile on this machine ({fault[:200]}); training goes on without, which is slower")
    elif running.compile:
        compile_steps(model, device)


def forget(folder: Path) -> None:
    """Remove what only a run that goes on needs, once what `fit` gave is safe elsewhere; on rank 0."""
    for name in SCRATCH:
        shutil.rmtree(folder / name, ignore_errors=True)


def _agreed_newest(root: Path) -> Any:
    """The newest whole checkpoint, which rank 0 looks for."""
    from hpcraft.train import checkpoint
    from hpcraft.train.trainer import agreed, rank, world

    found = checkpoint.newest(root) if rank() == 0 else None
    if world() == 1:
        return found
    [step] = agreed([float(found.step) if found else -1.0])
    if step < 0:
        return None
    return found or checkpoint.read(root / f"step-{int(step)}")


def _keeper(
    model: Any,
    feed: Feed,
    budget: Budget,
    folder: Path,
    args: TrainingArguments,
    validation: Validation | None,
    running: Running,
    advance: Advance,
    signals: Signals,
) -> Keeper:
    """The run, and what keeps it."""
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    from hpcraft.train.keeper import Keeper
    from hpcraft.train.trainer import Run, rank

    root = folder / _CHECKPOINTS
    found = _agreed_newest(root)
    watch = Watch.begin(budget, folder / "metrics.jsonl" if rank() == 0 else None, found.facts if found else None)
    run = Run(
        feed,
        root,
        watch.facts,
        found,
        model=model,
        args=args,
        optimizers=_optimizer(model, budget, watch),
        train_dataset=feed.source,  # it is asked for by type only; the data come from the stream
    )
    for callback in (PrinterCallback, ProgressCallback):
        run.remove_callback(callback)
    keeper = Keeper(run, watch, validation, advance, signals, running, folder)
    run.add_callback(keeper)
    return keeper


def _arguments(folder: Path, budget: Budget, running: Running, seed: int) -> TrainingArguments:
    import torch
    from transformers import TrainingArguments

    args = TrainingArguments(
        output_dir=str(folder),
        max_steps=budget.max_steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=running.accumulate,
        max_grad_norm=1.0,
        bf16=has_bf16(),
        use_cpu=not torch.cuda.is_available(),
        logging_strategy="no",
        save_strategy="no",
        disable_tqdm=True,
        report_to=[],
        seed=seed,
        remove_unused_columns=False,
        ignore_data_skip=True,
        ddp_find_unused_parameters=False,
        ddp_broadcast_buffers=False,
    )
    # With several GPUs the Trainer of one process would copy the model to all of them and average their means, which weighs tokens unevenly.
    args._n_gpu = min(1, args.n_gpu)
    return args


def _optimizer(model: Any, budget: Budget, watch: Watch) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    import torch

    learnt = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in learnt if p.dim() > 1]
    scales = [p for p in learnt if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": budget.weight_decay}, {"params": scales, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, watch.rate)


class Signals:
    """Which signal has come, if any."""

    def __init__(self) -> None:
        self.number = 0

    def take(self, number: int, _frame: object) -> None:
        """Take note of the first; a second interrupt ends at once."""
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = self.number or number


@contextmanager
def signalled() -> Iterator[Signals]:
    """Signals are taken note of, not acted upon, so that no step is cut in two."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {number: signal.signal(number, signals.take) for number in SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


LOWER = "give smaller micro_rows, row_tokens or batch_tokens, recompute=true, or sharding=fsdp over more processes"
"""What helps where memory runs out in training."""
_BESIDE_DIED = "DataLoader worker (pid"
"""How torch says that the process beside the training one is gone."""


@contextmanager
def memory_told(folder: Path, lower: str = LOWER) -> Iterator[None]:
    """Memory that isn't there as one clear error, wherever in a training stage.

    Args:
        folder: the stage's work folder, or that of one of its runs.
        lower: what to do about it.

    Raises:
        MachineError: there is too little, or the process that makes batches was ended, which the kernel does for want of it.
    """
    try:
        yield
    except (MemoryError, OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and str(error).startswith(_BESIDE_DIED):
            what, lower = "the process that makes batches died, as when memory runs out", "free some memory, or give beside=false"
        elif is_out_of_memory(error):
            what = "out of memory"
        else:
            raise
        root = next((path for path in (folder / _CHECKPOINTS, *folder.glob(f"*/{_CHECKPOINTS}")) if path.is_dir()), None)
        if root is None:
            told = f"{lower}; no checkpoint was written yet"
        elif lower is LOWER:
            # Which settings leave the order of the data, and so the checkpoints, as they are: those of the stages' ``pace``.
            told = (
                f"recompute=true goes on from the checkpoints in {root}, and in pretrain so do smaller micro_rows, and sharding=fsdp over more "
                "processes; smaller row_tokens or batch_tokens begin anew"
            )
        else:
            told = f"{lower}; the checkpoints in {root} stay"
        raise MachineError(f"{what} ({first_line(error)[:120]}); {told}") from None


def best_file(folder: Path, step: int) -> Path:
    """Where the weights of the best validation lie while a run is under way."""
    return folder / _BEST / f"{step}.pt"
