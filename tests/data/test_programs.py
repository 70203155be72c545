"""Programs of many pieces: what one call does to its process doesn't reach the next one."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from hpcraft.data.programs import Call, Piece, build
from hpcraft.data.verify import has_tools, verify
from hpcraft.sandbox.abi import CallResult, Signature
from hpcraft.verification import Candidate

NORMS = """#include <math.h>
void norms(int n, double *s, const double *p, const double *x)
{
    int j, k, i;
    double d;
    for (j = 0; j < n; j++) {
        k = j * 4;
        s[k] = p[j + 8] * x[2] - p[j + 2 * 8] * x[1];
        s[k + 1] = p[j + 2 * 8] * x[0] - p[j] * x[2];
        s[k + 2] = p[j] * x[1] - p[j + 8] * x[0];
        d = sqrt(s[k] * s[k] + s[k + 1] * s[k + 1] + s[k + 2] * s[k + 2]);
        for (i = 0; i < 3; i++) {
            s[k + i] /= d;
        }
    }
}
"""
BOUNDED = """subroutine norms(n, s, p, x) bind(c, name="norms")
  use, intrinsic :: iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: s(*)
  real(c_double), intent(in) :: p(8, *)
  real(c_double), intent(in) :: x(*)
  integer(c_int) :: j, k, i
  real(c_double) :: d
  do j = 1, n
    k = (j - 1)*4
    s(k + 1) = p(j, 2)*x(3) - p(j, 3)*x(2)
    s(k + 2) = p(j, 3)*x(1) - p(j, 1)*x(3)
    s(k + 3) = p(j, 1)*x(2) - p(j, 2)*x(1)
    d = sqrt(s(k + 1)**2 + s(k + 2)**2 + s(k + 3)**2)
    do i = 1, 3
      s(k + i) = s(k + i)/d
    end do
  end do
end subroutine norms
"""
TWICE = """subroutine twice(n, x) bind(c, name="twice")
  use, intrinsic :: iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: x(*)
  integer(c_int) :: i
  do i = 1, n
    x(i) = 2*x(i)
  end do
end subroutine twice
"""


@pytest.mark.ci
@pytest.mark.skipif(bool(has_tools("fortran")), reason=has_tools("fortran"))
def test_a_call_that_ends_its_process_moves_nothing_of_the_next() -> None:
    """Gfortran's check of bounds ends the one; the other's arguments were read from elsewhere in the file after that, which children shared with the program."""
    pairs = [
        ("void norms(int n, double *s, const double *p, const double *x)", NORMS, BOUNDED, "{0} [{1}] [{2}] [3]"),
        (
            "void twice(int n, double *x)",
            "void twice(int n, double *x) { for (int i = 0; i < n; i++) x[i] = 2 * x[i]; }",
            TWICE,
            "{0} [{0}]",
        ),
    ]
    candidates = [
        Candidate(
            candidate_id=signature.split("(")[0][5:],
            signature=signature,
            source=source,
            source_model="serial",
            target=target,
            target_model="fortran",
            tests=tuple(test.format(n, 4 * n, n + 16) for n in (1, 2, 7, 33, 100, 257)),
        )
        for signature, source, target, test in pairs
    ]
    for seed in range(3):
        findings = verify(
            iter(candidates), seed=seed, race=True, num_mutants=2, min_killed=0.5, min_coverage=0.8, max_tests=5, batch_size=64
        )
        assert {f.candidate_id: f.reason for f in findings} == {"norms": "target:runtime_error", "twice": ""}


def call_of(body: str) -> CallResult:
    """What comes of a call that may take a second."""
    signature = Signature.parse("void f(int n, double *x)")
    code = f"#include <time.h>\n#include <unistd.h>\nvoid f(int n, double *x) {{ {body} x[0] = n; }}\n"
    with build([Piece(signature=signature, code=code)], model="serial") as program:
        return program.call([Call(piece=0, arguments=[7, np.zeros(1)])], seconds=1)[0]


def test_waiting_for_the_processor_counts_little() -> None:
    """A call has its seconds of the processor, and more by the clock: on a busy machine it ends no sooner."""
    result = call_of("while (clock() < CLOCKS_PER_SEC / 2) { } usleep(2000000);")
    assert (result.crashed, result.arrays[0][0]) == (False, 7)


@pytest.mark.parametrize("body", ["for (;;) x[0] += n;", "for (;;) pause();"])
def test_a_call_that_never_ends_is_ended(body: str) -> None:
    """Whether it computes or waits."""
    result = call_of(body)
    assert (result.crashed, result.signal) == (True, signal.SIGALRM)
