"""The losses of finished trainings over the tokens that they learnt, one plot beside the other.

    python benchmarks/training_curves.py RUN/pretrain RUN/finetune -o SVG

A stage that trains in phases, or several models, has a plot for each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    logs = [(folder, log) for folder in args.folders for log in sorted(folder.rglob("metrics.jsonl"))]
    draw(
        {
            f"{folder.name} {log.parent.relative_to(folder).as_posix().strip('.')}": [
                json.loads(line) for line in log.read_text().splitlines()
            ]
            for folder, log in logs
        },
        args.out,
    )


def draw(curves: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """One plot for each log, by its name."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(3.2 * len(curves), 3.2), squeeze=False)
    for axis, (name, lines) in zip(axes[0], curves.items(), strict=True):
        for split, mark in (("train", "-"), ("valid", "o-")):
            points = [(line["tokens"] / 1000, line["loss"]) for line in lines if line["split"] == split and line["loss"] is not None]
            if points:
                axis.plot(*zip(*points, strict=True), mark, markersize=4, label=split)
        axis.set(title=name, xlabel="thousand tokens learnt")
        axis.title.set_fontsize("small")
    axes[0][0].set_ylabel("loss, nats a token")
    axes[0][0].legend(fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
