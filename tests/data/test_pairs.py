"""The stage ``pairs`` on a tiny corpus: what it writes, that it repeats itself, resumes, and says what the machine lacks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data import pairs, pairs_tools, recorded
from hpcraft.data import verify as verifier
from hpcraft.data.material import Known, made, tree
from hpcraft.data.pairs import PairsConfig
from hpcraft.data.target_text import not_parallel, objection
from hpcraft.data.trees import normalised
from hpcraft.data.verify import verify
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.records import BenchmarkText, Function, Pair
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.shards import ShardWriter, read_rows
from hpcraft.stages import Report, Work, fingerprint
from hpcraft.store import list_outputs, read_json, write_json
from hpcraft.verification import Candidate, Finding
from tests.data.toy_corpus import write_corpus

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
SMALL = PairsConfig(made=5, mined_limit=10, directives_limit=0, targets=("openmp",), num_mutants=3, monolingual_share=0.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The shards of ``prepare`` for one file."""
    return corpus_of(tmp_path / "prepare", CODE)


def corpus_of(folder: Path, code: str) -> Path:
    """The same for a file with other code."""
    return write_corpus(folder, ("src/toy.c", "c", "openmp", code))


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
        assert not not_parallel(pair.target, pair.target_model, Signature.parse(pair.signature).name)
        assert len(pair.tests) >= 3
        assert all(parse_test(Signature.parse(pair.signature), test) for test in pair.tests)
        assert 0 < pair.mutants_killed <= pair.mutants_total
        assert (pair.level, pair.target_model) == ("run", "openmp")
        _is_evidence(pair)
    assert len({normalised(p.source) for p in found}) == len(found)


@pytest.mark.ci
def test_a_function_without_translation_shows_what_a_source_must(tmp_path: Path) -> None:
    """Most of its lines run, else it waits for no translation: none could be accepted."""
    rare = CODE.replace(
        "      x[i] = x[i] + x[i - 1];\n",
        "      x[i] = x[i] + x[i - 1];\n      if (i > 1000000)\n      {\n         x[i] = 0;\n         x[i] += x[i - 1];\n      }\n",
    )
    for name, code in (("whole", CODE), ("rare", rare)):
        run(tmp_path / name, corpus_of(tmp_path / f"prepare-{name}", code), replace(SMALL, made=0))
    names = [[f.signature.split("(")[0] for f in read_rows(tmp_path / name, "monolingual", Function)] for name in ("whole", "rare")]
    assert names == [["void scan_loop"], []]


@pytest.mark.ci
def test_kernels_of_the_grammar_can_be_set_aside(tmp_path: Path) -> None:
    """As C or as one of their versions, with tests and what they leave; only of the training split, and the other kernels are the same as without."""
    half = replace(SMALL, made=24, targets=("openmp", "cuda"), made_monolingual_share=0.5)
    run(tmp_path / "half", None, half)
    run(tmp_path / "whole", None, replace(half, made_monolingual_share=0.0))
    alone = list(read_rows(tmp_path / "half", "monolingual", Function))
    kept, found = (list(read_rows(tmp_path / name, "pairs", Pair)) for name in ("half", "whole"))
    sides = {model: {p.target if model == p.target_model else p.source: p for p in found} for model in ("serial", "openmp", "cuda")}
    origins = [sides[f.model][f.source] for f in alone]
    assert {f.model for f in alone} == {"serial", "openmp", "cuda"}
    assert {(f.split, f.package, p.split) for f, p in zip(alone, origins, strict=True)} == {("train", "hpcraft", "train")}
    assert all(len(f.tests) == len(f.outputs) >= 3 for f in alone)
    aside = {p.source for p in origins}
    # What is set aside and shows too little by itself is lost, as a pair would be.
    assert {p.pair_id for p in kept} <= {p.pair_id for p in found if p.source not in aside}
    assert {p.source for p in kept if p.split != "train"} == {p.source for p in found if p.split != "train"}


