"""How many proved pairs an hour the stage ``pairs`` makes of the grammar, and what each step of a verification costs.

    python benchmarks/pairs_speed.py --kernels 192 --batch 48
    python benchmarks/pairs_speed.py --kernels 200 --targets openmp,cuda,fortran,fortran+openmp,mpi
    python benchmarks/pairs_speed.py --stage --kernels 300

Kernels are drawn with a seed of their own at each call, so that nothing but precompiled headers comes from the cache of builds. A first small batch
is not counted. Printed: seconds of the processor (of this process and of all boxes) for each candidate by step, the share that was proved with the reasons of
the others, the same by target (how many kernels it is offered for, and what its own steps cost for each that was proved), and the pairs an hour that the given number of idle cores would prove; the clock's own rate stands beside it with the cores that were got.
With ``--stage`` the command ``hpcraft pairs`` itself is run, with kernels right under any launch, on an empty cache of builds: seconds of the processor of all its
processes, the largest resident set of the one that draws and writes, and the hash of what it wrote, which must be the same before and after a change of speed alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hpcraft.data.material import Known, Material, made
from hpcraft.data.target_models import THREADED
from hpcraft.data.verify_faults import try_targets
from hpcraft.data.verify_sources import Settings, Source, read_source, run_sources, try_sources
from hpcraft.data.verify_targets import Case, check_text, find_races, run_cuda, run_mpi, run_openmp, run_serial
from hpcraft.verification import Candidate

_TESTS = 5
_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Verify and print one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", type=int, default=192, help="kernels drawn from the grammar")
    parser.add_argument("--batch", type=int, default=48, help="candidates in one program")
    parser.add_argument("--mutants", type=int, default=6, help="faulty versions of each side")
    parser.add_argument("--cores", type=int, default=2, help="idle cores that the rate is told for")
    parser.add_argument("--seed", type=int, default=secrets.randbits(31), help="of the drawing")
    parser.add_argument("--targets", default="openmp,cuda", help="target models, separated by commas")
    parser.add_argument("--stage", action="store_true", help="run the whole command instead of a step at a time")
    args = parser.parse_args()
    if args.stage:
        print(json.dumps(_stage(args.kernels, args.batch, args.cores, args.seed), indent=2))
        return
    settings = Settings(seed=7, race=True, num_mutants=args.mutants, min_killed=0.5, min_coverage=1.0, max_tests=_TESTS, emulate=True)
    targets = tuple(args.targets.split(","))
    _verify(list(made(args.seed + 1, 2, targets, Known())), settings, defaultdict(float))
    spent: dict[str, float] = defaultdict(float)
    begin = time.monotonic()
    with _timed(spent, "draw"):
        materials = list(made(args.seed, args.kernels, targets, Known()))
    size = max(1, args.batch // len(targets))
    cases = [c for at in range(0, len(materials), size) for c in _verify(materials[at : at + size], settings, spent)]
    wall, cpu = time.monotonic() - begin, sum(spent.values())
    proved = sum(case.alive for case in cases)
    figures = {
        "seed": args.seed,
        "batch": args.batch,
        "candidates": len(cases),
        "proved": proved,
        "reasons": Counter(f"{c.candidate.target_model}:{c.source.reason or c.reason}" for c in cases if not c.alive),
        "by_target": {target: _by_target(target, cases, spent) for target in targets},
        "cpu_ms_per_candidate": {step: round(1000 * seconds / len(cases), 1) for step, seconds in spent.items()},
        "cpu_seconds_per_proved_pair": round(cpu / proved, 4),
        "proved_an_hour_if_idle": round(3600 * args.cores * proved / cpu),
        "proved_an_hour_by_the_clock": round(3600 * proved / wall),
        "cores_got": round(cpu / wall, 2),
        "machine": f"{os.cpu_count()} cores",
    }
    print(json.dumps(figures, indent=2))


def _stage(kernels: int, batch: int, cores: int, seed: int) -> dict[str, object]:
    """The command in processes of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "pairs"
        options = {"--made": kernels, "--batch-size": batch, "--seed": seed, "--cuda-launch": "any", "-o": out}
        words = [sys.executable, "-m", "hpcraft", "pairs", "--quiet", *(str(w) for pair in options.items() for w in pair)]
        begin, before = time.monotonic(), _cpu_seconds()
        resident_kb = _whole(words, {**os.environ, "HPCRAFT_CACHE": str(Path(folder) / "cache")})
        wall, cpu = time.monotonic() - begin, _cpu_seconds() - before
        manifest = json.loads((out / "manifest.json").read_text())
    proved = int(manifest["rows"]["pairs"])
    return {
        "seed": seed,
        "batch": batch,
        "kernels": kernels,
        "proved": proved,
        "outputs_sha256": manifest["outputs_sha256"],
        "cpu_seconds_per_proved_pair": round(cpu / proved, 4),
        "proved_an_hour_if_idle": round(3600 * cores * proved / cpu),
        "proved_an_hour_by_the_clock": round(3600 * proved / wall),
        "cores_got": round(cpu / wall, 2),
        "main_process_mb": resident_kb >> 10,
        "machine": f"{os.cpu_count()} cores",
    }


