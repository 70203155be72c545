"""Text figures on a folder of C and CUDA pairs: what a copy of the source scores, beside the package of CodeBLEU, and the time they take.

    python benchmarks/text_figures.py DATA        (a folder with ``pairs*.jsonl``, fields ``c`` and ``cuda``)

The answer to each pair is its own C source, unchanged: no figure that a model gets means anything before it is well above this one.
With the package installed, its parts stand beside ours, and its data-flow match as it comes out under several hash seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from hpcraft.eval.code_bleu import package
from hpcraft.eval.code_bleu.score import PARTS, parts
from hpcraft.eval.text_metrics import TextPair, figures_of_scores, signatures, text_score

_SEEDS = ("0", "1", "2", "3")
_FLOW = """
import json, sys
from codebleu.dataflow_match import corpus_dataflow_match
pairs = json.load(sys.stdin)
print(corpus_dataflow_match([[r] for r, _ in pairs], [c for _, c in pairs], "cpp"))
"""


def read_pairs(folder: Path) -> list[TextPair]:
    """CUDA as the gold text, C as the answer."""
    lines = [line for path in sorted(folder.glob("pairs*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [TextPair(row["cuda"], row["c"], "cuda") for row in map(json.loads, lines)]


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with pairs*.jsonl")
    pairs = read_pairs(parser.parse_args().data)
    text_score(pairs[0])  # imports and grammars
    start = time.perf_counter()
    scores = [text_score(pair) for pair in pairs]
    seconds = time.perf_counter() - start
    print(f"{len(pairs)} pairs, {len(pairs) / seconds:.0f} a second{', the package among it' if package.is_installed() else ''}")
    for name, figure in figures_of_scores([[score] for score in scores]).items():
        print(f"{name:<14} {figure.value:.4f} [{figure.ci95[0]:.4f}, {figure.ci95[1]:.4f}]")
    ours = parts(np.sum([score.codebleu_hpc for score in scores], axis=0))
    print("parts of codebleu-hpc, whole set:", ", ".join(f"{name} {value:.4f}" for name, value in zip(PARTS, ours, strict=True)))
    for name, signature in signatures().items():
        print(f"{name:<14} {signature}")
    if package.is_installed():
        _package(pairs)


def _package(pairs: list[TextPair]) -> None:
    found = [package.package_parts(pair.reference, pair.candidate, pair.language) for pair in pairs]
    print("parts of the package, mean over pairs:", ", ".join(f"{name} {np.mean([f[name] for f in found]):.4f}" for name in PARTS))
    text = json.dumps([(pair.reference, pair.candidate) for pair in pairs])
    for seed in _SEEDS:
        command = [sys.executable, "-c", _FLOW]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        print(f"the package's data-flow match of the whole set, PYTHONHASHSEED={seed}: {float(done.stdout):.4f}")


if __name__ == "__main__":
    main()
