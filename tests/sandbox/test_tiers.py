"""The tiers of isolation: which is chosen, what each promises, and what is left of a box afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcraft.errors import MachineError
from hpcraft.sandbox import Job, Limits, Run, Verdict, build, cgroups, folders, run, standby
from hpcraft.sandbox.box import execute
from hpcraft.sandbox.check import findings
from hpcraft.sandbox.isolation import choose, probe
from hpcraft.sandbox.jail import Jail, Step
from hpcraft.sandbox.outcome import TIERS, Tier

Need = Callable[..., None]
_TRUE = {"a.c": b"int main(void) { return 0; }"}


def _needs_tier(tier: Tier) -> Jail:
    found = probe(tier)
    if isinstance(found, str):
        pytest.skip(f"the tier {tier}: {found}")
    return found


@pytest.mark.ci
@pytest.mark.parametrize("tier", TIERS)
def test_every_promise_of_a_tier_is_kept(tier: Tier, need: Need) -> None:
    """`hpcraft sandbox check --tier` finds nothing broken in any tier that this machine has."""
    need("gcc")
    _needs_tier(tier)
    found = list(findings(tier))
    assert [finding for finding in found if finding.promised and not finding.kept] == []
    assert all(finding.mend for finding in found if not finding.promised)


@pytest.mark.parametrize("tier", ["bubblewrap+cgroup", "bubblewrap", "apptainer", "landlock"])
def test_a_toolchain_below_tmp_is_shown_alone_and_read_only(tier: Tier, tmp_path: Path) -> None:
    """A clone with its environment may lie there; the box's own /tmp is around it, with nothing else of the host's."""
    jail = _needs_tier(tier)
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="hpcraft-clone-") as name:
        clone = Path(name)
        clone.chmod(0o755)
        (clone / "environment/numba").mkdir(parents=True)
        (clone / "environment/numba/told").write_text("told\n")
        (clone / "secret").write_text("secret\n")
        script = """cat "$1/environment/numba/told"; cat "$1/secret" 2>/dev/null; ls "$1/environment" 2>/dev/null; cd "$1/environment/numba" && (: > new) 2>/dev/null && echo written
        (: > told) 2>/dev/null && echo changed; rm told 2>/dev/null && echo removed; echo end"""
        step = Step(
            commands=(("/bin/sh", "-c", script, "sh", name),),
            limits=Limits(),
            environment={"PATH": "/bin:/usr/bin"},
            toolchains=(clone / "environment/numba",),
        )
        ended = execute(step, jail, tmp_path if jail.program else clone)
    listed = b"" if jail.landlock else b"numba\n"
    assert (ended.reason, ended.stdout) == ("exited", b"told\n" + listed + b"end\n"), ended


@pytest.mark.ci
@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_an_older_landlock_keeps_the_same_promises(version: int, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """What an older kernel's Landlock doesn't look at, the filter refuses."""
    need("gcc")
    if folders._version() < version:
        pytest.skip(f"the kernel has Landlock {folders._version()}")
    monkeypatch.setattr(folders, "_version", lambda: version)
    assert [finding for finding in findings("landlock") if finding.promised and not finding.kept] == []


def test_the_strongest_tier_is_taken_and_says_what_keeps_each_limit(need: Need) -> None:
    """An outcome names its tier, what that rests on, and what enforces every limit."""
    need("gcc")
    outcome = run(Job(files=_TRUE, language="c"))
    works = [tier for tier in TIERS if isinstance(probe(tier), Jail)]
    assert outcome.isolation is not None
    assert outcome.isolation.tier == works[-1]
    assert set(outcome.isolation.limits) == {"memory", "processes", "cpu", "disk", "file", "output"}


def test_a_weaker_tier_than_asked_for_is_refused() -> None:
    """Exit code 4, also when the tier itself would work."""
    with pytest.raises(MachineError, match="weaker than the bubblewrap"):
        choose("bubblewrap", "landlock")


@pytest.mark.parametrize("tier", TIERS)
def test_cpu_time_of_children_is_counted(tier: Tier, need: Need) -> None:
    """Two children that compute spend the time of the job, though each has less than the limit."""
    need("gcc")
    _needs_tier(tier)
    code = (
        b"#include <sys/wait.h>\n#include <unistd.h>\nint main(void) { if (!fork() || !fork()) for (;;); while (wait(0) > 0); return 0; }"
    )
    limits = Limits(wall_seconds=20, cpu_seconds=0.5)
    outcome = run(Job(files={"a.c": code}, language="c", run=Run(limits=limits), tier=tier, min_isolation="none"))
    assert (outcome.verdict, outcome.message) == (Verdict.TIME_LIMIT, "over 0.5 s of CPU time")
    assert 0.4 < outcome.cpu_seconds < 5


@pytest.mark.parametrize("tier", TIERS)
def test_one_file_has_a_limit_of_its_own(tier: Tier, need: Need) -> None:
    """A file over its limit is told apart from too many files."""
    need("gcc")
    _needs_tier(tier)
    code = b"""#include <stdio.h>
    int main(void) { static char b[1 << 20]; FILE *f = fopen("x", "w"); for (int i = 0; i < 8; i++) fwrite(b, 1, sizeof b, f); return fclose(f); }"""
    job = Job(files={"a.c": code}, language="c", tier=tier, min_isolation="none")
    with build(job) as built:
        assert built.run(Run(limits=Limits(disk_mb=32))).ok
        outcome = built.run(Run(limits=Limits(disk_mb=32, file_mb=4)))
    assert (outcome.verdict, outcome.message) == (Verdict.DISK_LIMIT, "a file grew over its limit")


def test_a_pinned_run_has_only_its_cores(need: Need) -> None:
    """One thread may use one core; an unpinned run all of ours."""
    need("gcc")
    code = b"#define _GNU_SOURCE\n#include <sched.h>\nint main(void) { cpu_set_t s; sched_getaffinity(0, sizeof s, &s); return CPU_COUNT(&s); }"
    with build(Job(files={"a.c": code}, language="c")) as built:
        assert built.run(Run(pin=True)).exit_code == 1
        assert built.run(Run()).exit_code == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("tier", TIERS)
def test_a_linked_folder_is_not_a_way_out(tier: Tier, tmp_path: Path, need: Need) -> None:
    """A name to collect whose folder became a link is refused, whatever this process could read there."""
    need("gcc")
    _needs_tier(tier)
    (tmp_path / "secret").write_text("secret")
    code = b'#include <unistd.h>\nint main(int n, char **v) { return symlink(v[1], "out"); }'
    what = Run(args=(str(tmp_path),), collect=("out/secret",))
    outcome = run(Job(files={"a.c": code}, language="c", run=what, tier=tier, min_isolation="none"))
    assert (outcome.verdict, dict(outcome.outputs)) == (Verdict.OK, {})


def test_a_tree_is_removed_whatever_it_is(tmp_path: Path) -> None:
    """Depth beyond a path's length, closed folders, links to elsewhere and names that are no text."""
    (tmp_path / "kept").write_text("kept")
    top = tmp_path / "box"
    top.mkdir()
    (top / "link").symlink_to(tmp_path)
    (Path(os.fsdecode(os.fsencode(top) + b"/\xff\n-rf"))).write_text("")
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d" * 40, dir_fd=here)
        deeper = os.open("d" * 40, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.mkdir("closed", 0o000, dir_fd=here)
    os.close(here)
    folders.remove(top)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.fixture
def hierarchy() -> cgroups.Hierarchy:
    """Where groups can be made."""
    found = cgroups.hierarchy()
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_a_box_leaves_no_group(hierarchy: cgroups.Hierarchy, need: Need) -> None:
    """Also when it was killed for its memory."""
    need("gcc", "bwrap")
    code = b"#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }"
    job = Job(files={"a.c": code}, language="c", tier="bubblewrap+cgroup", run=Run(limits=Limits(memory_mb=64)))
    assert run(job).verdict is Verdict.MEMORY_LIMIT
    standby.dismiss()
    assert not [folder for parent in (hierarchy.memory, hierarchy.processes) for folder in parent.glob(f"hpcraft-box-{os.getpid()}-*")]


def test_groups_of_the_dead_are_swept(hierarchy: cgroups.Hierarchy) -> None:
    """What a killed run left goes at the next start; what may be in use stays."""
    dead, ours = hierarchy.memory / "hpcraft-box-4194305-0", hierarchy.memory / f"hpcraft-box-{os.getpid()}-test"
    dead.mkdir()
    ours.mkdir()
    try:
        cgroups._sweep(hierarchy)
        assert (dead.exists(), ours.exists()) == (False, True)
    finally:
        ours.rmdir()


def test_a_rank_that_the_kernel_ends_is_a_memory_limit(hierarchy: cgroups.Hierarchy, need: Need) -> None:
    """The control group's limit counts for the whole job, though another process makes the end."""
    need("gcc", "bwrap")
    assert hierarchy.version in (1, 2)
    code = b"""#include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/wait.h>
    #include <unistd.h>
    int main(void) { if (!fork()) { size_t n = (size_t)1 << 31; mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0); _exit(0); }
        wait(0); return 0; }"""
    limits = Limits(memory_mb=64, disk_mb=16)
    outcome = run(Job(files={"a.c": code}, language="c", tier="bubblewrap+cgroup", run=Run(limits=limits)))
    assert outcome.verdict is Verdict.MEMORY_LIMIT
    assert outcome.peak_memory_bytes < 200 << 20


def test_what_a_killed_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    """Only a folder of our own whose process is gone, and only when it is old."""
    base = tmp_path / "base"
    base.mkdir()
    names = {"dead-old": 4194305, "dead-young": 4194306, "alive-old": os.getpid()}
    paths = {what: base / f"{folders.PREFIX}{number}-{what}" for what, number in names.items()}
    paths["kept-dead-old"] = base / f"{folders.KEPT_PREFIX}{names['dead-old']}-x"
    for what, path in paths.items():
        path.mkdir()
        if what.endswith("old"):
            os.utime(path, (0, 0))
    folders.sweep(base)
    assert {what for what, path in paths.items() if path.exists()} == {"dead-young", "alive-old"}
