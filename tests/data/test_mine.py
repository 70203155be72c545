"""Mining as a stage: what is kept of the sources, whoever mines them, and what a crash leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpcraft.data.mine import read_code, read_licences
from hpcraft.errors import ConfigError, InputError, PartialError
from tests.data.sources.making import LOOP, mine, repository, tree


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("path:/no/such/folder", InputError, "no such folder"),
        ("git:/no/such/repository@main", InputError, "no such folder; give a repository"),
        ("debian:../etc", InputError, "not the name of a source package"),
        ("svn:x", ConfigError, "expected one of debian:"),
        ("debian:", ConfigError, "expected one of debian:"),
    ],
)
def test_a_missing_source_is_named(tmp_path: Path, source: str, error: type[Exception], words: str) -> None:
    """A source that isn't there gives one line that names it and says what to do."""
    with pytest.raises(error, match=words) as caught:
        mine(tmp_path / "out", source)
    assert source.rstrip(":") in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_no_code_at_all_is_an_error(tmp_path: Path) -> None:
    """A folder without code isn't taken for an empty corpus."""
    tree(tmp_path / "lib", notes_dot_txt=b"x", LICENSE=b"MIT")
    with pytest.raises(InputError, match="no code found in path:"):
        mine(tmp_path / "out", f"path:{tmp_path / 'lib'}")


def test_the_cap_keeps_the_same_files_each_time_and_all_licences(tmp_path: Path) -> None:
    """A cap is a sample by hash of the path, so it doesn't depend on the machine."""
    root = tree(tmp_path / "lib", LICENSE=b"MIT", **{f"f{n}_dot_c": LOOP for n in range(20)})
    first = mine(tmp_path / "a", f"path:{root}", max_files_per_package=5)
    again = mine(tmp_path / "b", f"path:{root}", max_files_per_package=5)
    assert first.manifest.outputs_sha256 == again.manifest.outputs_sha256
    assert first.manifest.rows == {"files": 5, "licences": 1}
    assert first.manifest.rejections == {"file-cap": 15}


def test_finished_sources_survive_a_crash(tmp_path: Path) -> None:
    """What was mined before the crash stays, and the end result equals that of an undisturbed run."""
    good, bad = tree(tmp_path / "good", a_dot_c=LOOP), tmp_path / "bad"
    sources = (f"path:{good}", f"git:{bad}@HEAD")
    with pytest.raises(InputError):
        mine(tmp_path / "out", *sources)
    shard = next((tmp_path / "out.partial").glob("files-000-*.parquet"))
    before = shard.stat().st_mtime_ns
    repository(bad)
    resumed = mine(tmp_path / "out", *sources)
    assert (tmp_path / "out" / shard.name).stat().st_mtime_ns == before
    assert mine(tmp_path / "fresh", *sources).manifest.outputs_sha256 == resumed.manifest.outputs_sha256


# ---------------------------------------------------------------- many at once


def packages(root: Path, count: int, *, num_files: int = 5) -> tuple[str, ...]:
    """Folders of code, each a source."""
    found = []
    for number in range(count):
        files = {f"f{n}_dot_c": LOOP + b"/* %d %d */" % (number, n) for n in range(num_files)}
        found.append(f"path:{tree(root / f'lib{number}', LICENSE=b'MIT', **files)}")
    return tuple(found)


def test_the_number_of_workers_does_not_show(tmp_path: Path) -> None:
    """One process or three: the same shards, counts and order."""
    sources = packages(tmp_path, 4)
    one = mine(tmp_path / "one", *sources, num_workers=1).manifest
    many = mine(tmp_path / "many", *sources, num_workers=3).manifest
    assert many.outputs_sha256 == one.outputs_sha256
    assert list(many.metrics["by_package"]) == list(one.metrics["by_package"]) == ["lib0", "lib1", "lib2", "lib3"]
    assert many.rows == {"files": 20, "licences": 4}
    assert [row.package for row in read_code(tmp_path / "many")] == sorted(row.package for row in read_code(tmp_path / "one"))
    assert {row.path for row in read_licences(tmp_path / "many")} == {"LICENSE"}


def test_an_error_in_a_worker_is_the_same_line(tmp_path: Path) -> None:
    """What fails in another process is told as if it had failed here."""
    with pytest.raises(InputError, match="no such folder"):
        mine(tmp_path / "out", *packages(tmp_path, 2), "path:/no/such/folder", num_workers=2)


PROGRAM = """
import os, sys
from pathlib import Path
from hpcraft.data import mining
from hpcraft.data.mine import STAGE, MineConfig
from hpcraft.stages import execute

write = mining.write_json
def last_words(path, value):
    if path.name == ".source-002.json":
        os.kill(os.getpid(), 9)
    write(path, value)
mining.write_json = last_words
execute(STAGE, MineConfig(sources=tuple(sys.argv[2:]), num_workers=1), {}, Path(sys.argv[1]))
"""


def test_a_run_that_was_killed_resumes_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGKILL between the rows of a source and its note: what was finished stays, the rest is mined anew."""
    sources = packages(tmp_path, 4)
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", PROGRAM, out, *sources], check=False)
    assert killed.returncode == -signal.SIGKILL
    partial = tmp_path / "out.partial"
    assert sorted(path.name for path in partial.glob(".source-*")) == [".source-000.json", ".source-001.json"]
    assert list(partial.glob("files-002-*"))
    before = {path.name: path.stat().st_mtime_ns for path in partial.glob("*-00[01]-*.parquet")}
    resumed = mine(out, *sources)
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert resumed.manifest.outputs_sha256 == mine(tmp_path / "fresh", *sources).manifest.outputs_sha256
    assert len(list(read_code(out))) == 20


def test_a_worker_that_dies_leaves_a_run_to_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker killed for its memory ends the run with the exit code for that; the next run ends it well."""
    sources = packages(tmp_path, 3)
    with monkeypatch.context() as patch:
        patch.setattr("hpcraft.data.mining._in_worker", die)
        with pytest.raises(PartialError, match="run the same command again") as caught:
            mine(tmp_path / "out", *sources, num_workers=2)
    assert caught.value.exit_code == 5
    assert mine(tmp_path / "out", *sources, num_workers=2).manifest.rows == {"files": 15, "licences": 3}


def die(*_: object) -> None:
    """What the kernel does to a process that wants too much."""
    os.kill(os.getpid(), signal.SIGKILL)
