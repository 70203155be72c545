"""One round of mutual supervision, apart from training: answers are written, run, and sorted into what each side may learn.

A translation is accepted when it does what its source does on tests that are valid and would notice a fault. Sequential functions are
translated to the target models, real OpenMP and CUDA code back to C. The tester's
tests are tried beside the function's known ones, so a weak tester lets nothing false through; only tests that kill a mutant are
its reward. The tests of each function are judged by a candidate of their own, without a translation, so that what is known of them doesn't hang
on how well the translator did.

Not covered: tests of the tester's for OpenMP and CUDA code, which keeps those that it came with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from hpcraft.data.target_models import SERIAL
from hpcraft.data.untestable import why_untestable
from hpcraft.errors import InputError
from hpcraft.inference import Generator
from hpcraft.records import Function, Pair
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.shards import read_rows
from hpcraft.store import read_json, sha256_json, write_json
from hpcraft.tokenizer.corpus import share_of
from hpcraft.train.decisions import SOURCE_ONLY, Answer, Decision, WrittenTest, decisions, key_of, written_tests
from hpcraft.train.tasks import TESTS, Example
from hpcraft.train.ways import Way
from hpcraft.verification import Candidate, Finding, Verifier

_TEST_TOKENS = 192
"""Four tests of a function with ten parameters have less; a tester that doesn't come to an end should not cost more."""
TesterKind = Literal["model", "rule", "none"]
Numbers = dict[str, int | float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What a round came to: one line of ``rounds.jsonl``. Number 0 was measured before the first round, and counts nothing."""

    SCHEMA: ClassVar[str] = "hpcraft.round/2"

    number: int
    functions: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Functions that nothing can be learnt from, by reason."""
    candidates: int = 0
    """Translations; equal ones of a function are counted once."""
    accepted: int = 0
    """Functions with an accepted translation, counted once for each target model."""
    new_pairs: int = 0
    """Those that no earlier round had."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why candidates were refused."""
    tests_written: int = 0
    tests_valid: int = 0
    """Tests of the tester's that their function passes cleanly."""
    tests_killing: int = 0
    """Those of them that kill a mutant."""
    new_tests: int = 0
    """Tests to be taught that no earlier round had."""
    mutants_killed: int = 0
    mutants_total: int = 0
    translator_loss: float | None = None
    """None when there was nothing to learn."""
    tester_loss: float | None = None
    translator: dict[str, Numbers] = field(default_factory=dict)
    """By task and level, such as ``cuda/emulate`` or ``cuda2c/emulate``: what the translator does on validation pairs, as `hpcraft.train.measure` says."""
    tester: dict[str, Numbers] = field(default_factory=dict)
    """By who wrote the tests (``model``, ``rule``) likewise."""


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


def why_useless(function: Function, ways: Sequence[Way]) -> str:
    """Why a function is of no use to a translator that goes some ways; empty when it may be."""
    if all(way.source_model != function.model for way in ways):
        return f"function:{function.model}-not-asked"
    try:
        signature = Signature.parse(function.signature)
    except InputError:
        return "function:signature"
    why = why_untestable(signature)
    return f"function:{why}" if why else ""


def usable(pairs: Path, ways: Sequence[Way], count: int, seed: int) -> tuple[list[Function], Counter[str]]:
    """At most ``count`` functions of the training split that rounds can use, by hash, and how many can't be tried, by reason.

    Raises:
        InputError: there is none.
    """
    found = [f for f in read_rows(pairs, "monolingual", Function) if f.split == "train"]
    if not found:
        raise InputError(f"{pairs}: no function without a translation in the train split; mine more, or leave mutual out")
    reasons = [why_useless(f, ways) for f in found]
    useless = Counter(filter(None, reasons))
    fitting = [f for f, reason in zip(found, reasons, strict=True) if not reason]
    if not fitting:
        why = ", ".join(f"{reason} {number}" for reason, number in sorted(useless.items()))
        raise InputError(f"{pairs}: none of {len(found)} functions can be tried ({why}); mine more, or leave mutual out")
    return sorted(fitting, key=lambda f: (share_of(f.function_id, seed), f.function_id))[:count], useless


# ---------------------------------------------------------------- answers


def own_tests(
    kind: TesterKind, generator: Generator | None, functions: Mapping[str, tuple[str, str]], *, max_new_tokens: int, seed: int
) -> dict[str, tuple[str, ...]]:
    """The tests that a tester writes.

    Args:
        kind: of the tester; ``none`` writes nothing.
        generator: the model, where that is the tester.
        functions: id to signature and source.
        max_new_tokens: longest answer of the model.
        seed: of what the rule draws.
    """
    if kind == "rule":
        from hpcraft.data.tester import propose

        return {
            i: tuple(dict.fromkeys(t for group in propose(Signature.parse(s), c, seed=seed) for t in group))
            for i, (s, c) in functions.items()
        }
    if kind == "none" or generator is None:
        return dict.fromkeys(functions, ())
    most = min(max_new_tokens, _TEST_TOKENS)
    found = generator.write_tests([source for _, source in functions.values()], max_new_tokens=most, seed=seed)
    return {
        i: tuple(dict.fromkeys(_as_the_verifier_writes(signature, text) for text in tests[0]))
        for (i, (signature, _)), tests in zip(functions.items(), found, strict=True)
    }


def _as_the_verifier_writes(signature: str, text: str) -> str:
    """A test in the one spelling that findings have; what can't be read stays as it is."""
    try:
        return parse_test(Signature.parse(signature), text).text()
    except InputError:
        return text


def translations(
    translator: Generator,
    functions: Sequence[Function],
    ways: Sequence[Way],
    *,
    max_new_tokens: int,
    samples: int,
    temperature: float,
    seed: int,
) -> list[Answer]:
    """What the translator writes, keyed by function, target and sample."""
    items = [(f, way) for f in functions for way in ways if way.source_model == f.model]
    sampling = {"samples": samples, "temperature": temperature} if samples > 1 else {}
    found = translator.translate([way.question_of(f) for f, way in items], max_new_tokens=max_new_tokens, seed=seed, **sampling)
    return [
        Answer(function_id=f.function_id, target_model=way.target_model, sample=number, text=text)
        for (f, way), texts in zip(items, found, strict=True)
        for number, text in enumerate(texts)
    ]


def candidates(functions: Sequence[Function], answers: Sequence[Answer], kind: TesterKind) -> list[Candidate]:
    """What is to be run: each function with its tests alone, and then its translations, of equal ones the first."""
    by_function: dict[str, list[Answer]] = {f.function_id: [] for f in functions}
    for answer in answers:
        by_function[answer.function_id].append(answer)
    made = []
    for function in functions:
        given = by_function[function.function_id]
        own = [a.text for a in given if a.target_model == SOURCE_ONLY]
        only_own = kind == "rule" and function.model == SERIAL
        tests = tuple(own if only_own else dict.fromkeys((*own, *function.tests)))
        first = {(a.target_model, a.text): a for a in reversed(given) if a.target_model != SOURCE_ONLY}
        alone = Answer(function_id=function.function_id, target_model=SOURCE_ONLY, sample=0, text="")
        for answer in (alone, *sorted(first.values(), key=lambda a: (a.target_model, a.sample))):
            made.append(
                Candidate(
                    candidate_id=answer.key,
                    signature=function.signature,
                    source=function.source,
                    source_model=function.model,
                    target=answer.text,
                    target_model=answer.target_model,
                    tests=tests,
                )
            )
    return made


def findings(made: Sequence[Candidate], verifier: Verifier, cache: Path) -> list[Finding]:
    """Verify, or read what an interrupted run verified already."""
    from pydantic import TypeAdapter

    key = sha256_json([asdict(c) for c in made])
    if cache.exists() and (kept := read_json(cache)).get("key") == key:
        return TypeAdapter(list[Finding]).validate_python(kept["findings"])
    found = verified(made, verifier)
    write_json(cache, {"key": key, "findings": [asdict(f) for f in found]})
    return found


def verified(made: Sequence[Candidate], verifier: Verifier) -> list[Finding]:
    """The findings of candidates.

    Raises:
        InputError: the verifier gives others.
    """
    found = list(verifier(made))
    if [f.candidate_id for f in found] != [c.candidate_id for c in made]:
        raise InputError("the verifier's findings are not in the order of its candidates")
    return found


# ---------------------------------------------------------------- harvest


def harvest(
    number: int, functions: Sequence[Function], answers: Sequence[Answer], found: Sequence[Finding], known: Known, *, mutants: bool
) -> Harvest:
    """Sort a round's findings, and add what is new to what is known.

    Args:
        number: of the round.
        functions: that were asked for.
        answers: of the round.
        found: by the verifier.
        known: what earlier rounds gave; is added to.
        mutants: whether only tests that kill a mutant count; else all valid ones.
    """
    by_key = {f.candidate_id: f for f in found}
    alone = {f.function_id: by_key[key_of(f.function_id, SOURCE_ONLY, 0)] for f in functions}
    tells = {i: f.killing_tests if mutants else f.valid_tests for i, f in alone.items()}
    new_tests = _add_tests(functions, tells, known)
    pairs_before = len(known.pairs)
    fates, accepted = _add_pairs(functions, answers, by_key, known, mutants=mutants)
    own = [a for a in answers if a.target_model == SOURCE_ONLY]
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
        reasons=dict(sorted(Counter(f.reason for f in translated if not f.accepted).items())),
        tests_written=len(own),
        tests_valid=sum(a.text in alone[a.function_id].valid_tests for a in own),
        tests_killing=sum(a.text in alone[a.function_id].killing_tests for a in own),
        new_tests=new_tests,
        mutants_killed=sum(f.mutants_killed for f in alone.values()),
        mutants_total=sum(f.mutants_total for f in alone.values()),
    )
    return Harvest(
        summary=summary,
        decisions=list(decisions(number, answers, by_key, fates)),
        written=list(written_tests(number, answers, by_key, taught)),
    )


