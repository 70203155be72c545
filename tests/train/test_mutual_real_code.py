"""Mutual supervision on real parallel code, which is the target of what the model writes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data import recorded
from hpcraft.data.material import tree
from hpcraft.data.programs import Call, Piece, build
from hpcraft.data.verify import cuda_level, verify
from hpcraft.inference import Generator, Item
from hpcraft.records import Function, Pair
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.shards import read_rows
from hpcraft.stages import Work, execute
from hpcraft.train import mutual
from hpcraft.train.decisions import SOURCE_ONLY, Answer
from hpcraft.train.finetune import STAGE as FINETUNE
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.harvest import Asking, Known, harvest
from hpcraft.train.proofs import proved, to_prove
from hpcraft.train.rounds import candidates as made_of
from hpcraft.verification import Candidate, Finding
from tests.train.conftest import cuda_that_runs, openmp, signature, source
from tests.train.rounds_parts import QUICK, finding, function, lines, pairs_folder


def parallel_functions() -> list[Function]:
    """The same function in OpenMP and in CUDA, without its sequential form."""
    codes = {"openmp": openmp(21), "cuda": cuda_that_runs(21)}
    return [
        replace(function(21), function_id=model, model=model, source=code, tests=("3 [3] [3]", "7 [7] [7]"))
        for model, code in codes.items()
    ]


def assert_recorded(pair: Pair) -> None:
    """The source of a pair leaves behind what its record says, with the contents that the record's seed gives."""
    signature = Signature.parse(pair.signature)
    tests = [parse_test(signature, text) for text in pair.tests]
    with build([Piece(signature=signature, code=pair.source)], model="serial") as program:
        calls = [Call(piece=0, arguments=recorded.arguments(test, pair.source, pair.seed)) for test in tests]
        results = program.call(calls, threads=1, seconds=5)
    assert [recorded.record(signature, results[n]) for n in range(len(tests))] == list(pair.outputs)


def test_c_that_cannot_be_the_source_of_its_pair_is_refused() -> None:
    """What does as the parallel code does on its tests, and is refused as a source, is no pair, with the reason of the proof."""
    [one, _] = parallel_functions()
    answer = Answer(function_id=one.function_id, target_model="serial", sample=0, text=source(21))
    made = made_of([one], [answer], "model")
    found = [finding(c, "", c.tests, c.tests) for c in made]
    for proof, why in (
        (finding(made[1], "source:memory", (), ()), "proof:source:memory"),
        (finding(made[1], "", made[1].tests, ()), "proof:no-killing-test"),
    ):
        known = Known()
        got = harvest(1, [one], [answer], found, known, Asking(), proofs={answer.key: proof})
        assert (known.pairs, got.summary.accepted, got.summary.reasons) == ({}, 0, {why: 1})
        assert [(d.accepted, d.kept, d.why_not) for d in got.decisions] == [(True, False, why)]


@pytest.mark.ci
def test_what_is_written_of_real_parallel_code_becomes_the_source_of_a_pair(tmp_path: Path) -> None:
    """C that does what real OpenMP or emulated CUDA does stands before it as a pair; wrong C is refused, and the tester is taught nothing of either."""
    functions = parallel_functions()
    wrong = source(21).replace("i < n", "i < n - 1")
    answers = [
        Answer(function_id=f.function_id, target_model="serial", sample=sample, text=text)
        for f in functions
        for sample, text in enumerate((wrong, source(21)))
    ]
    found = list(verify(made_of(functions, answers, "model"), race=False))
    known = Known()
    unproved = to_prove(functions, answers, found, known.pairs.keys(), kills=True)
    proofs = proved(unproved, lambda asked: dict.fromkeys(asked, ("5 [5] [5]",)), partial(verify, race=False), tmp_path)
    got = harvest(1, functions, answers, found, known, Asking(), proofs=proofs)
    able = {"openmp", *(["cuda"] if cuda_level() == "emulate" else [])}
    assert {i for i, _ in known.pairs} == able
    for (name, target), pair in known.pairs.items():
        real = next(f for f in functions if f.function_id == name)
        assert (target, pair.source, pair.target, pair.target_model) == ("serial", source(21), real.source, real.model)
        assert pair.tree_sha256 == tree(source(21))
        assert 0 < pair.mutants_killed <= pair.mutants_total
        assert 0 < pair.target_mutants_killed <= pair.target_mutants_total
        assert pair.coverage == 1.0
        assert len(pair.outputs) == len(pair.tests) == 3
        assert_recorded(pair)
    assert {(d.function_id, d.sample) for d in got.decisions if d.kept} == {(name, 1) for name in able}
    assert {d.reason for d in got.decisions if d.sample == 0 and d.function_id in able} == {"differs"}
    assert known.tests == {}
    for decision in (d for d in got.decisions if d.kept):  # what it was judged on, both times, can be read from its row alone
        pair = known.pairs[decision.function_id, "serial"]
        assert len(decision.tests) == decision.tests_valid > 0
        assert (decision.proof_tests, decision.proof_seed, decision.proof_mutants_killed) == (pair.tests, pair.seed, pair.mutants_killed)
    assert all(d.tests and not d.proof_tests for d in got.decisions if d.reason == "differs")


