"""What mutual supervision gains over fine-tuning alone, by seed, with each part of the loop left out in turn.

    hpcraft pairs --made 2400 --made-monolingual-share 0.8 --cuda-launch any -o PAIRS
    python benchmarks/mutual_gain.py PAIRS PRETRAIN OUT [--seeds 1,2,3] [--rounds 3] [--variants loop,no-mutants,no-tester,built,self-training] [--benchmarks DIR]

PAIRS is a folder of ``hpcraft pairs`` in which few functions have a translation and many have none; PRETRAIN a model that knows code. For each seed the model
is tuned on the pairs (``tuned``). From there each variant of the loop runs, and ``longer`` tunes on for as many steps as the rounds of the loop train, on the
same pairs alone, in another order: a loop that gained no more than that would have gained by training alone. All are measured on the same held-out pairs, greedily, by running.

Variants: ``loop`` (the tester by rule, faulty versions tried, real code alone as targets), ``taught-tester`` (the tester is a model, too), ``no-mutants``,
``no-tester`` (the functions' known tests alone), ``built`` (back-translation only: what builds is taken), ``self-training`` (what the model wrote is a target, too).
The gain is told in points and as a share of what fine-tuning alone (the better of ``tuned`` and ``longer``, in the mean) leaves to 1, with the interval of
Student's t over the seeds. Translators of all rounds stay, to be measured on other suites. Stages that are done aren't done again, so a call that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcraft.mutual import STAGE as MUTUAL
from hpcraft.stages import execute
from hpcraft.store import read_jsonl
from hpcraft.train.finetune import STAGE as FINETUNE
from hpcraft.train.finetune import FinetuneConfig
from hpcraft.train.mutual_config import MutualConfig
from hpcraft.train.rounds import Round

_VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "loop": {},
    "taught-tester": {"tester": "model"},
    "no-mutants": {"mutants": False},
    "no-tester": {"tester": "none"},
    "built": {"accept": "built"},
    "self-training": {"self_training": True},
}
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t, two-sided 95 %, by degrees of freedom from 1."""
_LEAST_GAP = 0.02
"""A smaller gap has no shares."""
_OTHER_SEED = 1000
"""Added for tuning on, which else would show the same examples in the same order again."""
_ALL = 1_000_000
_SECONDS = 1e6
"""Steps bound the training, so that a busy machine learns the same."""


