"""What a round of mutual supervision gives: its findings sorted into new pairs, tests to be taught, and rows that say why.

The tester is taught tests of its own that told something: a faulty version from the function, or a wrong translation from a right one. The known tests of a
function aren't the tester's and are never taught, unless it wrote the same, if with longer arrays.

Not covered: what tells a translation that crashes or doesn't end from a right one beyond the first test that did: it isn't tried on the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hpcraft.data.target_models import SERIAL
from hpcraft.records import Function, Pair
from hpcraft.store import sha256_json
from hpcraft.train.decisions import SOURCE_ONLY, Answer, Decision, Fate, WrittenTest, decisions, key_of, written_tests
from hpcraft.train.fresh import Fresh
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.rounds import Round
from hpcraft.train.tasks import TESTS, Example
from hpcraft.train.test_texts import as_counted
from hpcraft.verification import Finding

NO_KILLING_TEST = "no-killing-test"
UNPROVED = "proof:"
"""In front of the reason why accepted C can't be the source of a pair."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the rounds so far gave to learn from."""

    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)
    """By function and target model."""
    tests: dict[str, Example] = field(default_factory=dict)
    """By function."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """What a round gives."""

    summary: Round
    """Without what is known after training."""
    decisions: list[Decision]
    written: list[WrittenTest]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What a round asks of pairs and tests before it keeps them."""

    mutants: bool = True
    """Whether only tests that told something are taught; else all valid ones."""
    kills: bool = True
    """Whether a translation needs a test that kills a mutant."""
    learns_tests: bool = True
    """Whether there is a tester that is taught."""
    proves: bool = True
    """Whether C that was written of parallel code is run as the source of its pair."""
    fresh: Fresh | None = None
    """What a new pair must not repeat; None where nothing is compared."""

    @classmethod
    def of(cls, config: MutualConfig, fresh: Fresh) -> Asking:
        """What the rounds of a configuration ask."""
        return cls(
            mutants=config.mutants,
            kills=config.needs_kills,
            learns_tests=config.tester == "model",
            proves=config.is_run,
            fresh=fresh,
        )


def harvest(
    number: int,
    functions: Sequence[Function],
    answers: Sequence[Answer],
    found: Sequence[Finding],
    known: Known,
    asking: Asking,
    *,
    proofs: Mapping[str, Finding] | None = None,
) -> Harvest:
    """Sort a round's findings, and add what is new to what is known.

    Args:
        number: of the round.
        functions: that were asked for.
        answers: of the round.
        found: by the verifier.
        known: what earlier rounds gave; is added to.
        asking: what is kept.
        proofs: findings on accepted C as the source of its pair, by the key of its answer (`hpcraft.train.proofs`).
    """
    by_key = {f.candidate_id: f for f in found}
    alone = {f.function_id: by_key[key_of(f.function_id, SOURCE_ONLY, 0)] for f in functions}
    own = [a for a in answers if a.target_model == SOURCE_ONLY]
    told = _told_apart(answers, by_key)
    new_tests = _add_tests(functions, own, alone, told, known, mutants=asking.mutants) if asking.learns_tests else 0
    pairs_before = len(known.pairs)
    fates, accepted = _add_pairs(functions, answers, by_key, proofs or {}, known, asking)
    own_keys = {f.candidate_id for f in alone.values()}
    translated = [f for f in found if f.candidate_id not in own_keys]
    taught = {i: known.tests[i].tests for i in alone if i in known.tests}
    summary = Round(
        number=number,
        functions=len(functions),
        skipped=dict(sorted(Counter(f.reason for f in alone.values() if f.reason and not f.valid_tests).items())),
        candidates=len(translated),
        accepted=accepted,
        new_pairs=len(known.pairs) - pairs_before,
        reasons=dict(sorted(_reasons(translated, fates).items())),
        tests_written=len(own),
        tests_valid=sum(bool(as_counted(a.text, alone[a.function_id].valid_tests)) for a in own),
        tests_killing=sum(bool(as_counted(a.text, alone[a.function_id].killing_tests)) for a in own),
        tests_telling=sum(bool(as_counted(a.text, told.get(a.function_id, ()))) for a in own),
        new_tests=new_tests,
        mutants_killed=sum(f.mutants_killed for f in alone.values()),
        mutants_total=sum(f.mutants_total for f in alone.values()),
    )
    return Harvest(
        summary=summary,
        decisions=list(decisions(number, answers, by_key, fates, proofs or {})),
        written=list(written_tests(number, own, by_key, taught, told)),
    )


def _reasons(translated: Sequence[Finding], fates: Mapping[str, Fate]) -> Counter[str]:
    """Why translations were refused: by the verifier, or as pairs though they are right."""
    reasons = Counter(f.reason for f in translated if not f.accepted)
    reasons.update(fate.why_not for fate in fates.values() if fate.refused)
    return reasons


# ---------------------------------------------------------------- tests


