"""Is a text of a benchmark in a document, or is a function one of a benchmark's? The index, and both questions.

**n-grams.** Every benchmark text is cut into runs of ``ngram`` lexemes (`hpcraft.data.code_tokens`: names and literals as they are, no
comments, no layout); a prompt also into runs of the words of its comments. A document is contaminated by a text when it holds at least
``share`` of the text's distinct runs, close together: within twice the length of the text, so that a large file doesn't gather them
one by one. A text with fewer than ``whole_below`` runs must be there whole. Runs that stand in a good part of all code
(``trivial_ngrams.txt``: loop heads and the like) count for nothing.

**Trees.** Functions of a benchmark are indexed by the hash of their normalised syntax tree (`hpcraft.data.tree_hash`), which finds them
after renaming too. Functions of fewer than ``min_tree_words`` lexemes aren't indexed: a getter has the tree of every other getter.

What follows from a hit. An n-gram hit names a copy: the whole document is left out. A tree hit of a function of fewer than
``whole_tree_words`` lexemes is left out as a unit alone: an ``axpy`` has the same tree wherever it was written, and a linear algebra library
isn't a copy of a benchmark for having one. A longer function of the same tree is no coincidence, and takes the document along.

Not covered: translations into another language, and solutions that were rewritten statement by statement.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from hpcraft.data.benchmark_trees import LANGUAGES, function_trees
from hpcraft.data.code_tokens import plain_words, split
from hpcraft.data.ngrams import gather, one_hash, run_hashes, whole_runs, word_values
from hpcraft.errors import ConfigError, InputError
from hpcraft.records import BenchmarkText
from hpcraft.store import atomic_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Indexes = NDArray[np.int64]

_PROSE = "\0"
"""In front of a word of a comment, so that it is another word than the same one in code."""
_TRIVIAL = Path(__file__).with_name("trivial_ngrams.txt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """When a text counts as found."""

    ngram: int = 12
    """Lexemes in a run."""
    share: float = 0.5
    """Share of a text's runs that a document must hold."""
    whole_below: int = 16
    """A text of fewer runs must be there whole."""
    min_tree_words: int = 30
    """Functions of fewer lexemes aren't looked for by their tree."""
    whole_tree_words: int = 120
    """A function of this many lexemes that is found by its tree takes its document along."""

    def __post_init__(self) -> None:
        """Refuse values that can't be meant."""
        if not 0 < self.share <= 1:
            raise ConfigError(f"the share of a benchmark text's n-grams must be above 0 and at most 1 (got {self.share})")
        for name in ("ngram", "whole_below", "min_tree_words", "whole_tree_words"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more (got {getattr(self, name)})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Which text of which benchmark was found, and how."""

    suite: str
    task_id: str
    kind: str
    how: str
    share: float
    whole: bool
    """Whether the whole document is to be left out, not the function alone."""


@dataclass(frozen=True, slots=True)
class _Name:
    """Whose text it is."""

    suite: str
    task_id: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Benchmarks:
    """The index over all benchmark texts; small, picklable, and one file on disk."""

    rules: Rules
    names: tuple[_Name, ...]
    vocabulary: tuple[str, ...]
    """Every word of the texts; no run with another word can be one of theirs."""
    grams: Hashes
    """Hashes of all runs, sorted."""
    starts: Indexes
    """Where the texts of each run begin in ``texts``."""
    texts: Indexes
    """Which texts a run belongs to."""
    num_grams: Indexes
    """Distinct runs of each text."""
    num_words: Indexes
    trees: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Hash of a function's tree to its text, and whether it takes the document along."""
    too_short: tuple[str, ...] = ()
    """Task ids of texts in which no run was left to look for."""

    @classmethod
    def build(cls, texts: Iterable[BenchmarkText], rules: Rules | None = None) -> Benchmarks:
        """The index of ``texts``; equal texts give one index in any order of the input."""
        rules = rules or Rules()
        builder = _Builder(rules)
        for text in sorted(set(texts), key=lambda t: (t.suite, t.task_id, t.kind, t.language, t.text)):
            builder.add(text)
        return builder.finished()

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vocabulary, 1)}

    @functools.cached_property
    def _values(self) -> Hashes:
        return word_values(self.vocabulary)

    @functools.cached_property
    def _holders(self) -> Indexes:
        """The run that each entry of ``texts`` belongs to."""
        import numpy as np

        return np.repeat(np.arange(len(self.grams)), np.diff(self.starts))

    @functools.cached_property
    def _prose(self) -> dict[str, int]:
        """The words of comments, without their mark."""
        return {word[1:]: number for word, number in self._numbers.items() if word.startswith(_PROSE)}

    def hits(self, language: str, text: str) -> Hit | None:
        """The text that a document holds the most of, by n-grams; None when it holds enough of none."""
        if not len(self.grams):
            return None
        code, comments = split(language, text)
        places = [self._places(self._numbers, code)]
        if self._prose:
            places.append(self._places(self._prose, plain_words("\n".join(comments))))
        return self._best(places)

    def tree_hit(self, tree_sha256: str) -> Hit | None:
        """The function of a benchmark that has this tree."""
        found = self.trees.get(tree_sha256)
        return None if found is None else self._hit(found[0], "tree", 1.0, whole=found[1])

    def _places(self, table: dict[str, int], words: Sequence[str]) -> tuple[Indexes, Indexes]:
        """Positions at which a run of the index begins, and the number of each run."""
        import numpy as np

        n = self.rules.ngram
        numbers = np.fromiter(map(table.get, words, repeat(0)), dtype=np.int64, count=len(words))
        positions = whole_runs(numbers, n)
        if not len(positions):
            return positions, positions
        hashes = run_hashes(self._values[numbers], positions, n)
        at = np.minimum(np.searchsorted(self.grams, hashes), len(self.grams) - 1)
        known = self.grams[at] == hashes
        return positions[known], at[known].astype(np.int64)

    def _best(self, places: list[tuple[Indexes, Indexes]]) -> Hit | None:
        """The text with the largest share of its runs in one place of the document."""
        import numpy as np

        runs = np.unique(np.concatenate([numbers for _, numbers in places]))
        if not len(runs):
            return None
        counts = np.bincount(gather(self.starts, self.texts, runs), minlength=len(self.names))
        wanted = np.maximum(np.ceil(self.rules.share * self.num_grams), 1)
        wanted = np.where(self.num_grams < self.rules.whole_below, self.num_grams, wanted)
        candidates = np.flatnonzero((counts >= wanted) & (self.num_grams > 0))
        most = counts[candidates] / self.num_grams[candidates]
        best, best_share = -1, 0.0
        for place in np.argsort(-most, kind="stable"):
            if most[place] <= best_share:  # no other can be found more wholly
                break
            text = int(candidates[place])
            near = sum(self._near(positions, numbers, text) for positions, numbers in places)
            if near >= wanted[text] and near / self.num_grams[text] > best_share:
                best, best_share = text, near / int(self.num_grams[text])
        return None if best < 0 else self._hit(best, "ngram", round(best_share, 4), whole=True)

    def _near(self, positions: Indexes, numbers: Indexes, text: int) -> int:
        """The most distinct runs of a text that stand within twice its length."""
        import numpy as np

        own = np.isin(numbers, self._holders[self.texts == text])
        positions, numbers = positions[own], numbers[own]
        reach, most, first = 2 * int(self.num_words[text]), 0, 0
        inside: defaultdict[int, int] = defaultdict(int)
        for position, number in zip(positions.tolist(), numbers.tolist(), strict=True):
            inside[number] += 1
            while positions[first] < position - reach:
                gone = int(numbers[first])
                inside[gone] -= 1
                if not inside[gone]:
                    del inside[gone]
                first += 1
            most = max(most, len(inside))
        return most

    def _hit(self, text: int, how: str, share: float, *, whole: bool) -> Hit:
        name = self.names[text]
        return Hit(suite=name.suite, task_id=name.task_id, kind=name.kind, how=how, share=share, whole=whole)

    def save(self, path: Path) -> None:
        """Write the index to one ``.npz`` file."""
        import numpy as np

        words = {
            "rules": asdict(self.rules),
            "names": [[n.suite, n.task_id, n.kind] for n in self.names],
            "vocabulary": self.vocabulary,
            "trees": {tree: list(found) for tree, found in sorted(self.trees.items())},
            "too_short": self.too_short,
        }
        with atomic_file(path) as file:
            np.savez(
                file,
                words=np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
                grams=self.grams,
                starts=self.starts,
                texts=self.texts,
                num_grams=self.num_grams,
                num_words=self.num_words,
            )

    @classmethod
    def load(cls, path: Path) -> Benchmarks:
        """Read what `save` wrote.

        Raises:
            InputError: the file is missing or isn't an index.
        """
        import numpy as np

        try:
            with np.load(path, allow_pickle=False) as file:
                arrays: dict[str, Any] = {name: file[name] for name in ("grams", "starts", "texts", "num_grams", "num_words")}
                words = json.loads(file["words"].tobytes())
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(f"{path}: not an index of benchmarks ({error}); make it again") from None
        return cls(
            rules=Rules(**words["rules"]),
            names=tuple(_Name(*name) for name in words["names"]),
            vocabulary=tuple(words["vocabulary"]),
            trees={tree: (int(text), bool(whole)) for tree, (text, whole) in words["trees"].items()},
            too_short=tuple(words["too_short"]),
            **arrays,
        )