def _add_tests(functions: Sequence[Function], tells: Mapping[str, tuple[str, ...]], known: Known) -> int:
    """Add what the tester, which reads sequential C, is to be taught; how many tests are new."""
    fresh = 0
    for function in (f for f in functions if f.model == SERIAL):
        before = known.tests[function.function_id].tests if function.function_id in known.tests else ()
        after = tuple(dict.fromkeys((*before, *tells[function.function_id])))
        fresh += len(after) - len(before)
        if after:
            known.tests[function.function_id] = Example(task=TESTS, source=function.source, target="", tests=after)
    return fresh


def _add_pairs(
    functions: Sequence[Function], answers: Sequence[Answer], found: Mapping[str, Finding], known: Known, *, mutants: bool
) -> tuple[dict[str, str], int]:
    """Add the new pairs; gives the fate of each accepted answer by its key, and how many functions and targets have one."""
    by_id = {f.function_id: f for f in functions}
    fates: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    accepted: set[tuple[str, str]] = set()
    for answer in answers:
        finding = found.get(answer.key)
        if finding is None or answer.target_model == SOURCE_ONLY or not finding.accepted:
            continue
        place = (answer.function_id, answer.target_model)
        if mutants and not finding.killing_tests:
            fates[answer.key] = "no-killing-test"
            continue
        accepted.add(place)
        if place in known.pairs:
            fates[answer.key] = "another-sample" if place in taken else "known"
            continue
        fates[answer.key] = ""
        taken.add(place)
        known.pairs[place] = _pair(by_id[answer.function_id], answer, finding)
    return fates, len(accepted)


def _pair(function: Function, answer: Answer, finding: Finding) -> Pair:
    """The sequential side is the source of a pair, whichever of the two was written."""
    from hpcraft.data.material import tree

    back = function.model != SERIAL
    own = (finding.mutants_killed, finding.mutants_total)
    written = (finding.target_mutants_killed, finding.target_mutants_total)
    source, target = (written, own) if back else (own, written)
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
        coverage=0.0 if back else finding.coverage,
        mutants_killed=source[0],
        mutants_total=source[1],
        target_mutants_killed=target[0],
        target_mutants_total=target[1],
        package=function.package,
        version=function.version,
        path=function.path,
        sha256=function.sha256,
        licence=function.licence,
        licence_evidence=function.licence_evidence,
        tree_sha256=tree(answer.text) if back else function.tree_sha256,
        split=function.split,
    )
