"""Loops of Fortran in C: what is said by rule is right, what isn't covered is left alone, and both sides do the same when they are run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.data import psyclone
from hpcraft.data.fortran_outline import FortranLoop, fortran_loops
from hpcraft.data.material import Known, Material
from hpcraft.data.tester import propose
from hpcraft.data.verify import has_tools, verify
from hpcraft.data.wells.ground import Ground
from hpcraft.data.wells.transcribed import draw
from hpcraft.sandbox.abi import Signature
from hpcraft.verification import Candidate
from tests.data.toy_corpus import write_corpus

DECLARATIONS = """
  use kinds, only: dp
  implicit none
  integer, intent(in) :: n, m, lda, ldb
  integer, parameter :: three = 3
  real(dp), parameter :: half = 0.5_dp
  real(dp), intent(inout) :: a(lda, *), b(0:ldb, 4), c(:, :)
  real(dp) :: x(n), y(-1:n), d(0:k(1), n), s, t
  real(dp), dimension(0:, :) :: e
  real(kind(1.d0)) :: h(n)
  integer, parameter :: less = -1
  integer*8 :: big
  real :: f(*), g
  integer :: k(n), i, j, l
  logical :: flag
  complex(dp) :: z(n)
"""
WHOLE = f"subroutine work(n, m, lda, ldb, a, b, c, f, g, k){DECLARATIONS}{{body}}end subroutine work\n"


def cut(body: str) -> FortranLoop:
    """The one loop of a procedure with a body."""
    (found,) = fortran_loops(WHOLE.format(body=body))
    return found


def name_of(material: Material) -> str:
    """The name of a source's function."""
    return Signature.parse(material.signature).name


def c_body(body: str) -> str:
    """What a loop is in C, blanks as one."""
    return " ".join(cut(body).outlined.loop.split())


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("do i = 1, n\n x(i) = x(i) + 1.0_dp\nend do\n", "for (i = 0; i < n; i++) { x[i] += 1.0; }"),
        ("do i = n, 1, -1\n x(i) = i\nend do\n", "for (i = n - 1; i >= 0; i--) { x[i] = i + 1; }"),
        ("do i = 2, n - 1, 2\n x(i) = x(i-1) - (x(i+1) - half)\nend do\n", "for (i = 1; i < n - 1; i += 2) { x[i] = x[i - 1] - (x[i + 1] - 0.5); }"),
        ("do j = 1, m\n do i = 1, n\n a(i,j) = 2*a(i,j+1)\n end do\nend do\n",
         "for (j = 0; j < m; j++) { for (i = 0; i < n; i++) { a[i + j * lda] = 2 * a[i + (j + 1) * lda]; } }"),
        ("do i = 0, ldb\n b(i, 2) = y(i - 1)\nend do\n", "for (i = -1; i < ldb; i++) { b[i + 1 + (ldb + 1)] = y[i + 1]; }"),
        ("do i = 1, n\n c(i, m) = c(1, i)\nend do\n", "for (i = 0; i < n; i++) { c[i + (m - 1) * ld_c] = c[i * ld_c]; }"),
        ("do i = 1, n\n if (x(i) .gt. 0 .and. .not. i == m) then\n x(i) = max(x(i), half, y(i))\n else if (i >= three) then\n cycle\n else\n x(i) = abs(x(i))**2\n end if\nend do\n",
         "for (i = 0; i < n; i++) { if (x[i] > 0 && !(i + 1 == m)) { x[i] = fmax(fmax(x[i], 0.5), y[i + 2]); } else if (i + 1 >= 3) { continue; } else { x[i] = fabs(x[i]) * fabs(x[i]); } }"),
        ("do i = 1, n\n f(i) = sqrt(f(k(i))) * 1.5e-3 + real(i) / g\nend do\n", "for (i = 0; i < n; i++) { f[i] = sqrtf(f[k[i] - 1]) * 1.5e-3f + (float)(i + 1) / g; }"),
        ("do 10 i = 1, n ! twice\n if (i > mod(m, 2)) x(i) = dble(k(i)) ** 0.5\n10 continue\n",
         "for (i = 0; i < n; i++) { if (i + 1 > m % 2) { x[i] = pow((double)k[i], 0.5f); } }"),
        ("do i = 1, n\n t = x(i)\n do j = i, n\n t = t + y(j)\n end do\n x(i) = t\nend do\n",
         "for (i = 0; i < n; i++) { t = x[i]; for (j = i; j < n; j++) { t += y[j + 2]; } x[i] = t; }"),
        ("do 10 i = 1, n\n x(i) = 1\n10 h(i) = 2\n", "for (i = 0; i < n; i++) { x[i] = 1; h[i] = 2; }"),
        ("do i = 1, n\n k(i) = k(i) - i\nend do\n", "for (i = 0; i < n; i++) { k[i] -= i + 1; }"),
        ("do i = 1, n\n k(i) = k(i) - (m + l)\nend do\n", "for (i = 0; i < n; i++) { k[i] -= (m + l); }"),
        ("do i = 1, n\n k(i) = (i + 1)/2*2 - less + mod(-i, 3)\nend do\n", "for (i = 0; i < n; i++) { k[i] = (i + 2) / 2 * 2 + (-(i + 1) % 3) + 1; }"),
        ("do i = 1, n\n x(i) = -x(i)**2 - less*y(i) &\n + h(i)\nend do\n", "for (i = 0; i < n; i++) { x[i] = -(x[i] * x[i]) - -1 * y[i + 2] + h[i]; }"),
        ("do i = 1, n\n if (i == 1) then\n x(i) = 0\n elseif (i == 2) then\n x(i) = real(i, kind=dp)\n endif\nend do\n",
         "for (i = 0; i < n; i++) { if (i + 1 == 1) { x[i] = 0; } else if (i + 1 == 2) { x[i] = (double)(i + 1); } }"),
    ],
)  # fmt: skip
def test_loops_come_out_as_people_write_them_in_c(loop: str, expected: str) -> None:
    """Indices and arrays begin at 0, shapes become strides, literals keep their precision, and intrinsics are libm's."""
    assert c_body(loop) == expected


