"""Every verdict is earned by a real program that deserves it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from hpcraft.errors import ConfigError
from hpcraft.sandbox import Job, Limits, Outcome, Run, Verdict, build, run
from hpcraft.sandbox.isolation import probe
from hpcraft.sandbox.outcome import TIERS, Tier

Ask = Callable[..., Outcome]
Need = Callable[..., None]
SHORT = Limits(wall_seconds=20.0, memory_mb=256, output_bytes=1 << 16, disk_mb=32, processes=48)


def test_an_honest_program_is_ok(c_run: Ask) -> None:
    """Arguments, stdin, both outputs, times and the isolation are reported."""
    outcome = c_run(
        'int main(int n, char **v) { char b[9]; fgets(b, 9, stdin); printf("%s %s", v[1], b); fputs("words", stderr); return 0; }',
        args=("one",),
        stdin=b"two",
    )
    assert (outcome.verdict, outcome.exit_code, outcome.stdout, outcome.stderr) == (Verdict.OK, 0, "one two", "words")
    assert outcome.wall_seconds > 0
    assert outcome.peak_memory_bytes > 0
    assert outcome.isolation is not None
    assert outcome.isolation.tier.startswith("bubblewrap")
    assert outcome.compile is not None
    assert "gcc" in outcome.compile.command
    assert outcome.compile.compiler


def test_a_nonzero_exit_is_a_runtime_error(c_run: Ask) -> None:
    """The exit code comes through."""
    outcome = c_run("int main(void) { return 7; }")
    assert (outcome.verdict, outcome.exit_code) == (Verdict.RUNTIME_ERROR, 7)


def test_a_signal_is_told_by_number(c_run: Ask) -> None:
    """A crash is not mistaken for an exit code above 128."""
    outcome = c_run("int main(void) { *(volatile int *)0 = 1; return 0; }")
    assert (outcome.verdict, outcome.signal, outcome.exit_code) == (Verdict.SIGNALED, signal.SIGSEGV, None)
    assert c_run("int main(void) { return 139; }").verdict is Verdict.RUNTIME_ERROR


def test_what_does_not_compile_is_a_compile_error(c_run: Ask) -> None:
    """The compiler's words come back, and the first error as the message."""
    outcome = c_run("int main(void) { return undeclared; }")
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert "undeclared" in outcome.message
    assert outcome.compile is not None
    assert "undeclared" in outcome.compile.stderr
    assert outcome.exit_code is None


def test_what_does_not_link_is_a_compile_error(c_run: Ask) -> None:
    """A missing symbol is found at the build, not at the run."""
    assert "elsewhere" in c_run("int elsewhere(void); int main(void) { return elsewhere(); }").message


@pytest.mark.parametrize(
    "body",
    [
        "for (;;);",
        "for (int i = 1; i < 64; i++) signal(i, SIG_IGN); for (;;);",
        "raise(SIGSTOP);",
        "kill(getppid(), SIGSTOP); for (;;) pause();",
    ],
)
def test_what_does_not_end_meets_the_time_limit(c_run: Ask, body: str) -> None:
    """Neither ignoring signals nor stopping helps, and the wait is not much longer than the limit."""
    begin = time.monotonic()
    outcome = c_run(f"int main(void) {{ {body} return 0; }}", limits=replace(SHORT, wall_seconds=0.5))
    assert outcome.verdict is Verdict.TIME_LIMIT
    assert outcome.wall_seconds < 2
    assert time.monotonic() - begin < 15


def test_the_limit_on_cpu_time_is_told_by_its_own_number(c_run: Ask) -> None:
    """A sleeper has time left when a spinner has none."""
    outcome = c_run("int main(void) { for (;;); }", limits=replace(SHORT, cpu_seconds=0.3))
    assert (outcome.verdict, outcome.message) == (Verdict.TIME_LIMIT, "over 0.3 s of CPU time")
    assert c_run("int main(void) { usleep(600000); return 0; }", limits=replace(SHORT, cpu_seconds=0.3)).ok


