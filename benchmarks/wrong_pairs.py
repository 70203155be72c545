"""How many wrong pairs the verifier lets in: targets of the grammar with one fault each, which a longer test of its own shows to be wrong.

    python benchmarks/wrong_pairs.py --wrong 500

A fault is one of `hpcraft.data.mutants.faulty_versions`, of any kind, also in directives. Whether it makes the target wrong is decided first, by results on
up to 40 tests with other scalars and other contents than the pair's own, by the race detector and by the emulation's checks; faults that change nothing, and those that
don't build or leave nothing parallel, don't count. Then the verifier judges it as the stage ``pairs`` would, with the pair's tests.
Printed: how many were let in, by model and by kind of fault, with a Wilson interval, and the texts of those that were.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from hpcraft.data.grammar import draw
from hpcraft.data.material import MADE_TESTS
from hpcraft.data.mutants import faulty_versions
from hpcraft.data.target_models import TARGET_MODELS
from hpcraft.data.verify import verify
from hpcraft.intervals import wilson
from hpcraft.verification import Candidate

_TESTS, _LONG = 5, 40
_WRONG = ("differs", "race", "target:memory", "target:runtime_error", "target:time_limit")
"""Reasons that show a fault of what the target does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Faulty:
    """A target with one fault."""

    kind: str
    words: str
    candidate: Candidate
    """With the pair's own tests."""
    long_tests: tuple[str, ...]

    @property
    def longer(self) -> Candidate:
        """With the tests that decide whether it is wrong."""
        return replace(self.candidate, tests=self.long_tests)


def main() -> None:
    """Judge and print one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", type=int, default=500, help="wrong pairs to judge")
    parser.add_argument("--faults", type=int, default=3, help="faulty versions of each target")
    parser.add_argument("--models", default="openmp,cuda", help="target models, separated by commas")
    parser.add_argument("--seed", type=int, default=secrets.randbits(31), help="of kernels and faults")
    parser.add_argument("--workers", type=int, default=None, help="batches at a time (default: all cores)")
    args = parser.parse_args()
    stream = _faulty(args.seed, args.faults, args.models.split(","))
    wrong: Counter[str] = Counter()
    let_in: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    texts: list[dict[str, str]] = []
    tried = 0
    while (left := args.wrong - wrong["all"]) > 0:
        batch = list(islice(stream, min(120, 2 * left + 24)))
        tried += len(batch)
        print(f"{wrong['all']} wrong of {tried - len(batch)}, {let_in['all']} let in", file=sys.stderr, flush=True)
        truth = verify((f.longer for f in batch), seed=args.seed + 1, workers=args.workers, num_mutants=0)
        shown = [f for f, finding in zip(batch, truth, strict=True) if finding.reason in _WRONG][:left]
        options = {"min_coverage": 1.0, "max_tests": _TESTS, "workers": args.workers}
        for f, finding in zip(shown, verify((f.candidate for f in shown), seed=args.seed, **options), strict=True):
            for key in ("all", f.candidate.target_model, f"{f.candidate.target_model}:{f.kind}"):
                wrong[key] += 1
                let_in[key] += finding.accepted
            reasons[finding.reason or "let in"] += 1
            if finding.accepted:
                texts.append({"model": f.candidate.target_model, "kind": f.kind, "fault": f.words, "source": f.candidate.source})
    low, high = wilson(let_in["all"], wrong["all"])
    figures = {
        "seed": args.seed,
        "faulty": tried,
        "wrong": wrong["all"],
        "let_in": let_in["all"],
        "rate": round(let_in["all"] / wrong["all"], 4),
        "ci95": [round(low, 4), round(high, 4)],
        "by_model_and_kind": {key: [let_in[key], count] for key, count in sorted(wrong.items())},
        "reasons": reasons,
        "texts": texts,
    }
    print(json.dumps(figures, indent=2))


def _faulty(seed: int, count: int, models: list[str]) -> Iterator[_Faulty]:
    """Endless: every kernel of the grammar with ``count`` faults in each of its targets."""
    number = 0
    while True:
        pair, longer = draw(seed, number, num_tests=MADE_TESTS), draw(seed, number, num_tests=MADE_TESTS + _LONG)
        assert pair.source == longer.source
        for model in (m for m in models if m in pair.targets):
            target, language = pair.targets[model], TARGET_MODELS[model].language
            for place, fault in enumerate(islice(faulty_versions(target, language, seed=seed + number), count)):
                candidate = Candidate(
                    candidate_id=f"{number}/{model}/{place}",
                    signature=pair.signature,
                    source=pair.source,
                    target=fault.code,
                    target_model=model,
                    tests=pair.tests,
                )
                own = longer.tests[len(pair.tests) :] or longer.tests
                yield _Faulty(kind=fault.kind, words=fault.words, candidate=candidate, long_tests=own)
        number += 1


if __name__ == "__main__":
    main()
