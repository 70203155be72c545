"""The objectives by name, each with its options; and mixtures of several.

A name's class and its configuration are loaded when asked for. Options are fields of the configuration; a nested one is a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from hpcraft.errors import ConfigError, nearest
from hpcraft.train.annotation import Document
from hpcraft.train.objectives.noise import NoiseTables
from hpcraft.train.objectives.objective import AnyRow, Objective
from hpcraft.train.objectives.specials import Specials

if TYPE_CHECKING:
    import numpy as np

_HERE = "hpcraft.train.objectives"
OBJECTIVES: Mapping[str, tuple[str, str]] = {
    "causal": (f"{_HERE}.causal:Causal", f"{_HERE}.causal:CausalConfig"),
    "fill": (f"{_HERE}.fill:Fill", f"{_HERE}.fill:FillConfig"),
    "spans": (f"{_HERE}.masking:Spans", f"{_HERE}.masking:SpansConfig"),
    "words": (f"{_HERE}.masking:Words", f"{_HERE}.masking:WordsConfig"),
    "entities": (f"{_HERE}.entities:Entities", f"{_HERE}.entities:EntitiesConfig"),
    "denoise": (f"{_HERE}.denoise:Denoise", f"{_HERE}.denoise:DenoiseConfig"),
    "backtranslate": (f"{_HERE}.backtranslate:BackTranslate", f"{_HERE}.backtranslate:BackTranslateConfig"),
}
"""Name to the class and to its configuration."""
NEEDS_TABLES = frozenset(("denoise", "backtranslate"))
"""Objectives that draw noise from tables counted over the corpus."""


def make(name: str, options: Mapping[str, Any], specials: Specials, tables: NoiseTables | None = None) -> Objective:
    """An objective.

    Args:
        name: a key of `OBJECTIVES`.
        options: fields of its configuration.
        specials: ids of the task format.
        tables: for those in `NEEDS_TABLES`.

    Raises:
        ConfigError: no such objective or option, or the tables are missing.
    """
    if name not in OBJECTIVES:
        raise ConfigError(f"objective {name!r}: expected one of {', '.join(OBJECTIVES)}{nearest(name, OBJECTIVES)}")
    maker, shape = (_load(path) for path in OBJECTIVES[name])
    config = _config(shape, options, f"objective {name}")
    if name not in NEEDS_TABLES:
        return _made(maker(config, specials))
    if tables is None:
        raise ConfigError(f"objective {name}: needs the tables of noise; count them over the corpus by NoiseTables.of")
    return _made(maker(config, specials, tables))


def _made(objective: Any) -> Objective:
    assert isinstance(objective, Objective)
    return objective


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _config(shape: Any, options: Mapping[str, Any], where: str) -> Any:
    """A configuration from a mapping, as a recipe has it."""
    if not isinstance(options, Mapping):
        raise ConfigError(f"{where}: {options!r} isn't a mapping of options; give name: value pairs")
    known = {item.name for item in fields(shape)}
    hints = get_type_hints(shape)
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in known:
            raise ConfigError(f"{where}: no option {name!r}; it has {', '.join(sorted(known))}{nearest(name, known)}")
        values[name] = _value(hints[name], value, f"{where}: {name}")
    return shape(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint):
        return value if isinstance(value, hint) else _config(hint, value, where)  # type: ignore[arg-type]  # a class, not an instance
    if isinstance(value, list):
        return tuple(value)
    wanted = {int: (int,), float: (int, float), str: (str,)}.get(hint, (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint in (int, float)):
        raise ConfigError(f"{where}: {value!r} is not of type {hint.__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several objectives of one architecture, each document going to one by chance."""

    weights: Mapping[str, float]
    """Name to weight, in any unit."""

    def __post_init__(self) -> None:
        """Check the values."""
        for name, weight in self.weights.items():
            if name not in OBJECTIVES:
                raise ConfigError(f"objective {name!r}: expected one of {', '.join(OBJECTIVES)}{nearest(name, OBJECTIVES)}")
            if not weight > 0:
                raise ConfigError(f"objective {name}: weight {weight} is not above zero; leave the objective out")
        if not self.weights:
            raise ConfigError(f"a mixture of no objectives; give one of {', '.join(OBJECTIVES)} or several")

    def make(self, options: Mapping[str, Mapping[str, Any]], specials: Specials, tables: NoiseTables | None = None) -> Objective:
        """The mixture as an objective, or the only one itself.

        Args:
            options: objective to its options; one that isn't there has its defaults.
            specials: ids of the task format.
            tables: for those in `NEEDS_TABLES`.

        Raises:
            ConfigError: the objectives don't go together, or options belong to none.
        """
        if spare := sorted(set(options) - set(self.weights)):
            raise ConfigError(f"options of {', '.join(spare)}: not in the mixture of {', '.join(self.weights)}")
        made = {name: make(name, options.get(name, {}), specials, tables) for name in self.weights}
        if len(made) == 1:
            return next(iter(made.values()))
        return Mixed([(objective, self.weights[name]) for name, objective in made.items()])


class Mixed(Objective):
    """Objectives of one architecture, drawn for each document by their weights."""

    def __init__(self, parts: list[tuple[Objective, float]]) -> None:
        architectures = sorted({part.architecture for part, _ in parts})
        if len(architectures) > 1:
            raise ConfigError(f"a mixture of objectives for {' and '.join(architectures)}; give objectives for one of them")
        if any(part.cycle for part, _ in parts):
            raise ConfigError("backtranslate takes turns with denoising by itself; give it alone")
        self.architecture, self.parts, self.specials = parts[0][0].architecture, parts, parts[0][0].specials

    def rows(self, document: Document, rng: np.random.Generator) -> Iterator[AnyRow]:
        """The rows of the objective drawn."""
        total = sum(weight for _, weight in self.parts)
        drawn = rng.choice(len(self.parts), p=[weight / total for _, weight in self.parts])
        return self.parts[int(drawn)][0].rows(document, rng)

    @property
    def turns(self) -> tuple[float, ...]:
        """Those of all parts."""
        return tuple(sorted({turn for part, _ in self.parts for turn in part.turns}))

    def at(self, progress: float) -> Mixed:
        """The parts of that time."""
        return Mixed([(part.at(progress), weight) for part, weight in self.parts])
