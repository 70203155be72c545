"""The translator and the tester of `hpcraft.train.mutual`: a model that answers, is taught what a round gave, and is saved."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from hpcraft.inference import Generator, load, read_facts
from hpcraft.train.finetune import FinetuneConfig, batches_of
from hpcraft.train.folder import save_model
from hpcraft.train.loop import fit
from hpcraft.train.tasks import TESTS, Example, own_maker
from hpcraft.train.watch import Budget

TRANSLATOR, TESTER = "translator", "tester"


@dataclass(frozen=True, slots=True)
class Learner:
    """One of the two."""

    name: str
    base: Path
    """The model folder that both began with."""
    generator: Generator
    proved: list[Example]
    """What was proved before, some of which is shown again beside what is new."""

    @classmethod
    def begin(cls, name: str, base: Path, weights: Path | None, proved: Sequence[Example]) -> Learner:
        """A learner with the weights of the round that it came out of, or with those that both began with."""
        return cls(name, base, load(weights or base), list(proved))

    def teach(self, new: Sequence[Example], settings: FinetuneConfig, folder: Path, *, replay: int, seed: int, number: int) -> float | None:
        """Train on what is new and on what it knew; the loss, or None when nothing is new.

        Args:
            new: what to learn.
            settings: of the training.
            folder: gets the metrics, and checkpoints until they are forgotten.
            replay: proved examples beside each new one.
            seed: of the stage.
            number: of the round.
        """
        if not new:
            return None
        shown = Random(f"{seed}/{number}/{self.name}").sample(self.proved, min(len(self.proved), replay * len(new)))
        model = self.generator.model
        longest = min(settings.max_length, self.generator.facts.context)
        device = model.device
        fitted = fit(
            model,
            lambda epoch: batches_of([*new, *shown], own_maker(self.generator.tokenizer, longest), settings, seed + number, epoch, longest),
            Budget(max_steps=settings.max_steps, max_seconds=settings.max_seconds, learning_rate=settings.learning_rate, warmup_steps=5),
            folder,
            seed=seed,
            label=f"mutual: {self.name}",
        )
        model.to(device)  # training leaves it on the CPU, and the next round answers where this one did
        return fitted.train_loss

    def save(self, folder: Path) -> None:
        """Write its model folder, whole or not at all."""
        facts = read_facts(self.base)
        tasks = (TESTS,) if self.name == TESTER else tuple(t for t in facts.tasks if t != TESTS)
        fresh = folder.with_name(f".{folder.name}.new")
        for old in (fresh, folder):
            shutil.rmtree(old, ignore_errors=True)
        save_model(self.generator.model, self.base, fresh, replace(facts, tasks=tasks))
        fresh.rename(folder)
