"""What answers are worth: real ones run in the sandbox, and every reason of the verifier's by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.data.honest import Honest
from hpcraft.data.verify import verify
from hpcraft.mutual import honesty
from hpcraft.tokenizer.prompt import END, build_translation, write_translation
from hpcraft.train.reward import Graded, Question, Rewarder, reward_of
from hpcraft.verification import Candidate, Finding
from tests.data.translations import GOOD_SCALE, GOOD_SUM, SCALE, SCALE_TESTS, SUM, SUM_TESTS

KERNEL = "__global__ void k(int n, double a, double *x) {\n    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) x[i] = a * x[i];\n}\n"


def question(source: str, name: str, head: str, tests: tuple[str, ...], target: str = "openmp") -> Question:
    """A function to be translated."""
    return Question(
        function_id=name,
        signature=head,
        source=source,
        tests=tests,
        target_model=target,
        prompt=build_translation(source, target),
    )


ASK_SUM = question(SUM, "total", "double total(int n, const double *x)", SUM_TESTS)
ASK_SCALE = question(SCALE, "scale", "void scale(int n, double a, double *x)", SCALE_TESTS)


def answer(asked: Question, code: str) -> str:
    """What a model writes for some code."""
    written = write_translation(asked.prompt, code)
    assert written is not None
    return written


def finding(reason: str, passed: int = 0, valid: int = 4) -> Finding:
    """What a verifier may say."""
    return Finding(
        candidate_id="", accepted=not reason, reason=reason, level="run", valid_tests=("t",) * valid, killing_tests=(), tests_passed=passed,
        mutants_killed=0, mutants_total=0, log="",
    )  # fmt: skip


CANDIDATES = {
    "right": (ASK_SUM, GOOD_SUM),
    "racy": (ASK_SUM, SUM.replace("    for", "#pragma omp parallel for\n    for")),
    "serial": (ASK_SUM, SUM),
    "alone": (ASK_SUM, SUM.replace("    for", "#pragma omp parallel for if(0) reduction(+:s)\n    for")),
    "scaled": (ASK_SCALE, GOOD_SCALE),
    "short": (ASK_SCALE, GOOD_SCALE.replace("i < n", "i < n - 1")),
    "broken": (ASK_SCALE, GOOD_SCALE.replace("a * x[i];", "b * x[i];")),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graded]:
    """Real answers, judged together in the sandbox."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    rewarder = Rewarder(Honest(partial(verify, seed=11), honesty), tmp_path_factory.mktemp("reward") / "judged.jsonl")
    asked = [q for q, _ in CANDIDATES.values()]
    texts = [answer(q, code) for q, code in CANDIDATES.values()]
    found = rewarder.grade(1, [*asked, ASK_SUM, ASK_SUM], [*texts, texts[0].replace(END, ""), "<|0|>int(" + END])
    return dict(zip([*CANDIDATES, "cut off", "unreadable"], found, strict=True))


def test_right_answers_alone_are_worth_everything(graded: dict[str, Graded]) -> None:
    """Two proved translations have 1, and nothing else comes near."""
    assert {name for name, one in graded.items() if one.reward == 1.0} == {"right", "scaled"}
    assert all(one.reward is not None and one.reward <= 0.5 for name, one in graded.items() if name not in ("right", "scaled"))


def test_a_race_and_a_wrong_result_are_worth_a_little(graded: dict[str, Graded]) -> None:
    """Both build and are parallel; that is something, and far from everything."""
    for name in ("racy", "short"):
        assert graded[name].reason in ("race", "differs")
        assert 0.1 <= (graded[name].reward or 0.0) <= 0.4, name


@pytest.mark.parametrize("name", ["serial", "alone", "broken", "cut off", "unreadable"])
def test_what_is_not_a_parallel_program_is_worth_nothing(graded: dict[str, Graded], name: str) -> None:
    """Serial code that gives the right results too, also when a directive pretends otherwise; what doesn't build, doesn't end or says nothing likewise."""
    assert graded[name].reward == 0.0
    assert graded[name].reason
    assert graded[name].reason != "refused"


def test_tricks_on_the_compiler_are_not_honest() -> None:
    """The look at code before it is run refuses them, and no honest answer; whether work is shared is the verifier's to say."""
    assert honesty("openmp", GOOD_SUM, "total") == ""
    assert honesty("openmp", GOOD_SCALE, "scale") == ""
    assert not honesty("openmp", SCALE.replace("    for", "#pragma omp parallel\n#pragma omp single\n    for"), "scale")
    assert honesty("openmp", '__attribute__((no_sanitize("thread"))) ' + GOOD_SCALE, "scale")


# ---------------------------------------------------------------- each finding by itself


