"""The checks find each fault, name its line, and stay silent on correct programs of every model that offers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hpcraft.sandbox import Job, Limits, Run, Verdict, run, toolchains
from hpcraft.sandbox.reports import fault
from hpcraft.sandbox.table import TABLE
from hpcraft.sandbox.trials import Trial, trials

Need = Callable[..., None]

_LINES = {
    "c": {"race": 5, "address": 4, "undefined": 4},
    "cpp": {"race": 6, "address": 5, "undefined": 5},
    "fortran": {"race": 7, "address": 5, "undefined": 5},
}
"""Where the faulty programs of `trials` have their fault."""

_LOOPS_C = b"""#include <stdio.h>
static int fib(int n) {
    int a, b;
    if (n < 2) return n;
    #pragma omp task shared(a) if(n > 6)
    a = fib(n - 1);
    #pragma omp task shared(b) if(n > 6)
    b = fib(n - 2);
    #pragma omp taskwait
    return a + b;
}
int main(void) {
    double x[1000], y[1000], s = 0, t;
    int critical = 0, atomic = 0, once = 0, f = 0, chain = 0;
    #pragma omp parallel for
    for (int i = 0; i < 1000; i++) x[i] = 1;
    #pragma omp parallel for reduction(+:s) schedule(dynamic, 7)
    for (int i = 0; i < 1000; i++) s += x[i];
    #pragma omp parallel private(t)
    {
        #pragma omp for schedule(guided)
        for (int i = 0; i < 1000; i++) { t = x[i]; y[i] = 2 * t; }
        #pragma omp for nowait
        for (int i = 0; i < 1000; i++) x[i] = y[999 - i];
        #pragma omp critical
        critical++;
        #pragma omp atomic
        atomic++;
        #pragma omp single
        once++;
        #pragma omp barrier
        #pragma omp master
        once++;
    }
    #pragma omp parallel
    #pragma omp single
    {
        f = fib(12);
        #pragma omp taskloop grainsize(50)
        for (int i = 0; i < 1000; i++) y[i] += x[i];
        #pragma omp task depend(out: chain)
        chain++;
        #pragma omp task depend(inout: chain)
        chain++;
    }
    printf("%g %d %d %d %d %d\\n", s, critical, atomic, once, f, chain);
    return 0;
}
"""
_LOOPS_FORTRAN = b"""module work
contains
recursive integer function fib(n) result(r)
  integer, intent(in) :: n
  integer :: a, b
  r = n
  if (n < 2) return
  !$omp task shared(a)
  a = fib(n - 1)
  !$omp end task
  !$omp task shared(b)
  b = fib(n - 2)
  !$omp end task
  !$omp taskwait
  r = a + b
end function
end module
program p
use work
implicit none
real(8) :: x(1000), y(1000), s, t
integer :: i, critical, atomic, once, f, chain
s = 0; critical = 0; atomic = 0; once = 0; chain = 0
!$omp parallel do
do i = 1, 1000
  x(i) = 1
end do
!$omp parallel do reduction(+:s) schedule(dynamic, 7)
do i = 1, 1000
  s = s + x(i)
end do
!$omp parallel private(t)
!$omp do schedule(guided)
do i = 1, 1000
  t = x(i)
  y(i) = 2 * t
end do
!$omp end do
!$omp do
do i = 1, 1000
  x(i) = y(1001 - i)
end do
!$omp end do nowait
!$omp critical
critical = critical + 1
!$omp end critical
!$omp atomic
atomic = atomic + 1
!$omp single
once = once + 1
!$omp end single
!$omp barrier
!$omp master
once = once + 1
!$omp end master
!$omp workshare
y = x + 1
!$omp end workshare
!$omp end parallel
!$omp parallel
!$omp single
f = fib(12)
!$omp taskloop grainsize(50)
do i = 1, 1000
  y(i) = y(i) + x(i)