def _is_evidence(pair: Pair) -> None:
    """What a pair says of itself: lines, faults of both sides, and outputs that its tests can have."""
    signature = Signature.parse(pair.signature)
    assert pair.coverage == 1.0 if pair.origin == "made" else pair.coverage >= 0.8
    assert 0.5 * pair.mutants_total <= pair.mutants_killed
    assert 0 < 0.5 * pair.target_mutants_total <= pair.target_mutants_killed
    assert pair.tree_sha256 == tree(pair.source)
    assert bool(pair.sha256) == bool(pair.licence_evidence) == (pair.origin == "mined")
    assert len(pair.outputs) == len(pair.tests)
    kept = [recorded.outputs(signature, parse_test(signature, t), o) for t, o in zip(pair.tests, pair.outputs, strict=True)]
    assert any(kept)  # a test of few elements stands there with its outputs
    with pytest.raises(InputError, match="expected zlib"):
        recorded.outputs(signature, parse_test(signature, pair.tests[0]), "zlib:AAAA")


def test_each_well_is_counted_under_its_own_name(tmp_path: Path, corpus: Path) -> None:
    """Code that had a directive is a pair of the well of directives, with its own one, and isn't tried again as a mined loop."""
    report = run(tmp_path / "out", corpus, replace(SMALL, made=0, directives_limit=5))
    found = {p.origin: p for p in read_rows(tmp_path / "out", "pairs", Pair)}
    assert set(found) == {"directives", "mined"}
    assert found["directives"].signature == "void axpby_region(int n, double a, double *y, const double *x)"
    assert "#pragma omp parallel for private(i)" in found["directives"].target
    assert "norm_loop" in found["mined"].signature
    assert report.metrics["rates"]["directives"] == {"openmp": {"tried": 1, "proved": 1}}
    assert report.metrics["left_out"]["mined:source:seen-before"] == 1


def test_real_parallel_code_is_set_aside_as_what_it_is(tmp_path: Path, corpus: Path) -> None:
    """Without its sequential form, and with tests that it passes cleanly itself with several threads."""
    report = run(tmp_path / "out", corpus, replace(SMALL, made=0, mined_limit=0, directives_limit=5, monolingual_share=1.0))
    assert report.rows == {"pairs": 0, "monolingual": 1}
    (alone,) = read_rows(tmp_path / "out", "monolingual", Function)
    assert alone.model == "openmp"
    assert "#pragma omp parallel for private(i)" in alone.source
    assert alone.signature == "void axpby_region(int n, double a, double *y, const double *x)"
    assert alone.coverage >= 0.8
    assert len(alone.outputs) == len(alone.tests) >= 3
    assert alone.tree_sha256 == tree(alone.source)


@pytest.mark.ci
@pytest.mark.parametrize(("of_other_code", "verified_again"), [(False, 4), (True, 6)])
def test_second_run_gives_the_same_bytes_also_when_resumed(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, of_other_code: bool, verified_again: int
) -> None:
    """An interrupted run keeps its finished batches unless they were of other code, and what it writes in the end is what an undisturbed run writes."""
    config = PairsConfig(made=4, mined_limit=2, directives_limit=0, targets=("openmp",), num_mutants=2, batch_size=2, race=False)
    run(tmp_path / "whole", corpus, config)
    asked: list[str] = []

    def breaks(candidates: Iterator[Candidate], **settings: object) -> Iterator[Finding]:
        for number, finding in enumerate(verify(candidates, **settings)):  # type: ignore[arg-type]
            if number == 3:
                raise KeyboardInterrupt
            yield finding

    def counts(candidates: Iterator[Candidate], **settings: object) -> Iterator[Finding]:
        for finding in verify(candidates, **settings):  # type: ignore[arg-type]
            asked.append(finding.candidate_id)
            yield finding

    monkeypatch.setattr(pairs, "verify", breaks)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", corpus, config)
    monkeypatch.setattr(pairs, "verify", counts)
    [part] = (tmp_path / "broken").rglob("findings-00000.json")
    if of_other_code:
        write_json(part, {**read_json(part), "key": "of other code"})
    run(tmp_path / "broken", corpus, config)
    assert len(asked) == verified_again  # of six
    assert list_outputs(tmp_path / "broken") == list_outputs(tmp_path / "whole")