@functools.lru_cache(maxsize=2)
def load_index(path: str) -> Benchmarks:
    """`Benchmarks.load`, once in each worker process."""
    return Benchmarks.load(Path(path))


class _Builder:
    """Gathers the texts of an index."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.names: list[_Name] = []
        self.num_words: list[int] = []
        self.runs: list[set[tuple[str, ...]]] = []
        self.trees: dict[str, tuple[int, bool]] = {}
        self.trivial = trivial_runs() if rules.ngram == Rules().ngram else frozenset()

    def add(self, text: BenchmarkText) -> None:
        """Index one text by its runs and by its functions."""
        streams = _streams(text)
        n = self.rules.ngram
        runs = {tuple(words[i : i + n]) for words in streams for i in range(len(words) - n + 1)}
        number = len(self.names)
        self.names.append(_Name(text.suite, text.task_id, text.kind))
        self.num_words.append(max(map(len, streams)))
        self.runs.append(runs - self.trivial)
        if text.kind in ("reference", "source") and text.language in LANGUAGES:
            for tree, words in function_trees(text.language, text.text):
                if words >= self.rules.min_tree_words:
                    self.trees.setdefault(tree, (number, words >= self.rules.whole_tree_words))

    def finished(self) -> Benchmarks:
        """The index as sorted arrays."""
        import numpy as np

        vocabulary = tuple(sorted({word for runs in self.runs for run in runs for word in run}))
        values = dict(zip(vocabulary, word_values(vocabulary)[1:].tolist(), strict=True))
        holders: defaultdict[int, set[int]] = defaultdict(set)
        for number, runs in enumerate(self.runs):
            for run in runs:
                holders[one_hash([values[word] for word in run])].add(number)
        grams = sorted(holders)
        return Benchmarks(
            rules=self.rules,
            names=tuple(self.names),
            vocabulary=vocabulary,
            grams=np.array(grams, dtype=np.uint64),
            starts=np.cumsum([0, *(len(holders[gram]) for gram in grams)], dtype=np.int64),
            texts=np.array([text for gram in grams for text in sorted(holders[gram])], dtype=np.int64),
            num_grams=np.array([len(runs) for runs in self.runs], dtype=np.int64),
            num_words=np.array(self.num_words, dtype=np.int64),
            trees=self.trees,
            too_short=tuple(sorted({name.task_id for name, runs in zip(self.names, self.runs, strict=True) if not runs})),
        )


@functools.cache
def trivial_runs() -> frozenset[tuple[str, ...]]:
    """Runs of 12 lexemes that stand in so much code that they prove nothing; one a line in the file beside this module."""
    lines = _TRIVIAL.read_text(encoding="utf-8").splitlines()
    return frozenset(tuple(line.split(" ")) for line in lines if line and not line.startswith("//"))


def _streams(text: BenchmarkText) -> list[list[str]]:
    """The words of a text: its code, and for a prompt the words around the code."""
    if text.language not in LANGUAGES:
        return [[_PROSE + word for word in plain_words(text.text)]]
    code, comments = split(text.language, text.text)
    return [code, [_PROSE + word for word in plain_words("\n".join(comments))]] if text.kind == "prompt" else [code]
