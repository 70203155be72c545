"""What crosses between those who want translations checked by running and those who check them, and the Protocols of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MIN_TESTS = 3
"""Valid tests below which nothing is shown: rounds accept nothing then, and a translation stays a guess; pairs ask for as many."""
MIN_COVERAGE = 0.8
"""Share of the source's lines that they run, likewise, as for pairs from real code."""
MIN_KILLED = 0.5
"""Share of faulty versions that tests must tell from the function, as for pairs; a translation stays a guess below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A translation to be checked against its source by running both."""

    candidate_id: str
    signature: str
    source: str
    target: str
    target_model: str
    """A key of `hpcraft.data.target_models.TARGET_MODELS`, such as ``openmp``, ``serial`` for sequential C; empty to have only the source and its tests checked."""
    tests: tuple[str, ...]
    source_model: str = "serial"
    """What the source is written in: ``serial``, ``openmp`` or ``cuda``; what it leaves behind is what is expected of the target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the verifier found about one candidate."""

    candidate_id: str
    accepted: bool
    reason: str
    """Empty when accepted, else a short stable key such as ``target:compile_error`` or ``differs``."""
    level: str
    valid_tests: tuple[str, ...]
    """The tests that the source itself passes cleanly; the others were dropped."""
    killing_tests: tuple[str, ...]
    """Those of ``valid_tests`` that kill at least one mutant of the source."""
    outputs: tuple[str, ...] = ()
    """What the source left behind on each of ``valid_tests``, as `hpcraft.data.recorded` writes it."""
    seed: int = 0
    """Of the contents of the tests' arrays, as `hpcraft.data.recorded` draws them."""
    coverage: float = 0.0
    """Share of the source's executable lines that ``valid_tests`` run; 0 where it wasn't looked at."""
    tests_passed: int = 0
    """Of the tests that the target was tried on, those that it passed; one that fails a test isn't tried on all of ``valid_tests``."""
    failed_tests: tuple[str, ...] = ()
    """Of ``valid_tests``, those that the target is known to fail; for the same reason there may be more."""
    mutants_killed: int
    mutants_total: int
    target_mutants_killed: int = 0
    """Of faulty versions of the target; none are made of one that was only compiled."""
    target_mutants_total: int = 0
    log: str


class Verifier(Protocol):
    """Checks candidates by execution; findings come back in the order of the candidates.

    Mutual supervision takes it as an argument, so that ``train`` needs no sandbox of its own.
    """

    def __call__(self, candidates: Iterable[Candidate]) -> Iterator[Finding]:
        """Verify every candidate; an infrastructure failure raises `hpcraft.errors.MachineError`."""
        ...


class LikenessMeasure(Protocol):
    """Says how like gold texts answers are, by name of the figure, each from 0 to 1.

    Mutual supervision takes it as an argument too, because ``train`` doesn't know ``eval``.
    """

    def __call__(self, golds: Sequence[str], answers: Sequence[str], language: str) -> Mapping[str, float]:
        """Compare answers with the gold texts in their order, all in one language."""
        ...
