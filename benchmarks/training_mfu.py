"""Tokens a second and MFU of a training step on this device, by micro-batch; needs torch, transformers, tokenizers, safetensors and pyarrow alone.

    python benchmarks/training_mfu.py [--depth 14] [--context 2048] [--vocabulary 16384] [--micro-rows 8,16,32] [--steps 20]

What is measured is the step of the stage pretrain without the Trainer around it: the same model, packed rows whose texts don't see each other (which
is checked first), bfloat16, fused AdamW, clipping, compiled. Texts are random tokens of random lengths, since no time depends on what they say. MFU is
held against the products of square matrices that this device was measured to do; ``mfu`` counts attention as if each token saw its whole row, as
papers do, ``mfu_attended`` what the tokens really see of their own texts. Depth 14 is about 125 M weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_WARM = 4
_TEXTS = 4000


def main() -> None:
    """Measure each size of micro-batch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", type=int, default=14)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--micro-rows", default="8,16,32")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--eager", action="store_true", help="don't compile")
    args = parser.parse_args()
    import torch

    gpu = torch.cuda.is_available()
    print(json.dumps({"device": torch.cuda.get_device_name() if gpu else "cpu", "torch": torch.__version__}))
    for rows in map(int, args.micro_rows.split(",")):
        try:
            print(json.dumps({"micro_rows": rows, **measured(args, rows)}), flush=True)
        except torch.OutOfMemoryError:
            print(json.dumps({"micro_rows": rows, "error": "out of memory"}))


def measured(args: argparse.Namespace, rows: int) -> dict[str, Any]:
    """The rate of one size of micro-batch."""
    import torch
    from transformers import LlamaForCausalLM

    from hpcraft.train.packing import attention_for, keeps_apart, together
    from hpcraft.train.presets import decoder_of
    from hpcraft.train.speed import Operations, matmul_rate

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    model: Any = LlamaForCausalLM(decoder_of(args.depth, args.vocabulary, args.context, ids)).to(device)  # type: ignore[arg-type]
    model.set_attn_implementation(attention_for(model, device))
    assert keeps_apart(model), "texts in one row see each other, so what would be measured is another attention"
    operations = Operations(model)
    flops = operations.per_token(args.context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, fused=True)
    if not args.eager:
        model.compile()
    packed = groups(args)
    seconds, learnt = [], 0
    for step in range(args.steps + _WARM):
        some = [packed[(step * rows + i) % len(packed)] for i in range(rows)]
        batch = {name: value.to(device) for name, value in together(some, args.context, 0).items()}
        _wait(device)
        begin = time.perf_counter()
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = model(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        _wait(device)
        if step >= _WARM:
            seconds.append(time.perf_counter() - begin)
            learnt += int((batch["labels"] >= 0).sum())
    rate = learnt / sum(seconds)
    lengths = [len(row.ids) for group in packed for row in group]
    attended = operations.per_token(round(sum(length**2 for length in lengths) / (2 * sum(lengths))))
    products = matmul_rate(torch.bfloat16)
    return {
        "parameters": model.num_parameters(),
        "attention": model.config._attn_implementation,
        "tokens_per_second": round(rate),
        "step_seconds": round(statistics.median(seconds), 4),
        "matmul_teraflops": round(products / 1e12, 1),
        "mfu": round(rate * flops / products, 3),
        "mfu_attended": round(rate * attended / products, 3),
        "loss": round(float(loss.detach()), 3),
        "memory_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1) if device == "cuda" else None,
    }


def groups(args: argparse.Namespace) -> list[Any]:
    """Random texts packed into rows of the context; half of them are shorter than 400 tokens, one in ten is longer than 2,000."""
    import numpy as np

    from hpcraft.train.batches import Row
    from hpcraft.train.packing import fitted, pack

    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.lognormal(6.0, 1.25, size=_TEXTS).astype(int) + 2, 10_000)
    rows = [Row(tuple(rng.integers(3, args.vocabulary, size=length).tolist()), 1) for length in lengths]
    packed = pack(list(fitted(rows, args.context)), args.context)
    rng.shuffle(packed)  # type: ignore[arg-type]
    return packed


def _wait(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
