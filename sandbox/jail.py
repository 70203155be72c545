"""What the tiers of isolation have in common: the step that they execute, and what they know of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpcraft.sandbox.cgroups import Hierarchy
from hpcraft.sandbox.outcome import Isolation, Limits

if TYPE_CHECKING:
    from hpcraft.sandbox.calls import Channel

SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "openmpi",
    "mpich",
    "pmix",
    "localtime",
    "openmpi-mca-params.conf",
)
"""What compilers and MPI read under /etc; the rest of it stays hidden."""
FAMILIAR = {
    "group": "root:x:0:\nbox:x:{user}:\n",
    "passwd": "root:x:0:0::/:/bin/false\nbox:x:{user}:{user}::/box:/bin/false\n",
    "hosts": "127.0.0.1 localhost box\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
"""Our own files under /etc."""

WATCHED = {
    "memory": "watcher",
    "processes": "watcher and rlimit",
    "cpu": "watcher and rlimit",
    "disk": "watcher",
    "file": "rlimit",
    "output": "caps on the pipes",
}
"""What keeps each limit where no tier has something stronger."""
FEW_SETTINGS = ("ld.so.cache", "alternatives", "passwd", "group")
"""Those of both kinds that a program of a single process needs; each costs a mount."""


def shown_at(folder: Path) -> Path:
    """Where a box with a view of its own shows a folder of the host's by the same path: ``/tmp`` is a link to ``/box`` there."""
    return Path("/box", folder.relative_to("/tmp")) if folder.is_relative_to("/tmp") else folder  # noqa: S108 - nothing is made there


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Commands for one box."""

    commands: tuple[tuple[str, ...], ...]
    """Each begins with a path; relative ones start at ``folder``."""
    limits: Limits
    environment: Mapping[str, str]
    folder: str = "box"
    """``box`` or ``src``."""
    sources: Path | None = None
    """Host folder shown as ``/src``."""
    beside: Mapping[str, Path] = field(default_factory=dict)
    """Name to host file, shown read-only in ``/box``."""
    toolchains: tuple[Path, ...] = ()
    """Host folders outside ``/usr`` that the commands need."""
    stdin: bytes = b""
    collect: tuple[str, ...] = ()
    stop_at_output_limit: bool = True
    fixed_addresses: bool = False
    few_settings: bool = False
    """Whether ``FEW_SETTINGS`` are enough."""
    cores: tuple[int, ...] = ()
    """Cores to pin to; empty leaves the choice to the kernel."""
    devices: tuple[str, ...] = ()
    """Nodes of GPUs to show, which may be written to and controlled; bubblewrap's tiers know them."""
    machine: tuple[str, ...] = ()
    """Paths under /sys that the driver of those reads."""
    calls: Channel | None = None
    """Of functions that the launcher calls."""
    deadline_signal: int | None = None
    """Sent to every process when the wall clock's limit is over, with 0.3 s for a last word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Jail:
    """A tier that works on this machine."""

    isolation: Isolation
    program: str = ""
    """What sets the box up: a path of ``bwrap`` or ``apptainer``; empty where our launcher does it alone."""
    namespaces: tuple[str, ...] = ()
    drops_user: bool = False
    """Whether the launcher starts as root and gives the program a user of its own."""
    hierarchy: Hierarchy | None = None
    """Where control groups for the boxes are made."""
    landlock: int = 0
    """The version of Landlock's interface to use, 0 for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A box that is ready to be started."""

    box: str
    """The path to write in, as its processes see it; the sources lie beside it."""
    launcher: str
    """The path of the launcher, as it is started."""
    before: tuple[str, ...] = ()
    """The words of what starts the launcher."""
    words: tuple[str, ...] = ()
    """More words for the launcher."""
    outside: Mapping[str, str] | None = None
    """The environment of what starts the launcher, where that would change it on the way; the launcher's then comes in words."""
