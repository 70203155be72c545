"""Measure ``recipes/corpus-debian.yaml`` end to end after download: minutes, peak memory of the process tree, what is kept and dropped.

    .venv/bin/python benchmarks/corpus_debian.py RUN [--workers 2]

``RUN`` is a run folder; one that holds the stages already is measured anew. Downloads aren't timed: the packages are fetched first by
mining into a folder that is thrown away. Memory is measured as in ``quickstart.py``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from quickstart import REPOSITORY, measure, stage_seconds

RECIPE = REPOSITORY / "recipes" / "corpus-debian.yaml"


def summary(run: Path) -> dict[str, object]:
    """What the manifest of ``prepare`` says, in megabytes."""
    manifest = json.loads((run / "prepare" / "manifest.json").read_text())
    metrics = manifest["metrics"]
    kept = sum(counts["bytes"] for counts in metrics["by_package"].values())
    return {
        "packages": len(metrics["by_package"]),
        "mined": {"files": metrics["mined"]["files"], "MB": round(metrics["mined"]["bytes"] / 1e6, 1)},
        "kept": {"files": manifest["rows"]["corpus"], "MB": round(kept / 1e6, 1)},
        "rows": manifest["rows"],
        "rejections": manifest["rejections"],
        **{name: metrics[name] for name in ("by_language", "by_model", "by_split", "units", "duplicates", "leakage", "redactions")},
    }


def main() -> None:
    """Fetch, run, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    hpcraft = [sys.executable, "-m", "hpcraft", "run", str(RECIPE)]
    log = args.run.with_name(f"{args.run.name}.log")
    with tempfile.TemporaryDirectory() as scratch:
        measure([*hpcraft, "-o", scratch, "--to", "mine"], REPOSITORY, log)
    shutil.rmtree(args.run, ignore_errors=True)
    taken = measure([*hpcraft, "-o", str(args.run.resolve()), "--workers", str(args.workers)], REPOSITORY, log)
    print(json.dumps({"run": taken, "stages": stage_seconds(args.run), **summary(args.run)}, indent=2))


if __name__ == "__main__":
    main()
