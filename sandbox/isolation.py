"""Which isolation this machine offers: the strongest tier that a trial shows to work, or the one that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hpcraft.errors import MachineError
from hpcraft.sandbox import apptainer, bubblewrap, folders
from hpcraft.sandbox.jail import Jail
from hpcraft.sandbox.outcome import TIERS, Tier

_PROBES: Mapping[Tier, Callable[[], Jail | str]] = {
    "bubblewrap+cgroup": bubblewrap.with_groups,
    "bubblewrap": bubblewrap.watched,
    "apptainer": apptainer.contained,
    "landlock": folders.confined,
    "none": folders.bare,
}
"""From the strongest to the weakest: the tier as it works here, or why it doesn't."""


def probe(tier: Tier) -> Jail | str:
    """A tier as it works here, or why it doesn't and what would mend it."""
    return _PROBES[tier]()


def choose(minimum: Tier, only: Tier | None = None) -> Jail:
    """The strongest tier, or ``only`` that one; `MachineError` when it is weaker than ``minimum`` or doesn't work."""
    refused = ""
    for tier in (only,) if only else _PROBES:
        if TIERS.index(tier) < TIERS.index(minimum):
            continue
        found = probe(tier)
        if isinstance(found, Jail):
            return found
        refused = refused or found
    trusted = "for code you trust: hpcraft sandbox run --min-isolation none"
    if not refused:
        refused = f"the tier {only} is weaker than the {minimum} that is asked for at least"
    raise MachineError(f"cannot isolate untrusted code: {refused} ({trusted})")
