"""Back-translation as in CodeRosetta, in turn with denoising: a text is translated by the present model, which then learns the way back.

A batch is in one language. For a batch of x the model, in evaluation mode, greedily writes y in the other language; the batch becomes
y -> x. Nothing but the decoder's start token gives a direction. Batches come in a fixed cycle, denoising and back-translation of one
language and then of the other, which `hpcraft.train.objectives.batching` keeps.

What was generated are ids, so no gradient passes through it, and the model's mode and all random states are as before.
Not covered: tokenizing y anew (its ids are the decoder's own); a reranker as in BabelTower; models sharded by FSDP, whose parts can't run alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpcraft.errors import ConfigError, InputError
from hpcraft.train.annotation import Document
from hpcraft.train.batches import Batch
from hpcraft.train.objectives.denoise import Denoise, DenoiseConfig, language_pieces, other_of
from hpcraft.train.objectives.noise import NoiseTables
from hpcraft.train.objectives.objective import Objective, PairRow, check_share, filled, present
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class BackTranslateConfig:
    """How the two halves are mixed."""

    denoise: DenoiseConfig = field(default_factory=DenoiseConfig)
    """The languages, the length of rows, and the noise of the other half."""
    denoise_share: float = 0.5
    """Share of rows that are denoised; CodeRosetta takes turns."""
    warmup: float = 0.0
    """Share of the training in which there is denoising only; CodeRosetta's default is none."""
    max_new_tokens: int = 512
    """Longest translation, its end included; CodeRosetta's. The encoder reads no more than the length of rows."""

    def __post_init__(self) -> None:
        """Check the values."""
        check_share("denoise_share", self.denoise_share)
        check_share("warmup", self.warmup)
        if self.max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens: {self.max_new_tokens}; give at least 1")


class BackTranslate(Objective):
    """Texts from the model's own translations of them, and from noise."""

    architecture = "encoder-decoder"

    def __init__(self, config: BackTranslateConfig, specials: Specials, tables: NoiseTables, *, progress: float = 0.0) -> None:
        """Prepare both halves.

        Args:
            config: how they are mixed.
            specials: ids of the task format.
            tables: of both languages.
            progress: share of the training that is done; before the end of the warm-up there is denoising only.
        """
        self.config, self.specials, self.tables = config, specials, tables
        self.denoise = Denoise(config.denoise, specials, tables).at(progress)
        self.warm = progress >= config.warmup
        halves = {"denoise": not self.warm or config.denoise_share > 0, "backtranslate": self.warm and config.denoise_share < 1}
        self.cycle = tuple(f"{half}/{language}" for language in config.denoise.languages for half, on in halves.items() if on)

    @property
    def turns(self) -> tuple[float, ...]:
        """When the rates grow, and when the warm-up ends."""
        return tuple(sorted({*self.denoise.turns, *([self.config.warmup] if self.config.warmup else [])}))

    def at(self, progress: float) -> BackTranslate:
        """The same with the halves and rates of that time."""
        return BackTranslate(self.config, self.specials, self.tables, progress=progress)

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[PairRow]:
        """One row, or several for a long document, each of a half by chance; a document in neither language has none."""
        language, end = document.language, self.specials.end
        for ids in language_pieces(document, self.config.denoise.languages, self.config.denoise.length):
            if not self.warm or rng.random() < self.config.denoise_share:
                yield self.denoise.row(ids, language, rng, f"denoise/{language}")
                continue
            text = (*ids.tolist(), end)
            other = self.specials.start_of(other_of(self.config.denoise.languages, language))
            yield PairRow(text, text, self.specials.start_of(language), f"backtranslate/{language}", other)

    def complete(self, batch: Batch, model: nn.Module) -> Batch:
        """The batch with the model's translation as its source; a batch of denoising stays as it is."""
        if "into" not in batch:
            return batch
        given = {name: value for name, value in batch.items() if name != "into"}
        into = set(batch["into"].tolist())
        if len(into) > 1:
            raise InputError("a batch for back-translation in several languages; group rows by their group")
        most = min(self.config.max_new_tokens, self.config.denoise.length)
        written = translations(model, batch["input_ids"], batch["attention_mask"], into.pop(), self.specials, most)
        device = batch["input_ids"].device
        return {**given, "input_ids": filled(written, self.specials.pad).to(device), "attention_mask": present(written).to(device)}


def translations(
    model: nn.Module, ids: torch.Tensor, attention: torch.Tensor, start: int, specials: Specials, max_new_tokens: int
) -> list[tuple[int, ...]]:
    """What a model writes greedily for each row, the end token behind it; its mode and the random states stay.

    Raises:
        ConfigError: the model is sharded.
    """
    import torch
    from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel

    if any(isinstance(module, (FSDPModule, FullyShardedDataParallel)) for module in model.modules()):
        raise ConfigError("objective backtranslate: the model is sharded, and writing needs it whole; distribute it by ddp")

    bare: Any = model
    # DDP and torch.compile wrap a model; what generates is inside.
    while not hasattr(bare, "generate"):
        bare = bare.module
    training = {module for module in model.modules() if module.training}
    devices = [ids.device] if ids.device.type == "cuda" else []
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices):
            found = bare.generate(
                input_ids=ids,
                attention_mask=attention,
                decoder_start_token_id=start,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                num_beams=1,
                use_cache=True,
                eos_token_id=specials.end,
                pad_token_id=specials.pad,
            )
    finally:
        for module in model.modules():
            module.training = module in training
    return [_until_end(row, specials, max_new_tokens) for row in found[:, 1:].tolist()]


def _until_end(row: list[int], specials: Specials, longest: int) -> tuple[int, ...]:
    """A translation up to its end, with an end where the limit cut it."""
    written = row[: row.index(specials.end)] if specials.end in row else row
    return (*written[: longest - 1], specials.end)
