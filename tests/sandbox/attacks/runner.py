"""Play the attacks: ``python -m tests.sandbox.attacks.runner`` prints a table of attack, tier, user and outcome.

Theory of operation. Each worker is a process with a scene of its own, in which it plays one attack after the other
in one tier, as the user who started it. After every attack it looks at what the attack left behind, and runs an honest
program that must still be ``ok``. A worker that dies with an attack is an outcome too: the attack got the harness.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from multiprocessing import util
from pathlib import Path

from hpcraft.errors import MachineError
from hpcraft.sandbox import Build, Job, Outcome, Run, build
from hpcraft.sandbox.outcome import TIERS, Tier
from tests.sandbox.attacks.catalogue import ATTACKS
from tests.sandbox.attacks.record import FAST, Attack
from tests.sandbox.attacks.scene import Stage, open_stage

_LATE_SECONDS = 2.0
"""How much longer than its limit a run may take, killing and reporting included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What became of one attack."""

    attack: str
    must: str
    tier: Tier
    user: str
    state: str
    """``stopped``, ``broken`` or ``skipped``."""
    verdict: str = ""
    detail: str = ""
    """What went wrong, or why it was skipped."""
    seconds: float = 0.0


def who() -> str:
    """``root`` or ``user``."""
    return "root" if os.geteuid() == 0 else "user"


def no_tier(tier: Tier) -> tuple[str, str]:
    """The state and the reason of all attacks where a tier can't be had: the machine lacks it, or it doesn't work as it must."""
    try:
        with build(_honest(tier)) as built:
            outcome = built.run(FAST_RUN)
    except MachineError as error:
        return "skipped", f"no tier {tier}: {error}"
    found = outcome.isolation.tier if outcome.isolation else "none at all"
    if found != tier or not outcome.ok:
        return "broken", f"asked for the tier {tier}, an honest program ended with {outcome.verdict} in {found} ({outcome.message})"
    return "", ""


FAST_RUN = Run(limits=FAST)


def _honest(tier: Tier) -> Job:
    return Job(files={"honest.c": b"int main(void) { return 0; }\n"}, language="c", tier=tier, min_isolation="none", run=FAST_RUN)


class _Worker:
    """One process's scene and its honest program."""

    def __init__(self, base: str, tier: Tier) -> None:
        self._closes = ExitStack()
        folder = Path(tempfile.mkdtemp(dir=base, prefix="worker-"))
        folder.chmod(0o755)  # the programs of tiers without a view of their own must pass through
        tempfile.tempdir = str(folder)
        self._honest: Build = self._closes.enter_context(build(_honest(tier)))
        self._stage: Stage = open_stage(Path(tempfile.mkdtemp(dir=folder)), tier, who())
        self._closes.callback(self._stage.close)
        tempfile.tempdir = str(self._stage.scratch)
        util.Finalize(self, self._closes.close, exitpriority=10)

    def play(self, attack: Attack) -> Row:
        scene = self._stage.scene()
        begin = time.monotonic()
        words, verdict = [], ""
        try:
            outcome = _once(attack, scene) if attack.play is None else attack.play(scene)
            verdict = outcome if isinstance(outcome, str) else str(outcome.verdict)
            if isinstance(outcome, str):
                words.append(outcome)
            elif attack.check is not None:
                words.append(attack.check(outcome, scene))
        except Exception as error:  # noqa: BLE001 - an attack that makes the sandbox raise got through
            outcome = f"the sandbox raised {type(error).__name__}: {error}"
            words.append(outcome)
        words.append(self._stage.damage(scene, outcome))
        after = self._honest.run(FAST_RUN)
        words.append("" if after.ok else f"the next honest program ended with {after.verdict} ({after.message})")
        detail = "; ".join(word for word in words if word)
        seconds = round(time.monotonic() - begin, 3)
        return _row(attack, scene.tier, "broken" if detail else "stopped", verdict=verdict, detail=detail, seconds=seconds)