@pytest.fixture(scope="module")
def both_ways(run_folder: Path, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was taught the way back, too."""
    del tuned  # its base is there then
    out = tmp_path_factory.mktemp("both") / "finetune"
    config = FinetuneConfig(max_steps=2, max_seconds=60, cuda2c_repeats=1, omp2c_repeats=1, batch_tokens=2048)
    execute(FINETUNE, config, {"base": run_folder / "pretrain", "pairs": run_folder / "pairs"}, out)
    return out


def powered(code: str, times: int) -> str:
    """Code with another expression than that of the pairs, so that it is not theirs."""
    return code.replace("b[i] ", "b[i] * " * times + "b[i] ")


@pytest.mark.ci
def test_the_loop_goes_both_ways(run_folder: Path, tuned: Path, both_ways: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real OpenMP and CUDA is translated to C where the model knows the way, with the head that is wanted, and else left out with a reason."""
    more = {"openmp": 1, "cuda": 2}
    real = [
        replace(f, source=powered(f.source, more[f.model]), tests=("3 [3] [3]", "5 [5] [5]", "7 [7] [7]")) for f in parallel_functions()
    ]
    written = {f.source: powered(source(21), more[f.model]) for f in real}
    functions = [*read_rows(run_folder / "pairs", "monolingual", Function), *real]
    folder = pairs_folder(tmp_path / "pairs", functions, read_rows(run_folder / "pairs", "pairs", Pair))
    asked: list[Item] = []

    def known(self: Generator, items: Sequence[Item], **_: Any) -> list[list[str]]:
        asked.extend(items)
        return [[written[item[0]]] if item[1].endswith("2c") else [""] for item in items]

    def judge(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            back = c.target in written.values() and c.target_model == "serial" != c.source_model
            right = back or written.get(c.target) == c.source
            yield finding(c, "" if right or c.target_model == SOURCE_ONLY else "differs", c.tests, c.tests[:1])

    monkeypatch.setattr(Generator, "translate", known)
    (tmp_path / "out").mkdir()
    config = replace(QUICK, targets=("openmp", "cuda"), self_training=False)
    report = mutual.run(config, Work(out=tmp_path / "out", inputs={"model": both_ways, "pairs": folder}, seed=0), judge)
    assert report.metrics["accepted"] == report.rows["pairs"] == 2
    assert {(p.source, p.target) for p in read_rows(tmp_path / "out", "pairs", Pair)} == {(c, real) for real, c in written.items()}
    assert (powered(cuda_that_runs(21), 2), "cuda2c", signature(21)) in asked
    assert (powered(openmp(21), 1), "omp2c") in asked
    assert isinstance(lines(tmp_path / "out/rounds.jsonl")[1]["translator_loss"], float)
    (tmp_path / "forth").mkdir()
    forth = mutual.run(QUICK, Work(out=tmp_path / "forth", inputs={"model": tuned, "pairs": folder}, seed=0), judge)
    assert {"function:openmp-not-asked": 1, "function:cuda-not-asked": 1}.items() <= forth.rejections.items()
