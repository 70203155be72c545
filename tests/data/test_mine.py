"""Mining as a stage: what is kept of the sources, whoever mines them, and what a crash leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcraft.errors import ConfigError, InputError
from tests.data.sources.making import LOOP, mine, repository, tree


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("path:/no/such/folder", InputError, "no such folder"),
        ("git:/no/such/repository@main", InputError, "check the address"),
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
