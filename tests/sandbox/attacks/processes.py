"""A01 to A12: processes and signals."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict, build
from tests.sandbox.attacks.record import CONFINED, ENDLESS, FAST, Attack, Scene, c, ends, stopped

LIMITED = ends(Verdict.PROCESS_LIMIT, Verdict.TIME_LIMIT, Verdict.RUNTIME_ERROR)
LATE = ends(Verdict.TIME_LIMIT)


def _many_timeouts(scene: Scene) -> Outcome | str:
    """The harness reaps every box whose program never ends."""
    job = c("for (;;) pause();", limits=replace(ENDLESS, wall_seconds=0.05))(scene)
    job = replace(job, tier=scene.tier, min_isolation="none")
    outcome = Outcome(verdict=Verdict.OK)
    with build(job) as built:
        for _ in range(20):
            outcome = built.run(job.run)
            if outcome.verdict is not Verdict.TIME_LIMIT:
                return f"{outcome.verdict} {outcome.message}"
    return outcome


ATTACKS = (
    Attack(
        id="A01",
        name="fork bomb",
        must="It meets the limit on processes, and all children are gone.",
        job=c("for (int i = 0; i < 4000; i++) fork(); for (;;) pause();", limits=ENDLESS),
        check=LIMITED,
    ),
    Attack(
        id="A01",
        name="fork bomb of vforks",
        must="Children that share the memory count like others.",
        job=c(
            "for (int i = 0; i < 4000; i++) if (!fork()) { if (!vfork()) { setsid(); for (;;) pause(); } _exit(0); } for (;;) pause();",
            limits=ENDLESS,
        ),
        check=LIMITED,
    ),
    Attack(
        id="A02",
        name="fork and setsid",
        must="Children in other sessions are limited and killed like others.",
        job=c(
            "for (int i = 0; i < 4000; i++) { if (!fork()) { setsid(); if (fork()) _exit(0); setsid(); } } for (;;) pause();",
            limits=ENDLESS,
        ),
        check=LIMITED,
    ),
    Attack(
        id="A03",
        name="parent exits, children run on",
        must="The verdict is the parent's, the children are killed, and the CPU time of the children counts.",
        # Another attack of the same user may have filled the limit on processes for a moment.
        job=c("for (int i = 0; i < 12; i++) { pid_t p; while ((p = fork()) < 0) usleep(2000); if (!p) for (;;); } usleep(300000);"),
        check=lambda outcome, scene: (
            stopped(outcome, scene) or ("" if outcome.cpu_seconds > 0.05 else f"{outcome.cpu_seconds} s of CPU told")
        ),
    ),
    Attack(
        id="A04",
        name="daemon holds the pipes",
        must="The parent's verdict comes at once though a daemon keeps stdout and stderr open.",
        job=c('if (!fork()) { setsid(); if (!fork()) { setsid(); signal(SIGHUP, SIG_IGN); for (;;) pause(); } _exit(0); } puts("done");'),
        check=lambda outcome, scene: (
            stopped(outcome, scene) or ("" if outcome.wall_seconds < 2 and "done" in outcome.stdout else "it waited")
        ),
    ),
    Attack(
        id="A05",
        name="thread bomb",
        must="Threads count as processes.",
        job=c(
            "pthread_t t; pthread_attr_t a; pthread_attr_init(&a); pthread_attr_setstacksize(&a, 65536);"
            "for (int i = 0; i < 4000; i++) if (pthread_create(&t, &a, f, 0)) return 1; for (;;) pause();",
            "#include <pthread.h>\nvoid *f(void *a) { for (;;) pause(); return a; }",
            limits=ENDLESS,
            flags=("-lpthread",),
        ),
        check=LIMITED,
    ),
    Attack(
        id="A05",
        name="thread bomb of OpenMP",
        must="A team of ten thousand threads fails or meets the limit.",
        job=c(
            "int s = 0;\n#pragma omp parallel num_threads(10000) reduction(+:s)\ns += usleep(100000) + 1;\nreturn s != 10000;",
            model="openmp",
            limits=ENDLESS,
        ),
        check=LIMITED,
    ),
    Attack(
        id="A06",
        name="stop the parent",
        must="SIGSTOP and SIGKILL to the parent neither stop the harness nor end the box.",
        job=c(
            "signal(SIGTERM, SIG_IGN); for (int i = 0; i < 50; i++) { kill(getppid(), SIGSTOP); kill(getppid(), SIGKILL); } for (;;) pause();",
            limits=ENDLESS,
        ),
        check=LATE,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A07",
        name="kill everything",
        must="kill(-1) ends processes of the box alone.",
        job=c("for (int i = 0; i < 20; i++) { kill(-1, SIGTERM); kill(-1, SIGKILL); kill(atoi(HARNESS), SIGKILL); kill(1, SIGKILL); }"),
        check=ends(Verdict.OK, Verdict.SIGNALED),
        stopped_in=CONFINED,
    ),
    Attack(
        id="A07",
        name="kill by other numbers",
        must="Signals by tkill, tgkill, rt_sigqueueinfo and pidfd reach nobody outside.",
        job=c(
            """int h = atoi(HARNESS); long pidfd = syscall(SYS_pidfd_open, h, 0); siginfo_t s = {.si_signo = SIGKILL, .si_code = SI_QUEUE};
            if (!syscall(SYS_tkill, h, SIGKILL) || !syscall(SYS_tgkill, h, h, SIGKILL)) BAD("tkill");
            if (!syscall(SYS_rt_sigqueueinfo, h, SIGKILL, &s)) BAD("rt_sigqueueinfo");
            if (pidfd >= 0 && !syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, 0, 0)) BAD("pidfd_send_signal");"""
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A07",
        name="kill in the 32-bit ABI",
        must="A system call by int 0x80 is refused or ends the program.",
        job=c(
            'int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(37), "b"(atoi(HARNESS)), "c"(9) : "memory"); if (r == 0) BAD("killed");'
        ),
        check=ends(Verdict.OK, Verdict.SIGNALED),
        stopped_in=CONFINED,
        needs=("x86_64",),
    ),
    Attack(
        id="A08",
        name="stops itself",
        must="A program that raises SIGSTOP meets the clock.",
        job=c("raise(SIGSTOP); for (;;) pause();", limits=ENDLESS),
        check=LATE,
    ),
    Attack(
        id="A08",
        name="sleeps",
        must="A program that waits without using the CPU meets the clock.",
        job=c("fd_set none; FD_ZERO(&none); for (;;) select(0, &none, 0, 0, 0);", "#include <sys/select.h>", limits=ENDLESS),
        check=LATE,
    ),
    Attack(
        id="A09",
        name="ignores every signal",
        must="A program that blocks and ignores all signals is killed at the limit.",
        job=c(
            "sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); for (int s = 1; s < 65; s++) signal(s, SIG_IGN); for (;;);",
            limits=ENDLESS,
        ),
        check=LATE,
    ),
    Attack(
        id="A09",
        name="uses up the CPU in children",
        must="The limit on CPU time holds for all processes together.",
        job=c("fork(); fork(); for (;;);", limits=replace(ENDLESS, wall_seconds=6.0, cpu_seconds=0.4)),
        check=lambda outcome, scene: (
            LATE(outcome, scene) or ("" if outcome.cpu_seconds < 3 else f"{outcome.cpu_seconds} s of CPU in place of 0.4")
        ),
    ),
    Attack(
        id="A10",
        name="escapes its parent's death",
        must="Clearing the death signal and reaping like init save no child.",
        job=c(
            "prctl(PR_SET_PDEATHSIG, 0); prctl(PR_SET_CHILD_SUBREAPER, 1); for (int i = 0; i < 4; i++) if (!fork()) { prctl(PR_SET_PDEATHSIG, 0); setsid(); "
            "if (!fork()) for (;;) pause(); _exit(0); }",
            "#include <sys/prctl.h>",
        ),
        check=stopped,
    ),
    Attack(
        id="A11",
        name="clones a sibling",
        must="A child made with CLONE_PARENT, child of the box's supervisor, is killed with the box.",
        job=c(
            "for (int i = 0; i < 4; i++) { long p = syscall(SYS_clone, 0x8000 | SIGCHLD, 0, 0, 0, 0); if (p == 0) { setsid(); for (;;) pause(); } }"
        ),
        check=ends(Verdict.OK, Verdict.RUNTIME_ERROR),
    ),
    Attack(
        id="A11",
        name="sibling ends with a good code",
        must="A sibling's exit code is not taken for the program's.",
        job=c("long p = syscall(SYS_clone, 0x8000 | SIGCHLD, 0, 0, 0, 0); if (p == 0) _exit(0); usleep(50000); return 3;"),
        check=lambda outcome, _scene: "" if outcome.exit_code == 3 else f"exit code {outcome.exit_code}",
    ),
    Attack(
        id="A12",
        name="many timed-out runs",
        must="Programs that never end leave no zombie of the harness.",
        play=_many_timeouts,
        check=LATE,
    ),
    Attack(
        id="N01",
        name="flood of zombies",
        must="Children that ended and were not reaped count as processes.",
        job=c("for (int i = 0; i < 4000; i++) if (!fork()) _exit(0); for (;;) pause();", limits=ENDLESS),
        check=LIMITED,
    ),
    Attack(
        id="N02",
        name="name with a parenthesis",
        must="Process names like those of /proc, with `)` and newlines, hide no process from the limits.",
        job=c(
            'prctl(PR_SET_NAME, ") S 1 1 0\\n"); for (int i = 0; i < 4000; i++) if (!fork()) for (;;) pause(); for (;;) pause();',
            "#include <sys/prctl.h>",
            limits=ENDLESS,
        ),
        check=LIMITED,
    ),
    Attack(
        id="N03",
        name="raises its limits",
        must="Neither soft nor hard limits, nor those of the parent, can be raised.",
        job=c(
            """struct rlimit r; int bad = 0;
            for (int i = 0; i < 16; i++) { getrlimit(i, &r); if (r.rlim_max == RLIM_INFINITY) continue; r.rlim_max++, r.rlim_cur = r.rlim_max;
                if (!setrlimit(i, &r)) BAD("limit %d raised", i); }
            r.rlim_cur = r.rlim_max = RLIM_INFINITY; if (!setrlimit(RLIMIT_FSIZE, &r) || !setrlimit(RLIMIT_NPROC, &r)) BAD("no limit");
            r.rlim_cur = r.rlim_max = 0; if (!prlimit(getppid(), RLIMIT_NOFILE, &r, 0)) BAD("the parent's limit"); return bad;""",
            "#include <sys/resource.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N04",
        name="claims the processor",
        must="Real-time scheduling and better priorities are refused.",
        job=c(
            """struct sched_param p = {.sched_priority = 50}; if (!sched_setscheduler(0, SCHED_FIFO, &p)) BAD("SCHED_FIFO");
            if (!setpriority(PRIO_PROCESS, 0, -10)) BAD("priority"); if (!syscall(SYS_ioprio_set, 1, 0, 1 << 13)) BAD("real-time input and output");""",
            "#include <sched.h>\n#include <sys/resource.h>",
        ),
        check=stopped,
    ),
    Attack(
        id="N05",
        name="child stopped before its end",
        must="A stopped or traced-to-be child is killed with the box.",
        job=c("for (int i = 0; i < 4; i++) { int p = fork(); if (!p) { setsid(); raise(SIGSTOP); for (;;); } } usleep(20000);"),
        check=stopped,
    ),
    Attack(
        id="N06",
        name="exec from another thread",
        must="A program that replaces itself from a thread keeps its limits and is waited for.",
        job=c(
            "if (n > 9) { usleep(100000); return 7; } pthread_t t; pthread_create(&t, 0, f, v); for (;;) pause();",
            '#include <pthread.h>\nvoid *f(void *a) { char **v = a, *w[12]; for (int i = 0; i < 9; i++) w[i] = v[i]; w[9] = "x"; w[10] = 0; execv("/proc/self/exe", w); return 0; }',
            flags=("-lpthread",),
        ),
        check=lambda outcome, _scene: "" if outcome.exit_code == 7 else f"{outcome.verdict}, exit code {outcome.exit_code}",
    ),
    Attack(
        id="N07",
        name="main thread leaves, others stay",
        must="A program whose first thread ends is still seen: it meets the clock.",
        job=c(
            "pthread_t t; pthread_create(&t, 0, f, 0); syscall(SYS_exit, 0);",
            "#include <pthread.h>\nvoid *f(void *a) { for (;;); return a; }",
            limits=ENDLESS,
            flags=("-lpthread",),
        ),
        check=LATE,
    ),
    Attack(
        id="N08",
        name="main thread leaves, others allocate",
        must="The memory of a program whose first thread has ended is still counted.",
        job=c(
            "pthread_t t; pthread_create(&t, 0, f, 0); syscall(SYS_exit, 0);",
            "#include <pthread.h>\nvoid *f(void *a) { for (int i = 0; i < 400; i++) { memset(malloc(1 << 20), 1, 1 << 20); usleep(1000); } _exit(0); return a; }",
            limits=FAST,
            flags=("-lpthread",),
        ),
        check=ends(Verdict.MEMORY_LIMIT, Verdict.RUNTIME_ERROR, Verdict.SIGNALED),
    ),
    Attack(
        id="N09",
        name="children hidden behind a clone flag",
        must="New namespaces are refused to clone, clone3 and unshare.",
        job=c(
            """for (int bit = 0; bit < 32; bit++) { unsigned long f = 1ul << bit; if (!(f & 0x7E020080)) continue;
                long p = syscall(SYS_clone, f | SIGCHLD, 0, 0, 0, 0); if (p == 0) _exit(0); if (p > 0) BAD("clone %#lx", f);
                unsigned long long a[11] = {f, 0, 0, 0, SIGCHLD}; p = syscall(435, a, sizeof a); if (p == 0) _exit(0); if (p > 0) BAD("clone3 %#lx", f);
                if (!syscall(SYS_unshare, f)) BAD("unshare %#lx", f); }"""
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
)
