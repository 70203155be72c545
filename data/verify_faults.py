"""Faulty versions of targets that run: the tests of a source must notice at least so many of them, by results alone.

Faults of C and CUDA stand side by side in one program, one chosen at each call (`hpcraft.data.schemata`); those of Fortran are pieces of their own
(`hpcraft.data.mutants`). MPI is run with three ranks; there a fault may end the program or leave ranks waiting, which is noticed too.

Not covered: faults in directives, many of which change nothing (a private counter of Fortran's is private by itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from hpcraft.data.mutants import faulty_versions
from hpcraft.data.programs import Call, Piece, Program, build
from hpcraft.data.schemata import Schema, schema
from hpcraft.data.target_models import TargetModel
from hpcraft.data.verify_sources import Settings, with_fault, without_marks
from hpcraft.data.verify_targets import RANKS, THREADS, Case

_FLAGS = ("-O0", "-w")
"""Compiling is most of what a short kernel costs."""
_SECONDS = 1
_IN_DIRECTIVES = ("clause", "order")
"""Kinds of faults of `hpcraft.data.mutations_openmp`."""


@dataclass(frozen=True, eq=False, slots=True)
class _Trial:
    """One faulty version in a program."""

    piece: int
    case: Case
    made: Schema | None
    """What the piece is, if that is a schema."""
    fault: int
    """The number of the fault in the schema."""

    def call(self, test: int) -> Call:
        """The call on a test of the source."""
        source = self.case.source
        return with_fault(source, self.piece, self.made, self.fault, test) if self.made else source.call(self.piece, test)


def try_targets(cases: Sequence[Case], settings: Settings) -> None:
    """Try the tests on faulty versions of targets that run, all of one model."""
    if not settings.num_mutants or not cases or cases[0].level == "compile":
        return
    if cases[0].kind.language == "fortran":
        _try_apart(cases, settings)
    else:
        _try_together(cases, settings)
    for case in cases:
        if not settings.enough(case.mutants_killed, case.mutants_total):
            why = f"{case.mutants_killed} of {case.mutants_total} faults of the target noticed"
            case.refuse("target:few-mutants-killed" if case.mutants_killed else "target:no-mutant-killed", why)


def _try_together(cases: Sequence[Case], settings: Settings) -> None:
    kind = cases[0].kind
    made: list[Schema] = []
    for case in cases:
        found = schema(case.candidate.target, case.source.signature, language=kind.language, count=settings.num_mutants, seed=settings.seed)
        assert found is not None, "its entry point was found before"
        made.append(found)
    with _faulty([Piece(signature=m.signature, code=m.code) for m in made], kind) as program:
        whole = [n for n in range(len(made)) if n not in program.refused]
        _notice(program, [_Trial(n, cases[n], made[n], fault) for n in whole for fault in range(1, len(made[n].kinds) + 1)])
    _try_alone([(cases[n], code) for n in program.refused for code in made[n].mutants])


def _try_alone(alone: Sequence[tuple[Case, str]]) -> None:
    """Each faulty version by itself, where they can't stand side by side; one that doesn't build is none."""
    if not alone:
        return
    kind = alone[0][0].kind
    made = [schema(code, case.source.signature, language=kind.language, count=0) for case, code in alone]
    found = [(case, m) for (case, _), m in zip(alone, made, strict=True) if m is not None]
    with _faulty([Piece(signature=m.signature, code=m.code) for _, m in found], kind) as program:
        _notice(program, [_Trial(n, case, m, 1) for n, (case, m) in enumerate(found) if n not in program.refused])


def _try_apart(cases: Sequence[Case], settings: Settings) -> None:
    found: list[tuple[Case, str]] = []
    for case in cases:
        faults = (m for m in faulty_versions(case.candidate.target, "fortran", seed=settings.seed) if m.kind not in _IN_DIRECTIVES)
        found += [(case, fault.code) for fault in islice(faults, settings.num_mutants)]
    with _faulty([Piece(signature=case.source.signature, code=code) for case, code in found], cases[0].kind) as program:
        _notice(program, [_Trial(n, case, None, 0) for n, (case, _) in enumerate(found) if n not in program.refused])


def _faulty(pieces: Sequence[Piece], kind: TargetModel) -> Program:
    return build(pieces, language=kind.language, model=kind.model, flags=_FLAGS, cuda="emulate" if kind.model == "cuda" else "auto")


def _notice(program: Program, trials: Sequence[_Trial]) -> None:
    """Count the faults that tests notice, the heaviest test first; what it notices is not called again."""
    left = list(trials)
    for part in (slice(1), slice(1, None)):
        index = [
            (trial, test) for trial in left for test in [t for t in trial.case.source.heaviest() if t in trial.case.source.staying][part]
        ]
        results = program.call([trial.call(test) for trial, test in index], threads=THREADS[1], ranks=RANKS[-1], seconds=_SECONDS)
        noticed = {
            trial
            for at, (trial, test) in enumerate(index)
            if (result := results.get(at)) is not None  # else it was not called
            and trial.case.source.difference(test, without_marks(result) if trial.made else result)
        }
        for trial in noticed:
            trial.case.mutants_killed += 1
        left = [trial for trial in left if trial not in noticed]
    for trial in trials:
        trial.case.mutants_total += 1
