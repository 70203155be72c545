"""The gate of the rounds, and what a machine without some tools leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from hpcraft.errors import MachineError
from hpcraft.train import judges
from hpcraft.train.judges import Gate, Judges, machine
from hpcraft.verification import MIN_COVERAGE, MIN_TESTS, Candidate, Finding
from tests.data.translations import GOOD_SCALE, SCALE, SCALE_TESTS

HEAD = "void scale(int n, double a, double *x)"
STRICT = Gate(min_tests=MIN_TESTS, min_coverage=MIN_COVERAGE)


def candidate(
    key: str, target: str = GOOD_SCALE, *, source: str = SCALE, tests: tuple[str, ...] = SCALE_TESTS, model: str = "openmp"
) -> Candidate:
    """A translation of the scaling loop."""
    return Candidate(candidate_id=key, signature=HEAD, source=source, target=target, target_model=model, tests=tests)


@pytest.mark.ci
def test_the_gate_asks_what_pairs_must_show() -> None:
    """Three valid tests and most of the source's lines; what is right by fewer is refused by name, in the rounds alone."""
    rare = SCALE.replace("    for", "    if (n > 5000) {\n        a = 0;\n    }\n    for")
    made = [
        candidate("good"),
        candidate("few", tests=SCALE_TESTS[1:]),
        candidate("rare", source=rare, target=rare.replace("    for", "#pragma omp parallel for\n    for")),
    ]
    for gate in (STRICT, Gate(mutants=False, min_tests=MIN_TESTS, min_coverage=MIN_COVERAGE)):
        found = Judges.seeded(None, 0, gate=gate, race=False)
        assert [f.reason for f in found.loop(made)] == ["", "few-tests", "not-covered"], gate
        assert [f.accepted for f in found.plain(made)] == [True, True, True]


def test_what_was_never_run_is_refused() -> None:
    """Whatever the verifier thinks of code that it only built."""

    def compiles(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            yield Finding(
                candidate_id=c.candidate_id, accepted=True, reason="", level="compile", valid_tests=c.tests, killing_tests=(), mutants_killed=0,
                mutants_total=0, log="",
            )  # fmt: skip

    [found] = Judges.seeded(compiles, 0, gate=STRICT).loop([candidate("cuda", model="cuda")])
    assert (found.accepted, found.reason) == (False, "not-run")


def test_what_builds_is_taken_where_nothing_is_run() -> None:
    """Findings stay in the order of their candidates; tests are looked at as ever."""
    wrong = GOOD_SCALE.replace("a * x[i]", "a + x[i]")
    made = [
        candidate("alone", "", model=""),
        candidate("wrong", wrong),
        candidate("broken", "void scale("),
        candidate("few", tests=SCALE_TESTS[:1]),
    ]
    found = list(Judges.seeded(None, 0, gate=Gate(run=False, min_tests=MIN_TESTS)).loop(made))
    assert [f.candidate_id for f in found] == [c.candidate_id for c in made]
    assert [f.accepted for f in found] == [True, True, False, True]
    assert found[0].killing_tests
    assert {f.level for f in found if f.candidate_id in ("wrong", "few")} == {"compile"}


def test_what_a_machine_lacks_is_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA without its emulation, and races without their detector; when no target is left, one line says what to install."""
    assert machine(("openmp",), "mutual").targets == ("openmp",)
    monkeypatch.setattr(judges, "cuda_level", lambda: "compile")
    monkeypatch.setattr(judges, "has_tools", lambda model, *, race=False: "no clang" if race else "")
    found = machine(("openmp", "cuda"), "mutual")
    assert (found.targets, found.race) == (("openmp",), False)
    assert [word in note for word, note in zip(("emulates", "not checked for races"), found.notes, strict=True)] == [True, True]
    with pytest.raises(MachineError, match=r"none of the targets cuda can be run here.*apt-get install g"):
        machine(("cuda",), "mutual")
    before = judges.tools_here(("openmp", "cuda"))
    assert before["cuda"] == "missing"
    monkeypatch.setattr(judges, "has_tools", lambda model, *, race=False: "no gcc")
    with pytest.raises(MachineError, match="no gcc"):
        machine(("openmp",), "mutual")