def test_a_memory_hog_meets_the_memory_limit(c_run: Ask) -> None:
    """Touched memory is bounded, and the peak is told."""
    outcome = c_run("int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }")
    assert outcome.verdict is Verdict.MEMORY_LIMIT
    assert outcome.peak_memory_bytes > 200 << 20


def test_memory_is_bounded_over_all_processes(c_run: Ask) -> None:
    """Eight children, each below the limit, are over it together."""
    code = "int main(void) { for (int i = 0; i < 8; i++) if (!fork()) { memset(malloc(60 << 20), 1, 60 << 20); pause(); } pause(); }"
    assert c_run(code).verdict is Verdict.MEMORY_LIMIT


def test_pages_shared_by_children_count_once(c_run: Ask) -> None:
    """Eight children that share 100 MB stay below 256 MB."""
    code = "int main(void) { memset(malloc(100 << 20), 1, 100 << 20); for (int i = 0; i < 8; i++) if (!fork()) { usleep(200000); _exit(0); } usleep(300000); return 0; }"
    assert c_run(code).verdict is Verdict.OK


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_meets_the_output_limit(c_run: Ask, stream: str) -> None:
    """What came first is kept up to the cap, and marked as cut."""
    outcome = c_run(f'int main(void) {{ for (;;) fputs("flood ", {stream}); }}')
    assert (outcome.verdict, outcome.truncated) == (Verdict.OUTPUT_LIMIT, True)
    assert len(getattr(outcome, stream)) == SHORT.output_bytes


@pytest.mark.parametrize("body", ["fork();", "if (!fork()) pause();"])
def test_a_fork_bomb_meets_the_process_limit(c_run: Ask, body: str) -> None:
    """Both the exponential and the patient kind."""
    assert c_run(f"int main(void) {{ for (;;) {{ {body} }} }}").verdict is Verdict.PROCESS_LIMIT


def test_threads_count_as_processes(c_run: Ask) -> None:
    """A thread bomb is no way around."""
    code = "void *f(void *a) { pause(); return a; } int main(void) { pthread_t t; for (int i = 0; i < 9999; i++) pthread_create(&t, 0, f, 0); pause(); }"
    assert c_run(code, flags=("-lpthread",)).verdict is Verdict.PROCESS_LIMIT


@pytest.mark.parametrize(
    "body",
    [
        'static char b[1 << 16]; FILE *f = fopen("x", "w"); while (fwrite(b, 1, sizeof b, f) == sizeof b); return 1;',
        (
            'static char b[1 << 16]; for (char n = 97; n < 123; n++) { char name[] = {n, 0}; FILE *f = fopen(name, "w"); '
            "for (int i = 0; i < 64; i++) if (fwrite(b, 1, sizeof b, f) != sizeof b) return 1; }"
        ),
    ],
)
def test_filling_the_disk_meets_the_disk_limit(c_run: Ask, body: str) -> None:
    """One large file, and many small ones."""
    assert c_run(f"int main(void) {{ {body} return 0; }}").verdict is Verdict.DISK_LIMIT


def test_deep_recursion_is_a_signal(c_run: Ask) -> None:
    """The stack is bounded."""
    code = "int f(int n) { volatile char b[4096]; b[0] = n; return f(n + 1) + b[0]; } int main(void) { return f(0); }"
    assert c_run(code).signal == signal.SIGSEGV


def test_a_race_is_found_and_an_honest_loop_is_not(need: Need) -> None:
    """The thread sanitizer knows OpenMP's barriers and reductions."""
    need("bwrap", "clang-19")
    loop = '#include <stdio.h>\nint main(void) {{ int s = 0;\n#pragma omp parallel for {}\nfor (int i = 0; i < 1000; i++) s += i;\nprintf("%d", s); return 0; }}'
    verdicts = []
    for clause in ("reduction(+:s)", ""):
        job = Job(files={"a.c": loop.format(clause).encode()}, language="c", model="openmp", check="race", run=Run(threads=4))
        verdicts.append(run(job).verdict)
    assert verdicts == [Verdict.OK, Verdict.RACE]


