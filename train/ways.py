"""The ways between sequential C and parallel models that a translator was taught, and what is asked and expected on each of them.

Not covered: ways between two parallel models.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hpcraft.data.lone_kernel import c_head
from hpcraft.data.target_models import SERIAL
from hpcraft.inference import Item
from hpcraft.records import Function, Pair
from hpcraft.tokenizer.prompt import BACK, LANGUAGE_OF
from hpcraft.verification import Candidate


@dataclass(frozen=True, slots=True)
class Way:
    """From sequential C to a parallel model, or back."""

    task: str
    """A key of `hpcraft.tokenizer.prompt.TASKS`."""
    model: str
    """The parallel model."""

    @property
    def back(self) -> bool:
        """Whether it leads to sequential C."""
        return self.task != self.model

    @property
    def source_model(self) -> str:
        """What is translated."""
        return self.model if self.back else SERIAL

    @property
    def target_model(self) -> str:
        """What it is translated to."""
        return SERIAL if self.back else self.model

    @property
    def language(self) -> str:
        """Of the answers."""
        return LANGUAGE_OF[self.task]

    def sides(self, pair: Pair) -> tuple[str, str]:
        """What of a proved pair is translated, and what that should give."""
        return (pair.target, pair.source) if self.back else (pair.source, pair.target)

    def question(self, pair: Pair) -> Item:
        """What a translator is asked about a proved pair."""
        return self._item(self.sides(pair)[0], c_head(pair.source))

    def question_of(self, function: Function) -> Item:
        """What a translator is asked about a function of its source model."""
        return self._item(function.source, function.signature)

    def _item(self, source: str, head: str) -> Item:
        return (source, self.task, head) if self.task == BACK["cuda"] else (source, self.task)

    def candidate(self, key: str, pair: Pair, answer: str, tests: Sequence[str]) -> Candidate:
        """An answer about a proved pair, to be run beside what was translated."""
        return Candidate(
            candidate_id=key,
            signature=pair.signature,
            source=self.sides(pair)[0],
            source_model=self.source_model,
            target=answer,
            target_model=self.target_model,
            tests=tuple(tests),
        )


def ways(targets: Sequence[str], taught: Collection[str]) -> list[Way]:
    """The ways to some target models, and those ways back from them that a model was taught."""
    forth = [Way(target, target) for target in targets]
    return forth + [Way(BACK[target], target) for target in targets if BACK.get(target) in taught]
