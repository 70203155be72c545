"""The plan of a build in a jail: what a toolchain can build, a tier may still have no room for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hpcraft.sandbox import python, toolchains
from hpcraft.sandbox.cuda.device import on_device
from hpcraft.sandbox.jail import Jail, shown_at
from hpcraft.sandbox.outcome import Job

_NO_RANKS = "MPI ranks talk through sockets, which the tier landlock refuses; a machine with bubblewrap or apptainer runs them"
_OF_BOXES = ("box", "src")
"""Folders of the root that a box has for itself."""
_BOX = Path("/box")
_WITH_DEVICES = ("bubblewrap+cgroup", "bubblewrap", "none")


def planned(job: Job, jail: Jail) -> toolchains.Plan | toolchains.Unsupported:
    """How to build a job here, unless the jail has no room for it."""
    if jail.landlock and job.model.startswith("mpi"):
        return toolchains.Unsupported(message=_NO_RANKS)
    if on_device(job) and (tier := jail.isolation.tier) not in _WITH_DEVICES:
        message = f"a GPU is not shown in the tier {tier}; allowed: the level emulate, or the tiers {', '.join(_WITH_DEVICES)}"
        return toolchains.Unsupported(message=message)
    plan = toolchains.plan(job)
    if isinstance(plan, toolchains.Unsupported):
        return plan
    packages = python.folders(job) if job.language == "python" else ()
    outside = (*toolchains.folders_outside(plan.tools), *packages)
    # What lies below /tmp is shown there, but not /tmp itself.
    hidden = (
        next((folder for folder in outside if folder.parts[1] in _OF_BOXES or shown_at(folder) == _BOX), None) if jail.program else None
    )
    if hidden is not None:
        what = "the package" if hidden in packages else "the compiler"
        return toolchains.Unsupported(message=f"{what} in {hidden} lies where boxes write; install it in a folder below, or elsewhere")
    if packages and jail.drops_user and (closed := _closed(outside, whole=not jail.program)) is not None:
        message = (
            f"{closed} is closed to other users, and so to a program with a user of its own; install Python and numba where others may read"
        )
        return toolchains.Unsupported(message=message)
    return plan


def _closed(folders: Iterable[Path], *, whole: bool) -> Path | None:
    """The first folder that another user can't read, or with ``whole`` can't walk to."""
    for folder in folders:
        above = folder.parents if whole else ()
        wanted = ((folder, 0o5), *((parent, 0o1) for parent in above))
        if (found := next((path for path, bits in wanted if path.stat().st_mode & bits != bits), None)) is not None:
            return found
    return None