def test_missing_tools_are_noted_and_never_counted_as_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without compilers of CUDA and without clang there are no CUDA pairs and no race check, and the report says so; with CUDA alone it is an error."""
    find = toolchains.find
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool.startswith(("nvcc", "clang", "g++")) else find(tool))
    report = run(tmp_path / "out", None, PairsConfig(made=2, num_mutants=2))
    assert {p.target_model for p in read_rows(tmp_path / "out", "pairs", Pair)} == {"openmp"}
    assert len(report.notes) == 2
    assert "no CUDA pairs" in report.notes[0]
    assert "races" in report.notes[1]
    with pytest.raises(MachineError, match="cuda"):
        run(tmp_path / "cuda", None, PairsConfig(made=2, targets=("cuda",)))


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_cuda_that_is_only_compiled_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing emulates CUDA, its pairs are of the level compile, have no faults of the target tried, and a note says it."""
    for module in (pairs_tools, verifier):
        monkeypatch.setattr(module, "cuda_level", lambda: "compile")
    report = run(tmp_path / "out", None, PairsConfig(made=2, targets=("cuda",), num_mutants=2))
    found = list(read_rows(tmp_path / "out", "pairs", Pair))
    assert [(p.level, p.target_mutants_total) for p in found] == [("compile", 0), ("compile", 0)]
    assert "compiled, not run" in report.notes[0]


@pytest.mark.ci
@pytest.mark.skipif(not all(map(shutil.which, ("gfortran", "mpicc"))), reason="gfortran or MPI is not installed")
def test_kernels_of_the_grammar_become_cpp_fortran_and_mpi(tmp_path: Path, corpus: Path) -> None:
    """Kernels are paired with what they can be written in, real code with OpenMP alone; a second run writes the same bytes."""
    every = ("openmp", "cpp", "fortran", "fortran+openmp", "mpi")
    config = PairsConfig(made=2, mined_limit=10, directives_limit=0, targets=every, num_mutants=2, race=False)
    report = run(tmp_path / "one", corpus, config, seed=5)
    found = list(read_rows(tmp_path / "one", "pairs", Pair))
    made, real = [p for p in found if p.origin == "made"], [p for p in found if p.origin != "made"]
    assert {p.target_model for p in made} == set(every)
    assert {p.target_model for p in real} == {"openmp"}
    assert {p.level for p in found} == {"run"}
    assert {model: n["tried"] for model, n in report.metrics["rates"]["made"].items()} == dict.fromkeys(every, 2) | {"mpi": 1}
    for pair in made:
        _is_evidence(pair)
        assert objection(pair.target, pair.target_model, Signature.parse(pair.signature)) is None
    run(tmp_path / "other", corpus, config, seed=5)
    assert list_outputs(tmp_path / "other") == list_outputs(tmp_path / "one")


def test_targets_without_their_compilers_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gfortran and MPI there are no such pairs, and a note for each says why; the fingerprint tells such a machine apart."""
    find = toolchains.find
    config = PairsConfig(made=1, targets=("openmp", "fortran", "fortran+openmp", "mpi"), transcribed_limit=0, num_mutants=1, race=False)
    here = pairs_tools.tools_here(config)
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool in ("gfortran", "mpicc") else find(tool))
    report = run(tmp_path / "out", None, config)
    assert {p.target_model for p in read_rows(tmp_path / "out", "pairs", Pair)} == {"openmp"}
    assert [note.partition(":")[0] for note in report.notes] == ["no Fortran pairs", "no Fortran with OpenMP pairs", "no MPI pairs"]
    assert "apt-get install -y gfortran" in report.notes[0]
    assert set(pairs_tools.tools_here(config).values()) == {"missing"} != set(here.values())
    with pytest.raises(MachineError, match="mpicc"):
        run(tmp_path / "none", None, replace(config, targets=("mpi",)))


@pytest.mark.ci
def test_what_a_benchmark_holds_is_no_source(tmp_path: Path, corpus: Path) -> None:
    """A mined loop whose tree a benchmark's function has, under other names, is left out and counted, and so is its CUDA or OpenMP."""
    text = "double sq(int m, double *q)\n{\n   int k;\n   double r = 0.0;\n   for (k = 0; k < m; k++)\n   {\n      r += q[k] * q[k];\n   }\n   return r;\n}\n"
    before = run(tmp_path / "before", corpus)
    [norm] = [p for p in read_rows(tmp_path / "before", "pairs", Pair) if p.signature.startswith("double norm_loop")]
    renamed = norm.source.replace("norm_loop", "other").replace("x", "data") if "x" in norm.source else text
    row = BenchmarkText(suite="own", task_id="own/1", kind="reference", language="c", text=renamed)
    with ShardWriter(tmp_path / "benchmarks", "benchmarks", BenchmarkText) as writer:
        writer.write(row)
    folder = tmp_path / "after"
    folder.mkdir()
    after = pairs.run(SMALL, Work(out=folder, inputs={"corpus": corpus, "benchmarks": tmp_path / "benchmarks"}, seed=0))
    left = [p.signature.split("(")[0] for p in read_rows(folder, "pairs", Pair) if p.origin == "mined"]
    assert left == ["int axpby_loop"] or left == ["void axpby_loop"]
    assert after.metrics["left_out"] == {**_counts(before), "mined:source:benchmark": 1}


