"""The tier of Apptainer, one property each; what needs no Apptainer is tried with a script in its place."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.errors import MachineError
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, check, isolation, run

Ask = Callable[..., Outcome]
Need = Callable[..., None]
SHORT = Limits(wall_seconds=20.0, memory_mb=256, output_bytes=1 << 16, disk_mb=32, processes=48)
_HEAD = "#define _GNU_SOURCE\n" + "".join(
    f"#include <{name}.h>\n" for name in ("fcntl", "signal", "stdio", "stdlib", "string", "unistd", "sys/stat")
)
_PRINT_WORDS = 'int main(int n, char **v) { for (int i = 1; i < n; i++) { puts(v[i]); puts("--"); } return 0; }'


def _job(code: str, **what: object) -> Job:
    return Job(files={"try.c": (_HEAD + code).encode()}, language="c", tier="apptainer", run=Run(**{"limits": SHORT, **what}))  # type: ignore[arg-type]


@pytest.fixture
def ask(need: Need) -> Ask:
    """Build and run a C program in this tier."""
    need("apptainer", "gcc")
    if isinstance(why := isolation.probe("apptainer"), str):
        pytest.skip(why)
    return lambda code, **what: run(_job(code, **what))


def test_every_promise_is_kept(ask: Ask) -> None:
    """`hpcraft sandbox check --tier apptainer` finds nothing broken where Apptainer works."""
    assert ask("int main(void) { return 0; }").ok
    assert [finding for finding in check.findings("apptainer") if finding.promised and not finding.kept] == []


def test_an_honest_program_is_ok(ask: Ask) -> None:
    """Stdin, both outputs and a file come back as they are, with no word of Apptainer's; the tier is told."""
    code = """int main(void) { char b[9]; fgets(b, 9, stdin); fputs(b, stdout); fputs("words", stderr);
        FILE *f = fopen("real", "w"); fwrite("a\\0b", 1, 3, f); return fclose(f); }"""
    outcome = ask(code, stdin=b"two", collect=("real",))
    assert (outcome.verdict, outcome.stdout, outcome.stderr) == (Verdict.OK, "two", "words")
    assert outcome.outputs == {"real": b"a\0b"}
    assert outcome.isolation is not None
    assert outcome.isolation.tier == "apptainer"


def test_words_come_through_as_they_are(ask: Ask) -> None:
    """No shell on the way reads the arguments of a program."""
    args = ("$HOME", "`id`", "a\nb", "*", '"', "'", "\\", "", "A=b", "$(id)", "%s")
    assert ask(_PRINT_WORDS, args=args).stdout == "".join(f"{arg}\n--\n" for arg in args)


@pytest.mark.parametrize(
    ("body", "limits", "verdict"),
    [
        ("for (;;) pause();", replace(SHORT, wall_seconds=0.5), Verdict.TIME_LIMIT),
        ("for (;;) memset(malloc(1 << 20), 1, 1 << 20);", SHORT, Verdict.MEMORY_LIMIT),
        ('FILE *f = fopen("/dev/shm/x", "w"); static char b[1 << 16]; for (;;) fwrite(b, 1, sizeof b, f);', SHORT, Verdict.MEMORY_LIMIT),
        ('FILE *f = fopen("x", "w"); static char b[1 << 16]; while (fwrite(b, 1, sizeof b, f)); return 1;', SHORT, Verdict.DISK_LIMIT),
        ('for (;;) puts("flood");', SHORT, Verdict.OUTPUT_LIMIT),
        ("for (;;) fork();", SHORT, Verdict.PROCESS_LIMIT),
        ("return 7;", SHORT, Verdict.RUNTIME_ERROR),
        ("kill(-1, SIGKILL); kill(1, SIGKILL); abort();", SHORT, Verdict.SIGNALED),
    ],
)
def test_verdicts_are_earned(ask: Ask, body: str, limits: Limits, verdict: Verdict) -> None:
    """Every limit holds and is told by its own verdict."""
    assert ask(f"int main(void) {{ {body} }}", limits=replace(limits, file_mb=4096)).verdict is verdict


def test_files_in_devices_count_as_memory(ask: Ask) -> None:
    """/dev belongs to an ordinary user there; what he writes into it is bounded."""
    code = """int main(void) { int f = open("/dev/left", O_CREAT | O_WRONLY, 0600); static char b[1 << 16]; if (f < 0) return 3;
        for (int i = 0; i < 512; i++) if (write(f, b, sizeof b) < 0) break; usleep(300000); return 0; }"""
    outcome = ask(code, limits=replace(SHORT, memory_mb=16))
    assert (outcome.verdict, outcome.exit_code) in ((Verdict.MEMORY_LIMIT, None), (Verdict.RUNTIME_ERROR, 3))


