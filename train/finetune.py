"""Stage ``finetune``: a model learns to translate and to write tests, to put directives or MPI calls back, to complete, to follow instructions.

The base is one of hpcraft's models or anybody's, a decoder or an encoder with a decoder; all of its weights are learnt, or an adapter
(`hpcraft.train.lora`). Only answers are learnt, in batches of like length. With hpcraft's own models names and markers are numbered at random in a
share of the rows, anew in each epoch, so that the model points at names instead of knowing them by heart. The valid split is what is measured
while it trains; the test split is not read. Writes ``model/``, with an adapter ``adapter/`` as well, and ``metrics.jsonl``.
Not covered: several tasks in one run, quantised weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import Generator, load, require_torch
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import read_json, write_json
from hpcraft.tokenizer.prompt import TASKS
from hpcraft.train import launch
from hpcraft.train.batches import Batch, Row, by_length, padded
from hpcraft.train.export import base_folder, save_tuned
from hpcraft.train.loop import SCRATCH, Fitted, Running, check_sharding, fit, memory_told
from hpcraft.train.lora import ALL_LINEAR, merged, require_peft, save_adapter, with_adapter
from hpcraft.train.material_tasks import INPUT_OF, MOST_VALID, fitting, gather
from hpcraft.train.sides import tensors_for
from hpcraft.train.tasks import Example, Maker, epoch_rows, own_maker
from hpcraft.train.watch import LAST, SELECTABLE, Budget, Validation, check_choice

_MOST_IN_PART = 1024
_MOST_TRIES, _FAR = 100, 1_000_003
Tensors = Callable[[Sequence[Row]], Batch]
"""Makes a batch of rows."""
_SAID = ".said.json"
_LOWER = "give smaller batch_tokens or max_length, or recompute=true"


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneConfig:
    """How the base model is taught a task."""

    task: Literal["translate", "openmp", "mpi", "complete", "instruct"] = option(
        "translate", help="translate (pairs), openmp, mpi or complete (corpus), instruct (instructions)"
    )
    max_steps: int = option(700, help="most steps; a machine that is quick enough ends by these, and always with the same model")
    max_seconds: float = option(220.0, help="most seconds")
    learning_rate: float = option(2e-3, help="highest learning rate; for a model of a billion weights 2e-5, for an adapter on it 2e-4")
    checkpoint_seconds: float = option(30.0, help="seconds between checkpoints; a killed run goes on from the newest")
    batch_tokens: int = option(1536, help="tokens that a process computes at a time, padding included")
    accumulate: int = option(1, help="times that each process does so in a step")
    max_length: int = option(768, help="longer examples are left out or cut, in tokens")
    max_examples: int = option(20_000, help="units of the corpus, or instructions, that are learnt from at most")
    negative_repeats: float = option(1.0, help="how often an epoch shows a loop that needs no directive (task openmp); 0 for never")
    mined_repeats: float = option(2.0, help="how many times as often an epoch shows a pair from real code as a made one")
    openmp_repeats: float = option(2.0, help="how often an epoch shows a pair whose target is OpenMP")
    cuda_repeats: float = option(0.6, help="how often an epoch shows a pair whose target is CUDA, which is three times as long")
    cuda_answer: Literal["whole", "kernel"] = option(
        "whole",
        help="CUDA as it is written, and read on the way back; whole: the kernel and its host function; kernel: the kernel alone, of pairs whose kernel can stand alone",
    )
    cuda2c_repeats: float = option(0.0, help="how often an epoch shows the way back from CUDA to C of a pair; 0 doesn't teach it")
    omp2c_repeats: float = option(0.0, help="the same from OpenMP to C")
    tests_repeats: float = option(0.5, help="how often an epoch shows a function with its tests; 0 teaches no tester")
    shuffled_share: float = option(0.5, help="share of examples whose names are numbered at random; of hpcraft's own models")
    evaluations: int = option(3, help="validations at even distances, the last at the end")
    select: str = option(LAST, help=f"which weights are kept: {', '.join(SELECTABLE)} (the lowest on the valid split)")
    patience: int = option(0, help="validations without a better figure after which training ends; 0 never ends it")
    processes: int = option(1, help="processes on each node; 0 means one for each GPU")
    sharding: str = option("ddp", help="ddp, or fsdp for a model that doesn't fit one process; not with an adapter")
    compile: bool = option(False, help="compile the model; pays after some minutes")
    recompute: bool = option(False, help="compute activations anew in the backward pass, to save memory")
    beside: bool = option(False, help="make batches in a process beside the training one")
    tensorboard: bool = option(False, help="write event files for TensorBoard too")
    lora_rank: int = option(0, help="rank of an adapter that is learnt instead of the weights; 0 learns the weights")
    lora_alpha: float = option(32.0, help="weight of the adapter, times its rank")
    lora_dropout: float = option(0.0, help="share of the adapter's inputs that is left out while it learns")
    lora_targets: tuple[str, ...] = option((ALL_LINEAR,), help="layers that get an adapter, by the ends of their names")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("max_steps", "max_seconds", "learning_rate", "batch_tokens", "max_length", "max_examples", "lora_alpha", "accumulate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        check_choice(self.select, self.patience)
        check_sharding(self.sharding)
        if not 0 <= self.shuffled_share <= 1:
            raise ConfigError(f"shuffled_share: {self.shuffled_share} is not between 0 and 1")
        if not 0 <= self.lora_dropout < 1:
            raise ConfigError(f"lora_dropout: {self.lora_dropout} is not between 0 and 1")
        if self.lora_rank and self.sharding == "fsdp":
            raise ConfigError(
                "sharding fsdp: spreads whole models, and an adapter is small; give sharding=ddp with lora_rank, or lora_rank=0"
            )
        for name in ("negative_repeats", "cuda2c_repeats", "omp2c_repeats", "lora_rank", "patience", "processes"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero; give 0 for none")
        if not self.lora_targets:
            raise ConfigError(f"lora_targets: none given; give names of layers, or {ALL_LINEAR}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lessons:
    """What is learnt, and what it is measured on."""

    taught: list[Example]
    validation: Validation | None
    rejections: Counter[str]


def run(config: FinetuneConfig, work: Work) -> Report:
    """Fine-tune."""
    require_torch()
    if config.lora_rank:
        require_peft()
    if (needed := INPUT_OF[config.task]) not in work.inputs:
        raise ConfigError(f"task {config.task}: reads {needed}, which was not given; give --{needed} DIR")
    [fitted] = launch.call(learn, STAGE, config, work, processes=config.processes)
    said = read_json(work.out / _SAID)
    notes = fitted.notes("finetune", config.max_steps)
    if fitted.valid_loss is None:
        notes.append("finetune: nothing in the valid split fits, so nothing was measured; the last weights were kept")
    return Report(
        rows={"steps": fitted.steps, "tokens": fitted.tokens, **said["rows"]},
        rejections=said["rejections"],
        metrics={
            "parameters": said["parameters"],
            "parameters_learnt": said["parameters_learnt"],
            "train_loss": fitted.train_loss,
            "valid_loss": fitted.valid_loss,
            "valid_bits_per_byte": fitted.valid_bits_per_byte,
            "valid_bits_per_byte_before": said["before"],
            "best_step": fitted.best_step,
            "tokens_per_second": fitted.tokens_per_second,
            "data_share": fitted.data_share,
            "mfu": fitted.mfu,
            "processes": fitted.processes,
        },
        notes=notes,
    )


def learn(config: FinetuneConfig, work: Work) -> list[Fitted]:
    """Fine-tune, on every rank; on rank 0 the model is written."""
    with memory_told(work.out, _LOWER):
        return [_learn(config, work)]


def _learn(config: FinetuneConfig, work: Work) -> Fitted:
    from hpcraft.train.packing import check_causal
    from hpcraft.train.trainer import barrier, rank

    base = base_folder(work.inputs["base"])
    generator = load(base, device="cpu")  # what trains it puts it where it is to be
    check_causal(generator.model, work.inputs["base"])
    longest = min(config.max_length, generator.facts.context)
    make = _maker(generator, longest, base)
    # An encoder and its decoder see as many tokens each.
    room = 2 * longest if generator.model.config.is_encoder_decoder else longest
    tensors = tensors_for(generator)
    lessons = _lessons(config, work, generator, make, room)
    model: Any = generator.model
    adapted: Any = _adapted(config, work, model) if config.lora_rank else None
    learnt = sum(p.numel() for p in (adapted or model).parameters() if p.requires_grad)
    fitted = fit(
        adapted or model,
        lambda number: _batches(lessons.taught, make, config, work.seed, number, room, tensors),
        _budget(config),
        work.out,
        seed=work.seed,
        validation=lessons.validation,
        label="finetune",
        running=Running(
            accumulate=config.accumulate,
            sharding=config.sharding,
            compile=config.compile,
            recompute=config.recompute,
            beside=config.beside,
            tensorboard=config.tensorboard,
        ),
        measure_first=True,
    )
    if rank() == 0:
        if fitted.weights:
            model = load(base, device="cpu").model
            model.load_state_dict(fitted.weights)
        if adapted:
            # A folder of a stage holds the model in another one; a name of the Hub's is one for everybody.
            save_adapter(adapted, work.out / "adapter", str(base.resolve() if work.inputs["base"].exists() else work.inputs["base"]))
            model = merged(adapted)
        counts = dict(sorted(Counter(item.task for item in lessons.taught).items()))
        save_tuned(model, generator, base, work.out / "model", tuple(counts), cuda_answer=config.cuda_answer)
        said = {"rows": counts, "rejections": dict(lessons.rejections), "before": fitted.first_bits_per_byte}
        write_json(work.out / _SAID, {**said, "parameters": model.num_parameters(), "parameters_learnt": learnt})
    barrier()
    return fitted


def _budget(config: FinetuneConfig) -> Budget:
    return Budget(
        max_steps=config.max_steps,
        max_seconds=config.max_seconds,
        learning_rate=config.learning_rate,
        checkpoint_seconds=config.checkpoint_seconds,
        evaluations=config.evaluations,
        select=config.select,
        patience=config.patience,
    )


def _maker(generator: Generator, longest: int, base: Path) -> Maker:
    if generator.is_own:
        return own_maker(generator.tokenizer, longest)
    from hpcraft.train.hub_rows import HubMaker

    return HubMaker(generator, longest, str(base))


def _adapted(config: FinetuneConfig, work: Work, model: Any) -> Any:
    return with_adapter(
        model,
        rank=config.lora_rank,
        alpha=config.lora_alpha,
        dropout=config.lora_dropout,
        targets=config.lora_targets,
        seed=work.seed,
    )


def _lessons(config: FinetuneConfig, work: Work, generator: Generator, make: Maker, room: int) -> _Lessons:
    """The examples of the train split that fit, and a fixed sample of the valid split.

    Raises:
        InputError: there is none to learn from.
    """
    folder = work.inputs[INPUT_OF[config.task]]
    items = gather(config, folder, "train", work.seed, own=generator.is_own)
    if not items:
        raise InputError(f"{folder}: {NOTHING[config.task]}")
    if generator.is_own:
        _check_tokens(generator, items)
    taught, rejections = fitting(items, make, room)
    if not taught:
        raise InputError(
            f"{folder}: no example is within {min(config.max_length, generator.facts.context)} tokens; give a larger max_length"
        )
    valid, _ = fitting(gather(config, folder, "valid", work.seed, own=generator.is_own), make, room)
    return _Lessons(
        taught=taught, validation=validation_of(valid, make, config, work.seed, room, tensors_for(generator)), rejections=rejections
    )


def _check_tokens(generator: Generator, items: Sequence[Example]) -> None:
    """Check that the tokenizer has the token of every task.

    Raises:
        InputError: it was made before there was one.
    """
    for task in sorted({item.task for item in items} & TASKS.keys()):
        if generator.tokenizer.token_to_id(TASKS[task]) is None:
            raise InputError(
                f"{task}: the base's tokenizer has no token {TASKS[task]}, it is older than that task; make tokenizer and base anew, "
                f"or give {task}_repeats=0"
            )


def _batches(
    items: Sequence[Example], make: Maker, config: FinetuneConfig, seed: int, number: int, longest: int, tensors: Tensors
) -> list[Batch]:
    """The batches of an epoch, or of a part of one where there are many examples, as the next step waits until all rows are made."""
    shown = items if config.task == "translate" and len(items) <= _MOST_IN_PART else part_of(items, seed, number)
    return some_batches(shown, make, config, seed, number, longest, tensors)


def some_batches(
    items: Sequence[Example], make: Maker, config: FinetuneConfig, seed: int, number: int, longest: int, tensors: Tensors
) -> list[Batch]:
    """The batches of the first epoch from ``number`` on that has any: few examples, each shown less than once an epoch, may give one without.

    Raises:
        InputError: none of the examples is ever shown.
    """
    for again in range(_MOST_TRIES):
        if found := list(batches_of(items, make, config, seed, number + again * _FAR, longest, tensors)):
            return found
    raise InputError(f"none of {len(items)} examples was shown in {_MOST_TRIES} epochs; give larger repeats")


def part_of(items: Sequence[Example], seed: int, number: int) -> Sequence[Example]:
    """The part ``number`` of examples in parts of like size: all are seen, in a new order, before one is seen again."""
    num_parts = -(-len(items) // _MOST_IN_PART)
    epoch, part = divmod(number, num_parts)
    order = Random(f"{seed}/parts/{epoch}").sample(items, len(items))
    return order[part::num_parts]


NOTHING = {
    "translate": "no pair in the train split; make more pairs",
    "openmp": "no loop or function with OpenMP directives in the train split; mine more packages",
    "mpi": "no program or function with MPI calls in the train split; mine more packages",
    "complete": "no function with a hole in the train split; mine more packages",
    "instruct": "no line to learn from in its *.jsonl; give a folder of them",
}
"""What is wrong with an input that has no example, and what to do."""


def rows_of(items: Sequence[Example], make: Maker, config: FinetuneConfig, seed: int, epoch: int | None, longest: int) -> Iterator[Row]:
    """The rows of one epoch, each of at most ``longest`` tokens; None is validation."""
    return epoch_rows(items, make, seed=seed, epoch=epoch, max_length=longest, shuffled_share=config.shuffled_share)


def batches_of(
    items: Sequence[Example], make: Maker, config: FinetuneConfig, seed: int, epoch: int, longest: int, tensors: Tensors = padded
) -> Iterator[Batch]:
    """The batches of one epoch."""
    rows = list(rows_of(items, make, config, seed, epoch, longest))
    return (tensors(batch) for batch in by_length(rows, config.batch_tokens, Random(f"{seed}/{epoch}")))


def validation_of(
    items: Sequence[Example], make: Maker, config: FinetuneConfig, seed: int, longest: int, tensors: Tensors = padded
) -> Validation | None:
    """A fixed sample of the valid split, or None where it is empty."""
    chosen = Random(seed).sample(items, min(MOST_VALID, len(items)))
    rows = list(rows_of(chosen, make, config, seed, None, longest))
    if not rows:
        return None
    batches = [tensors(batch) for batch in by_length(rows, 4 * config.batch_tokens, Random(seed))]
    return Validation(batches=batches, num_bytes=sum(row.num_bytes for row in rows))


STAGE = Stage(
    name="finetune",
    summary="teach a model to translate, to put directives or MPI calls back, or to complete",
    example="hpcraft finetune --base runs/quickstart/pretrain --pairs runs/quickstart/pairs -o finetuned",
    config=FinetuneConfig,
    inputs={
        "base": Input(
            stage="pretrain",
            help="folder of `hpcraft pretrain`, or any model folder or name of a repository in the Hub's cache here",
            model=True,
        ),
        "pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made, for task translate", optional=True),
        "corpus": Input(stage="prepare", help="folder that `hpcraft prepare` made, for tasks openmp, mpi and complete", optional=True),
        "instructions": Input(
            stage="", help='folder of *.jsonl, each line {"instruction": .., "answer": ..}, for task instruct', optional=True, foreign=True
        ),
    },
    run=run,
    parallel=True,
    pace=frozenset(("compile", "recompute", "beside", "tensorboard", "checkpoint_seconds")),
    scratch=(*SCRATCH, _SAID),
    alike=lambda config: replace(config, learning_rate=1.0),
    version=6,  # the way back from kernels by rule where one knows it
)
COMMAND = STAGE.command