def _whole(words: list[str], environment: dict[str, str]) -> int:
    """Run a command until all of its processes are gone, so that theirs is counted as ours; its largest resident set in KiB.

    Raises:
        CalledProcessError: it failed.
    """
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # workers are no children of the command's
    largest = 0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment) as process:
        while process.poll() is None:
            with suppress(OSError):
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                largest = max(largest, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
            time.sleep(0.2)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return largest


def _verify(materials: Sequence[Material], settings: Settings, spent: dict[str, float]) -> list[Case]:
    """What `hpcraft.data.verify` does with a batch, a step at a time."""
    with _timed(spent, "read"):
        cases = list(_cases(materials, settings.seed))
        for case in cases:
            check_text(case)
    sources: list[Source] = list({id(c.source): c.source for c in cases}.values())
    with _timed(spent, "source"):
        run_sources(sources, settings)
    with _timed(spent, "source mutants and lines"):
        try_sources([s for s in sources if not s.reason], settings)

    def alive(model: str) -> list[Case]:
        return [c for c in cases if c.alive and c.candidate.target_model == model]

    for model in dict.fromkeys(c.candidate.target_model for c in cases):
        with _timed(spent, f"{model} run"):
            if model in THREADED:
                run_openmp(alive(model))
            elif model == "cuda":
                run_cuda(alive(model), settings)
            elif model == "mpi":
                run_mpi(alive(model))
            else:
                run_serial(alive(model))
        if model in THREADED:
            with _timed(spent, f"{model} race"):
                find_races(alive(model))
        with _timed(spent, f"{model} mutants"):
            try_targets(alive(model), settings)
    return cases


def _by_target(target: str, cases: Sequence[Case], spent: Mapping[str, float]) -> dict[str, object]:
    """What became of the kernels that could be written in a target, and seconds of the processor for each proved one; its source's aren't among them."""
    mine = [c for c in cases if c.candidate.target_model == target]
    proved = sum(c.alive for c in mine)
    steps = {step.removeprefix(f"{target} "): seconds for step, seconds in spent.items() if step.rpartition(" ")[0] == target}
    return {
        "offered": len(mine),
        "proved": proved,
        "share": round(proved / max(1, len(mine)), 4),
        "mutants": [sum(c.mutants_killed for c in mine if c.alive), sum(c.mutants_total for c in mine if c.alive)],
        "cpu_seconds_per_proved_pair": {step: round(seconds / max(1, proved), 3) for step, seconds in steps.items()},
    }


def _cases(materials: Sequence[Material], seed: int) -> Iterator[Case]:
    for material in materials:
        source: Source | None = None
        for model, target in material.targets:
            candidate = Candidate(
                candidate_id="",
                signature=material.signature,
                source=material.source,
                target=target,
                target_model=model,
                tests=material.tests,
            )
            source = source or read_source(candidate, seed)
            yield Case(candidate=candidate, source=source)


@contextmanager
def _timed(spent: dict[str, float], step: str) -> Iterator[None]:
    before = _cpu_seconds()
    yield
    spent[step] += _cpu_seconds() - before


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main()
