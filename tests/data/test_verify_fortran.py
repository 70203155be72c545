"""The verifier on Fortran, sequential and with OpenMP: right targets hold, wrong ones are refused for what they are."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from hpcraft.data.pieces import Piece
from hpcraft.data.programs import Call, build
from hpcraft.data.target_text import objection
from hpcraft.data.verify import verify
from hpcraft.sandbox.abi import Signature
from hpcraft.verification import Candidate, Finding
from tests.data.translations import FORTRAN_SCALE, FORTRAN_SUM, SCALE, SCALE_TESTS, SUM, SUM_TESTS, threaded

SIGNATURE = Signature.parse("void scale(int n, double a, double *x)")
needs_tools = pytest.mark.skipif(
    shutil.which("bwrap") is None or shutil.which("gfortran") is None, reason="bubblewrap or gfortran is not installed"
)

HELPED = FORTRAN_SCALE.replace("a * x(i)", "a * x(i)\n    call touch(x(i))") + (
    "subroutine touch(y)\n  use, intrinsic :: iso_c_binding\n  implicit none\n  real(c_double), intent(inout) :: y\n  y = y + 0\nend subroutine touch\n"
)
TOUCH_IN_MODULE = """module parts
  use, intrinsic :: iso_c_binding
contains
  elemental real(c_double) function twice(y)
    real(c_double), intent(in) :: y
    twice = 2 * y
  end function twice
end module parts
"""
WITH_MODULE = TOUCH_IN_MODULE + FORTRAN_SCALE.replace("  use,", "  use parts\n  use,").replace("a * x(i)", "a * twice(x(i)) / 2")


def before_loop(statements: str) -> str:
    """The right target with something in front of its loop."""
    return FORTRAN_SCALE.replace("  do i", f"{statements}  do i")


WRONG = {
    "off-by-one": (FORTRAN_SCALE.replace("i = 0", "i = 1"), "differs"),
    "beyond": (FORTRAN_SCALE.replace("n - 1", "n"), "target:runtime_error"),
    "endless": (before_loop("  do while (n > -1)\n  end do\n"), "target:time_limit"),
    "leaves": (before_loop("  stop\n"), "target:runtime_error"),
    "overflows": (before_loop("  i = huge(i) - n + 1\n  i = i + n\n"), "target:runtime_error"),
    "uninitialised": (
        FORTRAN_SCALE.replace(":: i\n", ":: i\n  real(c_double) :: b\n").replace("= a *", "= b + a *"),
        "differs",
    ),
    "unknown-name": (FORTRAN_SCALE.replace("a * x(i)", "factor * x(i)"), "target:compile_error"),
    "unlinked": (before_loop("  call nowhere(n)\n"), "target:compile_error"),
    "directive": (threaded(FORTRAN_SCALE), "not-serial"),
}
WRONG_THREADED = {
    "off-by-one": (threaded(FORTRAN_SCALE).replace("i = 0", "i = 1"), "differs"),
    "no-directive": (FORTRAN_SCALE, "not-parallel"),
    "unshared": (threaded(FORTRAN_SCALE).replace("parallel do", "parallel"), "not-parallel"),
    "crashes": (
        threaded(FORTRAN_SCALE)
        .replace(":: i\n", ":: i\n  real(c_double), pointer :: p\n")
        .replace("  !$omp p", "  p => null()\n  p = a\n  !$omp p"),
        "target:runtime_error",
    ),
    # Every thread writes what no result depends on: the race detector alone can tell.
    "quiet-race": (
        threaded(FORTRAN_SCALE).replace(":: i\n", ":: i, last\n").replace("a * x(i)", "a * x(i)\n    last = 1"),
        "race",
    ),
}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """Right and wrong candidates of both target models, verified together."""
    scales = {"good": FORTRAN_SCALE, "helped": HELPED, "module": WITH_MODULE} | {name: code for name, (code, _) in WRONG.items()}
    candidates = [_candidate(f"fortran/{name}", "fortran", code) for name, code in scales.items()]
    shared = {"good": threaded(FORTRAN_SCALE, " schedule(dynamic)")} | {name: code for name, (code, _) in WRONG_THREADED.items()}
    candidates += [_candidate(f"fortran+openmp/{name}", "fortran+openmp", code) for name, code in shared.items()]
    candidates += [
        _candidate("fortran/sum", "fortran", FORTRAN_SUM, sums=True),
        _candidate("fortran+openmp/sum", "fortran+openmp", threaded(FORTRAN_SUM, " reduction(+:s)"), sums=True),
        _candidate("fortran+openmp/race", "fortran+openmp", threaded(FORTRAN_SUM), sums=True),
    ]
    return {f.candidate_id: f for f in verify(candidates, seed=11)}


@needs_tools
@pytest.mark.parametrize(
    "name", ["fortran/good", "fortran/helped", "fortran/module", "fortran/sum", "fortran+openmp/good", "fortran+openmp/sum"]
)
def test_right_fortran_is_accepted_beside_wrong_neighbours(findings: dict[str, Finding], name: str) -> None:
    """Right targets are run, and their faults noticed, though others of the batch don't build, crash or never end."""
    finding = findings[name]
    assert finding.accepted, finding
    assert finding.level == "run"
    assert 0 < finding.target_mutants_total <= 2 * finding.target_mutants_killed


