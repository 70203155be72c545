"""MPI: where ranks wait, which rank failed, and the same program with several numbers of ranks and threads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft import cli
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, build, run, waits
from hpcraft.sandbox.environment import environment
from hpcraft.sandbox.outcome import Check
from hpcraft.sandbox.sweep import Swept, worst

Need = Callable[..., None]

_C = """#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int rank, size, x;
%s
int main(int argc, char **argv) {
    MPI_Init(&argc, &argv), MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &size);
    %s
    MPI_Finalize();
    return 0;
}
"""
_RECV = "MPI_Recv(&x, 1, MPI_INT, {}, {}, MPI_COMM_WORLD, MPI_STATUS_IGNORE);"
_SEND = "MPI_Send(&x, 1, MPI_INT, {}, {}, MPI_COMM_WORLD);"
_FORTRAN = """program p
{use}
implicit none
{include}
integer :: rank, e
call MPI_Init(e)
call MPI_Comm_rank(MPI_COMM_WORLD, rank, e)
if (rank == 0) then
  call MPI_Barrier(MPI_COMM_WORLD, e)
else
  call MPI_Probe(0, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE, e)
end if
call MPI_Finalize(e)
end program
"""
_CPP = """#include <mpi.h>
#include <stdexcept>
struct Solver { double sum = 1;
  __attribute__((noinline)) void reduce(int rank) {
    try { if (rank == 2) throw std::runtime_error("lost");
      MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    } catch (std::exception &) { } } };
int main(int argc, char **argv) {
  int rank; MPI_Init(&argc, &argv); MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Solver().reduce(rank);
  MPI_Finalize(); }
"""


def _job(body: str, *, before: str = "", ranks: int = 2, seconds: float = 20.0, memory_mb: int = 512) -> Job:
    what = Run(ranks=ranks, limits=Limits(wall_seconds=seconds, cpu_seconds=60, memory_mb=memory_mb))
    return Job(files={"a.c": (_C % (before, body)).encode()}, language="c", model="mpi", run=what)


def _short(body: str, *, before: str = "", ranks: int = 2) -> Outcome:
    return run(_job(body, before=before, ranks=ranks, seconds=1.5))


@pytest.fixture(autouse=True)
def _tools(need: Need) -> None:
    need("bwrap", "mpicc", "mpirun")


def test_a_ring_of_receives_is_a_deadlock() -> None:
    """Call, function, file and line are told for every rank, and the message has them in short."""
    function = f"static __attribute__((noinline)) void shift(void) {{\n{_RECV.format('(rank + 1) % size', 0)}\nx++; }}"
    outcome = _short("shift();", before=function, ranks=3)
    assert (outcome.verdict, outcome.message) == (Verdict.TIME_LIMIT, "deadlock: ranks 0-2 in MPI_Recv (a.c:9)")
    assert outcome.waits == tuple(f"rank {rank}: MPI_Recv, called from shift (a.c:9)" for rank in range(3))
    assert outcome.outputs == {}


def test_a_wrong_tag_is_a_deadlock() -> None:
    """The receiver waits for a message that was sent otherwise; the sender waits at the end."""
    outcome = _short(f"if (rank) {_RECV.format(0, 1)} else {_SEND.format(1, 2)}")
    assert outcome.message == "deadlock: rank 0 in MPI_Finalize (a.c:12), rank 1 in MPI_Recv (a.c:11)"


@pytest.mark.parametrize("binding", ["use mpi", "use mpi_f08", "include 'mpif.h'"])
def test_fortran_tells_the_same_of_all_its_bindings(binding: str, need: Need) -> None:
    """The calls have the standard's names, whichever way the program reached the library."""
    need("mpif90")
    used = {"use": binding} if binding.startswith("use") else {"include": binding}
    source = _FORTRAN.format(**{"use": "", "include": "", **used})
    job = Job(files={"a.f90": source.encode()}, language="fortran", model="mpi", run=Run(ranks=2, limits=Limits(wall_seconds=1.5)))
    assert run(job).message == "deadlock: rank 0 in MPI_Barrier (a.f90:9), rank 1 in MPI_Probe (a.f90:11)"