def test_a_kernel_whose_fortran_is_a_benchmarks_is_no_source(tmp_path: Path) -> None:
    """Of kernels that are written in Fortran, the one whose procedure a benchmark has is left out, and no other."""
    drawn = list(made(3, 8, ("openmp", "fortran"), Known()))
    target = next(dict(m.targets)["fortran"] for m in drawn if len(m.targets) == 2)
    with ShardWriter(tmp_path, "benchmarks", BenchmarkText) as writer:
        writer.write(BenchmarkText(suite="own", task_id="own/1", kind="reference", language="fortran", text=target))
    known = Known.of(tmp_path)
    left = list(made(3, 7, ("openmp", "fortran"), known))
    assert [m for m in drawn if m not in left] == [m for m in drawn if target in dict(m.targets).values()]
    assert known.left_out == {"made:source:benchmark": 1}


def test_a_benchmark_with_other_names_and_types_is_no_source(tmp_path: Path) -> None:
    """What a benchmark has in double, under another name and in other layout, isn't drawn in float either."""
    drawn = list(made(3, 8, ("openmp",), Known()))
    plain = next(m for m in drawn if "float" in m.source and "#include" not in m.source)
    theirs = re.sub(r"\bfloat\b", "double", plain.source).replace("{", "{\n").replace(plain.signature.split("(")[0].split()[-1], "theirs")
    with ShardWriter(tmp_path, "benchmarks", BenchmarkText) as writer:
        writer.write(BenchmarkText(suite="own", task_id="own/1", kind="source", language="cpp", text=theirs))
    known = Known.of(tmp_path)
    left = list(made(3, 7, ("openmp",), known))
    assert [m for m in drawn if m not in left] == [plain]
    assert known.left_out == {"made:source:benchmark": 1}


def _counts(report: Report) -> dict[str, int]:
    found = report.metrics["left_out"]
    assert isinstance(found, dict)
    return found


def test_pairs_are_stale_once_a_tool_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint tells a machine without compilers of CUDA from one that has them, and only where CUDA is wanted."""
    find = toolchains.find

    def fingerprints() -> list[str]:
        return [fingerprint(pairs.STAGE, PairsConfig(targets=targets), {}, 0) for targets in (("openmp", "cuda"), ("openmp",))]

    monkeypatch.setattr(toolchains, "lacks", lambda _tool, _part: False)
    here = fingerprints()
    monkeypatch.setattr(toolchains, "find", lambda tool: None if tool in ("nvcc", "g++") else find(tool))
    without = fingerprints()
    assert here[0] != without[0]
    assert here[1] == without[1]


def test_wrong_settings_are_refused() -> None:
    """A target or number that can't be meant is an error that names it."""
    wrongs: tuple[dict[str, Any], ...] = ({"targets": ("openacc",)}, {"made": -1}, {"min_tests": 9}, {"min_killed": 2.0}, {"batch_size": 0})
    for wrong in wrongs:
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            PairsConfig(**wrong)