end do
!$omp end taskloop
!$omp task depend(out: chain)
chain = chain + 1
!$omp end task
!$omp task depend(inout: chain)
chain = chain + 1
!$omp end task
!$omp end single
!$omp end parallel
print '(i0,5(1x,i0))', int(s), critical, atomic, once, f, chain
end program
"""
_HYBRID = b"""#include <mpi.h>
#include <stdio.h>
static double x[20000], y[20000];
int main(int argc, char **argv) {
    int level, r, n;
    double s = 0, all;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &r);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    #pragma omp parallel for
    for (int i = 0; i < 20000; i++) x[i] = r;
    int to = (r + 1) %% n, from = (r + n - 1) %% n;
    MPI_Sendrecv(x, 20000, MPI_DOUBLE, to, 0, y, 20000, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    #pragma omp parallel for %s
    for (int i = 0; i < 20000; i++) s += y[i];
    MPI_Allreduce(&s, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (r == 0) printf("%%g\\n", all);
    MPI_Finalize();
    return 0;
}
"""
_THREADS = b"""#include <mutex>
#include <thread>
#include <vector>
int n;
std::mutex m;
int main() {
    std::vector<std::thread> all;
    for (int i = 0; i < 4; i++) all.emplace_back([] { for (int k = 0; k < 100; k++) { %s n++; } });
    for (auto &one : all) one.join();
}
"""
_TEMPORARY = {
    "a.c": b"int main(void) { double x[5000], t;\n#pragma omp parallel for\nfor (int i = 0; i < 5000; i++) {\nt = i;\nx[i] = t; }\nreturn 0; }",
    "a.f90": b"program p\nreal(8) :: x(5000), t\ninteger :: i\n!$omp parallel do\ndo i = 1, 5000\n t = i\n x(i) = t\nend do\nend program\n",
}


def _offered(job: Job) -> Job:
    """Skip the test, saying what this machine lacks."""
    chosen = toolchains.choose(job)
    if isinstance(chosen, toolchains.Unsupported):
        pytest.skip(chosen.message)
    return job


def _correct() -> list[Trial]:
    """The correct programs of every model, under the checks that its row offers; the race check has programs of its own."""
    return [
        replace(trial, check=check)
        for trial in trials()
        if trial.check == "none" and trial.kind in ("c", "fortran", "cpp") and (trial.kind != "cpp" or trial.model == "kokkos")
        for check in TABLE[trial.model][trial.family].checks
        if check in ("address", "undefined") and trial.model != "serial"
    ]


@pytest.mark.parametrize("trial", [trial for trial in trials() if trial.check != "none"], ids=lambda t: f"{t.check}-{t.kind}-{t.family}")
def test_each_check_finds_its_fault_and_names_the_line(trial: Trial, need: Need) -> None:
    """An overflowing index, an overflowing number or an unset real, and a missing reduction, in every language that offers the check."""
    need("bwrap")
    outcome = run(_offered(trial.job))
    assert outcome.verdict is (Verdict.RACE if trial.check == "race" else Verdict.RUNTIME_ERROR), outcome.message
    line = _LINES[trial.kind][trial.check]
    assert f"{next(iter(trial.job.files))}:{line}" in outcome.message


@pytest.mark.ci
@pytest.mark.parametrize("trial", _correct(), ids=lambda t: f"{t.check}-{t.model}-{t.kind}-{t.family}")
def test_a_sanitizer_says_nothing_about_a_correct_program(trial: Trial, need: Need) -> None:
    """No runtime of a parallel model, MPI included, looks like an error of the program."""
    need("bwrap")
    program = replace(trial, check="none").job
    outcome = run(_offered(replace(program, check=trial.check)))
    assert (outcome.verdict, "anitizer" in outcome.stderr) == (Verdict.OK, False), outcome.message


@pytest.mark.parametrize(("name", "source"), [("a.c", _LOOPS_C), ("a.cpp", _LOOPS_C), ("a.f90", _LOOPS_FORTRAN)])
@pytest.mark.parametrize("threads", [1, 4])
def test_the_race_check_says_nothing_about_correct_loops(name: str, source: bytes, threads: int, need: Need) -> None:
    """Work sharing, schedules, reductions, critical, atomic, single, barriers and tasks are no races."""
    need("bwrap")
    language = "fortran" if name == "a.f90" else "cpp" if name == "a.cpp" else "c"
    outcome = run(_offered(Job(files={name: source}, language=language, model="openmp", check="race", run=Run(threads=threads))))  # type: ignore[arg-type]
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, f"1000 {threads} {threads} 2 144 2\n"), outcome.message


@pytest.mark.parametrize("name", list(_TEMPORARY))
def test_a_shared_temporary_is_a_race(name: str, need: Need) -> None:
    """The commonest mistake is found where it is made."""
    need("bwrap")
    files, language = {name: _TEMPORARY[name]}, "c" if name == "a.c" else "fortran"
    outcome = run(_offered(Job(files=files, language=language, model="openmp", check="race", run=Run(threads=4))))  # type: ignore[arg-type]
    assert (outcome.verdict, f"{name}:" in outcome.message) == (Verdict.RACE, True)


@pytest.mark.parametrize(("clause", "verdict"), [(b"reduction(+:s)", Verdict.OK), (b"", Verdict.RACE)])
def test_the_race_check_looks_through_mpi(clause: bytes, verdict: Verdict, need: Need) -> None:
    """In a hybrid program the messages are no races, and a missing reduction is one."""
    need("bwrap")
    limits = Limits(wall_seconds=30.0)
    job = Job(files={"a.c": _HYBRID % clause}, language="c", model="mpi+openmp", check="race", run=Run(ranks=2, threads=2, limits=limits))
    outcome = run(_offered(job))
    assert outcome.verdict is verdict, outcome.message


_TEAMS = {
    "a.c": b"""#include <stdio.h>
int main(void) { int last = 0, s = 0, x[200];
#pragma omp target teams distribute parallel for map(from: x) num_teams(8)
for (int i = 0; i < 200; i++) x[i] = i;
#pragma omp target teams distribute map(to: x) map(tofrom: s) %s
for (int i = 0; i < 200; i++) s += x[i];
for (int i = 0; i < 200; i++) last += x[i];
printf("%%d\\n", s == last); return 0; }
""",
    "a.f90": b"""program p
integer :: i, k, s, x(200)
k = 1; s = 0
!$omp target teams distribute parallel do map(from: x) firstprivate(k)
do i = 1, 200
 x(i) = i - k
end do
!$omp target teams distribute map(to: x) map(tofrom: s) %s
do i = 1, 200
 s = s + x(i)
end do
print '(i0)', merge(1, 0, s == sum(x))
end program
""",
}


@pytest.mark.parametrize(("clause", "verdict"), [(b"reduction(+:s)", Verdict.OK), (b"", Verdict.RACE)])
@pytest.mark.parametrize("name", list(_TEAMS))
def test_the_race_check_sees_teams_meet(name: str, clause: bytes, verdict: Verdict, need: Need) -> None:
    """Several of them where a runtime has one by itself; what comes before and after is in order."""
    need("bwrap")
    language = "c" if name == "a.c" else "fortran"
    job = Job(files={name: _TEAMS[name] % clause}, language=language, model="offload", check="race", run=Run(threads=3))  # type: ignore[arg-type]
    outcome = run(_offered(job))
    assert outcome.verdict is verdict, outcome.message
    assert verdict is not Verdict.OK or outcome.stdout == "1\n"


@pytest.mark.parametrize(("lock", "verdict"), [(b"std::lock_guard<std::mutex> held(m);", Verdict.OK), (b"", Verdict.RACE)])
def test_the_race_check_sees_threads_without_openmp(lock: bytes, verdict: Verdict, need: Need) -> None:
    """Threads of C++ race where no lock is held, and don't where one is."""
    need("bwrap")
    outcome = run(_offered(Job(files={"a.cpp": _THREADS % lock}, language="cpp", check="race")))
    assert outcome.verdict is verdict, outcome.message


def test_fortran_reports_are_one_line() -> None:
    """The checks of gfortran's runtime are read from their two lines, a trap from its backtrace; other words are not."""
    index = "At line 8 of file ./sub/a.f90\nFortran runtime error: Index '11' of dimension 1\n\nError termination."
    assert fault(index) == "sub/a.f90:8: Index '11' of dimension 1"
    trap = (
        "Program received signal SIGFPE: Floating-point exception - erroneous arithmetic operation.\n\nBacktrace for this error:\n"
        "#0  0x7f in ???\n#2  0x7f in ???\n\tat ./sysdeps/libc_sigaction.c:0\n#3  0x56 in use_it\n\tat /src/./a.f90:11\n"
    )
    assert fault(trap).startswith("a.f90:11: invalid floating-point operation")
    assert fault("STOP 1\n") == ""
