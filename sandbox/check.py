"""``hpcraft sandbox check``: which tiers this machine has, and whether one keeps its promises, tried on the spot."""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcraft.command import Command, say
from hpcraft.errors import MachineError
from hpcraft.progress import track
from hpcraft.sandbox.isolation import choose, probe
from hpcraft.sandbox.jail import Jail
from hpcraft.sandbox.outcome import TIERS, Tier
from hpcraft.sandbox.promises import MENDS, PROMISES, Promise, Scene


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One promise and whether it held."""

    promise: str
    promised: bool
    """Whether the tier makes it; what isn't promised isn't tried."""
    kept: bool
    detail: str
    """What went wrong, or which tier makes the promise."""
    mend: str
    """The command that mends it."""


def findings(tier: Tier | None = None) -> Iterator[Finding]:
    """Try every promise of a tier, the strongest one by default; `MachineError` when it isn't available."""
    tier = choose("none" if tier else "landlock", tier).isolation.tier
    with tempfile.TemporaryDirectory(prefix=f"hpcraft-canary-{os.getpid()}-") as name:
        canary = Path(name) / "secret"
        canary.write_text(f"canary-{secrets.token_hex(16)}")
        scene = Scene(tier=tier, canary=canary)
        for promise in track(PROMISES, "sandbox check"):
            if tier not in promise.tiers:
                yield _not_promised(promise)
                continue
            detail = promise.attempt(scene)
            mend = MENDS[promise.rests_on] if detail else ""
            yield Finding(promise=promise.name, promised=True, kept=not detail, detail=detail, mend=mend)


def _not_promised(promise: Promise) -> Finding:
    """Name the weakest tier here that makes the promise, or what keeps the weakest such tier away."""
    found = {tier: probe(tier) for tier in promise.tiers}
    better = next((tier for tier, jail in found.items() if isinstance(jail, Jail)), promise.tiers[0])
    jail = found[better]
    mend = jail if isinstance(jail, str) else f"--min-isolation {better}"
    return Finding(promise=promise.name, promised=False, kept=False, detail=f"the tier {better} would", mend=mend)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which tier."""
    parser.add_argument("--tier", choices=TIERS, help="the tier to try (default: the strongest that works here)")


def main(args: argparse.Namespace) -> int:
    """Exit 4 when a promise is broken."""
    found = list(findings(args.tier))
    isolation = choose("none" if args.tier else "landlock", args.tier).isolation
    tiers: dict[Tier, Jail | str] = {tier: probe(tier) for tier in reversed(TIERS)}
    machine = {
        "tiers": {
            tier: asdict(jail.isolation) if isinstance(jail, Jail) else {"tier": tier, "why_not": jail} for tier, jail in tiers.items()
        },
        "tier": isolation.tier,
        "rests_on": list(isolation.rests_on),
        "limits": dict(isolation.limits),
        "promises": [asdict(finding) for finding in found],
    }
    say(args, machine, "\n".join(_table(found, tiers, isolation.tier)))
    broken = [finding for finding in found if finding.promised and not finding.kept]
    if broken:
        names = ", ".join(finding.promise for finding in broken)
        raise MachineError(f"the tier {isolation.tier} does not keep {len(broken)} of its promises here ({names}); {broken[0].mend}")
    return 0


def _table(found: list[Finding], tiers: dict[Tier, Jail | str], chosen: Tier) -> Iterator[str]:
    width = max(len(finding.promise) for finding in found)
    yield "tiers, from the strongest"
    for tier, jail in tiers.items():
        yield f"  {tier:{width}}  {'yes  ' + ', '.join(jail.isolation.rests_on) if isinstance(jail, Jail) else 'no   ' + jail}"
    yield f"\npromises of the tier {chosen}"
    for finding in found:
        if finding.promised:
            answer = "yes" if finding.kept else f"NO   {finding.detail}; {finding.mend}"
        else:
            answer = f"not promised; {finding.detail}: {finding.mend}"
        yield f"  {finding.promise:{width}}  {answer}"
    jail = tiers[chosen]
    assert isinstance(jail, Jail)
    yield "\nlimits kept by"
    for name, what in jail.isolation.limits.items():
        yield f"  {name:{width}}  {what}"


COMMAND = Command(
    summary="try the promises of the sandbox on this machine",
    example="hpcraft sandbox check",
    add_arguments=add_arguments,
    main=main,
)
