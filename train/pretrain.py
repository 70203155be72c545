"""Stage ``pretrain``: a small Llama-style decoder learns the corpus.

Writes ``model/`` and ``metrics.jsonl``. Bits per byte are measured on raw files of the valid split: the loss over all tokens of a text in
nats, divided by ln 2 and by the text's bytes in UTF-8, in windows of the context without overlap.
Not covered: several devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import ModelFacts, require_torch
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.prompt import TEXT
from hpcraft.train.batches import Batch, Row, by_length, packed, padded
from hpcraft.train.folder import save_model
from hpcraft.train.loop import fit
from hpcraft.train.material import Mix, Text, documents, gather, validation_texts
from hpcraft.train.presets import decoder
from hpcraft.train.watch import Budget, Validation

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainConfig:
    """How the base model is made."""

    depth: int = option(4, help="the size dial: layers, with 64 units of width for each; 4 is about 3 M parameters")
    context: int = option(1024, help="longest text that the model will ever read, in tokens")
    row_tokens: int = option(256, help="length of the rows that texts are packed into")
    batch_rows: int = option(8, help="rows in a step")
    max_steps: int = option(250, help="most steps; a machine that is quick enough ends by these, and always with the same model")
    max_seconds: float = option(110.0, help="most seconds")
    learning_rate: float = option(3e-3, help="highest learning rate")
    checkpoint_seconds: float = option(30.0, help="seconds between checkpoints; a killed run goes on from the newest")
    document_characters: int = option(2_000_000, help="characters of raw files to learn from")
    function_characters: int = option(2_000_000, help="characters of functions in canonical names to learn from")
    directive_examples: int = option(3000, help="loops and functions whose OpenMP directives are to be put back, at most")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("depth", "context", "row_tokens", "batch_rows", "max_steps", "max_seconds", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        if self.row_tokens > self.context:
            raise ConfigError(f"row_tokens: {self.row_tokens} is more than the context of {self.context}")


def run(config: PretrainConfig, work: Work) -> Report:
    """Train a base model."""
    require_torch()
    import torch
    from transformers import LlamaForCausalLM

    tokenizer = bpe.load(work.inputs["tokenizer"])
    mix = Mix(documents=config.document_characters, functions=config.function_characters, directives=config.directive_examples)
    texts = gather(work.inputs["corpus"], "train", mix, work.seed)
    first = list(islice(_epoch(config, tokenizer, texts, work.seed, 0), 1))
    if not first:
        raise InputError(
            f"{work.inputs['corpus']}: too small, its texts don't fill one step of {config.batch_rows} x {config.row_tokens} tokens; "
            "mine more, or give smaller batch_rows"
        )
    torch.manual_seed(work.seed)
    model = LlamaForCausalLM(decoder(config.depth, tokenizer, config.context))
    budget = Budget(
        max_steps=config.max_steps,
        max_seconds=config.max_seconds,
        learning_rate=config.learning_rate,
        checkpoint_seconds=config.checkpoint_seconds,
    )
    fitted = fit(
        model,
        lambda epoch: _epoch(config, tokenizer, texts, work.seed, epoch),
        budget,
        work.out,
        seed=work.seed,
        validation=_validation(config, tokenizer, work),
        label="pretrain",
    )
    save_model(model, work.inputs["tokenizer"], work.out / "model", ModelFacts(context=config.context))
    kinds = {kind: sum(t.kind == kind for t in texts) for kind in ("documents", "functions", "directives")}
    return Report(
        rows={"steps": fitted.steps, "tokens": fitted.tokens, **kinds},
        metrics={
            "parameters": model.num_parameters(),
            "train_loss": fitted.train_loss,
            "valid_loss": fitted.valid_loss,
            "valid_bits_per_byte": fitted.valid_bits_per_byte,
        },
        notes=fitted.notes("pretrain", config.max_steps),
    )


def _epoch(config: PretrainConfig, tokenizer: Tokenizer, texts: list[Text], seed: int, epoch: int) -> Iterator[Batch]:
    return packed(
        documents(texts, tokenizer, seed=seed, epoch=epoch, longest=config.row_tokens),
        config.row_tokens,
        config.batch_rows,
    )


def _validation(config: PretrainConfig, tokenizer: Tokenizer, work: Work) -> Validation | None:
    texts = validation_texts(work.inputs["corpus"], work.seed)
    if not texts:
        return None
    begin = tokenizer.token_to_id(TEXT)
    assert begin is not None
    rows: list[Row] = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        for at in range(0, len(ids), config.context - 1):
            rows.append(Row((begin, *ids[at : at + config.context - 1]), 1))
    batches = [padded(batch) for batch in by_length(rows, 4 * config.context, Random(work.seed))]
    return Validation(batches=batches, num_bytes=sum(len(text.encode()) for text in texts))


STAGE = Stage(
    name="pretrain",
    summary="train a small decoder on the corpus",
    example="hpcraft pretrain --corpus runs/quickstart/prepare --tokenizer runs/quickstart/tokenizer -o base",
    config=PretrainConfig,
    inputs={
        "corpus": Input(stage="prepare", help="folder that `hpcraft prepare` made"),
        "tokenizer": Input(stage="tokenizer", help="folder that `hpcraft tokenizer train` made"),
    },
    run=run,
)
COMMAND = STAGE.command
