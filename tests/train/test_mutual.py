"""Mutual supervision on models of seconds: rounds, what is written down of them, what a crash costs, and what is left out by a switch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft import inference
from hpcraft.errors import ConfigError, InputError, MachineError
from hpcraft.inference import Generator
from hpcraft.records import Pair
from hpcraft.shards import read_rows
from hpcraft.stages import Report, Work
from hpcraft.train import mutual
from hpcraft.train.decisions import SOURCE_ONLY, Answer, Decision, WrittenTest
from hpcraft.train.harvest import Asking, Known, harvest
from hpcraft.train.learners import Learner
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.rounds import TesterKind, own_tests
from hpcraft.train.rounds import candidates as made_of
from hpcraft.verification import Candidate, Finding
from tests.train.conftest import openmp, signature, source
from tests.train.rounds_parts import QUICK, accepting, finding, function, lines, pairs_folder, refusing, work_of

MEASURED = replace(QUICK, rounds=2, samples=2, temperature=0.9, valid_functions=1, valid_samples=2)


# ---------------------------------------------------------------- rounds


def test_a_round_keeps_what_was_proved_and_teaches_it(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Accepted translations become pairs of origin mutual, and both models are trained and saved; nothing hidden is left but what the stage drops at its end."""
    report = mutual.run(QUICK, work_of(run_folder, tuned, tmp_path), accepting)
    pairs = list(read_rows(tmp_path, "pairs", Pair))
    before, one = lines(tmp_path / "rounds.jsonl")
    assert (before["number"], one["number"]) == (0, 1)
    assert report.metrics["accepted"] == len(pairs) == one["accepted"] == one["new_pairs"]
    assert pairs
    assert {p.origin for p in pairs} == {"mutual"}
    assert isinstance(one["translator_loss"], float)
    assert isinstance(one["tester_loss"], float)
    assert inference.load(tmp_path / "translator").facts.tasks == ("cuda", "openmp")
    assert inference.load(tmp_path / "tester").facts.tasks == ("tests",)
    assert (tmp_path / "translator/model.safetensors").read_bytes() != (tuned / "model/model.safetensors").read_bytes()
    assert {path.name for path in tmp_path.glob(".*")} <= set(mutual.STAGE.scratch)


