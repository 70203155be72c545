"""What can be said of the stage ``mutual``: how long the two teach each other, and what is left out for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hpcraft.errors import ConfigError
from hpcraft.stages import option
from hpcraft.tokenizer.prompt import DIRECTIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class MutualConfig:
    """How long the two teach each other."""

    rounds: int = option(1, help="rounds")
    max_functions: int = option(
        64, help="functions in a round, at most; the next round asks the next ones, and the first ones again behind the last"
    )
    targets: tuple[str, ...] = option(
        ("openmp",),
        help="target models, and those from which a translator that knows the way translates back to C; CUDA is run by the emulation, and left out "
        "where there is no compiler for it",
    )
    tester: Literal["model", "rule", "none"] = option(
        "model",
        help="who writes tests: model (what is trained here, beside the known tests of a function), rule (the tester by rule alone), none (only known ones)",
    )
    mutants: bool = option(True, help="accept only what was tried on faulty versions too; false is for comparison")
    accept: Literal["tests", "built"] = option(
        "tests",
        help="what becomes a pair: tests (what runs right on them), built (whatever compiles with the right entry point, as back-translation alone does; for comparison)",
    )
    self_training: bool = option(
        False,
        help="teach the translator what it wrote as targets, too; without that real code is always the target, so it must know a way back to C",
    )
    samples: int = option(1, help="translations of each function; more than one are drawn at the temperature")
    temperature: float = option(0.6, help="of draws: where there is more than one sample, and of --valid-samples")
    max_new_tokens: int = option(320, help="longest answer")
    train_steps: int = option(60, help="most steps of training for each of the two in a round")
    train_seconds: float = option(15.0, help="most seconds of training for each of the two in a round")
    learning_rate: float = option(2e-4, help="highest learning rate")
    batch_tokens: int = option(1536, help="tokens of a step, padding included")
    replay: int = option(3, help="proved examples beside each new one, other ones in each epoch, and never fewer than 512; 0 for none")
    back_repeats: float = option(
        0.3,
        help="how often an epoch shows an example of a way back to C, proved or new: each pair has one of it, and what isn't shown is forgotten",
    )
    keep_rounds: bool = option(False, help="keep the translator of each round too, as round-N/translator, to be measured afterwards")
    valid_functions: int = option(
        40, help="validation pairs of each target that both are measured on before the first round and after each; 0 measures nothing"
    )
    valid_tests: int = option(40, help="those of them on which tests are measured: the tester's, and the tester's by rule; 0 measures none")
    valid_samples: int = option(
        10, help="answers to each validation pair that are drawn for pass@K, beside the greedy one; 0 or 1 leaves pass@K out"
    )

    def __post_init__(self) -> None:
        """Check the values."""
        for name in (
            "rounds",
            "max_functions",
            "samples",
            "temperature",
            "max_new_tokens",
            "train_steps",
            "train_seconds",
            "learning_rate",
            "batch_tokens",
            "back_repeats",
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is not above zero")
        for name in ("replay", "valid_functions", "valid_tests", "valid_samples"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero")
        if not self.targets:
            raise ConfigError(f"targets: none given; give some of {', '.join(DIRECTIONS)}")
        for target in self.targets:
            if target not in DIRECTIONS:
                raise ConfigError(f"targets: {target!r} is not one of {', '.join(DIRECTIONS)}")

    @property
    def is_run(self) -> bool:
        """Whether translations are run before they are accepted."""
        return self.accept == "tests"

    @property
    def needs_kills(self) -> bool:
        """Whether tests must have noticed a faulty version before a translation that they pass is taken."""
        return self.mutants and self.is_run
