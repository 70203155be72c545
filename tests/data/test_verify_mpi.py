"""The verifier on C with MPI: many calls in one start of the ranks, of which a wrong one spoils no other."""

from __future__ import annotations

import shutil

import pytest

from hpcraft.data.verify import verify
from hpcraft.verification import Candidate, Finding
from tests.data.translations import MPI_SCALE, MPI_SUM, SCALE, SCALE_TESTS, SUM, SUM_TESTS

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None or shutil.which("mpicc") is None, reason="bubblewrap or MPI is not installed")


def after_rank(statements: str) -> str:
    """The right target with something behind its first calls."""
    return MPI_SCALE.replace("    int chunk", f"    {statements}\n    int chunk")


_GATHER = MPI_SCALE[MPI_SCALE.index("    if (rank != 0) {") :]
WRONG = {
    "off-by-one": (MPI_SCALE.replace("i = first", "i = first + 1"), "differs"),
    # A message goes round, but no rank's part of the result.
    "own-part-only": (MPI_SCALE.replace(_GATHER, "    MPI_Bcast(&n, 1, MPI_INT, 0, MPI_COMM_WORLD);\n}\n"), "differs"),
    "no-calls": (SCALE, "not-parallel"),
    "nothing-sent": (MPI_SCALE.replace(_GATHER, "    MPI_Barrier(MPI_COMM_WORLD);\n}\n"), "not-parallel"),
    # On every test, but only with two ranks, and only once is waited for the alarm.
    "waits": (MPI_SCALE.replace("if (rank != 0) {", "if (size == 2 && rank == 1) {\n    } else if (rank != 0) {"), "target:time_limit"),
    "one-rank-crashes": (after_rank("if (rank == 1) x = 0;"), "target:runtime_error"),
    "one-rank-leaves": ("#include <stdlib.h>\n" + after_rank("if (rank == 2) exit(0);"), "target:runtime_error"),
    "no-such-rank": (MPI_SCALE.replace("r < size", "r <= size"), "target:runtime_error"),
    "beyond-on-rank-1": (after_rank("if (rank == 1) x[n] = 0;"), "differs"),
    "syntax": (MPI_SCALE.replace("a * x[i];", "a * x[i"), "target:compile_error"),
    "unknown-name": (MPI_SCALE.replace("a * x[i]", "factor * x[i]"), "target:compile_error"),
    "types": (MPI_SCALE.replace("double a", "float a"), "target:signature"),
    "renamed": (MPI_SCALE.replace("void scale", "void rescale"), "no-entry"),
}
STRAY = MPI_SCALE.replace("0, 0, MPI_COMM_WORLD);", "0, 0, MPI_COMM_WORLD);\n        MPI_Send(x, 1, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);")


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """Right candidates before, between and behind wrong ones, verified together."""
    candidates = [_candidate("first", MPI_SCALE), _candidate("stray", STRAY), _candidate("after-stray", MPI_SCALE)]
    candidates += [_candidate(name, code) for name, (code, _) in WRONG.items()]
    candidates += [_candidate("sum", MPI_SUM, sums=True), _candidate("last", MPI_SCALE)]
    return {f.candidate_id: f for f in verify(candidates, seed=11)}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_mpi_is_refused(findings: dict[str, Finding], name: str) -> None:
    """Parts that never reach rank 0, ranks that crash, leave or wait, and code without messages are each refused for what they are."""
    assert not findings[name].accepted
    assert findings[name].reason in (WRONG[name][1], "no-entry" if name == "syntax" else ""), findings[name].log


@pytest.mark.parametrize("name", ["first", "after-stray", "sum", "last"])
def test_right_mpi_survives_its_neighbours(findings: dict[str, Finding], name: str) -> None:
    """Right candidates are accepted though calls of others end the ranks, and messages of others are never received; their faults are noticed."""
    finding = findings[name]
    assert finding.accepted, finding
    assert finding.level == "run"
    assert finding.tests_passed == len(finding.valid_tests) == 3
    assert 0 < finding.target_mutants_total <= 2 * finding.target_mutants_killed


def _candidate(name: str, target: str, *, sums: bool = False) -> Candidate:
    source, tests = (SUM, SUM_TESTS) if sums else (SCALE, SCALE_TESTS)
    return Candidate(
        candidate_id=name, signature=source.partition("{")[0].strip(), source=source, target=target, target_model="mpi", tests=tests
    )