@needs_tools
@pytest.mark.parametrize("name", WRONG)
def test_wrong_sequential_fortran_is_refused(findings: dict[str, Finding], name: str) -> None:
    """Wrong results, faults that sanitizers see, an endless loop, an early end and directives are each refused for what they are."""
    assert findings[f"fortran/{name}"].reason == WRONG[name][1], findings[f"fortran/{name}"].log


@needs_tools
@pytest.mark.parametrize("name", WRONG_THREADED)
def test_wrong_fortran_with_openmp_is_refused(findings: dict[str, Finding], name: str) -> None:
    """Wrong results, code that shares no work, and races that change no result are refused."""
    assert findings[f"fortran+openmp/{name}"].reason == WRONG_THREADED[name][1], findings[f"fortran+openmp/{name}"].log


@needs_tools
def test_a_sum_without_its_reduction_races(findings: dict[str, Finding]) -> None:
    """Whether the lost additions show in the results or in the report of a race, the target is refused."""
    assert findings["fortran+openmp/race"].reason in ("race", "differs")


@needs_tools
def test_pieces_of_fortran_share_a_program_under_names_of_their_own() -> None:
    """Pieces of one name are told apart, those with errors are named by the compiler, and one with a module stands alone."""
    twice = FORTRAN_SCALE.replace("a * x(i)", "2 * a * x(i)")
    broken = FORTRAN_SCALE.replace("a * x(i)", "b * x(i)")
    codes = [FORTRAN_SCALE, broken, twice, WITH_MODULE, HELPED, broken.replace("b *", "c *")]
    with build([Piece(signature=SIGNATURE, code=code) for code in codes], language="fortran") as program:
        assert [group.pieces for group in program.groups] == [[0, 2, 4], [3]]
        assert {number: words.splitlines()[0].partition(":")[0] for number, words in program.refused.items()} == {
            1: "piece1.inc",
            5: "piece5.inc",
        }
        assert all(words.endswith("has no IMPLICIT type") for words in program.refused.values())
        results = program.call([Call(piece=piece, arguments=[2, 3.0, np.array([1.0, 2.0])]) for piece in (0, 2, 3, 4)])
    assert [results[at].arrays[0].tolist() for at in range(4)] == [[3, 6], [6, 12], [3, 6], [3, 6]]


@pytest.mark.parametrize(
    ("code", "model", "reason"),
    [
        (FORTRAN_SCALE, "fortran", ""),
        (FORTRAN_SCALE.upper().replace('"SCALE"', '"scale"'), "fortran", ""),
        (FORTRAN_SCALE.replace(', name="scale"', ""), "fortran", ""),
        (FORTRAN_SCALE.replace("real(c_double), value", "real(kind=8), value"), "fortran", ""),
        (threaded(FORTRAN_SCALE), "fortran+openmp", ""),
        (FORTRAN_SCALE.replace("x(0:*)", "x(0:*) ! !$omp parallel do"), "fortran", ""),
        (FORTRAN_SCALE.replace('name="scale"', 'name="rescale"'), "fortran", "no-entry"),
        (FORTRAN_SCALE.replace(' bind(c, name="scale")', ""), "fortran", "no-entry"),
        ("module m\ncontains\n" + FORTRAN_SCALE + "end module m\n", "fortran", "no-entry"),
        (FORTRAN_SCALE.replace("real(c_double), value", "real(c_float), value"), "fortran", "target:signature"),
        (FORTRAN_SCALE.replace("integer(c_int), value", "integer(c_int)"), "fortran", "target:signature"),
        (FORTRAN_SCALE.replace("  integer(c_int), value :: n\n", ""), "fortran", "target:signature"),
        (FORTRAN_SUM.replace("total", "scale"), "fortran", "target:signature"),
        (FORTRAN_SCALE.replace("  do i", "  !$ i = 1\n  do i"), "fortran", "not-serial"),
        (FORTRAN_SCALE.replace("do i = 0, n - 1", "do concurrent (i = 0:n - 1)"), "fortran", "not-serial"),
        (FORTRAN_SCALE.replace("  use,", "  use omp_lib\n  use,"), "fortran", "not-serial"),
        (FORTRAN_SCALE.replace("  do i", "  ! $omp parallel do\n  do i"), "fortran+openmp", "not-parallel"),
        (threaded(FORTRAN_SCALE, " num_threads(1)"), "fortran+openmp", "not-parallel"),
        (threaded(FORTRAN_SCALE), "fortran+mpi", "unsupported"),
    ],
)
def test_what_the_text_of_fortran_says(code: str, model: str, reason: str) -> None:
    """Entry point, types, passing by value, directives and other parallel words are read from the text, in any case and spelling."""
    found = objection(code, model, SIGNATURE)
    assert (found.reason if found else "") == reason, found


def _candidate(name: str, model: str, target: str, *, sums: bool = False) -> Candidate:
    source, tests = (SUM, SUM_TESTS) if sums else (SCALE, SCALE_TESTS)
    return Candidate(
        candidate_id=name, signature=source.partition("{")[0].strip(), source=source, target=target, target_model=model, tests=tests
    )
