"""Files are whole or absent, rows come back as they were written, and damage is found."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft import shards, store
from hpcraft.errors import InputError
from hpcraft.records import Document, SourceFile
from hpcraft.samples import Completion, Sample
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.store import Manifest, OutputFile, read_jsonl

COMPLETION = Completion(task_id="kernels/axpy/openmp/c", sample_id=0, completion="void axpy() {}\n", model="null", prompt_sha256="0")


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_atomic_file_replaces_whole(tmp_path: Path) -> None:
    """A file takes the place of an older one, and nothing else is left in the folder."""
    path = tmp_path / "deep" / "file.txt"
    store.write_text(path, "old")
    store.write_text(path, "new")
    assert path.read_text() == "new"
    assert names(path.parent) == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_atomic_file_keeps_the_old_one_when_the_block_fails(tmp_path: Path, error: BaseException) -> None:
    """A writer that fails or is stopped half way leaves the older file untouched and no temporary one."""
    path = tmp_path / "file.txt"
    store.write_text(path, "old")
    with pytest.raises(type(error)), store.atomic_file(path) as file:  # noqa: PT012 - the block is what is tested
        file.write(b"half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_read_json_names_the_file(tmp_path: Path) -> None:
    """A missing file, text that isn't JSON and JSON that is no object are input errors that name the file."""
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match=r"x\.json: no such file"):
        store.read_json(path)
    for data, message in [(b"{", "not JSON"), (b"\xff\xfe\x00", "not JSON"), (b"[1]", "holds list")]:
        path.write_bytes(data)
        with pytest.raises(InputError, match=message):
            store.read_json(path)


# ---------------------------------------------------------------- JSON lines

text = st.text(st.characters(exclude_categories=[]), max_size=40)
completions = st.builds(
    Completion,
    task_id=text,
    sample_id=st.integers(),
    completion=text,
    model=text,
    prompt_sha256=text,
    sampling=st.dictionaries(text, text | st.integers() | st.booleans() | st.floats(allow_nan=False)),
)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(completions, max_size=4))
def test_jsonl_round_trip(tmp_path_factory: pytest.TempPathFactory, records: list[Completion]) -> None:
    """Any records come back equal, odd strings and half surrogate pairs included."""
    path = tmp_path_factory.mktemp("jsonl") / "x.jsonl"
    assert store.write_jsonl(path, records) == len(records)
    assert list(read_jsonl(path, Completion)) == records


def test_torn_tail_is_dropped_when_asked_and_cut_before_the_next_append(tmp_path: Path) -> None:
    """An append that a crash cut short costs that record alone, and the next append starts on a line of its own."""
    path = tmp_path / "x.jsonl"
    store.append_jsonl(path, COMPLETION)
    with path.open("ab") as file:
        file.write(store.to_line(COMPLETION).encode()[:25])
    assert list(read_jsonl(path, Completion, torn_tail=True)) == [COMPLETION]
    with pytest.raises(InputError, match=r"x\.jsonl:2: not JSON"):
        list(read_jsonl(path, Completion))
    store.drop_torn_tail(path)
    store.append_jsonl(path, replace(COMPLETION, sample_id=1))
    assert [record.sample_id for record in read_jsonl(path, Completion)] == [0, 1]


def test_jsonl_without_last_newline_is_whole(tmp_path: Path) -> None:
    """A file that an editor left without its last newline is read to the end."""
    path = tmp_path / "x.jsonl"
    path.write_text(store.to_line(COMPLETION).rstrip("\n"))
    assert list(read_jsonl(path, Completion)) == [COMPLETION]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "hpcraft.sample/1"}, "schema 'hpcraft.sample/1', this command reads 'hpcraft.completion/1'"),
        ({"temperature": 1}, "unknown field 'temperature'"),
        ({"completion": None}, "completion: Input should be a valid string"),
        ({"sample_id": "0"}, "sample_id: Input should be a valid integer"),
        ({"sampling": [1]}, "sampling: Input should be a valid dictionary"),
    ],
)
def test_jsonl_refuses_other_rows(tmp_path: Path, change: dict[str, object], message: str) -> None:
    """Another schema, an unknown field and a wrong type are refused with file and line."""
    path = tmp_path / "x.jsonl"
    good = store.to_line(COMPLETION)
    path.write_text(good + json.dumps(json.loads(good) | change) + "\n")
    with pytest.raises(InputError, match=r"x\.jsonl:2: ") as caught:
        list(read_jsonl(path, Completion))
    assert message in str(caught.value)


