"""What translator and tester do on validation pairs, measured before the first round and after each.

The sample is the same each time: proved pairs of the split ``valid``, the same number of each target model. The translator answers their
sources, each once, and their targets where it was taught the way back: greedily, and some times at the temperature where that is asked for; every answer is run on the pair's own tests. The tester writes tests for the sources, and its tests alone then judge the proved targets and faulty versions of them, which are known to be wrong because the
pair's own tests tell them from the original: how many of those are let in is what the tester alone
would let pass; the loop has the known tests beside it. The tester by rule is measured on the same functions.

``compiled`` counts answers that were built with the right entry point; what its text refuses (no such function, nothing parallel) wasn't built.
Tests count once for each set of scalars, valid when the function runs clean with one of the lengths given for it. Coverage and kills are means
over functions, 0 where no test is valid.
Not covered: whether faulty versions that no test of the pair notices are wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import fmean

from hpcraft.data.honest import NOT_HONEST
from hpcraft.inference import Generator
from hpcraft.intervals import wilson
from hpcraft.records import Pair
from hpcraft.store import read_json, write_json
from hpcraft.tokenizer.corpus import share_of
from hpcraft.tokenizer.prompt import LANGUAGE_OF
from hpcraft.train.decisions import SOURCE_ONLY
from hpcraft.train.judges import Judges
from hpcraft.train.rounds import Numbers, TesterKind, own_tests, verified
from hpcraft.train.test_texts import setting
from hpcraft.train.ways import Way
from hpcraft.verification import Candidate, Finding, LikenessMeasure, Verifier

LOW, HIGH = "_low", "_high"
"""What the ends of a share's interval are called behind its name."""

