"""A look at the code stands before the verifier: what it refuses isn't run, and the findings stay in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.honest import NOT_HONEST, Honest
from hpcraft.mutual import honesty
from hpcraft.verification import Candidate, Finding
from tests.data.translations import GOOD_SCALE, SCALE, SCALE_TESTS

UNWATCHED = '__attribute__((no_sanitize("thread"))) ' + GOOD_SCALE
UNDER_ANOTHER_NAME = GOOD_SCALE + "#define double float\n"


def candidate(number: int, target: str, model: str = "openmp", signature: str = "void scale(int n, double a, double *x)") -> Candidate:
    """A translation of the scaling loop."""
    return Candidate(candidate_id=str(number), signature=signature, source=SCALE, target=target, target_model=model, tests=SCALE_TESTS)


def found(one: Candidate, reason: str = "") -> Finding:
    """What a verifier says that saw it."""
    return Finding(
        candidate_id=one.candidate_id, accepted=not reason, reason=reason, level="run", valid_tests=(), killing_tests=(),
        mutants_killed=0, mutants_total=0, log="",
    )  # fmt: skip


@given(st.lists(st.sampled_from([GOOD_SCALE, UNDER_ANOTHER_NAME, UNWATCHED])), st.integers(1, 4))
def test_findings_stay_in_the_order_of_their_candidates(targets: list[str], batch: int) -> None:
    """Whatever stands beside each other, and however many the verifier takes at a time."""
    seen: list[str] = []

    def verifier(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        held: list[Candidate] = []
        for one in candidates:
            seen.append(one.target)
            held.append(one)
            if len(held) == batch:
                yield from map(found, held)
                held = []
        yield from map(found, held)

    findings = list(Honest(verifier, honesty)(candidate(number, target) for number, target in enumerate(targets)))
    assert [f.candidate_id for f in findings] == [str(number) for number in range(len(targets))]
    assert [f.reason for f in findings] == ["" if target == GOOD_SCALE else NOT_HONEST for target in targets]
    assert seen == [target for target in targets if target == GOOD_SCALE]


def test_what_has_no_place_for_it_is_not_looked_at() -> None:
    """Tests alone, and prototypes that the verifier refuses in its own words."""
    made = [candidate(0, "", ""), candidate(1, UNWATCHED, signature="nothing")]
    findings = list(Honest(lambda candidates: (found(one, "signature") for one in candidates), honesty)(made))
    assert [f.reason for f in findings] == ["signature"] * 2


def test_sequential_targets_may_not_hide_from_the_sanitizers_either() -> None:
    """The way back is checked by them."""
    made = [candidate(0, SCALE, "serial"), candidate(1, '__attribute__((no_sanitize("address"))) ' + SCALE, "serial")]
    findings = list(Honest(lambda candidates: map(found, candidates), honesty)(made))
    assert [f.reason for f in findings] == ["", NOT_HONEST]


def test_what_was_refused_says_why() -> None:
    """In the log of the finding."""
    [finding] = Honest(lambda candidates: map(found, candidates), honesty)([candidate(0, UNWATCHED)])
    assert not finding.accepted
    assert finding.log == "hides code from the sanitizers (attribute no_sanitize)"
