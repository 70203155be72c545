"""What is counted of materials and their pairs as they go by in the stage ``pairs``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hpcraft.data.material import Material
from hpcraft.records import Pair


@dataclass(kw_only=True, slots=True)
class Tally:
    """The counts so far."""

    each_cuda: bool
    """Whether each CUDA version of a source is a pair."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Origin, target model and reason to refusals."""
    kernels: Counter[str] = field(default_factory=Counter)
    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Materials by origin and target model."""
    proved: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    """Pairs by origin, target model and split."""
    mutants: Counter[str] = field(default_factory=Counter)
    target_mutants: Counter[str] = field(default_factory=Counter)
    coverage: float = 0.0
    num_pairs: int = 0

    def add(self, material: Material, pairs: list[Pair]) -> None:
        """Count one material with its pairs."""
        self.kernels[material.origin] += 1
        # Of OpenMP versions the first right one is a pair, of CUDA versions for several kinds of launch each.
        self.tried.update((material.origin, model) for model in (_models(material) if self.each_cuda else {m for m, _ in material.targets}))
        for pair in pairs:
            by_split = self.proved.setdefault(pair.origin, {}).setdefault(pair.target_model, {})
            by_split[pair.split] = by_split.get(pair.split, 0) + 1
            self.mutants.update(killed=pair.mutants_killed, total=pair.mutants_total)
            self.target_mutants.update(killed=pair.target_mutants_killed, total=pair.target_mutants_total)
            self.coverage += pair.coverage
            self.num_pairs += 1

    def metrics(self) -> dict[str, object]:
        """As the stage's docstring has them."""
        rates: dict[str, dict[str, dict[str, int]]] = {}
        for origin, model in sorted(self.tried):
            proved = sum(self.proved.get(origin, {}).get(model, {}).values())
            rates.setdefault(origin, {})[model] = {"tried": self.tried[origin, model], "proved": proved}
        return {
            "pairs": self.proved,
            "kernels": dict(self.kernels),
            "rates": rates,
            "mutants": {"killed": self.mutants["killed"], "total": self.mutants["total"]},
            "target_mutants": {"killed": self.target_mutants["killed"], "total": self.target_mutants["total"]},
            "coverage": round(self.coverage / self.num_pairs, 4) if self.num_pairs else None,
        }


def _models(material: Material) -> list[str]:
    models = [model for model, _ in material.targets]
    return [model for at, model in enumerate(models) if model == "cuda" or model not in models[:at]]