@pytest.mark.ci
def test_a_rank_missing_in_a_collective_is_found_in_cpp(need: Need) -> None:
    """Exceptions still work under the preloaded library, and the member function is named."""
    need("mpicxx")
    job = Job(files={"a.cpp": _CPP.encode()}, language="cpp", model="mpi", run=Run(ranks=4, limits=Limits(wall_seconds=1.5)))
    outcome = run(job)
    assert outcome.message == "deadlock: ranks 0, 1, 3 in MPI_Allreduce (a.cpp:6), rank 2 in MPI_Finalize (a.cpp:11)"
    assert outcome.waits[0] == "rank 0: MPI_Allreduce, called from Solver::reduce(int) (a.cpp:6)"


def test_a_rank_that_computes_is_no_deadlock() -> None:
    """The others wait for it, and may wait in vain or not."""
    outcome = _short("if (rank == 1) for (;;) x++; else if (rank == 2) for (;;) usleep(9);\nMPI_Barrier(MPI_COMM_WORLD);", ranks=3)
    assert outcome.verdict is Verdict.TIME_LIMIT
    assert outcome.message == "over 1.5 s; rank 0 in MPI_Barrier (a.c:12), rank 1 computing (a.c:11), rank 2 in usleep (a.c:11)"
    assert outcome.waits[1] == "rank 1: computing in main (a.c:11)"


def test_messages_without_end_are_no_deadlock() -> None:
    """All ranks are in MPI nearly always, but their calls come back."""
    other = f"{{ {_SEND.format('1 - rank', 0)} {_RECV.format('1 - rank', 0)} }}"
    outcome = _short(f"for (;;) {other}")
    assert outcome.message.startswith("over 1.5 s; ")
    assert any(line.endswith(", going on") for line in outcome.waits)


def test_a_rank_without_a_word_is_no_deadlock() -> None:
    """A program may take the signal for itself; then nothing is claimed about it."""
    outcome = _short(f"signal(SIGWINCH, SIG_IGN);\nif (rank) {_RECV.format(0, 1)} else signal(SIGWINCH, SIG_IGN);", ranks=1)
    assert (outcome.verdict, outcome.waits) == (Verdict.OK, ())
    outcome = _short(f"if (!rank) signal(SIGWINCH, SIG_IGN);\n{_RECV.format('1 - rank', 1)}")
    assert outcome.message == "over 1.5 s; rank 0 ended or silent, rank 1 in MPI_Recv (a.c:12)"


@pytest.mark.ci
def test_the_address_check_tells_both() -> None:
    """The sanitizer bears the preloaded library: an error is found, and a deadlock explained."""
    error = _job("int *p = malloc(16); volatile int y = p[4 + rank]; free(p); x = y;")
    outcome = run(replace(error, check="address"))
    assert (outcome.verdict, "heap-buffer-overflow" in outcome.message) == (Verdict.RUNTIME_ERROR, True)
    stuck = _job(_RECV.format("1 - rank", 0), seconds=2.5)
    assert run(replace(stuck, check="address")).message == "deadlock: ranks 0, 1 in MPI_Recv (a.c:11)"


def test_forged_words_change_no_verdict() -> None:
    """A rank can write the file in the library's place: it is read with care, and nothing else comes of it."""
    forge = 'FILE *f = fopen(".waits-0", "w"); fputs("s \\033[2J\\ns MPI_Recv\\np zz\\np ffffffffffffffff\\np 1\\nmoved\\n\\xff\\n", f); fclose(f);'
    outcome = _short(f"if (!rank) {{ {forge} }}\nMPI_Barrier(MPI_COMM_WORLD); for (;;);")
    assert outcome.verdict is Verdict.TIME_LIMIT
    assert outcome.waits == ("rank 0: MPI_Recv, called from the program, going on", "rank 1: computing in main (a.c:12)")


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 99, b"s" * (1 << 20), b"p \n" * 99, b"s MPI_Recv\0\np 1", b"p -1\ns \x1b[2J\n", b"moved 1\nmoved\n" * 9]
)
def test_any_bytes_of_a_rank_are_read(content: bytes) -> None:
    """Nothing raises, and what is told is short and printable."""
    (place,) = waits.read({".waits-0": content}, 1) or (waits.Place(rank=0, silent=True),)
    assert len(waits.words(place)) < 200
    assert waits.words(place).isprintable()
    assert waits.explain((place,), "over").isprintable()
    assert waits.named((place,), content.decode(errors="replace")) is not None
    assert waits.aborted({".abort": content}) == ""


