"""What is measured on validation pairs, with the verifier that runs both sides and answers that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hpcraft.data.verify import cuda_level, verify
from hpcraft.inference import Generator, Item
from hpcraft.mutual import likeness
from hpcraft.records import Pair
from hpcraft.train.judges import Judges
from hpcraft.train.measure import Exam, Sampling, examine_tester, examine_tests, examine_translator, set_exam
from hpcraft.train.ways import ways
from hpcraft.verification import Candidate, Finding
from tests.train.conftest import cuda_that_runs, make_pair, openmp, source

PLAIN = partial(verify, num_mutants=0)
STRICT = Judges(loop=verify, plain=PLAIN, full=verify)
LOOSE = Judges(loop=PLAIN, plain=PLAIN, full=verify)
PAIRS = [make_pair(n, "openmp", "valid" if n >= 8 else "train") for n in range(10)]
FORTH = ways(("openmp",), ())
GREEDY = Sampling(max_new_tokens=9, samples=1, temperature=0.5, seed=0)


class Scripted(Generator):
    """A model whose answers are known."""

    def __init__(self, answers: Mapping[str, Sequence[str]], tests: Sequence[str] = ()) -> None:
        self.answers, self.tests = answers, tuple(tests)

    def translate(self, items: Sequence[Item], *, samples: int = 0, **_: Any) -> list[list[str]]:
        """The first answer greedily, the others where some are drawn."""
        return [list(self.answers[s][1 : samples + 1] if samples else self.answers[s][:1]) for s, *_ in items]

    def write_tests(self, sources: Sequence[str], **_: Any) -> list[list[tuple[str, ...]]]:
        """The same for each function."""
        return [[self.tests] for _ in sources]


def exam_of(judges: Judges, folder: Path, *, mutants: bool = True) -> Exam:
    """An exam of the two validation pairs."""
    return set_exam(PAIRS, ("openmp", "cuda"), 40, judges, num_tested=40, mutants=mutants, seed=1, cache=folder / "exam.json")


@pytest.mark.ci
def test_translations_are_run_and_compared(tmp_path: Path) -> None:
    """Right, wrong and unbuildable answers; a drawn right one counts for pass@k, not for pass@1; levels stand in the name."""
    exam = set_exam(PAIRS, ("openmp",), 40, STRICT, num_tested=0, mutants=True, seed=1, cache=tmp_path / "exam.json")
    assert [p.pair_id for p in exam.pairs["openmp"]] in (["openmp8", "openmp9"], ["openmp9", "openmp8"])
    wrong = openmp(9).replace("* 9", "* 8").replace("- 9", "- 8").replace("+ 9", "+ 8")
    assert wrong != openmp(9)
    model = Scripted({source(8): (openmp(8), wrong, "int broken("), source(9): ("int broken(", wrong, openmp(9))})
    found = examine_translator(exam, FORTH, model, GREEDY, likeness)["openmp/run"]
    assert {k: found[k] for k in ("functions", "pass@1", "compiled")} == {"functions": 2, "pass@1": 0.5, "compiled": 0.5}
    assert 0 < found["bleu"] < 1
    assert 0 < found["codebleu_hpc"] < 1
    drawn = Sampling(max_new_tokens=9, samples=2, temperature=0.5, seed=0)
    assert examine_translator(exam, FORTH, model, drawn, None)["openmp/run"]["pass@2"] == 0.5
    assert examine_tester(exam, "none", None, GREEDY) == {}


@pytest.mark.ci
def test_the_way_back_is_measured_beside_it(tmp_path: Path) -> None:
    """OpenMP and emulated CUDA are run as what they are, their C is held to what they do, and parallel C isn't sequential."""
    both = [*PAIRS, *(replace(make_pair(n, "cuda", "valid"), target=cuda_that_runs(n)) for n in (8, 9))]
    exam = set_exam(both, ("openmp", "cuda"), 40, STRICT, num_tested=0, mutants=True, seed=1, cache=tmp_path / "exam.json")
    answers = {
        source(8): [openmp(8)],
        source(9): [""],
        openmp(8): [openmp(8)],
        openmp(9): [source(9)],
        cuda_that_runs(8): [source(8)],
        cuda_that_runs(9): [source(8)],
    }
    asked = ways(("openmp", "cuda"), ("omp2c", "cuda2c"))
    assert [(w.task, w.source_model, w.target_model) for w in asked[2:]] == [("omp2c", "openmp", "serial"), ("cuda2c", "cuda", "serial")]
    found = examine_translator(exam, asked, Scripted(answers), GREEDY, likeness)
    if cuda_level() != "emulate":
        assert set(found) == {"openmp/run", "cuda/compile", "omp2c/run"}
        pytest.skip("nothing here emulates CUDA")
    assert {name: (numbers["pass@1"], numbers["compiled"]) for name, numbers in found.items()} == {
        "openmp/run": (0.5, 0.5),
        "cuda/emulate": (0.0, 0.0),
        "omp2c/run": (0.5, 0.5),
        "cuda2c/emulate": (0.5, 0.5),
    }


