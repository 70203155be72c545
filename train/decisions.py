"""What was answered in a round of mutual supervision and what became of it: the rows by which every decision can be traced afterwards.

An answer is keyed by function, target model and sample, and never changes. ``decisions-*.parquet`` has a row for each translation, ``tests-*.parquet`` one
for each test that the tester wrote; both repeat the text, so that they can be read without anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from hpcraft.store import sha256_bytes
from hpcraft.train.test_texts import as_counted
from hpcraft.verification import Finding

SOURCE_ONLY = ""
"""In place of a target model: the function itself with the tests that were written for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One translation, or one test, as it was written."""

    SCHEMA: ClassVar[str] = "hpcraft.answer/1"

    function_id: str
    target_model: str
    """Empty for a test."""
    sample: int
    """From 0; of a test its place among those of the function."""
    text: str

    @property
    def key(self) -> str:
        """What its judgement is found by."""
        return key_of(self.function_id, self.target_model, self.sample)


def key_of(function_id: str, target_model: str, sample: int) -> str:
    """The id of the candidate that an answer becomes."""
    return f"{function_id}/{target_model}/{sample}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What became of one translation: one row of ``decisions-*.parquet``."""

    SCHEMA: ClassVar[str] = "hpcraft.decision/3"

    round: int
    function_id: str
    target_model: str
    sample: int
    judged_as: int
    """The sample that was run: itself, or the first one with the same text."""
    text_sha256: str
    text: str
    accepted: bool
    """By the verifier."""
    reason: str
    """Why the verifier refused it, empty when it didn't."""
    level: str
    tests: tuple[str, ...]
    """Those that its source passes cleanly, on which it was judged."""
    seed: int
    """Of the contents of their arrays."""
    tests_valid: int
    """How many they are."""
    tests_passed: int
    """Those that it was tried on and passed; what crashed or didn't end wasn't tried on all."""
    tests_failed: tuple[str, ...]
    """Those of the valid tests that it is known to fail."""
    mutants_killed: int
    """Of faulty versions of the source."""
    mutants_total: int
    target_mutants_killed: int
    target_mutants_total: int
    kept: bool
    """Whether it became a new pair."""
    pair_id: str
    """Of the pair that it became; empty when it didn't."""
    why_not: str
    """``refused``, ``no-killing-test``, ``proof:`` and a reason (it did what the parallel code does, and wasn't proved as the source of a pair), ``another-sample`` (one of the same function was taken), ``known`` (taken in an earlier round), ``seen-before``
    (its C is that of another pair or function), ``benchmark`` (a side is a benchmark's); empty when kept."""
    log: str
    proof_tests: tuple[str, ...] = ()
    """C that was written of parallel code is judged once more, as the source of a pair: the tests that it passes cleanly itself."""
    proof_seed: int = 0
    proof_mutants_killed: int = 0
    proof_mutants_total: int = 0
    proof_log: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenTest:
    """What became of one test that the tester wrote: one row of ``tests-*.parquet``."""

    SCHEMA: ClassVar[str] = "hpcraft.written_test/2"

    round: int
    function_id: str
    number: int
    """Its place among those of the function, from 0."""
    text_sha256: str
    text: str
    valid: bool
    """Whether the function passes it twice, and cleanly, or the same with shorter arrays."""
    killing: bool
    """Whether it tells a faulty version from the function."""
    telling: bool
    """Whether a right translation of the function passes it in this round, and a wrong one fails it."""
    kept: bool
    """Whether the tester is taught it."""
    why_not: str
    """``not-valid``, ``tells-nothing``, ``not-taught`` (no model is the tester), or what is wrong with the function; empty when kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of an accepted translation."""

    pair_id: str = ""
    """Of the pair that it is now."""
    why_not: str = ""
    refused: bool = False
    """Whether it is refused for what it is, and not only because there is one already."""


def decisions(
    number: int, answers: Sequence[Answer], found: Mapping[str, Finding], fates: Mapping[str, Fate], proofs: Mapping[str, Finding]
) -> Iterator[Decision]:
    """The rows of a round's translations.

    Args:
        number: of the round.
        answers: all that was written, tests too.
        found: findings by the key of their answer; of equal texts the first one has one.
        fates: key to what became of an accepted one; those that aren't named were refused.
        proofs: findings on some as the sources of pairs (`hpcraft.train.proofs`), by key.
    """
    first: dict[tuple[str, str, str], Answer] = {}
    for answer in answers:
        if answer.target_model == SOURCE_ONLY:
            continue
        judged = first.setdefault((answer.function_id, answer.target_model, answer.text), answer)
        finding = found[judged.key]
        fate = fates.get(judged.key, Fate(why_not="refused"))
        if judged is not answer and not fate.why_not:
            fate = Fate(why_not="another-sample")
        proof = proofs.get(judged.key)
        yield Decision(
            round=number,
            function_id=answer.function_id,
            target_model=answer.target_model,
            sample=answer.sample,
            judged_as=judged.sample,
            text_sha256=_digest(answer.text),
            text=answer.text,
            accepted=finding.accepted,
            reason=finding.reason,
            level=finding.level,
            tests=finding.valid_tests,
            seed=finding.seed,
            tests_valid=len(finding.valid_tests),
            tests_passed=finding.tests_passed,
            tests_failed=finding.failed_tests,
            mutants_killed=finding.mutants_killed,
            mutants_total=finding.mutants_total,
            target_mutants_killed=finding.target_mutants_killed,
            target_mutants_total=finding.target_mutants_total,
            kept=not fate.why_not,
            pair_id=fate.pair_id,
            why_not=fate.why_not,
            log=finding.log,
            proof_tests=proof.valid_tests if proof else (),
            proof_seed=proof.seed if proof else 0,
            proof_mutants_killed=proof.mutants_killed if proof else 0,
            proof_mutants_total=proof.mutants_total if proof else 0,
            proof_log=proof.log if proof else "",
        )


def written_tests(
    number: int,
    own: Sequence[Answer],
    found: Mapping[str, Finding],
    taught: Mapping[str, Sequence[str]],
    told: Mapping[str, Collection[str]],
) -> Iterator[WrittenTest]:
    """The rows of a round's tests.

    Args:
        number: of the round.
        own: the tests that were written.
        found: findings by key; those of the functions themselves are looked at.
        taught: function to the tests that the tester is taught.
        told: function to the tests that tell right translations from wrong ones.
    """
    for answer in own:
        finding = found[key_of(answer.function_id, SOURCE_ONLY, 0)]
        valid, killing, telling, kept = (
            bool(as_counted(answer.text, tests))
            for tests in (
                finding.valid_tests,
                finding.killing_tests,
                told.get(answer.function_id, ()),
                taught.get(answer.function_id, ()),
            )
        )
        no_test = not finding.valid_tests and finding.reason
        yield WrittenTest(
            round=number,
            function_id=answer.function_id,
            number=answer.sample,
            text_sha256=_digest(answer.text),
            text=answer.text,
            valid=valid,
            killing=killing,
            telling=telling,
            kept=kept,
            why_not="" if kept else no_test or _why_not_taught(valid=valid, tells=killing or telling),
        )


def _why_not_taught(*, valid: bool, tells: bool) -> str:
    if not valid:
        return "not-valid"
    return "not-taught" if tells else "tells-nothing"


def _digest(text: str) -> str:
    return sha256_bytes(text.encode("utf-8", "surrogatepass"))
