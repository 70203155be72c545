"""The stage ``pairs`` on a tiny corpus: what it writes, that it repeats itself, resumes, and says what the machine lacks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data import pairs
from hpcraft.data.pairs import PairsConfig
from hpcraft.data.trees import normalised, uses_model
from hpcraft.data.units import cut_units
from hpcraft.data.verify import verify
from hpcraft.errors import ConfigError, MachineError
from hpcraft.records import Candidate, CodeUnit, Document, Finding, Function, Pair
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Report, Work, fingerprint
from hpcraft.store import list_outputs, sha256_bytes

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

CODE = """
typedef double Real;
typedef int Int;

Int axpby(Vector *v, Int n, Real a)
{
   Real *x = v->x, *y = v->y;
   Int i;
#pragma omp parallel for private(i)
   for (i = 0; i < n; i++)
   {
      y[i] = a * x[i] + 3.0 * y[i];
   }
   return 0;
}

void scan(Int n, Real *x)
{
   Int i;
   for (i = 1; i < n; i++)
   {
      x[i] = x[i] + x[i - 1];
   }
}

Real norm(Int n, Real *x)
{
   Int i;
   Real s = 0.0;
   for (i = 0; i < n; i++)
   {
      s += x[i] * x[i];
   }
   return s;
}
"""
SMALL = PairsConfig(made=5, mined_limit=10, targets=("openmp",), num_mutants=3, monolingual_share=0.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The shards of ``prepare`` for one file."""
    folder = tmp_path / "prepare"
    document = Document(
        document_id=sha256_bytes(CODE.encode()),
        source="path:x",
        package="toy",
        version="1",
        path="src/toy.c",
        sha256="0",
        language="c",
        form="",
        models=("openmp",),
        licence="MIT",
        licence_evidence="spdx-header",
        split="train",
        text=CODE,
    )
    with ShardWriter(folder, "corpus", Document) as documents, ShardWriter(folder, "functions", CodeUnit) as functions:
        documents.write(document)
        for unit in cut_units(document):
            if unit.kind == "function":
                functions.write(unit)
    return folder


def run(folder: Path, corpus: Path | None, config: PairsConfig = SMALL, seed: int = 0) -> Report:
    """Run the stage's function alone."""
    folder.mkdir(exist_ok=True)
    return pairs.run(config, Work(out=folder, inputs={"corpus": corpus} if corpus else {}, seed=seed))


def test_pairs_are_whole_and_carry_their_origin(tmp_path: Path, corpus: Path) -> None:
    """Made and mined pairs have licence, provenance and valid tests; a loop that can't be parallel becomes monolingual."""
    report = run(tmp_path / "out", corpus)
    found = list(read_rows(tmp_path / "out", "pairs", Pair))
    alone = list(read_rows(tmp_path / "out", "monolingual", Function))
    assert report.rows == {"pairs": len(found), "monolingual": len(alone)}
    mined = {p.signature.split("(")[0].split()[-1]: p for p in found if p.origin == "mined"}
    assert set(mined) == {"axpby_loop", "norm_loop"}
    assert [f.signature.split("(")[0] for f in alone] == ["void scan_loop"]
    assert "#pragma omp parallel for private(i)" in mined["axpby_loop"].target
    assert "reduction(+:s)" in mined["norm_loop"].target
    assert {(p.package, p.version, p.path, p.licence, p.split) for p in mined.values()} == {("toy", "1", "src/toy.c", "MIT", "train")}
    assert sum(p.origin == "made" for p in found) == 5
    for pair in found:
        assert uses_model(pair.target, pair.target_model)
        assert len(pair.tests) >= 3
        assert all(parse_test(Signature.parse(pair.signature), test) for test in pair.tests)
        assert 0 < pair.mutants_killed <= pair.mutants_total
        assert (pair.level, pair.target_model) == ("run", "openmp")
    assert len({normalised(p.source) for p in found}) == len(found)
    assert not (tmp_path / "out" / ".parts").exists()


def test_second_run_gives_the_same_bytes_also_when_resumed(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run keeps its finished batches, and what it writes in the end is what an undisturbed run writes."""
    config = PairsConfig(made=4, mined_limit=2, targets=("openmp",), num_mutants=2, batch_size=2, race=False)
    run(tmp_path / "whole", corpus, config)
    asked: list[str] = []

    def breaks(candidates: list[Candidate], **settings: object) -> Iterator[Finding]:
        for number, finding in enumerate(verify(candidates, **settings)):  # type: ignore[arg-type]
            if number == 3:
                raise KeyboardInterrupt
            yield finding

    def counts(candidates: list[Candidate], **settings: object) -> Iterator[Finding]:
        asked.extend(c.candidate_id for c in candidates)
        return verify(candidates, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(pairs, "verify", breaks)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", corpus, config)
    monkeypatch.setattr(pairs, "verify", counts)
    run(tmp_path / "broken", corpus, config)
    assert len(asked) == 4  # of six
    assert list_outputs(tmp_path / "broken") == list_outputs(tmp_path / "whole")


def test_missing_tools_are_noted_and_never_counted_as_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without nvcc and clang there are no CUDA pairs and no race check, and the report says so; with CUDA alone it is an error."""
    find = toolchains.find
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool.startswith(("nvcc", "clang")) else find(tool))
    report = run(tmp_path / "out", None, PairsConfig(made=2, num_mutants=2))
    assert {p.target_model for p in read_rows(tmp_path / "out", "pairs", Pair)} == {"openmp"}
    assert len(report.notes) == 2
    assert "no CUDA pairs" in report.notes[0]
    assert "races" in report.notes[1]
    with pytest.raises(MachineError, match="cuda"):
        run(tmp_path / "cuda", None, PairsConfig(made=2, targets=("cuda",)))


def test_pairs_are_stale_once_a_tool_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint tells a machine without nvcc from one that has everything, and only where CUDA is wanted."""
    find = toolchains.find

    def fingerprints() -> list[str]:
        return [fingerprint(pairs.STAGE, PairsConfig(targets=targets), {}, 0) for targets in (("openmp", "cuda"), ("openmp",))]

    monkeypatch.setattr(toolchains, "lacks", lambda _tool, _part: False)
    monkeypatch.setattr(toolchains, "find", lambda tool: "/bin/true" if tool == "nvcc" else find(tool))
    with_nvcc = fingerprints()
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool == "nvcc" else find(tool))
    without = fingerprints()
    assert with_nvcc[0] != without[0]
    assert with_nvcc[1] == without[1]


def test_wrong_settings_are_refused() -> None:
    """A target or number that can't be meant is an error that names it."""
    wrongs: tuple[dict[str, Any], ...] = ({"targets": ("mpi",)}, {"made": -1}, {"min_tests": 9}, {"min_killed": 2.0}, {"batch_size": 0})
    for wrong in wrongs:
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            PairsConfig(**wrong)
