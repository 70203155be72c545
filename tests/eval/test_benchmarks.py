"""The stage that writes what must not be in training data."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.benchmarks import STAGE, BenchmarksConfig
from hpcraft.eval.kernels import KERNELS
from hpcraft.eval.suites import SUITES
from hpcraft.records import BenchmarkText, HoleTask
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import execute


def texts_of(out: Path) -> list[BenchmarkText]:
    """The rows that the stage wrote."""
    return list(read_rows(out, "benchmarks", BenchmarkText))


def test_every_task_has_its_prompt_and_reference(tmp_path: Path) -> None:
    """Of each kernel task the prompt and the reference are there, of each kernel the oracle; what is missing is said."""
    done = execute(STAGE, BenchmarksConfig(), {}, tmp_path / "out")
    found = {(t.task_id, t.kind) for t in texts_of(tmp_path / "out")}
    tasks = SUITES["kernels"].tasks(None)
    assert {(t.task_id, kind) for t in tasks for kind in ("prompt", "reference")} <= found
    assert {(f"kernels/{name}", "test") for name in KERNELS} <= found
    assert any("translation" in note for note in done.manifest.notes)
    assert done.manifest.metrics["texts_by_suite"]["kernels"] == done.manifest.rows["benchmarks"]


def test_a_folder_of_babeltower(tmp_path: Path) -> None:
    """Sources, references and tests of the folder are written; when it changes the stage is done again."""
    row = {
        "c": "void f(int *a) { a[0] = 1; }",
        "cuda": "__global__ void f(int *a) { a[0] = 1; }",
        "consistent_cpp_inputs": ["f(x);", "f(y);"],
    }
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "pairs.valid.jsonl").write_text(json.dumps(row) + "\n")
    config = BenchmarksConfig(suites=("kernels",), data=(str(folder),))
    execute(STAGE, config, {}, tmp_path / "out")
    kinds = [(t.kind, t.language) for t in texts_of(tmp_path / "out") if t.suite == "babeltower"]
    assert kinds == [("source", "c"), ("reference", "cuda"), ("test", "cpp"), ("test", "cpp")]
    assert execute(STAGE, config, {}, tmp_path / "out").skipped
    (folder / "pairs.valid.jsonl").write_text(json.dumps({"c": "void g(void);"}) + "\n")
    assert not execute(STAGE, config, {}, tmp_path / "out").skipped


def test_folders_of_other_suites(tmp_path: Path) -> None:
    """Each under the name of its suite, with what its tasks hold; when one changes the stage is done again."""
    words: dict[str, Any] = dict.fromkeys((field.name for field in fields(HoleTask) if field.type == "str"), "x")
    words |= {"boundary": "loop", "language": "c", "middle": "for (;;) {}", "runs": (), "expected": (), "tests": ("1",)}
    words |= {"mutants_killed": 1, "mutants_total": 1, "start_line": 1}
    hole = HoleTask(**words)
    folder = tmp_path / "holes"
    for number in range(2):
        with ShardWriter(folder, "holes", HoleTask) as writer:
            for copy in range(number + 1):
                writer.write(replace(hole, hole_id=str(copy)))
        config = BenchmarksConfig(suites=("kernels",), data=(f"completion={folder}",))
        assert not execute(STAGE, config, {}, tmp_path / "out").skipped
        found = [t.text for t in texts_of(tmp_path / "out") if t.suite == "completion" and t.kind == "reference"]
        assert found == [hole.middle] * (number + 1)


def test_bad_input_is_named(tmp_path: Path) -> None:
    """An unknown suite, a suite without its pairs, an empty folder and a torn line are each one clear line."""
    with pytest.raises(ConfigError, match="did you mean 'kernels'"):
        BenchmarksConfig(suites=("kernel",))
    with pytest.raises(ConfigError, match="--pairs DIR"):
        execute(STAGE, BenchmarksConfig(suites=("translation",)), {}, tmp_path / "out")
    with pytest.raises(InputError, match=r"holds no unit_tests\*\.jsonl"):
        execute(STAGE, BenchmarksConfig(data=(str(tmp_path),)), {}, tmp_path / "out")
    with pytest.raises(
        ConfigError, match="suite kernels has no texts in a folder of yours; give SUITE=DIR for some of babeltower, pareval"
    ):
        BenchmarksConfig(data=("kernels=x",))
    (tmp_path / "pairs.jsonl").write_text('{"c": ')
    with pytest.raises(InputError, match=r"pairs\.jsonl:1: not JSON"):
        execute(STAGE, BenchmarksConfig(data=(str(tmp_path),)), {}, tmp_path / "out")
