"""The peer of ``near_duplicates.py``: datatrove's MinHash in its default configuration, run by a Python that has datatrove.

    PEER-PYTHON benchmarks/near_duplicates_peer.py TEXTS OUT WORKERS

``TEXTS`` holds JSONL files with ``id`` and ``text``. Signatures, buckets and clusters are timed, up to the list of what is to be
removed; writing the texts that stay isn't. The last line printed is the seconds. ``OUT/clusters`` holds that list and the clusters.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.readers import JsonlReader


def run(texts: Path, out: Path, workers: int) -> float:
    """Seconds of the three steps."""
    config = MinhashConfig()
    steps: tuple[tuple[str, list[PipelineStep], int], ...] = (
        ("signatures", [JsonlReader(str(texts)), MinhashDedupSignature(str(out / "signatures"), config)], len(list(texts.glob("*.jsonl")))),
        ("buckets", [MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=config)], config.num_buckets),
        ("clusters", [MinhashDedupCluster(str(out / "buckets"), str(out / "clusters"), config, save_cluster_id=True)], 1),
    )
    start = time.perf_counter()
    for name, pipeline, tasks in steps:
        # Forked, so that no worker imports everything again.
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=min(workers, tasks), logging_dir=str(out / f"log-{name}"), start_method="fork"
        ).run()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
