"""Builds in the cache: what makes a key, what is kept, and that a poisoned one is made again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.sandbox import Job, Limits, Outcome, Verdict, build, run, steps
from hpcraft.sandbox.box import execute
from hpcraft.sandbox.cache import Cache, Entry

Need = Callable[..., None]
HELLO = Job(
    files={"a.c": b'#include "n.h"\n#include <stdio.h>\nint main(void) { printf("%d\\n", N); }', "n.h": b"#define N 1\n"}, language="c"
)


Commands = tuple[tuple[str, ...], ...]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "kept" / "builds").iterdir() if not path.name.startswith("."))


def _key(job: Job) -> set[str]:
    """The keys that a build looks up."""
    seen: set[str] = set()
    original = Cache.get

    def get(self: Cache, key: str) -> Entry | None:
        seen.add(key)
        return original(self, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cache, "get", get)
        with build(job):
            return seen


def _same(first: Outcome, second: Outcome) -> bool:
    assert first.compile is not None
    assert second.compile is not None
    return first.compile == second.compile and (first.verdict, first.stdout, first.message) == (
        second.verdict,
        second.stdout,
        second.message,
    )


def test_a_build_is_made_once(watched: list[Commands], need: Need) -> None:
    """The second one is the same to the last figure, and starts no compiler."""
    need("bwrap", "gcc")
    first = run(HELLO)
    watched.clear()
    assert _same(first, run(HELLO))
    assert watched == [(("./program",),)]


def test_an_honest_compile_error_is_kept(kept: Cache, need: Need) -> None:
    """The error of the second build is the first one's."""
    need("bwrap", "gcc")
    wrong = Job(files={"a.c": b"int main(void) { return nonsense; }"}, language="c")
    first, second = run(wrong), run(wrong)
    assert (first.verdict, _same(first, second), kept.counts.hits) == (Verdict.COMPILE_ERROR, True, 1)
    assert "nonsense" in first.message


@pytest.mark.parametrize(
    ("source", "limits"),
    [
        (b'#include "/dev/zero"\n', Limits(wall_seconds=30.0, memory_mb=100)),
        (b"int main(void) { return 0; }", Limits(wall_seconds=0.001)),
        (b"char a[1 << 24] = {1}; int main(void) { return a[3]; }", Limits(wall_seconds=30.0, disk_mb=2)),
        (b"int main(void) { return 0; }", Limits(wall_seconds=30.0, processes=1)),
    ],
)
def test_a_limit_is_not_kept(source: bytes, limits: Limits, kept: Cache, tmp_path: Path, need: Need) -> None:
    """Another time, on a quieter machine, it may be met."""
    need("bwrap", "gcc")
    assert run(Job(files={"a.c": source}, language="c", compile_limits=limits)).verdict is not Verdict.OK
    assert _entries(tmp_path) == []


