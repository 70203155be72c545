"""A42 to A47: privileges and the kernel's interface."""

from __future__ import annotations

from hpcraft.sandbox import Outcome, Verdict
from tests.sandbox.attacks.record import BOXES, CONFINED, EVERYWHERE, Attack, Scene, c, ends, stopped

_KERNEL = "#include <sys/mount.h>\n#include <sys/prctl.h>\n#include <sys/ptrace.h>\n#include <sys/reboot.h>\n#include <sys/uio.h>\n#include <linux/reboot.h>"


def _status(outcome: Outcome, scene: Scene) -> str:
    """What /proc/self/status says of the program."""
    fields = {line.partition(":")[0]: line.partition(":")[2].split() for line in outcome.stdout.splitlines()}
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), "0" * 16)}
    wrong = [f"{name} is {fields.get(name)}" for name, value in wanted.items() if fields.get(name) != [value]]
    if scene.tier == "none":
        wrong = [word for word in wrong if not word.startswith("Seccomp")]
    return stopped(outcome, scene) or ", ".join(wrong) or ("it runs as root" if "0" in fields.get("Uid", ["0"]) else "")


def _refused(*calls: str) -> str:
    """A program in which none of these calls succeeds."""
    return " ".join(f'errno = 0; if (({call}) >= 0) BAD("%s", {_quoted(call)});' for call in calls)


def _quoted(call: str) -> str:
    return '"' + call.replace("\\", "").replace('"', "'") + '"'


