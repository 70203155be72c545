"""``hf:``: rows of data sets, local and cached, as a stream whose packages are the repositories."""

from __future__ import annotations

import datetime
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data.sources.base import Settings
from hpcraft.data.sources.hub import find_columns, resolve
from hpcraft.errors import ConfigError, InputError, MachineError
from tests.data.sources.making import LOOP, mine, mined, tree

pytest.importorskip("datasets")

ROWS: list[dict[str, Any]] = [
    {
        "content": LOOP.decode(),
        "path": "src/a.c",
        "repository_name": "one/lib",
        "detected_licenses": ["MIT", "Apache-2.0"],
        "revision_id": "c0ffee",
        "commit_date": datetime.datetime(2014, 3, 2),
    },
    {"content": "x", "path": "README.md", "repository_name": "one/lib", "detected_licenses": []},
    {"content": "program p\nend\n", "path": "p.f90", "repository_name": "two/lib", "detected_licenses": None},
    {"content": None, "path": "b.c", "repository_name": "two/lib", "detected_licenses": ["MIT"]},
    {"content": "y", "path": "../b.c", "repository_name": "two/lib", "detected_licenses": ["MIT"]},
    {"content": "z" * 20_000, "path": "big.c", "repository_name": "two/lib", "detected_licenses": ["MIT"]},
    {"content": "MIT", "path": "LICENSE", "repository_name": "two/lib", "detected_licenses": ["MIT"]},
]


def parquet(folder: Path, rows: list[dict[str, Any]], name: str = "train-0.parquet") -> Path:
    """Write rows as a data set of one file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / name, row_group_size=100)
    return folder


def test_each_repository_is_a_package_with_its_declared_licence(tmp_path: Path) -> None:
    """Licence, commit and year of a row come along, and what isn't taken is counted."""
    folder = parquet(tmp_path / "stack", ROWS)
    done = mine(tmp_path / "out", f"hf:{folder}", max_file_bytes=10_000)
    rows = mined(tmp_path / "out")
    assert sorted(rows) == ["LICENSE", "p.f90", "src/a.c"]
    first = rows["src/a.c"]
    assert (first.package, first.version, first.declared, first.year) == ("one/lib", "c0ffee", "Apache-2.0 AND MIT", 2014)
    assert (rows["p.f90"].package, rows["p.f90"].declared, rows["p.f90"].year) == ("two/lib", "", 0)
    assert rows["p.f90"].version == resolve(str(folder), settings(tmp_path)).version
    assert done.manifest.rejections == {"not-code": 1, "unreadable": 1, "unsafe-path": 1, "too-large": 1}
    assert sorted(done.manifest.metrics["by_package"]) == ["one/lib", "two/lib"]


def settings(cache: Path, *, offline: bool = False) -> Settings:
    """Settings as the stage would make them."""
    return Settings(cache=cache, offline=offline, max_file_bytes=10_000, apt_folder=Path("/etc/apt"))


def test_json_lines_and_a_language_instead_of_a_path(tmp_path: Path) -> None:
    """A row without a path is called by its hash, with the suffix of its language."""
    file = tmp_path / "rows.jsonl"
    rows = [{"code": LOOP.decode(), "language": "C", "license": "mit"}, {"code": "print", "language": "Python", "license": "mit"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = mine(tmp_path / "out", f"hf:{file}")
    [row] = mined(tmp_path / "out").values()
    assert (row.path.endswith(".c"), row.package, row.declared) == (True, "rows", "mit")
    assert done.manifest.rejections == {"not-code": 1}


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (
            ("content", "max_stars_repo_path", "max_stars_repo_name", "max_stars_repo_licenses"),
            ("max_stars_repo_path", "max_stars_repo_licenses"),
        ),
        (("code", "repo_name", "path", "language", "license", "size"), ("path", "license")),
    ],
)
def test_the_columns_of_known_data_sets_are_found(row: tuple[str, ...], columns: tuple[str, str]) -> None:
    """Names differ from data set to data set."""
    found = find_columns("x", dict.fromkeys(row, ""))
    assert (found["path"], found["licence"]) == columns