@pytest.mark.parametrize(
    ("body", "verdict", "message"),
    [
        ("if (rank == 1) *(volatile int *)0 = 1;", Verdict.SIGNALED, "rank 1 was ended by SIGSEGV"),
        ("if (rank == 1) return 3;", Verdict.RUNTIME_ERROR, "rank 1 ended with exit code 3"),
        ("if (rank == 1) exit(0);", Verdict.RUNTIME_ERROR, "rank 1 ended without MPI_Finalize"),
        ("if (rank == 1) MPI_Abort(MPI_COMM_WORLD, 0);", Verdict.RUNTIME_ERROR, "rank 1 called MPI_Abort with code 0"),
        ("if (rank == 1) MPI_Abort(MPI_COMM_WORLD, 5);", Verdict.RUNTIME_ERROR, "rank 1 called MPI_Abort with code 5"),
        ("if (rank == 1) for (;;) memset(malloc(1 << 20), 1, 1 << 20);", Verdict.MEMORY_LIMIT, "over 512 MB of memory"),
    ],
)
def test_a_failing_rank_is_named(body: str, verdict: Verdict, message: str) -> None:
    """However it ends, the whole job ends, with the verdict that the rank deserves."""
    outcome = run(_job(f"{body} MPI_Barrier(MPI_COMM_WORLD);", ranks=3))
    assert (outcome.verdict, outcome.message) == (verdict, message), outcome.stderr


def test_an_abort_from_fortran_is_seen(need: Need) -> None:
    """Also by the newest binding, and with code 0, which mpirun passes on as success."""
    need("mpif90")
    source = b"use mpi_f08\ncall MPI_Init()\ncall MPI_Abort(MPI_COMM_WORLD, 0)\nend\n"
    outcome = run(Job(files={"a.f90": source}, language="fortran", model="mpi"))
    assert (outcome.verdict, outcome.message) == (Verdict.RUNTIME_ERROR, "rank 0 called MPI_Abort with code 0")


def test_mpirun_that_cannot_start_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """More ranks than slots, where that is not allowed, is no failure of the program."""

    def strict(*words: object) -> dict[str, str]:
        return {name: value for name, value in environment(*words).items() if "oversubscribe" not in name}  # type: ignore[arg-type]

    monkeypatch.setattr("hpcraft.sandbox.builder.environment", strict)
    outcome = run(_job("", ranks=99))
    assert outcome.verdict is Verdict.INFRA_ERROR
    assert outcome.message.startswith("mpirun cannot start 99 ranks in the box: ")
    assert "slots" in outcome.message


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_a_program_cannot_pass_its_failure_off_as_the_machines(signal: str) -> None:
    """It may repeat mpirun's words and end mpirun: what counts is that mpirun works without it."""
    outcome = run(_job(f'if (!rank) {{ fputs("There are not enough slots available\\n", stderr); kill(getppid(), {signal}); }} pause();'))
    assert outcome.verdict in (Verdict.RUNTIME_ERROR, Verdict.SIGNALED)


_WINDOW = """enum { N = 60000 };
    static double mine[N], all[64L * N], got[N];
    for (int turn = 0; turn < 8; turn++) {
        MPI_Win window;
        double *kept = all;
        for (int i = 0; i < N; i++) mine[i] = rank + size * (double)(i + turn), got[i] = -1;
        for (long i = 0; i < (long)size * N; i++) all[i] = -1;
        if (ALLOCATE) MPI_Win_allocate(sizeof all, sizeof(double), MPI_INFO_NULL, MPI_COMM_WORLD, &kept, &window);
        else MPI_Win_create(all, sizeof all, sizeof(double), MPI_INFO_NULL, MPI_COMM_WORLD, &window);
        MPI_Win_fence(0, window);
        MPI_Put(mine, N, MPI_DOUBLE, 0, (MPI_Aint)rank * N, N, MPI_DOUBLE, window);
        MPI_Win_fence(0, window);
        MPI_Get(got, N, MPI_DOUBLE, 0, (MPI_Aint)((rank + 1) % size) * N, N, MPI_DOUBLE, window);
        MPI_Win_fence(0, window);
        for (int i = 0; i < N; i++) x += got[i] != (rank + 1) % size + size * (double)(i + turn);
        for (long i = 0; !rank && i < (long)size * N; i++) x += kept[i] != i / N + size * (double)(i % N + turn);
        MPI_Win_free(&window);
    }
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (!rank) printf("%d wrong", x);"""


