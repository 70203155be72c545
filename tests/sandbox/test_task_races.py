"""The race check knows the memory of tasks, which LLVM's runtime hands from thread to thread: no false alarm, and no race lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hpcraft.sandbox import Job, Run, Verdict, run

Need = Callable[..., None]

_SHARED_OUT_C = b"""#include <stdio.h>
#include <unistd.h>
int main(void) {
    static double x[64];
    #pragma omp parallel
    for (int round = 0; round < 40; round++) {
        #pragma omp single
        for (int i = 0; i < 64; i++) {
            #pragma omp task firstprivate(i, round)
            { usleep(20); x[i] += i * round; }
        }
        #pragma omp single
        for (int i = 0; i < 64; i++) {
            #pragma omp task firstprivate(i, round) if(i > 5)
            { usleep(20); x[i] += i * round; }
        }
    }
    printf("%g %g\\n", x[3], x[63]);
}
"""
_SHARED_OUT_FORTRAN = b"""program p
implicit none
real(8) :: x(0:63)
integer :: i, round
interface
subroutine usleep(n) bind(c)
use iso_c_binding
integer(c_int), value :: n
end subroutine
end interface
x = 0
!$omp parallel private(round)
do round = 0, 39
!$omp single
do i = 0, 63
!$omp task firstprivate(i, round)
call usleep(20)
x(i) = x(i) + i * round
!$omp end task
end do
!$omp end single
!$omp single
do i = 0, 63
!$omp task firstprivate(i, round) if(i > 5)
call usleep(20)
x(i) = x(i) + i * round
!$omp end task
end do
!$omp end single
end do
!$omp end parallel
print '(i0,1x,i0)', int(x(3)), int(x(63))
end program
"""
_FIB = b"""module work
contains
recursive integer function fib(n) result(r)
  integer, intent(in) :: n
  integer :: a, b
  r = n
  if (n < 2) return
  !$omp task shared(a) if(n > 6)
  a = fib(n - 1)
  !$omp end task
  !$omp task shared(b) firstprivate(n) final(n < 4)
  b = fib(n - 2)
  !$omp end task
  !$omp taskwait
  r = a + b
end function
end module
program p
use work
integer :: f
!$omp parallel
!$omp single
f = fib(14)
!$omp end single
!$omp end parallel
print '(i0)', f
end program
"""
_OWN_COPY = b"""#include <stdio.h>
int main(void) {
    int s = 0;
    #pragma omp parallel
    #pragma omp single
    {
        #pragma omp task firstprivate(s)
        {
            for (int i = 0; i < 100; i++) {
                #pragma omp task shared(s)
                s += i;
            }
            #pragma omp taskwait
            printf("%d\\n", s);
        }
    }
}
"""


@pytest.mark.parametrize(("name", "source"), [("a.c", _SHARED_OUT_C), ("a.cpp", _SHARED_OUT_C), ("a.f90", _SHARED_OUT_FORTRAN)])
def test_memory_that_tasks_hand_on_is_no_race(name: str, source: bytes, need: Need) -> None:
    """Thousands of tasks whose records go from thread to thread: with the runtime alone about one run of fifty was taken for a race."""
    need("bwrap")
    language = "fortran" if name == "a.f90" else "cpp" if name == "a.cpp" else "c"
    for _ in range(4):
        outcome = run(Job(files={name: source}, language=language, model="openmp", check="race", run=Run(threads=4)))  # type: ignore[arg-type]
        assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "4680 98280\n"), outcome.message


def test_tasks_of_fortran_that_are_not_deferred_get_their_own_copies(need: Need) -> None:
    """With `if` and `final` the answer is right and no race is seen."""
    need("bwrap", "gfortran")
    outcome = run(Job(files={"a.f90": _FIB}, language="fortran", model="openmp", check="race", run=Run(threads=4)))
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "377\n"), outcome.message


def test_a_race_on_a_task_s_own_copy_is_told(need: Need) -> None:
    """What a task holds and its children share lies in the runtime's memory, and is looked at all the same."""
    need("bwrap")
    outcome = run(Job(files={"a.c": _OWN_COPY}, language="c", model="openmp", check="race", run=Run(threads=4)))
    assert outcome.verdict == Verdict.RACE, outcome.message
    assert "a.c:11:" in outcome.message
