"""Stage ``pretrain``: a model learns the corpus, in one phase or in several, each with objectives of its own.

Writes ``model/`` and ``metrics.jsonl``, with several phases one below ``phase-N-.../`` for each. Bits per byte are measured on raw files of the
valid split: the loss over all tokens of a text in nats, divided by ln 2 and by the text's bytes in UTF-8, in windows of the context
without overlap, over all and by language. An encoder-decoder has none; there the loss of the objective on the valid split is measured.
How many processes share the work decides next to nothing but rounding: ``batch_rows`` are those of all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpcraft.errors import ConfigError
from hpcraft.inference import require_torch
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.train.loop import SCRATCH, check_sharding, memory_told
from hpcraft.train.presets import ARCHITECTURES, DECODER, depth_of
from hpcraft.train.watch import LAST, SELECTABLE, check_choice

TOKENS, TOKENIZER, DONE = ".tokens", ".tokenizer", ".phases"
"""Hidden folders of the texts as tokens, of a base's tokenizer in one file, and of the phases that are over."""
PACE = ("processes", "sharding", "micro_rows", "compile", "recompute", "beside", "tensorboard", "checkpoint_seconds")


_DEPTH = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One part of the training."""

    objectives: Mapping[str, float]
    """Objective to weight; see docs/training.md."""
    options: Mapping[str, Mapping[str, Any]] = option(factory=dict, help="objective to its options")
    max_steps: int
    max_seconds: float
    learning_rate: float | None = None
    """Highest; null derives it from the depth."""
    select: str = ""
    """Which weights are kept, where not as in the other phases. Of back-translation the denoising alone is measured, so ``last`` is its choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainConfig:
    """How the base model is made."""

    architecture: str = option(DECODER, help="decoder (Llama style) or encoder-decoder (T5 style)")
    depth: int = option(_DEPTH, help="the size dial: layers, with 64 units of width for each; 4 is about 3 M parameters")
    size: str = option("", help="a size by name instead of depth, such as 10m or 125m: about, since it hangs on the vocabulary")
    context: int = option(1024, help="longest text that the model will ever read, in tokens")
    row_tokens: int = option(256, help="length of the rows that texts are packed into")
    batch_rows: int = option(8, help="rows in a step, over all processes")
    micro_rows: int = option(0, help="rows that a process computes at a time, of which steps are accumulated; 0 means all of its share")
    objectives: Mapping[str, float] = option(factory=lambda: {"causal": 1.0}, help="objective to weight; see docs/training.md")
    options: Mapping[str, Mapping[str, Any]] = option(factory=dict, help="objective to its options")
    phases: tuple[Phase, ...] = option((), help="phases one after the other, each with objectives, options, steps and seconds of its own")
    max_steps: int = option(250, help="most steps; a machine that is quick enough ends by these, and always with the same model")
    max_seconds: float = option(110.0, help="most seconds")
    learning_rate: float | None = option(None, help="highest learning rate; null derives it from the depth")
    evaluations: int = option(3, help="validations at even distances, the last at the end")
    select: str = option(LAST, help=f"which weights are kept: {', '.join(SELECTABLE)} (the lowest on the valid split)")
    patience: int = option(0, help="validations without a better figure after which training ends; 0 never ends it")
    checkpoint_seconds: float = option(30.0, help="seconds between checkpoints; a killed run goes on from the newest")
    document_characters: int = option(2_000_000, help="characters of raw files to learn from")
    function_characters: int = option(2_000_000, help="characters of functions in canonical names to learn from")
    directive_examples: int = option(3000, help="loops and functions whose OpenMP directives are to be put back, at most")
    valid_characters: int = option(60_000, help="characters of the valid split that are measured on")
    processes: int = option(1, help="processes on each node; 0 means one for each GPU")
    sharding: str = option("ddp", help="ddp, or fsdp for a model that doesn't fit one process")
    compile: bool = option(False, help="compile the model; pays after some minutes")
    recompute: bool = option(False, help="compute activations anew in the backward pass, to save memory")
    beside: bool = option(False, help="make batches in a process beside the training one")
    tensorboard: bool = option(False, help="write event files for TensorBoard too")

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("depth", "context", "row_tokens", "batch_rows", "max_steps", "max_seconds", "evaluations", "valid_characters"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        for name in ("micro_rows", "processes", "patience", "document_characters", "function_characters", "directive_examples"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero")
        if self.architecture not in ARCHITECTURES:
            raise ConfigError(f"architecture {self.architecture!r}: expected one of {', '.join(ARCHITECTURES)}")
        if self.size:
            depth_of(self.architecture, self.size)
            if self.depth != _DEPTH:
                raise ConfigError(f"depth {self.depth}: size {self.size!r} has its own; give one of the two")
        if self.row_tokens > self.context:
            raise ConfigError(f"row_tokens: {self.row_tokens} is more than the context of {self.context}")
        if self.learning_rate is not None and self.learning_rate <= 0:
            raise ConfigError(f"learning_rate: {self.learning_rate} is not above zero")
        for phase in self.all_phases:
            if not phase.objectives or phase.max_steps <= 0 or phase.max_seconds <= 0:
                raise ConfigError(f"phases: {phase} has no objective, no steps or no seconds")
            if phase.learning_rate is not None and phase.learning_rate <= 0:
                raise ConfigError(f"phases: learning_rate {phase.learning_rate} is not above zero")
            if phase.select:
                check_choice(phase.select, 0)
            if self.architecture != DECODER and (phase.select or self.select) == "valid_bits_per_byte":
                raise ConfigError("select: valid_bits_per_byte is measured for decoders only; give valid_loss or last")
        check_choice(self.select, self.patience)
        check_sharding(self.sharding)

    @property
    def layers(self) -> int:
        """The depth, by number or by name."""
        return depth_of(self.architecture, self.size) if self.size else self.depth

    @property
    def all_phases(self) -> tuple[Phase, ...]:
        """The phases; one where none are given."""
        return self.phases or (
            Phase(
                objectives=self.objectives,
                options=self.options,
                max_steps=self.max_steps,
                max_seconds=self.max_seconds,
                learning_rate=self.learning_rate,
            ),
        )


def run(config: PretrainConfig, work: Work) -> Report:
    """Train a base model."""
    require_torch()
    from hpcraft.train import launch, phases
    from hpcraft.train.base_tokenizer import tokenizer_folder

    tokenizer = tokenizer_folder(work.inputs, work.out)
    with memory_told(work.out, "give smaller document_characters, function_characters or directive_examples"):
        counts = phases.prepare(config, work, tokenizer)
    fitted = launch.call(phases.learn, STAGE, config, work, processes=config.processes)
    last = fitted[-1]
    notes = [note for phase, one in zip(config.all_phases, fitted, strict=True) for note in one.notes("pretrain", phase.max_steps)]
    if last.valid_loss is None:
        notes.append("pretrain: the valid split has nothing to measure; the last weights were kept")
    return Report(
        rows={"steps": sum(one.steps for one in fitted), "tokens": sum(one.tokens for one in fitted), **counts},
        metrics={
            "parameters": phases.num_parameters(work.out),
            "train_loss": last.train_loss,
            "valid_loss": last.valid_loss,
            "valid_bits_per_byte": last.valid_bits_per_byte,
            "valid_bits_by_language": last.valid_bits_by_language,
            "best_step": last.best_step,
            "tokens_per_second": last.tokens_per_second,
            "mfu": last.mfu,
            "data_share": last.data_share,
            "processes": last.processes,
            "entities_f1": phases.entities_f1(work.out),
        },
        notes=notes,
    )


def _without_rates(config: PretrainConfig) -> PretrainConfig:
    return replace(config, learning_rate=None, phases=tuple(replace(phase, learning_rate=None) for phase in config.phases))


STAGE = Stage(
    name="pretrain",
    summary="train a small model on the corpus",
    example="hpcraft pretrain --corpus runs/quickstart/prepare --tokenizer runs/quickstart/tokenizer -o base",
    config=PretrainConfig,
    inputs={
        "corpus": Input(stage="prepare", help="folder that `hpcraft prepare` made"),
        "tokenizer": Input(stage="tokenizer", help="folder that `hpcraft tokenizer train` made; a base brings its own", optional=True),
        "base": Input(
            stage="",
            help="model to go on from instead of a new one: a folder, or a repository in the Hub's cache here",
            optional=True,
            model=True,
        ),
    },
    run=run,
    parallel=True,
    pace=frozenset(PACE),
    # Those of phases lie below folders of their own.
    scratch=(TOKENS, TOKENIZER, DONE, *SCRATCH, *(f"phase-*/{name}" for name in SCRATCH)),
    alike=_without_rates,
    version=7,  # gaps as BART has them, and validation that predicts every token
)
COMMAND = STAGE.command
