"""What every kind of source offers, and the table of kinds.

Theory of operation. `resolve` says cheaply what a source is now (package and version), so that an
interrupted run can tell whether the rows it already wrote still hold. Opening it then gives entries, each read
only when asked for: memory stays flat however large the package is. Most sources list their entries sorted by path; a
stream (``hf:``) is walked once, in its own order, and each of its entries says to which package it belongs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from hpcraft.errors import ConfigError

KINDS: dict[str, str] = {
    "debian": "hpcraft.data.sources.debian",
    "pypi": "hpcraft.data.sources.pypi",
    "git": "hpcraft.data.sources.git",
    "archive": "hpcraft.data.sources.archive",
    "path": "hpcraft.data.sources.path",
    "hf": "hpcraft.data.sources.hub",
    "list": "hpcraft.data.sources.listed",
}
"""Kind of source to the module that has a ``resolve``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What all kinds need to know."""

    cache: Path
    offline: bool
    """Never start a download; raise `hpcraft.errors.InputError` for what isn't cached."""
    max_file_bytes: int
    apt_folder: Path
    """Where the machine's apt is configured, normally ``/etc/apt``."""
    max_megabytes_per_second: float = 0
    """Bound on the rate of all downloads together; 0 means none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One wanted file of a source."""

    path: str
    """Relative to the root of the package, with forward slashes."""
    read: Callable[[], bytes]
    """Raises `OSError` when the file can't be read after all."""
    year: int = 0
    """When the file was last changed, 0 where the source doesn't say."""
    package: str = ""
    """Of an entry that has a package of its own; empty means the source's."""
    version: str = ""
    declared: str = ""
    """The licence that the source gives for this file, in its own words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The wanted files of a source and what was left out by reason; the latter is whole when the entries have been walked."""

    entries: Iterable[Entry]
    """A list sorted by path, or a stream that can be walked once."""
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What a source is now."""

    spec: str
    package: str
    version: str
    open: Callable[[], AbstractContextManager[Opened]]


class Resolver(Protocol):
    """A kind of source."""

    def resolve(self, rest: str, settings: Settings) -> Resolved:
        """Say what ``KIND:rest`` is now, downloading it when need be.

        Raises:
            InputError: there is no such thing, or it is damaged.
            MachineError: the machine lacks what this kind needs.
        """
        ...


def check_spec(spec: str) -> None:
    """Refuse a source that no kind can read.

    Raises:
        ConfigError: the kind is unknown or nothing follows it.
    """
    kind, colon, rest = spec.partition(":")
    if not colon or kind not in KINDS or not rest.strip():
        known = ", ".join(f"{k}:..." for k in KINDS)
        raise ConfigError(f"source {spec!r}: expected one of {known}, such as debian:hypre, git:https://host/repo@v1 or path:./src")


def resolve(spec: str, settings: Settings) -> Resolved:
    """Resolve a source by the kind that its name begins with."""
    check_spec(spec)
    kind, _, rest = spec.partition(":")
    return cast("Resolver", import_module(KINDS[kind])).resolve(rest.strip(), settings)


def plausible_year(year: int) -> int:
    """The year itself, or 0 for one that no file of code was written in: before 1970, or still to come."""
    return year if 1970 <= year <= time.gmtime().tm_year else 0


def year_of(timestamp: float) -> int:
    """The plausible year of a time in seconds since the epoch; 0 for the epoch itself, which archives hold where they hold no time."""
    try:
        return plausible_year(time.gmtime(timestamp).tm_year) if timestamp >= 86400 else 0
    except (OverflowError, ValueError, OSError):
        return 0
