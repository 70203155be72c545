"""Attacks that the list lacks and that fit none of its sections: against the watcher, the reports and the kernel's stores."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict, run_many
from tests.sandbox.attacks.record import BOXES, CONFINED, ENDLESS, FAST, Attack, Scene, c, ends, never_reads, stopped

BOUNDED = ends(Verdict.MEMORY_LIMIT, Verdict.RUNTIME_ERROR, Verdict.SIGNALED, Verdict.PROCESS_LIMIT, Verdict.DISK_LIMIT)


def _neighbours(scene: Scene) -> Outcome | str:
    """An honest program beside one that takes all it can gets its right verdict."""
    greedy = c(
        "for (int i = 0; i < 15; i++) if (!fork()) for (;;) { char *p = malloc(1 << 20); memset(p, 1, 1 << 20); free(p); } for (;;);",
        limits=ENDLESS,
    )(scene)
    honest = c('for (int i = 0; i < 50; i++) usleep(2000); puts("done");')(scene)
    jobs = [replace(job, tier=scene.tier, min_isolation="none") for job in (greedy, honest)]
    outcomes = list(run_many(jobs, workers=2))
    return outcomes[1] if outcomes[0].verdict is Verdict.TIME_LIMIT else f"the greedy one ended with {outcomes[0].verdict}"


ATTACKS = (
    Attack(
        id="N35",
        name="memory sent in small portions",
        must="Many sockets of the usual size hold no more than the limit.",
        job=c(
            """static char b[1 << 12]; int s[2]; long total = 0; for (int k = 0; k < 3; k++) if (!fork()) { for (int i = 0; i < 480; i++) { if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s)) break;
            while (write(s[0], b, sizeof b) > 0) total += sizeof b; } if (total < 24 << 20) _exit(0); usleep(2000000); _exit(3); } int ok = 1, e; for (int k = 0; k < 3; k++) { wait(&e); ok &= e == 0; } return ok ? 4 : 0;""",
            "#include <sys/socket.h>",
        ),
        check=BOUNDED,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N36",
        name="memory in pipes",
        must="Pipes hold no more than the kernel grants to one user.",
        job=c(
            """static char b[1 << 16]; int p[2]; long total = 0; for (int k = 0; k < 3; k++) if (!fork()) { for (int i = 0; i < 480; i++) { if (pipe2(p, O_NONBLOCK)) break; fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
            while (write(p[1], b, sizeof b) > 0) total += sizeof b; } if (total < 100 << 20) _exit(0); usleep(2000000); _exit(3); } int ok = 1, e; for (int k = 0; k < 3; k++) { wait(&e); ok &= e == 0; } return ok ? 4 : 0;"""
        ),
        check=BOUNDED,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N37",
        name="short-lived hogs",
        must="Memory of many children that live for a few milliseconds each is bounded at every moment.",
        job=c(
            "for (int k = 0; k < 60; k++) { for (int i = 0; i < 4; i++) if (!fork()) { memset(malloc(12 << 20), 1, 12 << 20); _exit(0); } while (wait(0) > 0); }"
        ),
        check=stopped,
    ),
    Attack(
        id="N38",
        name="memory behind a mapping of a deleted file",
        must="Pages of a deleted file that is only mapped count.",
        job=c(
            """for (int i = 0; i < 20; i++) { int f = open("x", O_CREAT | O_RDWR, 0600); unlink("x"); if (ftruncate(f, 8 << 20)) return 1; char *p = mmap(0, 8 << 20, 3, MAP_SHARED, f, 0); close(f); if (p == MAP_FAILED) return 1;
            memset(p, 1, 8 << 20); } usleep(2000000);"""
        ),
        check=BOUNDED,
        stopped_in=BOXES,
    ),
    Attack(
        id="N39",
        name="swapped to the disk's store",
        must="Memory and disk are each bounded when a program fills both.",
        job=c(
            """static char b[1 << 20]; for (int i = 0; i < 7; i++) { char p[9]; sprintf(p, "d%d", i); int f = open(p, O_CREAT | O_WRONLY, 0600); if (write(f, b, sizeof b) < 0) return 1; }
            for (int i = 0; i < 40; i++) memset(malloc(1 << 20), 1, 1 << 20); usleep(50000);"""
        ),
        check=ends(Verdict.OK, Verdict.MEMORY_LIMIT),
    ),
    Attack(
        id="N40",
        name="greedy neighbour",
        must="A program that uses all cores and memory lanes doesn't change the verdict of an honest one beside it.",
        play=_neighbours,
        check=stopped,
    ),
    Attack(
        id="N41",
        name="stops and continues everybody",
        must="SIGSTOP to all processes of the box, the supervisor too, doesn't stop the clock.",
        job=c(
            "if (!fork()) { for (;;) { kill(-1, SIGSTOP); kill(1, SIGSTOP); kill(getppid(), SIGSTOP); usleep(1000); } } for (;;);",
            limits=ENDLESS,
        ),
        check=ends(Verdict.TIME_LIMIT),
        stopped_in=CONFINED,
    ),
    Attack(
        id="N42",
        name="timers and alarms",
        must="Timers that a program sets on itself in thousands are bounded or harmless.",
        job=c(
            """struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG}; timer_t t; struct itimerspec w = {{0, 100000}, {0, 100000}}; signal(SIGURG, SIG_IGN); int made = 0;
            for (int i = 0; i < 20000; i++) if (!timer_create(CLOCK_MONOTONIC, &e, &t)) { made++; timer_settime(t, 0, &w, 0); } for (;;) pause();""",
            "#include <time.h>",
            limits=ENDLESS,
        ),
        check=ends(Verdict.TIME_LIMIT, Verdict.SIGNALED),
    ),
    Attack(
        id="N43",
        name="flood of signals to itself",
        must="Queued signals are bounded and delay no kill.",
        job=c(
            "sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); for (;;) for (int s = SIGRTMIN; s <= SIGRTMAX; s++) sigqueue(getpid(), s, (union sigval){0});",
            limits=ENDLESS,
        ),
        check=ends(Verdict.TIME_LIMIT),
    ),
    Attack(
        id="N44",
        name="asks for its own death late",
        must="A process that is being killed and holds much memory is gone before the verdict.",
        job=c(
            "for (int i = 0; i < 10; i++) if (!fork()) { mmap(0, 4 << 20, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0); prctl(PR_SET_PDEATHSIG, SIGSTOP); for (;;) pause(); } usleep(30000); raise(SIGKILL);",
            "#include <sys/prctl.h>",
        ),
        check=lambda outcome, _scene: "" if outcome.signal == 9 else f"{outcome.verdict} {outcome.signal}",
    ),
    Attack(
        id="N45",
        name="names itself like the harness",
        must="A program that overwrites its command line and name is still seen and killed.",
        job=c(
            'prctl(PR_SET_NAME, "python3"); for (int i = 0; i < n - 2; i++) memset(v[i + 2], 0, strlen(v[i + 2])); strcpy(v[0], "init"); for (int i = 0; i < 40; i++) if (!fork()) { setsid(); for (;;) pause(); } for (;;) pause();',
            "#include <sys/prctl.h>",
            limits=ENDLESS,
        ),
        check=ends(Verdict.PROCESS_LIMIT, Verdict.RUNTIME_ERROR, Verdict.TIME_LIMIT),
    ),
    Attack(
        id="N46",
        name="tampers with /proc of its own",
        must="Writing to its own files under /proc changes no map of users, no limit and no score in its favour.",
        job=c(
            """const char *p[] = {"uid_map", "gid_map", "setgroups", "oom_adj", "timens_offsets", "projid_map"}; for (int i = 0; i < 6; i++) { char f[64]; sprintf(f, "/proc/self/%s", p[i]); int d = open(f, O_WRONLY);
            if (d >= 0 && (write(d, i == 2 ? "allow" : "0 0 1", 5) > 0 || write(d, "-17", 3) > 0)) BAD("%s", f); }"""
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N47",
        name="collects through its own /proc",
        must="An output that is a link into /proc is not followed.",
        job=c(
            'symlink("/proc/self/environ", "a"); symlink("/proc/1/environ", "b"); symlink("/proc/self/root", "c");',
            collect=("a", "b", "c/etc/shadow"),
        ),
        check=lambda outcome, scene: stopped(outcome, scene) or (f"{list(outcome.outputs)} came back" if outcome.outputs else ""),
    ),
    Attack(
        id="N48",
        name="swaps a folder for a link while collected",
        must="A daemon that exchanges a folder and a link to the host's never brings a file of the host into the outputs.",
        job=c(
            """mkdir("way", 0777); close(open("way/passwd", O_CREAT | O_RDWR, 0666)); symlink("/etc", "link"); for (int i = 0; i < 3; i++) if (!fork()) { setsid(); for (;;) syscall(SYS_renameat2, -100, "way", -100, "link", 2); } usleep(30000);""",
            collect=("way/passwd",),
        ),
        check=lambda outcome, scene: stopped(outcome, scene) or ("the host's file came back" if any(outcome.outputs.values()) else ""),
    ),
    Attack(
        id="N49",
        name="answers on stdin",
        must="Stdin is the given input only: it can't be written, nor leads to a file of the host.",
        job=c(
            'char l[99] = ""; readlink("/proc/self/fd/0", l, 98); if (write(0, "x", 1) == 1) BAD("written"); fchmod(0, 0777); int f = open("/proc/self/fd/0", O_RDWR); if (f >= 0 && write(f, "x", 1) == 1) BAD("reopened"); if (!ftruncate(0, 0)) BAD("cut"); char b[9] = ""; read(0, b, 8); return strcmp(b, "given");',
            stdin=b"given",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N50",
        name="hardware watch",
        must="Counters, debug registers and the raw clock of the machine's other users are refused.",
        job=c(
            'if (syscall(SYS_perf_event_open, "\\0\\0\\0\\0", 0, -1, -1, 0) >= 0) BAD("perf"); if (open("/dev/cpu/0/msr", O_RDONLY) >= 0 || open("/dev/cpu/0/cpuid", O_RDONLY) >= 0) BAD("msr"); if (open("/sys/kernel/debug/tracing/trace", O_RDONLY) >= 0 || open("/sys/kernel/tracing/trace", O_RDONLY) >= 0) BAD("trace");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N51",
        name="deep recursion of processes",
        must="A chain of processes, each the child of the last, is limited and killed.",
        job=c("for (int i = 0; i < 4000; i++) if (fork()) for (;;) pause();  for (;;);", limits=ENDLESS),
        check=ends(Verdict.PROCESS_LIMIT, Verdict.RUNTIME_ERROR, Verdict.TIME_LIMIT),
    ),
    Attack(
        id="N52",
        name="writes where nobody looks",
        must="All that is writable is the box and its shared memory.",
        job=c(
            """int bad = 0; const char *p[] = {"/", "/usr", "/usr/lib", "/etc", "/run", "/sys", "/dev", "/proc", "/var", "/var/tmp", "/home", "/root", "/opt", "/mnt", "/src", "/lib", "/run/lock", "/var/lock", "/dev/mqueue", "/run/user"};
            for (int i = 0; i < 20; i++) { char f[99]; sprintf(f, "%s/%s", p[i], MARKER); int d = open(f, O_CREAT | O_WRONLY, 0600); if (d >= 0) { unlink(f); printf("%s ", p[i]); bad = 1; } if (!mkdir(f, 0700)) { rmdir(f); bad = 1; } }
            if (bad) BAD("writable"); """
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N53",
        name="reads all that is readable",
        must="A walk over everything that can be read never meets the harness's secret.",
        job=c(
            """FTW_TOP(SECRET_FILE); char top[400]; strcpy(top, SECRET_FILE); for (int i = 0; i < 3; i++) { char *s = strrchr(top, '/'); if (s > top) *s = 0; } nftw(top, each, 20, FTW_PHYS); nftw("/dev/shm", each, 20, FTW_PHYS); nftw("/run", each, 20, FTW_PHYS);""",
            "#include <ftw.h>\n#define FTW_TOP(x) (void)(x)\nstatic int each(const char *p, const struct stat *s, int t, struct FTW *w) { char b[256]; if (t != FTW_F) return 0; int f = open(p, O_RDONLY | O_NONBLOCK); ssize_t k = f < 0 ? 0 : read(f, b, 255); if (k > 0) fwrite(b, 1, k, stdout); if (f >= 0) close(f); return 0; }",
            limits=replace(FAST, output_bytes=1 << 20),
        ),
        check=never_reads,
        stopped_in=CONFINED,
    ),
)
