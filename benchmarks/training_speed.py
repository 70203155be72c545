"""Tokens a second of pre-training beside a plain Trainer script with default settings, on the same model and texts, in turn.

    python benchmarks/training_speed.py CORPUS TOKENIZER OUT [--depth 6] [--steps 40] [--rounds 3]

CORPUS and TOKENIZER are folders of ``hpcraft prepare`` and ``hpcraft tokenizer train``. Both train a decoder at context 512 in batches of 8 rows, in bf16 where
the processor or device multiplies it natively, else in float32: there a plain script in bf16 is some ten times slower, and beating it says nothing. The
plain script cuts the texts into blocks of 512, as the examples of transformers do, and leaves everything else to the Trainer. Each
runs in a process of its own, one after the other, several times; medians of the rates and their ratios are printed. A rate counts learnt
tokens from the fourth step on, so what is compiled in the first step isn't counted; that time is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONTEXT, ROWS, WARM = 512, 8, 3
KINDS = ("plain", "hpcraft", "hpcraft compiled")


def main() -> None:
    """Run the kinds in turn, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--characters", type=int, default=4_000_000)
    parser.add_argument("--one", choices=KINDS, help="run this one here and print its figures")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.one:
        print(json.dumps(one(args)))
        return
    texts(args)
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for number in range(args.rounds):
        for kind in KINDS:
            done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--one", kind], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr[-2000:])
            figures = json.loads(done.stdout.splitlines()[-1])
            found[kind].append(figures)
            print(f"round {number + 1}, {kind}: {figures}", flush=True)
    medians = {kind: statistics.median(f["tokens_per_second"] for f in figures) for kind, figures in found.items()}
    for kind, rate in medians.items():
        ratios = [f["tokens_per_second"] / p["tokens_per_second"] for f, p in zip(found[kind], found["plain"], strict=True)]
        first = statistics.median(f["first_seconds"] for f in found[kind])
        print(
            f"{kind:18} {rate:8.0f} tokens/s, {statistics.median(ratios):.2f} x plain ({min(ratios):.2f} to {max(ratios):.2f}); first step {first:.1f} s"
        )


def texts(args: argparse.Namespace) -> Any:
    """The texts as tokens, made once."""
    from hpcraft.train import tokens
    from hpcraft.train.material import Mix
    from hpcraft.train.material import texts as corpus_texts

    mix = Mix(documents=args.characters, functions=0, directives=0)
    tokens.write(args.out / "tokens", corpus_texts(args.corpus, "train", mix, 0), args.tokenizer, annotated=False)
    return tokens.Tokens(args.out / "tokens")


def one(args: argparse.Namespace) -> dict[str, float]:
    """Train in one way."""
    from hpcraft.inference import require_torch

    if args.one != "plain":
        require_torch()
    import torch
    from transformers import LlamaForCausalLM

    from hpcraft.tokenizer import bpe
    from hpcraft.train.presets import decoder

    tokenizer = bpe.load(args.tokenizer)
    torch.manual_seed(0)
    model = LlamaForCausalLM(decoder(args.depth, tokenizer, CONTEXT))
    facts = {"parameters": model.num_parameters()}
    return facts | (plain(args, model) if args.one == "plain" else ours(args, model, compiled=args.one.endswith("compiled")))


def plain(args: argparse.Namespace, model: Any) -> dict[str, float]:
    """As the examples of transformers train, with what the Trainer does by default."""
    import numpy as np
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments, default_data_collator

    from hpcraft.train.precision import has_bf16

    found = texts(args)
    ids = np.concatenate([found.ids(number) for number in range(len(found))])
    blocks = torch.tensor(ids[: len(ids) // CONTEXT * CONTEXT], dtype=torch.long).view(-1, CONTEXT)
    rows = [{"input_ids": block, "labels": block} for block in blocks]
    ends: list[float] = []

    class Clock(TrainerCallback):
        """When each step ended."""

        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    settings = TrainingArguments(
        output_dir=str(args.out / "plain"), max_steps=args.steps, per_device_train_batch_size=ROWS, bf16=has_bf16(), use_cpu=not torch.cuda.is_available(),
        report_to=[], save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    begin = time.perf_counter()
    Trainer(model=model, args=settings, train_dataset=rows, data_collator=default_data_collator, callbacks=[Clock()]).train()
    rate = (len(ends) - WARM) * ROWS * (CONTEXT - 1) / (ends[-1] - ends[WARM - 1])
    return {"tokens_per_second": rate, "first_seconds": ends[0] - begin}


def ours(args: argparse.Namespace, model: Any, *, compiled: bool) -> dict[str, float]:
    """As the stage pretrain does."""
    import shutil

    from hpcraft.tokenizer import bpe
    from hpcraft.train.corpus_source import CorpusSource
    from hpcraft.train.loop import Running, fit
    from hpcraft.train.objectives.specials import Specials
    from hpcraft.train.objectives.table import Mixture
    from hpcraft.train.trainer import Feed
    from hpcraft.train.watch import Budget

    objective = Mixture({"causal": 1.0}).make({"causal": {"length": CONTEXT}}, Specials.of(bpe.load(args.tokenizer)))
    source = CorpusSource(tokens=texts(args), objective=objective, width=CONTEXT, step_rows=ROWS, rows=ROWS, seed=0)
    folder = args.out / args.one.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    budget = Budget(max_steps=args.steps, max_seconds=1e9, learning_rate=1e-3, checkpoint_seconds=1e9)
    fitted = fit(model, Feed(source=source), budget, folder, seed=0, running=Running(compile=compiled))
    batches = [make() for make in (source.window(0, 0, 0) or [])]
    first = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])["seconds"]
    return {
        "tokens_per_second": fitted.tokens_per_second or 0.0,
        "first_seconds": first,
        "data_share": fitted.data_share or 0.0,
        "mfu": fitted.mfu or 0.0,
        "learnt_share": sum(int((b["labels"] >= 0).sum()) for b in batches) / sum(b["labels"].numel() for b in batches),
    }


if __name__ == "__main__":
    main()