ATTACKS = (
    Attack(
        id="A42",
        name="set-user programs",
        must="sudo, su, mount and fusermount give no privilege.",
        job=c(
            r"""char *t[][6] = {{"/usr/bin/sudo", "-n", "id"}, {"/bin/su", "-c", "id"}, {"/usr/bin/newgrp", "root"}, {"/bin/mount", "-t", "tmpfs", "x", "/tmp"}, {"/usr/bin/fusermount3", "x"}, {"/usr/bin/chsh", "-s", "/x"}};
            for (int i = 0; i < 6; i++) { int p = fork(); if (!p) { struct itimerval soon = {{0, 0}, {0, 300000}}; setitimer(ITIMER_REAL, &soon, 0); execv(t[i][0], t[i]); _exit(1); } int s; waitpid(p, &s, 0); if (WIFEXITED(s) && WEXITSTATUS(s) == 0) BAD("%s", t[i][0]); }""",
            "#include <sys/time.h>",
        ),
        check=ends(Verdict.OK),
    ),
    Attack(
        id="A42",
        name="own set-user file",
        must="A file with the set-user bit, and calls to become root, give nothing.",
        job=c(
            """system("cp /bin/true x 2>/dev/null"); chmod("x", 06755); if (!chown("x", 0, 0)) BAD("chown"); if (!setuid(0) || !seteuid(0) || !setgid(0) || !setresuid(0, 0, 0)) BAD("root"); if (!geteuid() || !getuid()) BAD("is root");"""
        ),
        check=stopped,
        users=("root",),
    ),
    Attack(
        id="A43",
        name="traces others",
        must="No process can be traced, read or written by another: neither parent, nor pid 1, nor a sibling.",
        job=c(
            """int child = fork(); if (!child) { pause(); _exit(0); } int who[] = {1, getppid(), child, atoi(HARNESS)}; char b[8]; struct iovec l = {b, 8}, r = {&b, 8};
            for (int i = 0; i < 4; i++) { if (!ptrace(PTRACE_ATTACH, who[i], 0, 0) || !ptrace(PTRACE_SEIZE, who[i], 0, 0)) BAD("ptrace %d", i); if (process_vm_readv(who[i], &l, 1, &r, 1, 0) > 0 || process_vm_writev(who[i], &l, 1, &r, 1, 0) > 0) BAD("memory %d", i);
            int f = syscall(SYS_pidfd_open, who[i], 0); if (f >= 0 && syscall(438, f, 0, 0) >= 0) BAD("pidfd_getfd %d", i); if (i != 2) { char p[40]; sprintf(p, "/proc/%d/mem", who[i]); if (open(p, O_RDWR) >= 0) BAD("%s", p); } }
            if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0) BAD("traceme");""",
            _KERNEL,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A44",
        name="mounts and roots",
        must="Mounting by the old and the new calls, other roots and device nodes are refused.",
        job=c(
            _refused(
                'mount("x", ".", "tmpfs", 0, 0)',
                'mount("/", ".", 0, MS_BIND, 0)',
                'umount2("/proc", MNT_DETACH)',
                'syscall(SYS_pivot_root, ".", ".")',
                'chroot(".")',
                'syscall(430, "tmpfs", 0)',
                'syscall(428, -100, "/", 1)',
                'syscall(429, -100, "/", -100, ".", 0)',
                'syscall(442, -100, "/", 0, 0, 0)',
                'mknod("n", S_IFBLK | 0666, 0x800)',
                'mknod("m", S_IFCHR | 0666, 0x101)',
                'syscall(467, -100, "/", 1, 0, 0)',
            ),
            _KERNEL,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A44",
        name="namespaces",
        must="No namespace can be made or entered.",
        job=c(
            _refused(
                "syscall(SYS_unshare, 0x10000000)",
                "syscall(SYS_unshare, 0x40000000)",
                "syscall(SYS_unshare, 0x00020000)",
                'syscall(SYS_setns, open("/proc/self/ns/net", O_RDONLY), 0)',
                'syscall(SYS_setns, open("/proc/1/ns/mnt", O_RDONLY), 0)',
            )
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A44",
        name="the machine itself",
        must="Restarting, clocks, host names, swap, modules, accounting and quotas are refused.",
        job=c(
            _refused(
                "reboot(LINUX_REBOOT_CMD_CAD_OFF)",
                'syscall(SYS_sethostname, "x", 1)',
                "syscall(SYS_settimeofday, (long[]){1, 1}, 0)",
                "syscall(SYS_clock_settime, 0, (long[]){1, 1})",
                'syscall(SYS_swapon, "x", 0)',
                'syscall(SYS_init_module, "", 0, "")',
                'syscall(SYS_finit_module, 0, "", 0)',
                'syscall(SYS_acct, "x")',
                "syscall(SYS_kexec_load, 0, 0, 0, 0)",
                "syscall(SYS_vhangup)",
            ),
            _KERNEL,
        ),
        check=stopped,
        stopped_in=EVERYWHERE,
    ),
    Attack(
        id="A44",
        name="interfaces with a history",
        must="BPF, performance events, keys, fanotify, handles of files, foreign personalities and local descriptor tables are refused.",
        job=c(
            "char a[128] = {0}; "
            + _refused(
                "syscall(SYS_bpf, 0, a, 128)",
                "syscall(SYS_perf_event_open, a, 0, -1, -1, 0)",
                'syscall(SYS_add_key, "user", "a", "b", 1, -3)',
                "syscall(SYS_keyctl, 0, -3, 1)",
                "syscall(SYS_fanotify_init, 0, 0)",
                "syscall(SYS_open_by_handle_at, 3, a, 0)",
                "syscall(SYS_personality, 0x0008)",
                "syscall(SYS_personality, 0x0400000)",
                "syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0)",
                "syscall(SYS_move_pages, getppid(), 0, 0, 0, 0, 0)",
            )
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A44",
        name="local descriptor table",
        must="modify_ldt, I/O ports and the x32 ABI are refused.",
        job=c(
            "char a[16] = {1}; "
            + _refused(
                "syscall(SYS_modify_ldt, 1, a, 16)",
                "syscall(SYS_iopl, 3)",
                "syscall(SYS_ioperm, 0x80, 1, 1)",
                "syscall(0x40000000 | 39)",
                "syscall(0x40000000 | 520, 0, 0, 0)",
            )
        ),
        check=ends(Verdict.OK, Verdict.SIGNALED),
        stopped_in=CONFINED,
        needs=("x86_64",),
    ),
    Attack(
        id="A44",
        name="kernel's settings and devices",
        must="Nothing under /proc/sys, /sys and /dev can be written but the usual null devices.",
        job=c(
            """const char *p[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/devices/system/cpu/cpu0/online", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/loop-control", "/dev/vda", "/dev/sda",
            "/proc/self/oom_score_adj", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/tasks"}; for (int i = 0; i < 15; i++) { int f = open(p[i], O_WRONLY); if (f >= 0 && (i != 12 || write(f, "-999", 4) == 4)) BAD("%s", p[i]); }"""
        ),
        check=stopped,
    ),
    Attack(
        id="A45",
        name="pushes input into a terminal",
        must="There is no terminal, and the calls that push input are refused.",
        job=c(
            'if (open("/dev/tty", O_RDWR) >= 0) BAD("a terminal"); int m = posix_openpt(O_RDWR); char x = 10; for (int f = 0; f < 3; f++) if (ioctl(f, TIOCSTI, &x) == 0 || isatty(f)) BAD("%d", f); if (m >= 0 && ioctl(m, TIOCSTI, &x) == 0) BAD("own terminal");',
            "#include <sys/ioctl.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A45",
        name="wide numbers",
        must="A request number with bits above the 32nd is refused like the plain one.",
        job=c(
            'int m = posix_openpt(O_RDWR); char x = 10; if (m >= 0 && syscall(SYS_ioctl, m, 0x700005412ul, &x) == 0) BAD("TIOCSTI"); errno = 0; if (syscall(SYS_ioctl, 0, 0x100005412ul, &x) == 0 || errno != EPERM) BAD("not refused");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A46",
        name="looks at its own status",
        must="No capabilities, no new privileges, the filter, not root.",
        job=c('char b[8192]; int f = open("/proc/self/status", O_RDONLY); ssize_t k = read(f, b, 8191); b[k > 0 ? k : 0] = 0; puts(b);'),
        check=_status,
    ),
    Attack(
        id="A47",
        name="floods the log",
        must="There is no way to the machine's log.",
        job=c(
            'if (!access("/dev/log", W_OK)) BAD("/dev/log"); if (syscall(SYS_syslog, 3, 0, 0) >= 0) BAD("syslog"); if (open("/dev/kmsg", O_RDWR) >= 0) BAD("/dev/kmsg"); for (int i = 0; i < 50; i++) syslog(0, "flood");',
            "#include <syslog.h>",
        ),
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="N28",
        name="loosens its filter",
        must="A program can't take its filter away, nor make one that reports to itself and answers for its parent.",
        job=c(
            """if (prctl(PR_SET_SECCOMP, 0, 0) == 0) BAD("mode 0"); if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) BAD("new privileges"); if (syscall(SYS_ptrace, 0x4200, getppid(), 0, 0x200000) == 0) BAD("suspend");
            if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0) == 0) BAD("ambient"); if (!prctl(PR_SET_SECUREBITS, 0)) BAD("secure bits"); if (!prctl(PR_SET_MM, PR_SET_MM_ARG_START, 0, 0, 0)) BAD("PR_SET_MM");""",
            _KERNEL,
        ),
        check=stopped,
    ),
    Attack(
        id="N29",
        name="stops the supervisor by other means",
        must="The scheduler, the affinity, the priority and the limits of the parent can't be changed.",
        job=c(
            """cpu_set_t none; CPU_ZERO(&none); CPU_SET(0, &none); struct sched_param z = {0}; int who[] = {getppid(), 1, atoi(HARNESS)}; struct rlimit r = {0, 0};
            for (int i = 0; i < 3; i++) { cpu_set_t before, after; int k = sched_getaffinity(who[i], sizeof before, &before); sched_setaffinity(who[i], sizeof none, &none);
            if (k == 0 && !sched_getaffinity(who[i], sizeof after, &after) && !CPU_EQUAL(&before, &after)) BAD("affinity of %d", i); if (!sched_setscheduler(who[i], SCHED_IDLE, &z)) BAD("scheduler of %d", i);
            if (!setpriority(PRIO_PROCESS, who[i], 19)) BAD("priority of %d", i); if (!prlimit(who[i], RLIMIT_CPU, &r, 0)) BAD("limit of %d", i); if (!syscall(SYS_ioprio_set, 1, who[i], 3 << 13)) BAD("input and output of %d", i); }""",
            "#include <sched.h>\n#include <sys/resource.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N30",
        name="secret memory and new calls",
        must="Calls that a newer kernel adds give no way around: memory without an owner, remote advice, mapped handles.",
        job=c(
            _refused(
                "syscall(440, 3, 0, 0, 0, 0)",
                "syscall(448, 3, 0)",
                "syscall(449, 0, 0, 0, 0, 0) - 1",
                "syscall(457, 0, 0, 0, 0)",
                "syscall(458, 0, 0, 0, 0)",
            )
        ),
        check=stopped,
        stopped_in=(*BOXES,),
    ),
)