def test_jsonl_refuses_a_missing_field_and_a_line_that_is_no_object(tmp_path: Path) -> None:
    """A line lacks a field, or is a list: refused."""
    path = tmp_path / "x.jsonl"
    for line, message in [('{"task_id": "x"}', "no field 'completion'"), ("[1, 2]", "expected an object")]:
        path.write_text(line + "\n")
        with pytest.raises(InputError, match=message):
            list(read_jsonl(path, Completion))


# ---------------------------------------------------------------- Parquet

clean_text = st.text(max_size=60)
documents = st.builds(
    Document,
    **dict.fromkeys(
        (
            "document_id",
            "source",
            "package",
            "version",
            "path",
            "sha256",
            "language",
            "form",
            "licence",
            "licence_evidence",
            "split",
            "text",
        ),
        clean_text,
    ),
    models=st.lists(clean_text, max_size=3).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(documents, max_size=5))
def test_parquet_round_trip_and_same_bytes(tmp_path_factory: pytest.TempPathFactory, rows: list[Document]) -> None:
    """Rows come back equal and in order, and equal rows make equal bytes."""
    hashes = []
    for name in "ab":
        folder = tmp_path_factory.mktemp(name)
        with ShardWriter(folder, "rows", Document) as writer:
            for row in rows:
                writer.write(row)
        assert writer.rows == len(rows)
        assert list(read_rows(folder, "rows", Document)) == rows
        hashes.append(store.hash_outputs(store.list_outputs(folder)))
    assert hashes[0] == hashes[1]


def source_file(number: int, content: bytes = b"int x;") -> SourceFile:
    """A mined file."""
    return SourceFile(source="path:.", package="p", version="1", path=f"{number}.c", sha256="0", content=content)


def write_shards(folder: Path, count: int) -> None:
    """Write some mined files."""
    with ShardWriter(folder, "files", SourceFile) as writer:
        for number in range(count):
            writer.write(source_file(number))


def test_shards_are_cut_by_size_and_read_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows spread over shards, each bounded, and come back in order."""
    monkeypatch.setattr(shards, "_SHARD_BYTES", 100)
    write_shards(tmp_path, 30)
    assert len(names(tmp_path)) > 3
    assert [row.path for row in read_rows(tmp_path, "files", SourceFile)] == [f"{n}.c" for n in range(30)]


def test_a_writer_that_fails_leaves_no_shard(tmp_path: Path) -> None:
    """Rows of a block that fails are not written."""
    with pytest.raises(RuntimeError), ShardWriter(tmp_path, "files", SourceFile) as writer:  # noqa: PT012 - the block is what is tested
        writer.write(source_file(0))
        raise RuntimeError
    assert names(tmp_path) == []


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherDocument:
    """Same schema name and columns as a mined file, but for a type."""

    SCHEMA: ClassVar[str] = SourceFile.SCHEMA

    source: str
    package: str
    version: str
    path: str
    sha256: str
    content: str


def test_parquet_of_another_schema_is_refused(tmp_path: Path) -> None:
    """Another schema name and another column type are both refused; so is a folder without shards."""
    write_shards(tmp_path, 2)
    (tmp_path / "files-00000.parquet").rename(tmp_path / "rows-00000.parquet")
    with pytest.raises(InputError, match=r"schema hpcraft\.source_file/\d, expected hpcraft\.document/\d"):
        list(read_rows(tmp_path, "rows", Document))
    with pytest.raises(InputError, match="expected"):
        list(read_rows(tmp_path, "rows", OtherDocument))
    with pytest.raises(InputError, match=r"holds no files-\*\.parquet"):
        list(read_rows(tmp_path, "files", SourceFile))


def test_damaged_parquet_is_an_input_error(tmp_path: Path) -> None:
    """Truncation, garbage in the middle and a text file under the name of a shard: one line each, no traceback."""
    path = tmp_path / "files-00000.parquet"
    write_shards(tmp_path, 200)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"not parquet", b"", whole[:4] + b"\x00" * 400 + whole[404:]):
        path.write_bytes(data)
        with pytest.raises(InputError, match="Parquet file"):
            list(read_rows(tmp_path, "files", SourceFile))


# ---------------------------------------------------------------- manifests


def manifest_of(folder: Path) -> Manifest:
    """A manifest of what lies in ``folder``."""
    outputs = store.list_outputs(folder)
    return Manifest(
        stage="make",
        fingerprint="0",
        config={"parts": 2},
        seed=0,
        inputs={},
        outputs=outputs,
        outputs_sha256=store.hash_outputs(outputs),
        rows={"parts": 2},
        rejections={},
        metrics={},
        versions={},
        host={},
        seconds=0.5,
        created="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A finished stage folder with two files, one of them named like a manifest."""
    store.write_text(tmp_path / "a.txt", "aaaa")
    store.write_text(tmp_path / "model" / "manifest.json", "{}")
    store.write_text(tmp_path / ".hidden", "x")
    store.write_manifest(tmp_path, manifest_of(tmp_path))
    return tmp_path


