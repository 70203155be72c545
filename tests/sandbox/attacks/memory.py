"""A13 to A19: memory."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict
from tests.sandbox.attacks.record import CONFINED, ENDLESS, FAST, Attack, Scene, c, ends, stopped

FULL = ends(Verdict.MEMORY_LIMIT)
FULL_OR_FAILED = ends(Verdict.MEMORY_LIMIT, Verdict.RUNTIME_ERROR, Verdict.SIGNALED, Verdict.DISK_LIMIT)
_SLOW = "for (int i = 0; i < 300; i++) { %s usleep(1000); } usleep(2000000);"
"""300 MB, a megabyte at a time; the limit is 64."""


def _bounded_peak(outcome: Outcome, scene: Scene) -> str:
    """The limit, with a margin for what is touched between two looks of a watcher on a busy machine."""
    return FULL(outcome, scene) or ("" if outcome.peak_memory_bytes >= 48 << 20 else f"the peak told is {outcome.peak_memory_bytes}")


ATTACKS = (
    Attack(
        id="A13",
        name="malloc loop",
        must="Touched memory meets the limit, and the peak is told.",
        job=c("for (int i = 0; i < 600; i++) memset(malloc(1 << 20), 1, 1 << 20); usleep(2000000);"),
        check=_bounded_peak,
    ),
    Attack(
        id="A14",
        name="large static array",
        must="A static array over the limit meets it when it is touched.",
        job=c("memset(a, 1, sizeof a); usleep(2000000);", "static char a[512 << 20];"),
        check=FULL_OR_FAILED,
    ),
    Attack(
        id="A14",
        name="static array of 64 GiB",
        must="A program larger than the machine fails at its start or at the limit.",
        job=c(
            "for (unsigned long i = 0; i < 400ul << 20; i += 4096) a[i * 100 % (sizeof a)] = 1; usleep(2000000);",
            "static volatile char a[1ul << 36];",
            flags=("-mcmodel=large",),
        ),
        check=FULL_OR_FAILED,
        needs=("x86_64",),
    ),
    Attack(
        id="A15",
        name="endless recursion",
        must="The stack is bounded.",
        job=c("return f(0);", "int f(int n) { volatile char b[4096]; b[0] = n; return f(n + 1) + b[0]; }"),
        check=ends(Verdict.SIGNALED, Verdict.MEMORY_LIMIT),
    ),
    Attack(
        id="A16",
        name="shared anonymous memory",
        must="Shared mappings count as memory.",
        job=c(_SLOW % "memset(mmap(0, 1 << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);"),
        check=FULL_OR_FAILED,
    ),
    Attack(
        id="A16",
        name="memfd kept unmapped",
        must="Memory files that nobody maps count, or can't be made larger than the limit on files.",
        job=c(
            'static char b[1 << 20]; memset(b, 1, sizeof b); for (int i = 0; i < 300; i++) { int f = memfd_create("x", 0); if (f < 0 || write(f, b, sizeof b) < 0) return 1; '
            "usleep(1000); } usleep(2000000);"
        ),
        check=FULL_OR_FAILED,
    ),
    Attack(
        id="A16",
        name="memory sent and never received",
        must="Buffers of sockets and pipes are bounded.",
        job=c(
            """static char b[1 << 16]; int s[2]; long total = 0; for (int i = 0; i < 60; i++) { if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s)) break;
            int big = 64 << 20; setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big); while (write(s[0], b, sizeof b) > 0) total += sizeof b; }
            if (total < 64 << 20) return 4; usleep(2000000);""",
            "#include <sys/socket.h>",
        ),
        check=FULL_OR_FAILED,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A16",
        name="file in /dev/shm",
        must="Files in shared memory count as memory or can't be made, and none is left behind.",
        job=c(
            'static char b[1 << 20]; int f = open("/dev/shm/left", O_CREAT | O_RDWR, 0600); if (f < 0) return 1;'
            + _SLOW % "if (write(f, b, sizeof b) < 0) return 1;"
        ),
        check=FULL_OR_FAILED,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A16",
        name="SysV segment left",
        must="A segment that nobody removes counts and is gone with the box.",
        job=c(
            "for (int i = 0; i < 40; i++) { int s = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600); if (s < 0) return 1; char *a = shmat(s, 0, 0);"
            " if (a == (void *)-1) return 1; memset(a, 1, 8 << 20); shmdt(a); usleep(5000); } usleep(2000000);",
            "#include <sys/ipc.h>\n#include <sys/shm.h>",
        ),
        check=FULL_OR_FAILED,
        stopped_in=("bubblewrap+cgroup", "bubblewrap", "landlock"),
    ),
    Attack(
        id="A16",
        name="small SysV objects left",
        must="Segments, semaphores and queues of SysV are gone with the box.",
        job=c(
            "semget(IPC_PRIVATE, 4, IPC_CREAT | 0666); msgget(IPC_PRIVATE, IPC_CREAT | 0666); shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);",
            "#include <sys/ipc.h>\n#include <sys/sem.h>\n#include <sys/msg.h>\n#include <sys/shm.h>",
        ),
        check=ends(Verdict.OK, Verdict.SIGNALED),
        stopped_in=("bubblewrap+cgroup", "bubblewrap", "landlock"),
    ),
    Attack(
        id="A17",
        name="many children below the limit",
        must="Children that are each below the limit are over it together.",
        job=c(
            "for (int i = 0; i < 8; i++) if (!fork()) { memset(malloc(24 << 20), 1, 24 << 20); pause(); } pause();",
            limits=replace(ENDLESS, wall_seconds=3),
        ),
        check=FULL,
    ),
    Attack(
        id="A18",
        name="locked memory",
        must="Locked and huge pages are refused or count as memory.",
        job=c(
            """mlockall(MCL_CURRENT | MCL_FUTURE); for (int i = 0; i < 40; i++) { char *p = mmap(0, 8 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS | (i ? MAP_LOCKED : MAP_HUGETLB), -1, 0);
            if (i && p == MAP_FAILED) return 1; if (p != MAP_FAILED) memset(p, 1, 8 << 20); usleep(5000); } usleep(2000000);"""
        ),
        check=FULL_OR_FAILED,
    ),
    Attack(
        id="A19",
        name="one rank takes all",
        must="The memory of one rank ends the whole job with the memory limit.",
        job=c(
            "int r; MPI_Init(&n, &v); MPI_Comm_rank(MPI_COMM_WORLD, &r); if (r == 1) for (int i = 0; i < 600; i++) memset(malloc(1 << 20), 1, 1 << 20);"
            " MPI_Barrier(MPI_COMM_WORLD); usleep(100000); MPI_Finalize();",
            "#include <mpi.h>",
            model="mpi",
            ranks=2,
            limits=replace(FAST, memory_mb=256, disk_mb=128, processes=64),
        ),
        check=FULL,
        needs=("mpicc", "mpirun"),
        stopped_in=("bubblewrap+cgroup", "bubblewrap"),
    ),
    Attack(
        id="N10",
        name="memory of a process about to be replaced",
        must="Memory that a program takes before it executes itself again is bounded each time.",
        job=c(
            'int left = n > 9 ? atoi(v[9]) : 5; memset(malloc(24 << 20), 1, 24 << 20); if (!left) return 0; char w[9]; sprintf(w, "%d", left - 1);'
            ' char *a[] = {"x", "", "", "", "", "", "", "", "", w, 0}; execv("/proc/self/exe", a); return 3;'
        ),
        check=stopped,
    ),
    Attack(
        id="N11",
        name="address space reserved",
        must="Reserving much memory without touching it is no offence.",
        job=c("return mmap(0, 1ul << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED;"),
        check=stopped,
    ),
    Attack(
        id="N12",
        name="page tables",
        must="Memory spent on page tables for one page in two megabytes is bounded.",
        job=c(
            """char *p = mmap(0, 1ul << 38, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); if (p == MAP_FAILED) return 0; volatile char sum = 0;
            madvise(p, 1ul << 38, MADV_NOHUGEPAGE); for (long i = 0; i < 1l << 16; i++) sum += p[i << 21]; usleep(2000000);"""
        ),
        check=FULL_OR_FAILED,
    ),
    Attack(
        id="N54",
        name="queues of empty messages",
        must="Messages of SysV without contents count as the kernel's memory that they are.",
        job=c(
            "long type = 1, sent = 0; for (int i = 0; i < 1000 && sent < 2000000; i++) { int q = msgget(IPC_PRIVATE, IPC_CREAT | 0600); if (q < 0) return 1;"
            " while (!msgsnd(q, &type, 0, IPC_NOWAIT)) sent++; } usleep(2000000);",
            "#include <sys/ipc.h>\n#include <sys/msg.h>",
        ),
        check=FULL_OR_FAILED,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N55",
        name="sets of semaphores",
        must="Semaphores of SysV, two megabytes a set, count as memory.",
        job=c(
            "for (int i = 0; i < 100; i++) if (semget(IPC_PRIVATE, 32000, IPC_CREAT | 0600) < 0) return 1; usleep(2000000);",
            "#include <sys/ipc.h>\n#include <sys/sem.h>",
        ),
        check=FULL_OR_FAILED,
        stopped_in=CONFINED,
    ),
)