def test_a_failure_of_the_sandbox_is_not_kept(kept: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """What isn't the source's is tried anew."""
    need("bwrap", "gcc")
    monkeypatch.setattr("hpcraft.sandbox.steps.execute", lambda *step: dataclasses.replace(execute(*step), reason="failed", outputs={}))
    assert run(HELLO).verdict is Verdict.INFRA_ERROR
    assert _entries(tmp_path) == []


def test_what_goes_in_makes_the_key(kept: Cache, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The same job has the same keys; another byte, header, flag, limit, check or language has others."""
    need("bwrap", "gcc")
    keys = _key(HELLO)
    assert _key(HELLO) == keys
    others = [
        dataclasses.replace(HELLO, files={**HELLO.files, "n.h": b"#define N 2\n"}),
        dataclasses.replace(HELLO, files={**HELLO.files, "m.h": b""}),
        dataclasses.replace(HELLO, files={"b.c": HELLO.files["a.c"], "n.h": HELLO.files["n.h"]}),
        dataclasses.replace(HELLO, flags=("-O1",)),
        dataclasses.replace(HELLO, check="undefined"),
        dataclasses.replace(HELLO, model="openmp"),
        dataclasses.replace(HELLO, compile_limits=Limits(wall_seconds=59.0)),
    ]
    found = [_key(job) for job in others]
    assert not any(keys & other for other in found)
    assert len(frozenset[str]().union(*found)) == len(others)


def test_the_machine_is_in_the_key(kept: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """Another compiler under the same name, version or not, other packages or another tier: nothing is served."""
    need("bwrap", "gcc")
    keys = _key(HELLO)
    packages = tmp_path / "status"
    packages.write_text("")
    monkeypatch.setattr(steps, "_STATE", (str(packages),))
    moved = _key(HELLO)
    os.utime(packages, (1, 1))
    installed = _key(HELLO)
    monkeypatch.setattr("hpcraft.sandbox.toolchains.version", lambda tool: "gcc 99")
    upgraded = _key(HELLO)
    alike = [keys & moved, moved & installed, installed & upgraded]
    assert not any(alike)


def test_a_poisoned_build_is_built_again(kept: Cache, tmp_path: Path, need: Need) -> None:
    """A program that was exchanged on the disk is never run."""
    need("bwrap", "gcc")
    evil = dataclasses.replace(HELLO, files={**HELLO.files, "n.h": b"#define N 666\n"})
    assert run(HELLO).stdout == "1\n"
    (good,) = _entries(tmp_path)
    assert run(evil).stdout == "666\n"
    (bad,) = set(_entries(tmp_path)) - {good}
    good.write_bytes(bad.read_bytes())
    assert run(HELLO).stdout == "1\n"
    assert kept.counts.refused == 1


def test_a_harness_is_compiled_once(watched: list[Commands], need: Need) -> None:
    """Of two candidates with the same driver, the second has its own source compiled and is linked."""
    need("bwrap", "gcc")
    driver = b'#include <stdio.h>\nint f(int);\nint main(void) { printf("%d\\n", f(20)); }'
    jobs = [Job(files={"main.c": driver, "f.c": b"int f(int n) { return n + %d; }" % n}, language="c") for n in (1, 2)]
    first = run(jobs[0])
    assert (first.stdout, len(watched)) == ("21\n", 4)  # two sources, a link, a run
    watched.clear()
    second = run(jobs[1])
    assert (second.stdout, len(watched)) == ("22\n", 3)
    assert first.compile is not None
    assert second.compile is not None
    assert first.compile.command == second.compile.command
    assert len(second.compile.command.splitlines()) == 3


def test_a_source_sees_the_sources_that_it_names(kept: Cache, need: Need) -> None:
    """``#include "other.c"`` works, directly, through a header and by a macro; a change of the other one counts."""
    need("bwrap", "gcc")
    for include in (b'#include "f.c"\n', b'#include "h.h"\n', b'#define F "f.c"\n#include F\n'):
        for value in (1, 2):
            files = {
                "a.c": include + b'#include <stdio.h>\nint main(void) { printf("%d\\n", f()); }',
                "h.h": b'#include "f.c"\n',
                "f.c": b"static int f(void) { return %d; }\n" % value,
            }
            assert run(Job(files=files, language="c")).stdout == f"{value}\n"


def test_fortran_modules_reach_the_sources_that_use_them(kept: Cache, need: Need) -> None:
    """Also through another module, from boxes of their own; a change of the first one counts."""
    need("bwrap", "gfortran")
    for value in (1, 2):
        files = {
            "main.f90": b"program p\nuse b\nprint *, twice()\nend program\n",
            "b.f90": b"module b\nuse a\ncontains\ninteger function twice()\ntwice = 2 * n\nend function\nend module\n",
            "a.f90": b"module a\ninteger, parameter :: n = %d\nend module\n" % value,
        }
        assert run(Job(files=files, language="fortran")).stdout.split() == [str(2 * value)]


def test_a_hostile_source_does_not_reach_the_cache(kept: Cache, tmp_path: Path, need: Need) -> None:
    """Neither a compiler nor a program can read, list or write it; what it reads at compile time isn't there."""
    need("bwrap", "gcc")
    run(HELLO)
    (entry,) = _entries(tmp_path)
    steal = f'asm(".incbin \\"{entry}\\"");int main(void) {{ return 0; }}'
    assert run(Job(files={"a.c": steal.encode()}, language="c")).verdict is Verdict.COMPILE_ERROR
    write = f'#include <fcntl.h>\nint main(void) {{ return open("{entry}", O_RDWR) < 0 && open("{entry}.x", O_CREAT | O_RDWR, 0666) < 0; }}'
    assert run(Job(files={"a.c": write.encode()}, language="c")).exit_code == 1
    assert not entry.with_name(entry.name + ".x").exists()


def test_symbols_are_known_after_a_kept_build(kept: Cache, need: Need) -> None:
    """The objects are kept with the program."""
    need("bwrap", "gcc")
    for _ in range(2):
        with build(HELLO) as built:
            assert "printf" in built.symbols("a.c")