@pytest.mark.parametrize(
    ("missing", "words"),
    [("content", "no column for content"), ("detected_licenses", "no column for licence"), ("path", "for path or language")],
)
def test_a_missing_column_is_one_clear_line(tmp_path: Path, missing: str, words: str) -> None:
    """The message names the columns that there are."""
    rows = [{key: value for key, value in row.items() if key != missing} for row in ROWS]
    folder = parquet(tmp_path / "stack", rows)
    with pytest.raises(InputError, match=words) as caught:
        mine(tmp_path / "out", f"hf:{folder}")
    assert "repository_name" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_first_look_takes_some_rows(tmp_path: Path) -> None:
    """The limit ends the stream; a cap per package counts what it drops."""
    rows = [{"content": f"int x{n};", "path": f"{n}.c", "repo_name": f"r/{n % 2}", "license": "mit"} for n in range(1000)]
    folder = parquet(tmp_path / "stack", rows)
    done = mine(tmp_path / "out", f"hf:{folder}", max_rows_per_source=10)
    assert done.manifest.rows == {"files": 10, "licences": 0}
    capped = mine(tmp_path / "capped", f"hf:{folder}", max_files_per_package=3)
    assert capped.manifest.metrics["by_package"]["r/0"]["files"] == 3
    assert capped.manifest.rejections == {"file-cap": 994}


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Thousands of rows pass with those of a few row groups in memory."""
    rows = [{"content": f"int x{n};" + " " * 500, "path": f"{n}.c", "repo_name": "r/r", "license": "mit"} for n in range(500)]
    for part in range(4):
        parquet(tmp_path / "stack", rows, f"{part}.parquet")
    source = resolve(str(tmp_path / "stack"), settings(tmp_path))
    with source.open() as opened:
        entries = iter(opened.entries)
        next(entries)
        tracemalloc.start()
        assert sum(1 for _ in entries) == 1_999
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no Parquet or JSON Lines"),
        ({"a.jsonl": b"{}\n", "b.parquet": b""}, "both"),
        ({"a.parquet": b"PAR1 no"}, "can't be read"),
        ({"a.jsonl": b"{"}, "can't be read"),
    ],
)
def test_a_folder_without_readable_rows_is_named(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    """Nothing there, two kinds, and damaged files are told apart."""
    folder = tmp_path / "stack"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises((InputError, ConfigError), match=words) as caught:
        mine(tmp_path / "out", f"hf:{folder}")
    assert "\n" not in str(caught.value)


def test_offline_reads_the_hubs_cache_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set in the cache is read, its version the commit; one that isn't there is named."""
    commit = "a" * 40
    repository = tmp_path / "hub" / "datasets--owner--rows"
    parquet(repository / "snapshots" / commit / "data" / "c", ROWS)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    done = mine(tmp_path / "out", "hf:owner/rows/data/c", offline=True)
    assert done.manifest.rows == {"files": 3, "licences": 1}
    assert mined(tmp_path / "out")["p.f90"].version == commit
    with pytest.raises(InputError, match="not in the hub's cache"):
        mine(tmp_path / "never", "hf:owner/other", offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="not in the hub's cache"):
        mine(tmp_path / "never", "hf:owner/other")


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    """A name of another form is no address to ask."""
    with pytest.raises(InputError, match="not a data set"):
        mine(tmp_path / "out", "hf:a b/c?d")


def test_without_the_library_the_command_that_installs_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of the machine, exit code 4."""
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MachineError, match="pip install"):
        mine(tmp_path / "out", "hf:owner/rows")


def test_two_streams_may_share_a_repository(tmp_path: Path) -> None:
    """Two languages of one data set hold parts of the same repositories; a folder of that name is another thing."""
    for suffix, text in (("c", "int x;"), ("f90", "end")):
        parquet(tmp_path / suffix, [{"content": text, "path": f"a.{suffix}", "repo_name": "lib", "license": "mit"}])
    both = mine(tmp_path / "out", f"hf:{tmp_path / 'c'}", f"hf:{tmp_path / 'f90'}")
    assert both.manifest.metrics["by_package"] == {"lib": {"files": 2, "bytes": 9}}
    assert both.manifest.rows == {"files": 2, "licences": 0}
    code = tree(tmp_path / "lib", a_dot_c=LOOP)
    with pytest.raises(InputError, match="another source is called 'lib' too"):
        mine(tmp_path / "never", f"hf:{tmp_path / 'c'}", f"path:{code}")
