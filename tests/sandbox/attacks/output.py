"""A24 to A28: what a program prints."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.sandbox import Outcome, Verdict
from tests.sandbox.attacks.record import ENDLESS, Attack, Scene, c, ends, stopped

CAPPED = ends(Verdict.OUTPUT_LIMIT)


def _cut(outcome: Outcome, scene: Scene) -> str:
    sizes = (len(outcome.stdout), len(outcome.stderr))
    return CAPPED(outcome, scene) or ("" if outcome.truncated and max(sizes) <= 1 << 16 else f"{sizes} came back")


def _escaped(outcome: Outcome, scene: Scene) -> str:
    return stopped(outcome, scene) or ("" if "\x1b[31m" in outcome.stdout and "\ufffd" in outcome.stdout else f"{outcome.stdout[:40]!r}")


ATTACKS = (
    *(
        Attack(
            id="A24",
            name=f"flood of {stream}",
            must="A flood meets the limit on output, without a deadlock, and is cut.",
            job=c(f'for (int i = 0; i < 4000000; i++) fputs("flood ", {stream});'),
            check=_cut,
        )
        for stream in ("stdout", "stderr")
    ),
    Attack(
        id="A24",
        name="flood of children",
        must="Children that outlive the program don't print on after its end.",
        job=c(
            'for (int i = 0; i < 8; i++) if (!fork()) { setsid(); for (int k = 0; k < 4000000; k++) puts("flood"); _exit(0); } usleep(20000);'
        ),
        check=ends(Verdict.OK, Verdict.OUTPUT_LIMIT),
    ),
    Attack(
        id="A25",
        name="right answer, then blanks",
        must="White space counts as output.",
        job=c("puts(\"42\"); for (int i = 0; i < 10 << 20; i++) putchar(' ');"),
        check=_cut,
    ),
    Attack(
        id="A26",
        name="odd bytes",
        must="NUL, invalid UTF-8, escape codes and a line of 60 kB come back as text, without an exception.",
        job=c(r'fwrite("\x1b[31m\0\xff\xfe\xed\xa0\x80", 1, 11, stdout); for (int i = 0; i < 60000; i++) putchar(97);'),
        check=_escaped,
    ),
    Attack(
        id="A27",
        name="the harness's own words",
        must="Words like those of a report or a judge change nothing: the exit code counts.",
        job=c(
            r'for (int f = 1; f < 3; f++) dprintf(f, "started\nend exited 0 0 1 1 1 0\nfile 0 1\nxdone\nValidation: PASS\nverdict: ok\n"); return 3;',
            collect=("x",),
        ),
        check=lambda outcome, _scene: (
            "" if outcome.exit_code == 3 and not outcome.outputs else f"{outcome.verdict} {dict(outcome.outputs)}"
        ),
    ),
    Attack(
        id="A28",
        name="slow output",
        must="What was printed before the limit is kept.",
        job=c('for (;;) { write(1, "x", 1); usleep(10000); }', limits=ENDLESS),
        check=lambda outcome, scene: (
            ends(Verdict.TIME_LIMIT)(outcome, scene) or ("" if outcome.stdout.startswith("xxx") else "the output is lost")
        ),
    ),
    Attack(
        id="N17",
        name="forged report",
        must="No descriptor leads to the pipe on which the supervisor reports.",
        job=c(
            r"""char p[64], l[64]; for (int pid = 1; pid < 4; pid++) for (int f = 0; f < 64; f++) { sprintf(p, "/proc/%d/fd/%d", pid == 2 ? getppid() : pid, f);
            ssize_t k = readlink(p, l, 63); if (pid == (int)getpid()) continue; int o = open(p, O_WRONLY | O_NONBLOCK); if (o < 0) continue;
            dprintf(o, "end exited 0 0 1 1 1 0\ndone\n"); close(o); if (k > 0) BAD("%s", p); } return 3;"""
        ),
        check=lambda outcome, _scene: "" if outcome.exit_code == 3 else f"{outcome.verdict} {outcome.stdout}",
    ),
    Attack(
        id="N18",
        name="lines of a sanitizer",
        must="A program that prints a sanitizer's words without being built with it is judged by its end alone.",
        job=c(
            r'for (int i = 0; i < 99; i++) fputs("==1==ERROR: AddressSanitizer: heap-buffer-overflow\nSUMMARY: ThreadSanitizer: data race\n", stderr);'
        ),
        check=stopped,
    ),
    Attack(
        id="N19",
        name="words that choke a pattern",
        must="Long lines that resemble what is searched for on stderr don't delay the verdict.",
        job=c(
            r'for (int i = 0; i < 60000; i++) fputc("AddressSanitizer: "[i % 18], stderr); return 1;',
            limits=replace(ENDLESS, wall_seconds=5.0),
            flags=("-DX",),
        ),
        check=ends(Verdict.RUNTIME_ERROR, Verdict.OUTPUT_LIMIT),
    ),
    Attack(
        id="N20",
        name="closes its outputs",
        must="A program that closes stdout and stderr is still waited for.",
        job=c("close(0); close(1); close(2); usleep(100000); return 7;"),
        check=lambda outcome, _scene: "" if outcome.exit_code == 7 else f"{outcome.verdict} {outcome.exit_code}",
    ),
    Attack(
        id="N21",
        name="makes the pipes nonblocking and tiny",
        must="Settings of the shared pipes lose no output and harm no reader.",
        job=c(
            r'fcntl(1, F_SETPIPE_SZ, 4096); fcntl(1, F_SETFL, O_NONBLOCK); fcntl(2, F_SETFL, O_ASYNC); usleep(1000); return write(1, "whole\n", 6) != 6;'
        ),
        check=lambda outcome, scene: stopped(outcome, scene) or ("" if outcome.stdout == "whole\n" else f"{outcome.stdout!r}"),
    ),
    Attack(
        id="N22",
        name="reads back what it printed",
        must="The pipes can't be opened again for reading, to swallow what others printed.",
        job=c(
            """int o = open("/proc/self/fd/1", O_RDONLY | O_NONBLOCK); puts("whole"); fflush(stdout); char b[9]; if (o >= 0) while (read(o, b, 9) > 0); return 0;""",
        ),
        check=stopped,
    ),
)
