"""The Trainer of transformers with what it lacks here: an order of data that can be gone back to, checkpoints that survive, shards by torch.

Imported when training begins, since it imports torch and transformers. What is ours and why:

- data come from `hpcraft.train.stream`: the Trainer's own resume walks through all batches that were seen;
- the loss is a sum over a step's learnt tokens divided by their number, over micro-batches and ranks, for every kind of model: many take the
  Trainer's ``num_items_in_batch`` and pay no heed to it;
- FSDP2 is torch's ``fully_shard`` at once, since accelerate falls back to DDP without a word where there is no accelerator;
- checkpoints are `hpcraft.train.checkpoint`'s, in torch's distributed format, which loads on any number of ranks;
- a loss that isn't a number stops the run before it reaches the weights.
"""

from __future__ import annotations

import contextlib
import math
import random
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
import transformers
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_model_state_dict,
    set_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from transformers import Trainer

from hpcraft.errors import DivergedError, HpcError, MachineError
from hpcraft.store import JSON
from hpcraft.train import checkpoint
from hpcraft.train.batches import IGNORED, Batch
from hpcraft.train.checkpoint import ordinary_errors
from hpcraft.train.precision import has_bf16
from hpcraft.train.speed import Operations
from hpcraft.train.stream import PLACE, Place, Source, Stream, Turns, loader
from hpcraft.train.watch import LOWER

_HOOKS = (
    *("loss_is_scaled_for_ga", "get_batch_samples", "_get_num_items_in_batch", "_clip_grad_norm", "_defer_fsdp_gradient_reduction"),
    *("_load_from_checkpoint", "_load_optimizer_and_scheduler", "_load_rng_state", "_load_scaler"),
)
"""What `Run` has in place of the Trainer's own; where one has gone, it would train otherwise without a word."""
if gone := [name for name in _HOOKS if not hasattr(Trainer, name)]:
    raise MachineError(f"transformers {transformers.__version__}: its Trainer has no {', '.join(gone)}; run: pip install 'hpcraft[train]'")
_SCHEDULE = "schedule"


def rank() -> int:
    """Number of this process among those that train together."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def barrier() -> None:
    """Wait for the other ranks."""
    if dist.is_initialized():
        dist.barrier()


def agreed(values: list[float]) -> list[float]:
    """Rank 0's numbers, on every rank."""
    return summed(values if rank() == 0 else [0.0] * len(values))


def summed(values: list[float]) -> list[float]:
    """The sums of all ranks' numbers, on every rank."""
    if not dist.is_initialized():
        return values
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    shared = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(shared)
    return shared.tolist()