def test_a_source_with_two_targets_is_asked_once(tmp_path: Path) -> None:
    """By the pair that translators are taught, the first; the way back asks about both. Shares have their intervals."""
    own = openmp(9).replace("parallel for", "parallel for schedule(static)")
    pairs = [*PAIRS, replace(PAIRS[9], pair_id="again", target=own)]
    exam = set_exam(pairs, ("openmp",), 40, STRICT, num_tested=0, mutants=True, seed=1, cache=tmp_path / "exam.json")
    assert {p.pair_id for p in exam.pairs["openmp"]} == {"openmp8", "openmp9", "again"}
    assert {p.pair_id for p in exam.questions["openmp"]} == {"openmp8", "openmp9"}
    answers = {source(8): [openmp(8)], source(9): [""], openmp(8): [source(8)], openmp(9): [source(9)], own: [source(9)]}
    found = examine_translator(exam, ways(("openmp",), ("omp2c",)), Scripted(answers), GREEDY, None)
    assert {name: (numbers["functions"], numbers["pass@1"]) for name, numbers in found.items()} == {
        "openmp/run": (2, 0.5),
        "omp2c/run": (3, 1.0),
    }
    assert (found["openmp/run"]["pass@1_low"], found["openmp/run"]["pass@1_high"]) == pytest.approx((0.0945, 0.9055), abs=1e-4)


def test_faults_that_only_race_are_known_to_be_wrong(tmp_path: Path) -> None:
    """A fault of a directive may change no result that a test sees."""

    def racing(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            yield Finding(
                candidate_id=c.candidate_id, accepted=False, reason="race", level="run", valid_tests=c.tests, killing_tests=(), mutants_killed=0,
                mutants_total=0, log="",
            )  # fmt: skip

    judges = Judges(loop=racing, plain=racing, full=racing)
    assert all(exam_of(judges, tmp_path).wrong.values())


@pytest.mark.ci
def test_tests_that_notice_faults_let_nothing_wrong_in(tmp_path: Path) -> None:
    """Good tests take the proved targets and refuse the planted faults; so does the tester by rule; no test takes nothing."""
    exam = exam_of(STRICT, tmp_path)
    found = examine_tester(exam, "model", Scripted({}, ("5 [5] [5]", "9 [9] [9]", "9 [99] [99]", "9 [9]", "7 [2] [2]")), GREEDY)
    good = found["model"]
    assert good["wrong"] >= 2
    assert (good["let_in"], good["right"], good["right_let_in"], good["coverage"]) == (0.0, 2, 1.0, 1.0)
    # Two lengths for the same scalar count once; one that can't be read and one that reads beyond its arrays aren't valid.
    assert good["tests"] == 8
    assert good["valid"] == 0.5
    assert good["killed"] >= 0.5
    assert (found["rule"]["let_in"], found["rule"]["right_let_in"], found["rule"]["valid"]) == (0.0, 1.0, 1.0)
    nothing = examine_tests(exam, dict.fromkeys(exam.sources, ()))
    assert {k: nothing[k] for k in ("tests", "valid", "coverage", "killed", "let_in", "right_let_in")} == dict.fromkeys(
        ("tests", "valid", "coverage", "killed", "let_in", "right_let_in"), 0.0
    )


def test_without_mutants_empty_tests_let_faults_in(tmp_path: Path) -> None:
    """A test that looks at nothing is refused by the mutants, and takes everything without them; its worth is measured either way."""
    tests = ("0 [4] [4]",)
    strict = examine_tests(exam := exam_of(STRICT, tmp_path), dict.fromkeys(exam.sources, tests))
    again = exam_of(LOOSE, tmp_path, mutants=False)
    assert (again.wrong, again.rule) == (exam.wrong, exam.rule), "read from the file of the first"
    loose = examine_tests(again, dict.fromkeys(again.sources, tests))
    assert (strict["let_in"], strict["right_let_in"]) == (0.0, 0.0)
    assert loose["let_in"] > 0
    assert loose["right_let_in"] == 1.0
    assert strict["killed"] == loose["killed"] < 0.5


def test_planted_faults_are_wrong_by_the_pairs_own_tests(tmp_path: Path) -> None:
    """Every fault differs from the proved target, and the verifier refuses it for what it does."""
    exam = exam_of(STRICT, tmp_path)
    by_id: dict[str, Pair] = {p.pair_id: p for p in PAIRS}
    made = [
        Candidate(
            candidate_id=f"{i}/{n}", signature=by_id[i].signature, source=by_id[i].source, target=code, target_model="openmp", tests=by_id[i].tests
        )
        for i, codes in exam.wrong.items()
        for n, code in enumerate(codes)
    ]  # fmt: skip
    assert made
    assert all(c.target != by_id[c.candidate_id.partition("/")[0]].target for c in made)
    assert not any(f.accepted for f in verify(made))


def test_nothing_to_measure_on_measures_nothing(tmp_path: Path) -> None:
    """No pair of a target, or none asked for: no figures, and no file."""
    exam = set_exam(PAIRS, ("cuda",), 40, STRICT, num_tested=40, mutants=True, seed=1, cache=tmp_path / "exam.json")
    assert examine_translator(exam, FORTH, Scripted({}), GREEDY, likeness) == {}
    assert examine_tester(exam, "model", Scripted({}), GREEDY) == {}
    assert not (tmp_path / "exam.json").exists()


def test_text_figures_are_one_for_the_same_text() -> None:
    """The figures that the command puts in."""
    assert likeness([openmp(1)], [openmp(1)], "c") == pytest.approx({"bleu": 1.0, "codebleu_hpc": 1.0})
