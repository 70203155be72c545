"""Does freeing code of its names help a model? Tokompiler's claim on equal terms: same functions, same model, same compute.

    .venv/bin/python benchmarks/tokenizer_experiment.py CORPUS OUT [--seeds 3] [--steps 600] [--json FILE]

``CORPUS`` is a folder of ``hpcraft prepare`` with a valid split (whole packages that training never sees). Four ways of writing the same
functions (``experiment_texts.py``) are learnt by a Llama-style decoder of one shape, with the same number of steps of the same number of
tokens each, so a way that says more with a token sees more code for its compute: that is the point of a tokenizer. BPE and the lexer's
vocabulary have the same size; Tokompiler's is closed, and as large as it is. Measured on functions of the valid split:

- bits per byte of the original code in canonical layout. Where names are canonical, the table of names that stands behind the code is
  counted, since without it the code can't be restored; the share of the table is printed.
- greedy completions of the next word and the next line: the very text, and the same up to how names are spelled.
- how completions of words change when all names of a function are replaced by names of other functions: the share that stay the same up
  to the replacement, and the accuracy before and after.

Each (variant, seed) is a file in OUT, so a stopped run goes on where it was. Intervals: bits and accuracies are means over seeds with
95 % of Student's t over the seeds' values; differences to plain BPE are paired by seed, and by function (bootstrap).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiment_measures import bits, complete, elsewhere_named, ids_of
from experiment_texts import VARIANTS, Function, Place, Variant, functions, names_of, places, read_back, written

from hpcraft.store import write_json
from hpcraft.tokenizer import bpe, closed
from hpcraft.tokenizer.prompt import ANSWER, PAD

LANGUAGES = ("c", "cpp", "cuda", "fortran")
CONTEXT, ROWS = 512, 8
MAKERS = {"bpe": bpe.train, "lexer": closed.train_lexer}
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Two-sided 95 % quantile of t for so many seeds."""


