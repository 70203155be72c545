"""One round of mutual supervision, apart from training: which functions are asked, what is answered, and how that is run.

A translation is accepted when it does what its source does on tests that are valid and would notice a fault. Sequential functions are
translated to the target models, real OpenMP and CUDA code back to C. The tester's
tests are tried beside the function's known ones, so a weak tester lets nothing false through. The tests of each function are judged by a candidate of their own, without a translation, so that what is known of them doesn't hang
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
from hpcraft.records import Function
from hpcraft.sandbox.abi import Signature, parse_test
from hpcraft.shards import read_rows
from hpcraft.store import read_json, sha256_json, write_json
from hpcraft.tokenizer.corpus import share_of
from hpcraft.train.decisions import SOURCE_ONLY, Answer
from hpcraft.train.ways import Way
from hpcraft.verification import Candidate, Finding, Verifier

_TEST_TOKENS = 192
"""Four tests of a function with ten parameters have less; a tester that doesn't come to an end should not cost more."""
TesterKind = Literal["model", "rule", "none"]
Numbers = dict[str, int | float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What a round came to: one line of ``rounds.jsonl``. Number 0 was measured before the first round, and counts nothing."""

    SCHEMA: ClassVar[str] = "hpcraft.round/3"

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
    """Why candidates were refused, by the verifier or as pairs."""
    tests_written: int = 0
    tests_valid: int = 0
    """Tests of the tester's that their function passes cleanly."""
    tests_killing: int = 0
    """Those of them that kill a mutant."""
    tests_telling: int = 0
    """Those of them that a right translation passes and a wrong one fails."""
    new_tests: int = 0
    """Tests of the tester's that it is taught and that no earlier round had; none where no tester is taught."""
    mutants_killed: int = 0
    mutants_total: int = 0
    translator_loss: float | None = None
    """None when there was nothing to learn."""
    tester_loss: float | None = None
    translator: dict[str, Numbers] = field(default_factory=dict)
    """By task and level, such as ``cuda/emulate`` or ``cuda2c/emulate``: what the translator does on validation pairs, as `hpcraft.train.measure` says."""
    tester: dict[str, Numbers] = field(default_factory=dict)
    """By who wrote the tests (``model``, ``rule``) likewise."""


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


def usable(pairs: Path, ways: Sequence[Way], seed: int) -> tuple[list[Function], Counter[str]]:
    """The functions of the training split that rounds can use, by hash, and how many can't be tried, by reason.

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
    return sorted(fitting, key=lambda f: (share_of(f.function_id, seed), f.function_id)), useless


def turn(functions: Sequence[Function], number: int, count: int) -> list[Function]:
    """The functions of a round, from number 1: the next ``count`` of all, and the first ones again behind the last."""
    if len(functions) <= count:
        return list(functions)
    return [functions[(place + (number - 1) * count) % len(functions)] for place in range(count)]


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