def test_sanitizers_name_the_error(c_run: Ask) -> None:
    """A heap overflow and a signed overflow are runtime errors with a line for people."""
    heap = c_run("int main(int n, char **v) { int *p = malloc(16); return p[3 + n]; }", check="address")
    assert (heap.verdict, "heap-buffer-overflow" in heap.message) == (Verdict.RUNTIME_ERROR, True)
    signed = c_run("int main(int n, char **v) { int x = 2147483647; return x + n; }", check="undefined")
    assert (signed.verdict, "signed integer overflow" in signed.message) == (Verdict.RUNTIME_ERROR, True)
    assert c_run("int main(void) { free(malloc(9)); return 0; }", check="address").ok


@pytest.mark.parametrize(
    ("source", "limit"),
    [('#include "/dev/zero"\n', Limits(wall_seconds=20, memory_mb=200)), ("#define A(x) x x x x\n", Limits(wall_seconds=0.001))],
)
def test_a_compiler_at_its_limit_is_a_compile_error(source: str, limit: Limits, need: Need) -> None:
    """A bomb for the compiler counts against the program, and the limit is told."""
    need("bwrap", "gcc")
    outcome = run(Job(files={"a.c": source.encode() + b"int main(void){return 0;}"}, language="c", compile_limits=limit))
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert outcome.compile is not None
    assert outcome.compile.verdict in (Verdict.MEMORY_LIMIT, Verdict.TIME_LIMIT)


def test_a_failing_box_is_tried_again_and_never_blamed_on_the_program(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """A launcher that can't start gives infra_error after three attempts."""
    need("bwrap", "gcc")
    attempts = []

    def broken(step: object, *_rest: object) -> list[str]:
        attempts.append(step)
        return ["--nonsense", "1"]

    monkeypatch.setattr("hpcraft.sandbox.box._launch", broken)
    outcome = run(Job(files={"a.c": b"int main(void){return 0;}"}, language="c"))
    assert (outcome.verdict, len(attempts)) == (Verdict.INFRA_ERROR, 3)
    assert outcome.message


@pytest.mark.parametrize("tier", TIERS)
def test_who_is_quicker_than_the_watcher_meets_the_limits(tier: Tier) -> None:
    """Memory given back and processes left behind before anybody looked count, each time."""
    if isinstance(found := probe(tier), str):
        pytest.skip(f"the tier {tier}: {found}")
    burst = """#include <sys/mman.h>
    int main(void) { char *p = mmap(0, 40 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0); return munmap(p, 40 << 20); }"""
    forks = """#include <unistd.h>
    int main(void) { for (;;) { int p = fork(); if (p < 0) return 1; if (!p) pause(); } }"""
    for code, limits, verdict in (
        (burst, Limits(memory_mb=25), Verdict.MEMORY_LIMIT),
        (forks, Limits(processes=100), Verdict.PROCESS_LIMIT),
    ):
        with build(Job(files={"quick.c": code.encode()}, language="c", tier=tier, min_isolation="none")) as built:
            assert {built.run(Run(limits=limits)).verdict for _ in range(5)} == {verdict}


@pytest.mark.parametrize("job", [{"args": ("a\0LD_PRELOAD=b",)}, {"flags": ("-DX\0",)}])
def test_words_with_a_zero_byte_are_refused(c_run: Ask, job: dict[str, tuple[str, ...]]) -> None:
    """An argument can't end early and go on as something else, such as a variable of what sets up the box."""
    with pytest.raises(ConfigError, match="zero byte"):
        c_run("int main(void) { return 0; }", **job)
