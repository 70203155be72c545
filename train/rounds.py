"""One round of mutual supervision, apart from training: answers are written, run, and sorted into what each side may learn.

A translation is accepted when it does what its source does on tests that are valid and would notice a fault. The tester's
tests are tried beside the function's known ones, so a weak tester lets nothing false through; only tests that kill a mutant are
its reward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from hpcraft.errors import InputError
from hpcraft.inference import Generator
from hpcraft.records import Candidate, Finding, Function, Pair, Verifier
from hpcraft.store import read_json, sha256_json, write_json
from hpcraft.train.tasks import TESTS, Example


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What a round came to: one line of ``rounds.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.round/1"

    number: int
    functions: int
    candidates: int
    accepted: int
    reasons: dict[str, int]
    """Why candidates were refused."""
    tests_written: int
    tests_valid: int
    """Tests of the tester's that their function passes cleanly."""
    tests_killing: int
    """Those of them that kill a mutant."""
    mutants_killed: int
    mutants_total: int
    translator_loss: float | None
    """None when there was nothing to learn."""
    tester_loss: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """What a round gives to learn from."""

    pairs: list[Pair] = field(default_factory=list)
    tests: list[Example] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def answers(
    translator: Generator,
    tester: Generator,
    functions: Sequence[Function],
    targets: Sequence[str],
    *,
    max_new_tokens: int,
    samples: int,
    temperature: float,
    seed: int,
) -> tuple[list[Candidate], dict[str, tuple[str, ...]]]:
    """The candidates of a round, and the tests that the tester wrote for each function's id."""
    written = tester.write_tests([f.source for f in functions], max_new_tokens=max_new_tokens, seed=seed)
    own = {f.function_id: tests[0] for f, tests in zip(functions, written, strict=True)}
    items = [(f, target) for f in functions for target in targets]
    sampling = {"samples": samples, "temperature": temperature} if samples > 1 else {}
    found = translator.translate([(f.source, target) for f, target in items], max_new_tokens=max_new_tokens, seed=seed, **sampling)
    candidates = []
    for (function, target), texts in zip(items, found, strict=True):
        for number, text in enumerate(dict.fromkeys(texts)):
            candidates.append(
                Candidate(
                    candidate_id=f"{function.function_id}/{target}/{number}",
                    signature=function.signature,
                    source=function.source,
                    target=text,
                    target_model=target,
                    tests=tuple(dict.fromkeys((*own[function.function_id], *function.tests))),
                )
            )
    return candidates, own


def findings(candidates: Sequence[Candidate], verifier: Verifier, cache: Path) -> list[Finding]:
    """Verify, or read what an interrupted run verified already."""
    from pydantic import TypeAdapter

    key = sha256_json([asdict(c) for c in candidates])
    if cache.exists() and (kept := read_json(cache)).get("key") == key:
        return TypeAdapter(list[Finding]).validate_python(kept["findings"])
    found = list(verifier(candidates))
    if [f.candidate_id for f in found] != [c.candidate_id for c in candidates]:
        raise InputError("the verifier's findings are not in the order of its candidates")
    write_json(cache, {"key": key, "findings": [asdict(f) for f in found]})
    return found


def harvest(
    functions: Sequence[Function], candidates: Sequence[Candidate], found: Sequence[Finding], own: dict[str, tuple[str, ...]]
) -> Harvest:
    """Sort a round's findings into new pairs and new tests."""
    by_id = {f.function_id: f for f in functions}
    pairs: dict[tuple[str, str], Pair] = {}
    tests: dict[str, Example] = {}
    best: dict[str, Finding] = {}
    for candidate, finding in zip(candidates, found, strict=True):
        function = by_id[candidate.candidate_id.rpartition("/")[0].rpartition("/")[0]]
        best.setdefault(function.function_id, finding)
        if finding.killing_tests:
            best[function.function_id] = finding
            tests[function.function_id] = Example(task=TESTS, source=function.source, target="", tests=finding.killing_tests)
        if finding.accepted and finding.killing_tests:
            pairs.setdefault((function.function_id, candidate.target_model), _pair(function, candidate, finding))
    sets = {i: set(own[i]) for i in best}
    return Harvest(
        pairs=list(pairs.values()),
        tests=list(tests.values()),
        counts={
            "functions": len(functions),
            "candidates": len(candidates),
            "accepted": len(pairs),
            "tests_written": sum(map(len, own.values())),
            "tests_valid": sum(len(sets[i] & set(f.valid_tests)) for i, f in best.items()),
            "tests_killing": sum(len(sets[i] & set(f.killing_tests)) for i, f in best.items()),
            "mutants_killed": sum(f.mutants_killed for f in best.values()),
            "mutants_total": sum(f.mutants_total for f in best.values()),
        },
        reasons=dict(sorted(Counter(f.reason for f in found if not f.accepted).items())),
    )


def _pair(function: Function, candidate: Candidate, finding: Finding) -> Pair:
    return Pair(
        pair_id=sha256_json([candidate.source, candidate.target])[:32],
        origin="mutual",
        family=function.package,
        signature=function.signature,
        source=candidate.source,
        target=candidate.target,
        target_model=candidate.target_model,
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
        tree_sha256=function.tree_sha256,
        split=function.split,
    )