@pytest.mark.parametrize(
    ("reason", "passed", "reward"),
    [
        ("", 4, 1.0),
        ("target:no-mutant-killed", 4, 0.5),
        ("target:few-mutants-killed", 4, 0.5),
        ("differs", 0, 0.1),
        ("differs", 2, 0.25),
        ("race", 4, 0.4),
        ("target:memory", 4, 0.4),
        ("target:runtime_error", 0, 0.1),
        ("target:time_limit", 0, 0.1),
        ("target:compile_error", 0, 0.0),
        ("no-entry", 0, 0.0),
        ("target:signature", 0, 0.0),
        ("not-parallel", 0, 0.0),
        ("not-serial", 0, 0.0),
        ("unsupported", 0, 0.0),
        ("target:unsupported", 0, 0.0),
        ("signature", 0, None),
        ("tests", 0, None),
        ("source:compile_error", 0, None),
        ("no-valid-tests", 0, None),
        ("no-mutant-killed", 0, None),
        ("few-mutants-killed", 0, None),
        ("not-covered", 0, None),
    ],
)
def test_every_reason_has_its_reward(reason: str, passed: int, reward: float | None) -> None:
    """What is said of the source says nothing of the answer; the rest is graded."""
    assert reward_of(finding(reason, passed)) == (None if reward is None else pytest.approx(reward))


def test_all_reasons_of_the_verifier_are_graded() -> None:
    """The verifier's own list of its reasons is the one that the test above goes through."""
    import hpcraft.data.verify as module

    assert module.__doc__ is not None
    told = module.__doc__.partition("Reasons of a refusal:")[2]
    [mark] = [m for m in test_every_reason_has_its_reward.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    assert set(told.split("``")[1::2]) == {reason for reason, _, _ in mark.args[1]} - {""}


@given(st.sampled_from(["differs", "race", "target:memory"]), st.integers(0, 9), st.integers(1, 9))
def test_more_tests_are_never_worth_less(reason: str, passed: int, valid: int) -> None:
    """Rewards grow with the tests passed, and stay below what blunt tests leave."""
    passed = min(passed, valid)
    more = reward_of(finding(reason, min(passed + 1, valid), valid))
    less = reward_of(finding(reason, passed, valid))
    assert less is not None
    assert more is not None
    assert 0.1 <= less <= more <= 0.4 < 0.5


# ---------------------------------------------------------------- what is asked once


def test_equal_answers_are_judged_once_and_never_again(tmp_path: Path) -> None:
    """Within a step, in a later one, and by a run that goes on; a line that was cut by a crash is judged anew."""
    judged: list[str] = []

    def counting(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            judged.append(c.target)
            yield Finding(
                candidate_id=c.candidate_id, accepted=True, reason="", level="run", valid_tests=c.tests, killing_tests=c.tests, mutants_killed=1,
                mutants_total=1, log="",
            )  # fmt: skip

    cache = tmp_path / "judged.jsonl"
    text = answer(ASK_SUM, GOOD_SUM)
    rewarder = Rewarder(counting, cache)
    first = rewarder.grade(1, [ASK_SUM] * 3, [text, text, text + "<|1|>more"])
    assert [(one.reward, one.sample, one.step) for one in first] == [(1.0, 0, 1), (1.0, 1, 1), (1.0, 2, 1)]
    rewarder.grade(2, [ASK_SUM], [text])
    assert [one.reward for one in Rewarder(counting, cache).grade(3, [ASK_SUM], [text])] == [1.0]
    assert len(judged) == 1
    cache.write_bytes(cache.read_bytes()[:-9])
    Rewarder(counting, cache).grade(1, [ASK_SUM], [text])
    assert len(judged) == 2


def test_a_kernel_alone_is_judged_with_its_host_function(tmp_path: Path) -> None:
    """A model that answers kernels alone is rewarded for the program that becomes of it."""
    seen: list[str] = []

    def looking(candidates: Iterable[Candidate]) -> Iterator[Finding]:
        for c in candidates:
            seen.append(c.target)
            yield Finding(
                candidate_id=c.candidate_id, accepted=True, reason="", level="emulate", valid_tests=c.tests, killing_tests=c.tests,
                mutants_killed=1, mutants_total=1, log="",
            )  # fmt: skip

    asked = question(SCALE, "scale", ASK_SCALE.signature, ASK_SCALE.tests, "cuda")
    [one] = Rewarder(Honest(looking, honesty), tmp_path / "judged.jsonl").grade(1, [asked], [answer(asked, KERNEL)])
    assert one.reward == 1.0
    assert "<<<" in seen[0]
    assert "void scale(int n, double a, double *x)" in seen[0]