@pytest.mark.parametrize("allocate", [0, 1])
@pytest.mark.parametrize("check", ["none", "address", "undefined"])
def test_windows_hold_what_was_put_into_them(allocate: int, check: Check) -> None:
    """Large parts, and more ranks than cores; a transport that can't copy out of another process must not be chosen."""
    job = _job(_WINDOW, before=f"#define ALLOCATE {allocate}", ranks=5, memory_mb=4096)
    outcome = run(replace(job, check=check))
    assert (outcome.verdict, outcome.stdout.strip()) == (Verdict.OK, "0 wrong")


def test_a_sweep_runs_every_number_of_ranks() -> None:
    """More ranks than cores work; one build serves all; only what is asked for runs."""
    with build(_job('MPI_Allreduce(&rank, &x, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD); if (!rank) printf("%d", x);')) as built:
        rows = list(built.sweep(Run(limits=Limits(wall_seconds=30))))
        assert [(row.ranks, row.outcome.stdout) for row in rows] == [(1, "0"), (2, "1"), (3, "3"), (4, "6"), (7, "21")]
        assert worst(rows).ok
        assert next(built.sweep(Run(), ranks=(2, 1 << 20))).outcome.ok


def test_a_sweep_says_with_what_it_failed() -> None:
    """The first failure is the outcome; the message names the numbers, and only those that vary."""
    good, bad = Outcome(verdict=Verdict.OK), Outcome(verdict=Verdict.TIME_LIMIT, message="over 1 s")
    cases = {
        "failed with 3 and 7 ranks: over 1 s": [(1, 1, good), (3, 1, bad), (7, 1, bad)],
        "failed with 4 threads: over 1 s": [(1, 1, good), (1, 4, bad)],
        "failed with 1 rank x 2 threads: over 1 s": [(1, 1, good), (1, 2, bad), (2, 1, good), (2, 2, good)],
        "failed with all 2 runs: over 1 s": [(1, 1, bad), (2, 1, bad)],
        "over 1 s": [(1, 1, bad)],
    }
    for message, rows in cases.items():
        assert worst(Swept(ranks=ranks, threads=threads, outcome=of) for ranks, threads, of in rows).message == message


@pytest.mark.usefixtures("isolation")
def test_run_sweeps_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The object is that of the failed run, with a row for each; for people there is a table."""
    (tmp_path / "a.c").write_text(_C % ("", "if (size == 3) return 2;"))
    words = ["sandbox", "run", str(tmp_path / "a.c"), "--model", "mpi+openmp", "--ranks", "2,3"]
    assert cli.main([*words, "--threads", "1,2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["verdict"], result["exit_code"]) == ("runtime_error", 2)
    assert result["message"].startswith("failed with 3 ranks x 1 thread and 3 ranks x 2 threads: rank ")
    rows = [(row["ranks"], row["threads"], row["verdict"]) for row in result["sweep"]]
    assert rows == [(2, 1, "ok"), (2, 2, "ok"), (3, 1, "runtime_error"), (3, 2, "runtime_error")]
    assert cli.main(words) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[:3]] == ["verdict", "ok", "runtime_error"]


def test_several_ranks_need_mpi(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep of what ignores ranks would say nothing."""
    (tmp_path / "a.c").write_text("int main(void) { return 0; }")
    assert cli.main(["sandbox", "run", str(tmp_path / "a.c"), "--ranks", "1,2"]) == 2
    assert "--model mpi" in capsys.readouterr().err