def test_the_environment_is_an_allow_list(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a token of ours nor a word of Apptainer's (the paths of the host) is in the program's environment or the supervisor's."""
    monkeypatch.setenv("HF_TOKEN", "canary-4711")
    monkeypatch.setenv("APPTAINERENV_TOKEN", "canary-4711")
    monkeypatch.setenv("APPTAINER_BIND", "/etc:/box/etc")
    code = """extern char **environ; int main(void) { for (char **e = environ; *e; e++) puts(*e); puts("--");
        char b[9999]; int f = open("/proc/1/environ", O_RDONLY); if (f >= 0) fwrite(b, 1, read(f, b, 9999), stdout); return !access("etc", F_OK); }"""
    outcome = ask(code)
    assert outcome.ok
    assert "HOME=/box" in outcome.stdout.partition("--")[0].splitlines()
    assert not [word for word in ("canary-4711", "APPTAINER", "SINGULARITY", "PROMPT_COMMAND") if word in outcome.stdout]


def test_a_box_shows_our_files_and_descriptors_only(ask: Ask) -> None:
    """The system's files are ours, not the host's users and name servers; nothing of Apptainer's is open."""
    code = """int main(void) { char b[999]; const char *p[] = {"/etc/passwd", "/etc/resolv.conf"}; int wrong = 0;
        for (int i = 0; i < 2; i++) { int f = open(p[i], O_RDWR); wrong |= f >= 0; f = open(p[i], O_RDONLY); if (f >= 0) fwrite(b, 1, read(f, b, 999), stdout); close(f); }
        for (int i = 3; i < 4096; i++) wrong |= 2 * !fcntl(i, F_GETFD); return wrong; }"""
    outcome = ask(code)
    assert outcome.exit_code == 0
    assert [line.partition(":")[0] for line in outcome.stdout.splitlines()] == ["root", "box"]


def test_nothing_stays_for_the_next_run(ask: Ask, tmp_path: Path) -> None:
    """Files in every writable place are gone in the next box, and the host keeps neither a folder nor a cache."""
    code = """int main(void) { const char *p[] = {"/box/left", "/dev/shm/left", "/dev/left"}; int n = 0;
        for (int i = 0; i < 3; i++) { n += !access(p[i], F_OK); close(open(p[i], O_CREAT | O_WRONLY, 0600)); } return n; }"""
    assert [ask(code).exit_code for _ in range(2)] == [0, 0]
    assert list(tmp_path.iterdir()) == []
    assert not (Path.home() / ".apptainer").exists()


def test_a_box_ends_with_the_process_that_asked_for_it(ask: Ask, tmp_path: Path) -> None:
    """When it is killed, no process of its box lives on."""
    assert ask("int main(void) { return 0; }").ok
    marker = f"survivor-{os.getpid()}"
    code = "#include <unistd.h>\nint main(void) { if (!fork()) { setsid(); for (;;) pause(); } for (;;) pause(); }"
    script = f"from hpcraft.sandbox import *; run(Job(files={{'try.c': {code.encode()!r}}}, language='c', tier='apptainer', run=Run(args=({marker!r},))))"
    (folder := tmp_path / "left by the killed one").mkdir()
    with subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2], env={**os.environ, "TMPDIR": str(folder)}) as ours:
        assert _within(15, lambda: len(_named(marker)) >= 3)
        ours.send_signal(signal.SIGKILL)
    assert _within(10, lambda: not _named(marker))


def _named(marker: str) -> list[str]:
    """Programs, not the words of who starts them, end with the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [entry.name] if words.endswith(marker.encode() + b"\0") else []
    return found


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.05)
    return held


def test_without_apptainer_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4, with the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"apptainer is not installed; ask .*install it: .*apptainer[.]org") as caught:
        run(_job("int main(void) { return 0; }"))
    assert caught.value.exit_code == 4


_HELP = "--containall --cleanenv --no-home --no-init --net --ipc --uts --disable-cache --network --hostname --pwd --no-mount --no-privs --add-caps --mount"
_LINKS = " ".join(f"/proc/self/ns/{name}" for name in ("pid", "net", "ipc", "mnt", "uts", "user"))


@pytest.mark.parametrize(
    ("offered", "trial", "why"),
    [
        (_HELP.replace("--no-init ", ""), "exit 1", r"version 9 lacks --no-init; install apptainer"),
        (
            _HELP,
            r"printf '\033[31mFATAL:  \033[0m no user namespaces\n\033[0m' >&2; exit 255",
            r"version 9 does not work here \(no user namespaces\); .*setuid part",
        ),
        (_HELP, f"echo /dev/fd; echo 1; readlink {_LINKS}", r"shares namespaces with the host here \(pid net ipc mnt uts\); allow them"),
        (_HELP, "echo /dev/fd; echo 17; for i in 1 2 3 4 5 6; do echo other; done", r"a shim is pid 1"),
    ],
)
def test_what_keeps_the_tier_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: str, trial: str, why: str) -> None:
    """An old one, one that fails, and one whose site gives it no namespaces are refused in one line that says why."""
    script = tmp_path / "apptainer"
    script.write_text(f'#!/bin/sh\ncase "$*" in *--version*) echo version 9;; *--help*) echo "{offered}";; *) {trial};; esac\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = isolation.probe("apptainer")
    assert isinstance(found, str)
    assert re.search(why, found)
    assert not {"\n", "\033"} & set(found)
