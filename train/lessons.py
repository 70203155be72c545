"""What the translator of mutual supervision may learn from accepted translations, and whether a model can take part at all.

Real code is the target: from a translation of a real function it learns the way back to that function, from C that was written of real OpenMP or CUDA the
way there. To learn what it wrote itself as a target (self-training) is a switch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hpcraft.data.target_models import SERIAL
from hpcraft.errors import ConfigError, InputError
from hpcraft.inference import ModelFacts
from hpcraft.records import Pair
from hpcraft.tokenizer.prompt import BACK
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.tasks import TESTS, Example, as_answered, examples, way_back
from hpcraft.train.ways import Way


def lessons(
    pairs: Mapping[tuple[str, str], Pair], asked: Sequence[Way], cuda_answer: str, *, self_training: bool, back_repeats: float = 1.0
) -> list[Example]:
    """The examples of new pairs.

    Args:
        pairs: by function and what it was translated to.
        asked: the ways that the translator knows.
        cuda_answer: of the model.
        self_training: whether what the translator wrote is a target, too.
        back_repeats: how often an epoch shows one of a way back.
    """
    real_sources = [p for (_, model), p in pairs.items() if model != SERIAL]
    real_targets = [p for (_, model), p in pairs.items() if model == SERIAL]
    there = [*real_targets, *(real_sources if self_training else ())]
    back = [*real_sources, *(real_targets if self_training else ())]
    return [*examples(as_answered(there, cuda_answer), {TESTS: 0}), *way_back(back, cuda_answer, ways_back(asked, back_repeats))]


def ways_back(asked: Sequence[Way], repeats: float) -> dict[str, float]:
    """The tasks of the ways back, with how often an epoch shows them."""
    return {way.task: repeats for way in asked if way.back}


def check_pupil(model: Path, facts: ModelFacts, config: MutualConfig) -> None:
    """Check that a model was taught what the rounds ask of it, before anything is asked.

    Raises:
        InputError: it doesn't know a target.
        ConfigError: it was taught no tests though it is to be the tester, or nothing could teach the translator.
    """
    for target in config.targets:
        if target not in facts.tasks:
            known = ", ".join(facts.tasks) or "no task, it is only pre-trained"
            raise InputError(f"{model}: was not taught {target!r}; it knows {known}; fine-tune it first, or give other targets")
    if config.tester == "model" and TESTS not in facts.tasks:
        raise ConfigError(
            f"{model}: was taught no tests, so it can't be the tester; give --tester rule, or teach it some with `hpcraft finetune --tests-repeats 0.5`"
        )
    back = [BACK[t] for t in config.targets if t in BACK]
    if not config.self_training and not any(task in facts.tasks for task in back):
        flags = " ".join(f"--{task}-repeats 0.3" for task in back)
        raise ConfigError(
            f"{model}: was taught no way back to C, so no real code could be a target that it learns; "
            f"teach it with `hpcraft finetune {flags}`, or give --self-training true, which teaches it what it wrote itself"
        )


def untaught(facts: ModelFacts, config: MutualConfig) -> Iterator[str]:
    """A note for each target whose translations give pairs and teach nothing."""
    if config.self_training:
        return
    for target in config.targets:
        task = BACK.get(target, "")
        if task not in facts.tasks:
            how = f"; teach it `hpcraft finetune --{task}-repeats 0.3`" if task else ""
            yield f"mutual: translations to {target} become pairs and teach nothing, because the model doesn't know the way back{how}, or give --self-training true"
