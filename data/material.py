"""What pairs are made of, before anything is run: kernels of the grammar and loops of real code, each source once.

A source is left out when its normalised text (layout, names, numbers and widths of types taken away) or its normalised tree was there before, so
splits share none, and when a function of it or of its versions has the normalised text or the tree of a benchmark's function, however short, or holds a
benchmark's text.
Mined sources come first, in the order of the corpus. Everything here follows from the inputs and the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias

from hpcraft import __version__
from hpcraft.data.benchmark_trees import C_FAMILY, function_texts
from hpcraft.data.decontaminate import Benchmarks, Rules
from hpcraft.data.extents import Extent
from hpcraft.data.grammar import draw, family_split
from hpcraft.data.outline import Outlined, outline
from hpcraft.data.parallelise import cuda_versions, openmp_versions
from hpcraft.data.target_models import SERIAL, TARGET_MODELS
from hpcraft.data.tester import choose, propose
from hpcraft.data.tree_hash import tree_hash
from hpcraft.data.trees import normalised
from hpcraft.data.typedefs import Dialect
from hpcraft.errors import InputError
from hpcraft.records import BenchmarkText, CodeUnit, PairOrigin
from hpcraft.sandbox.abi import Signature
from hpcraft.shards import read_rows
from hpcraft.tokenizer.prompt import BACK

MADE_TESTS = 12
"""Tests that judge the targets of a made kernel; fewer stay with a pair. With five, one fault in thirty of a launch's shape passed."""
_MOST_DRAWS = 10
"""For each kernel that is wanted: many are drawn twice, and to MPI alone few can be brought."""
_DIGEST_BYTES = 16
"""Of a billion sources two share one with a chance below one in 10^20."""


Launches: TypeAlias = tuple[bool, ...]
"""For each CUDA version of a source whether it must be right under any launch, as in `hpcraft.data.grammar.draw`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """A sequential function, its tests, and versions to try for each target model; or a function that is set aside without a translation."""

    origin: PairOrigin
    family: str
    signature: str
    source: str
    model: str = "serial"
    """What ``source`` is written in: another model than sequential C only where it is set aside."""
    targets: tuple[tuple[str, str], ...]
    """Target model and code; several for one model are tried in this order and the first right one is taken, of CUDA for any launch and for its own both."""
    groups: tuple[tuple[str, ...], ...]
    """Proposed tests; of a group whose tests have the same scalars at most one is valid, where there are any."""
    package: str
    version: str
    path: str
    sha256: str = ""
    licence: str
    licence_evidence: str = ""
    split: str

    @classmethod
    def of_unit(
        cls,
        origin: PairOrigin,
        unit: CodeUnit,
        signature: str,
        source: str,
        targets: Sequence[tuple[str, str]],
        *,
        seed: int,
        floors: Sequence[tuple[str, Extent]] = (),
    ) -> Material:
        """A source that was made of a unit of the corpus, with its provenance and tests proposed by rule (`hpcraft.data.tester.propose`)."""
        return cls(
            origin=origin,
            family=unit.package,
            signature=signature,
            source=source,
            targets=tuple(targets),
            groups=propose(Signature.parse(signature), source, seed=seed, floors=floors),
            package=unit.package,
            version=unit.version,
            path=unit.path,
            sha256=unit.sha256,
            licence=unit.licence,
            licence_evidence=unit.licence_evidence,
            split=unit.split,
        )

    def set_aside(self, model: str) -> Material:
        """The version in a model, which real code was, without its sequential form; as it is where there is none. Sequential C is the source itself."""
        if model == SERIAL:
            return replace(self, targets=())
        code = next((code for target, code in self.targets if target == model), None)
        return self if code is None else replace(self, source=code, model=model, targets=())

    def share(self, seed: int) -> float:
        """A number from 0 to 1 that a seed draws for its source."""
        return _share(seed, self.source)

    @property
    def tests(self) -> tuple[str, ...]:
        """All proposed tests."""
        return tuple(dict.fromkeys(t for group in self.groups for t in group))

    def chosen(self, valid: tuple[str, ...], killing: tuple[str, ...], count: int) -> tuple[str, ...]:
        """The tests to keep: all valid ones where the verifier was asked for no more than ``count``, so that what it found belongs to them."""
        return choose(self.groups, set(valid), set(killing), count)


@dataclass(kw_only=True, slots=True)
class Known:
    """What no source may be: one that was there before, or a benchmark's."""

    index: Benchmarks | None = None
    in_benchmarks: frozenset[bytes] = frozenset()
    """Digests of the normalised texts of benchmarks' functions in C, C++ and CUDA, which find them with other widths of types, too."""
    seen: set[bytes] = field(default_factory=set)
    """Digests of the normalised texts and trees that were there before."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Origin and reason to the number of sources."""

    @classmethod
    def of(cls, benchmarks: Path | None) -> Known:
        """What is known of benchmarks, from the folder of their stage."""
        if benchmarks is None:
            return cls()
        texts = list(read_rows(benchmarks, "benchmarks", BenchmarkText))
        functions = (f for text in texts if text.language in C_FAMILY for f in function_texts("cuda", text.text))
        return cls(
            index=Benchmarks.build(texts, Rules(min_tree_words=1)), in_benchmarks=frozenset(_digest(normalised(f)) for f in functions)
        )

    def refuse(self, origin: PairOrigin, error: InputError) -> None:
        """Count what can't be a source under the key that begins the words of an error."""
        self.left_out[f"{origin}:source:{str(error).partition(':')[0]}"] += 1

    def is_new(self, origin: PairOrigin, source: str, targets: Iterable[tuple[str, str]]) -> bool:
        """Whether a source with its versions is neither; counted and noted."""
        known_by = {_digest(normalised(source)), _digest(tree(source))}
        if known_by & self.seen:
            self.left_out[f"{origin}:source:seen-before"] += 1
            return False
        self.seen |= known_by
        if self.index is not None and any(self._in_benchmark(model, code) for model, code in (("", source), *targets)):
            self.left_out[f"{origin}:source:benchmark"] += 1
            return False
        return True

    def _in_benchmark(self, model: str, code: str) -> bool:
        assert self.index is not None
        language = TARGET_MODELS[model or SERIAL].language
        found = function_texts(language, code)
        if language in C_FAMILY and any(_digest(normalised(function)) in self.in_benchmarks for function in found):
            return True
        return any(self.index.tree_hit(tree_hash(language, f)) for f in found) or self.index.hits(language, code) is not None