@pytest.mark.parametrize(
    "loop",
    [
        "do i = 1, n\n call other(x(i))\nend do\n",
        "do i = 1, n\n x(i) = unknown\nend do\n",
        "do i = 1, n\n x(i) = other(i)\nend do\n",
        "do i = 1, n\n x(1:2) = 0\nend do\n",
        "do i = 1, n\n x = 0\nend do\n",
        "do i = 1, n\n z(i) = x(i)\nend do\n",
        "do i = 1, n\n if (flag) x(i) = 0\nend do\n",
        "do i = 1, n\n x(i) = 0\n i = i + 1\nend do\n",
        "do i = 1, n, m\n x(i) = 0\nend do\n",
        "do while (s > 0)\n s = s - x(1)\nend do\n",
        "do i = 1, n\n if (x(i) > 0) goto 20\n20 x(i) = 1\nend do\n",
        "do i = 1, n\n x(i) = k(i) ** m * k(i) ** k(1)\nend do\n",
        "do i = 1, n\n x(i) = nint(x(i))\nend do\n",
        "do i = 1, n\n x(i) = x(i)**2**3\nend do\n",
        "do i = 1, k(1)\n k(i) = 0\nend do\n",
        "do i = 1, n\n lda = lda + 1\n a(1, i) = 0\nend do\n",
        "do i = 1, n\n k(i) = 2\n d(0, i) = 1\nend do\n",
        "do i = 1, n\n big = abs(big)/2\n x(i) = big\nend do\n",
        "do i = 1, n\n k(i) = max1(g, f(i))/2\nend do\n",
        "do i = 1, n\n x(i) = x(i) .cross. y(i)\nend do\n",
        "do i = 1, n\n x(i) = (x(i) > 0)**2\nend do\n",
        "do i = 1, n\n x(i) = real()\nend do\n",
    ],
)
def test_what_no_rule_covers_is_left_alone(loop: str) -> None:
    """Calls, names of modules, sections, complex and logical numbers, indices that are assigned, steps of unknown sign, jumps, and bounds and shapes that move."""
    reasons: list[str] = []
    assert not list(fortran_loops(WHOLE.format(body=loop), lambda error: reasons.append(str(error))))
    assert len(reasons) == 1
    assert re.match(r"[a-z-]+: ", reasons[0])


def test_an_index_that_is_read_behind_its_loop_is_refused() -> None:
    """It is one more in Fortran than in C there; the loop around is left and the inner ones are taken."""
    body = "do j = 1, m\n do i = 1, n\n x(i) = 0\n end do\n do l = i, n\n y(l) = 1\n end do\nend do\n"
    found = list(fortran_loops(WHOLE.format(body=body)))
    assert [" ".join(f.outlined.loop.split()) for f in found] == [
        "for (i = 0; i < n; i++) { x[i] = 0; }",
        "for (l = i - 1; l < n; l++) { y[l + 2] = 1; }",
    ]


def test_the_procedure_in_fortran_holds_the_real_loop() -> None:
    """Kinds, constants and shapes are declared, comments and labels go, and an accumulated number is the result."""
    found = cut("do 20 i = 1, n ! over all\n  !$omp atomic\n  s = s + half*c(i, m)\n20 continue\n")
    code = found.code("!$omp parallel do reduction(+: s)")
    assert code.startswith('function work_loop(n, m, ld_c, s, c) result(res_) bind(c, name="work_loop")\n')
    for line in (
        "integer, parameter :: dp = c_double",
        "real(c_double), parameter :: half = 0.5_dp",
        "real(c_double), intent(in) :: c(ld_c, *)",
    ):
        assert line in code
    assert (
        "  !$omp parallel do reduction(+: s)\n  do i = 1, n\n    s = s + half*c(i, m)\n  end do\n  !$omp end parallel do\n  res_ = s\n"
        in code
    )
    assert "atomic" not in code


