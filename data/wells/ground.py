"""What wells draw from: the corpus, the names of its packages, what was there before, and how much is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

from tree_sitter import Node

from hpcraft.data.material import Known, Launches, Material
from hpcraft.data.plain_kernel import IndexMacros
from hpcraft.data.trees import parse
from hpcraft.data.typedefs import Dialect
from hpcraft.errors import InputError
from hpcraft.records import CodeUnit, Document, PairOrigin
from hpcraft.shards import read_rows

_C_LIKE = ("c", "cpp", "cuda")


@dataclass(slots=True)
class Names:
    """What packages call things."""

    read: bool = False
    dialects: dict[str, Dialect] = field(default_factory=dict)
    indices: dict[str, IndexMacros] = field(default_factory=dict)

    def dialect(self, package: str) -> Dialect:
        """A package's names of types and constants."""
        return self.dialects.setdefault(package, Dialect())

    def macros(self, package: str) -> IndexMacros:
        """A package's names of indices of threads."""
        return self.indices.setdefault(package, IndexMacros())


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A corpus, and what a stage wants of it."""

    corpus: Path
    """The output folder of ``prepare``."""
    seed: int
    targets: tuple[str, ...]
    """Parallel models to translate to."""
    known: Known
    launches: Launches = (False,)
    """The CUDA versions of a source."""
    monolingual_share: float = 0.0
    """Of the training code, the share that gets no translation."""
    names: Names = field(default_factory=Names)

    def documents(self, *languages: str) -> Iterator[Document]:
        """The documents of some languages, in the order of the corpus."""
        return (d for d in read_rows(self.corpus, "corpus", Document) if d.language in languages)

    def learn(self) -> None:
        """Read what the packages call their types, constants and indices, once."""
        if self.names.read:
            return
        for document in self.documents(*_C_LIKE):
            self.names.dialect(document.package).learn(document.text)
            self.names.macros(document.package).take(document.text)
        self.names.read = True

    def units(self, table: str, grammar: str, accepts: Callable[[CodeUnit], bool]) -> Iterator[tuple[Node, CodeUnit]]:
        """The accepted units of a table of the corpus, each with the tree of its whole document; names are learnt before the first.

        Args:
            table: ``functions`` or ``kernels``.
            grammar: of the trees, ``c`` or ``cuda``; with ``c`` only documents in C are looked at.
            accepts: whether a unit is wanted.
        """
        wanted: dict[str, list[CodeUnit]] = {}
        for unit in read_rows(self.corpus, table, CodeUnit):
            if accepts(unit):
                wanted.setdefault(unit.document_id, []).append(unit)
        if not wanted:
            return
        self.learn()
        for document in self.documents(*(("c",) if grammar == "c" else _C_LIKE)):
            if units := wanted.get(document.document_id):
                root = parse(document.text, grammar)
                yield from ((root, unit) for unit in units)

    def chosen(self, origin: PairOrigin, found: Sequence[Material], limit: int, *, model: str) -> Iterator[Material]:
        """At most ``limit`` of what a well found: the held-out ones first, then by hash, and nothing that was there before.

        What isn't taken isn't remembered, so that another well may take it. Of the training split some are set aside as what they were.

        Args:
            origin: the well.
            found: sequential forms of real code, with that code among the targets.
            limit: of all.
            model: what the real code is written in.
        """
        ranked = sorted(found, key=lambda m: self.rank(m.split, m.source))
        yield from self.first(origin, ranked, limit, model=model)

    def rank(self, split: str, source: str) -> tuple[bool, str]:
        """What comes first: held-out code, then what a hash says."""
        return split == "train", sha256(f"{self.seed}/{source}".encode()).hexdigest()

    def first(self, origin: PairOrigin, ranked: Iterable[Material], limit: int, *, model: str) -> Iterator[Material]:
        """The same of what stands in its order already, which may be made as it is wanted."""
        new = (m for m in ranked if self.known.is_new(origin, m.source, m.targets))
        for one in islice(new, limit):
            aside = one.split == "train" and one.share(self.seed) < self.monolingual_share
            yield one.set_aside(model) if aside else one

    def refuse(self, origin: PairOrigin, error: InputError) -> None:
        """Count a piece of code that can't be a source under the key that begins the words of an error."""
        self.known.refuse(origin, error)
