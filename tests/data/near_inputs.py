"""Real programs and variants of them, and collections of made-up feature sets, for the tests of near duplicates and leaks."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpcraft.data.comments import blank_c
from hpcraft.data.near import Collection, write_features
from hpcraft.data.shingles import Features, Traits, features, jaccard

PROGRAMS = sorted((Path(__file__).parents[1] / "sandbox" / "cuda" / "programs").glob("*.cu"))


@cache
def programs() -> tuple[str, ...]:
    """Real files that are unlike one another, more or less."""
    return tuple(path.read_text() for path in PROGRAMS)


def of_text(text: str) -> Features:
    """Features as ``prepare`` makes them."""
    return features("cuda", blank_c(text))


def edited(text: str, rng: random.Random, share: float) -> str:
    """A share of the lines replaced by lines of other programs."""
    lines = text.splitlines()
    for at in rng.sample(range(len(lines)), round(share * len(lines))):
        lines[at] = rng.choice(rng.choice(programs()).splitlines())
    return "\n".join(lines)


def renamed(text: str, prefix: str) -> str:
    """Other names for all variables that are declared with a plain type."""
    names = sorted(set(re.findall(r"\b(?:int|float|double|size_t|char)\s+\**((?!__)\w+)\b(?!\s*\()", blank_c(text))))
    numbers = {name: f"{prefix}{number}" for number, name in enumerate(names)}
    return re.sub(r"[A-Za-z_]\w*", lambda found: numbers.get(found[0], found[0]), text)


def family(seed: int) -> list[Features]:
    """Programs with variants of 5 to 40 % edited lines, in a random order."""
    rng = random.Random(seed)
    texts = [
        variant for text in rng.sample(programs(), 30) for variant in (text, *(edited(text, rng, rng.uniform(0.05, 0.4)) for _ in range(2)))
    ]
    rng.shuffle(texts)
    return [of_text(text) for text in texts]


def made_up(rng: random.Random, count: int) -> list[Features]:
    """Sets of numbers in families of all similarities, empty and tiny ones among them."""
    sets: list[set[int]] = [set(), set(), {7}, {7}, {7, 8}]
    while len(sets) < count:
        start = rng.choice(sets)
        keep = {number for number in start if rng.random() < rng.choice((0.7, 0.9, 1.0))}
        sets.append(keep | {rng.randrange(2**32) for _ in range(rng.choice((0, 1, 3, 10, 30)))})
    return [np.array(sorted(numbers), np.uint32) for numbers in sets]


def collection(folder: Path, sets: Sequence[Features], parts: int = 2, names: Sequence[Features] = ()) -> Collection:
    """Feature sets, without names unless they are given, in so many files."""
    traits = [Traits(features, names[number] if names else np.zeros(0, np.uint32)) for number, features in enumerate(sets)]
    bounds = [len(sets) * part // parts for part in range(parts + 1)]
    folders = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        below = folder / f"part-{number}"
        below.mkdir(parents=True)
        write_features(below, traits[start:end])
        folders.append(below)
    return Collection(folders)


def pairs_alike(sets: Sequence[Features], threshold: float) -> dict[tuple[int, int], float]:
    """All pairs of sets that aren't empty and as alike as the threshold, by comparing everything."""
    found = {}
    for one, other in combinations(range(len(sets)), 2):
        similarity = jaccard(sets[one], sets[other]) if len(sets[one]) and len(sets[other]) else 0.0
        if similarity >= threshold:
            found[one, other] = similarity
    return found


def all_alive(documents: Collection) -> NDArray[np.bool_]:
    """Every document takes part."""
    return np.ones(len(documents), np.bool_)