_TRIED, _WRONG = 4, 2
"""Faulty versions of a target that are tried, and those that are kept when the pair's tests tell them from it."""
_TELLS = frozenset({"differs", "race", "target:runtime_error", "target:memory", "target:time_limit"})
"""Reasons by which tests tell a faulty version: by what it does."""
_NOT_BUILT = frozenset(
    {
        "signature",
        "no-entry",
        "target:signature",
        "not-parallel",
        NOT_HONEST,
        "not-serial",
        "unsupported",
        "target:unsupported",
        "target:compile_error",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How both are asked."""

    max_new_tokens: int
    samples: int
    """Draws beside the greedy answer; below 2 there are none."""
    temperature: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """The fixed sample, and what is the same in every round."""

    pairs: dict[str, list[Pair]]
    """By target model."""
    questions: dict[str, list[Pair]]
    """Of those the questions of the way there: for each source the pair of it that translators are taught, which is the first."""
    tested: dict[str, list[Pair]]
    """Those of the pairs that tests are measured on."""
    wrong: dict[str, list[str]]
    """Of those, pair to faulty versions of its target."""
    judges: Judges
    mutants: bool
    """Whether the rounds let in only what was tried on faulty versions."""
    rule: Numbers = field(default_factory=dict)
    """What the tester by rule does; empty where tests are not measured."""

    @property
    def sources(self) -> dict[str, tuple[str, str]]:
        """One pair for each source, to its signature and source."""
        first = {p.source: p for p in reversed(self._all)}
        return {p.pair_id: (p.signature, p.source) for p in self._all if first[p.source] is p}

    @property
    def _all(self) -> list[Pair]:
        return [p for pairs in self.tested.values() for p in pairs]


def set_exam(
    pairs: Sequence[Pair],
    targets: Sequence[str],
    count: int,
    judges: Judges,
    *,
    num_tested: int,
    mutants: bool,
    seed: int,
    cache: Path,
) -> Exam:
    """Choose the sample, plant the faults, and measure the tester by rule; or read what an interrupted run found of that.

    Args:
        pairs: proved ones, of any split.
        targets: target models.
        count: pairs of each.
        judges: of translations and tests.
        num_tested: those of them that tests are measured on; 0 leaves out everything about tests.
        mutants: as the rounds have it.
        seed: of the choice and of the faults.
        cache: file for what is the same in every round.
    """
    chosen = {target: _sample(pairs, target, count, seed) for target in targets}
    chosen = {target: found for target, found in chosen.items() if found}
    first = {(p.source, p.target_model): p for p in reversed(pairs)}
    asked = {target: list({p.source: first[p.source, target] for p in found}.values()) for target, found in chosen.items()}
    tested = {target: found[:num_tested] for target, found in chosen.items()}
    exam = Exam(pairs=chosen, questions=asked, tested=tested, wrong={}, judges=judges, mutants=mutants)
    if not num_tested or not chosen:
        return exam
    if not cache.exists():
        exam = replace(exam, wrong=_plant(tested, judges.plain, seed))
        rule = examine_tests(exam, own_tests("rule", None, exam.sources, max_new_tokens=0, seed=seed))
        write_json(cache, {"wrong": exam.wrong, "rule": rule})
    kept = read_json(cache)
    return replace(exam, wrong=kept["wrong"], rule=kept["rule"])


def _sample(pairs: Sequence[Pair], target: str, count: int, seed: int) -> list[Pair]:
    fitting = [p for p in pairs if p.split == "valid" and p.target_model == target]
    return sorted(fitting, key=lambda p: (share_of(p.pair_id, seed), p.pair_id))[:count]


def _plant(pairs: Mapping[str, Sequence[Pair]], plain: Verifier, seed: int) -> dict[str, list[str]]:
    """For each pair the first faulty versions of its target that its own tests tell from it."""
    from hpcraft.data.mutants import faulty_versions

    made = [
        _candidate(f"{pair.pair_id}/{number}", pair, fault.code, pair.tests)
        for target, chosen in pairs.items()
        for pair in chosen
        for number, fault in enumerate(islice(faulty_versions(pair.target, LANGUAGE_OF[target], seed=seed), _TRIED))
    ]
    wrong: dict[str, list[str]] = {pair.pair_id: [] for chosen in pairs.values() for pair in chosen}
    for candidate, finding in zip(made, verified(made, plain), strict=True):
        found = wrong[candidate.candidate_id.rpartition("/")[0]]
        if finding.reason in _TELLS and len(found) < _WRONG:
            found.append(candidate.target)
    return wrong


def _candidate(key: str, pair: Pair, target: str, tests: Sequence[str], *, alone: bool = False) -> Candidate:
    return Candidate(
        candidate_id=key,
        signature=pair.signature,
        source=pair.source,
        target=target,
        target_model=SOURCE_ONLY if alone else pair.target_model,
        tests=tuple(tests),
    )


# ---------------------------------------------------------------- the translator


def examine_translator(
    exam: Exam, ways: Sequence[Way], translator: Generator, sampling: Sampling, likeness: LikenessMeasure | None
) -> dict[str, Numbers]:
    """By task and level: pass@1 of greedy answers and pass@k of drawn ones, each with its interval, what compiles, and how like the proved code answers are."""
    from hpcraft.data.verify import cuda_level

    found: dict[str, Numbers] = {}
    emulated = cuda_level() == "emulate"
    for way in ways:
        pairs = (exam.pairs if way.back else exam.questions).get(way.model, [])
        if not pairs or (way.source_model == "cuda" and not emulated):
            continue  # CUDA that can't be run says nothing of its translation
        items = [way.question(p) for p in pairs]
        greedy = [texts[0] for texts in translator.translate(items, max_new_tokens=sampling.max_new_tokens, seed=sampling.seed)]
        drawn: list[list[str]] = [[] for _ in pairs]
        if sampling.samples > 1:
            drawn = translator.translate(
                items,
                max_new_tokens=sampling.max_new_tokens,
                seed=sampling.seed,
                samples=sampling.samples,
                temperature=sampling.temperature,
            )
        reasons = _reasons(exam, way, pairs, [[one, *more] for one, more in zip(greedy, drawn, strict=True)])
        numbers: Numbers = {
            "functions": len(pairs),
            **_share("pass@1", [not known[one] for known, one in zip(reasons, greedy, strict=True)]),
        }
        if sampling.samples > 1:
            solved = [any(not known[text] for text in texts) for known, texts in zip(reasons, drawn, strict=True)]
            numbers |= _share(f"pass@{sampling.samples}", solved)
        numbers["compiled"] = fmean(known[one] not in _NOT_BUILT for known, one in zip(reasons, greedy, strict=True))
        if likeness:
            numbers |= likeness([way.sides(p)[1] for p in pairs], greedy, way.language)
        found[f"{way.task}/{'run' if way.model != 'cuda' else 'emulate' if emulated else 'compile'}"] = numbers
    return found


def _share(name: str, solved: Sequence[bool]) -> Numbers:
    """The share that is solved, with the ends of its Wilson interval."""
    interval = wilson(sum(solved), len(solved))
    return {name: fmean(solved), f"{name}{LOW}": round(interval.low, 6), f"{name}{HIGH}": round(interval.high, 6)}


def _reasons(exam: Exam, way: Way, pairs: Sequence[Pair], texts: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """For each pair, answer to the reason why it is wrong, empty for a right one; equal answers are run once."""
    made = [
        way.candidate(f"{pair.pair_id}/{number}", pair, text, pair.tests)
        for pair, own in zip(pairs, texts, strict=True)
        for number, text in enumerate(dict.fromkeys(own))
    ]
    known: dict[str, dict[str, str]] = {pair.pair_id: {} for pair in pairs}
    for candidate, finding in zip(made, verified(made, exam.judges.plain), strict=True):
        reason = "" if finding.accepted else finding.reason or "refused"
        known[candidate.candidate_id.rpartition("/")[0]][candidate.target] = reason
    return [known[pair.pair_id] for pair in pairs]


# ---------------------------------------------------------------- the tester


def examine_tester(exam: Exam, kind: TesterKind, tester: Generator | None, sampling: Sampling) -> dict[str, Numbers]:
    """What the tester's tests are worth, and beside it those of the tester by rule."""
    if not exam.rule:
        return {}
    if kind != "model":
        return {"rule": exam.rule}
    tests = own_tests(kind, tester, exam.sources, max_new_tokens=sampling.max_new_tokens, seed=sampling.seed)
    return {"model": examine_tests(exam, tests), "rule": exam.rule}


def examine_tests(exam: Exam, tests: Mapping[str, Sequence[str]]) -> Numbers:
    """Judge functions, proved targets and wrong ones by given tests alone.

    Args:
        exam: the sample.
        tests: by the keys of `Exam.sources`.
    """
    by_source = {source: (key, tests[key]) for key, (_, source) in exam.sources.items()}
    made = list(_candidates(exam, by_source))
    found = {f.candidate_id: f for f in verified(made, exam.judges.loop)}
    if not exam.mutants:
        alone = [c for c in made if c.target_model == SOURCE_ONLY]
        found |= {f.candidate_id: f for f in verified(alone, exam.judges.full)}
    alone_by_key = {key: found[f"{key}/alone"] for key in tests}
    settings = {key: {setting(t) for t in own} for key, own in tests.items()}
    valid = {key: {setting(t) for t in alone_by_key[key].valid_tests} & settings[key] for key in tests}
    killed = [_share_killed(f) for f in alone_by_key.values()]
    wrong = [f.accepted for key, f in found.items() if "/wrong/" in key]
    right = [f.accepted for key, f in found.items() if key.endswith("/right")]
    written = sum(map(len, settings.values()))
    return {
        "functions": len(tests),
        "tests": written,
        "valid": sum(map(len, valid.values())) / written if written else 0.0,
        "coverage": fmean(f.coverage for f in alone_by_key.values()),
        "killed": fmean(k for k in killed if k is not None) if any(k is not None for k in killed) else 0.0,
        "wrong": len(wrong),
        "let_in": fmean(wrong) if wrong else 0.0,
        "right": len(right),
        "right_let_in": fmean(right),
    }


def _candidates(exam: Exam, tests: Mapping[str, tuple[str, Sequence[str]]]) -> Iterator[Candidate]:
    """Source by source, so that a source is run for all of its candidates at once."""
    by_source: dict[str, list[Pair]] = {}
    for pairs in exam.tested.values():
        for pair in pairs:
            by_source.setdefault(pair.source, []).append(pair)
    for source, pairs in by_source.items():
        key, own = tests[source]
        yield _candidate(f"{key}/alone", pairs[0], "", own, alone=True)
        for pair in pairs:
            yield _candidate(f"{pair.pair_id}/right", pair, pair.target, own)
            for number, code in enumerate(exam.wrong[pair.pair_id]):
                yield _candidate(f"{pair.pair_id}/wrong/{number}", pair, code, own)


def _share_killed(finding: Finding) -> float | None:
    """None for a function without faults, though its tests are valid."""
    if finding.mutants_total:
        return finding.mutants_killed / finding.mutants_total
    return None if finding.valid_tests else 0.0
