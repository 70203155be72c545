"""What counting each thread's and rank's blocks says of answers that share their work: the reference solutions of suite ``kernels``, or honest variants.

    python benchmarks/work_witness.py [--variants] [--seed 1]

Printed: answers that are refused (none should be), those of which nothing is told, with the reason, and how many there were.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from hpcraft.eval import kernel_work, work_counts
from hpcraft.eval.suites import kernel_tasks, reference

_SECONDS, _LONG = 0.01, 0.3
"""What a call is said to take: more is too long to be counted at the timed size."""
_SLOW = {("sort_int", "*"), ("csr_transpose", "offload"), ("csr_transpose", "openacc")}


def main() -> None:
    """Ask about each answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", action="store_true", help="those of tests/eval/test_variants.py instead of the references")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tasks = {t.task_id: t for t in kernel_tasks() if t.language != "python" and t.model in work_counts.SHAPES}
    answers = [(t.task_id, t, reference(t.kernel.name, t.model, t.language)) for t in tasks.values() if t.kernel]
    if args.variants:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        from tests.eval.test_variants import VARIANTS

        answers = [(v.name, tasks[v.task_id], v.code) for v in VARIANTS if v.task_id in tasks]
    silent: Counter[str] = Counter()
    refused = 0
    for number, (name, task, code) in enumerate(answers):
        assert task.kernel is not None
        slow = {(task.kernel.name, "*"), (task.kernel.name, task.model)} & _SLOW
        found = kernel_work.ask(task, code, args.seed + number, _LONG if slow else _SECONDS)
        if found.failure:
            refused += 1
            print("refused:", name, found.failure.words, flush=True)
        silent[found.silent] += bool(found.silent)
    print(f"{len(answers)} answers, {refused} refused; nothing told of {sum(silent.values())}: {dict(silent)}")


if __name__ == "__main__":
    main()