def test_manifest_round_trip(finished: Path) -> None:
    """A manifest comes back equal; it lists every visible file below the folder but itself."""
    manifest = store.read_manifest(finished)
    assert manifest == manifest_of(finished)
    assert [output.path for output in manifest.outputs] == ["a.txt", "model/manifest.json"]
    assert manifest.check_files(finished, hashes=True) is None


def test_manifest_finds_damage(finished: Path) -> None:
    """A truncated, a changed and a missing file are told apart."""
    manifest = store.read_manifest(finished)
    path = finished / "a.txt"
    path.write_text("aaab")
    assert manifest.check_files(finished) is None
    assert "another SHA-256" in (manifest.check_files(finished, hashes=True) or "")
    path.write_text("aa")
    assert "has 2 bytes, 4 expected" in (manifest.check_files(finished) or "")
    path.unlink()
    assert "is missing" in (manifest.check_files(finished) or "")


def test_outputs_hash_knows_names_and_contents() -> None:
    """Another name or another content gives another hash; size and time of writing don't matter."""
    one = OutputFile(path="a", size_bytes=1, sha256="0")
    assert store.hash_outputs([one]) == store.hash_outputs([replace(one, size_bytes=2)])
    assert len({store.hash_outputs([o]) for o in (one, replace(one, path="b"), replace(one, sha256="1"))}) == 3


@pytest.mark.parametrize(
    "change", [{"schema": "hpcraft.manifest/0"}, {"rows": None, "extra": 1}, {"outputs": [{"path": "x"}]}, {"outputs": 3}]
)
def test_foreign_or_damaged_manifest_is_refused(finished: Path, change: dict[str, object]) -> None:
    """A manifest of another version or with other keys is an input error."""
    path = finished / "manifest.json"
    store.write_json(path, json.loads(path.read_text()) | change)
    with pytest.raises(InputError, match=r"manifest\.json"):
        store.read_manifest(finished)


def test_folder_without_manifest_is_unfinished(tmp_path: Path) -> None:
    """A folder that has no manifest is not finished, whatever it holds."""
    with pytest.raises(InputError, match="not a finished stage folder"):
        store.read_manifest(tmp_path)


def test_sample_keeps_its_checks(tmp_path: Path) -> None:
    """Mappings in a record survive JSON lines."""
    sample = Sample(
        task_id="t", sample_id=0, model="m", passed=False, level="run", checks={"build": "pass"}, verdict="ok", seconds=1, log="ü"
    )
    store.write_jsonl(tmp_path / "s.jsonl", [sample])
    assert list(read_jsonl(tmp_path / "s.jsonl", Sample)) == [sample]