def _once(attack: Attack, scene: object) -> Outcome | str:
    """Build and run an attack's job; too late is broken, whatever the verdict."""
    assert attack.job is not None
    job = attack.job(scene)  # type: ignore[arg-type]
    job = replace(job, tier=scene.tier, min_isolation="none")  # type: ignore[attr-defined]
    begin = time.monotonic()
    with build(job) as built:
        if _late(begin, job.compile_limits.wall_seconds):
            return f"the compiler had {job.compile_limits.wall_seconds} s and took {time.monotonic() - begin:.1f} s"
        begin = time.monotonic()
        outcome = built.run(job.run)
        if _late(begin, job.run.limits.wall_seconds):
            return f"it had {job.run.limits.wall_seconds} s and took {time.monotonic() - begin:.1f} s ({outcome.verdict})"
    return outcome


def _late(begin: float, limit: float) -> bool:
    return time.monotonic() - begin > limit + _LATE_SECONDS


_worker: _Worker | None = None


def _enter(base: str, tier: Tier) -> None:
    global _worker
    _worker = _Worker(base, tier)


def _play(index: int) -> Row:
    assert _worker is not None
    return _worker.play(ATTACKS[index])


def _row(attack: Attack, tier: Tier, state: str, *, verdict: str = "", detail: str = "", seconds: float = 0.0) -> Row:
    return Row(attack=attack.slug, must=attack.must, tier=tier, user=who(), state=state, verdict=verdict, detail=detail, seconds=seconds)


def _lacks(attack: Attack) -> str:
    """A tool that an attack needs and the machine lacks."""
    for tool in attack.needs:
        if tool in ("x86_64", "aarch64"):
            if platform.machine() != tool:
                return f"not on this processor: only on {tool}"
        elif shutil.which(tool) is None:
            return f"not installed: {tool}"
    return ""


def rows(tier: Tier, workers: int, only: tuple[str, ...] = ()) -> Iterator[Row]:
    """Play all attacks in one tier, or those whose name begins with one of ``only``."""
    chosen = [index for index, attack in enumerate(ATTACKS) if not only or attack.slug.startswith(only)]
    state, absent = no_tier(tier)
    playable = []
    for index in chosen:
        why = ATTACKS[index].why_not(tier, who()) or _lacks(ATTACKS[index])
        if why or absent:
            yield _row(ATTACKS[index], tier, "skipped" if why else state, detail=why or absent)
        else:
            playable.append(index)
    with tempfile.TemporaryDirectory(prefix="hpcraft-attacks-") as base:
        Path(base).chmod(0o755)
        with ProcessPoolExecutor(max_workers=workers, initializer=_enter, initargs=(base, tier)) as pool:
            waiting = {pool.submit(_play, index): index for index in playable}
            for future in as_completed(waiting):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield _row(
                        ATTACKS[waiting[future]], tier, "broken", detail="a process of the harness died with this attack or beside it"
                    )


def main(words: list[str]) -> int:
    """Exit 1 when an attack got through."""
    parser = argparse.ArgumentParser(prog="attacks", description="play the attacks against the sandbox, as the present user")
    parser.add_argument("--tier", action="append", choices=TIERS, help="a tier to play in, several times for several (default: all)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="attacks at a time (default: one per core)")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="an attack, such as A06; several times for several")
    parser.add_argument("--json", action="store_true", help="one object per attack and line")
    args = parser.parse_args(words)
    counts: Counter[str] = Counter()
    tiers: list[Tier] = args.tier or [tier for tier in reversed(TIERS) if tier != "apptainer"]
    for tier in tiers:
        for row in rows(tier, args.workers, tuple(args.only)):
            counts[row.state] += 1
            line = json.dumps(asdict(row)) if args.json else _line(row)
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    if not args.json:
        sys.stdout.write(", ".join(f"{number} {state}" for state, number in sorted(counts.items())) + "\n")
    return 1 if counts["broken"] else 0


def _line(row: Row) -> str:
    words = f"{row.attack:44} {row.tier:18} {row.user:5} {row.state:8} {row.verdict:14} {row.detail}"
    return "".join(char if char.isprintable() else "?" for char in words).rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
