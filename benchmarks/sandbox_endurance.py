"""Thousands of jobs in a row, and what they leave: processes, mounts, control groups, segments, files, descriptors, memory.

    .venv/bin/python benchmarks/sandbox_endurance.py [--jobs 10000] [--workers 2] [--json]

One C program in the guises of `GUISES`: well-behaved, crashing, leaving children and daemons behind, leaving files, shared memory and
System V segments behind, writing too much, and now and then never ending. It is built once for each kind of flags and
found in the cache after that. Exit code 1 if a verdict isn't the expected one, anything is left, or the memory of this process grows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcraft.sandbox import Job, Limits, Run, run_keyed, standby

LIMITS = Limits(wall_seconds=10.0, memory_mb=128, disk_mb=16, output_bytes=1 << 14, processes=32)
SHORT = Limits(wall_seconds=0.2, memory_mb=128, disk_mb=16, processes=32)
SAMPLES = 200
GROWTH_MB = 4.0
"""What the memory of this process may have grown from the first fifth to the last tenth: allocators don't give all back."""

# guise: weight, expected verdict
GUISES = {
    "ok": (60, "ok"),
    "crash": (10, "signaled"),
    "fail": (10, "runtime_error"),
    "children": (8, "ok"),
    "daemon": (4, "ok"),
    "leave": (6, "ok"),
    "flood": (2, "output_limit"),
    "forever": (0.4, "time_limit"),
}
SOURCE = rb"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static void leave(void) {
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "left-%d", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0);
        if (fd >= 0 && write(fd, name, sizeof name) < 0) perror(name);
    }
    int fd = shm_open("/left", O_CREAT | O_RDWR, 0600);
    if (fd >= 0 && ftruncate(fd, 1 << 16)) perror("ftruncate");
    shmget(IPC_PRIVATE, 1 << 16, IPC_CREAT | 0600), semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), msgget(IPC_PRIVATE, IPC_CREAT | 0600);
}

int main(int count, char **words) {
    const char *guise = count > 2 ? words[1] : "ok";
    if (!strcmp(guise, "crash")) raise(SIGSEGV);
    if (!strcmp(guise, "fail")) return 3;
    if (!strcmp(guise, "leave")) leave();
    if (!strcmp(guise, "forever")) for (;;) {}
    if (!strcmp(guise, "flood")) for (;;) puts("0123456789012345678901234567890123456789");
    if (!strcmp(guise, "children"))
        for (int i = 0; i < 4; i++) if (fork() == 0) for (;;) pause();
    if (!strcmp(guise, "daemon") && fork() == 0) {
        setsid(), signal(SIGTERM, SIG_IGN), signal(SIGHUP, SIG_IGN);
        if (fork() == 0) for (;;) pause();
        _exit(0);
    }
    return 0;
}
"""


def jobs(number: int, mark: str) -> Iterator[tuple[str, Job]]:
    """The guises in a fixed order, each as often as its weight says; ``mark`` lets leftovers be found."""
    due = dict.fromkeys(GUISES, 0.0)
    total = sum(weight for weight, _ in GUISES.values())
    for _ in range(number):
        for guise, (weight, _verdict) in GUISES.items():
            due[guise] += weight / total
        guise = max(due, key=lambda name: due[name])
        due[guise] -= 1
        run = Run(args=(guise, mark), limits=SHORT if guise == "forever" else LIMITS)
        yield guise, Job(files={"job.c": SOURCE}, language="c", run=run)


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What can be left behind, by kind."""

    kinds: dict[str, frozenset[str]]

    def beyond(self, before: Traces) -> dict[str, list[str]]:
        """What wasn't there before."""
        return {kind: sorted(found - before.kinds[kind]) for kind, found in self.kinds.items()}


def traces(mark: str, scratch: Path) -> Traces:
    """What is there now."""
    groups = {str(path) for path in Path("/sys/fs/cgroup").rglob(f"hpcraft-box*-{os.getpid()}-*")}
    segments = {
        f"{kind} {line.split()[1]}" for kind in ("shm", "sem", "msg") for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
    }
    return Traces(
        kinds={
            "processes": frozenset(processes(mark)),
            "mounts": frozenset(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
            "control groups": frozenset(groups),
            "System V segments": frozenset(segments),
            "shared memory files": frozenset(path.name for path in Path("/dev/shm").iterdir()),  # noqa: S108
            "temporary files": frozenset(str(path) for path in scratch.rglob("*")),
            "descriptors": frozenset(path.name for path in Path("/proc/self/fd").iterdir()),
            "threads": frozenset(str(thread.native_id) for thread in threading.enumerate()),
        }
    )


def processes(mark: str) -> Iterator[str]:
    """Children of this process, zombies too, and whatever bears the mark."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                parent = entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                words = entry.joinpath("cmdline").read_bytes()
            except OSError:
                continue
            if parent == str(os.getpid()) or mark.encode() in words:
                yield f"{entry.name} {words.decode(errors='replace')[:80]}"


def resident_mb() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    mark = f"endurance-{os.getpid()}"
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as name:
        os.environ["HPCRAFT_CACHE"], tempfile.tempdir = cache, name
        list(run_keyed(jobs(20, mark), args.workers))  # what is made once for the process is not left behind
        standby.dismiss()
        before, samples, verdicts, wrong = traces(mark, Path(name)), [], Counter[str](), Counter[str]()
        begin = time.perf_counter()
        for number, (guise, outcome) in enumerate(run_keyed(jobs(args.jobs, mark), args.workers)):
            verdicts[outcome.verdict] += 1
            if outcome.verdict != GUISES[guise][1]:
                wrong[f"{guise}: {outcome.verdict} {outcome.message}"] += 1
            if number % max(1, args.jobs // SAMPLES) == 0:
                samples.append(resident_mb())
        seconds = time.perf_counter() - begin
        standby.dismiss()  # what waits for a next box
        left = traces(mark, Path(name)).beyond(before)
    fifth, tenth = max(1, len(samples) // 5), max(1, len(samples) // 10)
    growth = statistics.median(samples[-tenth:]) - statistics.median(samples[tenth : fifth + 1])
    report(args, seconds, dict(verdicts), dict(wrong), left, samples, growth)
    sys.exit(bool(wrong or any(left.values()) or growth > GROWTH_MB))


def report(
    args: argparse.Namespace,
    seconds: float,
    verdicts: dict[str, int],
    wrong: dict[str, int],
    left: dict[str, list[str]],
    samples: list[float],
    growth: float,
) -> None:
    """Print the figures."""
    if args.json:
        memory = {"first_mb": round(samples[0], 1), "last_mb": round(samples[-1], 1), "growth_mb": round(growth, 2)}
        head = {"jobs": args.jobs, "workers": args.workers, "seconds": round(seconds, 1)}
        print(json.dumps({**head, "verdicts": verdicts, "wrong": wrong, "left": left, "memory": memory}, indent=2))
        return
    print(f"{args.jobs} jobs, {args.workers} workers: {seconds:.1f} s, {args.jobs / seconds:.1f} jobs/s")
    print("verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    for words, count in wrong.items():
        print(f"WRONG {count} x {words}")
    for kind, found in left.items():
        print(f"{kind + ' left':28}{len(found):6}  {'; '.join(found[:3])}")
    print(f"memory of this process: {samples[0]:.1f} MB at first, {samples[-1]:.1f} MB at last, growth {growth:+.2f} MB")


if __name__ == "__main__":
    main()
