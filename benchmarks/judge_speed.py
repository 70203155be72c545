"""How many answers a second the judge of kernels gets through, on how much processor time and memory.

    python benchmarks/judge_speed.py --models serial,openmp --samples 5 --workers 2

Python is left out: each of its starts compiles for a second. Every answer is a reference solution with a comment of its own, so that nothing is taken from the cache of builds but what does not depend on
the answer. Answers come by task, as they do from the stage ``generate``. Printed: answers a second by the clock, seconds of the processor for
each (of this process and of all boxes), the ratio of the two to tell how busy the machine was, and the peak memory of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from hpcraft.eval import kernel_judge
from hpcraft.eval.judging import Judgement
from hpcraft.eval.suites import kernel_tasks
from hpcraft.eval.task import Task

_COMMENT = {"fortran": "! {}\n"}


def main() -> None:
    """Judge and print one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="serial,openmp", help="parallel models, separated by commas")
    parser.add_argument("--kernels", default="", help="kernels, separated by commas (default: all)")
    parser.add_argument("--samples", type=int, default=5, help="answers to each task")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="answers judged at once")
    args = parser.parse_args()
    kernels = set(filter(None, args.kernels.split(",")))
    tasks = [
        t for t in kernel_tasks() if t.model in args.models.split(",") and t.language != "python" and (not kernels or t.group in kernels)
    ]
    seed = secrets.randbits(53)

    def one(task: Task) -> Judgement:
        comment = _COMMENT.get(task.language, "// {}\n").format(secrets.token_hex(8))
        return kernel_judge.judge(task, f"{comment}{task.reference}", seed)

    one(tasks[0])  # builds what is built once for this machine
    before, begin = _cpu_seconds(), time.monotonic()
    with ThreadPoolExecutor(args.workers) as pool:
        judgements = list(pool.map(one, [task for task in tasks for _ in range(args.samples)]))
    wall, cpu = time.monotonic() - begin, _cpu_seconds() - before
    figures = {
        "answers": len(judgements),
        "passed": sum(j.passed for j in judgements),
        "verdicts": Counter(str(j.verdict) for j in judgements),
        "wall_seconds": round(wall, 2),
        "answers_per_second": round(len(judgements) / wall, 2),
        "cpu_seconds_per_answer": round(cpu / len(judgements), 4),
        "answers_per_second_if_idle": round(len(judgements) / cpu * args.workers, 2),
        "cores_got": round(cpu / wall, 2),
        "load": os.getloadavg()[0],
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    print(json.dumps(figures))


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main()
