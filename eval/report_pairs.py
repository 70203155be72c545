"""What the report says of pairs: counted from the rows of ``pairs`` and ``mutual``, which are few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hpcraft.eval.report_corpus import Rejections, rejections
from hpcraft.eval.report_text import MODELS
from hpcraft.records import REAL_ORIGINS, Pair
from hpcraft.shards import read_rows
from hpcraft.store import read_manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class PairGroup:
    """Pairs of one origin, target and level."""

    origin: str
    target: str
    level: str
    train: int
    valid: int
    test: int
    mutants_killed: int
    mutants_total: int

    @property
    def rows(self) -> int:
        """All splits together."""
        return self.train + self.valid + self.test


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """The verified pairs, and one of them to look at."""

    groups: tuple[PairGroup, ...]
    rejections: Rejections | None
    example: Pair | None

    @property
    def total(self) -> int:
        """All pairs."""
        return sum(g.rows for g in self.groups)


def read_pairs(folders: Iterable[Path]) -> Pairs | None:
    """The pairs in the folders of ``pairs`` and ``mutual``, counted by origin, target and level."""
    sizes: Counter[tuple[str, str, str, str]] = Counter()
    killed: Counter[tuple[str, str, str]] = Counter()
    mutants: Counter[tuple[str, str, str]] = Counter()
    example: Pair | None = None
    dropped: Rejections | None = None
    found = False
    for folder in folders:
        if not any(folder.glob("pairs-*.parquet")):
            continue
        found = True
        dropped = dropped or rejections(read_manifest(folder))
        for pair in read_rows(folder, "pairs", Pair):
            key = (pair.origin, pair.target_model, pair.level)
            sizes[(*key, pair.split)] += 1
            killed[key] += pair.mutants_killed
            mutants[key] += pair.mutants_total
            example = _better_example(example, pair)
    if not found:
        return None
    groups = [
        PairGroup(
            origin=key[0],
            target=MODELS.get(key[1], key[1]),
            level=key[2],
            train=sizes[(*key, "train")],
            valid=sizes[(*key, "valid")],
            test=sizes[(*key, "test")],
            mutants_killed=killed[key],
            mutants_total=mutants[key],
        )
        for key in sorted(killed)
    ]
    return Pairs(groups=tuple(groups), rejections=dropped, example=example)


def _better_example(old: Pair | None, new: Pair) -> Pair:
    """Real code before made code, one that ran before one that was built, then the one nearest to 12 lines, then the id."""

    def rank(pair: Pair) -> tuple[bool, bool, int, str]:
        return (pair.origin not in REAL_ORIGINS, pair.level == "compile", abs(pair.source.count("\n") - 12), pair.pair_id)

    return new if old is None or rank(new) < rank(old) else old