def _told_apart(answers: Sequence[Answer], found: Mapping[str, Finding]) -> dict[str, set[str]]:
    """Function to the tests that a right translation of it passes and a wrong one fails."""
    failed: dict[str, set[str]] = {}
    right: set[str] = set()
    for answer in answers:
        if answer.target_model == SOURCE_ONLY or (finding := found.get(answer.key)) is None:
            continue
        if finding.accepted:
            right.add(answer.function_id)
        else:
            failed.setdefault(answer.function_id, set()).update(finding.failed_tests)
    return {function: tests for function, tests in failed.items() if function in right}


def _add_tests(
    functions: Sequence[Function],
    own: Sequence[Answer],
    alone: Mapping[str, Finding],
    told: Mapping[str, set[str]],
    known: Known,
    *,
    mutants: bool,
) -> int:
    """Add what the tester, which reads sequential C, is to be taught, as it was run; how many tests are new."""
    fresh = 0
    for function in (f for f in functions if f.model == SERIAL):
        finding = alone[function.function_id]
        worth = sorted({*finding.killing_tests, *told.get(function.function_id, ())} if mutants else finding.valid_tests)
        mine = filter(None, (as_counted(a.text, worth) for a in own if a.function_id == function.function_id))
        before = known.tests[function.function_id].tests if function.function_id in known.tests else ()
        after = tuple(dict.fromkeys((*before, *mine)))
        fresh += len(after) - len(before)
        if after:
            known.tests[function.function_id] = Example(task=TESTS, source=function.source, target="", tests=after)
    return fresh


# ---------------------------------------------------------------- pairs


def _add_pairs(
    functions: Sequence[Function],
    answers: Sequence[Answer],
    found: Mapping[str, Finding],
    proofs: Mapping[str, Finding],
    known: Known,
    asking: Asking,
) -> tuple[dict[str, Fate], int]:
    """Add the new pairs; gives the fate of each accepted answer by its key, and how many functions and targets have one."""
    by_id = {f.function_id: f for f in functions}
    fates: dict[str, Fate] = {}
    taken: set[tuple[str, str]] = set()
    accepted: set[tuple[str, str]] = set()
    for answer in answers:
        finding = found.get(answer.key)
        if finding is None or answer.target_model == SOURCE_ONLY or not finding.accepted:
            continue
        place = (answer.function_id, answer.target_model)
        if asking.kills and not finding.killing_tests:
            fates[answer.key] = Fate(why_not=NO_KILLING_TEST, refused=True)
            continue
        function = by_id[answer.function_id]
        if place in known.pairs:
            accepted.add(place)
            fates[answer.key] = Fate(why_not="another-sample" if place in taken else "known")
            continue
        if function.model != SERIAL and not asking.proves:
            finding = _turned(finding)
        elif function.model != SERIAL:
            finding = proofs[answer.key]
            if not finding.accepted or (asking.kills and not finding.killing_tests):
                fates[answer.key] = Fate(why_not=f"{UNPROVED}{finding.reason or NO_KILLING_TEST}", refused=True)
                continue
        accepted.add(place)
        if asking.fresh and (why_not := asking.fresh.why_not(function, answer.target_model, answer.text)):
            fates[answer.key] = Fate(why_not=why_not, refused=True)
        else:
            taken.add(place)
            known.pairs[place] = pair = _pair(function, answer, finding)
            fates[answer.key] = Fate(pair_id=pair.pair_id)
    return fates, len(accepted)


def _turned(finding: Finding) -> Finding:
    """A finding on parallel code as one on the C that was written of it, as far as it says something of that."""
    return replace(
        finding,
        outputs=(),
        coverage=0.0,
        mutants_killed=finding.target_mutants_killed,
        mutants_total=finding.target_mutants_total,
        target_mutants_killed=finding.mutants_killed,
        target_mutants_total=finding.mutants_total,
    )


def _pair(function: Function, answer: Answer, finding: Finding) -> Pair:
    """The sequential side is the source of a pair, whichever of the two was written; the finding is on it."""
    from hpcraft.data.material import tree

    back = function.model != SERIAL
    return Pair(
        pair_id=sha256_json([function.source, answer.text])[:32],
        origin="mutual",
        family=function.package,
        signature=function.signature,
        source=answer.text if back else function.source,
        target=function.source if back else answer.text,
        target_model=function.model if back else answer.target_model,
        level=finding.level,
        tests=finding.valid_tests,
        outputs=finding.outputs,
        seed=finding.seed,
        coverage=finding.coverage,
        mutants_killed=finding.mutants_killed,
        mutants_total=finding.mutants_total,
        target_mutants_killed=finding.target_mutants_killed,
        target_mutants_total=finding.target_mutants_total,
        package=function.package,
        version=function.version,
        path=function.path,
        sha256=function.sha256,
        licence=function.licence,
        licence_evidence=function.licence_evidence,
        tree_sha256=tree(answer.text) if back else function.tree_sha256,
        split=function.split,
    )
