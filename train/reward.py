"""The reward of an answer: what the verifier finds about it, as one number from 0 to 1.

| reward | the answer |
|---|---|
| 0 | doesn't come to its end, has no such function or another signature, isn't parallel (or only looks so), or doesn't build |
| 0.1 | builds, and fails the largest test (the others are run then for those alone that pass it) |
| 0.1 to 0.4 | passes the largest test and a share of the others |
| at most 0.4 | passes them with a race, or with a fault that the emulation's watch of memory reports |
| 0.5 | passes all tests cleanly, but faulty versions of it pass them too |
| 1 | is accepted |

What a model may gain without being right is kept far below what being right gives, and whatever could be had without parallel code is worth nothing, though it
builds and computes the right thing: a model would find sequential code first. An answer that nothing can be said of, because its source or its tests failed, has no
reward and moves nothing. Equal answers are judged once; what was judged is kept in a file, so that a run that goes on asks for nothing twice.
Not covered: how much of the work is shared, and how fast the answer is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hpcraft.data.honest import NOT_HONEST
from hpcraft.inference import read_translation
from hpcraft.store import append_jsonl, drop_torn_tail, read_jsonl, sha256_json
from hpcraft.tokenizer.prompt import END, Prompt
from hpcraft.train.rounds import verified
from hpcraft.verification import Candidate, Finding, Verifier

UNENDED = "unended"
"""In place of the verifier's reasons: the answer was cut off at its longest."""

_ACCEPTED, _BLUNT, _BUILT, _PASSED = 1.0, 0.5, 0.1, 0.3
_WORTHLESS = frozenset(
    {"no-entry", "target:signature", "not-parallel", NOT_HONEST, "not-serial", "target:compile_error", "target:unsupported", "unsupported"}
)
"""``unsupported`` too: nothing was shown, and nothing shown must not be better than something wrong."""
_BLUNT_TESTS = frozenset({"target:no-mutant-killed", "target:few-mutants-killed"})
_NOT_ITS_FAULT = re.compile(r"source:.*|no-valid-tests|no-mutant-killed|few-mutants-killed|not-covered|tests|signature")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A function that is to be translated, over and over."""

    function_id: str
    signature: str
    source: str
    tests: tuple[str, ...]
    target_model: str
    prompt: Prompt


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What an answer is worth; one line of the cache."""

    SCHEMA: ClassVar[str] = "hpcraft.judged/1"

    key: str
    """Hash of the function, its tests, the target model and the code."""
    reward: float | None
    """None where nothing can be said."""
    reason: str
    """Empty when accepted."""
    tests_passed: int = 0
    tests_valid: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Graded:
    """One answer with its reward: one line of ``answers.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.graded/1"

    step: int
    """The step that was taken with it, from 1."""
    function_id: str
    target_model: str
    sample: int
    """From 0, among the answers to its function in this step."""
    reward: float | None
    reason: str
    tests_passed: int
    tests_valid: int
    answer: str
    """As the model wrote it."""
    code: str
    """What it stands for; empty for one that doesn't end."""


def reward_of(finding: Finding) -> float | None:
    """What a finding is worth, as the table says; None where it says nothing of the answer."""
    if finding.accepted:
        return _ACCEPTED
    if _NOT_ITS_FAULT.fullmatch(finding.reason):
        return None
    if finding.reason in _WORTHLESS:
        return 0.0
    if finding.reason in _BLUNT_TESTS:
        return _BLUNT
    return _BUILT + _PASSED * finding.tests_passed / max(1, len(finding.valid_tests))


class Rewarder:
    """Reads answers, judges those that it hasn't seen, and gives each its reward."""

    def __init__(self, verifier: Verifier, cache: Path) -> None:
        """Read what an earlier run judged.

        Args:
            verifier: tries the tests on faulty versions of both sides.
            cache: file of what was judged.
        """
        self._verifier, self._cache = verifier, cache
        drop_torn_tail(cache)
        self._known = {one.key: one for one in read_jsonl(cache, Judged)} if cache.exists() else {}

    def grade(self, step: int, asked: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        """The rewards of answers, in their order.

        Args:
            step: that is taken with them.
            asked: the question of each answer; those of one question follow each other.
            answers: texts with the token that ends them, where they have one.
        """
        codes = [
            read_translation(question.prompt, answer, question.source) if END in answer else ""
            for question, answer in zip(asked, answers, strict=True)
        ]
        keys = [_key(question, code) for question, code in zip(asked, codes, strict=True)]
        self._judge({key: (question, code) for key, question, code in zip(keys, asked, codes, strict=True) if code})
        samples: dict[tuple[str, str], int] = {}
        graded = []
        for question, answer, code, key in zip(asked, answers, codes, keys, strict=True):
            place = (question.function_id, question.target_model)
            samples[place] = samples.get(place, -1) + 1
            judged = self._known[key] if code else Judged(key=key, reward=0.0, reason=UNENDED if END not in answer else "no-entry")
            graded.append(
                Graded(
                    step=step,
                    function_id=question.function_id,
                    target_model=question.target_model,
                    sample=samples[place],
                    reward=judged.reward,
                    reason=judged.reason,
                    tests_passed=judged.tests_passed,
                    tests_valid=judged.tests_valid,
                    answer=answer,
                    code=code,
                )
            )
        return graded

    def _judge(self, wanted: dict[str, tuple[Question, str]]) -> None:
        """Add what isn't known yet to what is."""
        fresh = {key: pair for key, pair in wanted.items() if key not in self._known}
        made = [_candidate(key, question, code) for key, (question, code) in fresh.items()]
        found = [
            Judged(
                key=finding.candidate_id,
                reward=reward_of(finding),
                reason="" if finding.accepted else finding.reason or "refused",
                tests_passed=finding.tests_passed,
                tests_valid=len(finding.valid_tests),
            )
            for finding in verified(made, self._verifier)
        ]
        for judged in found:
            append_jsonl(self._cache, judged)
            self._known[judged.key] = judged


def _key(question: Question, code: str) -> str:
    return sha256_json([question.signature, question.source, question.tests, question.target_model, code])


def _candidate(key: str, question: Question, code: str) -> Candidate:
    return Candidate(
        candidate_id=key,
        signature=question.signature,
        source=question.source,
        target=code,
        target_model=question.target_model,
        tests=question.tests,
    )