def _first_told(words: str) -> str:
    """What the first rank says that says something."""
    if not dist.is_initialized():
        return words
    told: list[Any] = [""] * world()
    dist.all_gather_object(told, words)
    return next(filter(None, told), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What a run learns from."""

    source: Source
    beside: bool = False
    """Batches are made ahead of time by a process beside this one."""
    rows: int = 1
    """Rows in a micro-batch, by which a place is told to a run that takes another number."""
    complete: Callable[[Batch, Any], Batch] | None = None
    """Finishes a batch with the present model; for back-translation."""


class Done(NamedTuple):
    """What some micro-batches came to."""

    loss: float
    """Their shares of the loss of a step, summed."""
    operations: float


class Run(Trainer):  # type: ignore[misc, unused-ignore]
    """One training run."""

    # transformers says that they may be missing, which they are before training alone.
    model: Any
    optimizer: Any
    lr_scheduler: Any

    def __init__(self, feed: Feed, root: Path, facts: Callable[[], JSON], found: checkpoint.Checkpoint | None, **given: Any) -> None:
        super().__init__(**given)
        self.feed, self.root, self.facts, self.found = feed, root, facts, found
        assert self.args.world_size == world(), "accelerate may run one process without a word where several were asked for"
        self.place = Place.read(found.facts["place"], found.facts["rows"] / feed.rows) if found else Place()
        self.turns = Turns(feed.source.turns, self.args.max_steps, beside=feed.beside)
        self.learnt = int(found.facts["tokens"]) if found else 0
        """Tokens that all ranks have learnt, with those before the run was resumed."""
        # A model that `shard` has spread owns its placement and its gradients; the Trainer then wraps it in nothing.
        self.is_distributed_loading_by_transformers = isinstance(self.model, FSDPModule)
        self.loss_is_scaled_for_ga = True
        self.loss = 0.0
        self.count = 0
        """Learnt tokens of the micro-batch that is under way."""
        self.bad = ""
        """What is wrong with the loss of a micro-batch of this step."""
        self.grad_norm: float | None = None
        self.learning_rate = 0.0
        """Of the step that was just done: what the optimizer has afterwards is the next one's."""
        self.waited_seconds = 0.0
        """Time that was spent waiting for data since it was last looked at."""
        self.operations = Operations(self.model)
        self.operated = 0.0
        """Operations of the micro-batches since they were last taken."""
        self.shifts = not self.model.config.is_encoder_decoder and "TokenClassification" not in type(self.model).__name__

    # ---------------------------------------------------------------- data and loss

    def get_train_dataloader(self) -> Any:
        """This rank's micro-batches from where the run is."""
        stream = Stream(
            self.feed.source,
            self.place,
            rank=rank(),
            world=world(),
            turns=self.turns,
            step=self.found.step if self.found else 0,
            accumulate=self.args.gradient_accumulation_steps,
        )
        return loader(stream, beside=self.feed.beside, pinned=torch.cuda.is_available())

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The micro-batches of a step; the time that they take is counted."""
        begin = time.perf_counter()
        batches = []
        for _ in range(num_batches):
            if isinstance(batch := next(epoch_iterator), HpcError):
                raise batch
            batches.append(batch)
        self.waited_seconds += time.perf_counter() - begin
        return batches, self._get_num_items_in_batch(batches, device)

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> Any:  # noqa: ARG002 - the Trainer calls it so
        [count] = summed([float(sum(self._count(batch) for batch in batch_samples))])
        self.learnt += int(count)
        return max(1.0, count)

    def _count(self, batch: Batch) -> int:
        labels = batch["labels"][..., 1:] if self.shifts else batch["labels"]
        return int((labels != IGNORED).sum())

    def compute_loss(self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The loss of a micro-batch as its share of the step's: ranks average their gradients, so each gives ``world`` times its own."""
        outputs = model(**inputs)
        # The mean of nothing is no number.
        loss = outputs.loss * (self.count / num_items_in_batch * world()) if self.count else outputs.logits.sum() * 0.0
        return (loss, outputs) if return_outputs else loss

    def training_step(self, model: Any, inputs: Batch, num_items_in_batch: Any = None) -> torch.Tensor:
        """One micro-batch forward and backward; what isn't a number never reaches the weights."""
        place = Place(*inputs.pop(PLACE).tolist())
        self.count = self._count(inputs)  # here, since a GPU would be waited for
        if self.feed.complete:
            inputs = self.feed.complete(self._prepare_inputs(inputs), self.model)
        self.operated += self.operations.of(inputs, self.count)
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        if not torch.isfinite(loss):
            self.bad = self.bad or (
                f"the loss is {float(loss)} in step {self.state.global_step + 1}, {place.of_batch(world() - 1 - rank())}; {self._advice()}, "
                "or look at that batch"
            )
            if world() == 1:
                raise DivergedError(self.bad)
        self.place = place
        self.loss += float(loss)
        return loss

    def take(self) -> Done:
        """What the micro-batches came to since it was last taken."""
        taken = Done(self.loss, self.operated)
        self.loss = self.operated = 0.0
        return taken

    def _clip_grad_norm(self, model: Any) -> Any:
        norm: Any = super()._clip_grad_norm(model)
        self.learning_rate = float(self.optimizer.param_groups[0]["lr"])
        self.grad_norm = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        if not math.isfinite(self.grad_norm) or self.bad:
            # A loss that is no number makes none of all ranks' gradients, so that all are here and can be told whose it was.
            told = self.bad if math.isfinite(self.grad_norm) else _first_told(self.bad)
            raise DivergedError(
                told
                or f"the gradient's norm is {self.grad_norm} in step {self.state.global_step + 1}, whose last is {self.place.of_batch()}; {self._advice()}"
            )
        return norm

    def _advice(self) -> str:
        """What helps; the weights of a checkpoint may be ruined already though they are numbers, and then no rate is low enough."""
        if self.found is None or self.state.global_step > self.found.step:
            return LOWER
        return (
            f"{LOWER}; should that fail in this step again, {self.found.folder.name} is past saving: remove {self.found.folder} "
            "to go on from the one before it, or begin anew by --force"
        )

    @contextlib.contextmanager
    def _defer_fsdp_gradient_reduction(self) -> Iterator[None]:
        self.model.set_requires_gradient_sync(False)
        try:
            yield
        finally:
            self.model.set_requires_gradient_sync(True)

    # ---------------------------------------------------------------- checkpoints

    def save_now(self) -> None:
        """Write a checkpoint of this step."""
        facts = {**self.facts(), "tokens": self.learnt, "place": asdict(self.place), "rows": self.feed.rows}
        checkpoint.save(self.root, self.state.global_step, facts, self._write, leader=rank() == 0, barrier=barrier)

    def _write(self, folder: Path) -> None:
        model, optimizer = get_state_dict(self.model, _bare(self.optimizer))
        with _alone_is_meant(), ordinary_errors():
            save({"model": model, "optimizer": optimizer}, storage_writer=FileSystemWriter(folder), no_dist=world() == 1)
        states = {"python": random.getstate(), "numpy": _numpy_state(), "torch": torch.get_rng_state()}
        if torch.cuda.is_available():
            states["cuda"] = torch.cuda.get_rng_state()
        torch.save(states, folder / f"random-{rank()}.pt")
        if rank() == 0:
            torch.save(self.lr_scheduler.state_dict(), folder / f"{_SCHEDULE}.pt")
            self.state.save_to_json(str(folder / "trainer_state.json"))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Weights are loaded together with the optimizer's state."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        folder, optimizer = Path(checkpoint), _bare(self.optimizer)
        model_state, optimizer_state = get_state_dict(self.model, optimizer)
        state: dict[str, Any] = {"model": model_state, "optimizer": optimizer_state}
        with _alone_is_meant(), ordinary_errors():
            load(state, storage_reader=FileSystemReader(folder), no_dist=world() == 1)
        set_state_dict(self.model, optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])
        schedule = torch.load(folder / f"{_SCHEDULE}.pt", weights_only=True)
        # The schedule and the optimizer remember the rate that they began with; the one that is asked for now may be another.
        rates = self.lr_scheduler.state_dict()["base_lrs"]
        for group, before, now in zip(optimizer.param_groups, schedule["base_lrs"], rates, strict=True):
            group["lr"] *= now / before
            group["initial_lr"] = now
        self.lr_scheduler.load_state_dict({**schedule, "base_lrs": rates})

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Each rank goes on with its own random numbers; one that is new keeps those of its seed."""
        if checkpoint is None or not (file := Path(checkpoint) / f"random-{rank()}.pt").is_file():
            return
        states = torch.load(file, weights_only=True)
        random.setstate(_tuples(states["python"]))
        np.random.set_state((states["numpy"][0], states["numpy"][1].numpy(), *states["numpy"][2:]))
        torch.set_rng_state(states["torch"])
        if "cuda" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state(states["cuda"])

    def _load_scaler(self, checkpoint: str | None) -> None:
        """There is none: bfloat16 needs no scaling."""

    def whole_weights(self) -> dict[str, torch.Tensor]:
        """The weights in one piece, on the CPU; on rank 0, the others get nothing."""
        whole: Any = get_model_state_dict(self.model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
        return dict(whole)

    def put_weights(self, weights: dict[str, Any]) -> None:
        """Give the model weights that lie in one piece."""
        set_model_state_dict(self.model, weights, options=StateDictOptions(full_state_dict=True))


def shard(model: Any) -> None:
    """Spread a model's weights, gradients and optimizer over the ranks (FSDP2): each layer is one group, what is left another."""
    policy = (
        MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        if torch.cuda.is_available() and has_bf16()
        else MixedPrecisionPolicy()
    )
    for module in list(model.modules()):
        if type(module).__name__ in (model._no_split_modules or ()):
            fully_shard(module, mp_policy=policy)
    fully_shard(model, mp_policy=policy)


@contextlib.contextmanager
def _alone_is_meant() -> Iterator[None]:
    """Without torch's warning that there is one process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield


def _bare(optimizer: Any) -> torch.optim.Optimizer:
    """The optimizer without accelerate's wrapper."""
    bare: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return bare


def _numpy_state() -> list[Any]:
    name, keys, *rest = np.random.get_state()
    return [name, torch.from_numpy(np.asarray(keys).copy()), *rest]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value
