"""A20 to A23: files, names and descriptors."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict
from tests.sandbox.attacks.record import BOXES, CONFINED, FAST, Attack, Scene, c, ends, stopped

FULL = ends(Verdict.DISK_LIMIT)
BOUNDED = ends(Verdict.DISK_LIMIT, Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT)


def _small(outcome: Outcome, scene: Scene) -> str:
    """The collected file never is larger than the limit."""
    sizes = [len(content) for content in outcome.outputs.values()]
    return f"{max(sizes)} bytes came back" if sizes and max(sizes) > 8 << 20 else ""


ATTACKS = (
    Attack(
        id="A20",
        name="one large file",
        must="A file over the limit on disk ends the program.",
        job=c(
            'static char b[1 << 16]; int f = open("x", O_CREAT | O_WRONLY, 0600); for (int i = 0; i < 512; i++) if (write(f, b, sizeof b) != sizeof b) return 1;'
        ),
        check=FULL,
    ),
    Attack(
        id="A20",
        name="many files together",
        must="Files that are each below the limit are over it together.",
        job=c(
            """static char b[1 << 16]; for (int i = 0; i < 512; i++) { char p[9]; sprintf(p, "f%d", i); int f = open(p, O_CREAT | O_WRONLY, 0600);
            if (f < 0 || write(f, b, sizeof b) != sizeof b) return 1; close(f); } usleep(2000000);"""
        ),
        check=FULL,
    ),
    Attack(
        id="A20",
        name="sparse file of a tebibyte",
        must="A file that is large by its holes takes no space, is not collected, and can't be made over the limit.",
        job=c(
            'int f = open("x", O_CREAT | O_WRONLY, 0666); signal(SIGXFSZ, SIG_IGN); return ftruncate(f, 1l << 40) && pwrite(f, "", 1, 1l << 40) < 0 ? 0 : 0;',
            collect=("x",),
        ),
        check=lambda outcome, scene: ends(Verdict.OK, Verdict.DISK_LIMIT)(outcome, scene) or _small(outcome, scene),
    ),
    Attack(
        id="A20",
        name="a million files",
        must="Empty files are bounded in number.",
        job=c(
            'for (int i = 0; i < 1000000; i++) { char p[12]; sprintf(p, "f%d", i); int f = open(p, O_CREAT | O_WRONLY, 0600); if (f < 0) return 1; close(f); }'
        ),
        check=BOUNDED,
        stopped_in=BOXES,
    ),
    Attack(
        id="A20",
        name="file deleted and kept open",
        must="Space held by a file without a name counts.",
        job=c(
            """static char b[1 << 20]; for (int i = 0; i < 32; i++) { int f = open("x", O_CREAT | O_WRONLY, 0600); unlink("x"); if (f < 0 || write(f, b, sizeof b) != sizeof b) return 1; }
            usleep(2000000);"""
        ),
        check=BOUNDED,
        stopped_in=BOXES,
    ),
    Attack(
        id="A20",
        name="one file over its own limit",
        must="The limit on one file holds below the limit on all.",
        job=c(
            'static char b[1 << 16]; int f = open("x", O_CREAT | O_WRONLY, 0600); for (int i = 0; i < 64; i++) if (write(f, b, sizeof b) != sizeof b) return 1;',
            limits=replace(FAST, file_mb=1),
        ),
        check=FULL,
    ),
    Attack(
        id="A21",
        name="names and folders that resist removal",
        must="Deep folders, folders without rights, and names with newlines, odd bytes and dashes are removed with the box.",
        job=c(
            r"""char *names[] = {"-rf", "a\nb", "\xff\xfe", "$(touch x)", ";true", "*", " "}; for (int i = 0; i < 7; i++) close(open(names[i], O_CREAT, 0));
            for (int i = 0; i < 200; i++) if (mkdir("deep", 0700) || chdir("deep")) return 1;
            chdir("/box"); chdir(getenv("HOME")); mkdir("closed", 0700); close(open("closed/x", O_CREAT, 0)); chmod("closed", 0); chmod(".", 0);"""
        ),
        check=stopped,
    ),
    Attack(
        id="A22",
        name="core dump",
        must="A crash leaves no core, neither in a file nor with a collector.",
        job=c(
            'struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY}; setrlimit(RLIMIT_CORE, &r); int p = fork(); if (!p) abort(); int s; waitpid(p, &s, 0); if (WCOREDUMP(s)) BAD("core"); '
            'if (!access("core", F_OK)) BAD("core file"); raise(SIGSEGV);',
            "#include <sys/resource.h>",
        ),
        check=ends(Verdict.SIGNALED),
    ),
    Attack(
        id="A23",
        name="inherited descriptors",
        must="Only stdin, stdout and stderr are open.",
        job=c(
            'for (int f = 3; f < 4096; f++) if (fcntl(f, F_GETFD) >= 0) { char p[99] = "", l[30]; sprintf(l, "/proc/self/fd/%d", f); readlink(l, p, 98); BAD("%d %s", f, p); }'
        ),
        check=stopped,
    ),
    Attack(
        id="A23",
        name="descriptors used up",
        must="Descriptors are bounded, and the harness has enough of its own.",
        job=c('for (int i = 0; i < 100000; i++) if (open("/dev/null", O_RDONLY) < 0) return 0; BAD("100000 files open");'),
        check=stopped,
    ),
    Attack(
        id="A23",
        name="descriptors behind descriptors",
        must="Event queues, timers and watches are bounded.",
        job=c(
            """int made = 0; for (int i = 0; i < 100000; i++) { int f = i % 3 == 0 ? epoll_create1(0) : i % 3 == 1 ? eventfd(0, 0) : inotify_init1(0); if (f >= 0) made++; }
            if (made > 5000) BAD("%d", made);""",
            "#include <sys/epoll.h>\n#include <sys/eventfd.h>\n#include <sys/inotify.h>",
        ),
        check=stopped,
    ),
    Attack(
        id="N13",
        name="holes and fallocate",
        must="Space taken with fallocate counts as written.",
        job=c(
            'int f = open("x", O_CREAT | O_WRONLY, 0600); signal(SIGXFSZ, SIG_IGN); for (int i = 0; i < 4; i++) { char p[9]; sprintf(p, "g%d", i); f = open(p, O_CREAT | O_WRONLY, 0600); if (fallocate(f, 0, 0, 4 << 20)) return 1; } usleep(2000000);'
        ),
        check=BOUNDED,
    ),
    Attack(
        id="N14",
        name="file size signal ignored",
        must="A program that ignores SIGXFSZ still meets the limit on disk.",
        job=c(
            'signal(SIGXFSZ, SIG_IGN); static char b[1 << 16]; int f = open("x", O_CREAT | O_WRONLY, 0600); for (int i = 0; i < 4096; i++) if (write(f, b, sizeof b) < 0) return 5;'
        ),
        check=ends(Verdict.DISK_LIMIT, Verdict.RUNTIME_ERROR),
    ),
    Attack(
        id="N15",
        name="mapped writes past the limit",
        must="A file filled through a mapping is bounded.",
        job=c(
            'signal(SIGXFSZ, SIG_IGN); int f = open("x", O_CREAT | O_RDWR, 0600); if (ftruncate(f, 64 << 20)) return 1; char *p = mmap(0, 64 << 20, 3, MAP_SHARED, f, 0); if (p == MAP_FAILED) return 1; memset(p, 1, 64 << 20); usleep(2000000);'
        ),
        check=ends(Verdict.DISK_LIMIT, Verdict.RUNTIME_ERROR, Verdict.SIGNALED, Verdict.MEMORY_LIMIT),
    ),
    Attack(
        id="N16",
        name="locks, leases and message queues",
        must="POSIX message queues can't be filled, and leases bind nobody outside.",
        job=c(
            'struct { long flags, max, size, now; } a = {0, 10, 8192, 0}; for (int i = 0; i < 300; i++) { char p[20]; sprintf(p, "q%d", i); if (syscall(SYS_mq_open, p, O_CREAT | O_RDWR, 0600, &a) < 0) return 0; } BAD("300 queues");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N56",
        name="files too deep to be counted",
        must="Files below a path longer than any walk can follow count.",
        job=c(
            """char d[251] = {0}; static char b[1 << 16]; memset(d, 'd', 250); for (int i = 0; i < 300; i++) if (mkdir(d, 0700) || chdir(d)) return 1;
            for (int i = 0; i < 512; i++) { char p[9]; sprintf(p, "f%d", i); int f = open(p, O_CREAT | O_WRONLY, 0600);
            if (f < 0 || write(f, b, sizeof b) != sizeof b) return 1; close(f); } usleep(2000000);"""
        ),
        check=BOUNDED,
    ),
    Attack(
        id="N57",
        name="files in a folder that its owner may not list",
        must="Files count also in a folder that was made unreadable.",
        job=c(
            """static char b[1 << 16]; if (mkdir("x", 0300) || chdir("x")) return 1; for (int i = 0; i < 512; i++) { char p[9]; sprintf(p, "f%d", i);
            int f = open(p, O_CREAT | O_WRONLY, 0600); if (f < 0 || write(f, b, sizeof b) != sizeof b) return 1; close(f); } usleep(2000000);"""
        ),
        check=FULL,
    ),
)