def _share(seed: int, source: str) -> float:
    return int.from_bytes(sha256(f"{seed}/{source}".encode()).digest()[:4], "big") / 2**32


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()[:_DIGEST_BYTES]


def tree(source: str, language: str = "c") -> str:
    """The hash of the normalised tree of a source's functions."""
    return tree_hash(language, "".join(function_texts(language, source)))


def made(
    seed: int, count: int, targets: tuple[str, ...], known: Known, *, launches: Launches = (False,), monolingual_share: float = 0.0
) -> Iterator[Material]:
    """``count`` different kernels of the grammar that can be written in some target, with a CUDA version for each of ``launches``.

    A share of those of the training split is set aside: as C without versions, or as one of its OpenMP and CUDA versions without its C.
    """
    number = found = 0
    while found < count and number < _MOST_DRAWS * count + 100:
        pair = draw(seed, number, num_tests=MADE_TESTS, targets=targets, any_launch=launches[0])
        versions = [(model, pair.targets[model]) for model in targets if model in pair.targets]
        if "cuda" in targets:
            more = [
                draw(seed, number, num_tests=MADE_TESTS, targets=("cuda",), any_launch=launch).targets["cuda"] for launch in launches[1:]
            ]
            versions += [("cuda", code) for code in dict.fromkeys(more) if code != pair.targets["cuda"]]
        number += 1
        if not versions or not known.is_new("made", pair.source, versions):
            continue
        found += 1
        split = family_split(pair.family)
        aside = split == "train" and _share(seed, pair.source) < monolingual_share
        whole = Material(
            origin="made",
            family=pair.family,
            signature=pair.signature,
            source=pair.source,
            targets=tuple(versions),
            groups=tuple((test,) for test in pair.tests),
            package="hpcraft",
            version=__version__,
            path="data/grammar.py",
            licence="Apache-2.0",
            split=split,
        )
        yield whole.set_aside(_as_what(seed, whole)) if aside else whole


def _as_what(seed: int, whole: Material) -> str:
    """What a kernel is set aside as: C, or one of the models that are translated back to it, as often each."""
    models = [SERIAL, *(model for model in BACK if any(model == target for target, _ in whole.targets))]
    return models[int(_share(seed, f"as what: {whole.source}") * len(models))]


def mined(
    corpus: Path,
    seed: int,
    limit: int,
    targets: tuple[str, ...],
    known: Known,
    *,
    dialects: Mapping[str, Dialect],
    monolingual_share: float,
    launches: Launches = (False,),
) -> Iterator[Material]:
    """At most ``limit`` loops of the corpus's C functions, the held-out ones first, then by hash; some of the training split are set aside without targets."""
    found: list[_Found] = []
    number = 0
    for unit in read_rows(corpus, "functions", CodeUnit):
        if unit.language == "c" and "for" in unit.text and "[" in unit.text:
            for loop in outline(unit.text, dialects.get(unit.package, Dialect())):
                if known.is_new("mined", loop.code(), chain(_parallel(loop), (("cuda", c) for c in cuda_versions(loop, seed, launches)))):
                    key = sha256(f"{seed}/{loop.code()}".encode()).hexdigest()
                    found.append(_Found(_rank(unit.split), key, number, loop, unit))
                    number += 1
            if len(found) > 2 * limit:
                found = _first(found, limit)
    for one in sorted(_first(found, limit), key=lambda f: f.number):
        yield _mined(one.loop, one.unit, seed, targets, monolingual_share, launches=launches)


class _Found(NamedTuple):
    """A loop of the corpus."""

    rank: bool
    key: str
    number: int
    loop: Outlined
    unit: CodeUnit


def _first(found: list[_Found], limit: int) -> list[_Found]:
    """Those that come before the others by rank and hash."""
    return sorted(found, key=lambda f: (f.rank, f.key))[:limit]


def _rank(split: str) -> bool:
    """Held-out loops are few, so they come before the limit cuts."""
    return split == "train"


def _mined(
    loop: Outlined, unit: CodeUnit, seed: int, targets: tuple[str, ...], monolingual_share: float, *, launches: tuple[bool, ...]
) -> Material:
    source = loop.code()
    set_aside = unit.split == "train" and _share(seed, source) < monolingual_share
    versions: list[tuple[str, str]] = []
    if "openmp" in targets and not set_aside:
        versions += [("openmp", loop.code(pragma=directive)) for directive in openmp_versions(loop)]
    if "cuda" in targets and not set_aside:
        versions += [("cuda", code) for code in cuda_versions(loop, seed, launches)]
    return Material.of_unit("mined", unit, loop.signature, source, versions, seed=seed)


def _parallel(loop: Outlined) -> Iterator[tuple[str, str]]:
    return (("openmp", loop.code(pragma=directive)) for directive in openmp_versions(loop))
