"""Stage ``finetune``: the base model learns to translate to OpenMP and CUDA and to write tests, all three in one model.

Only answers are learnt, in batches of like length. Names and markers are numbered at random in a share of the rows, anew in each epoch, so
that the model points at names instead of knowing them by heart. The valid split is what is measured while it trains; the test split is not read.
Writes ``model/`` and ``metrics.jsonl``.
Not covered: several devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import TOKENIZER_FILES, ModelFacts, load_model, read_facts, require_torch
from hpcraft.records import Pair
from hpcraft.shards import read_rows
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.tokenizer import bpe
from hpcraft.train.batches import Batch, Row, by_length, padded
from hpcraft.train.folder import save_model
from hpcraft.train.loop import fit
from hpcraft.train.tasks import TESTS, Example, epoch_rows, examples
from hpcraft.train.watch import Budget, Validation

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MOST_VALID = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneConfig:
    """How the base model is taught the tasks."""

    max_steps: int = option(700, help="most steps; a machine that is quick enough ends by these, and always with the same model")
    max_seconds: float = option(220.0, help="most seconds")
    learning_rate: float = option(2e-3, help="highest learning rate")
    checkpoint_seconds: float = option(30.0, help="seconds between checkpoints; a killed run goes on from the newest")
    batch_tokens: int = option(1536, help="tokens in a step, padding included")
    max_length: int = option(768, help="longer examples are left out, in tokens")
    mined_repeats: float = option(2.0, help="how many times as often an epoch shows a pair from real code as a made one")
    openmp_repeats: float = option(2.0, help="how often an epoch shows a pair whose target is OpenMP")
    cuda_repeats: float = option(0.6, help="how often an epoch shows a pair whose target is CUDA, which is three times as long")
    tests_repeats: float = option(0.5, help="how often an epoch shows a function with its tests; 0 teaches no tester")
    shuffled_share: float = option(0.5, help="share of examples whose names are numbered at random")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("max_steps", "max_seconds", "learning_rate", "batch_tokens", "max_length"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        if not 0 <= self.shuffled_share <= 1:
            raise ConfigError(f"shuffled_share: {self.shuffled_share} is not between 0 and 1")


def run(config: FinetuneConfig, work: Work) -> Report:
    """Fine-tune."""
    require_torch()
    base, pairs_folder = model_folder(work.inputs["base"]), work.inputs["pairs"]
    model, tokenizer, context = load_model(base), bpe.load(base), read_facts(base).context
    pairs = list(read_rows(pairs_folder, "pairs", Pair))
    taught = [p for p in pairs if p.split == "train"]
    if not taught:
        raise InputError(f"{pairs_folder}: no pair in the train split; make more pairs")
    repeats = {"openmp": config.openmp_repeats, "cuda": config.cuda_repeats, TESTS: config.tests_repeats}
    items = examples(taught, repeats, mined_repeats=config.mined_repeats)
    longest = min(config.max_length, context)
    if not any(True for _ in rows_of(items[:200], tokenizer, config, work.seed, 0, longest)):
        raise InputError(f"{pairs_folder}: no example is within {longest} tokens; give a larger max_length")
    fitted = fit(
        model,
        lambda epoch: batches_of(items, tokenizer, config, work.seed, epoch, longest),
        Budget(
            max_steps=config.max_steps,
            max_seconds=config.max_seconds,
            learning_rate=config.learning_rate,
            checkpoint_seconds=config.checkpoint_seconds,
        ),
        work.out,
        seed=work.seed,
        validation=validation_of([p for p in pairs if p.split == "valid"], tokenizer, config, work.seed, longest),
        label="finetune",
    )
    tasks = tuple(sorted({item.task for item in items}))
    save_model(model, base, work.out / "model", ModelFacts(tasks=tasks, context=context))
    return Report(
        rows={"steps": fitted.steps, "tokens": fitted.tokens, **{task: sum(i.task == task for i in items) for task in tasks}},
        metrics={
            "parameters": model.num_parameters(),
            "train_loss": fitted.train_loss,
            "valid_loss": fitted.valid_loss,
            "valid_bits_per_byte": fitted.valid_bits_per_byte,
        },
        notes=fitted.notes("finetune", config.max_steps),
    )


def model_folder(stage_folder: Path) -> Path:
    """The model in a stage's folder, or the folder itself where it is a model."""
    below = stage_folder / "model"
    folder = below if below.is_dir() else stage_folder
    for name in ("config.json", "model.safetensors", *TOKENIZER_FILES):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder}: not a model folder, {name} is missing; give the folder of `hpcraft pretrain` or `hpcraft finetune`"
            )
    return folder


def rows_of(
    items: Sequence[Example], tokenizer: Tokenizer, config: FinetuneConfig, seed: int, epoch: int | None, longest: int
) -> Iterator[Row]:
    """The rows of one epoch; None is validation."""
    return epoch_rows(items, tokenizer, seed=seed, epoch=epoch, max_length=longest, shuffled_share=config.shuffled_share)


def batches_of(
    items: Sequence[Example], tokenizer: Tokenizer, config: FinetuneConfig, seed: int, epoch: int, longest: int
) -> Iterator[Batch]:
    """The batches of one epoch."""
    rows = list(rows_of(items, tokenizer, config, seed, epoch, longest))
    return (padded(batch) for batch in by_length(rows, config.batch_tokens, Random(f"{seed}/{epoch}")))


def validation_of(pairs: Sequence[Pair], tokenizer: Tokenizer, config: FinetuneConfig, seed: int, longest: int) -> Validation | None:
    """A fixed sample of the valid split, or None where it is empty."""
    items = examples(pairs, {TESTS: min(1.0, config.tests_repeats)})
    chosen = Random(seed).sample(items, min(_MOST_VALID, len(items)))
    rows = list(rows_of(chosen, tokenizer, config, seed, None, longest))
    if not rows:
        return None
    batches = [padded(batch) for batch in by_length(rows, 4 * config.batch_tokens, Random(seed))]
    return Validation(batches=batches, num_bytes=sum(row.num_bytes for row in rows))


STAGE = Stage(
    name="finetune",
    summary="teach the base model to translate and to write tests",
    example="hpcraft finetune --base runs/quickstart/pretrain --pairs runs/quickstart/pairs -o finetuned",
    config=FinetuneConfig,
    inputs={
        "base": Input(stage="pretrain", help="folder that `hpcraft pretrain` made"),
        "pairs": Input(stage="pairs", help="folder that `hpcraft pairs` made"),
    },
    run=run,
)
COMMAND = STAGE.command
