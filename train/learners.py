"""The translator and the tester of `hpcraft.train.mutual`: a model that answers, is taught what a round gave, and is saved."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from hpcraft.inference import Generator, load, read_facts
from hpcraft.train.batches import Batch
from hpcraft.train.finetune import FinetuneConfig, part_of, some_batches
from hpcraft.train.folder import save_model
from hpcraft.train.loop import fit
from hpcraft.train.sides import tensors_for
from hpcraft.train.tasks import TESTS, Example, own_maker
from hpcraft.train.watch import Budget

TRANSLATOR, TESTER = "translator", "tester"
_LEAST_REPLAY = 512
"""Proved examples in an epoch, however little is new: a few new ones alone would be learnt by heart, and the rest forgotten."""


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
        """Train on what is new and on what it knew, other parts of it in each epoch; the loss, or None when nothing is new.

        Args:
            new: what to learn.
            settings: of the training.
            folder: gets the metrics, and checkpoints until they are forgotten.
            replay: proved examples beside each new one, or more where little is new; 0 for none.
            seed: of the stage.
            number: of the round.
        """
        if not new:
            return None
        model = self.generator.model
        longest = min(settings.max_length, self.generator.facts.context)
        room = 2 * longest if model.config.is_encoder_decoder else longest
        make, tensors = own_maker(self.generator.tokenizer, longest), tensors_for(self.generator)

        def batches(epoch: int) -> list[Batch]:
            fresh = part_of(new, seed + number, epoch)
            count = max(_LEAST_REPLAY, replay * len(fresh)) if replay else 0
            again = Random(f"{seed}/{number}/{epoch}/{self.name}").sample(self.proved, min(len(self.proved), count))
            return some_batches([*fresh, *again], make, settings, seed + number, epoch, room, tensors)

        device = model.device
        fitted = fit(
            model,
            batches,
            Budget(max_steps=settings.max_steps, max_seconds=settings.max_seconds, learning_rate=settings.learning_rate, warmup_steps=5),
            folder,
            seed=seed,
            label=f"mutual: {self.name}",
        )
        model.to(device)  # training leaves it on the CPU, and the next round answers where this one did
        return fitted.train_loss

    def take(self, folder: Path) -> None:
        """Have the weights that were saved in a folder."""
        self.generator.model.load_state_dict(load(folder, device="cpu").model.state_dict())

    def save(self, folder: Path) -> None:
        """Write its model folder, whole or not at all."""
        facts = read_facts(self.base)
        tasks = (TESTS,) if self.name == TESTER else tuple(t for t in facts.tasks if t != TESTS)
        fresh = folder.with_name(f".{folder.name}.new")
        for old in (fresh, folder):
            shutil.rmtree(old, ignore_errors=True)
        save_model(self.generator.model, self.base, fresh, replace(facts, tasks=tasks))
        fresh.rename(folder)
