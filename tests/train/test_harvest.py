"""What a round's findings come to: tests that told something, pairs that are new, and rows that say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hpcraft.records import Function
from hpcraft.train.decisions import SOURCE_ONLY, Answer
from hpcraft.train.fresh import Fresh
from hpcraft.train.harvest import Asking, Known, harvest
from hpcraft.train.rounds import candidates
from hpcraft.verification import Finding
from tests.train.rounds_parts import finding, function

OWN = ("4 [4] [4]", "5 [5] [5]", "6 [6] [6]")
KNOWN = "3 [3] [3]"


def findings(one: Function, answers: list[Answer], fails: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """All tests are valid, the first one of the tester's kills, and translations fail what is said of their text."""
    found = []
    for c in candidates([one], answers, "model"):
        failed = fails.get(c.target, ())
        found.append(replace(finding(c, "differs" if failed else "", c.tests, OWN[:1]), failed_tests=failed))
    return found


def asked(*texts: str) -> tuple[Function, list[Answer]]:
    """A function, the tests that were written for it, and translations."""
    one = function(1)
    own = [Answer(function_id="f1", target_model=SOURCE_ONLY, sample=n, text=text) for n, text in enumerate(OWN)]
    return one, own + [Answer(function_id="f1", target_model="openmp", sample=n, text=text) for n, text in enumerate(texts)]


def test_the_tester_learns_its_own_tests_that_told_something() -> None:
    """One that kills and one that a wrong translation fails beside a right one; never a known test, which fails too."""
    one, answers = asked("right", "wrong")
    known = Known()
    got = harvest(1, [one], answers, findings(one, answers, {"wrong": (OWN[1], KNOWN)}), known, Asking())
    assert known.tests["f1"].tests == OWN[:2]
    assert (got.summary.new_tests, got.summary.tests_killing, got.summary.tests_telling) == (2, 1, 1)
    assert [(w.killing, w.telling, w.kept, w.why_not) for w in got.written] == [
        (True, False, True, ""),
        (False, True, True, ""),
        (False, False, False, "tells-nothing"),
    ]
    wrong = next(d for d in got.decisions if d.text == "wrong")
    assert (wrong.tests_failed, wrong.pair_id) == ((OWN[1], KNOWN), "")


def test_a_test_with_longer_arrays_than_one_that_counts_is_as_good() -> None:
    """Of both the verifier runs the shorter, which may be a known one, and that is taught; a shorter one was run before it, and wasn't clean."""
    one = function(1)
    answers = [
        Answer(function_id="f1", target_model=SOURCE_ONLY, sample=n, text=text)
        for n, text in enumerate(("3 [8] [3]", "3 [2] [3]", "5 [5] [5]"))
    ]
    [alone] = [finding(c, "", (KNOWN,), (KNOWN,)) for c in candidates([one], answers, "model")]
    known = Known()
    got = harvest(1, [one], answers, [alone], known, Asking())
    assert known.tests["f1"].tests == (KNOWN,)
    assert (got.summary.tests_valid, got.summary.tests_killing, got.summary.new_tests) == (1, 1, 1)
    assert [(w.valid, w.killing, w.kept, w.why_not) for w in got.written] == [
        (True, True, True, ""),
        (False, False, False, "not-valid"),
        (False, False, False, "not-valid"),
    ]


def test_without_a_right_translation_nothing_was_told_apart() -> None:
    """A test that all translations fail may be as good as any."""
    one, answers = asked("wrong", "worse")
    known = Known()
    got = harvest(1, [one], answers, findings(one, answers, {"wrong": OWN[1:2], "worse": OWN[1:2]}), known, Asking())
    assert known.tests["f1"].tests == OWN[:1]
    assert got.summary.tests_telling == 0


def test_no_tests_are_new_where_no_tester_is_taught() -> None:
    """They are counted by what they are worth, and nobody learns them."""
    one, answers = asked("right")
    known = Known()
    got = harvest(1, [one], answers, findings(one, answers, {}), known, Asking(learns_tests=False))
    assert (got.summary.new_tests, got.summary.tests_killing, known.tests) == (0, 1, {})
    assert [w.why_not for w in got.written] == ["not-taught", "tells-nothing", "tells-nothing"]


class Picky(Fresh):
    """Holds that one text was seen before."""

    def why_not(self, function: Function, target_model: str, text: str) -> str:
        """By the text alone."""
        return "seen-before" if text == "old" else ""


def test_a_pair_that_repeats_another_is_refused_with_its_reason() -> None:
    """The next right answer is taken in its place; rows name the pair, and the reason is counted."""
    one, answers = asked("old", "new", "newer")
    known = Known()
    got = harvest(1, [one], answers, findings(one, answers, {}), known, Asking(fresh=Picky(Path(), None)))
    [pair] = known.pairs.values()
    assert pair.target == "new"
    assert [(d.why_not, d.pair_id) for d in got.decisions] == [("seen-before", ""), ("", pair.pair_id), ("another-sample", "")]
    assert (got.summary.reasons, got.summary.new_pairs) == ({"seen-before": 1}, 1)