def test_rounds_that_give_nothing_say_so_and_end(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Nothing accepted is a note and counted reasons, not a failure; the models stay as they were, and no round is played for nothing."""
    report = mutual.run(replace(QUICK, rounds=3), work_of(run_folder, tuned, tmp_path), refusing)
    assert report.rejections == {"differs": 4}
    assert report.rows["rounds"] == 1
    words = " ".join(report.notes)
    assert "no translation was accepted in round 1" in words
    assert "ended after round 1 of 3" in words
    assert "tests that the tester wrote in round 1 is valid" in words
    assert list(read_rows(tmp_path, "pairs", Pair)) == []
    assert {d.why_not for d in read_rows(tmp_path, "decisions", Decision)} == {"refused"}
    assert (tmp_path / "translator/model.safetensors").read_bytes() == (tuned / "model/model.safetensors").read_bytes()


def test_drawn_samples_go_on_after_an_empty_round(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """With several samples the next round draws others, so an empty one isn't the last."""
    config = replace(QUICK, rounds=2, samples=2, temperature=0.9, max_new_tokens=10)
    assert mutual.run(config, work_of(run_folder, tuned, tmp_path), refusing).rows["rounds"] == 2


@pytest.fixture(scope="module")
def whole(run_folder: Path, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """Two rounds with everything measured, without a crash."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, mutual.run(MEASURED, work_of(run_folder, tuned, folder), accepting)


@pytest.mark.parametrize(("crash", "asked_before", "judged_after", "asked_after"), [(6, 5, 5, 5), (8, 6, 3, 2)])
def test_a_crash_costs_only_the_step_it_came_in(
    run_folder: Path,
    tuned: Path,
    tmp_path: Path,
    whole: tuple[Path, Report],
    monkeypatch: pytest.MonkeyPatch,
    crash: int,
    asked_before: int,
    judged_after: int,
    asked_after: int,
) -> None:
    """While round 1 is measured, or round 2 judged: what was over is neither written nor judged again, and all ends as without the crash."""
    judged: list[int] = []
    asked: list[int] = []
    taught: list[int] = []
    translate, teach = Generator.translate, Learner.teach

    def noted(self: Learner, *given: Any, number: int, **named: Any) -> float | None:
        taught.append(number)
        return teach(self, *given, number=number, **named)

    def counted(self: Generator, items: Sequence[tuple[str, str]], **sampling: Any) -> list[list[str]]:
        asked.append(len(items))
        return translate(self, items, **sampling)

    def judge(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        judged.append(crash)
        if len(judged) == crash:
            raise MachineError("the power went")
        return accepting(candidates)

    monkeypatch.setattr(Generator, "translate", counted)
    monkeypatch.setattr(Learner, "teach", noted)
    broken = work_of(run_folder, tuned, tmp_path / "broken")
    with pytest.raises(MachineError, match="power"):
        mutual.run(MEASURED, broken, judge)
    assert len(asked) == asked_before
    again = mutual.run(MEASURED, broken, judge)
    assert (len(judged) - crash, len(asked) - asked_before) == (judged_after, asked_after)
    assert taught == [1, 1, 2, 2]  # two learners in each of two rounds
    assert again == whole[1]
    for name in (
        "rounds.jsonl",
        "translator/model.safetensors",
        "tester/model.safetensors",
        "decisions-00000.parquet",
        "pairs-00000.parquet",
    ):
        assert (broken.out / name).read_bytes() == (whole[0] / name).read_bytes(), name


def test_a_crash_at_the_end_loses_nothing(run_folder: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of which the last gave nothing new are all read again when what comes after them broke off, and nobody is asked again."""
    config = replace(QUICK, rounds=3, tester="none")
    answers = iter([[openmp(n) for n in (20, 21, 22, 23)], [""] * 4])
    monkeypatch.setattr(Generator, "translate", lambda self, items, **_: [[text] for text in next(answers)])

    def broken(learner: Learner, folder: Path) -> None:
        if folder.parent == tmp_path:
            raise MachineError("the power went")
        save(learner, folder)

    save = Learner.save
    with monkeypatch.context() as power:
        power.setattr(Learner, "save", broken)
        with pytest.raises(MachineError, match="power"):
            mutual.run(config, work_of(run_folder, tuned, tmp_path), accepting)
    report = mutual.run(config, work_of(run_folder, tuned, tmp_path), accepting)
    assert (report.rows["rounds"], report.rows["pairs"], report.rows["decisions"]) == (2, 4, 8)
    # The power may go again before the manifest is written.
    assert mutual.run(config, work_of(run_folder, tuned, tmp_path), accepting) == report
    assert {d.round for d in read_rows(tmp_path, "decisions", Decision)} == {1, 2}


def test_rounds_take_turns_with_the_functions(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Each round asks the next ones; a round that gives nothing isn't the last before all were asked."""
    config = replace(QUICK, rounds=5, max_functions=3, tester="none")
    report = mutual.run(config, work_of(run_folder, tuned, tmp_path), refusing)
    asked = [[d.function_id for d in read_rows(tmp_path, "decisions", Decision) if d.round == number] for number in (1, 2)]
    assert report.rows["rounds"] == 2
    assert [len(set(some)) for some in asked] == [3, 3]
    assert len({*asked[0], *asked[1]}) == 4


@pytest.mark.ci
def test_parts_are_judged_while_the_next_is_written(run_folder: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part's judge waits for the second part's answers to be asked for; what comes out is what one part gives."""
    whole = mutual.run(QUICK, work_of(run_folder, tuned, tmp_path / "whole"), accepting)
    monkeypatch.setattr(mutual, "_PART", 2)
    asked, second = [0], Event()
    translate = Generator.translate

    def told(self: Generator, items: Sequence[tuple[str, str]], **sampling: Any) -> list[list[str]]:
        asked[0] += 1
        if asked[0] == 2:
            second.set()
        return translate(self, items, **sampling)

    def patient(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        assert second.wait(20), "the second part wasn't asked for while the first was judged"
        return accepting(candidates)

    monkeypatch.setattr(Generator, "translate", told)
    parts = mutual.run(QUICK, work_of(run_folder, tuned, tmp_path / "parts"), patient)
    assert parts == whole
    assert (tmp_path / "parts/decisions-00000.parquet").read_bytes() == (tmp_path / "whole/decisions-00000.parquet").read_bytes()


def test_a_judge_that_fails_ends_the_loop(run_folder: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the judge's thread is the stage's."""
    monkeypatch.setattr(mutual, "_PART", 1)

    def failing(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        raise MachineError(f"no compiler for {len(list(candidates))}")

    with pytest.raises(MachineError, match="no compiler"):
        mutual.run(QUICK, work_of(run_folder, tuned, tmp_path), failing)


def test_every_answer_has_its_decision(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Each translation and each test is a row with its text and its hash, by key once, and what was kept is what came out."""
    config = replace(QUICK, samples=3, temperature=0.9, targets=("openmp", "cuda"))
    mutual.run(config, work_of(run_folder, tuned, tmp_path), accepting)
    found = list(read_rows(tmp_path, "decisions", Decision))
    assert len({(d.function_id, d.target_model, d.sample) for d in found}) == len(found) == 4 * 2 * 3
    assert all(d.text_sha256 == sha256(d.text.encode()).hexdigest() for d in found)
    assert sorted(d.text for d in found if d.kept) == sorted(p.target for p in read_rows(tmp_path, "pairs", Pair))
    assert all(bool(d.why_not) != d.kept for d in found)
    tests = list(read_rows(tmp_path, "tests", WrittenTest))
    assert len({(t.function_id, t.number) for t in tests}) == len(tests) > 0
    assert all(t.valid for t in tests)
    assert {t.kept for t in tests if t.killing} == {True}


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["openmp", "cuda"]), st.sampled_from("abc")), max_size=12),
    verdicts=st.lists(st.booleans(), min_size=16, max_size=16),
    kills=st.booleans(),
    mutants=st.booleans(),
)
def test_whatever_the_verifier_says_a_function_gives_one_pair_a_target(
    texts: Sequence[tuple[int, str, str]], verdicts: Sequence[bool], kills: bool, mutants: bool
) -> None:
    """Only accepted answers are kept, one for each function and target, and the same round again adds nothing."""
    functions = [function(n) for n in range(3)]
    answers = [Answer(function_id=f"f{n}", target_model=target, sample=place, text=text) for place, (n, target, text) in enumerate(texts)]
    made = made_of(functions, answers, "model")
    assert len({c.candidate_id for c in made}) == len(made)
    found = [
        finding(c, "" if good or not c.target_model else "differs", c.tests, c.tests if kills else ())
        for c, good in zip(made, verdicts, strict=False)
    ]
    known = Known()
    asking = Asking(mutants=mutants, kills=mutants)
    first = harvest(1, functions, answers, found, known, asking)
    kept = [d for d in first.decisions if d.kept]
    assert len(first.decisions) == len(answers)
    assert len({(d.function_id, d.target_model) for d in kept}) == len(kept) == len(known.pairs) == first.summary.new_pairs
    assert all(d.accepted for d in kept)
    if mutants and not kills:
        assert not kept
    else:
        assert {(d.function_id, d.target_model) for d in first.decisions if d.accepted} == known.pairs.keys()
    second = harvest(2, functions, answers, found, known, asking).summary
    assert (second.new_pairs, second.new_tests, second.accepted) == (0, 0, first.summary.accepted)


# ---------------------------------------------------------------- switches


@pytest.mark.parametrize("kind", ["rule", "none"])
def test_without_a_trained_tester_there_is_none(run_folder: Path, tuned: Path, tmp_path: Path, kind: TesterKind) -> None:
    """The tester by rule, or none: the translator is taught all the same, and no tester comes out."""
    config = replace(QUICK, tester=kind, train_steps=2)
    mutual.run(config, work_of(run_folder, tuned, tmp_path), accepting)
    assert not (tmp_path / "tester").exists()
    assert (tmp_path / "translator").is_dir()
    assert bool(list(read_rows(tmp_path, "tests", WrittenTest))) == (kind == "rule")


def test_who_writes_tests_decides_what_candidates_are_tried_on() -> None:
    """A model's tests stand beside the known ones, those by rule alone, and without a tester the known ones alone."""
    one = function(1)
    asked = {one.function_id: (one.signature, one.source)}
    by_rule = own_tests("rule", None, asked, max_new_tokens=0, seed=0)[one.function_id]
    assert len(by_rule) > 5
    assert own_tests("none", None, asked, max_new_tokens=0, seed=0) == {one.function_id: ()}
    answers = [Answer(function_id=one.function_id, target_model=SOURCE_ONLY, sample=n, text=t) for n, t in enumerate(by_rule)]
    assert made_of([one], answers, "rule")[0].tests == by_rule
    assert made_of([one], answers, "model")[0].tests == (*by_rule, *(t for t in one.tests if t not in by_rule))
    assert made_of([one], [], "none")[0].tests == one.tests


def test_without_mutants_tests_need_not_kill(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """The ablation takes what the loop refuses for tests that notice nothing."""

    def dull(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        return (replace(f, killing_tests=()) for f in accepting(candidates))

    strict = mutual.run(QUICK, work_of(run_folder, tuned, tmp_path / "strict"), dull)
    loose = mutual.run(replace(QUICK, mutants=False), work_of(run_folder, tuned, tmp_path / "loose"), dull)
    assert strict.metrics["accepted"] == 0 < loose.metrics["accepted"]
    assert "no-killing-test" in {d.why_not for d in read_rows(tmp_path / "strict", "decisions", Decision)}


def test_back_translation_alone_takes_what_builds(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """Without running anything wrong translations become pairs, whose level says that nothing was run; the tester learns as ever."""
    work = work_of(run_folder, tuned, tmp_path)
    config = replace(QUICK, accept="built", tester="rule", max_functions=2)
    with pytest.MonkeyPatch.context() as patch:
        wrong = {source(n): openmp(n).replace("= b[i]", "= 2 * b[i]") for n in range(20, 24)}
        patch.setattr(Generator, "translate", lambda self, items, **_: [[wrong[item[0]]] for item in items])
        report = mutual.run(config, work)
    pairs = list(read_rows(tmp_path, "pairs", Pair))
    assert report.metrics["accepted"] == len(pairs) == 2
    assert {p.level for p in pairs} == {"compile"}
    assert all(len(p.tests) >= 3 for p in pairs)
    assert report.metrics["tests_killing"] > 0


def test_functions_that_no_test_can_judge_are_counted(run_folder: Path, tuned: Path, tmp_path: Path) -> None:
    """No parameters, pointers to pointers, nothing written: left out with a reason; when none is left, one line says so."""
    heads = ("void f(void)", "void f(double **a)", "void f(int n, const double *a)")
    for name, chosen in (("some", [*heads, signature(21)]), ("none", heads)):
        functions = [replace(function(21, head), function_id=f"f{number}") for number, head in enumerate(chosen)]
        pairs_folder(tmp_path / name, functions, read_rows(run_folder / "pairs", "pairs", Pair))
    (tmp_path / "out").mkdir()
    report = mutual.run(QUICK, Work(out=tmp_path / "out", inputs={"model": tuned, "pairs": tmp_path / "some"}, seed=0), accepting)
    assert {"function:no-parameters": 1, "function:signature": 1, "function:no-output": 1}.items() <= report.rejections.items()
    assert report.rows["candidates"] == 1
    with pytest.raises(InputError, match="none of 3 functions can be tried"):
        mutual.run(QUICK, Work(out=tmp_path / "out", inputs={"model": tuned, "pairs": tmp_path / "none"}, seed=0), accepting)


@pytest.mark.parametrize(
    "wrong", [{"rounds": 0}, {"targets": ("openacc",)}, {"targets": ()}, {"valid_functions": -1}, {"valid_samples": -1}, {"replay": -1}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    """Each with what is wrong with it."""
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MutualConfig(**wrong)