def main() -> None:
    """Train, loop and measure; print a table and write ``gain.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("pretrain", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--variants", default=",".join(v for v in _VARIANTS if v != "taught-tester"))
    parser.add_argument("--benchmarks", type=Path, help="folder of `hpcraft eval benchmarks`, whose functions new pairs must not hold")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tune-steps", type=int, default=500, help="of fine-tuning on the pairs")
    parser.add_argument("--round-steps", type=int, default=150, help="of training in each round")
    parser.add_argument("--round-rate", type=float, default=5e-4, help="highest learning rate of the rounds, and of tuning on")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--functions", type=int, default=1500, help="functions without translation in a round, at most")
    parser.add_argument("--valid", type=int, default=_ALL, help="held-out pairs of each target, at most")
    args = parser.parse_args()
    seeds, variants = [int(word) for word in args.seeds.split(",")], args.variants.split(",")
    if unknown := set(variants) - set(_VARIANTS):
        parser.error(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(_VARIANTS)}")
    if not 2 <= len(seeds) <= len(_T95) + 1:
        parser.error(f"{len(seeds)} seeds; give 2 to {len(_T95) + 1}")
    found = {seed: measured(args, seed, variants) for seed in seeds}
    table = {name: {way: over_seeds([found[s][name][way] for s in seeds]) for way in found[seeds[0]][name]} for name in found[seeds[0]]}
    gains = {name: {way: gain([found[s] for s in seeds], name, way) for way in table[name]} for name in variants}
    (args.out / "gain.json").write_text(json.dumps({"by_seed": found, "pass@1": table, "gain": gains}, indent=1))
    print(json.dumps({"pass@1": table, "gain": gains}, indent=1))


def measured(args: argparse.Namespace, seed: int, variants: Sequence[str]) -> dict[str, dict[str, float]]:
    """Pass@1 by way of translating, after fine-tuning, after as much of it as the loop has steps, and after each variant of the loop."""
    folder = args.out / f"seed-{seed}"
    tuned = folder / "tuned"
    tests = 0.5 * ("taught-tester" in variants)
    _tune(args, seed, args.pretrain, tuned, args.tune_steps, 2e-3, tests)
    _tune(args, seed + _OTHER_SEED, tuned, folder / "longer", args.rounds * args.round_steps, args.round_rate, tests)
    rounds = {name: _loop(args, seed, tuned, folder / name, args.rounds, **_VARIANTS[name]) for name in variants}
    alone = _loop(args, seed, folder / "longer", folder / "longer-measured", 1, max_functions=1, train_steps=1)
    first = next(iter(rounds.values()))
    return {"tuned": _passes(first[0]), "longer": _passes(alone[0])} | {name: _passes(found[-1]) for name, found in rounds.items()}


def _tune(args: argparse.Namespace, seed: int, model: Path, out: Path, steps: int, rate: float, tests: float) -> None:
    config = FinetuneConfig(
        max_steps=steps,
        max_seconds=_SECONDS,
        learning_rate=rate,
        cuda_answer="kernel",
        cuda_repeats=1,
        openmp_repeats=1,
        cuda2c_repeats=0.3,
        omp2c_repeats=0.3,
        tests_repeats=tests,
        batch_tokens=args.batch_tokens,
    )
    execute(FINETUNE, config, {"base": model, "pairs": args.pairs}, out, seed=seed)


def _loop(args: argparse.Namespace, seed: int, model: Path, out: Path, rounds: int, **more: Any) -> list[Round]:
    settings = {
        "rounds": rounds,
        "targets": ("openmp", "cuda"),
        "tester": "rule",
        "max_functions": args.functions,
        "valid_functions": args.valid,
        "valid_tests": 0,
        "valid_samples": 0,
        "train_steps": args.round_steps,
        "train_seconds": _SECONDS,
        "learning_rate": args.round_rate,
        "batch_tokens": args.batch_tokens,
        "keep_rounds": True,
        **more,
    }
    inputs = {"model": model, "pairs": args.pairs} | ({"benchmarks": args.benchmarks} if args.benchmarks else {})
    execute(MUTUAL, MutualConfig(**settings), inputs, out, seed=seed)
    return list(read_jsonl(out / "rounds.jsonl", Round))


def _passes(one: Round) -> dict[str, float]:
    return {way: float(figures["pass@1"] or 0) for way, figures in one.translator.items()}


def over_seeds(values: Sequence[float]) -> dict[str, float]:
    """The mean of some seeds' figures with half the width of its 95 % interval."""
    half = _T95[len(values) - 2] * statistics.stdev(values) / len(values) ** 0.5
    return {"mean": round(statistics.fmean(values), 4), "half": round(half, 4)}


def gain(found: Sequence[Mapping[str, Mapping[str, float]]], name: str, way: str) -> dict[str, dict[str, float] | None]:
    """What a variant gained over fine-tuning alone, over the seeds: in points, and as a share of the gap that is left, the mean of one over the mean of the other."""
    alone = max(("tuned", "longer"), key=lambda which: statistics.fmean(one[which][way] for one in found))
    points = [one[name][way] - one[alone][way] for one in found]
    gaps = [1 - one[alone][way] for one in found]
    gap = statistics.fmean(gaps)
    share = None
    if gap >= _LEAST_GAP:
        ratio = statistics.fmean(points) / gap
        spread = over_seeds([point - ratio * one for point, one in zip(points, gaps, strict=True)])["half"] / gap
        share = {"mean": round(ratio, 4), "half": round(spread, 4)}
    return {"points": over_seeds(points), "share_of_gap": share}


if __name__ == "__main__":
    main()