def test_leading_dimensions_hold_the_rows() -> None:
    """Tests give a matrix at least as many rows as its loop reads, since Fortran is wrong with fewer."""
    found = cut("do j = 1, m\n do i = 1, n\n a(i + 1, j) = 0\n end do\nend do\n")
    ((name, floor),) = found.floors
    assert (name, floor.length({"n": 7, "m": 3, "lda": 1})) == ("lda", 8)
    ((name, floor),) = cut("do i = 0, n\n b(i, 2) = x(i + 1)\nend do\n").floors
    assert (name, floor.length({"n": 7, "ldb": 1})) == ("ldb", 7)  # its first index is 0
    ((name, floor),) = cut("do j = 1, m\n do i = 1, n\n e(i, j) = 0\n end do\nend do\n").floors
    assert (name, floor.length({"n": 7, "m": 2, "ld_e": 1})) == ("ld_e", 8)  # a length, not a last index
    sizes = [
        test.split()
        for group in propose(Signature.parse(found.outlined.signature), found.outlined.code(), floors=found.floors)
        for test in group
    ]
    assert len({int(words[2]) - int(words[1]) for words in sizes}) > 1  # else nothing would tell the rows from the leading dimension


def test_what_a_shape_is_said_by_is_declared_before_it() -> None:
    """An array's length may be an element of another array."""
    code = cut("do i = 1, n\n d(0, i) = k(i)\n d(1, i) = x(i)\nend do\n").code()
    assert code.index(":: k(*)") < code.index(":: d(0:k(1), *)")


@pytest.mark.skipif(not psyclone.is_here(), reason="PSyclone isn't installed")
def test_psyclone_says_what_is_parallel() -> None:
    """Independent iterations get a directive with their private numbers, sums a reduction, recurrences nothing."""
    independent = "do i = 1, n\n t = x(i)\n y(i) = t*t\nend do\n"
    assert re.match(r"!\$omp parallel do .*private\(i,t\)", psyclone.openmp_directive(cut(independent).plain()))
    assert "reduction(+: s)" in psyclone.openmp_directive(cut("do i = 1, n\n s = s + x(i)\nend do\n").plain())
    assert psyclone.openmp_directive(cut("do i = 2, n\n x(i) = x(i-1)\nend do\n").plain()) == ""
    assert "private(i)" in psyclone.openmp_directive(cut("do i = 1, n\n x(i) = real(i, kind=dp) + 0.0_c_double\nend do\n").plain())
    assert psyclone.openmp_directive("no Fortran") == ""


def test_long_directives_are_folded() -> None:
    """A list of many names goes on in the next lines, whatever blanks it has."""
    names = ",".join(f"temporary_{number}" for number in range(30))
    lines = cut("do i = 1, n\n x(i) = 0\nend do\n").code(f"!$omp parallel do private({names})").splitlines()
    assert max(map(len, lines)) <= 120
    assert sum(line.startswith("  !$omp& ") for line in lines) > 2


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A corpus of one file in Fortran."""
    body = (
        "do j = 1, m\n do i = 1, n\n a(i,j) = half*a(i,j) + x(i)\n end do\nend do\n"
        "do i = n, 1, -1\n s = s + x(i)*y(i)\nend do\n"
        "do i = 2, n\n if (x(i) > half) then\n y(i) = y(i-1) + x(i)\n else\n y(i) = 0\n end if\nend do\n"
    )
    text = WHOLE.format(body=body)
    write_corpus(tmp_path, ("f.f90", "fortran", "serial", text))
    return Ground(corpus=tmp_path, seed=0, targets=("fortran", "fortran+openmp", "openmp", "cuda"), known=Known())


@pytest.mark.ci
def test_the_well_gives_what_holds_when_it_is_run(ground: Ground) -> None:
    """Each loop with its versions: all are right, and the recurrence has no parallel one."""
    for target in ground.targets:
        if why := has_tools(target):
            pytest.skip(why)
    found = list(draw(ground, 9))
    candidates = [
        Candidate(candidate_id=f"{name_of(m)}/{model}", signature=m.signature, source=m.source, source_model="serial", target=code, target_model=model, tests=m.tests)
        for m in found
        for model, code in m.targets
    ]  # fmt: skip
    findings = list(
        verify(iter(candidates), seed=3, race=True, num_mutants=2, min_killed=0.5, min_coverage=0.8, max_tests=4, batch_size=16)
    )
    held = {f.candidate_id for f in findings if not f.reason}
    assert {f"work_loop{number}/fortran" for number in ("", "2", "3")} <= held
    assert "work_loop/openmp" in held
    assert ("work_loop/fortran+openmp" in held) == psyclone.is_here()
    assert not any(f"work_loop3/{model}" in held for model in ("openmp", "cuda", "fortran+openmp"))


def test_what_is_set_aside_is_the_loop_in_c(ground: Ground) -> None:
    """A share of the training code comes without translations."""
    aside = list(draw(replace(ground, monolingual_share=1.0), 9))
    assert {(m.model, m.targets) for m in aside} == {("serial", ())}
