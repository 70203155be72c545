"""What a hostile program or source tries against the machine, one property each."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import MachineError
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, run, seccomp

Ask = Callable[..., Outcome]
Need = Callable[..., None]
SHORT = Limits(wall_seconds=20.0, memory_mb=256, output_bytes=1 << 16, disk_mb=32, processes=48)


def test_children_in_other_sessions_die_with_the_box(c_run: Ask) -> None:
    """A daemon that holds the pipes open neither delays the verdict nor survives."""
    begin = time.monotonic()
    code = "int main(void) { if (!fork()) { setsid(); if (!fork()) { setsid(); for (;;) pause(); } for (;;) pause(); } return 0; }"
    assert c_run(code, args=(marker := f"survivor-{os.getpid()}",)).ok
    assert time.monotonic() - begin < 15
    lines = [(entry / "cmdline") for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert not [line for line in lines if line.exists() and marker.encode() in _read(line)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_killing_everything_kills_only_the_box(c_run: Ask) -> None:
    """kill(-1) reaches neither the supervisor nor us."""
    assert c_run("int main(void) { kill(-1, SIGKILL); kill(1, SIGKILL); return 0; }").ok


def test_special_files_are_not_collected(c_run: Ask) -> None:
    """Symbolic links, FIFOs, folders, hard links and missing files are refused; a regular file comes back."""
    code = """int main(void) { symlink("/etc/passwd", "link"); mkfifo("fifo", 0666); mkdir("folder", 0777);
        FILE *f = fopen("real", "w"); fwrite("a\\0b", 1, 3, f); fclose(f); f = fopen("twin", "w"); link("twin", "other");
        return 0; }"""
    outcome = c_run(code, collect=("link", "fifo", "folder", "twin", "missing", "real"))
    assert outcome.outputs == {"real": b"a\0b"}


def test_the_environment_is_an_allow_list(c_run: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in our environment is not in the program's, nor anywhere in /proc."""
    monkeypatch.setenv("HF_TOKEN", "canary-4711")
    code = """extern char **environ; int main(void) { for (char **e = environ; *e; e++) puts(*e);
        char b[9999]; int f = open("/proc/1/environ", O_RDONLY); if (f >= 0) fwrite(b, 1, read(f, b, 9999), stdout); return 0; }"""
    outcome = c_run(code)
    assert "HOME=/box" in outcome.stdout
    assert "canary-4711" not in outcome.stdout


def test_there_is_no_network(c_run: Ask) -> None:
    """Nothing outside can be reached."""
    code = """int main(void) { struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)}; inet_aton("198.51.100.1", &a.sin_addr);
        return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof a) == 0; }"""
    assert c_run(code).ok


@pytest.mark.parametrize("source", ['asm(".incbin \\"{}\\"");', '#include "{}"\n'])
def test_the_compiler_cannot_read_host_files(tmp_path: Path, source: str, need: Need) -> None:
    """Neither embedding nor a diagnostic gives a file of the host away."""
    need("bwrap", "gcc")
    secret = tmp_path / "secret"
    secret.write_text("canary-0815")
    for path in (secret, Path("/etc/shadow")):
        outcome = run(Job(files={"a.c": (source.format(path) + "int main(void){return 0;}").encode()}, language="c"))
        assert outcome.verdict is Verdict.COMPILE_ERROR
        assert "canary-0815" not in str(outcome)
        assert "root:" not in str(outcome)


def test_fortran_cannot_include_host_files(tmp_path: Path, need: Need) -> None:
    """Fortran's include statement meets the same walls."""
    need("bwrap", "gfortran")
    (tmp_path / "secret").write_text("canary-0815")
    outcome = run(Job(files={"a.f90": f"include '{tmp_path}/secret'\nend\n".encode()}, language="fortran"))
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert "canary-0815" not in str(outcome)


def test_stdin_at_compile_time_is_empty(c_run: Ask) -> None:
    """Including /dev/stdin does not hang."""
    assert c_run('#include "/dev/stdin"\nint main(void) { return 0; }', stdin=b"#error read").ok


def test_nothing_stays_for_the_next_run(c_run: Ask) -> None:
    """Files in every writable place are gone in the next box."""
    code = """int main(void) { const char *p[] = {"/box/left", "/dev/shm/left"}; int n = 0;
        for (int i = 0; i < 2; i++) { if (!access(p[i], F_OK)) n++; close(open(p[i], O_CREAT | O_WRONLY, 0600)); if (access(p[i], F_OK)) n += 10; } return n; }"""
    assert [c_run(code).exit_code for _ in range(2)] == [0, 0]


def test_a_source_cannot_pass_for_a_flag(need: Need) -> None:
    """A file name that a compiler or a shell would read otherwise is refused."""
    need("bwrap", "gcc")
    for name in ("-o.c", "a b.c", "@file.c", "../a.c", "/etc/a.c", "a.c;rm"):
        with pytest.raises(ValueError, match="file name in the box"):
            run(Job(files={name: b""}, language="c"))


def test_without_bubblewrap_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No silent fallback to no isolation: exit code 4, with the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hpcraft.sandbox.folders._version", lambda: -1)
    with pytest.raises(MachineError, match=r"bubblewrap is not installed.*install.* bubblewrap") as caught:
        run(Job(files={"a.c": b"int main(void){return 0;}"}, language="c"))
    assert caught.value.exit_code == 4


def test_no_isolation_only_where_it_is_accepted(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The tier none says so, keeps the limits and kills other sessions too."""
    need("gcc", "as", "ld")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="hpcraft-none-") as name:  # pytest's own is closed to other users
        Path(name).chmod(0o755)
        for tool in ("gcc", "as", "ld"):
            (Path(name) / tool).symlink_to(f"/usr/bin/{tool}")
        monkeypatch.setattr("tempfile.tempdir", name)
        monkeypatch.setenv("PATH", name)
        monkeypatch.setattr("hpcraft.sandbox.folders._version", lambda: 0)
        _try_without_isolation()


def _try_without_isolation() -> None:
    code = b"#include <unistd.h>\nint main(void) { if (!fork()) { setsid(); if (!fork()) for (;;) pause(); _exit(0); } for (;;); }"
    limits = SHORT.__class__(wall_seconds=0.5)
    outcome = run(Job(files={"a.c": code}, language="c", min_isolation="none", run=Run(limits=limits)))
    assert outcome.verdict is Verdict.TIME_LIMIT
    assert outcome.isolation is not None
    assert outcome.isolation.tier == "none"
    assert "seccomp" not in outcome.isolation.rests_on


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_a_whole_program(machine: str) -> None:
    """Every jump stays inside, and the last step allows."""
    code = seccomp.program(machine)
    steps = [(int.from_bytes(code[i : i + 2], "little"), code[i + 2], code[i + 3], code[i + 4 : i + 8]) for i in range(0, len(code), 8)]
    assert all(index + 1 + max(step[1], step[2]) < len(steps) for index, step in enumerate(steps[:-1]))
    assert steps[-1][3] == (0x7FFF0000).to_bytes(4, "little")
