"""The verifier as mutual supervision and reinforcement use it, and what the rounds ask of a translation beyond it.

The gate of the rounds is that of pairs from real code: enough valid tests, which run most of the source's lines, and a target that was run and not only compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from hpcraft.data.honest import Honest, Honesty
from hpcraft.data.target_models import SOURCE_ONLY
from hpcraft.data.verify import cuda_level, has_tools, lacks_tool, verify
from hpcraft.errors import MachineError
from hpcraft.verification import Candidate, Finding, Verifier

_MUTANTS = 6
"""Faulty versions of each side, as for pairs."""
FEW_TESTS, NOT_RUN = "few-tests", "not-run"
_INSTALL = {"cuda": "apt-get install g++", "race": "apt-get install clang-19 libomp-19-dev libclang-rt-19-dev"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What is asked of a translation before it is accepted."""

    mutants: bool = True
    """Whether tests are tried on faulty versions."""
    run: bool = True
    """Whether it is run; else it only has to build with the right entry point."""
    min_tests: int = 0
    min_coverage: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """The verifier as it is used in three places."""

    loop: Verifier
    """Decides what is let in."""
    plain: Verifier
    """Only runs both sides on the tests, without faulty versions, of sources that were proved on them."""
    full: Verifier
    """Tries the tests on faulty versions, whatever is let in."""

    @classmethod
    def seeded(
        cls, verifier: Verifier | None, seed: int, *, gate: Gate | None = None, honesty: Honesty | None = None, race: bool = True
    ) -> Judges:
        """The verifier with array contents by the seed that pairs and functions were proved with, so that what was valid then is so now.

        Args:
            verifier: in all three places, where one is given.
            seed: of array contents.
            gate: what ``loop`` asks; None for what the verifier asks by itself.
            honesty: looks at code before it is run; None leaves that to the verifier.
            race: whether OpenMP is run under the race detector.
        """

        def judge(*, mutants: bool, min_coverage: float = 0.0, run: bool = True, every: bool = False, proved: bool = False) -> Verifier:
            ours = partial(
                verify,
                seed=seed,
                race=race,
                num_mutants=_MUTANTS if mutants else 0,
                min_coverage=min_coverage,
                run_targets=run,
                every_test=every,
                proved=proved,
            )
            return Honest(verifier or ours, honesty) if honesty else verifier or ours

        loop = full = judge(mutants=True)
        if gate is not None:
            loop = Gated(judge(mutants=gate.mutants, min_coverage=gate.min_coverage, every=True), gate.min_tests)
            loop = loop if gate.run else BuiltOnly(loop, judge(mutants=False, run=False))
        return cls(loop=loop, plain=judge(mutants=False, proved=True), full=full)


class Gated:
    """A verifier that also refuses what was tried on too few tests (``few-tests``), or never run (``not-run``)."""

    def __init__(self, verifier: Verifier, min_tests: int) -> None:
        """Ask for more than the verifier does."""
        self._verifier, self._min_tests = verifier, min_tests

    def __call__(self, candidates: Iterable[Candidate]) -> Iterator[Finding]:
        """Verify candidates, and look at what the verifier accepted once more."""
        for finding in self._verifier(candidates):
            reason = self._why_not(finding) if finding.accepted else ""
            yield replace(finding, accepted=False, reason=reason) if reason else finding

    def _why_not(self, finding: Finding) -> str:
        if finding.level == "compile":
            return NOT_RUN
        return FEW_TESTS if len(finding.valid_tests) < self._min_tests else ""


class BuiltOnly:
    """A verifier that takes translations as they build, and looks at tests as another does."""

    def __init__(self, tests: Verifier, builds: Verifier) -> None:
        """Share the candidates between two verifiers."""
        self._tests, self._builds = tests, builds

    def __call__(self, candidates: Iterable[Candidate]) -> Iterator[Finding]:
        """The findings in the order of the candidates."""
        made = list(candidates)
        alone = [c for c in made if c.target_model == SOURCE_ONLY]
        translated = [c for c in made if c.target_model != SOURCE_ONLY]
        found = {f.candidate_id: f for f in (*self._tests(alone), *self._builds(translated))}
        yield from (found[c.candidate_id] for c in made)


# ---------------------------------------------------------------- the machine


class Machine(NamedTuple):
    """What this machine can judge."""

    targets: tuple[str, ...]
    race: bool
    """Whether it has the race detector."""
    notes: list[str]
    """What is left out."""


def machine(targets: Sequence[str], stage: str) -> Machine:
    """The targets that this machine can run, and whether it can look for races in OpenMP.

    Raises:
        MachineError: no compiler, no sandbox, or no target left.
    """
    if missing := has_tools("openmp"):
        raise MachineError(missing)
    kept, notes = [], []
    for target in targets:
        missing = has_tools(target) or ("nothing here emulates it" if target == "cuda" and cuda_level() == "compile" else "")
        if missing:
            notes.append(
                f"{stage}: {target} was left out, because nothing here runs it: {missing}; {_INSTALL.get(target, 'run hpcraft doctor')}"
            )
        else:
            kept.append(target)
    if not kept:
        raise MachineError(f"none of the targets {', '.join(targets)} can be run here; {'; '.join(notes)}; or add openmp")
    missing = has_tools("openmp", race=True) if "openmp" in kept else ""
    if missing:
        notes.append(f"{stage}: OpenMP was not checked for races: {missing}; {_INSTALL['race']}")
    return Machine(tuple(kept), not missing, notes)


def tools_here(targets: Sequence[str]) -> dict[str, str]:
    """Which of the tools that may be missing are here, so that the stage is run again when one is installed."""
    lacks = {"race": lacks_tool("openmp", race=True)} if "openmp" in targets else {}
    for target in targets:
        lacks[target] = lacks_tool(target) or ("it compiles" if target == "cuda" and cuda_level() == "compile" else "")
    return {name: "missing" if why else "here" for name, why in lacks.items()}