def main() -> None:
    """Train and measure what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600, help=f"of {CONTEXT * ROWS} tokens")
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--vocab-size", type=int, default=4096)
    parser.add_argument("--train-bytes", type=int, default=8_000_000)
    parser.add_argument("--test-bytes", type=int, default=300_000)
    parser.add_argument("--words", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    train = functions(args.corpus, "train", LANGUAGES, 1, args.train_bytes)
    test = functions(args.corpus, "valid", LANGUAGES, 1, args.test_bytes)
    print(f"{len(train)} functions to learn, {len(test)} to measure on", file=sys.stderr)
    results: dict[str, list[dict[str, Any]]] = {variant.name: [] for variant in VARIANTS}
    for seed in range(args.seeds):
        for variant in VARIANTS:
            path = args.out / f"{variant.name.replace(' ', '-')}-{seed}-{args.steps}.json"
            if not path.exists():
                write_json(path, measured(variant, seed, train, test, args))
            results[variant.name].append(json.loads(path.read_text()))
            print(f"{variant.name}, seed {seed}: {results[variant.name][-1]['bits_per_byte']:.4f} bits per byte", file=sys.stderr)
    table = summary(results)
    print(as_text(table))
    if args.json:
        write_json(args.json, table)


def tokenizer_for(variant: Variant, train: Sequence[Function], args: argparse.Namespace) -> Any:
    """The tokenizer of a variant, made once from the functions that its models learn."""
    folder = args.out / f"tokenizer-{variant.name.replace(' ', '-')}"
    if not (folder / "tokenizer.json").exists():
        texts = (written(function, variant) for function in train)
        made = closed.tokompiler() if variant.kind == "tokompiler" else MAKERS[variant.kind](texts, args.vocab_size)
        bpe.save(made, folder)
    return bpe.load(folder)


def measured(variant: Variant, seed: int, train: Sequence[Function], test: Sequence[Function], args: argparse.Namespace) -> dict[str, Any]:
    """Train one model, and all that is measured on it."""
    import torch
    from transformers import LlamaForCausalLM

    from hpcraft.train.batches import Row
    from hpcraft.train.loop import fit
    from hpcraft.train.packing import pack, together
    from hpcraft.train.presets import decoder
    from hpcraft.train.watch import Budget

    tokenizer = tokenizer_for(variant, train, args)
    broken = sum(read_back(written(f, variant), f, variant) != f.code for f in test)
    assert not broken, f"{variant.name}: {broken} functions don't come back"
    rows = [ids_of(written(function, variant), tokenizer) for function in train]

    def epoch(number: int) -> Iterator[Any]:
        order = random.Random(f"{seed}/{number}").sample(range(len(rows)), len(rows))
        pieces = [Row(tuple(rows[i][at : at + CONTEXT]), 1) for i in order for at in range(0, len(rows[i]), CONTEXT)]
        groups = pack([piece for piece in pieces if len(piece.ids) > 1], CONTEXT)
        random.Random(f"{seed}/{number}/groups").shuffle(groups)
        pad = tokenizer.token_to_id(PAD)
        return (together(groups[at : at + ROWS], CONTEXT, pad) for at in range(0, len(groups) - ROWS + 1, ROWS))

    torch.manual_seed(seed)
    model = LlamaForCausalLM(decoder(args.depth, tokenizer, CONTEXT))
    began = time.monotonic()
    budget = Budget(max_steps=args.steps, max_seconds=1e9, learning_rate=3e-3, checkpoint_seconds=60.0)
    label = f"{variant.name}-{seed}".replace(" ", "-")
    fitted = fit(model, epoch, budget, args.out / f"run-{label}-{args.steps}", seed=seed, label=label)
    model.eval()
    needed = bits(model, tokenizer, test, variant, CONTEXT)
    chosen = places(test, args.words, args.lines, 2)
    return {
        "parameters": model.num_parameters(),
        "vocabulary": tokenizer.get_vocab_size(),
        "tokens": fitted.tokens,
        "train_seconds": round(time.monotonic() - began, 1),
        "bytes_per_token": sum(f.num_bytes for f in train) / sum(map(len, rows)),
        "epochs": fitted.tokens / sum(map(len, rows)),
        "bits": needed,
        "bytes": [f.num_bytes for f in test],
        "bits_per_byte": sum(needed) / sum(f.num_bytes for f in test),
        "names_share": _names_share(variant, tokenizer, test),
        **_completions(model, tokenizer, chosen, variant, names_of(train)),
    }


def _names_share(variant: Variant, tokenizer: Any, test: Sequence[Function]) -> float:
    """Share of the tokens that spell the table of names."""
    if not variant.renamed:
        return 0.0
    whole = table = 0
    for function in test:
        code, _, names = written(function, variant).partition(ANSWER)
        table += len(tokenizer.encode(names, add_special_tokens=False).ids)
        whole += len(tokenizer.encode(code, add_special_tokens=False).ids)
    return table / (table + whole)


def _completions(model: Any, tokenizer: Any, chosen: Sequence[Place], variant: Variant, pool: Sequence[str]) -> dict[str, Any]:
    done = complete(model, tokenizer, chosen, variant, CONTEXT)
    moved = elsewhere_named(chosen, pool, 3)
    again = complete(model, tokenizer, [place for _, place, _ in moved], variant, CONTEXT)
    stayed = [
        names.get(done[number].answer, done[number].answer) == other.answer for (number, _, names), other in zip(moved, again, strict=True)
    ]
    return {
        "completions": [asdict(completion) for completion in done],
        "renamed": {
            "places": len(moved),
            "stayed": statistics.fmean(stayed),
            "exact_before": statistics.fmean(done[number].exact for number, _, _ in moved),
            "exact_after": statistics.fmean(other.exact for other in again),
        },
    }


def _accuracy(run: dict[str, Any], task: str, key: str) -> float:
    return statistics.fmean(c[key] for c in run["completions"] if c["task"] == task)


FIGURES = {
    "bits per byte": lambda run: run["bits_per_byte"],
    "next word": lambda run: _accuracy(run, "word", "exact"),
    "next word up to names": lambda run: _accuracy(run, "word", "up_to_names"),
    "next line": lambda run: _accuracy(run, "line", "exact"),
    "next line up to names": lambda run: _accuracy(run, "line", "up_to_names"),
    "word stays under other names": lambda run: run["renamed"]["stayed"],
    "next word, own names": lambda run: run["renamed"]["exact_before"],
    "next word, other names": lambda run: run["renamed"]["exact_after"],
}


def summary(results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Means and intervals over seeds of every figure, and differences to plain BPE."""
    table: dict[str, Any] = {}
    plain = results[VARIANTS[0].name]
    for name, runs in results.items():
        row: dict[str, Any] = {
            key: runs[0][key] for key in ("parameters", "vocabulary", "tokens", "bytes_per_token", "epochs", "names_share")
        }
        for figure, read in FIGURES.items():
            values = [read(run) for run in runs]
            differences = [read(run) - read(other) for run, other in zip(runs, plain, strict=True)]
            row[figure] = {
                "mean": statistics.fmean(values),
                "half": _half(values),
                "difference": statistics.fmean(differences),
                "difference_half": _half(differences),
            }
        row["bits_difference_by_function"] = _bootstrap(runs, plain)
        table[name] = row
    return table


def _half(values: Sequence[float]) -> float:
    """Half of the 95 % interval of the mean."""
    if len(values) < 2:
        return math.nan
    return STUDENT[len(values)] * statistics.stdev(values) / math.sqrt(len(values))


def _bootstrap(runs: Sequence[dict[str, Any]], plain: Sequence[dict[str, Any]], times: int = 2000) -> tuple[float, float]:
    """95 % interval, over functions, of the difference in bits per byte to plain BPE, seeds averaged."""
    import numpy as np

    ours = np.mean([run["bits"] for run in runs], axis=0) - np.mean([run["bits"] for run in plain], axis=0)
    sizes = np.asarray(runs[0]["bytes"])
    picks = np.random.default_rng(0).integers(len(sizes), size=(times, len(sizes)))
    values = ours[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def as_text(table: dict[str, Any]) -> str:
    """The table in Markdown."""
    heads = list(table)
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for key in ("parameters", "vocabulary", "tokens", "bytes_per_token", "epochs", "names_share"):
        lines.append(f"| {key.replace('_', ' ')} | " + " | ".join(_short(table[name][key]) for name in heads) + " |")
    for figure in FIGURES:
        cells = (table[name][figure] for name in heads)
        lines.append(f"| {figure} | " + " | ".join(f"{cell['mean']:.4f} ± {cell['half']:.4f}" for cell in cells) + " |")
    cells = (table[name]["bits_difference_by_function"] for name in heads)
    lines.append("| bits per byte over plain BPE, by function | " + " | ".join(f"{low:+.4f} to {high:+.4f}" for low, high in cells) + " |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    main()
