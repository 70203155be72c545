"""A new pair must neither repeat another one nor hold what is measured by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpcraft.records import BenchmarkText, Function
from hpcraft.shards import ShardWriter
from hpcraft.train.fresh import Fresh
from tests.train.conftest import make_pair, openmp, signature, source
from tests.train.rounds_parts import pairs_folder

NEW = source(21).replace("b[i] ", "b[i] * b[i] ")


def function(number: int, model: str, code: str) -> Function:
    """A function without a translation."""
    return Function(
        function_id=f"f{number}", signature=signature(number), source=code, model=model, tests=(), package="demo", version="1", path="a.c",
        licence="MIT", split="train",
    )  # fmt: skip


def folder_of(tmp_path: Path) -> Path:
    """Pairs of which one is held out, and a sequential function without a translation."""
    held_out = [make_pair(1, "openmp", "test"), make_pair(2, "cuda", "valid")]
    return pairs_folder(tmp_path / "pairs", [function(0, "serial", source(3))], held_out)


def test_c_that_stands_in_another_pair_is_not_new(tmp_path: Path) -> None:
    """Under other names, and in any split; nor is that of a function that waits for its translation; what is new is so once."""
    fresh = Fresh(folder_of(tmp_path), None)
    real = function(21, "openmp", openmp(21))
    for number in (1, 2, 3):
        assert (
            fresh.why_not(real, "serial", source(number).replace("kernel", "other").replace("b[", "c[").replace("*b", "*c"))
            == "seen-before"
        )
    assert fresh.why_not(real, "serial", NEW) == ""
    assert fresh.why_not(real, "serial", NEW) == ""
    assert fresh.why_not(replace(real, function_id="another"), "serial", NEW) == "seen-before"


def test_translations_of_a_real_function_are_looked_for_among_benchmarks_alone(tmp_path: Path) -> None:
    """The function was compared with all others when pairs were made, so it can have a translation for each target."""
    one = function(0, "serial", source(3))
    fresh = Fresh(folder_of(tmp_path), None)
    assert [fresh.why_not(one, model, openmp(3)) for model in ("openmp", "cuda")] == ["", ""]


def test_what_is_a_benchmarks_is_refused_on_either_side(tmp_path: Path) -> None:
    """C that was written, and real code that it was written of."""
    benchmarks = tmp_path / "benchmarks"
    with ShardWriter(benchmarks, "benchmarks", BenchmarkText) as shards:
        shards.write(BenchmarkText(suite="suite", task_id="suite/1", language="c", kind="reference", text=NEW))
    fresh = Fresh(folder_of(tmp_path), benchmarks)
    other = NEW.replace("b[i] * b[i]", "b[i] / b[i]")
    assert fresh.why_not(function(21, "openmp", openmp(21)), "serial", NEW) == "benchmark"
    assert (
        fresh.why_not(function(22, "openmp", NEW.replace("    for", "#pragma omp parallel for\n    for")), "serial", other) == "benchmark"
    )
    assert fresh.why_not(function(0, "serial", source(3)), "openmp", NEW) == "benchmark"
    assert fresh.why_not(function(0, "serial", source(3)), "openmp", openmp(3)) == ""
